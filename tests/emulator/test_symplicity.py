"""The emulated Symplicity CSM keeps to what the vendor's page and public code show, and to each switch."""

import json
from datetime import timedelta
from typing import Any

import pytest

from emulator.career import Actor, CareerApp, CareerSystem, Kind
from emulator.career.symplicity import SYMPLICITY
from emulator.clock import Clock
from emulator.http import Response, request

IDS = [f"{n:032x}" for n in range(1, 4)]
PEOPLE = [
    {"id": id, "first_name": f"N{n}", "last_name": "Lee", "institution_id": f"u{9 - n}", "class_year": 1999}
    for n, id in enumerate(IDS)
]


@pytest.fixture
def app() -> CareerApp:
    """A site with three students, and a program's token."""
    system = CareerSystem(Clock())
    system.seed("person", PEOPLE)
    system.admit("token", Actor(id="key-1", name="A program", kind=Kind.API))
    return CareerApp(system, face=SYMPLICITY)


def ask(app: CareerApp, line: str, body: object = b"", *, authorization: str = "Token token") -> Response:
    """One call such as `GET /students`."""
    method, path = line.split(" ", 1)
    return app.handle(request(method, f"/api/public/v1{path}", headers={"Authorization": authorization}, body=body))


def told(answer: Response, status: int = 200) -> Any:
    """The body, when the status is as expected."""
    assert answer.status == status, answer.body
    return json.loads(answer.body)


def wait(app: CareerApp, seconds: int) -> None:
    """Let time pass there."""
    app.system.clock.move(timedelta(seconds=seconds))


@pytest.mark.parametrize("authorization", ["Bearer token", "Token wrong", "token", ""])
def test_a_token_is_needed(app: CareerApp, authorization: str) -> None:
    """No other word, and no other key, lets anybody in."""
    assert "messages" in told(ask(app, "GET /students", authorization=authorization), 401)


def test_lists_come_in_pages_of_what_was_asked_for(app: CareerApp) -> None:
    """25 rows unless more are asked for, 500 at most; custom fields only when asked for; a page behind the last is empty."""
    app.system.seed("person", [{"id": f"{n:032x}", "last_name": "L"} for n in range(100, 610)])
    page = told(ask(app, "GET /students"))
    assert (len(page["models"]), page["total"], page["perPage"], page["page"]) == (25, 513, 25, 1)
    assert "customFields" not in page["models"][0]
    page = told(ask(app, "GET /students?perPage=900&page=2&customFields=1"))
    assert (len(page["models"]), page["perPage"]) == (13, 500)
    assert "class_year" in page["models"][0]["customFields"]
    assert told(ask(app, "GET /students?perPage=500&page=3"))["models"] == []
    assert ask(app, "GET /students?page=nonsense").status == 400


def test_lists_are_sorted_and_searched(app: CareerApp) -> None:
    """By the school's own id where it is asked for; keywords are found in what is shown."""
    sort = told(ask(app, "GET /students?sort=schoolStudentId"))["models"]
    assert [one["schoolStudentId"] for one in sort] == ["u7", "u8", "u9"]
    assert [one["id"] for one in told(ask(app, "GET /students?keywords=n1"))["models"]] == [IDS[1]]


def test_a_put_changes_what_it_names(app: CareerApp) -> None:
    """Custom fields are written beside the others and read below `customFields`; what is not named stays, unless PUT replaces."""
    told(ask(app, f"PUT /students/{IDS[0]}", {"preferredName": "Ace", "job_title": "Judge"}))
    now = told(ask(app, f"GET /students/{IDS[0]}?customFields=1"))
    assert (now["preferredName"], now["firstName"], now["customFields"]["job_title"]) == ("Ace", "N0", "Judge")
    assert now["customFields"]["class_year"] == "1999"
    app.system.switches.symplicity_put_replaces = True
    told(ask(app, f"PUT /students/{IDS[0]}", {"firstName": "Ada"}))
    now = told(ask(app, f"GET /students/{IDS[0]}?customFields=1"))
    assert (now["preferredName"], now["firstName"], now["customFields"]["job_title"]) == ("", "Ada", "")
    assert ask(app, f"GET /students/{9:032x}").status == 404


