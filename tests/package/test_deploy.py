"""Deploying over REST: what is sent, how the end is read, and that nothing is ever sent twice."""

import json
from collections.abc import Mapping
from email import message_from_bytes
from typing import Any

import pytest

from crm_package.archive import build_zip
from crm_package.deploy import (
    DeployPending,
    DeployRefused,
    DeployResult,
    DeployUnknown,
    Progress,
    deploy,
    encode_form,
    follow,
)

START = "/services/data/v67.0/metadata/deployRequest"
LOOK = f"{START}/0Af000000000001AAA?includeDetails=true"
STARTED = (201, {"id": "0Af000000000001AAA", "deployResult": None})


def state(status: str, **more: Any) -> tuple[int, object]:
    """An answer to a look, as Salesforce shapes it."""
    done = status in {"Succeeded", "Failed", "Canceled", "SucceededPartial"}
    result = {"id": "0Af000000000001AAA", "status": status, "done": done, "success": status == "Succeeded"}
    return 200, {"id": "0Af000000000001AAA", "deployResult": result | more}


class ScriptedOrg:
    """An org that gives the scripted answers in turn, and time that passes only by sleeping."""

    def __init__(self, *answers: tuple[int, object] | OSError) -> None:
        self.answers = list(answers)
        self.requests: list[tuple[str, str, Mapping[str, str], bytes | None]] = []
        self.now = 1000.0

    def send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """The next answer; the last one is repeated for ever."""
        self.requests.append((method, path, headers, body))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, OSError):
            raise answer
        status, content = answer
        return status, {}, content if isinstance(content, bytes) else json.dumps(content).encode()

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        assert seconds > 0
        self.now += seconds

    def deploy(self, *, check_only: bool = False, patience: float = 600.0, seen: list[Progress] | None = None) -> DeployResult:
        """Deploy a small zip to this org."""
        return deploy(
            self,
            b"PK zip",
            check_only=check_only,
            monotonic=lambda: self.now,
            sleep=self.sleep,
            on_progress=([] if seen is None else seen).append,
            patience=patience,
        )

    def sent(self) -> list[tuple[str, str]]:
        """Methods and paths of the requests."""
        return [(method, path) for method, path, _, _ in self.requests]


def test_a_deployment_is_sent_once_and_watched_to_its_end() -> None:
    """One POST, then looks at its id until Salesforce says done; each look is told."""
    org = ScriptedOrg(
        STARTED,
        state("Pending"),
        state("InProgress", numberComponentsDeployed=3, numberComponentsTotal=9),
        state("Succeeded", numberComponentsDeployed=9, numberComponentsTotal=9, checkOnly=False),
    )
    seen: list[Progress] = []
    result = org.deploy(seen=seen)
    assert org.sent() == [("POST", START), ("GET", LOOK), ("GET", LOOK), ("GET", LOOK)]
    assert (result.success, result.components, result.check_only, result.errors) == (True, 9, False, ())
    assert [(step.status, step.done, step.total) for step in seen] == [
        ("Pending", 0, 0),
        ("InProgress", 3, 9),
        ("Succeeded", 9, 9),
    ]


@pytest.mark.parametrize("check_only", [True, False])
def test_the_form_is_readable_by_a_foreign_parser(check_only: bool) -> None:  # noqa: FBT001 - a parameter of the law
    """Python's own MIME parser finds the options and the zip in the form; errors take everything back."""
    kind, body = encode_form(b"PK zip", check_only=check_only)
    message = message_from_bytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body)
    parts = {
        str(part.get_param("name", header="content-disposition")): part.get_payload(decode=True)
        for part in message.walk()
        if not part.is_multipart()
    }
    assert parts["file"] == b"PK zip"
    options = parts["json"]
    assert isinstance(options, bytes)
    sent = json.loads(options)["deployOptions"]
    assert (sent["checkOnly"], sent["rollbackOnError"], sent["singlePackage"]) == (check_only, True, True)


def test_the_zip_goes_over_the_wire_unchanged() -> None:
    """The bytes between the part's header and the closing boundary are the zip's, byte by byte."""
    content = build_zip()
    kind, body = encode_form(content, check_only=True)
    boundary = kind.partition("boundary=")[2].encode()
    assert body.endswith(b"application/zip\r\n\r\n" + content + b"\r\n--" + boundary + b"--\r\n")
    assert content.count(boundary) == 0


