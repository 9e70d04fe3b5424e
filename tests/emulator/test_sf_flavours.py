"""Flavours: EDA, NPSP, Person Accounts, Education Cloud, their fields and triggers."""

from typing import Any

import pytest

from emulator.salesforce.control import Control
from emulator.salesforce.flavours import FLAVOURS
from emulator.salesforce.org import Org
from emulator.salesforce.settings import Settings
from tests.emulator.api import Api

PREFER_WORK = {"hed__Preferred_Email__c": "Work Email"}


@pytest.fixture
def org(request: pytest.FixtureRequest) -> Org:
    """An organisation of the flavour that the test asks for (EDA by default)."""
    return Org(settings=Settings(flavour=getattr(request, "param", "eda")))


def of(flavour: str) -> pytest.MarkDecorator:
    """Let a test have an organisation of another flavour."""
    return pytest.mark.parametrize("org", [flavour], indirect=True)


def emails(control: Control, id_: str) -> tuple[Any, ...]:
    """Email, alternate address and preference of a contact."""
    row = control.row(id_)
    return row.get("Email"), row.get("hed__AlternateEmail__c"), row.get("hed__Preferred_Email__c")


def business(org: Org) -> str:
    """The record type of business organisations."""
    return str(next(row["Id"] for row in org.table("RecordType").equal("Name", ["Business Organization"])))


def test_eda_makes_email_follow_the_preferred_address(api: Api, control: Control) -> None:
    """EDA: Email is what the preferred address says; a single address is preferred. [C] SRVC_Contact_PreferredEmail."""
    id_ = api.create(
        "Contact", LastName="A", hed__WorkEmail__c="w@x.example", hed__UniversityEmail__c="u@x.example", **PREFER_WORK
    )
    assert control.row(id_)["Email"] == "w@x.example"
    api.call("PATCH", f"sobjects/Contact/{id_}", {"Email": "other@x.example"})
    assert control.row(id_)["Email"] == "w@x.example"
    single = api.create("Contact", LastName="B", hed__AlternateEmail__c="b@x.example")
    assert emails(control, single) == ("b@x.example", "b@x.example", "Alternate Email")


def test_eda_copies_a_bare_email_and_clears_it_with_the_last_address(api: Api, control: Control) -> None:
    """EDA: a bare Email becomes the alternate address; when all addresses are emptied Email is too. [C]."""
    id_ = api.create("Contact", LastName="A", Email="a@x.example")
    assert emails(control, id_) == ("a@x.example", "a@x.example", "Alternate Email")
    api.call(
        "PATCH",
        f"sobjects/Contact/{id_}",
        {"Email": "n@x.example", "hed__AlternateEmail__c": None, "hed__Preferred_Email__c": None},
    )
    assert emails(control, id_) == (None, None, None)


def test_eda_wants_a_preference(api: Api) -> None:
    """EDA: several addresses without a preference, and a preference for an empty one, are refused. [C]."""
    both = {"LastName": "A", "hed__WorkEmail__c": "w@x.example", "hed__UniversityEmail__c": "u@x.example"}
    assert api.call("POST", "sobjects/Contact", both).status == 400
    blank = {"LastName": "A", "hed__UniversityEmail__c": "u@x.example", **PREFER_WORK}
    assert api.call("POST", "sobjects/Contact", blank).status == 400


def test_the_email_trigger_can_be_off(org: Org, api: Api, control: Control) -> None:
    """A setting: without the trigger Email is what was written. [C] own."""
    org.settings.email_trigger = False
    id_ = api.create("Contact", LastName="A", Email="a@x.example", hed__WorkEmail__c="w@x.example")
    assert emails(control, id_) == ("a@x.example", None, None)


def test_eda_gives_a_contact_an_account(api: Api, control: Control) -> None:
    """EDA: a contact without an account gets an administrative one. [C] ACCT_IndividualAccounts_TDTM; its name is [U]."""
    row = control.row(api.create("Contact", LastName="Lovelace"))
    assert control.row(row["AccountId"])["Name"] == "Lovelace Administrative Account"


