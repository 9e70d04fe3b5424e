"""What `init` puts into a folder to begin with."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.administration import write_examples
from connector.errors import UserError
from connector.rules import load_rules


def test_the_examples_can_be_loaded_as_they_are(tmp_path: Path) -> None:
    """The mapping files that an administrator begins with are whole."""
    written = write_examples(tmp_path / "new")
    assert tmp_path / "new" / "config.toml" in written
    assert load_rules(tmp_path / "new" / "mappings").person.units


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """A file that is there stays as it is, and then nothing at all is written; each one is named."""
    (tmp_path / "config.toml").write_text("mine")
    with pytest.raises(UserError) as refused:
        write_examples(tmp_path)
    assert [problem.file for problem in refused.value.problems] == [str(tmp_path / "config.toml")]
    assert (tmp_path / "config.toml").read_text() == "mine"
    assert not (tmp_path / "mappings").exists()
