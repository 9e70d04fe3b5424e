"""Bad states, environments, clocks and signals (B61-B66)."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, text, update

from connector import display
from connector.bootstrap import product_version
from connector.engine.cycle import cycle
from connector.engine.stage import stage
from connector.errors import Halt, Problem, UserError
from connector.store import requests, suggestions
from connector.store.store import open_store, pack, stamp
from connector.store.tables import intent, parked
from tests.engine.university import University

ROOT = Path(__file__).parents[2]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


def settle(folder: Path) -> None:
    """The example configuration and its secrets in a folder."""
    secrets = folder / "secrets"
    secrets.mkdir(mode=0o700)
    for name in ("crm_consumer_key", "crm_private_key", "career_key"):
        (secrets / name).write_text("a secret")
        (secrets / name).chmod(0o600)
    example = (ROOT / "config.example.toml").read_text()
    example = example.replace('# mappings = "mappings"', f'mappings = "{ROOT / "mappings"}"')
    (folder / "config.toml").write_text(
        example.replace("file:/etc/alumni-bridge/crm-private-key.pem", "credential:crm_private_key")
    )


def environment_of(folder: Path) -> dict[str, str]:
    """The environment in which the secrets of a folder are found."""
    return {"CREDENTIALS_DIRECTORY": str(folder / "secrets"), "PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a command of the bridge on a folder of its own; ``umask`` and ``cwd`` as given."""
    settle(tmp_path)

    def command(*words: str, umask: int = 0o022, cwd: Path = tmp_path, stdin: int | None = None, **more: str) -> object:
        return subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-m", "connector.cli", *words, "--config", str(tmp_path / "config.toml")],
            capture_output=True,
            text=True,
            check=False,
            cwd=cwd,
            umask=umask,
            stdin=stdin,
            env=environment_of(tmp_path) | more,
        )

    return command  # type: ignore[return-value] # subprocess has no narrower type here


def test_a_word_that_is_no_utf_8_is_a_wrong_option(run: Run) -> None:
    """Law (B62): a terminal of other letters must not keep anybody from halting without a word that says why."""
    for words in (("halt", "caf\udce9"), ("why", "person", "\udce9"), ("pilot", "--account", "\udce9")):
        done = run(*words)
        assert (done.returncode, "UTF-8" in done.stderr) == (2, True)
    assert run("retry", "99999999999999999999").returncode == 2


def test_a_terminal_that_lacks_letters_is_told_the_verdict(run: Run) -> None:
    """Law (B62): what cannot be shown changes no exit code of monitoring."""
    assert run("halt", "für später").returncode == 0
    for letters in ("ascii", "utf-8"):
        assert run("status", "--check", PYTHONIOENCODING=letters).returncode == 2
        assert run("status", PYTHONIOENCODING=letters).returncode == 0


def test_a_side_that_lets_nobody_in_is_asked_once(capsys: pytest.CaptureFixture[str]) -> None:
    """Law: the cause is told once, with its own cure; what could only fail by it is said to be skipped."""
    asked: list[str] = []

    def fail() -> None:
        raise UserError([Problem(code="K102", message="the variable is not set", cure="set it", file="config.toml")])

    steps = [("Salesforce: login and organisation", fail), ("Salesforce: objects", lambda: asked.append("objects"))]
    assert display.checklist("ok", None, [], [*steps, ("careers: login and tenant", lambda: asked.append("careers"))])
    told = capsys.readouterr().out
    assert asked == ["careers"]
    assert "skipped: Salesforce: objects (the check of the login failed)\n" in told
    assert told.count("BAD") == 1


def test_a_halt_has_a_reason_and_keeps_it(run: Run) -> None:
    """Law: everybody is shown why it stands still; who halts what is halted already learns since when and why."""
    assert run("halt", " ").returncode == 2
    assert run("halt", "the first reason").stdout.startswith("halted; ")
    again = run("halt", "another one")
    assert again.returncode == 0
    assert "halted already since" in again.stdout
    assert "the first reason" in again.stdout


