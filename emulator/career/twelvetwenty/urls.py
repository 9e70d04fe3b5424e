"""The paths of 12twenty's API, how it knows who calls, and how it refuses."""

from emulator.career import errors
from emulator.career.errors import ApiError
from emulator.career.face import Endpoint, Face
from emulator.career.models import CareerSystem
from emulator.career.records import Actor
from emulator.career.twelvetwenty import responses
from emulator.career.twelvetwenty.desk import NoteDesk
from emulator.http import Request, Response, json_response

_TOKEN = "/api/client/generateAuthenticationToken"  # noqa: S105 - an address
_PATHS: tuple[tuple[str, str, Endpoint], ...] = (
    ("GET", _TOKEN, responses.token),
    ("GET", "/api/v2/attributes", responses.attribute_list),
    ("GET", "/api/v2/attributes/{id}", responses.attribute),
    ("GET", "/api/v2/lookups", responses.lookups),
    ("GET", "/api/v2/lookups/{id}/options", responses.lookup_options),
    ("GET", "/api/v2/notes", responses.notes),
    ("POST", "/api/v2/notes", responses.add_note),
    ("GET", "/api/v2/notes/{id}", responses.note),
    ("PUT", "/api/v2/notes/{id}", responses.change_note),
    ("GET", "/api/v2/{list}", responses.people),
    ("POST", "/api/v2/{list}", responses.create),
    ("GET", "/api/v2/{list}/{id}", responses.person),
    ("PUT", "/api/v2/{list}/{id}", responses.change),
    ("PATCH", "/api/v2/{list}/{id}", responses.change),
)


def _authenticate(system: CareerSystem, request: Request) -> Actor:
    scheme, _, token = request.header("authorization").partition(" ")
    actor, until = system.tokens.get(token.strip(), (None, system.clock.now()))
    if scheme.lower() != "bearer" or actor is None or system.clock.now() >= until:
        raise errors.unauthorized()
    return actor


def _refuse(error: ApiError) -> Response:
    """The shape is a guess: no refused call of 12twenty was seen. 422 is not used; what is invalid is a 400."""
    status = 400 if error.status == 422 else error.status
    return json_response({"Message": error.message}, status=status, headers=error.headers)


TWELVETWENTY = Face(
    name="12twenty",
    base="",
    paths=_PATHS,
    authenticate=_authenticate,
    refuse=_refuse,
    public=frozenset({_TOKEN}),
    desk=NoteDesk(),
)
