"""What the Salesforce emulator costs beside the least that any server would.

    python -m bench.emulator [--contacts 1000000] [--out bench/EMULATOR.md]

Each figure stands beside a measure of the same run, since machines and their other work differ: pages of records beside pages
of the same records that were printed before, a small read beside a constant answer over the same sockets.
"""

from __future__ import annotations

import argparse
import http.client
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import orjson

from bench.meter import megabytes, peak_megabytes
from bench.results import PAGE, machine, table, write_page
from emulator.career import CareerApp
from emulator.http import App, Request, Response, request
from emulator.running import Running, running
from emulator.salesforce.control import Control
from emulator.salesforce.org import Org
from emulator.salesforce.service import SalesforceApp

ROOT = Path(__file__).parents[1]
FIELDS = (
    *("Id", "IsDeleted", "MasterRecordId", "AccountId", "LastName", "FirstName", "Salutation", "Name", "MailingStreet"),
    *("MailingCity", "MailingState", "MailingPostalCode", "MailingCountry", "Phone", "MobilePhone", "Email", "Title"),
    *("Birthdate", "OwnerId", "HasOptedOutOfEmail", "CreatedDate", "LastModifiedDate", "SystemModstamp"),
)
"""23 fields, as a connector reads them."""
WIDE = f"SELECT {', '.join(FIELDS)} FROM Contact"  # noqa: S608 - SOQL of the names above
STATEMENTS = {
    "23 fields, first reading": WIDE,
    "23 fields, again": WIDE,
    "23 fields, ORDER BY Id": f"{WIDE} ORDER BY Id",
    "23 fields, by SystemModstamp": f"{WIDE} WHERE SystemModstamp >= 2020-01-01T00:00:00Z ORDER BY SystemModstamp, Id",
    "5 fields": "SELECT Id, FirstName, LastName, Email, SystemModstamp FROM Contact",
    "7 fields, 3 of parents": "SELECT Id, LastName, Email, AccountId, Account.Name, Account.Industry, Owner.Name FROM Contact",
    "FIELDS(STANDARD)": "SELECT FIELDS(STANDARD) FROM Contact",
}
ACCOUNTS = 1_000
PIECE = 10_000
"""Records in one request to the control door."""
DESIGNED = 1_280_000
"""Rows of printed texts that the machine for which the emulator was designed joined in a CPU second."""
SMALL_READS = 2_000
WORLDS = 300