def test_erasing_at_a_system_that_there_is_not_names_those_there_are(run: Run) -> None:
    """Law: a typo in a system's name does not look like a person who is gone; a system of the past can still be erased at."""
    done = run("erase", "a1", "--system", "carers")
    assert done.returncode == 1
    assert "no system carers, but careers" in done.stdout


def break_the_mapping(folder: Path) -> None:
    """The mapping files of a folder are its own, and one of them has a mistake."""
    shutil.copytree(ROOT / "mappings", folder / "mappings")
    person = folder / "mappings" / "person.toml"
    person.write_text(person.read_text().replace('transform = "year"', 'transform = "yaer"', 1))
    config = folder / "config.toml"
    config.write_text(config.read_text().replace(str(ROOT / "mappings"), "mappings"))


def test_a_mistake_in_a_mapping_file_stops_no_command_that_needs_no_mapping(run: Run, tmp_path: Path) -> None:
    """Law: while a bridge goes on under its last good mapping, it can be looked at and halted; `status` says what is wrong."""
    break_the_mapping(tmp_path)
    checked = run("status", "--check")
    assert checked.returncode == 1
    assert checked.stdout.count("\n") == 1
    assert "the last good ones are in force: 1 problem, the first: person.toml:" in checked.stdout
    assert json.loads(run("status", "--json").stdout)["mapping_problem"].startswith("1 problem")
    for words in ("halt,a reason", "requests", "resume,everything"):
        assert run(*words.split(",")).returncode == 0
    done = run("why", "person", "a1")
    assert (done.returncode, "M209" in done.stderr) == (2, True)


def test_a_listing_names_the_system(run: Run, tmp_path: Path) -> None:
    """Law: the same id in two systems is two rows that can be told apart."""
    store = open_store(f"sqlite:///{tmp_path / 'state.db'}")
    now = datetime(2026, 11, 2, tzinfo=UTC)
    texts = {"type": "PANEL", "state": "Queued", "neutral": "received", "message": "", "number": "r1", "received_at": stamp(now)}
    with store.begin() as db:
        for system in ("careers", "law"):
            requests.put(db, {"system": system, "request_id": "r1", "key": system, "payload_hash": "", **texts})
            names = {"system": system, "account_id": "a1", "unit": "title"}
            suggestions.put(db, [suggestions.opened(system, names, kind="Change", episode=1, now=now)])
    store.close()
    config = tmp_path / "config.toml"
    config.write_text(config.read_text().replace("[state]", '[state]\nsqlite = "state.db"'))
    for listing in ("requests", "suggestions"):
        told = run(listing).stdout
        assert "law" in told, listing
        assert "careers" in told, listing


