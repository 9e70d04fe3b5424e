"""Targets: what Salesforce and the career platforms answer. Each input is a talk (``exchange``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

import orjson

from connector.career.connect import connect
from connector.career.facts import Facts
from connector.career.profile import load_profile
from connector.career.setup import Setup, carrier_of
from connector.career.side import CareerClient
from connector.core.rulebook import Rulebook
from connector.errors import Halt, Later, Refused
from connector.ports import (
    Acknowledgement,
    CrmCreate,
    CrmUpdate,
    Feed,
    Note,
    Outcome,
    Page,
    PersonUpdate,
    Record,
    Status,
)
from connector.salesforce.auth import ClientCredentials, ExistingToken, Instances
from connector.salesforce.client import Client
from connector.salesforce.side import SalesforceSide
from connector.salesforce.transport import Transport
from connector.secrets import Secret
from tests.fuzz.exchange import Still, read, wires
from tests.systems import flavoured

HOST = "https://university.my.salesforce.com"
CAREERS = "https://careers.example.edu"
PAGES = 4
"""Pages of a feed that are read one after another."""


@cache
def mapping() -> Rulebook:
    """A mapping with records beside contacts: children, parents, and parents of children."""
    return flavoured("eda")


Operation = Callable[[], None]


def kept(records: Sequence[Record]) -> None:
    """Whatever a record says, the state can hold it: its fields are JSON, its texts are texts."""
    for record in records:
        assert isinstance(record.id, str)
        assert isinstance(record.version, str)
        orjson.dumps([record.kind, record.id, record.version, record.merged_into, dict(record.fields)])
        for edit in record.edits:
            orjson.dumps([edit.fields, edit.by, edit.kind, edit.at])


def one_each(outcomes: Sequence[Outcome], rows: Sequence[object]) -> None:
    """Each element of a write has an outcome of its own; its texts can be kept."""
    assert len(outcomes) == len(rows)
    for one in outcomes:
        assert isinstance(one.status, Status)
        orjson.dumps([one.id, one.version, one.code, one.detail, one.remedy, one.fields])


def pages(read_page: Callable[[str], Page]) -> None:
    """Some pages of a feed, each from where the one before it stopped."""
    cursor = ""
    for _ in range(PAGES):
        page = read_page(cursor)
        kept(page.records)
        orjson.dumps(page.cursor)
        cursor = page.cursor
        if not page.more:
            return


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Records of the org that the operations are about, by id."""

    contacts: tuple[str, ...] = ("003000000000001AAA", "003000000000002AAA")
    request: str = "a01000000000001AAA"
    task: str = "00T000000000001AAA"


def salesforce_operations(side: SalesforceSide, login: ClientCredentials, known: Known) -> dict[str, Operation]:
    """Everything that is asked of an org, by name."""
    ask = {"Title__c": "an ask", "State__c": "Received", "Type__c": "panel", "System__c": "careers"}
    task = {"Subject": "an ask", "Status": "Not Started"}
    creates = [
        CrmCreate(object=Feed.REVIEW, key="k1", fields={"System__c": "careers"}),
        CrmCreate(object=Feed.PROFILE, key="k2", fields={"System__c": "careers"}),
        CrmCreate(object=Feed.REQUEST, key="k3", fields=ask, task=task),
        CrmCreate(object=Feed.REQUEST, key="k4", fields=ask, task=task),
    ]
    updates = [
        CrmUpdate(object=Feed.REQUEST, id=known.request, fields={"Title__c": "an ask"}),
        CrmUpdate(object=Feed.TASK, id=known.task, fields={"Subject": "an ask"}),
        CrmUpdate(object=Feed.REQUEST, id=known.request, fields={"Title__c": "another"}),
    ]
    persons = mapping().persons

    def feed_pages(cursors: Mapping[Feed, str]) -> None:
        for _ in range(PAGES):
            found = side.read(cursors)
            assert set(found) == set(cursors)
            for page in found.values():
                kept(page.records)
            cursors = {feed: page.cursor for feed, page in found.items()}

    def lease() -> None:
        side.audit_head()
        claim = side.claim("here:state.db", Still().now() + timedelta(minutes=10), {"State__c": "well", "Audit_Head__c": "1:ab"})
        assert claim.held_by is None or isinstance(claim.held_by, str)

    def directory() -> None:
        found = side.directory()
        orjson.dumps([found.closed_statuses, found.open_status, [[one.id, one.name, one.email] for one in found.officers]])

    return {
        "read": lambda: feed_pages(dict.fromkeys(Feed, "")),
        "read-contacts": lambda: feed_pages({Feed.CONTACT: ""}),
        "fetch": lambda: kept(side.fetch(Feed.CONTACT, known.contacts)),
        "fetch-tasks": lambda: kept(side.fetch(Feed.TASK, [known.task])),
        "create": lambda: one_each(side.create(creates), creates),
        "create-again": lambda: one_each(side.create(creates), creates),
        "find": lambda: kept([*side.find(Feed.REQUEST, ["k3", "k'2"]).values()]),
        "update": lambda: one_each(side.update(updates), updates),
        "directory": directory,
        "claim": lease,
        "check": lambda: side.check(persons.contact_fields(), persons.profile_fields()),
        "words": lambda: _texts(side.foreign_words(Feed.PROFILE, {"Mentor_Availability__c": ["yes", "no"]})),
        "excess": lambda: _texts([*side.excess(), *side.writable_by_us()]),
        "organization": lambda: _texts([side.organization_id()]),
        "login": lambda: _texts([login.token().instance]),
    }


