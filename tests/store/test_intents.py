"""The shelves of intents and plans, transition by transition: the rows that the law names change, in exactly these columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from connector.store import intents, links, plans, sending
from connector.store.observations import batches
from connector.store.store import Store, add, fetch, pack, stamp, unpack
from connector.store.tables import intent, plan

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
STATES = (*intents.OPEN_STATES, "applied", "refused", "superseded")
MINE = ("careers", "a1", "career.update")
OTHERS = (("alumni", "a1", "career.update"), ("careers", "a2", "career.update"), ("careers", "a1", "career.note"))


@pytest.fixture
def db(store: Store) -> Iterator[Connection]:
    """A state with one write of every state, of ours and of others in one respect each; ``key`` says which."""
    with store.begin() as db:
        plans.put(db, a_plan("p"))
        intents.plan_writes(
            db,
            [written(system, target, kind, state=state) for system, target, kind in (MINE, *OTHERS) for state in STATES],
        )
        yield db


def a_plan(id: str, state: str = "open") -> dict[str, Any]:
    """A plan with nothing in it."""
    return {"id": id, "at": stamp(NOW), "state": state, "digest": "", "rules_hash": "h", "facts": "{}"}


def written(system: str = "careers", target: str = "a1", kind: str = "career.update", **columns: Any) -> dict[str, Any]:
    """One write as a row."""
    row = intents.row(
        plan_id="p", kind=kind, system=system, target=target, payload={"fields": {"title": "x"}}, now=NOW, rules_hash="h"
    )
    state = columns.get("state", "planned")
    return row | {"key": f"{system} {target} {kind} {state}"} | columns


def all_of(db: Connection) -> dict[str, dict[str, Any]]:
    """Every write by its key."""
    return {row["key"]: dict(row) for row in fetch(db, select(intent).order_by(intent.c.id))}


def changes(db: Connection, before: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The columns that are not as they were, by write."""
    found = {key: {name: value for name, value in row.items() if value != before[key][name]} for key, row in all_of(db).items()}
    return {key: columns for key, columns in found.items() if columns}


def mine(*states: str) -> list[str]:
    """The keys of our writes of these states."""
    return [f"{' '.join(MINE)} {state}" for state in states]


def everybodys(*states: str) -> list[str]:
    """The keys of all writes of these states."""
    return [f"{' '.join(place)} {state}" for place in (MINE, *OTHERS) for state in states]


def set_where(db: Connection, keys: Sequence[str], **columns: Any) -> None:
    """Put something else into some writes."""
    db.execute(update(intent).where(intent.c.key.in_(keys)).values(**columns))


def link_up(db: Connection, marks: Mapping[tuple[str, str], bool]) -> None:
    """Link accounts, and say which of them the planner is to look at."""
    about = {"contact_id": None, "profile_id": None, "state": "linked", "basis": None, "leading": True, "decided_at": stamp(NOW)}
    links.put(db, [{"system": system, "account_id": account, "marked": on, **about} for (system, account), on in marks.items()])


def id_of(db: Connection, key: str) -> int:
    """The number of a write."""
    return int(all_of(db)[key]["id"])


# decisions


def test_what_a_write_says() -> None:
    """Law: a planned write has what its table wants, with nothing said that nobody gave."""
    said: dict[str, Any] = {"plan_id": "p", "kind": "k", "system": "s", "target": "t", "rules_hash": "h"}
    more: dict[str, Any] = {"key": "key", "weight": 0, "changes": 4, "blanks": 3, "puts_back": True}
    row = intents.row(**said, **more, payload={"a": [1]}, settle_with={"b": 2}, now=NOW)
    assert (unpack(row.pop("payload")), unpack(row.pop("settle"))) == ({"a": [1]}, {"b": 2})
    begun = {"state": "planned", "attempts": 0, "due_at": stamp(NOW), "created_at": stamp(NOW)}
    assert row == said | more | begun | dict.fromkeys(("settled_at", "sent_at", "code", "detail", "remedy"))
    bare = intents.row(**said, payload={}, now=NOW)
    assert (unpack(bare["payload"]), unpack(bare["settle"])) == ({}, {})
    assert [bare[name] for name in ("key", "weight", "changes", "blanks", "puts_back")] == [None, 3, 0, 0, False]


def test_a_new_decision_replaces_what_was_not_sent(db: Connection) -> None:
    """Law: planned, ready and refused writes about these targets are superseded; none on its way, and nobody else's."""
    before = all_of(db)
    intents.supersede(db, "careers", ["a1", "a9"], ["career.update", "career.create"])
    assert changes(db, before) == {key: {"state": "superseded"} for key in mine("planned", "ready", "refused")}


def test_a_newer_write_replaces_what_may_have_been_done(db: Connection) -> None:
    """Law: writes of unknown outcome about this target are superseded, nothing else is, and it is told which these were."""
    before = all_of(db)
    replaced = intents.replace_unknown(db, "careers", "a1", ["career.update", "career.create"])
    assert {row["key"]: dict(row) for row in replaced} == {key: before[key] for key in mine("unknown")}
    assert changes(db, before) == {key: {"state": "superseded"} for key in mine("unknown")}
    assert intents.replace_unknown(db, "careers", "a1", ["career.update"]) == []


