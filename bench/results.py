"""What was measured, and the page that it becomes."""

from __future__ import annotations

import math
import os
import platform
import re
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.shares import Shares

Answer = dict[str, Any]
PAGE, COLLECTION = 2_000, 200
REMARKS = "<!-- remarks -->"
"""What stands below this line in the page is written by people and kept."""

_STEPS = {
    "prepare": "start: compare the mapping with both systems",
    "collect_crm": "first load: read the CRM",
    "collect_career": "first load: read careers",
    "identify": "first load: link people",
    "plan": "first load: judge everything",
    "go_live": "go live and write",
    "echo": "read back what we wrote",
    "changed": "1 % changed on both sides",
}


@dataclass(slots=True, kw_only=True)
class Measured:
    """Everything measured at one size. ``load``: the machine's load average when it began and ended."""

    contacts: int
    accounts: int
    edited_contacts: int = 0
    edited_accounts: int = 0
    bare: list[Answer] = field(default_factory=list)
    fetch: list[Answer] = field(default_factory=list)
    collect: list[Answer] = field(default_factory=list)
    steps: dict[str, Answer] = field(default_factory=dict)
    quiet: list[Answer] = field(default_factory=list)
    links: dict[str, int] = field(default_factory=dict)
    profile: Path | None = None
    load: list[float] = field(default_factory=list)


def write_results(file: Path, found: Sequence[Measured], *, command: str) -> None:
    """Write the page of the bridge."""
    parts = [
        "# What the bridge costs",
        _machine(found, command),
        "## API calls to Salesforce",
        _calls(found),
        "## Client CPU of the collect stage",
        _collect(found),
        "## Time and memory, step by step",
        _steps(found),
        *(_profile(one) for one in found if one.profile),
    ]
    write_page(file, parts)


def write_page(file: Path, parts: Sequence[str]) -> None:
    """Write a page; remarks that people left in an earlier one stay."""
    known = file.read_text(encoding="utf-8") if file.exists() else ""
    remarks = known.partition(REMARKS)[2].strip()
    file.write_text("\n\n".join([*parts, REMARKS, *([remarks] if remarks else [])]) + "\n", encoding="utf-8")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)]
    return "\n".join(lines)


def _machine(found: Sequence[Measured], command: str) -> str:
    loads = ", ".join(f"{one.contacts:,}: {' to '.join(f'{load:.1f}' for load in one.load)}" for one in found)
    text = machine(
        command,
        packages=("simple-salesforce", "SQLAlchemy", "orjson", "requests"),
        load=f"(1 minute, when each size began and ended) {loads}",
    )
    return (
        f"{text}\n\nBoth systems are emulated in one process and served over loopback TLS; every measured bridge is a fresh "
        "process of its own, so that CPU and memory are the client's alone. Careers know 30 % of the contacts, 10,000 people "
        "at most. Seconds depend on the machine and on what else it does; calls and ratios do not, or much less."
    )


def machine(command: str, *, packages: Sequence[str], load: str) -> str:
    """What was run, when, and on what."""
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    rows = [
        ("measured", f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"),  # noqa: TID251 - the bench is no part of the product
        ("command", f"`{command}`"),
        ("machine", f"{os.cpu_count()} cores, {_processor()}, {_memory()} GB, {platform.system()} {platform.release()}"),
        ("Python", f"{platform.python_version()}; {versions}"),
        ("load average", load),
    ]
    return table(("", ""), rows)


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    model = re.search(r"model name\s*:\s*(.+)", info.read_text(encoding="utf-8")) if info.exists() else None
    return model[1] if model else platform.processor() or platform.machine()


def _memory() -> str:
    return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f}"


_READS = ("read", "fetch", "find")
_WRITES = ("create", "update")


def _calls(found: Sequence[Measured]) -> str:
    rows = []
    for one in found:
        read = sum(one.steps[name]["records"] for name in ("collect_crm",))
        rows.append(_call_row(one, "first load", _merged(one, ("collect_crm", "identify", "plan")), read=read, written=0))
        for name in ("go_live", "echo", "changed"):
            step = one.steps[name]
            rows.append(_call_row(one, _STEPS[name], step["crm_calls"], read=step["read"]["crm"], written=_to_crm(step)))
        quiet = [sum(step["crm_calls"].values()) for step in one.quiet]
        each = ", ".join(map(str, quiet))
        again = max(step["read"]["crm"] for step in one.quiet)
        rows.append(
            [f"{one.contacts:,}", f"quiet cycles, a minute apart: {each}", f"{again:,}", "", "0", "", "", f"{max(quiet)}"]
        )
    head = ("contacts", "step", "rows read", "ceil(rows/2000)", "rows written", "ceil(rows/200)", "calls by kind", "calls")
    start = {sum(one.steps["prepare"]["crm_calls"].values()) for one in found}
    constant = min(sum(step["crm_calls"].values()) for one in found for step in one.quiet)
    counts = [sum(step["crm_calls"].values()) for one in found for step in one.quiet]
    mean = statistics.mean(counts)
    note = (
        f"The printed constant: a quiet cycle takes **{constant} calls** at every size (aim: at most 3), "
        f"{max(counts)} when it also renews the lease, {mean:.1f} on average; "
        f"a process takes {', '.join(map(str, sorted(start)))} once when it starts."
    )
    return f"{table(head, rows)}\n\n{note}"


