"""Who works what, and until when, as the simulation reads it: straight from the TOML files, without the product's compiler."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import holidays

from tests.simulation.variants import mapping_data
from tests.simulation.words import token


@dataclass(frozen=True, kw_only=True)
class Office:
    """When an office works. ``closes`` is the local end of a working day."""

    zone: ZoneInfo
    closes: time
    weekend: Collection[str]
    off: Collection[date]

    def due(self, received: datetime, days: int) -> datetime:
        """The end of the working day that comes so many after the one on which something is received."""
        local = received.astimezone(self.zone)
        first = local.date() + timedelta(days=local.time() >= self.closes)
        open_days = (day for day in (first + timedelta(days=more) for more in range(400)) if self._works(day))
        return datetime.combine(next(islice(open_days, days, None)), self.closes, self.zone)

    def _works(self, day: date) -> bool:
        return day.strftime("%A").lower() not in self.weekend and day not in self.off


@dataclass(frozen=True, kw_only=True)
class Owner:
    """Who can own a Task: a ``user`` by e-mail address or a ``queue`` by developer name; the other is empty."""

    user: str
    queue: str
    office: Office


@dataclass(frozen=True, kw_only=True)
class Ways:
    """What stands in ``requests.toml`` and ``routing.toml``; words as in the files."""

    types: Mapping[str, Mapping[str, Any]]
    rules: list[Mapping[str, Any]]
    owners: Mapping[str, Owner]
    fallback: Owner
    triage: Owner
    limit: Mapping[str, int]

    def by_rule(self, code: str, facts: Mapping[str, str]) -> Owner:
        """Who works an ask that needs nobody's look first; ``facts`` are of the contact, what it lacks is ""."""
        for rule in self.rules:
            if code in rule.get("types", [code]) and _holds(rule, facts):
                return self.owners[rule["owner"]]
        return self.owners[self.types[code]["owner"]]

    def needs_clearance(self, code: str, *, named: bool) -> bool:
        """Whether somebody has to say yes before the alumnus is contacted."""
        rule = self.types[code].get("named_needs_clearance", "no")
        return bool(rule == "always" or (rule == "named" and named))


_CONDITIONS = {"countries": "country", "states": "state", "schools": "school", "degrees": "degree"}


def _holds(rule: Mapping[str, Any], facts: Mapping[str, str]) -> bool:
    years = rule.get("class_year_from", 0), rule.get("class_year_to", 9999)
    if years != (0, 9999) and not (facts["class_year"] and years[0] <= int(facts["class_year"]) <= years[1]):
        return False
    return all(
        facts[fact].casefold() in {str(one).casefold() for one in rule[name]}
        for name, fact in _CONDITIONS.items()
        if rule.get(name)
    )


@cache
def read_routing(mapping: str) -> Ways:
    """The ways of a mapping, by its name."""
    types, routing = mapping_data(mapping, "requests.toml")["type"], mapping_data(mapping, "routing.toml")
    offices = {name: _office(table) for name, table in routing["calendar"].items()}
    owners = {
        key: Owner(user=table.get("user", ""), queue=table.get("queue", ""), office=offices[table["calendar"]])
        for key, table in routing["owner"].items()
    }
    return Ways(
        types=types,
        rules=routing["rule"],
        owners=owners,
        fallback=owners[routing["fallback"]],
        triage=owners[routing["triage"]],
        limit=routing["limit"],
    )


def _office(table: Mapping[str, Any]) -> Office:
    years = range(2026, 2030)
    return Office(
        zone=ZoneInfo(table["time_zone"]),
        closes=table["closes"],
        weekend=table.get("weekend", ["saturday", "sunday"]),
        off={
            *holidays.country_holidays(table["country"], subdiv=table.get("subdivision"), years=years),
            *table.get("closed_on", []),
        },
    )


def facts_of(mapping: str, contact: Mapping[str, Any]) -> Mapping[str, str]:
    """What routing has to know about a contact, each as careers call it; "" for what it lacks. By path, as it was read."""
    data = mapping_data(mapping)
    fields = {**data.get("read", {}), **data["field"]}
    found = {}
    for fact in ("class_year", *_CONDITIONS.values()):
        name = data["facts"].get(fact)
        found[fact] = token(name, "crm", contact.get(fields[name]["crm"])).partition("=")[2] if name else ""
    return found
