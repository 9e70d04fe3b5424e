"""The page of all commands, made from the command line itself: ``python -m tests.command_page`` writes it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import cast

import typer
from typer.core import TyperArgument, TyperGroup, TyperOption
from typer.main import get_command

from connector.cli import app

PAGE = Path(__file__).parents[1] / "docs" / "commands.md"
_HEAD = """# Commands

Made from the command line itself; `alumni-bridge COMMAND --help` says the same. What the exit codes mean is in
[errors.md](errors.md). Every command but `init` takes `--config`; without it, it reads the file that `ALUMNI_BRIDGE_CONFIG`
names, else `config.toml` in the current folder.
"""


def page() -> str:
    """The whole page in Markdown."""
    program = cast("TyperGroup", get_command(app))
    return "\n".join(
        [
            _HEAD,
            *_table(parameters(program)),
            *(line for name, command in commands() for line in _section(name, command)),
        ]
    )


def commands() -> Iterator[tuple[str, typer.core.TyperCommand]]:
    """Every command by its full name, in the order of the help."""
    yield from _below("", get_command(app))


def _below(prefix: str, command: object) -> Iterator[tuple[str, typer.core.TyperCommand]]:
    if isinstance(command, TyperGroup):
        for name, inner in command.commands.items():
            yield from _below(f"{prefix} {name}".strip(), inner)
    elif isinstance(command, typer.core.TyperCommand):
        yield prefix, command


def parameters(command: typer.core.TyperCommand | TyperGroup) -> Iterator[tuple[str, str]]:
    """Each argument and option with its help; ``--help`` is not told."""
    for one in command.params:
        text = re.sub(r"\s+", " ", getattr(one, "help", None) or "")
        if isinstance(one, TyperArgument):
            name = (one.name or "").upper()
            yield (name if one.required else f"[{name}]"), text
        elif isinstance(one, TyperOption):
            names = ", ".join([*one.opts, *one.secondary_opts])
            yield names if one.is_flag else f"{names} {(one.name or '').upper()}", text


def _section(name: str, command: typer.core.TyperCommand) -> list[str]:
    found = list(parameters(command))
    needed = {option for one in command.params if isinstance(one, TyperOption) and one.required for option in one.opts}
    arguments = " ".join(names for names, _ in found if not names.startswith("-") or names.split()[0] in needed)
    lines = ["", f"## {name}", "", f"    alumni-bridge {name} {arguments}".rstrip(), "", (command.help or "").strip(), ""]
    return lines + _table((names, text) for names, text in found if not names.startswith("--config"))


def _table(told: Iterable[tuple[str, str]]) -> list[str]:
    rows = [f"| `{names}` | {text} |" for names, text in told]
    return ["| | |", "| --- | --- |", *rows] if rows else []


def write() -> None:
    """Write the page."""
    PAGE.write_text(page() + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()
