"""The names of the generic career contract in one system's JSON: what a profile adds to its facts to speak dialect ``generic``.

Closed words and names, without any expression. What a profile promises it also describes.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from connector.career.facts import Facts, FactsTable
from connector.core.document import Document
from connector.errors import Problem

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


class Access(FactsTable):
    """How a call shows the key. ``header`` names the header of ``kind = "header"``."""

    kind: Literal["bearer", "header"]
    header: HeaderName = "X-Api-Key"


class Tenant(FactsTable):
    """Where the system says which institution it serves; names that are empty are not told by it."""

    path: Address
    id: Name
    name: OptionalName = ""
    environment: OptionalName = ""
    contract: OptionalName = ""
    contract_is: str = ""
    own_key: OptionalName = ""
    mails_on_login_change: OptionalName = ""


class RecordNames(FactsTable):
    """Where a record has its id and its version."""

    id: Name
    version: Name


class Lists(FactsTable):
    """How everything is read, page by page, and how records are asked for by id."""

    kind: Literal["cursor"]
    people: Address
    requests: OptionalAddress = ""
    items: Name
    next: Name
    after: Name
    limit: Name
    ids: Name
    page: PerCall = 500
    ids_per_call: PerCall = 200


class Incremental(FactsTable):
    """How changes are followed. ``start`` names the feed's cursor in a page of people."""

    kind: Literal["change_feed"]
    path: Address
    start: Name
    items: Name
    next: Name
    more: Name
    after: Name
    limit: Name
    page: PerCall = 500


class Update(FactsTable):
    """How accounts are changed: many in a call, each with its own result, or one in a call (``{id}`` in the path)."""

    kind: Literal["batch", "single"]
    method: Method
    path: Address
    per_call: PerCall = 200


class Batch(FactsTable):
    """A call that takes ``{"items": [...]}`` and answers ``{"results": [...]}``."""

    method: Method
    path: Address
    per_call: PerCall = 200


class Contract(Facts):
    """A profile of dialect ``generic``: its facts, and the names that the dialect needs."""

    access: Access
    tenant: Tenant
    record: RecordNames
    lists: Lists
    incremental: Incremental
    update: Update
    note: Batch | None = None
    acknowledgement: Batch | None = None


def gaps(document: Document, profile: Contract) -> list[Problem]:
    """What the capabilities promise and no table describes, and paths that cannot work."""
    promised = (
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
    can = profile.abilities
    spoken = (
        ("precondition", can.precondition, ("etag",)),
        ("write", can.write, ("patch",)),
    )
    problems += [
        document.problem("P107", ("capabilities", name), f'dialect "generic" does not speak {name} = "{said}"', _choice(words))
        for name, said, words in spoken
        if said not in words
    ]
    if profile.abilities.requests and not profile.lists.requests:
        message, cure = 'requests = true needs "lists.requests"', "add the path of the list of requests"
        problems.append(document.problem("P107", ("lists",), message, cure, key=True))
    if (profile.update.kind == "single") is not ("{id}" in profile.update.path):
        message = '"{id}" belongs into the path of single updates, and of these alone'
        problems.append(document.problem("P107", ("update", "path"), message, "correct the path or the kind"))
    return problems


def _choice(words: tuple[str, ...]) -> str:
    return f"it speaks: {', '.join(words)}"
