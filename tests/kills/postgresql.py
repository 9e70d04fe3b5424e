"""The state on a PostgreSQL of our own, behind a gate that can lose the connection at a commit; the server can be killed, too."""

from __future__ import annotations

import os
import signal
import socket
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine

from connector.store.store import open_store
from emulator.server import LOOPBACK
from tests.postgresql import address, running
from tests.simulation.database import pour
from tests.simulation.dice import Dice

_COMMIT = b"COMMIT\x00"
"""How the driver asks for a commit: a simple query (PostgreSQL's protocol, "Query (F)")."""
TROUBLES = ("before", "after", "server")
"""The connection is lost at a commit, before the server has read it or after; or the server dies."""
_STRIKES_WITHIN = 15.0
"""Seconds in which a working daemon commits something."""


class Gate:
    """Passes bytes between clients on a port and the server's socket; loses a connection at a commit when told to."""

    def __init__(self, target: Path) -> None:
        self._target = str(target)
        self._listener = socket.create_server((LOOPBACK, 0))
        self._order = ""
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        """Where clients come."""
        return int(self._listener.getsockname()[1])

    def order(self, when: str) -> None:
        """The next commit loses its connection ``before`` the server has read it, or ``after``: then nobody hears the answer."""
        self._order = when

    @property
    def waits(self) -> bool:
        """Whether an order has not struck yet."""
        return bool(self._order)

    def close(self) -> None:
        """Let nobody in any more."""
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                try:
                    server.connect(self._target)
                except OSError:
                    client.close()
                    continue
                silent = threading.Event()
                for pump in (self._to_server, self._to_client):
                    threading.Thread(target=pump, args=(client, server, silent), daemon=True).start()

    def _to_server(self, client: socket.socket, server: socket.socket, silent: threading.Event) -> None:
        with _ending(client, server):
            while data := client.recv(65536):
                order = self._take() if _COMMIT in data else ""
                if order == "before":
                    return
                if order == "after":
                    silent.set()
                server.sendall(data)

    def _to_client(self, client: socket.socket, server: socket.socket, silent: threading.Event) -> None:
        with _ending(client, server):
            while (data := server.recv(65536)) and not silent.is_set():
                client.sendall(data)

    def _take(self) -> str:
        with self._lock:
            order, self._order = self._order, ""
            return order


@contextmanager
def _ending(*ends: socket.socket) -> Iterator[None]:
    """Where one end of a connection is gone, so is the other."""
    try:
        with suppress(OSError):
            yield
    finally:
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@dataclass
class ServerState:
    """See ``State``. ``struck`` counts the troubles by name."""

    folder: Path
    server: Any
    gate: Gate
    struck: Counter[str] = field(default_factory=Counter)

    def configuration(self) -> str:
        """See ``State``."""
        return 'postgresql = "env:STATE_URL"'

    def environment(self) -> Mapping[str, str]:
        """See ``State``."""
        return {"STATE_URL": self._url}

    @property
    def _url(self) -> str:
        return f"postgresql+psycopg://postgres@{LOOPBACK}:{self.gate.port}/postgres"

    def file(self) -> Path:
        """See ``State``."""
        path = self.folder / "copy.db"
        path.unlink(missing_ok=True)
        copy = open_store(f"sqlite:///{path}")
        engine = create_engine(self._url)
        with engine.begin() as source, copy.begin() as target:
            pour(source, target)
        engine.dispose()
        copy.close()
        return path

    def integrity(self) -> str:
        """See ``State``: where the server has come back from its own death, its tables can be read."""
        self.file()
        return "ok"

    def trouble(self, dice: Dice) -> None:
        """One of the troubles comes; none where nothing is committed for long."""
        self.strike(dice.one(TROUBLES))

    def strike(self, what: str, within: float = _STRIKES_WITHIN) -> bool:
        """A trouble comes; whether it has struck within so many seconds."""
        if what == "server":
            self._kill_server()
        else:
            self.gate.order(what)
            end = time.monotonic() + within
            while self.gate.waits and time.monotonic() < end:
                time.sleep(0.01)
            if self.gate.waits:
                self.gate.order("")
                return False
        self.struck[what] += 1
        return True

    def _kill_server(self) -> None:
        """Every process of the server ends at once; it comes back from its log."""
        process = self.server.get_postmaster_info().process
        children = process.children(recursive=True)
        for each in (process, *children):
            with suppress(ProcessLookupError):
                os.kill(each.pid, signal.SIGKILL)
        for each in (process, *children):
            each.wait(30)
        self.server.ensure_postgres_running()


@contextmanager
def served(folder: Path) -> Iterator[ServerState]:
    """A server of our own, until the block ends; ``folder`` is for copies of the state.

    Its own files are in a folder that no other session of tests closes to the user that the server runs as.

    Raises as ``running``.
    """
    with tempfile.TemporaryDirectory() as own, running(Path(own)) as server:
        gate = Gate(next(Path(str(address(server).query["host"])).glob(".s.PGSQL.*[0-9]")))
        try:
            yield ServerState(folder, server, gate)
        finally:
            gate.close()
