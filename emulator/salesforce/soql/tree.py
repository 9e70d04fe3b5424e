"""What a SOQL statement says, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from typing import Literal as OneOf


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """A field, perhaps of a parent: `Account.Owner.Name`. `at` is where it stands in the text."""

    parts: tuple[str, ...]
    at: int

    @property
    def text(self) -> str:
        """As it was written."""
        return ".".join(self.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A function of fields: `COUNT(Id)`, `CALENDAR_YEAR(CreatedDate)`, `FORMAT(Amount)`."""

    name: str
    arguments: tuple["Expression", ...]
    at: int


Expression = Path | Call


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A literal; `kind` is string, number, boolean, null, date, datetime or period (a date literal)."""

    kind: OneOf["string", "number", "boolean", "null", "date", "datetime", "period"]
    value: Any
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A field against a value, several values, or the rows of another query."""

    left: Expression
    operator: str
    right: "Value | tuple[Value, ...] | Query"
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Combined:
    """Conditions that all (`and`) or of which some (`or`) must hold; `not` has one."""

    operator: OneOf["and", "or", "not"]
    conditions: tuple["Condition", ...]


Condition = Comparison | Combined


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """One expression of the select list."""

    expression: Expression
    alias: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AllFields:
    """`FIELDS(ALL | STANDARD | CUSTOM)`."""

    kind: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeOf:
    """`TYPEOF What WHEN Account THEN Phone ELSE Name END`."""

    field: Path
    cases: tuple[tuple[str, tuple[Path, ...]], ...]
    otherwise: tuple[Path, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One sort key."""

    expression: Expression
    descending: bool = False
    nulls_last: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A whole statement. `source` is an object, or a child relationship in a subquery.

    `aliases` are further names, in small letters, of the object itself (no path) and of its parents (the path to them);
    `rolled` is rollup or cube where GROUP BY makes subtotals; `seen` has view or reference where the records count as
    looked at.
    """

    select: "tuple[Selected | AllFields | TypeOf | Query, ...]"
    source: str
    source_at: int
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    where: Condition | None = None
    group: tuple[Expression, ...] = ()
    rolled: OneOf["", "rollup", "cube"] = ""
    having: Condition | None = None
    order: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int = 0
    all_rows: bool = False
    seen: frozenset[str] = frozenset()
    scope: str | None = None
    at: int = 0
