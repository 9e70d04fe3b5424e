"""From checked mapping files to the values of the core."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from connector.core.requests import RequestRules
from connector.core.routing import Routing
from connector.core.rulebook import Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """The whole ``mappings/`` folder, compiled. ``hash`` changes when the meaning of any file does."""

    person: Rules
    requests: RequestRules
    routing: Routing
    hash: str


def load_rules(folder: Path) -> Rulebook:
    """Read, check and compile ``person.toml``, ``requests.toml`` and ``routing.toml``.

    Raises:
        UserError: with every problem of every file, each with line, column and cure. Nothing is loaded in part.
    """
    raise NotImplementedError(folder)
