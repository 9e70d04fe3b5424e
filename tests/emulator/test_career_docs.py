"""The contract page and the emulated system say the same."""

import re
from pathlib import Path

import orjson
import pytest

from emulator.career import errors, fields
from emulator.career.generic import GENERIC

PAGE = (Path(__file__).parents[2] / "docs" / "career-api.md").read_text()


@pytest.mark.parametrize(("method", "path"), [(method, path) for method, path, _ in GENERIC.paths])
def test_every_endpoint_is_documented(method: str, path: str) -> None:
    """No path is served that the contract page does not name with its method."""
    assert f"`{method} {path}" in PAGE


def test_every_error_code_is_documented() -> None:
    """The table of errors has each status and code that is answered."""
    made = [
        errors.unauthorized(),
        errors.forbidden("x"),
        errors.not_found("x"),
        errors.method_not_allowed("x"),
        errors.key_conflict("x"),
        errors.cursor_expired(),
        errors.precondition_failed(),
        errors.invalid("x", "x"),
        errors.precondition_required(),
        errors.throttled("1"),
        errors.unavailable(),
    ]
    for error in made:
        assert re.search(rf"\| {error.status} \| `{error.code}`", PAGE), error.code


def test_example_person_has_every_field() -> None:
    """The example of a person is complete: no field is missing, none is invented."""
    example = orjson.loads(next(block for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL) if '"birth_date"' in block))
    assert _paths(example) == _paths(fields.empty_person())


def test_example_request_has_every_field() -> None:
    """The example of a request is complete."""
    example = orjson.loads(
        next(block for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL) if '"effort_minutes"' in block)
    )
    assert set(example) == {*fields.empty_request(), "created_at", "updated_at"}


@pytest.mark.parametrize("word", [*fields.OUTCOMES, *fields.AVAILABILITY, *fields.STATES, *fields.REQUEST_STATES])
def test_every_word_of_a_closed_set_is_documented(word: str) -> None:
    """Each value that a field of a closed set can have is named."""
    assert f"`{word}`" in PAGE


def _paths(record: dict[str, object]) -> set[str]:
    found: set[str] = set()
    for name, value in record.items():
        found |= {f"{name}.{inner}" for inner in value} if isinstance(value, dict) else {name}
    return found
