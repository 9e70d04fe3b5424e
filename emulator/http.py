"""Plain request and response values shared by every emulated service.

A service is anything with `handle(request) -> response`. The same service is mounted in a `requests` session
(`emulator.inprocess`) and served over sockets (`emulator.server`); it never sees a socket, a thread or a framework.
"""

import gzip
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.utils import format_datetime
from typing import Any, Generic, Protocol, TypeVar
from urllib.parse import parse_qs, unquote

import orjson

T = TypeVar("T")

CUT_EVERYTHING = -1
"""Value of `Response.cut` for "the connection breaks before the first byte of an answer"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request.

    `path` is as the client sent it, still percent-encoded and without the query; `query` is the raw query string.
    `headers` has lower-case names (build requests with `request()` to be sure); `body` is complete.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def header(self, name: str, default: str = "") -> str:
        """The value of a header, looked up without regard to case."""
        return self.headers.get(name.lower(), default)

    def parameters(self) -> dict[str, list[str]]:
        """The query string, decoded; a name given twice has two values."""
        return parse_qs(self.query, keep_blank_values=True) if self.query else {}

    def parameter(self, name: str, default: str = "") -> str:
        """The first value of one query parameter."""
        return self.parameters().get(name, [default])[0]

    def segments(self) -> list[str]:
        """The path cut at its slashes, each part percent-decoded; empty parts at both ends are dropped."""
        return [unquote(part) for part in self.path.strip("/").split("/")]

    def json(self) -> object:
        """The body as JSON.

        Raises:
            ValueError: the body is not JSON.
        """
        return orjson.loads(self.body)

    def form(self) -> dict[str, str]:
        """The body as `application/x-www-form-urlencoded`; of a name given twice the first value counts."""
        pairs = parse_qs(self.body.decode("utf-8", "replace"), keep_blank_values=True)
        return {name: values[0] for name, values in pairs.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One HTTP response.

    `delay` is how many seconds the client has to wait for it. `cut` breaks the connection: None sends the whole body,
    n >= 0 sends the headers and the first n bytes of the body, `CUT_EVERYTHING` sends nothing at all. `pace` is how many
    bytes a second the body comes at (0: at once); `endless` sends the body again and again until the client goes away.
    `failure` names a connection that never came about: "refused", "name", "connect_timeout" or "certificate"; in-process
    clients meet just that, over sockets the connection breaks before any byte.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    delay: float = 0.0
    cut: int | None = None
    pace: float = 0.0
    endless: bool = False
    failure: str = ""

    def json(self) -> object:
        """The body as JSON (for tests and control)."""
        return orjson.loads(self.body)


def dated(response: Response, moment: datetime) -> Response:
    """The response as it leaves a server whose clock shows this moment (RFC 9110 section 6.6.1)."""
    return replace(response, headers={"Date": format_datetime(moment, usegmt=True), **response.headers})


class App(Protocol):
    """One emulated service."""

    def handle(self, request: Request) -> Response:
        """Answer one request. Never raises for bad input: that is an answer too."""
        ...


def printed(item: Mapping[str, Any]) -> orjson.Fragment:
    """An object as JSON; half a character that a test has planted is printed as the escape that it is."""
    try:
        return orjson.Fragment(orjson.dumps(item))
    except TypeError:
        return orjson.Fragment(json.dumps(item).encode())


def request(method: str, target: str, *, headers: Mapping[str, str] | None = None, body: bytes | str | object = b"") -> Request:
    """Build a request from a target such as `/path?a=b`; a body that is neither bytes nor text is sent as JSON."""
    path, _, query = target.partition("?")
    lowered = {name.lower(): value for name, value in (headers or {}).items()}
    match body:
        case bytes():
            payload = body
        case str():
            payload = body.encode()
        case _:
            payload = orjson.dumps(body)
            lowered.setdefault("content-type", "application/json")
    return Request(method=method.upper(), path=path, query=query, headers=lowered, body=payload)


def json_response(value: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A response whose body is `value` as JSON in UTF-8."""
    return Response(
        status=status,
        headers={"Content-Type": "application/json;charset=UTF-8", **(headers or {})},
        body=json_text(value),
    )


def text_response(text: str, *, content_type: str = "text/plain;charset=UTF-8", status: int = 200) -> Response:
    """A response whose body is text in UTF-8."""
    return Response(status=status, headers={"Content-Type": content_type}, body=text.encode())


def json_text(value: object) -> bytes:
    """A value as JSON in UTF-8. Copy it before keeping it: its buffer may be much longer than it."""
    try:
        return orjson.dumps(value)
    except TypeError:  # integers above 64 bits: the standard library prints them
        return json.dumps(value, ensure_ascii=False).encode()


class Router(Generic[T]):
    """Finds what serves a method and a path; patterns are paths whose `{name}` parts stand for any one segment.

    Literal segments win over names and are compared without regard to case, as Salesforce does; a last part `{name*}`
    takes the rest of the path.
    """

    def __init__(self) -> None:
        self._root = _Node[T]()

    def add(self, method: str, pattern: str, target: T) -> None:
        """Serve `method pattern` by `target`. Patterns that differ only in the names of their parts share them."""
        node = self._root
        for part in pattern.strip("/").split("/"):
            key = part.lower()
            if part.startswith("{"):
                key = "*" if part.endswith("*}") else "?"
            node = node.children.setdefault(key, _Node())
        node.targets[method] = (target, tuple(_names(pattern)))

    def find(self, method: str, segments: list[str]) -> tuple[T, dict[str, str]] | frozenset[str]:
        """The target and the values of its named parts; or the methods that this path has (empty: no such path)."""
        found = self._walk(self._root, segments, method, [])
        if found is None:
            other = self._walk(self._root, segments, "", [])
            return frozenset(other[0].targets) if other else frozenset()
        node, values = found
        target, names = node.targets[method]
        return target, dict(zip(names, values, strict=True))

    def _walk(self, node: "_Node[T]", segments: list[str], method: str, values: list[str]) -> tuple["_Node[T]", list[str]] | None:
        """The node of a path that serves a method (any method: ""), literal parts first; with what names stand for."""
        if not segments:
            return (node, values) if (method in node.targets if method else node.targets) else None
        first, rest = segments[0], segments[1:]
        literal = node.children.get(first.lower())
        if literal is not None and (found := self._walk(literal, rest, method, values)):
            return found
        if (named := node.children.get("?")) and (found := self._walk(named, rest, method, [*values, first])):
            return found
        whole = node.children.get("*")
        return self._walk(whole, [], method, [*values, "/".join(segments)]) if whole else None


class _Node(Generic[T]):
    __slots__ = ("children", "targets")

    def __init__(self) -> None:
        self.children: dict[str, _Node[T]] = {}
        self.targets: dict[str, tuple[T, tuple[str, ...]]] = {}


def _names(pattern: str) -> list[str]:
    return [part.strip("{}*") for part in pattern.split("/") if part.startswith("{")]


def unpacked(body: bytes, encoding: str) -> bytes:
    """The body of a request that came packed with that Content-Encoding; as it is when it cannot be unpacked."""
    try:
        match encoding:
            case "gzip":
                return gzip.decompress(body)
            case "deflate":
                return zlib.decompress(body)
    except (OSError, EOFError, zlib.error):
        pass
    return body
