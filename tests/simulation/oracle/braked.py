"""What goes beyond a brake waits for a person: where all goes well, a cycle writes no more accounts than the brake lets by.

Judged up to the first time that a call fails or an administrator looks, and only where the daemon ran all the time: what was held
up by anything else may come together with what is decided later.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.simulation.oracle.evidence import Breach, Evidence
from tests.simulation.variants import mapping_data
from tests.simulation.world import Call

_HELD_UP = frozenset(
    {
        *("killed", "suspended", "state lost", "state restored", "two daemons", "halted by hand", "host's clock set"),
        *("another tenant", "careers key revoked", "crm calls burnt", "crm field hidden"),
    }
)


def judge(found: Evidence) -> Iterator[Breach]:
    """Values that Alumni Relations own, on their way to careers; restrictions pass every brake."""
    if found.happened & _HELD_UP or found.mappings != {found.mapping}:
        return
    most = mapping_data(found.mapping)["brakes"]["to_career"]["max_changes"]
    free = {field.career for unit in found.rules.units.values() if unit.opt_out for field in unit.fields}
    accounts: dict[int, set[str]] = {}
    for write in found.writes:
        if write.object == "person" and write.call.number < found.looked_after and not free & write.fields.keys():
            accounts.setdefault(write.call.job, set()).add(write.id)
    trouble = next((call.job for call in found.world.calls if not _went_well(call)), found.looked_after)
    for job, written in accounts.items():
        if len(written) > most and job < trouble:
            yield Breach("brake", f"{len(written)} accounts were written in one cycle; the brake is at {most}")


def _went_well(call: Call) -> bool:
    return call.fate == "answered" and all(answer.status < 400 for answer in call.acted)