def test_eda_keeps_the_primary_affiliation_on_the_contact(org: Org, api: Api, control: Control) -> None:
    """EDA: the primary affiliation of a type is on the contact; one per type; it goes with it. [C] AFFL_MultiRecordType_TDTM."""
    contact = api.create("Contact", LastName="A")
    first, second = (api.create("Account", Name=name, RecordTypeId=business(org)) for name in ("One", "Two"))
    made = [
        api.create("hed__Affiliation__c", hed__Contact__c=contact, hed__Account__c=account, hed__Primary__c=True)
        for account in (first, second)
    ]
    assert control.row(contact)["hed__Primary_Organization__c"] == second
    assert [bool(control.row(id_).get("hed__Primary__c")) for id_ in made] == [False, True]
    api.call("DELETE", f"sobjects/hed__Affiliation__c/{made[0]}")
    assert control.row(contact)["hed__Primary_Organization__c"] == second
    api.call("DELETE", f"sobjects/hed__Affiliation__c/{made[1]}")
    assert "hed__Primary_Organization__c" not in control.row(contact)


def test_eda_makes_an_affiliation_of_an_enrolment(api: Api, control: Control) -> None:
    """EDA: an enrolment makes its affiliation with the program; without it that is former. [C] PREN_Affiliation_TDTM."""
    contact, program = api.create("Contact", LastName="A"), api.create("Account", Name="BA History")
    id_ = api.create("hed__Program_Enrollment__c", hed__Contact__c=contact, hed__Account__c=program)
    affiliation = control.row(id_)["hed__Affiliation__c"]
    assert control.row(affiliation)["hed__Status__c"] == "Current"
    api.call("DELETE", f"sobjects/hed__Program_Enrollment__c/{id_}")
    assert control.row(affiliation)["hed__Status__c"] == "Former"


def test_enrolments_are_read_below_their_contact(api: Api) -> None:
    """A child query finds enrolments by the relationship's name, with the program above each. [C] for the names."""
    contact, program = api.create("Contact", LastName="A"), api.create("Account", Name="BA History")
    for year in ("2001", "2005"):
        values = {"hed__Contact__c": contact, "hed__Account__c": program, "hed__Graduation_Year__c": year}
        api.create("hed__Program_Enrollment__c", **values)
    found = api.query(
        "SELECT Id, (SELECT hed__Graduation_Year__c, hed__Account__r.Name FROM hed__Program_Enrollments__r "
        "ORDER BY hed__Graduation_Year__c DESC LIMIT 1) FROM Contact"
    )["records"]
    row = found[0]["hed__Program_Enrollments__r"]["records"][0]
    assert (row["hed__Graduation_Year__c"], row["hed__Account__r"]["Name"]) == ("2005", "BA History")


def test_a_parent_that_is_hidden_by_sharing_comes_as_null(api: Api, control: Control) -> None:
    """A parent that the user may not see is null, though its id is there. [U]."""
    contact = api.create("Contact", LastName="A")
    reader = control.add_user("reader", profile="Minimum Access - API Only Integrations")
    control.permission_set("Read", objects={"Contact": "rv", "Account": "r"}, fields={"Contact.AccountId": "r"})
    control.assign(reader, "Read")
    theirs = Api(control.org, reader)
    soql = "SELECT AccountId, Account.Name FROM Contact"
    assert theirs.query(soql)["records"][0]["Account"]["Name"] == "A Administrative Account"
    control.set_sharing("Account", "Private")
    found = theirs.query(soql)["records"][0]
    assert (found["AccountId"], found["Account"]) == (control.row(contact)["AccountId"], None)


def test_rows_of_subqueries_count_in_a_page(api: Api, control: Control) -> None:
    """A page is shorter where children are asked for as well. [U] how much: here by the subqueries' limits."""
    control.seed("Contact", [{"LastName": f"A{number}"} for number in range(1_200)])
    query = "SELECT Id, (SELECT Id FROM hed__Program_Enrollments__r LIMIT 1) FROM Contact"
    found = api.query(query)
    assert (len(found["records"]), found["done"], found["totalSize"]) == (1_000, False, 1_200)


def test_eda_without_its_prefix() -> None:
    """An org into which EDA was deployed from source has its names without hed__. [I]."""
    org = Org(settings=Settings(flavour="eda", packaged=False))
    api = Api(org)
    id_ = api.create("Contact", LastName="A", WorkEmail__c="w@x.example")
    assert org.record(id_)["Email"] == "w@x.example"  # type: ignore[index]
    assert org.sobject("Contact").by_child["program_enrollments__r"].sobject == "Program_Enrollment__c"
    assert "hed__" not in "".join(org.objects)


