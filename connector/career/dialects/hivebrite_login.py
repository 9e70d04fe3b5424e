"""The login at Hivebrite: OAuth with an administrator's password, later with what the last login left us.

``POST /api/oauth/token`` as a form, ``grant_type`` ``password`` (``admin_email``, ``password``, ``client_id``, ``client_secret``,
``scope=admin``) or ``refresh_token`` [A]; two hours, a refresh token that may be good for one use [B]. It is kept in memory
alone: a process that starts logs in with the password.
"""

from __future__ import annotations

from urllib.parse import urlencode

from connector.career.access import not_accepted
from connector.career.payload import at
from connector.career.setup import Setup
from connector.errors import Later
from connector.secrets import Secret
from connector.wire import Answer

_PATH = "/api/oauth/token"
_REFUSED = frozenset({400, 401, 403})
_LIFE = 7200.0
_USED = 0.9
"""The share of a token's life in which it is used."""


class Login:
    """Gets tokens for one community."""

    def __init__(self, setup: Setup) -> None:
        self._setup, self._wire = setup, setup.the_wire()
        self._refresh: Secret | None = None

    def ask(self) -> tuple[Secret, float]:
        """A token, and for how many seconds to use it.

        Raises:
            Halt: the password, or the client's secret, is not accepted.
            Later: no token now.
        """
        if self._refresh is not None:
            refresh, self._refresh = self._refresh, None
            answer = self._post(self._client(), grant_type="refresh_token", refresh_token=refresh.reveal())
            if answer.status not in _REFUSED:
                return self._understood(answer)
        return self._understood(self._by_password())

    def _by_password(self) -> Answer:
        secrets = self._setup.secrets
        tried: list[tuple[Secret, Secret]] = []
        while len(tried) < 2:
            shown = (secrets["password"](), self._client())
            if shown in tried:
                break
            tried.append(shown)
            email = self._setup.setting("admin_email")
            answer = self._post(shown[1], grant_type="password", admin_email=email, password=shown[0].reveal())
            if answer.status not in _REFUSED:
                return answer
        raise not_accepted(self._setup.system)

    def _client(self) -> Secret:
        return self._setup.secrets["client_secret"]()

    def _post(self, client: Secret, **form: str) -> Answer:
        told = {"client_id": self._setup.setting("client_id"), "client_secret": client.reveal(), "scope": "admin"}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        # asking again does no harm, so this is no write: no answer means later, not unknown
        return self._wire.send("POST", _PATH, write=False, headers=headers, body=urlencode(told | form).encode())

    def _understood(self, answer: Answer) -> tuple[Secret, float]:
        data = answer.json() if answer.status in {200, 201} else None
        token, refresh, life = (at(data, name) for name in ("access_token", "refresh_token", "expires_in"))
        if not isinstance(token, str) or not token:
            raise Later(side=self._setup.system, code="NO_TOKEN", detail=f"HTTP {answer.status}")
        self._refresh = Secret(refresh) if isinstance(refresh, str) and refresh else None
        seconds = float(life) if isinstance(life, int) and not isinstance(life, bool) and life > 0 else _LIFE
        return Secret(token), seconds * _USED
