"""Jobs, batches and their results in the forms of Bulk 1.0: XML, JSON and CSV."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

import orjson
from lxml import etree

from emulator.http import Response
from emulator.salesforce.bulk.rows import Outcome, write_csv
from emulator.salesforce.errors import SalesforceError
from emulator.salesforce.soap.envelope import element, local

NAMESPACE = "http://www.force.com/2009/06/asyncapi/dataload"


@dataclass(slots=True, kw_only=True)
class Batch:
    """One batch of a job."""

    id: str
    info: dict[str, Any]
    request: bytes
    outcomes: list[Outcome] = field(default_factory=list)
    header: list[str] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    rows: list[Any] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class ClassicJob:
    """One job. With a `chunk` its query is answered by one batch for so many ids of the whole table."""

    info: dict[str, Any]
    batches: dict[str, Batch] = field(default_factory=dict)
    chunk: int = 0

    @property
    def content(self) -> str:
        """CSV, XML or JSON (ZIP forms are not emulated)."""
        return str(self.info["contentType"])

    @property
    def is_query(self) -> bool:
        """Whether its batches are statements."""
        return str(self.info["operation"]) in {"query", "queryAll"}


def printed(name: str, body: dict[str, Any], *, as_json: bool, status: int = 200) -> Response:
    """A job, batch or error, in XML or JSON."""
    if as_json:
        return Response(status=status, headers={"Content-Type": "application/json"}, body=orjson.dumps(body))
    return xml(f'<{name} xmlns="{NAMESPACE}">{elements(body)}</{name}>', status=status)


def elements(body: dict[str, Any]) -> str:
    """What a job, batch or error says, in XML: without nulls, and moments end in Z [documentation]."""
    return "".join(element(name, value) for name, value in body.items() if value is not None)


def xml(text: str, *, status: int = 200) -> Response:
    """An answer in XML."""
    whole = f'<?xml version="1.0" encoding="UTF-8"?>{text}'
    return Response(status=status, headers={"Content-Type": "application/xml"}, body=whole.encode())


def plain(value: object) -> str:
    """A value as text: booleans in lower case."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def records(job: ClassicJob, batch: Batch) -> Response:
    """The records that a query batch found."""
    if job.content == "JSON":
        return Response(headers={"Content-Type": "application/json"}, body=orjson.dumps(batch.records))
    if job.content == "CSV":
        return Response(headers={"Content-Type": "text/csv"}, body=write_csv(batch.columns, batch.rows))
    records = "".join(
        '<records xsi:type="sObject">'
        f"<type>{job.info['object']}</type>"
        + "".join(
            f'<{name} xsi:nil="true"/>' if value is None else f"<{name}>{escape(plain(value))}</{name}>"
            for name, value in zip(batch.columns, row, strict=True)
        )
        + "</records>"
        for row in batch.rows
    )
    space = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    return xml(f'<queryResult xmlns="{NAMESPACE}" {space}>{records}</queryResult>')


def json_rows(data: bytes) -> tuple[list[str], list[dict[str, Any]]]:
    """The fields that the records of a batch in JSON name, and the records.

    Raises:
        SalesforceError: they cannot be read.
    """
    try:
        rows = orjson.loads(data)
    except ValueError as error:
        raise SalesforceError("INVALID_BATCH", f"Unable to parse JSON: {error}") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise SalesforceError("INVALID_BATCH", "Records have to be a list of objects")
    return _header(rows), rows


def _header(rows: list[dict[str, Any]]) -> list[str]:
    """What a table of these records would have for columns; what stands for a parent is no field."""
    return list(dict.fromkeys(name for row in rows for name, value in row.items() if not isinstance(value, dict)))


def xml_rows(data: bytes) -> tuple[list[str], list[dict[str, Any]]]:
    """The fields that the records of a batch in XML name, and the records.

    Raises:
        SalesforceError: they cannot be read.
    """
    try:
        root = etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError as error:
        raise SalesforceError("INVALID_BATCH", f"Unable to parse XML: {error}") from None
    rows = [_record(node) for node in root.iterchildren("*")]
    return _header(rows), rows


def _record(node: etree._Element) -> dict[str, Any]:
    """A record; where a field holds one of its own, that names a parent by its external id [documentation]."""
    row: dict[str, Any] = {}
    for child in node.iterchildren("*"):
        parent = child.find("{*}sObject")
        if parent is not None:
            row[local(child)] = _record(parent)
        else:
            nil = any(str(name).endswith("}nil") for name in child.attrib)
            row[local(child)] = None if nil else (child.text or "")
    return row


def _csv_outcomes(batch: Batch) -> Response:
    lines = [[each.id, each.error is None, each.created, each.error_text] for each in batch.outcomes]
    return Response(headers={"Content-Type": "text/csv"}, body=write_csv(["Id", "Success", "Created", "Error"], lines))


def _json_outcomes(batch: Batch) -> Response:
    body = [
        {
            "success": each.error is None,
            "created": each.created,
            "id": each.id or None,
            "errors": [{**each.error.item(), "extendedErrorDetails": None}] if each.error else [],
        }
        for each in batch.outcomes
    ]
    return Response(headers={"Content-Type": "application/json"}, body=orjson.dumps(body))


def _xml_outcomes(batch: Batch) -> Response:
    parts = []
    for each in batch.outcomes:
        errors = ""
        if each.error:
            fields = "".join(f"<fields>{escape(name)}</fields>" for name in each.error.fields or ())
            text = f"<message>{escape(each.error.message)}</message><statusCode>{each.error.code}</statusCode>"
            errors = f"<errors>{fields}{text}</errors>"
        known = f"<id>{each.id}</id>" if each.id else ""
        flags = f"<success>{plain(each.error is None)}</success><created>{plain(each.created)}</created>"
        parts.append(f"<result>{errors}{known}{flags}</result>")
    return xml(f'<results xmlns="{NAMESPACE}">{"".join(parts)}</results>')


_WRITERS: dict[str, Callable[[Batch], Response]] = {"CSV": _csv_outcomes, "JSON": _json_outcomes}


def outcomes(job: ClassicJob, batch: Batch) -> Response:
    """What became of each record of a batch."""
    return _WRITERS.get(job.content, _xml_outcomes)(batch)
