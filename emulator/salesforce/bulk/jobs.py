"""Bulk 2.0: ingest and query jobs, and their addresses under /jobs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from emulator.http import Response, json_response
from emulator.salesforce.bulk.rows import DELIMITERS, OPERATIONS, Outcome, carry_out, check_columns, read_csv, table, write_csv
from emulator.salesforce.bulk.statements import run_bulk
from emulator.salesforce.context import Context, json_object, whole
from emulator.salesforce.errors import SalesforceError, not_found
from emulator.salesforce.fields import SObject
from emulator.salesforce.ids import make_id, normal_id
from emulator.salesforce.org import Org
from emulator.salesforce.responses.metadata import multipart
from emulator.salesforce.values import parse_moment

PARALLEL = 5
"""So many pages' addresses come in one answer [documentation]."""
LIFE = timedelta(days=7)
_LOCATOR = re.compile(r"[0-9a-f]{16}")
_FORMS = {"contentType": frozenset({"CSV"}), "lineEnding": frozenset({"LF", "CRLF"}), "columnDelimiter": frozenset(DELIMITERS)}


@dataclass(slots=True, kw_only=True)
class Job:
    """One job of either kind."""

    id: str
    kind: str
    info: dict[str, Any]
    data: bytes = b""
    header: list[str] = field(default_factory=list)
    rows: list[Any] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)


def _new(ctx: Context, kind: str, info: dict[str, Any]) -> Job:
    number = ctx.org.bulk_numbers["job"] = ctx.org.bulk_numbers.get("job", 0) + 1
    now = ctx.org.stamp()
    id_ = make_id("750", number)
    whole_info = {
        "id": id_,
        "operation": info["operation"],
        "object": info.get("object"),
        "createdById": ctx.access.user_id,
        "createdDate": now,
        "systemModstamp": now,
        "state": "Open",
        **({"externalIdFieldName": info["externalIdFieldName"]} if info.get("externalIdFieldName") else {}),
        "concurrencyMode": "Parallel",
        "contentType": "CSV",
        "apiVersion": float(ctx.version),
        **({"contentUrl": f"services/data/v{ctx.version}/jobs/ingest/{id_}/batches"} if kind == "ingest" else {}),
        "lineEnding": info.get("lineEnding") or "LF",
        "columnDelimiter": info.get("columnDelimiter") or "COMMA",
    }
    job = Job(id=id_, kind=kind, info=whole_info)
    ctx.org.jobs[id_] = job
    return job


def guard_reading(org: Org) -> None:
    """Refuse bulk reads in maintenance mode, which queries survive [documentation]."""
    if org.settings.read_only:
        code = "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE"
        raise SalesforceError(code, "Bulk jobs can't be run during maintenance.")


def _find(ctx: Context, kind: str, id_: str) -> Job:
    job = ctx.org.jobs.get(normal_id(id_) or "")
    if not isinstance(job, Job) or job.kind != kind or _expired(ctx.org, job):
        raise not_found("The requested resource does not exist")
    return job


def _expired(org: Org, job: Job) -> bool:
    """Jobs and their results are kept for seven days [documentation]."""
    return org.clock.now() - parse_moment(job.info["createdDate"]) > LIFE


def _shown(job: Job) -> dict[str, Any]:
    failed = sum(outcome.error is not None for outcome in job.outcomes)
    done = len(job.outcomes) if job.kind == "ingest" else len(job.rows)
    return job.info | {
        "jobType": "V2Ingest" if job.kind == "ingest" else "V2Query",
        "retries": 0,
        "totalProcessingTime": 0,
        "apiActiveProcessingTime": 0,
        "apexProcessingTime": 0,
        "numberRecordsProcessed": done,
        **({"numberRecordsFailed": failed} if job.kind == "ingest" else {}),
    }


# --- ingest ---------------------------------------------------------------------------------------------------------


