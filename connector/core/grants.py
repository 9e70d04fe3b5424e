"""What a mapping permits, written down flat: so that one can be compared with another, and no widening goes unnoticed.

Permitted is what leaves Salesforce for a career system, what the bridge may write on the career profile, who owns what, whom a
restriction protects, which asks need which consent, and for whom they stop. Everything else in a mapping can change without
permitting more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from connector.core.model import Mode, OnWithdrawn, OutsideEdit, Owner, Share, Transform
from connector.core.related import Choice
from connector.core.requests import ClearanceRule, RequestRules, plain
from connector.core.rulebook import Eligibility, Fact, Persons, Rules, Source

Grants = Mapping[str, Any]
"""JSON: ``systems`` has for each career system its mapping's grants, by kind and name; ``asks`` what each kind of ask needs."""
Kinds = Mapping[str, Mapping[str, Any]]

_STOPS = (Fact.DECEASED, Fact.DO_NOT_CONTACT)
"""The facts that keep somebody from being asked at all."""

_CLEARANCE = (ClearanceRule.NO.value, ClearanceRule.NAMED.value, ClearanceRule.ALWAYS.value)


def permitted(persons: Persons, requests: RequestRules, systems: Iterable[str]) -> Grants:
    """What these rules permit towards each of these career systems."""
    return {"systems": {system: _of_persons(persons.of(system)) for system in systems}, "asks": _of_asks(requests)}


