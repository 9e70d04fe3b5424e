"""Once a week: compare everything, find what moved no stamp, and state the completeness figure.

The next cycle does it; what a side turns away then is done by the first one that can.
"""

from apscheduler.triggers.base import BaseTrigger

from connector.config import Settings
from connector.crontab import cron_trigger
from connector.engine.context import Context
from connector.engine.owed import owe_all


def trigger(settings: Settings) -> BaseTrigger:
    """As ``[schedule] sweep`` says."""
    return cron_trigger(settings.schedule.sweep, settings.bridge.time_zone)


def work(ctx: Context, _settings: Settings) -> None:
    """Everything is to be compared."""
    owe_all(ctx)
