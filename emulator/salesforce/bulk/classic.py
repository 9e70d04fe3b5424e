"""Bulk 1.0 under /services/async/{version}: jobs and batches in XML, JSON and CSV.

Its own manners: the session is in X-SFDC-Session, errors are exceptionCode and exceptionMessage, and the replies to a
CSV job are XML.
"""

import re
from dataclasses import replace
from typing import Any

import orjson
from lxml import etree

from emulator.http import Request, Response
from emulator.salesforce.access import Access
from emulator.salesforce.bulk import forms
from emulator.salesforce.bulk.forms import Batch, ClassicJob
from emulator.salesforce.bulk.jobs import guard_reading
from emulator.salesforce.bulk.rows import OPERATIONS, carry_out, check_columns, in_milliseconds, read_csv, table
from emulator.salesforce.bulk.statements import run_bulk
from emulator.salesforce.context import admit
from emulator.salesforce.errors import SalesforceError
from emulator.salesforce.ids import make_id, normal_id
from emulator.salesforce.org import Org
from emulator.salesforce.soap.envelope import local
from emulator.salesforce.soql.execute import Found
from emulator.salesforce.writing import Options, Writer

_OPERATIONS = OPERATIONS | {"query", "queryAll", "harddelete"}
_VERSION = re.compile(r"[0-9]+\.0")
MAX_CHUNK, DEFAULT_CHUNK = 250_000, 100_000


def _chunk(header: str) -> int:
    """What Sforce-Enable-PKChunking asks for: ids a batch, 0 for no chunks [documentation]."""
    if header.strip().lower() in {"", "false"}:
        return 0
    match = re.search(r"chunkSize\s*=\s*(\d+)", header, re.IGNORECASE)
    return max(1, min(int(match[1]), MAX_CHUNK)) if match else DEFAULT_CHUNK


