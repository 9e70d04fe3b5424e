"""Scripts about values: every row of the intents' table, the life of suggestions, opt-outs."""

from __future__ import annotations

from collections.abc import Mapping

from tests.crash.script import SETTLE, script
from tests.crash.steps import Lock, Mend, NoRules, Rule, Unlock
from tests.simulation.administrator import Retry
from tests.simulation.decisions import Decide
from tests.simulation.scenario import Scenario
from tests.simulation.steps import EditAccount, EditContact, Pass, When
from tests.simulation.troubles import Break, CareersAnswer, CrmAnswers, PutMapping, Suspend
from tests.simulation.world import Spec

_DAY = 86_400.0
_UPDATES = "POST /bridge/v1/people/batch"
_PROFILES = "PATCH .*/composite/sobjects"
_TWO = Spec(cycle=3600, people=2)
_RESTORING = Spec(cycle=3600, mapping="restoring")
_REFUSING = Spec(cycle=3600, mapping="refusing")

INTENTS: Mapping[str, Scenario] = {
    "planned, ready, sent, applied: careers": script(EditContact(0, "title", 1)),
    "planned, ready, sent, applied: career profile": script(EditAccount(0, "interests", 1), EditAccount(0, "mentor_capacity", 2)),
    "ready, superseded: changed again while careers are down": script(
        Break("careers", "refuse", 99), EditContact(0, "title", 1), Pass(3600), EditContact(0, "title", 2), Pass(3600), Mend()
    ),
    "sent, ready later: careers throttle": script(CareersAnswer("throttle", "POST", 2), EditContact(0, "title", 1)),
    "sent, ready later: a row of Salesforce is locked": script(
        CrmAnswers("UNABLE_TO_LOCK_ROW", _PROFILES), EditAccount(0, "mentor_capacity", 2)
    ),
    "sent, superseded: the account had moved": script(
        When("careers>", _UPDATES, EditAccount(0, "title", 3)), EditContact(0, "title", 1)
    ),
    "sent, superseded: careers refuse one of several units": script(
        Lock(0), EditContact(0, "title", 1), EditContact(0, "major", 1), SETTLE, Unlock(0), Retry()
    ),
    "sent, superseded: Salesforce refuses one of several units": script(
        Rule("Career_Profile__c", "Mentor_Capacity__c > 2"),
        EditAccount(0, "mentor_capacity", 3),
        EditAccount(0, "interests", 1),
        SETTLE,
        NoRules("Career_Profile__c"),
        Retry(),
    ),
    "refused, ready: the mapping has changed": script(
        Lock(0), EditContact(0, "title", 1), SETTLE, Unlock(0), PutMapping("restoring")
    ),
    "refused, superseded: decided anew": script(
        Lock(0), EditContact(0, "title", 1), SETTLE, Unlock(0), EditContact(0, "title", 2)
    ),
    "sent, unknown, applied: careers' answer is lost": script(
        Break("careers", "lose_response", 1, _UPDATES), EditContact(0, "title", 1)
    ),
    "sent, unknown, superseded: the request to careers is lost": script(
        Break("careers", "lose_request", 1, _UPDATES), EditContact(0, "title", 1)
    ),
    "sent, unknown, applied: Salesforce's answer is lost": script(
        Break("crm", "lose_response", 1, _PROFILES), EditAccount(0, "mentor_capacity", 2)
    ),
    "sent, unknown, superseded: the request to Salesforce is lost": script(
        Break("crm", "lose_request", 1, _PROFILES), EditAccount(0, "mentor_capacity", 2)
    ),
    "unknown, applied: the answer about a suggestion is lost": script(
        Break("crm", "lose_response", 1, "POST .*/composite/sobjects"), EditAccount(0, "title", 1)
    ),
    "a batch whose results do not fit": script(
        CareersAnswer("short_results", "POST"), EditContact(0, "title", 1), EditContact(1, "title", 1), spec=_TWO
    ),
    "careers answer for each other's accounts": script(
        CareersAnswer("swap_results", "POST"), EditContact(0, "title", 1), EditContact(1, "title", 1), spec=_TWO
    ),
}

SUGGESTIONS: Mapping[str, Scenario] = {
    "raised and refreshed": script(EditAccount(0, "title", 1), SETTLE, EditAccount(0, "title", 2)),
    "accepted": script(EditAccount(0, "title", 1), SETTLE, Decide(0, "accept")),
    "accepted, the contact follows": script(EditAccount(0, "title", 1), SETTLE, Decide(0, "press"), SETTLE, Decide(0, "enter")),
    "accepted with changes": script(EditAccount(0, "title", 1), SETTLE, Decide(0, "adjust", 2)),
    "rejected": script(EditAccount(0, "title", 1), SETTLE, Decide(0, "reject")),
    "rejected, and careers insist": script(
        EditAccount(0, "title", 1), SETTLE, Decide(0, "reject"), SETTLE, EditAccount(0, "title", 1), SETTLE, Suspend(370 * _DAY)
    ),
    "withdrawn by careers": script(EditAccount(0, "title", 1), SETTLE, EditAccount(0, "title", 0)),
    "a group is asked about as one": script(
        EditAccount(0, "mailing_street", 1), EditAccount(0, "mailing_city", 1), SETTLE, Decide(0, "accept")
    ),
    "restored until decided": script(EditAccount(0, "last_name", 1), SETTLE, Decide(0, "accept")),
    "restored, rejected": script(EditAccount(0, "title", 1), SETTLE, Decide(0, "reject"), spec=_RESTORING),
    "put back with a note": script(EditAccount(0, "title", 1), spec=_REFUSING),
    "both sides moved": script(EditContact(0, "title", 1), EditAccount(0, "title", 2), SETTLE, Decide(0, "reject")),
    "by the alumna herself": script(EditAccount(0, "preferred_name", 1, own=True), SETTLE, Decide(0, "accept")),
    "emptied by careers": script(EditAccount(0, "linkedin_url", None), SETTLE, Decide(0, "accept")),
    "undecided for long": script(
        EditAccount(0, "title", 1), SETTLE, Suspend(16 * _DAY), SETTLE, Suspend(16 * _DAY), SETTLE, Decide(0, "accept")
    ),
}

RESTRICTIONS: Mapping[str, Scenario] = {
    "careers restrict one purpose, and edit": script(EditAccount(0, "consent_mentoring", 1), EditAccount(0, "title", 1)),
    "careers restrict everything": script(
        EditAccount(0, "do_not_contact", 1, own=True), SETTLE, Decide(0, "accept"), SETTLE, EditAccount(0, "title", 1)
    ),
    "Alumni Relations restrict": script(EditContact(0, "consent_events", 1), EditContact(0, "do_not_contact", 1)),
    "sharing ends and begins again": script(
        EditContact(0, "consent_career_asks", 1),
        EditAccount(0, "phone_mobile", 1),
        SETTLE,
        EditContact(0, "consent_career_asks", 0),
        EditAccount(0, "consent_career_asks", 0),
    ),
    "deceased": script(EditContact(0, "deceased", 1), EditContact(0, "mailing_street", 1)),
}
