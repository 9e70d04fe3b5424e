"""On working days: suggestions that nobody has decided become urgent, and later a Task for the data stewards."""

from datetime import timedelta

from apscheduler.triggers.base import BaseTrigger

from connector.config import Settings
from connector.crontab import cron_trigger
from connector.engine.context import Context
from connector.engine.watch import remind


def trigger(settings: Settings) -> BaseTrigger:
    """As ``[schedule] reminders`` says."""
    return cron_trigger(settings.schedule.reminders, settings.bridge.time_zone)


def work(ctx: Context, settings: Settings) -> None:
    """Remind once a period."""
    remind(ctx, after=timedelta(days=settings.status.warn_suggestion_days))
