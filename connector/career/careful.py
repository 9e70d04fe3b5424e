"""Writing to a system that knows no preconditions: read, compare, write, and look whether only that was changed.

Between our read and our write a counsellor can still save: that gap is a fraction of a second instead of the minutes since we
decided, and stands in docs/limits.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from typing import Any, Generic, TypeVar

import orjson

from connector.career import outcomes
from connector.career.writes import Chunk
from connector.core.rulebook import pick, placed
from connector.errors import Halt, Later
from connector.ports import NOT_SENT, Outcome, PersonUpdate, Record, Status

Native = TypeVar("Native")

_EMPTY: tuple[object, ...] = (None, "", [], {})


def version_of(fields: Mapping[str, Any], *, without: frozenset[str] = frozenset()) -> str:
    """A version for a record that has none: its content, without what the system counts by itself."""
    kept = {name: value for name, value in fields.items() if name not in without}
    try:
        text = orjson.dumps(kept, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # half a character, or an endless number: its record is set apart, and has a version all the same
        text = json.dumps(kept, sort_keys=True).encode()
    return sha256(text).hexdigest()[:32]


class CarefulWriter(Generic[Native]):
    """One account at a time.

    Args:
        system: its name in the configuration.
        fetch: the account as it is now, as a record and in the system's own form; None if there is none.
        send: writes changed fields of an account, which is given in the system's own form; the outcome of that call.
        version: the version of an account with these fields.
    """

    def __init__(
        self,
        *,
        system: str,
        fetch: Callable[[str], tuple[Record, Native] | None],
        send: Callable[[Native, Mapping[str, Any]], Outcome],
        version: Callable[[Mapping[str, Any]], str] = version_of,
    ) -> None:
        self._system, self._fetch, self._send, self._version = system, fetch, send, version
        self._proven: set[str] = set()

    @property
    def proven(self) -> bool:
        """Whether a write of ours has been seen to do what it should, and nothing else."""
        return bool(self._proven)

    def update(self, row: PersonUpdate) -> Chunk:
        """Change one account if it still is as it was when the change was decided.

        Raises:
            Halt: a field's first write by this process emptied other fields; nothing more is sent.
        """
        found = self.look(row)
        if isinstance(found, Outcome):
            return Chunk(outcomes=[found])
        before, native = found
        outcome = self._send(native, row.fields)
        return Chunk(outcomes=[self.settle(row, before, outcome)])

    def look(self, row: PersonUpdate) -> tuple[Record, Native] | Outcome:
        """The account as it is now, as a record and in the system's own form; or why it must not be changed."""
        found = self._fetch(row.id)
        if found is None:
            return outcomes.gone()
        if found[0].version != row.version:
            return Outcome(status=Status.STALE, code=NOT_SENT)
        return found

    def settle(self, row: PersonUpdate, before: Record, outcome: Outcome) -> Outcome:
        """What became of a change that was sent, with the account as it is now if it was applied.

        After the first write of each field we look: a system may say yes and ignore it, or take it for the whole account.

        Raises:
            Halt: see ``update``.
        """
        if outcome.status is not Status.APPLIED:
            return outcome
        expected: Mapping[str, Any] = placed(before.fields, row.fields)
        if not row.fields.keys() <= self._proven:
            try:
                after = self._fetch(row.id)
            except (Later, Halt):
                return outcomes.unknown("it was sent, and the account cannot be read since")
            if after is None or after[0].kind != before.kind:
                return outcomes.unknown("it was sent, and the account is gone, or cannot be read, since")
            found = after[0].fields
            self._prove(before.fields, expected, found)
            if ignored := _ignored(before.fields, row.fields, found):
                return outcomes.ignored(ignored)
            self._proven |= row.fields.keys()
            expected = found
        return Outcome(status=Status.APPLIED, id=row.id, version=self._version(expected), fields=expected)

    def _prove(self, before: Mapping[str, Any], expected: Mapping[str, Any], found: Mapping[str, Any]) -> None:
        """A system that takes our few fields for the whole account would empty the others."""
        wanted, there = ({name for name, value in _leaves(fields) if value not in _EMPTY} for fields in (expected, found))
        lost = [name for name, value in _leaves(before) if value not in _EMPTY and name in wanted - there]
        if lost:
            raise Halt(
                subject=self._system,
                reason=f"a write of other fields has emptied {', '.join(sorted(lost)[:5])}",
                remedy="restore the account in the career system from its history, and tell us: the profile is wrong for it",
            )


def _ignored(before: Mapping[str, Any], sent: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """The fields that are as they were, although another value for them was acknowledged."""
    return [name for name, value in sent.items() if pick(found, name) == pick(before, name) != (True, value)]


def _leaves(fields: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Every value by its dotted path."""
    for name, value in fields.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value
