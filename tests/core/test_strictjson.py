"""JSON as it should be: how deep, and what a text of our own may be."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.strictjson import read_json, read_table

EACH = {
    "as it is": b"%s",
    "with half a character": b'{"half":"\\ud800","a":%s}',
    "with a number of 60 bits": b'{"large":1152921504606846975,"a":%s}',
    "with other spacing": b'{ "a" : %s }',
}
"""Texts around a value, one for each way through the parsers."""
INNERMOST = (b"", b"1", b'"a"', b"{}")


@pytest.mark.parametrize("around", EACH.values(), ids=EACH)
@pytest.mark.parametrize("innermost", INNERMOST)
def test_how_deep(around: bytes, innermost: bytes) -> None:
    """Law: 254 levels are taken, and one more is no JSON, by whichever parser: whoever walks through a value comes back (B49)."""
    levels = 254 - (around is not EACH["as it is"]) - (innermost == b"{}")
    read_json(around % (b"[" * levels + innermost + b"]" * levels))
    for more in (1, 2, 100, 3000):
        with pytest.raises(ValueError, match=r"nested|recursion"):
            read_json(around % (b"[" * (levels + more) + innermost + b"]" * (levels + more)))


@pytest.mark.parametrize("number", [b"NaN", b"-Infinity", b"1e400", b"-1e400", b"9" * 5000, b"01", b"1."])
@pytest.mark.parametrize("around", [b"%s", b"[ %s ]", b'["\\ud800",%s]'])
def test_what_is_no_number(around: bytes, number: bytes) -> None:
    """Law: what no number can be is no JSON, by whichever parser (B39, B48, B49)."""
    with pytest.raises(ValueError, match=r".+"):
        read_json(around % number)


@given(st.recursive(st.none() | st.booleans() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_whatever_is_read_is_what_was_written(value: Any) -> None:
    """Law: what JSON can say comes back as it was, and is odd only with a NUL in it."""
    text = orjson.dumps(value)
    again, odd = read_json(text)
    assert again == value
    assert odd == (b"\\u0000" in text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", {}),
        ("{}", {}),
        ('{"v":1}', {"v": 1}),
        ("[]", None),
        ("null", None),
        ("5", None),
        ("{", None),
        ('{"v":1,"v":2}', None),
    ],
)
def test_a_text_of_our_own_is_an_object(text: str, found: dict[str, Any] | None) -> None:
    """Law: an empty text says nothing; whatever is no object, or not whole, is no text of ours."""
    if found is not None:
        assert read_table(text) == found
    else:
        with pytest.raises(ValueError, match=r".+"):
            read_table(text)
    for deep in ("[" * 3000, '{"v":' * 3000, '{"v":' * 900 + "1" + "}" * 900, "\ud800"):
        with pytest.raises(ValueError, match=r".+"):
            read_table(deep)
