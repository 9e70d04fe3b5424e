"""The simulated people's words mean what the product takes them to mean; and the oracle knows them without the product."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

from connector.core.model import Side
from tests.simulation import words
from tests.simulation.flavours import FLAVOURS
from tests.systems import flavoured

ORACLE = Path(__file__).parent / "oracle"
SHARED = ("mapping", "words", "world", "variants", "flavours", "clocks", "boundary", "office", "programs", "routing", "composed")
"""Modules of the simulation that the oracle rests on."""


@pytest.mark.parametrize("flavour", ["plain", *FLAVOURS])
@pytest.mark.parametrize("field", words.FIELDS)
def test_every_form_of_a_word_means_the_same(field: str, flavour: str) -> None:
    """Law: two values have one token exactly if the product reads them as one value, and it writes a form of the word."""
    rule = next(each for unit in flavoured(flavour).person.units for each in unit.fields if each.name == field)
    known: dict[Any, str] = {}
    for person in range(words.PEOPLE):
        for choice in range(words.CHOICES):
            one = words.word(field, person, choice)
            read: set[Any] = {rule.crm_transform.read(form) for form in one.crm} | {
                rule.career_transform.read(form) for form in one.career
            }
            assert len(read) == 1, one
            value: Any = read.pop()
            assert known.setdefault(value, one.token) == one.token
            for side, transform in ((Side.CRM, rule.crm_transform), (Side.CAREER, rule.career_transform)):
                forms: tuple[Any, ...] = one.crm if side is Side.CRM else one.career
                for form in (*forms, transform.write(value)):
                    assert words.token(field, side.value, form) == one.token
    assert len(set(known.values())) == len(known)


def test_what_nobody_entered_is_seen() -> None:
    """Law: a value that is no form of any word has a token of its own, and emptiness has the empty one."""
    assert words.token("title", "crm", "Astronomer").startswith("?")
    empty: tuple[Any, ...] = (None, "", [])
    assert [words.token("interests", "career", value) for value in empty] == ["", "", ""]


def test_the_oracle_shares_no_code_with_the_product() -> None:
    """Law: what judges the product does not import it, not even through the modules that it rests on."""
    paths = [*ORACLE.glob("*.py"), *(ORACLE.parent / f"{name}.py" for name in SHARED)]
    assert len(paths) > len(SHARED)
    imported = {
        (path.name, name)
        for path in paths
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in _imported(node)
    }
    assert [found for found in imported if found[1].split(".")[0] in ("connector", "jobs", "crm_package")] == []
    own = {name.removeprefix("tests.simulation.") for _, name in imported if name.startswith("tests.simulation.")}
    assert {name for name in own if not name.startswith("oracle")} <= set(SHARED)


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [name.name for name in node.names]
    if isinstance(node, ast.ImportFrom) and node.module is not None:
        return [f"{node.module}.{name.name}" for name in node.names] if node.module == "tests.simulation" else [node.module]
    return []
