"""Both emulated systems over TLS on loopback, and the installed command between them as processes of their own."""

from __future__ import annotations

import os
import secrets
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from demo.contact_fields import CONTACT_FIELDS
from demo.doors import ContractUser
from emulator.career import Actor, Kind
from emulator.running import Running
from emulator.salesforce.control import Control

PATIENCE = 120.0
"""Seconds after which something that should happen is held to be broken; nothing is judged by its speed."""
PEOPLE = 12
SYSTEM = "careers"


@dataclass
class World:
    """``said`` is all that the bridge's processes have written on standard error; ``private`` what may never stand there."""

    folder: Path
    program: Path
    systems: Running
    private: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    @property
    def config(self) -> Path:
        """The configuration."""
        return self.folder / "config.toml"

    @property
    def state(self) -> Path:
        """The state database."""
        return self.folder / "state.db"

    def crm(self, action: Callable[[Control], Any]) -> Any:
        """Do something at the org's control door, between two requests."""
        control = Control(self.systems.org)
        return self.systems.run(lambda: action(control))

    def run(
        self, *words: str, environment: Mapping[str, str] | None = None, stdin: int | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run one command to its end."""
        done = subprocess.run(  # noqa: S603 - our own program
            [str(self.program), *words, "--config", str(self.config)],
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
            stdin=stdin,
            env=self._environment(environment),
        )
        self.said.append(done.stderr)
        return done

    @contextmanager
    def daemon(self) -> Iterator[subprocess.Popen[str]]:
        """The running daemon; killed at the end of the block if it is still there. Its log is the file ``daemon.log``."""
        log = self.folder / "daemon.log"
        with log.open("w") as stream:
            command = [str(self.program), "run", "--config", str(self.config)]
            process = subprocess.Popen(command, stderr=stream, text=True, env=self._environment(None))  # noqa: S603 - our own program
            try:
                yield process
            finally:
                with suppress(ProcessLookupError):
                    process.send_signal(signal.SIGKILL)
                process.wait()
                self.said.append(log.read_text())

    def log(self) -> str:
        """What the daemon has said so far."""
        return (self.folder / "daemon.log").read_text()

    def integrity(self) -> str:
        """What SQLite says about the state."""
        with closing(sqlite3.connect(self.state)) as db:
            return str(db.execute("PRAGMA integrity_check").fetchone()[0])

    def ask(self, number: int) -> None:
        """A counsellor files one more request."""
        counsellor = ContractUser(self.systems.career_url, self.systems.authority, key=self.private["counsellor"])
        by = {"name": "Pat Reyes", "email": "pat.reyes@example.edu", "unit": "Career Services"}
        criteria = {"school": "Law"}
        counsellor.file({"type": "PANEL_SPEAKER", "title": f"Panel {number}", "criteria": criteria, "requested_by": by})

    def calls(self) -> int:
        """How many API requests Salesforce has served."""
        return int(self.crm(lambda control: control.call_count()))

    def asked(self) -> list[str]:
        """The request of each record in Salesforce."""
        return [str(row["Request_Number__c"]) for row in self.crm(lambda control: control.rows("Career_Request__c"))]

    def tasks(self) -> list[str]:
        """The record that each Task is about."""
        return [str(row["WhatId"]) for row in self.crm(lambda control: control.rows("Task"))]

    def _environment(self, more: Mapping[str, str] | None) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "COLUMNS": "140", **(more or {})}


def until(what: Callable[[], object], process: subprocess.Popen[str] | None = None) -> None:
    """Wait for something to become true.

    Raises:
        AssertionError: it did not, or the process that should bring it about ended.
    """
    end = time.monotonic() + PATIENCE
    while not what():
        assert process is None or process.poll() is None, "the process ended"
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def made(folder: Path, program: Path, systems: Running) -> World:
    """A university with a few people on both sides, our package deployed, and the bridge configured."""
    world = World(folder=folder, program=program, systems=systems)
    world.private = {name: secrets.token_hex(20) for name in ("consumer_key", "consumer_secret", "career_key", "counsellor")}
    user = world.crm(_furnish)
    world.crm(lambda crm: crm.connected_app(world.private["consumer_key"], secret=world.private["consumer_secret"], run_as=user))
    _populate(world)
    _configure(world)
    token = world.crm(lambda crm: crm.token())
    deployed = world.run("package", "deploy", environment={"SF_ACCESS_TOKEN": token})
    assert deployed.returncode == 0, deployed.stdout + deployed.stderr
    world.crm(lambda crm: crm.assign(user, "Alumni_Bridge_Daemon"))
    world.private["token"] = token
    return world


def _furnish(crm: Control) -> str:
    for name, how in CONTACT_FIELDS.items():
        crm.define_field("Contact", name, **how)
    return crm.add_user("bridge", profile="Minimum Access - API Only Integrations")


def _populate(world: World) -> None:
    career = world.systems.career_app.system
    people = [(f"U{at}", f"Wilhelmina{at}", "Featherstonehaugh", f"wilhelmina.{at}@canary.example.org") for at in range(PEOPLE)]
    contacts = [
        {"University_ID__c": id, "FirstName": first, "LastName": last, "Personal_Email__c": mail}
        for id, first, last, mail in people
    ]
    accounts = [
        {"id": f"a{at}", "institution_id": id, "first_name": first, "last_name": last, "email_personal": mail}
        for at, (id, first, last, mail) in enumerate(people)
    ]
    world.crm(lambda crm: crm.seed("Contact", contacts))
    world.systems.run(lambda: career.seed("person", accounts))
    actor = Actor(id="key-1", name="alumni-bridge", kind=Kind.API)
    staff = Actor(id="staff-1", name="Pat Reyes", kind=Kind.STAFF)
    world.systems.run(lambda: career.admit(world.private["career_key"], actor))
    world.systems.run(lambda: career.admit(world.private["counsellor"], staff))
    world.private |= {"name": "Featherstonehaugh", "mail": "canary.example.org"}


def _configure(world: World) -> None:
    for name in ("consumer_key", "consumer_secret", "career_key"):
        file = world.folder / name
        file.touch(mode=0o600)
        file.write_text(world.private[name])
    authority = world.systems.authority
    world.config.write_text(f"""
[bridge]
environment = "test"
mappings = "{Path(__file__).parents[2] / "mappings"}"
log_level = "debug"

[state]
sqlite = "{world.state}"

[crm]
my_domain = "{world.systems.salesforce_url}"
login = "client_credentials"
consumer_key = "file:{world.folder / "consumer_key"}"
consumer_secret = "file:{world.folder / "consumer_secret"}"
ca_file = "{authority}"
lab = true

[[career]]
system = "{SYSTEM}"
url = "{world.systems.career_url}/bridge/v1"
key = "file:{world.folder / "career_key"}"
ca_file = "{authority}"
lab = true

[schedule]
cycle_seconds = 10

[requests]
start_at = 2020-01-01T00:00:00Z
""")
