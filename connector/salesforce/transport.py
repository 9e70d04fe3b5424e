"""Salesforce's policy on top of the wire: the token, one refresh, the daily allowance, the server's clock.

It sends each call once (twice only after a 401, which is certain not to have been executed) with the same headers, and
returns answers of any status but 401; what an error code means is ``codes``' business, repeating reads is the client's.
"""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from connector.errors import Halt, Later, Unknown
from connector.ports import Calls, Clock
from connector.salesforce.auth import Token, TokenSource, server_time
from connector.salesforce.codes import SIDE, read_faults
from connector.wire import Answer, Wire

_USAGE = re.compile(r"(?:^|[;,\s])api-usage=(\d{1,12})/(\d{1,12})(?:$|[;,\s])")
_CLIENT = {"Sforce-Call-Options": "client=alumni-bridge"}
"""Names us in the org's event log (REST guide, Call Options Header), so that anything else using our token stands out."""
_LOGIN_PAUSE = 60.0
_LOGINS = 2
_PROBE_AFTER = 900.0


class Transport:
    """The way to one org.

    Args:
        source: gives access tokens.
        open_wire: gives the ``Wire`` to an instance's origin, which the source has already approved.
        clock: time.
        reserve: the share of the org's daily allowance that is left to others; below it every call is refused with ``Later``
            (code ``BUDGET``), except one each quarter of an hour that looks whether it has recovered.
    """

    def __init__(self, source: TokenSource, open_wire: Callable[[str], Wire], clock: Clock, *, reserve: float = 0.0) -> None:
        self._source, self._open_wire, self._clock, self._reserve = source, open_wire, clock, reserve
        self._wires: dict[str, Wire] = {}
        self._token: Token | None = None
        self._lock = threading.Lock()
        self._logins: deque[float] = deque(maxlen=_LOGINS)
        self._failed: tuple[float, Later] | None = None
        self._used: int | None = None
        self._limit: int | None = None
        self._seen = float("-inf")
        self._offset = timedelta(0)

    @property
    def calls(self) -> Calls:
        """Calls made to the org, logins not counted, and its allowance as last told."""
        return Calls(made=sum(wire.calls for wire in self._wires.values()), used=self._used, limit=self._limit)

    @property
    def scopes(self) -> frozenset[str]:
        """What the token in use says that it is good for; nothing before the first call, or where the login did not say."""
        return self._token.scopes if self._token is not None else frozenset()

    def server_now(self) -> datetime:
        """The server's time: ours, corrected by the ``Date`` of its last answer."""
        return self._clock.now() + self._offset

    def send(
        self,
        method: str,
        path: str,
        *,
        write: bool,
        headers: Mapping[str, str] | None = None,
        json: object = None,
        params: Mapping[str, str] | None = None,
    ) -> Answer:
        """One call. Answers of every status but 401 come back; see ``Wire.send`` for what it raises.

        Raises:
            Later: also when the allowance is down to the reserve, or when it is too early to log in again.
            Halt: also when the session is refused a second time.
        """
        self._keep_reserve()
        token = self._token or self._log_in(None)
        answer = self._once(token, method, path, write=write, headers=headers, json=json, params=params)
        if answer.status != 401:
            return answer
        token = self._log_in(token)
        answer = self._once(token, method, path, write=write, headers=headers, json=json, params=params)
        if answer.status == 401:
            raise self._rejected(answer)
        return answer

    def _once(
        self,
        token: Token,
        method: str,
        path: str,
        *,
        write: bool,
        headers: Mapping[str, str] | None,
        json: object,
        params: Mapping[str, str] | None,
    ) -> Answer:
        wire = self._wires.get(token.instance)
        if wire is None:
            wire = self._wires[token.instance] = self._open_wire(token.instance)
        answer = wire.send(
            method,
            path,
            write=write,
            headers={**_CLIENT, **(headers or {}), "Authorization": f"Bearer {token.access.reveal()}"},
            json=json,
            params=params,
            server_errors=True,
        )
        self._note(answer)
        return answer

    def _note(self, answer: Answer) -> None:
        usage = _USAGE.search(answer.headers.get("Sforce-Limit-Info", ""))
        if usage is not None and int(usage[2]) > 0:
            self._used, self._limit = int(usage[1]), int(usage[2])
            self._seen = self._clock.monotonic()
        moment = server_time(answer)
        if moment is not None:
            self._offset = moment - self._clock.now()

    def _keep_reserve(self) -> None:
        if self._used is None or self._limit is None or self._limit - self._used > self._reserve * self._limit:
            return
        age = self._clock.monotonic() - self._seen
        if age < _PROBE_AFTER:
            raise Later(
                side=SIDE,
                code="BUDGET",
                detail=f"{self._limit - self._used} of {self._limit} calls are left, {self._reserve:.0%} are left to others",
                retry_after=_PROBE_AFTER - age,
            )
        self._seen = self._clock.monotonic()

    def _log_in(self, old: Token | None) -> Token:
        """A token other than ``old``. Never more than two logins a minute, so that we cannot lock the user out.

        One that failed for the moment is not tried again within a minute; until then its reason is told again.
        """
        with self._lock:
            if self._token is not None and self._token is not old:
                return self._token
            if old is not None and not self._source.renewable:
                raise Halt(
                    subject=SIDE,
                    reason="the given access token is no longer accepted",
                    remedy="give a new token, or set up JWT bearer or client credentials, which renew themselves",
                )
            now = self._clock.monotonic()
            if len(self._logins) == _LOGINS and now - self._logins[0] < _LOGIN_PAUSE:
                pause = _LOGIN_PAUSE - (now - self._logins[0])
                raise Later(side=SIDE, code="LOGIN_PAUSE", detail="too early to log in again", retry_after=pause)
            if self._failed is not None and now - self._failed[0] < _LOGIN_PAUSE:
                raise _still(self._failed[1], _LOGIN_PAUSE - (now - self._failed[0]))
            self._logins.append(now)
            self._token = None
            try:
                self._token = self._source.token()
            except Later as reason:
                self._failed = (now, reason)
                raise _still(reason, _LOGIN_PAUSE) from reason
            self._failed = None
            return self._token

    def _rejected(self, answer: Answer) -> Halt:
        try:
            faults = read_faults(answer.json())
        except (Later, Unknown):
            faults = None
        code = faults[0].code if faults else "HTTP 401"
        return Halt(
            subject=SIDE,
            reason=f"a session that was just opened is refused ({code})",
            remedy="a Salesforce administrator: another process may log this user out, or a session or IP policy blocks it",
        )


def _still(reason: Later, pause: float) -> Later:
    """The failure of a login, to be waited for at least so long; what it asked for itself counts if it is longer."""
    return Later(side=reason.side, code=reason.code, detail=reason.detail, retry_after=max(pause, reason.retry_after or 0.0))
