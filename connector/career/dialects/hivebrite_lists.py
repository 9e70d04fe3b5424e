"""Hivebrite's lists: up to 100 rows a page, the rest of what there is to know in headers, none of it taken at its word."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from connector.career.exchange import Exchange, Missing, Reply
from connector.career.paging import AGAIN, date_of, page_size
from connector.career.payload import at, items_of, number_in

PAGE = 100
_LAST = re.compile(r'[?&]page=(\d+)[^>]*>\s*;\s*rel="?last')
_NEXT = re.compile(r'rel="?next')


class Listed(NamedTuple):
    """One page. ``total`` only where it can be that of this list; ``odd`` as of ``Reply``."""

    items: list[Any]
    more: bool
    total: int | None
    at: datetime | None
    odd: bool


def page_of(exchange: Exchange, path: str, name: str, number: int, params: Mapping[str, str]) -> Listed:
    """A page of a list by its number; one behind the last, which is a 404 there, is empty.

    Raises:
        Later: no trustworthy answer after three attempts.
        Halt: the login is not accepted, or the path is not known.
    """

    def understand(reply: Reply) -> Listed:
        items = reply.data if isinstance(reply.data, list) else items_of(reply.answer, reply.data, name)
        headers = reply.answer.headers
        link, told = headers.get("Link", ""), number_in(headers.get("x-total"))
        size = page_size(number_in(headers.get("x-per-page")), PAGE)
        more = bool(items) and (bool(_NEXT.search(link)) if link else len(items) == size)
        last = _LAST.search(link)
        pages = number_in(last[1]) if last else None if more else number
        # some lists count everybody, also where they show only those who have changed
        total = told if told is not None and pages == max(1, -(-told // size)) else None
        return Listed(items, more, total, date_of(reply.answer), reply.odd)

    asked = {**params, "page": str(number), "per_page": str(PAGE)}
    try:
        return exchange.get(path, asked, understand, may_be_missing=number > 1)
    except Missing:
        return Listed([], more=False, total=None, at=None, odd=False)


def all_of(exchange: Exchange, path: str, name: str, *keys: str) -> list[Any]:
    """Every row of a short list; ``keys`` tell its rows apart.

    A row that goes meanwhile pushes another one across the boundary of two pages, unseen: a walk that met fewer rows than the
    list ever said to have is repeated.
    """
    found = dict[tuple[str, ...], Any]()
    for _ in range(AGAIN + 1):
        found, most, number, more = {}, 0, 1, True
        while more:
            page = page_of(exchange, path, name, number, {})
            found |= {tuple(str(at(row, key)) for key in keys): row for row in page.items}
            number, more, most = number + 1, page.more, max(most, page.total or 0)
        if len(found) >= most:
            break
    return list(found.values())
