"""What a query with `columns=true` answers: its select list described, as the tests of Salesforce's CLI recorded it."""

from collections.abc import Iterator
from typing import Any

from emulator.salesforce.context import Context
from emulator.salesforce.fields import NUMBER_TYPES
from emulator.salesforce.soql.aggregate import FUNCTIONS
from emulator.salesforce.soql.execute import Found
from emulator.salesforce.soql.project import all_fields
from emulator.salesforce.soql.scope import Resolved, Scope, Source
from emulator.salesforce.soql.tree import AllFields, Call, Path, Query, Selected, TypeOf

_APEX = {"id": "Id", "reference": "Id", "boolean": "Boolean", "date": "Date", "datetime": "Datetime", "time": "Time"}
_APEX |= {"int": "Integer", **dict.fromkeys(NUMBER_TYPES - {"int"}, "Double")}


def columns(ctx: Context, found: Found) -> dict[str, Any]:
    """The whole answer."""
    query = found.query
    scope = Scope.of(Source(org=ctx.org, access=ctx.access, text="", version=ctx.version), query)
    described = list(_described(scope, query))
    return {
        "columnMetadata": described,
        "entityName": scope.sobject.name,
        "groupBy": bool(query.group),
        "idSelected": any(each["columnName"] == "Id" for each in described),
        "keyPrefix": scope.sobject.prefix,
    }


def _described(scope: Scope, query: Query) -> Iterator[dict[str, Any]]:
    unnamed = 0
    for each in query.select:
        match each:
            case Selected(expression=Call() as call) if call.name in FUNCTIONS:
                name = each.alias or f"expr{unnamed}"
                unnamed += each.alias is None
                yield _sum(scope, call, name)
            case Selected():
                yield _read(scope.resolve(each.expression), each.alias)
            case AllFields():
                yield from (_read(scope.resolve(Path(parts=(one.name,), at=each.at))) for one in all_fields(scope, each))
            case TypeOf():
                yield _column(each.field.text)
            case Query():
                child = scope.child(each)
                assert child is not None  # noqa: S101 - the statement was carried out
                inner = Scope(source=scope.source, sobject=scope.source.org.sobject(child.sobject), aliases=each.aliases)
                below = list(_described(inner, each))
                yield _column(str(child.relationship)) | {"aggregate": True, "joinColumns": below}


def _read(known: Resolved, alias: str | None = None) -> dict[str, Any]:
    """A field; or a parent, with what is read of it."""
    if known.parent is not None:
        link, inner = known.parent
        return _column(known.names[0]) | {"foreignKeyName": link.name, "joinColumns": [_read(inner)]}
    one = known.field
    return _column(alias or known.names[-1]) | {
        "apexType": _APEX.get(known.type, "String"),
        "booleanType": known.type == "boolean",
        "custom": bool(one and one["custom"]),
        "insertable": bool(one and one["createable"]),
        "numberType": known.type in NUMBER_TYPES,
        "textType": known.type not in _APEX,
        "updatable": bool(one and one["updateable"]),
    }


def _sum(scope: Scope, call: Call, name: str) -> dict[str, Any]:
    """An aggregate: of what type its values are, and how it was written."""
    of = scope.resolve(call.arguments[0]) if call.arguments else None
    kind = of.type if of is not None and call.name in {"MIN", "MAX"} else "double"
    return _column(name) | {
        "aggregate": True,
        "displayName": f"{call.name.lower()}({'.'.join(of.names) if of is not None else ''})",
        "numberType": kind in NUMBER_TYPES,
        "textType": kind not in _APEX,
    }


def _column(name: str) -> dict[str, Any]:
    return {
        "aggregate": False,
        "apexType": None,
        "booleanType": False,
        "columnName": name,
        "custom": False,
        "displayName": name,
        "foreignKeyName": None,
        "insertable": False,
        "joinColumns": [],
        "numberType": False,
        "textType": False,
        "updatable": False,
    }
