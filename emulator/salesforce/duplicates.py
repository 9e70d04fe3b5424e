"""Duplicate rules: records that look like ones that are there are refused, or only after a warning."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emulator.salesforce.errors import SalesforceError
from emulator.salesforce.fields import SObject
from emulator.salesforce.org import Org
from emulator.salesforce.table import Row

MESSAGE = "You're creating a duplicate record. We recommend you use an existing record instead."


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicateRule:
    """Records whose `fields` all agree (text without case) are duplicates. `blocks` leaves no way around it."""

    name: str
    sobject: str
    fields: tuple[str, ...]
    blocks: bool = False


def check_duplicates(org: Org, sobject: SObject, row: Row, changed: Mapping[str, Any], *, allowed: bool) -> None:
    """Refuse a record that a rule finds again.

    `allowed` is Sforce-Duplicate-Rule-Header: allowSave=true, which gets past rules that only alert [documentation].

    Raises:
        SalesforceError: DUPLICATES_DETECTED with what was found.
    """
    for rule in org.duplicate_rules:
        if rule.sobject != sobject.name or (allowed and not rule.blocks) or not set(rule.fields) & set(changed):
            continue
        first, *others = rule.fields
        if any(row.get(name) is None for name in rule.fields):
            continue
        found = [
            other
            for other in org.table(sobject.name).equal(first, [row[first]])
            if other["Id"] != row["Id"] and not other["IsDeleted"] and all(_same(other.get(each), row[each]) for each in others)
        ]
        if found:
            raise SalesforceError("DUPLICATES_DETECTED", MESSAGE, extra={"duplicateResut": _result(rule, sobject, found)})


def _same(left: object, right: object) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return left.casefold() == right.casefold()
    return left == right


def _result(rule: DuplicateRule, sobject: SObject, found: list[Row]) -> dict[str, Any]:
    """The part of the body whose key is really misspelt: duplicateResut [code]."""
    matches = [
        {
            "additionalInformation": [],
            "fieldDiffs": [],
            "matchConfidence": 100.0,
            "record": {
                "attributes": {"type": sobject.name, "url": f"/services/data/v67.0/sobjects/{sobject.name}/{each['Id']}"},
                "Id": each["Id"],
            },
        }
        for each in found
    ]
    return {
        "allowSave": not rule.blocks,
        "duplicateRule": rule.name,
        "duplicateRuleEntityType": sobject.name,
        "errorMessage": MESSAGE,
        "matchResults": [
            {
                "entityType": sobject.name,
                "errors": [],
                "matchEngine": "FuzzyMatchEngine",
                "matchRecords": matches,
                "rule": rule.name,
                "size": len(matches),
                "success": True,
            }
        ],
    }
