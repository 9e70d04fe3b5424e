"""How the command line looks: text for people on a terminal, JSON for programs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

from connector.core.document import render_problems
from connector.core.merge import Row
from connector.engine.context import Context, Progress
from connector.engine.cycle import Cycle
from connector.engine.planner import Planned
from connector.engine.report import Health
from connector.errors import BridgeError, Halt, Later, Problem, Refused, UserError
from connector.ports import Calls
from crm_package.deploy import DeployResult

_out = Console(highlight=False, soft_wrap=True)
_err = Console(stderr=True, highlight=False, soft_wrap=True)


def say(text: str) -> None:
    """One line for the user."""
    _out.print(Text(_shown(text)))


def _shown(text: str) -> str:
    """A text with nothing in it that a terminal would obey: it may hold what anybody has entered somewhere."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "?" for letter in text)


def failure(text: str, cure: str) -> None:
    """What went wrong and what to do."""
    _err.print(Text(_shown(f"error: {text}"), style="bold red"))
    if cure:
        _err.print(Text(_shown(f"  = help: {cure}")))


def interrupted() -> None:
    """Somebody has pressed Ctrl-C."""
    _err.print(Text("interrupted; nothing is lost: give the same command again, and it goes on from what was done"))


def halt(error: Halt) -> None:
    """What stopped, why, and the way out."""
    failure(f"{error.subject}: {error.reason}", error.remedy)


def problems(found: Sequence[Problem]) -> None:
    """Every problem of a file, with its place and cure."""
    _err.print(Text(_shown(render_problems(found))))


@contextmanager
def progress() -> Iterator[Progress]:
    """A line on standard error while long work goes on; nothing where that is no terminal."""
    if not _err.is_terminal:
        yield lambda _what, _done, _total: None
        return
    with _err.status("working") as line:

        def tell(what: str, done: int, total: int | None) -> None:
            line.update(f"{what}: {done:,}" + (f" of {total:,}" if total else ""))

        yield tell


def _json(value: object) -> None:
    sys.stdout.buffer.write(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS))
    sys.stdout.buffer.write(b"\n")
    sys.stdout.flush()


def _table(title: str, columns: Sequence[str], lines: Sequence[Sequence[object]]) -> None:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column)
    for line in lines:
        table.add_row(*(Text("" if cell is None else _shown(str(cell))) for cell in line))
    _out.print(table)


def _cycle_facts(done: Cycle, calls: Mapping[str, Calls]) -> dict[str, Any]:
    settled: dict[str, dict[str, int]] = {}
    for delivered in done.delivered:
        for kind, states in delivered.counts.items():
            for state, count in states.items():
                settled.setdefault(kind, {}).setdefault(state, 0)
                settled[kind][state] += count
    fields: dict[str, dict[str, int]] = {"crm": {}, "career": {}}
    for plan in done.plans:
        for side, units in plan.writes.items():
            for unit, count in units.items():
                fields[side][unit] = fields[side].get(unit, 0) + count
    return {
        "read": done.read,
        "changed": done.changed,
        "links": asdict(done.identified),
        "writes": settled,
        "fields": fields,
        "requests": asdict(done.routed),
        "down": done.down,
        "halted": done.halted,
        "calls": {side: made.made for side, made in calls.items()},
    }


def cycle(done: Cycle, calls: Mapping[str, Calls], *, as_json: bool) -> None:
    """What one cycle did."""
    facts = _cycle_facts(done, calls)
    if as_json:
        _json(facts)
        return
    for side in facts["read"]:
        say(
            f"{side}: {facts['read'][side]:,} records read, {facts['changed'][side]:,} changed, "
            f"{facts['calls'].get(side, 0)} calls"
        )
    linked = done.identified
    if linked.linked or linked.review or linked.new:
        say(f"people: {linked.linked:,} linked, {linked.review:,} to review, {linked.new:,} without a contact")
    if facts["writes"]:
        lines = [
            (kind, ", ".join(f"{n:,} {state}" for state, n in states.items())) for kind, states in sorted(facts["writes"].items())
        ]
        _table("writes", ("kind", "outcome"), lines)
    _down(done)
    for subject, reason in done.halted.items():
        say(f"halted: {subject}: {reason}; see `alumni-bridge status`")


