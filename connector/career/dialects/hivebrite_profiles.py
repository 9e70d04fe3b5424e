"""A Hivebrite user under the names that a mapping uses, and back.

``GET /api/admin/v1/settings/customizable_attributes`` lists the attributes of a community, each with an inner ``name``
(``_0a86d02f_Skill``), ``display_name``, ``customizable_type`` and ``options``; a user has them as ``[{"name", "value"}]`` [B].
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connector.career.exchange import Exchange, Reply
from connector.career.labels import Unwritable, names_of
from connector.career.payload import at, items_of
from connector.core.rulebook import placed

_CUSTOM = "custom."
_POSTAL = frozenset({"postal_personal", "postal_work"})
_WITHOUT = frozenset({"id", "created_at", "updated_at"})
_KEPT_OUT = frozenset(
    (
        *("updated_at", "extended_updated_at", "last_visited_at", "sign_in_count", "photo", "resume", "live_location", "config"),
        *("likeable_type", "likes_count", "current_user_like_id", "commentable_type", "comments_count"),
        *("experiences", "educations", "custom_attributes", "skills"),
    )
)
"""What moves by itself (addresses of files end after a minute), says nothing about the person, or is shown otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attribute:
    name: str
    label: str
    options: tuple[str, ...]


class Profiles:
    """The users' attributes of one community, read once; read again once for a name or choice that is not known."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._known: dict[str, _Attribute] | None = None
        self._labels: dict[str, str] = {}

    def shape(self, user: Mapping[str, Any]) -> dict[str, Any]:
        """A user's fields: her properties, ``custom.NAME``, and ``experience.company`` and ``.position`` where it tells them."""
        fields = {name: value for name, value in user.items() if name not in _KEPT_OUT}
        self._attributes()
        listed = user.get("custom_attributes")
        customs = [one for one in (listed if isinstance(listed, list) else []) if isinstance(one, dict)]
        fields["custom"] = {self._labels.get(name := str(one.get("name")), name): one.get("value") for one in customs}
        if isinstance(jobs := user.get("experiences"), list):
            fields["experience"] = _present(jobs)
        return fields

    def native(self, user: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
        """The properties of a user to be sent; a postal address is sent whole.

        Raises:
            Unwritable: the community has no such attribute or choice, or it is none of the user's own.
        """
        sent: dict[str, Any] = {}
        for path, value in changes.items():
            top, _, inner = path.partition(".")
            if path.startswith(_CUSTOM):
                one = {"name": self._attribute(inner, value).name, "value": value}
                sent.setdefault("custom_attributes", []).append(one)
            elif top in _POSTAL and inner:
                whole = sent.get(top) or {name: told for name, told in (user.get(top) or {}).items() if name not in _WITHOUT}
                sent[top] = placed(whole, {inner: value})
            elif inner:
                raise Unwritable("read_only", f"field {path}")
            else:
                sent[path] = value
        return sent

    def _attribute(self, label: str, value: object) -> _Attribute:
        wanted = [str(one) for one in (value if isinstance(value, list | tuple) else [value]) if one is not None]
        code = ""
        for again in (False, True):
            known = self._attributes(anew=again)
            found = next((known[name] for name, called in self._labels.items() if called == label), None)
            code = "unknown_attribute" if found is None else "unknown_choice"
            if found is not None and (not found.options or set(wanted) <= set(found.options)):
                return found
        raise Unwritable(code, f"field {_CUSTOM}{label}" if label.isidentifier() else "")

    def _attributes(self, *, anew: bool = False) -> Mapping[str, _Attribute]:
        if self._known is None or anew:
            found = self._exchange.get("/api/admin/v1/settings/customizable_attributes", {}, _understand)
            names = names_of(one.label for one in found)
            self._known = {one.name: one for one in found}
            self._labels = {one.name: name for one, name in zip(found, names, strict=True) if name}
        return self._known


def _understand(reply: Reply) -> list[_Attribute]:
    items = reply.data if isinstance(reply.data, list) else items_of(reply.answer, reply.data, "customizable_attributes")
    found = []
    for item in items:
        name, options = at(item, "name"), at(item, "options")
        if not isinstance(name, str) or not name:
            raise reply.answer.unusable("an attribute without name")
        if at(item, "customizable_type") in ("User", None):
            choices = tuple(str(one) for one in options) if isinstance(options, list) else ()
            found.append(_Attribute(name=name, label=str(at(item, "display_name") or ""), options=choices))
    return found


def _present(jobs: list[Any]) -> dict[str, Any]:
    """What she does now: the newest experience without an end."""
    now = [job for job in jobs if isinstance(job, dict) and not job.get("to")]
    newest = max(now, key=lambda job: str(job.get("from") or ""), default={})
    return {"company": at(newest, "company.name"), "position": at(newest, "position")}
