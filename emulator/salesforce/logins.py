"""Who may log in to an organisation and who is: clients, passwords, sessions, refresh tokens and codes."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from emulator.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A login that has not expired. `refresh` is the refresh token that it came with or from, if any."""

    token: str
    user_id: str
    opened: datetime
    expires: datetime
    client: str = ""
    refresh: str = ""


@dataclass(slots=True, kw_only=True)
class ConnectedApp:
    """A client that may log in. Without a certificate the signatures of its JWTs are not checked.

    `scopes` is what its tokens say they are for; empty: what the flow usually gives.
    """

    key: str
    secret: str = ""
    run_as: str | None = None
    certificate: bytes | None = None
    blocked: bool = False
    scopes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """What the web flow hands a client after the user said yes; good once, for some minutes."""

    user_id: str
    client: str
    redirect: str
    challenge: str
    expires: datetime


class Logins:
    """The clients and sessions of one organisation. `refresh_tokens` and `passwords` are by token and by user."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._number = 0
        self.apps: dict[str, ConnectedApp] = {}
        self.passwords: dict[str, str] = {}
        self.sessions: dict[str, Session] = {}
        self.refresh_tokens: dict[str, str] = {}
        self.codes: dict[str, Code] = {}

    def copy(self, clock: Clock) -> "Logins":
        """The same clients, sessions and tokens, by another clock."""
        made = Logins(clock)
        made._number = self._number
        made.apps = {key: replace(app) for key, app in self.apps.items()}
        made.passwords, made.sessions = dict(self.passwords), dict(self.sessions)
        made.refresh_tokens, made.codes = dict(self.refresh_tokens), dict(self.codes)
        return made

    def open(self, organization: str, user_id: str, *, hours: float, client: str = "", refresh: str = "") -> Session:
        """A new session for a user; its token begins with the organisation's id."""
        now = self._clock.now()
        token = f"{organization[:15]}!AQ{self.secret(f'{organization}/{user_id}')}"
        ends = now + timedelta(hours=hours)
        session = Session(token=token, user_id=user_id, opened=now, expires=ends, client=client, refresh=refresh)
        self.sessions[token] = session
        return session

    def find(self, token: str) -> Session | None:
        """The session of a token, if it is still good."""
        session = self.sessions.get(token)
        if session is None:
            return None
        if session.expires <= self._clock.now():
            del self.sessions[token]
            return None
        return session

    def new_refresh_token(self, user_id: str) -> str:
        """A refresh token for a user; it lives until it is revoked."""
        made = f"5Aep861{self.secret(user_id)[:40]}"
        self.refresh_tokens[made] = user_id
        return made

    def end(self, token: str) -> bool:
        """End a session, or a refresh token and every session that it gave [documentation]; whether there was one."""
        if self.sessions.pop(token, None) is not None:
            return True
        if self.refresh_tokens.pop(token, None) is None:
            return False
        self.sessions = {key: each for key, each in self.sessions.items() if each.refresh != token}
        return True

    def accepts(self, user_id: str, password: str) -> bool:
        """Whether a password is a user's; a security token may follow it. Users without a set password take any."""
        wanted = self.passwords.get(user_id)
        return bool(password) and (wanted is None or password.startswith(wanted))

    def secret(self, of: str) -> str:
        """A token's secret part: new each time, and the same in each run."""
        self._number += 1
        return hashlib.sha256(f"{of}/{self._number}/{self._clock.now().isoformat()}".encode()).hexdigest()