def create(ctx: Context, _params: Mapping[str, str]) -> Response:
    """POST jobs/ingest: a new job; as multipart it brings its data along and starts."""
    content_type = ctx.request.header("content-type")
    data: bytes | None = None
    if content_type.startswith("multipart/"):
        parts = multipart(content_type, ctx.request.body)
        info, data = json_object(parts.get("job", b"")), parts.get("content", b"")
    else:
        info = ctx.body()
    operation, name = str(info.get("operation", "")), str(info.get("object", ""))
    if operation not in OPERATIONS:
        raise _invalid(operation, "operation")
    _check_forms(info)
    sobject = ctx.org.objects.get(name.lower())
    if sobject is None or not ctx.access.to(sobject).read:
        raise SalesforceError("INVALIDJOB", f"InvalidJob : Unable to find object: {name}")
    if operation == "upsert":
        _check_key(sobject, str(info.get("externalIdFieldName") or ""))
    if operation == "hardDelete" and not ctx.access.may("BulkApiHardDelete"):
        raise SalesforceError(
            "FEATURENOTENABLED", "FeatureNotEnabled : hardDelete operation requires special user profile permission"
        )
    job = _new(ctx, "ingest", info | {"object": sobject.name})
    if data is not None:
        job.data = data
        return _start(ctx, job)
    return json_response(job.info)


def _check_forms(info: Mapping[str, Any]) -> None:
    """The file's properties, of which each has a default."""
    for name, known in _FORMS.items():
        if info.get(name) is not None and str(info[name]) not in known:
            raise _invalid(str(info[name]), name)


def _invalid(value: str, name: str) -> SalesforceError:
    return SalesforceError("API_ERROR", f"Invalid value: '{value}' supplied for property: '{name}'")


def _check_key(sobject: SObject, name: str) -> None:
    one = sobject.field(name)
    if one is None or not (one["externalId"] or one["idLookup"]):
        message = f"InvalidJob : Field name provided, {name} does not match an External ID for {sobject.name}"
        raise SalesforceError("INVALIDJOB", message)


def upload(ctx: Context, params: Mapping[str, str]) -> Response:
    """PUT jobs/ingest/{id}/batches: the data, once."""
    job = _find(ctx, "ingest", params["id"])
    if job.info["state"] != "Open" or job.data:
        message = (
            f"Found multiple contents for job: <{job.id}>, please 'Close' / 'Abort' / 'Delete' the current Job then create a new "
            "Job and make sure you only do 'PUT' once on a given Job."
        )
        raise SalesforceError("INVALIDJOBSTATE", message)
    job.data = ctx.request.body
    return Response(status=201)


def change(ctx: Context, params: Mapping[str, str]) -> Response:
    """PATCH jobs/ingest/{id}: UploadComplete starts the work, Aborted ends it."""
    job = _find(ctx, "ingest", params["id"])
    state = ctx.body().get("state")
    if state == "UploadComplete" and job.info["state"] == "Open":
        return _start(ctx, job)
    return _abort(ctx, job, state)


def _start(ctx: Context, job: Job) -> Response:
    """Carry out a job that has its data; the answer is of the moment before."""
    job.info["state"] = "UploadComplete"
    answer = dict(job.info)
    _process(ctx, job)
    return json_response(answer)


def _process(ctx: Context, job: Job) -> None:
    """Carry a job out at once; a client that polls sees it complete."""
    delimiter = DELIMITERS[job.info["columnDelimiter"]]
    job.header, rows = read_csv(job.data, delimiter)
    sobject, operation = ctx.org.sobject(job.info["object"]), job.info["operation"]
    key = str(job.info.get("externalIdFieldName", ""))
    try:
        _check_ending(job)
        check_columns(ctx.access, sobject, operation, job.header, key=key)
    except SalesforceError as refused:
        job.info["state"] = "Failed"
        job.info["errorMessage"] = f"{refused.code} : {refused.message}"
        return
    job.outcomes = carry_out(ctx.writer(), sobject, operation, rows, key=key)
    job.info["state"] = "JobComplete"
    job.info["systemModstamp"] = ctx.org.stamp()