def _down(done: Cycle) -> None:
    for side, reason in done.down.items():
        say(f"{side} could not be worked with: {reason}")


def pilot(included: int, *, over: bool) -> None:
    """Whom the bridge may write about from now on."""
    if over:
        say("the pilot is over: everybody is included")
    elif included:
        say(f"the pilot is set: it includes {included:,} linked accounts")
    else:
        say("warning: the pilot is set, and includes nobody who is linked; are accounts and class years as they are there?")


_WRITES = {
    "career.update": "people changed at careers",
    "career.note": "staff-only notes at careers",
    "profile.create": "career profiles made",
    "profile.update": "career profiles changed",
    "suggestion.create": "suggestions raised",
    "suggestion.update": "suggestions changed",
    "proposal.create": "new contacts proposed",
}
"""What each kind of write of a plan is, in words."""


def plan(found: Planned, read: Cycle, ctx: Context, *, as_json: bool) -> None:
    """What would be written."""
    facts = {
        "people": found.people,
        "rows": found.rows,
        "unread": found.unread,
        "writes": found.writes,
        "totals": found.totals,
        "reviews": found.reviews,
        "brakes": found.reasons,
        "digest": found.digest,
        "links": asdict(read.identified),
        "down": read.down,
    }
    if as_json:
        _json(facts)
        return
    _down(read)
    say(f"{found.people:,} people were judged; nothing was written")
    lines = [(unit, found.writes["career"].get(unit, ""), found.writes["crm"].get(unit, "")) for unit in ctx.persons.unit_names()]
    _table(
        "fields that would be written",
        ("field", "to careers", "to the career profile"),
        [line for line in lines if line[1] or line[2]],
    )
    for kind, (count, _, _) in sorted(found.totals.items()):
        say(f"{_WRITES.get(kind, kind)}: {count:,}")
    if found.reviews:
        say(f"identity reviews that staff are asked: {found.reviews:,}")
    waiting, unread = found.rows[Row.FIRST_DIFFERENCE.value], sorted(found.unread.items())
    if unread:
        named = ", ".join(f"{unit} {people:,}" for unit, people in unread)
        say(f"a side does not show these fields, whole or of so many people, and nothing is decided about them: {named}")
    if waiting:
        say(f"{waiting:,} first differences wait for `alumni-bridge adopt`; see `alumni-bridge status`")
    for reason in found.reasons:
        say(f"brake: {reason}")


def status(found: Mapping[str, Any], verdict: Health, *, line_only: bool, as_json: bool) -> None:
    """How it stands."""
    if as_json:
        _json(dict(found) | {"health": verdict.word, "reasons": verdict.reasons})
        return
    say(f"{verdict.word}: {'; '.join(verdict.reasons) or 'nothing needs you'}")
    if line_only:
        return
    say(f"stage: {found['stage']} ({found['environment']}, version {found['version']})")
    _only(found["pilot"])
    _table(
        "last good work",
        ("side", "at (UTC)", "down because"),
        [(s, at, found["down"].get(s)) for s, at in found["last_good"].items()],
    )
    if found["to_compare"]:
        say(f"still to be compared by a sweep: {', '.join(found['to_compare'])}")
    for row in found["halted"]:
        say(f"halted since {row['since']}: {row['subject']}: {row['reason']}\n  = help: {row['remedy']}")
    _table("people", ("links", "count"), sorted(found["links"].items()))
    if found["first_differences"]:
        _table("first differences: choose with `adopt`", ("field", "people"), sorted(found["first_differences"].items()))
    for title in ("suggestions", "reviews", "requests"):
        if found[title]:
            _table(title, ("state", "count"), sorted(found[title].items()))
    say(f"{found['waiting']:,} writes wait; {len(found['refused'])} refused; {found['parked_total']:,} records parked")
    for row in found["refused"]:
        say(f"refused: write {row['id']}, {row['kind']} about {row['target']}: {row['code']} {row['detail'] or ''}")
        say(f"  = help: {row['remedy'] or ''}; then `alumni-bridge retry {row['id']}`")
    for row in found["parked"]:
        say(f"parked: {row['side']} {row['system']} {row['kind']} {row['id']}: {row['reason']}\n  = help: {row['remedy']}")


def _only(chosen: Mapping[str, Sequence[object]]) -> None:
    told = [f"{name.replace('_', ' ')} {', '.join(map(str, only))}" for name, only in chosen.items() if only]
    if told:
        say(f"pilot: only {' and '.join(told)}")


