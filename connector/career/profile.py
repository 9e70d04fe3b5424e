"""Reading profiles: which file a name means, and every problem of a file at once."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from connector.career.contract import Contract, gaps
from connector.career.facts import Facts
from connector.core.document import Document, did_you_mean, parse
from connector.errors import Problem, UserError
from connector.reading import read_bytes

_WITHOUT_EFFECT = (
    ("create",),
    ("capabilities", "create"),
    ("capabilities", "sends_mail_on_create"),
    ("tenant", "mails_on_create"),
)
"""Settings that profiles of before may have: they were about creating accounts, which the bridge does not do."""


def shipped() -> tuple[str, ...]:
    """The names of the profiles that come with the product."""
    folder = files("connector.career") / "profiles"
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml")))


def name_fault(name_or_path: str) -> tuple[str, str] | None:
    """Why this names no profile, and the cure; None for a shipped one and for any path."""
    if name_or_path.endswith(".toml") or name_or_path in shipped():
        return None
    cure = did_you_mean(name_or_path, shipped()) + '; a profile of your own is named by its path, ending in ".toml"'
    return "there is no profile of this name", cure


def load_profile(name_or_path: str) -> Facts:
    """A profile by the name of a shipped one, or from a file (its path ends in ``.toml``).

    Raises:
        UserError: every problem of the file, P000 to P107.
    """
    if name_or_path.endswith(".toml"):
        return read_profile(name_or_path, read_bytes(Path(name_or_path), codes="P"))
    unknown = name_fault(name_or_path)
    if unknown is not None:
        raise UserError([Problem(code="P101", message=unknown[0], cure=unknown[1], file=name_or_path)])
    file = files("connector.career") / "profiles" / f"{name_or_path}.toml"
    return read_profile(f"{name_or_path}.toml", file.read_bytes())


def read_profile(name: str, data: bytes) -> Facts:
    """The profile in these bytes; ``name`` is the file's name in problems.

    Raises:
        UserError: every problem of the file.
    """
    document = parse(name, data, codes="P")
    model = Contract if document.data.get("dialect", "generic") == "generic" else Facts
    try:
        profile = model.model_validate(_with_effect(document.data))
    except ValidationError as wrong:
        raise UserError([_problem(document, model, dict(error)) for error in wrong.errors()]) from None
    problems = gaps(document, profile) if isinstance(profile, Contract) else []
    if problems:
        raise UserError(problems)
    return profile


def _with_effect(data: Mapping[str, Any], path: tuple[str, ...] = ()) -> dict[str, Any]:
    found = {name: value for name, value in data.items() if (*path, name) not in _WITHOUT_EFFECT}
    return {name: _with_effect(value, (*path, name)) if isinstance(value, dict) else value for name, value in found.items()}


def _problem(document: Document, model: type[Facts], error: Mapping[str, Any]) -> Problem:
    path = tuple(error["loc"])
    key = str(path[-1]) if path else ""
    match error["type"]:
        case "extra_forbidden":
            cure = did_you_mean(key, _keys(model, path[:-1]))
            return document.problem("P102", path, f'there is no setting "{key}" here', cure, key=True)
        case "missing":
            return document.problem(
                "P103", path, f'"{".".join(map(str, path))}" is missing', "add it; see generic.toml", key=True
            )
        case "literal_error":
            return document.problem("P104", path, f'"{key}" has no such choice', f"choose {error['ctx']['expected']}")
        case "string_pattern_mismatch":
            return document.problem("P105", path, f'"{key}" has a form that is not allowed', "see generic.toml for its form")
        case _:
            return document.problem("P105", path, f'"{key}": {str(error["msg"]).lower()}', "see generic.toml for its form")


def _keys(model: type[Facts], path: tuple[str | int, ...]) -> list[str]:
    """The settings that a table has."""
    table: type[BaseModel] = model
    for part in path:
        if isinstance(part, int):
            continue
        named = {field.alias or name: field for name, field in table.model_fields.items()}
        kinds = _models(named[part].annotation) if part in named else []
        if not kinds:
            return []
        table = kinds[0]
    return [field.alias or name for name, field in table.model_fields.items()]


def _models(annotation: object) -> list[type[BaseModel]]:
    """The tables in the type of a setting: itself, or what a list or a table of named ones holds."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in get_args(annotation) for model in _models(inner)]
