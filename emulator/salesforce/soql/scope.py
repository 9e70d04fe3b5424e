"""Names in a statement: which field a path means for this user, and how to read it from a record."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

from emulator.salesforce import seen
from emulator.salesforce.access import Access
from emulator.salesforce.errors import SalesforceError
from emulator.salesforce.fields import Child, Field, SObject
from emulator.salesforce.org import Org
from emulator.salesforce.soql.printing import Column, Compound, Framed, Getter, Made, Stored
from emulator.salesforce.soql.tokens import mark
from emulator.salesforce.soql.tree import Call, Expression, Path, Query
from emulator.salesforce.table import Row
from emulator.salesforce.validation import calculate
from emulator.salesforce.values import parse_moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a query reads: organisation, user, statement text and moment."""

    org: Org
    access: Access
    text: str
    version: str

    def invalid(self, at: int, message: str, code: str = "INVALID_FIELD") -> SalesforceError:
        """An error about one place of the statement."""
        return SalesforceError(code, mark(self.text, at, message))

    def zone(self) -> ZoneInfo:
        """The user's time zone, which date literals are in."""
        user = self.org.record(self.access.user_id) or {}
        return ZoneInfo(str(user.get("TimeZoneSidKey") or "UTC"))

    def today(self) -> date:
        """Today for the user."""
        return self.org.now().astimezone(self.zone()).date()


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """What an expression means. `own` is the key of a plain field of the queried object itself, else None.

    `names` is the path with canonical capitals; the last part is the field (or the function's name). `column` prints the
    value under that last name without a look at each record, where there is such a way. `parent` is the reference that
    the path begins with, and what the rest of it means in the record that this leads to.
    """

    get: Getter
    type: str
    names: tuple[str, ...]
    own: str | None = None
    field: Field | None = None
    column: Column | None = None
    parent: "tuple[Field, Resolved] | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The object that a query (or subquery) is about, seen by a user."""

    source: Source
    sobject: SObject
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, source: Source, query: Query) -> "Scope":
        """The scope of a top-level query or semi-join."""
        found = source.org.objects.get(query.source.lower())
        if found is None or not source.access.to(found).read or not found.header["queryable"]:
            message = (
                f"sObject type '{query.source}' is not supported. If you are attempting to use a custom object, be sure "
                "to append the '__c' after the entity name. Please reference your WSDL or the describe call for the "
                "appropriate names."
            )
            raise source.invalid(query.source_at, message, "INVALID_TYPE")
        return cls(source=source, sobject=found, aliases=query.aliases)

    def resolve(self, expression: Expression) -> Resolved:
        """The meaning of a field path or function."""
        if isinstance(expression, Call):
            return self._function(expression)
        parts = list(expression.parts)
        if len(parts) > 1 and self.names(parts[0]):
            parts = [*self.aliases.get(parts[0].lower(), ()), *parts[1:]]
        return self._walk(self.sobject, parts, expression)

    def names(self, text: str) -> bool:
        """Whether a word stands for the object, or for a parent that has an alias."""
        return text.lower() in self.aliases or text.lower() == self.sobject.name.lower()

    def child(self, query: Query) -> Child | None:
        """The relationship that a subquery reads; the object or its alias may stand before it: `FROM Account.Contacts`."""
        before, dot, name = query.source.rpartition(".")
        return self.sobject.by_child.get(name.lower()) if not dot or self.names(before) else None

    def _walk(self, sobject: SObject, parts: list[str], path: Path) -> Resolved:
        name = parts[0]
        if len(parts) == 1:
            one = self.source.access.readable(sobject).get(name.lower())
            if one is None:
                raise self._no_column(name, sobject.name, path)
            return self._own(sobject, one)
        link = sobject.by_relationship.get(name.lower())
        if link is None or link.name.lower() not in self.source.access.readable(sobject):
            message = (
                f"Didn't understand relationship '{name}' in field path. If you are attempting to use a custom "
                "relationship, be sure to append the '__r' after the custom relationship name. Please reference your "
                "WSDL or the describe call for the appropriate names."
            )
            raise self.source.invalid(path.at, message)
        return self._through(link, parts, path)

    def _through(self, link: Field, parts: list[str], path: Path) -> Resolved:
        org, name, key = self.source.org, str(link.relationship), link.name
        polymorphic = len(link.references) > 1
        if polymorphic and parts[1].lower() == "type" and len(parts) == 2:

            def kind(id_: str | None) -> str | None:
                known = org.sobject_of(id_) if id_ else None
                return known.name if known else None

            inner = Resolved(get=lambda above: kind(above["Id"]), type="picklist", names=("Type",))
            return Resolved(get=lambda row: kind(row.get(key)), type="picklist", names=(name, "Type"), parent=(link, inner))
        if not polymorphic:
            target = org.objects.get(link.references[0].lower())
        else:
            target = self._first_with(link, parts[1]) if parts[1].lower() in _OF_ANY_NAME else None
        if target is None:
            raise self._no_column(parts[1], "Name" if polymorphic else link.references[0], path)
        return self._above(link, target, self._walk(target, parts[1:], path))

    def beyond(self, link: Field, path: Path) -> Resolved:
        """What a path means in the record that a reference leads to, whichever kind that is."""
        found = self._through(link, [str(link.relationship), *path.parts], path)
        assert found.parent is not None  # noqa: S101 - it begins with a reference
        return found.parent[1]

    def _above(self, link: Field, target: SObject, inner: Resolved) -> Resolved:
        """What something means that is read from the record that a reference leads to."""
        org, access, key = self.source.org, self.source.access, link.name

        def get(row: Row) -> Any:  # noqa: ANN401 - a stored value
            above = org.record(row.get(key))
            return inner.get(above) if above is not None and not access.hides(target, above) else None

        names = (str(link.relationship), *inner.names)
        return Resolved(get=get, type=inner.type, names=names, field=inner.field, parent=(link, inner))

    def _first_with(self, link: Field, part: str) -> SObject | None:
        """For a polymorphic reference: the first possible object that has the field."""
        for name in sorted(link.references, key=lambda each: (each not in {"Contact", "User", "Account"}, each)):
            one = self.source.org.objects.get(name.lower())
            if one is not None and (part.lower() in one.by_name or part.lower() in one.by_relationship):
                return one
        return None

    def _own(self, sobject: SObject, one: Field) -> Resolved:
        key = one.name
        if one["calculatedFormula"]:
            org, user = self.source.org, self.source.access.user_id
            return Resolved(get=lambda row: calculate(org, user, sobject, one, row), type=one.type, names=(key,), field=one)
        own: str | None = None
        column: Column
        if one.type == "address":
            column = compound_address(sobject, one)
        elif key in seen.FIELDS and self.source.org.seen.any(self.source.access.user_id):
            looks, user = self.source.org.seen, self.source.access.user_id
            column = Made(key, lambda row: looks.at(user, row["Id"], key))
        elif key == "PhotoUrl":
            column = Framed(',"PhotoUrl":"/services/images/photo/', '"', lambda row: f"/services/images/photo/{row['Id']}")
        elif key == "Id":
            own, column = key, Framed(',"Id":"', '"', itemgetter("Id"))
        else:
            return _as_kept(one)
        return Resolved(get=column.get, type=one.type, names=(key,), own=own, field=one, column=column)

    def _otherwise(self, known: Resolved, printed: Callable[[Resolved], Getter]) -> Resolved:
        """The same value, printed in another way."""
        parent = (known.parent[0], self._otherwise(known.parent[1], printed)) if known.parent else None
        return Resolved(get=printed(known), type=known.type, names=known.names, field=known.field, parent=parent)

    @staticmethod
    def _labelled(inner: Resolved) -> Getter:
        """The label of a picklist's value; values of several choices one by one."""
        labels = {each["value"]: each["label"] for each in (inner.field["picklistValues"] if inner.field else ())}

        def shown(row: Row) -> Any:  # noqa: ANN401 - text or null
            value = inner.get(row)
            return ";".join(labels.get(part, part) for part in value.split(";")) if isinstance(value, str) else value

        return shown

    def formatted(self, inner: Resolved) -> Getter:
        """Numbers, dates and times as people in the United States write them [guess: the forms]."""
        scale = int(inner.field["scale"]) if inner.field else 0
        zone = self.source.zone()

        def shown(row: Row) -> Any:  # noqa: ANN401 - text or null
            value = inner.get(row)
            if isinstance(value, bool) or value is None:
                return value
            if isinstance(value, int | float):
                return f"{'$' if inner.type == 'currency' else ''}{value:,.{scale}f}{'%' if inner.type == 'percent' else ''}"
            if inner.type == "date":
                day = date.fromisoformat(value)
                return f"{day.month}/{day.day}/{day.year}"
            if inner.type == "datetime":
                moment = parse_moment(value).astimezone(zone)
                return f"{moment.month}/{moment.day}/{moment.year}, {moment.hour % 12 or 12}:{moment:%M %p}"
            return value

        return shown

    def _no_column(self, name: str, entity: str, path: Path) -> SalesforceError:
        message = (
            f"No such column '{name}' on entity '{entity}'. If you are attempting to use a custom field, be sure "
            "to append the '__c' after the custom field name. Please reference your WSDL or the describe call for the "
            "appropriate names."
        )
        return self.source.invalid(path.at, message)

    def _function(self, call: Call) -> Resolved:
        if call.name in {"TOLABEL", "FORMAT", "CONVERTCURRENCY", "CONVERTTIMEZONE"} and call.arguments:
            inner = self.resolve(call.arguments[0])
            printed = {"TOLABEL": self._labelled, "FORMAT": self.formatted}.get(call.name)
            return self._otherwise(inner, printed or (lambda known: known.get))
        part = DATE_PARTS.get(call.name)
        if part is None or len(call.arguments) != 1:
            raise self.source.invalid(call.at, f"Invalid function: {call.name}", "MALFORMED_QUERY")
        argument = call.arguments[0]
        zone: ZoneInfo | None = None
        if isinstance(argument, Call) and argument.name == "CONVERTTIMEZONE":
            zone = self.source.zone()
        inner = self.resolve(argument)
        kind, function = part

        def get(row: Row) -> Any:  # noqa: ANN401 - a number or a date
            value = inner.get(row)
            if value is None:
                return None
            moment = parse_moment(value)
            return function(moment.astimezone(zone) if zone else moment)

        return Resolved(get=get, type=kind, names=(call.name,), field=None)


