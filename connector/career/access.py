"""How a call to a career system shows who we are. Secrets are read anew when the system no longer knows what we showed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from connector.errors import Halt
from connector.secrets import Secret


class Access(Protocol):
    """What every call carries."""

    def headers(self) -> Mapping[str, str]:
        """The headers that show who we are; may ask the system for a token first."""

    def renew(self) -> bool:
        """After a 401: whether there is now something else to show."""


class Key:
    """A key that stands in a header: ``Authorization: Bearer KEY``, or another header and another word before the key."""

    def __init__(self, read: Callable[[], Secret], *, header: str = "Authorization", word: str = "Bearer ") -> None:
        self._read, self._header, self._word = read, header, word
        self._key: Secret | None = None

    def headers(self) -> Mapping[str, str]:
        """See ``Access.headers``."""
        if self._key is None:
            self._key = self._read()
        return {self._header: f"{self._word}{self._key.reveal()}"}

    def renew(self) -> bool:
        """See ``Access.renew``: the key may have been replaced while we run."""
        before, self._key = self._key, self._read()
        return self._key != before


class Token:
    """A token of limited life that is asked for with our secret; asked for anew when it is old or no longer accepted.

    ``ask`` answers the token and for how many seconds to use it; ``now`` are seconds that never step back.
    """

    def __init__(self, ask: Callable[[], tuple[Secret, float]], now: Callable[[], float]) -> None:
        self._ask, self._now = ask, now
        self._token: Secret | None = None
        self._until = 0.0

    def headers(self) -> Mapping[str, str]:
        """See ``Access.headers``."""
        if self._token is None or self._now() >= self._until:
            self._fetch()
        assert self._token is not None  # noqa: S101 - _fetch has set it
        return {"Authorization": f"Bearer {self._token.reveal()}"}

    def renew(self) -> bool:
        """See ``Access.renew``: one new token for each refusal, never a third try."""
        self._fetch()
        return True

    def _fetch(self) -> None:
        token, seconds = self._ask()
        self._token, self._until = token, self._now() + seconds


def not_accepted(system: str) -> Halt:
    """The error for a system that does not take what we show."""
    return Halt(
        subject=system,
        reason="it does not accept our key (401)",
        remedy="replace the key in the career system and in the secret that config.toml names",
    )
