"""The daemon and the commands as processes: signals, exit codes, pipes, and what they may not say."""

from __future__ import annotations

import re
import resource
import signal
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from emulator.career.faults import Fault, Order
from emulator.running import running
from tests.system.world import World, made, until

pytestmark = pytest.mark.xdist_group("processes")


@pytest.fixture(scope="module")
def live(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A bridge that went live; each test leaves it running well."""
    with running() as systems:
        world = made(tmp_path_factory.mktemp("world"), installed / "alumni-bridge", systems)
        went = world.run("go-live", "--yes")
        assert went.returncode == 0, went.stdout + went.stderr
        yield world


def career_fault(world: World, fault: Fault, pattern: str, *, value: str = "") -> Order:
    """The career system's next answer to such a request goes wrong; it has when ``count`` is 0."""
    order = Order(fault=fault, pattern=re.compile(pattern), value=value)
    world.systems.run(lambda: world.systems.career_app.orders.append(order))
    return order


def file_requests(world: World, numbers: range) -> None:
    """Counsellors file requests."""
    for number in numbers:
        world.ask(number)


def test_a_new_state_warns_and_a_good_cycle_is_good(live: World) -> None:
    """Law: `status --check` answers 1 before the first good cycle and 0 after it, with one line of reasons."""
    fresh = live.folder / "fresh.toml"
    fresh.write_text(live.config.read_text().replace("state.db", "fresh.db"))
    done = subprocess.run(  # noqa: S603 - our own program
        [str(live.program), "status", "--check", "--config", str(fresh)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.count("\n")) == (1, 1), done.stdout + done.stderr
    assert live.run("sync", "--once").returncode == 0
    good = live.run("status", "--check")
    assert (good.returncode, good.stdout) == (0, "OK: nothing needs you\n")


def test_a_wrong_file_is_exit_2(live: World) -> None:
    """Law: a configuration with mistakes is refused whole, each mistake with its place, and nothing is done."""
    wrong = live.folder / "wrong.toml"
    wrong.write_text(live.config.read_text().replace("log_level", "log_lvel").replace("cycle_seconds = 10", "cycle_seconds = 1"))
    done = subprocess.run(  # noqa: S603 - our own program
        [str(live.program), "run", "--config", str(wrong)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "error[C101]" in done.stderr
    assert "error[C105]" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unreachable_side_is_exit_4(live: World) -> None:
    """Law: where Salesforce does not answer, a command says so and ends with 4; it is no defect."""
    gone = live.folder / "gone.toml"
    # A port that was free a moment ago and that nobody listens on.
    gone.write_text(live.config.read_text().replace(live.systems.salesforce_url, "https://127.0.0.1:9"))
    done = subprocess.run(  # noqa: S603 - our own program
        [str(live.program), "sync", "--once", "--config", str(gone)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 4, done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_halt_is_exit_3_until_resumed(live: World) -> None:
    """Law: halted by a person, a cycle ends with 3 and monitoring sees 2; after `resume` all is well again."""
    assert live.run("halt", "the fair is on").returncode == 0
    halted = live.run("sync", "--once")
    check = live.run("status", "--check")
    assert (halted.returncode, check.returncode) == (3, 2), halted.stdout + halted.stderr
    assert "the fair is on" in check.stdout
    assert live.run("resume", "everything").returncode == 0
    assert live.run("status", "--check").returncode == 0


def test_nobody_to_ask_means_no(live: World) -> None:
    """Law: a command that wants a yes and has nobody to ask does nothing and says so (B64)."""
    asked = live.run("go-live", stdin=subprocess.DEVNULL)
    assert asked.returncode == 1
    assert "Go live with this?" in asked.stdout
    assert "Aborted" in asked.stderr


@pytest.mark.parametrize("words", [("docs", "mapping"), ("suggestions", "--json")])
def test_a_reader_who_leaves_is_no_error(live: World, words: tuple[str, ...]) -> None:
    """Law: `alumni-bridge ... | head -0` shows no traceback (B64)."""
    with subprocess.Popen(  # noqa: S603 - our own program
        [str(live.program), *words, "--config", str(live.config)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        complaint = process.stderr.read()
    assert "Traceback" not in complaint
    assert "Exception ignored" not in complaint


def test_sigterm_in_the_middle_ends_it_in_good_order(live: World) -> None:
    """Law: told to stop while an answer is on its way, the daemon finishes that step, says so, and leaves a whole state."""
    file_requests(live, range(100, 110))
    slow = career_fault(live, Fault.SLOW, "acknowledgement", value="3")
    with live.daemon() as process:
        until(lambda: slow.count == 0, process)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
        assert "daemon.stopped" in live.log()
    assert live.integrity() == "ok"
    assert live.run("check", "--offline").returncode == 0


def test_sigterm_ends_it_even_while_a_side_hangs(live: World) -> None:
    """Law: a side that does not answer cannot keep the daemon from ending within 30 seconds."""
    slow = career_fault(live, Fault.SLOW, "/changes", value="50")
    with live.daemon() as process:
        until(lambda: slow.count == 0, process)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    assert live.integrity() == "ok"


def test_killed_again_and_again_it_doubles_no_task(live: World) -> None:
    """Law: however often and wherever it is killed, each request gets one record and one Task."""
    before = len(live.asked())

    def called(times: int) -> Callable[[], bool]:
        goal = live.calls() + times
        return lambda: live.calls() >= goal

    def recorded(times: int) -> Callable[[], bool]:
        return lambda: len(live.asked()) >= before + times

    file_requests(live, range(200, 230))
    for reached, times in ((called, 3), (called, 10), (recorded, 1)):
        with live.daemon() as process:
            until(reached(times), process)
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert live.integrity() == "ok"
    with live.daemon() as process:
        # Before it has started its jobs, the signal simply ends it.
        until(lambda: "daemon.started" in live.log() and len(live.asked()) >= before + 30, process)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    assert live.run("sync", "--once").returncode == 0
    asked, tasks = live.asked(), live.tasks()
    assert len(asked) == len(set(asked))
    assert len(tasks) == len(set(tasks)) == len(asked)
    assert live.run("check", "--offline").returncode == 0


def test_without_a_free_descriptor_it_waits(live: World) -> None:
    """Law (I48): where the system gives it no file and no connection, it halts nothing, and goes on when it gets them again."""
    before = len(live.asked())
    with live.daemon() as process:
        until(lambda: "cycle.ended" in live.log(), process)
        known = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (3, known[1]))
        file_requests(live, range(300, 303))
        # The connections that it has would still do.
        lost = [career_fault(live, Fault.LOSE_REQUEST, "."), live.crm(lambda control: control.order_fault("."))]
        until(lambda: all(one.count == 0 for one in lost), process)
        said = live.log().count("NO_CONNECTION")
        until(lambda: live.log().count("NO_CONNECTION") > said + 2, process)
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, known)
        until(lambda: len(live.asked()) == before + 3, process)
        assert "job.defect" not in live.log()
    assert live.run("sync", "--once").returncode == 0
    assert live.run("status", "--check").returncode == 0
    assert live.integrity() == "ok"


def test_no_secret_and_no_person_in_the_log(live: World) -> None:
    """Law: at the most talkative level, through errors that quote both, no secret, name or address is said (S8, S10)."""
    quote = " ".join(live.private.values())
    systems = live.systems
    for status in (500, 400):
        body = [{"errorCode": "X", "message": quote}]
        fault = systems.run(partial(systems.control.order_fault, "composite", status=status, body=body))
        live.run("sync", "--once")
        assert fault.struck == 1
    with live.daemon() as process:
        until(lambda: "daemon.started" in live.log(), process)
        process.send_signal(signal.SIGTERM)
        process.wait()
    assert live.run("sync", "--once").returncode == 0
    text = "".join(live.said)
    assert "daemon.started" in text
    assert [name for name, value in live.private.items() if value in text] == []
