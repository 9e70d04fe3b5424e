"""A pytest plugin that tries the mutants of one module, instead of running the tests once.

mutmut makes the mutants: all of them stand in one source, each call asks which one holds. Its own runner starts pytest anew for
each; here the tests are collected once, and for each mutant a fork runs those that reach its function, quickest first, until one
fails. The module's path is in ``MUTANTS_OF``; the verdicts go to the file descriptor ``MUTANTS_TO``, as lines of JSON.
"""

from __future__ import annotations

import json
import os
import re
import resource
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from difflib import unified_diff
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest
from _pytest.runner import runtestprotocol
from mutmut.mutation.file_mutation import mutate_file_contents
from mutmut.mutation.trampoline import set_mutant_under_test
from mutmut.state import state

SEEN, UNSEEN, UNREACHED, LATE = "seen", "unseen", "unreached", "late"
_AT_ONCE = 2
_SECONDS = 60
"""Of the processor, beside twenty times what its tests take: then a mutant hangs."""
_BYTES = 4 << 30
_DECORATED = re.compile(r"^@prepared\n(def (\w+)\()", re.MULTILINE)

MODULE = os.environ["MUTANTS_OF"]
NAME = MODULE.removesuffix(".py").replace("/", ".")


def undecorated(source: str) -> str:
    """The same with ``@prepared`` put around its functions at the end, since mutmut leaves decorated functions alone.

    It is put there anew for each call: a statement that was made for one test would hide from us that others need it, too.
    """
    names = [found[2] for found in _DECORATED.finditer(source)]
    anew = "lambda db, _make={0}, **values: prepared(_make)(db, **values)"
    return "\n".join([_DECORATED.sub(r"\1", source), *(f"{name} = {anew.format(name)}" for name in names), ""])


MUTATED = mutate_file_contents(MODULE, undecorated(Path(MODULE).read_text(encoding="utf-8")))


class _Mutated(MetaPathFinder, Loader):
    """Where the module comes from."""

    def find_spec(self, fullname: str, _path: object, _target: object = None) -> ModuleSpec | None:
        """Ours, if it is the module."""
        return spec_from_loader(NAME, self, origin=MODULE) if fullname == NAME else None

    def exec_module(self, module: ModuleType) -> None:
        """Carry out its source with all mutants in it."""
        exec(compile(MUTATED.code, MODULE, "exec"), module.__dict__)  # noqa: S102 - our own source


sys.meta_path.insert(0, _Mutated())


def pytest_runtestloop(session: pytest.Session) -> bool:
    """Try every mutant."""
    tests = _reaching(session.items)
    with os.fdopen(int(os.environ["MUTANTS_TO"]), "w") as told:
        for mutant, verdict in _tried(tests):
            print(
                json.dumps({"mutants": len(MUTATED.mutant_names), "verdict": verdict, **_change(mutant)}), file=told, flush=True
            )
    return True


def _tried(tests: Mapping[str, list[tuple[pytest.Item, float]]]) -> Iterator[tuple[str, str]]:
    """Each mutant with the verdict on it, as soon as it is known."""
    running: dict[int, str] = {}
    for mutant in [f"{NAME}.{name}" for name in MUTATED.mutant_names]:
        mine = tests.get(mutant.rpartition("__mutmut_")[0], [])
        if not mine:
            yield mutant, UNREACHED
            continue
        if len(running) >= _AT_ONCE:
            yield _ended(running)
        running[_fork(mutant, [item for item, _ in mine], _SECONDS + 20 * sum(seconds for _, seconds in mine))] = mutant
    while running:
        yield _ended(running)


def _change(mutant: str) -> dict[str, str]:
    """In which function a mutant changes what, as lines of it."""
    name = mutant.rpartition(".")[2]
    function = name.rpartition("__mutmut_")[0]
    was, becomes = ([line.strip().replace(one, function) for line in _lines(one)] for one in (f"{function}__mutmut_orig", name))
    changes = [line for line in unified_diff(was, becomes, n=0, lineterm="") if not line.startswith(("---", "+++", "@@"))]
    before, after = (" ".join(line[1:] for line in changes if line.startswith(mark)) for mark in "-+")
    return {
        "where": f"{MODULE}:{function.removeprefix('x_').removeprefix('x').strip('ǁ').replace('ǁ', '.')}",
        "was": before,
        "becomes": after,
    }


def _lines(function: str) -> list[str]:
    span = MUTATED.line_span_by_function_name[function]
    code: str = MUTATED.code
    return code.splitlines()[span.start - 1 : span.end]


def _reaching(items: Sequence[pytest.Item]) -> Mapping[str, list[tuple[pytest.Item, float]]]:
    """The tests that reach each function, quickest first, each with its seconds of the processor."""
    receive, send = os.pipe()
    if not os.fork():
        found: list[tuple[int, float, list[str]]] = []
        set_mutant_under_test("stats")
        for number, item in enumerate(items):
            state()._stats.clear()
            began = time.process_time()
            assert not _fails(item), f"{item.nodeid} fails without a mutant"
            found.append((number, time.process_time() - began, sorted(state()._stats)))
        with os.fdopen(send, "w") as pipe:
            json.dump(found, pipe)
        os._exit(0)
    os.close(send)
    with os.fdopen(receive) as pipe:
        told = json.loads(pipe.read() or "null")
    os.wait()
    if told is None:
        pytest.exit("a test fails without any mutant", returncode=3)
    tests: dict[str, list[tuple[pytest.Item, float]]] = {}
    for number, seconds, functions in sorted(told, key=lambda one: one[1]):
        for function in functions:
            tests.setdefault(function, []).append((items[number], seconds))
    return tests


def _fails(item: pytest.Item) -> bool:
    return any(report.failed for report in runtestprotocol(item, log=False, nextitem=None))


def _fork(mutant: str, items: Sequence[pytest.Item], seconds: float) -> int:
    """A process that ends with 1 as soon as a test fails, with 0 if none does."""
    child = os.fork()
    if child:
        return child
    quiet = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(quiet, stream)
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 2))
    resource.setrlimit(resource.RLIMIT_AS, (_BYTES, _BYTES))
    set_mutant_under_test(mutant)
    code = 1
    try:
        code = int(any(map(_fails, items)))
    finally:
        os._exit(code)


def _ended(running: dict[int, str]) -> tuple[str, str]:
    """Wait until one of them ends: which, and the verdict."""
    child, status = os.wait()
    return running.pop(child), LATE if os.WIFSIGNALED(status) else SEEN if os.WEXITSTATUS(status) else UNSEEN
