"""The command line; with ``connector.display`` the only module that prints, and the only one that picks an exit code.

Exit codes: 0 done; 1 done in part, or a warning; 2 a file or an option is wrong; 3 halted, a person must act; 4 a side cannot
be reached, try later; 70 a defect of ours. ``status --check`` answers as monitoring expects: 0 good, 1 warning, 2 critical.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Annotated

import typer

from connector import administration, beginning, display
from connector.bootstrap import Bridge, career_faults, open_bridge
from connector.config import Settings, load_settings
from connector.core.model import Side
from connector.daemon import Daemon
from connector.engine import cycle, erasing, halting, permission, planner, plans, report, watch
from connector.engine.context import Context, stage
from connector.errors import BridgeError, Bug, Halt, Later, Refused, UserError, place_of
from connector.log import configure
from connector.process import make_private, shut_in
from connector.rules import load_rules
from connector.store import journal, requests, suggestions
from connector.store.safety import role_fault
from connector.store.store import integrity

GOOD, PART, WRONG, HALTED, LATER, DEFECT = 0, 1, 2, 3, 4, 70

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="Keeps a Salesforce CRM and a career-services system in step. **Alumni Relations owns the contact record; "
    "the bridge never edits a Contact.** Begin with `check`, then `plan`, `adopt`, `docs mapping`, `go-live`, `run`.",
    epilog="Exit codes: 0 done, 1 in part or a warning, 2 a file or option is wrong, 3 halted, "
    "4 a side is unreachable, 70 a defect of ours.",
)
docs = typer.Typer(no_args_is_help=True, help="Pages made from the mapping.")
package = typer.Typer(
    no_args_is_help=True, help="Our objects and permission sets in Salesforce, deployed with an administrator's login."
)
app.add_typer(docs, name="docs")
app.add_typer(package, name="package")

ConfigFile = Annotated[
    Path, typer.Option("--config", "-c", envvar="ALUMNI_BRIDGE_CONFIG", help="The configuration; see config.example.toml.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of text for people.")]
AdminToken = Annotated[str, typer.Option(help="Where the administrator's access token is: env:NAME or file:/PATH.")]
ADMIN_TOKEN = "env:SF_ACCESS_TOKEN"  # noqa: S105 - the name of a variable, not a secret
DEFAULT = Path("config.toml")


def main() -> None:
    """The entry point: every error becomes one clear text and one exit code, here and nowhere else."""
    shut_in()
    try:
        app()
    except UserError as error:
        display.problems(error.problems)
        sys.exit(WRONG)
    except Halt as error:
        display.halt(error)
        sys.exit(HALTED)
    except Later as error:
        display.failure(
            f"{error.side} cannot be reached now: {error.code} {error.detail}".strip(), "try again later; nothing was lost"
        )
        sys.exit(LATER)
    except Refused as error:
        display.failure(f"{error.side} refuses: {error.code} {error.detail}".strip(), error.remedy)
        sys.exit(HALTED)
    except Bug as error:
        display.failure(f"a defect of alumni-bridge: {error}", "keep the state file and the log, and report it")
        sys.exit(DEFECT)
    except BridgeError as error:
        display.failure(str(error), "see `alumni-bridge status`")
        sys.exit(PART)
    except Exception as error:  # noqa: BLE001 - its text may hold a person's data; where it happened is enough to report
        display.failure(f"a defect of alumni-bridge: {place_of(error)}", "keep the state file and the log, and report it")
        sys.exit(DEFECT)


def _settings(config: Path) -> Settings:
    return load_settings(config, career_faults=career_faults)


@contextmanager
def _opened(config: Path) -> Iterator[Bridge]:
    settings = _settings(config)
    configure(settings.bridge.log_level, settings.bridge.log_format)
    make_private()
    with display.progress() as progress, open_bridge(settings, progress=progress) as bridge:
        _take_pilot(bridge.context, settings)
        yield bridge


@contextmanager
def _prepared(config: Path, *, alone: bool = True) -> Iterator[Bridge]:
    with _opened(config) as bridge, bridge.context.store.alone() if alone else nullcontext():
        cycle.prepare(bridge.context, bridge.mapping, rehearsal=not alone)
        yield bridge


def _take_pilot(ctx: Context, settings: Settings) -> None:
    """``[pilot]`` in the configuration counts unless the `pilot` command has chosen otherwise."""
    planner.set_pilot(ctx, accounts=settings.pilot.accounts, class_years=settings.pilot.class_years, configured=True)


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Where to begin; made if it is not there.")] = Path(),
    *,
    platform: Annotated[str, typer.Option(help="The career system's product, or `generic`.")] = beginning.GENERIC,
    flavour: Annotated[
        str, typer.Option(help="What your Salesforce org is built on: `plain`, `eda`, `npsp`; `auto` looks at it.")
    ] = beginning.PLAIN,
    unpackaged: Annotated[bool, typer.Option("--unpackaged", help="EDA came from source: its names have no hed__.")] = False,
    org: Annotated[
        str | None, typer.Option(help="For `auto`: the org's My Domain; without it, that of a config.toml in the folder.")
    ] = None,
    token: AdminToken = ADMIN_TOKEN,
    system: Annotated[str, typer.Option(help="Only the mapping of persons for this further career system.")] = "",
) -> None:
    """Put a configuration and mapping files for your two systems into a folder; nothing that is there is overwritten."""
    asked = beginning.Wanted(platform=platform, flavour=flavour, packaged=not unpackaged)
    wanted, seen = beginning.choose(folder, asked, org=org, token=token)
    if seen is not None:
        display.flavour(wanted.flavour, seen.flavours)
    for path in beginning.write_files(folder, wanted, system=system, keep_config=seen is not None and org is None):
        display.say(f"wrote {path}")
    display.say("fill in config.toml, then `alumni-bridge check`")


@app.command()
def run(config: ConfigFile = DEFAULT) -> None:
    """Run the daemon until SIGTERM: cycles, weekly sweeps, reminders, housekeeping, each on its schedule."""
    with _opened(config) as bridge, bridge.context.store.alone():
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
    with _prepared(config) as bridge:
        done = watch.guarded_cycle(bridge.context, lease=bridge.lease)
        display.cycle(done, bridge.calls(), as_json=as_json)
    raise typer.Exit(HALTED if done.halted else PART if done.down else GOOD)


@app.command()
def plan(config: ConfigFile = DEFAULT, *, as_json: AsJson = False) -> None:
    """Show what would be written if the bridge were live; read both sides, write to neither."""
    with _prepared(config, alone=False) as bridge:
        ctx = bridge.context
        read = cycle.read_only(ctx)
        with ctx.store.begin() as db:
            live = stage(db).live
        if not live:
            planner.plan(ctx)
        found = planner.plan(ctx, dry=True, as_if_live=True)
        display.plan(found, read, ctx, as_json=as_json)
    raise typer.Exit(PART if found.reasons else GOOD)


@app.command()
def apply(
    config: ConfigFile = DEFAULT,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; what it permits was looked at before.")] = False,
) -> None:
    """Confirm a changed mapping that permits more than the one in force: shows what it would share, write or ask, and asks."""
    with _opened(config) as bridge:
        with bridge.context.store.begin() as db:
            more = permission.unconfirmed(bridge.context, db)
        if not more:
            display.say("this mapping permits no more than the one in force; there is nothing to confirm")
            return
        for line in more:
            display.say(f"- {line}")
        if not yes and not typer.confirm("Permit this from now on?"):
            raise typer.Exit(PART)
        with bridge.context.store.begin() as db:
            permission.confirm(bridge.context, db)
    display.say("confirmed; it is in force from the next cycle on")


@app.command()
def adopt(
    field: Annotated[str, typer.Argument(help="The field or group, as in the mapping.")],
    config: ConfigFile = DEFAULT,
    *,
    crm_wins: Annotated[bool, typer.Option("--crm-wins", help="The owner's value goes to the other side.")] = False,
    suggest: Annotated[bool, typer.Option("--suggest", help="The other side's value becomes a suggestion to the owner.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Both values stay until one of them is changed.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Only so many people, to look at the effect first.")] = None,
) -> None:
    """Choose what becomes of first differences: values that differed when a person was linked."""
    chosen = [name for name, wanted in (("crm_wins", crm_wins), ("suggest", suggest), ("keep", keep)) if wanted]
    if len(chosen) != 1:
        raise typer.BadParameter("choose exactly one of --crm-wins, --suggest, --keep")
    with _opened(config) as bridge:
        unit = _unit(bridge, field)
        if crm_wins and bridge.rulebook.persons.unit(unit).owner.side is Side.CAREER:
            raise typer.BadParameter(f"{unit} is career services' own; their value goes to the career profile by itself")
        count = planner.adopt(bridge.context, unit, chosen[0], limit=limit)
        left = report.status(bridge.context)["first_differences"].get(unit, 0)
    display.say(f"{unit}: {chosen[0].replace('_', '-')} for {count} people; it is carried out in the next cycle ({left} waited)")


def _unit(bridge: Bridge, field: str) -> str:
    try:
        return bridge.rulebook.persons.unit(field).name
    except KeyError:
        names = ", ".join(dict.fromkeys(unit.name for rules in bridge.rulebook.persons.every() for unit in rules.units))
        raise typer.BadParameter(f"the mapping has no field or group {field!r}; it has: {names}") from None


@app.command("go-live")
def go_live(
    config: ConfigFile = DEFAULT,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; the plan was looked at before.")] = False,
) -> None:
    """From now on write. Shows the first plan, asks, and carries it out whatever its size."""
    with _prepared(config) as bridge:
        ctx = bridge.context
        read = cycle.read_only(ctx)
        display.plan(planner.plan(ctx, dry=True, as_if_live=True), read, ctx, as_json=False)
        if not yes and not typer.confirm("Go live with this?"):
            raise typer.Exit(PART)
        planner.go_live(ctx)
        done = watch.guarded_cycle(ctx, lease=bridge.lease, approve=True)
        display.cycle(done, bridge.calls(), as_json=False)
    raise typer.Exit(HALTED if done.halted else PART if done.down else GOOD)


@app.command()
def pilot(
    config: ConfigFile = DEFAULT,
    *,
    account: Annotated[list[str] | None, typer.Option(help="A career account; may be given several times.")] = None,
    class_year: Annotated[list[int] | None, typer.Option(help="A class year; may be given several times.")] = None,
    off: Annotated[bool, typer.Option("--off", help="End the pilot: everybody is included.")] = False,
) -> None:
    """Limit writing to some people. Before `go-live` nobody is written about, pilot or not."""
    if not (account or class_year or off):
        raise typer.BadParameter("name accounts or class years, or say --off")
    with _opened(config) as bridge:
        planner.set_pilot(bridge.context, accounts=() if off else account or (), class_years=() if off else class_year or ())
    display.say("the pilot is over: everybody is included" if off else "the pilot is set; see `alumni-bridge status`")


@app.command()
def status(
    config: ConfigFile = DEFAULT,
    *,
    check: Annotated[bool, typer.Option("--check", help="One line and a monitoring exit code.")] = False,
    as_json: AsJson = False,
) -> None:
    """How it stands: what works since when, what waits, what is halted, and what to do."""
    with _opened(config) as bridge:
        found = report.status(bridge.context)
        verdict = report.health(found, bridge.settings.status, bridge.context.clock.now())
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
    with _opened(config) as bridge:
        found = report.why(bridge.context, id, _unit(bridge, field) if field else None)
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
    with _opened(config) as bridge, bridge.context.store.begin() as db:
        rows = suggestions.listing(db, state=None if every else "open", limit=10_000)
    display.rows("suggestions", rows, ("raised_at", "kind", "unit", "account_id", "state", "crm_id"), as_json=as_json)


@app.command("requests")
def list_requests(config: ConfigFile = DEFAULT, *, as_json: AsJson = False) -> None:
    """Career requests: each with its record, Task and state."""
    with _opened(config) as bridge, bridge.context.store.begin() as db:
        rows = requests.listing(db, limit=10_000)
    columns = ("received_at", "request_id", "number", "type", "state", "neutral", "task_id")
    display.rows("requests", rows, columns, as_json=as_json)


@app.command()
def halt(reason: Annotated[str, typer.Argument(help="Why; shown to everybody.")], config: ConfigFile = DEFAULT) -> None:
    """Stop everything at the next effect boundary until `resume`."""
    with _opened(config) as bridge, bridge.context.store.begin() as db:
        halting.set_halt(bridge.context, db, halting.EVERYTHING, reason, "`alumni-bridge resume everything`")
    display.say("halted; `alumni-bridge resume everything` ends it")


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
    with _opened(config) as bridge:
        if plan is not None:
            released = plans.approve(bridge.context, plan)
            if not released:
                raise typer.BadParameter("no braked plan has a hash that begins so; see `alumni-bridge status`")
            display.say(f"approved: {released} writes are ready for the next cycle")
        elif plans.resume(bridge.context, subject or ""):
            display.say(f"{subject} is no longer halted")
        else:
            raise typer.BadParameter(f"{subject!r} is not halted; see `alumni-bridge status`")


@app.command()
def retry(
    writes: Annotated[
        list[int] | None, typer.Argument(help="Numbers of refused writes, as `status` lists them; without: all.")
    ] = None,
    config: ConfigFile = DEFAULT,
) -> None:
    """Try refused writes again, once what their remedy asks for has been done."""
    with _opened(config) as bridge:
        count = plans.retry(bridge.context, writes)
    display.say(f"{count} writes are tried again in the next cycle")


@app.command()
def check(config: ConfigFile = DEFAULT, *, offline: Annotated[bool, typer.Option(help="Files and state only.")] = False) -> None:
    """Look at configuration, mapping, state and both sides; change nothing there."""
    with _opened(config) as bridge:
        ctx = bridge.context
        with ctx.store.begin() as db:
            state, broken = role_fault(db) or integrity(db), journal.verify(db)
        notes = [*administration.notes(ctx.persons), *administration.inherited(bridge.settings)]
        steps = administration.local_checks(bridge) + ([] if offline else administration.remote_checks(bridge))
        failed = display.checklist(state, broken, notes, steps)
    raise typer.Exit(HALTED if failed else GOOD)


@app.command()
def sweep(config: ConfigFile = DEFAULT, *, as_json: AsJson = False) -> None:
    """Read everything on both sides and compare: finds what no change feed tells. Gives the dated completeness figure."""
    with _prepared(config) as bridge:
        facts = cycle.sweep(bridge.context)
        done = watch.guarded_cycle(bridge.context, lease=bridge.lease)
    display.sweep(facts, done, as_json=as_json)
    raise typer.Exit(HALTED if done.halted else PART if done.down else GOOD)


@app.command()
def erase(
    account: Annotated[str, typer.Argument(help="The career account of the person.")],
    system: Annotated[str, typer.Option(help="The career system's name in the configuration.")],
    config: ConfigFile = DEFAULT,
) -> None:
    """Erase what the state keeps about one person; the audit's chain stays whole."""
    with _opened(config) as bridge:
        count = erasing.erase_person(bridge.context, system, account)
    display.say(f"erased {count} kept values; what both systems hold is theirs to erase")


