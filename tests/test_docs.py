"""What can be said to the bridge, and what it says, is documented where people look."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from connector import cli, engine
from tests import command_page, platform_page

ROOT = Path(__file__).parents[1]
ERRORS = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")


def pages() -> list[Path]:
    """Every page that people read."""
    folders = (ROOT, ROOT / "docs", ROOT / "docs" / "adr", ROOT / "deploy", ROOT / "mappings", ROOT / "emulator")
    return sorted(page for folder in folders for page in folder.glob("*.md"))


def used_codes() -> set[str]:
    """Every problem code that the source can give, the shared ones under each letter that a reader of files passes."""
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "connector").rglob("*.py"))
    found = set(re.findall(r'"([CKMP]\d{3})"', source))
    shared = set(re.findall(r'f"\{codes\}(\d{3})"', source)) | set(
        re.findall(r'(?:return|number, message, cure =) "(\d{3})"', source)
    )
    for letter in set(re.findall(r'codes="([A-Z])"', source)):
        # A profile is read as bytes and has its own codes for what pydantic finds.
        found |= {letter + number for number in shared if letter != "P" or number in {"000", "001", "002", "003", "004"}}
    return found


def anchors(page: Path) -> set[str]:
    """The places inside a page that a link may name."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def links(page: Path) -> Iterator[tuple[str, str]]:
    """Each relative link of a page: the path, and the place in it."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not re.match(r"[a-z]+:", target):
            path, _, place = target.partition("#")
            yield unquote(path), place


def test_the_page_of_commands_is_what_the_command_line_says() -> None:
    """Law: a command or option that is added, changed or dropped is so in docs/commands.md, by `make docs`."""
    assert command_page.PAGE.read_text(encoding="utf-8") == command_page.page() + "\n"


def test_the_page_of_platforms_is_what_the_profiles_say() -> None:
    """Law: what administrators decide from is what the bridge does; `make docs` writes docs/platforms.md."""
    assert platform_page.PAGE.read_text(encoding="utf-8") == platform_page.page()


def test_every_command_and_option_says_what_it_does() -> None:
    """Law: nothing on the command line is without a sentence of help."""
    silent = [name for name, command in command_page.commands() if not command.help]
    silent += [
        f"{name} {what}"
        for name, command in command_page.commands()
        for what, text in command_page.parameters(command)
        if not text
    ]
    assert not silent


def test_every_problem_code_is_documented() -> None:
    """Law: the codes in docs/errors.md are those that the source can give, no more and no less."""
    assert used_codes() == set(re.findall(r"\b[CKMP]\d{3}\b", ERRORS.replace("error[M101]", ""))) | {"M101"}


def test_exit_codes_are_documented() -> None:
    """Law: every exit code of the command line has its row, and each row is one."""
    codes = {cli.GOOD, cli.PART, cli.WRONG, cli.HALTED, cli.LATER, cli.DEFECT, cli.INTERRUPTED}
    table = ERRORS.partition("## Problem codes")[0]
    assert {int(number) for number in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)} == codes
    assert all(re.search(rf"\b{code}\b", cli.__doc__ or "") for code in codes)


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    """Law: a relative link names a file that is there, and a place that is in it."""
    broken = []
    for path, place in links(page):
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (place and target.suffix == ".md" and place not in anchors(target)):
            broken.append(f"{path}#{place}")
    assert not broken


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_commands_in_the_documentation_exist(page: Path) -> None:
    """Law: a page that tells somebody to run a command of ours names one that there is."""
    known = {name for name, _ in command_page.commands()}
    groups = {name.partition(" ")[0] for name in known if " " in name}
    told = re.findall(r"`alumni-bridge ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?", page.read_text(encoding="utf-8"))
    wrong = [words for words in told if (f"{words[0]} {words[1]}" if words[0] in groups else words[0]) not in known | groups]
    assert not wrong


def test_the_map_of_the_engine_has_every_module() -> None:
    """Law: whoever looks for a module of the engine finds in its first lines what it is for."""
    modules = {path.stem for path in Path(engine.__file__).parent.glob("*.py")} - {"__init__"}
    assert {name for name in modules if f"``{name}``" not in str(engine.__doc__)} == set()
