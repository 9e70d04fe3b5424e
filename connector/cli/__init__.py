"""The command line; with ``connector.display`` the only module that prints, and the only one that picks an exit code.

Exit codes: 0 done; 1 done in part, or a warning; 2 a file or an option is wrong; 3 halted, a person must act; 4 a side cannot
be reached, try later; 70 a defect of ours; 130 interrupted (Ctrl-C). ``status --check`` answers as monitoring expects: 0 good,
1 warning, 2 critical.
"""

from __future__ import annotations

import sys
from io import TextIOWrapper

from connector import display
from connector.cli import installing, operating
from connector.cli.entry import DEFECT, GOOD, HALTED, INTERRUPTED, LATER, PART, WRONG, app
from connector.errors import BridgeError, Bug, Halt, Later, Refused, UserError, place_of
from connector.process import shut_in

__all__ = ["DEFECT", "GOOD", "HALTED", "INTERRUPTED", "LATER", "PART", "WRONG", "app", "installing", "main", "operating"]


def _understand_letters() -> None:
    """A terminal that lacks a letter is shown its number; a word in other letters than UTF-8 is a wrong option."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if any("\ud800" <= letter <= "\udfff" for word in sys.argv for letter in word):
        display.failure("the command has a letter that is not UTF-8", "type it anew, in a terminal whose letters are UTF-8")
        sys.exit(WRONG)


def main() -> None:
    """The entry point: every error becomes one clear text and one exit code, here and nowhere else."""
    shut_in()
    _understand_letters()
    try:
        app()
    except SystemExit as ended:
        # typer makes it of a Ctrl-C, without a word.
        if ended.code == INTERRUPTED:
            display.interrupted()
        raise
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
