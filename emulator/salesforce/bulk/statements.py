"""What a statement of a bulk query may not ask."""

from emulator.salesforce.access import Access
from emulator.salesforce.errors import SalesforceError
from emulator.salesforce.org import Org
from emulator.salesforce.soql.aggregate import is_aggregate
from emulator.salesforce.soql.execute import Found, run
from emulator.salesforce.soql.parse import parse
from emulator.salesforce.soql.project import all_fields
from emulator.salesforce.soql.scope import Scope, Source
from emulator.salesforce.soql.tree import AllFields, Path, Query, Selected, TypeOf

_COMPOUND = frozenset({"address", "location"})


def run_bulk(org: Org, access: Access, text: str, *, version: str, all_rows: bool, about: str = "") -> Found:
    """Carry a statement out that has no children, groups, offset, TYPEOF or compound fields [documentation].

    A job of Bulk 1.0 says what its statements are `about` [issue thread: simple-salesforce#502].

    Raises:
        SalesforceError: it has, or is refused in any query; FUNCTIONALITY_NOT_ENABLED where only bulk queries refuse it.
    """
    query = parse(text)
    if any(isinstance(each, Query) for each in query.select):
        raise _unsupported("Aggregate Relationships")
    if is_aggregate(query):
        raise _unsupported("Aggregate functions and GROUP BY")
    if query.offset:
        raise _unsupported("OFFSET")
    if any(isinstance(each, TypeOf) for each in query.select):
        raise _unsupported("TYPEOF")
    scope = Scope.of(Source(org=org, access=access, text=text, version=version), query)
    root = scope.sobject.name
    if about and about != root:
        message = (
            f"The root entity of the requested query ({root}) does not match the entity of the requested Bulk API Job ({about})."
        )
        raise SalesforceError("INVALID_TYPE_FOR_OPERATION", message)
    if any(kind in _COMPOUND for each in query.select for kind in _kinds(scope, each)):
        raise _unsupported("Selecting compound data")
    return run(org, access, text, version=version, all_rows=all_rows)


def _kinds(scope: Scope, selected: object) -> list[str]:
    """The types of what one part of the select list names."""
    match selected:
        case AllFields():
            return [one.type for one in all_fields(scope, selected)]
        case Selected(expression=Path() as path):
            return [scope.resolve(path).type]
        case _:
            return []


def _unsupported(what: str) -> SalesforceError:
    return SalesforceError("FUNCTIONALITY_NOT_ENABLED", f"{what} not supported in Bulk Query")
