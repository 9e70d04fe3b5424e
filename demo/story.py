"""The story in its acts: looking first, choosing, going live, a working day, and the evening's accounts."""

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from demo.asks import Desk
from demo.audit import Judged, Written, count_suggestions, find_doubles, judge_links, read_links, read_writes
from demo.bridge import HALTED, Said
from demo.cast import Cast
from demo.staff import Day
from demo.stage import Stage

_ALL_CALLS = (0, 1, HALTED)
_TRIED = 60
"""How many first differences of a field become suggestions; the others follow the CRM."""
_KEPT = ("emails",)
"""Nobody wants to lose an e-mail address that works: both stay until somebody changes one."""
_CYCLES_AT_MOST = 6
_NAMED_AT_MOST = 50
"""So many records ``status`` names; the others are in the log."""


@dataclass(slots=True, kw_only=True)
class Act:
    """One act: its title, how long it took, and what was seen."""

    title: str
    seconds: float = 0.0
    seen: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Story:
    """Tells the whole story on one stage. ``failures`` are the laws that did not hold."""

    stage: Stage
    progress: Callable[[str], None]
    acts: list[Act] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    judged: Judged | None = None
    differences: dict[str, dict[str, Any]] = field(default_factory=dict)
    requests: list[dict[str, Any]] = field(default_factory=list)
    quiet: dict[str, Any] = field(default_factory=dict)
    troubles: dict[str, int] = field(default_factory=dict)
    brakes: list[str] = field(default_factory=list)
    why: str = ""
    missing: list[str] = field(default_factory=list)
    first_cycle: Said | None = None

    def tell(self) -> None:
        """All acts, in order."""
        with self._act("Before anything is written: look") as act:
            self._look(act)
        with self._act("The administrator chooses for the first differences") as act:
            self._adopt(act)
        with self._act("Going live") as act:
            self._go_live(act)
        day = self._day()
        with self._act("Morning: both offices work") as act:
            self._morning(day, act)
        with self._act("Noon: officers decide") as act:
            self._noon(day, act)
        with self._act("Afternoon: Tasks are worked") as act:
            day.desk.work("afternoon")
            act.seen.append("officers complete Tasks with and without an outcome, and delete one")
            self._sync(act)
        with self._act("Evening: what came of it") as act:
            self._evening(day, act)
        self.missing = day.missing

    @contextmanager
    def _act(self, title: str) -> Iterator[Act]:
        act = Act(title=title)
        self.acts.append(act)
        self.progress(f"{len(self.acts)}. {title}")
        began = time.monotonic()
        yield act
        act.seconds = time.monotonic() - began

    # --- before going live ------------------------------------------------------------------------------------------

    def _look(self, act: Act) -> None:
        bridge = self.stage.bridge
        bridge.run("check")
        bridge.run("docs", "mapping")
        act.seen.append("`check` finds configuration, mapping, logins, permissions and owners in order")
        act.seen.append("`docs mapping` writes the page that the privacy officer signs")
        self.first_cycle = bridge.run("sync", "--once", "--json")
        facts = self.first_cycle.json()
        read = ", ".join(f"{count:,} records of {side}" for side, count in facts["read"].items())
        act.seen.append(f"the first cycle reads {read} in {self.first_cycle.seconds:.1f} s")
        self.judged = judge_links(read_links(self.stage), self.stage.record_of, self.stage.people.truth)
        written = read_writes(self.stage)
        act.seen.append(f"writes so far: {written.crm} to the CRM, {written.career} to careers")
        if written.crm or written.career or written.contacts:
            self.failures.append("something was written before going live")
        status = bridge.run("status", "--json").json()
        self.differences = {unit: {"people": count, "adopted": {}} for unit, count in status["first_differences"].items()}

    def _adopt(self, act: Act) -> None:
        for unit, facts in self.differences.items():
            if unit in _KEPT:
                self._choose(unit, "--keep")
            elif unit in self.stage.platform.suggested:
                self._choose(unit, "--suggest", "--limit", str(_TRIED))
            else:
                self._choose(unit, "--crm-wins")
            chosen = ", ".join(f"{how.replace('_', ' ')} {people:,}" for how, people in facts["adopted"].items())
            rest = facts["people"] - sum(facts["adopted"].values())
            act.seen.append(
                f"{unit}: {facts['people']:,} people; {chosen}" + (f"; {rest:,} wait for the next choice" if rest else "")
            )
        if not self.differences:
            act.seen.append("there are none")

    def _choose(self, unit: str, how: str, *more: str) -> None:
        said = self.stage.bridge.run("adopt", unit, how, *more)
        found = re.search(r"for (\d+) people", said.text)
        name = how.removeprefix("--").replace("-", "_")
        self.differences[unit]["adopted"][name] = int(found[1]) if found else None

    def _adopt_rest(self, act: Act) -> None:
        """Where only some first differences became suggestions, the CRM's value counts for the others."""
        waiting = [unit for unit in self.stage.platform.suggested if self.differences.get(unit, {}).get("people", 0) > _TRIED]
        for unit in waiting:
            self._choose(unit, "--crm-wins")
            count = self.differences[unit]["adopted"]["crm_wins"]
            act.seen.append(f"{unit}: the first {_TRIED} are suggestions now; crm wins for the other {count:,}")

    # --- going live -------------------------------------------------------------------------------------------------

    def _go_live(self, act: Act) -> None:
        bridge = self.stage.bridge
        said = bridge.run("go-live", "--yes", allow=_ALL_CALLS)
        self.brakes = re.findall(r"^brake: (.+)$", said.text, re.MULTILINE)
        act.seen += [f"the first plan would pull a brake: {reason}" for reason in self.brakes]
        act.seen.append("`go-live` shows the plan; the administrator says yes, whatever its size")
        self._adopt_rest(act)
        self._until_quiet(act)
        written = read_writes(self.stage)
        act.seen.append(
            f"first writes: {sum(written.to_career.values()):,} values to careers, {written.crm:,} records to the CRM"
        )

    def _until_quiet(self, act: Act) -> int:
        """Cycles until one writes nothing (the last one counts); a pulled brake is looked at and approved."""
        for count in range(1, _CYCLES_AT_MOST + 1):
            facts = self._sync(act)
            if not facts["writes"] and not facts["halted"]:
                return count
        return _CYCLES_AT_MOST

    def _sync(self, act: Act) -> dict[str, Any]:
        said = self.stage.bridge.run("sync", "--once", "--json", allow=_ALL_CALLS)
        facts: dict[str, Any] = said.json()
        if facts["down"]:
            self.failures.append(f"a side could not be worked with: {facts['down']}")
        if "plan" in facts["halted"]:
            self._approve(act)
        elif facts["halted"]:
            self.failures.append(f"halted: {facts['halted']}")
        return facts

    def _hear(self, act: Act) -> None:
        """Where what careers change is told late, the administrator does not wait for it: everybody is read."""
        if self.stage.platform.lag:
            self.stage.bridge.run("sweep", "--json", allow=_ALL_CALLS)
            act.seen.append("the administrator has everybody read, since careers' system tells of changes once an hour")

    def _approve(self, act: Act) -> None:
        """An administrator reads the brake's reason in ``status``, and approves this very plan."""
        halted = self.stage.bridge.run("status", "--json").json()["halted"]
        row = next(row for row in halted if row["subject"] == "plan")
        digest = row["remedy"].partition("--plan ")[2].partition("`")[0]
        self.stage.bridge.run("resume", "--plan", digest)
        act.seen.append(f"a brake stops the plan ({row['reason']}); the administrator looks and approves it")
        self.stage.bridge.run("sync", "--once", "--json", allow=_ALL_CALLS)

    # --- the day ----------------------------------------------------------------------------------------------------

    def _day(self) -> Day:
        return Day(
            stage=self.stage,
            cast=Cast(self.stage.people, read_links(self.stage), self.stage.record_of),
            desk=Desk(stage=self.stage),
        )

    def _morning(self, day: Day, act: Act) -> None:
        day.edit_contacts()
        day.edit_accounts()
        day.let_alumni_act()
        day.record_death()
        day.merge_contacts(read_links(self.stage))
        act.seen += day.seen
        self._hear(act)
        before = len(day.seen)
        day.file_requests()
        act.seen += [*day.seen[before:], f"{len(day.desk.asks)} career requests are filed"]
        self._sync(act)

    def _noon(self, day: Day, act: Act) -> None:
        before = len(day.seen)
        day.decide_suggestions()
        day.take_back()
        day.decide_people()
        day.ask_again()
        steps = day.desk.work("noon")
        act.seen += [*day.seen[before:], f"officers begin to work the Tasks ({steps} steps); careers withdraw one request"]
        self._hear(act)
        self._sync(act)

    def _evening(self, day: Day, act: Act) -> None:
        cycles = self._until_quiet(act)
        before = read_writes(self.stage)
        said, bursts = self.stage.bridge.run_daemon()
        after = read_writes(self.stage)
        self.quiet = {"writes": _difference(before, after), "calls": bursts[1], "calls_at_start": bursts[0]}
        calls = " and ".join(f"{count} to {side}" for side, count in bursts[1].items())
        act.seen.append(
            f"after {cycles} cycles nothing is left to do: the daemon runs for {said.seconds:.0f} s, writes "
            f"{self.quiet['writes']} records, makes {calls} calls in a quiet cycle, and ends when it is told to"
        )
        self.requests = day.desk.lines()
        status = self.stage.bridge.run("status", "--json").json()
        self.troubles = {"refused_writes": len(status["refused"]), "parked_records": len(status["parked"])}
        if any(self.troubles.values()):
            act.seen.append(
                f"`status` names {_some(status['refused'])} writes that a system refused and "
                f"{_some(status['parked'])} records whose values nobody can read, each with its cure"
            )
        act.seen.append("the counsellor reads the acknowledgements in the career system")
        self.why = self._explain(day)
        self._hold_laws(day, after)

    def _explain(self, day: Day) -> str:
        for part, name in (("employer", "employment"), ("own name", "legal_name"), ("phone", "phone_mobile")):
            if part in day.played:
                unit = self.stage.platform.unit(name)
                said = self.stage.bridge.run("why", "person", day.played[part].account, unit)
                return f"$ {said.command}\n{said.text}"
        return ""

    def _hold_laws(self, day: Day, written: Written) -> None:
        if written.contacts:
            self.failures.append(f"the bridge wrote to Contact {written.contacts} times")
        if self.quiet["writes"]:
            self.failures.append(f"a quiet cycle wrote {self.quiet['writes']} records")
        self.failures += find_doubles(self.stage)
        mails = self.stage.career.get("mails")["mails"]
        if mails:
            self.failures.append(f"the career system was made to write to {len(mails)} alumni")
        for line in self.requests:
            if line["careers_read"] is None:
                self.failures.append(f"request without an answer: {line['request']}")
            elif line["careers_read"] != line["expected"]:
                self.failures.append(
                    f"request {line['request']}: careers read {line['careers_read']!r}, it should be {line['expected']!r}"
                )
        if len(self.requests) != len(day.desk.asks):
            self.failures.append("a request was lost")

    # --- the whole --------------------------------------------------------------------------------------------------

    def facts(self) -> dict[str, Any]:
        """Everything for ``demo.json``; None where it is not known."""
        judged, written = self.judged, read_writes(self.stage)
        calls = [said.calls for said in self.stage.bridge.history]
        records = self.stage.rows("Career_Request__c")
        return {
            "people": {
                "source": self.stage.people.source,
                "contacts": len(self.stage.ids),
                "accounts": len(self.stage.people.accounts),
                "refused_by_the_crm": dict(self.stage.refused),
                "values_refused_by_the_crm": dict(self.stage.dropped),
            },
            "links": _links(judged),
            "first_differences": self.differences,
            "brakes": self.brakes,
            "fields_written": {
                "to_career": dict(sorted(written.to_career.items())),
                "to_crm": dict(sorted(written.to_crm.items())),
            },
            "suggestions": count_suggestions(self.stage),
            "requests": {
                "received": len(self.requests),
                "records": len(records),
                "tasks": len(self.stage.rows("Task")) + len(self.stage.org.do("rows", sobject="Task", deleted=True)),
                "list": self.requests,
            },
            "api_calls": {side: sum(made[side] for made in calls) for side in ("crm", "career")},
            "quiet_cycle": self.quiet,
            "troubles": self.troubles,
            "contact_writes": written.contacts,
            "mails_to_alumni": len(self.stage.career.get("mails")["mails"]),
            "seconds": {act.title: round(act.seconds, 2) for act in self.acts},
            "notes": self.stage.notes,
            "platform": self.stage.platform.name,
            "flavour": self.stage.flavour.name,
            "differences": self._differences(),
            "missing": self.missing,
            "failures": self.failures,
            "why": self.why,
        }

    def _differences(self) -> dict[str, list[str]]:
        """Why the account differs from that of plain Salesforce and the generic contract, by what is run instead."""
        platform, flavour = self.stage.platform, self.stage.flavour
        found = {
            f"careers run {platform.label}": list(platform.differences),
            f"Alumni Relations run {flavour.label}": list(flavour.differences),
        }
        return {what: notes for what, notes in found.items() if notes}


def _some(named: Sequence[object]) -> str:
    """How many there are, as far as ``status`` names them."""
    return str(len(named)) if len(named) < _NAMED_AT_MOST else f"the first {len(named)} of many"


def _links(judged: Judged | None) -> dict[str, Any]:
    names = ("automatic", "review", "proposed_new", "waiting", "right", "true_pairs", "precision", "recall")
    return {name: getattr(judged, name) if judged else None for name in names}


def _difference(before: Written, after: Written) -> int:
    pairs: Mapping[int, int] = {0: after.crm - before.crm, 1: after.career - before.career, 2: after.contacts - before.contacts}
    return sum(pairs.values())