def _of_asks(requests: RequestRules) -> dict[str, Any]:
    return {
        kind.code: {
            "consent": kind.purpose or "",
            "confidential": kind.confidential,
            "clearance": _CLEARANCE.index(kind.clearance.value),
            "words": [kind.code, kind.label, *kind.aliases] if kind.confidential else [],
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
        "class year": _class_years(eligible),
        "consent": {purpose: [rule.crm for rule in unit.fields] for purpose, unit in person.purposes.items()},
        "refused": {purpose: unit.refused_by for purpose, unit in person.purposes.items()},
        "heard": dict(_heard(person)),
        "stops": {fact.value: _places(source) for fact, source in person.facts.items() if fact in _STOPS},
        "read": dict(_read(person)),
        "carried": dict(_carried(person)),
        "counting": {one.path: _counting(one.choice) for one in person.related if one.choice is not None},
    }


def _places(source: Source) -> list[str]:
    """Where a truth is read on either side: each counts."""
    return [*([source.crm] if source.crm else []), *([f"{source.career} at careers"] if source.career else [])]


def _counting(choice: Choice) -> list[str]:
    """Which of a contact's records of one kind counts: another one says something else of the same person."""
    only = [f"with {' or '.join(words)} in {name}" for name, words in sorted(choice.only.items())]
    return [f"the {'latest' if choice.latest else 'earliest'} by {choice.by}", *only]


def _carried(person: Rules) -> Iterator[tuple[str, str]]:
    """Which restrictions one side tells the other, each with the Contact field that it is about."""
    for unit in person.units:
        for rule in unit.fields if unit.other_office_edit is OutsideEdit.OPT_OUT_WINS else ():
            if unit.to_career is Mode.WRITE and unit.share is not Share.NEVER:
                yield f"{rule.crm} to careers", rule.crm
            if unit.to_crm is Mode.WRITE:
                yield f"{rule.career} to Salesforce", rule.crm


def _heard(person: Rules) -> Iterator[tuple[str, str]]:
    """Where careers refuse a consent, each place with its purpose."""
    for purpose, unit in person.purposes.items():
        yield from ((f"{rule.career} at careers", purpose) for rule in unit.fields if rule.career)


def _read(person: Rules) -> Iterator[tuple[str, list[str]]]:
    """How what protects people is read: a truth turned round, or another word for *no*, lets out whom it kept in."""
    protecting = [unit for unit in person.units if unit.other_office_edit is OutsideEdit.OPT_OUT_WINS]
    for unit in (*protecting, *person.purposes.values()):
        for rule in unit.fields:
            yield rule.crm, _way(rule.crm_transform)
            if rule.career:
                yield f"{rule.career} at careers", _way(rule.career_transform)
    eligible = person.eligibility
    stops = [source for fact, source in person.facts.items() if fact in _STOPS]
    for source in (*eligible.exclude, *eligible.require, *((eligible.class_year,) if eligible.class_year else ()), *stops):
        yield source.crm or "", _way(source.crm_transform)
    for source in stops:
        if source.career:
            yield f"{source.career} at careers", _way(source.career_transform)


def _way(transform: Transform) -> list[str]:
    return [transform.name, *transform.options]


def _class_years(eligible: Eligibility) -> dict[str, Any]:
    year = eligible.class_year
    return {"from": None} if year is None else {"from": eligible.class_year_from, "field": year.crm}


def wider(before: Grants, after: Grants) -> list[str]:
    """What the new permits that the old did not, one line each; nothing if it permits as much or less."""
    several = len(after["systems"]) > 1
    found = []
    for system, now in after["systems"].items():
        was = before["systems"].get(system)
        if was is None:
            found.append(f"{system} is a new career system: everything shared would go there, too")
        else:
            found += [f"{line} ({system})" if several else line for line in _wider(was, now)]
    return [*found, *_asks(before["asks"], after["asks"])]


def _wider(before: Kinds, after: Kinds) -> Iterator[str]:
    yield from _shared(before["shared"], after["shared"])
    yield from _more(before, after, "written", "the bridge would write {} on the career profile")
    yield from _changed(before, after, "owner", "{0} would be owned by {2} instead of {1}")
    yield from _fewer(before, after, "restriction", "{} would no longer count as a restriction, whoever sets it")
    yield from _changed(before, after, "restriction", "{0} would restrict where it is {2} instead of {1}")
    yield from _fewer(before, after, "excluded", "people with {} set would no longer be excluded")
    yield from _fewer(before, after, "required", "people without {} would no longer be excluded")
    yield from _class_year(before["class year"], after["class year"])
    yield from _changed(before, after, "consent", "consent for {0} would be read from {2} instead of {1}")
    # earlier releases did not write these down
    before = {"refused": {}, "heard": {}, "stops": {}, "read": {}, "carried": {}, "counting": {}, **before}
    yield from _changed(before, after, "refused", "consent for {0} would be refused where it is {2} instead of {1}")
    unheard = [
        (place, was) for place, was in before["heard"].items() if was in after["consent"] and after["heard"].get(place) != was
    ]
    yield from (f"a refusal in {place} would no longer count for {purpose}" for place, purpose in unheard)
    # Where asks stop in one place more, fewer people are asked.
    fewer = {fact: places for fact, places in before["stops"].items() if {*places} - {None, *after["stops"].get(fact, places)}}
    yield from _changed({"stops": fewer}, after, "stops", "asks would stop where {2} is set instead of {1} ({0})")
    yield from _changed(before, after, "read", "{0} would be read as {2} instead of {1}")
    yield from _changed(before, after, "counting", "of {0}, {2} would count instead of {1}")
    lost = [
        name for name, field in before["carried"].items() if field in after["restriction"] and after["carried"].get(name) != field
    ]
    yield from (f"the restriction {name} would no longer be carried" for name in lost)


def _more(before: Kinds, after: Kinds, kind: str, text: str) -> Iterator[str]:
    yield from (text.format(name) for name in after[kind] if name not in before[kind])


def _fewer(before: Kinds, after: Kinds, kind: str, text: str) -> Iterator[str]:
    yield from (text.format(name) for name in before[kind] if name not in after[kind])


def _changed(before: Kinds, after: Kinds, kind: str, text: str) -> Iterator[str]:
    for name, value in before[kind].items():
        if name in after[kind] and after[kind][name] != value:
            yield text.format(name, _plain(value), _plain(after[kind][name]))


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value).lower().replace("_", " ")


def _shared(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    for name, now in after.items():
        was = before.get(name)
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


def _class_year(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    was, now = before["from"], after["from"]
    if was is not None and (now is None or now < was):
        yield f"people of class years before {was} would be included" + (f", from {now} on" if now is not None else "")
    # earlier releases did not write down the field
    field, other = before.get("field"), after.get("field")
    if field is not None and other is not None and other != field:
        yield f"class years would be read from {other} instead of {field}"


def _asks(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    for code, now in after.items():
        was = before.get(code)
        if was is None:
            continue
        if was["consent"] and was["consent"] != now["consent"]:
            yield f"{code} would need {now['consent'] or 'no'} consent instead of {was['consent']} consent"
        if was["confidential"] and not now["confidential"]:
            yield f"{code} would no longer be confidential: its texts would be stored"
        if now["clearance"] < was["clearance"]:
            yield f"{code} would need less clearance"
    # earlier releases did not write down the words
    kept = {plain(word) for now in after.values() for word in now["words"]}
    for code, was in before.items():
        if was["confidential"] and (code not in after or after[code]["confidential"]):
            lost = [word for word in was.get("words", ()) if plain(word) not in kept]
            yield from (f"asks called {word} would no longer be confidential: their texts would be stored" for word in lost)
