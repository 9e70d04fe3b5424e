"""What every command stands on: the application, the options that many share, exit codes, an opened bridge."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from connector import display
from connector.bootstrap import Bridge, career_faults, login_secrets, open_bridge, open_installation, product_version
from connector.config import Settings, load_settings
from connector.engine import cycle, stage
from connector.engine.context import Installation
from connector.log import configure
from connector.process import make_private

GOOD, PART, WRONG, HALTED, LATER, DEFECT, INTERRUPTED = 0, 1, 2, 3, 4, 70, 130

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="Keeps a Salesforce CRM and a career-services system in step. **Alumni Relations owns the contact record; "
    "the bridge never edits a Contact.** Begin with `check`, then `plan`, `adopt`, `docs mapping`, `go-live`, `run`.",
    epilog="Exit codes: 0 done, 1 in part or a warning, 2 a file or option is wrong, 3 halted, "
    "4 a side is unreachable, 70 a defect of ours, 130 interrupted.",
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


def settings_of(config: Path) -> Settings:
    """The configuration, with each career system's own checks."""
    return load_settings(config, career_faults=career_faults)


def _tell_version(asked: bool) -> None:  # noqa: FBT001 - typer calls it
    if asked:
        display.say(f"alumni-bridge {product_version()}")
        raise typer.Exit(GOOD)


@app.callback()
def _program(
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Tell the installed version, and end.")
    ] = False,
) -> None:
    """What stands before any command."""


def _begun(config: Path) -> Settings:
    settings = settings_of(config)
    configure(settings.bridge.log_level, settings.bridge.log_format)
    make_private()
    return settings


@contextmanager
def installed(config: Path) -> Iterator[tuple[Settings, Installation]]:
    """The state by the settings alone: for what has to work while a mapping file has a mistake."""
    settings = _begun(config)
    with open_installation(settings) as here:
        _take_pilot(here, settings)
        yield settings, here


@contextmanager
def opened(config: Path) -> Iterator[Bridge]:
    """The bridge with its state, progress and log; neither side is asked anything yet."""
    settings = _begun(config)
    with display.progress() as progress, open_bridge(settings, progress=progress) as bridge:
        _take_pilot(bridge.context, settings)
        yield bridge


@contextmanager
def alone(config: Path) -> Iterator[Bridge]:
    """The bridge as the only process that works on the state; the secrets without which it cannot are there."""
    with opened(config) as bridge:
        login_secrets(bridge.settings.crm, bridge.around)
        with bridge.context.store.alone():
            yield bridge


@contextmanager
def prepared(config: Path, *, rehearsal: bool = False) -> Iterator[Bridge]:
    """The bridge, ready for a cycle, as the only process that works on the state; ``rehearsal``: nothing will be written."""
    with alone(config) as bridge:
        cycle.prepare(bridge.context, bridge.mapping, rehearsal=rehearsal)
        yield bridge


def _take_pilot(ctx: Installation, settings: Settings) -> None:
    """``[pilot]`` in the configuration counts unless the `pilot` command has chosen otherwise."""
    stage.set_pilot(ctx, accounts=settings.pilot.accounts, class_years=settings.pilot.class_years, configured=True)


def unit_of(bridge: Bridge, field: str) -> str:
    """The unit in which a field is decided, by the field's or its group's name."""
    try:
        return bridge.rulebook.persons.unit(field).name
    except KeyError:
        names = ", ".join(bridge.rulebook.persons.unit_names())
        raise typer.BadParameter(f"the mapping has no field or group {field!r}; it has: {names}") from None
