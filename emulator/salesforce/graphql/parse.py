"""GraphQL documents: operations, selections, arguments, variables, fragments, and the directives skip and include."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from emulator.salesforce.errors import SalesforceError

_TOKEN = re.compile(
    r"""[\s,\ufeff]+|\#[^\n]*|(?P<block>\"{3}.*?\"{3})|(?P<text>"(?:[^"\\\n]|\\.)*")|(?P<number>-?\d+(?:\.\d+)?)|(?P<name>[A-Za-z_]\w*)"""
    r"""|(?P<mark>\.\.\.|[{}()\[\]:!$=@])""",
    re.VERBOSE | re.DOTALL,
)
FRAGMENT = "..."
"""The name of a selection that holds for records of one object only; its key is that object, empty for all."""
_LITERALS = {"true": True, "false": False, "null": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """One field of a selection: what it is called, with which arguments, what of it, and under which key."""

    name: str
    key: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    below: tuple["Selected", ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """The one operation of a document."""

    kind: str
    selected: tuple[Selected, ...]


def parse(text: str, variables: Mapping[str, Any], name: str = "") -> Operation:
    """The operation of a document (the one of this name, if it has several), with the values of variables filled in.

    Raises:
        SalesforceError: the document cannot be read.
    """
    return _Parser(text, variables).document(name)


class _Parser:
    def __init__(self, text: str, variables: Mapping[str, Any]) -> None:
        self.tokens: list[tuple[str, str]] = []
        self.at = 0
        self.variables = dict(variables)
        self.fragments: dict[str, tuple[str, int]] = {}
        self.inside: list[str] = []
        position = 0
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                raise _wrong(f"Invalid syntax at offset {position}")
            if match.lastgroup:
                self.tokens.append((match.lastgroup, match.group()))
            position = match.end()

    def peek(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def take(self, expected: str = "") -> str:
        if self.at >= len(self.tokens) or (expected and self.peek() != expected):
            raise _wrong(f"Invalid syntax: expected {expected or 'more'} and found {self.peek() or 'the end'}")
        self.at += 1
        return self.tokens[self.at - 1][1]

    def name(self) -> str:
        if self.at >= len(self.tokens) or self.tokens[self.at][0] != "name":
            raise _wrong(f"Invalid syntax: expected a name and found {self.peek() or 'the end'}")
        return self.take()

    def document(self, wanted: str) -> Operation:
        """All operations and fragments are looked over first: a fragment may be used before it is defined."""
        starts: dict[str, int] = {}
        while self.at < len(self.tokens):
            start, kind = self.at, self.peek()
            name = self.name() and self.peek() if kind != "{" else ""
            if kind == "fragment":
                self.name()
                self.take("on")
                self.fragments[name] = (self.name(), self.at)
            else:
                starts["" if name in {"{", "(", "@"} else name] = start
            self.skip_to_selection()
            self.skip_selection()
        if not starts or (wanted and wanted not in starts):
            raise _wrong(f"Invalid syntax: there is no operation {wanted}".rstrip())
        self.at = starts[wanted] if wanted else next(iter(starts.values()))
        return self.operation()

    def skip_to_selection(self) -> None:
        depth = 0
        while self.peek() != "{" or depth:
            depth += {"(": 1, ")": -1}.get(self.peek(), 0)
            self.take()

    def skip_selection(self) -> None:
        depth = 0
        while True:
            depth += {"{": 1, "}": -1}.get(self.take(), 0)
            if not depth:
                return

    def operation(self) -> Operation:
        kind = "query"
        if self.peek() != "{":
            kind = self.name()
            if kind not in {"query", "mutation"}:
                raise _wrong(f"Invalid syntax: {kind} is not an operation that is emulated")
            if self.peek() not in {"{", "(", "@"}:
                self.name()
            if self.peek() == "(":
                self.definitions()
            self.directives()
        return Operation(kind=kind, selected=self.selection())

    def definitions(self) -> None:
        self.take("(")
        while self.peek() != ")":
            self.take("$")
            name = self.name()
            self.take(":")
            while self.peek() in {"[", "]", "!"} or (self.peek() and self.tokens[self.at][0] == "name"):
                self.take()
            if self.peek() == "=":
                self.take()
                self.variables.setdefault(name, self.value())
        self.take(")")

    def directives(self) -> bool:
        """Skip directives; returns whether what they stand at is wanted."""
        wanted = True
        while self.peek() == "@":
            self.take()
            name, given = self.name(), self.arguments().get("if")
            wanted &= {"skip": not given, "include": bool(given)}.get(name, True)
        return wanted

    def selection(self) -> tuple[Selected, ...]:
        self.take("{")
        found: list[Selected] = []
        while self.peek() != "}":
            if self.peek() == FRAGMENT:
                self.take()
                found += self.fragment()
                continue
            key = name = self.name()
            if self.peek() == ":":
                self.take()
                name = self.name()
            arguments = self.arguments()
            wanted = self.directives()
            below = self.selection() if self.peek() == "{" else ()
            if wanted:
                found.append(Selected(name=name, key=key, arguments=arguments, below=below))
        self.take("}")
        return tuple(found)

    def fragment(self) -> list[Selected]:
        """What comes after three dots: a fragment by its name, or one that stands there."""
        kind = ""
        if self.peek() not in {"on", "{", "@"}:
            name = self.name()
            wanted = self.directives()
            if name not in self.fragments or name in self.inside:
                raise _wrong(f"Invalid syntax: fragment {name} is not defined, or inside itself")
            back = self.at
            kind, self.at = self.fragments[name]
            self.directives()
            self.inside.append(name)
            below = self.selection()
            self.inside.pop()
            self.at = back
        else:
            if self.peek() == "on":
                self.take()
                kind = self.name()
            wanted = self.directives()
            below = self.selection()
        # Selections of the schema's own types hold wherever they stand.
        shown = kind if kind and not kind.endswith(("Connection", "Edge", "Query", "UIAPI", "Value")) else ""
        if not wanted:
            return []
        return [Selected(name=FRAGMENT, key=shown, below=below)] if shown else list(below)

    def arguments(self) -> dict[str, Any]:
        return self.pairs("(", ")") if self.peek() == "(" else {}

    def pairs(self, opening: str, closing: str) -> dict[str, Any]:
        self.take(opening)
        found: dict[str, Any] = {}
        while self.peek() != closing:
            name = self.name()
            self.take(":")
            found[name] = self.value()
        self.take(closing)
        return found

    def value(self) -> Any:  # noqa: ANN401 - any JSON
        match self.peek():
            case "{":
                return self.pairs("{", "}")
            case "[":
                self.take()
                found = []
                while self.peek() != "]":
                    found.append(self.value())
                self.take("]")
                return found
            case "$":
                self.take()
                return self.variables.get(self.name())
        return self.scalar()

    def scalar(self) -> Any:  # noqa: ANN401 - a text, number, boolean, null or name
        kind = self.tokens[self.at][0] if self.at < len(self.tokens) else ""
        token = self.take()
        if kind == "block":
            return token[3:-3].strip()
        if kind == "text":
            return re.sub(r"\\(u[0-9a-fA-F]{4}|.)", _unescaped, token[1:-1])
        if kind == "number":
            return float(token) if "." in token else int(token)
        if kind != "name":
            raise _wrong(f"Invalid syntax: {token} is no value")
        return _LITERALS.get(token, token)


def _unescaped(match: re.Match[str]) -> str:
    code = match[1]
    if len(code) == 5:
        return chr(int(code[1:], 16))
    return {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}.get(code, code)


def _wrong(message: str) -> SalesforceError:
    return SalesforceError("INVALID_SYNTAX", message)
