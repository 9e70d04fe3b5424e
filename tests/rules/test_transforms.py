"""Transforms: what is read, what is refused, and that nothing is lost on the way back."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import SUPPORTED_REGIONS

from connector.core.model import Native, Side, Transform, Value
from connector.rules.countries import country_code, country_name
from connector.rules.texts import clean, one_line
from connector.rules.transforms import REGISTER, build, judge_email, judge_phone

WORDS: Mapping[str, Mapping[Side, str]] = {
    "available": {Side.CRM: "Available", Side.CAREER: "available"},
    "on hold": {Side.CRM: "Paused", Side.CAREER: "ON_HOLD"},
}
SPECS: tuple[tuple[str, dict[str, Any], bool], ...] = (
    ("text", {}, False),
    ("text", {"collapse": False}, False),
    ("lower", {}, False),
    ("upper", {}, False),
    ("code", {}, False),
    ("email", {}, False),
    ("phone", {"region": "US"}, False),
    ("phone", {}, False),
    ("date", {}, False),
    ("integer", {}, False),
    ("integer", {"as": "text"}, False),
    ("year", {}, False),
    ("year", {"as": "text"}, False),
    ("boolean", {}, False),
    ("boolean", {"invert": True}, False),
    ("boolean", {"yes": "Yes", "no": "No"}, False),
    ("boolean", {"yes": "J", "no": "N", "invert": True}, False),
    ("picklist", {}, True),
    ("multi", {}, False),
    ("multi", {}, True),
    ("country", {"as": "name"}, False),
    ("country", {"as": "code"}, False),
    ("url", {}, False),
    ("linkedin", {}, False),
)
ALMOST = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.lists(st.one_of(st.text(), st.none(), st.integers()), max_size=4),
    st.emails(),
    st.dates().map(str),
    st.integers(1, 9_999_999_999).map(lambda number: f"+1 {number}"),
    st.tuples(st.integers(200, 999), st.integers(200, 999), st.integers(0, 9999), st.integers(1, 999)).map(
        lambda parts: f"({parts[0]}) {parts[1]}-{parts[2]:04} ext {parts[3]}"
    ),
    st.text(min_size=1).map(lambda slug: f"https://www.linkedin.com/in/{slug}"),
    st.text(min_size=1).map(lambda path: f"example.org/{path}"),
    st.sampled_from(["Available", "ON_HOLD", "available;Paused", "Yes", "no", "J", "Germany", "US", "1999", "2024-02-29"]),
    st.sampled_from(sorted(SUPPORTED_REGIONS)),
)


def made(name: str, options: Mapping[str, Any] | None = None, *, side: Side = Side.CRM, listed: bool = False) -> Any:
    """A transform, with the example picklist if asked for."""
    return build(name, options or {}, side=side, words=WORDS if listed else None)


def reading(transform: Transform, native: Native) -> tuple[Value, str | None]:
    """The value, or the reason why there is none."""
    try:
        return transform.read(native), None
    except ValueError as error:
        return None, str(error)


def test_a_transform_says_how_it_was_set() -> None:
    """Law: two transforms that read differently are told apart by what they say of themselves (S24)."""
    told = [(name, made(name, options, side=side, listed=listed).options) for side in Side for name, options, listed in SPECS]
    assert ("boolean", ("invert = true", 'no = "N"', 'yes = "J"')) in told
    assert ("picklist", ('available = "available"', 'on hold = "ON_HOLD"')) in told
    assert len(set(told)) == len(SPECS) + sum(listed for _, _, listed in SPECS)


def test_the_whole_register_is_under_test() -> None:
    """Law: a transform that is added to the register is added to these tests."""
    assert {name for name, _, _ in SPECS} == set(REGISTER)


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize(("name", "options", "listed"), SPECS, ids=lambda part: str(part) if part != {} else "plain")
@given(native=ALMOST)
def test_reading_is_total_and_round_trips(name: str, options: dict[str, Any], listed: bool, side: Side, native: Native) -> None:  # noqa: FBT001 - a parameter of the table
    """Law: whatever comes in, a value or ``ValueError`` comes out; and what was read is written so that it is read the same."""
    transform = made(name, options, side=side, listed=listed)
    value, reason = reading(transform, native)
    if reason is not None:
        shown = native if isinstance(native, str) else ""
        assert len(shown) < 9 or shown not in reason, "a reason must not repeat the value"
        return
    assert value is None or isinstance(value, (str, int, bool, tuple))
    assert transform.read(transform.write(value)) == value


@pytest.mark.parametrize(("name", "options", "listed"), SPECS, ids=lambda part: str(part) if part != {} else "plain")
@pytest.mark.parametrize("empty", [None, "", " ", "\u00a0\u200b\n\ufeff"])
def test_nothing_is_none(name: str, options: dict[str, Any], listed: bool, empty: Native) -> None:  # noqa: FBT001 - a parameter of the table
    """Law: null, empty and blank texts all mean: known to be empty (B31)."""
    assert made(name, options, listed=listed).read(empty) is None


@pytest.mark.parametrize(("name", "options", "listed"), SPECS, ids=lambda part: str(part) if part != {} else "plain")
@pytest.mark.parametrize("poison", ["a\x00b", "\ud800", {"a": 1}, object()])
def test_poison_is_refused(name: str, options: dict[str, Any], listed: bool, poison: Native) -> None:  # noqa: FBT001 - a parameter of the table
    """Law: NUL, lone surrogates and foreign shapes never become values: a database would choke on them later (B32, B33)."""
    with pytest.raises(ValueError, match=r"^[a-z]"):
        made(name, options, listed=listed).read(poison)


@pytest.mark.parametrize(
    ("name", "options", "native", "value"),
    [
        ("text", {}, "  Zoe\u0308  de\n Vries ", "Zo\u00eb de Vries"),
        ("text", {"collapse": False}, " 1 Main St\r\nApt 2 ", "1 Main St\nApt 2"),
        ("code", {}, " ab 12-c ", "AB12-C"),
        ("upper", {}, "sw1a 1aa", "SW1A 1AA"),
        ("email", {}, " Ada.Lovelace+x@Example.ORG ", "ada.lovelace+x@example.org"),
        ("email", {}, "jos\u00e9@b\u00fccher.example.com", "jos\u00e9@b\u00fccher.example.com"),
        ("phone", {"region": "US"}, "(212) 555-0123", "+12125550123"),
        ("phone", {"region": "US"}, "+49 30 901820 ext. 7", "+4930901820 ext. 7"),
        ("date", {}, "2024-02-29", "2024-02-29"),
        ("date", {}, "2024-02-29T00:00:00.000Z", "2024-02-29"),
        ("integer", {}, 3.0, 3),
        ("integer", {}, "007", 7),
        ("year", {"as": "text"}, "1999", 1999),
        ("boolean", {}, False, False),
        ("boolean", {"invert": True}, False, True),
        ("boolean", {"yes": "Yes", "no": "No"}, "no", False),
        ("boolean", {"yes": "Yes", "no": "No"}, True, True),
        ("multi", {}, "b; a;;b", ("a", "b")),
        ("multi", {}, ["b", " a "], ("a", "b")),
        ("multi", {}, [], None),
        ("country", {}, "Deutschland", "DE"),
        ("country", {}, "u.s.a.", "US"),
        ("country", {}, "C\u00f4te d\u2019Ivoire", "CI"),
        ("linkedin", {}, "uk.linkedin.com/in/Ada-L/?trk=x", "https://www.linkedin.com/in/ada-l"),
        ("linkedin", {}, "https://www.linkedin.com/in/jos%C3%A9", "https://www.linkedin.com/in/jos%C3%A9"),
        ("url", {}, "HTTP://Example.org/a/?q=1#top", "https://example.org/a?q=1"),
    ],
)
def test_values_read(name: str, options: dict[str, Any], native: Native, value: Value) -> None:
    """Law: these are the canonical forms (B34, B36, B38, B39, B41, B42)."""
    assert made(name, options).read(native) == value


@pytest.mark.parametrize(
    ("name", "native"),
    [
        ("text", 5),
        ("email", "a@b@example.org"),
        ("email", "ada@example.org, bob@example.org"),
        ("email", "jane@example.edu.invalid"),
        ("phone", "911911911911911911911"),
        ("phone", "call me"),
        ("date", "2023-02-29"),
        ("date", "2024-03-01T23:30:00Z"),
        ("date", "01/02/2024"),
        ("date", 1_700_000_000),
        ("integer", True),
        ("integer", 2.5),
        ("integer", float("inf")),
        ("integer", "1e400"),
        ("integer", 2**63),
        ("year", 24),
        ("boolean", "false"),
        ("boolean", 1),
        ("picklist", "unknown"),
        ("multi", ["a;b"]),
        ("multi", [["a"]]),
        ("country", "Atlantis"),
        ("linkedin", "https://linkedin.com.evil.example/in/ada"),
        ("linkedin", "https://www.linkedin.com/company/acme"),
        ("url", "javascript:alert(1)"),
        ("url", "https://user@example.org/"),
        ("url", "https://example.org:22/"),
    ],
)
def test_values_refused(name: str, native: Native) -> None:
    """Law: what cannot be understood with certainty is refused, never guessed (B36, B38-B41)."""
    with pytest.raises(ValueError, match=r"^[a-z]"):
        made(name, {"region": "US"} if name == "phone" else {}, listed=name == "picklist").read(native)


def test_sides_have_their_own_forms() -> None:
    """Law: one canonical value, each side's own words and shapes."""
    value = ("available", "on hold")
    assert made("multi", side=Side.CRM, listed=True).write(value) == "Available;Paused"
    assert made("multi", side=Side.CAREER, listed=True).write(value) == ["available", "ON_HOLD"]
    assert made("multi", side=Side.CAREER).write(None) == []
    assert made("country", {"as": "name"}).write("DE") == "Germany"
    assert made("country", {"as": "code"}).write("DE") == "DE"
    assert made("boolean", {"yes": "Yes", "no": "No"}).write(value=False) == "No"
    assert made("year", {"as": "text"}).write(1999) == "1999"


