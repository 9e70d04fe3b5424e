"""Writing to a system that knows no preconditions: what it does otherwise than it says is seen at the first write."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from connector.career.careful import CarefulWriter, version_of
from connector.career.writes import send_all
from connector.core.rulebook import placed
from connector.errors import Halt, Later
from connector.ports import Outcome, PersonUpdate, Record, Status

ACCOUNT = {"title": "Pilot", "city": "Oslo", "custom": {"rank": "A", "hobby": "chess"}}


class System:
    """One account, and what becomes of a write to it."""

    def __init__(self) -> None:
        self.account: dict[str, Any] = dict(ACCOUNT)
        self.becomes: Callable[[Mapping[str, Any], Mapping[str, Any]], dict[str, Any]] = placed
        self.reads = 0

    def fetch(self, id: str) -> tuple[Record, dict[str, Any]] | None:
        """The account as it is now."""
        self.reads += 1
        record = Record(kind="person", id=id, version=version_of(self.account), fields=dict(self.account))
        return (record, self.account) if id == "a" else None

    def send(self, native: Mapping[str, Any], changes: Mapping[str, Any]) -> Outcome:
        """Say yes."""
        self.account = dict(self.becomes(native, changes))
        return Outcome(status=Status.APPLIED)


def written(system: System, writer: CarefulWriter[dict[str, Any]], **fields: Any) -> Outcome:
    """The outcome of an update on the newest version."""
    names = {name.replace("__", "."): value for name, value in fields.items()}
    (outcome,) = writer.update(PersonUpdate(id="a", version=version_of(system.account), fields=names)).outcomes
    return outcome


def careful(system: System) -> CarefulWriter[dict[str, Any]]:
    """A writer as of a new process."""
    return CarefulWriter(system="careers", fetch=system.fetch, send=system.send)


def test_the_first_write_of_each_field_is_looked_at_and_the_next_is_not() -> None:
    """Law: reading before writing is always done, reading behind it once for each field; the answer is what is there now."""
    system = System()
    writer = careful(system)
    assert not writer.proven
    assert written(system, writer, title="Judge").fields == ACCOUNT | {"title": "Judge"}
    assert (system.reads, writer.proven) == (2, True)
    outcome = written(system, writer, title="Chef")
    assert (system.reads, outcome.version) == (3, version_of(system.account))
    written(system, writer, custom__rank="B", title="Cook")
    assert system.reads == 5
    written(system, writer, custom__rank="C")
    assert system.reads == 6


def test_a_field_that_is_never_taken_up_is_noticed_behind_one_that_is() -> None:
    """Law: that one field was written well says nothing about another one."""
    system = System()
    system.becomes = lambda native, changes: placed(native, {name: value for name, value in changes.items() if name == "city"})
    writer = careful(system)
    assert written(system, writer, city="Bonn").status is Status.APPLIED
    assert written(system, writer, title="Judge").code == "NOT_TAKEN_UP"
    assert written(system, writer, rank="First").code == "NOT_TAKEN_UP", "it was empty, and is still"


@pytest.mark.parametrize(
    ("sent", "lost"),
    [({"title": "Judge"}, "city"), ({"custom__rank": "B"}, "custom.hobby"), ({"title": None}, "city")],
)
def test_a_write_that_empties_other_values_stops_everything(sent: dict[str, Any], lost: str) -> None:
    """Law: whatever else became empty, at any depth, is named, and nothing more is sent."""
    system = System()
    system.becomes = lambda _native, changes: placed({}, changes)
    with pytest.raises(Halt, match=lost):
        written(system, careful(system), **sent)


def test_what_we_empty_ourselves_is_no_loss() -> None:
    """Law: a value that was sent as empty, and is, stops nothing."""
    system = System()
    assert written(system, careful(system), title=None).fields == ACCOUNT | {"title": None}


def test_a_write_that_was_not_taken_up_is_refused() -> None:
    """Law: what a system acknowledges and does not do is told as refused, as often as it happens; one that works is not."""
    system = System()
    system.becomes = lambda native, changes: placed(native, {name: value for name, value in changes.items() if name == "city"})
    writer = careful(system)
    for _ in range(2):
        outcome = written(system, writer, title="Judge", city="Rome")
        assert (outcome.status, outcome.code, outcome.detail) == (Status.REFUSED, "NOT_TAKEN_UP", "fields title")
    assert written(system, writer, city="Bonn").status is Status.APPLIED


def test_another_form_of_the_value_is_no_refusal() -> None:
    """Law: a system may store what was sent in its own form."""
    system = System()
    system.becomes = lambda native, changes: placed(native, {name: str(value).upper() for name, value in changes.items()})
    assert written(system, careful(system), title="Judge").fields == ACCOUNT | {"title": "JUDGE"}


@pytest.mark.parametrize("reason", [Later(side="careers", code="HTTP_503"), Halt(subject="careers", reason="403", remedy="")])
def test_what_was_sent_and_cannot_be_looked_at_is_unknown(reason: Exception) -> None:
    """Law (I15): a write that was done is never told as one that waits; and nothing more is sent before somebody has looked."""
    system = System()
    before, sent = version_of(system.account), list[object]()

    def fetch(id: str) -> tuple[Record, dict[str, Any]] | None:
        if sent:
            raise reason
        return system.fetch(id)

    def send(native: Mapping[str, Any], changes: Mapping[str, Any]) -> Outcome:
        sent.append(changes)
        return system.send(native, changes)

    writer = CarefulWriter(system="careers", fetch=fetch, send=send)
    rows = [PersonUpdate(id="a", version=before, fields={"title": title}) for title in ("Judge", "Chef")]
    outcomes = send_all(rows, 1, lambda chunk: writer.update(chunk[0]), bar=lambda _: None)
    assert [outcome.status for outcome in outcomes] == [Status.UNKNOWN, Status.LATER]
    assert (system.account["title"], len(sent), writer.proven) == ("Judge", 1, False)
