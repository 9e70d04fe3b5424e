"""The page of career platforms, made from their profiles: ``python -m tests.platform_page`` writes it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from connector.career.facts import Facts
from connector.career.profile import load_profile, shipped

PAGE = Path(__file__).parents[1] / "docs" / "platforms.md"
_HEAD = """# Career platforms

Which career-services systems the bridge works with, what works with each, what does not, and why. Made from the profiles in
`connector/career/profiles/`; what a profile says is what the bridge does.

How sure we are: **A** the vendor's own page was read, **B** working public code that calls the platform was read, **C** a third
party says so, **guess** nobody was found to say. No tenant of any vendor has been at hand: each platform was emulated from
this evidence, what is unknown in both ways, and the bridge was tested against that. Ask your vendor about every C and guess, and
begin with a test tenant.
"""
_COLUMNS = (
    *("platform", "`profile`", "requests travel by", "people are written", "guarded by", "staff notes", "deletions"),
    "an edit tells",
)
_GUARD = {
    "etag": "the system refuses a change of what has moved",
    "read_before_write": "each account is read again just before it is written",
    "none": "nothing: it sets what it is given",
}
_COMPARED = "whoever carries it in: each line says what the value was"
_EDITS = {"who_and_when": "who, when and what", "when": "when", "unknown": "nothing"}


def page() -> str:
    """The whole page in Markdown."""
    profiles = [load_profile(name) for name in shipped()]
    parts = [_HEAD, *_table(profiles), *(line for profile in profiles for line in _section(profile))]
    return "\n".join(parts)


def _table(profiles: list[Facts]) -> Iterator[str]:
    yield "## To decide from"
    yield ""
    yield f"| {' | '.join(_COLUMNS)} |"
    yield f"|{' --- |' * len(_COLUMNS)}"
    for profile in profiles:
        can = profile.abilities
        deletes = {"told": "told", "sweep": "found by the weekly sweep", "never": "not told"}[can.deletes]
        written = "by file" if not can.lookup else "field by field" if can.write == "patch" else "whole, as just read"
        cells = (
            f"[{profile.label}](#{_anchor(profile.label)})",
            f"`{profile.name}`",
            ", ".join(profile.carriers) or "-",
            written,
            _COMPARED if can.tells_before else _GUARD[can.precondition],
            "yes" if can.notes else "no",
            deletes,
            _EDITS[can.edits],
        )
        yield f"| {' | '.join(cells)} |"
    yield ""


def _section(profile: Facts) -> Iterator[str]:
    yield f"## {profile.label}"
    yield ""
    yield from _numbered("Set it up", profile.setup)
    settings = profile.all_settings if profile.needs.folder else profile.settings
    if settings:
        yield "`[career.settings]`:"
        yield ""
        yield "| setting | what it is |"
        yield "| --- | --- |"
        for name, setting in settings.items():
            notes = [
                *(["needed"] if setting.required else []),
                *(["a secret, by reference"] if setting.secret else []),
                *([f"`{setting.default}` unless said otherwise"] if setting.default else []),
            ]
            yield f"| `{name}` | {setting.label}{_inside(notes)} |"
        yield ""
    if "csv" in profile.carriers and not profile.needs.folder:
        yield 'With `requests = "csv"` it needs a `folder`, too; [csv-drop.md](csv-drop.md) has its rules and settings.'
        yield ""
    if profile.turn_off:
        yield "Turn off there, so that nobody but Alumni Relations writes to alumni:"
        yield ""
        yield "| switch | where | why |"
        yield "| --- | --- | --- |"
        yield from (f"| {one.what} | {one.where} | {one.why} |" for one in profile.turn_off)
        yield ""
    yield from _bullets("Known limits", profile.limits)
    if profile.evidence:
        yield "On which evidence:"
        yield ""
        yield "| about | what is known | mark | source |"
        yield "| --- | --- | --- | --- |"
        yield from (f"| {one.about} | {one.says} | {one.mark} | {one.source} |" for one in profile.evidence)
        yield ""


def _numbered(title: str, lines: tuple[str, ...]) -> Iterator[str]:
    if lines:
        yield f"{title}:"
        yield ""
        yield from (f"{number}. {line}" for number, line in enumerate(lines, 1))
        yield ""


def _bullets(title: str, lines: tuple[str, ...]) -> Iterator[str]:
    if lines:
        yield f"{title}:"
        yield ""
        yield from (f"- {line}" for line in lines)
        yield ""


def _inside(notes: list[str]) -> str:
    return f" ({'; '.join(notes)})" if notes else ""


def _anchor(label: str) -> str:
    return "".join(letter for letter in label.lower().replace(" ", "-") if letter.isalnum() or letter in "-_")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
