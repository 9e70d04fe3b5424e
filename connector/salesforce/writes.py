"""Writing: inserts with a unique key, updates, and Tasks that exist only together with their request.

Creates are inserts, never upserts: a repeated upsert would push our values over an officer's work. A repeated insert meets
our own key instead; the record is then looked up, and "already there" is a success. Each element has its own outcome.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connector.errors import BridgeError, Bug, Halt, Later, Refused, Unknown
from connector.ports import TAKEN, CrmCreate, CrmUpdate, Feed, Outcome, Record, Status
from connector.salesforce.answers import GraphAnswer, Row, long_id
from connector.salesforce.client import COLLECTION, GRAPHS, Client
from connector.salesforce.codes import Fault, outcome_of, outcome_of_error, read_faults
from connector.salesforce.objects import KEY, Writable
from connector.salesforce.records import Records
from connector.salesforce.soql import is_id

Batch = Sequence[int]

_CONSEQUENCES = frozenset({"PROCESSING_HALTED", "ALL_OR_NONE_OPERATION_ROLLED_BACK"})
_TASK = "00T"
_FOREIGN = frozenset({"001", "003", "005", "006", "00G", "00Q", _TASK, "00U", "500", "701"})
_ONE_SPOILS_ALL = frozenset({"CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "CANNOT_EXECUTE_FLOW_TRIGGER"})
"""What an element may be told because of another one: a trigger or flow is run for all records of a call, and fails for all."""
_ABOUT_US = frozenset({"INSUFFICIENT_ACCESS"})
"""What a whole call is told because of our user, whatever its records are."""
_MOST_REFUSALS = 40
_ELEMENT = 400
"""An element of a Collections call has an error without an HTTP status of its own: one that says that it was not done."""
_UNKNOWN = Outcome(status=Status.UNKNOWN, detail="an answer that does not fit the record")
_NOT_LOOKED_UP = Outcome(status=Status.LATER, code=TAKEN, detail="not looked up yet")
_NOT_TRIED = outcome_of(_ELEMENT, Fault(code="PROCESSING_HALTED"))


class Writes:
    """The writable half of the org: our own objects and Tasks."""

    def __init__(self, client: Client, records: Records) -> None:
        self._client, self._records = client, records

    def create(self, rows: Sequence[CrmCreate]) -> list[Outcome]:
        """See ``CrmSide.create``. Rows without a Task travel 200 to a call, those with one 75."""
        kinds = [writable(row.object) for row in rows]
        if {Writable.TASK, Writable.STATUS} & set(kinds):
            raise Bug("a Task is created only together with its request, the status only with the lease")
        plain = sorted((n for n, row in enumerate(rows) if row.task is None), key=lambda n: kinds[n])
        paired = [n for n, row in enumerate(rows) if row.task is not None]
        settled: dict[int, Outcome] = {}
        self._deliver(_cut(plain, COLLECTION), lambda batch: self._insert([rows[n] for n in batch]), settled)
        self._deliver(_cut(paired, GRAPHS), lambda batch: self._insert_pairs([rows[n] for n in batch]), settled, apart=True)
        settled.update(self._look_up({n: rows[n] for n, outcome in settled.items() if outcome.code == TAKEN}))
        return [settled[n] for n in range(len(rows))]

    def update(self, rows: Sequence[CrmUpdate]) -> list[Outcome]:
        """See ``CrmSide.update``. A record that occurs twice is changed twice, in the order given."""
        kinds = [writable(row.object) for row in rows]
        settled: dict[int, Outcome] = {}

        def change(batch: Batch) -> list[Outcome]:
            return self._update([rows[n] for n in batch])

        self._deliver(_once_each(rows, kinds), change, settled)
        return [settled[n] for n in range(len(rows))]

    def _deliver(
        self,
        batches: Sequence[Batch],
        call: Callable[[Batch], list[Outcome]],
        settled: dict[int, Outcome],
        *,
        apart: bool = False,
    ) -> None:
        """Carry out the batches in order, until the side says stop; what was not sent then waits.

        What is refused because of one of its records is halved until that record is alone: a whole batch, or (unless each
        row is carried out ``apart``) its elements that a trigger failed for. Raises only while nothing at all is settled, so
        that no outcome is ever lost.
        """
        waiting = deque(batches)
        refusals = 0
        while waiting:
            batch = waiting.popleft()
            try:
                outcomes = dict(zip(batch, call(batch), strict=True))
                spoilt: Batch = [] if apart else [n for n, outcome in outcomes.items() if outcome.code in _ONE_SPOILS_ALL]
            except Refused as reason:
                outcomes = dict.fromkeys(batch, outcome_of_error(reason))
                spoilt = [] if reason.code in _ABOUT_US else batch
            except (Later, Halt, Unknown) as reason:
                if not settled and not isinstance(reason, Unknown):
                    raise
                settled.update(dict.fromkeys(batch, outcome_of_error(reason)))
                self._hold(waiting, reason, settled)
                return
            refusals += bool(spoilt)
            if len(spoilt) > 1:
                held = {n: Outcome(status=Status.LATER, code=outcomes.pop(n).code) for n in spoilt}
                if refusals <= _MOST_REFUSALS:
                    middle = len(spoilt) // 2
                    waiting.extendleft((spoilt[middle:], spoilt[:middle]))
                else:
                    outcomes |= held
            settled.update(outcomes)

    def _hold(self, waiting: Sequence[Batch] | deque[Batch], reason: BridgeError, settled: dict[int, Outcome]) -> None:
        """What was certainly not sent, because the side failed before its turn."""
        held = outcome_of_error(reason) if isinstance(reason, Later) else Outcome(status=Status.LATER, code="NOT_SENT")
        for batch in waiting:
            settled.update(dict.fromkeys(batch, held))

    def _insert(self, rows: Sequence[CrmCreate]) -> list[Outcome]:
        results = self._client.insert([(writable(row.object), {**row.fields, KEY: row.key}) for row in rows])
        return [_created(result) for result in results]

    def _insert_pairs(self, rows: Sequence[CrmCreate]) -> list[Outcome]:
        graphs = [
            (
                (f"record{n}", writable(row.object), {**row.fields, KEY: row.key}),
                (f"task{n}", Writable.TASK, {**(row.task or {}), "WhatId": f"@{{record{n}.id}}"}),
            )
            for n, row in enumerate(rows)
        ]
        answers = self._client.insert_graphs(graphs)
        return [_paired(answer, n) for n, answer in enumerate(answers)]

    def _update(self, rows: Sequence[CrmUpdate]) -> list[Outcome]:
        results = self._client.update([(writable(row.object), row.id, row.fields) for row in rows])
        return [_updated(row, result) for row, result in zip(rows, results, strict=True)]

    def _look_up(self, rows: Mapping[int, CrmCreate]) -> dict[int, Outcome]:
        """What creates that met a unique value really are: done before where the key is there; another field refused the others.

        If looking fails, the create comes again, meets its key again, and is looked up then.
        """
        try:
            found = self._found(rows)
            tasks = self._records.tasks_of([record for n, record in found.items() if _is_request(rows[n])])
        except (Later, Halt, Refused):
            return dict.fromkeys(rows, _NOT_LOOKED_UP)
        return {n: _already_there(rows[n], record, tasks) for n, record in found.items()}

    def _found(self, rows: Mapping[int, CrmCreate]) -> dict[int, Record]:
        """Those of the rows whose key is there."""
        by_feed: dict[str, dict[str, Record]] = {}
        for kind in {row.object for row in rows.values()}:
            by_feed[kind] = self._records.find(Feed(kind), [row.key for row in rows.values() if row.object == kind])
        return {n: by_feed[row.object][row.key] for n, row in rows.items() if row.key in by_feed[row.object]}


def writable(name: str) -> Writable:
    """The object as one that we can write; anything else, Contact above all, is a bug before it is a request."""
    try:
        return Writable(name)
    except ValueError:
        raise Bug(f"the bridge does not write {name}") from None


def _cut(items: Sequence[int], size: int) -> list[Batch]:
    return [items[start : start + size] for start in range(0, len(items), size)]


def _once_each(rows: Sequence[CrmUpdate], kinds: Sequence[Writable]) -> list[Batch]:
    """Batches of at most 200 in which no id occurs twice; a record's second change stands in a later batch than its first."""
    rounds: list[list[int]] = []
    times: dict[str, int] = {}
    for n, row in enumerate(rows):
        turn = times[row.id[:15]] = times.get(row.id[:15], -1) + 1
        if turn == len(rounds):
            rounds.append([])
        rounds[turn].append(n)
    return [batch for turn in rounds for batch in _cut(sorted(turn, key=lambda n: kinds[n]), COLLECTION)]


