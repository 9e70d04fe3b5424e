"""Scores, triage and resolution: hand-made cases that need no data, and laws that hold for any evidence."""

from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.evidence import Evidence, Prepared, prepare
from connector.core.likeness import compare
from connector.core.match import (
    Decision,
    Frequencies,
    Kind,
    Policy,
    Reason,
    Score,
    Weights,
    resolve,
    score,
    triage,
)

WEIGHTS = Weights.from_json((Path(__file__).parents[2] / "connector/core/weights/person-1.json").read_bytes())
POLICY = WEIGHTS.policy(population=20_000)

RUTH = Evidence(
    record_id="ruth",
    first=("Ruth",),
    middle=("Ada",),
    last=("Okafor",),
    emails=("family@okafor.example",),
    phones=("+12125550123",),
    birth_date="1984-03-09",
    city="Albany",
    postcode="12203",
    class_year=2006,
    major="Physics",
)


def decide(person: Evidence, *contacts: Evidence) -> Decision:
    """Score and triage one person among contacts, without blocking and frequencies."""
    prepared = prepare(person)
    return triage([(contact.record_id, score(prepared, prepare(contact), WEIGHTS)) for contact in contacts], POLICY)


def test_the_same_person_is_linked() -> None:
    """Name, birth date and place are enough; e-mail and telephone need not be known."""
    person = replace(RUTH, record_id="career", emails=(), phones=(), middle=("A",))
    assert decide(person, RUTH).contact == "ruth"


@pytest.mark.parametrize(
    "person",
    [
        replace(RUTH, first=("Ruthie",)),
        replace(RUTH, last=("Okafor-Lindgren",), former_last=("Okafor",)),
        replace(RUTH, first=("Ada",), middle=()),
        replace(RUTH, first=("Okafor",), last=("Ruth",)),
        replace(RUTH, last=("Okaofr",), birth_date="1984-09-03"),
        replace(RUTH, last=("Lindgren",)),
    ],
    ids=["familiar name", "former surname", "middle name", "swapped", "typo", "surname changed"],
)
def test_a_person_is_recognised_in_ordinary_variation(person: Evidence) -> None:
    """One field that varies as people's records do does not hide a person whose other evidence agrees."""
    assert decide(person, RUTH).contact == "ruth"


def test_an_email_alone_never_links() -> None:
    """The same address, and nothing else known or a first name as well, is no link."""
    only = Evidence(record_id="career", emails=RUTH.emails)
    assert decide(only, RUTH).kind is not Kind.AUTOMATIC
    assert decide(replace(only, first=RUTH.first), RUTH).kind is not Kind.AUTOMATIC


def test_a_household_member_is_not_linked() -> None:
    """Surname, address, e-mail and telephone are shared by families: another given name goes to a person."""
    husband = replace(RUTH, record_id="career", first=("Samuel",), middle=(), birth_date="1981-11-30", class_year=2003)
    assert decide(husband, RUTH).kind is not Kind.AUTOMATIC


def test_a_twin_is_not_linked_to_the_other() -> None:
    """Twins differ in the given name only: alone in the CRM the twin is for review, beside the right one no obstacle."""
    twin = replace(RUTH, record_id="twin", first=("Naomi",), middle=())
    assert decide(replace(twin, record_id="career"), RUTH).kind is Kind.REVIEW
    assert decide(replace(twin, record_id="career"), RUTH, twin).contact == "twin"


@pytest.mark.parametrize(("one", "other"), [("Mara", "Sara"), ("Daniel", "Daniela"), ("Paul", "Paula"), ("Eric", "Erica")])
def test_a_twin_of_nearly_the_same_name_is_not_linked_either(one: str, other: str) -> None:
    """Law: a name that is nearly the same is not enough where nothing agrees but what twins share."""
    contact = replace(RUTH, first=(one,), middle=(), major=None, emails=(f"{one}@okafor.example",))
    twin = replace(contact, record_id="career", first=(other,), emails=(f"{other}@okafor.example",), institution_id=None)
    assert decide(twin, contact).kind is Kind.REVIEW
    assert decide(replace(twin, emails=contact.emails), contact).kind is Kind.AUTOMATIC


