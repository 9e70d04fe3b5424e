"""Suggestions: outside edits that wait for the field owner, each with its record in Salesforce."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, Update, delete, exists, func, select, update

from connector.store.intents import OPEN_STATES, asks_values
from connector.store.observations import batches
from connector.store.store import LISTED, Place, Row, fetch, prepared, rows_of, stamp, upsert
from connector.store.tables import intent, observation, suggestion


def opened(
    key: str, names: Mapping[str, str], *, kind: str, episode: int, now: datetime, crm_id: str | None = None
) -> dict[str, object]:
    """The row of a suggestion that waits; ``names`` are its system, account_id and unit."""
    blank = {"settled_at": None, "reason": None, "reminded_at": None, "decided_by": None, "pressed": None}
    known = {"key": key, "kind": kind, "episode": episode, "crm_id": crm_id, "raised_at": stamp(now)}
    return {**names, **known, **blank, "state": "open", "told": "open"}


def put(db: Connection, rows: Sequence[Row]) -> None:
    """Keep these suggestions; every row names the same columns."""
    upsert(db, suggestion, rows)


def settle(db: Connection, system: str, account_id: str, unit: str, *, state: str, now: datetime) -> None:
    """The open suggestion about one unit of one account has been answered, once."""
    settle_people(db, system, [account_id], unit, state=state, now=now)


@prepared
def _settle_people(system: Place, accounts: Place, unit: Place, state: Place, now: Place) -> Update:
    about = (suggestion.c.system == system) & suggestion.c.account_id.in_(accounts) & (suggestion.c.unit == unit)
    return update(suggestion).where(about, suggestion.c.state == "open").values(state=state, settled_at=now)


def settle_people(db: Connection, system: str, account_ids: Iterable[str], unit: str, *, state: str, now: datetime) -> None:
    """The open suggestions about one unit of these accounts have been answered, each once."""
    for some in batches(account_ids):
        _settle_people(db, system=system, accounts=some, unit=unit, state=state, now=stamp(now))


def withdraw_about(db: Connection, system: str, account_id: str, now: datetime) -> None:
    """Every open question about a field of this account is withdrawn; that for a new contact (no unit) is not."""
    about = (suggestion.c.system == system) & (suggestion.c.account_id == account_id) & (suggestion.c.unit != "")
    open_ones = update(suggestion).where(about, suggestion.c.state == "open")
    db.execute(open_ones.values(state="withdrawn", settled_at=stamp(now)))


def withdraw_units(db: Connection, system: str, units: Iterable[str], now: datetime) -> None:
    """Every open question about one of these units is withdrawn, whoever it is about."""
    for some in batches(units):
        about = (suggestion.c.system == system) & suggestion.c.unit.in_(some) & (suggestion.c.state == "open")
        db.execute(update(suggestion).where(about).values(state="withdrawn", settled_at=stamp(now)))


def forget(db: Connection, key: str) -> None:
    """As if it had never been raised; only for one that has no record in Salesforce."""
    db.execute(delete(suggestion).where(suggestion.c.key == key, suggestion.c.crm_id.is_(None)))


def change(db: Connection, key: str, **columns: object) -> None:
    """Change columns of one suggestion."""
    db.execute(update(suggestion).where(suggestion.c.key == key).values(**columns))


@prepared
def _by_crm_id(ids: Place) -> Select[Any]:
    return select(suggestion).where(suggestion.c.crm_id.in_(ids))


def by_crm_id(db: Connection, crm_ids: Iterable[str]) -> dict[str, Row]:
    """Suggestions by their Salesforce id."""
    found: dict[str, Row] = {}
    for some in batches(crm_ids):
        found.update({row["crm_id"]: row for row in rows_of(_by_crm_id(db, ids=some))})
    return found


def by_key(db: Connection, keys: Iterable[str]) -> dict[str, Row]:
    """Suggestions by key."""
    found: dict[str, Row] = {}
    for some in batches(keys):
        found.update({row["key"]: row for row in fetch(db, select(suggestion).where(suggestion.c.key.in_(some)))})
    return found


def open_records(db: Connection) -> list[str]:
    """The Salesforce ids of the suggestions that wait."""
    query = select(suggestion.c.crm_id).where(suggestion.c.crm_id.is_not(None), suggestion.c.state == "open")
    return list(db.execute(query).scalars())


def listing(db: Connection, *, state: str | None) -> list[Row]:
    """Suggestions in a state, or in any, oldest first."""
    query = select(suggestion).order_by(suggestion.c.raised_at, suggestion.c.key).limit(LISTED)
    return fetch(db, query.where(suggestion.c.state == state) if state else query)


@prepared
def _untold(after: Place, limit: Place) -> Select[Any]:
    settled = (suggestion.c.told != suggestion.c.state) & (suggestion.c.state != "open")
    query = select(suggestion).where(suggestion.c.crm_id.is_not(None), settled, suggestion.c.key > after)
    return query.order_by(suggestion.c.key).limit(limit)


def untold(db: Connection, *, after: str = "", limit: int = 500) -> list[Row]:
    """Suggestions with a record in Salesforce that does not know their state yet, paged by key."""
    return rows_of(_untold(db, after=after, limit=limit))


@prepared
def _untouched(after: Place, limit: Place) -> Select[Any]:
    pressed = (suggestion.c.state == "open") & (suggestion.c.pressed == "accept") & (suggestion.c.told == "open")
    return select(suggestion).where(pressed, suggestion.c.key > after).order_by(suggestion.c.key).limit(limit)


def untouched(db: Connection, *, after: str = "", limit: int = 500) -> list[Row]:
    """Suggestions that staff accepted while the contact still holds the old value, and that do not say so yet."""
    return rows_of(_untouched(db, after=after, limit=limit))


def of_account(db: Connection, system: str, account_id: str) -> list[Row]:
    """Every suggestion about one account."""
    return fetch(db, select(suggestion).where(suggestion.c.system == system, suggestion.c.account_id == account_id))


@prepared
def _unrecorded(system: Place, accounts: Place) -> Select[Any]:
    mine = (suggestion.c.system == system) & suggestion.c.account_id.in_(accounts)
    of_it = (intent.c.kind == "suggestion.update") & (intent.c.key == suggestion.c.key) & intent.c.state.in_(OPEN_STATES)
    refreshed = exists().where(of_it, asks_values(intent))
    return select(suggestion.c.account_id, suggestion.c.unit).where(mine, suggestion.c.crm_id.is_(None) | refreshed)


def unrecorded(db: Connection, system: str, account_ids: Iterable[str]) -> dict[str, set[str]]:
    """The units of these accounts with a suggestion, settled or not, that does not stand in Salesforce as it was last asked."""
    found: dict[str, set[str]] = {}
    for some in batches(account_ids):
        for account, unit in _unrecorded(db, system=system, accounts=some):
            found.setdefault(account, set()).add(unit)
    return found


@prepared
def _not_shown(system: Place, accounts: Place) -> Select[Any]:
    mine = (suggestion.c.system == system) & suggestion.c.account_id.in_(accounts) & (suggestion.c.state == "open")
    of_it = (intent.c.kind == "suggestion.update") & (intent.c.key == suggestion.c.key)
    hidden = exists().where(of_it, intent.c.state.in_((*OPEN_STATES, "refused")), asks_values(intent))
    return select(suggestion).where(mine, suggestion.c.crm_id.is_not(None), hidden)


def not_shown(db: Connection, system: str, account_ids: Iterable[str]) -> list[Row]:
    """The open suggestions about these accounts whose record is not known to show what was entered since."""
    return [row for some in batches(account_ids) for row in rows_of(_not_shown(db, system=system, accounts=some))]


def of_unit(db: Connection, system: str, account_id: str, unit: str) -> list[Row]:
    """Every suggestion about one unit of one account, newest first."""
    query = select(suggestion).where(
        suggestion.c.system == system, suggestion.c.account_id == account_id, suggestion.c.unit == unit
    )
    return fetch(db, query.order_by(suggestion.c.episode.desc()))


def older_than(db: Connection, moment: datetime, *, limit: int = 500) -> list[Row]:
    """Open suggestions raised before this moment of which nobody has been reminded since; not those that somebody has deleted."""
    before = stamp(moment)
    deleted = select(observation.c.id).where(observation.c.kind == "Suggested_Change__c", observation.c.deleted)
    query = select(suggestion).where(
        suggestion.c.state == "open",
        suggestion.c.crm_id.is_not(None),
        suggestion.c.crm_id.not_in(deleted),
        func.coalesce(suggestion.c.reminded_at, suggestion.c.raised_at) < before,
    )
    return fetch(db, query.order_by(suggestion.c.key).limit(limit))


@prepared
def _count() -> Select[Any]:
    return select(suggestion.c.state, func.count()).group_by(suggestion.c.state)


def count(db: Connection) -> dict[str, int]:
    """How many suggestions there are in each state."""
    return dict(_count(db).all())
