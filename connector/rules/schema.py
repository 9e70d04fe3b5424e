"""The shape of the three mapping files: what may be written, before anything is compared with anything else."""

from __future__ import annotations

import re
from datetime import date, time
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from connector.core.model import Mode, NullPolicy, OnWithdrawn, OutsideEdit, Owner, Share, UntilDecided
from connector.core.requests import ClearanceRule, Direction
from connector.core.rulebook import Fact, Slot
from connector.core.violations import Table, ascii_only, fault


def _shaped(pattern: re.Pattern[str], what: str, cure: str) -> AfterValidator:
    def check(value: str) -> str:
        if not pattern.fullmatch(ascii_only(value)):
            raise fault(f"this is not {what}", cure)
        return value

    return AfterValidator(check)


Name = Annotated[
    str,
    _shaped(
        re.compile(r"[a-z][a-z0-9_]{0,39}"),
        "a name that this file can give",
        "lower-case English letters, digits and underscores; a letter first",
    ),
]
Code = Annotated[
    str,
    _shaped(re.compile(r"[A-Z][A-Z0-9_]{0,39}"), "a code", "upper-case English letters, digits and underscores; a letter first"),
]
_API = r"(?:[A-Za-z][A-Za-z0-9]{0,14}__)?[A-Za-z](?:_?[A-Za-z0-9]){0,79}"
_PLAIN_NAME = re.compile(rf"{_API}(?:__c)?")
ApiName = Annotated[
    str,
    _shaped(
        _PLAIN_NAME,
        "an API name of a Salesforce field",
        "take it from Setup, Object Manager, Fields: for example MobilePhone or Personal_Email__c",
    ),
]
ObjectName = Annotated[
    str,
    _shaped(
        _PLAIN_NAME,
        "the API name of a Salesforce object",
        "take it from Setup, Object Manager: for example Account or Enrollment__c; not its label",
    ),
]
QueueName = Annotated[
    str,
    _shaped(
        _PLAIN_NAME,
        "the name by which Salesforce knows a queue",
        "take the Queue Name from Setup, Queues: for example Alumni_Relations_Triage; not its label",
    ),
]
CrmPath = Annotated[
    str,
    _shaped(
        re.compile(rf"(?:{_API}(?:__r)?\.){{0,2}}{_API}(?:__c)?"),
        "an API name of a Salesforce field",
        "take it from Setup, Object Manager, Fields: for example MobilePhone, Personal_Email__c or Account.Name",
    ),
]
_RELATIONSHIP = ("the name of a relationship", "as in a query: for example Account, or Enrollments__r of a custom one")
Relationship = Annotated[str, _shaped(re.compile(rf"{_API}(?:__r)?"), *_RELATIONSHIP)]
RelationshipPath = Annotated[str, _shaped(re.compile(rf"{_API}(?:__r)?(?:\.{_API}(?:__r)?)?"), *_RELATIONSHIP)]
DottedPath = Annotated[
    str,
    _shaped(
        re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,79}(?:\.[A-Za-z_][A-Za-z0-9_]{0,79}){0,3}"),
        "a field of the career system",
        "for example employer or address.city",
    ),
]
Label = Annotated[str, Field(min_length=1, max_length=120)]
Text = Annotated[str, Field(max_length=2000)]
EnumOwner = Annotated[Owner, Field(strict=False)]
EnumMode = Annotated[Mode, Field(strict=False)]
Names = Annotated[tuple[Name, ...], Field(strict=False)]
Texts = Annotated[tuple[Label, ...], Field(strict=False)]


def _spelled_out(value: Any) -> Any:  # noqa: ANN401 - whatever stands in the file
    return {"name": value} if isinstance(value, str) else value


class TransformTable(Table):
    """A transform with options; a bare text is its name."""

    name: str
    collapse: bool | None = None
    region: str | None = None
    form: str | None = Field(default=None, alias="as")
    yes: Annotated[str, Field(min_length=1)] | None = None
    no: Annotated[str, Field(min_length=1)] | None = None
    invert: bool | None = None

    def options(self) -> dict[str, Any]:
        """The options that were given, by their names in the file."""
        return self.model_dump(by_alias=True, exclude={"name"}, exclude_none=True)


TransformValue = Annotated[TransformTable, BeforeValidator(_spelled_out)]


