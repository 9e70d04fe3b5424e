"""What leaves the bridge, judged by its bytes: nothing but allowed calls, objects and fields, to allowed hosts (I1, I2, I46).

By the one mapping that was in force when the cycle began (I34).

Above all: no write to a Contact, on any endpoint, inside any body; nothing by which a system could write to an alumnus; and
no field that another office owns, or that the mapping does not share. What stands here is a list of its own, made from the
documentation (docs/architecture.md, docs/career-api.md) and not from the product.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

import orjson

from tests.simulation.mapping import Rules
from tests.simulation.oracle.forbidden import NotAllowed
from tests.simulation.world import HAND_OVER, TAKE, TELL, Call

CRM_HOST, CAREER_HOST = "university.my.salesforce.com", "careers.example.edu"
_ROOT = "/services/data/v67.0"
_CONTRACT = "/bridge/v1"
_HEADERS = frozenset(
    {
        *("host", "user-agent", "accept", "accept-encoding", "connection", "content-type", "content-length", "authorization"),
        *("if-modified-since", "sforce-call-options"),
    }
)
"""Every header that may leave. None lets a duplicate pass, assigns anything or sends a mail."""
_NAME = "client=alumni-bridge"
"""All that a request may say as an option: who calls."""

_SUGGESTED = frozenset(
    {
        *("Kind__c", "Group__c", "Field__c", "Field_Label__c", "Before__c", "Now__c", "Suggested__c", "Suggested_Values__c"),
        *("Who__c", "Changed_At__c", "Changed_Between__c", "By_The_Person__c", "Urgent__c"),
    }
)
_ASKED = frozenset(
    {
        *("OwnerId", "System__c", "Request_Number__c", "Type__c", "Direction__c", "Title__c", "State__c", "Neutral__c"),
        *("Asked_Count__c", "Contact__c", "Career_Profile__c", "Account_Id__c", "Requested_By__c", "Unit__c", "Need_By__c"),
        *("Received_At__c", "First_Action_Due__c", "End_Due__c", "Effort_Minutes__c", "Criteria__c", "Text_For_Alumni__c"),
        *("Details__c", "Named_Ask__c", "Clearance__c", "Stop_Reason__c", "Urgent__c", "Key__c"),
    }
)
_STATUS = frozenset(
    {
        *("Environment__c", "State__c", "Last_Cycle__c", "Last_Good_To_CRM__c", "Last_Good_To_Career__c", "Waiting__c"),
        *("Open_Suggestions__c", "Halted_Since__c", "Halt_Reason__c", "Version__c", "Lease_Holder__c", "Lease_Until__c"),
        "Audit_Head__c",
        "Lease_Epoch__c",
    }
)
_REVIEWED = frozenset(
    {
        *("Kind__c", "System__c", "Account_Id__c", "Person__c", "Evidence__c", "State__c", "OwnerId", "Key__c"),
        *("Candidate_1__c", "Candidate_2__c", "Candidate_3__c"),
    }
)
_HEAD = frozenset({"Contact__c", "System__c", "Account_Id__c", "Link_State__c", "Link_Basis__c", "Primary__c", "Key__c"})
_TASK = frozenset({"Subject", "Description", "OwnerId", "Priority", "WhoId", "ActivityDate", "Status", "WhatId"})

_WRITABLE: Mapping[tuple[str, str], frozenset[str]] = {
    ("Career_Profile__c", "insert"): _HEAD,
    ("Career_Profile__c", "update"): frozenset({"Link_State__c", "Primary__c", "Contact__c"}),
    ("Suggested_Change__c", "insert"): _SUGGESTED
    | {"Contact__c", "Career_Profile__c", "State__c", "OwnerId", "Episode__c", "Key__c"},
    ("Suggested_Change__c", "update"): _SUGGESTED | {"State__c", "Decided_At__c"},
    ("Identity_Review__c", "insert"): _REVIEWED,
    ("Identity_Review__c", "update"): frozenset({"State__c"}),
    ("Career_Request__c", "insert"): _ASKED,
    ("Career_Request__c", "update"): frozenset(
        {"Title__c", "Text_For_Alumni__c", "Details__c", "Need_By__c", "Urgent__c", "State__c", "Neutral__c"}
    ),
    ("Task", "insert"): _TASK,
    ("Task", "update"): frozenset({"Status"}),
    ("Bridge_Status__c", "insert"): _STATUS | {"Name", "Key__c"},
    ("Bridge_Status__c", "update"): _STATUS,
}
"""What the bridge may set, by object and operation; the mapping adds careers' own fields to the career profile."""

