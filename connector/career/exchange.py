"""The calls to one career system: with its key, its statuses told apart, reads repeated and writes never."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from connector.career.payload import strict_json
from connector.career.profile import Profile
from connector.errors import Halt, Later
from connector.ports import Clock
from connector.secrets import Secret
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


class Exchange:
    """One system's calls. Arguments as of ``connector.career.side.CareerClient``."""

    def __init__(
        self, *, system: str, profile: Profile, wire: Wire, secret: Callable[[], Secret], clock: Clock, rng: Callable[[], float]
    ) -> None:
        self.system, self.profile, self.wire = system, profile, wire
        self._read_secret, self._clock, self._rng = secret, clock, rng
        self._key: Secret | None = None

    def get(self, path: str, params: Mapping[str, str], understand: Callable[[Reply], T], *, expires: bool = False) -> T:
        """Read a path, as ``understand`` takes it; what it calls unusable is read again like any other failure.

        Raises:
            CursorExpired: the status is 410 and ``expires`` says that this can happen.
            Later: no trustworthy answer after three attempts.
            Halt: the key is not accepted, or the path is not known.
        """

        def once() -> T:
            answer = self.send("GET", path, params=params)
            if expires and answer.status == 410:
                raise CursorExpired
            if answer.status == 404:
                raise self.unknown_path(answer.status)
            if answer.status in {400, 405, 406, 414, 422}:
                raise self._refusal(answer.status)
            if answer.status != 200:
                raise Later(side=self.system, code=f"HTTP_{answer.status}", retry_after=self.wire.retry_after(answer))
            return understand(Reply(answer, *strict_json(answer)))

        return retrying(once, clock=self._clock, rng=self._rng, attempts=_ATTEMPTS)

    def send(self, method: str, path: str, *, params: Mapping[str, str] | None = None, **sent: Any) -> Answer:  # noqa: ANN401 - JSON
        """One exchange with our key. After a 401 the key is read anew, once: it may have been replaced while we run."""
        write = method != "GET"
        extra: dict[str, str] = sent.pop("headers", {})
        for fresh in (False, True):
            before = self._key
            if fresh or self._key is None:
                self._key = self._read_secret()
            if fresh and self._key == before:
                break
            headers = {**extra, **self._authorization(self._key)}
            answer = self.wire.send(method, path, write=write, headers=headers, params=params, server_errors=write, **sent)
            if answer.status != 401:
                return self._permitted(answer)
        raise Halt(
            subject=self.system,
            reason="it does not accept our key (401)",
            remedy="replace the key in the career system and in the secret that config.toml names, then resume",
        )

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
                remedy="give the bridge's key in the career system the rights listed in docs/career-api.md",
            )
        return answer

    def _authorization(self, key: Secret) -> dict[str, str]:
        if self.profile.access.kind == "header":
            return {self.profile.access.header: key.reveal()}
        return {"Authorization": f"Bearer {key.reveal()}"}

    def unknown_path(self, status: int) -> Halt:
        """The error for a path of the profile that the system does not know."""
        return Halt(
            subject=self.system,
            reason=f"it does not know a path of its profile ({status})",
            remedy="check its url in config.toml, and that it has the profile's version",
        )