def test_every_country_is_known_by_code_and_english_name() -> None:
    """Law: what we write to a side can be read back, for every country there is."""
    assert len(SUPPORTED_REGIONS) > 240
    for code in sorted(SUPPORTED_REGIONS):
        assert country_code(country_name(code)) == code
        assert country_code(code.lower()) == code


@given(
    st.one_of(
        st.emails(),
        st.text(),
        st.text(alphabet='ab.@-+!"( \u00e9A', max_size=12).map(lambda text: f"{text}@example.org"),
        st.text(alphabet="ab.-_1A\u00e9", max_size=12).map(lambda text: f"x@{text}.org"),
        st.integers(60, 70).map(lambda length: f"{'a' * length}@example.org"),
        st.integers(225, 260).map(lambda length: f"a@{'.'.join(['b' * 40] * (length // 41))}.{'c' * (length % 41)}.org"),
    )
)
def test_the_short_way_for_addresses_is_no_other_way(text: str) -> None:
    """Law: plain addresses are judged as the whole validator judges them."""
    value, reason = reading(made("email"), text)
    slow, slow_reason = reading(Transform(name="", read=lambda native: judge_email(clean(native) or ""), write=str), text)
    if value is None and reason is None:
        return
    assert (value, reason) == (slow, slow_reason)


