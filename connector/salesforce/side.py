"""The port ``CrmSide`` over the REST API. It has no method, and no object name, with which a Contact is written."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from connector.core.related import Related
from connector.errors import Halt, Refused
from connector.ports import Calls, Claim, Clock, CrmCreate, CrmUpdate, Directory, Feed, Officer, Outcome, Page, Record
from connector.salesforce import rights, soql
from connector.salesforce.answers import Describe, Row, long_id
from connector.salesforce.bulk import Bulk
from connector.salesforce.client import Client
from connector.salesforce.codes import SIDE
from connector.salesforce.feeds import OVERLAP, PAGE, Feeds
from connector.salesforce.flavour import PERSON_ACCOUNT, refuse_people
from connector.salesforce.lease import Lease
from connector.salesforce.objects import FIELDS, KEY, OWN_FEEDS
from connector.salesforce.records import Records
from connector.salesforce.writes import Writes

_ORGANISATION = "Organization"
_PERMISSIONS = "a Salesforce administrator: deploy the package and assign the permission set Alumni_Bridge_Daemon as shipped"


class SalesforceSide:
    """One Salesforce org.

    Args:
        client: the REST API.
        clock: for the lease.
        contact_fields: the fields that the mapping reads of a contact, by API name, those beside it by their path.
        related: the records beside contacts that these paths lead through.
        overlap: how far back changes are read again, over and above what Salesforce says is safe.
        page: rows in one page of a feed.
        bulk: whether feeds may be read whole by query jobs where that costs fewer calls.
    """

    def __init__(
        self,
        client: Client,
        clock: Clock,
        *,
        contact_fields: Sequence[str],
        related: Sequence[Related] = (),
        overlap: timedelta = OVERLAP,
        page: int = PAGE,
        bulk: bool = False,
    ) -> None:
        self._client, self._related = client, tuple(related)
        self._records = Records(client, contact_fields, related)
        jobs = Bulk(client, clock, page=page) if bulk else None
        self._feeds = Feeds(client, self._records, overlap=overlap, page=page, bulk=jobs)
        self._writes = Writes(client, self._records)
        self._lease = Lease(client, clock)

    @property
    def calls(self) -> Calls:
        """Calls made so far and the org's allowance."""
        return self._client.transport.calls

    def organization_id(self) -> str:
        """See ``CrmSide.organization_id``."""
        query = soql.select(["Id"], _ORGANISATION)
        rows = self._client.rest(self._client.query_present(query), query)
        if len(rows) != 1 or not soql.is_id(rows[0].get("Id")):
            raise Halt(subject=SIDE, reason="the org does not tell its id", remedy=_PERMISSIONS)
        return long_id(rows[0]["Id"])

    def check(self, contact_fields: Sequence[str], profile_fields: Sequence[str]) -> None:
        """See ``CrmSide.check``: what is missing or unfit is named, all at once, in one ``Halt``."""
        contact = self._described(Feed.CONTACT.value)
        refuse_people((f"Contact.{PERSON_ACCOUNT}",) if PERSON_ACCOUNT in contact.fields else ())
        wrong = _unreadable(contact, [name for name in contact_fields if "." not in name])
        wrong += self._unreadable_beside(contact)
        profile = self._described(Feed.PROFILE.value)
        wrong += _unreadable(profile, profile_fields)
        wrong += [f"{profile.name}.{field} (not writable)" for field in profile_fields if not _writable(profile, field)]
        for feed in OWN_FEEDS:
            wrong += _unfit(self._described(feed.value), FIELDS[feed])
        task = self._described(Feed.TASK.value)
        wrong += [] if task.createable and task.updateable else ["Task (cannot be created and changed)"]
        if wrong:
            raise Halt(
                subject=", ".join(dict.fromkeys(wrong)),
                reason="Salesforce does not give us what the mapping needs",
                remedy=_PERMISSIONS,
            )

    def _unreadable_beside(self, contact: Describe) -> list[str]:
        """What is wrong with the records beside contacts: relationships that lead elsewhere, fields that are not shown."""
        wrong: list[str] = []
        fields: dict[str, list[str]] = {}
        for one in self._related:
            below = contact if one.below is None else self._described(one.below.object)
            wrong += _unjoined(one, below)
            for kind, name in one.reads():
                fields.setdefault(kind, []).append(name)
        for kind, names in fields.items():
            wrong += _unreadable(self._described(kind), names)
        return wrong

    def foreign_words(self, feed: Feed, wanted: Mapping[str, Collection[str]]) -> list[str]:
        """Words of the mapping that the org's picklists do not have, each as ``Object.Field: word``; by field."""
        fields = self._described(feed.value).fields
        known = {name: fields[name].words for name in wanted if name in fields}
        return [
            f"{feed.value}.{name}: {word}"
            for name, words in wanted.items()
            if (active := known.get(name)) is not None
            for word in sorted(set(words) - active)
        ]

    def writable_by_us(self) -> list[str]:
        """Which of contacts and the records beside them our user could edit; none should be, though the bridge never tries."""
        objects = dict.fromkeys((Feed.CONTACT.value, *(one.object for one in self._related)))
        described = [self._client.describe(name) for name in objects]
        return [one.name for one in described if one.createable or one.updateable]

    def excess(self) -> list[str]:
        """What our user may do beyond what the bridge needs, each in a few words."""
        return rights.excess(self._client)

    def read(self, cursors: Mapping[Feed, str]) -> Mapping[Feed, Page]:
        """See ``CrmSide.read``: at most two calls for all feeds when nothing has changed."""
        return self._feeds.read(cursors)

    def fetch(self, feed: Feed, ids: Sequence[str]) -> Sequence[Record]:
        """See ``CrmSide.fetch``."""
        return self._records.fetch(feed, ids)

    def find(self, feed: Feed, keys: Sequence[str]) -> Mapping[str, Record]:
        """See ``CrmSide.find``."""
        return self._records.find(feed, keys)

    def create(self, rows: Sequence[CrmCreate]) -> Sequence[Outcome]:
        """See ``CrmSide.create``. Of a request made with a Task or before, ``fields["task_id"]`` is the Task (None: gone)."""
        return self._writes.create(rows)

    def update(self, rows: Sequence[CrmUpdate]) -> Sequence[Outcome]:
        """See ``CrmSide.update``."""
        return self._writes.update(rows)

    def directory(self) -> Directory:
        """See ``CrmSide.directory``; one call unless there are more than 2,000 users."""
        users, queues, statuses = self._client.queries(
            [
                soql.select(
                    ["Id", "Username", "Email", "IsActive"], "User", where=soql.equals("UserType", soql.text("Standard"))
                ),
                soql.select(["Id", "DeveloperName"], "Group", where=soql.equals("Type", soql.text("Queue"))),
                soql.select(["MasterLabel", "IsClosed", "IsDefault"], "TaskStatus", order=["SortOrder"]),
            ]
        )
        closed = tuple(_text(row, "MasterLabel") for row in statuses if row.get("IsClosed") is True)
        opened = sorted(
            (row for row in statuses if row.get("IsClosed") is False), key=lambda row: row.get("IsDefault") is not True
        )
        if not closed or not opened:
            raise Halt(
                subject="TaskStatus",
                reason="the org has no open or no closed Task status",
                remedy="a Salesforce administrator: define both in Setup > Task Status",
            )
        return Directory(
            officers=(*(_user(row) for row in users), *(_queue(row) for row in queues)),
            closed_statuses=closed,
            open_status=_text(opened[0], "MasterLabel"),
        )

    def audit_head(self) -> str | None:
        """What Salesforce was told last of our audit, as ``Audit_Head__c`` of the status; None where it was told nothing."""
        return self._lease.audit_head()

    def claim(self, holder: str, until: datetime, fields: Mapping[str, Any]) -> Claim:
        """See ``CrmSide.claim``."""
        return self._lease.claim(holder, until, fields)

    def _described(self, object_name: str) -> Describe:
        try:
            return self._client.describe(object_name)
        except Refused as reason:
            raise Halt(
                subject=object_name, reason=f"Salesforce does not show it to us ({reason.code})", remedy=_PERMISSIONS
            ) from reason


