"""Records of a bulk job: tables of text in, outcomes out."""

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from emulator.salesforce import recycling
from emulator.salesforce.access import Access
from emulator.salesforce.errors import SalesforceError
from emulator.salesforce.fields import SObject
from emulator.salesforce.ids import normal_id
from emulator.salesforce.org import Org
from emulator.salesforce.recycling import empty_bin
from emulator.salesforce.soql.execute import Found
from emulator.salesforce.values import coerce, parse_moment
from emulator.salesforce.writing import MultipleChoicesError, Writer, external_field

NULL = "#N/A"
DELIMITERS = {"COMMA": ",", "TAB": "\t", "SEMICOLON": ";", "PIPE": "|", "CARET": "^", "BACKQUOTE": "`"}
OPERATIONS = frozenset({"insert", "update", "upsert", "delete", "hardDelete"})
CHUNK = 200
"""So many records of a job are saved together [documentation]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one row."""

    row: dict[str, Any]
    id: str = ""
    created: bool = False
    error: SalesforceError | None = None

    @property
    def error_text(self) -> str:
        """The error as bulk results print it: code, message, fields."""
        if self.error is None:
            return ""
        return f"{self.error.code}:{self.error.message}:{' '.join(self.error.fields or ())} --"


def read_csv(data: bytes, delimiter: str = ",") -> tuple[list[str], list[dict[str, Any]]]:
    """Header and rows of an uploaded file; a cell that is empty says nothing, #N/A says null."""
    text = data.decode("utf-8-sig", "replace")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    header = [name.strip() for name in next(reader, [])]
    return header, [dict(zip(header, cells, strict=False)) for cells in reader if cells]


def write_csv(header: Iterable[str], rows: Iterable[Iterable[object]], delimiter: str = ",", ending: str = "\n") -> bytes:
    """A result file: every cell quoted, null as nothing."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator=ending)
    writer.writerow(list(header))
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    return buffer.getvalue().encode()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def values_of(row: dict[str, Any], *, text: bool) -> dict[str, Any]:
    """The values of a row for a writer: `Account.Ext__c` columns become references by external id.

    `text` says that the row is of a CSV file, where an empty cell leaves the field alone.
    """
    values: dict[str, Any] = {}
    for name, value in row.items():
        if text and value == "":
            continue
        given = None if value == NULL else value
        relationship, dot, field = name.partition(".")
        if not dot:
            values[name] = given
            continue
        kind, colon, relationship_name = relationship.partition(":")
        reference: dict[str, Any] = {field: given}
        if colon:
            reference["attributes"] = {"type": kind}
        values[relationship_name if colon else relationship] = None if given is None else reference
    return values


def check_columns(access: Access, sobject: SObject, operation: str, columns: Iterable[str], *, key: str = "") -> None:
    """Refuse records as a whole that name a field that is not there, or none of the field that the operation goes by.

    Sources: jsforce#688, ForceCLI/force#413; for the latter heroku/salesforce-bulk#101.

    Raises:
        SalesforceError: so it is with a column.
    """
    named = list(columns)
    wrong = [text for name in named if (text := _wrong(access, sobject, name))]
    wanted = {"insert": "", "upsert": key}.get(operation, "Id")
    if wanted and wanted.lower() not in map(str.lower, named):
        wrong.append(f"Field name not found : {wanted}")
    if wrong:
        raise SalesforceError("InvalidBatch", wrong[0])


def _wrong(access: Access, sobject: SObject, column: str) -> str:
    """What is wrong with a column, if anything is; parents' columns as a team tried them out [issue threads and forums]."""
    relationship, dot, _ = column.partition(".")
    known = access.readable(sobject)
    if not dot:
        return "" if column.lower() in known else f"Field name not found : {column}"
    _, colon, name = relationship.rpartition(":")
    one = sobject.by_relationship.get(name.lower())
    if one is None or one.name.lower() not in known:
        return f"Unable to find relationship: {name}"
    return f"type is not needed for non polymorphic foreign key references: {name}" if colon and len(one.references) == 1 else ""


def carry_out(
    writer: Writer, sobject: SObject, operation: str, rows: Iterable[dict[str, Any]], *, key: str = "", text: bool = True
) -> list[Outcome]:
    """Carry out one operation for every row, chunk by chunk; each has its own outcome."""
    given, outcomes = list(rows), list[Outcome]()
    by_key = operation == "upsert" and key.lower() != "id"
    for start in range(0, len(given), CHUNK):
        chunk = given[start : start + CHUNK]
        keys = [_key_of(writer, sobject, key, row, text=text) if by_key else None for row in chunk]
        often = Counter(keys)
        for row, found in zip(chunk, keys, strict=True):
            if found is not None and often[found] > 1:
                # None of them is saved; those of other chunks are [help of a vendor of data loads, for the text: code].
                error = SalesforceError("DUPLICATE_VALUE", f"Duplicate external id specified: {found}", fields=(key,))
                outcomes.append(Outcome(row=row, error=error))
            else:
                outcomes.append(_one(writer, sobject, operation, row, key=key, text=text))
    return outcomes