NEUTRAL = frozenset({"received", "in progress", "waiting", "offered", "done", "not available", "withdrawn", "refused"})
_ACKNOWLEDGED = frozenset({"id", "number", "understood_type", "state", "message", "offered", "asked"})


@dataclass(frozen=True, kw_only=True)
class Write:
    """One record (or note, or acknowledgement) of a request that asks for a change; ``place`` is where it stood in it."""

    call: Call
    place: int
    object: str
    kind: str
    id: str
    fields: Mapping[str, Any]

    @property
    def key(self) -> str:
        """Our unique key, where it has one."""
        return str(self.fields.get("Key__c", ""))


_Found = Iterator[tuple[str, str, str, Mapping[str, Any]]]


def writes_of(call: Call, pages: Callable[[Call], _Found] | None) -> list[Write]:
    """Every single write in a request; empty for reads and logins. ``pages`` tells what a call to a platform's own pages writes.

    Raises:
        NotAllowed: the request is none that may ever leave.
    """
    if call.request.method not in {HAND_OVER, TAKE, TELL}:
        _judge_envelope(call)
    body = orjson.loads(call.request.body) if call.request.body and _is_json(call) else None
    if call.side == "crm":
        found = _crm_writes(call, body)
    else:
        found = _career_writes(call, body) if pages is None or call.request.path.startswith(_CONTRACT) else pages(call)
    return [
        Write(call=call, place=place, object=name, kind=kind, id=id, fields=fields)
        for place, (name, kind, id, fields) in enumerate(found)
    ]


def _is_json(call: Call) -> bool:
    return call.request.header("content-type").startswith("application/json")


def _judge_envelope(call: Call) -> None:
    wanted = CRM_HOST if call.side == "crm" else CAREER_HOST
    if call.request.header("host") != wanted:
        raise NotAllowed(f"a request to {call.request.header('host')}")
    strange = set(call.request.headers) - _HEADERS
    if strange:
        raise NotAllowed(f"headers {sorted(strange)}")
    if (options := call.request.header("sforce-call-options")) not in {"", _NAME}:
        raise NotAllowed(f"the option {options!r}")


def _crm_writes(call: Call, body: Any) -> _Found:
    method, path = call.request.method, call.request.path
    match method, path.removeprefix(_ROOT):
        case "POST", "/services/oauth2/token":
            if "password" in call.request.body.decode():
                raise NotAllowed("a login by password")
        case "GET", _:
            _judge_read(path, call.request.query)
        case "POST", "/composite" | "/jobs/query":
            _judge_reads(body)
        case "POST", "/composite/sobjects":
            yield from _records(body, "insert")
        case "PATCH", "/composite/sobjects":
            yield from _records(body, "update")
        case "POST", "/composite/graph":
            yield from _nodes(body)
        case _:
            raise NotAllowed(f"{method} {path}")


def _judge_reads(body: Any) -> None:
    """Reads that are asked for by POST: several in one call, or by a job."""
    if body.get("operation", "queryAll") != "queryAll" or not body.get("query", "SELECT ").startswith("SELECT "):
        raise NotAllowed(f"a job of {body['operation']}")
    for part in body.get("compositeRequest", ()):
        target, _, query = part["url"].partition("?")
        if part["method"] != "GET" or "body" in part:
            raise NotAllowed(f"{part['method']} {target} inside a composite call")
        _judge_read(target, query)


