"""A talk with a system as one text: what is asked of our side, and the answers that it gets, in their order.

The first line names the operation; each answer follows a record separator (U+001E): a status, header lines, an empty line, the
body. When all answers are given, the last one is given again, for ever.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPResponse

from connector.wire import Limits, Wire, open_session

SEPARATOR = b"\x1e"
MOST = 400
"""Requests for one operation; who asks more often would ask for ever."""
KEPT = frozenset(
    {
        "content-type",
        "location",
        "retry-after",
        "etag",
        "last-modified",
        "date",
        "sforce-limit-info",
        "sforce-locator",
        "sforce-numberofrecords",
        "x-total",
        "x-per-page",
        "link",
    }
)
"""Headers that somebody reads, in lower case."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def written(operation: str, replies: Sequence[Reply]) -> bytes:
    """A talk as text."""
    parts = [operation.encode()]
    for one in replies:
        lines = [str(one.status), *(f"{name}: {value}" for name, value in one.headers.items() if name.lower() in KEPT)]
        parts.append("\n".join(lines).encode() + b"\n\n" + one.body)
    return (b"\n" + SEPARATOR).join(parts)


def read(data: bytes) -> tuple[str, list[Reply]]:
    """The talk in a text; whatever the text, it is one."""
    operation, *parts = data.split(b"\n" + SEPARATOR)
    return operation.decode("ascii", "replace"), replies_in(parts) or [Reply(200, {}, b"")]


def replies_in(parts: Sequence[bytes]) -> list[Reply]:
    """The answers in the parts of a talk."""
    return [_reply(part) for part in parts]


def _reply(part: bytes) -> Reply:
    head, _, body = part.partition(b"\n\n")
    first, *lines = head.decode("latin-1").split("\n")
    pairs = [line.partition(":") for line in lines]
    status = int(first) if first.isascii() and first.isdigit() and len(first) == 3 else 200
    return Reply(status, {name: value.strip() for name, _, value in pairs}, body)


class Script(BaseAdapter):
    """A transport that answers as the talk says, whatever is asked."""

    def __init__(self, replies: Sequence[Reply]) -> None:
        super().__init__()
        self.replies, self.asked = replies, 0

    def send(self, request: requests.PreparedRequest, **_options: Any) -> requests.Response:  # type: ignore[override] # as requests
        """One exchange."""
        reply = self.replies[min(self.asked, len(self.replies) - 1)]
        self.asked += 1
        assert self.asked <= MOST, "it asks for ever"
        response = requests.Response()
        response.status_code = reply.status
        response.headers = CaseInsensitiveDict(reply.headers)
        response.raw = HTTPResponse(
            body=io.BytesIO(reply.body), headers=reply.headers, status=reply.status, preload_content=False
        )
        response.request, response.url = request, request.url or ""
        return response

    def close(self) -> None:
        """Nothing is held."""


@dataclass(slots=True)
class Still:
    """A clock that moves only while somebody sleeps."""

    moment: datetime = field(default_factory=lambda: datetime(2026, 11, 2, 9, 0, 30, tzinfo=UTC))

    def now(self) -> datetime:
        """This moment."""
        return self.moment

    def monotonic(self) -> float:
        """Its seconds."""
        return self.moment.timestamp()

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        assert 0 <= seconds <= 86_400, "a pause that nobody can wait for"
        self.moment += timedelta(seconds=seconds)


def wires(replies: Sequence[Reply], clock: Still, *, side: str) -> Callable[[str], Wire]:
    """Ways to any address, on all of which the talk goes on."""
    script = Script(replies)

    def wire(url: str) -> Wire:
        session = open_session()
        session.mount("https://", script)
        return Wire(session, url, clock, side=side, limits=Limits(body=1_000_000))

    return wire
