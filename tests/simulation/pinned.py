"""Bugs of the product that the simulation has found, each as the smallest scenario that showed it. They stay found."""

from __future__ import annotations

from collections.abc import Mapping

from tests.simulation.scenario import Scenario
from tests.simulation.steps import At, DeleteAccount, DeleteContact, Duplicate, EditAccount, Merge, Pass
from tests.simulation.troubles import Break, CrmRefuses, CrmSetting, Expire, PutMapping, Suspend
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
    "the owner's next move answered a question that Salesforce had refused, and careers' value was lost": Scenario(
        spec=Spec(people=1, page=2, overlap=120, latency=0.0, tenant=(("page_limit", 1), ("batch_limit", 200))),
        steps=(
            EditAccount(person=0, field="class_year", choice=1, form=0, own=False),
            At(31, Merge(person=0, into_double=True)),
            Duplicate(person=0),
            Pass(60),
        ),
        seed=2453,
    ),
    "the refinement of a question that Salesforce had refused waited for its record for ever (I10)": Scenario(
        spec=Spec(people=1, page=1),
        steps=(
            EditAccount(person=0, field="mailing_country", choice=1, form=0, own=False),
            CrmSetting("read_only", value=True),
            Pass(60),
            EditAccount(person=0, field="mailing_country", choice=2, form=0, own=False),
            Pass(60),
            DeleteContact(0),
        ),
        seed=2567,
    ),
}
"""What went wrong, and how."""
