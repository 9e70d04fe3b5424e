"""Where the time of a profiled run went: own time by station, that of foreign code given to the station that called it."""

from __future__ import annotations

import pstats
from collections import defaultdict
from pathlib import Path
from typing import Any

Function = tuple[str, int, str]

STATIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("fetch (HTTP, TLS)", ("connector/wire.py", "salesforce/transport.py", "career/exchange.py", "urllib3/", "requests/")),
    ("parse answers", ("connector/salesforce/", "connector/career/", "connector/ports.py")),
    ("evidence and keys", ("core/evidence.py", "core/nicknames.py", "anyascii/", "jellyfish/")),
    ("transforms of values", ("connector/rules/", "core/rulebook.py", "phonenumbers/", "email_validator/")),
    ("matching", ("core/match.py", "core/likeness.py", "rapidfuzz/")),
    ("judge (the law)", ("core/merge.py", "core/model.py", "core/suggestions.py", "core/brakes.py", "core/explain.py")),
    ("store: SQLite and SQLAlchemy", ("sqlalchemy/", "sqlite3", "connector/store/")),
    ("engine: collect", ("engine/collect.py", "engine/keeping.py", "engine/shown.py")),
    ("engine: identity", ("engine/identity.py",)),
    (
        "engine: plan, drafts, readings",
        ("engine/planner.py", "engine/drafts.py", "engine/readings.py", "engine/context.py", "engine/stage.py"),
    ),
    ("engine: the rest", ("connector/engine/",)),
)
"""By path, first match wins. Everything else (builtins, the standard library) counts for whoever called it."""


def station_of(file: str) -> str | None:
    """The station of a source file; None for foreign code that works for its caller."""
    return next((name for name, parts in STATIONS if any(part in file for part in parts)), None)


class Shares:
    """A profile, read for shares."""

    def __init__(self, profile: Path) -> None:
        stats: Any = pstats.Stats(str(profile))
        self._stats: dict[Function, tuple[int, int, float, float, dict[Function, tuple[int, int, float, float]]]] = stats.stats
        self._known: dict[Function, dict[str, float]] = {}

    def by_station(self) -> dict[str, float]:
        """Seconds of own time by station, most first."""
        found: defaultdict[str, float] = defaultdict(float)
        for function, (_, _, own, _, _) in self._stats.items():
            for station, share in self._whose(function, frozenset()).items():
                found[station] += own * share
        return dict(sorted(found.items(), key=lambda pair: -pair[1]))

    def functions(self, limit: int) -> list[tuple[str, float, int]]:
        """The functions with most own time: name, seconds, calls."""
        ranked = sorted(self._stats.items(), key=lambda pair: -pair[1][2])[:limit]
        return [(_name(function), row[2], row[1]) for function, row in ranked]

    def _whose(self, function: Function, seen: frozenset[Function]) -> dict[str, float]:
        station = station_of(function[0])
        if station is not None:
            return {station: 1.0}
        if function in self._known:
            return self._known[function]
        callers = {one: row for one, row in self._stats[function][4].items() if one not in seen and one in self._stats}
        total = sum(max(row[3], 1e-9) for row in callers.values())
        if not callers or len(seen) > 12:
            return {"other": 1.0}
        found: defaultdict[str, float] = defaultdict(float)
        for caller, row in callers.items():
            for name, share in self._whose(caller, seen | {function}).items():
                found[name] += share * max(row[3], 1e-9) / total
        if not seen:
            self._known[function] = dict(found)
        return dict(found)


def _name(function: Function) -> str:
    file, _, name = function
    short = "/".join(Path(file).parts[-2:])
    return name if file == "~" else f"{short}:{name}"
