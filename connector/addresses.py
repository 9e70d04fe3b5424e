"""Where a configuration may lead us: public hosts over HTTPS, a My Domain of Salesforce, a proxy."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_PROXY = re.compile(rf"https?://(?:{_LABEL}\.){{0,30}}{_LABEL}:([0-9]{{2,5}})")
_PORTS = 2**16
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_PRIVATE_ENDS = (".localhost", ".local", ".internal", ".lan", ".home.arpa")
_SALESFORCE = re.compile(
    r"[a-z0-9-]+(?:\.(?:sandbox|develop|scratch|demo|patch|trailblaze|free|stage))?\.my\.salesforce\.(?:com|mil)"
)


def is_proxy(text: str) -> bool:
    """Whether it is the address of a proxy: what only looks like one would be a defect, or a side that is down, at each call."""
    found = _PROXY.fullmatch(text)
    return found is not None and 0 < int(found[1]) < _PORTS


def address_fault(url: str, *, lab: bool) -> tuple[str, str] | None:
    """Why we may not talk to this address, and the cure; None if we may.

    HTTPS to a public host name on port 443. ``lab`` allows this machine's loopback instead, on any port.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "this is not an address", "https://HOST or https://HOST/PATH"
    local = lab and host in _LOOPBACK
    odd = not url.isascii() or any(letter.isspace() or not letter.isprintable() or letter == "\\" for letter in url)
    public = len(host) <= 253 and _HOST.fullmatch(host) is not None and not host.endswith(_PRIVATE_ENDS)
    checks = (
        (odd, "the address has letters that an address cannot have", "type it anew, with English letters only"),
        (parts.scheme != "https", "only https is allowed", "https://HOST or https://HOST/PATH"),
        ("@" in parts.netloc, "the address carries a user name or password", "drop it; keys are given by reference"),
        (
            "?" in url or "#" in url or ".." in parts.path or "%" in parts.path,
            "the address has parts that an API's address cannot have",
            "https://HOST or https://HOST/PATH, nothing behind it",
        ),
        (not local and port not in {None, 443}, "only port 443 is allowed", "drop the port"),
        (
            not local and not public,
            "this is not the name of a public host",
            "a host name such as careers.example.edu; no numbers, no local names",
        ),
        (
            any(label.startswith("xn--") for label in host.split(".")),
            "the host name is written in another alphabet, where look-alikes hide",
            "use the vendor's English host name",
        ),
    )
    return next(((message, cure) for wrong, message, cure in checks if wrong), None)


def my_domain_fault(url: str) -> tuple[str, str] | None:
    """Why this address is no My Domain, and the cure; None if it is one."""
    parts = urlsplit(url)
    if not _SALESFORCE.fullmatch(parts.hostname or ""):
        return (
            "this is not a My Domain address",
            "https://NAME.my.salesforce.com, or https://NAME--TEST.sandbox.my.salesforce.com",
        )
    if parts.path not in {"", "/"}:
        return "a My Domain address has no path", f"https://{parts.hostname}"
    return None
