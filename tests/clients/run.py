"""Runs unmodified third-party clients against the emulator: `python tests/clients/run.py [NAME ...]`.

Each client is installed into an environment of its own under build/clients, pointed at a fresh emulator as its users
would do it, and put through its script in this folder, which checks the data. Prints one line for each client: its
name and version, whether all went well, and how long it took. Exit code 1 if any fails.
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
    """One client: what to install from which registry (itself first), its script, and whether it needs the proxy."""

    script: str
    pip: tuple[str, ...] = ()
    npm: tuple[str, ...] = ()
    proxied: bool = True

    @property
    def package(self) -> str:
        """The client's own package, without the version that is wanted of it."""
        first = (self.pip or self.npm)[0]
        return first.partition("==")[0] if self.pip else first[:1] + first[1:].partition("@")[0]


OLD = "setuptools<81"
"""Brings pkg_resources, which packages of former times import."""

CLIENTS = {
    "simple-salesforce": Client(script="use_simple_salesforce.py", pip=("simple-salesforce", "cryptography")),
    "simple-salesforce-1.11": Client(script="use_simple_salesforce_old.py", pip=("simple-salesforce==1.11.6",)),
    "simple-salesforce-1.0": Client(script="use_simple_salesforce_old.py", pip=("simple-salesforce==1.0.0", OLD)),
    "simple-salesforce-0.74": Client(script="use_simple_salesforce_old.py", pip=("simple-salesforce==0.74.3", OLD)),
    "async-simple-salesforce": Client(script="use_async_simple_salesforce.py", pip=("async-simple-salesforce",)),
    "salesforce-bulk": Client(script="use_salesforce_bulk.py", pip=("salesforce-bulk", OLD)),
    "aiosalesforce": Client(script="use_aiosalesforce.py", pip=("aiosalesforce",)),
    "aio-sf": Client(script="use_aio_sf.py", pip=("aio-sf",)),
    "salesforce-api": Client(script="use_salesforce_api.py", pip=("salesforce-api",)),
    "sf-toolkit": Client(script="use_sf_toolkit.py", pip=("sf-toolkit",)),
    "sfq": Client(script="use_sfq.py", pip=("sfq",)),
    "pyforce": Client(script="use_pyforce.py", pip=("pyforce", OLD)),
    "django-salesforce": Client(script="use_django.py", pip=("django-salesforce", "django<5")),
    "dlt": Client(script="use_dlt.py", pip=("dlt", "duckdb", "simple-salesforce", OLD)),
    "airflow": Client(script="use_airflow.py", pip=("apache-airflow-providers-salesforce",)),
    "mcp-salesforce-connector": Client(script="use_mcp.py", pip=("mcp-salesforce-connector",)),
    "salespyforce": Client(script="use_salespyforce.py", pip=("salespyforce",)),
    "salesforcerestapi": Client(script="use_salesforcerestapi.py", pip=("salesforcerestapi", "requests", "pyjwt[crypto]")),
    "tap-salesforce": Client(script="use_tap_salesforce.py", pip=("tap-salesforce", OLD)),
    "pipelinewise-tap-salesforce": Client(script="use_tap_salesforce.py", pip=("pipelinewise-tap-salesforce", OLD)),
    "airbyte": Client(script="use_airbyte.py", pip=("airbyte-source-salesforce",)),
    "cumulusci": Client(script="use_cumulusci.py", pip=("cumulusci", OLD)),
    "jsforce": Client(script="use_jsforce.mjs", npm=("jsforce",), proxied=False),
    "jsforce-2": Client(script="use_jsforce_old.mjs", npm=("jsforce@2.0.0-beta.29",), proxied=False),
    "jsforce-1": Client(script="use_jsforce_old.mjs", npm=("jsforce@1.11.1",), proxied=False),
    "nforce": Client(script="use_nforce.mjs", npm=("nforce",), proxied=False),
    "mcp-server-salesforce": Client(script="use_mcp.mjs", npm=("@tsmztech/mcp-server-salesforce",), proxied=False),
    "salesforce-mcp": Client(script="use_salesforce_mcp.mjs", npm=("@salesforce/mcp", "node@22"), proxied=False),
    "sf": Client(script="use_sf.py", npm=("@salesforce/cli", "node@22"), proxied=False),
}


def main(arguments: list[str] | None = None) -> int:
    """Run the named clients, or all; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help=f"of {', '.join(CLIENTS)}; all by default")
    names = parser.parse_args(arguments).names or list(CLIENTS)
    failed = False
    sys.stdout.write(f"{'client':28} {'version':16} outcome   seconds\n")
    for name in names:
        began = time.monotonic()
        problem = run(name, CLIENTS[name])
        failed = failed or problem is not None
        outcome = "ok" if problem is None else "FAILED"
        sys.stdout.write(
            f"{name:28} {version(name, CLIENTS[name]):16} {outcome:8} {time.monotonic() - began:8.1f}\n{problem or ''}"
        )
        sys.stdout.flush()
    return int(failed)


def run(name: str, client: Client) -> str | None:
    """Run one client; returns what it said when it failed."""
    problem = install(name, client)
    if problem is not None:
        return problem
    with emulator(name) as found:
        environment = {**os.environ, **found["environment"], "EMULATOR": json.dumps(found)}
        if not client.proxied:
            environment = {key: value for key, value in environment.items() if not key.lower().endswith("s_proxy")}
        environment["PATH"] = f"{BUILD / name / 'bin'}:{BUILD / name / 'node_modules' / '.bin'}:{environment['PATH']}"
        # The scripts are this repository's own.
        done = subprocess.run(  # noqa: S603
            command(name, client),
            env=environment,
            cwd=BUILD / name,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
    return None if done.returncode == 0 else done.stdout[-3000:] + done.stderr[-3000:]


def install(name: str, client: Client) -> str | None:
    """Install a client unless it is there; returns what was said when that failed."""
    folder = BUILD / name
    folder.mkdir(parents=True, exist_ok=True)
    done = folder / ".installed"
    if done.exists():
        return None
    if client.npm:
        wanted = ["npm", "install", "--silent", "--no-fund", "--no-audit", "--prefix", str(folder), *client.npm]
    else:
        venv.create(folder, with_pip=True)
        wanted = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *client.pip]
    # What installers say on the way is shown only where they fail.
    told = subprocess.run(wanted, capture_output=True, text=True, check=False)  # noqa: S603 - the packages named above
    if told.returncode != 0:
        return told.stdout[-3000:] + told.stderr[-3000:]
    done.touch()
    return None


def command(name: str, client: Client) -> list[str]:
    """The command that runs a client's script."""
    folder = BUILD / name
    if client.script.endswith(".mjs"):
        # Modules are looked for beside the script: it has to lie beside them.
        (folder / client.script).write_text((HERE / client.script).read_text(encoding="utf-8"), encoding="utf-8")
        return ["node", str(folder / client.script)]
    return [sys.executable if client.npm else str(folder / "bin" / "python"), str(HERE / client.script)]


def version(name: str, client: Client) -> str:
    """The version of a client that was installed."""
    if client.npm:
        file = BUILD / name / "node_modules" / client.package / "package.json"
        return str(json.loads(file.read_text(encoding="utf-8"))["version"]) if file.exists() else "-"
    asked = f"import importlib.metadata as m; print(m.version('{client.package}'))"
    ours = [str(BUILD / name / "bin" / "python"), "-c", asked]
    told = subprocess.run(ours, capture_output=True, text=True, check=False)  # noqa: S603 - the environment just made
    return told.stdout.strip() or "-"


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
