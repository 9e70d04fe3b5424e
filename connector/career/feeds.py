"""Reading a system that speaks the contract: everything page by page, then what changed, and single records.

Cursors are small JSON texts of ours: ``{"v":1,"mode":"full","part":"people","after":TOKEN,"changes":CURSOR}`` while
everything is read (people, then requests), ``{"v":1,"mode":"changes","after":CURSOR}`` from then on. The change feed is taken
up where it stood when the first page of people was served, so nothing that happens during the full read is missed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC

from connector.career.contract import Contract
from connector.career.exchange import CursorExpired, Exchange, Reply
from connector.career.payload import at, fault_in, gone_of, items_of, record_of, text_at
from connector.core.foreign import visible
from connector.core.model import Edit
from connector.core.moments import moment_or_none
from connector.core.strictjson import read_table
from connector.ports import POISON, Page, Record


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cursor:
    mode: str = "full"
    part: str = "people"
    after: str = ""
    changes: str = ""

    def text(self) -> str:
        return json.dumps({"v": 1, **asdict(self)}, separators=(",", ":"))

    @staticmethod
    def parse(text: str) -> _Cursor:
        """The cursor; what is not ours (another version, damaged) means a full read, which is always safe."""
        try:
            data = read_table(text)
            cursor = _Cursor(**{key: value for key, value in data.items() if key != "v"}) if data.get("v") == 1 else _Cursor()
        except (ValueError, TypeError, AttributeError):
            return _Cursor()
        known = cursor.mode in {"full", "changes"} and cursor.part in {"people", "requests"}
        usable = all(isinstance(value, str) for value in asdict(cursor).values()) and (cursor.mode == "full" or cursor.after)
        return cursor if known and usable else _Cursor()


class Reader:
    """Reads one system. ``own_key`` tells the id under which our own changes appear in the feed."""

    def __init__(self, exchange: Exchange, profile: Contract, *, own_key: Callable[[], str]) -> None:
        self._exchange, self._profile, self._own_key = exchange, profile, own_key

    def read(self, cursor: str) -> Page:
        """The next page. A record appears once in a page, as it is now, with every edit since in ``edits``.

        Our own changes bring the record but no edit. What cannot be read has kind ``poison``. If the change feed no longer
        reaches back to the cursor, a full read begins.

        Raises:
            Later: as after three attempts; the cursor stays good.
            Halt: a person must act.
        """
        place = _Cursor.parse(cursor)
        try:
            return self._read_changes(place) if place.mode == "changes" else self._read_everything(place)
        except CursorExpired:
            return replace(self._read_everything(_Cursor()), begun_anew=True)

    def fetch(self, kind: str, ids: Sequence[str]) -> Sequence[Record]:
        """These records now; what does not exist is not in the answer.

        Raises:
            Later: no trustworthy answer now, or one with records that were not asked for.
        """
        names = self._profile.lists
        found: list[Record] = []
        if kind == "request" and not self._profile.abilities.requests:
            return found
        for start in range(0, len(ids), names.ids_per_call):
            wanted = frozenset(ids[start : start + names.ids_per_call])

            def understand(reply: Reply, wanted: frozenset[str] = wanted) -> list[Record]:
                records, following = self.listed(kind, reply, after="")
                if any(record.kind != POISON and record.id not in wanted for record in records):
                    raise reply.answer.unusable("records that were not asked for")
                if following is not None:
                    raise reply.answer.unusable("a part of the records that were asked for")
                return list(records)

            asked = ",".join(ids[start : start + names.ids_per_call])
            found += self._exchange.get(self._path(kind), {names.ids: asked}, understand)
        return found

    def _read_everything(self, place: _Cursor) -> Page:
        names, first = self._profile.lists, not place.after
        kind = "person" if place.part == "people" else "request"

        def understand(reply: Reply) -> Page:
            records, following = self.listed(kind, reply, after=place.after)
            changes = place.changes
            if first and place.part == "people":
                changes = text_at(reply.answer, reply.data, self._profile.incremental.start)
            then = self._after_page(place, following, changes)
            return Page(records=records, cursor=then.text(), more=True, full=True)

        params = {names.limit: str(names.page), **({} if first else {names.after: place.after})}
        return self._exchange.get(self._path(kind), params, understand, expires=not first)

    def listed(self, kind: str, reply: Reply, *, after: str) -> tuple[tuple[Record, ...], str | None]:
        """The records of a page of a list, and the token of the next page; None if this is the last one."""
        name = self._profile.lists.next
        following = at(reply.data, name)
        if following is not None and (not isinstance(following, str) or following in {"", after} or fault_in(following)):
            raise reply.answer.unusable(f"{name} leads nowhere")
        return tuple(self._records(kind, reply)), following

    def _after_page(self, place: _Cursor, following: str | None, changes: str) -> _Cursor:
        if following is not None:
            return replace(place, after=following, changes=changes)
        if place.part == "people" and self._profile.abilities.requests:
            return _Cursor(part="requests", changes=changes)
        return _Cursor(mode="changes", after=changes)

    def _read_changes(self, place: _Cursor) -> Page:
        names, own = self._profile.incremental, self._own_key()

        def understand(reply: Reply) -> Page:
            following, more = text_at(reply.answer, reply.data, names.next), at(reply.data, names.more)
            if not isinstance(more, bool) or (more and following == place.after):
                raise reply.answer.unusable(f"{names.more} leads nowhere")
            latest: dict[tuple[str, str], Record] = {}
            for entry in items_of(reply.answer, reply.data, names.items):
                record = self._changed(reply, entry)
                if record.kind == "request" and not self._profile.abilities.requests:
                    continue
                before = latest.pop((record.kind, record.id), None)
                edit = _edit(entry, own)
                edits = (before.edits if before else ()) + ((edit,) if edit else ())
                latest[record.kind, record.id] = replace(record, edits=edits)
            then = _Cursor(mode="changes", after=following)
            return Page(records=tuple(latest.values()), cursor=then.text(), more=more)

        params = {names.after: place.after, names.limit: str(names.page)}
        return self._exchange.get(names.path, params, understand, expires=True)

    def _changed(self, reply: Reply, entry: object) -> Record:
        """The record of an entry. An entry that hides which record it is about cannot be passed over."""
        kind = at(entry, "kind")
        if kind not in ("person", "request"):
            raise reply.answer.unusable("an entry of an unknown kind")
        record_id, record = text_at(reply.answer, entry, "id"), at(entry, "record")
        gone = gone_of(kind, record_id)
        null = record is None and isinstance(entry, dict) and "record" in entry
        if gone.kind == POISON or at(entry, "deleted") is True or null:
            return gone
        if record is None:
            raise reply.answer.unusable("an entry without its record")
        found = self.record(kind, record, odd=reply.odd)
        if found.kind == POISON:
            return replace(found, id=record_id)
        if found.id != record_id:
            raise reply.answer.unusable("an entry with the record of another one")
        return found

    def _records(self, kind: str, reply: Reply) -> list[Record]:
        items = items_of(reply.answer, reply.data, self._profile.lists.items)
        return [self.record(kind, item, odd=reply.odd) for item in items]

    def record(self, kind: str, data: object, *, odd: bool) -> Record:
        """The record in a piece of JSON, or one of kind ``poison``."""
        names = self._profile.record
        return record_of(kind, data, record_id=at(data, names.id), version=at(data, names.version), odd=odd)

    def _path(self, kind: str) -> str:
        return self._profile.lists.people if kind == "person" else self._profile.lists.requests


def _edit(entry: object, own: str) -> Edit | None:
    """Who changed what; nothing for our own changes.

    It stands beside the record and is not looked at with it: what no store takes is left out of a name, and a moment that is
    none counts as not told.
    """
    by, kind = str(at(entry, "by.id") or ""), str(at(entry, "by.kind") or "")
    if own and kind == "api" and by == own:
        return None
    names = at(entry, "fields")
    fields = tuple(visible(str(name)) for name in names) if isinstance(names, list) else ()
    return Edit(fields=fields, by=visible(str(at(entry, "by.name") or by)), kind=visible(kind), at=_moment(at(entry, "at")))


def _moment(told: object) -> str:
    """A moment in RFC 3339, in UTC; empty for what is none, or does not say in which zone it is."""
    moment = moment_or_none(told)
    if moment is None or not 2000 <= moment.year < 3000:
        return ""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
