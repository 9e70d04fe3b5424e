"""Which tests answer for which number of bad input (B), security (S) and what always has to hold (I); what has none, and why.

A test names the numbers that it answers for in its docstring: ``(B12)``, ``(S25, S26)``, ``(B1-B4)``. What always has to hold is
also judged by the oracles of the simulation, which name it where they do so. What each number is about, and why one has no test,
stands in ``catalogue.toml``. ``python -m tests.catalogue`` writes the tables into ``docs/security.md`` and
``docs/reliability.md``.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path

ROOT = Path(__file__).parents[1]
_HERE = ROOT / "tests"
_NUMBER = re.compile(r"\b([BSI])(\d{1,2})(?:-[BSI](\d{1,2}))?\b")
PAGES = {
    ROOT / "docs" / "security.md": {"security": "## Security", "bad_input": "## Bad input"},
    ROOT / "docs" / "reliability.md": {"invariants": "## What always has to hold"},
}
"""The pages, and which catalogues stand there under which title."""


def catalogue() -> dict[str, dict[str, str]]:
    """The tables of ``catalogue.toml``: what each number is about, and ``not_here``."""
    return tomllib.loads((_HERE / "catalogue.toml").read_text(encoding="utf-8"))


def every_test(root: Path = _HERE) -> Iterator[tuple[str, str, str]]:
    """Each test function: its file from the root of the tests, its name and its docstring."""
    for path in sorted([*root.rglob("test_*.py"), *root.rglob("*_contract.py")]):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield path.relative_to(root).as_posix(), node.name, ast.get_docstring(node) or ""


def every_oracle(root: Path = _HERE) -> Iterator[tuple[str, str, str]]:
    """Each module of the simulation that judges what always has to hold: its file, its name and its text."""
    for path in [*sorted((root / "simulation" / "oracle").glob("*.py")), *sorted((root / "simulation").glob("run.py"))]:
        yield path.relative_to(root).as_posix(), path.stem, path.read_text(encoding="utf-8")


def numbers(text: str) -> set[str]:
    """The numbers that a docstring names, ranges spelled out."""
    found = set()
    for letter, first, last in _NUMBER.findall(text):
        found |= {f"{letter}{number}" for number in range(int(first), int(last or first) + 1)}
    return found


def answering(root: Path = _HERE) -> dict[str, dict[str, list[str]]]:
    """For each number the tests and oracles that name it, by file."""
    found: dict[str, dict[str, list[str]]] = {}
    for file, name, text in chain(every_test(root), every_oracle(root)):
        for number in numbers(text):
            found.setdefault(number, {}).setdefault(file, []).append(name)
    return found


def tables(titles: Mapping[str, str]) -> str:
    """Catalogues in Markdown, each number with the files whose tests answer for it, or the reason why none does."""
    known, found = catalogue(), answering()
    lines: list[str] = []
    for part, title in titles.items():
        lines += ["", title, "", "| | what holds | tests |", "| --- | --- | --- |"]
        for number, text in known[part].items():
            told = ", ".join(f"`{file}`" for file in found.get(number, {}))
            lines.append(f"| {number} | {text} | {told or known['not_here'][number]} |")
    return "\n".join(lines)


_PLACE = re.compile(r"(<!-- catalogue -->\n).*?(<!-- /catalogue -->)", re.DOTALL)


def page(path: Path) -> str:
    """A page with its tables as they are now."""
    told = tables(PAGES[path])
    return _PLACE.sub(lambda place: f"{place[1]}{told}\n{place[2]}", path.read_text(encoding="utf-8"))


def write() -> None:
    """Bring the pages up to date."""
    for path in PAGES:
        path.write_text(page(path), encoding="utf-8")


if __name__ == "__main__":
    write()
