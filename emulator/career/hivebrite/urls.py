"""The paths of Hivebrite's Admin API, how fast it may be called, and how it refuses."""

from emulator.career import errors
from emulator.career.errors import ApiError
from emulator.career.face import Endpoint, Face
from emulator.career.hivebrite import login, responses
from emulator.career.models import CareerSystem, Minute
from emulator.http import Response, json_response

_TOKEN = "/api/oauth/token"  # noqa: S105 - an address
_V1, _V3 = "/api/admin/v1", "/api/admin/v3"
_PATHS: tuple[tuple[str, str, Endpoint], ...] = (
    ("POST", _TOKEN, login.token),
    ("GET", f"{_V1}/network", responses.network),
    ("GET", f"{_V1}/me", responses.me),
    ("GET", f"{_V1}/settings/customizable_attributes", responses.customizable_attributes),
    ("GET", f"{_V1}/users", responses.users),
    ("POST", f"{_V1}/users", responses.add_user),
    ("GET", f"{_V1}/users/{{id}}", responses.user),
    ("PUT", f"{_V1}/users/{{id}}", responses.change_user),
    ("DELETE", f"{_V1}/users/{{id}}", responses.remove_user),
    ("GET", f"{_V1}/users/{{id}}/experiences", responses.user_experiences),
    ("GET", f"{_V1}/versions/deleted", responses.deleted),
    ("GET", f"{_V1}/approvals", responses.approvals),
    ("PUT", f"{_V1}/approvals/{{id}}/approve", responses.approve),
    ("GET", f"{_V3}/mentoring/mentor_profiles", responses.mentor_profiles),
    ("GET", f"{_V3}/mentoring/programs", responses.mentoring_programs),
)
_CALLS, _ERRORS = 300, 15


def _admit(system: CareerSystem) -> None:
    """300 calls a minute; none for the rest of a minute with more than 15 server errors."""
    used, _ = system.calls_of_minute.add(system.clock.now())
    if used > _CALLS or _failed(system).count(system.clock.now()) > _ERRORS:
        raise errors.throttled("")


def _failed(system: CareerSystem) -> Minute:
    found: Minute = system.extra.setdefault("server errors", Minute())
    return found


def _erred(system: CareerSystem) -> None:
    _failed(system).add(system.clock.now())


def _refuse(error: ApiError) -> Response:
    """`{"status", "errors"}` as a connector repeats the specification; by field where one is at fault, as another one has it."""
    told = {error.field: [error.message]} if error.field else error.message
    return json_response({"status": error.status, "errors": told}, status=error.status, headers=error.headers)


HIVEBRITE = Face(
    name="hivebrite",
    base="",
    paths=_PATHS,
    authenticate=login.who,
    refuse=_refuse,
    public=frozenset({_TOKEN}),
    admit=_admit,
    erred=_erred,
)
