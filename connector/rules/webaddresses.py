"""Addresses on the web, in one form."""

from __future__ import annotations

import unicodedata
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from connector.core.model import Native
from connector.rules.texts import WHITE, clean


def _split_url(native: Native) -> tuple[str, str, str] | None:
    text = clean(native)
    if text is None:
        return None
    if WHITE.search(text):
        raise ValueError("not a web address: it contains white space")
    if "://" not in text:
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
        host = (parts.hostname or "").rstrip(".")
        port = parts.port
    except ValueError:
        raise ValueError("not a web address") from None
    if (
        parts.scheme.lower() not in {"http", "https"}
        or "." not in host
        or parts.username is not None
        or port not in {None, 80, 443}
    ):
        raise ValueError("not a public web address (http or https)")
    return host, parts.path, parts.query


def _safe(path: str) -> str:
    try:
        return quote(unicodedata.normalize("NFC", unquote(path, errors="strict")), safe="/:@!$&'()*+,;=~-._")
    except (UnicodeDecodeError, UnicodeEncodeError):
        raise ValueError("not a web address: broken percent encoding") from None


def read_url(native: Native) -> str | None:
    """A public web address: https, host in small letters, no fragment, no slash at the end. ``ValueError`` if it is none."""
    found = _split_url(native)
    if found is None:
        return None
    host, path, query = found
    return urlunsplit(("https", host, _safe(path).rstrip("/"), query, ""))


def read_linkedin(native: Native) -> str | None:
    """The address of a person's LinkedIn page in its one form. ``ValueError`` if it is none."""
    found = _split_url(native)
    if found is None:
        return None
    host, path, _query = found
    steps = [step for step in path.split("/") if step]
    if host != "linkedin.com" and not host.endswith(".linkedin.com"):
        raise ValueError("not an address on linkedin.com")
    if len(steps) < 2 or steps[0].lower() != "in":
        raise ValueError("not the address of a person's LinkedIn page")
    return f"https://www.linkedin.com/in/{_safe(unquote(steps[1]).lower())}"
