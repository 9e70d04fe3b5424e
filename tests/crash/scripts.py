"""Every script, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tests.crash import asks, files, operation, people, values
from tests.simulation.scenario import Scenario

GROUPS: Final[Mapping[str, Mapping[str, Scenario]]] = {
    "write": values.INTENTS,
    "suggestion": values.SUGGESTIONS,
    "restriction": values.RESTRICTIONS,
    "request": asks.REQUESTS,
    "merge": people.MERGES,
    "identity": people.IDENTITY,
    "beginning": operation.BEGINNING,
    "operation": operation.OPERATION,
    "story": operation.STORY,
    "state": operation.STATE,
    "recovery": operation.RECOVERY,
    "files": files.TABLES,
}

SCRIPTS: Final[Mapping[str, Scenario]] = {
    f"{group}: {name}": scenario for group, scenarios in GROUPS.items() for name, scenario in scenarios.items()
}
