"""Every number of the catalogues (bad input, security, what always has to hold) has a test, or a reason why it needs none."""

from __future__ import annotations

from pathlib import Path

from tests import catalogue


def test_every_number_has_a_test_or_a_reason() -> None:
    """Law: the catalogues are complete; a number has tests, or a reason why none names it, and never both."""
    known, found = catalogue.catalogue(), set(catalogue.answering())
    listed = [*known["bad_input"], *known["security"], *known["invariants"]]
    assert listed == [f"{letter}{n}" for letter, last in (("B", 66), ("S", 46), ("I", 50)) for n in range(1, last + 1)]
    assert sorted(set(listed) - found) == sorted(known["not_here"])
    assert found <= set(listed), "a docstring names a number that the catalogue does not have"


def test_a_lost_test_would_be_noticed(tmp_path: Path) -> None:
    """Law: numbers are read from docstrings of tests alone, ranges included; nothing else counts as a test."""
    (tmp_path / "test_one.py").write_text('def test_a():\n    """Law (B1-B3, S7)."""\n\ndef help():\n    """Of B9."""\n')
    (tmp_path / "other.py").write_text('def test_b():\n    """Law (B8)."""\n')
    assert catalogue.answering(tmp_path) == {number: {"test_one.py": ["test_a"]} for number in ("B1", "B2", "B3", "S7")}


def test_the_page_shows_what_there_is() -> None:
    """Law: the pages tell which tests answer for which number as it is now (`make docs`)."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in catalogue.PAGES}
    assert {path.name: catalogue.page(path) for path in catalogue.PAGES} == texts
    assert all(f"| {number} | " in texts["security.md"] for number in ("B1", "B66", "S1", "S46"))
    assert all(f"| {number} | " in texts["reliability.md"] for number in ("I1", "I50"))
