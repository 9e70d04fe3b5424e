"""What each user looked at last: LastViewedDate, LastReferencedDate and the recent items."""

from dataclasses import dataclass

KEPT = 200
"""So many recent items a user has at most [documentation]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """When a user saw a record, and when one that refers to it; stamps as they are printed, or None."""

    viewed: str | None = None
    referenced: str | None = None


class Seen:
    """The looks of all users of one organisation."""

    def __init__(self) -> None:
        self._by_user: dict[str, dict[str, Look]] = {}

    def copy(self) -> "Seen":
        """The same looks, to go on from."""
        made = Seen()
        made._by_user = {user: dict(looks) for user, looks in self._by_user.items()}
        return made

    def note(self, user_id: str, id_: str, stamp: str, *, viewed: bool) -> None:
        """Note that a user saw a record; seeing it counts as a reference too [documentation: FOR VIEW]."""
        looks = self._by_user.setdefault(user_id, {})
        known = looks.pop(id_, Look())
        looks[id_] = Look(viewed=stamp if viewed else known.viewed, referenced=stamp)
        while len(looks) > KEPT:
            del looks[next(iter(looks))]

    def any(self, user_id: str) -> bool:
        """Whether a user has looked at anything."""
        return user_id in self._by_user

    def at(self, user_id: str, id_: str, field: str) -> str | None:
        """The value of LastViewedDate or LastReferencedDate of a record for a user."""
        look = self._by_user.get(user_id, {}).get(id_, Look())
        return look.viewed if field == "LastViewedDate" else look.referenced

    def latest(self, user_id: str) -> list[str]:
        """The ids of what a user saw, the last first."""
        return list(reversed(self._by_user.get(user_id, {})))


FIELDS = frozenset({"LastViewedDate", "LastReferencedDate"})
"""The fields that say so; they are each user's own."""
