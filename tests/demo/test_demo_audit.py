"""The figures of the demo: counted, never guessed; unknown is null."""

from types import MappingProxyType

from demo.audit import Link, judge_links

RECORDS = MappingProxyType({"003A": "c1", "003B": "c2", "003C": "c3"})


def _link(account: str, contact: str | None = None, state: str = "linked") -> Link:
    return Link(account=account, state=state, contact=contact, leading=True)


def test_links_are_judged_by_the_truth() -> None:
    """Precision counts the automatic links, recall the pairs that exist in the CRM."""
    truth = {"k1": frozenset({"c1"}), "k2": frozenset({"c1"}), "k3": frozenset({"c3"}), "k4": frozenset[str]()}
    links = [_link("k1", "003A"), _link("k2", "003B"), _link("k3", state="review"), _link("k4", state="new")]
    judged = judge_links(links, RECORDS, truth)
    assert (judged.automatic, judged.review, judged.proposed_new) == (2, 1, 1)
    assert judged.precision == 1 / 2
    assert judged.recall == 1 / 3


def test_pairs_whose_contact_was_refused_are_no_pairs() -> None:
    """Who is not in the CRM cannot be linked, so recall does not count them."""
    judged = judge_links([_link("k1", "003A")], RECORDS, {"k1": frozenset({"c1"}), "k2": frozenset({"refused"})})
    assert judged.recall == 1.0


def test_without_truth_the_shares_are_unknown() -> None:
    """Nobody knows is null, not one and not zero."""
    judged = judge_links([_link("k1", "003A")], RECORDS, None)
    assert judged.automatic == 1
    assert judged.precision is None
    assert judged.recall is None


def test_nothing_linked_has_no_precision() -> None:
    """A share of nothing is unknown, too."""
    judged = judge_links([_link("k1", state="new")], RECORDS, {"k1": frozenset({"c1"})})
    assert judged.precision is None
    assert judged.recall == 0.0
