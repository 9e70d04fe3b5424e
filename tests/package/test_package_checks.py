"""The shipped tree is sound, and each check finds the defect that it is there for."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.package.package_references import check_references
from tests.package.package_schema import DOCUMENT, check_schema

SHIPPED = Path(__file__).parents[2] / "crm_package" / "force-app" / "main" / "default"
SUGGESTION = "objects/Suggested_Change__c"
DAEMON = "permissionsets/Alumni_Bridge_Daemon.permissionset-meta.xml"
STAFF = "permissionsets/Alumni_Bridge_Staff.permissionset-meta.xml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """A mistake planted into a copy of the tree: ``old`` becomes ``new`` once in ``file``; or ``file`` is added or lost."""

    file: str
    found: str
    """What a finding must say."""
    old: str = ""
    new: str = ""
    content: str | None = None
    lost: bool = False

    def plant(self, root: Path) -> None:
        """Make the mistake in the tree at ``root``."""
        path = root / self.file
        if self.lost:
            path.unlink()
        elif self.content is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.content, encoding="utf-8")
        else:
            text = path.read_text(encoding="utf-8")
            assert self.old in text, f"{self.file} has no {self.old!r} to spoil"
            path.write_text(text.replace(self.old, self.new, 1), encoding="utf-8")


def grant(field: str, *, editable: bool = True) -> str:
    """A field permission as text, in front of the ones that are there."""
    answer = "true" if editable else "false"
    return (
        f"    <fieldPermissions>\n        <editable>{answer}</editable>\n        <field>{field}</field>\n"
        "        <readable>true</readable>\n    </fieldPermissions>\n    <hasActivationRequired>"
    )


STATE = f"{SUGGESTION}/fields/State__c.field-meta.xml"
KEY = f"{SUGGESTION}/fields/Key__c.field-meta.xml"
CONTACT = f"{SUGGESTION}/fields/Contact__c.field-meta.xml"
OPEN = f"{SUGGESTION}/listViews/Open.listView-meta.xml"
RULE = f"{SUGGESTION}/validationRules/Reject_Needs_A_Reason.validationRule-meta.xml"
LAYOUT = "layouts/Suggested_Change__c-Suggested Change Layout.layout-meta.xml"
REJECT = "quickActions/Suggested_Change__c.Reject.quickAction-meta.xml"
QUEUE = "queues/Alumni_Relations_Triage.queue-meta.xml"
COMPACT = f"{SUGGESTION}/compactLayouts/Suggested_Change_Compact.compactLayout-meta.xml"
OBJECT = f"{SUGGESTION}/Suggested_Change__c.object-meta.xml"
OVERDUE = "objects/Career_Request__c/listViews/Overdue.listView-meta.xml"
EMPTY = '<?xml version="1.0" encoding="UTF-8"?>\n<{0} xmlns="http://soap.sforce.com/2006/04/metadata"/>\n'

SCHEMA_DEFECTS = (
    Defect(file=STATE, old="</CustomField>", new="</CustomFeld>", found="not well-formed"),
    Defect(file=STATE, old="2006/04", new="2006/05", found="the root is"),
    Defect(file=STATE, old="<type>Picklist</type>", new="<type>Pickles</type>", found="is no FieldType"),
    Defect(file=STATE, old="<trackHistory>true", new="<trackHistory>yes", found="neither true nor false"),
    Defect(file=STATE, old="<label>State</label>", new="<lable>State</lable>", found="no element lable"),
    Defect(file=STATE, old="<label>State</label>", new="<label>A</label><label>B</label>", found="more than once"),
    Defect(file=STATE, old="<fullName>State__c", new="<fullName>Sate__c", found="differs from the file's name"),
    Defect(file=STATE, old="            <sorted>false</sorted>\n", new="", found="ValueSetValuesDefinition lacks sorted"),
    Defect(file=KEY, old="<length>64<", new="<length>long<", found="is no number"),
    Defect(file=REJECT, old="<type>Update</type>", new="", found="QuickAction lacks type"),
    Defect(file=OPEN, old="<operation>equals", new="<operation>like", found="is no FilterOperation"),
    Defect(file=STAFF, old="<editable>false</editable>", new="", found="lacks editable"),
    Defect(file=QUEUE, old="<sobjectType>Task<", new="<sobjectType><a/>Task<", found="has children"),
    Defect(file="notes.txt", content="to do", found="no metadata file"),
)

REFERENCE_DEFECTS = (
    Defect(file="objects/Task/fields/Key__c.field-meta.xml", content=EMPTY.format("CustomField"), found="standard object"),
    Defect(file="objects/Contact/fields/A__c.field-meta.xml", content=EMPTY.format("CustomField"), found="standard"),
    Defect(file="layouts/Contact-Contact Layout.layout-meta.xml", content=EMPTY.format("Layout"), found="standard"),
    Defect(file="profiles/Admin.profile-meta.xml", content=EMPTY.format("Profile"), found="ships no profiles"),
    Defect(file="standardValueSets/TaskStatus.x-meta.xml", content=EMPTY.format("X"), found="ships no standardValueSets"),
    Defect(file=OBJECT, lost=True, found="has no definition"),
    Defect(file=OBJECT, old="<enableHistory>true", new="<enableHistory>false", found="without history"),
    Defect(file=OBJECT, old="Suggested_Change_Compact", new="Lost", found="no compact layout Lost"),
    Defect(file=OBJECT, old="<searchResultsAdditionalFields>", new="<searchResultsAdditionalFields>X", found="search"),
    Defect(file=KEY, old="<unique>true", new="<unique>false", found="not a required unique external id"),
    Defect(file=KEY, old="    <length>64</length>\n", new="", found="a Text needs length"),
    Defect(file=CONTACT, old="<relationshipName>Suggested_Changes</relationshipName>", new="", found="relationshipName"),
    Defect(file=CONTACT, old="<referenceTo>Contact<", new="<referenceTo>Gone__c<", found="refers to Gone__c"),
    Defect(
        file="objects/Identity_Review__c/fields/Candidate_1__c.field-meta.xml",
        old="Identity_Reviews_1",
        new="Identity_Reviews_2",
        found="two relationships",
    ),
    Defect(file=STATE, old="<label>State</label>", new=f"<label>{'S' * 41}</label>", found="1 to 40"),
    Defect(file=STATE, old="<inlineHelpText>", new=f"<inlineHelpText>{'a' * 500}", found="20 to 510"),
    Defect(file=OPEN, old="<columns>Contact__c", new="<columns>Kontact__c", found="column Kontact__c does not exist"),
    Defect(file=OPEN, old="<field>State__c", new="<field>Before__c", found="cannot be filtered"),
    Defect(file=OPEN, old="<value>Open", new="<value>open", found="'open' is no value"),
    Defect(file=OPEN, old="<filterScope>Everything", new="<filterScope>Queue", found="queue (none)"),
    Defect(file=OPEN, old="<label>", new="<queue>Lost</queue><label>", found="queue Lost"),
    Defect(file=OPEN, old="2. All open suggestions", new="1. Open and urgent", found="used twice"),
    Defect(file=OVERDUE, old="AND 4", new="AND 5", found="filter logic"),
    Defect(file=COMPACT, old="<fields>Name<", new="<fields>Now__c<", found="cannot be in a compact layout"),
    Defect(file=COMPACT, old="<fields>Name<", new="<fields>Lost__c<", found="Lost__c does not exist"),
    Defect(file=RULE, old="ISCHANGED(Reason__c)", new="ISCHANGED(Grund__c)", found="Grund__c does not exist"),
    Defect(file=RULE, old='"Reject"', new='"No"', found="'No' is no value"),
    Defect(file=RULE, old="OR(ISNEW()", new="OR(ISNEW(", found="not balanced"),
    Defect(file=RULE, old="<errorMessage>", new=f"<errorMessage>{'a' * 255}", found="longer than 255"),
    Defect(file=LAYOUT, old="<field>Who__c", new="<field>Wer__c", found="Wer__c does not exist"),
    Defect(file=LAYOUT, old="<field>Who__c", new="<field>State__c", found="a field twice"),
    Defect(file=LAYOUT, old="<behavior>Required", new="<behavior>Edit", found="Key__c must be there"),
    Defect(file=LAYOUT, old="Suggested_Change__c.Reject", new="Suggested_Change__c.Deny", found="no action"),
    Defect(
        file="layouts/Career_Profile__c-Career Profile Layout.layout-meta.xml",
        old="Career_Request__c.Career_Profile__c",
        new="Career_Request__c.Profile__c",
        found="no related list",
    ),
    Defect(file=REJECT, old="<targetObject>Suggested_Change__c", new="<targetObject>Contact", found="not the object"),
    Defect(file=REJECT, old="<literalValue>Reject", new="<literalValue>Refuse", found="'Refuse' is no value"),
    Defect(file=REJECT, old="<field>Reason__c", new="<field>Why__c", found="Why__c does not exist"),
    Defect(file=QUEUE, old="Identity_Review__c", new="Identity__c", found="no object Identity__c"),
    Defect(file="tabs/Lost__c.tab-meta.xml", content=EMPTY.format("CustomTab"), found="no object Lost__c"),
    Defect(file="tabs/Bridge_Status__c.tab-meta.xml", lost=True, found="no tab Bridge_Status__c"),
    Defect(file=STAFF, old="Suggested_Change__c.Who__c", new="Suggested_Change__c.Wer__c", found="no field"),
    Defect(file=STAFF, old="<hasActivationRequired>", new=grant("Suggested_Change__c.Key__c"), found="is required"),
    Defect(file=STAFF, old="<hasActivationRequired>", new=grant("Suggested_Change__c.Who__c"), found="twice"),
    Defect(file=STAFF, old="<object>Bridge_Status__c", new="<object>Status__c", found="no object Status__c"),
    Defect(
        file=STAFF,
        old="<editable>false</editable>\n        <field>Career_Profile__c.Interests__c",
        new="<editable>true</editable>\n        <field>Career_Profile__c.Interests__c",
        found="beyond its object",
    ),
    Defect(file=DAEMON, old="<hasActivationRequired>", new=grant("Contact.Fax"), found="Contact.Fax is editable"),
    Defect(file=DAEMON, old="<allowDelete>false", new="<allowDelete>true", found="grants allowDelete"),
    Defect(file=DAEMON, old="<name>EditTask", new="<name>ModifyAllData", found="grants ModifyAllData"),
    Defect(
        file=DAEMON,
        old="<allowEdit>false</allowEdit>\n        <allowRead>true</allowRead>\n"
        "        <modifyAllRecords>false</modifyAllRecords>\n        <object>Contact<",
        new="<allowEdit>true</allowEdit>\n        <allowRead>true</allowRead>\n"
        "        <modifyAllRecords>false</modifyAllRecords>\n        <object>Contact<",
        found="grants allowEdit on Contact",
    ),
)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the shipped tree to spoil."""
    root = tmp_path / "default"
    shutil.copytree(SHIPPED, root)
    return root


