"""Every minute or so: read what changed, decide, write, and say in Salesforce that the bridge lives."""

from datetime import timedelta

from apscheduler.triggers.interval import IntervalTrigger

from connector.config import Settings
from connector.engine.context import Context
from connector.engine.watch import guarded_cycle


def trigger(settings: Settings) -> IntervalTrigger:
    """As often as ``[schedule] cycle_seconds`` says."""
    return IntervalTrigger(seconds=settings.schedule.cycle_seconds)


def work(ctx: Context, settings: Settings) -> None:
    """One cycle, if the lease is ours."""
    guarded_cycle(ctx, lease=timedelta(seconds=settings.schedule.lease_seconds))