@of("npsp")
def test_npsp_makes_a_household_with_one_address(api: Api, control: Control) -> None:
    """NPSP: a household for each contact without an account; its address and its members' are one, but for overrides. [D]."""
    ada = api.create("Contact", LastName="Lovelace", MailingCity="London")
    household = control.row(ada)["AccountId"]
    assert (control.row(household)["Name"], control.row(household)["BillingCity"]) == ("Lovelace Household", "London")
    byron = api.create("Contact", LastName="Byron", AccountId=household)
    own = api.create("Contact", LastName="Annabella", AccountId=household, MailingCity="Bath", npsp__is_Address_Override__c=True)
    api.call("PATCH", f"sobjects/Contact/{ada}", {"MailingCity": "Ockham"})
    assert [control.row(id_).get("MailingCity") for id_ in (household, byron, own)] == [None, "Ockham", "Bath"]
    assert control.row(household)["BillingCity"] == "Ockham"
    api.call("PATCH", f"sobjects/Account/{household}", {"BillingCity": "Turin"})
    assert [control.row(id_)["MailingCity"] for id_ in (ada, byron, own)] == ["Turin", "Turin", "Bath"]


def test_staff_work_with_what_a_package_installs_and_integrations_do_not(api: Api, control: Control) -> None:
    """EDA: installed for all users: the standard profile may use its objects, the profile for integrations may not. [D]."""
    staff = Api(api.org, control.add_user("officer"))
    contact = api.create("Contact", LastName="Lovelace")
    assert staff.create("hed__Program_Enrollment__c", hed__Contact__c=contact, hed__Graduation_Year__c="2004")
    integration = Api(api.org, control.add_user("bridge", profile="Minimum Access - API Only Integrations"))
    assert integration.call("GET", "sobjects/hed__Program_Enrollment__c/describe").status == 404


@of("npsp")
def test_npsp_makes_email_follow_the_preferred_address(api: Api, control: Control) -> None:
    """NPSP: Email is the preferred address, a bare Email becomes the personal one. [U]; a setting turns it off."""
    bare = control.row(api.create("Contact", LastName="A", Email="a@x.example"))
    assert (bare["npe01__HomeEmail__c"], bare["npe01__Preferred_Email__c"]) == ("a@x.example", "Personal")
    both = {"npe01__WorkEmail__c": "w@x.example", "npe01__HomeEmail__c": "h@x.example", "npe01__Preferred_Email__c": "Work"}
    assert control.row(api.create("Contact", LastName="B", **both))["Email"] == "w@x.example"


@of("person_accounts")
def test_a_person_account_is_an_account_and_a_contact(api: Api, control: Control) -> None:
    """Person Accounts: a person is written through the account, and read through both; its contact cannot be written. [U]."""
    id_ = api.create("Account", FirstName="Ada", LastName="Lovelace", PersonEmail="a@x.example", Preferred_Name__pc="Ada K.")
    contact = control.row(id_)["PersonContactId"]
    found = api.query("SELECT Id, Email, IsPersonAccount, Preferred_Name__c FROM Contact")["records"][0]
    assert (found["Id"], found["Email"], found["IsPersonAccount"]) == (contact, "a@x.example", True)
    api.call("PATCH", f"sobjects/Account/{id_}", {"PersonEmail": "b@x.example"})
    assert control.row(contact)["Email"] == "b@x.example"
    assert api.call("PATCH", f"sobjects/Contact/{contact}", {"Title": "Countess"}).status == 400


@of("education_cloud")
def test_education_cloud_shows_its_objects(api: Api) -> None:
    """Education Cloud: its standard objects are described, and people are Person Accounts. [D]."""
    described = {one["name"] for one in api.json("GET", "sobjects")["sobjects"]}
    assert {"ContactProfile", "LearnerProfile", "LearnerProgram"} <= described
    assert "IsPersonAccount" in {one["name"] for one in api.json("GET", "sobjects/Contact/describe")["fields"]}


def test_there_are_no_other_flavours() -> None:
    """A flavour that nobody knows is refused when the organisation is made. [C] own."""
    assert FLAVOURS == ("plain", "eda", "npsp", "person_accounts", "education_cloud")
    with pytest.raises(KeyError):
        Org(settings=Settings(flavour="other"))
