"""Regular expressions: written in the code, and linear in what they look at."""

from __future__ import annotations

import ast
import re
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from connector.core.foreign import disarmed, redacted, visible
from tests import architecture

ROOT = Path(__file__).parents[2]
LETTERS = ("a", "A", "0", " ", "-", ".", "_", "@", "/", ":", "\n", "\u00e9", "eyJ", "www.", "https://a", "a.b@", "=")


ANCHORED = frozenset({"match", "fullmatch"})
"""Ways of using a pattern that begin at the beginning alone."""


def constants() -> Iterator[tuple[str, tuple[re.Pattern[str], bool]]]:
    """Each regular expression of the product, by its place, and whether it is looked for anywhere in a text."""
    for name, path in architecture.sources(ROOT, architecture.PRODUCT):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        used: dict[str, set[str]] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                used.setdefault(node.value.id, set()).add(node.attr)
        named = {id(node.value): node.targets[0].id for node in ast.walk(tree) if _names(node)}  # type: ignore[attr-defined] # _names has looked
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id="re"), attr=how), args=[ast.Constant(value=str(text)), *_]):
                    flags = re.VERBOSE | re.DOTALL if "\n" in text else 0
                    methods = {how} if how != "compile" else used.get(named.get(id(node), ""), {"fullmatch"})
                    yield f"{name}:{node.lineno}", (re.compile(text, flags), not methods <= ANCHORED)
                case _:
                    pass


def _names(node: ast.AST) -> bool:
    return isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and isinstance(node.value, ast.Call)


FOUND = dict(constants())


def spent(pattern: re.Pattern[str], piece: str, length: int, *, anywhere: bool = True) -> float:
    """Processor seconds for looking through so much of a text that almost fits."""
    text = (piece * length)[:length] + "\x00"
    begun = time.process_time()
    pattern.fullmatch(text)
    if anywhere:
        pattern.search(text)
    return time.process_time() - begun


def test_there_are_patterns_to_look_at() -> None:
    """Law (S23): the search for regular expressions finds them."""
    assert len(FOUND) > 50
    assert not all(anywhere for _, anywhere in FOUND.values())
    assert any(anywhere for _, anywhere in FOUND.values())


@pytest.mark.parametrize("place", FOUND)
def test_no_text_keeps_a_pattern_busy(place: str) -> None:
    """Law (S23): four times the text takes about four times as long, whatever is repeated in it."""
    pattern, anywhere = FOUND[place]
    for one, other in product(LETTERS, LETTERS):
        piece = one if one == other else one + other
        # Processor seconds, too, grow where others crowd us out of the caches: the least of three counts.
        long = min(spent(pattern, piece, 8_000, anywhere=anywhere) for _ in range(3))
        assert long < 0.02 or long < 10 * max(spent(pattern, piece, 2_000, anywhere=anywhere), 0.001), piece


def test_a_bad_pattern_would_be_seen() -> None:
    """Law (S23): what backtracks without end is told apart from what does not."""
    bad = re.compile(r"(?:a|a)*b")
    assert spent(bad, "a", 22) > 10 * spent(bad, "a", 16)


@pytest.mark.parametrize(
    "piece", ["eyJ-", "password:", "-----BEGIN PRIVATE KEY-----", "https://a:", "www.", "[link: ", "a.", "\u202e"]
)
def test_cleaning_takes_no_time(piece: str) -> None:
    """Law (S23): no text of a request, however it is made, keeps us busy."""
    text = piece * (32_000 // len(piece))
    begun = time.process_time()
    disarmed(redacted(visible(text)), ["careers.example.edu"])
    assert time.process_time() - begun < 1
