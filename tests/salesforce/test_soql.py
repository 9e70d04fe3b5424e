"""The closed query builder, judged by a tokenizer that shares nothing with it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import Bug
from connector.salesforce import soql
from tests.salesforce.tokens import tokens


@given(st.text(max_size=80).filter(lambda text: "\x00" not in text), st.text(alphabet="'\\\"nr\n ()=%_", max_size=30))
def test_data_stays_data(one: str, other: str) -> None:
    """Whatever the values, the query has exactly these two literals and the same words around them (B24, S15)."""
    query = soql.select(
        ["Id"],
        "Contact",
        where=soql.both(soql.equals("LastName", soql.text(one)), soql.within("FirstName", [soql.text(other)])),
        limit=5,
    )
    found = tokens(query.text)
    assert [value for kind, value in found if kind == "text"] == [one, other]
    words = [value for kind, value in found if kind == "word"]
    assert words == [
        "SELECT",
        "Id",
        "FROM",
        "Contact",
        "WHERE",
        "(LastName",
        "=",
        ")",
        "AND",
        "(FirstName",
        "IN",
        "(",
        "))",
        "LIMIT",
        "5",
    ]


@given(st.text(max_size=60))
def test_names_are_names(value: str) -> None:
    """A text either is an API name, letters, digits, underline and dots only, or no query comes of it (S15)."""
    try:
        query = soql.select([value], "Contact")
    except Bug:
        return
    assert query.text.split(" ") == ["SELECT", value, "FROM", "Contact"]
    assert all(letter.isascii() and (letter.isalnum() or letter in "_.") for letter in value)


@pytest.mark.parametrize(
    "value", ["", "Id, (SELECT Id FROM Users)", "Id FROM User --", "1Id", "A.", ".A", "Nam\u0435", "Id\n", "a" * 81, None]
)
def test_what_is_no_name(value: str) -> None:
    """Lists, subqueries, comments, look-alike letters and empty names are refused (B24)."""
    with pytest.raises((Bug, TypeError)):
        soql.select([value], "Contact")


@pytest.mark.parametrize("value", ["", "003", "003' OR Id != '", "003xx00000000000", "003xx000000000\n", "00\uff13xx0000000000"])
def test_what_is_no_id(value: str) -> None:
    """Only 15 or 18 letters and digits are an id (S15)."""
    with pytest.raises(Bug):
        soql.record_id(value)


@pytest.mark.parametrize("value", ["a\x00b", "a\ud800", "\udfffa", "a" * 4001])
def test_what_cannot_stand_in_a_query(value: str) -> None:
    """A NUL, half a character and an endless text are refused before anything is sent (B32, B33)."""
    with pytest.raises(Bug):
        soql.text(value)


def test_moments_are_aware_and_in_utc() -> None:
    """A moment is written in UTC to the second; a naive one is refused, never guessed."""
    value = datetime(2026, 11, 2, 10, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=1)))
    assert soql.moment(value).soql == "2026-11-02T09:00:00Z"
    with pytest.raises(Bug):
        soql.moment(value.replace(tzinfo=None))


def test_limits_of_literals() -> None:
    """A list is never empty and a text never longer than Salesforce takes."""
    with pytest.raises(Bug):
        soql.within("Id", [])
    with pytest.raises(Bug):
        soql.text("a" * 4001)


def test_whole_query() -> None:
    """Conditions nest with their parentheses, fields appear once, order and limit come last."""
    stamp = soql.moment(datetime(2026, 11, 2, tzinfo=UTC))
    same = soql.both(soql.equals("SystemModstamp", stamp), soql.after("Id", soql.record_id("003000000000001AAA")))
    query = soql.select(
        ["Id", "Name", "Id"],
        "Contact",
        where=soql.either(same, soql.after("SystemModstamp", stamp)),
        order=["SystemModstamp", "Id"],
        limit=2000,
    )
    assert query.text == (
        "SELECT Id, Name FROM Contact WHERE "
        "((SystemModstamp = 2026-11-02T00:00:00Z) AND (Id > '003000000000001AAA')) OR (SystemModstamp > 2026-11-02T00:00:00Z) "
        "ORDER BY SystemModstamp, Id LIMIT 2000"
    )
    assert soql.truth(value=True).soql == "true"
    assert soql.number(3).soql == "3"