def _is_ours(value: object) -> bool:
    """Whether this can be the id of a record of our own objects: the prefixes of standard objects are not ours."""
    return is_id(value) and value[:3] not in _FOREIGN


def _is_task(value: object) -> bool:
    return is_id(value) and value.startswith(_TASK)


def _failed(result: Row) -> Outcome:
    faults = read_faults(result.get("errors"))
    return _UNKNOWN if faults is None else outcome_of(_ELEMENT, faults[0])


def _created(result: Row) -> Outcome:
    if result.get("success") is True:
        found = result.get("id")
        return Outcome(status=Status.APPLIED, id=long_id(str(found))) if _is_ours(found) else _UNKNOWN
    return _failed(result)


def _updated(row: CrmUpdate, result: Row) -> Outcome:
    if result.get("success") is True:
        found = result.get("id")
        same = is_id(found) and found[:15] == row.id[:15]
        return Outcome(status=Status.APPLIED, id=long_id(row.id)) if same else _UNKNOWN
    return _failed(result)


def _paired(answer: GraphAnswer, n: int) -> Outcome:
    """The outcome of one graph: both records with their ids, or the error that made Salesforce undo both."""
    record, task = answer.nodes[f"record{n}"], answer.nodes[f"task{n}"]
    if answer.done:
        first, second = (sub.body.get("id") if isinstance(sub.body, dict) else None for sub in (record, task))
        if _is_ours(first) and _is_task(second):
            return Outcome(status=Status.APPLIED, id=long_id(str(first)), fields={"task_id": long_id(str(second))})
        return _UNKNOWN
    for sub in (record, task):
        faults = read_faults(sub.body)
        if faults is not None and faults[0].code not in _CONSEQUENCES:
            return outcome_of(sub.status, faults[0])
    # every error is the consequence of another graph's: nothing of this one was tried
    return _NOT_TRIED


def _is_request(row: CrmCreate) -> bool:
    """Whether it may have a Task: also one that we would make without, for it may have been made before with one."""
    return writable(row.object) is Writable.REQUEST


def _already_there(row: CrmCreate, record: Record, tasks: dict[str, str]) -> Outcome:
    fields: dict[str, Any] = dict(record.fields)
    if _is_request(row):
        fields["task_id"] = tasks.get(record.id)
    return Outcome(status=Status.APPLIED, id=record.id, version=record.version, fields=fields, already_there=True)
