"""The emulated Hivebrite keeps to what the vendor's page and public code show, and to each switch."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from emulator.career import Actor, CareerApp, CareerSystem, Kind
from emulator.career.faults import Fault
from emulator.career.hivebrite import HIVEBRITE
from emulator.clock import Clock
from emulator.http import Response, request

PEOPLE = [{"id": str(1000 + n), "first_name": f"N{n}", "last_name": "Lee", "login_email": f"n{n}@example.org"} for n in range(3)]
LOGIN = {"grant_type": "password", "admin_email": "b@example.edu", "client_id": "c", "client_secret": "s", "scope": "admin"}


@pytest.fixture
def app() -> CareerApp:
    """A community with three users, and an administrator's password."""
    system = CareerSystem(Clock())
    system.seed("person", PEOPLE)
    system.admit("pass", Actor(id="admin-1", name="The bridge", kind=Kind.API))
    return CareerApp(system, face=HIVEBRITE)


def log_in(app: CareerApp, **form: str) -> Response:
    """One call of the token endpoint."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return app.handle(request("POST", "/api/oauth/token", headers=headers, body=urlencode(LOGIN | form)))


def ask(app: CareerApp, line: str, body: object = b"") -> Response:
    """One call such as `GET /v1/users`, with a fresh token."""
    method, path = line.split(" ", 1)
    token = told(log_in(app, password="pass"), 201)["access_token"]
    return app.handle(request(method, f"/api/admin{path}", headers={"Authorization": f"Bearer {token}"}, body=body))


def told(answer: Response, status: int = 200) -> Any:
    """The body, when the status is as expected."""
    assert answer.status == status, answer.body
    return json.loads(answer.body)


def test_a_login_lasts_two_hours_and_leaves_a_refresh_token(app: CareerApp) -> None:
    """A password or a refresh token makes a bearer token; it ends, and a used refresh token is refused where they rotate."""
    first = told(log_in(app, password="pass"), 201)
    assert (first["token_type"], first["expires_in"]) == ("Bearer", 7200)
    line = request("GET", "/api/admin/v1/network", headers={"Authorization": f"Bearer {first['access_token']}"})
    assert app.handle(line).status == 200
    app.system.clock.move(timedelta(seconds=7200))
    assert app.handle(line).status == 401
    again = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    second = told(log_in(app, **again), 201)
    assert second["refresh_token"] != first["refresh_token"]
    assert log_in(app, **again).status == 401
    app.system.switches.hivebrite_refresh_rotates = False
    again["refresh_token"] = second["refresh_token"]
    assert told(log_in(app, **again), 201)["refresh_token"] == again["refresh_token"]
    assert log_in(app, **again).status == 201
    assert log_in(app, password="wrong").status == 401
    assert log_in(app, password="pass", scope="user").status == 400


def test_lists_come_in_pages_with_headers(app: CareerApp) -> None:
    """25 rows unless more are asked for, 100 at most; the addresses of `Link` are on another host, as in the vendor's example."""
    app.system.seed("person", [{"id": str(2000 + n), "last_name": "L"} for n in range(98)])
    answer = ask(app, "GET /v1/users")
    assert len(told(answer)["users"]) == 25
    assert (answer.headers["x-total"], answer.headers["x-page"], answer.headers["x-per-page"]) == ("101", "1", "25")
    assert 'page=5>; rel="last"' in answer.headers["Link"]
    assert answer.headers["Link"].startswith("<https://hivebrite.com/api/admin/v1/users?")
    last = ask(app, "GET /v1/users?page=2&per_page=100")
    assert len(told(last)["users"]) == 1
    assert 'rel="next"' not in last.headers["Link"]
    beyond = told(ask(app, "GET /v1/users?page=3&per_page=100"), 404)
    assert beyond["errors"] == "expected :page in 1..2; got 3"
    assert ask(app, "GET /v1/users?per_page=101").status == 400
    app.system.switches.hivebrite_overflow_is_404 = False
    app.system.switches.hivebrite_bare_lists = True
    assert told(ask(app, "GET /v1/users?page=3&per_page=100")) == []


def test_a_list_shows_whole_users_only_when_asked(app: CareerApp) -> None:
    """Without full_profile a list has names and times alone; one user is always whole."""
    (brief, *_) = told(ask(app, "GET /v1/users"))["users"]
    (whole, *_) = told(ask(app, "GET /v1/users?full_profile=true"))["users"]
    assert brief.keys() < whole.keys()
    assert whole["postal_personal"]["city"] is None
    assert told(ask(app, "GET /v1/users/1000"))["user"].keys() == whole.keys()
    app.system.switches.hivebrite_jobs_in_profile = False
    assert "experiences" not in told(ask(app, "GET /v1/users/1000"))["user"]