@docs.command("mapping")
def docs_mapping(
    mappings: Annotated[Path | None, typer.Option(help="The folder; without it, that of the configuration.")] = None,
    config: ConfigFile = DEFAULT,
) -> None:
    """Who owns what, and what is shared on which basis: the page that the privacy officer signs before going live."""
    folder = mappings or _settings(config).bridge.mappings
    sys.stdout.write(administration.mapping_page(load_rules(folder)))


@package.command("check")
def package_check(
    config: ConfigFile = DEFAULT,
    *,
    token: AdminToken = ADMIN_TOKEN,
) -> None:
    """Ask Salesforce whether the package would deploy; nothing is changed."""
    raise typer.Exit(_deploy(config, token, check_only=True))


@package.command("deploy")
def package_deploy(
    config: ConfigFile = DEFAULT,
    *,
    token: AdminToken = ADMIN_TOKEN,
) -> None:
    """Deploy our objects and the permission sets that follow from the mapping."""
    raise typer.Exit(_deploy(config, token, check_only=False))


@package.command("zip")
def package_zip(out: Annotated[Path, typer.Argument(help="The file to write.")], config: ConfigFile = DEFAULT) -> None:
    """Write the package as a Metadata API zip, for `sf project deploy start --metadata-dir`."""
    out.write_bytes(administration.package_bytes(load_rules(_settings(config).bridge.mappings)))
    display.say(f"wrote {out}")


def _deploy(config: Path, token: str, *, check_only: bool) -> int:
    settings = _settings(config)
    configure(settings.bridge.log_level, settings.bridge.log_format)
    with display.progress() as progress:
        result = administration.deploy_package(settings, token, os.environ, check_only=check_only, progress=progress)
    display.deployed(result)
    return GOOD if result.success else HALTED


if __name__ == "__main__":
    main()
