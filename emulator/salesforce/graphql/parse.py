"""GraphQL documents: operations, selections, arguments and variables; no fragments, no directives with effect."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from emulator.salesforce.errors import SalesforceError

_TOKEN = re.compile(
    r"""[\s,\ufeff]+|\#[^\n]*|(?P<text>"(?:[^"\\\n]|\\.)*")|(?P<number>-?\d+(?:\.\d+)?)|(?P<name>[A-Za-z_]\w*)"""
    r"""|(?P<mark>\.\.\.|[{}()\[\]:!$=@])""",
    re.VERBOSE,
)
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


def parse(text: str, variables: Mapping[str, Any]) -> Operation:
    """The operation of a document, with the values of variables filled in.

    Raises:
        SalesforceError: the document cannot be read.
    """
    return _Parser(text, variables).operation()


class _Parser:
    def __init__(self, text: str, variables: Mapping[str, Any]) -> None:
        self.tokens: list[tuple[str, str]] = []
        self.at = 0
        self.variables = dict(variables)
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

    def directives(self) -> None:
        while self.peek() == "@":
            self.take()
            self.name()
            self.arguments()

    def selection(self) -> tuple[Selected, ...]:
        self.take("{")
        found = []
        while self.peek() != "}":
            key = name = self.name()
            if self.peek() == ":":
                self.take()
                name = self.name()
            arguments = self.arguments()
            self.directives()
            below = self.selection() if self.peek() == "{" else ()
            found.append(Selected(name=name, key=key, arguments=arguments, below=below))
        self.take("}")
        return tuple(found)

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
        kind = self.tokens[self.at][0] if self.at < len(self.tokens) else ""
        token = self.take()
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
