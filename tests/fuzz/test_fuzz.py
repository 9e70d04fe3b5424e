"""What reads what others wrote meets everything: every input of the corpora, and such as are a little wrong."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz import harness
from tests.fuzz.harness import Hang, Target, bounded, corpus
from tests.fuzz.mutation import mutated, shortened
from tests.fuzz.targets import TARGETS

names = pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)


@names
def test_the_corpus_is_harmless(target: Target) -> None:
    """Law: what was ever found is harmless: no foreign exception, no second of the processor, bounded memory (S15, S21, S22)."""
    assert corpus(target), "nothing to begin with"
    for seed in corpus(target):
        target(seed)


@names
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_what_is_a_little_wrong_is_harmless(target: Target, data: st.DataObject) -> None:
    """Law: an input made of a good one by wrong, hostile, missing or repeated words is taken or refused as the contract says."""
    chance = data.draw(st.randoms(use_true_random=False))
    target(mutated(chance.choice(corpus(target)), chance.randrange))


def test_what_costs_too_much_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law: an input that keeps the processor busy, or takes memory, is a finding, whatever the product catches."""

    def busy() -> None:
        while True:
            with suppress(Exception):
                sum(range(1000))

    with pytest.raises(Hang, match="processor"), bounded():
        busy()
    # To touch as much as a target may take keeps a busy machine's processor for longer than a target may.
    monkeypatch.setattr(harness, "MEGABYTES", 32)
    with pytest.raises(Hang, match="memory"), bounded():
        bytearray(60_000_000)[::4096] = b"1" * len(range(0, 60_000_000, 4096))


def test_findings_are_shortened() -> None:
    """Law: of a finding only the words are left that it takes."""
    assert (
        shortened(b'{"a": 1, "bad": [2, "worse"], "c": 3}', lambda data: b'"bad"' in data and b'"worse"' in data)
        == b'"bad""worse"'
    )
