"""The audit: append-only and hash-chained over references; the values behind a row can be erased per person."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, delete, func, select

from connector.store.store import Row, add, get_meta, pack, set_meta, stamp, unpack
from connector.store.tables import audit, audit_value

_GENESIS = "0" * 64
_HEAD = "audit_head"
"""The remembered fact of which entry is the newest."""


Entry = tuple[str, Mapping[str, Any], Mapping[str, Any] | None]
"""An event, its references (ids and codes), and the values behind it."""


def of_write(row: Row, state: str, *, code: str, attempt: int, sent: Mapping[str, Any] | None) -> Entry:
    """What became of one write, and what it carried."""
    refs = {"intent": row["id"], "kind": row["kind"], "system": row["system"], "account": row["target"]}
    refs |= {"plan": row["plan_id"], "rules": row["rules_hash"], "code": code, "attempt": attempt}
    return f"intent.{state}", refs, {"sent": sent} if sent else None


def append(db: Connection, entries: Sequence[Entry], now: datetime) -> None:
    """Add entries of (event, references, values or None). References hold ids and codes, never personal data.

    Values are kept beside the chain with a keyed hash inside it, under ``refs["system"]`` and ``refs["account"]``.
    """
    seq, before = _last(db)
    # An end that is gone must not be forgotten because something follows.
    whole = get_meta(db, _HEAD) in (None, _told(seq, before))
    key = _key(db) if any(held for _, _, held in entries) else b""
    rows, values = [], []
    at = stamp(now)
    for event, refs, held in entries:
        seq += 1
        packed_values = pack(held) if held else ""
        sealed = dict(refs) | ({"values": _keyed(key, packed_values)} if held else {})
        packed = pack(sealed)
        digest = _chain(before, at, event, packed)
        rows.append({"seq": seq, "at": at, "event": event, "refs": packed, "before_hash": before, "hash": digest})
        if held:
            system, account = str(refs.get("system", "")), str(refs.get("account", ""))
            values.append({"seq": seq, "system": system, "account_id": account, "values": packed_values})
        before = digest
    add(db, audit, rows)
    add(db, audit_value, values)
    if rows and whole:
        set_meta(db, _HEAD, _told(seq, before))


def _last(db: Connection) -> tuple[int, str]:
    last = db.execute(select(audit.c.seq, audit.c.hash).order_by(audit.c.seq.desc()).limit(1)).first()
    return (last.seq, last.hash) if last else (0, _GENESIS)


def _told(seq: int, digest: str) -> str:
    return f"{seq}:{digest}" if seq else ""


def head(db: Connection) -> str:
    """The newest entry, as number and hash; empty where there is none. Whoever remembers it can see that it is still there."""
    return _told(*_last(db))


def holds(db: Connection, told: str) -> bool:
    """Whether the chain still has the entry of an earlier ``head``."""
    seq, _, digest = told.partition(":")
    found = db.execute(select(audit.c.hash).where(audit.c.seq == (int(seq) if seq.isdecimal() else 0))).scalar()
    return found == digest


def ends_as_written(db: Connection) -> bool:
    """Whether the last entry is the one that was written last."""
    known = get_meta(db, _HEAD)
    return known is None or known == head(db)


def accept_end(db: Connection, now: datetime) -> None:
    """A person has looked at an end that is not the one that was written last, and goes on from it; that, too, is an entry."""
    append(db, [("audit.end_accepted", {"expected": get_meta(db, _HEAD)}, None)], now)
    set_meta(db, _HEAD, head(db))


def _key(db: Connection) -> bytes:
    """This state's own key, so that nobody can find a value by hashing guesses."""
    known = get_meta(db, "audit_key")
    if known is None:
        known = secrets.token_hex(32)
        set_meta(db, "audit_key", known)
    return bytes.fromhex(known)


def _keyed(key: bytes, packed: str) -> str:
    return hmac.new(key, packed.encode(), sha256).hexdigest()


def _chain(before: str, at: str, event: str, refs: str) -> str:
    return sha256(f"{before}\n{at}\n{event}\n{refs}".encode()).hexdigest()


def verify(db: Connection) -> int | None:
    """The number of the first row that does not fit the chain, or is missing at its end; None if all do."""
    before, expected = _GENESIS, 1
    for entry in db.execute(select(audit).order_by(audit.c.seq)):
        fits = entry.seq == expected and entry.before_hash == before
        if not fits or entry.hash != _chain(before, entry.at, entry.event, entry.refs):
            return int(entry.seq)
        before, expected = entry.hash, expected + 1
    return None if ends_as_written(db) else expected


def about(db: Connection, system: str, account_id: str, *, limit: int = 50) -> list[dict[str, Any]]:
    """What happened to one account of a system, newest first, with values where they have not been erased."""
    query = (
        select(audit.c.seq, audit.c.at, audit.c.event, audit.c.refs, audit_value.c["values"])
        .join(audit_value, audit_value.c.seq == audit.c.seq)
        .where(audit_value.c.system == system, audit_value.c.account_id == account_id)
        .order_by(audit.c.seq.desc())
        .limit(limit)
    )
    return [
        {"seq": seq, "at": at, "event": event, "refs": unpack(refs), "values": unpack(values)}
        for seq, at, event, refs, values in db.execute(query)
    ]


def count(db: Connection, event: str) -> int:
    """How many rows tell of this event."""
    return int(db.execute(select(func.count()).where(audit.c.event == event)).scalar_one())


def erase(db: Connection, system: str, account_id: str) -> int:
    """Erase the values kept about one person; the chain stays whole."""
    where = (audit_value.c.system == system) & (audit_value.c.account_id == account_id)
    return int(db.execute(delete(audit_value).where(where)).rowcount)
