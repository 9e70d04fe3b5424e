"""How one platform shows a tenant to programs: its paths, how it knows who calls, and how it refuses."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from emulator.career.errors import ApiError
from emulator.career.models import CareerSystem
from emulator.career.records import Actor
from emulator.http import Request, Response

Values = Mapping[str, str]
Endpoint = Callable[[CareerSystem, Actor, Request, Values], Response]
Handle = Callable[[CareerSystem, Mapping[str, Any]], object]
"""What an order at the control door does; its body is an object."""


class Desk(Protocol):
    """What counsellors do with requests, and see of them, in a platform's own pages. Words are the contract's."""

    def file(self, system: CareerSystem, fields: Mapping[str, Any], by: Actor) -> str:
        """File a request as staff do it there; its id, as the platform has it."""

    def withdraw(self, system: CareerSystem, request_id: str, by: Actor) -> None:
        """Withdraw a request."""

    def told(self, system: CareerSystem, request_id: str) -> Mapping[str, Any] | None:
        """Where the request stands, as staff read it there: ``number``, ``state``, ``message``, ``offered``; None if nothing."""

    def notes(self, system: CareerSystem, person_id: str) -> list[str]:
        """The texts of the staff-only notes about an account that programs left."""


class OwnRequests:
    """The desk of a platform that has requests of its own."""

    def file(self, system: CareerSystem, fields: Mapping[str, Any], by: Actor) -> str:
        """See ``Desk.file``."""
        return system.file_request(fields, by).id

    def withdraw(self, system: CareerSystem, request_id: str, by: Actor) -> None:
        """See ``Desk.withdraw``."""
        system.change_request(request_id, {"state": "withdrawn"}, by)

    def told(self, system: CareerSystem, request_id: str) -> Mapping[str, Any] | None:
        """See ``Desk.told``."""
        return system.acknowledgements.get(request_id)

    def notes(self, system: CareerSystem, person_id: str) -> list[str]:
        """See ``Desk.notes``."""
        return [str(note["text"]) for note in system.notes.values() if note.get("person_id") == person_id]


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """One platform's interface. ``desk`` is how its staff work with requests.

    ``paths`` are (method, path below ``base``, endpoint). ``authenticate`` answers who calls, or raises an ``ApiError``.
    ``public`` are paths that need nobody. ``refuse`` makes the platform's own answer of an error. ``admit`` counts a call
    against the platform's limits and raises when it is one too many; ``told`` are headers that every answer carries;
    ``erred`` is told of each server error. ``catch_up`` does what the platform does in its own time, as far as it is due.
    ``orders`` are what programs beside the platform do when they are told to at the control door.
    """

    name: str
    base: str
    paths: tuple[tuple[str, str, Endpoint], ...]
    authenticate: Callable[[CareerSystem, Request], Actor]
    refuse: Callable[[ApiError], Response] = ApiError.response
    desk: Desk = field(default_factory=OwnRequests)
    public: frozenset[str] = frozenset()
    admit: Callable[[CareerSystem], None] = lambda _system: None
    told: Callable[[CareerSystem], Mapping[str, str]] = lambda _system: {}
    erred: Callable[[CareerSystem], None] = lambda _system: None
    catch_up: Callable[[CareerSystem], None] = lambda _system: None
    orders: Mapping[str, Handle] = field(default_factory=dict)
