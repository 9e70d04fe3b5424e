"""Commands of every day: run, look, halt and resume, try again, sweep, erase."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from connector import display
from connector.bootstrap import read_rules
from connector.cli.entry import DEFAULT, GOOD, HALTED, PART, AsJson, ConfigFile, alone, app, installed, opened, prepared, unit_of
from connector.daemon import Daemon
from connector.engine import cycle, erasing, halting, owed, planner, plans, report, watch
from connector.engine.stage import stage
from connector.errors import UserError
from connector.store import requests, suggestions

_HIGHEST = 2**31 - 1
"""The highest number that every database gives a write."""


@app.command()
def run(config: ConfigFile = DEFAULT) -> None:
    """Run the daemon until SIGTERM: cycles, weekly sweeps, reminders, housekeeping, each on its schedule."""
    with alone(config) as bridge:
        if not Daemon(bridge).run():
            # The interpreter would wait for the thread that waits for a side.
            os._exit(GOOD)


@app.command()
def sync(
    config: ConfigFile = DEFAULT,
    *,
    once: Annotated[bool, typer.Option("--once", help="One cycle, then end. Needed: the daemon is `run`.")] = False,
    as_json: AsJson = False,
) -> None:
    """Read what changed on both sides, decide, write what may be written."""
    if not once:
        raise typer.BadParameter("say `sync --once` for one cycle, or `run` for the daemon")
    with prepared(config) as bridge:
        done = watch.guarded_cycle(bridge.context, lease=bridge.lease)
        display.cycle(done, bridge.calls(), as_json=as_json)
    raise typer.Exit(HALTED if done.halted else PART if done.down else GOOD)


@app.command()
def plan(config: ConfigFile = DEFAULT, *, as_json: AsJson = False) -> None:
    """Show what would be written if the bridge were live; read both sides, write to neither."""
    with prepared(config, rehearsal=True) as bridge:
        ctx = bridge.context
        read = cycle.read_only(ctx)
        with ctx.store.begin() as db:
            live = stage(db).live
        if not live:
            planner.plan(ctx)
        found = planner.plan(ctx, dry=True, as_if_live=True)
        display.plan(found, read, ctx, as_json=as_json)
    raise typer.Exit(HALTED if read.halted_sides else PART if found.reasons or read.down else GOOD)


@app.command()
def status(
    config: ConfigFile = DEFAULT,
    *,
    check: Annotated[bool, typer.Option("--check", help="One line and a monitoring exit code.")] = False,
    as_json: AsJson = False,
) -> None:
    """How it stands: what works since when, what waits, what is halted, and what to do."""
    with installed(config) as (settings, here):
        try:
            mapped, problem = read_rules(settings).persons.unit_names(), None
        except UserError as error:
            mapped, problem = None, error.brief
        found = report.status(here, mapped=mapped, mapping_problem=problem)
        verdict = report.health(found, settings.status, here.clock.now())
    display.status(found, verdict, line_only=check, as_json=as_json)
    raise typer.Exit(verdict.code if check else GOOD)


@app.command()
def why(
    kind: Annotated[str, typer.Argument(help="What it is about: `person`.")],
    id: Annotated[str, typer.Argument(help="A Salesforce contact id or a career account id.")],
    field: Annotated[str | None, typer.Argument(help="One field or group.")] = None,
    config: ConfigFile = DEFAULT,
    *,
    as_json: AsJson = False,
) -> None:
    """Why a person's fields are as they are: both values, what was agreed last, which rule applies, what happened."""
    if kind != "person":
        raise typer.BadParameter("only `person` can be explained")
    with opened(config) as bridge:
        found = report.why(bridge.context, id, unit_of(bridge, field) if field else None)
    display.why(found, id, as_json=as_json)
    raise typer.Exit(GOOD if found else PART)


