"""Deploying the zip through the REST form of the Metadata API.

``POST /services/data/vNN.0/metadata/deployRequest`` (multipart: ``json`` with the options, ``file`` with the zip)
answers 201 with an id; ``GET .../deployRequest/{id}?includeDetails=true`` answers ``{"deployResult": {...}}`` until
``done``. A deployment goes on in Salesforce whoever watches, so the id is all that matters: once it is known, lost
answers are asked for again; when it is not known, nothing is sent a second time, a person looks first.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from crm_package.source import API_VERSION

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 10.0
DEFAULT_PATIENCE = 1800.0


class Transport(Protocol):
    """Sends one request to the org with an administrator's login; redirects and retries are not its business here."""

    def send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Answer status, headers and body; ``path`` starts with ``/services``.

        Raises:
            OSError: when the connection failed or timed out (the errors of ``requests`` are of this kind).
        """
        ...


class DeployError(Exception):
    """A deployment did not come to a result; the subclasses say what that means."""


class DeployRefused(DeployError):
    """Salesforce refused the request as such (login, rights, limits): nothing was deployed."""

    def __init__(self, *, status: int, code: str, message: str) -> None:
        super().__init__(f"HTTP {status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message


class DeployUnknown(DeployError):
    """The answer to the start was lost: whether it runs is to be seen in Setup, Deployment Status.

    Nothing may be sent again before somebody has looked.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"nobody knows whether the deployment started ({reason}); see Setup > Deployment Status")
        self.reason = reason


