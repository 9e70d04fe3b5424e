"""Students as Handshake's files have them. Headers: the vendor's field guides and universities' public programs (A+B)."""

from collections.abc import Mapping

from emulator.career.fields import get
from emulator.career.records import Stored

FIELDS: Mapping[str, str] = {
    "email_address": "login_email",
    "first_name": "first_name",
    "last_name": "last_name",
    "middle_name": "middle_name",
    "preferred_name": "preferred_name",
    "mobile_number": "phone_mobile",
    "primary_education:primary_major_name": "major",
}
"""Header and field of the tenant's account."""
OWN = (
    *("auth_identifier", "card_id", "school_year_name", "campus_name", "disabled", "system_label_names", "ethnicity", "gender"),
    *("primary_education:education_level_name", "primary_education:major_names", "primary_education:minor_names"),
    *("primary_education:cumulative_gpa", "primary_education:department_gpa", "primary_education:college_name"),
    *("primary_education:start_date", "primary_education:end_date", "primary_education:currently_attending"),
    *("assigned_to_email_address", "hometown_location_attributes:name", "opt_cpt_eligible", "work_study_eligible", "athlete"),
    *("first_generation", "veteran", "eu_gdpr_subject"),
)
"""Headers of what Handshake alone has; kept beside the account."""
HEADERS = ("username", *FIELDS, *OWN)
REQUIRED = ("email_address", "username", "auth_identifier", "first_name", "school_year_name")
SCHOOL_YEARS = (
    *("Freshman", "Sophomore", "Junior", "Senior", "Masters", "Doctorate", "Postdoctoral Studies"),
    *("Masters of Business Administration", "Accelerated Masters", "Alumni"),
)
TRUTHS = (
    *("disabled", "primary_education:currently_attending", "opt_cpt_eligible", "work_study_eligible", "athlete"),
    *("first_generation", "veteran", "eu_gdpr_subject"),
)
DATES = ("primary_education:start_date", "primary_education:end_date")
UNIQUE = ("username", "auth_identifier", "email_address", "card_id")
CLEAR = "**CLEAR**"


def row_of(stored: Stored) -> dict[str, str]:
    """An account as a row: what Handshake has under each header."""
    data = stored.data()
    own: dict[str, str] = stored.extra.get("handshake", {})
    row = {header: str(get(data, path) or "") for header, path in FIELDS.items()}
    return {"username": stored.id, **row, **{header: own.get(header, DEFAULTS.get(header, "")) for header in OWN}}


DEFAULTS: Mapping[str, str] = {
    "school_year_name": "Alumni",
    "disabled": "FALSE",
    "primary_education:currently_attending": "FALSE",
}
"""What an account has that was never told otherwise: this university's tenant is about alumni."""