@lru_cache(maxsize=10_000)
def _as_kept(one: Field) -> Resolved:
    """A field that each record simply has; made once, since every statement names many of them."""
    key, default = one.name, False if one.type == "boolean" else None
    column = Stored(key, lambda row: row.get(key, default))
    return Resolved(get=column.get, type=one.type, names=(key,), own=key, field=one, column=column)


_OF_ANY_NAME = frozenset(
    {
        *("id", "name", "firstname", "middlename", "lastname", "suffix", "nameoralias", "email", "phone", "title"),
        *("alias", "username", "isactive", "profile", "profileid", "userrole", "userroleid"),
    }
)
"""What a reference to several objects leads to: the fields of the object Name [Object Reference]."""

DATE_PARTS: dict[str, tuple[str, Callable[[datetime], Any]]] = {
    "CALENDAR_YEAR": ("int", lambda when: when.year),
    "CALENDAR_QUARTER": ("int", lambda when: (when.month - 1) // 3 + 1),
    "CALENDAR_MONTH": ("int", lambda when: when.month),
    "FISCAL_YEAR": ("int", lambda when: when.year),
    "FISCAL_QUARTER": ("int", lambda when: (when.month - 1) // 3 + 1),
    "FISCAL_MONTH": ("int", lambda when: when.month),
    "DAY_IN_MONTH": ("int", lambda when: when.day),
    "DAY_IN_WEEK": ("int", lambda when: when.isoweekday() % 7 + 1),
    "DAY_IN_YEAR": ("int", lambda when: when.timetuple().tm_yday),
    "DAY_ONLY": ("date", lambda when: when.date().isoformat()),
    "HOUR_IN_DAY": ("int", lambda when: when.hour),
    "WEEK_IN_MONTH": ("int", lambda when: (when.day - 1) // 7 + 1),
    "WEEK_IN_YEAR": ("int", lambda when: (when.timetuple().tm_yday - 1) // 7 + 1),
}
"""Date functions: the type of their result, and how to get it. Fiscal years are calendar years here."""

_PARTS = (
    ("city", "City"),
    ("country", "Country"),
    ("countryCode", "CountryCode"),
    ("geocodeAccuracy", "GeocodeAccuracy"),
    ("latitude", "Latitude"),
    ("longitude", "Longitude"),
    ("postalCode", "PostalCode"),
    ("state", "State"),
    ("stateCode", "StateCode"),
    ("street", "Street"),
)


def compound_address(sobject: SObject, one: Field) -> Compound:
    """A compound address: an object of its parts, or null when all of them are."""
    prefix = one.name.removesuffix("Address")
    parts = [(part, prefix + suffix) for part, suffix in _PARTS if (prefix + suffix).lower() in sobject.by_name]

    def get(row: Row) -> dict[str, Any] | None:
        found = {part: row.get(key) for part, key in parts}
        return found if any(value is not None for value in found.values()) else None

    return Compound(one.name, get, parts)


def day_range(source: Source, first: date, after: date, kind: str) -> tuple[str, str]:
    """A range of days as stored values: dates, or the moments at which they begin in the user's zone."""
    if kind == "date":
        return first.isoformat(), after.isoformat()
    zone = source.zone()
    edges = [datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC) for day in (first, after)]
    return edges[0].strftime("%Y-%m-%dT%H:%M:%S.000+0000"), edges[1].strftime("%Y-%m-%dT%H:%M:%S.000+0000")
