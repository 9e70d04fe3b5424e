"""Conditional requests: what their headers ask of a record or a describe.

As HTTP has it, where a list of tags counts a date beside it does not; only accounts have tags, and a header that cannot be
read is a 400 in a PATCH or POST and nothing in a GET [REST guide: intro_rest_conditional_requests].
"""

import re
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from emulator.http import Request
from emulator.salesforce.errors import SalesforceError
from emulator.salesforce.fields import SObject
from emulator.salesforce.table import Row
from emulator.salesforce.values import parse_moment

_TAG = r'(?:W/)?"[^"]*"(?:--gzip)?'
_TAGS = re.compile(rf"\s*(?:\*|{_TAG}(?:\s*,\s*{_TAG})*)\s*")


def validators(sobject: SObject, row: Row) -> dict[str, str]:
    """The headers by which a client recognises a record: only rows of accounts have an ETag [recording]."""
    tag = {"ETag": f'"{row["SystemModstamp"]}"'} if sobject.name == "Account" else {}
    return {"Last-Modified": http_date(modified(row)), **tag}


def unchanged(request: Request, tag: str, moment: datetime) -> bool:
    """Whether something is still as the client knows it, by If-None-Match or If-Modified-Since."""
    known = request.header("if-none-match")
    if known and tag:
        return _named(known, tag)
    since = _moment(request.header("if-modified-since"))
    return since is not None and moment <= since


def check_unmoved(request: Request, tag: str, moment: datetime) -> None:
    """Refuse what is only for a record that is as the client knows it, by If-Match or If-Unmodified-Since.

    Raises:
        SalesforceError: it is not (412).
    """
    wanted, before = request.header("if-match"), _moment(request.header("if-unmodified-since"))
    met = _named(wanted, tag) if wanted and tag else before is None or moment <= before
    if not met:
        raise _unmet()


def check_change(request: Request, sobject: SObject, row: Row | None) -> None:
    """What a PATCH or POST of a record asks for; there is none yet that a create is about.

    Raises:
        SalesforceError: 412 where a condition is not met, 400 where a header cannot be read.
    """
    before = request.header("if-unmodified-since")
    unread = [before] if before and _moment(before) is None else []
    if sobject.name == "Account":
        unread += [each for each in map(request.header, ("if-match", "if-none-match")) if each and not _TAGS.fullmatch(each)]
    if unread:
        raise SalesforceError("INVALID_HEADER", f"Invalid value in request header: {unread[0]}")
    if row is None:
        return
    tag = validators(sobject, row).get("ETag", "")
    check_unmoved(request, tag, modified(row))
    if unchanged(request, tag, modified(row)):
        raise _unmet()


def _unmet() -> SalesforceError:
    """A condition is not met."""
    message = "The precondition given in one or more of the request-header fields evaluated to false"
    return SalesforceError("PRECONDITION_FAILED", message, status=412)


def modified(row: Row) -> datetime:
    """When a record was last modified."""
    return parse_moment(row.get("LastModifiedDate") or row["SystemModstamp"])


def http_date(moment: datetime) -> str:
    """A moment as headers have it."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def _named(tags: str, tag: str) -> bool:
    """Whether a list of tags has one; gzip's mark at the end of a tag is not a part of it."""
    return tags.strip() == "*" or tag in re.findall(_TAG, tags.replace("--gzip", ""))


def _moment(text: str) -> datetime | None:
    """A date of a header; None when it cannot be read."""
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
