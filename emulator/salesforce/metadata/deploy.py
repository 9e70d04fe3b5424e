"""Carries out a deployment: all of it or, where anything is wrong or it is only a check, nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from emulator.salesforce.access import Access
from emulator.salesforce.errors import SalesforceError
from emulator.salesforce.ids import make_id
from emulator.salesforce.metadata import install
from emulator.salesforce.metadata.archive import Archive, DeployProblem, Manifest, parse, read_archive, read_manifest
from emulator.salesforce.org import Org


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The deployOptions that matter here."""

    check_only: bool = False
    rollback_on_error: bool = True


@dataclass(slots=True, kw_only=True)
class Message:
    """What became of one component."""

    type: str
    name: str
    file: str
    problem: str | None = None
    line: int | None = None
    column: int | None = None
    created: bool = False
    deleted: bool = False
    warning: bool = False


@dataclass(slots=True, kw_only=True)
class Deployment:
    """One deployment with its messages, ready to be printed by whichever API asks."""

    id: str
    options: Options
    started: str
    user_id: str
    user_name: str
    messages: list[Message] = field(default_factory=list)
    error: str | None = None
    archive: Archive | None = None
    manifest: Manifest = field(default_factory=Manifest)

    @property
    def failures(self) -> list[Message]:
        """Components that could not be deployed."""
        return [each for each in self.messages if each.problem is not None and not each.warning]

    @property
    def success(self) -> bool:
        """Whether everything was (or could be) deployed."""
        return not self.failures and self.error is None


# In this order, since later kinds refer to earlier ones.
_KINDS: tuple[tuple[str, str, str, Callable[..., Any]], ...] = (
    ("objects", ".object", "CustomObject", install.custom_object),
    ("queues", ".queue", "Queue", install.queue),
    ("permissionsets", ".permissionset", "PermissionSet", install.permission_set),
    ("profiles", ".profile", "Profile", install.profile),
)
_STORED = {
    "layouts": ("Layout", ".layout"),
    "quickActions": ("QuickAction", ".quickAction"),
    "tabs": ("CustomTab", ".tab"),
    "applications": ("CustomApplication", ".app"),
    "labels": ("CustomLabels", ".labels"),
    "flexipages": ("FlexiPage", ".flexipage"),
    "permissionsetgroups": ("PermissionSetGroup", ".permissionsetgroup"),
    "globalValueSets": ("GlobalValueSet", ".globalValueSet"),
    "reportTypes": ("ReportType", ".reportType"),
    "customMetadata": ("CustomMetadata", ".md"),
    "pathAssistants": ("PathAssistant", ".pathAssistant"),
}


FOLDERS: dict[str, tuple[str, str]] = {kind: (folder, suffix) for folder, suffix, kind, _ in _KINDS} | {
    kind: (folder, suffix) for folder, (kind, suffix) in _STORED.items()
}
"""Where the files of each type are, and how their names end."""


def deploy(org: Org, access: Access, data: bytes, options: Options) -> Deployment:
    """Deploy a zip in metadata format; the answer says what became of each component."""
    try:
        archive = read_archive(data)
        manifest = read_manifest(archive.files["package.xml"])
    except DeployProblem as problem:
        made = _begun(org, access, options)
        made.messages.append(Message(type="", name="package.xml", file="package.xml", problem=problem.problem, line=problem.line))
    else:
        made = install_archive(org, access, archive, manifest, options)
    org.package.deploys[made.id] = made
    return made


def quick_deploy(org: Org, access: Access, validated: Deployment) -> Deployment:
    """Deploy what a successful check looked at [documentation: deployRecentValidation].

    Raises:
        SalesforceError: it was no check, or not a successful one.
    """
    if validated.archive is None or not validated.options.check_only or not validated.success:
        raise SalesforceError("INVALID_ID_FIELD", f"{validated.id} is not a recent successful validation")
    made = install_archive(org, access, validated.archive, validated.manifest, Options())
    org.package.deploys[made.id] = made
    return made


def install_archive(org: Org, access: Access, archive: Archive, manifest: Manifest, options: Options) -> Deployment:
    """Deploy files that were read already."""
    made = _begun(org, access, options)
    made.archive, made.manifest = archive, manifest
    with _trial(org) as keep:
        _install(org, access, archive, manifest, made)
        keep[0] = (made.success or not options.rollback_on_error) and not options.check_only
    return made


def _begun(org: Org, access: Access, options: Options) -> Deployment:
    user = org.record(access.user_id) or {}
    return Deployment(
        id=make_id("0Af", len(org.package.deploys) + 1),
        options=options,
        started=org.stamp(),
        user_id=access.user_id,
        user_name=str(user.get("Name")),
    )


