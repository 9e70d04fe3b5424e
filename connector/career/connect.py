"""Which code speaks with which career system; the only module of this package that knows all dialects and carriers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from connector.career.access import Key
from connector.career.carriers.csv import CsvRequests
from connector.career.carriers.notes import NoteRequests
from connector.career.carriers.rest import RestRequests
from connector.career.contract import Contract
from connector.career.dialect import Dialect, RequestCarrier
from connector.career.dialects.csv_drop import CsvDrop
from connector.career.dialects.generic import Generic
from connector.career.dialects.handshake import Handshake
from connector.career.dialects.hivebrite import Hivebrite
from connector.career.dialects.symplicity_csm import SymplicityCsm
from connector.career.dialects.twelvetwenty import TwelveTwenty
from connector.career.setup import Setup
from connector.career.side import CareerClient
from connector.errors import Bug


def connect(setup: Setup) -> CareerClient:
    """The configured system as a ``CareerSide``; nothing is asked of it yet."""
    people = DIALECTS[setup.profile.dialect](setup)
    carrier = _carrier(setup, people) if setup.carrier else None
    return CareerClient(system=setup.system, profile=setup.profile, people=people, requests=carrier)


def _generic(setup: Setup) -> Generic:
    if not isinstance(setup.profile, Contract):
        raise Bug("a profile of dialect generic has the names of the contract")
    profile, access = setup.profile, setup.profile.access
    if not setup.own_requests:
        # What it has of requests is nobody's business: they come from elsewhere, or not at all.
        profile = profile.model_copy(update={"abilities": profile.abilities.model_copy(update={"requests": False})})
    key = Key(setup.the_key()) if access.kind == "bearer" else Key(setup.the_key(), header=access.header, word="")
    return Generic(setup.exchange(key, rights="docs/career-api.md"), profile)


DIALECTS: Mapping[str, Callable[[Setup], Dialect]] = {
    "generic": _generic,
    "hivebrite": Hivebrite.open,
    "symplicity_csm": SymplicityCsm.open,
    "12twenty": TwelveTwenty.open,
    "csv_drop": CsvDrop,
    "handshake": Handshake,
}
"""How each dialect of ``connector.career.facts`` is opened."""


def _carrier(setup: Setup, people: Dialect) -> RequestCarrier:
    match setup.carrier:
        case "rest" if isinstance(people, Generic) and setup.own_requests:
            return people
        case "rest":
            return RestRequests.open(setup)
        case "notes" if isinstance(people, TwelveTwenty):
            return NoteRequests(people.notebook())
        case "csv":
            return CsvRequests(setup)
        case carrier:
            raise Bug(f"{setup.profile.dialect} has no requests by {carrier}")
