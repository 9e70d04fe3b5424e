"""What must hold between the parts of ``person.toml``: every rule that is broken, with its place and its cure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from connector.core.document import Document
from connector.core.model import OutsideEdit, Owner, Share, Side
from connector.core.positions import Path
from connector.core.rulebook import MANY, Fact, Slot
from connector.errors import Problem
from connector.rules.check_related import check_related
from connector.rules.check_values import VALUE_KINDS, check_picklists, check_transforms
from connector.rules.findings import Findings
from connector.rules.schema import FieldTable, PersonFile, ReadTable
from connector.rules.settle import said, settled, sides, transform_on, units_of
from connector.rules.transforms import REGISTER

_COMPUTED = frozenset(
    {
        "id", "name", "isdeleted", "masterrecordid", "createddate", "createdbyid", "lastmodifieddate", "lastmodifiedbyid",
        "systemmodstamp", "mailingaddress", "otheraddress", "photourl", "isemailbounced",
    }
)  # fmt: skip
"""Contact fields that Salesforce computes or composes in every org (describe: not updateable); lower case."""
_OWN_COLUMNS = frozenset({"key__c", "contact__c", "system__c", "account_id__c", "link_state__c", "link_basis__c", "primary__c"})
"""What the bridge itself keeps on Career_Profile__c."""
_OPT_OUT_ONLY = ("restrictive", "opt_out_to", "opt_out_global")


def check_person(file: PersonFile, document: Document) -> list[Problem]:
    """Every problem of ``person.toml`` that its shape alone does not show."""
    found = Findings(document)
    for check in _CHECKS:
        check(file, found)
    return found.problems


def _places(file: PersonFile, found: Findings) -> None:
    for name, table in file.field.items():
        path: Path = ("field", name)
        if (table.crm is None) == (table.profile is None):
            found.add(
                "M202",
                path,
                f'"{name}" must stand either on the Contact or on the career profile',
                "give one of crm = ... and profile = ...",
                key=True,
            )
            continue
        owner = settled(file, table).get("owner")
        if owner is None:
            found.add(
                "M203", path, f'nobody owns "{name}"', 'add owner = "alumni_relations" or owner = "career_services"', key=True
            )
        elif owner is Owner.CAREER_SERVICES and table.crm is not None:
            found.add(
                "M204",
                (*path, "crm"),
                "what Career Services own cannot be on the Contact, which the bridge never writes",
                "keep it on the career profile: profile = ...",
            )
        elif owner is Owner.ALUMNI_RELATIONS and table.profile is not None:
            found.add(
                "M204",
                (*path, "profile"),
                "what Alumni Relations own cannot be on the career profile, which staff do not edit",
                "name the Contact field: crm = ...",
            )
        if table.profile is not None and table.profile.lower() in _OWN_COLUMNS:
            found.add("M204", (*path, "profile"), "the bridge keeps its own links in this field", "name a field of your own")
    for name, read in file.read.items():
        if not sides(read):
            found.add("M202", ("read", name), f'"{name}" is read nowhere', "give crm = ... or career = ... or both", key=True)
        if name in file.field:
            found.add("M205", ("read", name), f'"{name}" is both kept in step and only read', "drop one of the two", key=True)


def _inboxes(file: PersonFile, found: Findings) -> None:
    for name, table in file.field.items():
        owned = settled(file, table).get("owner") == Owner.CAREER_SERVICES
        if owned and table.other_office_edit is OutsideEdit.SUGGEST:
            found.add(
                "M212",
                ("field", name, "other_office_edit"),
                "Career Services have no inbox for suggestions",
                'use "refuse" (put it back and tell them, the default) or "ignore"',
            )


def _duplicates(file: PersonFile, found: Findings) -> None:
    first: dict[tuple[str, str], str] = {}
    for name, table in file.field.items():
        for key, side, spot in _targets(table):
            # Salesforce does not mind the case of API names.
            taken = first.setdefault((side, spot.lower() if side != "career" else spot), name)
            if taken != name:
                found.add(
                    "M205",
                    ("field", name, key),
                    f'"{taken}" is already mapped to this field',
                    "one field has one rule: drop one of the two",
                )
    paths = {table.career: name for name, table in file.field.items()}
    for name, table in file.field.items():
        parents = [".".join(table.career.split(".")[:length]) for length in range(1, table.career.count(".") + 1)]
        for parent in parents:
            if parent in paths:
                found.add(
                    "M205",
                    ("field", name, "career"),
                    f'"{paths[parent]}" already maps all of "{parent}"',
                    "map either the whole or its parts",
                )


def _targets(table: FieldTable) -> list[tuple[str, str, str]]:
    targets = [("career", "career", table.career)]
    if table.crm:
        targets.append(("crm", "contact", table.crm))
    if table.suggest_to and table.suggest_to != table.crm:
        targets.append(("suggest_to", "contact", table.suggest_to))
    if table.profile:
        targets.append(("profile", "profile", table.profile))
    if table.opt_out_to:
        targets.append(("opt_out_to", "profile", table.opt_out_to))
    return targets


def _derived(file: PersonFile, found: Findings) -> None:
    derived = _COMPUTED | {name.lower() for name in file.derived.crm}
    for name, table in file.field.items():
        path: Path = ("field", name)
        if table.suggest_to and table.suggest_to.lower() in derived:
            found.add(
                "M207",
                (*path, "suggest_to"),
                f"{table.suggest_to} is computed, nobody can change it",
                "name the field that staff change",
            )
        suggests = settled(file, table).get("other_office_edit", OutsideEdit.SUGGEST) is OutsideEdit.SUGGEST
        if table.crm and table.crm.lower() in derived and suggests and not table.suggest_to:
            found.add(
                "M207",
                (*path, "crm"),
                f"{table.crm} is computed: a suggestion about it could never be accepted",
                'add suggest_to = "..." with the field that staff change',
            )
        if table.career in file.derived.career:
            found.add(
                "M207",
                (*path, "career"),
                f"{table.career} is computed by the career system: it cannot be written",
                f"move it to [read.{name}]",
            )
        if table.suggest_to and table.profile:
            found.add("M207", (*path, "suggest_to"), "suggestions are about Contact fields only", "drop suggest_to")


def _groups(file: PersonFile, found: Findings) -> None:
    members = {table.group for table in file.field.values() if table.group}
    for name in file.group:
        if name not in members:
            found.add(
                "M206",
                ("group", name),
                f'no field belongs to group "{name}"',
                f'add group = "{name}" to its fields, or drop it',
                key=True,
            )
        if name in file.field:
            found.add("M206", ("group", name), f'"{name}" is the name of a field, too', "rename the group", key=True)
    for name, table in file.field.items():
        if table.group is None or not found.known(("field", name, "group"), table.group, file.group, "group"):
            continue
        whole = settled(file, table)
        for setting, value in said(table).items():
            if whole.get(setting) != value:
                theirs = f"has {setting} = {_shown(whole[setting])}" if setting in whole else f"does not set {setting}"
                message = f'"{name}" contradicts its group "{table.group}", which {theirs}'
                found.add("M206", ("field", name, setting), message, f"say it once, in [group.{table.group}]")


def _shown(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value).lower()


def _opt_outs(file: PersonFile, found: Findings) -> None:
    for name, table in file.field.items():
        path: Path = ("field", name)
        settings = settled(file, table)
        if settings.get("other_office_edit") is not OutsideEdit.OPT_OUT_WINS:
            for key in _OPT_OUT_ONLY:
                if getattr(table, key) is not None:
                    found.add(
                        "M208",
                        (*path, key),
                        f'"{key}" belongs to other_office_edit = "opt_out_wins"',
                        "drop it, or add that",
                        key=True,
                    )
            continue
        if any(_gives(table, side) not in {"truth", None} for side in Side):
            found.add(
                "M208",
                (*path, "other_office_edit"),
                f'"{name}" is not a yes-or-no value, so nothing in it is more restrictive',
                'use transform = "boolean", or "suggest"',
            )
        if table.group is not None:
            found.add("M208", (*path, "group"), "what restricts is judged alone, never as part of a group", "drop group = ...")
        if table.profile is not None:
            found.add(
                "M208",
                (*path, "other_office_edit"),
                "restrictions are Alumni Relations' own: they stand on the Contact",
                "name the Contact field: crm = ...",
            )
        for key in ("restrictive", "opt_out_to"):
            if getattr(table, key) is None:
                cure = (
                    "add restrictive = true (a restriction) or false (a consent)"
                    if key == "restrictive"
                    else 'add opt_out_to = "Opt_Out_...__c", the flag on the career profile'
                )
                found.add("M208", path, f'"{name}" needs "{key}"', cure, key=True)


def _gives(table: FieldTable | ReadTable, side: Side) -> str | None:
    entry = REGISTER.get(transform_on(table, side).name)
    return entry.gives if entry is not None and side in sides(table) else None


def _sharing(file: PersonFile, found: Findings) -> None:
    for unit, names in units_of(file).items():
        table = file.field[names[0]]
        settings = settled(file, table)
        path: Path = ("group", unit) if table.group else ("field", unit)
        purpose = settings.get("purpose")
        if settings.get("share", Share.ALWAYS) is Share.CONSENTED:
            if purpose is None:
                found.add(
                    "M210", path, f'"{unit}" is shared by consent, but to what?', 'add purpose = "..." as in [purposes]', key=True
                )
        elif purpose is not None:
            found.add(
                "M210",
                (*path, "purpose"),
                f'"{unit}" has a purpose but is not shared by consent',
                'add share = "consented", or drop the purpose',
            )
        if purpose is not None:
            found.known((*path, "purpose"), purpose, file.purposes, "purpose")
    for purpose, name in file.purposes.items():
        if found.known(("purposes", purpose), name, (*file.field, *file.read), "field"):
            _wants(file, found, ("purposes", purpose), name, "truth")
            _alone(file, found, ("purposes", purpose), name, "it is nobody's consent")


def _alone(file: PersonFile, found: Findings, path: Path, name: str, otherwise: str) -> None:
    group = file.field[name].group if name in file.field else None
    if group is not None and len(units_of(file)[group]) > 1:
        message = f'"{name}" is judged with all of group "{group}", so {otherwise}'
        found.add("M211", path, message, "take the field out of the group")


def _wants(file: PersonFile, found: Findings, path: Path, name: str, kind: str) -> None:
    if Side.CRM not in sides(file.field.get(name) or file.read[name]):
        found.add("M211", path, f'"{name}" cannot be read in Salesforce', "name a field that can")
    else:
        _fits(file, found, path, name, kind)


def _fits(file: PersonFile, found: Findings, path: Path, name: str, *kinds: str) -> None:
    table = file.field.get(name) or file.read[name]
    gives = next((kind for side in sides(table) if (kind := _gives(table, side)) is not None), None)
    if gives is not None and gives not in kinds:
        message = f'"{name}" is {VALUE_KINDS[gives]}, here {VALUE_KINDS[kinds[0]]} is needed'
        found.add("M211", path, message, "name another field, or correct its transform")


_FACT_KINDS: Mapping[Fact, str] = {Fact.DECEASED: "truth", Fact.DO_NOT_CONTACT: "truth", Fact.CLASS_YEAR: "number"}
_SLOT_KINDS: Mapping[Slot, tuple[str, ...]] = {Slot.BIRTH_DATE: ("text",), Slot.CLASS_YEAR: ("number", "text")}


def _match(file: PersonFile, found: Findings) -> None:
    everything = (*file.field, *file.read)
    for slot, names in file.match.items():
        if slot not in MANY and len(names) != 1:
            found.add(
                "M211", ("match", slot.value), f'"{slot.value}" takes exactly one field', "only emails and phones take several"
            )
        for position, name in enumerate(names):
            path: Path = (
                ("match", slot.value)
                if ("match", slot.value, position) not in found.document.places.values
                else ("match", slot.value, position)
            )
            if found.known(path, name, everything, "field"):
                _fits(file, found, path, name, *_SLOT_KINDS.get(slot, ("text", "number", "choices")))
    if Slot.LAST not in file.match:
        found.add("M214", ("match",), "nobody can be recognised without a last name", 'add last = "..."', key=True)


def _uses(file: PersonFile, found: Findings) -> None:
    everything = (*file.field, *file.read)
    for fact, name in file.facts.items():
        if found.known(("facts", fact.value), name, everything, "field"):
            _wants(file, found, ("facts", fact.value), name, _FACT_KINDS.get(fact, "text"))
    for fact in (Fact.DECEASED, Fact.DO_NOT_CONTACT):
        if fact not in file.facts:
            found.add(
                "M214",
                ("facts",),
                f'without "{fact.value}" a request could reach somebody who must not be asked',
                f'add {fact.value} = "..."',
                key=True,
            )
    _eligibility(file, found, everything)
    _new_contact(file, found)


def _eligibility(file: PersonFile, found: Findings, everything: tuple[str, ...]) -> None:
    table = file.eligibility
    for key in ("require", "exclude"):
        for position, name in enumerate(getattr(table, key)):
            path: Path = ("eligibility", key, position)
            if found.known(path, name, everything, "field"):
                _wants(file, found, path, name, "truth")
                if key == "exclude":
                    _alone(file, found, path, name, "careers would not be told of it once sharing ends")
    if (table.class_year is None) != (table.class_year_from is None):
        found.add(
            "M214",
            ("eligibility",),
            "class_year and class_year_from need each other",
            'for example class_year = "class_year", class_year_from = 1990',
            key=True,
        )
    if table.class_year is not None and found.known(("eligibility", "class_year"), table.class_year, everything, "field"):
        _wants(file, found, ("eligibility", "class_year"), table.class_year, "number")


def _new_contact(file: PersonFile, found: Findings) -> None:
    units = units_of(file)
    for position, name in enumerate(file.new_contact.units):
        path: Path = ("new_contact", "units", position)
        if found.known(path, name, units, "field or group") and file.field[units[name][0]].profile is not None:
            found.add(
                "M211",
                path,
                f'"{name}" is on the career profile, not on the Contact',
                "drop it: the career profile comes by itself",
            )
    inside = [field for name in file.new_contact.units for field in units.get(name, ())]
    for position, name in enumerate(file.new_contact.required):
        found.known(("new_contact", "required", position), name, inside, "suggested field")


_CHECKS: tuple[Callable[[PersonFile, Findings], Any], ...] = (
    _places, _inboxes, _duplicates, _derived, _groups, check_transforms, check_picklists, check_related, _opt_outs, _sharing,
    _match, _uses,
)  # fmt: skip
