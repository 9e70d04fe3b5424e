"""A person's TOML file, read with every safeguard, and the problems found in it with their places."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rapidfuzz import fuzz, process

from connector.core.positions import Path, Places, Span, locate
from connector.errors import Problem, UserError

MAX_BYTES = 1_000_000
"""No mapping or configuration is longer; a larger file is a mistake."""

_SYNTAX_PLACE = re.compile(r"^(?P<what>.*) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$", re.DOTALL)
_TUPLE = re.compile(r"\('[^()]*\)")
_NEAR = 62
"""How alike (0 to 100) a word must be to be worth suggesting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A parsed file. ``name`` is how it is called in problems; paths are keys from the outside in, elements by number."""

    name: str
    text: str
    data: Mapping[str, Any]
    places: Places

    def span(self, path: Path, *, key: bool = False) -> Span | None:
        """Where a value (or its key) stands; for what is not written there, the nearest thing around it."""
        for length in range(len(path), 0, -1):
            here = path[:length]
            first, second = (
                (self.places.keys, self.places.values) if key or length < len(path) else (self.places.values, self.places.keys)
            )
            found = first.get(here) or second.get(here)
            if found is not None:
                return found
        return None

    def problem(self, code: str, path: Path, message: str, cure: str, *, key: bool = False, secret: bool = False) -> Problem:
        """A problem at a path. ``key`` points at the key and not at its value; ``secret`` keeps the line out of the report."""
        span = self.span(path, key=key)
        problem = Problem(code=code, message=message, cure=cure, file=self.name)
        if span is None:
            return problem
        source = "" if secret else self.text.split("\n")[span.line - 1].rstrip("\r")
        return replace(problem, line=span.line, column=span.column, width=span.width, source=source)


def parse(name: str, data: bytes, *, codes: str) -> Document:
    """The document in these bytes. ``codes`` is the letter of its problem codes (``M`` or ``C``).

    Raises:
        UserError: too large, not UTF-8, a byte order mark, not TOML, or too deep for the parser.
    """
    if len(data) > MAX_BYTES:
        raise _refusal(
            name,
            f"{codes}001",
            f"the file is larger than {MAX_BYTES:,} bytes",
            "a file that people maintain is far smaller: check that it is the right one",
        )
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _refusal(name, f"{codes}002", "the file is UTF-16", "save it as UTF-8")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _refusal(name, f"{codes}002", "the file is not UTF-8", "save it as UTF-8", line=line, column=1) from None
    if text.startswith("\ufeff"):
        raise _refusal(
            name, f"{codes}002", "the file begins with a byte order mark", 'save it as UTF-8 without "BOM"', line=1, column=1
        )
    try:
        parsed = tomllib.loads(text)
        places = locate(text)
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(name, f"{codes}003", text, str(error)) from None
    except RecursionError:
        raise _refusal(name, f"{codes}004", "the file is nested too deeply", "no setting is more than four levels deep") from None
    except ValueError:
        raise _refusal(
            name, f"{codes}004", "the file contains a number that is too long", "no setting has more than 15 digits"
        ) from None
    return Document(name=name, text=text, data=parsed, places=places)


def _refusal(name: str, code: str, message: str, cure: str, *, line: int = 0, column: int = 0) -> UserError:
    return UserError([Problem(code=code, message=message, cure=cure, file=name, line=line, column=column)])


def _syntax_error(name: str, code: str, text: str, message: str) -> UserError:
    found = _SYNTAX_PLACE.match(message)
    lines = text.split("\n")
    # tomllib shows dotted names as tuples.
    what = _TUPLE.sub(lambda name: ".".join(re.findall(r"'([^']*)'", name[0])), found["what"] if found else message)
    line = int(found["line"]) if found and found["line"] else len(lines)
    column = int(found["column"]) if found and found["column"] else max(1, len(lines[-1]))
    return UserError(
        [
            Problem(
                code=code,
                message=f"not TOML: {what[:1].lower()}{what[1:]}",
                cure="texts stand in quotes, tables begin with [name], and each key comes once",
                file=name,
                line=line,
                column=column,
                # A line that could not be read may hold a secret in the making: it is not echoed from a configuration.
                source="" if code.startswith("C") else lines[line - 1].rstrip("\r"),
            )
        ]
    )


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant."""
    found = process.extractOne(word.lower(), {name: name.lower() for name in known}, scorer=fuzz.ratio, score_cutoff=_NEAR)
    return str(found[2]) if found else None


def did_you_mean(word: str, known: Sequence[str], *, otherwise: str = "") -> str:
    """A cure for a word that is not known: the one that was probably meant, or the choice if it is small."""
    near = nearest(word, known)
    if near is not None:
        return f'did you mean "{near}"?'
    if otherwise:
        return otherwise
    return f"known are: {', '.join(known)}" if known else "none is known"


def render_problem(problem: Problem) -> str:
    """The report of one problem, as text without a line end."""
    place = f":{problem.line}:{problem.column}" if problem.line else ""
    lines = [f"error[{problem.code}]: {problem.message}", f"  --> {problem.file}{place}"]
    margin = " " * len(str(problem.line))
    if problem.source:
        marker = " " * (problem.column - 1) + "^" * max(1, min(problem.width, len(problem.source) - problem.column + 1))
        lines += [f"{margin} |", f"{problem.line} | {_visible(problem.source)}", f"{margin} | {marker}"]
    return "\n".join([*lines, f"{margin} = help: {problem.cure}"])


def _visible(source: str) -> str:
    # Letter for letter, so that the marker below still fits; control characters would act on the reader's terminal.
    return "".join(letter if letter.isprintable() or letter == " " else "?" for letter in source)


def render_problems(problems: Sequence[Problem]) -> str:
    """The report of all problems, in the order of file and line, with the count at the end; ends with a line end."""
    ordered = sorted(problems, key=lambda p: (p.file, p.line, p.column, p.code))
    count = "1 problem" if len(ordered) == 1 else f"{len(ordered)} problems"
    return "\n\n".join([*map(render_problem, ordered), f"{count} found; nothing was loaded"]) + "\n"
