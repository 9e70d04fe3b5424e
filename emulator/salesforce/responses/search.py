"""SOSL: FIND in the simple form that clients use, and the parameterized search."""

import re
from collections.abc import Mapping
from typing import Any

from emulator.http import Response, json_response
from emulator.salesforce.context import Context, texts, whole
from emulator.salesforce.errors import SalesforceError
from emulator.salesforce.fields import TEXT_TYPES, SObject
from emulator.salesforce.soql.execute import run
from emulator.salesforce.terms import matcher

_FIND = re.compile(
    r"\s*FIND\s*\{(?P<term>(?:[^}\\]|\\.)*)\}(?:\s+IN\s+(?P<scope>ALL|NAME|EMAIL|PHONE|SIDEBAR)\s+FIELDS)?"
    r"(?:\s+RETURNING\s+(?P<returning>.+?))?(?:\s+LIMIT\s+(?P<limit>\d+))?\s*",
    re.IGNORECASE | re.DOTALL,
)
_RETURNED = re.compile(r"\s*(?P<name>\w+)\s*(?:\((?P<inside>(?:[^()]|\([^()]*\))*)\))?\s*(?:,|$)")
_CLAUSE = re.compile(r"\s+(?=(?:WHERE|ORDER\s+BY|LIMIT|OFFSET)\b)", re.IGNORECASE)
_WHERE = re.compile(r"WHERE\s+(.+?)(\s+(?:ORDER|LIMIT|OFFSET)\b.*)?$", re.IGNORECASE | re.DOTALL)
_SCOPES = {"NAME": {"name"}, "EMAIL": {"email"}, "PHONE": {"phone"}}
DEFAULT_LIMIT = 2_000
WRAPPED_FROM = 37
SEARCHED = ("Account", "Contact", "Lead", "Campaign", "Case", "Task")


def search(ctx: Context, _params: Mapping[str, str]) -> Response:
    """GET search?q=FIND {..} IN .. FIELDS RETURNING .."""
    found = find(ctx, ctx.request.parameter("q"))
    # Before version 37.0 the records came as they are [code: nforce].
    return json_response(found if float(ctx.version) < WRAPPED_FROM else {"searchRecords": found})


def find(ctx: Context, text: str) -> list[dict[str, Any]]:
    """The records that a SOSL statement finds.

    Raises:
        SalesforceError: it cannot be read, or names what the user does not see.
    """
    match = _FIND.fullmatch(text)
    if match is None:
        raise SalesforceError("MALFORMED_SEARCH", f"unexpected token in search: {text[:40]}")
    records: list[dict[str, Any]] = []
    for name, fields, where, rest in _returning(match["returning"]):
        sobject = _searchable(ctx, name)
        ids = _hits(ctx, sobject, match["term"], (match["scope"] or "ALL").upper())
        records += _printed(ctx, sobject, ids, fields, where, rest)
    return records[: int(match["limit"] or DEFAULT_LIMIT)]


def parameterized(ctx: Context, _params: Mapping[str, str]) -> Response:
    """GET or POST parameterizedSearch: the same by parameters, also of each object [documentation]."""
    if ctx.request.method == "POST":
        body = ctx.body()
        term, scope = str(body.get("q", "")), str(body.get("in", "ALL"))
        sobjects = body.get("sobjects", [])
        if not isinstance(sobjects, list) or not all(isinstance(each, dict) for each in sobjects):
            raise SalesforceError("INVALID_SEARCH", "sobjects has to be a list of objects")
        wanted = [
            {key: str(each.get(key, "")) for key in ("name", "where", "orderBy", "limit")}
            | {"fields": ",".join(texts(each, "fields"))}
            for each in sobjects
        ]
        common = ",".join(texts(body, "fields"))
        limit, most = (str(body.get(key, "")) for key in ("overallLimit", "defaultLimit"))
    else:
        term, scope = ctx.request.parameter("q"), ctx.request.parameter("in", "ALL")
        names = ctx.request.parameters().get("sobject", [])
        wanted = [
            {key: ctx.request.parameter(f"{name}.{key}") for key in ("fields", "where", "limit")} | {"name": name}
            for name in names
        ]
        common = ctx.request.parameter("fields")
        limit, most = map(ctx.request.parameter, ("overallLimit", "defaultLimit"))
    records: list[dict[str, Any]] = []
    for each in wanted or [{"name": name} for name in SEARCHED]:
        sobject = _searchable(ctx, each["name"])
        order = f"ORDER BY {each['orderBy']}" if each.get("orderBy") else ""
        rest = f"{order} LIMIT {whole(each.get('limit') or most, DEFAULT_LIMIT)}"
        ids = _hits(ctx, sobject, term, scope.upper())
        records += _printed(ctx, sobject, ids, each.get("fields") or common, each.get("where", ""), rest)
    return json_response({"searchRecords": records[: whole(limit, DEFAULT_LIMIT)]})


def _returning(text: str | None) -> list[tuple[str, str, str, str]]:
    """Object, fields, condition and further clauses of each part of RETURNING."""
    if not text:
        return [(name, "", "", "") for name in SEARCHED]
    parts: list[tuple[str, str, str, str]] = []
    position = 0
    while position < len(text):
        match = _RETURNED.match(text, position)
        if match is None or match.end() == position:
            raise SalesforceError("MALFORMED_SEARCH", f"unexpected token in RETURNING: {text[position:]}")
        fields, *rest = _CLAUSE.split(match["inside"] or "", maxsplit=1)
        condition = _WHERE.match(clauses := " ".join(rest))
        where, clauses = (condition[1], condition[2] or "") if condition is not None else ("", clauses)
        parts.append((match["name"], fields.strip(), where, clauses))
        position = match.end()
    return parts


def _searchable(ctx: Context, name: str) -> SObject:
    found = ctx.org.objects.get(name.lower())
    if found is None or not ctx.access.to(found).read or not found.header["searchable"]:
        raise SalesforceError("INVALID_TYPE", f"sObject type '{name}' is not supported.")
    return found


def _hits(ctx: Context, sobject: SObject, term: str, scope: str) -> list[str]:
    """Ids of the records whose texts hold what is looked for."""
    holds = matcher(term)
    kinds = _SCOPES.get(scope)
    names = [
        one.name
        for one in ctx.access.readable(sobject).values()
        if one.type in TEXT_TYPES and (kinds is None or one.type in kinds or (one["nameField"] and "name" in kinds))
    ]
    rows = ctx.org.table(sobject.name).rows.values()
    return [row["Id"] for row in rows if not row["IsDeleted"] and holds([str(row[name]) for name in names if name in row])]


def _printed(ctx: Context, sobject: SObject, ids: list[str], fields: str, where: str, rest: str) -> list[dict[str, Any]]:
    # Also where nothing was found the fields and clauses are looked at: no record has an empty id.
    listed = ",".join(f"'{each}'" for each in ids or [""])
    more = f" AND ({where})" if where else ""
    # Every part was read as SOQL text, and is carried out with the user's own permissions.
    statement = f"SELECT {fields or 'Id'} FROM {sobject.name} WHERE Id IN ({listed}){more} {rest}"  # noqa: S608
    found = run(ctx.org, ctx.access, statement, version=ctx.version)
    return [found.show(row) for row in found.rows]
