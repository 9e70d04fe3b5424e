"""Sets the stage: both emulated systems in a process of their own, the university in them, and a configured bridge."""

import secrets
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from demo.bridge import ROOT, Bridge
from demo.doors import CareerControl, CareerUser, ContractUser, OrgControl, OrgUser, PageUser
from demo.flavour import Flavour
from demo.people import People, Person
from demo.platform import GENERIC, Platform

STEWARD = "steward@alumni.example.edu"
OFFICER = "alumni.officer@alumni.example.edu"
_MANY = 1_000
"""From so many accounts on, the shipped limits of one day are too small for the first load; see `_write_mappings`."""
SYSTEM = "careers"
_TOLD = 2_000
"""After so many contacts each the progress is told."""
_QUIET = 60
"""Seconds; the bridge looks at no table that was changed within the last thirty."""
_BAD_DATES = frozenset({"JSON_PARSER_ERROR", "NUMBER_OUTSIDE_VALID_RANGE"})

Progress = Callable[[str], None]


@dataclass(slots=True, kw_only=True)
class Stage:
    """Everything that the story needs. ``token`` opens the emulated systems' control doors.

    ``user_ids``: Salesforce ids of the staff by login name. ``ids`` and ``record_of``: the Salesforce id of each contact of
    the input by its record id, and back. ``refused``: rows that the CRM did not take, by error code; ``dropped``: values that
    it did not take (a birthday in the year 895), whose rows were loaded without them, by field.
    """

    folder: Path
    org: OrgControl
    career: CareerControl
    career_url: str
    authority: Path
    administrator: OrgUser
    staff: Mapping[str, OrgUser]
    user_ids: Mapping[str, str]
    bridge_user: str
    counsellor: CareerUser
    people: People
    bridge: Bridge
    platform: Platform = GENERIC
    flavour: Flavour = field(default_factory=Flavour)
    token: str = ""
    ids: dict[str, str] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    early_request: str = ""
    notes: list[str] = field(default_factory=list)
    record_of: dict[str, str] = field(default_factory=dict)

    @property
    def officer(self) -> OrgUser:
        """The alumni officer."""
        return self.staff[OFFICER]

    @property
    def steward(self) -> OrgUser:
        """The data steward."""
        return self.staff[STEWARD]

    def alumna(self, account_id: str) -> CareerUser:
        """An alumna (or alumnus) logs in to the career system with her own key."""
        key = secrets.token_hex(16)
        actor = {"key": key, "id": account_id, "name": "the person", "kind": "person", "person_id": account_id}
        self.career.post("keys", [actor])
        return _career_user(self.platform, self.career_url, self.authority, self.token, key)

    def rows(self, kind: str) -> list[dict[str, Any]]:
        """The god's view of one object: all live records."""
        found: list[dict[str, Any]] = self.org.do("rows", sobject=kind)
        return found


def _career_user(platform: Platform, url: str, authority: Path, token: str, key: str) -> CareerUser:
    if platform.own_pages:
        return PageUser(url, authority, token, key=key)
    return ContractUser(url, authority, key=key)


@contextmanager
def set_stage(people: People, folder: Path, progress: Progress, *, platform: Platform, flavour: Flavour) -> Iterator[Stage]:
    """Start both systems, fill them, deploy the package and configure the bridge; all ends with the block."""
    people = platform.enrolled(people)
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "commands.log").unlink(missing_ok=True)
    token = secrets.token_hex(16)
    progress("starting both systems")
    shutil.rmtree(_shared(folder), ignore_errors=True)
    _shared(folder).mkdir(mode=0o700)
    with _emulator(folder / "emulator", token, platform, flavour) as found:
        org_url, career_url, authority = found["salesforce"]["https"], found["career"]["https"], Path(found["ca"])
        org = OrgControl(org_url, authority, token)
        career = CareerControl(career_url, authority, token)
        for name, how in flavour.own_fields().items():
            org.do("define_field", sobject="Contact", name=name, **how)
        usernames = [*_officers(), OFFICER, STEWARD]
        users = {name: _add_user(org, name, at) for at, name in enumerate(usernames)}
        bridge_user = org.do(
            "add_user",
            alias="bridge",
            last_name="Bridge",
            profile="Minimum Access - API Only Integrations",
            values={"Username": "bridge@university.example"},
        )
        administrator = OrgUser(org_url, authority, username=found["salesforce"]["admin"], password="demo")  # noqa: S106
        key = secrets.token_hex(16)
        career.post("keys", [{"key": key, "id": "staff-1", "name": "Pat Reyes", "kind": "staff"}])
        stage = Stage(
            folder=folder,
            org=org,
            career=career,
            career_url=career_url,
            authority=authority,
            administrator=administrator,
            staff={name: OrgUser(org_url, authority, username=name, password="demo") for name in users},  # noqa: S106
            user_ids=users,
            bridge_user=bridge_user,
            counsellor=_career_user(platform, career_url, authority, token, key),
            people=people,
            platform=platform,
            flavour=flavour,
            token=token,
            bridge=Bridge(
                config=folder / "config.toml",
                count=lambda: _calls(org, career),
                progress=progress,
                log=folder / "commands.log",
                around=lambda: _exchange(career, platform),
            ),
            notes=list(people.notes),
        )
        _load(stage, progress)
        _configure(stage, org_url)
        progress("deploying the package")
        stage.bridge.run("package", "deploy", environment={"SF_ACCESS_TOKEN": administrator.token})
        _assign(stage, users)
        yield stage


