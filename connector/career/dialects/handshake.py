"""Handshake: people from a table that its staff export, changes to them by files for its Importer, dates by its EDU API.

There is no API that writes, and none that tells about people [A]. The Importer takes CSV [A]: UTF-8, headers in small letters,
``username`` as the anchor that never changes; a blank cell leaves a value alone, ``**CLEAR**`` empties it. An automatic file
is processed at most once in 24 hours; of alumni at most once a month and of the last six months' graduates alone; never if its
name has *test* or *sample*, or a tenth of its rows change the e-mail address.

An account's id is its ``username``. Columns keep their names, with a dot for the colon: ``primary_education.end_date``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from connector.career import outcomes
from connector.career.careful import version_of
from connector.career.dialect import Tenant
from connector.career.dialects.handshake_api import Appointments
from connector.career.dialects.handshake_file import (
    ANCHORS,
    COLUMNS,
    GRADUATION_YEAR,
    LAST_APPOINTMENT,
    REQUIRED,
    column,
    raw,
    refusal,
)
from connector.career.drop import cells
from connector.career.drop.inbox import Inbox
from connector.career.drop.opening import folder_of, legacy_of
from connector.career.drop.outbox import Line, Outbox, key_of
from connector.career.drop.sheet import Columns
from connector.career.drop.table import Kind, PassedOver
from connector.career.setup import Setup
from connector.career.writes import Chunk
from connector.core.rulebook import pick
from connector.ports import NOT_NOW, Note, Outcome, Page, PersonUpdate, Record, Status

ALUMNI = "Alumni"
_SCHOOL_YEAR, _END, _EMAIL = "school_year_name", "primary_education.end_date", "email_address"
_EXPORTED = frozenset({"username", _EMAIL, "first_name", "last_name", _SCHOOL_YEAR})
_UNIQUE = ("auth_identifier", _EMAIL, "card_id")
_MONTH = timedelta(days=30.5)


class Handshake:
    """One institution's Handshake."""

    note_size = 0

    def __init__(self, setup: Setup) -> None:
        self.update_size = setup.profile.abilities.per_delivery
        self._clock, self._folder = setup.clock, folder_of(setup)
        self._name = setup.setting("tenant") or str(setup.the_folder())
        self._every = timedelta(days=max(1.0, float(setup.setting("alumni_every_days"))))
        months = float(setup.setting("graduates_of_months"))
        self._recent = months * _MONTH if months else None
        self._filled = REQUIRED if setup.setting("fill_required") == "yes" else ANCHORS
        self._appointments = Appointments(setup) if setup.wire is not None else None
        kind = Kind(record="person", stem="students", columns=_columns(), id="username", shape=self._shape, version=version_of)
        self._inbox = Inbox(self._folder, kind, setup.clock, legacy=legacy_of(setup), prepare=self._read_appointments)
        self._outbox = Outbox(self._folder, "handshake-alumni", setup.clock, keyed=False, cell=str)
        self._seen: Mapping[str, str] = {}

    @property
    def calls(self) -> int:
        """See ``Dialect.calls``."""
        return self._appointments.calls if self._appointments is not None else 0

    def tenant(self) -> Tenant:
        """See ``Dialect.tenant``: the folder is known by its place or name; the API, where there is a key, is tried."""
        self._folder.entries()
        if self._appointments is not None:
            self._appointments.try_key()
        return Tenant(id=self._name)

    def read(self, cursor: str) -> Page:
        """See ``Dialect.read``. Who is no alumnus is passed over."""
        return self._inbox.read(cursor)

    def fetch(self, _ids: Sequence[str]) -> Sequence[Record]:
        """Nobody can be asked about people."""
        return []

    def update(self, rows: Sequence[PersonUpdate]) -> Chunk:
        """See ``Dialect.update``: a file for the Importer, once it is time for one; else each change waits for its day."""
        refusals = {number: why for number, row in enumerate(rows) if (why := self._refusal(row)) is not None}
        refusals |= _not_unique(rows, refusals)
        sent = {number: row for number, row in enumerate(rows) if number not in refusals}
        told = self._outbox.known([_key(row) for row in sent.values()])
        waiting = {number for number, row in sent.items() if _key(row) not in told} & self._held_back(sent)
        fresh = [row for number, row in sent.items() if number not in waiting and _key(row) not in told]
        # Units of one account come one by one where they were refused together; in a file they are one row.
        whole: dict[str, dict[str, Any]] = {}
        for row in fresh:
            whole.setdefault(row.id, {}).update(row.fields)
        going = [self._line(row, whole[row.id]) for row in fresh]
        header = [*REQUIRED, *sorted({name for line in going for name in line.cells} - set(REQUIRED))]
        self._outbox.hand_over(header, going)
        later = Outcome(status=Status.LATER, code=NOT_NOW, detail="its day has not come", retry_after=self._seconds_left())
        return Chunk(
            outcomes=[
                refusals.get(number) or (later if number in waiting else outcomes.handed_over()) for number in range(len(rows))
            ]
        )

    def note(self, rows: Sequence[Note]) -> Chunk:
        """Never: there is no way in for them."""
        return Chunk(outcomes=[outcomes.cannot("NO_NOTES", "staff-only notes")] * len(rows))

    def _shape(self, row: Mapping[str, str]) -> dict[str, Any]:
        if row[_SCHOOL_YEAR].strip().casefold() != ALUMNI.casefold():
            raise PassedOver("no alumnus")
        named = {name.replace(":", "."): cell for name, cell in row.items()}
        fields = cells.nested(named, {})
        # a column that is not there, or a day in another form, says nothing: it is not known to be empty
        if (ended := named.get(_END)) is not None and (not ended.strip() or _year(ended) is not None):
            fields[GRADUATION_YEAR] = _year(ended)
        if self._appointments is not None and (number := row.get("id", "").strip()):
            fields[LAST_APPOINTMENT] = self._seen.get(number)
        return fields

    def _read_appointments(self) -> None:
        if self._appointments is not None:
            self._seen = self._appointments.last_days()

    def _refusal(self, row: PersonUpdate) -> Outcome | None:
        """Why a change can go into no file for the Importer."""
        if self._recent is not None and not self._graduated_lately(row.known):
            remedy = "change it in Handshake by hand; or agree with Handshake to send older alumni, and set graduates_of_months"
            return Outcome(status=Status.REFUSED, code="NOT_RECENT", detail="graduated too long ago", remedy=remedy)
        return refusal(row)

    def _graduated_lately(self, known: Mapping[str, Any]) -> bool:
        _, told = pick(known, _END)
        try:
            ended = date.fromisoformat(str(told)[:10])
        except ValueError:
            return False
        return self._recent is not None and self._clock.now().date() - ended <= self._recent

    def _held_back(self, rows: Mapping[int, PersonUpdate]) -> set[int]:
        """Changes that must wait for the next file: all before its day; else so many of e-mail addresses as would stop it."""
        if self._seconds_left() > 0:
            return set(rows)
        everybody = {row.id for row in rows.values()}
        changing = list(dict.fromkeys(row.id for row in rows.values() if _EMAIL in row.fields))
        allowed = (len(everybody) - len(changing) - 1) // 9 if len(changing) * 10 >= len(everybody) else len(changing)
        held = set(changing[max(0, allowed) :])
        return {number for number, row in rows.items() if _EMAIL in row.fields and row.id in held}

    def _line(self, row: PersonUpdate, fields: Mapping[str, Any]) -> Line:
        held = {name: str(pick(row.known, name)[1] or "") for name in self._filled}
        told = {column(name): text for name, text in {**held, **{name: raw(value) for name, value in fields.items()}}.items()}
        return Line(key=_key(row), cells={**told, "username": row.id})

    def _seconds_left(self) -> float:
        last: datetime | None = self._outbox.last_at()
        now = self._clock.now()
        # What a clock that was days ahead has noted puts nothing off; one that is set right by less does not hurry it.
        if last is None or last > now + timedelta(days=1):
            return 0.0
        return max(0.0, (last + self._every - now).total_seconds())