def people(count: int, accounts: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Made-up contacts; hardly any field is the same for all."""
    for at in range(count):
        yield {
            "LastName": f"Person {at}",
            "FirstName": f"Given {at % 977}",
            "Salutation": ("Dr.", "Ms.", "Mr.", "Prof.")[at % 4],
            "Email": f"person{at}@university.example",
            "Phone": f"+1 555 {at:07d}",
            "MobilePhone": f"+1 556 {at:07d}",
            "MailingStreet": f"{at % 400} College Road",
            "MailingCity": f"Town {at % 311}",
            "MailingState": ("MA", "NY", "VT", "ME", "CT")[at % 5],
            "MailingPostalCode": f"{at % 90_000 + 10_000}",
            "MailingCountry": "United States" if at % 10 else "Canada",
            "Title": f"Engineer {at % 50}",
            "Birthdate": f"19{at % 60 + 40}-0{at % 9 + 1}-1{at % 9}",
            "HasOptedOutOfEmail": at % 7 == 0,
            "AccountId": accounts[at % len(accounts)],
        }


def firms() -> list[dict[str, Any]]:
    """The contacts' accounts."""
    return [{"Name": f"Firm {at}", "Industry": "Education"} for at in range(ACCOUNTS)]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Cost:
    """Seconds: of CPU and of wall."""

    cpu: float
    wall: float


def cost(work: Callable[[], object], clock: Callable[[], float] = time.process_time) -> Cost:
    """What some work costs; `clock` tells whose CPU counts."""
    wall, cpu = time.perf_counter(), clock()
    work()
    return Cost(cpu=clock() - cpu, wall=time.perf_counter() - wall)


# --- seeding ----------------------------------------------------------------------------------------------------------


def seed(control: Control, count: int) -> Cost:
    """Seed in-process."""
    accounts = control.seed("Account", firms())
    return cost(lambda: control.seed("Contact", people(count, accounts)))


def seed_through_the_door(server: Running, count: int) -> Cost:
    """Seed over HTTP, piece by piece; the CPU is the server's alone."""
    connection = http.client.HTTPConnection("127.0.0.1", server.salesforce.http)

    def order(sobject: str, records: list[dict[str, Any]]) -> list[str]:
        body = orjson.dumps({"sobject": sobject, "records": records})
        connection.request("POST", "/__control__/seed", body, {"X-Control-Token": server.control_token})
        found: list[str] = orjson.loads(connection.getresponse().read())["result"]
        return found

    everybody = people(count, order("Account", firms()))

    def work() -> None:
        while piece := list(islice(everybody, PIECE)):
            order("Contact", piece)

    return cost(work, lambda: float(server.run(time.thread_time)))


# --- reading ----------------------------------------------------------------------------------------------------------


def pages(app: App, token: str, soql: str) -> Iterator[bytes]:
    """The pages of a statement, in-process: what the service itself does."""
    headers, target = {"Authorization": f"Bearer {token}"}, f"/services/data/v67.0/query?q={quote(soql)}"
    while target:
        body = app.handle(request("GET", target, headers=headers)).body
        yield body
        target = orjson.loads(body[: body.index(b',"records"')] + b"}").get("nextRecordsUrl", "")


def read_all(app: App, token: str, soql: str) -> None:
    """Read a statement to its end."""
    for _page in pages(app, token, soql):
        pass


def printed(app: App, token: str, soql: str) -> list[bytes]:
    """Each record's own text. The mark between two records has bare quotes, so it stands within no value."""
    between, texts = b'},{"attributes":{"type":"Contact"', list[bytes]()
    for body in pages(app, token, soql):
        first, *others = body[body.index(b"[") + 1 : -2].split(between)
        texts += [first + b"}", *(between[2:] + text + b"}" for text in others)]
        texts[-1] = texts[-1][:-1]
    return texts


def page_of(texts: Sequence[bytes], start: int) -> bytes:
    """A page of records that were printed before."""
    last = start + PAGE >= len(texts)
    head = b'{"totalSize":%d,"done":%b,' % (len(texts), b"true" if last else b"false")
    if not last:
        head += b'"nextRecordsUrl":"/services/data/v67.0/query/01gCEILING-%d",' % (start + PAGE)
    return b"".join((head, b'"records":[', b",".join(texts[start : start + PAGE]), b"]}"))


def ceiling(texts: Sequence[bytes]) -> float:
    """Seconds of CPU to put the pages together and nothing else."""
    return min(cost(lambda: [len(page_of(texts, start)) for start in range(0, len(texts), PAGE)]).cpu for _ in range(3))


class Ceiling:
    """A service that has printed every record before it is asked."""

    def __init__(self, texts: Sequence[bytes]) -> None:
        self._texts = texts

    def handle(self, asked: Request) -> Response:
        """Whatever the statement, the same records."""
        _, _, start = asked.path.rpartition("-")
        body = page_of(self._texts, int(start) if start.isdigit() else 0)
        return Response(headers={"Content-Type": "application/json;charset=UTF-8"}, body=body)


class Constant:
    """A service that always says the same."""

    def handle(self, _request: Request) -> Response:
        """Answer."""
        return Response(headers={"Content-Type": "application/json"}, body=b'{"a":1}')


def readings(control: Control, count: int) -> list[Sequence[str]]:
    """Rows of the table of readings in-process."""
    app, token, rows = SalesforceApp(control.org), control.token(), list[Sequence[str]]()

    def row(label: str, soql: str) -> None:
        spent = cost(lambda: read_all(app, token, soql)).cpu
        texts = printed(app, token, soql)
        assert len(texts) == count
        least = ceiling(texts)
        size, rate = sum(map(len, texts)) / count, count / spent
        rows.append(
            (label, f"{size:,.0f}", f"{rate:,.0f}", f"{rate / DESIGNED:.2f}", f"{count / least:,.0f}", f"{least / spent:.2f}")
        )

    for label, soql in STATEMENTS.items():
        row(label, soql)
    for contact in control.rows("Contact")[::100]:
        control.edit_as(control.org.admin_id, contact["Id"], {"Title": "Changed"})
    row("23 fields, after an edit of 1 %", WIDE)
    row("23 fields, again", WIDE)
    return rows


def over_sockets(control: Control) -> list[Sequence[str]]:
    """Rows of the table of readings over sockets, by a client in a process of its own."""
    token, rows = control.token(), list[Sequence[str]]()
    texts = printed(SalesforceApp(control.org), token, WIDE)
    with running(org=control.org, career=cast("CareerApp", Ceiling(texts))) as server:
        asked = (
            ("the same, printed before", server.career.http, WIDE),
            ("23 fields", server.salesforce.http, WIDE),
            ("5 fields", server.salesforce.http, STATEMENTS["5 fields"]),
        )
        found = {label: min(_served(server, port, token, soql) for _ in range(5)) for label, port, soql in asked}
    least = found["the same, printed before"].cpu
    for label, _, soql in asked:
        spent = found[label]
        share = f"{least / spent.cpu:.2f}" if soql == WIDE else ""
        rows.append((label, f"{len(texts) / spent.wall:,.0f}", f"{len(texts) / spent.cpu:,.0f}", share))
    return rows


def _served(server: Running, port: int, token: str, soql: str) -> Cost:
    """Wall seconds of a client, and the server's CPU seconds for it."""
    answers: list[dict[str, float]] = []
    spent = cost(lambda: answers.append(_client(port, token, soql)), lambda: float(server.run(time.thread_time)))
    return Cost(cpu=spent.cpu, wall=answers[0]["wall"])


def _client(port: int, token: str, soql: str) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.reading", "--port", str(port), "--token", token, "--soql", soql]
    found: dict[str, float] = orjson.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)  # noqa: S603 - our own program
    return found