@pytest.mark.parametrize("state", STATES)
def test_the_very_same_write_waits(db: Connection, state: str) -> None:
    """Law: a write waits until it is over, also where its answer was lost; another content, kind, target or system is another."""
    intents.plan_writes(db, [written(target="a7", state=state)])
    content = {"fields": {"title": "x"}}
    assert intents.waits(db, "careers", "a7", "career.update", content) is (state in intents.OPEN_STATES)
    assert not intents.waits(db, "careers", "a7", "career.update", {"fields": {"title": "y"}})
    assert not intents.waits(db, "careers", "a7", "career.note", content)
    assert not intents.waits(db, "careers", "a8", "career.update", content)
    assert not intents.waits(db, "mentors", "a7", "career.update", content)


@pytest.mark.parametrize("state", STATES)
def test_the_newest_write_that_is_not_over_says_what_stands(db: Connection, state: str) -> None:
    """Law: what an older write says does not count beside a newer one, unless that is over."""
    intents.plan_writes(db, [written(target="a7", state="ready")])
    assert intents.is_newest(db, "careers", "a7", "career.update", {"fields": {"title": "x"}})
    intents.plan_writes(db, [written(target="a7", state=state) | {"payload": pack({"fields": {"title": "y"}})}])
    for content, counts in (("x", state not in intents.OPEN_STATES), ("y", state in intents.OPEN_STATES)):
        assert intents.is_newest(db, "careers", "a7", "career.update", {"fields": {"title": content}}) is counts
    assert not intents.is_newest(db, "careers", "a7", "career.note", {"fields": {"title": "x"}})
    assert not intents.is_newest(db, "careers", "a8", "career.update", {"fields": {"title": "x"}})
    assert not intents.is_newest(db, "mentors", "a7", "career.update", {"fields": {"title": "x"}})


def test_what_was_refused_for_want_of_its_record_can_go_once_that_is_there(db: Connection) -> None:
    """Law: of the writes of a name, those refused with this code become ready, and no others."""
    plan = [("k", "GONE", "refused"), ("k", "NO", "refused"), ("l", "GONE", "refused"), ("k", "GONE", "applied")]
    over = {"target": "a7", "settled_at": stamp(NOW)}
    intents.plan_writes(db, [written(state=state, **over) | {"key": key, "code": code} for key, code, state in plan])
    intents.ready_again(db, "k", "GONE")
    found = fetch(db, select(intent).where(intent.c.target == "a7").order_by(intent.c.id))
    assert [(row["state"], row["settled_at"]) for row in found] == [
        ("ready", None),
        ("refused", stamp(NOW)),
        ("refused", stamp(NOW)),
        ("applied", stamp(NOW)),
    ]


def test_what_is_spared_is_not_replaced(db: Connection) -> None:
    """Law: a new decision leaves alone the writes that are spared by their number."""
    before = all_of(db)
    intents.supersede(db, "careers", ["a1"], ["career.update"], but=[id_of(db, key) for key in mine("ready", "sent")])
    assert changes(db, before) == {key: {"state": "superseded"} for key in mine("planned", "refused")}


def test_a_decision_that_comes_out_the_same_again(db: Connection) -> None:
    """Law: a ready write that is decided again stays as it is and is not planned anew; all else that was not sent is replaced."""
    before = all_of(db)
    same, other = written(key=mine("ready")[0]), written(target="a2", key="new")
    new = intents.replan(db, "careers", ["a1", "a2"], ["career.update"], [same, other], but=[id_of(db, mine("refused")[0])])
    assert new == [other]
    theirs = [f"careers a2 career.update {state}" for state in ("planned", "ready", "refused")]
    assert changes(db, before) == {key: {"state": "superseded"} for key in (*mine("planned"), *theirs)}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("place", [MINE, *OTHERS])
def test_only_what_is_ready_is_the_same(db: Connection, state: str, place: tuple[str, str, str]) -> None:
    """Law: what has another system, target or kind, or is not ready, stands for no new decision, whatever it carries."""
    row = written(key=f"{' '.join(place)} {state}") | {"target": place[1], "kind": place[2]}
    new = intents.replan(db, "careers", ["a1"], ["career.update"], [row], but=[])
    assert (new == []) is (place == MINE and state == "ready")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("kind", "career.note"),
        ("target", "a2"),
        ("key", "k"),
        ("payload", "{}"),
        ("settle", '{"a":1}'),
        ("weight", 0),
        ("puts_back", True),
        (None, None),
    ],
)
def test_what_makes_a_write_the_same(db: Connection, column: str | None, value: object) -> None:
    """Law: two writes are the same where all that they do is, and how urgently; when and in which plan does not count."""
    set_where(db, mine("ready"), plan_id="before", due_at=stamp(LATER), attempts=3, code="C", rules_hash="before")
    row = written(key=mine("ready")[0]) | ({column: value} if column else {})
    kinds = ["career.update", "career.note"]
    assert intents.replan(db, "careers", ["a1", "a2"], kinds, [row], but=[]) == ([row] if column else [])
    assert (all_of(db)[mine("ready")[0]]["state"] == "ready") is (column is None)