@given(
    st.from_regex(re.compile(r"(\+1[ .-]?)?(\([2-9]\d\d\) ?|[2-9]\d\d[ .-]?)\d{3}[ .-]?\d{4}", re.ASCII), fullmatch=True),
    st.sampled_from(["US", "CA", "GB", None]),
)
def test_the_short_way_for_phones_is_no_other_way(text: str, region: str | None) -> None:
    """Law: North American numbers as usually written are judged as phonenumbers judges them, whatever the region."""
    options = {"region": region} if region else {}
    slow = Transform(name="", read=lambda native: judge_phone(str(native), region), write=str)
    assert reading(made("phone", options), text) == reading(slow, text)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_the_short_way_for_texts_is_no_other_way(text: str) -> None:
    """Law: plain texts lose the spaces at their edges, on one line also all but one of those in a row; nothing else."""
    assert clean(text) == (text.strip() or None)
    assert one_line(text) == (" ".join(text.split()) or None)


@given(st.text())
def test_text_comes_out_composed_and_trimmed(text: str) -> None:
    """Law: canonical texts are in NFC, without white space at their edges or runs of it inside (B34)."""
    try:
        value = made("text").read(text)
    except ValueError:
        return
    assert value is None or (unicodedata.is_normalized("NFC", value) and value == value.strip() and "  " not in value)