def _key(row: PersonUpdate) -> str:
    return key_of(row.key, row.id, dict(row.fields))


def _columns() -> Columns:
    return Columns(known=frozenset({"id", *map(column, COLUMNS)}), required=_EXPORTED)


def _year(told: str) -> int | None:
    return int(told[:4]) if told[:4].isdecimal() and len(told) >= 10 else None


def _not_unique(rows: Sequence[PersonUpdate], refused: Mapping[int, Outcome]) -> dict[int, Outcome]:
    """Rows whose identifiers stand in another account's row of the same file: the Importer would process neither."""
    held = {number: _identifiers(row) for number, row in enumerate(rows) if number not in refused}
    often = Counter(one for _, one in {(rows[number].id, one) for number, found in held.items() for one in found})
    doubled = {number: [name for name, value in found if often[name, value] > 1] for number, found in held.items()}
    remedy = "two accounts share it in Handshake: have one of them corrected there"
    return {
        number: Outcome(status=Status.REFUSED, code="NOT_UNIQUE", detail=f"field {names[0]}", remedy=remedy)
        for number, names in doubled.items()
        if names
    }


def _identifiers(row: PersonUpdate) -> set[tuple[str, str]]:
    values = {name: row.fields.get(name, pick(row.known, name)[1]) for name in _UNIQUE}
    return {(name, str(value).strip().casefold()) for name, value in values.items() if value}
