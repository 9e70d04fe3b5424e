"""The columns of Handshake's Importer, and which values go into them.

Headers [A+B]: the vendor's field guides, and those that universities write in public code.
"""

from __future__ import annotations

from collections.abc import Mapping

from connector.career.drop.sheet import suspicious
from connector.core.rulebook import pick
from connector.ports import Outcome, PersonUpdate, Status

REQUIRED = ("email_address", "username", "auth_identifier", "first_name", "school_year_name")
"""Columns of every file: without them the Importer processes nothing by itself."""
ANCHORS = ("email_address", "username")
"""Those of them that need a value in every row [A]; the others may be blank, and then stay as they are."""
CLEAR = "**CLEAR**"
GRADUATION_YEAR, LAST_APPOINTMENT = "graduation_year", "last_appointment_on"
"""Fields of an account that we work out; they can be read and not written."""
_TRUTHS = (
    *("primary_education.currently_attending", "disabled", "work_study_eligible", "opt_cpt_eligible", "athlete"),
    *("first_generation", "veteran", "eu_gdpr_subject"),
)
COLUMNS = (
    *REQUIRED,
    *("last_name", "middle_name", "preferred_name", "card_id", "campus_name", "mobile_number", "ethnicity", "gender"),
    *("system_label_names", "assigned_to_email_address", "hometown_location_attributes.name"),
    *("primary_education.education_level_name", "primary_education.cumulative_gpa", "primary_education.department_gpa"),
    *("primary_education.primary_major_name", "primary_education.major_names", "primary_education.minor_names"),
    *("primary_education.college_name", "primary_education.start_date", "primary_education.end_date"),
    *_TRUTHS,
)
_NEVER_WRITTEN = frozenset(
    {
        *("username", "auth_identifier", "card_id"),  # identifiers; a changed one makes another account, or fails the row
        "disabled",  # half of them in a file stop it, and nobody here decides on accounts
        "system_label_names",  # what is not listed is taken away
        "school_year_name",
        *(GRADUATION_YEAR, LAST_APPOINTMENT, "id"),
    }
)
_NEVER_EMPTY = frozenset({*REQUIRED, "last_name", *_TRUTHS})


def column(name: str) -> str:
    """A field's column: Handshake has a colon where mappings have a dot."""
    return name.replace(".", ":", 1)


def raw(value: object) -> str:
    """A value as the Importer reads it. The file is for a program: an apostrophe would become part of the value."""
    return CLEAR if value is None or value == "" else str(value)


def refusal(row: PersonUpdate) -> Outcome | None:
    """Why the Importer would not do with a row what is meant; None if it would."""
    if not pick(row.known, "email_address")[1]:
        remedy = "give the account an e-mail address in Handshake"
        return Outcome(status=Status.REFUSED, code="NO_ANCHOR", detail="field email_address", remedy=remedy)
    return next((why for name, value in row.fields.items() if (why := _refused(name, value)) is not None), None)


def _refused(name: str, value: object) -> Outcome | None:
    text = value if isinstance(value, str) else ""
    faults: Mapping[str, tuple[bool, str]] = {
        "NO_COLUMN": (
            name not in COLUMNS or name in _NEVER_WRITTEN,
            "correct the mapping: docs/platforms.md says what is written",
        ),
        "NO_CLEAR": (value in (None, "") and name in _NEVER_EMPTY, "Handshake cannot empty this field"),
        "NO_CELL": (
            (value is not None and not isinstance(value, str)) or suspicious(text) or CLEAR in text or not text.isprintable(),
            "correct the value at its owner: the Importer or a spreadsheet would take it for something else",
        ),
    }
    return next(
        (
            Outcome(status=Status.REFUSED, code=code, detail=f"field {name}", remedy=remedy)
            for code, (wrong, remedy) in faults.items()
            if wrong
        ),
        None,
    )
