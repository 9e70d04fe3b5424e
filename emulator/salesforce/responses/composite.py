"""Several requests in one: composite, batch and graph, with references between them."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from emulator.http import Response, json_response, request
from emulator.salesforce.context import Context
from emulator.salesforce.errors import SalesforceError, processing_halted

MAX_REQUESTS = 25
MAX_QUERIES = 5
MAX_NODES = 500
MAX_GRAPHS = 75
MAX_KINDS = 15
MAX_DEPTH = 15
HALT_AFTER = 14

STRICT_NAMES_FROM = 52.0

_NAME = re.compile(r"[A-Za-z0-9]\w*", re.ASCII)
_OF_THE_WHOLE = frozenset({"accept", "authorization", "content-type"})
"""Headers that subrequests take from the request [documentation]."""
_REFERENCE = re.compile(r"@\{([^}]+)\}")
_ALLOWED_IN_GRAPH = re.compile(r"/services/data/v[\d.]+/sobjects/\w+(/[^/?]+)*(\?.*)?$")


class _FailedError(Exception):
    """A subrequest failed where all have to succeed."""

    def __init__(self, at: int, answers: list[dict[str, Any]]) -> None:
        super().__init__(f"subrequest {at}")
        self.at = at
        self.answers = answers


def resources(ctx: Context, _params: Mapping[str, str]) -> Response:
    """GET composite: the addresses of its parts [documentation]."""
    return json_response({name: f"{ctx.base}/composite/{name}" for name in ("tree", "graph", "batch", "sobjects")})


def composite(ctx: Context, _params: Mapping[str, str]) -> Response:
    """POST composite: up to 25 requests that may refer to one another; one API call in all."""
    body = ctx.body()
    parts = listed(body.get("compositeRequest"))
    if len(parts) > MAX_REQUESTS:
        message = f"The number of subrequests, {len(parts)}, exceeds the limit of {MAX_REQUESTS}"
        raise SalesforceError("LIMIT_EXCEEDED", message)
    queries = sum("/query" in str(part.get("url", "")) or "/composite/sobjects" in str(part.get("url", "")) for part in parts)
    if queries > MAX_QUERIES:
        message = f"The number of query and collection subrequests, {queries}, exceeds the limit of {MAX_QUERIES}"
        raise SalesforceError("LIMIT_EXCEEDED", message)
    _check_parts(ctx, parts)
    answers = _series(ctx, parts, all_or_none=bool(body.get("allOrNone", False)))
    return json_response({"compositeResponse": answers})


def graph(ctx: Context, _params: Mapping[str, str]) -> Response:
    """POST composite/graph: each graph takes effect as a whole or not at all."""
    graphs = listed(ctx.body().get("graphs"), "graphs")
    if len(graphs) > MAX_GRAPHS:
        raise SalesforceError("LIMIT_EXCEEDED", f"The number of graphs, {len(graphs)}, exceeds the limit of {MAX_GRAPHS}")
    nodes = [listed(each.get("compositeRequest")) for each in graphs]
    total = sum(len(each) for each in nodes)
    if total > MAX_NODES:
        raise SalesforceError("LIMIT_EXCEEDED", f"The number of nodes, {total}, exceeds the limit of {MAX_NODES}")
    for parts in nodes:
        _check_parts(ctx, parts)
    answers: list[dict[str, Any]] = []
    failed = 0
    for each, parts in zip(graphs, nodes, strict=True):
        if failed >= HALT_AFTER:
            replies = [_reply(part, processing_halted().response()) for part in parts]
        else:
            replies = _graph_parts(ctx, parts)
        good = all(reply["httpStatusCode"] < 300 for reply in replies)
        failed += not good
        answers.append(
            {"graphId": str(each.get("graphId")), "graphResponse": {"compositeResponse": replies}, "isSuccessful": good}
        )
    return json_response({"graphs": answers})


def _graph_parts(ctx: Context, parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    kinds = {str(part.get("url", "")).split("?", maxsplit=1)[0].split("/")[5:6][0] for part in parts if _in_graph(part)}
    for at, part in enumerate(parts):
        if not _in_graph(part) or len(kinds) > MAX_KINDS:
            reason = "too many kinds of nodes" if _in_graph(part) else f"The url {part.get('url')} is not allowed in a graph"
            refused = SalesforceError("INVALID_INPUT", reason).response()
            halted = processing_halted().response()
            return [_reply(each, refused if index == at else halted) for index, each in enumerate(parts)]
    return _series(ctx, parts, all_or_none=True)


def _in_graph(part: dict[str, Any]) -> bool:
    return _ALLOWED_IN_GRAPH.match(str(part.get("url", ""))) is not None


def batch(ctx: Context, _params: Mapping[str, str]) -> Response:
    """POST composite/batch: independent requests, each of which counts as a call."""
    body = ctx.body()
    parts = listed(body.get("batchRequests"), "batchRequests")
    if len(parts) > MAX_REQUESTS:
        message = f"The number of subrequests, {len(parts)}, exceeds the limit of {MAX_REQUESTS}"
        raise SalesforceError("LIMIT_EXCEEDED", message)
    results: list[dict[str, Any]] = []
    halted = False
    for part in parts:
        if halted:
            failure = SalesforceError("BATCH_PROCESSING_HALTED", "Batch processing halted per request").body()
            results.append({"statusCode": 412, "result": failure})
            continue
        ctx.org.usage.add()
        url = str(part.get("url", ""))
        target = url if url.startswith("/") else f"/services/data/{url}"
        inner = request(str(part.get("method", "GET")), target, headers=_inherited(ctx), body=_sent(part.get("richInput")))
        answer = ctx.dispatch(ctx.inner(inner))
        results.append({"statusCode": answer.status, "result": _read(answer)})
        halted = answer.status >= 400 and bool(body.get("haltOnError", False))
    bad = any(result["statusCode"] >= 400 for result in results)
    return json_response({"hasErrors": bad, "results": results})


def _check_parts(ctx: Context, parts: list[dict[str, Any]]) -> None:
    """What fails the whole request, not a part of it [documentation; the codes and the text about twins are guesses]."""
    names = [part.get("referenceId") for part in parts]
    for part, name in zip(parts, names, strict=True):
        headers = part.get("httpHeaders") or {}
        if not isinstance(headers, dict):
            raise SalesforceError("INVALID_INPUT", "httpHeaders has to be an object")
        if not isinstance(name, str):
            raise SalesforceError("INVALID_INPUT", "A referenceId is required for every subrequest")
        if float(ctx.version) >= STRICT_NAMES_FROM and not _NAME.fullmatch(name):
            raise SalesforceError("INVALID_INPUT", _must_begin(name))
        if names.count(name) > 1:
            raise SalesforceError("INVALID_INPUT", "Duplicate ReferenceId provided in the request.")
        for header in _OF_THE_WHOLE & {each.lower() for each in headers}:
            raise SalesforceError("INVALID_INPUT", f"The header {header} is not allowed in a subrequest")


def _must_begin(name: str) -> str:
    return (
        f"Provided referenceId ('{name}') must start with a letter or a number, and it can contain only letters, numbers and "
        "underscores ('_')."
    )


# --- a series with references ---------------------------------------------------------------------------------------


def _series(ctx: Context, parts: list[dict[str, Any]], *, all_or_none: bool) -> list[dict[str, Any]]:
    inside = replace(ctx, all_or_none=ctx.all_or_none or all_or_none)
    try:
        with ctx.org.transaction():
            return _in_turn(inside, parts)
    except _FailedError as failed:
        halted = processing_halted().response()
        return [failed.answers[at] if at == failed.at else _reply(part, halted) for at, part in enumerate(parts)]


def _in_turn(ctx: Context, parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    known: dict[str, Any] = {}
    answers: list[dict[str, Any]] = []
    for at, part in enumerate(parts):
        name = str(part.get("referenceId"))
        try:
            answer = _one(ctx, part, known)
        except SalesforceError as refused:
            answer = refused.response()
        answers.append(_reply(part, answer))
        if ctx.all_or_none and _failed(answer):
            raise _FailedError(at, answers)
        if answer.status < 300:
            known[name] = _read(answer)
    return answers


def _failed(answer: Response) -> bool:
    """Whether a subrequest failed; a collection has also failed where a record of it did."""
    if answer.status >= 300:
        return True
    body = _read(answer)
    return isinstance(body, list) and any(isinstance(each, dict) and each.get("success") is False for each in body)


def _one(ctx: Context, part: dict[str, Any], known: dict[str, Any]) -> Response:
    url = str(_filled(part.get("url", ""), known))
    body = _filled(part.get("body"), known)
    own = {str(name): str(value) for name, value in (part.get("httpHeaders") or {}).items()}
    headers = {**_inherited(ctx), **own}
    inner = request(str(part.get("method", "GET")), url, headers=headers, body=_sent(body))
    if ctx.depth > 2:
        raise SalesforceError("INVALID_INPUT", "Composite requests cannot be nested that deep")
    return ctx.dispatch(ctx.inner(inner))


def _sent(body: object) -> bytes:
    return b"" if body is None else orjson.dumps(body)


_NOT_INHERITED = ("sforce-", "accept", "authorization", "host", "x-forwarded-proto")


def _inherited(ctx: Context) -> dict[str, str]:
    return {name: value for name, value in ctx.request.headers.items() if name.startswith(_NOT_INHERITED)}


def _reply(part: dict[str, Any], answer: Response) -> dict[str, Any]:
    shown = {name: value for name, value in answer.headers.items() if name in {"Location", "ETag", "Last-Modified"}}
    return {
        "body": _read(answer),
        "httpHeaders": shown,
        "httpStatusCode": answer.status,
        "referenceId": part.get("referenceId"),
    }


def _read(answer: Response) -> Any:  # noqa: ANN401 - any JSON
    return orjson.loads(answer.body) if answer.body else None


def listed(found: object, name: str = "compositeRequest") -> list[dict[str, Any]]:
    """A list of objects in a body.

    Raises:
        SalesforceError: it is something else, or empty.
    """
    if not isinstance(found, list) or not found or not all(isinstance(each, dict) for each in found):
        raise SalesforceError("INVALID_INPUT", f"{name} is required and has to be a list of requests")
    return found


def _filled(value: object, known: dict[str, Any]) -> Any:  # noqa: ANN401 - any JSON
    """A value with its references replaced; a text that is nothing but one keeps the type of what it refers to."""
    if isinstance(value, dict):
        return {key: _filled(each, known) for key, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, known) for each in value]
    if not isinstance(value, str):
        return value
    if (only := _REFERENCE.fullmatch(value)) is not None:
        return _look_up(only[1], known)
    return _REFERENCE.sub(lambda match: _inside(_look_up(match[1], known)), value)


def _inside(value: object) -> str:
    """A value where it is a part of a text."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _look_up(path: str, known: dict[str, Any]) -> Any:  # noqa: ANN401 - any JSON
    name, *steps = re.findall(r"[^.\[\]]+", path)
    message = f"Invalid reference specified. No value for {path} found in {name}. {_must_begin(path)}"
    missing = SalesforceError("PROCESSING_HALTED", message)
    if name not in known:
        raise missing
    value = known[name]
    for step in steps:
        if isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        elif isinstance(value, dict):
            lowered = {key.lower(): each for key, each in value.items()}
            if step.lower() not in lowered:
                raise missing
            value = lowered[step.lower()]
        else:
            raise missing
    return value