def test_a_refused_question_is_given_up(db: Connection) -> None:
    """Law: what was refused about these targets is superseded, and told as it was; nothing else is."""
    before = all_of(db)
    told = intents.give_up(db, "careers", ["a1", "a9"], ["career.update", "career.create"])
    assert told == [before[key] for key in mine("refused")]
    assert changes(db, before) == {key: {"state": "superseded"} for key in mine("refused")}
    assert intents.give_up(db, "careers", ["a1"], ["career.update"]) == []


def test_what_was_refused_of_a_plan_is_kept(db: Connection) -> None:
    """Law: what is not to be decided anew yet stays refused; a plan that is not named keeps nothing."""
    asked = ("careers", ["a1"], ["career.update"])
    assert intents.give_up(db, *asked, but_of=["p"]) == []
    assert [row["key"] for row in intents.give_up(db, *asked, but_of=["q"])] == mine("refused")


def test_whoever_is_looked_at_is_decided_anew(db: Connection) -> None:
    """Law: what was not sent about the accounts that the planner looks at is superseded; their links say which they are."""
    link_up(db, {("careers", "a1"): True, ("careers", "a2"): False, ("alumni", "a1"): False, ("alumni", "a2"): True})
    before = all_of(db)
    intents.supersede_marked(db, ["career.update", "career.create"])
    assert changes(db, before) == {key: {"state": "superseded"} for key in mine("planned", "ready", "refused")}


def test_what_waits_for_a_record_that_is_not_made(db: Connection) -> None:
    """Law: the unsent writes of this kind and key end with it, and no other."""
    set_where(db, mine(*STATES), target="k1", key="k1")
    set_where(db, ["careers a1 career.note ready"], target="k2", key="k1")

    def states() -> dict[str, list[str]]:
        rows = fetch(db, select(intent.c.target, intent.c.state).order_by(intent.c.id))
        return {target: [row["state"] for row in rows if row["target"] == target] for target in ("k1", "k2", "a1", "a2")}

    before = states()
    intents.end_with(db, "k1", "career.create")
    intents.end_with(db, "k2", "career.update")
    assert states() == before
    intents.end_with(db, "k1", "career.update")
    unsent = {"planned", "ready", "refused"}
    assert states() == before | {"k1": ["superseded" if state in unsent else state for state in STATES]}


@pytest.mark.parametrize("kind", ["request.update", "suggestion.update"])
def test_an_older_update_of_the_same_record_does_not_come_last(db: Connection, kind: str) -> None:
    """Law: what was not sent, was refused or has no answer goes out no more once an update that brings all of it waits."""
    same, key = ("careers", "a1", kind), "record"
    places = (same, ("alumni", "a1", kind), ("careers", "a2", kind), ("careers", "a1", "task.update"))
    old = [written(*place, state=state, key=key, remedy=f"{place} {state}") for place in places for state in STATES]
    old += [
        written(*same, key="another record", remedy="of another"),
        written(*same, key=key, payload=pack({"fields": {}}), remedy="fewer"),
        written(*same, key=key, payload=pack({"fields": {"title": "x", "text": "y"}}), remedy="more"),
    ]
    add(db, intent, old)
    intents.plan_writes(db, [written(*same, key=key, remedy="the newest")])
    superseded = {row["remedy"] for row in fetch(db, select(intent)) if row["state"] == "superseded" and row["remedy"]}
    expected = {f"{same} {state}" for state in ("planned", "ready", "refused", "unknown", "superseded")}
    assert superseded == expected | {f"{place} superseded" for place in places} | {"fewer"}


def test_everything_of_a_kind_is_given_up_but_with_one_code(db: Connection) -> None:
    """Law: planned, ready and refused writes of these systems are superseded and told in order; not those with this code."""
    set_where(db, mine("refused"), code="TAKEN")
    set_where(db, mine("ready"), code="OTHER")
    add(db, intent, [written(target="a0")])
    here = mine("planned", "ready") + [f"careers a2 career.update {state}" for state in ("planned", "ready", "refused")]
    here.append("careers a0 career.update planned")
    before = all_of(db)
    assert intents.give_up_all(db, "career.update", [], but_code="TAKEN") == []
    assert [row["key"] for row in intents.give_up_all(db, "career.update", ["careers"], but_code="TAKEN")] == here
    assert changes(db, before) == {key: {"state": "superseded"} for key in here}


def test_writes_that_are_not_settled(db: Connection) -> None:
    """Law: every write of these kinds that still waits or has no answer, in order, whosever it is."""
    found = [row["key"] for row in intents.open_writes(db, ["career.update"])]
    places = (MINE, *OTHERS[:2])
    assert found == [f"{' '.join(place)} {state}" for place in places for state in intents.OPEN_STATES]
    assert intents.open_writes(db, []) == []


def test_what_an_outcome_settles_is_told_anew(db: Connection) -> None:
    """Law: of this write alone."""
    (key,), before = mine("sent"), all_of(db)
    intents.resettle(db, id_of(db, key), {"units": {"title": 1}})
    assert changes(db, before) == {key: {"settle": pack({"units": {"title": 1}})}}


