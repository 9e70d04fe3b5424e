"""A saved report of Symplicity CSM as the list of who has changed: the only one there is.

``PUT /reports/ID/run`` starts it, ``GET /reports/ID/runs?page=1&perPage=1`` has the newest run with its state as ``label``
(``complete`` in the end; runs can be cancelled), ``GET /reports/ID/data?format=csv`` its rows [B].

Which accounts a report lists is the administrator's: alumni who were modified in the last two days, say. Of its rows only the
ids are taken; the accounts are then read as they are.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import zip_longest

from connector.career.dialects.symplicity_fields import API
from connector.career.exchange import Exchange, Reply
from connector.career.paging import Slice
from connector.career.payload import items_of
from connector.errors import Halt, Later, Unknown
from connector.ports import Clock, Record

ID = re.compile(r"[0-9a-f]{32}")
_AT_ONCE = 50
_PATIENCE = timedelta(hours=1)
_ENDED = frozenset({"cancelled", "canceled", "failed", "error"})


class Report:
    """One report of one site.

    ``fetch`` answers accounts by their ids, ``walk`` a page of all accounts, ``pages`` how many pages these have: for very many
    ids that is less.
    """

    def __init__(
        self,
        report: str,
        exchange: Exchange,
        clock: Clock,
        *,
        fetch: Callable[[Sequence[str]], Sequence[Record]],
        walk: Callable[[int, datetime | None], Slice],
        pages: Callable[[], int],
    ) -> None:
        self._path, self._exchange, self._clock = f"{API}/reports/{report}", exchange, clock
        self._fetch, self._walk, self._pages = fetch, walk, pages
        self._began: datetime | None = None
        self._before, self._ids, self._by_page = "", list[str](), False

    def page(self, number: int, _since: datetime | None) -> Slice:
        """As ``Listing.page``. Nothing is waited for: the run is looked at once in a cycle, for an hour at most."""
        if number == 1:
            label = self._label()
            if label in _ENDED:
                self._began = None
                return Slice(records=(), met=(), more=False)
            if label != "complete":
                return Slice(records=(), met=(), more=False, wait=True)
            self._began, self._ids = None, self._listed()
            self._by_page = len(self._ids) > self._pages()
        if self._by_page:
            found = self._walk(number, None)
            wanted = frozenset(self._ids)
            return replace(found, records=tuple(record for record in found.records if record.id in wanted))
        ids = self._ids[(number - 1) * _AT_ONCE : number * _AT_ONCE]
        return Slice(records=tuple(self._fetch(ids)), met=(), more=number * _AT_ONCE < len(self._ids))

    def _label(self) -> str:
        """How far our run is; it is started where there is none."""
        now = self._clock.now()
        if self._began is None:
            self._before, _ = self._newest()
            self._start()
            self._began = now
            return ""
        run, label = self._newest()
        if run == self._before or label not in {"complete", *_ENDED}:
            return "failed" if now - self._began >= _PATIENCE else ""
        return label

    def _start(self) -> None:
        try:
            answer = self._exchange.send("PUT", f"{self._path}/run")
        except Unknown:
            return  # if it did not start, the hour will tell
        if answer.status == 404:
            raise self._exchange.unknown_path(answer.status)
        if answer.status not in {200, 201, 202, 204}:
            raise Later(side=self._exchange.system, code=f"HTTP_{answer.status}", detail="a report was not started")

    def _newest(self) -> tuple[str, str]:
        """The newest run, and its state."""

        def understand(reply: Reply) -> tuple[str, str]:
            items = items_of(reply.answer, reply.data, "models")
            run = items[0] if items and isinstance(items[0], dict) else {}
            return str(run.get("id") or run if run else ""), str(run.get("label") or "").casefold()

        return self._exchange.get(f"{self._path}/runs", {"page": "1", "perPage": "1"}, understand)

    def _listed(self) -> list[str]:
        """The ids in the report's rows.

        Raises:
            Later: no trustworthy file.
            Halt: it has no column with ids.
        """
        answer = self._exchange.send("GET", f"{self._path}/data", params={"format": "csv"})
        kind = answer.headers.get("Content-Type", "").lower()
        if answer.status != 200 or "html" in kind or answer.data.lstrip()[:1] == b"<":
            raise Later(side=self._exchange.system, code=f"HTTP_{answer.status}", detail="no rows of a report")
        try:
            rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig")), strict=True))[1:]
        except (ValueError, csv.Error):
            raise Later(side=self._exchange.system, code="UNUSABLE_ANSWER", detail="a report that is no CSV") from None
        columns = [[cell.strip() for cell in column if cell.strip()] for column in zip_longest(*rows, fillvalue="")]
        found = next((column for column in columns if column and all(map(ID.fullmatch, column))), [])
        if rows and not found:
            raise Halt(
                subject=self._exchange.system,
                reason="the report in `report` has no column with the ids of its students",
                remedy="add the students' record id (32 letters and digits) to the report, or drop the setting",
            )
        return list(dict.fromkeys(found))
