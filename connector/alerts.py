"""Telling people that something needs them: a command that gets the text on its standard input, or a webhook."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence

import requests
import structlog

from connector.egress import Reach, guard
from connector.secrets import read_secret
from connector.wire import open_session

_SECONDS = 30
log = structlog.get_logger()


def send(text: str, *, command: Sequence[str], webhook: str | None, environ: Mapping[str, str]) -> bool:
    """Send an alert by every configured way; whether any took it. An alert that fails is logged and stops nothing."""
    sent = False
    if command:
        sent = _run(command, text) or sent
    if webhook is not None:
        sent = _post(read_secret(webhook, environ).reveal(), text) or sent
    return sent


def _run(command: Sequence[str], text: str) -> bool:
    try:
        subprocess.run(list(command), input=text.encode(), timeout=_SECONDS, check=True, capture_output=True)  # noqa: S603 - the administrator's own command, no shell
    except (OSError, subprocess.SubprocessError) as error:
        log.warning("alert.failed", kind="command", error=type(error).__name__)
        return False
    return True


def _post(url: str, text: str) -> bool:
    if not url.startswith("https://"):
        log.warning("alert.failed", kind="webhook", error="not https")
        return False
    try:
        session = open_session()
        guard(session, Reach.CAMPUS)
        answer = session.post(url, json={"text": text}, timeout=_SECONDS, allow_redirects=False)
    except requests.RequestException as error:
        log.warning("alert.failed", kind="webhook", error=type(error).__name__)
        return False
    return answer.ok
