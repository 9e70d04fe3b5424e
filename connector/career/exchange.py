"""The calls to one career system: paced, with our key, its statuses told apart, reads repeated and writes never."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from connector.career.access import Access, not_accepted
from connector.career.pace import Pace
from connector.errors import Halt, Later
from connector.ports import Clock
from connector.wire import Answer, Wire, retrying

_ATTEMPTS = 3

T = TypeVar("T")


class Reply(NamedTuple):
    """An answer, its JSON, and whether its records must be looked at one by one."""

    answer: Answer
    data: Any
    odd: bool


class CursorExpired(Exception):
    """The system no longer knows where we stopped."""


class Missing(Exception):
    """The system has no such record."""


class Exchange:
    """One system's calls.

    Args:
        system: its name in the configuration; errors carry it.
        wire: the way to it, with its address and limits.
        access: how we show who we are.
        pace: how fast we may call.
        clock: for waiting between attempts of a read.
        rng: numbers in [0, 1) for the jitter of these waits.
        rights: where the rights that our key needs are listed.
    """

    def __init__(
        self,
        *,
        system: str,
        wire: Wire,
        access: Access,
        pace: Pace,
        clock: Clock,
        rng: Callable[[], float],
        rights: str = "docs/career-api.md",
    ) -> None:
        self.system, self.wire = system, wire
        self._access, self._pace, self._clock, self._rng, self._rights = access, pace, clock, rng, rights

    def get(
        self,
        path: str,
        params: Mapping[str, str],
        understand: Callable[[Reply], T],
        *,
        expires: bool = False,
        may_be_missing: bool = False,
    ) -> T:
        """Read a path, as ``understand`` takes it; what it calls unusable is read again like any other failure.

        Raises:
            CursorExpired: the status is 410 and ``expires`` says that this can happen.
            Missing: the status is 404 and ``may_be_missing`` says that this can happen.
            Later: no trustworthy answer after three attempts.
            Halt: the key is not accepted, or the path is not known.
        """

        def once() -> T:
            answer = self.send("GET", path, params=params)
            if expires and answer.status == 410:
                raise CursorExpired
            if answer.status == 404:
                raise Missing if may_be_missing else self.unknown_path(answer.status)
            if answer.status in {400, 405, 406, 414, 422}:
                raise self._refusal(answer.status)
            if answer.status != 200:
                raise Later(side=self.system, code=f"HTTP_{answer.status}", retry_after=self.wire.retry_after(answer))
            return understand(Reply(answer, *answer.read_json()))

        return retrying(once, clock=self._clock, rng=self._rng, attempts=_ATTEMPTS)

    def send(self, method: str, path: str, *, params: Mapping[str, str] | None = None, **sent: Any) -> Answer:  # noqa: ANN401 - JSON
        """One exchange. After a 401 there may be another key or token to show: then it goes once more, and never again."""
        answer = self._once(method, path, params, sent)
        if answer.status == 401 and self._access.renew():
            answer = self._once(method, path, params, sent)
        if answer.status == 401:
            raise not_accepted(self.system)
        return self._permitted(answer)

    def _once(self, method: str, path: str, params: Mapping[str, str] | None, sent: Mapping[str, Any]) -> Answer:
        write = method != "GET"
        headers = {**sent.get("headers", {}), **self._access.headers()}
        rest = {name: value for name, value in sent.items() if name != "headers"}
        self._pace.wait()
        answer = self.wire.send(method, path, write=write, headers=headers, params=params, server_errors=True, **rest)
        self._pace.heard(answer.status, answer.headers)
        if answer.status >= 500 and not write:
            raise Later(side=self.system, code=f"HTTP_{answer.status}", retry_after=self.wire.retry_after(answer))
        return answer

    def _refusal(self, status: int) -> Halt:
        return Halt(
            subject=self.system,
            reason=f"it refuses a read of its profile ({status})",
            remedy="it may speak another version of the contract: compare its documentation with the profile",
        )

    def _permitted(self, answer: Answer) -> Answer:
        if answer.status == 403:
            raise Halt(
                subject=self.system,
                reason="our key may not do this (403)",
                remedy=f"give the bridge's key in the career system the rights listed in {self._rights}",
            )
        return answer

    def unknown_path(self, status: int) -> Halt:
        """The error for a path of the profile that the system does not know."""
        return Halt(
            subject=self.system,
            reason=f"it does not know a path of its profile ({status})",
            remedy="check its url in config.toml, and that it has the profile's version",
        )
