"""The Metadata API in its SOAP form: deploy, retrieve, list and describe."""

import base64
import io
import zipfile
from collections.abc import Callable
from typing import Any

from emulator.http import Request, Response
from emulator.salesforce.access import Access
from emulator.salesforce.errors import SalesforceError
from emulator.salesforce.ids import make_id
from emulator.salesforce.metadata.deploy import FOLDERS, Deployment, Options, deploy
from emulator.salesforce.org import Org
from emulator.salesforce.responses.metadata import result as deploy_result
from emulator.salesforce.soap.envelope import METADATA, Call, Xml, answer, element, fault, nested, read_call, session_access


def handle(org: Org, request: Request, version: str) -> Response:
    """One call to /services/Soap/m/{version}."""
    try:
        return _act(org, read_call(request.body), version)
    except SalesforceError as refused:
        return fault(refused, METADATA)


def _act(org: Org, call: Call, version: str) -> Response:
    access = session_access(org, call)
    if not (access.may("ModifyMetadata") or access.may("ModifyAllData")):
        raise SalesforceError("INSUFFICIENT_ACCESS", "use of the Metadata API requires Modify Metadata")
    action = _CALLS.get(call.name)
    if action is None:
        raise SalesforceError("UNSUPPORTED_OPERATION", f"The call {call.name} is not emulated")
    return answer(call.name, action(org, access, call, version), METADATA)


def _deploy(org: Org, access: Access, call: Call, _version: str) -> list[Xml]:
    options = Options(
        check_only=call.text("checkOnly") == "true", rollback_on_error=call.text("rollbackOnError", "true") == "true"
    )
    made = deploy(org, access, base64.b64decode(call.text("ZipFile")), options)
    parts = [element("done", value=False), element("id", made.id), element("state", "Queued")]
    return [nested("result", parts)]


def _check_deploy(org: Org, _access: Access, call: Call, _version: str) -> list[Xml]:
    made = org.package.deploys.get(call.text("asyncProcessId") or call.text("id"))
    if not isinstance(made, Deployment):
        raise SalesforceError("INVALID_ID_FIELD", "invalid async process id")
    return [_any("result", deploy_result(made, details=call.text("includeDetails") == "true", pending=org.pending(made.id)))]


def _any(name: str, value: Any) -> Xml:  # noqa: ANN401 - any JSON
    """A JSON value as elements; nulls are left out, as the platform does for optional elements."""
    if isinstance(value, dict):
        return nested(name, [_any(key, each) for key, each in value.items() if each is not None])
    if isinstance(value, list):
        return "".join(_any(name, each) for each in value)
    return element(name, value)


def _retrieve(org: Org, _access: Access, call: Call, version: str) -> list[Xml]:
    id_ = make_id("09S", len(org.jobs) + 1)
    wanted: dict[str, list[str]] = {}
    for types in call.node.iterfind(".//{*}types"):
        names = [(node.text or "").strip() for node in types.iterfind("{*}members")]
        kind = types.find("{*}name")
        wanted[(kind.text or "").strip() if kind is not None else ""] = names
    org.jobs[id_] = _packed(org, wanted, version)
    return [nested("result", [element("done", value=False), element("id", id_), element("state", "Queued")])]


def _packed(org: Org, wanted: dict[str, list[str]], version: str) -> bytes:
    buffer = io.BytesIO()
    types: list[str] = []
    with zipfile.ZipFile(buffer, "w") as made:
        for kind, names in wanted.items():
            folder, suffix = FOLDERS.get(kind, ("", ""))
            found = [
                (name, content)
                for (known, name), content in sorted(org.package.components.items())
                if known == kind and content and ("*" in names or name in names)
            ]
            for name, content in found:
                made.writestr(f"unpackaged/{folder}/{name}{suffix}", content)
            members = [element("members", name) for name, _ in found]
            types.append(nested("types", [*members, element("name", kind)]))
        package = nested("Package", [*types, element("version", version)], f' xmlns="{METADATA}"')
        made.writestr("unpackaged/package.xml", f'<?xml version="1.0" encoding="UTF-8"?>\n{package}\n')
    return buffer.getvalue()


def _check_retrieve(org: Org, _access: Access, call: Call, _version: str) -> list[Xml]:
    id_ = call.text("asyncProcessId") or call.text("id")
    data = org.jobs.get(id_)
    if not isinstance(data, bytes):
        raise SalesforceError("INVALID_ID_FIELD", "invalid async process id")
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        files = [
            nested("fileProperties", [element("fileName", name), element("fullName", name.rpartition("/")[2])])
            for name in opened.namelist()
        ]
    parts = [
        element("done", value=True),
        *files,
        element("id", id_),
        element("status", "Succeeded"),
        element("success", value=True),
        element("zipFile", base64.b64encode(data).decode()),
    ]
    return [nested("result", parts)]


def _list(org: Org, access: Access, call: Call, _version: str) -> list[Xml]:
    user = org.record(access.user_id) or {}
    results = []
    for kind in [(node.text or "").strip() for node in call.node.iterfind(".//{*}queries/{*}type")]:
        folder, suffix = FOLDERS.get(kind, ("", ""))
        names = {name for known, name in org.package.components if known == kind}
        if kind == "CustomObject":
            names |= {one.name for one in org.objects.values()}
        for name in sorted(names):
            parts = [
                element("createdById", access.user_id),
                element("createdByName", user.get("Name")),
                element("createdDate", org.stamp()),
                element("fileName", f"{folder}/{name}{suffix}"),
                element("fullName", name),
                element("id", ""),
                element("lastModifiedById", access.user_id),
                element("lastModifiedByName", user.get("Name")),
                element("lastModifiedDate", org.stamp()),
                element("type", kind),
            ]
            results.append(nested("result", parts))
    return results


def _describe(org: Org, _access: Access, _call: Call, _version: str) -> list[Xml]:
    objects = [
        nested(
            "metadataObjects",
            [
                element("directoryName", folder),
                element("inFolder", value=False),
                element("metaFile", value=False),
                element("suffix", suffix.removeprefix(".")),
                element("xmlName", kind),
            ],
        )
        for kind, (folder, suffix) in FOLDERS.items()
    ]
    parts = [*objects, element("organizationNamespace", ""), element("partialSaveAllowed", value=True)]
    return [nested("result", [*parts, element("testRequired", not org.settings.is_sandbox)])]


_CALLS: dict[str, Callable[[Org, Access, Call, str], list[Xml]]] = {
    "deploy": _deploy,
    "checkDeployStatus": _check_deploy,
    "retrieve": _retrieve,
    "checkRetrieveStatus": _check_retrieve,
    "listMetadata": _list,
    "describeMetadata": _describe,
}
