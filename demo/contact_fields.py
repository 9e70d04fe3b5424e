"""The university's own fields on Contact: those that the shipped mapping reads and that no org has from the beginning."""

from collections.abc import Mapping
from typing import Any

_CONSENT: Mapping[str, Any] = {"type": "picklist", "values": ["Yes", "No"]}
_FLAG: Mapping[str, Any] = {"type": "boolean"}

CONTACT_FIELDS: Mapping[str, Mapping[str, Any]] = {
    "University_ID__c": {"type": "string", "length": 40, "externalId": True, "unique": True, "label": "University ID"},
    "MiddleName__c": {"type": "string", "length": 80, "label": "Middle Name"},
    "Preferred_Name__c": {"type": "string", "length": 80},
    "Former_Last_Name__c": {"type": "string", "length": 80},
    "Personal_Email__c": {"type": "email"},
    "University_Email__c": {"type": "email"},
    "Work_Email__c": {"type": "email"},
    "Employer__c": {"type": "string", "length": 255},
    "Degree__c": {"type": "string", "length": 80},
    "Major__c": {"type": "string", "length": 80},
    "Class_Year__c": {"type": "double", "precision": 4, "scale": 0},
    "LinkedIn_URL__c": {"type": "url", "label": "LinkedIn"},
    "Consent_Career_Asks__c": _CONSENT,
    "Consent_Mentoring__c": _CONSENT,
    "Consent_Events__c": _CONSENT,
    "Consent_Surveys__c": _CONSENT,
    "Do_Not_Contact__c": _FLAG,
    "Deceased__c": _FLAG,
}
"""By API name: the arguments of the emulator's ``define_field``."""
