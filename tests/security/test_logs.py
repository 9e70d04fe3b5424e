"""What the log and the reports may say: references, codes and counts; never a person, a secret, or a second line."""

from __future__ import annotations

import ast
import io
import json
import logging
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from connector.engine.report import sign_of_life, status
from connector.log import _ALLOWED, configure, redact
from connector.store.store import pack
from tests import architecture
from tests.engine.university import University
from tests.input.hostile import spoil

ROOT = Path(__file__).parents[2]
HOSTILE = (
    "a\nb",
    "a\r\nlevel=error event=forged",
    "\x1b[2Jcleared",
    "\u202egnitirw",
    "a\u2028b",
    "a\x85b",
    "x" * 10_000,
    "\ud800",
    "\0",
)


@pytest.fixture
def spoken() -> Iterator[io.StringIO]:
    """What is said on standard error at the most talkative level, as JSON."""
    before = logging.getLogger().handlers[:]
    said = io.StringIO()
    with redirect_stderr(said):
        configure("debug", "json")
        yield said
    structlog.reset_defaults()
    logging.getLogger().handlers[:] = before


@given(
    st.dictionaries(st.sampled_from(sorted(_ALLOWED)) | st.text(), st.text() | st.integers() | st.none() | st.lists(st.text()))
)
def test_only_known_keys_with_short_plain_values(event: dict[str, Any]) -> None:
    """Law (S10, S11): whatever is logged: known keys alone, values on one short line, and nothing like an address."""
    found = redact(None, "info", dict(event))
    assert set(found) <= _ALLOWED
    for value in found.values():
        if isinstance(value, str):
            assert value.isprintable()
            assert len(value) <= 300 + len("[redacted]") * 300
            assert "@" not in value


def test_every_log_call_uses_known_keys() -> None:
    """Law (S10): no call to the log gives a key that would be dropped."""
    unknown = []
    for name, path in architecture.sources(ROOT, architecture.PRODUCT):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id="log")), keywords=words):
                    unknown += [f"{name}:{node.lineno} {word.arg}" for word in words if word.arg not in _ALLOWED]
                case _:
                    pass
    assert unknown == []


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_one_event_is_one_line(spoken: io.StringIO, text: str) -> None:
    """Law (S11, B43): whatever a value holds, an event is one line of JSON, and nobody can write a second one into the log."""
    log = structlog.get_logger()
    for _ in range(3):
        log.warning("side.stopped", side=text, code=text, error=text)
    lines = spoken.getvalue().split("\n")
    assert lines.pop() == ""
    assert [json.loads(line)["event"] for line in lines] == ["side.stopped"] * 3
    assert all(line.isprintable() for line in lines)


def test_a_library_is_heard_without_its_words(spoken: io.StringIO) -> None:
    """Law (S8, S10): that a library warns is of interest; its message, and the text of an error beside it, may hold anything."""
    try:
        int("Featherstonehaugh")
    except ValueError:
        logging.getLogger("urllib3").warning("Featherstonehaugh", exc_info=sys.exc_info())
    assert "WARNING urllib3" in spoken.getvalue()
    assert "ValueError" in spoken.getvalue()
    assert "Featherstonehaugh" not in spoken.getvalue()


CANARIES = ("Featherstonehaugh", "canary.example.org", "Wilhelmina", "555 0199")


def test_reports_name_nobody(tmp_path: Path, spoken: io.StringIO) -> None:
    """Law (S34, S10): log, status and the sign of life tell numbers and references, also of refused and unreadable values."""
    uni = University(state=tmp_path / "state.db")
    uni.ada = uni.alumna(first="Wilhelmina", last="Featherstonehaugh", personal="w@canary.example.org", mobile="+1 617 555 0199")[
        0
    ]
    uni.go_live()
    request = uni.file(title="Featherstonehaugh", text="Wilhelmina Featherstonehaugh <w@canary.example.org> 555 0199")
    spoil(uni, "person", "a1", preferred_name="Featherstonehaugh" * 10_000, phone_mobile="call Wilhelmina: 555 0199")
    uni.run()
    spoil(uni, "request", request, type="Featherstonehaugh")
    spoil(uni, "person", "a1", preferred_name="Featherstonehaugh\0")
    uni.run()
    found = status(uni.ctx)
    assert found["refused"]
    assert found["parked_total"]
    with uni.ctx.store.begin() as db:
        told = pack([found, sign_of_life(uni.ctx, db)]) + spoken.getvalue()
    assert "cycle.ended" in told
    assert [one for one in CANARIES if one.lower() in told.lower()] == []