def _check_ending(job: Job) -> None:
    """Refuse a file whose first line does not end as the job says that lines do [issue threads and forums]."""
    header, newline, _ = job.data.partition(b"\n")
    ending = "CRLF" if header.endswith(b"\r") else "LF"
    if newline and ending != job.info["lineEnding"]:
        message = f"LineEnding is invalid on user data. Current LineEnding setting is {job.info['lineEnding']}"
        raise SalesforceError("ClientInputError", message)


def results(ctx: Context, params: Mapping[str, str]) -> Response:
    """GET jobs/ingest/{id}/successfulResults, failedResults or unprocessedrecords."""
    job = _find(ctx, "ingest", params["id"])
    delimiter = DELIMITERS[job.info["columnDelimiter"]]
    header = job.header
    match params["which"].lower():
        case "successfulresults":
            good = [each for each in job.outcomes if each.error is None]
            head = ["sf__Id", "sf__Created"]
            lines = [[each.id, each.created, *_cells(job, each)] for each in good]
        case "failedresults":
            bad = [each for each in job.outcomes if each.error is not None]
            head = ["sf__Id", "sf__Error"]
            lines = [["", each.error_text, *_cells(job, each)] for each in bad]
        case "unprocessedrecords":
            head, lines = [], []
            if not job.outcomes and job.data:
                header, rows = read_csv(job.data, delimiter)
                lines = [list(row.values()) for row in rows]
        case _:
            raise not_found()
    return Response(headers={"Content-Type": "text/csv"}, body=write_csv([*head, *header], lines, delimiter))


def _cells(job: Job, outcome: Outcome) -> list[Any]:
    return [outcome.row.get(name) for name in job.header]


# --- query ----------------------------------------------------------------------------------------------------------


def create_query(ctx: Context, _params: Mapping[str, str]) -> Response:
    """POST jobs/query: runs at once."""
    info = ctx.body()
    operation = str(info.get("operation", "query"))
    if operation not in {"query", "queryAll"}:
        raise _invalid(operation, "operation")
    guard_reading(ctx.org)
    _check_forms(info)
    text, everything = str(info.get("query", "")), operation == "queryAll"
    try:
        found = run_bulk(ctx.org, ctx.access, text, version=ctx.version, all_rows=everything)
    except SalesforceError as refused:
        if refused.code == "FUNCTIONALITY_NOT_ENABLED":
            raise SalesforceError("API_ERROR", refused.message) from None
        raise
    job = _new(ctx, "query", info | {"operation": operation, "object": ctx.org.sobject(found.query.source).name})
    job.columns, job.rows = table(found, ctx.org)
    if float(ctx.version) < 50:  # before it columns stood in alphabetical order [documentation]
        order = sorted(range(len(job.columns)), key=job.columns.__getitem__)
        job.columns, job.rows = [job.columns[at] for at in order], [[row[at] for at in order] for row in job.rows]
    job.info["state"] = "UploadComplete"
    answer = dict(job.info)
    job.info["state"] = "JobComplete"
    return json_response(answer)


def query_results(ctx: Context, params: Mapping[str, str]) -> Response:
    """GET jobs/query/{id}/results?locator=..&maxRecords=..: the last page says Sforce-Locator: null."""
    job, start = _complete(ctx, params["id"])
    size = whole(ctx.request.parameter("maxRecords"), ctx.org.settings.bulk_page)
    if size < 1:
        raise _invalid(str(size), "maxRecords")
    lines = job.rows[start : start + size]
    end = start + len(lines)
    headers = {
        "Content-Type": "text/csv",
        "Sforce-Locator": "null" if end >= len(job.rows) else _locator(end),
        "Sforce-NumberOfRecords": str(len(lines)),
    }
    delimiter, ending = DELIMITERS[job.info["columnDelimiter"]], "\r\n" if job.info["lineEnding"] == "CRLF" else "\n"
    return Response(headers=headers, body=write_csv(job.columns, lines, delimiter, ending))


