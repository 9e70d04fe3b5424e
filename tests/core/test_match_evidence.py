"""What prepared evidence and blocking keys promise."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.core.evidence import (
    LONGEST_LIST,
    Evidence,
    Prepared,
    blocking_keys,
    evidence_of,
    fold,
    prepare,
    query_keys,
    shortlist,
)
from connector.core.model import Value
from connector.core.nicknames import are_familiar, formal_names
from connector.core.rulebook import Slot

NAMES = st.lists(st.text(max_size=12), max_size=2).map(tuple)
EVIDENCE = st.builds(
    Evidence,
    record_id=st.just("r"),
    first=NAMES,
    middle=NAMES,
    last=NAMES,
    former_last=NAMES,
    emails=st.lists(st.sampled_from(["ana.lima@x.example", "A.Lima@x.example", "nonsense"]), max_size=2).map(tuple),
    phones=st.lists(st.sampled_from(["+44 20 7946 0018", "020 7946 0018", "12"]), max_size=2).map(tuple),
    birth_date=st.one_of(st.none(), st.dates().map(str), st.text(max_size=10)),
    postcode=st.one_of(st.none(), st.text(max_size=8)),
    class_year=st.one_of(st.none(), st.integers(1900, 2030)),
)


def test_what_stands_in_slots_becomes_evidence() -> None:
    """Law: every name ever had is gathered, the current one first; e-mails and phones too; empty slots are unknown."""
    slots: dict[Slot, Value] = dict.fromkeys(Slot) | {
        Slot.FIRST: "Zoë",
        Slot.PREFERRED: "Zo",
        Slot.LAST: "Núñez",
        Slot.FORMER_LAST: "Ortiz",
        Slot.EMAILS: ("z@p.example", "z@w.example"),
        Slot.PHONES: ("+34 911 234 567",),
        Slot.CLASS_YEAR: 2004,
        Slot.OCCUPATION: "Baker",
    }
    assert evidence_of("r1", slots) == Evidence(
        record_id="r1",
        first=("Zoë", "Zo"),
        last=("Núñez",),
        former_last=("Ortiz",),
        emails=("z@p.example", "z@w.example"),
        phones=("+34 911 234 567",),
        class_year=2004,
        occupation="Baker",
    )


@pytest.mark.parametrize(("stands", "year"), [("2004", 2004), (2004, 2004), ("class of 2004", None), ("", None), (None, None)])
def test_a_class_year_that_is_no_number_is_unknown(stands: Value, year: int | None) -> None:
    """Law: nothing is read into a class year."""
    assert evidence_of("r1", {Slot.CLASS_YEAR: stands}).class_year == year


@pytest.mark.parametrize(
    ("typed", "folded"),
    [("O\u2019Brien", "obrien"), ("Dũng", "dung"), ("Kļaviņa-Ozola", "klavina ozola"), ("  ", ""), ("Ольга", "olga")],
)
def test_folding_forgets_accents_scripts_and_punctuation(typed: str, folded: str) -> None:
    """Two spellings of one name fold to one text."""
    assert fold(typed) == folded


def test_titles_and_suffixes_are_no_names() -> None:
    """A title standing where the given name should be leaves the given name unknown, not different."""
    prepared = prepare(Evidence(record_id="r", first=("Dr.", "3rd"), last=("Vance Jr.",)))
    assert (prepared.given, prepared.last) == ((), ("vance",))


def test_a_phone_is_the_same_with_and_without_country_code() -> None:
    """National and international writing of one number share a key."""
    home, abroad = (prepare(Evidence(record_id=phone, phones=(phone,))) for phone in ("020 7946 0018", "+44 20 7946 0018"))
    assert blocking_keys(home) == blocking_keys(abroad) != frozenset()


@given(EVIDENCE)
def test_prepared_evidence_survives_its_json(evidence: Evidence) -> None:
    """What is stored is what comes back."""
    prepared = prepare(evidence)
    assert Prepared.from_json(prepared.to_json()) == prepared


@pytest.mark.parametrize("raw", [b"{}", b"[]", b"[1, 2]", b"not json"])
def test_foreign_json_is_refused(raw: bytes) -> None:
    """Something else than prepared evidence is a ValueError, never a half-filled person."""
    with pytest.raises(ValueError, match=r".+"):
        Prepared.from_json(raw)


@given(EVIDENCE)
def test_a_person_is_found_by_the_own_record(evidence: Evidence) -> None:
    """The query keys of a record contain all keys that the same record is indexed under."""
    prepared = prepare(evidence)
    assert blocking_keys(prepared) <= query_keys(prepared)


@given(EVIDENCE)
def test_keys_are_short_and_carry_no_readable_value(evidence: Evidence) -> None:
    """Keys fit an indexed column of 16 characters and are hexadecimal."""
    assert all(len(key) == 16 and int(key, 16) >= 0 for key in query_keys(prepare(evidence)))


SWAPPED = Evidence(record_id="s", first=("Kim",), last=("Minh",), class_year=2001)


@pytest.mark.parametrize(
    "other",
    [
        Evidence(record_id="o", first=("Minh",), last=("Kim",)),
        Evidence(record_id="o", first=("Kym",), last=("Mynh",), class_year=2002),
        Evidence(record_id="o", first=("K.",), last=("Minh",), class_year=2002),
    ],
)
def test_queries_reach_swapped_names_and_neighbouring_years(other: Evidence) -> None:
    """A query finds names the other way round, like-sounding names, and a class year that is one off."""
    assert query_keys(prepare(SWAPPED)) & blocking_keys(prepare(other))


def test_strangers_share_no_key() -> None:
    """People with nothing in common are never compared."""
    stranger = Evidence(record_id="o", first=("Olga",), last=("Petrova",), class_year=1980, postcode="10115")
    assert not query_keys(prepare(SWAPPED)) & blocking_keys(prepare(stranger))


def test_keys_are_the_same_in_every_process() -> None:
    """Keys stored by one process are found by another: they do not hang on the hash seed."""
    program = (
        "from connector.core.evidence import *; "
        "print(sorted(query_keys(prepare(Evidence(record_id='s', first=('Kim',), last=('Minh',), class_year=2001)))))"
    )
    root = Path(__file__).parents[2]
    printed = {
        subprocess.run(  # noqa: S603 - our own interpreter and program
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(root)},
            capture_output=True,
            check=True,
            text=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert printed == {str(sorted(query_keys(prepare(SWAPPED))))}


def test_the_shortlist_prefers_rare_keys_and_skips_endless_lists() -> None:
    """Who shares a rare key comes first; a key that too many share brings nobody."""
    hits = {
        "rare": ["c9"],
        "common": [f"c{number}" for number in range(30)],
        "endless": [f"d{number}" for number in range(LONGEST_LIST + 1)],
    }
    ids = shortlist(hits, population=1000, limit=10)
    assert (ids[0], len(ids)) == ("c9", 10)
    assert not [contact for contact in ids if contact.startswith("d")]


@given(st.permutations(["a", "b", "c", "d"]))
def test_the_shortlist_does_not_hang_on_row_order(ids: list[str]) -> None:
    """A store may give its rows in any order."""
    assert shortlist({"k": ids}, population=10) == ["a", "b", "c", "d"]


@settings(max_examples=50)
@given(st.sampled_from(["bill", "mary", "pepe", "sasha", "zzz"]), st.sampled_from(["william", "maria", "jose", "zzz"]))
def test_familiarity_is_mutual(left: str, right: str) -> None:
    """If one name may stand for the other, the other may stand for the one; every name stands for itself."""
    assert are_familiar(left, right) == are_familiar(right, left)
    assert left in formal_names(left)
    assert are_familiar(left, left)


def test_familiar_names_share_a_formal_one() -> None:
    """Bill is William and Billy, and not Mary."""
    assert are_familiar("bill", "william")
    assert are_familiar("bill", "billy")
    assert not are_familiar("bill", "mary")


def test_the_key_version_is_part_of_every_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys of another version never meet: a stale index finds nobody rather than somebody else."""
    before = blocking_keys(prepare(replace(SWAPPED)))
    monkeypatch.setattr("connector.core.evidence.KEYS_VERSION", "keys-0")
    assert not before & blocking_keys(prepare(SWAPPED))