def test_a_target_in_flight_is_known(db: Connection) -> None:
    """Law: what was sent, or may have been, counts; anything else does not, nor another system, target or kind."""
    assert intents.in_flight(db, "careers", ["a1", "a2", "a3"], ["career.update"]) == {"a1", "a2"}
    set_where(db, ["careers a2 career.update unknown"], state="applied")
    assert intents.in_flight(db, "careers", ["a2"], ["career.update"]) == {"a2"}
    set_where(db, mine("sent"), state="applied")
    assert intents.in_flight(db, "careers", ["a1"], ["career.update"]) == {"a1"}
    set_where(db, mine("unknown"), state="ready")
    assert intents.in_flight(db, "careers", ["a1", "a2"], ["career.update"]) == {"a2"}
    set_where(db, ["careers a2 career.update sent"], state="applied")
    assert intents.in_flight(db, "careers", ["a1", "a2"], ["career.update"]) == set()


def refused_first(db: Connection, *targets: str) -> set[str]:
    """Those of some targets whose opt-out a side has refused."""
    rows = intents.refused_first(db, "careers", targets, ["career.update"])
    for row in rows:
        key = f"careers {row['target']} career.update refused"
        assert row["id"] == id_of(db, key)
    return {row["target"] for row in rows}


def test_a_refused_opt_out_is_known(db: Connection) -> None:
    """Law: a refused write of the most urgent kind, and no other."""
    assert refused_first(db, "a1") == set()
    set_where(db, everybodys(*(set(STATES) - {"refused"})), weight=0)
    assert refused_first(db, "a1") == set()
    set_where(db, [f"{' '.join(place)} refused" for place in OTHERS], weight=0)
    assert refused_first(db, "a1") == set()
    set_where(db, mine("refused"), weight=0)
    assert refused_first(db, "a1", "a3") == {"a1"}


def test_doubtful_writes(db: Connection) -> None:
    """Law: writes that were looked for in vain and settled after the moment, each target's in their order."""
    set_where(db, everybodys(*STATES), settled_at=stamp(LATER))
    assert intents.doubtful(db, "careers", ["a1"], ["career.update"], NOW) == {}
    set_where(db, everybodys("unknown", "applied"), code=intents.LOOKED)
    found = intents.doubtful(db, "careers", ["a1", "a2"], ["career.update"], NOW)
    assert {target: [row["key"] for row in rows] for target, rows in found.items()} == {
        "a1": mine("unknown", "applied"),
        "a2": [f"careers a2 career.update {state}" for state in ("unknown", "applied")],
    }
    assert intents.doubtful(db, "careers", ["a1"], ["career.update"], LATER) == {}


def test_what_is_written_again_and_again(db: Connection) -> None:
    """Law: targets with so many applied writes since then, and exactly these writes."""
    set_where(db, everybodys(*STATES), settled_at=stamp(LATER))
    asked = ("careers", ["a1", "a2"], ["career.update"])
    assert intents.written_often(db, *asked, NOW, times=2) == {}
    set_where(db, mine("superseded", "refused"), state="applied")
    found = intents.written_often(db, *asked, NOW, times=3)
    assert {target: [row["key"] for row in rows] for target, rows in found.items()} == {
        "a1": mine("applied", "refused", "superseded")
    }
    assert intents.written_often(db, *asked, NOW, times=4) == {}
    assert set(intents.written_often(db, *asked, NOW, times=1)) == {"a1", "a2"}
    assert intents.written_often(db, *asked, LATER, times=1) == {}


@pytest.mark.parametrize("count", [0, 1, 2])
def test_more_targets_than_one_statement_takes(db: Connection, count: int) -> None:
    """Law: however many targets are asked about, each answer is the same as alone."""
    size = len(next(iter(batches(f"z{n}" for n in range(100_000)))))
    many = [f"z{n}" for n in range(size * count)]
    asked = ("careers", [*many, "a1", *many], ["career.update"])
    assert intents.in_flight(db, *asked) == {"a1"}
    set_where(db, mine("refused"), weight=0, code=intents.LOOKED, settled_at=stamp(LATER))
    set_where(db, mine("applied"), settled_at=stamp(LATER))
    assert refused_first(db, *asked[1]) == {"a1"}
    assert [*intents.doubtful(db, *asked, NOW)] == [*intents.written_often(db, *asked, NOW, times=1)] == ["a1"]
    assert [*intents.on_their_way(db, *asked[:2], "career.update")] == ["a1"]
    before = all_of(db)
    intents.supersede(db, *asked)
    assert sorted(changes(db, before)) == sorted(mine("planned", "ready", "refused"))


# plans


def plan_states(db: Connection) -> dict[str, str]:
    """The state of every plan."""
    return {row["id"]: row["state"] for row in fetch(db, select(plan))}


