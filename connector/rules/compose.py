"""One mapping file out of the shipped one and what a CRM flavour and a career platform say differently: texts in, text out.

An *overlay* is a TOML file that says only what differs from ``person.toml``, table by table and key by key; what it says about
the two other files stands in its tables ``[requests...]`` and ``[routing...]``. A later overlay wins. Its words:

- a value takes the place of the one that was there, or is added;
- an empty text takes away the key, or the whole table, of that name;
- a table that was not there comes behind the one above it in the overlay; comments go where their tables go.

There are no lists of tables (``[[rule]]``) in an overlay, and no text of several lines.

What is left without its other half is then put right: a field with a place on one side only becomes a ``[read.NAME]`` where
matching, facts, purposes or eligibility need it, else it goes; so do groups and picklists that nobody names any more, and
references to what went. The result is a mapping file like any other: it does not know what it was made of.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import tomlkit
from tomlkit.items import Comment, Whitespace

from connector.core.positions import Path
from connector.rules.schema import ReadTable

File = Literal["person", "requests", "routing"]

_HEADER = re.compile(r"^(?P<open>\[\[?)(?P<path>[^\[\]]+)\]\]?[ \t]*$")
_RULE = "# ----"
"""How a comment begins that opens a section of a file."""


@dataclass(slots=True)
class _Block:
    """One table of a file: the comment lines above its header, the header's path, its entries, and what follows them."""

    path: Path
    brackets: str = "["
    lead: list[str] = field(default_factory=list)
    body: tomlkit.TOMLDocument = field(default_factory=tomlkit.document)
    tail: list[str] = field(default_factory=list)

    def text(self) -> str:
        """The block as it stands in a file."""
        name = ".".join(tomlkit.key(str(part)).as_string() for part in self.path)
        header = [f"{self.brackets}{name}{']' * len(self.brackets)}\n"] if self.path else []
        return "".join((*self.lead, *header, self.body.as_string(), *self.tail))


def compose(file: File, base: str, *overlays: str) -> str:
    """The text of one mapping file: ``base`` with what the overlays say about it; unchanged where they say nothing."""
    blocks = _cut(base)
    said = [part for overlay in overlays if (part := _about(file, _cut(overlay)))]
    if not said:
        return base
    for overlay in said:
        _lay(blocks, overlay)
    if file == "person":
        _put_right(blocks)
    return _without_empty_sections("".join(block.text() for block in blocks))


# -- cutting a file into its tables --------------------------------------------------------------------------------------


def _cut(text: str) -> list[_Block]:
    """The tables of a file in their order; the first is what stands before any header."""
    blocks, lines = [_Block(())], list[str]()
    for line in text.splitlines(keepends=True):
        header = _HEADER.match(line.rstrip("\n"))
        if header is None:
            lines.append(line)
            continue
        lead = _ended(blocks[-1], lines)
        blocks.append(_Block(_path(header["path"]), brackets=header["open"], lead=lead))
        lines = []
    blocks[-1].tail += _ended(blocks[-1], lines)
    return blocks


def _path(dotted: str) -> Path:
    """The parts of a header's name."""
    here: Any = tomlkit.parse(f"{dotted} = 0").unwrap()
    parts: list[str] = []
    while isinstance(here, dict):
        name = next(iter(here))
        parts.append(name)
        here = here[name]
    return tuple(parts)


def _ended(block: _Block, lines: list[str]) -> list[str]:
    """Give a block its lines; what is left are the comment lines that belong to the header which follows."""
    if block.path == ():
        # what opens a file is about the file
        opening = next((number for number, line in enumerate(lines) if not line.startswith("#")), len(lines))
        block.lead, lines = lines[:opening], lines[opening:]
    above = _run(lines, lambda line: line.startswith("#"))
    rest = lines[: len(lines) - len(above)]
    behind = _run(rest, lambda line: not line.strip() or line.startswith("#"))
    block.body = tomlkit.parse("".join(rest[: len(rest) - len(behind)]))
    block.tail = behind
    return above


def _run(lines: Sequence[str], belongs: Callable[[str], bool]) -> list[str]:
    """The longest end of these lines that consists of such lines alone."""
    start = len(lines)
    while start and belongs(lines[start - 1]):
        start -= 1
    return list(lines[start:])


def _about(file: File, overlay: list[_Block]) -> list[_Block]:
    """What an overlay says about one file, with the paths that it has there."""
    if any(block.brackets != "[" for block in overlay):
        raise ValueError("an overlay has no lists of tables")
    if file == "person":
        return [block for block in overlay if block.path[:1] not in {("requests",), ("routing",)} and _says(block)]
    return [replace(block, path=block.path[1:]) for block in overlay if block.path[:1] == (file,)]


def _says(block: _Block) -> bool:
    return bool(block.path or block.body.body or block.lead)


# -- laying one over the other -------------------------------------------------------------------------------------------


def _lay(blocks: list[_Block], overlay: list[_Block]) -> None:
    above: Path = ()
    for said in overlay:
        own = next((block for block in blocks if block.path == said.path), None)
        if own is None:
            own = _Block(said.path, tail=["\n"])
            blocks.insert(_behind(blocks, above, own), own)
        own.lead += said.lead
        _lay_entries(blocks, own, said)
        if said.path and not len(own.body):
            blocks.remove(own)  # it only took tables away
        else:
            above = said.path


