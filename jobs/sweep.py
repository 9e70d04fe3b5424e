"""Once a week: compare everything, find what moved no stamp, and state the completeness figure."""

from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger

from connector.config import Settings
from connector.engine.context import Context
from connector.engine.cycle import sweep


def trigger(settings: Settings) -> CronTrigger:
    """As ``[schedule] sweep`` says."""
    return CronTrigger.from_crontab(settings.schedule.sweep, timezone=ZoneInfo(settings.bridge.time_zone))


def work(ctx: Context, _settings: Settings) -> None:
    """One sweep."""
    sweep(ctx)