def _key_of(writer: Writer, sobject: SObject, key: str, row: dict[str, Any], *, text: bool) -> object:
    """The external id of a row as it is compared; None where there is none, or none that fits."""
    try:
        one = external_field(writer.access, sobject, key)
        kept = coerce(one, _named(values_of(row, text=text), key))
    except SalesforceError:
        return None
    return kept.lower() if isinstance(kept, str) and not one["caseSensitive"] else kept


def _named(values: dict[str, Any], name: str) -> object:
    return next((value for each, value in values.items() if each.lower() == name.lower()), None)


def _one(writer: Writer, sobject: SObject, operation: str, row: dict[str, Any], *, key: str, text: bool) -> Outcome:
    values = values_of(row, text=text)
    id_name = next((name for name in values if name.lower() == "id"), "Id")
    try:
        with writer.org.transaction():
            if operation == "insert":
                return Outcome(row=row, id=writer.insert(sobject, values), created=True)
            if operation == "upsert" and key.lower() != "id":
                name = next((each for each in values if each.lower() == key.lower()), key)
                id_, created = writer.upsert(sobject, key, _needed(values.pop(name, None), key), values)
                return Outcome(row=row, id=id_, created=created)
            id_ = str(values.pop(id_name, "") or "")
            return Outcome(row=row, id=_by_id(writer, sobject, operation, id_, values), created=operation == "upsert" and not id_)
    except SalesforceError as refused:
        return Outcome(row=row, error=refused)
    except MultipleChoicesError as several:
        return Outcome(row=row, error=SalesforceError("DUPLICATE_EXTERNAL_ID", str(several), fields=()))


def _needed(given: object, key: str) -> object:
    if given is None:
        raise SalesforceError("MISSING_ARGUMENT", f"{key} not specified", fields=())
    return given


def _by_id(writer: Writer, sobject: SObject, operation: str, id_: str, values: dict[str, Any]) -> str:
    if operation == "upsert" and not id_:
        return writer.insert(sobject, values)
    if not id_:
        raise SalesforceError("MISSING_ARGUMENT", f"Id not specified in {operation} call", fields=())
    if operation in {"delete", "hardDelete"}:
        recycling.delete(writer, sobject, id_)
        if operation == "hardDelete":
            empty_bin(writer.org, [id_])
    else:
        writer.update(sobject, id_, values)
    return str(normal_id(id_))


def table(found: Found, org: Org | None = None) -> tuple[list[str], list[list[Any]]]:
    """A query's answer as a table: parents' fields become `Account.Name` columns; with an organisation moments end in Z."""
    printed = map(found.show, found.rows)
    flat = [_flat(each if org is None else _retold(org, each, _IN_CSV)) for each in printed]
    return list(found.names), [[each.get(name) for name in found.names] for each in flat]


def in_milliseconds(org: Org, printed: dict[str, Any]) -> dict[str, Any]:
    """A record as Bulk 1.0 prints it in JSON: dates and moments are milliseconds since 1970 [code: dlt's source]."""
    return _retold(org, printed, _IN_JSON)


def _milliseconds(text: str) -> int:
    return int(parse_moment(text).timestamp() * 1000)


_IN_JSON: dict[str, Callable[[str], object]] = {"date": _milliseconds, "datetime": _milliseconds}
_IN_CSV: dict[str, Callable[[str], object]] = {"datetime": lambda text: text.replace("+0000", "Z")}


def _retold(org: Org, printed: dict[str, Any], ways: Mapping[str, Callable[[str], object]]) -> dict[str, Any]:
    """A record and its parents with the values of some types in other words."""
    kind = org.objects.get(str(printed.get("attributes", {}).get("type", "")).lower())
    made: dict[str, Any] = {}
    for name, value in printed.items():
        one = kind.field(name) if kind else None
        if isinstance(value, dict) and "attributes" in value:
            made[name] = _retold(org, value, ways)
        elif one is not None and one.type in ways and isinstance(value, str):
            made[name] = ways[one.type](value)
        else:
            made[name] = value
    return made


def _flat(printed: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in printed.items():
        if name == "attributes":
            continue
        if isinstance(value, dict) and "attributes" in value:
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat
