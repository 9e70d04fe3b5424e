"""Targets: single values and records, as the core takes them; places where a feed stopped; and queries."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from connector.bootstrap import read_weights
from connector.core.evidence import Prepared, blocking_keys, evidence_of, prepare, query_keys
from connector.core.match import score
from connector.core.model import Side
from connector.core.requests import Ask, describe
from connector.core.routing import PersonFacts, Unidentified, route
from connector.core.rulebook import Rulebook
from connector.core.strictjson import read_json, storable
from connector.core.understanding import understand
from connector.engine.readings import Person
from connector.errors import Bug, Halt, Later
from connector.ports import Feed, Officer
from connector.rules import load_rules
from connector.salesforce import soql
from connector.salesforce.auth import ExistingToken, Instances
from connector.salesforce.client import Client
from connector.salesforce.cursors import read_cursor
from connector.salesforce.side import SalesforceSide
from connector.salesforce.transport import Transport
from connector.secrets import Secret
from tests.fuzz.exchange import SEPARATOR, Reply, Still, wires
from tests.fuzz.wires import HOST, PLATFORMS, opened
from tests.salesforce.tokens import tokens

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
OFFICERS = tuple(Officer(id=f"00G00000000000{n}AAA", kind="queue", name=name) for n, name in enumerate(("Triage", "Stewards")))


@cache
def rules() -> Rulebook:
    """The shipped mapping."""
    return load_rules(Path(__file__).parents[2] / "mappings")


def parsed(data: bytes) -> Any:
    """The JSON in an input as a side's answer would give it; an input that is none stands for a text."""
    try:
        value, odd = read_json(data)
        return storable(value) if odd else value
    except ValueError:
        return storable(data.decode("utf-8", "surrogateescape"))


def transform(data: bytes) -> None:
    """Any value in any field of the mapping: it is understood or refused, and what is understood comes back from its side."""
    native = parsed(data)
    for unit in rules().person.units:
        for rule in unit.fields:
            for one in (rule.crm_transform, rule.career_transform):
                if one is None:
                    continue
                try:
                    value = one.read(native)
                except ValueError:
                    continue
                orjson.dumps(value)
                assert one.read(one.write(value)) == value, rule.name


def person(data: bytes) -> None:
    """Any record of a person: every unit is read or has a reason, and the person can be looked for and compared."""
    fields = parsed(data)
    if not isinstance(fields, dict):
        return
    found = Person(crm=fields, career=fields, has_profile=True)
    for unit in rules().person.units:
        for side in Side:
            found.reading(unit, side)
    orjson.dumps(found.unreadable)
    for side in Side:
        prepared = prepare(evidence_of("a0", rules().person.match.evidence(side, fields)))
        assert Prepared.from_json(prepared.to_json()) == prepared
        assert all(len(key) == 16 for key in blocking_keys(prepared) | query_keys(prepared))
        score(prepared, prepared, read_weights())


def request(data: bytes) -> None:
    """Any request: it is understood or answered, and what is understood makes a Task that Salesforce can take."""
    fields = parsed(data)
    if not isinstance(fields, dict):
        return
    ask = understand(fields, request_id="r1", rules=rules().requests)
    if not isinstance(ask, Ask):
        orjson.dumps(ask.message)
        return
    sheet = describe(ask)
    assert "\0" not in sheet
    assert len(sheet) <= 32_000
    for who in (Unidentified.UNKNOWN, PersonFacts(contact_id="003000000000001AAA")):
        with suppress(Halt):
            routed = route(
                ask,
                person=who,
                rules=rules().requests,
                routing=rules().routing,
                officers=OFFICERS,
                past=(),
                start_at=NOW,
                now=NOW,
            )
            orjson.dumps([routed.subject, routed.message, dict(routed.task or {})])


def cursor(data: bytes) -> None:
    """Any text as the place where a feed stopped: it is that, or the beginning; only our own addresses are asked."""
    text = data.decode("utf-8", "replace")
    place = read_cursor(text)
    assert read_cursor(place.dump()) == place
    clock = Still()
    busy = [Reply(503, {"Content-Type": "application/json"}, b"{}")]
    for name in PLATFORMS:
        with suppress(Later):
            opened(name, busy, clock).read(text)
        with suppress(Later):
            opened(name, busy, clock).read_requests(text)
    source = ExistingToken(Secret("00Dxx!token"), HOST, Instances(my_domain=HOST))
    client = Client(Transport(source, wires(busy, clock, side="crm"), clock), clock=clock, rng=lambda: 0.5)
    side = SalesforceSide(client, clock, contact_fields=["LastName"])
    with suppress(Later):
        side.read({Feed.CONTACT: text, Feed.TASK: text})


CONDITIONS: tuple[Callable[[str, soql.Literal], soql.Condition], ...] = (
    soql.equals,
    soql.after,
    soql.at_least,
    lambda field, value: soql.within(field, [value, value]),
)


def query(data: bytes) -> None:
    """Any texts as object, field and value of a query: they stay what they are, or no query comes of them."""
    kind, field, value, form = (*data.decode("utf-8", "surrogateescape").split(SEPARATOR.decode()), "", "", "", "")[:4]
    condition = CONDITIONS[len(form) % len(CONDITIONS)]
    try:
        text = soql.select([field], kind, where=condition(field, soql.text(value)), order=[field]).text
    except Bug:
        return
    found = tokens(text)
    assert {said for what, said in found if what == "text"} == {value}
    words = [said for what, said in found if what == "word"]
    assert words[:5] == ["SELECT", field, "FROM", kind, "WHERE"]
    assert words[-3:] == ["ORDER", "BY", field]
    text.encode()
