"""One careful HTTP exchange with one pinned host, for every side; and the only layer that retries (reads alone).

The policy is the same for all: HTTPS to exactly the host that was configured, no redirects, no cookies, no ambient proxies
or ``.netrc``, a limit on each wait and on the whole exchange, a cap on the body after decompression, and JSON that is
really JSON. Nothing here repeats a request: ``Wire.send`` sends at most once, so that a write is never doubled by a library.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from importlib.metadata import PackageNotFoundError, version
from ipaddress import ip_address
from math import inf
from types import UnionType
from typing import Any, TypeVar
from urllib.parse import quote, urljoin, urlsplit

import orjson
import requests
from requests.exceptions import InvalidHeader, InvalidSchema, InvalidURL, ProxyError, SSLError
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import HTTPError, NewConnectionError

from connector.core.httpdate import read_retry_after
from connector.core.strictjson import read_json, storable
from connector.egress import ForbiddenAddress, GuardedAdapter, OutOfTime, Reach, guard
from connector.errors import Bug, Halt, Later, Throttled, Unknown
from connector.ports import THROTTLED, Clock

T = TypeVar("T")

_CHUNK = 65_536
_BOM = b"\xef\xbb\xbf"
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_TLS_PAUSE = 900.0
_FIRST_WAIT = 0.5
_LONGEST_WAIT = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long and how large one exchange may be: seconds, and bytes after decompression."""

    connect: float = 10.0
    read: float = 60.0
    total: float = 180.0
    body: int = 64 * 1024 * 1024


def user_agent() -> str:
    """``alumni-bridge/<version>``: what an administrator sees in the login history and can alert on."""
    try:
        return f"alumni-bridge/{version('alumni-bridge')}"
    except PackageNotFoundError:
        return "alumni-bridge/0"


def open_session(*, ca_file: str | None = None, proxies: Mapping[str, str] | None = None) -> requests.Session:
    """A ``requests`` session that never retries and reaches no near address; who uses it puts it under ``egress.guard``.

    ``ca_file`` replaces the trusted authorities by those of one PEM file; verification itself has no switch.
    """
    session = requests.Session()
    adapter = GuardedAdapter()
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    session.proxies = dict(proxies or {})
    if ca_file is not None:
        session.verify = ca_file
    return session


def segment(value: str) -> str:
    """A value as one path segment; it can never add a slash, a query or a host."""
    return quote(value, safe="")


def origin(url: str, *, lab: bool = False) -> str:
    """The origin of an address that we may talk to, in lower case and without a trailing slash.

    HTTPS on port 443 only; ``lab`` also allows any port, on this machine's loopback only.

    Raises:
        ValueError: it is not such an address; the text says why and repeats nothing of it.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if parts.scheme.lower() != "https" or not host:
        raise ValueError("not an https address")
    if parts.username is not None or parts.password is not None:
        raise ValueError("it carries a user name or password")
    loopback = _is_loopback(host)
    if loopback and not lab:
        raise ValueError("it points to this machine")
    if parts.port in {None, 443}:
        return f"https://{host}"
    if not (lab and loopback):
        raise ValueError("only port 443 is allowed")
    return f"https://{host}:{parts.port}"


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back, whole. ``headers`` look up without regard to case; ``data`` is decompressed."""

    status: int
    headers: Mapping[str, str]
    data: bytes = field(repr=False)
    side: str
    write: bool

    def json(self) -> Any:  # noqa: ANN401 - JSON is anything; callers check shapes
        """The body as strict JSON that every store can hold (see ``strictjson.storable``). Raises as ``read_json``."""
        data, odd = self.read_json()
        try:
            return storable(data) if odd else data
        except ValueError as reason:
            raise self.unusable("not valid JSON: a number that is too large") from reason

    def read_json(self) -> tuple[Any, bool]:
        """The body as strict JSON, and whether something in it is odd (see ``strictjson.read_json``).

        Raises:
            Later: the body of a read is no usable JSON (empty, HTML, too deep, not a number, a name twice, not UTF-8).
            Unknown: the same, for a write: nobody knows what it did.
        """
        kind = self.headers.get("Content-Type", "").lower()
        body = self.data.removeprefix(_BOM)
        if "html" in kind or body.lstrip()[:1] == b"<":
            raise self.unusable("a web page instead of JSON")
        if "json" not in kind:
            raise self.unusable("not declared as JSON")
        try:
            return read_json(body)
        except ValueError:
            raise self.unusable("not valid JSON, or a name twice in one object") from None

    def unusable(self, why: str) -> Later | Unknown:
        """The error for an answer that cannot be relied on: ``Later`` for a read, ``Unknown`` for a write."""
        if self.write:
            return Unknown(side=self.side, detail=f"HTTP {self.status}: {why}")
        return Later(side=self.side, code="UNUSABLE_ANSWER", detail=f"HTTP {self.status}: {why}")