class BulkError(Exception):
    """A refusal in this API's own form."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def handle(org: Org, request: Request, version: str, rest: list[str]) -> Response:
    """One request below /services/async/{version}."""
    wants_json = "json" in request.header("content-type") or "json" in request.header("accept")
    try:
        session = org.session(request.header("x-sfdc-session"))
        if session is None:
            return _refused(BulkError("InvalidSessionId", "Invalid session id"), wants_json=wants_json)
        admit(org)
        return _Calls(org, org.access(session.user_id), request, _known(org, version)).route(rest)
    except BulkError as refused:
        return _refused(refused, wants_json=wants_json)
    except SalesforceError as refused:
        code = "ExceededQuota" if refused.code == "REQUEST_LIMIT_EXCEEDED" else "InvalidBatch"
        return _refused(BulkError(code, refused.message), wants_json=wants_json)


def _known(org: Org, version: str) -> str:
    """A version of the API that the organisation has; one that is retired is an InvalidVersion [documentation]."""
    if not _VERSION.fullmatch(version) or not org.settings.oldest_version <= float(version) <= org.settings.newest_version:
        raise BulkError("InvalidVersion", f"Api version {version} is not supported")
    return f"{float(version):.1f}"


def _refused(error: BulkError, *, wants_json: bool) -> Response:
    body = {"exceptionCode": error.code, "exceptionMessage": error.message}
    return forms.printed("error", body, as_json=wants_json, status=400)


class _Calls:
    def __init__(self, org: Org, access: Access, request: Request, version: str) -> None:
        self.org = org
        self.access = access
        self.request = request
        self.version = version

    def route(self, rest: list[str]) -> Response:
        match rest:
            case ["job"] if self.request.method == "POST":
                return self.create()
            case ["job", job]:
                found = self.find(job)
                return self.job_info(found) if self.request.method == "GET" else self.change(found)
            case ["job", job, "batch"]:
                found = self.find(job)
                return self.batches(found) if self.request.method == "GET" else self.add_batch(found)
            case ["job", job, "batch", batch, *what]:
                found = self.find(job)
                return self.of_batch(found, self.batch(found, batch), what)
            case _:
                raise BulkError("InvalidUrl", f"There is nothing at {'/'.join(rest)}")

    def of_batch(self, job: ClassicJob, batch: Batch, what: list[str]) -> Response:
        """What a batch has to show: itself, its request, its results."""
        match what:
            case []:
                return self.batch_info(job, batch)
            case ["request"]:
                return Response(body=batch.request)
            case ["result"]:
                return self.result(job, batch)
            case ["result", _]:
                return forms.records(job, batch)
            case _:
                raise BulkError("InvalidUrl", f"A batch has no {'/'.join(what)}")

    def find(self, id_: str) -> ClassicJob:
        job = self.org.jobs.get(normal_id(id_) or "")
        if not isinstance(job, ClassicJob):
            raise BulkError("InvalidJob", "Unable to find object for job")
        return job

    @staticmethod
    def batch(job: ClassicJob, id_: str) -> Batch:
        found = job.batches.get(normal_id(id_) or "")
        if found is None:
            raise BulkError("InvalidBatch", "Unable to find batch for id")
        return found

    # --- jobs -----------------------------------------------------------------------------------------------------

    def create(self) -> Response:
        given = self.read_body()
        operation = str(given.get("operation", ""))
        sobject = self.org.objects.get(str(given.get("object", "")).lower())
        if sobject is None or not self.access.to(sobject).read:
            raise BulkError("InvalidJob", f"Unable to find object: {given.get('object')}")
        if operation not in _OPERATIONS:
            raise BulkError("InvalidJob", f"Unknown operation: {operation}")
        if operation == "upsert" and not given.get("externalIdFieldName"):
            message = f"External ID was blank for {sobject.name}. An External ID must be specified for upsert."
            raise BulkError("InvalidJob", message)
        if operation.lower() == "harddelete" and not self.access.may("BulkApiHardDelete"):
            raise BulkError("FeatureNotEnabled", "hardDelete operation requires special user profile permission")
        now = self.org.stamp()
        number = self.org.bulk_numbers["job"] = self.org.bulk_numbers.get("job", 0) + 1
        info = {
            "id": make_id("750", number),
            "operation": operation,
            "object": sobject.name,
            "createdById": self.access.user_id,
            "createdDate": now,
            "systemModstamp": now,
            "state": "Open",
            "externalIdFieldName": given.get("externalIdFieldName"),
            "concurrencyMode": given.get("concurrencyMode", "Parallel"),
            "contentType": given.get("contentType", "XML"),
            "numberBatchesQueued": 0,
            "numberBatchesInProgress": 0,
            "numberBatchesCompleted": 0,
            "numberBatchesFailed": 0,
            "numberBatchesTotal": 0,
            "numberRecordsProcessed": 0,
            "numberRetries": 0,
            "apiVersion": float(self.version),
            "numberRecordsFailed": 0,
            "totalProcessingTime": 0,
            "apiActiveProcessingTime": 0,
            "apexProcessingTime": 0,
        }
        job = ClassicJob(info=info, chunk=_chunk(self.request.header("sforce-enable-pkchunking")))
        self.org.jobs[info["id"]] = job
        return self.job_info(job, status=201)

    def read_body(self) -> dict[str, Any]:
        if "json" in self.request.header("content-type"):
            try:
                found = orjson.loads(self.request.body)
            except ValueError as error:
                raise BulkError("InvalidJob", str(error)) from None
            if not isinstance(found, dict):
                raise BulkError("InvalidJob", "Unable to parse Job")
            return found
        try:
            root = etree.fromstring(self.request.body, etree.XMLParser(resolve_entities=False, no_network=True))
        except etree.XMLSyntaxError as error:
            raise BulkError("InvalidJob", str(error)) from None
        return {local(node): (node.text or "").strip() for node in root.iterchildren("*")}

    def job_info(self, job: ClassicJob, *, status: int = 200) -> Response:
        # A job is answered in the form in which it was asked for; batches in the form of the job's content.
        asked = self.request.header("content-type")
        as_json = "json" in asked if "json" in asked or "xml" in asked else job.content == "JSON"
        return forms.printed("jobInfo", job.info, as_json=as_json, status=status)

    def change(self, job: ClassicJob) -> Response:
        state = self.read_body().get("state")
        if state not in {"Closed", "Aborted"}:
            raise BulkError("InvalidJobState", f"Invalid job state: {state}")
        job.info["state"] = state
        return self.job_info(job)

    # --- batches --------------------------------------------------------------------------------------------------

    def add_batch(self, job: ClassicJob) -> Response:
        if job.info["state"] != "Open":
            raise BulkError("InvalidJobState", "BatchInfo can only be added to an open job")
        batch = self.new_batch(job, self.request.body)
        queued = dict(batch.info)
        self.process(job, batch)
        return forms.printed("batchInfo", queued, as_json=job.content == "JSON", status=201)

    def new_batch(self, job: ClassicJob, body: bytes) -> Batch:
        number = self.org.bulk_numbers["batch"] = self.org.bulk_numbers.get("batch", 0) + 1
        now = self.org.stamp()
        info = {
            "id": make_id("751", number),
            "jobId": job.info["id"],
            "state": "Queued",
            "stateMessage": None,
            "createdDate": now,
            "systemModstamp": now,
            "numberRecordsProcessed": 0,
            "numberRecordsFailed": 0,
            "totalProcessingTime": 0,
            "apiActiveProcessingTime": 0,
            "apexProcessingTime": 0,
        }
        batch = Batch(id=str(info["id"]), info=info, request=body)
        job.batches[batch.id] = batch
        return batch

    def process(self, job: ClassicJob, batch: Batch) -> None:
        """Carry a batch out at once; a client that polls sees it complete."""
        try:
            if job.is_query and job.chunk:
                self.split(job, batch)
                return
            if job.is_query:
                self.keep(batch, self.found(job, batch))
            else:
                self.write(job, batch)
            batch.info["state"] = "Completed"
        except SalesforceError as refused:
            batch.info["state"] = "Failed"
            batch.info["stateMessage"] = f"InvalidBatch : {refused.message}"
        self.count(job, batch)

    @staticmethod
    def count(job: ClassicJob, batch: Batch) -> None:
        failed = sum(outcome.error is not None for outcome in batch.outcomes)
        batch.info["numberRecordsProcessed"] = len(batch.outcomes) or len(batch.rows)
        batch.info["numberRecordsFailed"] = failed
        done = "numberBatchesFailed" if batch.info["state"] == "Failed" else "numberBatchesCompleted"
        for name, more in (("numberBatchesTotal", 1), (done, 1), ("numberRecordsFailed", failed)):
            job.info[name] += more
        job.info["numberRecordsProcessed"] += batch.info["numberRecordsProcessed"]

    def found(self, job: ClassicJob, batch: Batch) -> Found:
        guard_reading(self.org)
        text = batch.request.decode("utf-8", "replace").strip()
        everything = job.info["operation"] == "queryAll"
        try:
            return run_bulk(self.org, self.access, text, version=self.version, all_rows=everything, about=job.info["object"])
        except SalesforceError as refused:
            raise SalesforceError(refused.code, f"Failed to process query: {refused.code}: {refused.message}") from None

    def keep(self, batch: Batch, found: Found) -> None:
        batch.columns, batch.rows = table(found)
        batch.records = [in_milliseconds(self.org, found.show(row)) for row in found.rows]

    def split(self, job: ClassicJob, batch: Batch) -> None:
        """PK chunking: the batch itself is not processed; one more answers for each chunk of the table [documentation]."""
        found = self.found(job, batch)
        ids = sorted(self.org.table(job.info["object"]).rows)
        for start in range(0, len(ids), job.chunk):
            low, high = ids[start], ids[min(start + job.chunk, len(ids)) - 1]
            part = self.new_batch(job, batch.request)
            self.keep(part, replace(found, rows=[row for row in found.rows if low <= row["Id"] <= high]))
            part.info["state"] = "Completed"
            self.count(job, part)
        batch.info["state"] = "NotProcessed"
        job.info["numberBatchesTotal"] += 1

    def write(self, job: ClassicJob, batch: Batch) -> None:
        sobject = self.org.sobject(job.info["object"])
        match job.content:
            case "CSV":
                batch.header, rows = read_csv(batch.request)
            case "JSON":
                batch.header, rows = forms.json_rows(batch.request)
            case _:
                batch.header, rows = forms.xml_rows(batch.request)
        operation = {"harddelete": "hardDelete"}.get(job.info["operation"].lower(), job.info["operation"])
        key = str(job.info.get("externalIdFieldName") or "")
        check_columns(self.access, sobject, operation, batch.header, key=key)
        writer = Writer(self.org, self.access, Options(version=float(self.version)))
        batch.outcomes = carry_out(writer, sobject, operation, rows, key=key, text=job.content == "CSV")

    def batches(self, job: ClassicJob) -> Response:
        infos = [self.state_of(batch) for batch in job.batches.values()]
        if job.content == "JSON":
            return forms.printed("", {"batchInfo": infos}, as_json=True)
        inner = "".join(f"<batchInfo>{forms.elements(info)}</batchInfo>" for info in infos)
        return forms.xml(f'<batchInfoList xmlns="{forms.NAMESPACE}">{inner}</batchInfoList>')

    def state_of(self, batch: Batch) -> dict[str, Any]:
        """What a batch says of itself: that it is not done yet, as often as the organisation's settings want."""
        if self.org.pending(batch.id):
            return {**batch.info, "state": "InProgress", "numberRecordsProcessed": 0, "numberRecordsFailed": 0}
        return batch.info

    def batch_info(self, job: ClassicJob, batch: Batch) -> Response:
        return forms.printed("batchInfo", self.state_of(batch), as_json=job.content == "JSON")

    # --- results --------------------------------------------------------------------------------------------------

    def result(self, job: ClassicJob, batch: Batch) -> Response:
        if batch.info["state"] == "Failed":
            # What was wrong the batch itself tells [issue threads: simple-salesforce#366, #540, #664].
            raise BulkError("InvalidBatch", "Records not processed")
        if job.is_query:
            result_id = make_id("752", int.from_bytes(batch.id[-9:-3].encode(), "big") % 10**9)
            if job.content == "JSON":
                return Response(headers={"Content-Type": "application/json"}, body=orjson.dumps([result_id]))
            return forms.xml(f'<result-list xmlns="{forms.NAMESPACE}"><result>{result_id}</result></result-list>')
        return forms.outcomes(job, batch)