def test_problems_carry_file_line_and_component() -> None:
    """A failed deployment answers each problem with its place; warnings and failed tests stay apart from errors."""
    failure = {
        "fileName": "objects/Suggested_Change__c.object",
        "fullName": "Suggested_Change__c.State__c",
        "lineNumber": 42,
        "columnNumber": 7,
        "problem": "Must specify a label",
        "problemType": "Error",
    }
    warning = failure | {"problemType": "Warning", "problem": "unused", "lineNumber": None}
    test = {"name": "ContactTest", "methodName": "inserts", "message": "Assertion failed"}
    details = {
        "componentFailures": [failure],
        "componentSuccesses": [warning, {"fileName": "package.xml", "success": True}],
        "runTestResult": {"failures": [test]},
    }
    result = ScriptedOrg(STARTED, state("Failed", details=details, checkOnly=True)).deploy(check_only=True)
    assert [str(error) for error in result.errors] == [
        "objects/Suggested_Change__c.object:42: Suggested_Change__c.State__c: Must specify a label"
    ]
    assert [str(entry) for entry in result.warnings] == [
        "objects/Suggested_Change__c.object: Suggested_Change__c.State__c: unused"
    ]
    assert [(entry.name, entry.method, entry.message) for entry in result.tests] == [
        ("ContactTest", "inserts", "Assertion failed")
    ]
    assert (result.success, result.check_only) == (False, True)


def test_a_single_failure_may_come_without_a_list() -> None:
    """Answers that stem from SOAP give one entry as an object instead of a list."""
    details = {"componentFailures": {"fileName": "a.object", "problem": "no", "problemType": "Error"}}
    result = ScriptedOrg(STARTED, state("Failed", details=details)).deploy()
    assert [str(error) for error in result.errors] == ["a.object: no"]


def test_a_failure_of_the_whole_is_an_error_too() -> None:
    """A deployment that fails without naming a component still says why."""
    result = ScriptedOrg(STARTED, state("Failed", errorMessage="UNKNOWN_EXCEPTION: (4711)", details=None)).deploy()
    assert [error.problem for error in result.errors] == ["UNKNOWN_EXCEPTION: (4711)"]


@pytest.mark.parametrize(
    "lost",
    [TimeoutError(), ConnectionResetError(), (503, b"<html>busy</html>"), (201, b"not json"), (200, {"id": ""})],
    ids=repr,
)
def test_a_lost_start_is_never_repeated(lost: tuple[int, object] | OSError) -> None:
    """When nobody knows whether the deployment started, exactly one POST was sent, and the error says so."""
    org = ScriptedOrg(lost)
    with pytest.raises(DeployUnknown, match="Deployment Status"):
        org.deploy()
    assert org.sent() == [("POST", START)]


def test_lost_looks_are_asked_again() -> None:
    """Once the id is known, broken answers to looks cost time only."""
    org = ScriptedOrg(STARTED, TimeoutError(), (503, b"<html>"), (200, b""), (200, {"deployResult": None}), state("Succeeded"))
    assert org.deploy().success
    assert [method for method, _ in org.sent()] == ["POST", *["GET"] * 5]


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (401, [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired"}], "INVALID_SESSION_ID"),
        (403, [{"errorCode": "API_DISABLED_FOR_ORG", "message": "off"}], "API_DISABLED_FOR_ORG"),
        (400, b"<html>no</html>", "UNKNOWN"),
        (404, {}, "UNKNOWN"),
    ],
)
def test_a_refused_start_names_salesforces_code(status: int, body: object, code: str) -> None:
    """A refusal is told with its code, whatever shape the body has, and nothing more is sent."""
    org = ScriptedOrg((status, body))
    with pytest.raises(DeployRefused) as refused:
        org.deploy()
    assert (refused.value.status, refused.value.code) == (status, code)
    assert org.sent() == [("POST", START)]


def test_a_lost_login_while_watching_leaves_the_id() -> None:
    """A deployment that started goes on without us: the error carries its id, and following it later finds the end."""
    org = ScriptedOrg(STARTED, (401, [{"errorCode": "INVALID_SESSION_ID", "message": "expired"}]))
    with pytest.raises(DeployPending, match="INVALID_SESSION_ID") as pending:
        org.deploy()
    later = ScriptedOrg(state("Succeeded"))
    result = follow(later, pending.value.deploy_id, monotonic=lambda: later.now, sleep=later.sleep)
    assert result.success
    assert later.sent() == [("GET", LOOK)]


@pytest.mark.parametrize("answer", [state("InProgress"), TimeoutError()], ids=["slow", "silent"])
def test_patience_ends(answer: tuple[int, object] | OSError) -> None:
    """Waiting stops within the time given, with the id in the error, and the pauses grow so that looks stay few."""
    org = ScriptedOrg(STARTED, answer)
    with pytest.raises(DeployPending) as pending:
        org.deploy(patience=600.0)
    assert pending.value.deploy_id == "0Af000000000001AAA"
    assert org.now - 1000.0 <= 600.0
    assert len(org.requests) < 80
