"""A simple client for the emulator's bench: reads a query page by page over one connection and parses every page.

python -m bench.reading --port 8080 --token 00D... --soql "SELECT Id FROM Contact"
"""

from __future__ import annotations

import argparse
import http.client
import sys
import time
from urllib.parse import quote

import orjson


def read(port: int, token: str, soql: str) -> dict[str, float]:
    """All records of a statement; how many there were, and how long it took in seconds of wall and of this client's CPU."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    wall, cpu = time.perf_counter(), time.process_time()
    target, records = f"/services/data/v67.0/query?q={quote(soql)}", 0
    while target:
        connection.request("GET", target, headers={"Authorization": f"Bearer {token}"})
        page = orjson.loads(connection.getresponse().read())
        records += len(page["records"])
        target = page.get("nextRecordsUrl", "")
    return {"records": records, "wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}


def main() -> int:
    """Read, and print what it cost as JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.reading", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--token", required=True)
    parser.add_argument("--soql", required=True)
    options = parser.parse_args()
    print(orjson.dumps(read(options.port, options.token, options.soql)).decode(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
