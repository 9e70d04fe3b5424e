"""What no honest system would serve: records of the career system replaced by whatever a test likes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import select

from connector.store.tables import halt, intent, parked
from emulator.career import Actor, Kind
from emulator.http import Request, Response
from emulator.salesforce.service import SalesforceApp
from tests.engine.university import University

PAT = Actor(id="s-1", name="Pat Reyes", kind=Kind.STAFF)


def spoil(uni: University, kind: str, name: str, /, *, without: tuple[str, ...] = (), **fields: Any) -> None:
    """The record becomes this, past every check of the career system, as an edit by the counsellor."""
    shelf = uni.career.shelf(kind)
    record = {field_: value for field_, value in shelf.live(name).data().items() if field_ not in without} | fields
    uni.career.spoil(kind, name, json.dumps(record).encode(), PAT, (*fields, *without))


@dataclass
class Rewriting:
    """An org whose answers have pieces replaced on their way to us."""

    app: SalesforceApp
    pieces: dict[bytes, bytes] = field(default_factory=dict)

    def handle(self, asked: Request) -> Response:
        """One exchange."""
        answer = self.app.handle(asked)
        body = answer.body
        for old, new in self.pieces.items():
            body = body.replace(old, new)
        return replace(answer, body=body)


def rewriting(uni: University, **pieces: str) -> None:
    """From now on Salesforce's answers say something else for each of these words; the bridge starts anew."""
    told = {old.encode(): new.encode() for old, new in pieces.items()}
    uni.crm_app = Rewriting(uni.crm_app, told)  # type: ignore[assignment] # it is asked for nothing but an answer
    uni.restart()


def troubles(uni: University) -> dict[str, list[str]]:
    """What is halted, parked and not written, by its code or reason."""
    with uni.ctx.store.begin() as db:
        return {
            "halted": [row.reason for row in db.execute(select(halt))],
            "parked": [f"{row.kind} {row.id}: {row.reason}" for row in db.execute(select(parked))],
            "refused": [f"{row.kind} {row.code}" for row in db.execute(select(intent).where(intent.c.state == "refused"))],
        }


QUIET: dict[str, list[str]] = {"halted": [], "parked": [], "refused": []}
