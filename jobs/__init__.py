"""Scheduled jobs: each module says what runs and when, and calls one function. ``connector.daemon`` schedules them all.

A job module has ``trigger(settings)`` and ``work(ctx, settings)``; jobs never overlap themselves and missed runs become one.
"""

from jobs import cycle, housekeeping, reminders, sweep

ALL = (cycle, sweep, reminders, housekeeping)
"""In the order in which they are scheduled."""