def why(found: Sequence[Mapping[str, Any]], id: str, *, as_json: bool) -> None:
    """Why a person's fields are as they are."""
    if as_json:
        _json(found)
        return
    if not found:
        say(f"nobody is known by {id}")
    for link in found:
        say(f"account {link['account_id']} of {link['system']}, contact {link['contact_id']}: {link['state']} ({link['basis']})")
        lines = [
            (unit["label"], unit["owner"].replace("_", " "), unit["crm"], unit["career"], unit["agreed"], unit["because"])
            for unit in link["fields"]
        ]
        _table("", ("field", "owner", "CRM", "careers", "agreed last", "why"), lines)
        for entry in link["history"]:
            say(f"  {entry['at']}  {entry['event']}  {entry['refs']['kind']}")


def rows(title: str, found: Sequence[Mapping[str, Any]], columns: Sequence[str], *, as_json: bool) -> None:
    """A list of records."""
    if as_json:
        _json(found)
        return
    _table(f"{len(found)} {title}", columns, [[row[column] for column in columns] for row in found])


def flavour(chosen: str, signs: Mapping[str, Sequence[str]]) -> None:
    """What an org is built on, and by what that was seen."""
    say(f"the org shows {', '.join(signs[chosen])}: {chosen}" if signs else f"the org shows no signs of EDA or NPSP: {chosen}")


def checklist(state: str, broken: int | None, notes: Sequence[str], steps: Sequence[tuple[str, Callable[[], object]]]) -> bool:
    """Do each check and show its result, with what should be known and is no failure; whether any failed.

    A side whose login failed is asked nothing more: each further check would only fail by that.
    """
    say("good: configuration, mapping and secrets' references")
    for note in notes:
        say(f"note: {note}")
    failed = state != "ok" or broken is not None
    say(f"{'good' if state == 'ok' else 'BAD'}: state database ({state})")
    say("good: audit chain" if broken is None else f"BAD: the audit chain does not fit at row {broken}")
    shut: set[str] = set()
    for name, step in steps:
        side, _, what = name.partition(": ")
        if side in shut:
            say(f"skipped: {name} (the check of the login failed)")
            continue
        try:
            step()
        except BridgeError as error:
            failed = True
            if what.startswith("login"):
                shut.add(side)
            text, cure = _told(error)
            say(f"BAD: {name}: {text}\n  = help: {cure or 'see docs/runbook.md'}")
        else:
            say(f"good: {name}")
    return failed


def _told(error: BridgeError) -> tuple[str, str]:
    """What an error says, and its cure; empty where it has none of its own."""
    match error:
        case UserError():
            return "; ".join(f"{one.code} {one.message}" for one in error.problems), "; ".join(one.cure for one in error.problems)
        case Halt() | Refused():
            return str(error), error.remedy
        case Later():
            return str(error), "try again later; nothing was lost"
        case _:
            return str(error), ""


def sweep(done: Cycle, after: Cycle, left: Sequence[str], *, as_json: bool) -> None:
    """What a sweep found of each kind of record: the completeness figure.

    ``after`` is the cycle that followed and judged it; ``left`` are the sides that are still to be compared.
    """
    found, writes = done.compared | after.compared, done.writes + after.writes
    if as_json:
        _json(found | {"left": list(left), "writes": writes, "down": after.down, "halted": after.halted})
        return
    for name, told in found.items():
        say(
            f"{name}: {told['read']:,} read, {told['changed']:,} differed, {told['lost']:,} not met, "
            f"{told['gone']:,} gone (begun {told['at']})"
        )
    for side in left:
        why = after.halted.get(side) or after.uncompared.get(side) or after.down.get(side) or "stopped"
        say(f"{side}: not compared, or not to the end ({why}); the first cycle that can goes on with it")
    say(f"{writes} writes followed")


def deployed(result: DeployResult) -> None:
    """How a deployment ended."""
    for warning in result.warnings:
        say(f"warning: {warning}")
    for error in result.errors:
        _err.print(Text(f"error: {error}", style="bold red"))
    word = "would deploy" if result.check_only else "deployed"
    say(f"{result.components} components {word}" if result.success else f"not deployed: {result.status}")