class DeployPending(DeployError):
    """Started, but not finished in the time given; :func:`follow` goes on with ``deploy_id``."""

    def __init__(self, *, deploy_id: str, reason: str) -> None:
        super().__init__(f"deployment {deploy_id} has not finished ({reason})")
        self.deploy_id = deploy_id
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentError:
    """One problem that Salesforce found in the package."""

    file: str
    """Path in the zip, or ``package.xml`` for a problem of the whole."""
    line: int | None
    component: str
    """Full name of the component, for instance ``Suggested_Change__c.State__c``; empty if Salesforce names none."""
    problem: str

    def __str__(self) -> str:
        """``file:line: component: problem``, without the parts that are unknown."""
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return ": ".join(part for part in (place, self.component, self.problem) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedTest:
    """One Apex test of the org that failed while the package was deployed (the package itself ships none)."""

    name: str
    method: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a deployment is."""

    deploy_id: str
    status: str
    """Salesforce's word: Pending, InProgress, Finalizing, Succeeded, Failed, Canceled and others."""
    done: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployResult:
    """What Salesforce answered at the end."""

    deploy_id: str
    success: bool
    status: str
    check_only: bool
    components: int
    """Components that were deployed (or, with ``check_only``, would have been)."""
    errors: tuple[ComponentError, ...]
    warnings: tuple[ComponentError, ...]
    tests: tuple[FailedTest, ...]


def deploy(
    transport: Transport,
    zip_bytes: bytes,
    *,
    check_only: bool,
    monotonic: Callable[[], float],
    sleep: Callable[[float], None],
    on_progress: Callable[[Progress], None] = lambda _: None,
    patience: float = DEFAULT_PATIENCE,
) -> DeployResult:
    """Deploy ``zip_bytes``, or with ``check_only`` only let Salesforce check it, and wait for the result.

    Args:
        transport: an administrator's connection.
        zip_bytes: from :func:`crm_package.archive.build_zip`.
        check_only: nothing is changed in the org.
        monotonic: seconds of a clock that never goes back.
        sleep: waits that many seconds.
        on_progress: told after each look.
        patience: seconds to wait for the end.

    Raises:
        DeployRefused: not started.
        DeployUnknown: perhaps started.
        DeployPending: started, the end not seen.
    """
    deploy_id = start(transport, zip_bytes, check_only=check_only)
    return follow(transport, deploy_id, monotonic=monotonic, sleep=sleep, on_progress=on_progress, patience=patience)


def start(transport: Transport, zip_bytes: bytes, *, check_only: bool) -> str:
    """Send the zip once and answer the deployment's id. Raises as :func:`deploy`."""
    content_type, body = encode_form(zip_bytes, check_only=check_only)
    path = f"/services/data/v{API_VERSION}/metadata/deployRequest"
    try:
        status, _, answer = transport.send("POST", path, {"Content-Type": content_type}, body)
    except OSError as lost:
        raise DeployUnknown(type(lost).__name__) from lost
    if 400 <= status < 500:
        raise _refusal(status, answer)
    deploy_id = _read_object(answer).get("id")
    if status >= 300 or not isinstance(deploy_id, str) or not deploy_id:
        raise DeployUnknown(f"HTTP {status} without an id")
    return deploy_id


def follow(
    transport: Transport,
    deploy_id: str,
    *,
    monotonic: Callable[[], float],
    sleep: Callable[[float], None],
    on_progress: Callable[[Progress], None] = lambda _: None,
    patience: float = DEFAULT_PATIENCE,
) -> DeployResult:
    """Wait for the end of a deployment that was started earlier. Arguments and errors as :func:`deploy`."""
    path = f"/services/data/v{API_VERSION}/metadata/deployRequest/{deploy_id}?includeDetails=true"
    deadline = monotonic() + patience
    for pause in _pauses():
        state, trouble = _look(transport, path, deploy_id)
        if state:
            on_progress(_read_progress(deploy_id, state))
        if state.get("done"):
            return _read_result(deploy_id, state)
        if monotonic() + pause > deadline:
            raise DeployPending(deploy_id=deploy_id, reason=trouble or str(state.get("status", "no answer")))
        sleep(pause)
    raise AssertionError("unreachable: the pauses never end")


def encode_form(zip_bytes: bytes, *, check_only: bool) -> tuple[str, bytes]:
    """The multipart form: content type and body.

    Warnings do not stop a deployment, they are reported; any error takes everything back. ``testLevel`` is left out:
    Salesforce's own default runs no test for a package without Apex.
    """
    options = {
        "deployOptions": {
            "allowMissingFiles": False,
            "autoUpdatePackage": False,
            "checkOnly": check_only,
            "ignoreWarnings": True,
            "performRetrieve": False,
            "purgeOnDelete": False,
            "rollbackOnError": True,
            "singlePackage": True,
        }
    }
    # A boundary must not occur in the content; a hash of the content cannot be guessed into it.
    boundary = f"alumni-bridge-{hashlib.sha256(zip_bytes).hexdigest()}"
    parts = (
        ('name="json"', "application/json", json.dumps(options).encode()),
        ('name="file"; filename="package.zip"', "application/zip", zip_bytes),
    )
    body = b"".join(
        f"--{boundary}\r\nContent-Disposition: form-data; {name}\r\nContent-Type: {kind}\r\n\r\n".encode() + content + b"\r\n"
        for name, kind, content in parts
    )
    return f"multipart/form-data; boundary={boundary}", body + f"--{boundary}--\r\n".encode()


def _pauses() -> Iterator[float]:
    pause = FIRST_PAUSE
    while True:
        yield pause
        pause = min(pause * 1.5, LONGEST_PAUSE)


def _look(transport: Transport, path: str, deploy_id: str) -> tuple[Mapping[str, Any], str]:
    """The ``deployResult`` as it is now, or an empty one and the reason; a refusal (lost login) ends the watching."""
    try:
        status, _, answer = transport.send("GET", path, {"Accept": "application/json"}, None)
    except OSError as lost:
        return {}, type(lost).__name__
    if 400 <= status < 500:
        raise DeployPending(deploy_id=deploy_id, reason=str(_refusal(status, answer)))
    state = _read_object(answer).get("deployResult")
    return (state, "") if status == 200 and isinstance(state, dict) else ({}, f"HTTP {status}")


def _read_object(answer: bytes) -> Mapping[str, Any]:
    try:
        parsed = json.loads(answer)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _refusal(status: int, answer: bytes) -> DeployRefused:
    """Salesforce's errors are a list of ``{errorCode, message}``; anything else is shown as it came, shortened."""
    try:
        first = json.loads(answer)[0]
        return DeployRefused(status=status, code=str(first["errorCode"]), message=str(first["message"]))
    except (ValueError, LookupError, TypeError):
        return DeployRefused(status=status, code="UNKNOWN", message=answer[:200].decode(errors="replace"))


def _read_progress(deploy_id: str, state: Mapping[str, Any]) -> Progress:
    return Progress(
        deploy_id=deploy_id,
        status=str(state.get("status", "")),
        done=int(state.get("numberComponentsDeployed") or 0),
        total=int(state.get("numberComponentsTotal") or 0),
    )


def _read_result(deploy_id: str, state: Mapping[str, Any]) -> DeployResult:
    details: Mapping[str, Any] = state.get("details") or {}
    problems = _as_list(details.get("componentFailures"))
    noted = problems + _as_list(details.get("componentSuccesses"))
    errors = [_read_problem(entry) for entry in problems if entry.get("problemType") != "Warning"]
    if state.get("errorMessage"):
        errors.append(ComponentError(file="package.xml", line=None, component="", problem=str(state["errorMessage"])))
    tests = _as_list((details.get("runTestResult") or {}).get("failures"))
    return DeployResult(
        deploy_id=deploy_id,
        success=bool(state.get("success")),
        status=str(state.get("status", "")),
        check_only=bool(state.get("checkOnly")),
        components=int(state.get("numberComponentsDeployed") or 0),
        errors=tuple(errors),
        warnings=tuple(_read_problem(entry) for entry in noted if entry.get("problemType") == "Warning"),
        tests=tuple(
            FailedTest(
                name=str(entry.get("name", "")),
                method=str(entry.get("methodName", "")),
                message=str(entry.get("message", "")),
            )
            for entry in tests
        ),
    )


def _as_list(value: object) -> list[dict[str, Any]]:
    """Salesforce gives a list, one object for one entry in answers that come from SOAP, or null for none."""
    entries = value if isinstance(value, list) else [value]
    return [entry for entry in entries if isinstance(entry, dict)]


def _read_problem(entry: Mapping[str, Any]) -> ComponentError:
    line = entry.get("lineNumber")
    return ComponentError(
        file=str(entry.get("fileName") or "package.xml"),
        line=int(line) if line else None,
        component=str(entry.get("fullName") or ""),
        problem=str(entry.get("problem") or ""),
    )
