"""The select list turned into a function from a stored record to the object that is printed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from emulator.salesforce.errors import SalesforceError
from emulator.salesforce.fields import Field
from emulator.salesforce.soql.aggregate import is_aggregate
from emulator.salesforce.soql.printing import Printing
from emulator.salesforce.soql.scope import Getter, Resolved, Scope
from emulator.salesforce.soql.tree import AllFields, Path, Query, Selected, TypeOf
from emulator.salesforce.table import Row

Projection = Callable[[Row], dict[str, Any]]
ChildQuery = Callable[[Query, Row], dict[str, Any] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """How a record of a query is printed: as an object, and where that is quicker as a text that is remembered.

    `names` are the columns, parents' fields as `Account.Name`.
    """

    show: Projection
    names: tuple[str, ...]
    printing: Printing | None = None


def projection(scope: Scope, query: Query, child: ChildQuery) -> Printed:
    """How a record of the query is printed: attributes first, then the selected fields in their order."""
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
    return steps.printed()


def all_fields(scope: Scope, each: AllFields) -> list[Field]:
    """The fields that FIELDS() stands for: those that the user sees."""
    chosen = {"ALL": (True, False), "STANDARD": (False,), "CUSTOM": (True,)}.get(each.kind)
    if chosen is None:
        raise scope.source.invalid(each.at, f"Unknown FIELDS argument {each.kind}", "MALFORMED_QUERY")
    return [one for one in scope.source.access.readable(scope.sobject).values() if one["custom"] in chosen]


class _Steps:
    """Collects what to print; parents' fields end up together in one nested object per relationship."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.getters: dict[str, Getter] = {}
        self.parents: dict[str, dict[tuple[str, ...], Getter]] = {}
        self.names: list[str] = []
        self.plain: dict[str, bool] = {}

    def add(self, resolved: Resolved, alias: str | None) -> None:
        if len(resolved.names) == 1:
            name = alias or resolved.names[0]
            if name in self.getters:
                raise SalesforceError("INVALID_FIELD", f"duplicate field selected: {name}")
            self.getters[name] = resolved.get
            self.names.append(name)
            if resolved.own == name:
                self.plain[name] = resolved.type == "boolean"
            return
        self.names.append(".".join(resolved.names))
        self.parents.setdefault(resolved.names[0], {})[resolved.names[1:]] = resolved.get
        self.getters.setdefault(resolved.names[0], _nothing)

    def add_own(self, one: Field) -> None:
        self.add(self.scope._own(self.scope.sobject, one), None)  # noqa: SLF001 - same package, no path to resolve

    def add_type_of(self, each: TypeOf) -> None:
        scope, org = self.scope, self.scope.source.org
        link = scope.sobject.by_relationship.get(each.field.parts[0].lower())
        if link is None:
            raise scope.source.invalid(each.field.at, f"unknown TYPEOF field {each.field.text}")
        by_kind = {kind.lower(): [path.parts for path in paths] for kind, paths in each.cases}
        otherwise = [path.parts for path in each.otherwise]
        key = link.name

        def get(row: Row) -> dict[str, Any] | None:
            above = org.record(row.get(key))
            kind = org.sobject_of(row[key]) if above is not None else None
            if above is None or kind is None:
                return None
            printed = attributes(scope, kind.name, above)
            for parts in by_kind.get(kind.name.lower(), otherwise):
                one = kind.field(parts[0])
                if one is not None:
                    printed[one.name] = above.get(one.name)
            return printed

        self.getters[str(link.relationship)] = get

    def add_child(self, query: Query, child: ChildQuery) -> None:
        if is_aggregate(query):
            message = "only root queries support aggregate expressions"
            raise self.scope.source.invalid(query.at, message, "MALFORMED_QUERY")
        known = self.scope.sobject.by_child.get(query.source.lower())
        if known is None or known.sobject.lower() not in self.scope.source.org.objects:
            message = (
                f"Didn't understand relationship '{query.source}' in FROM part of query call. If you are attempting to "
                "use a custom relationship, be sure to append the '__r' after the custom relationship name. Please "
                "reference your WSDL or the describe call for the appropriate names."
            )
            raise self.scope.source.invalid(query.source_at, message, "INVALID_TYPE")
        self.getters[str(known.relationship)] = lambda row: child(query, row)

    def printed(self) -> Printed:
        if len(self.plain) == len(self.getters):
            show = self._plain()
            printing = _printing(self.scope, tuple(self.names)) if len(self.names) > FEW else None
            return Printed(show=show, names=tuple(self.names), printing=printing)
        return Printed(show=self._mixed(), names=tuple(self.names))

    def _plain(self) -> Projection:
        """Only fields of the record itself: the quick way, since most large reads are of this kind."""
        name = self.scope.sobject.name
        prefix = f"/services/data/v{self.scope.source.version}/sobjects/{name}/"
        names = tuple(self.plain)
        flags = [key for key, is_flag in self.plain.items() if is_flag]

        # A copy of a whole record is filled quicker than an empty one grows.
        blank: dict[str, Any] = dict.fromkeys(("attributes", *names))

        def project(row: Row) -> dict[str, Any]:
            printed = blank.copy()
            printed["attributes"] = {"type": name, "url": prefix + row["Id"]}
            printed.update(zip(names, map(row.get, names), strict=True))
            for key in flags:
                if printed[key] is None:
                    printed[key] = False
            return printed

        return project

    def _mixed(self) -> Projection:
        scope, name = self.scope, self.scope.sobject.name
        prefix = f"/services/data/v{scope.source.version}/sobjects/{name}/"
        for relationship, inner in self.parents.items():
            self.getters[relationship] = self._parent(relationship, inner)
        pairs = tuple(self.getters.items())

        def project(row: Row) -> dict[str, Any]:
            printed: dict[str, Any] = {"attributes": {"type": name, "url": prefix + row["Id"]}}
            for key, get in pairs:
                printed[key] = get(row)
            return printed

        return project

    def _parent(self, relationship: str, inner: dict[tuple[str, ...], Getter]) -> Getter:
        """A nested object: its attributes are those of the record that the reference leads to."""
        scope, org = self.scope, self.scope.source.org
        key = scope.sobject.by_relationship[relationship.lower()].name

        def get(row: Row) -> dict[str, Any] | None:
            above = org.record(row.get(key))
            kind = org.sobject_of(row[key]) if above is not None else None
            if above is None or kind is None or scope.source.access.hides(kind, above):
                return None
            printed = attributes(scope, kind.name, above)
            for names, read in inner.items():
                _place(printed, names, read(row))
            return printed

        return get


FEW = 8
"""Up to so many columns a record is printed anew each time; wider ones are remembered."""

REMEMBERED = 4
"""Select lists whose printed records are remembered."""


def _printing(scope: Scope, names: tuple[str, ...]) -> Printing:
    """What is remembered of a select list."""
    memory = scope.source.org.printed
    key = (scope.sobject.name, scope.source.version, names)
    known = memory.get(key)
    if known is None:
        while len(memory) >= REMEMBERED:
            memory.pop(next(iter(memory)))
        known = memory[key] = Printing()
    return known


def _place(printed: dict[str, Any], names: tuple[str, ...], value: Any) -> None:  # noqa: ANN401 - a stored value
    for name in names[:-1]:
        printed = printed.setdefault(name, {})
    printed[names[-1]] = value


def attributes(scope: Scope, name: str, row: Row) -> dict[str, Any]:
    """The beginning of every printed record."""
    url = f"/services/data/v{scope.source.version}/sobjects/{name}/{row['Id']}"
    return {"attributes": {"type": name, "url": url}}


def _nothing(_row: Row) -> None:
    return None
