"""The sentences: what a row of the law means to an administrator, and what notes say to careers' staff."""

from __future__ import annotations

from connector.core.merge import Row

ROWS = {
    Row.UNREADABLE: "one side's value could not be read, so nothing was decided",
    Row.AGREED: "both sides hold the same value",
    Row.UNCHANGED: "nothing has changed since both sides agreed",
    Row.KEPT_APART: "an administrator chose to keep the two values as they are",
    Row.FILL_EMPTY: "the other side was empty and receives the owner's value",
    Row.FIRST_DIFFERENCE: "the sides differed when the person was linked; an administrator must choose with `adopt`",
    Row.ADOPTED: "an administrator's choice for a first difference was carried out",
    Row.OWNER_MOVED: "the owner changed the value; it goes to the other side",
    Row.OWNER_CLEARED: "the owner emptied the value; that goes to the other side",
    Row.OUTSIDE_EDIT: "the other office changed the value; it waits as a suggestion",
    Row.OUTSIDE_EDIT_REFUSED: "the other office changed the value; the owner's value is put back",
    Row.OUTSIDE_EDIT_IGNORED: "the other office changed the value; the mapping says to ignore that",
    Row.OUTSIDE_EDIT_REJECTED_BEFORE: "the same value was rejected before; the owner's value is put back",
    Row.BOTH_MOVED: "both offices changed the value; the owner's goes across, the other one waits as a suggestion",
    Row.ANSWERED: "the owner answered the suggestion with a value of their own",
    Row.REJECTED: "the suggestion was rejected; the owner's value is put back",
    Row.OPT_OUT_FROM_CRM: "a restriction recorded by Alumni Relations goes to careers",
    Row.OPT_OUT_FROM_CAREER: "a restriction recorded by careers is kept on the career profile and respected",
    Row.OPT_OUT_HELD: "Alumni Relations lifted the restriction, careers still hold it; the restriction counts",
    Row.SHARING_ENDED: "consent or eligibility ended; what we supplied is treated as `on_withdrawn` says",
    Row.NOT_SHARED: "the value may not go to careers",
}
"""For ``why``."""

_NOTES = {
    "restored": "{label}: this is maintained by {owner}. The value was set back to theirs.",
    "opt_out_stands": "{label}: a restriction recorded by Alumni Relations stands. It was set again.",
    "crm_lifted_opt_out": "{label}: Alumni Relations no longer records this restriction. Careers' own record still holds it; "
    "lift it here only if the person has told you so.",
    "sharing_ended": "{label}: Alumni Relations may no longer share this value.",
}


def note_text(code: str, *, label: str, owner: str) -> str:
    """A staff-only note in the career system; it names the field and never a value."""
    return _NOTES[code].format(label=label, owner=owner.replace("_", " ").title())


def rejection_text(label: str, reason: str | None) -> str:
    """What careers' staff read about a change of theirs that Alumni Relations did not take over, with the coded reason."""
    return f"{label}: Alumni Relations did not take over the change ({(reason or 'no reason given').lower()})."
