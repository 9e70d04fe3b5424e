"""`init --flavour auto` looks at an org and chooses; Person Accounts are refused there, in `check` and at the start."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests

from connector.beginning import Wanted, choose, write_files
from connector.bootstrap import Surroundings, open_client
from connector.config import Crm
from connector.errors import Halt, UserError
from connector.rules import load_rules
from connector.salesforce.client import Client
from connector.salesforce.flavour import look
from connector.wire import open_session
from emulator.inprocess import mount
from emulator.salesforce.control import Control
from emulator.salesforce.org import Org
from emulator.salesforce.service import SalesforceApp
from emulator.salesforce.settings import Settings
from tests.systems import CRM_HOST

AUTO = Wanted(flavour="auto")


def around(org: Org) -> Surroundings:
    """A process whose network has this org, and an administrator's token in its environment."""

    def connect(**_how: object) -> requests.Session:
        session = open_session()
        mount(session, SalesforceApp(org), "https://")
        return session

    return Surroundings(environ={"SF_ACCESS_TOKEN": Control(org).token()}, connect=connect)


def found_in(folder: Path, settings: Settings) -> tuple[Wanted, tuple[str, ...]]:
    """What is chosen for an org with these settings, and by which signs."""
    wanted, seen = choose(folder, AUTO, org=CRM_HOST, token="env:SF_ACCESS_TOKEN", around=around(Org(settings=settings)))
    assert seen is not None
    return wanted, seen.flavours.get(wanted.flavour, ())


@pytest.mark.parametrize(
    ("settings", "sign"),
    [
        (Settings(), None),
        (Settings(flavour="eda"), "hed__Program_Enrollment__c"),
        (Settings(flavour="eda", packaged=False), "Program_Enrollment__c"),
        (Settings(flavour="npsp"), "Contact.npsp__Deceased__c"),
    ],
)
def test_the_org_shows_what_it_is_built_on(tmp_path: Path, settings: Settings, sign: str | None) -> None:
    """Law: describe alone decides, and what it was seen by is told; the mapping that follows is whole."""
    wanted, signs = found_in(tmp_path, settings)
    assert (wanted.flavour, wanted.packaged) == (settings.flavour, settings.packaged)
    assert sign in signs if sign else not signs
    write_files(tmp_path, wanted)
    assert load_rules(tmp_path / "mappings").person.units


def test_a_name_by_chance_is_no_sign() -> None:
    """Law: a university that has a field of its own named like one of EDA's is no EDA org for that."""
    org = Org()
    Control(org).define_field("Contact", "UniversityEmail__c", type="email")
    assert look(client_of(org)).flavours == {}


def client_of(org: Org) -> Client:
    """A client with an administrator's token."""
    return open_client(Crm(my_domain=CRM_HOST, login="token", access_token="env:SF_ACCESS_TOKEN"), around(org))


def test_two_flavours_are_for_a_person_to_choose(tmp_path: Path) -> None:
    """Law: where the signs disagree nothing is chosen; both are named."""
    org = Org(settings=Settings(flavour="eda"))
    Control(org).define_field("Contact", "npsp__Deceased__c", type="boolean")
    with pytest.raises(UserError) as refused:
        choose(tmp_path, AUTO, org=CRM_HOST, token="env:SF_ACCESS_TOKEN", around=around(org))
    assert [problem.code for problem in refused.value.problems] == ["C303"]
    assert "npsp__Deceased__c" in refused.value.problems[0].message


@pytest.mark.parametrize(
    ("flavour", "sign"), [("person_accounts", "Contact.IsPersonAccount"), ("education_cloud", "LearnerProfile")]
)
def test_person_accounts_are_refused_by_init(tmp_path: Path, flavour: str, sign: str) -> None:
    """Law: nothing is written for an org whose people are not plain contacts; what would be needed is said."""
    with pytest.raises(Halt) as refused:
        found_in(tmp_path, Settings(flavour=flavour))
    assert sign in refused.value.subject
    assert "PersonEmail" in refused.value.remedy
    assert not list(tmp_path.iterdir())


def test_without_an_org_there_is_nothing_to_look_at(tmp_path: Path) -> None:
    """Law: auto says what it lacks."""
    with pytest.raises(UserError) as refused:
        choose(tmp_path, AUTO, org=None, token="env:SF_ACCESS_TOKEN")
    assert [problem.code for problem in refused.value.problems] == ["C303"]


@pytest.mark.parametrize(
    ("org", "token", "code", "place"),
    [
        ("https://university.mysalesforce.com", "env:SF_ACCESS_TOKEN", "C202", "--org"),
        ("https://example.edu", "env:SF_ACCESS_TOKEN", "C202", "--org"),
        ("http://university.my.salesforce.com", "env:SF_ACCESS_TOKEN", "C202", "--org"),
        (f"{CRM_HOST}/path", "env:SF_ACCESS_TOKEN", "C202", "--org"),
        ("university", "env:SF_ACCESS_TOKEN", "C202", "--org"),
        (CRM_HOST, "00Dxx!canary", "K101", "--token"),
        (CRM_HOST, "", "K101", "--token"),
        (CRM_HOST, "env:SF_ACCESS_TOKEM", "K102", "--token"),
    ],
)
def test_a_token_goes_to_salesforce_alone(tmp_path: Path, org: str, token: str, code: str, place: str) -> None:
    """Law: an org of the command line is held to what a configuration's is, before anything is sent; no token is repeated."""

    def connect(**_how: object) -> requests.Session:
        pytest.fail("a way to the network was opened")

    nowhere = Surroundings(environ={"SF_ACCESS_TOKEN": "canary"}, connect=connect)
    with pytest.raises(UserError) as refused:
        choose(tmp_path, AUTO, org=org, token=token, around=nowhere)
    assert [(problem.code, problem.file) for problem in refused.value.problems] == [(code, place)]
    assert "canary" not in repr(refused.value.problems)


def test_the_configuration_that_is_there_names_the_org(tmp_path: Path) -> None:
    """Law: a configuration in the folder is used, and stays as it is."""
    org = Org(settings=Settings(flavour="npsp"))
    write_files(tmp_path / "example")
    config = (tmp_path / "example" / "config.toml").read_text()
    for line in ('consumer_key = "credential:crm_consumer_key"\n', 'username = "bridge@example.edu"\n'):
        config = config.replace(line, "")
    config = config.replace('private_key = "file:/etc/alumni-bridge/crm-private-key.pem"', 'access_token = "env:SF_ACCESS_TOKEN"')
    config = config.replace('# login = "jwt"', 'login = "token"').replace("https://example.my", "https://university.my")
    (tmp_path / "config.toml").write_text(config)
    wanted, seen = choose(tmp_path, AUTO, org=None, token="", around=around(org))
    assert (wanted.flavour, seen is not None) == ("npsp", True)
    written = write_files(tmp_path, wanted, keep_config=True)
    assert tmp_path / "config.toml" not in written
    assert (tmp_path / "config.toml").read_text() == config