def test_two_contacts_for_one_person_go_to_review() -> None:
    """CRM duplicates are shown together, neither is taken."""
    decision = decide(replace(RUTH, record_id="career"), RUTH, replace(RUTH, record_id="again", middle=()))
    assert (decision.kind, decision.reason) == (Kind.REVIEW, Reason.DUPLICATE_CONTACTS)
    assert set(decision.candidates) == {"ruth", "again"}


def test_a_stranger_is_new() -> None:
    """Nothing in common: a new contact is suggested."""
    stranger = Evidence(record_id="career", first=("Olga",), last=("Petrova",), birth_date="1970-01-02", city="Riga")
    assert decide(stranger, RUTH) == Decision(kind=Kind.NEW, reason=Reason.NOBODY)
    assert decide(stranger).kind is Kind.NEW


def test_a_common_name_says_less_than_a_rare_one() -> None:
    """With frequencies, agreement on a common surname weighs less, and the field's other evidence stays as it was."""
    others = [prepare(Evidence(record_id=str(number), last=("Smith",))) for number in range(500)]
    frequencies = Frequencies.count([*others, prepare(RUTH)])
    smith, ruth = prepare(replace(RUTH, last=("Smith",))), prepare(RUTH)
    common, rare = (score(person, person, WEIGHTS, frequencies).parts for person in (smith, ruth))
    assert common["last"] < rare["last"] - 5
    assert common["birth"] == rare["birth"]


def test_frequencies_survive_their_json() -> None:
    """What is stored is what comes back, and says the same."""
    frequencies = Frequencies.count([prepare(RUTH), prepare(replace(RUTH, first=("Rita",)))])
    again = Frequencies.from_json(frequencies.to_json())
    assert again == frequencies
    assert again.share("last", "okafor") == 1.0
    assert again.share("given", "rita") == 0.5
    with pytest.raises(ValueError, match="frequencies"):
        Frequencies.from_json(b"[]")


class TestInstitutionId:
    """The institution's own id goes first."""

    RUTH_WITH_ID = replace(RUTH, institution_id="U-0017")

    def test_it_links_across_a_changed_surname(self) -> None:
        """Equal ids link without further evidence, if nothing speaks against it."""
        person = Evidence(record_id="career", institution_id="u0017", first=("Ruth",), last=("Lindgren",))
        decision = decide(person, self.RUTH_WITH_ID)
        assert (decision.contact, decision.reason) == ("ruth", Reason.INSTITUTION_ID)

    def test_an_account_that_moved_goes_to_review(self) -> None:
        """Another birth date and another name behind the same id: the account was given to somebody else."""
        person = replace(self.RUTH_WITH_ID, first=("Ivan",), last=("Petrov",), birth_date="1999-12-01")
        decision = decide(person, self.RUTH_WITH_ID)
        assert (decision.kind, decision.reason) == (Kind.REVIEW, Reason.ACCOUNT_MOVED)

    def test_another_id_is_never_linked(self) -> None:
        """Different ids contradict even perfect evidence."""
        decision = decide(replace(self.RUTH_WITH_ID, institution_id="U-9999"), self.RUTH_WITH_ID)
        assert (decision.kind, decision.reason) == (Kind.REVIEW, Reason.OTHER_INSTITUTION_ID)

    def test_one_id_on_two_contacts_goes_to_review(self) -> None:
        """An id that the CRM gave twice decides nothing."""
        decision = decide(self.RUTH_WITH_ID, self.RUTH_WITH_ID, replace(self.RUTH_WITH_ID, record_id="again"))
        assert (decision.kind, decision.reason) == (Kind.REVIEW, Reason.DUPLICATE_CONTACTS)


def claim(contact: str, weight: float, reason: Reason = Reason.EVIDENCE) -> Decision:
    """An automatic link as triage gives it."""
    return Decision(kind=Kind.AUTOMATIC, reason=reason, contact=contact, candidates=(contact,), weight=weight)


