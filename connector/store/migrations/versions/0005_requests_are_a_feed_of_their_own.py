"""Requests that travel apart from people are a feed of their own: where both had stopped was kept as one text."""

from collections.abc import Mapping
from json import dumps, loads

from alembic import op
import sqlalchemy as sa

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_cursor = sa.table("cursor", *map(sa.column, ("side", "system", "feed", "value", "whole_at", "moved_at")))
_AT = ("side", "system", "feed")


def upgrade() -> None:
    """Give each feed its own place; a round that had stopped among the requests ends with the next one."""
    for row in _rows("people"):
        both = _both(row["value"])
        if both is not None:
            _put(row, row | {"value": both["people"]})
            op.execute(_cursor.insert().values(**row | {"feed": "requests", "value": both["requests"], "whole_at": None}))


def downgrade() -> None:
    """Put both into one text again."""
    requests = {(row["side"], row["system"]): row["value"] for row in _rows("requests")}
    for row in _rows("people"):
        there = requests.get((row["side"], row["system"]))
        if there is not None:
            _put(row, row | {"value": dumps({"v": 1, "people": row["value"], "requests": there, "turn": "people"})})
    op.execute(_cursor.delete().where(_cursor.c.side == "career", _cursor.c.feed == "requests"))


def _rows(feed: str) -> list[dict[str, str]]:
    query = sa.select(_cursor).where(_cursor.c.side == "career", _cursor.c.feed == feed)
    return [dict(row) for row in op.get_bind().execute(query).mappings()]


def _put(row: Mapping[str, str], new: Mapping[str, str]) -> None:
    op.execute(_cursor.update().where(*(_cursor.c[name] == row[name] for name in _AT)).values(value=new["value"]))


def _both(text: str) -> dict[str, str] | None:
    """The two places in such a text; None if it is none."""
    try:
        data = loads(text)
    except ValueError:
        return None
    return data if isinstance(data, dict) and {"people", "requests", "turn"} <= data.keys() else None
