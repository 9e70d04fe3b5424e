"""Carries out statements: finds, filters, sorts and cuts, and hands out what to print page by page."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from emulator.salesforce import activities, derived, rights
from emulator.salesforce.access import Access
from emulator.salesforce.errors import SalesforceError
from emulator.salesforce.fields import Child
from emulator.salesforce.org import Org
from emulator.salesforce.soql import aggregate, plan
from emulator.salesforce.soql.conditions import Test, all_of, build, check_semi_joins, compare
from emulator.salesforce.soql.parse import parse
from emulator.salesforce.soql.printing import Getter, Printing
from emulator.salesforce.soql.project import all_fields, projection
from emulator.salesforce.soql.scope import Resolved, Scope, Source
from emulator.salesforce.soql.tree import AllFields, Call, Combined, Comparison, Order, Path, Query, Selected, Value
from emulator.salesforce.table import Row, Table

LONG_TEXT = 255
SMALL_PAGE = 200
MAX_PAGE = 2_000
MAX_FIELDS_ROWS = 200
"""Records for which a statement may ask all fields, whatever they are called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The answer to a statement: stored records and how to print one. `total` may be more than there are records.

    `page` is the most records that a page may have; `names` are the columns; `printing` prints stored records (not groups)
    as JSON.
    """

    rows: list[Row]
    show: Callable[[Row], dict[str, Any]]
    total: int
    page: int
    query: Query
    names: tuple[str, ...] = ()
    printing: Printing | None = None


Nested = Callable[[Found], dict[str, Any]]
"""How the records of a subquery, at least one, stand in the record whose children they are."""


def at_once(found: Found) -> dict[str, Any]:
    """All of them, as an answer of one page."""
    return {"totalSize": found.total, "done": True, "records": [*map(found.show, found.rows)]}


def run(org: Org, access: Access, text: str, *, version: str, all_rows: bool = False, children: Nested = at_once) -> Found:
    """Parse and carry out a statement for a user. `all_rows` is queryAll: deleted and archived records too.

    Raises:
        SalesforceError: the statement is malformed, or names what the user does not see.
    """
    source, query = Source(org=org, access=access, text=text, version=version), parse(text)
    return _Runner(source, children, all_rows=all_rows or query.all_rows).top(query)


class _Runner:
    def __init__(self, source: Source, children: Nested, *, all_rows: bool) -> None:
        self.source = source
        self.children = children
        self.all_rows = all_rows

    def top(self, query: Query) -> Found:
        scope = Scope.of(self.source, query)
        self._check_fields_calls(query)
        check_semi_joins(scope, query.where, inside=False)
        if aggregate.is_plain_count(query):
            total = sum(1 for _ in self._cut(query, self.matching(scope, query)))
            return Found(rows=[], show=dict, total=total, page=MAX_PAGE, query=query)
        if aggregate.is_aggregate(query):
            groups = aggregate.aggregate(scope, query, self.matching(scope, replace(query, order=())))
            shown = list(self._cut(query, groups))
            names = tuple(name for name in (shown[0] if shown else {}) if name != "attributes")
            return Found(rows=shown, show=dict, total=len(shown), page=MAX_PAGE, query=query, names=names)
        found = self._found(scope, query, list(self._cut(query, self.matching(scope, query))))
        if query.seen & {"view", "reference"}:
            org, user = self.source.org, self.source.access.user_id
            for row in found.rows:
                org.seen.note(user, row["Id"], org.stamp(), viewed="view" in query.seen)
        return found

    @staticmethod
    def _cut(query: Query, rows: Iterable[Row]) -> Iterable[Row]:
        if query.limit is None and not query.offset:
            return rows
        return islice(rows, query.offset, None if query.limit is None else query.offset + query.limit)

    def matching(self, scope: Scope, query: Query) -> Iterable[Row]:
        """The records that match, in the wanted order."""
        return self._reading(scope, query)(None)

    def _reading(self, scope: Scope, query: Query) -> Callable[[Test | None], Iterable[Row]]:
        """How the records that match, and meet one more condition, are found: names are looked up now, whatever there is."""
        where = build(scope, query.where, self._semi_join) if query.where is not None else None
        keys = [(order, scope.resolve(order.expression)) for order in query.order]
        for order, key in keys:
            self._check_sortable(scope, order, key)
        shape = tuple((key.own, order.descending or order.nulls_last) for order, key in keys)

        def read(more: Test | None) -> Iterable[Row]:
            test = all_of([each for each in (more, where) if each is not None])
            table = self._table(scope.sobject.name, test)
            found = plan.candidates(table, test, shape)
            rows = self._filtered(scope, found.rows if self.all_rows else table.live(found.rows), found.where)
            if found.ordered:
                return rows
            ordered = list(rows)
            for order, key in reversed(keys):
                ordered = aggregate.sort_by(ordered, _sort_key(key), descending=order.descending, nulls_last=order.nulls_last)
            return ordered

        return read

    def _table(self, name: str, where: Test | None) -> Table:
        if name == rights.OWN:
            return rights.own(self.source.org, self.source.access)
        return rights.table(self.source.org, where) if name == rights.NAME else derived.table(self.source.org, name)

    def _filtered(self, scope: Scope, rows: Iterable[Row], where: Test | None) -> Iterable[Row]:
        sobject, org = scope.sobject, self.source.org
        if not self.all_rows and sobject.name in {"Task", "Event"}:
            rows = (row for row in rows if not activities.archived(org, row))
        if sobject.sharing == "Private":
            rows = (row for row in rows if not self.source.access.hides(sobject, row))
        return filter(where.run, rows) if where is not None else rows

    def _semi_join(self, query: Query) -> list[Any]:
        scope = Scope.of(self.source, query)
        check_semi_joins(scope, query.where, inside=True)
        first = query.select[0]
        if len(query.select) != 1 or not isinstance(first, Selected):
            raise self.source.invalid(query.at, "semi join sub-selects must select one field", "MALFORMED_QUERY")
        key = scope.resolve(first.expression)
        return [key.get(row) for row in self._cut(query, self.matching(scope, query))]

    def _below(self, child: Child, query: Query) -> Getter:
        """The records of a child relationship below one record: a nested answer, or null when there are none."""
        scope = Scope(source=self.source, sobject=self.source.org.sobject(child.sobject), aliases=query.aliases)
        read, found = self._reading(scope, query), self._found(scope, query, [])
        path = Path(parts=(child.field,), at=query.at)
        link = scope.resolve(path)

        def get(row: Row) -> dict[str, Any] | None:
            above = Value(kind="string", value=row["Id"], at=query.at)
            own = Comparison(left=path, operator="=", right=above, at=query.at)
            rows = list(self._cut(query, read(compare(scope, link, own, self._semi_join))))
            return self.children(replace(found, rows=rows, total=len(rows))) if rows else None

        return get

    def _found(self, scope: Scope, query: Query, rows: list[Row]) -> Found:
        printing = projection(scope, query, self._below)
        return Found(
            rows=rows,
            show=printing.show,
            total=len(rows),
            page=self._page(scope, query),
            query=query,
            names=printing.names,
            printing=printing,
        )

    # --- checks ---------------------------------------------------------------------------------------------------

    def _check_sortable(self, scope: Scope, order: Order, key: Resolved) -> None:
        if key.field is not None and not key.field["sortable"]:
            message = f"field '{key.names[-1]}' can not be sorted in a query call"
            raise scope.source.invalid(order.expression.at, message)

    def _check_fields_calls(self, query: Query) -> None:
        """FIELDS(ALL) and FIELDS(CUSTOM) are for at most 200 records, by LIMIT or by a list of ids [documentation]."""
        for each in query.select:
            if isinstance(each, Query):
                self._check_fields_calls(each)
            elif isinstance(each, AllFields) and each.kind in {"ALL", "CUSTOM"} and not _bounded(query):
                message = f"The SOQL FIELDS function must have a LIMIT of at most {MAX_FIELDS_ROWS}"
                raise SalesforceError("MALFORMED_QUERY", message)

    @staticmethod
    def _page(scope: Scope, query: Query) -> int:
        """Two or more long text fields make pages of 200 at most; the rows of subqueries count [documentation].

        How the platform counts them is not documented: here each subquery takes as many rows as its LIMIT says, or one.
        """
        long = children = 0
        for each in query.select:
            children += (each.limit or 1) if isinstance(each, Query) else 0
            if isinstance(each, AllFields):
                long += sum(1 for one in all_fields(scope, each) if one.length > LONG_TEXT)
            elif isinstance(each, Selected) and not isinstance(each.expression, Call):
                one = scope.resolve(each.expression).field
                long += bool(one and one.type == "textarea" and one.length > LONG_TEXT)
        return SMALL_PAGE if long > 1 else max(SMALL_PAGE, MAX_PAGE // (1 + children))


def _bounded(query: Query) -> bool:
    if query.limit is not None:
        return query.limit <= MAX_FIELDS_ROWS
    where = query.where
    conditions = where.conditions if isinstance(where, Combined) and where.operator == "and" else (where,)
    return any(
        isinstance(each, Comparison)
        and isinstance(each.left, Path)
        and (each.left.text.lower(), each.operator) == ("id", "in")
        and isinstance(each.right, tuple)
        and len(each.right) <= MAX_FIELDS_ROWS
        for each in conditions
    )


def _sort_key(key: Resolved) -> Callable[[Row], Any]:
    return key.get
