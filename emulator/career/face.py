"""How one platform shows a tenant to programs: its paths, how it knows who calls, and how it refuses."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from emulator.career.errors import ApiError
from emulator.career.models import Actor, CareerSystem
from emulator.http import Request, Response

Values = Mapping[str, str]
Endpoint = Callable[[CareerSystem, Actor, Request, Values], Response]


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """One platform's interface.

    ``paths`` are (method, path below ``base``, endpoint). ``authenticate`` answers who calls, or raises an ``ApiError``.
    ``public`` are paths that need nobody. ``refuse`` makes the platform's own answer of an error. ``admit`` counts a call
    against the platform's limits and raises when it is one too many; ``told`` are headers that every answer carries.
    """

    name: str
    base: str
    paths: tuple[tuple[str, str, Endpoint], ...]
    authenticate: Callable[[CareerSystem, Request], Actor]
    refuse: Callable[[ApiError], Response] = ApiError.response
    public: frozenset[str] = frozenset()
    admit: Callable[[CareerSystem], None] = lambda _system: None
    told: Callable[[CareerSystem], Mapping[str, str]] = lambda _system: {}
