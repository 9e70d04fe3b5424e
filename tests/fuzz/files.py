"""Targets: files that people write or careers drop, and the state's own file."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from sqlalchemy.exc import DatabaseError

from connector.bootstrap import career_faults
from connector.career.connect import connect
from connector.career.profile import read_profile
from connector.career.setup import Setup
from connector.config import load_settings
from connector.core.document import MAX_BYTES, render_problems
from connector.errors import Halt, Later, UserError
from connector.ports import PersonUpdate
from connector.rules import load_rules
from connector.secrets import Secret
from connector.store.store import integrity, open_store
from tests.fuzz.exchange import SEPARATOR, Still, replies_in, wires
from tests.fuzz.wires import CAREERS, facts, kept, one_each

ROOT = Path(__file__).parents[2]
_LONGEST_REPORT = 20 * MAX_BYTES
_LOG = b"\x37\x7f\x06\x82"


@cache
def _place() -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix="fuzz-")


def folder() -> Path:
    """A folder of this process, which goes with it."""
    return Path(_place().name)


def _accepted(load: Callable[[], object]) -> None:
    """A file is taken, or all its problems are told; the report can be shown."""
    try:
        load()
    except UserError as error:
        problems = error.problems
    else:
        return
    assert problems
    report = render_problems(problems)
    report.encode()
    assert len(report) < _LONGEST_REPORT


MAPPINGS = ("person.toml", "requests.toml", "routing.toml")


def mapping_files() -> tuple[bytes, ...]:
    """The shipped mapping."""
    return (SEPARATOR.join((ROOT / "mappings" / name).read_bytes() for name in MAPPINGS),)


def mapping(data: bytes) -> None:
    """The three files of a mapping, one after another, with a record separator between them."""
    parts = data.split(SEPARATOR)
    for name, text in zip(MAPPINGS, (*parts, b"", b"")[:3], strict=True):
        (folder() / name).write_bytes(text)
    _accepted(lambda: load_rules(folder()))


def config_files() -> tuple[bytes, ...]:
    """The shipped example."""
    return ((ROOT / "config.example.toml").read_bytes(),)


def config(data: bytes) -> None:
    """A configuration."""
    path = folder() / "config.toml"
    path.write_bytes(data)
    _accepted(lambda: load_settings(path, career_faults=career_faults))


def profile_files() -> tuple[bytes, ...]:
    """The shipped profiles."""
    return tuple(path.read_bytes() for path in sorted((ROOT / "connector/career/profiles").glob("*.toml")))


def profile(data: bytes) -> None:
    """A profile of a career platform."""
    _accepted(lambda: read_profile("profile.toml", data))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """A folder that we share with careers: the files that anybody may put there, and what we change of an account."""

    profile: str
    files: tuple[str, ...]
    fields: Mapping[str, Any]


SHARED: Mapping[str, Shared] = {
    "drop": Shared(
        profile="csv_drop",
        files=("people.csv", "requests.csv", ".updates.json", "updates-000001.csv"),
        fields={"title": "Engineer"},
    ),
    "handshake": Shared(
        profile="handshake",
        files=("students.csv", "requests.csv", ".handshake-alumni.json", "handshake-alumni-000001.csv"),
        fields={"preferred_name": "Ada"},
    ),
}


def shared(name: str) -> Callable[[bytes], None]:
    """Files in a folder, with a record separator between them; then what an interface beside it answers, if there is one."""

    def run(data: bytes) -> None:
        kind, clock, parts = SHARED[name], Still(), data.split(SEPARATOR)
        place = folder() / name
        place.mkdir(mode=0o700, exist_ok=True)
        for old in place.iterdir():
            old.unlink()
        for file, text in zip(kind.files, parts, strict=False):
            if text:
                (place / file).write_bytes(text)
                os.utime(place / file, (clock.monotonic() - 86_400,) * 2)
        setup = Setup(system="careers", profile=facts(kind.profile), clock=clock, rng=lambda: 0.5, folder=place, carrier="csv")
        if replies := replies_in(parts[len(kind.files) :]):
            setup = replace(setup, wire=wires(replies, clock, side="careers")(CAREERS), key=lambda: Secret("key-1"))
        client = connect(setup)
        rows = [PersonUpdate(id=one, version="", fields=kind.fields, before={}, key=f"k{one}") for one in ("a1", "a2")]
        try:
            for read in (client.read, client.read_requests):
                with suppress(Later, Halt):
                    cursor = ""
                    for _ in range(6):
                        page = read(cursor)
                        kept(page.records)
                        cursor = page.cursor
            with suppress(Later, Halt):
                one_each(client.update(rows), rows)
        finally:
            for part in (client._people, client._requests):
                cast("Any", part)._inbox._close()
        for result in place.glob("*.result.csv"):
            result.read_text(encoding="utf-8")

    return run


@cache
def _state() -> bytes:
    """An empty state, as the product makes it."""
    path = folder() / "whole.db"
    store = open_store(f"sqlite:///{path}")
    store.scrub()
    store.close()
    return path.read_bytes()


def patched(whole: bytes, data: bytes) -> bytes:
    """A file with some of its bytes changed: four bytes of place, one of length, then so many bytes; a rest cuts it off."""
    file = bytearray(whole)
    while len(data) >= 5:
        place, length = int.from_bytes(data[:4], "big") % len(file), data[4]
        file[place : place + length] = data[5 : 5 + length]
        data = data[5 + length :]
    return bytes(file[: int.from_bytes(data, "big") % len(file)]) if data else bytes(file)


def state(data: bytes) -> None:
    """A state file in which somebody wrote about, with garbage beside it where its log would be.

    It is taken, or told to be damaged. Damage that shows later, while somebody works, is SQLite's own error.
    """
    path = folder() / "state.db"
    path.write_bytes(patched(_state(), data))
    for name in ("-wal", "-shm"):
        beside = path.with_name(path.name + name)
        beside.unlink(missing_ok=True)
        if data[:1] == b"\xff":
            beside.write_bytes(_LOG + data)
    with suppress(Halt):
        store = open_store(f"sqlite:///{path}")
        try:
            with suppress(DatabaseError), store.begin() as db:
                assert isinstance(integrity(db), str)
        finally:
            store.close()