def _unjoined(one: Related, below: Describe) -> list[str]:
    """What is wrong with a relationship, seen from the object that it begins at."""
    if one.choice is not None:
        leads = below.children.get(one.name) == (one.object, one.link)
    else:
        field = below.fields.get(one.link)
        leads = field is not None and field.relationship == one.name and one.object in field.references
    return [] if leads else [f"{below.name}.{one.name} (not a relationship to {one.object} by {one.link})"]


def _unreadable(described: Describe, fields: Sequence[str]) -> list[str]:
    """The fields that are not there, or whose values would come masked.

    Salesforce takes a name in any case but answers under its own; a value under another name would be read as absent.
    """
    spelt = {name.lower(): name for name in described.fields}
    wrong = []
    for field in fields:
        name = spelt.get(field.lower())
        if name is None:
            wrong.append(f"{described.name}.{field} (missing)")
        elif name != field:
            wrong.append(f"{described.name}.{field} (spelt {name})")
        elif described.fields[name].encrypted:
            wrong.append(f"{described.name}.{field} (encrypted)")
    return wrong


def _writable(described: Describe, name: str) -> bool:
    field = described.fields.get(name)
    return field is None or (field.createable and field.updateable)


def _unfit(described: Describe, fields: Sequence[str]) -> list[str]:
    """What is wrong with one of our own objects: fields, permissions, and above all the key."""
    wrong = _unreadable(described, fields)
    key = described.fields.get(KEY)
    if key is not None and not (key.unique and key.external_id and key.createable):
        wrong.append(f"{described.name}.{KEY} (not a unique external id that we can set)")
    if not (described.createable and described.updateable):
        wrong.append(f"{described.name} (cannot be created and changed)")
    return wrong


def _user(row: Row) -> Officer:
    return Officer(
        id=long_id(_text(row, "Id")),
        kind="user",
        name=_text(row, "Username"),
        email=_text(row, "Email"),
        active=row.get("IsActive") is True,
    )


def _queue(row: Row) -> Officer:
    return Officer(id=long_id(_text(row, "Id")), kind="queue", name=_text(row, "DeveloperName"))


def _text(row: Row, name: str) -> str:
    value = row.get(name)
    return value if isinstance(value, str) else ""