@app.command("suggestions")
def list_suggestions(
    config: ConfigFile = DEFAULT,
    *,
    every: Annotated[bool, typer.Option("--all", help="Settled ones, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Suggestions that wait for Alumni Relations. They are decided in Salesforce, not here."""
    with installed(config) as (_, here), here.store.begin() as db:
        rows = suggestions.listing(db, state=None if every else "open")
    display.rows("suggestions", rows, ("raised_at", "kind", "unit", "system", "account_id", "state", "crm_id"), as_json=as_json)


@app.command("requests")
def list_requests(config: ConfigFile = DEFAULT, *, as_json: AsJson = False) -> None:
    """Career requests: each with its record, Task and state."""
    with installed(config) as (_, here), here.store.begin() as db:
        rows = requests.listing(db)
    columns = ("received_at", "system", "request_id", "number", "type", "state", "neutral", "task_id")
    display.rows("requests", rows, columns, as_json=as_json)


@app.command()
def halt(reason: Annotated[str, typer.Argument(help="Why; shown to everybody.")], config: ConfigFile = DEFAULT) -> None:
    """Stop everything at the next effect boundary until `resume`."""
    if not reason.strip():
        raise typer.BadParameter("say why: the reason is shown to everybody")
    with installed(config) as (_, here), here.store.begin() as db:
        known = halting.set_halt(here, db, halting.EVERYTHING, reason, "`alumni-bridge resume everything`")
    told = f"halted already since {known['since']}: {known['reason']}" if known else "halted"
    display.say(f"{told}; `alumni-bridge resume everything` ends it")


@app.command()
def resume(
    subject: Annotated[str | None, typer.Argument(help="What is halted, as `status` names it.")] = None,
    config: ConfigFile = DEFAULT,
    *,
    plan: Annotated[str | None, typer.Option(help="Approve the braked plan whose hash begins so.")] = None,
) -> None:
    """End a halt (a held plan is dropped, and everybody in it judged anew), or approve the very plan that a brake has stopped."""
    if (subject is None) == (plan is None):
        raise typer.BadParameter("name what is halted, or a plan's hash with --plan")
    with installed(config) as (_, here):
        if plan is not None:
            released = plans.approve(here, plan)
            if released is None:
                raise typer.BadParameter("no braked plan has a hash that begins so; see `alumni-bridge status`")
            display.say(f"approved: {released} writes are ready for the next cycle")
        elif plans.resume(here, subject or ""):
            display.say(f"{subject} is no longer halted")
        else:
            raise typer.BadParameter(f"{subject!r} is not halted; see `alumni-bridge status`")


@app.command()
def retry(
    writes: Annotated[
        list[int] | None,
        typer.Argument(min=1, max=_HIGHEST, help="Numbers of refused writes, as `status` lists them; without: all."),
    ] = None,
    config: ConfigFile = DEFAULT,
) -> None:
    """Try refused writes again, once what their remedy asks for has been done."""
    with installed(config) as (_, here):
        count = plans.retry(here, writes)
    display.say(f"{count} writes are tried again in the next cycle")


@app.command()
def sweep(config: ConfigFile = DEFAULT, *, as_json: AsJson = False) -> None:
    """Read everything on both sides and compare: finds what no change feed tells. Gives the dated completeness figure.

    What a side turns away is compared later: each cycle of the daemon that can goes on with it until it is done.
    """
    with prepared(config) as bridge:
        owed.owe_all(bridge.context, anew=True)
        done = watch.guarded_cycle(bridge.context, lease=bridge.lease)
        after = watch.guarded_cycle(bridge.context, lease=bridge.lease)
        left = owed.owed(bridge.context)
    display.sweep(done, after, left, as_json=as_json)
    raise typer.Exit(HALTED if after.halted else PART if after.down or left else GOOD)


@app.command()
def erase(
    account: Annotated[str, typer.Argument(help="The career account of the person.")],
    system: Annotated[str, typer.Option(help="The career system's name in the configuration.")],
    config: ConfigFile = DEFAULT,
) -> None:
    """Erase what the state keeps about one person; the audit's chain stays whole."""
    with installed(config) as (_, here):
        count = erasing.erase_person(here, system, account)
    if not count:
        known = "" if system in here.careers else f"; config.toml has no system {system}, but {', '.join(here.careers)}"
        display.say(f"nothing is kept about account {account} of {system}: it was erased before, or is spelt otherwise{known}")
        raise typer.Exit(PART)
    display.say(f"erased {count} kept values; what both systems hold is theirs to erase")
