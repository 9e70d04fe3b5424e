"""What Salesforce's answers look like, and how each is read: an answer of another shape is never believed.

Shapes: REST guide (query, sObject Describe, Get Updated, Composite, Composite Graph) and recorded traffic. An unusable answer
to a read is ``Later``; to a write it is ``Unknown``.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from connector.errors import BridgeError
from connector.salesforce.codes import SIDE, error_of, read_faults
from connector.salesforce.soql import is_id
from connector.wire import Answer

Row = dict[str, Any]

FEWER = "fewer records than it counts"
_FIRST_YEAR, _LAST_YEAR = 1700, 4000
"""Between which Salesforce has dates (general knowledge); with those at the edges of the calendar nobody can reckon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """One page of a query's answer. ``next`` leads to the following page; only its absence says that there is none."""

    records: tuple[Row, ...]
    next: str | None = None
    counted: int = 0
    """How many records the whole query has, as far as the answer says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One set of results of a query job: texts by column, and the locator of the next set, empty after the last."""

    rows: tuple[Mapping[str, str], ...]
    locator: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sub:
    """The answer to one subrequest of a composite call."""

    status: int
    body: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphAnswer:
    """The answer to one graph: whether it was carried out, and its nodes by reference id."""

    done: bool
    nodes: Mapping[str, Sub]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldInfo:
    """What describe says of one field."""

    name: str
    type: str
    label: str
    createable: bool
    updateable: bool
    unique: bool
    external_id: bool
    encrypted: bool
    relationship: str = ""
    references: tuple[str, ...] = ()
    words: frozenset[str] | None
    """The active values of a picklist; None for a field of another kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Describe:
    """What describe says of one object to our user; fields without read permission are simply not in it."""

    name: str
    createable: bool
    updateable: bool
    fields: Mapping[str, FieldInfo]
    children: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Child relationships by name: the child's object, and its field that names this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectRights:
    """What our user may do with the records of one object, as Describe Global says."""

    name: str
    custom: bool
    createable: bool
    updateable: bool
    deletable: bool


def rights_of(answer: Answer) -> list[ObjectRights]:
    """The objects in an answer to Describe Global; custom settings are left out, they are the administrators'."""
    body = answer.json()
    found = body.get("sobjects") if isinstance(body, dict) else None
    if not isinstance(found, list) or not all(isinstance(one, dict) and isinstance(one.get("name"), str) for one in found):
        raise answer.unusable("no list of objects")
    return [
        ObjectRights(
            name=one["name"],
            custom=one.get("custom") is True and one["name"].endswith("__c"),
            createable=one.get("createable") is True,
            updateable=one.get("updateable") is True,
            deletable=one.get("deletable") is True,
        )
        for one in found
        if one.get("customSetting") is not True
    ]


def read_rows(sub: Sub, object_name: str) -> Rows:
    """The page in a subrequest's answer to a query; raises what the code of a failed one stands for."""
    return _page(check_sub(sub), object_name, unusable)


def read_covered(sub: Sub) -> datetime | None:
    """``latestDateCovered`` in a subrequest's answer to Get Updated; None where Salesforce gives none."""
    body = check_sub(sub)
    if not isinstance(body, dict):
        raise unusable("no object in answer to Get Updated")
    stamp = body.get("latestDateCovered")
    return read_moment(stamp) if isinstance(stamp, str) else None


def read_count(sub: Sub) -> int:
    """The number in a subrequest's answer to ``SELECT COUNT()``."""
    body = check_sub(sub)
    count = body.get("totalSize") if isinstance(body, dict) else None
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        raise unusable("no count")
    return count


def job_of(answer: Answer) -> tuple[str, str]:
    """The id and the state in an answer about a query job."""
    body = answer.json()
    found, state = (body.get("id"), body.get("state")) if isinstance(body, dict) else (None, None)
    if not is_id(found) or not isinstance(state, str):
        raise answer.unusable("no job")
    return found, state


