"""``python -m bench.emulator``: what the Salesforce emulator costs beside the least that any server would.

Each figure stands beside a measure of the same run, since machines and their other work differ: pages of records beside
pages of records that were printed before, a small read beside a constant answer over the same sockets.
"""

from __future__ import annotations

import argparse
import http.client
import os
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any, cast
from urllib.parse import quote

import orjson

from bench.meter import peak_megabytes
from emulator.career import CareerApp
from emulator.http import App, Request, Response, request
from emulator.running import Running, running
from emulator.salesforce.control import Control
from emulator.salesforce.org import Org
from emulator.salesforce.service import SalesforceApp

PAGE = 2_000
FIELDS = (
    *("Id", "IsDeleted", "MasterRecordId", "AccountId", "LastName", "FirstName", "Salutation", "Name", "MailingStreet"),
    *("MailingCity", "MailingState", "MailingPostalCode", "MailingCountry", "Phone", "MobilePhone", "Email", "Title"),
    *("Birthdate", "OwnerId", "HasOptedOutOfEmail", "CreatedDate", "LastModifiedDate", "SystemModstamp"),
)
"""23 fields, as a connector reads them."""
SOQL = f"SELECT {', '.join(FIELDS)} FROM Contact"  # noqa: S608 - SOQL of the names above
SMALL_READS = 2_000
WORLDS = 300
LINES = {
    "cold": "first reading",
    "second": "second reading",
    "again": "every later reading",
    "first": "first, printed ahead",
    "ceiling": "ceiling",
}


def people(count: int) -> Iterable[dict[str, Any]]:
    """Made-up contacts."""
    for at in range(count):
        yield {
            "LastName": f"Person {at}",
            "FirstName": f"Given {at % 977}",
            "Salutation": "Dr.",
            "Email": f"person{at}@university.example",
            "Phone": f"+1 555 {at:07d}",
            "MobilePhone": f"+1 556 {at:07d}",
            "MailingStreet": f"{at % 400} College Road",
            "MailingCity": "Springfield",
            "MailingState": "MA",
            "MailingPostalCode": f"{at % 90_000 + 10_000}",
            "MailingCountry": "United States",
            "Title": "Engineer",
            "Birthdate": f"19{at % 60 + 40}-0{at % 9 + 1}-1{at % 9}",
        }


def cpu(work: Callable[[], object]) -> float:
    """The process' CPU seconds for some work."""
    before = time.process_time()
    work()
    return time.process_time() - before


def read_all(app: App, token: str) -> int:
    """Read all contacts page by page, in-process: what the server itself does; returns how many there were."""
    headers = {"Authorization": f"Bearer {token}"}
    target, count = f"/services/data/v67.0/query?q={quote(SOQL)}", 0
    while target:
        body = app.handle(request("GET", target, headers=headers)).body
        head, count = orjson.loads(body[: body.index(b',"records"')] + b"}"), count + PAGE
        target = head.get("nextRecordsUrl", "")
    return count


def ceiling(printed: list[bytes]) -> None:
    """Pages of records that were printed long ago: all that is left is to join them."""
    for start in range(0, len(printed), PAGE):
        body = b'{"totalSize":0,"done":false,"records":[' + b",".join(printed[start : start + PAGE]) + b"]}"
        assert body


def pages(count: int) -> dict[str, float]:
    """Seed and read, beside the ceiling of records that were printed before."""
    org = Org()
    control = Control(org)
    took = {"seed": cpu(lambda: control.seed("Contact", people(count)))}
    app, token = SalesforceApp(org), control.token()
    took["cold"], took["second"], took["again"] = (cpu(lambda: read_all(app, token)) for _ in range(3))
    org.printed.clear()
    took["prepare"] = cpu(lambda: control.prepare(SOQL))
    took["first"] = cpu(lambda: read_all(app, token))
    # The same texts in the same places of memory: far apart, they cost more than a few that lie side by side.
    printed = next(iter(org.printed.values())).texts()
    took["ceiling"] = min(cpu(lambda: ceiling(printed)) for _ in range(3))
    return took


class Constant:
    """A service that always says the same."""

    def handle(self, _request: Request) -> Response:
        """Answer."""
        return Response(headers={"Content-Type": "application/json"}, body=b'{"a":1}')


def small_reads() -> dict[str, float]:
    """Server CPU of small reads, and of a constant answer through the same server, in seconds a request."""
    with running(career=cast("CareerApp", Constant())) as server:
        id_ = server.run(lambda: server.control.seed("Contact", people(1))[0])
        token = server.run(server.control.token)
        base = "/services/data/v67.0/sobjects/Contact"
        kinds = {"read": f"{base}/{id_}?fields=Id,LastName,Email", "whole": f"{base}/{id_}", "describe": f"{base}/describe"}
        found = {"constant": _server_cpu(server, server.career.http, "/", token)}
        return found | {name: _server_cpu(server, server.salesforce.http, path, token) for name, path in kinds.items()}


def _server_cpu(server: Running, port: int, path: str, token: str) -> float:
    """The CPU of the thread that serves, for one request."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    headers = {"Authorization": f"Bearer {token}"}

    def ask(times: int) -> None:
        for _ in range(times):
            connection.request("GET", path, headers=headers)
            assert connection.getresponse().read()

    ask(200)
    before = server.run(time.thread_time)
    ask(SMALL_READS)
    spent: float = server.run(time.thread_time) - before
    connection.close()
    return spent / SMALL_READS


def worlds() -> float:
    """Seconds of CPU for a fresh organisation with its service, in-process."""
    SalesforceApp(Org())
    return cpu(lambda: [SalesforceApp(Org(name=f"org{at}")) for at in range(WORLDS)]) / WORLDS


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.emulator", description=__doc__)
    parser.add_argument("--contacts", type=int, default=int(os.environ.get("CONTACTS", "1000000")))
    count = parser.parse_args().contacts
    print(f"load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs; figures are CPU time")
    small = small_reads()
    print(f"fresh world                 {worlds() * 1e3:8.2f} ms         (aim: under 2)")
    print(f"constant answer, served     {small['constant'] * 1e6:8.0f} us")
    print(
        f"small read, served          {small['read'] * 1e6:8.0f} us  {small['read'] / small['constant']:6.1f} x  (aim: at most 4)"
    )
    print(f"a whole contact, served     {small['whole'] * 1e6:8.0f} us  {small['whole'] / small['constant']:6.1f} x")
    print(f"describe of Contact, served {small['describe'] * 1e6:8.0f} us  {small['describe'] / small['constant']:6.1f} x")
    took = pages(count)
    print(f"seeding {count:,} contacts    {took['seed']:8.1f} s          (aim: under 120 for a million)")
    print(f"printing them ahead          {took['prepare']:8.1f} s")
    for name, label in LINES.items():
        share = took["ceiling"] / took[name]
        aim = "  (aim: at least 0.5)" if name in {"first", "again"} else ""
        print(f"{label:<22} {count / took[name]:12,.0f} rows/CPU-s   {share:5.2f} of the ceiling{aim}")
    print(f"peak memory {peak_megabytes():,.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