def _behind(blocks: list[_Block], above: Path, new: _Block) -> int:
    """Where a new table goes: behind the one above it in the overlay, else behind the last of its kind, else to the end."""
    places = [number for number, block in enumerate(blocks) if above and block.path == above]
    places = places or [number for number, block in enumerate(blocks) if block.path[:1] == new.path[:1]]
    return (places[-1] if places else len(blocks) - 1) + 1


def _lay_entries(blocks: list[_Block], own: _Block, said: _Block) -> None:
    """Comments above what is new stay above it; those above what takes a place go to the head of the table."""
    head: list[str] = []
    above: list[str] = []
    for key, item in said.body.body:
        if isinstance(item, Comment):
            above.append(item.as_string().strip())
        elif key is not None and not isinstance(item, Whitespace):
            if item.unwrap() == "":
                own.body.pop(key.key, None)
                _take_away(blocks, (*own.path, key.key))
            elif key.key in own.body:
                own.body[key.key] = item
                head += above
            else:
                for line in above:
                    own.body.add(tomlkit.comment(line.removeprefix("#").strip()))
                own.body.add(key.key, item)
            above = []
    if head := [*head, *above]:
        own.body = tomlkit.parse("".join(f"{line}\n" for line in head) + own.body.as_string())


def _take_away(blocks: list[_Block], path: Path) -> None:
    """Take tables away; the comments of a section that stood behind them stay."""
    for number in range(len(blocks) - 1, 0, -1):
        if blocks[number].path[: len(path)] == path:
            gone = blocks.pop(number)
            blocks[number - 1].tail += gone.tail


# -- putting right what lost its other half ------------------------------------------------------------------------------

_NAMED_BY = {"group": "group", "picklist": "picklist"}
"""Tables that exist because an entry of a field names them: the table's kind, and the entry's key."""


def _put_right(blocks: list[_Block]) -> None:
    """Fields that stand on one side only are read or go; then whatever refers to what is no more."""
    compared = _names_in(blocks, "match")
    looked_at = _names_in(blocks, "facts", "purposes", "eligibility")  # on the CRM side alone
    for block in [block for block in blocks if block.path[:1] in {("field",), ("read",)} and len(block.path) == 2]:
        kind, name = block.path
        crm, career = "crm" in block.body, "career" in block.body
        if kind == "field" and career and (crm or "profile" in block.body):
            continue
        if (crm or career) and (kind == "read" or name in compared or (crm and name in looked_at)):
            block.path = ("read", str(name))
            for key in [key for key in block.body if key not in ReadTable.model_fields]:
                block.body.remove(key)
        else:
            _take_away(blocks, block.path)
    for kind, key in _NAMED_BY.items():
        used = {block.body.get(key) for block in blocks}
        for block in [block for block in blocks if block.path[:1] == (kind,) and block.path[1] not in used]:
            _take_away(blocks, block.path)
    _unrelate(blocks)
    _forget(blocks)


def _unrelate(blocks: list[_Block]) -> None:
    """Relationships that lead to no field any more, and the watching of them."""
    places = [str(block.body[key]) for block in blocks for key in ("crm", "suggest_to") if key in block.body]
    for block in [block for block in blocks if block.path[:1] in {("child",), ("parent",)} and len(block.path) > 1]:
        lead = ".".join(str(part) for part in block.path[1:] if part != "parent")
        if not any(place.startswith(f"{lead}.") for place in places):
            _take_away(blocks, block.path)
    watched = blocks[0].body.get("watch")
    if watched is not None:
        leads = {place.rpartition(".")[0] for place in places}
        _keep_known(blocks[0].body, "watch", leads | {lead.rpartition(".")[0] for lead in leads})


def _names_in(blocks: list[_Block], *tables: str) -> set[str]:
    """The names that these tables give as values, in lists or alone."""
    values = [value for block in blocks if block.path in {(table,) for table in tables} for value in block.body.unwrap().values()]
    listed = {name for value in values if isinstance(value, list) for name in value}
    return listed | {value for value in values if isinstance(value, str)}


def _forget(blocks: list[_Block]) -> None:
    """References to fields and groups that are no more, and on the CRM side to those that only careers have."""
    tables = {
        kind: {block.path[1]: block for block in blocks if block.path[:1] == (kind,)} for kind in ("field", "group", "read")
    }
    values = {**tables["field"], **tables["read"]}
    looked_at = {name for name, block in values.items() if "crm" in block.body or "profile" in block.body}
    units = {**tables["field"], **tables["group"]}
    known = {"match": values, "facts": looked_at, "purposes": looked_at, "eligibility": looked_at, "new_contact": units}
    for block in [block for block in blocks if len(block.path) == 1 and block.path[0] in known]:
        for key in list(block.body):
            _keep_known(block.body, key, known[str(block.path[0])])
        if "class_year" not in block.body:
            block.body.pop("class_year_from", None)


def _keep_known(body: tomlkit.TOMLDocument, key: str, known: Collection[str | int]) -> None:
    value: Any = body[key]
    if isinstance(value, list):
        for name in [name for name in value.copy() if name not in known]:
            value.remove(name)
        if not value:
            body.remove(key)
    elif isinstance(value, str) and value not in known:
        body.remove(key)


def _without_empty_sections(text: str) -> str:
    """The text without the headlines of sections in which nothing is left, and without gaps of several lines."""
    kept: list[str] = []
    for line in text.splitlines():
        if line.startswith(_RULE):
            while kept and (not kept[-1] or kept[-1].startswith(_RULE)):
                kept.pop()
            kept += ["", line]
        elif line or (kept and kept[-1]):
            kept.append(line)
    return "\n".join(kept).strip("\n") + "\n"
