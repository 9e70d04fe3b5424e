"""Identity reviews: questions to staff about who an account belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, Update, func, or_, select, update

from connector.store.observations import batches
from connector.store.store import Place, Row, fetch, pack, prepared, rows_of, stamp, unpack, upsert
from connector.store.tables import review


def open_for(
    db: Connection, system: str, account_id: str, *, key: str, kind: str, candidates: Sequence[str], now: datetime
) -> None:
    """Ask about this account; another open question about it is withdrawn, the same question is asked once.

    It is the same as long as it is open: a name that careers correct makes no other question of it. That the account has become
    somebody else's withdraws it (see ``moved``).
    """
    mine = (review.c.system == system) & (review.c.account_id == account_id) & (review.c.kind == kind)
    if fetch(db, select(review).where(mine, review.c.candidates == pack(list(candidates)), review.c.state == "Open")):
        return
    close_for(db, system, [account_id], state="Withdrawn", now=now)
    row = {"system": system, "account_id": account_id, "kind": kind, "candidates": pack(list(candidates)), "decision": None}
    upsert(db, review, [row | {"key": key, "state": "Open", "raised_at": stamp(now), "settled_at": None}])


@prepared
def _close(system: Place, accounts: Place, state: Place, now: Place, decision: Place) -> Update:
    about = (review.c.system == system) & review.c.account_id.in_(accounts) & (review.c.state == "Open")
    return update(review).where(about).values(state=state, settled_at=now, decision=decision)


def close_for(
    db: Connection, system: str, account_ids: Iterable[str], *, state: str, now: datetime, decision: str | None = None
) -> None:
    """Settle the open questions about these accounts."""
    for some in batches(account_ids):
        _close(db, system=system, accounts=some, state=state, now=stamp(now), decision=decision)


def of_account(db: Connection, system: str, account_id: str) -> list[Row]:
    """Every question about one account."""
    return fetch(db, select(review).where(review.c.system == system, review.c.account_id == account_id))


def times_decided(db: Connection, system: str, account_id: str, kind: str, candidates: Sequence[str]) -> int:
    """How often staff have decided this question about an account."""
    same = (review.c.system == system) & (review.c.account_id == account_id) & (review.c.kind == kind)
    decided = (review.c.candidates == pack(list(candidates))) & (review.c.state == "Decided")
    return int(db.execute(select(func.count()).where(same, decided)).scalar_one())


def turned_down(db: Connection, system: str, account_ids: Iterable[str]) -> set[tuple[str, str]]:
    """Pairs of account and contact that staff said are not the same person."""
    found: set[tuple[str, str]] = set()
    for some in batches(account_ids):
        query = select(review).where(review.c.system == system, review.c.account_id.in_(some), review.c.decision.is_not(None))
        for row in fetch(db, query):
            # The decision is the chosen contact's id, or one of the words for none of them.
            found.update((row["account_id"], id) for id in unpack(row["candidates"]) if id != row["decision"])
    return found


def open_naming(db: Connection, contact_ids: Iterable[str]) -> list[Row]:
    """The open questions that name one of these contacts as a candidate."""
    named = set(contact_ids)
    if not named:
        return []
    return [row for row in fetch(db, select(review).where(review.c.state == "Open")) if named & {*unpack(row["candidates"])}]


def forget_decisions(db: Connection, system: str, account_ids: Iterable[str]) -> None:
    """Who these accounts do not belong to was said of somebody else."""
    for some in batches(account_ids):
        about = (review.c.system == system) & review.c.account_id.in_(some)
        db.execute(update(review).where(about, review.c.state != "Open").values(decision=None))


def open_records(db: Connection) -> list[str]:
    """The Salesforce ids of the reviews that wait."""
    query = select(review.c.crm_id).where(review.c.crm_id.is_not(None), review.c.state == "Open")
    return list(db.execute(query).scalars())


def by_crm_id(db: Connection, crm_ids: Iterable[str]) -> dict[str, Row]:
    """Reviews by their Salesforce id."""
    found: dict[str, Row] = {}
    for some in batches(crm_ids):
        found.update({row["crm_id"]: row for row in fetch(db, select(review).where(review.c.crm_id.in_(some)))})
    return found


@prepared
def _untold(after: Place, limit: Place) -> Select[Any]:
    differs = or_(review.c.told.is_(None), review.c.told != review.c.state)
    return select(review).where(differs, review.c.key > after).order_by(review.c.key).limit(limit)


def untold(db: Connection, *, after: str = "", limit: int = 500) -> list[Row]:
    """Reviews whose state Salesforce has not been told, paged by key."""
    return rows_of(_untold(db, after=after, limit=limit))


def tell(db: Connection, key: str, **columns: object) -> None:
    """Remember what Salesforce has been told, or the record's id there."""
    db.execute(update(review).where(review.c.key == key).values(**columns))


def count_unasked(db: Connection) -> int:
    """How many open reviews have no record in Salesforce yet."""
    query = select(func.count()).select_from(review).where(review.c.state == "Open", review.c.crm_id.is_(None))
    return int(db.execute(query).scalar_one())


def count(db: Connection) -> dict[str, int]:
    """How many reviews there are in each state."""
    found: dict[str, int] = {}
    for row in fetch(db, select(review.c.state)):
        found[row["state"]] = found.get(row["state"], 0) + 1
    return found