@contextmanager
def _emulator(folder: Path, token: str, platform: Platform, flavour: Flavour) -> Iterator[dict[str, Any]]:
    command = [sys.executable, "-m", "emulator", "serve", "--folder", str(folder), "--control-token", token]
    command += ["--career-platform", platform.name, "--flavour", flavour.name]
    command += ["--career-folder", str(_shared(folder.parent))] if platform.files else []
    complaints = folder.parent / "emulator.log"
    with complaints.open("wb") as log, subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log) as process:  # noqa: S603 - our own program
        try:
            line = process.stdout.readline() if process.stdout else b""
            if not line:
                raise RuntimeError(f"the emulator did not start; see {complaints}")
            yield orjson.loads(line)
        finally:
            process.terminate()
            process.wait(timeout=20)


def _shared(folder: Path) -> Path:
    """Where an office without an API and the bridge exchange tables."""
    return folder / "careers"


def _exchange(career: CareerControl, platform: Platform) -> None:
    """The office's programs carry in what the bridge left, and export everything, long enough ago to be taken at once."""
    if platform.files:
        career.post("import", platform.manner)
        career.post("export", {"older": _QUIET})


def _officers() -> list[str]:
    """The login names that routing.toml gives Tasks to."""
    routing = tomllib.loads((ROOT / "mappings" / "routing.toml").read_text(encoding="utf-8"))
    return [owner["user"] for owner in routing["owner"].values() if "user" in owner]


def _add_user(org: OrgControl, username: str, number: int) -> str:
    name = username.partition("@")[0].replace(".", " ").title()
    values = {"Username": username, "Email": username}
    return str(org.do("add_user", alias=f"staff{number}", first_name="Officer", last_name=name, values=values))


def _calls(org: OrgControl, career: CareerControl) -> Mapping[str, int]:
    return {"crm": int(org.do("call_count")), "career": int(career.get("calls")["total"])}


def _load(stage: Stage, progress: Progress) -> None:
    """The administrator loads the contacts through the org's API, whose rules refuse what they refuse."""
    people = stage.people
    stage.flavour.prepare(stage.administrator, people.contacts)
    again = [_without(stage, person, problem) for person, problem in _create(stage, people.contacts, progress)]
    for _, problem in _create(stage, [person for person in again if person is not None], progress):
        stage.refused[problem["statusCode"]] += 1
    stage.flavour.settle(stage.administrator, people.contacts, stage.ids)
    accounts = people.accounts
    for start in range(0, len(accounts), _MANY):
        stage.career.post("people", [_account(person) for person in accounts[start : start + _MANY]])
    stage.early_request = stage.counsellor.file(
        {
            "type": "PANEL_SPEAKER",
            "title": "Panel of last spring",
            "criteria": {"school": "Law"},
            "requested_by": {"name": "Pat Reyes", "email": "pat.reyes@example.edu", "unit": "Career Services"},
        }
    )


def _create(stage: Stage, people: Sequence[Person], progress: Progress) -> Iterator[tuple[Person, Mapping[str, Any]]]:
    """Create contacts; those that the org refuses, each with the first problem."""
    done = 0
    rows = [stage.flavour.new(stage.administrator, person.values) for person in people]
    for batch in stage.administrator.create_many("Contact", rows):
        for outcome in batch:
            person = people[done]
            done += 1
            if outcome["success"]:
                stage.ids[person.record_id] = outcome["id"]
                stage.record_of[outcome["id"]] = person.record_id
            else:
                yield person, outcome["errors"][0]
        if done % _TOLD == 0 or done == len(people):
            progress(f"loading contacts: {done:,} of {len(people):,}")