class SettingsTable(Table):
    """What holds for a whole unit; in a field, a group or the defaults. None: not said here."""

    owner: EnumOwner | None = None
    share: Annotated[Share, Field(strict=False)] | None = None
    purpose: Name | None = None
    other_office_edit: Annotated[OutsideEdit, Field(strict=False)] | None = None
    until_decided: Annotated[UntilDecided, Field(strict=False)] | None = None
    null: Annotated[NullPolicy, Field(strict=False)] | None = None
    to_career: EnumMode | None = None
    to_crm: EnumMode | None = None
    on_withdrawn: Annotated[OnWithdrawn, Field(strict=False)] | None = None
    urgent: bool | None = None


SETTINGS = tuple(SettingsTable.model_fields)


class GroupTable(SettingsTable):
    """``[group.NAME]``: fields that are judged, suggested and written as one."""

    label: Label


class FieldTable(SettingsTable):
    """``[field.NAME]``: one field that is kept in step.

    ``crm`` is on the Contact or on a record beside it, ``profile`` on Career_Profile__c.
    """

    label: Label
    crm: CrmPath | None = None
    profile: ApiName | None = None
    career: DottedPath
    transform: TransformValue | None = None
    crm_transform: TransformValue | None = None
    career_transform: TransformValue | None = None
    picklist: Name | None = None
    group: Name | None = None
    suggest_to: CrmPath | None = None
    restrictive: bool | None = None
    opt_out_to: ApiName | None = None
    opt_out_global: bool | None = None


class ReadTable(Table):
    """``[read.NAME]``: a value that is only read, on one side or both."""

    label: Label
    crm: CrmPath | None = None
    career: DottedPath | None = None
    transform: TransformValue | None = None
    crm_transform: TransformValue | None = None
    career_transform: TransformValue | None = None
    picklist: Name | None = None


class ChoiceTable(Table):
    """One entry of a picklist. A bare text is the CRM's word; careers' word is the key itself where none is given."""

    crm: Label
    career: Label | None = None


def _choice(value: Any) -> Any:  # noqa: ANN401 - whatever stands in the file
    if isinstance(value, str):
        return {"crm": value}
    if not isinstance(value, dict):
        raise fault(
            "a word of a picklist is a text or a small table",
            'for example available = "Available", or { crm = "...", career = "..." }',
        )
    return value


Choice = Annotated[ChoiceTable, BeforeValidator(_choice)]


class DerivedTable(Table):
    """``[derived]``: fields that a system computes by itself, and that nobody may write to."""

    crm: Annotated[tuple[CrmPath, ...], Field(strict=False)] = ()
    career: Annotated[tuple[DottedPath, ...], Field(strict=False)] = ()


class ParentTable(Table):
    """``[parent.RELATIONSHIP]``: the record that a field of the contact, or of a child, names."""

    label: Label
    object: ObjectName


class ChildTable(Table):
    """``[child.RELATIONSHIP]``: records that name the contact, and which of them counts."""

    label: Label
    object: ObjectName
    contact: ApiName
    latest_by: ApiName | None = None
    earliest_by: ApiName | None = None
    only: dict[ApiName, Texts] = Field(default_factory=dict)
    parent: dict[Relationship, ParentTable] = Field(default_factory=dict)


class EligibilityTable(Table):
    """``[eligibility]``: who may be created in and shared with careers."""

    class_year: Name | None = None
    class_year_from: Annotated[int, Field(ge=1000, le=2999)] | None = None
    require: Names = ()
    exclude: Names = ()


class NewContactTable(Table):
    """``[new_contact]``: what a suggestion of a new contact contains."""

    units: Names = ()
    required: Names = ()


class BrakesTable(Table):
    """``[brakes.to_career]`` and ``[brakes.to_crm]``."""

    max_changes: Annotated[int, Field(ge=1, le=10_000_000)] = 500
    max_share: Annotated[float, Field(gt=0, le=1)] = 0.1
    max_to_blank: Annotated[int, Field(ge=0, le=10_000_000)] = 25
    max_24h: Annotated[int, Field(ge=1, le=10_000_000)] = 2000


class BothBrakes(Table):
    """``[brakes]``."""

    to_career: BrakesTable = BrakesTable()
    to_crm: BrakesTable = BrakesTable()


SlotFields = Annotated[
    tuple[Name, ...], Field(strict=False), BeforeValidator(lambda value: [value] if isinstance(value, str) else value)
]


