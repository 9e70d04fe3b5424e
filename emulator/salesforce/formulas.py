"""Formulas of validation rules and formula fields: parsed once, evaluated on a record and what it was before.

Covers the functions that such rules are usually made of; a formula that uses others cannot be deployed here.
"""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from emulator.salesforce.fields import NUMBER_TYPES, SObject
from emulator.salesforce.values import parse_moment

Row = Mapping[str, Any]


class FormulaError(Exception):
    """The formula cannot be read, or names what does not exist."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What a formula is evaluated on. `old` is None for a new record; `related` finds a record by id."""

    sobject: SObject
    row: Row
    old: Row | None
    now: datetime
    related: Callable[[str | None], tuple[SObject, Row] | None]
    user: Row


Node = Callable[[Situation], Any]

_TOKEN = re.compile(
    r"""(?P<space>\s+|/\*.*?\*/)
    |(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |(?P<number>\d+\.?\d*|\.\d+)
    |(?P<name>[$A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)
    |(?P<mark>&&|\|\||<=|>=|<>|!=|==|[=<>()+\-*/^&!,])""",
    re.VERBOSE | re.DOTALL,
)

_LEVELS: tuple[tuple[str, ...], ...] = (
    ("||",),
    ("&&",),
    ("=", "==", "<>", "!="),
    ("<", ">", "<=", ">="),
    ("+", "-", "&"),
    ("*", "/"),
    ("^",),
)


def compile_formula(text: str, sobject: SObject) -> Node:
    """The function that a formula stands for.

    Raises:
        FormulaError: with the platform's kind of text.
    """
    parser = _Parser(text, sobject)
    node = parser.level(0)
    if parser.peek() != "":
        raise FormulaError(f"Syntax error. Extra {parser.peek()}")
    return node


class _Parser:
    def __init__(self, text: str, sobject: SObject) -> None:
        self.sobject = sobject
        self.tokens: list[tuple[str, str]] = []
        position = 0
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                raise FormulaError(f"Syntax error. Found '{text[position]}'")
            if match.lastgroup != "space":
                self.tokens.append((match.lastgroup or "", match.group()))
            position = match.end()
        self.tokens.append(("end", ""))
        self.at = 0

    def peek(self) -> str:
        return self.tokens[self.at][1]

    def next(self) -> tuple[str, str]:
        token = self.tokens[self.at]
        self.at += 1
        return token

    def need(self, mark: str) -> None:
        if self.next()[1] != mark:
            raise FormulaError(f"Syntax error. Missing '{mark}'")

    def level(self, at: int) -> Node:
        if at == len(_LEVELS):
            return self.unary()
        left = self.level(at + 1)
        while self.peek() in _LEVELS[at]:
            mark = self.next()[1]
            left = _binary(mark, left, self.level(at + 1))
        return left

    def unary(self) -> Node:
        if self.peek() in {"!", "-", "+"}:
            mark = self.next()[1]
            inner = self.unary()
            if mark == "!":
                return lambda it: not inner(it)
            return inner if mark == "+" else lambda it: -(inner(it) or 0)
        return self.primary()

    def primary(self) -> Node:
        kind, text = self.next()
        if text == "(":
            inner = self.level(0)
            self.need(")")
            return inner
        if kind == "text":
            value = re.sub(r"\\(.)", r"\1", text[1:-1])
            return lambda _it: value
        if kind == "number":
            number = float(text)
            return lambda _it: number
        if kind != "name":
            raise FormulaError(f"Syntax error. Found '{text}'" if text else "Syntax error. Unexpected end")
        if self.peek() == "(":
            return self.call(text.upper())
        return self.name(text)

    def name(self, text: str) -> Node:
        if text.lower() in {"true", "false", "null"}:
            value = {"true": True, "false": False, "null": None}[text.lower()]
            return lambda _it: value
        return _field(self.sobject, text)

    def call(self, name: str) -> Node:
        self.next()
        arguments: list[Node] = []
        raw_names: list[str] = []
        while self.peek() != ")":
            raw_names.append(self.peek())
            arguments.append(self.level(0))
            if self.peek() != ",":
                break
            self.next()
        self.need(")")
        if name in {"ISCHANGED", "PRIORVALUE"}:
            return _prior(name, arguments[0])
        if name not in _FUNCTIONS:
            raise FormulaError(f"Unknown function {name}. Check spelling.")
        function = _FUNCTIONS[name]
        return lambda it: function(it, arguments)


