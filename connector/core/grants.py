"""What a mapping permits, written down flat: so that one can be compared with another, and no widening goes unnoticed.

Permitted is what leaves Salesforce for a career system, what the bridge may write on the career profile, who owns what, whom a
restriction protects, and which asks need which consent. Everything else in a mapping can change without permitting more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from connector.core.model import Mode, OnWithdrawn, OutsideEdit, Owner, Share
from connector.core.requests import ClearanceRule, RequestRules
from connector.core.rulebook import Persons, Rules

Grants = Mapping[str, Mapping[str, Any]]
"""By kind and name; values are JSON."""

_CLEARANCE = (ClearanceRule.NO.value, ClearanceRule.NAMED.value, ClearanceRule.ALWAYS.value)


def permitted(persons: Persons, requests: RequestRules, systems: Iterable[str]) -> Grants:
    """What these rules permit towards these career systems; of a system's own mapping each name says whose it is."""
    found = {"system": dict.fromkeys(systems, True), **_of_persons(persons.usual), "ask": _of_asks(requests)}
    for system, rules in persons.own.items():
        for kind, names in _of_persons(rules).items():
            found[kind] |= {f"{name} ({system})": value for name, value in names.items()}
    return found


def _of_asks(requests: RequestRules) -> dict[str, Any]:
    return {
        kind.code: {
            "consent": kind.purpose or "",
            "confidential": kind.confidential,
            "clearance": _CLEARANCE.index(kind.clearance.value),
        }
        for kind in requests.types
    }


def _of_persons(person: Rules) -> dict[str, dict[str, Any]]:
    shared: dict[str, Any] = {}
    written: dict[str, Any] = {}
    owners: dict[str, Any] = {}
    protects: dict[str, Any] = {}
    for unit in person.units:
        for rule in unit.fields:
            owners[rule.career] = unit.owner.value
            if unit.owner is Owner.CAREER_SERVICES and unit.to_crm is Mode.WRITE:
                written[rule.crm] = True
            if unit.owner is Owner.ALUMNI_RELATIONS and unit.to_career is Mode.WRITE and unit.share is not Share.NEVER:
                form = f"{rule.crm_transform.name}/{rule.career_transform.name}"
                basis = unit.purpose if unit.share is Share.CONSENTED else ""
                stays = unit.on_withdrawn is OnWithdrawn.KEEP
                shared[f"{rule.crm} as {rule.career}"] = {"consent": basis, "form": form, "stays": stays}
            if unit.other_office_edit is OutsideEdit.OPT_OUT_WINS:
                protects[rule.crm] = unit.restrictive
    eligible = person.eligibility
    return {
        "shared": shared,
        "written": written,
        "owner": owners,
        "restriction": protects,
        "excluded": {source.crm or "": True for source in eligible.exclude},
        "required": {source.crm or "": True for source in eligible.require},
        "class year": {"from": eligible.class_year_from if eligible.class_year else None},
        "consent": {purpose: [rule.crm for rule in unit.fields] for purpose, unit in person.purposes.items()},
    }


def wider(before: Grants, after: Grants) -> list[str]:
    """What the new permits that the old did not, one line each; nothing if it permits as much or less."""
    return [
        *_more(before, after, "system", "{} is a new career system: everything shared would go there, too"),
        *_shared(before, after),
        *_more(before, after, "written", "the bridge would write {} on the career profile"),
        *_changed(before, after, "owner", "{0} would be owned by {2} instead of {1}"),
        *_fewer(before, after, "restriction", "{} would no longer count as a restriction, whoever sets it"),
        *_changed(before, after, "restriction", "{0} would restrict where it is {2} instead of {1}"),
        *_fewer(before, after, "excluded", "people with {} set would no longer be excluded"),
        *_fewer(before, after, "required", "people without {} would no longer be excluded"),
        *_class_year(before, after),
        *_changed(before, after, "consent", "consent for {0} would be read from {2} instead of {1}"),
        *_asks(before, after),
    ]


def _more(before: Grants, after: Grants, kind: str, text: str) -> Iterator[str]:
    yield from (text.format(name) for name in after[kind] if name not in before.get(kind, {}))


def _fewer(before: Grants, after: Grants, kind: str, text: str) -> Iterator[str]:
    yield from (text.format(name) for name in before.get(kind, {}) if name not in after[kind])


def _changed(before: Grants, after: Grants, kind: str, text: str) -> Iterator[str]:
    for name, value in before.get(kind, {}).items():
        if name in after[kind] and after[kind][name] != value:
            yield text.format(name, _plain(value), _plain(after[kind][name]))


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value).lower().replace("_", " ")


def _shared(before: Grants, after: Grants) -> Iterator[str]:
    for name, now in after["shared"].items():
        was = before.get("shared", {}).get(name)
        basis = f"with consent for {now['consent']}" if now["consent"] else "always"
        if was is None:
            yield f"{name} would go to careers ({basis})"
            continue
        if was["consent"] and was["consent"] != now["consent"]:
            yield f"{name} would go to careers {basis}, until now with consent for {was['consent']}"
        if was["form"] != now["form"]:
            yield f"{name} would go to careers in another form ({now['form']} instead of {was['form']})"
        if now["stays"] and not was["stays"]:
            yield f"{name} would stay with careers after consent has ended"


def _class_year(before: Grants, after: Grants) -> Iterator[str]:
    for name, was in before.get("class year", {}).items():
        now = after["class year"].get(name)
        if name in after["class year"] and was is not None and (now is None or now < was):
            whose = name.removeprefix("from")
            yield f"people of class years before {was} would be included{whose}" + (f", from {now} on" if now is not None else "")


def _asks(before: Grants, after: Grants) -> Iterator[str]:
    for code, now in after["ask"].items():
        was = before.get("ask", {}).get(code)
        if was is None:
            continue
        if was["consent"] and was["consent"] != now["consent"]:
            yield f"{code} would need {now['consent'] or 'no'} consent instead of {was['consent']} consent"
        if was["confidential"] and not now["confidential"]:
            yield f"{code} would no longer be confidential: its texts would be stored"
        if now["clearance"] < was["clearance"]:
            yield f"{code} would need less clearance"
