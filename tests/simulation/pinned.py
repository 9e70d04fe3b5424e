"""Bugs of the product that the simulation has found, each as the smallest scenario that showed it. They stay found."""

from __future__ import annotations

from collections.abc import Mapping

from tests.simulation.decisions import Decide, Insist
from tests.simulation.scenario import Scenario
from tests.simulation.steps import (
    At,
    Change,
    DeleteAccount,
    DeleteContact,
    Duplicate,
    EditAccount,
    EditContact,
    EditProfile,
    File,
    Merge,
    Pass,
    UndeleteContact,
    When,
    Work,
)
from tests.simulation.troubles import (
    Break,
    CrmAnswers,
    CrmRefuses,
    CrmSetting,
    Expire,
    Hide,
    KeepState,
    Kill,
    PutMapping,
    RestoreState,
    Revoke,
    Suspend,
    Sweep,
)
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
    "a value that waited went out before what had just been read of a death was judged (I6)": Scenario(
        spec=Spec(page=1, overlap=120, latency=0.0, tenant=(("page_limit", 2), ("batch_limit", 2))),
        steps=(
            EditAccount(person=0, field="phone_work", choice=3, form=0, own=False),
            EditAccount(person=0, field="class_year", choice=3, form=0, own=False),
            EditAccount(person=0, field="deceased", choice=1, form=0, own=False),
            Pass(600),
            EditAccount(person=0, field="phone_work", choice=2, form=0, own=False),
            Decide(number=3, how="accept", choice=0),
            Decide(number=1, how="press", choice=1),
            Pass(60),
            Decide(number=0, how="accept", choice=2),
        ),
        seed=3628,
    ),
    "what careers had cleared while a first difference waited for a choice was filled again": Scenario(
        spec=Spec(live=False, page=2, cycle=600, latency=0.0, crm_skew=3.0, career_skew=-40.0, tenant=(("page_limit", 2),)),
        steps=(
            EditAccount(person=0, field="preferred_name", choice=2, form=1, own=False),
            Pass(600),
            At(59, EditAccount(person=0, field="preferred_name", choice=None, form=1, own=False)),
            At(4, Kill()),
            Pass(600),
            Pass(600),
        ),
        seed=4010,
    ),
    "a value that waited went out after its contact had been deleted, and the link had become a question": Scenario(
        spec=Spec(cycle=600, latency=0.0, tenant=(("page_limit", 2), ("batch_limit", 1))),
        steps=(
            EditContact(person=0, field="preferred_name", choice=2, form=1),
            Revoke(),
            Pass(600),
            Duplicate(person=0),
            EditAccount(person=0, field="preferred_name", choice=None, form=1, own=True),
            DeleteContact(0),
        ),
        seed=374,
        swept=False,
    ),
    "a request that careers took back was opened again when its record turned out to be there": Scenario(
        spec=Spec(overlap=120, latency=1.0, tenant=(("page_limit", 2),)),
        steps=(
            CrmAnswers("", "/composite/(graph|sobjects)", "later", delay=400.0),
            Break("crm", "timeout", pattern="POST|PATCH"),
            File(person=0, item=0),
            Pass(60),
            Change(number=3, title=""),
        ),
        seed=7347,
        swept=False,
    ),
    "a sweep that died had read what was changed on a career profile, and nobody put it back": Scenario(
        spec=Spec(people=3, platform="12twenty", tenant=(("page_limit", 2), ("batch_limit", 1))),
        steps=(EditProfile(person=0, field="mentor_capacity", choice=2), At(44, Kill()), Sweep()),
        seed=7427,
        swept=False,
    ),
    "a value that staff had turned down was asked about again once the state had been restored from before": Scenario(
        spec=Spec(people=2, overlap=120, latency=0.05),
        steps=(
            EditAccount(person=1, field="major", choice=3, own=True),
            Pass(60),
            Decide(number=1, how="reject", choice=1),
            Pass(60),
            RestoreState(),
            Pass(120),
            Insist(number=1),
        ),
        seed=10817,
        swept=False,
    ),
    "a question that a restored state asked again after a merge was refused, and a second one asked beside the first": Scenario(
        spec=Spec(platform="12twenty", latency=0.05, tenant=(("batch_limit", 2),)),
        steps=(
            Pass(600),
            KeepState(),
            Duplicate(0),
            At(41, CrmSetting("replica_lag", 2)),
            EditAccount(person=0, field="title", choice=1),
            Pass(60),
            Merge(person=0, into_double=True),
            RestoreState(),
            Pass(60),
        ),
        seed=12461,
        swept=False,
    ),
    "a question that waited while its contact was merged away was refused, and careers' edit overwritten in the end": Scenario(
        spec=Spec(platform="12twenty", tenant=(("batch_limit", 1),)),
        steps=(
            Duplicate(0),
            EditAccount(person=0, field="preferred_name", choice=3),
            CrmRefuses("TXN_SECURITY_METERING_ERROR", count=3),
            Pass(60),
            Merge(person=0, into_double=True),
            Pass(60),
        ),
        seed=10124,
    ),
    "a question about a contact that is gone was answered, and stayed open for ever": Scenario(
        spec=Spec(people=2, latency=1.0, tenant=(("page_limit", 2),)),
        steps=(
            At(17, EditAccount(person=0, field="email_personal", choice=None, form=1)),
            Pass(120),
            DeleteContact(0),
            Decide(number=0, how="reject", choice=2),
            Duplicate(0),
        ),
        seed=9705,
        swept=False,
    ),
    "a first difference was forgotten when its link ended, and what careers had cleared was filled when it came back": Scenario(
        spec=Spec(live=False, page=1, cycle=600, host_skew=3.0),
        steps=(
            EditAccount(person=0, field="former_last_name", choice=2),
            Pass(600),
            DeleteContact(0),
            Pass(600),
            At(9, UndeleteContact(0)),
            At(5, EditAccount(person=0, field="former_last_name", choice=None)),
            Pass(1200),
        ),
        seed=8327,
        swept=False,
    ),
    "the owner's own answer went over what careers had typed before the question about that stood in Salesforce": Scenario(
        spec=Spec(people=1),
        steps=(
            Break("crm", "lose_request", 3, "POST .*/composite/sobjects"),
            EditAccount(0, "title", 1),
            Pass(60),
            EditContact(0, "title", 2),
            Pass(60),
            Pass(60),
        ),
        seed=3514,
    ),
    "what the answer to our own write told beside it, a counsellor's edit, was taken for known and never looked at": Scenario(
        spec=Spec(people=1, platform="hivebrite", page=2, cycle=600, latency=1.0),
        steps=(
            EditAccount(person=0, field="preferred_name", choice=1),
            Pass(600),
            EditAccount(person=0, field="mentor_capacity", choice=2),
            Pass(600),
            EditContact(person=0, field="class_year", choice=3, form=1),
            At(16, Kill()),
            Pass(1200),
        ),
        seed=112,
        swept=False,
    ),
    "a request that nobody could be asked for any more, in a new state, was told to have lost the Task that it has": Scenario(
        spec=Spec(),
        steps=(File(0, 2), EditContact(0, "consent_mentoring", 3, late=100), Pass(60), RestoreState()),
        seed=1606,
    ),
    "the Task of a request that careers withdrew while the state was lost stayed open": Scenario(
        spec=Spec(cycle=600), steps=(File(0, 2), Pass(1200), Change(0, ""), RestoreState()), seed=3509, swept=False
    ),
    "an older word to careers, whose answer had been lost, went once more after the newer one": Scenario(
        spec=Spec(latency=0.0),
        steps=(
            File(0, 4),
            At(41, Change(0, "")),
            Break("careers", "timeout", 1, "POST|PATCH"),
            EditAccount(0, "consent_events", 1),
            Pass(60),
        ),
        seed=4127,
    ),
    "careers' edit was put back, though the question about it met the key of an older one and was not asked yet": Scenario(
        spec=Spec(people=3, latency=0.0),
        steps=(
            EditAccount(0, "last_name", 1, form=1),
            KeepState(),
            Duplicate(2),
            Pass(60),
            Decide(0, "accept", 1),
            Pass(60),
            EditAccount(0, "last_name", 2),
            Merge(2, into_double=True),
            RestoreState(),
        ),
        seed=4508,
        swept=False,
    ),
    "a write that came twice was refused the second time, and the value was taken for somebody's edit": Scenario(
        spec=Spec(people=2, page=2, tenant=(("page_limit", 2), ("batch_limit", 200))),
        steps=(
            Break("careers", "twice", 3, "POST|PATCH"),
            EditContact(1, "phone_mobile", 1),
            When("careers<", "GET", EditAccount(1, "phone_mobile", 3, own=True)),
            Pass(60),
            EditContact(1, "phone_mobile", 2),
        ),
        seed=9029,
    ),
    "what a request's record and its Task told at once was written twice": Scenario(
        spec=Spec(latency=0.0, platform="hivebrite"),
        steps=(At(17, File(0, 0)), Pass(600), Work(0, "decline"), At(5, CrmSetting("read_only", value=True)), Pass(60)),
        seed=2215,
        swept=False,
    ),
    "what both sides agree on was not learnt while it may not be shared, and what careers then cleared was filled": Scenario(
        spec=Spec(latency=0.0),
        steps=(
            At(11, EditAccount(0, "consent_career_asks", 1)),
            RestoreState(),
            Pass(60),
            EditAccount(0, "phone_mobile", None),
            EditAccount(0, "consent_career_asks", None),
        ),
        seed=3115,
        swept=False,
    ),
    "a schema that changed twice in the second of its describe was never described anew": Scenario(
        spec=Spec(people=2, latency=0.0), steps=(Pass(60), At(9, Hide("Career_Profile__c.Interests__c")), Pass(60)), seed=15840
    ),
    "a decision about an account that went while the state was lost was never taken up": Scenario(
        spec=Spec(people=2, tenant=(("page_limit", 500), ("batch_limit", 1))),
        steps=(
            EditAccount(1, "title", None),
            Pass(60),
            Decide(2, "reject"),
            At(31, DeleteAccount(1)),
            RestoreState(),
        ),
        seed=15915,
        swept=False,
    ),
}
"""What went wrong, and how."""
