"""Logging: one JSON object a line on standard error. Personal data is redacted here and only here."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_ALLOWED = frozenset(
    (
        "account",
        "attempt",
        "attempts",
        "code",
        "contact",
        "count",
        "decision",
        "down",
        "ended",
        "environment",
        "error",
        "event",
        "feed",
        "field",
        "halted",
        "id",
        "intent",
        "job",
        "key",
        "kind",
        "level",
        "links",
        "made",
        "mapping",
        "plan",
        "reason",
        "request",
        "result",
        "review",
        "rules",
        "seconds",
        "side",
        "since",
        "stage",
        "started",
        "state",
        "subject",
        "suggestion",
        "system",
        "timestamp",
        "unit",
        "version",
        "writes",
    )
)
"""What a log line may contain: references, codes and counts. Any other key is dropped, so that no value slips in."""

_LONGEST = 300


def redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Keep allowed keys only, as short texts and numbers without control characters."""
    return {name: _plain(value) for name, value in event.items() if name in _ALLOWED}


def _plain(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    text = "".join(letter if letter.isprintable() else "?" for letter in str(value)[:_LONGEST])
    # What looks like an address does not belong into a log, whoever put it there.
    return " ".join("[redacted]" if "@" in word else word for word in text.split(" "))


def configure(level: str, form: str) -> None:
    """Set up logging once, at the start of a process. ``form`` is ``json`` or ``console``."""
    renderer: Any = structlog.processors.JSONRenderer() if form == "json" else structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            redact,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    # Libraries below us may log addresses with ids in them, and errors with values: only that they warn is of interest.
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Wordless("%(levelname)s %(name)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


class _Wordless(logging.Formatter):
    """Who warns, without what it says."""

    def formatException(self, ei: Any) -> str:  # noqa: ANN401, N802 - as logging has it
        """The kind of an error alone."""
        return str(getattr(ei[0], "__name__", "error"))
