"""12twenty's attributes: what a site calls its fields, and the numbers behind picklists.

``GET /api/v2/attributes`` lists all of a site (read-only), each with ``Id``, ``ShortDisplayName``, ``EntityTypeId``,
``ValuePropertyNames`` and ``LookupId``; ``/lookups/{id}/options`` its choices; a picklist's value travels as ``{AttributeId, Id,
Name}`` [A: "Managing Attributes via the API"].
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connector.career.exchange import Exchange, Reply
from connector.career.labels import Unwritable, names_of, slug
from connector.career.payload import at
from connector.core.rulebook import placed

_API = "/api/v2"
CUSTOM = "custom."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attribute:
    id: int
    label: str
    entity: int | None
    properties: tuple[str, ...]
    lookup: int | None


class Attributes:
    """The attributes of one site, read once; read again once for a name that is not known."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._known: list[_Attribute] | None = None
        self._options: dict[int, dict[str, dict[str, Any]]] = {}

    def read(self) -> None:
        """Read them anew."""
        self._known = self._exchange.get(f"{_API}/attributes", {}, _understand_attributes)
        self._options.clear()

    def named(self, entity: int, values: Mapping[str, Any]) -> dict[str, Any]:
        """Custom values of a kind of record by what they are called; one that nobody has named keeps 12twenty's own key."""
        names = self._custom_names(entity)
        return {names.get(key, key): _name_of(value) for key, value in values.items()}

    def native(self, entity: int, record: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
        """The properties of a record of this kind to be sent, whole where one stands inside another.

        Raises:
            Unwritable: the site has no such attribute, or no such choice.
        """
        sent: dict[str, Any] = {}
        for path, value in changes.items():
            if path.startswith(CUSTOM):
                key, attribute = self._custom(entity, record, path.removeprefix(CUSTOM))
                custom = sent.setdefault("CustomAttributeValues", dict(record.get("CustomAttributeValues") or {}))
                custom[key] = self._choice(attribute, value)
            else:
                top = path.split(".")[0]
                attribute = next((one for one in self._all(entity) if top in one.properties), None)
                base = {top: sent.get(top, record.get(top))} if "." in path else {}
                sent |= placed(base, {path: self._choice(attribute, value)})
        return sent

    def _all(self, entity: int) -> list[_Attribute]:
        if self._known is None:
            self.read()
        return [one for one in self._known or [] if one.entity in {entity, None}]

    def _custom_names(self, entity: int) -> dict[str, str]:
        """The name of each custom key; two attributes of one name keep their keys, as neither can be told from the other."""
        every = self._all(entity)
        names = names_of(one.label for one in every)
        return {key: name for one, name in zip(every, names, strict=True) if name for key in _keys(one)}

    def _custom(self, entity: int, record: Mapping[str, Any], name: str) -> tuple[str, _Attribute | None]:
        for again in (False, True):
            if again:
                self.read()
            keys = [key for key, label in self._custom_names(entity).items() if label == name]
            present = [key for key in keys if key in (record.get("CustomAttributeValues") or {})]
            found = next((one for one in self._all(entity) if set(keys) & set(_keys(one))), None)
            if found is not None:
                return (present or [f"custom_attribute_{found.id}"])[0], found
        raise Unwritable("unknown_attribute", f"field {CUSTOM}{name}" if name.isidentifier() else "")

    def _choice(self, attribute: _Attribute | None, value: object) -> Any:  # noqa: ANN401 - JSON
        if attribute is None or attribute.lookup is None or value is None:
            return value
        if isinstance(value, list | tuple):
            return [self._choice(attribute, one) for one in value]
        for again in (False, True):
            if again:
                self._options.pop(attribute.lookup, None)
            option = self._options_of(attribute.lookup).get(str(value))
            if option is not None:
                return {"AttributeId": attribute.id, "Id": option["Id"], "Name": option["Name"]}
        raise Unwritable("unknown_choice", f"field {slug(attribute.label)}")

    def _options_of(self, lookup: int) -> dict[str, dict[str, Any]]:
        if lookup not in self._options:
            self._options[lookup] = self._exchange.get(f"{_API}/lookups/{lookup}/options", {}, _understand_options)
        return self._options[lookup]


def _keys(attribute: _Attribute) -> tuple[str, ...]:
    """The keys under which an attribute's value can stand among the custom ones."""
    return (f"custom_attribute_{attribute.id}", *(name.rpartition(".")[2] for name in attribute.properties))


def _name_of(value: object) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, list):
        return [_name_of(one) for one in value]
    return value.get("Name") if isinstance(value, dict) else value


def _listed(reply: Reply) -> list[Any]:
    items = reply.data if isinstance(reply.data, list) else at(reply.data, "Items")
    if not isinstance(items, list):
        raise reply.answer.unusable("no list")
    return items


def _understand_attributes(reply: Reply) -> list[_Attribute]:
    found = []
    for item in _listed(reply):
        number, lookup, entity = at(item, "Id"), at(item, "LookupId"), at(item, "EntityTypeId")
        if not isinstance(number, int):
            raise reply.answer.unusable("an attribute without Id")
        names = at(item, "ValuePropertyNames")
        found.append(
            _Attribute(
                id=number,
                label=str(at(item, "ShortDisplayName") or at(item, "LongDisplayName") or ""),
                entity=entity if isinstance(entity, int) else None,
                properties=tuple(str(name) for name in names) if isinstance(names, list) else (),
                lookup=lookup if isinstance(lookup, int) else None,
            )
        )
    return found


def _understand_options(reply: Reply) -> dict[str, dict[str, Any]]:
    options = _listed(reply)
    if any(not isinstance(at(one, "Name"), str) or not isinstance(at(one, "Id"), int) for one in options):
        raise reply.answer.unusable("an option without Id and Name")
    return {option["Name"]: option for option in options}
