"""The compiler of mapping files: TOML in ``mappings/`` to the values of the core, every problem at once."""

from connector.core.requests import RequestRules, RequestType
from connector.core.routing import Routing
from connector.core.rulebook import Brakes, Eligibility, Fact, MatchFields, NewPerson, Persons, Rules, Slot, Source
from connector.rules.compile import Rulebook, load_rules

__all__ = [
    "Brakes",
    "Eligibility",
    "Fact",
    "MatchFields",
    "NewPerson",
    "Persons",
    "RequestRules",
    "RequestType",
    "Routing",
    "Rulebook",
    "Rules",
    "Slot",
    "Source",
    "load_rules",
]
