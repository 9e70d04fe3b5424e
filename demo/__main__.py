"""``python -m demo [--people DIR] [--out FILE] [--folder DIR]``: the main job, from two empty systems to a day's account.

Exit codes: 0 everything that must hold held; 1 something did not; 2 the people cannot be read.
"""

import argparse
import sys
import time
from pathlib import Path

import orjson
from rich.console import Console

from demo.account import print_account
from demo.bridge import BridgeFailedError
from demo.flavour import FLAVOURS, Flavour
from demo.people import People, PeopleError, load_people
from demo.platform import GENERIC, PLATFORMS, Platform
from demo.stage import Progress, set_stage
from demo.story import Story
from demo.world import make_world

_WIDTH = 130


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line and tell the story; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m demo", description="A working day of the bridge between two emulated systems."
    )
    parser.add_argument("--people", type=Path, help="a folder with crm.csv, career.csv and perhaps truth.csv")
    parser.add_argument("--platform", choices=sorted(PLATFORMS), default=GENERIC.name, help="what careers run")
    parser.add_argument(
        "--flavour", choices=sorted(FLAVOURS), default=Flavour.name, help="what Alumni Relations' org is built on"
    )
    parser.add_argument("--out", type=Path, default=Path("build/demo.json"), help="where the account is written as JSON")
    parser.add_argument("--folder", type=Path, default=Path("build/demo"), help="for everything else that is written")
    parser.add_argument("--seed", default="alumni-bridge", help="of the invented university")
    options = parser.parse_args(arguments)
    told = Console(stderr=True)
    began = time.monotonic()

    def progress(text: str) -> None:
        told.print(f"[dim]{time.monotonic() - began:6.1f} s[/dim]  {text}", highlight=False)

    try:
        people = load_people(options.people) if options.people else make_world(options.seed)
    except PeopleError as reason:
        told.print(str(reason), style="red", markup=False)
        return 2
    try:
        return _play(people, options.folder, options.out, progress, PLATFORMS[options.platform], FLAVOURS[options.flavour]())
    except BridgeFailedError as reason:
        told.print(str(reason), style="red", markup=False)
        return 1
    finally:
        progress("ended")


def _play(people: People, folder: Path, out: Path, progress: Progress, platform: Platform, flavour: Flavour) -> int:
    began = time.monotonic()
    with set_stage(people, folder, progress, platform=platform, flavour=flavour) as stage:
        setting = time.monotonic() - began
        story = Story(stage=stage, progress=progress)
        story.tell()
        facts = story.facts()
    facts["seconds"] = {"setting the stage": round(setting, 2), **facts["seconds"], "all": round(time.monotonic() - began, 2)}
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(orjson.dumps(facts, option=orjson.OPT_INDENT_2))
    console = Console(width=None if sys.stdout.isatty() else _WIDTH, highlight=False)
    print_account(console, facts, story.acts)
    console.print(f"The same as JSON: {out}; every command and what it said: {folder / 'commands.log'}")
    return 1 if facts["failures"] else 0


if __name__ == "__main__":
    sys.exit(main())