def _without(stage: Stage, person: Person, problem: Mapping[str, Any]) -> Person | None:
    """The row without the one value that the org cannot hold; None if it is the row that it refuses."""
    code = problem["statusCode"]
    # Of what the files contain, only dates can be out of range or not be values at all.
    if code not in _BAD_DATES or "Birthdate" not in person.values:
        stage.refused[code] += 1
        return None
    stage.dropped["Birthdate"] += 1
    return Person(record_id=person.record_id, values={n: value for n, value in person.values.items() if n != "Birthdate"})


def _account(person: Person) -> dict[str, Any]:
    return {"id": person.record_id, **person.values}


def _configure(stage: Stage, org_url: str) -> None:
    key, secret, career_key = (secrets.token_hex(20) for _ in range(3))
    stage.org.do("connected_app", key=key, secret=secret, run_as=stage.bridge_user)
    stage.career.post("keys", [{"key": career_key, "id": "key-bridge", "name": "alumni-bridge", "kind": "api"}])
    private = {"consumer_key": key, "consumer_secret": secret, "career_key": career_key}
    files = {name: _keep_secret(stage.folder / "secrets" / name, text) for name, text in private.items()}
    start_at = stage.org.do("now")
    mappings = _write_mappings(stage)
    for leftover in stage.folder.glob("state.db*"):
        leftover.unlink()
    text = f"""# Written by the demo.
[bridge]
environment = "test"
mappings = {_quoted(mappings)}
log_level = "warning"

[state]
sqlite = "state.db"

[crm]
my_domain = "{org_url}"
login = "client_credentials"
consumer_key = {_quoted(files["consumer_key"])}
consumer_secret = {_quoted(files["consumer_secret"])}
ca_file = {_quoted(stage.authority.resolve())}
lab = true

[[career]]
system = "{SYSTEM}"
{stage.platform.table(stage.career_url, files["career_key"], _shared(stage.folder))}
ca_file = {_quoted(stage.authority.resolve())}
lab = true

[schedule]
cycle_seconds = 10

[requests]
start_at = {start_at}
"""
    stage.bridge.config.write_text(text, encoding="utf-8")


def _quoted(value: object) -> str:
    return orjson.dumps(str(value)).decode()


def _keep_secret(file: Path, text: str) -> str:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)
    file.write_text(text, encoding="utf-8")
    return f"file:{file.resolve()}"


def _write_mappings(stage: Stage) -> Path:
    """As `init` composes it. With many people, the administrator raises the limit of one day for the first load."""
    begun = stage.folder / "begun"
    shutil.rmtree(begun, ignore_errors=True)
    words = ("--platform", stage.platform.name, "--flavour", stage.flavour.name)
    stage.bridge.run("init", str(begun), *words, configured=False)
    accounts, file = len(stage.people.accounts), begun / "mappings" / "person.toml"
    if accounts > _MANY:
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace("max_24h = 2000", f"max_24h = {accounts * 5}"), encoding="utf-8")
        stage.notes.append(f"For the first load of {accounts:,} people the administrator raised max_24h in person.toml.")
    return file.parent


def _assign(stage: Stage, users: Mapping[str, str]) -> None:
    """The administrator gives permission sets and fills the queues, as docs/salesforce-setup.md says."""
    administrator = stage.administrator
    sets = {row["Name"]: row["Id"] for row in administrator.query("SELECT Id, Name FROM PermissionSet")}
    given: Sequence[tuple[str, str]] = [(stage.bridge_user, "Alumni_Bridge_Daemon")]
    given = [*given, *((user, "Alumni_Bridge_Staff") for user in users.values())]
    for user, name in given:
        administrator.create("PermissionSetAssignment", {"AssigneeId": user, "PermissionSetId": sets[name]})
    queues = administrator.query("SELECT Id, DeveloperName FROM Group WHERE Type = 'Queue'")
    for queue in queues:
        for name in (OFFICER, STEWARD):
            administrator.create("GroupMember", {"GroupId": queue["Id"], "UserOrGroupId": users[name]})
