"""What a pydantic model found wrong in a document, as problems with places and cures."""

from __future__ import annotations

import types
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from anyascii import anyascii
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from connector.core.document import Document, did_you_mean, nearest
from connector.core.positions import Path
from connector.errors import Problem, UserError

Model = TypeVar("Model", bound=BaseModel)


class Table(BaseModel):
    """A table of a person's file: strict types, no unknown keys, no infinities, unchangeable."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


_TYPES: Mapping[str, str] = {
    "string_type": "a text in quotes",
    "bool_type": "true or false, without quotes",
    "int_type": "a whole number, without quotes",
    "float_type": "a number, without quotes",
    "finite_number": "a finite number",
    "list_type": "a list [ ... ]",
    "tuple_type": "a list [ ... ]",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
    "enum": "a text in quotes",
    "date_type": "a date such as 2026-09-01, without quotes",
    "datetime_type": "a date and time with zone, such as 2026-09-01T00:00:00Z, without quotes",
    "time_type": "a time such as 17:00:00, without quotes",
    "int_from_float": "a whole number",
    "none_required": "left out",
}
_LOOK_ALIKES = str.maketrans("АВЕКМНОРСТУХаеорсухіјѕԁΑΒΕΖΗΙΚΜΝΟΡΤΥΧοι", "ABEKMHOPCTYXaeopcyxijsdABEZHIKMNOPTYXoi")  # noqa: RUF001 - it is about them
_EXAMPLES = {"M": "see docs/mapping-guide.md", "C": "see config.example.toml"}
_LIMITS: Mapping[str, tuple[str, str]] = {
    "greater_than": ("more than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
}


def fault(message: str, cure: str) -> PydanticCustomError:
    """What a validator raises: the two sentences of a problem, without the value where that may be a secret."""
    return PydanticCustomError("fault", "{message}", {"message": message, "cure": cure})


def ascii_only(value: str) -> str:
    """A name of a field, in ASCII; a look-alike letter is named."""
    for letter in value:
        if not letter.isascii():
            raise fault(
                f"the name contains {unicodedata.name(letter, 'a character')}, which is not an English letter",
                f'type it anew on an English keyboard; you probably mean "{anyascii(value.translate(_LOOK_ALIKES))}"',
            )
    return value


def validated(model: type[Model], document: Document, *, codes: str, secret: frozenset[str] = frozenset()) -> Model:
    """The document's data as a model.

    ``codes`` is the letter of the problem codes; the lines of keys named in ``secret`` are never echoed.

    Raises:
        UserError: with every violation.
    """
    try:
        return model.model_validate(dict(document.data))
    except ValidationError as error:
        details = error.errors(include_url=False)
    raise UserError([_problem(model, document, detail, codes, secret) for detail in details])


def _problem(model: type[BaseModel], document: Document, detail: ErrorDetails, codes: str, secret: frozenset[str]) -> Problem:
    on_key = bool(detail["loc"]) and detail["loc"][-1] == "[key]"
    path: Path = tuple(step for step in detail["loc"] if step != "[key]")
    name = next((step for step in reversed(path) if isinstance(step, str)), document.name)
    hidden = any(step in secret for step in path)
    match detail["type"]:
        case "extra_forbidden":
            cure = did_you_mean(name, sorted(known_keys(model, path[:-1])))
            if len(path) > 1 and name in known_keys(model, ()) and not isinstance(detail["input"], dict):
                cure = f'"{name}" belongs at the top of the file: move it above the first [table]'
            shown = name if name.isascii() else name.encode("ascii", "backslashreplace").decode()
            # The value of an unknown key may be a secret under a misspelt name.
            return document.problem(f"{codes}101", path, f'unknown key "{shown}"', cure, key=True, secret=bool(secret))
        case "missing":
            inside = " in this table" if len(path) > 1 else ""
            return document.problem(f"{codes}102", path[:-1], f'"{name}" is missing{inside}', f"add {name} = ...", key=True)
        case "literal_error" | "enum":
            number, message, cure = "104", *_choice(name, detail, on_key=on_key)
        case "fault":
            number, message, cure = "106", str(detail["ctx"]["message"]), str(detail["ctx"]["cure"])
        case _:
            number, message, cure = _misfit(name, detail)
            cure = cure or _EXAMPLES.get(codes, "see the documentation")
    return document.problem(f"{codes}{number}", path, message, cure, key=on_key, secret=hidden)


def _misfit(name: str, detail: ErrorDetails) -> tuple[str, str, str]:
    """Number, message and (where there is a special one) cure of a value of the wrong type or size."""
    kind, context = detail["type"], detail.get("ctx", {})
    if kind in _LIMITS:
        words, limit = _LIMITS[kind]
        return "105", f'"{name}" must be {words} {context[limit]}', ""
    if kind in {"string_too_short", "too_short"}:
        return "105", f'"{name}" must not be empty', "fill it in, or leave it out"
    if kind in {"string_too_long", "too_long"}:
        return "105", f'"{name}" is longer than {context["max_length"]}', "shorten it"
    wanted = _TYPES.get(kind)
    return "103", f'"{name}" must be {wanted}' if wanted else f'"{name}": {detail["msg"][:1].lower()}{detail["msg"][1:]}', ""


def _choice(name: str, detail: ErrorDetails, *, on_key: bool) -> tuple[str, str]:
    given = detail["input"]
    expected = str(detail.get("ctx", {}).get("expected", ""))
    choices = [word.strip("'") for word in expected.replace(" or ", ", ").split(", ")]
    subject = "this key" if on_key else f'"{name}"'
    if len(choices) == 1:
        quoted = expected.startswith("'")
        one = f'"{choices[0]}"' if quoted else choices[0]
        amiss = "" if quoted is isinstance(given, str) else ", with the quotes" if quoted else ", without quotes"
        return f"{subject} must be {one}", f"write {one}{amiss}"
    near = nearest(given, choices) if isinstance(given, str) else None
    return f"{subject} must be one of: {', '.join(choices)}", f'did you mean "{near}"?' if near else "choose one of them"


def known_keys(model: type[BaseModel], path: Path) -> Sequence[str]:
    """The keys that may stand in the table at this path."""
    here: Any = model
    for step in path:
        here = _inside(here, step)
    found = _model_in(here)
    return [field.alias or name for name, field in found.model_fields.items()] if found else []


def _inside(annotation: Any, step: str | int) -> Any:  # noqa: ANN401 - annotations have no common type
    table = _model_in(annotation)
    if table is not None:
        for name, field in table.model_fields.items():
            if step in {name, field.alias}:
                return field.annotation
        return None
    for option in _options(annotation):
        arguments = get_args(option)
        if get_origin(option) in {dict, Mapping}:
            return arguments[1]
        if get_origin(option) in {list, tuple}:
            return arguments[0]
    return None


def _options(annotation: Any) -> list[Any]:  # noqa: ANN401 - as above
    if get_origin(annotation) is Annotated:
        return _options(get_args(annotation)[0])
    if get_origin(annotation) in {Union, types.UnionType}:
        return [inner for option in get_args(annotation) for inner in _options(option)]
    return [annotation]


def _model_in(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401 - as above
    for option in _options(annotation):
        if isinstance(option, type) and issubclass(option, BaseModel):
            return option
    return None
