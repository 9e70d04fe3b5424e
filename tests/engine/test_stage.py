"""Whom an installation may write about."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from connector.core.rulebook import Persons
from connector.engine.stage import Stage, go_live, included, set_pilot, stage
from connector.store import links
from connector.store.store import Store, get_meta, open_store, pack, set_meta, stamp
from tests.engine.university import University
from tests.systems import SYSTEM


@pytest.mark.parametrize(
    ("stage", "account", "year", "included"),
    [
        (Stage(live=False), "a1", 2005, False),
        (Stage(live=False, pilot_accounts=frozenset({"a1"}), pilot_years=frozenset({2005})), "a1", 2005, False),
        (Stage(live=True), "a1", None, True),
        (Stage(live=True, pilot_accounts=frozenset({"a1"})), "a1", None, True),
        (Stage(live=True, pilot_accounts=frozenset({"a1"})), "a2", 2005, False),
        (Stage(live=True, pilot_years=frozenset({2005})), "a2", 2005, True),
        (Stage(live=True, pilot_years=frozenset({2005})), "a2", 2006, False),
        (Stage(live=True, pilot_years=frozenset({2005})), "a2", None, False),
        (Stage(live=True, pilot_accounts=frozenset({"a1"}), pilot_years=frozenset({2005})), "a1", 2006, True),
        (Stage(live=True, pilot_accounts=frozenset({"a1"}), pilot_years=frozenset({2005})), "a2", 2005, True),
    ],
)
def test_whom_we_may_write_about(stage: Stage, account: str, year: int | None, *, included: bool) -> None:
    """Law: nobody before go-live; then the pilot's accounts and class years, or everybody where there is no pilot."""
    assert stage.includes(account, year) is included


def test_the_stage_is_what_the_commands_have_set(tmp_path: Path) -> None:
    """Law: nothing said is not live and no pilot; what is said is kept."""
    store: Store = open_store(f"sqlite:///{tmp_path / 'state.db'}")
    with store.begin() as db:
        assert stage(db) == Stage(live=False)
        set_meta(db, "live_at", "2026-11-02T09:00:00Z")
        assert stage(db) == Stage(live=True)
        set_meta(db, "pilot", pack({"accounts": ["a1"]}))
        assert stage(db) == Stage(live=True, pilot_accounts=frozenset({"a1"}))
        set_meta(db, "pilot", pack({"class_years": [2005]}))
        assert stage(db) == Stage(live=True, pilot_years=frozenset({2005}))
    store.close()


@pytest.mark.parametrize(
    ("first", "then", "configured", "stands"),
    [
        (None, ["a1"], True, ["a1"]),
        (None, ["a1"], False, ["a1"]),
        ((["a1"], True), ["a2"], True, ["a2"]),
        ((["a1"], False), ["a2"], True, ["a1"]),
        ((["a1"], True), ["a2"], False, ["a2"]),
        ((["a1"], False), ["a2"], False, ["a2"]),
    ],
)
def test_the_configured_pilot_gives_way_to_the_command(
    new: University, first: tuple[list[str], bool] | None, then: list[str], *, configured: bool, stands: list[str]
) -> None:
    """Law: who names a pilot last is heard, but for the configuration once the command has chosen."""
    if first is not None and first[1]:
        set_pilot(new.ctx, accounts=first[0], class_years=(), configured=True)
    elif first is not None:
        set_pilot(new.ctx, accounts=first[0], class_years=())
    set_pilot(new.ctx, accounts=then, class_years=(), configured=configured)
    with new.ctx.store.begin() as db:
        assert stage(db) == Stage(live=False, pilot_accounts=frozenset(stands))


@pytest.mark.parametrize(("accounts", "again"), [(["a1"], False), (["a2"], True)])
def test_everybody_is_judged_again_once_the_pilot_is_another(new: University, accounts: list[str], *, again: bool) -> None:
    """Law: a configuration that says what it said before gives nobody to judge."""
    _link(new, 1)
    set_pilot(new.ctx, accounts=["a1"], class_years=(), configured=True)
    with new.ctx.store.begin() as db:
        links.unmark(db, SYSTEM, ["a0000"])
    set_pilot(new.ctx, accounts=accounts, class_years=(), configured=True)
    with new.ctx.store.begin() as db:
        assert bool(links.marked(db)) is again


def test_all_are_counted_however_many(new: University) -> None:
    """Law: without a pilot every linked account is included, each once; with one, those that it names."""
    _link(new, 1001)
    assert included(new.ctx) == 1001
    set_pilot(new.ctx, accounts=["a0000", "a0600", "a1000", "of nobody"], class_years=())
    assert included(new.ctx) == 3


def test_a_class_year_is_what_the_systems_own_mapping_says(new: University) -> None:
    """Law: class years are read by the mapping of the system that an account is in; where it has none, nobody has one."""
    new.alumna(year=1999)
    new.prepare()
    new.run()
    set_pilot(new.ctx, accounts=(), class_years=[1999])
    usual = new.ctx.persons.usual
    without = replace(new.ctx, persons=Persons(usual=usual, own={SYSTEM: replace(usual, facts={})}))
    assert (included(new.ctx), included(without)) == (1, 0)


def test_going_live_has_everybody_judged_again(new: University) -> None:
    """Law: from the moment of ``go-live`` the bridge is live, and every link about which something may be written is marked."""
    _link(new, 1)
    with new.ctx.store.begin() as db:
        links.unmark(db, SYSTEM, ["a0000"])
    go_live(new.ctx)
    with new.ctx.store.begin() as db:
        assert (stage(db), get_meta(db, "live_at")) == (Stage(live=True), stamp(new.ctx.clock.now()))
        assert len(links.marked(db)) == 1


def _link(uni: University, count: int) -> None:
    """So many linked accounts, about which nothing is known yet."""
    with uni.ctx.store.begin() as db:
        known = {"system": SYSTEM, "state": "linked", "leading": True, "marked": True, "decided_at": stamp(uni.ctx.clock.now())}
        links.put(db, [known | {"account_id": f"a{at:04}", "contact_id": f"003{at:015}"} for at in range(count)])
