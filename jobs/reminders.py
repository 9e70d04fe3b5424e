"""On working days: suggestions that nobody has decided become urgent, and later a Task for the data stewards."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger

from connector.config import Settings
from connector.engine.context import Context
from connector.engine.watch import remind


def trigger(settings: Settings) -> CronTrigger:
    """As ``[schedule] reminders`` says."""
    return CronTrigger.from_crontab(settings.schedule.reminders, timezone=ZoneInfo(settings.bridge.time_zone))


def work(ctx: Context, settings: Settings) -> None:
    """Remind once a period."""
    remind(ctx, after=timedelta(days=settings.status.warn_suggestion_days))