def result_pages(ctx: Context, params: Mapping[str, str]) -> Response:
    """GET jobs/query/{id}/resultPages?locator=..: where the next five pages are, to be read side by side."""
    if float(ctx.version) < 58:  # which brought it [documentation]
        raise not_found()
    job, start = _complete(ctx, params["id"])
    size = ctx.org.settings.bulk_page
    places = range(start, max(len(job.rows), 1), size)
    base = f"/services/data/v{ctx.version}/jobs/query/{job.id}"
    done = len(places) <= PARALLEL
    return json_response(
        {
            "resultPages": [{"resultUrl": f"{base}/results?locator={_locator(place)}"} for place in places[:PARALLEL]],
            "nextRecordsUrl": None if done else f"{base}/resultPages?locator={_locator(places[PARALLEL])}",
            "done": done,
        }
    )


def _complete(ctx: Context, id_: str) -> tuple[Job, int]:
    """A query job whose results are there for this version of the API, and the place that the request's locator names."""
    job = _find(ctx, "query", id_)
    if job.info["apiVersion"] != float(ctx.version):
        message = f"The job was created in API version {job.info['apiVersion']}; its results are read in the same one"
        raise SalesforceError("API_ERROR", message, status=409)
    if job.info["state"] != "JobComplete" or ctx.org.unfinished(job.id):
        raise SalesforceError("INVALIDJOBSTATE", "The results of a job are there when it is complete")
    locator = ctx.request.parameter("locator")
    return job, 0 if locator in {"", "null"} else _place(locator)


def _locator(place: int) -> str:
    return place.to_bytes(8, "big").hex()


def _place(locator: str) -> int:
    if not _LOCATOR.fullmatch(locator):
        raise _invalid(locator, "locator")
    return int(locator, 16)


# --- both -----------------------------------------------------------------------------------------------------------


def look(ctx: Context, params: Mapping[str, str]) -> Response:
    """GET jobs/{ingest or query}/{id}."""
    job = _find(ctx, params["kind"], params["id"])
    if job.info["state"] not in {"Open", "Aborted"} and ctx.org.pending(job.id):
        return json_response(_shown(job) | {"state": "InProgress", "numberRecordsProcessed": 0})
    return json_response(_shown(job))


def every(ctx: Context, params: Mapping[str, str]) -> Response:
    """GET jobs/{ingest or query}: all jobs of a kind."""
    found = [_shown(job) for job in ctx.org.jobs.values() if isinstance(job, Job) and job.kind == params["kind"]]
    return json_response({"done": True, "records": found, "nextRecordsUrl": None})


def remove(ctx: Context, params: Mapping[str, str]) -> Response:
    """DELETE jobs/{ingest or query}/{id}."""
    job = _find(ctx, params["kind"], params["id"])
    if job.info["state"] not in {"UploadComplete", "JobComplete", "Aborted", "Failed"}:
        raise SalesforceError("INVALIDJOBSTATE", f"A job in the state {job.info['state']} cannot be deleted")
    del ctx.org.jobs[job.id]
    return Response(status=204)


def abort_query(ctx: Context, params: Mapping[str, str]) -> Response:
    """PATCH jobs/query/{id}: only Aborted is possible."""
    return _abort(ctx, _find(ctx, "query", params["id"]), ctx.body().get("state"))


def _abort(ctx: Context, job: Job, state: object) -> Response:
    """End a job that is not done yet [documentation]; what it has written stays.

    Raises:
        SalesforceError: it is done, or another state is asked for.
    """
    if state != "Aborted":
        raise SalesforceError("INVALIDJOBSTATE", f"Job state cannot change from {job.info['state']} to {state}")
    if job.info["state"] != "Open" and not ctx.org.unfinished(job.id):
        raise SalesforceError("INVALIDJOBSTATE", "Aborting already Completed Job not allowed")
    job.info["state"] = "Aborted"
    return json_response(job.info)