def test_shipped_files_follow_the_schema() -> None:
    """Every shipped file is well-formed and uses only elements and values that the Metadata API knows (S25)."""
    assert check_schema(SHIPPED) == []


def test_shipped_files_refer_to_what_exists() -> None:
    """Every name in the package that points to another part of it points to something that exists and fits."""
    assert check_references(SHIPPED) == []


@pytest.mark.parametrize("defect", SCHEMA_DEFECTS, ids=lambda defect: defect.found)
def test_schema_check_finds_a_planted_defect(defect: Defect, copy: Path) -> None:
    """One spoiled file gives a finding that names this file and this mistake."""
    defect.plant(copy)
    findings = check_schema(copy)
    assert any(finding.startswith(defect.file) and defect.found in finding for finding in findings), findings


@pytest.mark.parametrize("defect", REFERENCE_DEFECTS, ids=lambda defect: defect.found)
def test_reference_check_finds_a_planted_defect(defect: Defect, copy: Path) -> None:
    """One broken reference, limit or grant gives a finding that names this mistake."""
    defect.plant(copy)
    findings = check_references(copy)
    assert any(defect.found in finding for finding in findings), findings


def test_derived_types_name_their_source() -> None:
    """The derived type list carries its origin, licence and what was changed, as its licence asks."""
    assert {"derived_from", "licence", "copyright", "changes"} <= set(DOCUMENT["about"])
