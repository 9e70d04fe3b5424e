"""The REST resources that the bridge uses, with their limits and the exact shapes of their answers.

An answer is believed only if it has the shape that its resource documents; anything else is an unusable answer (a read is
repeated, a write's outcome is unknown). Reads are repeated here, by ``connector.wire.retrying``; writes never are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, TypeVar

from connector.core.httpdate import read_date, read_retry_after
from connector.errors import BridgeError, Bug, Later, Unknown
from connector.ports import Clock
from connector.salesforce.answers import (
    FEWER,
    Describe,
    GraphAnswer,
    ObjectRights,
    Row,
    Rows,
    Sub,
    Table,
    composite_of,
    describe_of,
    graphs_of,
    job_of,
    names_of,
    read_rows,
    rights_of,
    rows_of,
    table_of,
    unusable,
)
from connector.salesforce.auth import server_time
from connector.salesforce.codes import Fault, error_of, read_faults
from connector.salesforce.objects import API_VERSION, Writable
from connector.salesforce.soql import Soql, is_id
from connector.salesforce.soql import name as api_name
from connector.salesforce.transport import Transport
from connector.wire import Answer, retrying, segment

T = TypeVar("T")

COLLECTION = 200
"""Records in one sObject Collections call."""
CHUNKS = 10
"""Changes of object type within one Collections call."""
GRAPHS = 75
"""Graphs in one composite graph call; with two nodes each far below its 500 nodes."""
QUERIES = 5
"""Queries among the 25 subrequests of one composite call."""
SUBREQUESTS = 25
_ATTEMPTS = 4
_PAGES = 10_000
_SETTLED = timedelta(minutes=1)
"""Age from which ``Last-Modified`` tells two states apart (RFC 9110, 8.8.2.2): it has whole seconds, an org several clocks."""


class Client:
    """The org's REST API, version 67.0.

    Args:
        transport: the way there.
        clock: for pauses between repeated reads.
        rng: numbers in [0, 1) for the jitter of these pauses.
    """

    def __init__(self, transport: Transport, *, clock: Clock, rng: Callable[[], float]) -> None:
        self.transport = transport
        self._clock, self._rng = clock, rng
        self._root = f"/services/data/v{API_VERSION}"
        self._described: dict[str, tuple[str, Describe]] = {}

    # -- reads -----------------------------------------------------------------------------------------------------

    def describe(self, object_name: str) -> Describe:
        """The object as our user sees it now; asks with ``If-Modified-Since`` and keeps the last answer.

        Source: sObject Describe. ``Refused`` (NOT_FOUND) where the object is not visible.
        """
        stamp, known = self._described.get(object_name, ("", None))
        headers = {"If-Modified-Since": stamp} if stamp else {}
        path = f"{self._root}/sobjects/{segment(object_name)}/describe"
        answer = self._get(lambda answer: None if answer.status == 304 else describe_of(answer), path, headers=headers)
        if answer[1] is None:
            if known is None:
                raise answer[0].unusable("not modified since never")
            return known
        self._described[object_name] = (_validator(answer[0]), answer[1])
        return answer[1]

    def objects(self) -> frozenset[str]:
        """The names of all objects that our user may see. Source: Describe Global."""
        return self._get(names_of, f"{self._root}/sobjects")[1]

    def describe_all(self) -> list[ObjectRights]:
        """Every object that our user sees, with what it may do with its records. Source: Describe Global."""
        return self._get(rights_of, f"{self._root}/sobjects")[1]

    def query(self, soql: Soql) -> Rows:
        """The first page of a query that sees deleted and archived records too (``queryAll``)."""
        rows = self._get(lambda answer: rows_of(answer, soql.object), f"{self._root}/queryAll", params={"q": soql.text})
        return rows[1]

    def query_present(self, soql: Soql) -> Rows:
        """The first page of a query that does not see deleted and archived records (``query``)."""
        return self._get(lambda answer: rows_of(answer, soql.object), f"{self._root}/query", params={"q": soql.text})[1]

    def rest(self, rows: Rows, soql: Soql) -> list[Row]:
        """All records of a query whose first page is ``rows``.

        Follows ``nextRecordsUrl`` on this host only, and not for ever: an empty page that promises more is no answer, nor is
        one that leads to itself. Nor are fewer records than the first page counts: who asked for some by id would take the
        others for gone.
        """
        records, counted = list(rows.records), rows.counted
        for _ in range(_PAGES):
            if rows.next is None:
                if len(records) < counted:
                    raise unusable(FEWER)
                return records
            last, rows = rows, self._get(lambda answer: rows_of(answer, soql.object, first=False), rows.next)[1]
            if rows.next is not None and rows.next == last.next:
                raise unusable("the same page again")
            records += rows.records
        raise unusable("a query that never ends")

    def queries(self, queries: Sequence[Soql]) -> list[list[Row]]:
        """The complete answers of several queries (deleted and archived included), five to a call."""
        if len(queries) == 1:
            return [self.rest(self.query(queries[0]), queries[0])]
        found: list[list[Row]] = []
        for start in range(0, len(queries), QUERIES):
            some = queries[start : start + QUERIES]
            for soql, sub in zip(some, self.composite([self.query_path(soql) for soql in some]), strict=True):
                found.append(self.rest(read_rows(sub, soql.object), soql))
        return found

    def query_path(self, soql: Soql) -> str:
        """The address of a query that sees everything, as a subrequest."""
        return f"{self._root}/queryAll?q={segment(soql.text)}"

    def updated_path(self, object_name: str, start: datetime, end: datetime) -> str:
        """The address of sObject Get Updated for a window (both at full minutes, since seconds are cut off)."""
        window = f"start={segment(_moment(start))}&end={segment(_moment(end))}"
        return f"{self._root}/sobjects/{segment(object_name)}/updated/?{window}"

    def composite(self, paths: Sequence[str]) -> list[Sub]:
        """Several GETs in one call, carried out in their order; each has its own answer.

        Source: Composite resource. At most 25, five of them queries (the caller counts those).
        """
        if not 0 < len(paths) <= SUBREQUESTS:
            raise Bug("a composite call has 1 to 25 subrequests")
        names = [f"s{n}" for n in range(len(paths))]
        body = {
            "allOrNone": False,
            "collateSubrequests": False,
            "compositeRequest": [
                {"method": "GET", "url": path, "referenceId": name} for name, path in zip(names, paths, strict=True)
            ],
        }

        def read() -> list[Sub]:
            answer = self._checked(self.transport.send("POST", f"{self._root}/composite", write=False, json=body))
            return composite_of(answer, names)

        return self._repeat(read)

    def start_job(self, soql: Soql) -> str:
        """Let a query be carried out as a job, deleted and archived records included; the job's id.

        Source: Create a Query Job (Bulk API 2.0). A job that was started and not heard of is only wasted.
        """
        body = {"operation": "queryAll", "query": soql.text, "contentType": "CSV", "columnDelimiter": "COMMA", "lineEnding": "LF"}

        def start() -> str:
            return job_of(self._checked(self.transport.send("POST", f"{self._root}/jobs/query", write=False, json=body)))[0]

        return self._repeat(start)

    def job_state(self, job: str) -> str:
        """How far a query job is. ``Refused`` (NOT_FOUND) where it is no more: jobs live seven days."""
        return self._get(lambda answer: job_of(answer)[1], f"{self._root}/jobs/query/{_checked_id(job)}")[1]

    def job_results(self, job: str, columns: Sequence[str], *, locator: str, limit: int) -> Table:
        """One set of results of a query job that is complete; a locator leads to the same set as long as the job lives."""
        params = {"maxRecords": str(limit)} | ({"locator": locator} if locator else {})
        path = f"{self._root}/jobs/query/{_checked_id(job)}/results"
        return self._get(lambda answer: table_of(answer, columns), path, params=params, headers={"Accept": "text/csv"})[1]

    def abort_job(self, job: str) -> None:
        """Let a query job end that nobody waits for any more."""
        path = f"{self._root}/jobs/query/{_checked_id(job)}"
        self._repeat(lambda: self._checked(self.transport.send("PATCH", path, write=False, json={"state": "Aborted"})))

    # -- writes ----------------------------------------------------------------------------------------------------

    def insert(self, rows: Sequence[tuple[Writable, Mapping[str, Any]]]) -> list[Row]:
        """Insert up to 200 records, each for itself (sObject Collections, ``allOrNone`` false); results in order.

        Raises:
            Later: nothing was done.
            Refused: nothing was done, and never will be as the call stands.
            Unknown: nobody knows; also when the results do not fit the records one to one.
        """
        records = [{"attributes": {"type": Writable(kind).value}, **_clean(fields)} for kind, fields in rows]
        return self._collection("POST", records)

    def update(self, rows: Sequence[tuple[Writable, str, Mapping[str, Any]]]) -> list[Row]:
        """Change up to 200 records, each for itself; as ``insert``. No id may occur twice."""
        records = [
            {"attributes": {"type": Writable(kind).value}, "id": _checked_id(found), **_clean(fields)}
            for kind, found, fields in rows
        ]
        return self._collection("PATCH", records)

    def insert_graphs(self, graphs: Sequence[Sequence[tuple[str, Writable, Mapping[str, Any]]]]) -> list[GraphAnswer]:
        """Insert up to 75 groups of records, each group all or nothing; nodes are (reference id, object, fields).

        A later node refers to an earlier one by ``@{referenceId.id}``. Source: Composite Graph. Raises as ``insert``.
        """
        if not 0 < len(graphs) <= GRAPHS:
            raise Bug("a graph call has 1 to 75 graphs")
        body = {"graphs": [{"graphId": f"g{n}", "compositeRequest": self._nodes(graph)} for n, graph in enumerate(graphs)]}
        answer = self._checked(self.transport.send("POST", f"{self._root}/composite/graph", write=True, json=body))
        return graphs_of(answer, [[reference for reference, _, _ in graph] for graph in graphs])

    def _nodes(self, graph: Sequence[tuple[str, Writable, Mapping[str, Any]]]) -> list[Row]:
        return [
            {
                "method": "POST",
                "url": f"{self._root}/sobjects/{Writable(kind).value}",
                "referenceId": reference,
                "body": _clean(fields),
            }
            for reference, kind, fields in graph
        ]

    def _collection(self, method: str, records: list[Row]) -> list[Row]:
        kinds = [record["attributes"]["type"] for record in records]
        changes = sum(1 for one, other in pairwise(kinds) if one != other)
        if not 0 < len(records) <= COLLECTION or changes >= CHUNKS:
            raise Bug("a collections call has 1 to 200 records in at most 10 runs of one type")
        body = {"allOrNone": False, "records": records}
        answer = self._checked(self.transport.send(method, f"{self._root}/composite/sobjects", write=True, json=body))
        results = answer.json()
        if not isinstance(results, list) or len(results) != len(records) or not all(isinstance(r, dict) for r in results):
            raise answer.unusable("results do not fit the records one to one")
        return results

    # -- how calls are made ----------------------------------------------------------------------------------------

    def _get(
        self,
        read: Callable[[Answer], T],
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[Answer, T]:
        def once() -> tuple[Answer, T]:
            answer = self._checked(self.transport.send("GET", path, write=False, params=params, headers=headers))
            return answer, read(answer)

        return self._repeat(once)

    def _repeat(self, read: Callable[[], T]) -> T:
        return retrying(read, clock=self._clock, rng=self._rng, attempts=_ATTEMPTS)

    def _checked(self, answer: Answer) -> Answer:
        """The answer if it is a success (or 304); else the error that its status and code stand for, with its ``Retry-After``."""
        if answer.status < 300 or answer.status == 304:
            return answer
        reason = _error_in(answer)
        asked = read_retry_after(answer.headers.get("Retry-After", ""), self._clock.now())
        if asked is not None and isinstance(reason, Later | Unknown):
            reason.retry_after = max(asked, reason.retry_after or 0.0)
        raise reason


def _error_in(answer: Answer) -> BridgeError:
    """What an answer that is no success stands for."""
    if answer.status == 300:
        return error_of(300, Fault(code="MULTIPLE_CHOICES"), write=answer.write)
    if answer.status == 410:
        return error_of(410, Fault(code="GONE"), write=answer.write)
    try:
        faults = read_faults(answer.json())
    except (Later, Unknown) as reason:
        return reason
    if faults is None:
        return answer.unusable("an error without a code")
    return error_of(answer.status, faults[0], write=answer.write)


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")


def _checked_id(value: str) -> str:
    if not is_id(value):
        raise Bug("not a Salesforce id")
    return value


def _clean(fields: Mapping[str, Any]) -> Row:
    """Fields for a body; their names are API names, so that none can be a second ``id`` or ``attributes``."""
    for field in fields:
        if api_name(field).lower() in {"id", "attributes"}:
            raise Bug("a record's id or type among its fields")
    return dict(fields)


def _validator(answer: Answer) -> str:
    """The ``Last-Modified`` of an answer; empty if something may have changed since without moving it."""
    stamp = answer.headers.get("Last-Modified", "")
    changed, told = read_date(stamp), server_time(answer)
    return stamp if changed is not None and told is not None and told - changed >= _SETTLED else ""