class Wire:
    """The way to one host.

    Args:
        session: from ``open_session``, or any session with a transport mounted; it is hardened here.
        base_url: the origin, optionally with a path prefix that is put before every path.
        clock: for the deadline and for ``Retry-After`` dates.
        side: the name that errors carry.
        lab: whether this machine's own addresses are allowed.
        campus: whether addresses of the institution's own network are allowed.
        limits: time and size.
    """

    def __init__(
        self,
        session: requests.Session,
        base_url: str,
        clock: Clock,
        *,
        side: str,
        lab: bool = False,
        campus: bool = False,
        limits: Limits | None = None,
    ) -> None:
        try:
            self.origin = origin(base_url, lab=lab)
        except ValueError as reason:
            raise Halt(
                subject=side, reason=f"its address cannot be used: {reason}", remedy="correct its url in config.toml"
            ) from None
        self.side, self.lab, self.limits = side, lab, limits or Limits()
        self.calls = 0
        self._prefix = urlsplit(base_url).path.rstrip("/")
        self._clock = clock
        self._session = session
        self._deadline = inf
        guard(session, Reach.MACHINE if lab else Reach.CAMPUS if campus else Reach.PUBLIC, self._in_time)
        session.auth = None
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
        session.headers["User-Agent"] = user_agent()

    def send(
        self,
        method: str,
        path_or_url: str,
        *,
        write: bool,
        headers: Mapping[str, str] | None = None,
        json: object = None,
        body: bytes | None = None,
        params: Mapping[str, str] | None = None,
        server_errors: bool = False,
    ) -> Answer:
        """Carry out one exchange, once.

        ``json`` is sent as JSON, ``body`` as it is. ``path_or_url`` is an absolute path (already percent-encoded; see
        ``segment``) or an address of this same origin. ``server_errors`` hands 5xx answers to the caller, who then must
        treat each that he cannot read as unknown; without it they raise.

        Raises:
            Later: certainly not done (no connection, refused by 429), or any failure of a read.
            Unknown: the write may have been done: answer lost, cut, too large, or 5xx.
            Halt: the answer sends us to another host, the address is not of this host, or a header cannot be sent.
        """
        url = self._resolve(path_or_url)
        sent = dict(headers or {})
        if json is not None:
            body = orjson.dumps(json)
            sent["Content-Type"] = "application/json"
        sent.setdefault("Accept", "application/json")
        self.calls += 1
        self._deadline = self._clock.monotonic() + self.limits.total
        try:
            answer = self._exchange(method, url, sent, body, params, write=write)
        except (InvalidHeader, UnicodeEncodeError):
            # Not chained: these errors hold the header.
            raise Halt(
                subject=self.side,
                reason="what we show it has a letter that no header can carry, most likely our secret; nothing was sent",
                remedy="write the secret that config.toml names anew: no line break in it, no letter of another alphabet",
            ) from None
        except (requests.RequestException, HTTPError, OSError) as reason:
            raise self._failure(reason, write=write) from reason
        self._refuse_redirect(answer, url)
        if answer.status == 429:
            raise Throttled(side=self.side, code=THROTTLED, retry_after=self.retry_after(answer))
        if answer.status >= 500 and not server_errors:
            if write:
                raise Unknown(side=self.side, detail=f"HTTP {answer.status}", retry_after=self.retry_after(answer))
            raise Later(side=self.side, code=f"HTTP_{answer.status}", retry_after=self.retry_after(answer))
        return answer

    def retry_after(self, answer: Answer) -> float | None:
        """Seconds that the answer asks us to wait, between 0 and an hour; None if it does not say, or nonsense."""
        return read_retry_after(answer.headers.get("Retry-After", ""), self._clock.now())

    def _resolve(self, path_or_url: str) -> str:
        """The address to call; anything that would leave the pinned origin stops the side."""
        if path_or_url.startswith("/") and not path_or_url.startswith("//"):
            url = self.origin + self._prefix + path_or_url
        else:
            url = path_or_url
        try:
            same = origin(url, lab=self.lab) == self.origin
        except ValueError:
            same = False
        path = urlsplit(url).path
        odd = any(ord(letter) <= 0x20 or letter == "\\" for letter in url) or ".." in path.split("/")
        if not same or odd:
            raise Halt(
                subject=self.side,
                reason="an address outside the configured host was asked for",
                remedy="look at the system's answers: they name another host; correct its url in config.toml if it has moved",
            )
        return url

    def _exchange(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        params: Mapping[str, str] | None,
        *,
        write: bool,
    ) -> Answer:
        response = self._session.request(
            method,
            url,
            headers=dict(headers),
            data=body,
            params=dict(params or {}),
            timeout=(self.limits.connect, self.limits.read),
            allow_redirects=False,
            stream=True,
        )
        try:
            data = self._drain(response, write=write)
        finally:
            response.close()
        return Answer(
            status=response.status_code,
            headers=CaseInsensitiveDict(response.headers),
            data=data,
            side=self.side,
            write=write,
        )

    def _in_time(self) -> bool:
        return self._clock.monotonic() <= self._deadline

    def _drain(self, response: requests.Response, *, write: bool) -> bytes:
        """The body, piece by piece as it arrives, so that neither a drip nor a bomb outlasts its limit.

        ``read1`` is used because ``iter_content`` waits until a whole piece is full, however slowly it fills.
        """
        pieces: list[bytes] = []
        size = 0
        while piece := response.raw.read1(_CHUNK, decode_content=True):
            size += len(piece)
            if size > self.limits.body:
                raise self._broken("BODY_TOO_LARGE", f"more than {self.limits.body} bytes", write=write)
            if not self._in_time():
                raise OutOfTime
            pieces.append(piece)
        return b"".join(pieces)

    def _broken(self, code: str, detail: str, *, write: bool) -> Later | Unknown:
        if write:
            return Unknown(side=self.side, detail=f"{code}: {detail}")
        return Later(side=self.side, code=code, detail=detail)

    def _failure(self, reason: Exception, *, write: bool) -> Later | Unknown | Bug:
        """What a broken exchange means. Only a connection that never came about is certainly no write."""
        name = type(reason).__name__
        if isinstance(reason, SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(reason):
            # no fast retry: a bad certificate is either an attack or takes hours to replace
            return Later(side=self.side, code="TLS_CERTIFICATE", detail="certificate not trusted", retry_after=_TLS_PAUSE)
        if _within(reason, ForbiddenAddress):
            return Later(
                side=self.side, code="FORBIDDEN_ADDRESS", detail="its name leads to a near address", retry_after=_TLS_PAUSE
            )
        if _within(reason, OutOfTime):
            return self._broken("DEADLINE", f"not finished within {self.limits.total:g} s", write=write)
        if isinstance(reason, InvalidSchema | InvalidURL):
            return Bug(f"{self.side}: {name}")
        if isinstance(reason, requests.ConnectTimeout | ProxyError) or _within(
            reason, NewConnectionError | ConnectionRefusedError
        ):
            return Later(side=self.side, code="NO_CONNECTION", detail=name)
        return self._broken("CONNECTION_LOST", name, write=write)

    def _refuse_redirect(self, answer: Answer, url: str) -> None:
        if answer.status not in _REDIRECTS:
            return
        target = urljoin(url, answer.headers.get("Location", ""))
        try:
            same = origin(target, lab=self.lab) == self.origin
        except ValueError:
            same = False
        if same:
            raise self._broken("REDIRECT", f"HTTP {answer.status}", write=answer.write)
        raise Halt(
            subject=self.side,
            reason=f"it redirects to another host (HTTP {answer.status})",
            remedy="redirects are never followed with our key; check with the vendor, then correct its url in config.toml",
        )


def _within(reason: BaseException, kind: type[BaseException] | UnionType) -> bool:
    """Whether a chain of exceptions holds one of this kind."""
    seen: set[int] = set()
    waiting: list[object] = [reason]
    while waiting:
        item = waiting.pop()
        if not isinstance(item, BaseException) or id(item) in seen:
            continue
        seen.add(id(item))
        if isinstance(item, kind):
            return True
        waiting += [item.__cause__, item.__context__, getattr(item, "reason", None), *item.args]
    return False


def retrying(
    read: Callable[[], T],
    *,
    clock: Clock,
    rng: Callable[[], float],
    attempts: int,
) -> T:
    """Repeat a **read** while it fails with ``Later``: full jitter, doubling from half a second up to twenty.

    ``rng`` gives numbers in [0, 1). Where the side said how long to wait, we wait at least that; if it is longer than
    twenty seconds, the error goes up at once, since others can be served meanwhile. This is the only layer that repeats.
    """
    for attempt in range(attempts - 1):
        try:
            return read()
        except Later as reason:
            asked = reason.retry_after or 0.0
            if asked > _LONGEST_WAIT:
                raise
            clock.sleep(max(asked, rng() * min(_LONGEST_WAIT, _FIRST_WAIT * 2**attempt)))
    return read()
