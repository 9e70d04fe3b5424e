"""12twenty's notes about contacts and students, for staff alone.

Fields [B]: ``Id, PrimaryEntityTypeId, PrimaryEntityId, Text, Date, OwnerName, CreatorName, VisibilityId, ModifyDate``; the list
wants ``EntityTypeId``. Which ``VisibilityId`` hides a note from students and alumni is each site's own: without the setting
``staff_visibility_id`` no note is ever written.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from connector.career import outcomes
from connector.career.exchange import Exchange, Missing, Reply
from connector.career.notebook import NotePage, StaffNote, as_kept
from connector.career.paging import Listing, PagedReader, Slice, date_of, goes_on, page_size
from connector.career.payload import at, items_of, number_at
from connector.career.setup import Setup
from connector.ports import Outcome, Record, Status

_API = "/api/v2"
_PAGE = 500
ENTITIES = {"c": 2301, "s": 1001}
"""12twenty's numbers of contacts and students: 2301 in public code, 1001 on the vendor's page about attributes."""
_MARK = "\n[alumni-bridge "
_LOOK_BACK = timedelta(days=400)
"""Our own notes are looked for among those of this time."""


class Notes:
    """The notes of one site; a ``NoteBook``."""

    def __init__(self, exchange: Exchange, setup: Setup) -> None:
        self._exchange, self._clock = exchange, setup.clock
        text = setup.setting("staff_visibility_id")
        self.visibility = int(text) if text.isdecimal() else 0
        listings = [Listing(name=prefix, page=partial(self._slice, prefix), since=True) for prefix in ENTITIES]
        self._reader = PagedReader(listings, setup.clock)

    @property
    def calls(self) -> int:
        """See ``NoteBook.calls``."""
        return self._exchange.wire.calls

    def read(self, cursor: str) -> NotePage:
        """See ``NoteBook.read``."""
        page = self._reader.read(cursor)
        notes = tuple(_note(record.fields) for record in page.records)
        return NotePage(notes=notes, cursor=page.cursor, more=page.more)

    def fetch(self, person_id: str, note_id: str) -> StaffNote | None:
        """See ``NoteBook.fetch``."""
        number = note_id.removeprefix("n-")

        def understand(reply: Reply) -> StaffNote | None:
            return _note(reply.data) if _owner(reply.data) == person_id else None

        try:
            return self._exchange.get(f"{_API}/notes/{number}", {}, understand, may_be_missing=True)
        except Missing:
            return None

    def write(self, person_id: str, text: str, key: str) -> Outcome:
        """See ``NoteBook.write``: the key stands at the end of the text, and is looked for before writing."""
        prefix, _, number = person_id.partition("-")
        if not self.visibility or prefix not in ENTITIES or not number.isdecimal():
            return outcomes.cannot("NO_NOTES", "staff-only notes")
        mark = f"{_MARK}{key[:16]}]"
        if any(text.endswith(mark) for text in self._marked(prefix, int(number))):
            return Outcome(status=Status.APPLIED, already_there=True)
        body = {
            "PrimaryEntityTypeId": ENTITIES[prefix],
            "PrimaryEntityId": int(number),
            "Text": f"{text}{mark}",
            "Date": self._clock.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
            "VisibilityId": self.visibility,
        }
        answer = self._exchange.send("POST", f"{_API}/notes", json=body)
        if answer.status in {200, 201}:
            if outcomes.denied(answer.read_json()[0]):
                return outcomes.unknown("a success that says otherwise")
            return Outcome(status=Status.APPLIED)
        return outcomes.judge(answer.status, None)

    def ours(self, person_id: str) -> list[str]:
        """See ``NoteBook.ours``."""
        prefix, _, number = person_id.partition("-")
        if prefix not in ENTITIES or not number.isdecimal():
            return []
        return [as_kept(text.rpartition(_MARK)[0]) for text in self._marked(prefix, int(number))]

    def _marked(self, prefix: str, number: int) -> list[str]:
        """The texts of the notes about an account that carry our mark, oldest first, each as it is kept."""
        found: list[tuple[int, str]] = []
        page, more = 1, True
        while more:
            piece = self._slice(prefix, page, self._clock.now() - _LOOK_BACK, about=number)
            for record in piece.records:
                text = as_kept(str(record.fields.get("Text") or ""))
                if _MARK in text and number_at(record.fields, "PrimaryEntityId") == number:
                    found.append((number_at(record.fields, "Id") or 0, text))
            page, more = page + 1, piece.more
        return [text for _, text in sorted(found)]

    def _slice(self, prefix: str, number: int, since: datetime | None, *, about: int | None = None) -> Slice:
        params = {"EntityTypeId": str(ENTITIES[prefix]), "PageSize": str(_PAGE), "PageNumber": str(number)}
        if since is not None:
            params["ModifyFromDate"] = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
        if about is not None:
            params["PrimaryEntityId"] = str(about)

        def understand(reply: Reply) -> Slice:
            items = [item for item in items_of(reply.answer, reply.data, "Items") if isinstance(item, dict)]
            total, told = number_at(reply.data, "Total"), number_at(reply.data, "PageSize")
            records = tuple(Record(kind="note", id=f"n-{at(item, 'Id')}", version="", fields=item) for item in items)
            more = goes_on(number, len(items), size=page_size(told, _PAGE), total=total)
            met = tuple(one.id for one in records)
            return Slice(records=records, met=met, more=more, total=total, at=date_of(reply.answer))

        return self._exchange.get(f"{_API}/notes", params, understand)


def _owner(item: object) -> str:
    kind = number_at(item, "PrimaryEntityTypeId")
    prefix = next((letter for letter, number in ENTITIES.items() if number == kind), "?")
    return f"{prefix}-{at(item, 'PrimaryEntityId')}"


def _note(item: Mapping[str, Any]) -> StaffNote:
    told = str(at(item, "Date") or at(item, "ModifyDate") or "")
    return StaffNote(
        id=f"n-{at(item, 'Id')}",
        person_id=_owner(item),
        text=str(at(item, "Text") or ""),
        author=str(at(item, "CreatorName") or at(item, "OwnerName") or ""),
        at=told if not told or told.endswith("Z") else f"{told}Z",
    )
