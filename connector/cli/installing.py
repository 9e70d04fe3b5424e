"""Commands of an installation: begin, check, deploy the package, settle first differences, go live, permit more."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from connector import administration, beginning, display
from connector.bootstrap import read_rules
from connector.cli.entry import (
    ADMIN_TOKEN,
    DEFAULT,
    GOOD,
    HALTED,
    PART,
    AdminToken,
    ConfigFile,
    app,
    docs,
    opened,
    package,
    prepared,
    settings_of,
    unit_of,
)
from connector.core.model import Side
from connector.engine import cycle, first_differences, permission, planner, report, stage, watch
from connector.log import configure
from connector.rules import load_rules
from connector.store import journal
from connector.store.safety import role_fault
from connector.store.store import integrity


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
def check(config: ConfigFile = DEFAULT, *, offline: Annotated[bool, typer.Option(help="Files and state only.")] = False) -> None:
    """Look at configuration, mapping, state and both sides; change nothing there."""
    with opened(config) as bridge:
        ctx = bridge.context
        with ctx.store.begin() as db:
            state, broken = role_fault(db) or integrity(db), journal.verify(db)
        notes = [*administration.notes(ctx.persons), *administration.inherited(bridge.settings)]
        steps = administration.local_checks(bridge) + ([] if offline else administration.remote_checks(bridge))
        failed = display.checklist(state, broken, notes, steps)
    raise typer.Exit(HALTED if failed else GOOD)


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
    zipped = administration.package_bytes(read_rules(settings_of(config)))
    beginning.put(out, zipped)
    display.say(f"wrote {out}")


def _deploy(config: Path, token: str, *, check_only: bool) -> int:
    settings = settings_of(config)
    configure(settings.bridge.log_level, settings.bridge.log_format)
    with display.progress() as progress:
        result = administration.deploy_package(settings, token, os.environ, check_only=check_only, progress=progress)
    display.deployed(result)
    return GOOD if result.success else HALTED


@docs.command("mapping")
def docs_mapping(
    mappings: Annotated[Path | None, typer.Option(help="The folder; without it, that of the configuration.")] = None,
    config: ConfigFile = DEFAULT,
) -> None:
    """Who owns what, and what is shared on which basis: the page that the privacy officer signs before going live."""
    # A folder of one's own may be for another configuration, whose systems are not known here.
    rulebook = read_rules(settings_of(config)) if mappings is None else load_rules(mappings)
    sys.stdout.write(administration.mapping_page(rulebook))


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
    with opened(config) as bridge:
        unit = unit_of(bridge, field)
        if crm_wins and bridge.rulebook.persons.unit(unit).owner.side is Side.CAREER:
            raise typer.BadParameter(f"{unit} is career services' own; their value goes to the career profile by itself")
        count = first_differences.adopt(bridge.context, unit, chosen[0], limit=limit)
        found = report.status(bridge.context)
    left, when = (
        found["first_differences"].get(unit, 0),
        "once you are live" if found["stage"] == "observing" else "in the next cycle",
    )
    display.say(f"{unit}: {chosen[0].replace('_', '-')} for {count} people; it is carried out {when} ({left} waited)")


@app.command("go-live")
def go_live(
    config: ConfigFile = DEFAULT,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; the plan was looked at before.")] = False,
) -> None:
    """From now on write. Shows the first plan, asks, and carries it out whatever its size."""
    with prepared(config) as bridge:
        ctx = bridge.context
        read = cycle.read_only(ctx)
        display.plan(planner.plan(ctx, dry=True, as_if_live=True), read, ctx, as_json=False)
        if read.halted_sides:
            display.failure(f"not live: {', '.join(read.halted_sides)} stands still", "see `alumni-bridge status`")
            raise typer.Exit(HALTED)
        if not yes and not typer.confirm("Go live with this?"):
            raise typer.Exit(PART)
        done = watch.go_live(ctx, lease=bridge.lease)
        display.cycle(done, bridge.calls(), as_json=False)
    raise typer.Exit(HALTED if done.halted else PART if done.down else GOOD)


@app.command()
def pilot(
    config: ConfigFile = DEFAULT,
    *,
    account: Annotated[list[str] | None, typer.Option(help="A career account; may be given several times.")] = None,
    class_year: Annotated[
        list[int] | None, typer.Option(min=1000, max=2999, help="A class year; may be given several times.")
    ] = None,
    off: Annotated[bool, typer.Option("--off", help="End the pilot: everybody is included.")] = False,
) -> None:
    """Limit keeping in step to some people; requests are worked for all. Before `go-live` nothing is written, pilot or not."""
    if bool(account or class_year) == off:
        raise typer.BadParameter("name accounts or class years, or say --off alone")
    with opened(config) as bridge:
        stage.set_pilot(bridge.context, accounts=account or (), class_years=class_year or ())
        count = stage.included(bridge.context)
    display.pilot(count, over=off)
    raise typer.Exit(GOOD if count or off else PART)


@app.command()
def apply(
    config: ConfigFile = DEFAULT,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; what it permits was looked at before.")] = False,
) -> None:
    """Confirm a changed mapping that permits more than the one in force: shows what it would share, write or ask, and asks."""
    with opened(config) as bridge:
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
