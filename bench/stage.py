"""The other side of the bench, in a process of its own: both emulated systems over loopback TLS with a university in them.

    python -m bench.stage --contacts 2000 --accounts 600 --folder build/bench/2000

Prints one line of JSON when it serves (addresses, keys, the bridge's configuration file, who is whom) and ends with its input.
The people come from the demo's seeded generator, which knows the truth about who is whom.
"""

import argparse
import secrets
import sys
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson

from crm_package.archive import build_zip, permission_files
from crm_package.deploy import deploy
from demo.contact_fields import CONTACT_FIELDS
from demo.people import People
from demo.world import make_world
from emulator.career import Actor, CareerApp, CareerSystem, Kind
from emulator.clock import Clock
from emulator.http import request
from emulator.running import Running, running
from emulator.salesforce.control import Control
from emulator.salesforce.org import Org
from emulator.salesforce.service import SalesforceApp

ROOT = Path(__file__).parents[1]
SYSTEM = "careers"
_BEHIND = timedelta(hours=-6)
BRIDGE_KEY, STAFF_KEY = "k-bridge", "k-staff"


class _Administrator:
    """The administrator's login, for deploying the package."""

    def __init__(self, org: Org) -> None:
        self._app, self._token = SalesforceApp(org), Control(org).token()

    def send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """One request, answered in this process."""
        sent = request(method, path, headers={**headers, "Authorization": f"Bearer {self._token}"}, body=body or b"")
        answer = self._app.handle(sent)
        return answer.status, answer.headers, answer.body


def build_org(clock: Clock, contact_fields: tuple[str, ...], profile_fields: tuple[str, ...]) -> tuple[Org, dict[str, str]]:
    """An org with the university's own Contact fields and our package; and the ids of its users (bridge, officer)."""
    org = Org(clock=clock)
    control = Control(org)
    for name, how in CONTACT_FIELDS.items():
        control.define_field("Contact", name, **how)
    archive = build_zip(extra=permission_files(contact_fields, profile_fields))

    def sleep(_seconds: float) -> None:
        control.move_clock(seconds=_seconds)

    result = deploy(_Administrator(org), archive, check_only=False, monotonic=lambda: clock.now().timestamp(), sleep=sleep)
    if not result.success:
        raise RuntimeError(f"the package was not deployed: {result}")
    profile = "Minimum Access - API Only Integrations"
    bridge = control.add_user("bridge", profile=profile, permission_sets=["Alumni_Bridge_Daemon"])
    officer = control.add_user("officer", permission_sets=["Alumni_Bridge_Staff"])
    control.connected_app("bench", secret="bench", run_as=bridge)  # noqa: S106 - made up, on loopback
    return org, {"bridge": bridge, "officer": officer}


def seed_people(org: Org, careers: CareerSystem, people: People) -> dict[str, str]:
    """Put the people into both systems; the Salesforce id of each contact by its record id."""
    ids = Control(org).seed("Contact", [person.values for person in people.contacts])
    careers.seed("person", [{"id": person.record_id, **person.values} for person in people.accounts])
    return dict(zip((person.record_id for person in people.contacts), ids, strict=True))


def write_config(folder: Path, found: Running) -> Path:
    """The bridge's configuration, with its secrets beside it; what state an earlier run left is removed."""
    for name, text in {"secret": "bench", "career_key": BRIDGE_KEY, "consumer_key": "bench"}.items():
        file = folder / name
        file.touch(mode=0o600)
        file.write_text(text, encoding="utf-8")
    text = f"""
[bridge]
environment = "test"
mappings = "{ROOT / "mappings"}"
log_level = "error"

[state]
sqlite = "state.db"

[crm]
my_domain = "{found.salesforce_url}"
login = "client_credentials"
consumer_key = "file:{folder / "consumer_key"}"
consumer_secret = "file:{folder / "secret"}"
ca_file = "{found.authority}"
lab = true
budget = 0.95

[[career]]
system = "{SYSTEM}"
url = "{found.career_url}/bridge/v1"
key = "file:{folder / "career_key"}"
ca_file = "{found.authority}"
lab = true

[requests]
start_at = 2026-01-01T00:00:00Z
"""
    file = folder / "config.toml"
    file.write_text(text, encoding="utf-8")
    return file


def main() -> int:
    """Build, serve, tell, wait."""
    parser = argparse.ArgumentParser(prog="python -m bench.stage", description=__doc__)
    parser.add_argument("--contacts", type=int, required=True)
    parser.add_argument("--accounts", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    options = parser.parse_args()
    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    began = time.perf_counter()
    # Imported late: the emulated systems know nothing of the product; only what is deployed is made from its mapping.
    from connector.rules import load_rules  # noqa: PLC0415

    person = load_rules(ROOT / "mappings").person
    clock = Clock.running()
    # The header `Date` tells the machine's time. What is let pass later must stay behind it, or the bridge would not believe it.
    clock.move(_BEHIND)
    org, users = build_org(clock, person.contact_fields(), person.profile_fields())
    careers = CareerSystem(clock)
    careers.admit(BRIDGE_KEY, Actor(id="key-bridge", name="alumni-bridge", kind=Kind.API))
    careers.admit(STAFF_KEY, Actor(id="staff-1", name="Pat Reyes", kind=Kind.STAFF))
    people = make_world(contacts=options.contacts, accounts=options.accounts)
    ids = seed_people(org, careers, people)
    token = secrets.token_hex(16)
    app = CareerApp(careers, control_token=token)
    with running(org=org, career=app, folder=folder / "tls", control_token=token) as found:
        told: dict[str, Any] = {
            "crm": found.salesforce_url,
            "career": found.career_url,
            "authority": str(found.authority),
            "control": token,
            "config": str(write_config(folder, found)),
            "session": Control(org).token(users["bridge"]),
            "users": users,
            "contact_fields": list(person.contact_fields()),
            "contacts": [ids[one.record_id] for one in people.contacts],
            "accounts": [one.record_id for one in people.accounts],
            "seconds": round(time.perf_counter() - began, 1),
        }
        truth = {account: sorted(ids[one] for one in whose) for account, whose in (people.truth or {}).items()}
        (folder / "truth.json").write_bytes(orjson.dumps(truth))
        (folder / "stage.json").write_bytes(orjson.dumps(told))
        print(orjson.dumps({name: told[name] for name in ("seconds", "config")}).decode(), flush=True)
        sys.stdin.read()
    return 0


if __name__ == "__main__":
    sys.exit(main())
