"""How an administrator's program logs in at Hivebrite: OAuth with her password, or with what the last login left.

A key of the tenant is an administrator's password here; address, client and its secret are whatever is sent.
"""

import secrets
from datetime import timedelta

from emulator.career import errors
from emulator.career.face import Values
from emulator.career.models import CareerSystem
from emulator.career.records import Actor
from emulator.http import Request, Response, json_response


def token(system: CareerSystem, _nobody: Actor, request: Request, _values: Values) -> Response:
    """POST /api/oauth/token, as a form."""
    form = request.form()
    refreshers: dict[str, Actor] = system.extra.setdefault("refresh tokens", {})
    if not form.get("client_id") or not form.get("client_secret"):
        return _refused("invalid_client")
    match form.get("grant_type"):
        case "password" if form.get("admin_email") and form.get("scope") == "admin":
            actor = system.keys.get(form.get("password", ""))
        case "refresh_token":
            actor = refreshers.get(form.get("refresh_token", ""))
        case _:
            return _refused("unsupported_grant_type", status=400)
    if actor is None:
        return _refused("invalid_grant")
    life = system.switches.hivebrite_token_life
    made, again = secrets.token_urlsafe(24), form.get("refresh_token") or secrets.token_urlsafe(24)
    if system.switches.hivebrite_refresh_rotates:
        refreshers.pop(again, None)
        again = secrets.token_urlsafe(24)
    refreshers[again] = actor
    system.tokens[made] = (actor, system.clock.now() + timedelta(seconds=life))
    told = {"access_token": made, "token_type": "Bearer", "expires_in": life, "refresh_token": again, "scope": "admin"}
    return json_response(told, status=201)


def who(system: CareerSystem, request: Request) -> Actor:
    """The administrator behind a call's token, in the header or in the address."""
    scheme, _, shown = request.header("authorization").partition(" ")
    if scheme.lower() != "bearer":
        shown = request.parameter("access_token")
    actor, until = system.tokens.get(shown.strip(), (None, system.clock.now()))
    if actor is None or system.clock.now() >= until:
        raise errors.unauthorized()
    return actor


def _refused(word: str, *, status: int = 401) -> Response:
    return json_response({"error": word, "error_description": "The login was refused."}, status=status)
