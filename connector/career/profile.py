"""What one kind of career system is like: a TOML file of closed words and names, without any expression.

A profile says how to ask and how to read the answers; ``connector.career.side`` does both. Words that the format knows but
no code serves yet are refused when the file is read, never when a record is met.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from connector.core.document import Document, did_you_mean, parse
from connector.errors import Problem, UserError
from connector.ports import Capabilities, Create, Precondition

FORMAT = 1

BUILT: Mapping[tuple[str, str], frozenset[str]] = {
    ("access", "kind"): frozenset({"bearer", "header"}),
    ("lists", "kind"): frozenset({"cursor"}),
    ("incremental", "kind"): frozenset({"change_feed"}),
    ("update", "kind"): frozenset({"batch", "single"}),
    ("capabilities", "create"): frozenset({"keyed", "none"}),
    ("capabilities", "precondition"): frozenset({"etag"}),
    ("capabilities", "write"): frozenset({"patch"}),
}
"""The words of each closed set that this version can carry out; the models below know more."""

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.\-]{0,79}$")]
"""A name in the system's JSON; a dot goes one level down."""
OptionalName = Annotated[str, Field(pattern=r"^(|[A-Za-z0-9_][A-Za-z0-9_.\-]{0,79})$")]
"""A name, or empty where the system has no such thing."""
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,63}$")]
Address = Annotated[str, Field(pattern=r"^(/[A-Za-z0-9_.~{}\-]+)+$")]
"""A path under the configured address; ``{id}`` stands for a record's id."""
OptionalAddress = Annotated[str, Field(pattern=r"^(|(/[A-Za-z0-9_.~{}\-]+)+)$")]
"""A path, or empty where the system has no such thing."""
Method = Literal["PUT", "POST", "PATCH"]
PerCall = Annotated[int, Field(ge=1, le=1000)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Access(_Table):
    """How a call shows the key. ``header`` names the header of ``kind = "header"``."""

    kind: Literal["bearer", "header", "token_endpoint", "oauth_password", "query"]
    header: HeaderName = "X-Api-Key"


class Tenant(_Table):
    """Where the system says which institution it serves; names that are empty are not told by it."""

    path: Address
    id: Name
    name: OptionalName = ""
    environment: OptionalName = ""
    contract: OptionalName = ""
    contract_is: str = ""
    own_key: OptionalName = ""
    mails_on_create: OptionalName = ""
    mails_on_login_change: OptionalName = ""


class Abilities(_Table):
    """What the system can do. What is not stated counts as the careful answer: it mails, it has no staff-only notes."""

    create: Literal["keyed", "searchable", "none"] = "none"
    precondition: Literal["etag", "read_before_write", "none"]
    write: Literal["patch", "full"]
    sends_mail_on_create: bool = True
    sends_mail_on_login_change: bool = True
    login_field: OptionalName = ""
    notes: bool = False
    requests: bool = False


class RecordNames(_Table):
    """Where a record has its id and its version."""

    id: Name
    version: Name


class Lists(_Table):
    """How everything is read, page by page, and how records are asked for by id."""

    kind: Literal["cursor", "page_number", "link_header", "offset"]
    people: Address
    requests: OptionalAddress = ""
    items: Name
    next: Name
    after: Name
    limit: Name
    ids: Name
    page: PerCall = 500
    ids_per_call: PerCall = 200


class Incremental(_Table):
    """How changes are followed. ``start`` names the feed's cursor in a page of people."""

    kind: Literal["change_feed", "modified_since", "full_compare"]
    path: Address
    start: Name
    items: Name
    next: Name
    more: Name
    after: Name
    limit: Name
    page: PerCall = 500


class Update(_Table):
    """How accounts are changed: many in a call, each with its own result, or one in a call (``{id}`` in the path)."""

    kind: Literal["batch", "single", "batch_job"]
    method: Method
    path: Address
    per_call: PerCall = 200


class CreateCall(_Table):
    """How an account is created; the body is ``{"key", "fields"}``."""

    method: Method
    path: Address


class Batch(_Table):
    """A call that takes ``{"items": [...]}`` and answers ``{"results": [...]}``."""

    method: Method
    path: Address
    per_call: PerCall = 200


class Profile(_Table):
    """A whole profile, checked: what it promises it also describes."""

    format: Literal[1]
    name: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")]
    label: str
    access: Access
    tenant: Tenant
    abilities: Abilities = Field(alias="capabilities")
    record: RecordNames
    lists: Lists
    incremental: Incremental
    update: Update
    create: CreateCall | None = None
    note: Batch | None = None
    acknowledgement: Batch | None = None

    def capabilities(self) -> Capabilities:
        """As the engine asks for them."""
        return Capabilities(
            create=Create(self.abilities.create),
            precondition=Precondition(self.abilities.precondition),
            sends_mail_on_create=self.abilities.sends_mail_on_create,
            sends_mail_on_login_change=self.abilities.sends_mail_on_login_change,
            login_field=self.abilities.login_field,
            notes=self.abilities.notes,
            requests=self.abilities.requests,
        )


def shipped() -> tuple[str, ...]:
    """The names of the profiles that come with the product."""
    folder = files("connector.career") / "profiles"
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml")))


def load_profile(name_or_path: str) -> Profile:
    """A profile by the name of a shipped one, or from a file (its path ends in ``.toml``).

    Raises:
        UserError: every problem of the file, P001 to P106.
    """
    if name_or_path.endswith(".toml"):
        try:
            data = Path(name_or_path).read_bytes()
        except OSError as reason:
            why = (reason.strerror or type(reason).__name__).lower()
            raise _unreadable(name_or_path, f"cannot be read: {why}", "name a file that this user can read") from None
        return read_profile(name_or_path, data)
    if name_or_path not in shipped():
        cure = did_you_mean(name_or_path, shipped()) + '; a profile of your own is named by its path, ending in ".toml"'
        raise _unreadable(name_or_path, "there is no profile of this name", cure)
    file = files("connector.career") / "profiles" / f"{name_or_path}.toml"
    return read_profile(f"{name_or_path}.toml", file.read_bytes())


def read_profile(name: str, data: bytes) -> Profile:
    """The profile in these bytes; ``name`` is the file's name in problems.

    Raises:
        UserError: every problem of the file.
    """
    document = parse(name, data, codes="P")
    try:
        profile = Profile.model_validate(document.data)
    except ValidationError as wrong:
        raise UserError([_problem(document, dict(error)) for error in wrong.errors()]) from None
    problems = [*_not_built(document), *_gaps(document, profile)]
    if problems:
        raise UserError(problems)
    return profile


def _unreadable(name: str, message: str, cure: str) -> UserError:
    return UserError([Problem(code="P101", message=message, cure=cure, file=name)])


def _problem(document: Document, error: Mapping[str, Any]) -> Problem:
    path = tuple(error["loc"])
    key = str(path[-1]) if path else ""
    match error["type"]:
        case "extra_forbidden":
            cure = did_you_mean(key, _keys(path[:-1]))
            return document.problem("P102", path, f'there is no setting "{key}" here', cure, key=True)
        case "missing":
            return document.problem(
                "P103", path, f'"{".".join(map(str, path))}" is missing', "add it; see generic.toml", key=True
            )
        case "literal_error":
            return document.problem("P104", path, f'"{key}" has no such choice', f"choose {error['ctx']['expected']}")
        case "string_pattern_mismatch":
            return document.problem("P105", path, f'"{key}" has a form that is not allowed', "see generic.toml for its form")
        case _:
            return document.problem("P105", path, f'"{key}": {str(error["msg"]).lower()}', "see generic.toml for its form")


def _keys(path: tuple[str | int, ...]) -> list[str]:
    """The settings that a table has."""
    table: type[BaseModel] = Profile
    for part in path:
        named = {field.alias or name: field for name, field in table.model_fields.items()}
        annotation = named[str(part)].annotation
        kinds = getattr(annotation, "__args__", (annotation,))
        table = next(kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel))
    return [field.alias or name for name, field in table.model_fields.items()]


