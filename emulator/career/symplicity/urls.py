"""The paths of Symplicity CSM's public API, how fast it may be called, and how it refuses."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import format_datetime

from emulator.career import errors
from emulator.career.errors import ApiError
from emulator.career.face import Endpoint, Face
from emulator.career.models import CareerSystem
from emulator.career.records import Actor
from emulator.career.symplicity import responses
from emulator.career.symplicity.bulk import catch_up
from emulator.http import Request, Response, json_response

_PATHS: tuple[tuple[str, str, Endpoint], ...] = (
    ("GET", "/students", responses.students),
    ("POST", "/students", responses.add_student),
    ("PUT", "/students", responses.change_students),
    ("GET", "/students/{id}", responses.student),
    ("PUT", "/students/{id}", responses.change_student),
    ("GET", "/batch/{id}", responses.batch),
    ("GET", "/picklists/students/{field}", responses.picklists),
    ("GET", "/reports", responses.reports),
    ("PUT", "/reports/{id}/run", responses.run_report),
    ("GET", "/reports/{id}/runs", responses.report_runs),
    ("GET", "/reports/{id}/data", responses.report_data),
)
_BUCKET, _LEAK = 100, 10.0
"""So many calls at once, and so many a second."""


def _authenticate(system: CareerSystem, request: Request) -> Actor:
    word, _, key = request.header("authorization").partition(" ")
    actor = system.keys.get(key.strip())
    if word != "Token" or actor is None:
        raise errors.unauthorized()
    return actor


def _admit(system: CareerSystem) -> None:
    now = system.clock.now()
    level, at = system.extra.get("bucket", (0.0, now))
    level = max(0.0, level - (now - at).total_seconds() * _LEAK)
    if level + 1 > _BUCKET or _left(system, now) <= 0:
        raise ApiError(429, "throttled", "Rate Limit Exceeded")
    system.extra["bucket"] = (level + 1, now)
    day, used = _day(system, now)
    system.extra["calls of the day"] = (day, used + 1)


def _day(system: CareerSystem, now: datetime) -> tuple[str, int]:
    """The day of the count, and the calls that were made on it."""
    today = f"{now - timedelta(hours=system.switches.symplicity_midnight_hours):%Y-%m-%d}"
    day, used = system.extra.get("calls of the day", (today, 0))
    return today, used if day == today else 0


def _left(system: CareerSystem, now: datetime) -> int:
    return system.switches.symplicity_calls_per_day - _day(system, now)[1]


def _told(system: CareerSystem) -> Mapping[str, str]:
    """The day's count, on every answer."""
    now, hours = system.clock.now(), timedelta(hours=system.switches.symplicity_midnight_hours)
    ends = (now - hours).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1) + hours
    match system.switches.symplicity_reset:
        case "epoch":
            reset = str(int(ends.timestamp()))
        case "text":
            reset = format_datetime(ends, usegmt=True)
        case _:
            reset = str(int((ends - now).total_seconds()))
    limit, left = system.switches.symplicity_calls_per_day, _left(system, now)
    return {"X-Rate-Limit-Limit": str(limit), "X-Rate-Limit-Remaining": str(left), "X-Rate-Limit-Reset": reset}


def _refuse(error: ApiError) -> Response:
    """`{"errors"}` where values are at fault, else `{"messages"}`, as the vendor's own client reads them."""
    told: dict[str, object] = {"messages": [{"type": "error", "text": error.message}]}
    if error.field:
        told = {"errors": {error.field: [error.message]}}
    return json_response(told, status=error.status, headers=error.headers)


SYMPLICITY = Face(
    name="symplicity_csm",
    base="/api/public/v1",
    paths=_PATHS,
    authenticate=_authenticate,
    refuse=_refuse,
    admit=_admit,
    told=_told,
    catch_up=catch_up,
)
