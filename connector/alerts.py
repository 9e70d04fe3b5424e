"""Telling people that something needs them: a command that gets the text on its standard input, or a webhook."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping, Sequence

import requests
import structlog
from urllib3.exceptions import HTTPError

from connector.egress import Reach, guard
from connector.errors import UserError
from connector.ports import Clock
from connector.secrets import read_secret
from connector.wire import open_session

_SECONDS = 30
log = structlog.get_logger()


def send(
    text: str,
    *,
    command: Sequence[str],
    webhook: str | None,
    environ: Mapping[str, str],
    clock: Clock,
    connect: Callable[[], requests.Session] = open_session,
) -> bool:
    """Send an alert by every configured way; whether any took it. An alert that fails is logged and stops nothing."""
    sent = False
    if command:
        sent = _run(command, text) or sent
    if webhook is not None:
        sent = _post(webhook, environ, text, clock, connect) or sent
    return sent


def _run(command: Sequence[str], text: str) -> bool:
    try:
        # Its output goes nowhere: what it leaves running in the background would keep a pipe open, and us waiting.
        subprocess.run(  # noqa: S603 - the administrator's own command, no shell
            list(command), input=text.encode(), timeout=_SECONDS, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    except (OSError, subprocess.SubprocessError) as error:
        log.warning("alert.failed", kind="command", error=type(error).__name__)
        return False
    return True


def _post(webhook: str, environ: Mapping[str, str], text: str, clock: Clock, connect: Callable[[], requests.Session]) -> bool:
    try:
        url = read_secret(webhook, environ).reveal()
    except UserError as error:
        log.warning("alert.failed", kind="webhook", error=error.problems[0].code)
        return False
    if not url.startswith("https://"):
        log.warning("alert.failed", kind="webhook", error="not https")
        return False
    until = clock.monotonic() + _SECONDS
    try:
        session = connect()
        # All work waits meanwhile: nobody is listened to for longer, and what they say besides yes is not read.
        guard(session, Reach.CAMPUS, lambda: clock.monotonic() <= until)
        with session.post(url, json={"text": text}, timeout=_SECONDS, allow_redirects=False, stream=True) as answer:
            # A redirect is followed by nobody: the text has not arrived.
            took = answer.status_code in range(200, 300)
            if not took:
                log.warning("alert.failed", kind="webhook", code=answer.status_code)
            return took
    except (requests.RequestException, HTTPError, OSError, ValueError) as error:
        # Whatever is wrong with the address: what the command has told is told.
        log.warning("alert.failed", kind="webhook", error=type(error).__name__)
        return False