def test_choices_are_written_by_their_ids(app: CareerApp) -> None:
    """A picklist has the ids; a name in their place is refused with the field's name, and a field without choices has no list."""
    ids = {one["value"]: one["id"] for one in told(ask(app, "GET /picklists/students/may_be_surveyed"))}
    told(ask(app, f"PUT /students/{IDS[0]}", {"may_be_surveyed": ids["No"]}))
    shown = told(ask(app, f"GET /students/{IDS[0]}?customFields=1"))["customFields"]["may_be_surveyed"]
    assert shown == {"id": ids["No"], "label": "No"}
    assert told(ask(app, f"PUT /students/{IDS[0]}", {"may_be_surveyed": "No"}), 422)["errors"].keys() == {"may_be_surveyed"}
    assert ask(app, "GET /picklists/students/job_title").status == 404
    app.system.switches.symplicity_bare_picklists = False
    assert len(told(ask(app, "GET /picklists/students/may_be_surveyed"))["models"]) == 2


def test_a_batch_is_worked_through_later_and_alone(app: CareerApp) -> None:
    """It is taken at once, done after some seconds, each element by itself; a second one is refused meanwhile."""
    items = [{"id": IDS[0], "preferredName": "Ace"}, {"id": IDS[1], "work_e_mail": "nonsense"}, {"id": f"{9:032x}"}]
    batch = told(ask(app, "PUT /students?batch=1", items))
    assert told(ask(app, "PUT /students?batch=1", items), 429)["messages"]
    assert told(ask(app, f"GET /batch/{batch['id']}"))["status"] == batch["status"] == "pending"
    assert told(ask(app, f"GET /students/{IDS[0]}"))["preferredName"] == ""
    wait(app, 4)
    done = told(ask(app, f"GET /batch/{batch['id']}"))
    assert done["status"] == "completed"
    assert [list(one.get("errors", ())) for one in done["responses"]] == [[], ["work_e_mail"], ["id"]]
    assert told(ask(app, f"GET /students/{IDS[0]}"))["preferredName"] == "Ace"
    told(ask(app, "PUT /students?batch=1", items))


def test_a_batch_that_fails_has_changed_nothing(app: CareerApp) -> None:
    """It may end otherwise than completed."""
    app.system.switches.symplicity_batch_ends = "failed"
    batch = told(ask(app, "PUT /students?batch=1", [{"id": IDS[0], "preferredName": "Ace"}]))
    wait(app, 4)
    assert told(ask(app, f"GET /batch/{batch['id']}")) == {"id": batch["id"], "status": "failed", "responses": []}
    assert told(ask(app, f"GET /students/{IDS[0]}"))["preferredName"] == ""
    assert ask(app, "PUT /students?batch=1", {"id": IDS[0]}).status == 400


def test_a_report_is_run_and_then_read(app: CareerApp) -> None:
    """Its newest run tells how far it is; its rows, those who changed in the last days, are there once a run is complete."""
    wait(app, 3 * 86_400)
    told(ask(app, f"PUT /students/{IDS[1]}", {"preferredName": "Ace"}))
    assert ask(app, "GET /reports/41/data?format=csv").status == 404
    run = told(ask(app, "PUT /reports/41/run"))
    wait(app, 89)
    newest = "GET /reports/41/runs?page=1&perPage=1"
    assert told(ask(app, newest))["models"] == [{"id": run["id"], "label": "running"}]
    wait(app, 1)
    assert told(ask(app, newest))["models"][0]["label"] == "complete"
    rows = ask(app, "GET /reports/41/data?format=csv").body.decode("utf-8-sig").splitlines()
    assert rows == ["Student ID,Last Name,Record ID", f"u8,Lee,{IDS[1]}"]
    assert [one["id"] for one in told(ask(app, "GET /reports"))["models"]] == ["41", "42"]
    assert ask(app, "PUT /reports/99/run").status == 404


def test_a_bucket_of_a_hundred_leaks_ten_a_second(app: CareerApp) -> None:
    """The 101st call at once is refused; a second later ten more may come."""
    assert {ask(app, "GET /reports").status for _ in range(100)} == {200}
    assert ask(app, "GET /reports").status == 429
    wait(app, 1)
    assert [ask(app, "GET /reports").status for _ in range(11)] == [200] * 10 + [429]


def test_the_day_has_so_many_calls(app: CareerApp) -> None:
    """What is left of them stands on each answer, with when the day ends; then nothing is answered until it has."""
    app.system.switches.symplicity_calls_per_day = 3
    left = [ask(app, "GET /reports").headers["X-Rate-Limit-Remaining"] for _ in range(3)]
    assert left == ["2", "1", "0"]
    refused = ask(app, "GET /reports")
    assert refused.status == 429
    wait(app, int(refused.headers["X-Rate-Limit-Reset"]))
    assert ask(app, "GET /reports").status == 200
