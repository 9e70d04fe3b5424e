"""The port ``CareerSide``: a dialect for people, a carrier for requests, and what holds for every career system.

No write goes out that the profile gives no place for, that the system could turn into a message to an alumnus, or that no
JSON can carry.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from connector.career import outcomes
from connector.career.dialect import Dialect, RequestCarrier, Tenant
from connector.career.facts import Facts
from connector.career.writes import send_all
from connector.ports import (
    Acknowledgement,
    Calls,
    Capabilities,
    Note,
    Outcome,
    Page,
    PersonUpdate,
    Record,
)


class CareerClient:
    """One configured career system.

    Args:
        system: its name in the configuration.
        profile: what it is like.
        people: how it is spoken to.
        requests: how career requests travel; None where they do not. It may be the same object as ``people``, whose feed
            then has both.
    """

    def __init__(self, *, system: str, profile: Facts, people: Dialect, requests: RequestCarrier | None) -> None:
        self._system, self._profile, self._people, self._requests = system, profile, people, requests
        same: object = people
        self._apart = None if requests is same else requests
        self._tenant: Tenant | None = None

    @property
    def system(self) -> str:
        """Its name in the configuration."""
        return self._system

    @property
    def capabilities(self) -> Capabilities:
        """What the profile declares and, as configured, is there."""
        declared = self._profile.capabilities()
        return replace(
            declared,
            requests=self._requests is not None,
            requests_apart=self._apart is not None,
            requests_elsewhere=self._apart is not None and self._apart.elsewhere,
            notes=declared.notes and self._people.note_size > 0,
        )

    @property
    def calls(self) -> Calls:
        """How many remote calls were made."""
        return Calls(made=self._people.calls + (self._apart.calls if self._apart is not None else 0))

    def tenant_id(self) -> str:
        """The tenant's never-changing id; asked anew each time."""
        self._tenant = self._people.tenant()
        return self._tenant.id

    def tenant(self) -> Tenant:
        """Everything the tenant says about itself; asked once."""
        if self._tenant is None:
            self._tenant = self._people.tenant()
        return self._tenant

    def read(self, cursor: str) -> Page:
        """See ``CareerSide.read``."""
        return self._people.read(cursor)

    def read_requests(self, cursor: str) -> Page:
        """See ``CareerSide.read_requests``."""
        page = self._apart.read(cursor) if self._apart is not None else Page(records=(), cursor=cursor, more=False)
        return replace(page, full=False)

    def fetch(self, kind: str, ids: Sequence[str]) -> Sequence[Record]:
        """See ``CareerSide.fetch``."""
        if not ids:
            return []
        if kind == "person":
            return self._people.fetch(ids)
        return self._requests.fetch_requests(ids) if self._requests is not None else []

    def update(self, rows: Sequence[PersonUpdate]) -> Sequence[Outcome]:
        """See ``CareerSide.update``. A login that would cause a mail is refused unsent."""
        return send_all(rows, self._people.update_size, self._people.update, bar=lambda row: self._bar(row.fields))

    def note(self, rows: Sequence[Note]) -> Sequence[Outcome]:
        """See ``CareerSide.note``."""
        if not self.capabilities.notes:
            return [outcomes.cannot("NO_NOTES", "staff-only notes")] * len(rows)
        return send_all(rows, self._people.note_size, self._people.note, bar=lambda row: outcomes.unsendable(row.text))

    def acknowledge(self, rows: Sequence[Acknowledgement]) -> Sequence[Outcome]:
        """See ``CareerSide.acknowledge``."""
        carrier = self._requests
        if carrier is None:
            return [outcomes.cannot("NO_REQUESTS", "acknowledging requests")] * len(rows)
        return send_all(rows, carrier.acknowledge_size, carrier.acknowledge, bar=lambda row: outcomes.unsendable(row.message))

    def _bar(self, fields: Mapping[str, Any]) -> Outcome | None:
        """Why these fields must not be sent at all; None if they may."""
        can = self._profile.abilities
        mails = can.sends_mail_on_login_change or (self._tenant is not None and self._tenant.mails_on_login_change)
        if mails and fields.keys() & {can.login_field, *can.may_mail}:
            return outcomes.would_mail("changing the login")
        return outcomes.unsendable(dict(fields))