# --- small things -------------------------------------------------------------------------------------------------------


def small_reads() -> dict[str, float]:
    """Server CPU of small reads, and of a constant answer through the same server, in seconds a request."""
    with running(career=cast("CareerApp", Constant())) as server:
        id_ = server.run(lambda: server.control.seed("Contact", people(1, [""]))[0])
        token = server.run(server.control.token)
        base = "/services/data/v67.0"
        soql = quote(f"SELECT Id, LastName, Email FROM Contact WHERE Id = '{id_}'")  # noqa: S608 - our own id
        kinds = {
            "a record, three fields": f"{base}/sobjects/Contact/{id_}?fields=Id,LastName,Email",
            "a record, whole": f"{base}/sobjects/Contact/{id_}",
            "a query for a record": f"{base}/query?q={soql}",
            "describe of Contact": f"{base}/sobjects/Contact/describe",
        }
        found = {"a constant answer": _server_cpu(server, server.career.http, "/", token)}
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
    spent = cost(lambda: ask(SMALL_READS), lambda: float(server.run(time.thread_time))).cpu
    connection.close()
    return spent / SMALL_READS


def worlds() -> float:
    """Seconds of CPU for a fresh organisation with its service, in-process."""
    SalesforceApp(Org())
    return cost(lambda: [SalesforceApp(Org(name=f"org{at}")) for at in range(WORLDS)]).cpu / WORLDS


# --- the page -----------------------------------------------------------------------------------------------------------


def measure(count: int) -> Iterator[str]:
    """The parts of the page, each as soon as it is measured."""
    yield "## Small things"
    small = small_reads()
    constant = small["a constant answer"]
    rows = [(name, f"{each * 1e6:,.0f}", f"{each / constant:.1f}") for name, each in small.items()]
    yield table(("served over a socket", "server CPU, us", "times the constant (aim for small reads: at most 4)"), rows)
    yield f"A fresh organisation with its service costs {worlds() * 1e3:.2f} ms, in-process (aim: under 2)."

    yield f"## Seeding {count:,} contacts of 15 fields"
    before, org = megabytes(), Org()
    control = Control(org)
    inside, used = seed(control, count), megabytes() - before
    rows = [("in-process", f"{inside.wall:.1f}", f"{inside.cpu:.1f}")]
    control = Control(Org())
    del org
    with running(control_token="bench") as server:  # noqa: S106 - a door on loopback, for this run
        door = seed_through_the_door(server, count)
        control = server.control
    rows.append((f"through the control door, {PIECE:,} a request", f"{door.wall:.1f}", f"{door.cpu:.1f}"))
    yield table(("", "wall s (aim: under 120 for a million)", "CPU s"), rows)
    yield f"They take {used:,.0f} MB, {used * 1024 / count:.1f} kB each."

    yield f"## Reading them, {PAGE:,} a page, in-process"
    head = ("statement", "bytes a record", "rows/CPU-s", f"of {DESIGNED / 1e6} M", "ceiling, rows/CPU-s", "of the ceiling")
    yield table(head, readings(control, count))
    yield (
        "The ceiling is the same records, printed before, put together as pages in the same process (best of three). "
        f"{DESIGNED / 1e6} million rows is what the machine for which the emulator was designed did of that kind."
    )

    yield "## Reading them over sockets"
    yield table(("", "rows/s, client included", "rows/s of server CPU", "of the ceiling (aim: 0.5)"), over_sockets(control))
    yield "A client in a process of its own parses every page (best of five). The ceiling is served by the same server."
    yield f"Peak memory of the bench, which keeps printed texts beside the emulator: {peak_megabytes():,.0f} MB."


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and perhaps keep the page."""
    parser = argparse.ArgumentParser(prog="python -m bench.emulator", description=__doc__)
    parser.add_argument("--contacts", type=int, default=int(os.environ.get("CONTACTS", "1000000")))
    parser.add_argument("--out", type=Path, help="also write the page there")
    options = parser.parse_args(arguments)
    began, parts = os.getloadavg()[0], ["# What the emulator costs"]
    print(parts[0], flush=True)
    for part in measure(options.contacts):
        parts.append(part)
        print(f"\n{part}", flush=True)
    command = " ".join(["python -m bench.emulator", *(sys.argv[1:] if arguments is None else arguments)])
    parts.insert(1, machine(command, packages=("uvicorn", "orjson"), load=f"{began:.1f} to {os.getloadavg()[0]:.1f}"))
    print(f"\n{parts[1]}")
    if options.out:
        write_page(options.out, parts)
    return 0


if __name__ == "__main__":
    sys.exit(main())
