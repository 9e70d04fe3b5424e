"""Every night: drop settled work that nobody asks for any more, so that the state does not grow without end."""

from datetime import timedelta

from apscheduler.triggers.base import BaseTrigger

from connector.config import Settings
from connector.crontab import cron_trigger
from connector.engine.context import Context
from connector.engine.watch import tidy

KEPT = timedelta(days=90)


def trigger(settings: Settings) -> BaseTrigger:
    """As ``[schedule] housekeeping`` says."""
    return cron_trigger(settings.schedule.housekeeping, settings.bridge.time_zone)


def work(ctx: Context, _settings: Settings) -> None:
    """Tidy up."""
    tidy(ctx, before=ctx.clock.now() - KEPT)