class TestResolve:
    """No contact silently gets two accounts of one system."""

    def test_the_clear_leader_keeps_its_link(self) -> None:
        """One account leads by the margin: it is linked, the other is a second account for review."""
        resolved = resolve({"a": claim("c", 50), "b": claim("c", 30)}, taken={}, margin=5)
        assert resolved["a"].contact == "c"
        assert (resolved["b"].kind, resolved["b"].reason) == (Kind.REVIEW, Reason.SECOND_ACCOUNT)
        assert resolved["b"].candidates == ("c",)

    def test_without_a_leader_all_go_to_review(self) -> None:
        """Two equally strong claims: a person chooses the primary one."""
        resolved = resolve({"a": claim("c", 50), "b": claim("c", 49)}, taken={}, margin=5)
        assert {made.kind for made in resolved.values()} == {Kind.REVIEW}

    def test_the_institution_id_outranks_evidence(self) -> None:
        """Who is named by the id is the primary account."""
        resolved = resolve({"a": claim("c", 50), "b": claim("c", 9, Reason.INSTITUTION_ID)}, taken={}, margin=5)
        assert (resolved["a"].contact, resolved["b"].contact) == (None, "c")

    def test_a_linked_contact_is_taken(self) -> None:
        """A link made before stays; its own account may claim it again."""
        resolved = resolve({"a": claim("c", 99), "b": claim("d", 9)}, taken={"c": "old", "d": "b"}, margin=5)
        assert (resolved["a"].kind, resolved["b"].contact) == (Kind.REVIEW, "d")

    @given(
        st.dictionaries(st.text(max_size=3), st.builds(claim, st.sampled_from("xyz"), st.floats(0, 99)), max_size=6),
        st.dictionaries(st.sampled_from("xyz"), st.text(max_size=3), max_size=3),
    )
    def test_no_contact_gets_two_accounts(self, batch: dict[str, Decision], taken: dict[str, str]) -> None:
        """Whatever is claimed: at most one link a contact, none against an earlier one, and nobody is dropped."""
        resolved = resolve(batch, taken=taken, margin=5)
        links = [(made.contact, account) for account, made in resolved.items() if made.contact]
        assert len({contact for contact, _ in links}) == len(links)
        assert all(taken.get(str(contact), account) == account for contact, account in links)
        assert resolved.keys() == batch.keys()
        assert resolve(resolved, taken=taken, margin=5) == resolved


WORDS = st.sampled_from(["ann", "anna", "a", "maria sophia", "bill", "william", "smith", "smyth", "de la cruz", "cruz", "o"])
TUPLES = st.lists(WORDS, max_size=2, unique=True).map(tuple)
PEOPLE = st.builds(
    Prepared,
    record_id=st.just("r"),
    institution_id=st.sampled_from(["", "1", "2"]),
    given=TUPLES,
    middle=TUPLES,
    last=TUPLES,
    emails=st.sampled_from([(), ("anna.smith@x.example",), ("anna.smith@y.example",)]),
    phones=st.sampled_from([(), ("123456789",), ("987654321",)]),
    birth=st.sampled_from(["", "19840309", "19840903", "19850309", "19840310", "20010101"]),
    city=st.sampled_from(["", "albany", "riga"]),
    postcode=st.sampled_from(["", "12203", "12208", "1010"]),
    class_year=st.sampled_from([0, 2005, 2006]),
    major=st.sampled_from(["", "physics", "applied physics", "law"]),
)
UNNAMED = PEOPLE.map(lambda person: replace(person, institution_id=""))


@given(PEOPLE, PEOPLE)
def test_scores_are_symmetric(left: Prepared, right: Prepared) -> None:
    """It does not matter which of two people is asked about."""
    assert compare(left, right) == compare(right, left)
    assert score(left, right, WEIGHTS) == score(right, left, WEIGHTS)


@given(PEOPLE, PEOPLE)
def test_a_score_is_the_sum_of_its_parts(left: Prepared, right: Prepared) -> None:
    """The explanation adds up, and fields that one side does not know are not in it."""
    scored = score(left, right, WEIGHTS)
    assert scored.weight == sum(scored.parts.values())
    assert scored.parts.keys() == {field for field, level in scored.levels.items() if level != "missing"}


@given(PEOPLE, PEOPLE)
def test_agreement_never_lowers_a_score(left: Prepared, right: Prepared) -> None:
    """A shared e-mail, telephone or birth date weighs at least as much as not knowing it."""
    unknown = score(replace(left, emails=(), phones=(), birth=""), right, WEIGHTS).weight
    for agreed in (
        score(replace(left, emails=("x@y.example",), phones=(), birth=""), replace(right, emails=("x@y.example",)), WEIGHTS),
        score(replace(left, emails=(), phones=("555123456",), birth=""), replace(right, phones=("555123456",)), WEIGHTS),
        score(replace(left, emails=(), phones=(), birth="19700102"), replace(right, birth="19700102"), WEIGHTS),
    ):
        assert agreed.weight > unknown


