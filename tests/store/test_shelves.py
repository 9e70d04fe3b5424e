"""One suite for every database: guarded transitions, paging, the chained audit, upserts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, delete, update

from connector.core.model import Side
from connector.store import intents, journal, links, observations, plans, requests, reviews, sending, suggestions
from connector.store.store import Store, get_meta, next_name, set_meta, stamp
from connector.store.tables import audit, audit_value

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


def planned(plan_id: str = "p1", target: str = "a1", **more: Any) -> dict[str, Any]:
    """One planned write."""
    given: dict[str, Any] = {"kind": "career.update", "payload": {"fields": {"title": "x"}}, "changes": 1} | more
    return intents.row(plan_id=plan_id, system="careers", target=target, now=NOW, rules_hash="h", **given)


def new_plan(db: Connection, id: str = "p1") -> None:
    """A plan with nothing in it yet."""
    row = {"id": id, "at": stamp(NOW), "state": "open", "digest": "", "rules_hash": "h", "facts": "{}"}
    plans.put(db, row)


def test_a_plan_is_released_once(store: Store) -> None:
    """Who comes second releases nothing."""
    with store.begin() as db:
        new_plan(db)
        intents.plan_writes(db, [planned()])
        assert plans.release(db, "p1", state="ready") == 1
        assert plans.release(db, "p1", state="ready") == 0


def test_a_braked_plan_waits_for_approval(store: Store) -> None:
    """Law (I23): what a brake holds is not taken by anybody until a person has approved it."""
    with store.begin() as db:
        new_plan(db)
        intents.plan_writes(db, [planned()])
        plans.brake(db, "p1")
        assert sending.take(db, ["career.update"], "careers", NOW, limit=10) == []
        assert plans.release(db, "p1", state="approved") == 1
        assert len(sending.take(db, ["career.update"], "careers", NOW, limit=10)) == 1


def test_a_write_is_taken_once(store: Store) -> None:
    """A write that one process has taken is given to no other."""
    with store.begin() as db:
        new_plan(db)
        intents.plan_writes(db, [planned() | {"state": "ready"}])
    with store.begin() as db:
        assert len(sending.take(db, ["career.update"], "careers", NOW, limit=10)) == 1
    with store.begin() as db:
        assert sending.take(db, ["career.update"], "careers", NOW, limit=10) == []


def test_only_a_sent_write_is_settled(store: Store) -> None:
    """An outcome that arrives for a write which is no longer in flight changes nothing."""
    with store.begin() as db:
        intents.plan_writes(db, [planned() | {"state": "ready"}])
        taken = sending.take(db, ["career.update"], "careers", NOW, limit=10)[0]
        sending.settle(db, taken["id"], state="applied", now=NOW)
        sending.settle(db, taken["id"], state="refused", now=NOW)
        sending.postpone(db, taken["id"], state="ready", due=NOW, code="", detail="")
        assert intents.count(db) == {"career.update": {"applied": 1}}


def test_what_a_dead_process_sent_is_unknown_and_in_flight(store: Store) -> None:
    """After a death nothing is ``sent`` any more; the target counts as in flight until its outcome is known."""
    with store.begin() as db:
        intents.plan_writes(db, [planned() | {"state": "ready"}])
        sending.take(db, ["career.update"], "careers", NOW, limit=10)
    with store.begin() as db:
        assert sending.recover(db) == 1
        assert sending.recover(db) == 0
        assert intents.in_flight(db, "careers", ["a1", "a2"], ["career.update"]) == {"a1"}
        assert intents.count_waiting(db) == 1


def test_what_was_not_sent_is_superseded(store: Store) -> None:
    """New decisions replace planned and ready writes of their targets, never those in flight."""
    with store.begin() as db:
        intents.plan_writes(db, [planned(target=f"a{n}") | {"state": state} for n, state in enumerate(intents.OPEN_STATES)])
        intents.supersede(db, "careers", [f"a{n}" for n in range(4)], ["career.update"])
        assert intents.count(db) == {"career.update": {"superseded": 2, "sent": 1, "unknown": 1}}


def test_urgent_writes_are_taken_first_and_not_before_they_are_due(store: Store) -> None:
    """Weight decides the order; what is postponed waits for its moment."""
    with store.begin() as db:
        rows = [planned(target=f"w{weight}", weight=weight) | {"state": "ready"} for weight in (4, 0, 2)]
        later = planned(target="later", weight=0) | {"state": "ready", "due_at": stamp(NOW + timedelta(minutes=1))}
        intents.plan_writes(db, [*rows, later])
        taken = [row["target"] for row in sending.take(db, ["career.update"], "careers", NOW, limit=10)]
        assert taken == ["w0", "w2", "w4"]
        after = sending.take(db, ["career.update"], "careers", NOW + timedelta(minutes=2), limit=10)
        assert [row["target"] for row in after] == ["later"]


def test_a_plan_counts_and_hashes_what_it_would_write(store: Store) -> None:
    """Totals count records, values and values that become empty; the digest changes with any of the writes."""
    with store.begin() as db:
        for id in ("p1", "p2", "p3"):
            new_plan(db, id)
        intents.plan_writes(db, [planned(changes=2, blanks=1), planned(target="a2", changes=1)])
        intents.plan_writes(db, [planned("p2", changes=2, blanks=1), planned("p2", target="a2", changes=1)])
        intents.plan_writes(db, [planned("p3", payload={"fields": {"title": "y"}}), planned("p3", target="a2", changes=1)])
        assert plans.totals(db, "p1") == {"career.update": (2, 3, 1)}
        assert plans.digest(db, "p1") == plans.digest(db, "p2") != plans.digest(db, "p3")


def test_approved_plans_do_not_count_for_the_day(store: Store) -> None:
    """The 24-hour brake counts what was written within a day, not what a person approved, nor older writes."""
    with store.begin() as db:
        for id, state in (("p1", "ready"), ("p2", "approved")):
            new_plan(db, id)
            plans.release(db, id, state=state)
        ages = [("p1", 1), ("p1", 25), ("p2", 1)]
        rows = [planned(id, target=f"a{n}") | {"state": "ready"} for n, (id, _) in enumerate(ages)]
        intents.plan_writes(db, rows)
        taken = sending.take(db, ["career.update"], "careers", NOW, limit=10)
        for row, (_, hours) in zip(taken, ages, strict=True):
            sending.settle(db, row["id"], state="applied", now=NOW - timedelta(hours=hours))
        assert intents.count_of_the_day(db, ["career.update"], NOW) == 1


def test_the_audit_is_chained(store: Store) -> None:
    """Each row seals the one before; several appends make one chain."""
    with store.begin() as db:
        for number in range(3):
            journal.append(db, [("intent.applied", {"account": "a1", "n": number}, {"sent": number})], NOW)
        assert journal.verify(db) is None
        assert journal.count(db, "intent.applied") == 3


@pytest.mark.parametrize("tampering", ["change", "remove", "date"])
def test_tampering_with_the_audit_shows(store: Store, tampering: str) -> None:
    """A changed, removed or redated row is found, by its number (S43)."""
    with store.begin() as db:
        journal.append(db, [("intent.applied", {"account": "a1", "n": n}, None) for n in range(4)], NOW)
        match tampering:
            case "change":
                db.execute(update(audit).where(audit.c.seq == 2).values(refs='{"account":"a2","n":1}'))
            case "remove":
                db.execute(delete(audit).where(audit.c.seq == 2))
            case _:
                db.execute(update(audit).where(audit.c.seq == 2).values(at=stamp(NOW + timedelta(hours=1))))
        assert journal.verify(db) == (3 if tampering == "remove" else 2)


def test_a_person_is_erased_and_the_chain_stays_whole(store: Store) -> None:
    """Erasing takes one person's values, nobody else's, and breaks no chain."""
    with store.begin() as db:
        refs = [{"system": "careers", "account": account} for account in ("a1", "a2")]
        journal.append(db, [("intent.applied", one, {"sent": {"title": "Countess"}}) for one in refs], NOW)
        assert journal.erase(db, "careers", "a1") == 1
        assert [row.account_id for row in db.execute(audit_value.select())] == ["a2"]
        assert journal.about(db, "careers", "a1") == []
        assert journal.verify(db) is None


def test_links_are_paged_by_their_key(store: Store) -> None:
    """Paging through links meets each once, across systems and with any page size."""
    blank = {"contact_id": None, "profile_id": None, "state": "linked", "basis": None, "leading": True, "marked": True}
    keys = [(system, f"a{n}") for system in ("careers", "other") for n in range(7)]
    with store.begin() as db:
        rows = [{"system": system, "account_id": id, "decided_at": stamp(NOW)} for system, id in keys]
        links.put(db, [blank | row for row in rows])
        met, after = [], ("", "")
        while found := links.marked(db, after=after, limit=3):
            after = (found[-1]["system"], found[-1]["account_id"])
            met += [(row["system"], row["account_id"]) for row in found]
        assert met == sorted(keys)
        links.unmark(db, "careers", [f"a{n}" for n in range(7)])
        assert {row["system"] for row in links.marked(db)} == {"other"}


def test_a_cursor_remembers_that_everything_was_read(store: Store) -> None:
    """Moving a cursor on by changes does not forget that the feed was once read whole; reading anew does not either."""
    with store.begin() as db:
        observations.move_cursors(db, Side.CRM, "", {"Contact": "c1"}, now=NOW, whole=False)
        assert not observations.read_whole(db, Side.CRM, "", "Contact")
        observations.move_cursors(db, Side.CRM, "", {"Contact": "c2"}, now=NOW, whole=True)
        observations.move_cursors(db, Side.CRM, "", {"Contact": "c3"}, now=NOW, whole=False)
        assert observations.read_whole(db, Side.CRM, "", "Contact")
        assert observations.cursors(db, Side.CRM) == {"Contact": "c3"}


def test_an_open_suggestion_is_settled_once(store: Store) -> None:
    """The first answer to a suggestion counts; a later one finds nothing open."""
    row = dict.fromkeys(("crm_id", "settled_at", "reason", "reminded_at", "decided_by", "pressed"))
    head = {"key": "k1", "system": "careers", "account_id": "a1", "unit": "title", "kind": "Change", "episode": 1}
    with store.begin() as db:
        suggestions.put(db, [row | head | {"state": "open", "raised_at": stamp(NOW), "told": "open"}])
        suggestions.settle(db, "careers", "a1", "title", state="accepted", now=NOW)
        suggestions.settle(db, "careers", "a1", "title", state="rejected", now=NOW)
        assert suggestions.count(db) == {"accepted": 1}


def test_the_same_review_is_open_once(store: Store) -> None:
    """The same question is asked once, by whichever key; another question about the same account withdraws the open one."""
    with store.begin() as db:
        for key, kind in (
            ("k1", "Duplicate contacts"),
            ("k2", "Possible match"),
            ("k2", "Possible match"),
            ("k3", "Possible match"),
        ):
            reviews.open_for(db, "careers", "a1", key=key, kind=kind, candidates=["c1", "c2"], now=NOW)
        assert reviews.count(db) == {"Withdrawn": 1, "Open": 1}
        reviews.close_for(db, "careers", ["a1"], state="Decided", now=NOW, decision="c2")
        assert reviews.turned_down(db, "careers", ["a1"]) == {("a1", "c1")}


def test_a_request_key_is_unique(store: Store) -> None:
    """Two requests cannot share a key, not even by our own mistake."""
    columns = dict.fromkeys(("reason", "contact_id", "account_id", "owner_id", "crm_id", "task_id", "acknowledged", "offered"))
    columns |= dict.fromkeys(("asked", "outcome", "settled_at"))
    row = columns | {"system": "careers", "key": "k1", "payload_hash": "h", "type": "T", "state": "Queued"}
    row |= {"neutral": "received", "message": "", "number": "R-1", "received_at": stamp(NOW)}
    with store.begin() as db:
        requests.put(db, row | {"request_id": "r1"})
    with pytest.raises(Exception, match=r"(?i)unique"), store.begin() as db:
        requests.put(db, row | {"request_id": "r2"})


def test_names_are_never_given_twice(store: Store) -> None:
    """A name is new each time, whatever the clock says; a rolled back one was never given."""
    with store.begin() as db:
        assert [next_name(db, "plan"), next_name(db, "plan"), next_name(db, "run")] == ["plan-1", "plan-2", "run-1"]
    with store.engine.connect() as db:
        next_name(db, "plan")
        db.rollback()
    with store.begin() as db:
        assert next_name(db, "plan") == "plan-3"
        set_meta(db, "live_at", "then")
        set_meta(db, "live_at", None)
        assert get_meta(db, "live_at") is None