@pytest.mark.parametrize("entered", ["\x1b[2JBoss", "\x9b2JBoss", "Bo\x07ss"])
def test_what_somebody_entered_commands_no_terminal(entered: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Law (S11): control characters, of seven bits and of eight, are shown as what they are: nothing to be obeyed."""
    display.say(entered)
    display.rows("people", [{"title": entered}], ("title",), as_json=False)
    display.failure(entered, entered)
    assert not {"\x1b", "\x9b", "\x07"} & set("".join(capsys.readouterr()))


@pytest.mark.parametrize("name", ["st?ate", "st#a%41te", "a state"])
def test_the_state_is_where_the_configuration_says(run: Run, tmp_path: Path, name: str) -> None:
    """Law: whatever letters are in its path, the file is there, and nowhere else."""
    config = tmp_path / "config.toml"
    config.write_text(config.read_text().replace("[state]", f'[state]\nsqlite = "{name}/here.db"'))
    assert run("halt", "a reason").returncode == 0
    assert (tmp_path / name / "here.db").exists()


def test_an_empty_file_becomes_a_state(tmp_path: Path) -> None:
    """Law (B61): a file of no bytes is a state that has not begun: it is made one, for its owner only."""
    path = tmp_path / "state.db"
    path.touch(mode=0o644)
    open_store(f"sqlite:///{path}").close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'intent'").fetchone() == (1,)


def test_the_database_of_another_product_is_not_touched(tmp_path: Path) -> None:
    """Law (B61): a database that holds other tables is refused, and stays as it is to the byte."""
    path = tmp_path / "state.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE songs (name TEXT)")
        db.commit()
    before = path.read_bytes()
    with pytest.raises(Halt, match="not the bridge's"):
        open_store(f"sqlite:///{path}")
    assert path.read_bytes() == before or b"alembic" not in path.read_bytes()


def test_a_state_of_another_migration_tool_is_not_touched(tmp_path: Path) -> None:
    """Law (B61): a schema whose version we do not know is refused, older or newer."""
    path = tmp_path / "state.db"
    open_store(f"sqlite:///{path}").close()
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE alembic_version SET version_num = 'somebody-elses'")
        db.commit()
    with pytest.raises(Halt, match="newer version"):
        open_store(f"sqlite:///{path}")


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_a_state_that_is_no_file_is_refused(tmp_path: Path, kind: str) -> None:
    """Law (B61): a folder or a pipe is no state; nothing waits for it, and its mode stays."""
    path = tmp_path / "state.db"
    if kind == "folder":
        path.mkdir(mode=0o755)
    else:
        os.mkfifo(path, 0o644)
    before = path.stat().st_mode
    with pytest.raises(Halt):
        open_store(f"sqlite:///{path}")
    assert path.stat().st_mode == before


ODD: Mapping[str, Mapping[str, str]] = {
    "locale C": {"LC_ALL": "C", "LANG": "C"},
    "no locale": {"LC_ALL": "xx_XX.nothing"},
    "odd zone": {"TZ": "Nowhere/Nothing"},
    "far zone": {"TZ": "Pacific/Kiritimati"},
    "no home": {"HOME": ""},
    "home that is not": {"HOME": "/nonexistent"},
    "hash seed": {"PYTHONHASHSEED": "4294967295"},
    "narrow": {"COLUMNS": "1"},
    "wide": {"COLUMNS": "100000"},
    "broken width": {"COLUMNS": "many"},
}


@pytest.mark.parametrize("environment", ODD.values(), ids=ODD)
def test_the_environment_changes_nothing(run: Run, environment: Mapping[str, str]) -> None:
    """Law (B62): locale, zone, home, hash seed and width change no verdict and cause no traceback."""
    done = run("check", "--offline", **environment)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    assert "good: audit chain" in done.stdout
    page = run("docs", "mapping", **environment)
    assert page.returncode == 0, page.stderr
    assert "Who is eligible" in page.stdout


@pytest.mark.skipif(os.geteuid() == 0, reason="root can write everywhere")
def test_a_folder_that_cannot_be_written_is_told(run: Run, tmp_path: Path) -> None:
    """Law (B62): a state that cannot be made stops the command with a clear word."""
    (tmp_path / "state").mkdir(mode=0o500)
    done = run("status")
    assert (done.returncode, "Traceback" in done.stderr) == (3, False)


def test_the_current_folder_need_not_be_writable(run: Run) -> None:
    """Law (B62): nothing is written where a command happens to be started."""
    done = run("check", "--offline", cwd=Path("/proc"))
    assert done.returncode == 0, done.stderr


def test_an_open_umask_opens_nothing(run: Run, tmp_path: Path) -> None:
    """Law (B62, S13, S45): under umask 000 others read nothing of the state, and change nothing that we make."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    assert run("check", "--offline", umask=0, TMPDIR=str(temporary)).returncode == 0
    assert run("halt", "a reason", umask=0, TMPDIR=str(temporary)).returncode == 0
    states = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "state").rglob("*")}
    assert "alumni-bridge.db" in states
    assert set(states.values()) == {0o600}
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700
    assert list(temporary.iterdir()) == []
    made = subprocess.run(
        [sys.executable, "-m", "connector.cli", "init", "deep/er"],
        cwd=tmp_path,
        umask=0,
        check=True,
        capture_output=True,
        env={"PYTHONPATH": str(ROOT)},
    )
    assert b"wrote" in made.stdout
    modes = [path.stat().st_mode for path in (tmp_path / "deep").rglob("*")] + [(tmp_path / "deep").stat().st_mode]
    assert not [oct(mode) for mode in modes if mode & 0o022]