class PersonFile(Table):
    """``person.toml``."""

    version: Literal[1]
    watch: Annotated[tuple[RelationshipPath, ...], Field(strict=False)] = ()
    defaults: SettingsTable = SettingsTable()
    derived: DerivedTable = DerivedTable()
    group: dict[Name, GroupTable] = Field(default_factory=dict)
    field: dict[Name, FieldTable]
    read: dict[Name, ReadTable] = Field(default_factory=dict)
    picklist: dict[Name, dict[Label, Choice]] = Field(default_factory=dict)
    child: dict[Relationship, ChildTable] = Field(default_factory=dict)
    parent: dict[Relationship, ParentTable] = Field(default_factory=dict)
    purposes: dict[Name, Name] = Field(default_factory=dict)
    match: dict[Annotated[Slot, Field(strict=False)], SlotFields]
    facts: dict[Annotated[Fact, Field(strict=False)], Name]
    eligibility: EligibilityTable = EligibilityTable()
    new_contact: NewContactTable
    brakes: BothBrakes = BothBrakes()


class TypeTable(Table):
    """``[type.CODE]`` of ``requests.toml``."""

    label: Label
    direction: Annotated[Direction, Field(strict=False)]
    aliases: Texts = ()
    named_needs_clearance: Annotated[ClearanceRule, Field(strict=False)] = ClearanceRule.NO
    owner: Name
    first_action_days: Annotated[int, Field(ge=0, le=250)]
    end_days: Annotated[int, Field(ge=0, le=250)] | None = None
    purpose: Name | None = None
    confidential: bool = False
    pointer: Text = ""
    case_mode: Literal["volunteer", "experiential", "communication", "service"] | None = None
    urgent: bool = False
    instructions: Text = ""


HostName = Annotated[
    str,
    _shaped(
        re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}"),
        "the name of a host",
        "lower case, without https://, for example careers.example.edu",
    ),
]


class TextsTable(Table):
    """``[texts]``: what free text of requests may bring into Salesforce."""

    link_hosts: Annotated[tuple[HostName, ...], Field(strict=False)] = ()
    redact_secrets: bool = True


class RequestsFile(Table):
    """``requests.toml``."""

    version: Literal[1]
    texts: TextsTable = TextsTable()
    type: dict[Code, TypeTable]


Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
DAYS: tuple[Weekday, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class CalendarTable(Table):
    """``[calendar.NAME]``: an office's working time."""

    country: Annotated[str, _shaped(re.compile(r"[A-Z]{2}"), "a country code", "two capital letters (ISO 3166), such as US")]
    subdivision: str | None = None
    time_zone: str
    closes: time = time(17)
    weekend: Annotated[tuple[Weekday, ...], Field(strict=False)] = ("saturday", "sunday")
    closed_on: Annotated[tuple[date, ...], Field(strict=False)] = ()


class OwnerTable(Table):
    """``[owner.NAME]``: a user (login name or e-mail address) or a queue (DeveloperName)."""

    label: Label
    user: Label | None = None
    queue: QueueName | None = None
    calendar: Name


class LimitTable(Table):
    """``[limit]``: how often one alumnus may be asked."""

    max_asks: Annotated[int, Field(ge=1, le=1000)] = 1
    days: Annotated[int, Field(ge=1, le=366)] = 30
    max_per_year: Annotated[int, Field(ge=1, le=10_000)] = 3


class RuleTable(Table):
    """One ``[[rule]]``."""

    name: Label
    types: Annotated[tuple[Code, ...], Field(strict=False)] = ()
    class_year_from: Annotated[int, Field(ge=1000, le=2999)] | None = None
    class_year_to: Annotated[int, Field(ge=1000, le=2999)] | None = None
    countries: Texts = ()
    states: Texts = ()
    schools: Texts = ()
    degrees: Texts = ()
    owner: Name


class RoutingFile(Table):
    """``routing.toml``."""

    version: Literal[1]
    fallback: Name
    triage: Name
    stewards: Name
    attach_within_days: Annotated[int, Field(ge=0, le=366)] = 30
    calendar: dict[Name, CalendarTable]
    owner: dict[Name, OwnerTable]
    limit: LimitTable = LimitTable()
    rule: Annotated[tuple[RuleTable, ...], Field(strict=False)] = ()
