"""Metadata API in its REST form: start a deployment, look how far it is."""

import re
from collections.abc import Mapping
from typing import Any

from emulator.http import Response, json_response
from emulator.salesforce.context import Context, json_object
from emulator.salesforce.errors import SalesforceError, not_found, parser_error
from emulator.salesforce.ids import normal_id
from emulator.salesforce.metadata.deploy import Deployment, Message, Options, deploy, quick_deploy


def start(ctx: Context, _params: Mapping[str, str]) -> Response:
    """POST metadata/deployRequest: multipart with the parts `json` (options) and `file` (zip)."""
    check_right(ctx)
    parts = multipart(ctx.request.header("content-type"), ctx.request.body)
    if "file" not in parts:
        raise SalesforceError("INVALID_MULTIPART_REQUEST", "The request has no part named file")
    given = json_object(parts.get("json") or b"{}").get("deployOptions", {})
    if not isinstance(given, dict):
        raise parser_error(f"Cannot deserialize instance of deployOptions from {type(given).__name__}")
    options = Options(check_only=bool(given.get("checkOnly", False)), rollback_on_error=bool(given.get("rollbackOnError", True)))
    made = deploy(ctx.org, ctx.access, parts["file"], options)
    url = f"{ctx.instance_url}{ctx.base}/metadata/deployRequest/{made.id}"
    answer = {"id": made.id, "validatedDeployRequestId": None, "url": f"{url}?includeDetails=true", "deployOptions": given}
    return json_response(answer, status=201)


def look(ctx: Context, params: Mapping[str, str]) -> Response:
    """GET metadata/deployRequest/{id}."""
    check_right(ctx)
    made = find(ctx, params["id"])
    url = f"{ctx.instance_url}{ctx.base}/metadata/deployRequest/{made.id}"
    details = ctx.request.parameter("includeDetails").lower() == "true"
    shown = result(made, details=details, pending=ctx.org.pending(made.id))
    answer = {"id": made.id, "url": url, "deployResult": shown, "deployOptions": None}
    return json_response(answer)


def cancel(ctx: Context, params: Mapping[str, str]) -> Response:
    """PATCH metadata/deployRequest/{id} with `{"deployResult": {"status": "Canceling"}}`: too late, it is done already."""
    check_right(ctx)
    made = find(ctx, params["id"])
    url = f"{ctx.instance_url}{ctx.base}/metadata/deployRequest/{made.id}"
    return json_response({"id": made.id, "url": url, "deployResult": result(made, details=False)}, status=202)


def start_validated(ctx: Context, params: Mapping[str, str]) -> Response:
    """POST metadata/deployRequest/validatedDeployRequestId/{id}: deploy what a successful check looked at."""
    check_right(ctx)
    made = quick_deploy(ctx.org, ctx.access, find(ctx, params["id"]))
    answer = {"id": made.id, "validatedDeployRequestId": params["id"], "url": None, "deployOptions": None}
    return json_response(answer, status=201)


def find(ctx: Context, id_: str) -> Deployment:
    """A deployment by its id."""
    made = ctx.org.package.deploys.get(normal_id(id_) or "")
    if not isinstance(made, Deployment):
        raise not_found()
    return made


def check_right(ctx: Context) -> None:
    """Deploying needs an administrator [documentation]."""
    if not (ctx.access.may("ModifyMetadata") or ctx.access.may("ModifyAllData")):
        message = "INSUFFICIENT_ACCESS: use of the Metadata API requires a user with the Modify Metadata permission"
        raise SalesforceError("INSUFFICIENT_ACCESS", message, status=403)


def result(made: Deployment, *, details: bool, pending: bool = False) -> dict[str, Any]:
    """A DeployResult; a `pending` one does not tell yet how it went."""
    if pending:
        start = {"id": made.id, "success": False, "done": False, "status": "InProgress", "checkOnly": made.options.check_only}
        counts = dict.fromkeys(("numberComponentErrors", "numberComponentsDeployed", "numberTestErrors"), 0)
        counts |= {"numberComponentsTotal": len(made.messages), "numberTestsCompleted": 0, "numberTestsTotal": 0}
        return {**start, **counts, "createdBy": made.user_id, "createdDate": made.started, "startDate": made.started}
    failures = made.failures
    good = [each for each in made.messages if each.problem is None or each.warning]
    answer: dict[str, Any] = {
        "id": made.id,
        "success": made.success,
        "done": True,
        "status": "Succeeded" if made.success else "Failed",
        "checkOnly": made.options.check_only,
        "rollbackOnError": made.options.rollback_on_error,
        "ignoreWarnings": True,
        "runTestsEnabled": False,
        "numberComponentErrors": len(failures),
        "numberComponentsDeployed": len(good),
        "numberComponentsTotal": len(made.messages),
        "numberTestErrors": 0,
        "numberTestsCompleted": 0,
        "numberTestsTotal": 0,
        "createdBy": made.user_id,
        "createdByName": made.user_name,
        "createdDate": made.started,
        "startDate": made.started,
        "completedDate": made.started,
        "lastModifiedDate": made.started,
        "errorMessage": made.error,
        "errorStatusCode": "UNKNOWN_EXCEPTION" if made.error else None,
        "stateDetail": None,
    }
    if details:
        answer["details"] = {
            "componentFailures": [message(made, each) for each in failures],
            "componentSuccesses": [message(made, each) for each in good],
            "runTestResult": {"numFailures": 0, "numTestsRun": 0, "failures": [], "successes": [], "totalTime": 0.0},
        }
    return answer


def message(made: Deployment, each: Message) -> dict[str, Any]:
    """A DeployMessage."""
    failed = each.problem is not None and not each.warning
    return {
        "changed": not failed and not made.options.check_only,
        "columnNumber": each.column,
        "componentType": each.type,
        "created": each.created,
        "createdDate": made.started,
        "deleted": each.deleted,
        "fileName": each.file,
        "fullName": each.name,
        "id": None,
        "lineNumber": each.line,
        "problem": each.problem,
        "problemType": None if each.problem is None else "Warning" if each.warning else "Error",
        "success": not failed,
        "warning": each.warning,
    }


def multipart(content_type: str, body: bytes) -> dict[str, bytes]:
    """The parts of a multipart/form-data body by name.

    Raises:
        SalesforceError: there is no boundary.
    """
    match = re.search(r'boundary="?([^";]+)"?', content_type)
    if match is None:
        raise SalesforceError("INVALID_MULTIPART_REQUEST", "The Content-Type header has no boundary")
    parts: dict[str, bytes] = {}
    for piece in body.split(b"--" + match[1].encode())[1:]:
        head, separator, content = piece.partition(b"\r\n\r\n")
        name = re.search(rb'name="?([^";\r\n]+)"?', head)
        if separator and name:
            parts[name[1].decode(errors="replace")] = content.removesuffix(b"\r\n")
    return parts
