"""What a simulated seed costs, beside the least that its packages take for as many exchanges, statements and transactions.

    python -m bench.seed [--seeds 60] [--base 50000]

The floor is what requests takes to send an empty request and read an empty answer, and what SQLAlchemy takes to run one small
query on an empty table of the state and to open and commit a transaction, each on its own, times how many of them a seed has.
Seeds on PostgreSQL are left out. CPU of one process, milliseconds; compare figures of one run only.
"""

from __future__ import annotations

import argparse
import io
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import requests
from requests.adapters import BaseAdapter
from sqlalchemy import Engine, bindparam, create_engine, event, select
from urllib3 import HTTPResponse

from bench.results import table
from connector.store.tables import intent, metadata
from tests.simulation.draw import draw
from tests.simulation.farm import play, sweep_up

_TIMES = 3_000
_WARM = 3
"""Seeds that are played before the clock runs: modules are loaded, and statements compiled."""


class _Empty(BaseAdapter):
    """Answers at once, with nothing."""

    def send(self, request: requests.PreparedRequest, *_rest: object, **_more: object) -> requests.Response:
        answer = requests.Response()
        answer.status_code, answer.request, answer.url = 200, request, str(request.url)
        answer.raw = HTTPResponse(io.BytesIO(b"{}"), preload_content=False, status=200)
        return answer

    def close(self) -> None:
        """Nothing is open."""


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.seed", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=60, help="how many seeds (60)")
    parser.add_argument("--base", type=int, default=50_000, help="the first seed (50000)")
    options = parser.parse_args()
    seeds = [seed for seed in range(options.base, options.base + options.seeds) if draw(seed).spec.database == "sqlite"]
    try:
        seed, counts = _play(seeds)
    finally:
        sweep_up()
    rows, floor = [], 0.0
    for what, each in (("exchanges", _exchange()), *_database()):
        floor += each * counts[what]
        rows.append(
            [what, f"{counts[what]:.0f}", f"{each:.3f}", f"{each * counts[what]:.0f}", f"{each * counts[what] / seed:.2f}"]
        )
    rows.append(["all of these, the floor", "", "", f"{floor:.0f}", f"{floor / seed:.2f}"])
    rows.append(["a seed", "", "", f"{seed:.0f}", "1.00"])
    print(table(["", "in a seed", "ms each", "ms", "of a seed"], rows))
    return 0


def _play(seeds: list[int]) -> tuple[float, dict[str, float]]:
    """Milliseconds of a seed, and how much of what it has, in the mean."""
    counts: Counter[str] = Counter()
    for seed in seeds[:_WARM]:
        play(seed)

    def count_statement(*_rest: object) -> None:
        counts["statements"] += 1

    def count_transaction(*_rest: object) -> None:
        counts["transactions"] += 1

    event.listen(Engine, "before_cursor_execute", count_statement)
    event.listen(Engine, "begin", count_transaction)
    began = time.process_time()
    for seed in seeds:
        counts["exchanges"] += play(seed).calls
    passed = time.process_time() - began
    event.remove(Engine, "before_cursor_execute", count_statement)
    event.remove(Engine, "begin", count_transaction)
    return 1000 * passed / len(seeds), {what: count / len(seeds) for what, count in counts.items()}


def _exchange() -> float:
    session = requests.Session()
    session.mount("https://", _Empty())

    def exchange() -> None:
        answer = session.get("https://university.example/", headers={"Accept": "application/json"}, stream=True)
        answer.raw.read1(100, decode_content=True)
        answer.close()

    return _milliseconds(exchange)


def _database() -> list[tuple[str, float]]:
    query = select(intent).where(intent.c.system == bindparam("system"), intent.c.target == bindparam("target"))
    with TemporaryDirectory() as folder:
        engine = create_engine(f"sqlite:///{Path(folder) / 'state.db'}")
        metadata.create_all(engine)

        def transaction() -> None:
            with engine.begin():
                pass

        each = _milliseconds(transaction)
        with engine.begin() as db:
            statement = _milliseconds(lambda: db.execute(query, {"system": "s", "target": "t"}).all())
        engine.dispose()
    return [("statements", statement), ("transactions", each)]


def _milliseconds(do: Callable[[], object]) -> float:
    began = time.process_time()
    for _ in range(_TIMES):
        do()
    return 1000 * (time.process_time() - began) / _TIMES


if __name__ == "__main__":
    sys.exit(main())
