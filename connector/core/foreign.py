"""Free text that others wrote, made fit for the people and programs that will read it in Salesforce.

What cannot be seen is dropped, what looks like a secret is taken out, and links lead only to hosts that the mapping names: the
text may be read by an officer in a hurry, or by a program that takes it for an instruction.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

REMOVED = "[removed: it looked like a password or key]"
"""What stands in the place of a secret."""

_UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
"""Not the two joiners (U+200C, U+200D): Persian words and family emoji are made with them."""
_ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"


def visible(text: str) -> str:
    """The text in NFC with plain line ends, without edges and without characters that cannot be seen or turn others around."""
    return unicodedata.normalize("NFC", _UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))).strip()


def length(text: str) -> int:
    """How long Salesforce may hold the text to be: in UTF-16, where an emoji counts twice; never less than its characters."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def fitted(text: str, limit: int) -> str:
    """The text, cut where it is longer than ``limit`` by ``length``; no character is cut in two, and three dots say so."""
    if length(text) <= limit:
        return text
    return text.encode("utf-16-le", "surrogatepass")[: 2 * (limit - 1)].decode("utf-16-le", "ignore") + _ELLIPSIS


# Each alternative begins at a fixed text and is bounded or ends at a character of its own, so that matching is linear.
_KNOWN = re.compile(
    r"""
    -----BEGIN\ [A-Z ]{0,30}PRIVATE\ KEY-----.*?(?:-----END\ [A-Z ]{0,30}PRIVATE\ KEY-----|\Z)
    | (?<![\w.-])eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}                         # a JSON web token
    | (?<!\w)(?:AKIA|ASIA)[A-Z0-9]{16}(?!\w)                               # AWS
    | (?<!\w)(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{22,})             # GitHub
    | (?<![\w-])xox[abeprs]-[A-Za-z0-9-]{10,}                              # Slack
    | (?<!\w)AIza[\w-]{35}                                                 # Google
    | (?<!\w)[sr]k_live_[A-Za-z0-9]{16,}                                   # Stripe
    | (?<!\w)00D[A-Za-z0-9]{12}(?:[A-Za-z0-9]{3})?![A-Za-z0-9._]{20,}      # a Salesforce session
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_LABELLED = re.compile(
    r"(?i)(?<![a-z])(?P<label>(?:pass(?:word|wd|phrase|code)|pwd|secret|token|(?:api|access|secret|private|account)[ _-]?key)"
    r"[\"']?[ \t]{0,3}(?:[:=]|is\b)[ \t]{0,3})(?P<value>[^\s,;]{8,200})"
)
_LOGIN = re.compile(r"(?P<label>[a-z][a-z0-9+.-]{1,20}://[^\s/:@]{1,100}:)(?P<value>[^\s/@]{1,200})(?=@)")


def redacted(text: str) -> str:
    """The text without what looks like a password, key or token; ``REMOVED`` stands in its place."""
    text = _KNOWN.sub(REMOVED, text)
    text = _LOGIN.sub(lambda found: found["label"] + REMOVED, text)
    return _LABELLED.sub(lambda found: found["label"] + REMOVED if _like_a_secret(found["value"]) else found[0], text)


def _like_a_secret(value: str) -> bool:
    """Not a word of a sentence: letters together with digits or signs that no word has."""
    inner = value.rstrip(".!?)\"'")
    signs = any(letter.isdigit() or not (letter.isalnum() or letter in "-'/") for letter in inner)
    return len(inner) >= 8 and signs and any(letter.isalpha() for letter in inner)


_LINK = re.compile(r"(?i)(?<![a-z0-9])(?:(?P<scheme>[a-z][a-z0-9+.-]{0,20})://|www\.)(?P<rest>[^\s<>\"']{1,2000})")


def disarmed(text: str, hosts: Collection[str]) -> str:
    """The text with every link to a host that is not among ``hosts`` (or below one of them) written so that no click opens it."""
    return _LINK.sub(lambda link: link[0] if _trusted(link, hosts) else _apart(link), text)


def _host(rest: str) -> str:
    return re.split(r"[/?#\\]", rest, maxsplit=1)[0]


def _trusted(link: re.Match[str], hosts: Collection[str]) -> bool:
    host = _host(link["rest"]).lower().removesuffix(":443")
    # Not everybody takes a backslash for a slash, so that behind one a link may lead anywhere.
    clear = (link["scheme"] or "").lower() == "https" and "\\" not in link["rest"]
    return clear and any(host == known or host.endswith(f".{known}") for known in hosts)


def _apart(link: re.Match[str]) -> str:
    host, front = _host(link["rest"]), "" if link["scheme"] else "www."
    rest = link["rest"][len(host) :].replace("://", "[:]//")
    return f"[link: {(front + host).replace('.', '[.]')}{rest}]"
