"""The Metadata API in its SOAP form: deploy, retrieve, list and describe, and single components."""

import base64
import io
import zipfile
from collections.abc import Callable

from lxml import etree

from emulator.http import Request, Response
from emulator.salesforce.access import Access
from emulator.salesforce.errors import SalesforceError
from emulator.salesforce.ids import make_id
from emulator.salesforce.metadata import components
from emulator.salesforce.metadata.deploy import FOLDERS, Deployment, Options, deploy, quick_deploy
from emulator.salesforce.metadata.install import PART_TAGS
from emulator.salesforce.org import Org
from emulator.salesforce.responses.metadata import result as deploy_result
from emulator.salesforce.soap.envelope import (
    METADATA,
    Call,
    Xml,
    answer,
    api_version,
    copied,
    element,
    fault,
    nested,
    read_call,
    session_access,
    tree,
)

MAX_COMPONENTS = 10


def handle(org: Org, request: Request, version: str) -> Response:
    """One call to /services/Soap/m/{version}."""
    try:
        return _act(org, read_call(request.body), api_version(org, version))
    except SalesforceError as refused:
        return fault(refused, METADATA)


def _act(org: Org, call: Call, version: str) -> Response:
    access = session_access(org, call)
    if not (access.may("ModifyMetadata") or access.may("ModifyAllData")):
        raise SalesforceError("INSUFFICIENT_ACCESS", "use of the Metadata API requires Modify Metadata")
    action = _CALLS.get(call.name)
    if action is None:
        raise SalesforceError("UNSUPPORTED_OPERATION", f"The call {call.name} is not emulated")
    return answer(org, call.name, action(org, access, call, version), METADATA)


# --- deploying ------------------------------------------------------------------------------------------------------


def _deploy(org: Org, access: Access, call: Call, _version: str) -> list[Xml]:
    options = Options(
        check_only=call.text("checkOnly") == "true", rollback_on_error=call.text("rollbackOnError", "true") == "true"
    )
    try:
        archive = base64.b64decode(call.text("ZipFile"))
    except ValueError:
        raise SalesforceError("INVALID_SOAP", "'ZipFile' is not a valid value for the type xsd:base64Binary") from None
    made = deploy(org, access, archive, options)
    return [_queued(made.id)]


def _queued(id_: str) -> Xml:
    return nested("result", [element("done", value=False), element("id", id_), element("state", "Queued")])


def _check_deploy(org: Org, _access: Access, call: Call, _version: str) -> list[Xml]:
    made = _deployment(org, call.text("asyncProcessId") or call.text("id"))
    return [tree("result", deploy_result(made, details=call.text("includeDetails") == "true", pending=org.pending(made.id)))]


def _deployment(org: Org, id_: str) -> Deployment:
    made = org.package.deploys.get(id_)
    if not isinstance(made, Deployment):
        raise SalesforceError("INVALID_ID_FIELD", "invalid async process id")
    return made


def _quick_deploy(org: Org, access: Access, call: Call, _version: str) -> list[Xml]:
    return [element("result", quick_deploy(org, access, _deployment(org, call.text("validationId"))).id)]


def _cancel(org: Org, _access: Access, call: Call, _version: str) -> list[Xml]:
    """Whatever is cancelled here is done already."""
    made = _deployment(org, call.text("String") or call.text("asyncProcessId"))
    return [nested("result", [element("done", value=True), element("id", made.id)])]


# --- retrieving -----------------------------------------------------------------------------------------------------


def _retrieve(org: Org, access: Access, call: Call, version: str) -> list[Xml]:
    id_ = make_id("09S", len(org.jobs) + 1)
    wanted: dict[str, list[str]] = {}
    for types in call.node.iterfind(".//{*}types"):
        names = [(node.text or "").strip() for node in types.iterfind("{*}members")]
        kind = types.find("{*}name")
        wanted[(kind.text or "").strip() if kind is not None else ""] = names
    org.jobs[id_] = _packed(org, access, wanted, version)
    return [_queued(id_)]


