"""Handshake's EDU API (beta, read-only): when alumni last met a counsellor, and nothing else of it.

Header ``x-api-key`` [A]; endpoints for applications, appointments, career fairs, jobs, postings, qualifications and meetings
[A], none for people. Fields of an appointment [A]: ``id, student_id, checked_in, start_date_time, ... notes``. Paging by query
parameters [A], whose names are nowhere public: ``page`` and ``per_page`` are guesses, as is the list's place in the answer. What
was said in an appointment is between alumna and counsellor: of each, only its day is looked at.
"""

from __future__ import annotations

from typing import Any

from connector.career.access import Key
from connector.career.exchange import Reply
from connector.career.payload import at
from connector.career.setup import Setup
from connector.errors import Later

_PATH = "/appointments"
_PAGE = 500
_PAGES = 10_000


class Appointments:
    """The appointments of one institution. The address in the configuration ends where the endpoints begin."""

    def __init__(self, setup: Setup) -> None:
        self._exchange = setup.exchange(Key(setup.the_key(), header="x-api-key", word=""))
        self._system = setup.system

    @property
    def calls(self) -> int:
        """Remote calls made so far."""
        return self._exchange.wire.calls

    def try_key(self) -> None:
        """Ask for the first page.

        Raises:
            Later: no trustworthy answer now.
            Halt: the key is not accepted, or the address is not that of the API.
        """
        self._page(1)

    def last_days(self) -> dict[str, str]:
        """The day of the last appointment that each student came to, by Handshake's number of the student.

        Raises:
            Later: no trustworthy answer now, or a list without end.
        """
        found: dict[str, str] = {}
        before: list[Any] = []
        for number in range(1, _PAGES):
            page = self._page(number)
            if not page or page == before:
                return found  # the same each time: it does not know our page numbers
            before = page
            for one in page:
                student, day = at(one, "student_id"), str(at(one, "start_date_time") or "")[:10]
                if at(one, "checked_in") is True and student is not None:
                    found[str(student)] = max(found.get(str(student), ""), day)
        raise Later(side=self._system, code="ENDLESS_LIST", detail="appointments")

    def _page(self, number: int) -> list[Any]:
        def understand(reply: Reply) -> list[Any]:
            items = reply.data if isinstance(reply.data, list) else at(reply.data, "data")
            if not isinstance(items, list):
                raise reply.answer.unusable("no list of appointments")
            return items

        return self._exchange.get(_PATH, {"page": str(number), "per_page": str(_PAGE)}, understand)