def table_of(answer: Answer, columns: Sequence[str]) -> Table:
    """The results in an answer, which must have these columns, and as many rows as it says: a cut file looks whole.

    Source: Get Results for a Query Job (CSV, ``Sforce-Locator``, ``Sforce-NumberOfRecords``). It does not say whether each set
    begins with the names of the columns: one without them has the columns in the order of the query.
    """
    count, locator = answer.headers.get("Sforce-NumberOfRecords", ""), answer.headers.get("Sforce-Locator")
    if "csv" not in answer.headers.get("Content-Type", "").lower() or locator is None:
        raise answer.unusable("no results of a query job")
    try:
        lines = list(csv.reader(io.StringIO(answer.data.decode("utf-8"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error):
        raise answer.unusable("results that are no CSV") from None
    named = bool(lines) and sorted(lines[0]) == sorted(columns)
    header, data = (lines[0], lines[1:]) if named else (list(columns), lines)
    if str(len(data)) != count or any(len(line) != len(header) for line in data) or not lines:
        raise answer.unusable("results that are not whole")
    return Table(rows=tuple(dict(zip(header, line, strict=True)) for line in data), locator="" if locator == "null" else locator)


def check_sub(sub: Sub) -> Any:  # noqa: ANN401 - JSON is anything
    """The body of a successful read subrequest; raises what the code of a failed one stands for."""
    if 200 <= sub.status < 300:
        return sub.body
    faults = read_faults(sub.body)
    if faults is None:
        raise unusable(f"subrequest: HTTP {sub.status} without a code")
    raise error_of(sub.status, faults[0], write=False)


def read_moment(stamp: str) -> datetime:
    """A moment as Salesforce writes it (``2026-11-02T09:00:00.000+0000``), aware; an unusable answer if it is none."""
    try:
        moment = datetime.fromisoformat(stamp)
    except ValueError:
        raise unusable("a moment that is none") from None
    if moment.tzinfo is None:
        raise unusable("a moment without time zone")
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise unusable("a moment that Salesforce does not have")
    return moment.astimezone(UTC)


def long_id(value: str) -> str:
    """An id's 18-character form: three characters tell the capitals of the fifteen. Anything else is an unusable answer."""
    if not is_id(value):
        raise unusable("an id that is none")
    if len(value) == 18:
        return value
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
    bits = (sum(1 << n for n in range(5) if value[start + n].isupper()) for start in (0, 5, 10))
    return value + "".join(alphabet[index] for index in bits)


def unusable(why: str) -> BridgeError:
    """The error for an answer to a read that has not the shape which its resource documents."""
    return Answer(status=200, headers={}, data=b"", side=SIDE, write=False).unusable(why)


def rows_of(answer: Answer, object_name: str, *, first: bool = True) -> Rows:
    """The page in an answer to a query on one object; ``first``: nothing of it was read before."""
    return _page(answer.json(), object_name, answer.unusable, first=first)


def _page(body: object, object_name: str, unusable: Callable[[str], BridgeError], *, first: bool = True) -> Rows:
    if not isinstance(body, dict) or not isinstance(body.get("records"), list) or not isinstance(body.get("done"), bool):
        raise unusable("no query result")
    records, following = body["records"], body.get("nextRecordsUrl")
    for record in records:
        if not isinstance(record, dict):
            raise unusable("a record that is none")
        attributes = record.get("attributes")
        if isinstance(attributes, dict) and attributes.get("type", object_name) != object_name:
            raise unusable("a record of another object")
    told = body.get("totalSize")
    counted = told if isinstance(told, int) else 0
    if body["done"]:
        if first and len(records) < counted:
            raise unusable(FEWER)
        return Rows(records=tuple(records), counted=counted)
    if not isinstance(following, str) or not records:
        raise unusable("more is promised, but not where")
    return Rows(records=tuple(records), next=following, counted=counted)


def composite_of(answer: Answer, names: Sequence[str]) -> list[Sub]:
    """The subrequests' answers, in the order of their names; each name exactly once."""
    body = answer.json()
    subs = _subs(body.get("compositeResponse") if isinstance(body, dict) else None)
    if subs is None or set(subs) != set(names):
        raise answer.unusable("subrequests without their answers")
    return [subs[name] for name in names]


def _subs(items: object) -> dict[str, Sub] | None:
    """Subrequest answers by reference id; None if one is malformed or occurs twice."""
    if not isinstance(items, list):
        return None
    found: dict[str, Sub] = {}
    for item in items:
        if not isinstance(item, dict):
            return None
        reference, status = item.get("referenceId"), item.get("httpStatusCode")
        if not isinstance(reference, str) or not isinstance(status, int) or reference in found:
            return None
        found[reference] = Sub(status=status, body=item.get("body"))
    return found


def graphs_of(answer: Answer, references: Sequence[Sequence[str]]) -> list[GraphAnswer]:
    """The graphs' answers in their order; exactly the graphs and nodes that were sent."""
    body = answer.json()
    items = body.get("graphs") if isinstance(body, dict) else None
    found: dict[str, GraphAnswer] = {}
    for item in items if isinstance(items, list) else []:
        response = item.get("graphResponse") if isinstance(item, dict) else None
        nodes = _subs(response.get("compositeResponse") if isinstance(response, dict) else None)
        if nodes is None or not isinstance(item.get("graphId"), str) or not isinstance(item.get("isSuccessful"), bool):
            raise answer.unusable("a graph's answer without its parts")
        found[item["graphId"]] = GraphAnswer(done=item["isSuccessful"], nodes=nodes)
    expected = {f"g{n}": set(names) for n, names in enumerate(references)}
    if {name: set(graph.nodes) for name, graph in found.items()} != expected:
        raise answer.unusable("graphs or nodes without their answers")
    return [found[name] for name in expected]


def names_of(answer: Answer) -> frozenset[str]:
    """The objects in an answer to Describe Global."""
    body = answer.json()
    objects = body.get("sobjects") if isinstance(body, dict) else None
    if not isinstance(objects, list) or not all(isinstance(o, dict) and isinstance(o.get("name"), str) for o in objects):
        raise answer.unusable("no list of objects")
    return frozenset(found["name"] for found in objects)


def describe_of(answer: Answer) -> Describe:
    """The description in an answer to sObject Describe."""
    body = answer.json()
    fields = body.get("fields") if isinstance(body, dict) else None
    if not isinstance(fields, list) or not all(_is_field(one) for one in fields):
        raise answer.unusable("no description")
    return Describe(
        name=str(body.get("name", "")),
        createable=body.get("createable") is True,
        updateable=body.get("updateable") is True,
        fields={field["name"]: _field(field) for field in fields},
        children=_children(body.get("childRelationships")),
    )


def _children(relationships: object) -> dict[str, tuple[str, str]]:
    listed = [one for one in relationships if isinstance(one, dict)] if isinstance(relationships, list) else []
    return {
        str(one["relationshipName"]): (str(one.get("childSObject")), str(one.get("field")))
        for one in listed
        if one.get("relationshipName")
    }


def _is_field(value: object) -> bool:
    return (
        isinstance(value, dict) and isinstance(value.get("name"), str) and isinstance(value.get("referenceTo"), list | type(None))
    )


def _field(field: Mapping[str, Any]) -> FieldInfo:
    return FieldInfo(
        name=field["name"],
        type=str(field.get("type", "")),
        label=str(field.get("label", "")),
        createable=field.get("createable") is True,
        updateable=field.get("updateable") is True,
        unique=field.get("unique") is True,
        external_id=field.get("externalId") is True,
        encrypted=field.get("encrypted") is True or field.get("type") == "encryptedstring",
        words=_words(field),
        relationship=str(field.get("relationshipName") or ""),
        references=tuple(str(name) for name in field.get("referenceTo") or ()),
    )


def _words(field: Mapping[str, Any]) -> frozenset[str] | None:
    values = field.get("picklistValues")
    if field.get("type") not in {"picklist", "multipicklist"} or not isinstance(values, list):
        return None
    return frozenset(str(one.get("value")) for one in values if isinstance(one, dict) and one.get("active") is True)