def test_a_plan_whose_process_died(store: Store) -> None:
    """Law: the next plan of the same kind takes over what an open one planned, and drops that one; nothing else is touched."""
    with store.begin() as db:
        for id, state in (("all-1", "open"), ("all-2", "braked"), ("all-3", "open"), ("requests-1", "open"), ("all-4", "ready")):
            plans.put(db, a_plan(id, state))
            rows = [written(state=state, plan_id=id, key=f"{id} {state}") for state in STATES]
            intents.plan_writes(db, rows)
        assert plans.unfinished(db, "all")
        assert plans.unfinished(db, "requests")
        assert not plans.unfinished(db, "al")
        before = all_of(db)
        plans.carry_over(db, "all-3")
        assert changes(db, before) == {"all-1 planned": {"plan_id": "all-3"}}
        assert plan_states(db) == {
            "all-1": "dropped",
            "all-2": "braked",
            "all-3": "open",
            "requests-1": "open",
            "all-4": "ready",
        }
        set_where(db, ["all-1 planned", "all-3 planned"], state="ready")
        assert not plans.unfinished(db, "all")
        assert plans.unfinished(db, "requests")


def test_kinds_of_plans_in_two_words(db: Connection) -> None:
    """Law: a plan's kind is all of its name but the number at its end."""
    for id in ("first-load-1", "first-load-2", "first-1"):
        plans.put(db, a_plan(id))
    set_where(db, mine("planned"), plan_id="first-load-1")
    set_where(db, ["careers a2 career.update planned"], plan_id="first-1")
    before = all_of(db)
    plans.carry_over(db, "first-load-2")
    assert changes(db, before) == {mine("planned")[0]: {"plan_id": "first-load-2"}}
    assert plan_states(db) == {"p": "open", "first-load-1": "dropped", "first-load-2": "open", "first-1": "open"}


def test_a_plan_is_finished_and_found(db: Connection) -> None:
    """Law: digest and totals stand in the plan that they are of, and in no other."""
    plans.put(db, a_plan("q"))
    plans.finish(db, "p", digest="d", facts='{"n":1}')
    assert plans.get(db, "p") == {**a_plan("p"), "digest": "d", "facts": '{"n":1}'}
    assert plans.get(db, "q") == a_plan("q")
    assert plans.get(db, "r") is None


def test_what_a_plan_would_write(db: Connection) -> None:
    """Law: totals and digest are of its planned writes alone; the digest is of kind, target and payload, in their order."""
    set_where(db, everybodys("planned"), changes=2, blanks=1)
    set_where(db, everybodys("ready"), changes=50, blanks=50)
    assert plans.totals(db, "p") == {"career.update": (3, 6, 3), "career.note": (1, 2, 1)}
    assert plans.totals(db, "q") == {}
    digest = plans.digest(db, "p")
    set_where(db, everybodys("ready"), payload="{}", target="a5", plan_id="q")
    assert plans.digest(db, "p") == digest != plans.digest(db, "q")
    for column, value in (("payload", "{}"), ("target", "a5"), ("kind", "career.create"), ("state", "ready")):
        old = all_of(db)[mine("planned")[0]][column]
        set_where(db, mine("planned"), **{column: value})
        assert plans.digest(db, "p") != digest, column
        set_where(db, mine("planned"), **{column: old})
    assert plans.digest(db, "p") == digest
    set_where(db, mine("planned"), due_at=stamp(LATER))
    assert plans.digest(db, "p") == digest, "their order is that of planning, not of their moments"


def test_what_was_approved_before(db: Connection) -> None:
    """Law: the very same write of an approved plan, looked for and not found, was approved; any other was not."""
    plans.put(db, a_plan("q", "approved"))
    set_where(db, mine("planned"), changes=2, blanks=1)
    twin = {"state": "superseded", "code": intents.LOOKED, "plan_id": "q", "payload": all_of(db)[mine("planned")[0]]["payload"]}
    set_where(db, mine("superseded"), **twin)
    assert plans.approved_before(db, "p") == {"career.update": (1, 2, 1)}
    assert plans.approved_before(db, "q") == {}
    others = {
        "state": "applied",
        "code": "other",
        "plan_id": "p",
        "payload": "{}",
        "target": "a9",
        "kind": "career.create",
        "system": "elsewhere",
    }
    for column, other in others.items():
        before = all_of(db)[mine("superseded")[0]][column]
        set_where(db, mine("superseded"), **{column: other})
        assert plans.approved_before(db, "p") == {}, column
        set_where(db, mine("superseded"), **{column: before})
    set_where(db, mine("planned"), state="ready")
    assert plans.approved_before(db, "p") == {}


def test_the_digest_of_a_plan_stays_the_same_for_ever(db: Connection) -> None:
    """Law: a person approves a plan by its digest, across upgrades: it is the SHA-256 of one line for each write."""
    set_where(db, [f"{' '.join(place)} planned" for place in OTHERS], state="ready")
    set_where(db, mine("planned"), payload="{}")
    assert plans.digest(db, "p") == sha256(b"career.update|a1|{}\n").hexdigest()