def _packed(org: Org, access: Access, wanted: dict[str, list[str]], version: str) -> list[Xml]:
    """The parts of a RetrieveResult between its done and its status: the properties of each file, and the zip."""
    files: dict[str, tuple[str, str, bytes]] = {}
    problems: list[Xml] = []
    objects: dict[str, list[tuple[str, str]] | None] = {}
    members: list[Xml] = []
    for kind, asked in wanted.items():
        found, missing = _members(org, kind, asked)
        members.append(nested("types", [*(element("members", name) for name in found), element("name", kind)]))
        problems += [
            nested("messages", [element("fileName", "unpackaged/package.xml"), element("problem", _missing(kind, name))])
            for name in missing
        ]
        for name in found:
            if kind == "CustomObject":
                objects[name] = None
            elif kind in PART_TAGS:
                parts = objects.setdefault(name.partition(".")[0], [])
                if parts is not None:
                    parts.append((kind, name))
            else:
                folder, suffix = FOLDERS[kind]
                files[f"{folder}/{name}{suffix}"] = (kind, name, org.package.components[kind, name])
    for name, chosen in objects.items():
        source = components.object_source(org, name, chosen)
        if source is not None:
            source.node.remove(source.node[0])
            text = etree.tostring(source.node, xml_declaration=True, encoding="UTF-8", pretty_print=True)
            files[f"objects/{name}.object"] = ("CustomObject", name, text)
    package = nested("Package", [*members, element("version", version)], f' xmlns="{METADATA}"')
    manifest = f'<?xml version="1.0" encoding="UTF-8"?>\n{package}\n'.encode()
    files["package.xml"] = ("Package", "unpackaged/package.xml", manifest)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        for path, (_, _, content) in files.items():
            made.writestr(f"unpackaged/{path}", content)
    properties = [
        nested("fileProperties", _properties(org, access, kind, name, f"unpackaged/{path}"))
        for path, (kind, name, _) in files.items()
    ]
    return [*properties, *problems, element("zipFile", base64.b64encode(buffer.getvalue()).decode())]


def _members(org: Org, kind: str, asked: list[str]) -> tuple[list[str], list[str]]:
    """The names that are there of those asked for, and the others; `*` means all but standard objects [documentation]."""
    known = components.names(org, kind)
    found = [name for name in asked if name in known]
    if "*" in asked:
        deployed = [name for name in known if kind not in {"CustomObject", "CustomField"} or name.endswith("__c")]
        found += [name for name in deployed if name not in found]
    if kind not in PART_TAGS and kind != "CustomObject":
        found = [name for name in found if org.package.components.get((kind, name))]
    return found, [name for name in asked if name != "*" and name not in found]


def _missing(kind: str, name: str) -> str:
    return f"Entity of type '{kind}' named '{name}' cannot be found"


def _check_retrieve(org: Org, _access: Access, call: Call, _version: str) -> list[Xml]:
    id_ = call.text("asyncProcessId") or call.text("id")
    *shown, zipped = _retrieval(org, id_)
    end = [element("status", "Succeeded"), element("success", value=True), zipped]
    properties = [each for each in shown if each.startswith("<fileProperties>")]
    messages = [each for each in shown if not each.startswith("<fileProperties>")]
    return [nested("result", [element("done", value=True), *properties, element("id", id_), *messages, *end])]


def _retrieval(org: Org, id_: str) -> list[Xml]:
    packed = org.jobs.get(id_)
    if not isinstance(packed, list):
        raise SalesforceError("INVALID_ID_FIELD", "invalid async process id")
    return packed


def _check_status(org: Org, _access: Access, call: Call, _version: str) -> list[Xml]:
    """How far deploys and retrievals are; these are always at their end."""
    results = []
    for id_ in call.texts("asyncProcessId"):
        done = bool(_retrieval(org, id_)) if id_ in org.jobs else not org.pending(_deployment(org, id_).id)
        state = "Completed" if done else "InProgress"
        results.append(nested("result", [element("done", value=done), element("id", id_), element("state", state)]))
    return results


# --- what there is --------------------------------------------------------------------------------------------------


