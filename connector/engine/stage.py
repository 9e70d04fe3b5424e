"""How far an installation has gone: it writes about nobody, then about some, then about all; and what moves it on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from connector.engine.batch import Batch
from connector.engine.context import Context, Installation
from connector.store import links
from connector.store.store import get_meta, get_metas, grouped, pack, set_meta, stamp, unpack

EVERYBODY = ("linked", "new", "ended")
"""The states of links about which there may be something to write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """How far the installation has gone: not live, piloting some people, or live for all."""

    live: bool
    pilot_accounts: frozenset[str] = frozenset()
    pilot_years: frozenset[int] = frozenset()

    @property
    def pilot(self) -> bool:
        """Whether writes are limited to a few people."""
        return bool(self.pilot_accounts or self.pilot_years)

    def includes(self, account_id: str, class_year: object) -> bool:
        """Whether this person may be written about."""
        if not self.live:
            return False
        return not self.pilot or account_id in self.pilot_accounts or class_year in self.pilot_years


def stage(db: Connection) -> Stage:
    """The stage that ``go-live`` and ``pilot`` have set."""
    known = get_metas(db, ["live_at", "pilot"])
    pilot = unpack(known["pilot"]) if "pilot" in known else {}
    return Stage(
        live="live_at" in known,
        pilot_accounts=frozenset(pilot.get("accounts", ())),
        pilot_years=frozenset(pilot.get("class_years", ())),
    )


def go_live(ctx: Context) -> None:
    """From now on the bridge writes; every link is looked at again."""
    with ctx.store.begin() as db:
        set_meta(db, "live_at", stamp(ctx.clock.now()))
        links.mark_all(db, *EVERYBODY)


def set_pilot(ctx: Installation, *, accounts: Sequence[str], class_years: Sequence[int], configured: bool = False) -> None:
    """Limit writing to these people; with neither, nobody is left out any more. Everybody is judged again.

    ``configured``: the configuration says so; it does not go against what the command has chosen, nor says it twice.
    """
    with ctx.store.begin() as db:
        chosen = {"accounts": list(accounts), "class_years": list(class_years), "configured": configured}
        known = get_meta(db, "pilot")
        if configured and known is not None and (unpack(known) == chosen or not unpack(known)["configured"]):
            return
        set_meta(db, "pilot", pack(chosen))
        links.mark_all(db, *EVERYBODY)


def included(ctx: Context) -> int:
    """How many linked accounts the pilot includes, all of them where there is none."""
    count, after = 0, ("", "")
    while True:
        with ctx.store.begin() as db:
            stand = replace(stage(db), live=True)
            rows = links.with_state(db, ["linked"], after=after)
            if not rows:
                return count
            after = (rows[-1]["system"], rows[-1]["account_id"])
            for system, group in grouped(rows, "system").items():
                batch = Batch(ctx, db, system, group)
                count += sum(stand.includes(row["account_id"], batch.class_year(row)) for row in group)
