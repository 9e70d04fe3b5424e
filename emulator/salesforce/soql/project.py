"""The select list turned into a function from a stored record to the object that is printed."""

from collections.abc import Callable
from typing import Any

from emulator.salesforce.errors import SalesforceError
from emulator.salesforce.fields import Child, Field
from emulator.salesforce.soql.aggregate import is_aggregate
from emulator.salesforce.soql.printing import Column, Framed, Getter, Made, Printing
from emulator.salesforce.soql.scope import Resolved, Scope
from emulator.salesforce.soql.tree import AllFields, Path, Query, Selected, TypeOf
from emulator.salesforce.table import Row

ChildQuery = Callable[[Child, Query], Getter]
"""How the records of a child relationship stand in the one that they belong to: a nested answer, or null."""


def projection(scope: Scope, query: Query, child: ChildQuery) -> Printing:
    """How the records of the query are printed: attributes first, then the selected fields in their order."""
    steps = _Steps(scope)
    for each in query.select:
        match each:
            case Selected():
                if each.alias is not None and isinstance(each.expression, Path):
                    message = "only aggregate expressions use field aliasing"
                    raise scope.source.invalid(each.expression.at, message, "MALFORMED_QUERY")
                steps.add(scope.resolve(each.expression), each.alias)
            case AllFields():
                for one in all_fields(scope, each):
                    steps.add_own(one)
            case TypeOf():
                steps.add_type_of(each)
            case Query():
                steps.add_child(each, child)
    return steps.printing()


def all_fields(scope: Scope, each: AllFields) -> list[Field]:
    """The fields that FIELDS() stands for: those that the user sees."""
    chosen = {"ALL": (True, False), "STANDARD": (False,), "CUSTOM": (True,)}.get(each.kind)
    if chosen is None:
        raise scope.source.invalid(each.at, f"Unknown FIELDS argument {each.kind}", "MALFORMED_QUERY")
    return [one for one in scope.source.access.readable(scope.sobject).values() if one["custom"] in chosen]


class _Steps:
    """Collects what to print; parents' fields end up together in one nested object per relationship.

    `names` are the columns, parents' fields as `Account.Name`.
    """

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        name = scope.sobject.name
        url = f"/services/data/v{scope.source.version}/sobjects/{name}/"
        self.columns: dict[str, Column] = {
            "attributes": Framed(
                f'{{"attributes":{{"type":"{name}","url":"{url}',
                '"}',
                lambda row: {"type": name, "url": url + row["Id"]},
            )
        }
        self.parents: dict[str, _Parent] = {}
        self.names: list[str] = []

    def add(self, resolved: Resolved, alias: str | None) -> None:
        name = resolved.names[0]
        self.names.append(".".join(resolved.names))
        if resolved.parent is None:
            name = self.names[-1] = alias or name
            if name in self.columns:
                raise SalesforceError("INVALID_FIELD", f"duplicate field selected: {name}")
            self.columns[name] = _column(name, resolved)
            return
        link, inner = resolved.parent
        if name not in self.parents:
            self.parents[name] = _Parent(self.scope, link)
            self.columns[name] = Made(name, self.parents[name].get, link.name)
        self.parents[name].add(inner)

    def add_own(self, one: Field) -> None:
        self.add(self.scope._own(self.scope.sobject, one), None)  # noqa: SLF001 - same package, no path to resolve

    def add_type_of(self, each: TypeOf) -> None:
        """What is printed of each kind of record; ELSE has the fields that any of them has [documentation]."""
        scope, org = self.scope, self.scope.source.org
        link = scope.sobject.by_relationship.get(each.field.parts[0].lower())
        if link is None or link.name.lower() not in scope.source.access.readable(scope.sobject):
            raise scope.source.invalid(each.field.at, f"unknown TYPEOF field {each.field.text}")
        relationship, key = str(link.relationship), link.name
        by_kind: dict[str, _Parent] = {}
        for name, paths in each.cases:
            case = by_kind[name.lower()] = _Parent(scope, link)
            # Objects that a reference may lead to are not all emulated; none of their records will be met.
            if (kind := org.objects.get(name.lower())) is not None:
                inside = Scope(source=scope.source, sobject=kind)
                for path in paths:
                    case.add(inside.resolve(path))
        otherwise = _Parent(scope, link)
        for path in each.otherwise:
            otherwise.add(scope.beyond(link, path))

        def get(row: Row) -> dict[str, Any] | None:
            kind = org.sobject_of(row.get(key, ""))
            return (by_kind.get(kind.name.lower(), otherwise) if kind else otherwise).get(row)

        self.columns[relationship] = Made(relationship, get, key)

    def add_child(self, query: Query, child: ChildQuery) -> None:
        if is_aggregate(query):
            message = "only root queries support aggregate expressions"
            raise self.scope.source.invalid(query.at, message, "MALFORMED_QUERY")
        known = self.scope.child(query)
        kind = self.scope.source.org.objects.get(known.sobject.lower()) if known is not None else None
        # A relationship is as much in sight as the reference that makes it [guess].
        if known is None or kind is None or known.field.lower() not in self.scope.source.access.readable(kind):
            message = (
                f"Didn't understand relationship '{query.source}' in FROM part of query call. If you are attempting to "
                "use a custom relationship, be sure to append the '__r' after the custom relationship name. Please "
                "reference your WSDL or the describe call for the appropriate names."
            )
            raise self.scope.source.invalid(query.source_at, message, "INVALID_TYPE")
        relationship = str(known.relationship)
        self.columns[relationship] = Made(relationship, child(known, query))

    def printing(self) -> Printing:
        return Printing(self.columns, tuple(self.names), self.scope.source.org.table(self.scope.sobject.name).sheets)


class _Parent:
    """What is printed of the record that a reference leads to, parents of its own included."""

    def __init__(self, scope: Scope, link: Field) -> None:
        self.scope = scope
        self.key = link.name
        self.getters: dict[str, Getter] = {}
        self.parents: dict[str, _Parent] = {}

    def add(self, resolved: Resolved) -> None:
        name = resolved.names[0]
        if resolved.parent is None:
            self.getters[name] = resolved.get
            return
        link, inner = resolved.parent
        if name not in self.parents:
            self.parents[name] = _Parent(self.scope, link)
            self.getters[name] = self.parents[name].get
        self.parents[name].add(inner)

    def get(self, row: Row) -> dict[str, Any] | None:
        """A nested object, or null when there is no such record."""
        org, id_ = self.scope.source.org, row.get(self.key, "")
        kind = org.sobject_of(id_)
        above = org.table(kind.name).rows.get(id_) if kind is not None else None
        if above is None or kind is None or self.scope.source.access.hides(kind, above):
            return None
        printed = attributes(self.scope, kind.name, above)
        for name, get in self.getters.items():
            printed[name] = get(above)
        return printed


def _column(key: str, resolved: Resolved) -> Column:
    if resolved.column is not None and key == resolved.names[-1]:
        return resolved.column
    return Made(key, resolved.get)


def attributes(scope: Scope, name: str, row: Row) -> dict[str, Any]:
    """The beginning of every printed record."""
    url = f"/services/data/v{scope.source.version}/sobjects/{name}/{row['Id']}"
    return {"attributes": {"type": name, "url": url}}