@pytest.mark.parametrize("state", ["open", "braked", "ready", "approved", "dropped"])
def test_a_plan_is_released_once(db: Connection, state: str) -> None:
    """Law: an open or held plan is released, its planned writes alone; whoever comes after releases nothing."""
    db.execute(update(plan).values(state=state))
    plans.put(db, a_plan("q"))
    set_where(db, mine("planned"), plan_id="q")
    before = all_of(db)
    released = plans.release(db, "p", state="approved")
    others = [f"{' '.join(place)} planned" for place in OTHERS]
    if state in {"open", "braked"}:
        assert (released, plan_states(db)) == (3, {"p": "approved", "q": "open"})
        assert changes(db, before) == {key: {"state": "ready"} for key in others}
    else:
        assert (released, plan_states(db), changes(db, before)) == (0, {"p": state, "q": "open"}, {})


@pytest.mark.parametrize("state", ["open", "braked", "ready", "approved"])
def test_only_an_open_plan_is_held(db: Connection, state: str) -> None:
    """Law: a brake holds the open plan that it is about."""
    db.execute(update(plan).values(state=state))
    plans.put(db, a_plan("q"))
    plans.brake(db, "p")
    assert plan_states(db) == {"p": "braked" if state == "open" else state, "q": "open"}


def test_a_plan_is_dropped(db: Connection) -> None:
    """Law: its planned writes of these kinds are given up and told, the others go; what is no longer planned is left alone."""
    plans.put(db, a_plan("q", "braked"))
    db.execute(update(plan).values(state="braked"))
    set_where(db, ["careers a2 career.update planned"], plan_id="q")
    before = all_of(db)
    told = plans.drop(db, "p", ["career.update"])
    assert [row["key"] for row in told] == ["careers a1 career.update planned", "alumni a1 career.update planned"]
    assert changes(db, before) == {
        **{row["key"]: {"state": "superseded"} for row in told},
        "careers a1 career.note planned": {"state": "ready"},
    }
    assert plan_states(db) == {"p": "dropped", "q": "braked"}
    assert plans.drop(db, "p", ["career.update"]) == []


def test_a_plan_that_nobody_holds_is_not_dropped(db: Connection) -> None:
    """Law: only a held plan becomes a dropped one."""
    plans.drop(db, "p", ["career.update"])
    assert plan_states(db) == {"p": "open"}


# delivery


def test_what_is_due(db: Connection) -> None:
    """Law: ready and unknown writes are due, from their moment on."""
    kinds = {("career.update", "careers"), ("career.update", "alumni"), ("career.note", "careers")}
    assert sending.due(db, NOW) == kinds
    set_where(db, everybodys("ready", "unknown"), due_at=stamp(LATER))
    assert sending.due(db, NOW) == set()
    set_where(db, everybodys("unknown"), due_at=stamp(NOW))
    assert sending.due(db, NOW) == kinds
    set_where(db, everybodys("unknown"), state="sent")
    assert sending.due(db, NOW) == set()
    assert sending.due(db, LATER) == kinds


def test_what_is_taken_is_sent(db: Connection) -> None:
    """Law: it is marked before the wire is touched; the moment is that of its last real sending; nothing else is marked."""
    set_where(db, mine("unknown"), sent_at="then", attempts=4)
    before = all_of(db)
    rows = sending.take(db, ["career.update"], "careers", NOW, limit=10)
    assert [row["key"] for row in rows] == [
        *mine("ready", "unknown"),
        *(f"careers a2 career.update {s}" for s in ("ready", "unknown")),
    ]
    assert [row["state"] for row in rows] == ["ready", "unknown"] * 2, "what the caller sees is how it was"
    ready = {"state": "sent", "attempts": 1, "sent_at": stamp(NOW)}
    assert changes(db, before) == {
        **{f"careers {target} career.update ready": ready for target in ("a1", "a2")},
        "careers a1 career.update unknown": {"state": "sent", "attempts": 5},
        "careers a2 career.update unknown": {"state": "sent", "attempts": 1},
    }


@pytest.mark.parametrize("place", [("careers", "a1"), ("alumni", "a1"), ("careers", "a2")])
@pytest.mark.parametrize("marked", [True, False])
@pytest.mark.parametrize("weight", [0, 1])
@pytest.mark.parametrize("state", ["ready", "unknown"])
def test_whoever_was_read_is_judged_first(
    db: Connection, place: tuple[str, str], *, marked: bool, weight: int, state: str
) -> None:
    """Law: while the planner has to look at an account, what is ready for it waits; restrictions do not, nor what is unknown."""
    link_up(db, {place: marked})
    set_where(db, [key for key in all_of(db) if key not in mine(state)], state="applied")
    set_where(db, mine(state), weight=weight)
    waits = place == ("careers", "a1") and marked and weight > 0 and state == "ready"
    asked: dict[str, Any] = {"unjudged": ["career.update"]}
    assert (sending.due(db, NOW, **asked) == set()) is waits
    assert (sending.take(db, ["career.update"], "careers", NOW, limit=5, **asked) == []) is waits
    if waits:
        for others in ({"unjudged": ["career.note"]}, {}):
            assert sending.due(db, NOW, **others) == {("career.update", "careers")}
        assert sending.take(db, ["career.update"], "careers", NOW, limit=5) != []


