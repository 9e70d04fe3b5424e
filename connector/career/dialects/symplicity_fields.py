"""A student of Symplicity CSM under the names that a mapping uses, and back.

Custom fields come below ``customFields`` and are sent beside the others; a chosen value comes as ``{"id": ...}`` with or
without its name and is sent by its id; nothing is ``""`` [B]. ``GET /picklists/students/FIELD`` has the choices, ``[{"id",
"value"}]`` [B].
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.career.exchange import Exchange, Missing, Reply
from connector.career.labels import Unwritable
from connector.career.payload import at, items_of

API = "/api/public/v1"
_CUSTOM = "custom."
_READ_ONLY = frozenset({"id", "fullName", "address", "accountDisabled", "accountBlocked"})
"""``address`` is shown as one text and taken in parts; accounts are barred by people alone."""


class Fields:
    """The fields of one site's students. Their choices are asked for as they are met, and again for one that is not known."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._choices: dict[str, Mapping[str, str]] = {}
        self._nameless: set[tuple[str, str]] = set()

    def shape(self, student: Mapping[str, Any]) -> dict[str, Any]:
        """A student's fields: her properties, and ``custom.NAME``; a chosen value is what it is called."""
        fields = {name: self._plain(name, value) for name, value in student.items() if name != "customFields"}
        if isinstance(customs := student.get("customFields"), dict):
            fields["custom"] = {name: self._plain(name, value) for name, value in customs.items()}
        return fields

    def native(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """What has to be sent for these changes.

        Raises:
            Unwritable: the field is only read, or has no such choice.
        """
        sent = {}
        for path, value in changes.items():
            name = path.removeprefix(_CUSTOM)
            if name in _READ_ONLY or "." in name:
                raise Unwritable("read_only", f"field {path}")
            sent[name] = self._sent(name, value, path)
        return sent

    def _plain(self, name: str, value: object) -> Any:  # noqa: ANN401 - JSON
        if isinstance(value, list):
            return [self._plain(name, one) for one in value]
        if isinstance(value, dict):
            called = next((value[key] for key in ("label", "value", "name") if isinstance(value.get(key), str)), None)
            number = str(value.get("id", ""))
            return (self._called(name, number) if called is None else called) or None
        return None if value == "" else value

    def _sent(self, name: str, value: object, path: str) -> object:
        several = isinstance(value, list | tuple)
        wanted = [str(one) for one in value] if isinstance(value, list | tuple) else [] if value is None else [str(value)]
        for again in (False, True):
            choices = self._of(name, anew=again)
            if not choices:
                return "" if value is None else value
            numbers = {called: number for number, called in choices.items()}
            if set(wanted) <= numbers.keys():
                found = [numbers[one] for one in wanted]
                return found if several else (found or [""])[0]
        raise Unwritable("unknown_choice", f"field {path}")

    def _called(self, name: str, number: str) -> str:
        """What a choice is called by its id, also one that came up after we had asked; the id itself if it has no name."""
        missing = bool(found := self._of(name)) and number not in found
        if missing and (name, number) not in self._nameless:
            found = self._of(name, anew=True)
            if number not in found:
                self._nameless.add((name, number))
        return found.get(number, number)

    def _of(self, name: str, *, anew: bool = False) -> Mapping[str, str]:
        """The choices of a field, what each is called by its id; none if it is no picklist."""
        if name not in self._choices or (anew and self._choices[name]):
            try:
                found = self._exchange.get(f"{API}/picklists/students/{name}", {}, _understand, may_be_missing=True)
            except Missing:
                found = self._choices.get(name, {})
            self._choices[name] = found
        return self._choices[name]


def as_shown(value: object) -> object:
    """A value as the next reading will show it: numbers are texts there."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _understand(reply: Reply) -> Mapping[str, str]:
    items = reply.data if isinstance(reply.data, list) else items_of(reply.answer, reply.data, "models")
    return {str(at(item, "id")): str(at(item, "value") or at(item, "label") or "") for item in items}
