"""A clock that tests move, and a Salesforce client whose wire is scripted by ``responses``."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import responses

from connector.salesforce.client import Client
from connector.salesforce.side import SalesforceSide
from connector.salesforce.transport import Transport

HOST = "https://university.my.salesforce.com"
ROOT = f"{HOST}/services/data/v67.0"
TOKEN = "00Dxx!canary-token"


@dataclass
class FakeClock:
    """Time that passes only when told, or when somebody sleeps."""

    moment: datetime = datetime(2026, 11, 2, 9, 0, 30, tzinfo=UTC)
    seconds: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        """The fake moment."""
        return self.moment

    def monotonic(self) -> float:
        """The fake seconds."""
        return self.seconds

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.slept.append(seconds)
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.seconds += seconds
        self.moment += timedelta(seconds=seconds)


@dataclass
class Org:
    """A scripted org: ``mock`` holds the answers and records the requests."""

    mock: responses.RequestsMock
    clock: FakeClock
    transport: Transport
    client: Client
    side: SalesforceSide

    def answer(self, method: str, path: str, body: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        """Script the next answer to ``method path``."""
        url = path if path.startswith("https") else ROOT + path
        if isinstance(body, bytes | str):
            self.mock.add(method, url, body=body, status=status, headers=headers, content_type="text/html")
        else:
            self.mock.add(method, url, json=body, status=status, headers=headers)

    @property
    def sent(self) -> list[Any]:
        """The requests that went out."""
        return [call.request for call in self.mock.calls]