def test_writes_are_taken_of_every_system_or_of_one(db: Connection) -> None:
    """Law: no system means all; the most urgent first, then the oldest; never more than asked for; only these kinds."""
    set_where(db, ["alumni a1 career.update unknown"], weight=0)
    rows = sending.take(db, ["career.update"], None, NOW, limit=3)
    assert [row["key"] for row in rows] == ["alumni a1 career.update unknown", *mine("ready", "unknown")]
    assert sending.take(db, ["career.create"], None, NOW, limit=3) == []
    assert [row["key"] for row in sending.take(db, ["career.note"], "careers", NOW, limit=1)] == ["careers a1 career.note ready"]


@pytest.mark.parametrize("kind", [*intents.QUESTIONS, "review.create"])
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("place", [("careers", "a1"), ("alumni", "a1"), ("careers", "a2")])
@pytest.mark.parametrize("field", ["Suggested_Values__c", "State__c", "SuggestedXValuesXXc"])
def test_a_question_goes_before_what_puts_back(store: Store, kind: str, state: str, place: tuple[str, str], field: str) -> None:
    """Law: what overwrites somebody's entry waits while the question about it is open or refused, and for no other.

    An update that only tells what became of a question is none.
    """
    with store.begin() as db:
        question = written(*place, kind, state=state, payload=pack({"fields": {field: "{}"}}))
        intents.plan_writes(db, [written(state="ready", puts_back=True), question])
        asks = kind == "suggestion.create" or (kind, field) == ("suggestion.update", "Suggested_Values__c")
        held = asks and place == ("careers", "a1") and state not in {"applied", "superseded"}
        assert (("career.update", "careers") in sending.due(db, NOW)) is not held
        assert bool(sending.take(db, ["career.update"], "careers", NOW, limit=5)) is not held


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("place", [("careers", "a1"), ("alumni", "a1"), ("careers", "a2")])
@pytest.mark.parametrize("puts_back", [True, False])
def test_other_changes_of_a_record_go_before_what_puts_back(
    store: Store, state: str, place: tuple[str, str], *, puts_back: bool
) -> None:
    """Law: what overwrites somebody's entry waits until the other changes of that very record have been sent."""
    with store.begin() as db:
        intents.plan_writes(
            db, [written(*place, state=state, puts_back=puts_back), written(state="ready", puts_back=True, key="back")]
        )
        waits = not puts_back and place == ("careers", "a1") and state in {"ready", "sent"}
        taken = [row["key"] for row in sending.take(db, ["career.update"], "careers", NOW, limit=5)]
        assert ("back" in taken) is not waits


def test_what_is_due_too_late_is_due_now(store: Store) -> None:
    """Law: no pause is longer than the latest moment, but for those that wait for something else; what is over stays over."""
    with store.begin() as db:
        late = [written(state=state, due_at=stamp(LATER)) for state in STATES]
        intents.plan_writes(db, [*late, written(target="p", state="ready", due_at=stamp(LATER), code="PATIENT")])
        assert sending.hasten(db, NOW, latest=LATER, patient=["PATIENT"]) == 0
        moved = sending.hasten(db, NOW, latest=LATER - timedelta(microseconds=1), patient=["PATIENT"])
        due = {(row["target"], row["state"]) for row in fetch(db, select(intent)) if row["due_at"] == stamp(NOW)}
        assert moved == len(intents.OPEN_STATES)
        assert due == {("a1", state) for state in intents.OPEN_STATES}


def test_an_outcome_is_recorded_once(db: Connection) -> None:
    """Law: only what is sent is settled, with its moment and what is known; whoever comes later changes nothing."""
    before = all_of(db)
    for state in STATES:
        sending.settle(db, id_of(db, mine(state)[0]), state="refused", now=LATER, code="C", detail="D", remedy="R")
    told = {"state": "refused", "settled_at": stamp(LATER), "code": "C", "detail": "D", "remedy": "R"}
    assert changes(db, before) == {mine("sent")[0]: told}


def test_many_outcomes_are_recorded_once(db: Connection) -> None:
    """Law: as one by one: only what is sent, only these."""
    before = all_of(db)
    sending.settle_applied(db, [id_of(db, key) for key in mine(*STATES)], code="C", now=LATER)
    assert changes(db, before) == {mine("sent")[0]: {"state": "applied", "settled_at": stamp(LATER), "code": "C"}}
    sending.settle_applied(db, [], code="C", now=LATER)


def test_writes_that_wait_for_their_outcome(db: Connection) -> None:
    """Law: of these writes, those that are sent; of others nothing is said."""
    ids = {state: id_of(db, mine(state)[0]) for state in STATES}
    assert sending.still_sent(db, ids.values()) == {ids["sent"]}
    assert sending.still_sent(db, [ids["ready"]]) == sending.still_sent(db, []) == set()


def test_not_now(db: Connection) -> None:
    """Law: only what is sent is put off; it is not settled by that."""
    before = all_of(db)
    for state in STATES:
        sending.postpone(db, id_of(db, mine(state)[0]), state="ready", due=LATER, code="C", detail="D")
    assert changes(db, before) == {mine("sent")[0]: {"state": "ready", "due_at": stamp(LATER), "code": "C", "detail": "D"}}