@given(UNNAMED, st.lists(UNNAMED, max_size=4), st.permutations(range(4)))
def test_triage_is_total_and_blind_to_order(person: Prepared, contacts: list[Prepared], order: list[int]) -> None:
    """Any candidates in any order get one and the same answer, which is well formed."""
    scored = [(f"c{number}", score(person, contact, WEIGHTS)) for number, contact in enumerate(contacts)]
    shuffled = [scored[place] for place in order if place < len(scored)]
    decision = triage(scored, POLICY)
    assert triage(shuffled, POLICY) == decision
    assert (decision.contact is not None) == (decision.kind is Kind.AUTOMATIC)
    assert set(decision.candidates) <= {contact for contact, _ in scored}
    assert bool(decision.candidates) == (decision.kind is not Kind.NEW)


@given(UNNAMED, UNNAMED, st.floats(-50, 200))
def test_no_weight_links_against_the_name_or_on_reachability_alone(person: Prepared, contact: Prepared, weight: float) -> None:
    """However high the weight: without an agreeing given name, or with e-mail and telephone only, nothing is linked."""
    scored = replace(score(person, contact, WEIGHTS), weight=weight)
    levels = scored.levels
    apart = levels["given"] in {"missing", "different", "similar"}
    others = ("last", "middle", "birth", "place", "class_year", "major")
    only_reachable = all(levels[field] in {"missing", "different"} for field in others)
    if apart or only_reachable:
        assert triage([("c", scored)], POLICY).kind is not Kind.AUTOMATIC


@given(UNNAMED, st.lists(UNNAMED, min_size=1, max_size=3), st.floats(0.1, 50))
def test_more_evidence_for_the_linked_contact_keeps_the_link(person: Prepared, contacts: list[Prepared], more: float) -> None:
    """An automatic link stays one if its contact scores higher still."""
    scored = {f"c{number}": score(person, contact, WEIGHTS) for number, contact in enumerate(contacts)}
    decision = triage(list(scored.items()), POLICY)
    if decision.contact is not None:
        best = scored[decision.contact]
        scored[decision.contact] = replace(best, weight=best.weight + more)
        assert triage(list(scored.items()), POLICY).contact == decision.contact


@given(UNNAMED, UNNAMED, st.integers(1, 20))
def test_more_contacts_ask_for_more_evidence(person: Prepared, contact: Prepared, doublings: int) -> None:
    """What is not linked among few contacts is not linked among many."""
    candidates = [("c", score(person, contact, WEIGHTS))]
    few, many = WEIGHTS.policy(population=1000), WEIGHTS.policy(population=1000 * 2**doublings)
    assert many.prior > few.prior
    if triage(candidates, few).kind is not Kind.AUTOMATIC:
        assert triage(candidates, many).kind is not Kind.AUTOMATIC


def test_the_cut_is_exact() -> None:
    """The weight at the cut links, anything below goes to a person, and below the lower cut nobody is shown."""
    policy = Policy(automatic=4, margin=5, review=-4, match_rate=1, population=1024)
    levels = score(prepare(RUTH), prepare(RUTH), WEIGHTS).levels
    kinds = [triage([("c", Score(weight=weight, parts={}, levels=levels))], policy).kind for weight in (14.0, 13.9, 6.0, 5.9)]
    assert kinds == [Kind.AUTOMATIC, Kind.REVIEW, Kind.REVIEW, Kind.NEW]


@pytest.mark.parametrize(
    "change",
    [
        {"levels": {"last": {"exact": {"m": 0.0, "u": 0.1}}}},
        {"levels": {"last": {"exact": {"m": 0.5}}}},
        {"cuts": {"automatic": 1.0}},
        {"levels": None},
    ],
)
def test_a_wrong_weights_file_is_refused(change: dict[str, object]) -> None:
    """A probability outside (0, 1], a missing number or cut is a ValueError that says it is the weights file."""
    file = {"version": "w", "levels": {}, "cuts": dict(WEIGHTS.cuts)} | change
    with pytest.raises(ValueError, match="weights file"):
        Weights.from_json(orjson.dumps(file))
