"""The lease: one bridge at a time works on an org, and ``Bridge_Status__c`` says which, since when, and that it lives.

Salesforce has no compare-and-set for custom objects, so the lease is a strong hint, not a lock: a taker writes, waits, and reads
back, and the unique key allows one record only. Two bridges can overlap for seconds at most; every create is keyed, so that
even then nothing is doubled. All times are the server's.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from connector.errors import Halt, Later, Unknown
from connector.ports import Claim, Clock, Status
from connector.salesforce import soql
from connector.salesforce.answers import Row, read_moment, unusable
from connector.salesforce.client import Client
from connector.salesforce.codes import SIDE, outcome_of, read_faults
from connector.salesforce.objects import AUDIT_HEAD, KEY, STATUS_FIELDS, Writable

STATUS_KEY = "alumni-bridge"
COUNT = "Lease_Epoch__c"
"""How often a bridge has written the record."""

_NONE = -1

SETTLE = 2.0
"""Seconds between taking a lease over and reading it back, so that a rival's write shows."""


class Lease:
    """The one ``Bridge_Status__c`` record."""

    def __init__(self, client: Client, clock: Clock) -> None:
        self._client, self._clock = client, clock
        self._has_audit_head: bool | None = None
        self._tried = self._before = _NONE
        """The count that a claim of ours would have left of which nobody knows whether it was written, and the one before it."""

    def claim(self, holder: str, until: datetime, fields: Mapping[str, Any]) -> Claim:
        """Write the status and take or renew the lease. See ``CrmSide.claim``.

        ``until`` is by our clock and is moved to the server's.
        """
        seconds = until - self._clock.now()
        status = self._read()
        now = self._client.transport.server_now()
        owner = self._owner(status, now)
        stands = int((status or {}).get(COUNT) or 0)
        # One of our own whose answer was lost is nobody else's.
        ours = stands == self._tried and status is not None and status.get("Lease_Holder__c") == holder
        found = self._before if ours else stands
        if owner is not None and owner != holder:
            return Claim(held_by=owner, found=found, count=stands)
        values = {
            **{name: value for name, value in fields.items() if name != AUDIT_HEAD or self._knows_audit_head()},
            "Lease_Holder__c": holder,
            "Lease_Until__c": (now + seconds).strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
            COUNT: stands + 1,
        }
        self._tried, self._before = stands + 1, found
        self._write(status, values)
        if owner != holder:
            self._clock.sleep(SETTLE)
            owner = self._confirmed()
        self._tried = _NONE
        return Claim(held_by=None if owner == holder else owner, found=found, count=stands + 1)

    def audit_head(self) -> str | None:
        """What was last written down there of our audit; None where nothing was, or the org's package has no place for it."""
        if not self._knows_audit_head():
            return None
        status = self._read(AUDIT_HEAD)
        head = status.get(AUDIT_HEAD) if status else None
        return head if isinstance(head, str) else None

    def _knows_audit_head(self) -> bool:
        """Whether the deployed package has the column; asked once, since a bridge may be newer than its package."""
        if self._has_audit_head is None:
            self._has_audit_head = AUDIT_HEAD in self._client.describe(Writable.STATUS.value).fields
        return self._has_audit_head

    def _confirmed(self) -> str:
        owner = self._owner(self._read(), self._client.transport.server_now())
        if owner is None:
            raise Later(side=SIDE, code="LEASE", detail="the lease was not found after it was written")
        return owner

    def _read(self, *more: str) -> Row | None:
        where = soql.equals(KEY, soql.text(STATUS_KEY))
        query = soql.select([*STATUS_FIELDS, *more], Writable.STATUS.value, where=where)
        rows = self._client.rest(self._client.query_present(query), query)
        if rows and not (soql.is_id(rows[0].get("Id")) and isinstance(rows[0].get(COUNT), int | float | None)):
            raise unusable("a status without its id or with a count that is none")
        return rows[0] if rows else None

    def _owner(self, status: Row | None, now: datetime) -> str | None:
        """Who holds an unexpired lease."""
        if status is None:
            return None
        holder, until = status.get("Lease_Holder__c"), status.get("Lease_Until__c")
        if not isinstance(holder, str) or not isinstance(until, str) or read_moment(until) <= now:
            return None
        return holder

    def _write(self, status: Row | None, values: Mapping[str, Any]) -> None:
        """Insert or change the record. A lost answer is settled by reading back, a rival's insert by the next claim."""
        try:
            if status is None:
                result = self._client.insert([(Writable.STATUS, {"Name": "Alumni Bridge", KEY: STATUS_KEY, **values})])[0]
            else:
                result = self._client.update([(Writable.STATUS, str(status["Id"]), values)])[0]
        except Unknown as reason:
            raise Later(side=SIDE, code="LEASE", detail="nobody knows whether the lease was written") from reason
        if result.get("success") is True:
            return
        faults = read_faults(result.get("errors"))
        if faults is None or outcome_of(400, faults[0]).status is not Status.REFUSED or self._rival(faults[0].code):
            raise Later(side=SIDE, code=faults[0].code if faults else "LEASE", detail="the lease could not be written")
        remedy = outcome_of(400, faults[0]).remedy
        if faults[0].code == "DUPLICATE_VALUE":
            remedy = "a Salesforce administrator: restore the deleted Bridge Status record from the Recycle Bin"
        raise Halt(subject=Writable.STATUS.value, reason=f"it cannot be written ({faults[0].code})", remedy=remedy)

    def _rival(self, code: str) -> bool:
        """Whether somebody inserted the record since we looked (a deleted one would not be seen)."""
        return code == "DUPLICATE_VALUE" and self._read() is not None
