"""What the bridge may do in Salesforce, and how its calls can be told from anybody else's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from connector.administration import remote_checks
from connector.errors import Halt
from emulator.http import Request, Response, request
from emulator.salesforce.service import SalesforceApp
from tests.engine.university import University
from tests.systems import rulebook

CHECK = "Salesforce: our user has no right that the bridge does not need"


@pytest.fixture
def uni(tmp_path: Path) -> University:
    """One alumna on both sides, linked; the bridge is live."""
    uni = University(state=tmp_path / "state.db")
    uni.ada = uni.alumna()[0]
    uni.go_live()
    return uni


def give(uni: University, **rights: Any) -> None:
    """The bridge's user gets one more permission set."""
    uni.crm.permission_set("Too_Much", **rights)
    uni.crm.assign(uni.bridge_user, "Too_Much")


def scopes(uni: University, words: str) -> None:
    """The app's tokens are good for this from now on."""
    uni.org.logins.apps["app"].scopes = words
    uni.restart()


TOO_MUCH: dict[str, tuple[Callable[[University], None], str]] = {
    "modify all": (lambda uni: give(uni, permissions=["ModifyAllData"]), "the permission ModifyAllData"),
    "view all": (lambda uni: give(uni, permissions=["ViewAllData"]), "the permission ViewAllData"),
    "author apex": (lambda uni: give(uni, permissions=["AuthorApex"]), "the permission AuthorApex"),
    "manage users": (lambda uni: give(uni, permissions=["ManageUsers"]), "the permission ManageUsers"),
    "edit contacts": (lambda uni: give(uni, objects={"Contact": "re"}), "to change Contact"),
    "delete ours": (lambda uni: give(uni, objects={"Career_Profile__c": "cred"}), "to delete Career_Profile__c"),
    "create leads": (lambda uni: give(uni, objects={"Lead": "cr"}), "to create Lead"),
    "work events": (lambda uni: give(uni, permissions=["EditEvent"]), "to create and change and delete Event"),
    "full scope": (lambda uni: scopes(uni, "api full"), "the scopes full of its token"),
    "web scope": (lambda uni: scopes(uni, "api web refresh_token"), "the scopes web of its token"),
}


def test_the_shipped_rights_are_enough_and_no_more(uni: University) -> None:
    """Law (S1, S3): with the package's permission set, the shipped profile and the scope of the API, nothing is too much."""
    dict(remote_checks(uni.bridge()))[CHECK]()


@pytest.mark.parametrize(("give_more", "told"), TOO_MUCH.values(), ids=TOO_MUCH)
def test_every_right_too_many_is_told(uni: University, give_more: Callable[[University], None], told: str) -> None:
    """Law (S1, S3): a right that the bridge does not need, on objects, on all data or in its token, fails `check`."""
    give_more(uni)
    uni.crm_side.organization_id()
    with pytest.raises(Halt) as caught:
        dict(remote_checks(uni.bridge()))[CHECK]()
    assert told in caught.value.reason
    assert "Minimum Access" in caught.value.remedy


def rogue(uni: University, method: str, path: str, body: Any) -> Response:
    """A call with the bridge's own rights that the bridge itself has no code for."""
    token = uni.crm.token(uni.bridge_user)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    return uni.crm_app.handle(request(method, f"/services/data/v67.0/{path}", headers=headers, body=body))


def test_salesforce_itself_refuses_what_we_may_not(uni: University) -> None:
    """Law (S2): with the shipped permission set not even a defect could change a contact: no field, no new one, no deletion."""
    before = dict(uni.crm.row(uni.ada))
    for name in sorted({*rulebook().person.contact_fields(), "Description", "OwnerId"}):
        assert rogue(uni, "PATCH", f"sobjects/Contact/{uni.ada}", {name: "x"}).status in {400, 403}, name
    assert rogue(uni, "POST", "sobjects/Contact", {"LastName": "Rogue"}).status in {400, 403}
    assert rogue(uni, "DELETE", f"sobjects/Contact/{uni.ada}", b"").status in {400, 403}
    assert rogue(uni, "DELETE", f"sobjects/Career_Profile__c/{uni.profile()['Id']}", b"").status in {400, 403}
    assert dict(uni.crm.row(uni.ada)) == before
    assert uni.contact_writes() == 0


@dataclass
class Recording:
    """A system that keeps what it was asked."""

    app: Any
    asked: list[Request] = field(default_factory=list)

    def handle(self, asked: Request) -> Response:
        """One exchange."""
        self.asked.append(asked)
        answer: Response = self.app.handle(asked)
        return answer


def test_every_call_says_who_we_are(tmp_path: Path) -> None:
    """Law (S41): each call to either side, logins too, carries our User-Agent; each to Salesforce's API our client's name."""
    uni = University(state=tmp_path / "state.db")
    crm, careers = Recording(uni.crm_app), Recording(uni.career_app)
    uni.crm_app, uni.career_app = crm, careers  # type: ignore[assignment] # they are asked for nothing but an answer
    uni.restart()
    uni.ada = uni.alumna()[0]
    uni.go_live()
    uni.career_app = careers.app
    uni.edit_contact(uni.ada, Preferred_Name__c="Augusta")
    uni.file()
    uni.run()
    assert isinstance(crm.app, SalesforceApp)
    assert len(crm.asked) > 5
    assert len(careers.asked) > 3
    assert {one.header("user-agent").partition("/")[0] for one in (*crm.asked, *careers.asked)} == {"alumni-bridge"}
    api = [one for one in crm.asked if one.path.startswith("/services/data")]
    assert {one.header("sforce-call-options") for one in api} == {"client=alumni-bridge"}