def _merged(one: Measured, names: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for name in names:
        for kind, count in one.steps[name]["crm_calls"].items():
            found[kind] = found.get(kind, 0) + count
    return found


def _to_crm(step: Mapping[str, Any]) -> int:
    return sum(count for kind, count in step["written"].items() if not kind.startswith("career."))


def _call_row(one: Measured, name: str, calls: Mapping[str, int], *, read: int, written: int) -> list[str]:
    kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(calls.items()))
    least = [f"{read:,}", f"{math.ceil(read / PAGE)}", f"{written:,}", f"{math.ceil(written / COLLECTION)}"]
    return [f"{one.contacts:,}", name, *least, kinds, str(sum(calls.values()))]


def median(answers: Sequence[Answer], name: str) -> float:
    """The middle one of several measurements."""
    return float(statistics.median(answer[name] for answer in answers))


def _collect(found: Sequence[Measured]) -> str:
    rows = []
    for one in found:
        bare, fetch, collect = (median(each, "cpu") * 1e6 / one.contacts for each in (one.bare, one.fetch, one.collect))
        rows.append(
            [
                f"{one.contacts:,}",
                str(len(one.bare)),
                f"{bare:.0f}",
                f"{fetch:.0f}",
                f"{collect - fetch:.0f}",
                f"{collect:.0f}",
                f"{fetch / bare:.2f}",
                f"**{collect / bare:.2f}**",
                f"{median(one.bare, 'peak_mb'):.0f} / {median(one.collect, 'peak_mb'):.0f}",
            ]
        )
    head = (
        "contacts",
        "runs",
        "bare simple-salesforce, us/record",
        "fetch and parse",
        "keep in SQLite",
        "collect in all",
        "fetch / bare",
        "collect / bare (aim 2)",
        "peak MB, bare / collect",
    )
    note = (
        "*Bare* is unmodified simple-salesforce in a `query_all` loop over the same fields as the same user, throwing every "
        "record away. *Fetch and parse* is our page-wise read alone; *collect* is the whole stage. Process CPU, median."
    )
    return f"{table(head, rows)}\n\n{note}"


def _steps(found: Sequence[Measured]) -> str:
    rows = []
    for name, label in _STEPS.items():
        cells = []
        for one in found:
            step = one.steps[name]
            cells += [f"{step['wall']:.1f}", f"{step['cpu']:.1f}", f"{step['peak_mb']:.0f}"]
        rows.append([label, *cells])
    cells = []
    for one in found:
        cells += [f"{median(one.quiet, 'wall'):.2f}", f"{median(one.quiet, 'cpu'):.2f}", f"{one.quiet[-1]['peak_mb']:.0f}"]
    rows.append(["quiet cycle (median)", *cells])
    head = ["step", *(f"{one.contacts:,}: {what}" for one in found for what in ("wall s", "CPU s", "peak MB so far"))]
    facts = [
        (
            f"- {one.contacts:,} contacts, {one.accounts:,} accounts: {one.links['linked']:,} linked automatically, "
            f"{one.links['right']:,} of them right, {one.links['possible']:,} possible. At go-live "
            f"{_shown(one.steps['go_live']['written'])}. Then {one.edited_contacts:,} contacts and {one.edited_accounts:,} "
            f"accounts edited: {_shown(one.steps['changed']['written'])}{_held(one)}. "
            f"State: {one.steps['state']['megabytes']:.0f} MB."
        )
        for one in found
    ]
    return f"{table(head, rows)}\n\n" + "\n".join(facts)


def _held(one: Measured) -> str:
    """What no figure above shows: cycles that were held up."""
    cycles = [*one.quiet, *(step for step in one.steps.values() if "plans" in step)]
    reasons = {reason for step in cycles for reason in (*step["halted"].values(), *step["down"].values())}
    braked = sum(plan == "approved" for plan in one.steps["changed"]["plans"])
    texts = [*(["its plan was more than a brake allows and was approved"] if braked else []), *sorted(reasons)]
    return f" ({'; '.join(texts)})" if texts else ""


def _shown(written: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {kind}" for kind, count in sorted(written.items())) or "nothing written"


def _profile(one: Measured) -> str:
    assert one.profile is not None
    shares = Shares(one.profile)
    stations = shares.by_station()
    whole = sum(stations.values())
    rows = [[name, f"{seconds:.1f}", f"{seconds / whole:.0%}"] for name, seconds in stations.items() if seconds / whole >= 0.005]
    functions = [[f"`{name}`", f"{seconds:.1f}", f"{calls:,}"] for name, seconds, calls in shares.functions(15)]
    return "\n\n".join(
        [
            f"## Where a first load goes ({one.contacts:,} contacts, {one.accounts:,} accounts)",
            "Own time under cProfile, which makes small functions dearer than they are; read the shares, not the seconds.",
            table(("station", "s", "share"), rows),
            table(("function (own time)", "s", "calls"), functions),
        ]
    )
