"""Keys, and which mapping holds for whom."""

from __future__ import annotations

import re
from dataclasses import replace
from hashlib import sha256
from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from connector.core.rulebook import Persons
from connector.engine.context import key_of, requests_side, sides
from tests.engine.university import University

part = st.text(alphabet=st.characters(exclude_characters="|", exclude_categories=["Cs"])) | st.integers()


def test_a_key_is_the_same_for_ever() -> None:
    """Law: a key that Salesforce holds is found again by every later version: forty digits of the SHA-256 of its parts."""
    assert key_of("careers", "r1") == sha256(b"careers|r1").hexdigest()[:40] == "1a1eb2b4e9feb599785dc26d1d1b5d915e5da7b0"
    assert key_of() == sha256(b"").hexdigest()[:40]
    assert key_of("é", 5, None) == sha256("é|5|None".encode()).hexdigest()[:40]


@given(st.lists(part, min_size=1, max_size=4), st.lists(part, min_size=1, max_size=4))
def test_different_things_have_different_keys(one: list[str | int], other: list[str | int]) -> None:
    """Law (I12): a key says which parts it is of, in their order, and shows none of them."""
    assert re.fullmatch(r"[0-9a-f]{40}", key_of(*one))
    assert (key_of(*one) == key_of(*other)) == ([*map(str, one)] == [*map(str, other)])


def test_each_school_may_have_its_own_mapping(new: University) -> None:
    """Law: a career system with a mapping of its own goes by it, every other by the usual one, which also holds for contacts."""
    usual = new.ctx.persons.usual
    own = replace(usual)
    ctx = replace(new.ctx, persons=Persons(usual=usual, own={"law": own}))
    assert (ctx.rules("law") is own, ctx.rules("careers") is usual, ctx.person is usual) == (True, True, True)


def test_requests_that_travel_apart_are_a_side_of_their_own(new: University) -> None:
    """Law: Salesforce comes first, then each career system, and its requests behind it where another service carries them."""

    def system(*, elsewhere: bool) -> Any:
        return SimpleNamespace(capabilities=SimpleNamespace(requests_elsewhere=elsewhere))

    ctx = replace(new.ctx, careers={"law": system(elsewhere=False), "arts": system(elsewhere=True)})
    assert sides(ctx) == ["crm", "law", "arts", "arts:requests"]
    assert (requests_side(ctx, "law"), requests_side(ctx, "arts")) == ("law", "arts:requests")
