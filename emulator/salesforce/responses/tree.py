"""Records with their children in one request."""

from collections.abc import Iterator, Mapping
from typing import Any

from emulator.http import Response, json_response
from emulator.salesforce.context import Context
from emulator.salesforce.errors import SalesforceError
from emulator.salesforce.responses.composite import listed

MAX_TREE = 200


class _TreeError(Exception):
    """A tree has bad records."""

    def __init__(self, results: list[dict[str, Any]]) -> None:
        super().__init__(f"{len(results)} bad records")
        self.results = results


def tree(ctx: Context, params: Mapping[str, str]) -> Response:
    """POST composite/tree/{name}: new records with their children, all or none."""
    records = listed(ctx.body().get("records"), "records")
    made: list[dict[str, Any]] = []
    bad: list[dict[str, Any]] = []
    try:
        _check_planted(records)
        with ctx.org.transaction():
            _plant(ctx, params["name"], records, None, (made, bad))
            _check_tree(made, bad)
    except _TreeError as failed:
        return json_response({"hasErrors": True, "results": failed.results}, status=400)
    return json_response({"hasErrors": False, "results": made}, status=201)


def _check_planted(records: list[dict[str, Any]]) -> None:
    """Every record of a tree has a type, and a reference id of its own [issue threads]."""
    planted = list(_planted(records))
    names = [attributes.get("referenceId") for attributes in planted]
    if not all(names):
        raise SalesforceError("INVALID_INPUT", "Include a reference ID for each record in the request.")
    bad: dict[str, SalesforceError] = {}
    for name, attributes in zip(names, planted, strict=True):
        if names.count(name) > 1:
            bad[str(name)] = SalesforceError("INVALID_INPUT", "Duplicate ReferenceId provided in the request.")
        elif not attributes.get("type"):
            bad[str(name)] = SalesforceError("INVALID_INPUT", "Include an entity type for each record in the request.")
    if bad:
        raise _TreeError([{"referenceId": name, "errors": [refused.item()]} for name, refused in bad.items()])


def _planted(records: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The attributes of all records of a tree."""
    for record in records:
        found = record.get("attributes")
        yield found if isinstance(found, dict) else {}
        for each in record.values():
            if isinstance(each, dict) and "records" in each:
                yield from _planted(listed(each["records"], "records"))


def _check_tree(made: list[dict[str, Any]], bad: list[dict[str, Any]]) -> None:
    if bad:
        raise _TreeError(bad)
    if len(made) > MAX_TREE:
        raise SalesforceError("LIMIT_EXCEEDED", f"A tree may have at most {MAX_TREE} records")


def _plant(
    ctx: Context,
    name: str,
    records: list[dict[str, Any]],
    parent: tuple[str, str] | None,
    results: tuple[list[dict[str, Any]], list[dict[str, Any]]],
) -> None:
    sobject = ctx.org.sobject(name)
    made, bad = results
    for record in records:
        attributes = record.get("attributes")
        reference = attributes.get("referenceId") if isinstance(attributes, dict) else None
        children = {key: each for key, each in record.items() if isinstance(each, dict) and "records" in each}
        values = {key: each for key, each in record.items() if key not in children}
        if parent:
            values[parent[0]] = parent[1]
        try:
            id_ = ctx.writer().insert(sobject, values)
        except SalesforceError as refused:
            bad.append({"referenceId": reference, "errors": [refused.item()]})
            continue
        made.append({"referenceId": reference, "id": id_})
        for relationship, below in children.items():
            child = sobject.by_child.get(relationship.lower())
            if child is None:
                failure = SalesforceError("INVALID_FIELD", f"No such relationship '{relationship}' on {sobject.name}")
                bad.append({"referenceId": reference, "errors": [failure.item()]})
                continue
            _plant(ctx, child.sobject, listed(below["records"], "records"), (child.field, id_), results)
