"""The face of the generic contract (`docs/career-api.md`)."""

from emulator.career import errors, responses
from emulator.career.face import Endpoint, Face
from emulator.career.models import CareerSystem
from emulator.career.records import Actor
from emulator.http import Request

_PATHS: tuple[tuple[str, str, Endpoint], ...] = (
    ("GET", "/tenant", responses.tenant),
    ("GET", "/people", responses.people),
    ("POST", "/people/batch", responses.change_people),
    ("GET", "/people/{id}", responses.person),
    ("PATCH", "/people/{id}", responses.change_person),
    ("DELETE", "/people/{id}", responses.delete_person),
    ("GET", "/people/{id}/versions", responses.versions),
    ("GET", "/requests", responses.requests),
    ("POST", "/requests", responses.file_request),
    ("POST", "/requests/acknowledgements", responses.acknowledge_many),
    ("GET", "/requests/{id}", responses.request),
    ("PATCH", "/requests/{id}", responses.change_request),
    ("GET", "/requests/{id}/acknowledgement", responses.acknowledgement),
    ("PUT", "/requests/{id}/acknowledgement", responses.acknowledge),
    ("GET", "/changes", responses.changes),
    ("GET", "/notes", responses.notes),
    ("POST", "/notes/batch", responses.put_notes),
    ("PUT", "/notes/{key}", responses.put_note),
)


def _authenticate(system: CareerSystem, request: Request) -> Actor:
    scheme, _, key = request.header("authorization").partition(" ")
    actor = system.keys.get(key.strip())
    if scheme.lower() != "bearer" or actor is None:
        raise errors.unauthorized()
    return actor


def _admit(system: CareerSystem) -> None:
    limit = system.switches.calls_per_minute
    if limit is None:
        return
    used, left = system.calls_of_minute.add(system.clock.now())
    if used > limit:
        raise errors.throttled(str(left))


GENERIC = Face(name="generic", base="/bridge/v1", paths=_PATHS, authenticate=_authenticate, admit=_admit)
REQUESTS = Face(
    name="requests",
    base=GENERIC.base,
    paths=tuple(path for path in _PATHS if path[1].startswith("/requests")),
    authenticate=_authenticate,
    admit=_admit,
)
"""The contract's request calls alone: the small service that stands beside a platform without requests of its own."""