@pytest.mark.parametrize("moment", [datetime(1970, 1, 1, tzinfo=UTC), datetime(2019, 12, 31, tzinfo=UTC)])
def test_a_clock_that_lost_its_time_writes_nothing(uni: University, moment: datetime) -> None:
    """Law (B63, S46): with a clock before our own release nothing is judged and nothing is written, and the halt says why."""
    before, now = uni.writes_of_bridge(), uni.clock.now()
    uni.edit_contact(uni.ada, Preferred_Name__c="Augusta")
    uni.clock.set(moment)
    with pytest.raises(Halt, match="clock says"):
        cycle(uni.ctx)
    assert uni.writes_of_bridge() == before
    uni.clock.set(now + timedelta(minutes=1))
    uni.run()
    assert uni.account("a1")["preferred_name"] == "Augusta"


def test_a_closed_output_is_no_error(run: Run, tmp_path: Path) -> None:
    """Law (B64): a reader who has gone, or no output at all, shows no traceback and spoils no state."""
    for closed in ("1>&-", "2>&-", "0<&- 1>&- 2>&-", "| true"):
        line = f'"{sys.executable}" -m connector.cli status --config "{tmp_path / "config.toml"}" {closed}'
        done = subprocess.run(  # noqa: S603 - our own words
            ["/bin/bash", "-c", line], capture_output=True, text=True, check=False, env=environment_of(tmp_path)
        )
        assert "Traceback" not in done.stderr
    assert run("check", "--offline").returncode == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_while_it_starts_leaves_a_whole_state(run: Run, tmp_path: Path, number: signal.Signals) -> None:
    """Law (B65): told to end at any moment of its start, the daemon ends at once, and the state is whole or not there yet."""
    command = [sys.executable, "-m", "connector.cli", "run", "--config", str(tmp_path / "config.toml")]
    for wait in (0.0, 0.4, 1.2):
        process = subprocess.Popen(command, env=environment_of(tmp_path), stderr=subprocess.PIPE, text=True)  # noqa: S603 - our own program
        time.sleep(wait)
        process.send_signal(number)
        process.communicate(timeout=60)
    done = run("check", "--offline")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "change",
    [
        {"payload": pack({"object": "Contact", "id": "003000000000001AAA", "fields": {"LastName": "Hacked"}})},
        {"payload": pack({"object": "Contact", "fields": {"LastName": "Hacked"}}), "kind": "profile.create", "key": "k"},
        {"payload": "not json"},
        {"payload": "[]"},
        {"payload": pack({"object": "Career_Profile__c", "id": "' OR 1=1", "fields": {"Id": "x"}})},
        {"kind": "contact.update"},
    ],
    ids=["contact", "new contact", "no json", "a list", "no id", "unknown kind"],
)
def test_a_row_edited_by_hand_writes_no_contact(uni: University, change: dict[str, str]) -> None:
    """Law (B66): whatever somebody writes into a waiting write, no Contact is written by it."""
    row: dict[str, object] = {
        "plan_id": "p",
        "kind": "profile.update",
        "system": "careers",
        "target": "a1",
        "settle": "{}",
        "state": "ready",
    }
    row |= {"attempts": 0, "due_at": "2026-01-01T00:00:00.000000Z", "weight": 0, "changes": 1, "blanks": 0, "rules_hash": ""}
    with uni.ctx.store.begin() as db:
        db.execute(insert(intent).values(**(row | {"payload": "{}", "created_at": row["due_at"]} | change)))
    try:
        uni.run()
    except Exception as error:  # noqa: BLE001 - the daemon takes any of them for a defect of ours and halts
        assert not isinstance(error, AssertionError)  # noqa: PT017 - which of them it is does not matter
    assert uni.contact_writes() == 0