def _properties(org: Org, access: Access, kind: str, name: str, path: str) -> list[Xml]:
    """The fields of FileProperties, in the order of the WSDL."""
    user = org.record(access.user_id) or {}
    return [
        element("createdById", access.user_id),
        element("createdByName", user.get("Name")),
        element("createdDate", org.stamp()),
        element("fileName", path),
        element("fullName", name),
        element("id", ""),
        element("lastModifiedById", access.user_id),
        element("lastModifiedByName", user.get("Name")),
        element("lastModifiedDate", org.stamp()),
        element("manageableState", "unmanaged"),
        element("type", kind),
    ]


def _list(org: Org, access: Access, call: Call, _version: str) -> list[Xml]:
    results = []
    for kind in [(node.text or "").strip() for node in call.node.iterfind(".//{*}queries/{*}type")]:
        folder, suffix = FOLDERS.get(kind, ("objects", ".object"))
        for name in components.names(org, kind):
            file = name.partition(".")[0] if kind in PART_TAGS else name
            results.append(nested("result", _properties(org, access, kind, name, f"{folder}/{file}{suffix}")))
    return results


def _describe(org: Org, _access: Access, _call: Call, _version: str) -> list[Xml]:
    objects = [
        nested(
            "metadataObjects",
            [
                *(element("childXmlNames", part) for part in (PART_TAGS if kind == "CustomObject" else ())),
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


# --- single components ----------------------------------------------------------------------------------------------


def _read(org: Org, _access: Access, call: Call, _version: str) -> list[Xml]:
    kind, records = call.text("type"), []
    for name in call.texts("fullNames"):
        found = components.source(org, kind, name)
        if found is None:
            records.append(element("records", None))
        else:
            records.append(nested("records", map(copied, found.node), f' xsi:type="{kind}"'))
    return [nested("result", records)]


def _write(org: Org, access: Access, call: Call, _version: str) -> list[Xml]:
    """The calls createMetadata, updateMetadata and upsertMetadata: up to ten components [documentation]."""
    act = {"create": components.create, "update": components.update}.get(call.name.removesuffix("Metadata"), components.upsert)
    results = []
    nodes = call.children("metadata")
    _limit(len(nodes))
    for node in nodes:
        kind = node.get("{http://www.w3.org/2001/XMLSchema-instance}type", "").rpartition(":")[2]
        full = node.findtext("{*}fullName")
        try:
            created = act(org, access, kind, node)
        except SalesforceError as refused:
            results.append(_failed(full, refused))
        else:
            flag = [element("created", created)] if act is components.upsert else []
            results.append(nested("result", [*flag, element("fullName", full), element("success", value=True)]))
    return results


def _delete(org: Org, _access: Access, call: Call, _version: str) -> list[Xml]:
    results, names = [], call.texts("fullNames")
    _limit(len(names))
    for name in names:
        try:
            components.delete(org, call.text("type"), name)
        except SalesforceError as refused:
            results.append(_failed(name, refused))
        else:
            results.append(nested("result", [element("fullName", name), element("success", value=True)]))
    return results


def _limit(count: int) -> None:
    if count > MAX_COMPONENTS:
        message = f"record limit reached. cannot submit more than {MAX_COMPONENTS} records in this operation"
        raise SalesforceError("EXCEEDED_ID_LIMIT", message)


def _failed(full: str | None, refused: SalesforceError) -> Xml:
    fields = [element("fields", each) for each in refused.fields or ()]
    error = nested("errors", [*fields, element("message", refused.message), element("statusCode", refused.code)])
    return nested("result", [error, element("fullName", full), element("success", value=False)])


_CALLS: dict[str, Callable[[Org, Access, Call, str], list[Xml]]] = {
    "deploy": _deploy,
    "checkDeployStatus": _check_deploy,
    "deployRecentValidation": _quick_deploy,
    "cancelDeploy": _cancel,
    "checkStatus": _check_status,
    "retrieve": _retrieve,
    "checkRetrieveStatus": _check_retrieve,
    "listMetadata": _list,
    "describeMetadata": _describe,
    "readMetadata": _read,
    "createMetadata": _write,
    "updateMetadata": _write,
    "upsertMetadata": _write,
    "deleteMetadata": _delete,
}
