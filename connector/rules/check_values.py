"""Whether the transforms and picklists of ``person.toml`` can do what is asked of them."""

from __future__ import annotations

from collections.abc import Callable

from connector.core.document import did_you_mean
from connector.core.model import Native, Side
from connector.core.positions import Path
from connector.rules.findings import Findings
from connector.rules.schema import FieldTable, PersonFile, ReadTable, TransformTable
from connector.rules.settle import sides, transform_on
from connector.rules.texts import clean, one_line
from connector.rules.transforms import REGISTER

VALUE_KINDS = {"text": "a text", "number": "a number", "truth": "a yes-or-no value", "choices": "a list of choices"}
"""What transforms give, in words."""


def check_transforms(file: PersonFile, found: Findings) -> None:
    """Every transform exists, takes the options given, and gives the same kind of value on both sides."""
    tables: list[tuple[str, str, FieldTable | ReadTable]] = [("field", name, table) for name, table in file.field.items()]
    tables += [("read", name, read) for name, read in file.read.items()]
    for kind, name, table in tables:
        path: Path = (kind, name)
        before = len(found.problems)
        for key in ("transform", "crm_transform", "career_transform"):
            spec = getattr(table, key)
            if spec is not None:
                _transform(spec, (*path, key), found)
        if table.picklist is not None:
            found.known((*path, "picklist"), table.picklist, file.picklist, "picklist")
        if len(found.problems) > before:
            continue
        kinds = [REGISTER[transform_on(table, side).name] for side in Side]
        wants = {entry.picklist for entry in kinds}
        if "must" in wants and table.picklist is None:
            found.add(
                "M209",
                path,
                f'"{name}" has transform "picklist" but no picklist',
                'add picklist = "..." and a [picklist.NAME] table',
                key=True,
            )
        if table.picklist is not None and wants == {"no"}:
            found.add(
                "M209",
                (*path, "picklist"),
                "no transform of this field uses a picklist",
                'add transform = "picklist" (one choice) or "multi" (several)',
            )
        if len(sides(table)) == 2 and kinds[0].gives != kinds[1].gives:
            one, other = (VALUE_KINDS[entry.gives] for entry in kinds)
            message = f"the two sides cannot be compared: one gives {one}, the other {other}"
            found.add("M209", path, message, "choose transforms of the same kind for both sides", key=True)


def _transform(spec: TransformTable, path: Path, found: Findings) -> None:
    if spec.name not in REGISTER:
        found.add(
            "M209",
            path,
            f'there is no transform "{spec.name}"',
            did_you_mean(spec.name, sorted(REGISTER), otherwise=f"choose one of: {', '.join(REGISTER)}"),
        )
        return
    allowed = REGISTER[spec.name].options
    for option, value in spec.options().items():
        if option not in allowed:
            cure = f"it takes: {', '.join(allowed)}" if allowed else "it takes no options"
            found.add("M209", (*path, option), f'transform "{spec.name}" has no option "{option}"', cure, key=True)
            continue
        choices = allowed[option]
        if isinstance(choices, tuple) and value not in choices:
            cure = f"one of: {', '.join(choices)}" if len(choices) < 9 else "a country code of two capital letters, such as US"
            found.add("M209", (*path, option), f'"{value}" is not possible for "{option}"', cure)
    if (spec.yes is None) != (spec.no is None) or (spec.yes is not None and spec.yes.casefold() == str(spec.no).casefold()):
        found.add(
            "M209", path, "yes and no must be two different words", 'for example { name = "boolean", yes = "Yes", no = "No" }'
        )

    for option, word in (("yes", spec.yes), ("no", spec.no)):
        if word is not None and "yes" in allowed:
            _can_be_read(word, clean, "M209", (*path, option), found)


def _can_be_read(word: str, read: Callable[[Native], str | None], code: str, path: Path, found: Findings) -> None:
    """A word is compared with what is read once that is cleaned: one that would be cleaned itself is never met."""
    try:
        cleaned = read(word)
    except ValueError:
        cleaned = None
    if word != cleaned:
        cure = f'write "{cleaned}"' if cleaned else "write a word that the side has"
        found.add(code, path, f'"{word}" is never met: white space is cut off from what is read', cure)


def check_picklists(file: PersonFile, found: Findings) -> None:
    """Every word of a picklist can be read back."""
    tables: list[FieldTable | ReadTable] = [*file.field.values(), *file.read.values()]
    for name, words in file.picklist.items():
        for side in Side:
            uses = {transform_on(table, side).name for table in tables if table.picklist == name and side in sides(table)}
            seen: dict[str, str] = {}
            for word, choice in words.items():
                native = choice.crm if side is Side.CRM else (choice.career or word)
                taken = seen.setdefault(native.casefold(), word)
                if taken != word:
                    found.add(
                        "M213",
                        ("picklist", name, word),
                        f'"{native}" already stands for "{taken}"',
                        "each word means one thing, else it cannot be read back",
                    )
                if uses:
                    _can_be_read(native, one_line if "multi" in uses else clean, "M213", ("picklist", name, word), found)
                if ";" in native:
                    found.add(
                        "M213",
                        ("picklist", name, word),
                        "a word with a semicolon cannot be kept in Salesforce",
                        "rename it on that side",
                    )