def test_a_parked_row_edited_by_hand_harms_nobody(uni: University) -> None:
    """Law (B66): rows about set-aside records only tell: whatever stands there, the others are worked."""
    with uni.ctx.store.begin() as db:
        db.execute(
            insert(parked).values(side="?", system="\u202e", kind="", id="a1", reason="x" * 100_000, remedy="", since="yesterday")
        )
        db.execute(update(intent).values(state="no such state"))
        db.execute(text("UPDATE link SET basis = 'by hand'"))
    uni.edit_contact(uni.ada, Preferred_Name__c="Augusta")
    uni.run()
    assert uni.account("a1")["preferred_name"] == "Augusta"


@pytest.mark.parametrize("words", [("plan",), ("go-live",), ("sweep",)], ids=" ".join)
def test_who_reads_or_writes_the_sides_works_alone(run: Run, tmp_path: Path, words: tuple[str, ...]) -> None:
    """Law: two processes never read into one state at a time: the slower one would put an older reading over a newer."""
    store = open_store(f"sqlite:///{tmp_path / 'state' / 'alumni-bridge.db'}")
    with store.alone():
        ended = run(*words)
    store.close()
    assert (ended.returncode, ended.stderr.splitlines()[-2:]) == (
        3,
        [
            "error: state: another process works on this state",
            "  = help: wait for it, or stop the daemon first",
        ],
    )


@pytest.mark.parametrize(
    ("account", "system", "more"),
    [("a1", "carers", "; config.toml has no system carers, but careers"), ("nobody", "careers", "")],
)
def test_an_erasure_that_erases_nothing_says_so(run: Run, account: str, system: str, more: str) -> None:
    """Law: who misspells an account or a system must not go away in the belief that somebody is forgotten."""
    ended = run("erase", account, "--system", system)
    text = f"nothing is kept about account {account} of {system}: it was erased before, or is spelt otherwise{more}\n"
    assert (ended.returncode, ended.stdout) == (1, text)


def test_a_package_goes_where_it_can_be_written(run: Run, tmp_path: Path) -> None:
    """Law: a folder that is missing is made; a place that cannot be written is a mistake of the command line."""
    assert run("package", "zip", str(tmp_path / "new" / "package.zip")).returncode == 0
    assert (tmp_path / "new" / "package.zip").read_bytes()[:2] == b"PK"
    refused = run("package", "zip", "/proc/package.zip")
    assert (refused.returncode, "C304" in refused.stderr, "/proc/package.zip" in refused.stderr) == (2, True, True)


@pytest.mark.parametrize("words", [("plan",), ("sync", "--once"), ("go-live", "--yes"), ("sweep",), ("run",)], ids=" ".join)
def test_what_needs_the_sides_demands_their_secrets_first(run: Run, tmp_path: Path, words: tuple[str, ...]) -> None:
    """Law: a configuration has several secrets; who works with them is told of each that is missing before anything begins."""
    for secret in ("crm_consumer_key", "crm_private_key"):
        (tmp_path / "secrets" / secret).unlink()
    ended = run(*words)
    named = [f"error[K105]: [crm] {secret}: " in ended.stderr for secret in ("consumer_key", "private_key")]
    assert (ended.returncode, named) == (2, [True, True]), ended.stderr


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("halt", "a reason"), 0),
        (("resume", "crm"), 2),
        (("status",), 0),
        (("requests",), 0),
        (("suggestions",), 0),
        (("retry",), 0),
        (("erase", "a1", "--system", "careers"), 1),
    ],
    ids=str,
)
def test_what_asks_no_side_needs_no_secret(run: Run, words: tuple[str, ...], code: int) -> None:
    """Law: without systemd's credentials the bridge can be looked at and stopped; `check` names each that is missing."""
    ended = run(*words, CREDENTIALS_DIRECTORY="")
    assert (ended.returncode, "K103" in ended.stderr) == (code, False), ended.stderr
    assert [line.partition(":")[0] for line in run("check", "--offline", CREDENTIALS_DIRECTORY="").stdout.splitlines()].count(
        "BAD"
    ) == 3