def test_what_a_reading_has_shown_is_taken_up(db: Connection) -> None:
    """Law: what waits of these writes is ``sent``, each an attempt more; when an unknown one was sent is not forgotten."""
    settled = ("planned", "sent", "applied", "refused", "superseded")
    set_where(db, mine("unknown"), sent_at="then")
    before = all_of(db)
    sending.take_these(db, [id_of(db, key) for key in mine("unknown", *settled)], LATER)
    assert changes(db, before) == {key: {"state": "sent", "attempts": 1} for key in mine("unknown")}


def test_what_is_on_its_way(db: Connection) -> None:
    """Law: unknown writes of this kind by target, oldest first."""
    set_where(db, mine("ready"), state="unknown")
    found = intents.on_their_way(db, "careers", ["a1", "a2"], "career.update")
    assert {target: [row["key"] for row in rows] for target, rows in found.items()} == {
        "a1": mine("ready", "unknown"),
        "a2": ["careers a2 career.update unknown"],
    }


def test_after_a_death(db: Connection) -> None:
    """Law: what was sent is unknown, and nothing else has changed."""
    before = all_of(db)
    assert sending.recover(db) == 4
    assert changes(db, before) == {key: {"state": "unknown"} for key in everybodys("sent")}
    assert sending.recover(db) == 0


@pytest.mark.parametrize("chosen", [None, "mine", "none"])
def test_refused_writes_are_tried_again(db: Connection, chosen: str | None) -> None:
    """Law: all refused ones, or the named ones among them; they are due now, and not settled."""
    set_where(db, everybodys(*STATES), settled_at="then")
    before = all_of(db)
    ids = None if chosen is None else [id_of(db, key) for key in (mine(*STATES) if chosen == "mine" else [])]
    wanted = {None: everybodys("refused"), "mine": mine("refused"), "none": []}[chosen]
    assert intents.retry(db, LATER, ids) == len(wanted)
    assert changes(db, before) == {key: {"state": "ready", "due_at": stamp(LATER), "settled_at": None} for key in wanted}


def test_a_person_is_forgotten(db: Connection) -> None:
    """Law: whatever was to be written about the account carries nothing; what was not done never will be."""
    set_where(db, everybodys(*STATES), detail="D", settle='{"a":1}')
    before = all_of(db)
    about = [f"careers a1 {kind} {state}" for kind in ("career.update", "career.note") for state in STATES]
    assert intents.erase(db, "careers", "a1") == len(about)
    blank = {"payload": "{}", "settle": "{}", "detail": None}
    kept = ("applied", "superseded")
    assert changes(db, before) == {key: blank if key.endswith(kept) else {**blank, "state": "superseded"} for key in about}


# looking


def test_counts(db: Connection) -> None:
    """Law: every write counts once, under its kind and state; those that are not settled are waiting."""
    assert intents.count(db) == {
        "career.update": dict.fromkeys(STATES, 3),
        "career.note": dict.fromkeys(STATES, 1),
    }
    assert intents.count_waiting(db) == 16


def test_the_last_write_with_a_key(db: Connection) -> None:
    """Law: the latest of this kind and key; none if there is none of both."""
    set_where(db, mine(*STATES), key="k")
    last = intents.last_with_key(db, "career.update", "k")
    assert last is not None
    assert last["state"] == STATES[-1]
    assert intents.last_with_key(db, "career.note", "k") is None
    assert intents.last_with_key(db, "career.update", "l") is None


def test_refused_writes_are_listed(db: Connection) -> None:
    """Law: the newest first, as many as asked for."""
    newest = [f"{' '.join(place)} refused" for place in reversed((MINE, *OTHERS))]
    assert [row["key"] for row in intents.refused(db)] == newest
    assert [row["key"] for row in intents.refused(db, limit=2)] == newest[:2]
    intents.plan_writes(db, [written(state="refused", key=f"n{n}") for n in range(60)])
    assert len(intents.refused(db)) == 50


def test_what_counts_for_the_day(db: Connection) -> None:
    """Law: writes of these kinds that wait to be sent, since whenever, or were sent within 24 hours, their outcome known or not.

    What is still being weighed does not count, nor what a person has approved, or what was sent before and has shown up now.
    """
    kind, both, later = ["career.update"], ["career.update", "career.note"], NOW + timedelta(days=1)
    set_where(db, everybodys(*STATES), settled_at=stamp(later), sent_at=stamp(NOW))
    assert intents.count_of_the_day(db, kind, NOW) == 3 * 4
    assert intents.count_of_the_day(db, both, NOW) == 4 * 4
    assert intents.count_of_the_day(db, kind, later - timedelta(seconds=1)) == 3 * 4
    assert intents.count_of_the_day(db, kind, later) == 3
    set_where(db, everybodys("applied", "sent", "unknown"), state="planned")
    assert intents.count_of_the_day(db, kind, NOW) == 3
    for state in ("open", "braked", "ready", "dropped", "approved"):
        db.execute(update(plan).values(state=state))
        assert intents.count_of_the_day(db, kind, NOW) == (0 if state == "approved" else 3)