def _judge_read(path: str, query: str) -> None:
    rest = path.removeprefix(_ROOT)
    text = unquote_plus(query)
    if rest in {"/query", "/queryAll"} and text.startswith("q=SELECT "):
        return
    if re.fullmatch(r"/jobs/query/750\w+(/results)?", rest):
        return
    if re.fullmatch(r"/query(All)?/01g\w+(-\d+)?", rest) or re.fullmatch(r"/sobjects/\w+/(describe|updated/)", rest):
        return
    raise NotAllowed(f"GET {path}")


def _records(body: Any, kind: str) -> _Found:
    if set(body) != {"allOrNone", "records"} or body["allOrNone"] is not False:
        raise NotAllowed("a collection with other settings")
    for record in body["records"]:
        fields = {name: value for name, value in record.items() if name not in {"attributes", "id"}}
        if set(record["attributes"]) != {"type"} or (kind == "insert") is ("id" in record):
            raise NotAllowed("a record of a collection with other attributes")
        yield record["attributes"]["type"], kind, record.get("id", ""), fields


def _nodes(body: Any) -> _Found:
    for graph in body["graphs"]:
        for node in graph["compositeRequest"]:
            found = re.fullmatch(rf"{re.escape(_ROOT)}/sobjects/(\w+)", node["url"])
            if node["method"] != "POST" or found is None or set(node) != {"method", "url", "referenceId", "body"}:
                raise NotAllowed(f"{node['method']} {node['url']} inside a graph")
            yield found[1], "insert", "", node["body"]


def _career_writes(call: Call, body: Any) -> _Found:
    method, path = call.request.method, call.request.path.removeprefix(_CONTRACT)
    if method == "GET" and path in {"/tenant", "/people", "/requests", "/changes"}:
        return
    if (method, path) not in _CAREER_WRITES:
        raise NotAllowed(f"{method} {path}")
    name, kind, id, fault = _CAREER_WRITES[method, path]
    for item in body["items"]:
        if fault(item):
            raise NotAllowed(f"{kind} of a {name} with {sorted(item)}")
        yield name, kind, item[id], item["fields"] if name == "person" else item


_CAREER_WRITES: Mapping[tuple[str, str], tuple[str, str, str, Callable[[Mapping[str, Any]], bool]]] = {
    # an update carries the version that it was decided on, and nothing else
    ("POST", "/people/batch"): ("person", "update", "id", lambda item: set(item) != {"id", "etag", "fields"} or not item["etag"]),
    # a note is for staff alone
    ("POST", "/notes/batch"): ("note", "insert", "key", lambda item: item.get("visibility") != "staff" or "text" not in item),
    ("POST", "/requests/acknowledgements"): (
        "acknowledgement",
        "update",
        "id",
        lambda item: bool(set(item) - _ACKNOWLEDGED) or item["state"] not in NEUTRAL,
    ),
}
"""What may be asked of the career system besides reading: object, operation, name of the id, and what may not be in it."""


def judge(write: Write, rules: Rules) -> None:
    """Whether the bridge may write this, under this mapping.

    Raises:
        NotAllowed: it may not.
    """
    if write.object in {"note", "acknowledgement"}:
        return
    if write.object == "person":
        allowed = {field.career for unit in rules.units.values() if _goes_to_careers(unit) for field in unit.fields}
    else:
        known = _WRITABLE.get((write.object, write.kind))
        if known is None:
            raise NotAllowed(f"{write.kind} of {write.object}")
        allowed = set(known)
        if write.object == "Career_Profile__c":
            allowed |= {field.crm for unit in rules.units.values() if unit.careers_own for field in unit.fields}
            allowed |= {unit.opt_out_to for unit in rules.units.values() if unit.opt_out_to}
    strange = set(write.fields) - allowed
    if strange:
        raise NotAllowed(f"{write.kind} of {write.object} with {sorted(strange)}")


def _goes_to_careers(unit: Any) -> bool:
    return not unit.careers_own and unit.share != "never" and unit.to_career == "write"
