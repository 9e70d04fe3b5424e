"""What the demo has to know of each kind of Salesforce org: where it keeps what the input says of a contact.

The input and the cast speak of contacts in the fields of the shipped mapping. Here these words become those of the org, and
records beside the contact, as its administrator loads them and its officers edit them.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from demo.contact_fields import CONTACT_FIELDS
from demo.doors import OrgUser
from demo.people import Person

Values = Mapping[str, Any]
_AGAIN = "what has just changed beside contacts is read again, as what has changed on them, but in calls of its own: more calls"


class Flavour:
    """Plain Salesforce: everything is a field of the contact.

    ``fields``: what is called otherwise, or lies beside (then by the mapping's path). ``preferred``: the field that says which
    address counts, and its word for each. ``differences`` say why the account differs from that of plain Salesforce.
    """

    name = "plain"
    label = "plain Salesforce"
    fields: Mapping[str, str] = {}
    preferred: tuple[str, Mapping[str, str]] = ("", {})
    differences: tuple[str, ...] = ()

    def __init__(self) -> None:
        self._accounts: dict[tuple[str, str], str] = {}

    def own_fields(self) -> dict[str, Mapping[str, Any]]:
        """The fields that the university has to add to this org, as the emulator defines them."""
        return {name: how for name, how in CONTACT_FIELDS.items() if name not in self.fields}

    def prepare(self, administrator: OrgUser, people: Iterable[Person]) -> None:
        """What has to be there before these contacts are created."""

    def new(self, user: OrgUser, values: Values) -> dict[str, Any]:
        """The values with which somebody creates a contact."""
        made = self._on_contact(user, self._plain(values))
        field, words = self.preferred
        given = [word for word, name in words.items() if made.get(name)]
        return made | ({field: given[0]} if given else {})

    def settle(self, administrator: OrgUser, people: Iterable[Person], ids: Mapping[str, str]) -> None:
        """What belongs to these contacts, of which each has the id of its record."""

    def edit(self, user: OrgUser, contact: str, values: Values) -> None:
        """Somebody keeps a contact up to date; ``values`` by the words of the input or of the mapping."""
        plain = self._plain(values)
        on_contact = self._on_contact(user, plain)
        if on_contact:
            user.edit("Contact", contact, on_contact)
        self._edit_beside(user, contact, plain)

    def create(self, user: OrgUser, values: Values) -> str:
        """Somebody enters a new contact; its id."""
        contact = user.create("Contact", self.new(user, values))
        self._edit_beside(user, contact, self._plain(values))
        return contact

    def _plain(self, values: Values) -> dict[str, Any]:
        words = {theirs: ours for ours, theirs in self.fields.items()}
        return {words.get(name, name): value for name, value in values.items()}

    def _on_contact(self, _user: OrgUser, plain: Values) -> dict[str, Any]:
        named = {self.fields.get(name, name): value for name, value in plain.items()}
        return {name: value for name, value in named.items() if "." not in name}

    def _edit_beside(self, user: OrgUser, contact: str, plain: Values) -> None:
        """Edit the records beside a contact."""

    def _account(self, user: OrgUser, kind: str, name: str) -> str:
        """The account of this name and record type; somebody makes it if there is none."""
        if (kind, name) not in self._accounts:
            self._make_accounts(user, kind, [name])
        return self._accounts[kind, name]

    def _make_accounts(self, user: OrgUser, kind: str, names: Iterable[str]) -> None:
        record_type = user.query(f"SELECT Id FROM RecordType WHERE SobjectType = 'Account' AND Name = '{kind}'")[0]["Id"]  # noqa: S608 - our words
        wanted = sorted({name for name in names if name})
        rows = [{"Name": name, "RecordTypeId": record_type} for name in wanted]
        for name, id in zip(wanted, _created(user, "Account", rows), strict=True):
            self._accounts[kind, name] = id


def _created(user: OrgUser, kind: str, rows: list[dict[str, Any]]) -> Iterator[str]:
    """Create records, every one of which must be taken; their ids.

    Raises:
        RuntimeError: the org refuses one.
    """
    for batch in user.create_many(kind, rows):
        for outcome in batch:
            if not outcome["success"]:
                raise RuntimeError(f"the org refuses a {kind}: {outcome['errors']}")
            yield outcome["id"]


class Eda(Flavour):
    """The Education Data Architecture: studies are enrolments in programs, the employer is an affiliation."""

    name = "eda"
    label = "EDA"
    fields: Mapping[str, str] = {
        "Personal_Email__c": "hed__AlternateEmail__c",
        "University_Email__c": "hed__UniversityEmail__c",
        "Work_Email__c": "hed__WorkEmail__c",
        "Phone": "hed__WorkPhone__c",
        "Former_Last_Name__c": "hed__Former_Last_Name__c",
        "Do_Not_Contact__c": "hed__Do_Not_Contact__c",
        "Deceased__c": "hed__Deceased__c",
        "Employer__c": "hed__Primary_Organization__r.Name",
        "Degree__c": "hed__Program_Enrollments__r.hed__Account__r.Name",
        "Class_Year__c": "hed__Program_Enrollments__r.hed__Graduation_Year__c",
    }
    preferred = (
        "hed__Preferred_Email__c",
        {
            "Alternate Email": "hed__AlternateEmail__c",
            "University Email": "hed__UniversityEmail__c",
            "Work Email": "hed__WorkEmail__c",
        },
    )
    differences = (
        "EDA copies the preferred address into Email: one more by which people are recognised, and that nobody edits",
        "employer, degree and class year are read from affiliations and enrolments: whoever accepts a suggestion edits those",
        _AGAIN,
    )
    _employers, _programs = "Business Organization", "Academic Program"

    def prepare(self, administrator: OrgUser, people: Iterable[Person]) -> None:
        """Accounts of employers and of programs."""
        values = [person.values for person in people]
        self._make_accounts(administrator, self._employers, [one.get("Employer__c", "") for one in values])
        self._make_accounts(administrator, self._programs, [one.get("Degree__c", "") for one in values])

    def settle(self, administrator: OrgUser, people: Iterable[Person], ids: Mapping[str, str]) -> None:
        """Affiliations with employers, and enrolments in programs."""
        known = [(ids[person.record_id], person.values) for person in people if person.record_id in ids]
        employed = [
            self._affiliation(administrator, id, values["Employer__c"]) for id, values in known if values.get("Employer__c")
        ]
        studied = [{"hed__Contact__c": id, **study} for id, values in known if (study := self._study(administrator, values))]
        for kind, rows in (("hed__Affiliation__c", employed), ("hed__Program_Enrollment__c", studied)):
            for _ in _created(administrator, kind, rows):
                pass

    def _edit_beside(self, user: OrgUser, contact: str, plain: Values) -> None:
        if plain.get("Employer__c"):
            user.create("hed__Affiliation__c", self._affiliation(user, contact, plain["Employer__c"]))
        study = self._study(user, plain)
        if study:
            query = f"SELECT Id FROM hed__Program_Enrollment__c WHERE hed__Contact__c = '{contact}'"  # noqa: S608 - an id
            newest = user.query(f"{query} ORDER BY hed__Graduation_Year__c DESC NULLS LAST LIMIT 1")
            if newest:
                user.edit("hed__Program_Enrollment__c", newest[0]["Id"], study)
            else:
                user.create("hed__Program_Enrollment__c", {"hed__Contact__c": contact, **study})

    def _affiliation(self, user: OrgUser, contact: str, employer: str) -> dict[str, Any]:
        account = self._account(user, self._employers, employer)
        return {"hed__Contact__c": contact, "hed__Account__c": account, "hed__Primary__c": True, "hed__Status__c": "Current"}

    def _study(self, user: OrgUser, plain: Values) -> dict[str, Any]:
        degree, year = plain.get("Degree__c"), plain.get("Class_Year__c")
        program = {"hed__Account__c": self._account(user, self._programs, degree)} if degree else {}
        return program | ({"hed__Graduation_Year__c": str(year)} if year else {})


class Npsp(Flavour):
    """The Nonprofit Success Pack: people of one address are a household, the employer is an affiliation."""

    name = "npsp"
    label = "NPSP"
    fields: Mapping[str, str] = {
        "Personal_Email__c": "npe01__HomeEmail__c",
        "University_Email__c": "npe01__AlternateEmail__c",
        "Work_Email__c": "npe01__WorkEmail__c",
        "Phone": "npe01__WorkPhone__c",
        "Do_Not_Contact__c": "npsp__Do_Not_Contact__c",
        "Deceased__c": "npsp__Deceased__c",
        "Employer__c": "npsp__Primary_Affiliation__r.Name",
    }
    preferred = (
        "npe01__Preferred_Email__c",
        {"Personal": "npe01__HomeEmail__c", "Alternate": "npe01__AlternateEmail__c", "Work": "npe01__WorkEmail__c"},
    )
    differences = (
        "NPSP copies the preferred address into Email: one more by which people are recognised, and that nobody edits",
        "people of one address are a household: when one of them moves, all do, and careers learn of each who has an account",
        "the employer is read from the primary affiliation: whoever accepts a suggestion edits that",
        _AGAIN,
    )
    _employers = "Organization"

    def prepare(self, administrator: OrgUser, people: Iterable[Person]) -> None:
        """Accounts of employers."""
        self._make_accounts(administrator, self._employers, [person.values.get("Employer__c", "") for person in people])

    def settle(self, administrator: OrgUser, people: Iterable[Person], ids: Mapping[str, str]) -> None:
        """Whoever lives where somebody lives already joins that household."""
        first: dict[tuple[str, ...], str] = {}
        joins: list[tuple[str, str]] = []
        for person in people:
            values = person.values
            home = tuple(values.get(name, "") for name in ("MailingStreet", "MailingPostalCode", "MailingCity"))
            if person.record_id in ids and all(home):
                other = first.setdefault(home, ids[person.record_id])
                joins += [(ids[person.record_id], other)] if other != ids[person.record_id] else []
        for contact, other in joins:
            administrator.edit("Contact", contact, {"AccountId": administrator.get("Contact", other)["AccountId"]})

    def _on_contact(self, user: OrgUser, plain: Values) -> dict[str, Any]:
        employer = plain.get("Employer__c")
        affiliation = {"npsp__Primary_Affiliation__c": self._account(user, self._employers, employer)} if employer else {}
        return super()._on_contact(user, plain) | affiliation


FLAVOURS: Mapping[str, type[Flavour]] = {one.name: one for one in (Flavour, Eda, Npsp)}
"""The kinds of org that the demo can play on."""
