"""What is kept about a unit comes back as it was, whatever values, natives and memories it holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine

from connector.core.model import Base, Memory, OpenSuggestion, Reading, Rejection
from connector.store import links
from connector.store.links import UnitState
from connector.store.store import moment, stamp
from connector.store.tables import metadata

ENGINE = create_engine("sqlite://")
metadata.create_all(ENGINE)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
INTEGERS = st.integers(-(2**53), 2**53)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.none() | st.booleans() | INTEGERS | FLOATS | TEXTS
VALUES = SCALARS | st.lists(TEXTS, max_size=3).map(tuple)
NATIVES = SCALARS | st.lists(TEXTS, max_size=3)
MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC), allow_imaginary=False)  # noqa: DTZ001 - bounds are naive


MOMENTS = MOMENTS.map(lambda moment: moment.replace(fold=0))


@st.composite
def states(draw: st.DrawFn) -> UnitState:
    """A unit's base and memory, of one to three fields."""
    size = draw(st.integers(1, 3))
    values = st.lists(VALUES, min_size=size, max_size=size).map(tuple)

    def reading() -> Reading:
        found = draw(values)
        natives: tuple[Any, ...] = found if draw(st.booleans()) else tuple(draw(NATIVES) for _ in range(size))
        return Reading(values=found, natives=natives)

    base = Base(crm=reading(), career=reading(), supplied=draw(st.booleans())) if draw(st.booleans()) else None
    opened = st.builds(
        OpenSuggestion,
        values=values,
        episode=st.integers(0, 10_000),
        restored=st.booleans(),
        decision=st.sampled_from([None, "accept", "reject"]),
        against=st.none() | values,
    )
    rejected = st.builds(Rejection, values=values, against=values, at=MOMENTS)
    memory = Memory(
        open=draw(st.none() | opened),
        suspended=draw(st.none() | opened),
        rejected=draw(st.none() | rejected),
        adopt=draw(st.sampled_from([None, "crm_wins", "suggest", "keep"])),
        chosen_over=draw(st.none() | st.just(()) | values),
        episodes=draw(st.integers(0, 10_000)),
        noted=draw(st.sampled_from([None, "restored", "opt_out_stands"])),
    )
    return UnitState(base=base, memory=memory, fields=draw(st.just(()) | st.lists(TEXTS, min_size=2, max_size=3).map(tuple)))


def exactly(state: UnitState) -> str:
    """A state with the types of its values: 1, 1.0 and true are three things."""
    return repr(state)


@given(st.dictionaries(TEXTS.filter(bool), states(), max_size=3))
def test_states_come_back_as_they_were(units: dict[str, UnitState]) -> None:
    """Base and memory of every unit survive the state database: values, natives, types, decisions and moments."""
    with ENGINE.connect() as db:
        links.put_states(db, "careers", {"a1": units})
        found = links.states_of(db, "careers", ["a1"])["a1"]
        db.rollback()
    wanted = {name: state for name, state in units.items() if state != links.BLANK}
    as_lists = {name: exactly(_natives_as_read(state)) for name, state in wanted.items()}
    assert {name: exactly(_natives_as_read(state)) for name, state in found.items()} == as_lists


def _natives_as_read(state: UnitState) -> UnitState:
    """A native list is a list, whether it is kept as one or, where it equals the value, as a tuple."""
    if state.base is None:
        return state

    def plain(reading: Reading) -> Reading:
        natives = tuple(list(one) if isinstance(one, tuple) else one for one in reading.natives)
        return Reading(values=reading.values, natives=natives)

    base = Base(crm=plain(state.base.crm), career=plain(state.base.career), supplied=state.base.supplied)
    return replace(state, base=base)


@given(MOMENTS, MOMENTS)
def test_stamps_sort_as_moments_do(one: datetime, other: datetime) -> None:
    """The text of a moment sorts like the moment, and comes back as the same moment."""
    assert (stamp(one) < stamp(other)) == (one < other)
    assert moment(stamp(one)) == one
