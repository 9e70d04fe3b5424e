"""Whom an installation may write about."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.engine.stage import Stage, stage
from connector.store.store import Store, open_store, pack, set_meta


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
