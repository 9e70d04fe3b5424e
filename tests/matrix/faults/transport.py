"""F1 to F18: the wire between the bridge and both systems."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from email.utils import format_datetime

from tests.matrix.cells import Cell, Check, Operation, Order, Row
from tests.matrix.checks import calm, done, halted, paced, patient, waits, within
from tests.matrix.faults.where import WRITES, Make, net
from tests.matrix.orders import (
    answers,
    careers,
    distorts,
    says,
    wire,
)
from tests.simulation.run import Run
from tests.simulation.world import Spec

_PAIR = Spec(people=2)


def _slowly(operation: Operation, side: str, pattern: str) -> Check:
    """A write or a login that fails waits for the next cycle; a read is tried four times in one, of up to two kinds of call."""
    if operation in WRITES or operation is Operation.AUTH:
        return paced(side, pattern, seconds=55, most=1)
    return paced(side, pattern, seconds=55, most=8)


def _lasting(order: Order, operation: Operation, side: str, pattern: str) -> Cell:
    """A fault that goes on: the operation waits, nothing is given up, and nobody is asked faster than that."""
    return Cell(orders=(order,), during=(waits, _slowly(operation, side, pattern)), beats=10)


def _wire(how: str) -> Make:
    """The wire fails once: the operation is done all the same, and nothing was given up."""
    return lambda _operation, side, pattern: Cell(orders=(wire(side, how, pattern, count=1),), during=(done, calm), beats=5)


def _unreachable(how: str) -> Make:
    """No connection comes about as long as that lasts."""
    return lambda operation, side, pattern: _lasting(wire(side, how, pattern), operation, side, pattern)


def _error_after(_operation: Operation, side: str, pattern: str) -> Cell:
    order = (
        answers(pattern, "UNKNOWN_EXCEPTION", count=1, when="after")
        if side == "crm"
        else careers("error_after", pattern, count=1)
    )
    return Cell(orders=(order,), during=(done,))


def _zombie(_operation: Operation, side: str, pattern: str, delay: float) -> Cell | None:
    if side != "crm":
        return None
    return Cell(orders=(answers(pattern, "", count=1, when="later", delay=delay),), during=(done,), beats=14)


def _drip(_operation: Operation, side: str, pattern: str) -> Cell:
    """The deadline of a whole exchange is 180 s; a read is tried four times."""
    return Cell(orders=(wire(side, "drip", pattern, count=1),), during=(done, within(240)), beats=10)


def _page(operation: Operation, side: str, pattern: str) -> Cell:
    order = answers(pattern, "LOGIN_PAGE") if side == "crm" else careers("html", pattern)
    return _lasting(order, operation, side, pattern)


def _page_after(operation: Operation, side: str, pattern: str) -> Cell | None:
    if operation not in WRITES:
        return None
    order = (
        answers(pattern, "MAINTENANCE_PAGE", count=1, when="after") if side == "crm" else careers("html_after", pattern, count=1)
    )
    return Cell(orders=(order,), during=(done,))


def _endless(_operation: Operation, side: str, pattern: str) -> Cell:
    order = answers(pattern, "ENDLESS", count=1) if side == "crm" else careers("huge", pattern, count=1, value="70000000")
    return Cell(orders=(order,), during=(done,))


def _bomb(_operation: Operation, side: str, pattern: str) -> Cell | None:
    return Cell(orders=(answers(pattern, "GZIP_BOMB", count=1),), during=(done,)) if side == "crm" else None


def _redirect(status: int) -> Make:
    """Never followed (what left is judged by the wire's oracle), and a person is told."""

    def make(_operation: Operation, side: str, pattern: str) -> Cell | None:
        if side != "crm" and status != 302:
            return None
        elsewhere = "https://evil.example/"
        order = (
            says(pattern, status, None, Location=elsewhere) if side == "crm" else careers("redirect", pattern, value=elsewhere)
        )
        return Cell(orders=(order,), during=(halted(side, "redirects to another host"),))

    return make


def _empty(status: int) -> Make:
    def make(operation: Operation, side: str, pattern: str) -> Cell | None:
        return _lasting(says(pattern, status), operation, side, pattern) if side == "crm" else None

    return make


def _date(run: Run) -> str:
    """A moment five minutes from now, as HTTP writes it."""
    return format_datetime(run.world.time.now() + timedelta(minutes=5), usegmt=True)


def _patience(status: int, text: str, *, wait: float, beats: int) -> Make:
    """Asked for patience once: nothing of that kind is asked again before ``wait`` seconds have passed, and then it is done.

    A sweep that was turned away is done when it is due again.
    """

    def make(operation: Operation, side: str, pattern: str) -> Cell:
        def order(run: Run) -> None:
            told = text or _date(run)
            if side == "crm":
                says(pattern, status, [{"errorCode": "SERVER_UNAVAILABLE", "message": ""}], count=1, Retry_After=told)(run)
            else:
                careers("throttle" if status == 429 else "unavailable", pattern, count=1, value=told)(run)

        waited = (patient(side, pattern, seconds=wait),) if wait else ()
        at_once = () if wait and operation is Operation.RECONCILE else (done,)
        return Cell(orders=(order,), during=(*at_once, calm, *waited), beats=beats)

    return make


_PATIENCE = [
    _patience(status, text, wait=wait, beats=beats)
    for status in (429, 503)
    for text, wait, beats in (("300", 295.0, 8), ("", 290.0, 8), ("soon", 0, 4), ("-5", 0, 4), ("315360000", 3500.0, 64))
]


def _other(how: str) -> Make:
    """The answer is another request's: whoever gets it does not believe it."""

    def make(operation: Operation, side: str, pattern: str) -> Cell | None:
        if operation is Operation.AUTH:
            return None
        if side == "crm":
            return Cell(orders=(distorts(pattern, how),), during=(done,), spec=_PAIR)
        return None

    return make


TRANSPORT: Mapping[int, Row] = {
    1: net("DNS failure, connection refused", *map(_unreachable, ("name", "refuse"))),
    2: net("Connect timeout", _unreachable("connect_timeout")),
    3: net("Bad, expired or wrong-host TLS certificate", _unreachable("certificate")),
    4: net("Request lost before the server acts", _wire("lose_request")),
    5: net("Commit, response lost", _wire("lose_response"), _wire("timeout")),
    6: net(
        "Zombie: client times out, server commits 1 s to 10 min later",
        *[
            lambda operation, side, pattern, delay=delay: _zombie(operation, side, pattern, delay)
            for delay in (1.0, 70.0, 400.0, 600.0)
        ],
    ),
    7: net("1 byte/s response", _drip),
    8: net("Truncated or broken chunk", _wire("truncate")),
    9: net("200 with an HTML login or maintenance page", _page, _page_after),
    10: net("100 MB body, gzip bomb, endless chunks", _endless, _bomb),
    11: net("Redirect to another host", *map(_redirect, (301, 302, 307, 308))),
    12: net("406 or 420 with no body", *map(_empty, (406, 420))),
    13: net("429 or 503, with and without Retry-After", *_PATIENCE),
    14: net("500 UNKNOWN_EXCEPTION after commit", _error_after),
    15: net("Proxy delivers one request twice", _wire("twice")),
    16: net("Keep-alive reset on first byte of a reused connection", _wire("lose_request"), _wire("lose_response")),
    17: net(
        "Answer of another request",
        *map(_other, ("other_reference", "other_prefix", "reversed")),
        auth="a login's answer names no request",
    ),
}