@pytest.mark.parametrize(
    ("missing", "place", "cure"),
    [
        ("career_key", "[career] key of careers: K105", "name a plain file that this user can read"),
        ("crm_private_key", "[crm] private_key: K105", "name a plain file that this user can read"),
        ("alert_webhook", "[alerts] webhook: K105", "name a plain file that this user can read"),
        ("", "", ""),
    ],
)
def test_check_tries_every_secret(run: Run, tmp_path: Path, missing: str, place: str, cure: str) -> None:
    """Law: `check --offline` fails for each secret that cannot be read, also one that is needed later, and tells its own cure."""
    config = tmp_path / "config.toml"
    config.write_text(config.read_text().replace("# webhook = ", "webhook = "))
    (tmp_path / "secrets" / "alert_webhook").write_text("https://hooks.example.edu/1")
    if missing:
        (tmp_path / "secrets" / missing).unlink()
    ended = run("check", "--offline")
    bad = [line for line in ended.stdout.splitlines() if line.startswith("BAD")]
    assert (ended.returncode, len(bad)) == ((3, 1) if missing else (0, 0)), ended.stdout
    assert not missing or (place in bad[0] and f"{bad[0]}\n  = help: {cure}" in ended.stdout), ended.stdout


def test_adopting_says_when_it_is_carried_out(run: Run) -> None:
    """Law: before `go-live` nothing is written, and no command says otherwise."""
    ended = run("adopt", "employment", "--suggest")
    text = "employment: suggest for 0 people; it is carried out once you are live (0 waited)\n"
    assert (ended.returncode, ended.stdout) == (0, text)


@pytest.mark.parametrize(
    "words",
    [("--off", "--account", "a1"), ("--off", "--class-year", "2024"), ("--class-year", "24"), ("--class-year", "20240"), ()],
)
def test_a_pilot_of_nobody_in_particular_is_not_set(run: Run, tmp_path: Path, words: tuple[str, ...]) -> None:
    """Law: who ends a pilot and names people means one of the two, and no class is of the year 24: nothing is done."""
    told = run("pilot", "--account", "a7")
    assert (told.returncode, "includes nobody who is linked" in told.stdout) == (1, True)
    ended = run("pilot", *words)
    store = open_store(f"sqlite:///{tmp_path / 'state' / 'alumni-bridge.db'}")
    with store.begin() as db:
        known = stage(db)
    store.close()
    assert (ended.returncode, sorted(known.pilot_accounts), sorted(known.pilot_years)) == (2, ["a7"], []), ended.stderr


def test_the_version_is_told(tmp_path: Path) -> None:
    """Law: which version is installed is told without a configuration."""
    (tmp_path / "secrets").mkdir()
    words = [sys.executable, "-m", "connector.cli", "--version"]
    ended = subprocess.run(  # noqa: S603 - our own program
        words, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment_of(tmp_path)
    )
    assert (ended.returncode, ended.stdout) == (0, f"alumni-bridge {product_version()}\n")


CTRL_C = """
import signal, sys
from connector.cli import main

def press(event, _):
    if event == "sqlite3.connect":
        signal.raise_signal(signal.SIGINT)

signal.signal(signal.SIGINT, signal.default_int_handler)
sys.addaudithook(press)
main()
"""


def test_an_interrupted_command_says_how_to_go_on(tmp_path: Path) -> None:
    """Law: Ctrl-C ends a command with 130 and with one line: that nothing is lost, and what to do to go on."""
    settle(tmp_path)
    words = [sys.executable, "-c", CTRL_C, "status", "--config", str(tmp_path / "config.toml")]
    ended = subprocess.run(  # noqa: S603 - our own program
        words, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment_of(tmp_path)
    )
    told = "interrupted; nothing is lost: give the same command again, and it goes on from what was done\n"
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", told)
