"""What an org is built on, as far as describe shows it to whoever asks.

Signs: names of objects and fields of the packages' public sources (EDA, NPSP) and of the Object Reference (Person Accounts,
Education Cloud). A user whom field-level security hides a field does not see its sign: ask as an administrator.
"""

from __future__ import annotations

from dataclasses import dataclass

from connector.errors import Halt
from connector.ports import Feed
from connector.salesforce.client import Client

PERSON_ACCOUNT = "IsPersonAccount"
"""The field that contacts have in every org with Person Accounts, and in no other."""
EDA_PREFIX = "hed__"
_EDA_FIELDS = ("UniversityEmail__c", "AlternateEmail__c", "Preferred_Email__c")
_EDA_OBJECTS = ("Affiliation__c", "Program_Enrollment__c")
_NPSP_FIELDS = ("npe01__HomeEmail__c", "npe01__Preferred_Email__c", "npsp__Deceased__c", "npsp__Do_Not_Contact__c")
_EDUCATION_CLOUD = ("LearnerProfile", "LearnerProgram", "PersonEducation")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What an org is built on: the flavours that have left their signs, by name, and whether EDA's names have its prefix.

    ``people`` are the signs that people are not plain contacts there.
    """

    flavours: dict[str, tuple[str, ...]]
    packaged: bool
    people: tuple[str, ...]


def look(client: Client) -> Seen:
    """What the org shows; two calls.

    Raises:
        Refused: contacts are not shown to this user.
    """
    contact = client.describe(Feed.CONTACT.value)
    objects = client.objects()
    people = [f"Contact.{PERSON_ACCOUNT}"] if PERSON_ACCOUNT in contact.fields else []
    people += [name for name in _EDUCATION_CLOUD if name in objects]
    flavours: dict[str, tuple[str, ...]] = {}
    packaged = True
    for prefix in (EDA_PREFIX, ""):
        signs = [f"Contact.{prefix}{name}" for name in _EDA_FIELDS if prefix + name in contact.fields]
        signs += [prefix + name for name in _EDA_OBJECTS if prefix + name in objects]
        # Without its prefix a name is nobody's own: a university may have such a field by chance.
        if "eda" not in flavours and signs and (prefix or len(signs) == len(_EDA_FIELDS) + len(_EDA_OBJECTS)):
            flavours["eda"], packaged = tuple(signs), bool(prefix)
    if signs := [f"Contact.{name}" for name in _NPSP_FIELDS if name in contact.fields]:
        flavours["npsp"] = tuple(signs)
    return Seen(flavours=flavours, packaged=packaged, people=tuple(people))


def refuse_people(signs: tuple[str, ...]) -> None:
    """Person Accounts, and Education Cloud which builds on them, are not supported.

    Raises:
        Halt: there are signs of them.
    """
    if signs:
        raise Halt(
            subject=", ".join(signs),
            reason="people are Person Accounts there (or Education Cloud's), which the bridge does not support",
            remedy="the bridge would have to read e-mail, name and address from the Account (PersonEmail, fields ending in __pc),"
            " match and suggest by Account, and follow its changes; until it does, do not run it on this org",
        )
