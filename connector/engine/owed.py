"""What is owed: sides to be compared, and how far that is; words to careers. Kept in the state, since it outlives a process."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from connector.engine.context import Context
from connector.store.store import get_meta, get_metas, pack, set_meta, stamp, unpack

_FROM_THE_BEGINNING = "yes"
_WORDS = "untold"


def owe(db: Connection, side: str, *, anew: bool = False) -> None:
    """This side is to be compared. One that is under way goes on, or begins ``anew`` if what it has met no longer counts."""
    if anew or get_meta(db, _name(side)) is None:
        set_meta(db, _name(side), _FROM_THE_BEGINNING)


def owe_all(ctx: Context, *, anew: bool = False) -> None:
    """Every side is to be compared, by the next cycle that can."""
    with ctx.store.begin() as db:
        for side in ("crm", *ctx.careers):
            owe(db, side, anew=anew)


def owed(ctx: Context) -> list[str]:
    """The sides that are still to be compared."""
    sides = ["crm", *ctx.careers]
    with ctx.store.begin() as db:
        known = get_metas(db, [_name(side) for side in sides])
    return [side for side in sides if _name(side) in known]


def standing(db: Connection, side: str) -> dict[str, Any] | None:
    """How far the comparison of this side is (see ``keep``), empty if it has not begun; None if none is owed."""
    kept = get_meta(db, _name(side))
    return None if kept is None else {} if kept == _FROM_THE_BEGINNING else unpack(kept)


def keep(db: Connection, side: str, how_far: dict[str, Any]) -> None:
    """The comparison of this side is so far."""
    set_meta(db, _name(side), pack(how_far))


def broke_off(db: Connection, side: str, now: datetime) -> None:
    """The comparison of this side could not go on; known is when that was first so."""
    if get_meta(db, _broken(side)) is None:
        set_meta(db, _broken(side), stamp(now))


def broken_off(db: Connection, sides: Sequence[str]) -> dict[str, str]:
    """The sides whose comparison does not come to its end, each since when."""
    known = get_metas(db, [_broken(side) for side in sides])
    return {side: known[_broken(side)] for side in sides if _broken(side) in known}


def done(db: Connection, side: str) -> None:
    """Nothing is owed of this side any more."""
    set_meta(db, _name(side), None)
    set_meta(db, _broken(side), None)


def owe_words(db: Connection) -> None:
    """Careers are to be told once more where their requests stand: somebody else may have told them otherwise."""
    set_meta(db, _WORDS, _FROM_THE_BEGINNING)


def words_owed(db: Connection) -> bool:
    """Whether they are."""
    return get_meta(db, _WORDS) is not None


def words_told(db: Connection) -> None:
    """They have been told, or are about to be."""
    set_meta(db, _WORDS, None)


def _name(side: str) -> str:
    return f"uncompared:{side}"


def _broken(side: str) -> str:
    return f"broke_off:{side}"
