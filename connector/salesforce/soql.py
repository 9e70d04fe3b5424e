"""A closed builder of SOQL: the only way to make a query, in which data can only ever be a literal.

Names must look like API names; values enter through ``text``, ``record_id``, ``moment``, ``number`` and
``truth`` alone. ``Soql`` is what ``Client`` accepts.
Rules of the language: SOQL and SOSL Reference, quoted-string escapes and date formats.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeGuard

from simple_salesforce.format import quote_soql_value

from connector.errors import Bug

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}(\.[A-Za-z][A-Za-z0-9_]{0,79}){0,5}", re.ASCII)
_UNSENDABLE = re.compile("[\x00\ud800-\udfff]")
_ID = re.compile(r"[A-Za-z0-9]{15}([A-Za-z0-9]{3})?", re.ASCII)
LONGEST_TEXT = 4_000
"""Characters that one string in a WHERE clause may have."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A value as it stands in a query."""

    soql: str


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition as it stands after WHERE."""

    soql: str


@dataclass(frozen=True, slots=True)
class Soql:
    """A whole query. ``object`` is the API name after FROM, ``limit`` what stands after LIMIT, or None."""

    text: str
    object: str
    limit: int | None = None


def name(value: str) -> str:
    """An object's or field's API name (dotted for parents), unchanged; ``Bug`` if it is none."""
    if not _NAME.fullmatch(value):
        raise Bug("not an API name")
    return value


def is_id(value: object) -> TypeGuard[str]:
    """Whether this has the form of a Salesforce id (15 or 18 letters and digits)."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def text(value: str) -> Literal:
    """Any text, quoted and escaped; ``Bug`` if it is longer than Salesforce takes or cannot be sent."""
    if len(value) > LONGEST_TEXT or _UNSENDABLE.search(value):
        raise Bug("not a text that can stand in a query")
    return Literal(quote_soql_value(value))


def record_id(value: str) -> Literal:
    """An id; ``Bug`` if it has not an id's form."""
    if not is_id(value):
        raise Bug("not a Salesforce id")
    return Literal(f"'{value}'")


def moment(value: datetime) -> Literal:
    """An aware moment, cut to the second as ``SystemModstamp`` is; ``Bug`` for a naive one."""
    if value.tzinfo is None:
        raise Bug("a moment without time zone")
    return Literal(value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))


def number(value: int) -> Literal:
    """A whole number."""
    return Literal(str(int(value)))


def truth(*, value: bool) -> Literal:
    """True or false."""
    return Literal("true" if value else "false")


def equals(field: str, value: Literal) -> Condition:
    """The field has this value."""
    return Condition(f"{name(field)} = {value.soql}")


def after(field: str, value: Literal) -> Condition:
    """The field is greater."""
    return Condition(f"{name(field)} > {value.soql}")


def at_least(field: str, value: Literal) -> Condition:
    """The field is greater or equal."""
    return Condition(f"{name(field)} >= {value.soql}")


def within(field: str, values: Sequence[Literal]) -> Condition:
    """The field has one of these values; ``Bug`` for none, which SOQL cannot say."""
    if not values:
        raise Bug("an empty list of values")
    return Condition(f"{name(field)} IN ({','.join(value.soql for value in values)})")


def within_query(field: str, query: Soql) -> Condition:
    """The field has one of the values that a query of one field answers (a semi-join; not in ``either``)."""
    return Condition(f"{name(field)} IN ({query.text})")


def both(*conditions: Condition) -> Condition:
    """All of them hold."""
    return Condition(" AND ".join(f"({condition.soql})" for condition in conditions))


def either(*conditions: Condition) -> Condition:
    """At least one of them holds."""
    return Condition(" OR ".join(f"({condition.soql})" for condition in conditions))


def count(source: str) -> Soql:
    """``SELECT COUNT() FROM source``."""
    return Soql(" ".join(["SELECT COUNT() FROM", name(source)]), source)


@dataclass(frozen=True, slots=True)
class Order:
    """A key of a sort whose nulls come last, whatever its direction."""

    field: str
    descending: bool


def _order(key: str | Order) -> str:
    if isinstance(key, str):
        return name(key)
    return f"{name(key.field)} {'DESC' if key.descending else 'ASC'} NULLS LAST"


def select(
    fields: Sequence[str],
    source: str,
    *,
    children: Sequence[Soql] = (),
    where: Condition | None = None,
    order: Sequence[str | Order] = (),
    limit: int | None = None,
) -> Soql:
    """``SELECT fields FROM source ...``; each field once, in the order given. ``children`` are queries on child relationships."""
    chosen = [*(name(field) for field in dict.fromkeys(fields)), *(f"({child.text})" for child in children)]
    words = ["SELECT", ", ".join(chosen), "FROM", name(source)]
    if where is not None:
        words += ["WHERE", where.soql]
    if order:
        words += ["ORDER BY", ", ".join(map(_order, order))]
    if limit is not None:
        words += ["LIMIT", str(int(limit))]
    return Soql(" ".join(words), source, limit)
