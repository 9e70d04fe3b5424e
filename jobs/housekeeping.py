"""Every night: drop settled work that nobody asks for any more, so that the state does not grow without end."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger

from connector.config import Settings
from connector.engine.context import Context
from connector.engine.watch import tidy

KEPT = timedelta(days=90)


def trigger(settings: Settings) -> CronTrigger:
    """As ``[schedule] housekeeping`` says."""
    return CronTrigger.from_crontab(settings.schedule.housekeeping, timezone=ZoneInfo(settings.bridge.time_zone))


def work(ctx: Context, _settings: Settings) -> None:
    """Tidy up."""
    tidy(ctx, before=ctx.clock.now() - KEPT)