@contextmanager
def _trial(org: Org) -> Iterator[list[bool]]:
    """Everything inside is taken back unless the flag is set: definitions, permissions, components, records."""
    objects, components = dict(org.objects), dict(org.package.components)
    grants = {key: grant.copy() for key, grant in org.grants.items()}
    keep = [False]
    try:
        with org.transaction():
            yield keep
            if not keep[0]:
                raise _NotKeptError  # noqa: TRY301 - leaving by an exception is what takes the records back
    except _NotKeptError:
        pass
    finally:
        if not keep[0]:
            org.restore(objects, grants)
            org.package.components = components


class _NotKeptError(Exception):
    """The trial ends without effect."""


def _install(org: Org, access: Access, archive: Archive, manifest: Manifest, made: Deployment) -> None:
    found: set[tuple[str, str]] = set()
    for folder, suffix, kind, action in _KINDS:
        for path, name, content in archive.below(folder, suffix):
            found.add((kind, name))
            _one(org, access, made, (kind, name, archive.root + path, content), action)
    for folder, (kind, suffix) in _STORED.items():
        for path, name, content in archive.below(folder, suffix):
            found.add((kind, name))
            _one(org, access, made, (kind, name, archive.root + path, content), install.stored)
    _missing(manifest, found, made)
    _known_kinds(archive, made)
    for path in ("destructiveChangesPre.xml", "destructiveChanges.xml", "destructiveChangesPost.xml"):
        if path in archive.files:
            for kind, names in read_manifest(archive.files[path]).members.items():
                for name in names:
                    problem = None if destroy(org, kind, name) else f"No {kind} named: {name} found"
                    gone = Message(type=kind, name=name, file=path, problem=problem, deleted=True, warning=problem is not None)
                    made.messages.append(gone)


def _one(
    org: Org,
    access: Access,
    made: Deployment,
    component: tuple[str, str, str, bytes],
    action: Callable[..., Any],
) -> None:
    kind, name, path, content = component

    def note(sub_kind: str, sub_name: str, *, created: bool, problem: DeployProblem | None = None, warning: bool = False) -> None:
        made.messages.append(
            Message(
                type=sub_kind,
                name=sub_name,
                file=path,
                created=created,
                warning=warning,
                problem=problem.problem if problem else None,
                line=problem.line if problem else None,
                column=problem.column if problem else None,
            )
        )

    try:
        created = action(install.Site(org=org, access=access, note=note, kind=kind), name, parse(content))
    except DeployProblem as problem:
        note(kind, name, created=False, problem=problem)
    else:
        org.package.components[kind, name] = content
        note(kind, name, created=bool(created))


def _missing(manifest: Manifest, found: set[tuple[str, str]], made: Deployment) -> None:
    """What package.xml names and the zip has not is an error [documentation]."""
    checked = {kind for _, _, kind, _ in _KINDS} | {kind for kind, _ in _STORED.values()}
    for kind, names in manifest.members.items():
        for name in names:
            if kind in checked and name != "*" and (kind, name) not in found and name not in {"Task", "Event"}:
                text = f"An object '{name}' of type {kind} was named in package.xml, but was not found in zipped directory"
                made.messages.append(Message(type=kind, name=name, file="package.xml", problem=text))


def _known_kinds(archive: Archive, made: Deployment) -> None:
    known = {folder for folder, *_ in _KINDS} | set(_STORED)
    for path in archive.files:
        folder, slash, _ = path.partition("/")
        if slash and folder not in known:
            text = f"Files in the folder {folder} are not emulated and were ignored"
            made.messages.append(Message(type="", name=path, file=archive.root + path, problem=text, warning=True))


def destroy(org: Org, kind: str, name: str) -> bool:
    """Delete a component; whether there was one."""
    if kind == "CustomField" and "." in name:
        sobject, _, own = name.partition(".")
        known = org.objects.get(sobject.lower())
        if known is None or known.field(own) is None or not known.by_name[own.lower()]["custom"]:
            return False
        install.remove_field(org, known, own)
        org.package.components.pop((kind, name), None)
        return True
    if kind == "CustomObject" and name.lower() in org.objects and name.endswith("__c"):
        install.remove_object(org, name)
        parts = [key for key in org.package.components if key[1] == name or key[1].startswith(f"{name}.")]
        for key in parts:
            del org.package.components[key]
        return True
    return org.package.components.pop((kind, name), None) is not None
