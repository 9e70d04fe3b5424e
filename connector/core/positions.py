"""Where each key and value of a TOML text stands: ``tomllib`` tells positions of syntax errors only."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """A place in a text: line and column from 1, and how many characters on that line."""

    line: int
    column: int
    width: int


@dataclass(frozen=True, slots=True)
class Places:
    """Spans by path; elements of arrays are counted from 0. Tables that only exist through their children have no span."""

    keys: dict[Path, Span]
    values: dict[Path, Span]


_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_PLAIN_VALUE = re.compile(r"[^,\]}#\r\n]+")
_STRINGS = (
    re.compile(r'"""(?:[^\\]|\\.)*?"{3,5}', re.DOTALL),
    re.compile(r"'''.*?'{3,5}", re.DOTALL),
    re.compile(r'"(?:[^"\\]|\\.)*"'),
    re.compile(r"'[^']*'"),
)


class _Scanner:
    """Walks over a text that ``tomllib`` has accepted, so it may take everything for well formed."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.places = Places({}, {})
        self.arrays: dict[Path, int] = {}
        self.starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def span(self, start: int, end: int) -> Span:
        low, high = 0, len(self.starts)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.starts[middle] <= start else (low, middle)
        newline = self.text.find("\n", start, end)
        stop = end if newline < 0 else newline
        return Span(low + 1, start - self.starts[low] + 1, max(1, stop - start))

    def skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self.text, self.at)
        self.at = found.end() if found else self.at

    def take(self, *patterns: re.Pattern[str]) -> tuple[int, int] | None:
        for pattern in patterns:
            found = pattern.match(self.text, self.at)
            if found:
                start, self.at = self.at, found.end()
                return start, self.at
        return None

    def keys(self) -> list[tuple[str, Span]]:
        """A dotted key: its parts, each with its span."""
        parts: list[tuple[str, Span]] = []
        while True:
            self.skip(_SPACE)
            place = self.take(_BARE, *_STRINGS[2:])
            if place is None:
                return parts
            raw = self.text[place[0] : place[1]]
            name = next(iter(tomllib.loads(f"{raw} = 0"))) if raw[0] in "\"'" else raw
            parts.append((name, self.span(*place)))
            self.skip(_SPACE)
            if self.text[self.at : self.at + 1] != ".":
                return parts
            self.at += 1

    def record(self, prefix: Path, parts: list[tuple[str, Span]]) -> Path:
        path = prefix
        for name, span in parts:
            path = (*path, name)
            self.places.keys.setdefault(path, span)
        return path

    def header(self) -> Path:
        double = self.text.startswith("[[", self.at)
        self.at += 2 if double else 1
        parts = self.keys()
        self.at += 2 if double else 1
        path: Path = ()
        for position, (name, span) in enumerate(parts, 1):
            path = (*path, name)
            self.places.keys.setdefault(path, span)
            if double and position == len(parts):
                self.arrays[path] = self.arrays.get(path, -1) + 1
            if path in self.arrays:
                path = (*path, self.arrays[path])
                self.places.keys.setdefault(path, span)
        return path

    def pair(self, prefix: Path) -> None:
        path = self.record(prefix, self.keys())
        self.skip(_SPACE)
        self.at += 1
        self.skip(_SPACE)
        self.value(path)

    def value(self, path: Path) -> None:
        start = self.at
        opening = self.text[self.at : self.at + 1]
        if opening == "[":
            self.elements(path, "]")
        elif opening == "{":
            self.elements(path, "}")
        elif self.take(*_STRINGS) is None:
            self.take(_PLAIN_VALUE)
            self.at = start + len(self.text[start : self.at].rstrip())
        self.places.values[path] = self.span(start, self.at)

    def elements(self, path: Path, closing: str) -> None:
        self.at += 1
        number = 0
        while True:
            self.skip(_BLANK)
            if self.text.startswith(closing, self.at):
                self.at += 1
                return
            if closing == "]":
                self.value((*path, number))
            else:
                self.pair(path)
            number += 1
            self.skip(_BLANK)
            if self.text.startswith(",", self.at):
                self.at += 1

    def run(self) -> Places:
        table: Path = ()
        while True:
            self.skip(_BLANK)
            if self.at >= len(self.text):
                return self.places
            if self.text[self.at] == "[":
                table = self.header()
            else:
                self.pair(table)


def locate(text: str) -> Places:
    """The place of every key and value. The text must be one that ``tomllib.loads`` accepts."""
    return _Scanner(text).run()