def _field(sobject: SObject, text: str) -> Node:
    if text.startswith("$"):
        return _global(text)
    first, *rest = text.split(".")
    if not rest:
        one = sobject.field(first)
        if one is None:
            raise FormulaError(f"Field {text} does not exist. Check spelling.")
        name, kind = one.name, one.type
        return lambda it: _typed(it.row.get(name), kind)
    link = sobject.by_relationship.get(first.lower())
    if link is None:
        raise FormulaError(f"Field {text} does not exist. Check spelling.")
    key = link.name

    def walk(it: Situation) -> Any:  # noqa: ANN401 - a field's value
        found = it.related(it.row.get(key))
        for part in rest[:-1]:
            step = found[0].by_relationship.get(part.lower()) if found else None
            found = it.related(found[1].get(step.name)) if found and step else None
        one = found[0].field(rest[-1]) if found else None
        return _typed(found[1].get(one.name), one.type) if found and one else None

    return walk


def _global(text: str) -> Node:
    scope, _, name = text.partition(".")
    if scope.lower() == "$user":
        return lambda it: it.user.get(name)
    if scope.lower() in {"$permission", "$setup", "$profile", "$organization"}:
        return lambda _it: None
    raise FormulaError(f"Field {text} does not exist. Check spelling.")


def _typed(value: Any, kind: str) -> Any:  # noqa: ANN401 - a field's value
    if value is None:
        return None
    if kind in {"date", "datetime"}:
        return parse_moment(value)
    return float(value) if kind in NUMBER_TYPES else value


def _prior(name: str, node: Node) -> Node:
    def before(it: Situation) -> Any:  # noqa: ANN401 - a field's value
        row = it.old if it.old is not None else it.row
        return node(Situation(sobject=it.sobject, row=row, old=None, now=it.now, related=it.related, user=it.user))

    if name == "PRIORVALUE":
        return before
    return lambda it: it.old is not None and node(it) != before(it)


def _blank(value: object) -> bool:
    return value is None or value == ""


def _same(left: Any, right: Any) -> bool:  # noqa: ANN401 - any values
    if _blank(left) and _blank(right):
        return True
    return bool(left == right)


def _add(left: Any, right: Any) -> Any:  # noqa: ANN401 - text, numbers or days
    if isinstance(left, datetime) or isinstance(right, datetime):
        moment, days = (left, right) if isinstance(left, datetime) else (right, left)
        return moment + timedelta(days=days or 0)
    if isinstance(left, str) or isinstance(right, str):
        return f"{left or ''}{right or ''}"
    return (left or 0) + (right or 0)


def _subtract(left: Any, right: Any) -> Any:  # noqa: ANN401 - numbers or days
    if isinstance(left, datetime) and isinstance(right, datetime):
        return (left - right) / timedelta(days=1)
    if isinstance(left, datetime):
        return left - timedelta(days=right or 0)
    return (left or 0) - (right or 0)


def _ordered(compare: Callable[[Any, Any], Any]) -> Callable[[Any, Any], bool]:
    def decide(left: Any, right: Any) -> bool:  # noqa: ANN401 - comparable values
        return left is not None and right is not None and bool(compare(left, right))

    return decide


_BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "=": _same,
    "==": _same,
    "<>": lambda left, right: not _same(left, right),
    "!=": lambda left, right: not _same(left, right),
    "<": _ordered(operator.lt),
    ">": _ordered(operator.gt),
    "<=": _ordered(operator.le),
    ">=": _ordered(operator.ge),
    "+": _add,
    "-": _subtract,
    "&": lambda left, right: f"{left or ''}{right or ''}",
    "*": lambda left, right: (left or 0) * (right or 0),
    "/": lambda left, right: (left or 0) / right if right else None,
    "^": lambda left, right: (left or 0) ** (right or 0),
}


def _binary(mark: str, left: Node, right: Node) -> Node:
    if mark == "&&":
        return lambda it: bool(left(it)) and bool(right(it))
    if mark == "||":
        return lambda it: bool(left(it)) or bool(right(it))
    apply = _BINARY[mark]
    return lambda it: apply(left(it), right(it))


def _text(value: Any) -> str:  # noqa: ANN401 - any value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)


def _case(it: Situation, arguments: list[Node]) -> Any:  # noqa: ANN401 - any value
    wanted, *rest = (argument(it) for argument in arguments)
    for at in range(0, len(rest) - 1, 2):
        if _same(wanted, rest[at]):
            return rest[at + 1]
    return rest[-1]


def _midnight(it: Situation) -> datetime:
    return it.now.replace(hour=0, minute=0, second=0, microsecond=0)


_FUNCTIONS: dict[str, Callable[[Situation, list[Node]], Any]] = {
    "AND": lambda it, args: all(arg(it) for arg in args),
    "OR": lambda it, args: any(arg(it) for arg in args),
    "NOT": lambda it, args: not args[0](it),
    "IF": lambda it, args: args[1](it) if args[0](it) else args[2](it),
    "CASE": _case,
    "ISNEW": lambda it, _args: it.old is None,
    "ISBLANK": lambda it, args: _blank(args[0](it)),
    "ISNULL": lambda it, args: _blank(args[0](it)),
    "BLANKVALUE": lambda it, args: args[1](it) if _blank(args[0](it)) else args[0](it),
    "NULLVALUE": lambda it, args: args[1](it) if _blank(args[0](it)) else args[0](it),
    "ISPICKVAL": lambda it, args: _same(args[0](it), args[1](it)),
    "INCLUDES": lambda it, args: args[1](it) in (args[0](it) or "").split(";"),
    "TEXT": lambda it, args: _text(args[0](it)),
    "VALUE": lambda it, args: float(args[0](it) or 0),
    "LEN": lambda it, args: float(len(_text(args[0](it)))),
    "TRIM": lambda it, args: _text(args[0](it)).strip(),
    "UPPER": lambda it, args: _text(args[0](it)).upper(),
    "LOWER": lambda it, args: _text(args[0](it)).lower(),
    "LEFT": lambda it, args: _text(args[0](it))[: int(args[1](it) or 0)],
    "CONTAINS": lambda it, args: _text(args[1](it)) in _text(args[0](it)),
    "BEGINS": lambda it, args: _text(args[0](it)).startswith(_text(args[1](it))),
    "REGEX": lambda it, args: re.fullmatch(_text(args[1](it)), _text(args[0](it))) is not None,
    "ISNUMBER": lambda it, args: re.fullmatch(r"-?\d+(\.\d+)?", _text(args[0](it))) is not None,
    "TODAY": lambda it, _args: _midnight(it),
    "NOW": lambda it, _args: it.now,
    "YEAR": lambda it, args: float(args[0](it).year) if args[0](it) else None,
    "MONTH": lambda it, args: float(args[0](it).month) if args[0](it) else None,
    "DAY": lambda it, args: float(args[0](it).day) if args[0](it) else None,
    "ABS": lambda it, args: abs(args[0](it) or 0),
    "ROUND": lambda it, args: round(args[0](it) or 0, int(args[1](it) or 0)),
    "MAX": lambda it, args: max(arg(it) or 0 for arg in args),
    "MIN": lambda it, args: min(arg(it) or 0 for arg in args),
}
