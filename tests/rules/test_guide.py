"""The mapping guide says everything that can be written in a mapping, and the shipped README leads to it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from connector.core.model import Mode, NullPolicy, OnWithdrawn, OutsideEdit, Owner, Share, UntilDecided
from connector.core.progress import Neutral
from connector.core.requests import ClearanceRule, Direction
from connector.core.rulebook import Fact, Slot
from connector.core.violations import Table
from connector.rules import schema
from connector.rules.transforms import REGISTER

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "mapping-guide.md").read_text()

_SHOWN = re.compile(r"^```toml\n(.*?)^```$|`([^`\n]+)`", re.MULTILINE | re.DOTALL)
WRITTEN = {word for shown in _SHOWN.findall(GUIDE) for word in re.findall(r"\w+", "".join(shown))}
"""The words of what the guide shows as it is written in a file: in backticks, or as an example."""


def tables() -> list[type[BaseModel]]:
    """Every table that a mapping file can have."""
    return [kind for kind in vars(schema).values() if isinstance(kind, type) and issubclass(kind, Table) and kind.model_fields]


@pytest.mark.parametrize("table", tables(), ids=lambda table: table.__name__)
def test_every_key_is_in_the_guide(table: type[BaseModel]) -> None:
    """Law: a key that is added to a mapping file is added to the guide."""
    assert not {field.alias or name for name, field in table.model_fields.items()} - WRITTEN


@pytest.mark.parametrize(
    "words", [Owner, Share, OutsideEdit, UntilDecided, NullPolicy, Mode, OnWithdrawn, ClearanceRule, Direction, Slot, Fact]
)
def test_every_word_is_in_the_guide(words: type[Owner]) -> None:
    """Law: so is every value that can be chosen."""
    assert not [word.value for word in words if f"`{word.value}`" not in GUIDE]


def test_every_transform_and_neutral_word_is_in_the_guide() -> None:
    """Law: so are all transforms, their options, and the words that careers see."""
    assert not [name for name, kind in REGISTER.items() if f"`{name}`" not in GUIDE or set(kind.options) - WRITTEN]
    (seen,) = re.findall(r"Careers see \*([^*]+)\*", GUIDE)
    assert set(seen.split(", ")) == {word.value for word in Neutral}


def test_every_problem_code_is_in_the_guide() -> None:
    """Law: a code that the checks use is explained."""
    source = "".join(path.read_text() for path in (ROOT / "connector" / "rules").glob("*.py"))
    used = set(re.findall(r'"(M2\d\d)"', source))
    assert used == set(re.findall(r"M2\d\d", GUIDE.split("## Problem codes")[1]))


def test_the_readme_leads_to_the_guide() -> None:
    """Law: who opens the folder finds the guide."""
    assert "../docs/mapping-guide.md" in (ROOT / "mappings" / "README.md").read_text()