def _texts(values: Sequence[str]) -> None:
    orjson.dumps(list(values))


def salesforce(data: bytes, *, bulk: bool = False) -> None:
    """One operation on an org that answers as the talk says."""
    name, replies = read(data)
    persons, clock = mapping().persons, Still()
    wire = wires(replies, clock, side="crm")
    instances = Instances(my_domain=HOST)
    transport = Transport(ExistingToken(Secret("00Dxx!token"), HOST, instances), wire, clock)
    client = Client(transport, clock=clock, rng=lambda: 0.5)
    side = SalesforceSide(client, clock, contact_fields=persons.contact_fields(), related=persons.related(), page=2, bulk=bulk)
    login = ClientCredentials(wire(HOST), instances, clock, consumer_key="app", consumer_secret=Secret("s3cret"))
    operation = salesforce_operations(side, login, Known()).get(name)
    if operation is not None:
        with suppress(Later, Halt, Refused):
            operation()


def salesforce_jobs(data: bytes) -> None:
    """The same with query jobs, whose results are CSV."""
    salesforce(data, bulk=True)


def career_operations(client: CareerClient, ids: Sequence[str], fields: Mapping[str, Any]) -> dict[str, Operation]:
    """Everything that is asked of a career system, by name; ``fields`` are what is changed of an account."""
    updates = [PersonUpdate(id=one, version="1", fields=fields, before=dict.fromkeys(fields), key=f"k{one}") for one in ids]
    notes = [Note(key="n1", text="A note", person_id=ids[0]), Note(key="n2", text="A note", request_id="r1")]
    told = [Acknowledgement(request_id="r1", number="CR-1", understood_type="speaker", state="open", message="Taken.")]
    return {
        "tenant": lambda: _texts([client.tenant_id()]),
        "read": lambda: pages(client.read),
        "read_requests": lambda: pages(client.read_requests),
        "fetch": lambda: kept(client.fetch("person", ids)),
        "fetch-requests": lambda: kept(client.fetch("request", ["r1"])),
        "update": lambda: one_each(client.update(updates), updates),
        "note": lambda: one_each(client.note(notes), notes),
        "acknowledge": lambda: one_each(client.acknowledge(told), told),
    }


PLATFORMS: Mapping[str, tuple[Sequence[str], Mapping[str, Any], Mapping[str, str]]] = {
    "generic": (("a0", "a1"), {"title": "Engineer"}, {}),
    "12twenty": (
        ("c-1000", "c-1001"),
        {"JobTitle": "Engineer", "custom.work_e_mail": "ada@example.org"},
        {"staff_visibility_id": "3", "students_modified_since": "yes"},
    ),
    "hivebrite": (
        ("1000", "1001"),
        {"headline": "Engineer", "custom.work_e_mail": "ada@example.org"},
        {"admin_email": "bridge@example.edu", "client_id": "c-1"},
    ),
    "symplicity_csm": (
        (f"{0xA11000:032x}", f"{0xA11001:032x}"),
        {"custom.job_title": "Engineer"},
        {"alumni_field": "applicantType", "alumni_words": "Alumni"},
    ),
}
"""Each platform that is reached over the network: ids, what is changed of an account, its settings."""


@cache
def facts(name: str) -> Facts:
    """A shipped profile."""
    return load_profile(name)


def opened(name: str, replies: Sequence[Any], clock: Still) -> CareerClient:
    """A client of a platform that answers as the talk says."""
    wire = wires(replies, clock, side="careers")
    profile = facts(name)
    carrier = carrier_of(profile, None)
    base = "/bridge/v1" if name == "generic" else ""
    return connect(
        Setup(
            system="careers",
            profile=profile,
            wire=wire(CAREERS + base),
            key=lambda: Secret("key-1"),
            settings=PLATFORMS[name][2],
            secrets={"password": lambda: Secret("p4ss"), "client_secret": lambda: Secret("c-secret")},
            clock=clock,
            rng=lambda: 0.5,
            carrier=carrier,
            requests_wire=wire(CAREERS + "/bridge/v1") if carrier == "rest" and name != "generic" else None,
            requests_key=lambda: Secret("key-2"),
        )
    )


def career(platform: str) -> Callable[[bytes], None]:
    """One operation on a career system that answers as the talk says."""

    def run(data: bytes) -> None:
        name, replies = read(data)
        ids, fields, _ = PLATFORMS[platform]
        operation = career_operations(opened(platform, replies, Still()), ids, fields).get(name)
        if operation is not None:
            with suppress(Later, Halt):
                operation()

    return run
