"""Requests by the contract's request calls, in a small service of their own beside a system that has no requests.

It offers ``GET /requests`` (in pages), ``GET /requests?ids=`` and ``POST /requests/acknowledgements`` as the contract has them
(docs/career-api.md). It needs no change feed: the whole list is read each time, which for requests is short.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from connector.career.access import Key
from connector.career.contract import Contract
from connector.career.dialects.generic import Generic
from connector.career.exchange import CursorExpired, Exchange, Reply
from connector.career.facts import Pace as Limits
from connector.career.feeds import Reader
from connector.career.pace import Pace
from connector.career.profile import load_profile
from connector.career.setup import Setup
from connector.career.writes import Chunk
from connector.errors import Bug
from connector.ports import Acknowledgement, Page, Record


class RestRequests:
    """The requests of one such service."""

    elsewhere = True

    def __init__(self, exchange: Exchange, contract: Contract) -> None:
        self._exchange, self._names = exchange, contract.lists
        self._reader = Reader(exchange, contract, own_key=str)
        self._contract = Generic(exchange, contract)
        self.acknowledge_size = self._contract.acknowledge_size

    @staticmethod
    def open(setup: Setup) -> RestRequests:
        """The service that a configuration names."""
        if setup.requests_wire is None or setup.requests_key is None:
            raise Bug("the configuration was not checked for the requests' address and key")
        pace = Pace(Limits(), setup.clock, system=setup.system)
        key = Key(setup.requests_key)
        exchange = Exchange(
            system=setup.system, wire=setup.requests_wire, access=key, pace=pace, clock=setup.clock, rng=setup.rng
        )
        return RestRequests(exchange, cast("Contract", load_profile("generic")))

    @property
    def calls(self) -> int:
        """See ``RequestCarrier.calls``."""
        return self._exchange.wire.calls

    def read(self, cursor: str) -> Page:
        """See ``RequestCarrier.read``. The cursor is the list's own token of the next page."""
        names = self._names

        def understand(reply: Reply) -> Page:
            records, following = self._reader.listed("request", reply, after=cursor)
            return Page(records=records, cursor=following or "", more=following is not None)

        params = {names.limit: str(names.page), **({names.after: cursor} if cursor else {})}
        try:
            return self._exchange.get(names.requests, params, understand, expires=bool(cursor))
        except CursorExpired:
            return self.read("")

    def fetch_requests(self, ids: Sequence[str]) -> Sequence[Record]:
        """See ``RequestCarrier.fetch_requests``."""
        return self._reader.fetch("request", ids)

    def acknowledge(self, rows: Sequence[Acknowledgement]) -> Chunk:
        """See ``RequestCarrier.acknowledge``."""
        return self._contract.acknowledge(rows)