def _not_built(document: Document) -> list[Problem]:
    problems = []
    for (table, key), built in BUILT.items():
        word = document.data[table].get(key)
        if word is not None and word not in built:
            cure = f"this version has: {', '.join(sorted(built))}"
            problems.append(document.problem("P106", (table, key), f'{key} "{word}" is not built yet', cure))
    return problems


def _gaps(document: Document, profile: Profile) -> list[Problem]:
    """What the capabilities promise and no table describes, and paths that cannot work."""
    promised = (
        ("create", profile.abilities.create != "none", profile.create),
        ("note", profile.abilities.notes, profile.note),
        ("acknowledgement", profile.abilities.requests, profile.acknowledgement),
    )
    problems = [
        document.problem(
            "P107", ("capabilities",), f"the capabilities need a table [{table}]", f"add [{table}], or take it back", key=True
        )
        for table, needed, described in promised
        if needed and described is None
    ]
    if profile.abilities.requests and not profile.lists.requests:
        message, cure = 'requests = true needs "lists.requests"', "add the path of the list of requests"
        problems.append(document.problem("P107", ("lists",), message, cure, key=True))
    if (profile.update.kind == "single") is not ("{id}" in profile.update.path):
        message = '"{id}" belongs into the path of single updates, and of these alone'
        problems.append(document.problem("P107", ("update", "path"), message, "correct the path or the kind"))
    return problems
