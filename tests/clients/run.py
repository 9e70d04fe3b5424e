"""Runs unmodified third-party clients against the emulator: `python tests/clients/run.py [NAME ...]`.

Each client is installed into an environment of its own under build/clients, pointed at a fresh emulator as its users
would do it, and put through its script in this folder, which checks the data. Exit code 1 if any fails.
"""

import argparse
import json
import os
import subprocess
import sys
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build" / "clients"
HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Client:
    """One client: what to install from which registry, the script that uses it, and whether it needs the proxy."""

    script: str
    pip: tuple[str, ...] = ()
    npm: tuple[str, ...] = ()
    proxied: bool = True


CLIENTS = {
    "simple-salesforce": Client(script="use_simple_salesforce.py", pip=("simple-salesforce", "cryptography")),
    "salesforce-bulk": Client(script="use_salesforce_bulk.py", pip=("salesforce-bulk", "setuptools<81")),
    "aiosalesforce": Client(script="use_aiosalesforce.py", pip=("aiosalesforce",)),
    "tap-salesforce": Client(script="use_tap_salesforce.py", pip=("tap-salesforce", "setuptools<81")),
    "jsforce": Client(script="use_jsforce.mjs", npm=("jsforce",), proxied=False),
    "airbyte": Client(script="use_airbyte.py", pip=("airbyte-source-salesforce",)),
    "cumulusci": Client(script="use_cumulusci.py", pip=("cumulusci", "setuptools<81")),
    "sf": Client(script="use_sf.py", npm=("@salesforce/cli", "node@22"), proxied=False),
}


def main(arguments: list[str] | None = None) -> int:
    """Run the named clients, or all; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help=f"of {', '.join(CLIENTS)}; all by default")
    names = parser.parse_args(arguments).names or list(CLIENTS)
    failed = []
    for name in names:
        began = time.monotonic()
        problem = run(name, CLIENTS[name])
        outcome = "ok" if problem is None else "FAILED"
        sys.stdout.write(f"{name:20} {outcome:8} {time.monotonic() - began:6.1f} s\n")
        if problem is not None:
            failed.append(name)
            sys.stdout.write(problem + "\n")
        sys.stdout.flush()
    return 1 if failed else 0


def run(name: str, client: Client) -> str | None:
    """Run one client; returns what it said when it failed."""
    command = install(name, client)
    with emulator(name) as found:
        environment = {**os.environ, **found["environment"], "EMULATOR": json.dumps(found)}
        if not client.proxied:
            environment = {key: value for key, value in environment.items() if not key.lower().endswith("s_proxy")}
        environment["PATH"] = f"{BUILD / name / 'bin'}:{BUILD / name / 'node_modules' / '.bin'}:{environment['PATH']}"
        # The scripts are this repository's own.
        done = subprocess.run(  # noqa: S603
            command,
            env=environment,
            cwd=BUILD / name,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
    return None if done.returncode == 0 else done.stdout[-3000:] + done.stderr[-3000:]


def install(name: str, client: Client) -> list[str]:
    """Install a client; returns the command that runs its script."""
    folder = BUILD / name
    if client.npm:
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "node_modules").exists():
            command = ["npm", "install", "--silent", "--no-fund", "--no-audit", "--prefix", str(folder), *client.npm]
            subprocess.run(command, check=True)  # noqa: S603 - the packages named above
        if client.script.endswith(".mjs"):
            # Modules are looked for beside the script: it has to lie beside them.
            (folder / client.script).write_text((HERE / client.script).read_text(encoding="utf-8"), encoding="utf-8")
            return ["node", str(folder / client.script)]
        return [sys.executable, str(HERE / client.script)]
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        command = [str(python), "-m", "pip", "install", "--quiet", *client.pip]
        subprocess.run(command, check=True)  # noqa: S603 - the packages named above
    return [str(python), str(HERE / client.script)]


@contextmanager
def emulator(name: str) -> Iterator[dict[str, Any]]:
    """A fresh emulator with what the scripts expect; yields its addresses, environment and tokens."""
    folder = BUILD / f"{name}-emulator"
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "emulator", "serve", "--folder", str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603 - ourselves
        assert server.stdout is not None
        found = json.loads(server.stdout.readline())
        try:
            exported = subprocess.run(  # noqa: S603 - ourselves
                [sys.executable, "-m", "emulator", "env", "--folder", str(folder)],
                cwd=ROOT,
                capture_output=True,
                text=True,
                check=True,
            ).stdout
            pairs = (line.removeprefix("export ").partition("=") for line in exported.splitlines())
            found["environment"] = {key: value for key, _, value in pairs}
            yield found | prepare(found)
        finally:
            server.terminate()


def prepare(found: dict[str, Any]) -> dict[str, Any]:
    """An external id on Contact, a connected app, two accounts and five contacts."""

    def order(method: str, **arguments: object) -> Any:
        headers = {"X-Control-Token": found["control_token"], "Content-Type": "application/json"}
        url = f"{found['salesforce']['http']}/__control__/{method}"
        sent = Request(url, data=json.dumps(arguments).encode(), headers=headers)  # noqa: S310 - loopback
        with urlopen(sent) as answer:  # noqa: S310 - loopback
            return json.load(answer)["result"]

    order("define_field", sobject="Contact", name="Ext__c", externalId=True, unique=True, idLookup=True)
    admin = order("rows", sobject="User")[0]["Id"]
    order("connected_app", key="client", secret="s3", run_as=admin)
    order("connected_app", key="PlatformCLI")
    accounts = order("seed", sobject="Account", records=[{"Name": "Acme"}, {"Name": "Beta"}])
    people = [
        {"LastName": f"Person {at}", "Email": f"p{at}@x.org", "Ext__c": f"e{at}", "AccountId": accounts[at % 2]}
        for at in range(5)
    ]
    contacts = order("seed", sobject="Contact", records=people)
    return {
        "token": order("token"),
        "refresh_token": order("refresh_token"),
        "admin_id": admin,
        "accounts": accounts,
        "contacts": contacts,
    }


if __name__ == "__main__":
    sys.exit(main())
