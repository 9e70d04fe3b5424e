"""Validation rules and formula fields, evaluated on a record."""

from functools import lru_cache
from typing import Any

from emulator.salesforce.access import Access
from emulator.salesforce.errors import SalesforceError
from emulator.salesforce.fields import Field, SObject
from emulator.salesforce.formulas import Node, Situation, compile_formula
from emulator.salesforce.org import Org
from emulator.salesforce.table import Row
from emulator.salesforce.values import stamp


def validate(org: Org, access: Access, sobject: SObject, row: Row, old: Row | None) -> None:
    """Refuse a record that a validation rule refuses.

    Raises:
        SalesforceError: FIELD_CUSTOM_VALIDATION_EXCEPTION with the administrator's text.
    """
    for rule in sobject.validations:
        if _compiled(rule.formula, sobject)(_situation(org, access.user_id, sobject, row, old)):
            fields = (rule.field,) if rule.field else ()
            raise SalesforceError("FIELD_CUSTOM_VALIDATION_EXCEPTION", rule.message, fields=fields)


def calculate(org: Org, user_id: str, sobject: SObject, one: Field, row: Row) -> Any:  # noqa: ANN401 - a field's value
    """The value of a formula field."""
    value = _compiled(one["calculatedFormula"], sobject)(_situation(org, user_id, sobject, row, row))
    if hasattr(value, "isoformat"):
        return stamp(value) if one.type == "datetime" else value.date().isoformat()
    return value


# Definitions are immutable, so a formula compiled for one stays good.
@lru_cache(maxsize=512)
def _compiled(formula: str, sobject: SObject) -> Node:
    return compile_formula(formula, sobject)


def _situation(org: Org, user_id: str, sobject: SObject, row: Row, old: Row | None) -> Situation:
    def related(id_: str | None) -> tuple[SObject, Row] | None:
        found = org.record(id_)
        kind = org.sobject_of(id_) if id_ else None
        return (kind, found) if kind is not None and found is not None else None

    user = org.record(user_id) or {}
    return Situation(sobject=sobject, row=row, old=old, now=org.now(), related=related, user=user)