def test_attributes_have_inner_names_and_choices(app: CareerApp) -> None:
    """A value is written by the attribute's inner name; a choice that is not there is refused with the attribute's name."""
    known = {
        one["display_name"]: one for one in told(ask(app, "GET /v1/settings/customizable_attributes"))["customizable_attributes"]
    }
    asked = known["May be surveyed"]
    assert (asked["options"], asked["name"][0], asked["name"][9:]) == (["Yes", "No"], "_", "_May_be_surveyed")
    change = {"user": {"custom_attributes": [{"name": asked["name"], "value": "No"}]}}
    told(ask(app, "PUT /v1/users/1000", change))
    assert app.system.people.by_id["1000"].data()["consents"]["surveys"] is False
    change["user"]["custom_attributes"][0]["value"] = "Perhaps"
    assert told(ask(app, "PUT /v1/users/1000", change), 422)["errors"] == {"May be surveyed": ["is not included in the list"]}


def test_a_put_changes_what_it_names(app: CareerApp) -> None:
    """Other properties stay, unless the switch says that PUT replaces; an address as it is counts as taken."""
    told(ask(app, "PUT /v1/users/1000", {"user": {"headline": "Judge", "postal_personal": {"city": "Oslo"}}}))
    user = told(ask(app, "PUT /v1/users/1000", {"user": {"lastname": "Moss"}}))["user"]
    assert (user["headline"], user["postal_personal"]["city"], user["firstname"]) == ("Judge", "Oslo", "N0")
    taken = told(ask(app, "PUT /v1/users/1000", {"user": {"email": "n0@example.org"}}), 422)
    assert taken["errors"] == {"email": ["Email has already been taken"]}
    app.system.switches.hivebrite_put_replaces = True
    user = told(ask(app, "PUT /v1/users/1000", {"user": {"lastname": "Moss"}}))["user"]
    assert (user["headline"], user["lastname"]) == (None, "Moss")
    assert ask(app, "PUT /v1/users/1000", {"lastname": "Moss"}).status == 400


def test_who_has_asked_to_join_waits_for_approval(app: CareerApp) -> None:
    """A pending user stands among the approvals alone; approving makes a user of her, once."""
    app.system.seed("person", [{"id": "2000", "last_name": "New", "state": "pending_approval"}])
    assert [one["id"] for one in told(ask(app, "GET /v1/approvals"))["approvals"]] == [2000]
    assert ask(app, "GET /v1/users/2000").status == 404
    told(ask(app, "PUT /v1/approvals/2000/approve"))
    assert told(ask(app, "GET /v1/users/2000"))["user"]["lastname"] == "New"
    assert ask(app, "PUT /v1/approvals/2000/approve").status == 404


def test_deletions_are_told_by_kind(app: CareerApp) -> None:
    """What was deleted since a moment, whatever it was; a deleted user is nowhere else."""
    before = app.system.clock.now()
    app.system.clock.move(timedelta(hours=1))
    assert ask(app, "DELETE /v1/users/1001").status == 204
    (gone,) = told(ask(app, f"GET /v1/versions/deleted?deleted_since={before:%Y-%m-%dT%H:%M:%S}"))["versions"]
    assert (gone["item_id"], gone["item_type"], gone["event"]) == (1001, "User", "destroy")
    later = app.system.clock.now() + timedelta(seconds=1)
    assert told(ask(app, f"GET /v1/versions/deleted?deleted_since={later:%Y-%m-%dT%H:%M:%S}"))["versions"] == []
    assert ask(app, "GET /v1/users/1001").status == 404


def test_too_many_calls_and_too_many_errors_are_throttled(app: CareerApp) -> None:
    """300 calls a minute; with more than 15 server errors in one, none at all until it ends."""
    token = told(log_in(app, password="pass"), 201)["access_token"]
    line = request("GET", "/api/admin/v1/me", headers={"Authorization": f"Bearer {token}"})
    app.system.clock.set(app.system.clock.now().replace(second=0))
    assert {app.handle(line).status for _ in range(300)} == {200}
    assert app.handle(line).status == 429
    app.system.clock.move(timedelta(minutes=1))
    app.order(Fault.ERROR, "/me", count=16)
    assert [app.handle(line).status for _ in range(17)] == [500] * 16 + [429]
    app.system.clock.move(timedelta(minutes=1))
    assert app.handle(line).status == 200
