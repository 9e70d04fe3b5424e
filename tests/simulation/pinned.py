"""Bugs of the product that the simulation has found, each as the smallest scenario that showed it. They stay found."""

from __future__ import annotations

from collections.abc import Mapping

from tests.simulation.scenario import Scenario
from tests.simulation.steps import At, DeleteAccount, Pass
from tests.simulation.troubles import Break, CrmRefuses, Expire, PutMapping, Suspend
from tests.simulation.world import Spec

PINNED: Mapping[str, Scenario] = {
    "a changed mapping forgot how often we had logged in, and what both sides had said of limits and pauses": Scenario(
        spec=Spec(page=1, latency=0.0),
        steps=(
            Break("crm", "timeout", count=4),
            Suspend(30_000.0),
            Pass(60),
            Expire(),
            At(23, PutMapping("refusing")),
            Pass(60),
        ),
        seed=84,
    ),
    "that a link had ended was written with the restrictions, refused, and written again with the rest (I37)": Scenario(
        spec=Spec(people=1, mapping="restoring", page=1, latency=0.0),
        steps=(
            At(49, CrmRefuses("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", sobject="Career_Profile__c")),
            Pass(60),
            DeleteAccount(0),
            Pass(60),
        ),
        seed=1637,
    ),
}
"""What went wrong, and how."""
