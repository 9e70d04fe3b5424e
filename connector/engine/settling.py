"""What an acknowledged write changes locally: the base moves here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from connector.core.merge import Row as Law
from connector.core.merge import Verdict, acknowledge
from connector.core.model import OutsideEdit, Side
from connector.core.rulebook import pick, placed
from connector.engine.collect import keep, note_accounts
from connector.engine.context import Context, log
from connector.engine.readings import written
from connector.engine.working_set import WorkingSet
from connector.ports import Feed, Outcome, Record
from connector.store import intents, links, observations, requests, reviews, suggestions
from connector.store.links import BLANK, UnitState, reading_of
from connector.store.store import Row, pack, stamp, unpack


def prepare_set(db: Connection, pairs: Sequence[tuple[Row, Mapping[str, Any]]]) -> WorkingSet:
    """A working set with what the writes of this batch are going to need."""
    found = WorkingSet(db)
    pairs = [pair for pair in pairs if pair[0]["kind"] in ("career.update", "profile.create", "profile.update")]
    for system in {row["system"] for row, _ in pairs}:
        mine = [(row, payload) for row, payload in pairs if row["system"] == system]
        people = [row["target"] for row, _ in mine if row["kind"] == "career.update"]
        profiles = [payload["id"] for row, payload in mine if row["kind"] == "profile.update"]
        found.prepare(system, [row["target"] for row, _ in mine], people=people, profiles=profiles)
    return found


def apply_outcome(ctx: Context, db: Connection, held: WorkingSet, row: Row, payload: Mapping[str, Any], outcome: Outcome) -> None:
    """Take up one acknowledged write; bases and observations move when ``held`` is flushed."""
    match row["kind"]:
        case "career.update":
            news = _remember_person(ctx, held, row, payload, outcome)
            _move_bases(ctx, held, row, Side.CAREER, outcome.fields)
            _judge_again(ctx, db, row, payload)
            if news is not None:
                held.flush()
                note_accounts(ctx, db, row["system"], keep(ctx, db, Side.CAREER, row["system"], "person", [news]))
        case "profile.create":
            _profile_created(ctx, db, held, row, payload, outcome)
        case "profile.update":
            _remember_profile(ctx, held, payload["id"], payload["fields"])
            _move_bases(ctx, held, row, Side.CRM, None)
            _judge_again(ctx, db, row, payload)
        case "suggestion.create" | "proposal.create":
            _suggestion_created(db, held, row, outcome)
        case "review.create":
            reviews.tell(db, row["key"], crm_id=outcome.id)
            # Asked before our state was lost, and perhaps answered since: what was read of it is looked at once more.
            observations.reopen(db, Side.CRM, Feed.REVIEW, str(outcome.id))
        case "request.create":
            _request_created(db, row, outcome)
        case "career.acknowledge":
            told = unpack(row["settle"])["acknowledged"]
            requests.change(db, row["system"], payload["request_id"], acknowledged=told)
        case _:
            pass


def _move_bases(ctx: Context, held: WorkingSet, row: Row, side: Side, answered: Mapping[str, Any] | None) -> None:
    units = unpack(row["settle"])["units"]
    if not units:
        return
    account = row["target"]
    states = held.states(row["system"], account)
    changed: dict[str, UnitState] = {}
    for name, settling in units.items():
        unit = ctx.rules(row["system"]).unit(name)
        crm, career = (reading_of(*packed) if packed else None for packed in (settling["crm"], settling["career"]))
        now_there = written(unit, side, settling["sent"], answered)
        verdict = Verdict(row=Law.OWNER_MOVED, write=side, forget_base=settling["forget"])
        base = acknowledge(verdict=verdict, crm=crm or now_there, career=career or now_there, written=now_there)
        changed[name] = replace(states.get(name, BLANK), base=base)
    held.put_states(row["system"], account, changed)


def _judge_again(ctx: Context, db: Connection, row: Row, payload: Mapping[str, Any]) -> None:
    """Whose restrictions our own write has moved is looked at once more: what may be shared is perhaps another thing now."""
    units = [unit for unit in ctx.rules(row["system"]).units if unit.other_office_edit is OutsideEdit.OPT_OUT_WINS]
    moved = unpack(row["settle"])["units"].keys() | payload["fields"].keys()
    if any(unit.name in moved or unit.opt_out_to in moved for unit in units):
        links.mark(db, row["system"], [row["target"]])


def _remember_person(ctx: Context, held: WorkingSet, row: Row, payload: Mapping[str, Any], outcome: Outcome) -> Record | None:
    """What we wrote is known: it is no edit when it is read again. The answer: the account, if it holds news beside that."""
    seen = held.observation(Side.CAREER, row["system"], "person", row["target"])
    if seen is None:
        return None
    before, version = unpack(seen["fields"]), outcome.version or seen["version"]
    expected = placed(before, payload["fields"])
    there = outcome.fields if outcome.fields is not None else expected
    paths = {rule.career for unit in ctx.rules(row["system"]).units for rule in unit.fields} - payload["fields"].keys()
    news = any(pick(before, path) != pick(there, path) for path in paths)
    held.keep(dict(seen) | {"fields": pack(expected if news else there), "version": version})
    return Record(kind="person", id=row["target"], version=version, fields=there) if news else None


def _profile_created(
    ctx: Context, db: Connection, held: WorkingSet, row: Row, payload: Mapping[str, Any], outcome: Outcome
) -> None:
    account = row["target"]
    links.change(db, row["system"], account, profile_id=outcome.id)
    if outcome.already_there:
        # Somebody made it before us (we, before our state was lost): read what it holds instead of assuming.
        links.mark(db, row["system"], [account])
        if outcome.fields:
            held.flush()
            record = Record(kind=Feed.PROFILE, id=str(outcome.id), version=outcome.version or "", fields=outcome.fields)
            keep(ctx, db, Side.CRM, "", Feed.PROFILE, [record])
        return
    _remember_profile(ctx, held, str(outcome.id), dict(payload["fields"]))
    _move_bases(ctx, held, row, Side.CRM, None)


def _remember_profile(ctx: Context, held: WorkingSet, id: str, sent: Mapping[str, Any]) -> None:
    known = held.observation(Side.CRM, "", Feed.PROFILE, id)
    fields = dict(unpack(known["fields"])) if known else _blank_profile(ctx)
    head = {"side": "crm", "system": "", "kind": str(Feed.PROFILE), "id": id, "version": "", "edits": None}
    rest = {"evidence": None, "deleted": False, "merged_into": None, "pending": False, "sweep": None}
    seen = {"seen_at": stamp(ctx.clock.now()), "seen_before": None, "parent": sent.get("Contact__c")}
    row = dict(known) if known else head | rest | seen
    held.keep(row | {"fields": pack(fields | dict(sent))})


def _blank_profile(ctx: Context) -> dict[str, Any]:
    flags = {unit.opt_out_to for rules in ctx.persons.every() for unit in rules.units if unit.opt_out_to}
    return {name: False if name in flags else None for name in ctx.persons.profile_fields()}


def _suggestion_created(db: Connection, held: WorkingSet, row: Row, outcome: Outcome) -> None:
    known = suggestions.by_key(db, [row["key"]]).get(row["key"])
    suggestions.change(db, row["key"], crm_id=outcome.id)
    if known is not None and known["crm_id"] == outcome.id:
        return  # it was read, and taken up, while this create still waited
    if outcome.already_there:
        # It may have been decided while we did not know that it was there.
        observations.reopen(db, Side.CRM, Feed.SUGGESTION, str(outcome.id))
    there = (outcome.fields or {}).get("State__c", "Open")
    if not outcome.already_there or there == "Open":
        return
    # The key belongs to an older question, asked before our state was lost: ask again under the next episode.
    log.info("suggestion.key_taken", key=row["key"])
    if known is None:
        return
    suggestions.change(db, row["key"], state="withdrawn", told="withdrawn")
    account, system = row["target"], row["system"]
    state = held.states(system, account).get(known["unit"], BLANK)
    held.put_states(system, account, {known["unit"]: replace(state, memory=replace(state.memory, open=None))})
    # What was to be put back because it was asked about is not asked about yet.
    intents.supersede(db, system, [account], ["career.update"])
    links.mark(db, system, [account])


def _request_created(db: Connection, row: Row, outcome: Outcome) -> None:
    known = requests.by_key(db, [row["key"]]).get(row["key"])
    if known is not None:
        task = (outcome.fields or {}).get("task_id")
        requests.change(db, known["system"], known["request_id"], crm_id=outcome.id, task_id=task)
        if outcome.already_there:
            # Known to Salesforce before our state was lost: what stands there counts, not what we have just thought anew.
            requests.change(db, known["system"], known["request_id"], reason=requests.RECOVERED)
            intents.supersede(db, known["system"], [known["request_id"]], ["career.acknowledge"])
        # What was read about it before its id was known could not be told apart; look again.
        observations.reopen(db, Side.CRM, Feed.REQUEST, str(outcome.id))
