"""Once a week: compare everything, find what moved no stamp, and state the completeness figure.

What a side turns away now is done by the first cycle that can.
"""

from datetime import timedelta

from apscheduler.triggers.cron import CronTrigger

from connector.config import Settings
from connector.crontab import cron_trigger
from connector.engine.context import Context
from connector.engine.owed import owe_all
from connector.engine.watch import guarded_cycle


def trigger(settings: Settings) -> CronTrigger:
    """As ``[schedule] sweep`` says."""
    return cron_trigger(settings.schedule.sweep, settings.bridge.time_zone)


def work(ctx: Context, settings: Settings) -> None:
    """A cycle that compares everything."""
    owe_all(ctx)
    guarded_cycle(ctx, lease=timedelta(seconds=settings.schedule.lease_seconds))
