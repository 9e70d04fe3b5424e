"""Records beside a contact in a query: how their values are asked for, read, and traced back to contacts.

Children come in a subquery of the contact's query, of which the server gives the one that counts; parents by their dotted names.
Rules of the language: SOQL and SOSL Reference, relationship queries. That a parent whom our user may not see comes as null is
general knowledge: null beside a link that is there is therefore read as "not readable", never as empty.
"""

from __future__ import annotations

from collections.abc import Sequence

from connector.core.related import Related
from connector.salesforce import soql
from connector.salesforce.answers import Row, unusable
from connector.salesforce.soql import Condition, Soql


class Beside:
    """What of each record beside a contact is read, and how."""

    def __init__(self, related: Sequence[Related] = ()) -> None:
        self.related = tuple(related)
        self._children = [one for one in related if one.choice is not None]
        self._parents = [one for one in related if one.choice is None and one.below is None]

    def columns(self) -> list[str]:
        """What the contact's own select list needs: parents' fields, and the links that lead to them."""
        return [column for parent in self._parents for column in (parent.link, *parent.keys())]

    def children(self) -> list[Soql]:
        """The subqueries, one for each kind of child: only the record that counts."""
        return [self._child_query(child) for child in self._children]

    def _child_query(self, child: Related) -> Soql:
        choice, inner = child.choice, self._above(child)
        if choice is None:
            raise unusable("a child without a choice")
        conditions = [soql.equals("IsDeleted", soql.truth(value=False))]
        conditions += [soql.within(name, [soql.text(word) for word in words]) for name, words in choice.only.items()]
        columns = [*child.fields, *(column for parent in inner for column in (parent.link, *_keys_of(parent)))]
        order: list[str | soql.Order] = [soql.Order(choice.by, choice.latest), "Id"]
        return soql.select(["Id", *columns], child.name, where=soql.both(*conditions), order=order, limit=1)

    def _above(self, child: Related) -> list[Related]:
        return [one for one in self.related if one.below is not None and one.below.path == child.path]

    def flatten(self, row: Row) -> None:
        """Put the values beside a contact into its row under their paths, and take the nested records out.

        A record that is not there makes empty values; one that is there and cannot be seen, or did not come, makes none.
        """
        for parent in self._parents:
            _flatten_parent(parent, row.pop(parent.name, None), linked=row.get(parent.link), into=row)
        for child in self._children:
            answer = row.pop(child.name, None)
            found = _only(answer)
            if found is None and not _told_of_none(answer):
                continue
            row.update({key: found.get(name) if found else None for key, name in zip(child.keys(), child.fields, strict=True)})
            for parent in self._above(child):
                above, linked = (found.get(parent.name), found.get(parent.link)) if found else (None, None)
                _flatten_parent(parent, above, linked=linked, into=row)

    @staticmethod
    def contacts_of(related: Related, rows: Sequence[Row]) -> list[str]:
        """The keys by which the contacts of changed records are found: contacts' ids for children, else the parents' own ids."""
        name = related.link if related.choice is not None else "Id"
        return list(dict.fromkeys(value for row in rows if soql.is_id(value := row.get(name))))

    @staticmethod
    def condition(related: Related, keys: Sequence[str]) -> Condition:
        """The contacts that have these parents, or children with these parents."""
        named = soql.within(related.link, [soql.record_id(key) for key in keys])
        below = related.below
        return named if below is None else soql.within_query("Id", soql.select([below.link], below.object, where=named))


def _keys_of(parent: Related) -> list[str]:
    return [f"{parent.name}.{field}" for field in parent.fields]


def _flatten_parent(parent: Related, found: object, *, linked: object, into: Row) -> None:
    if found is None:
        if not linked:
            into.update(dict.fromkeys(parent.keys()))
        return
    if not isinstance(found, dict):
        raise unusable("a parent that is no record")
    into.update({key: found.get(name) for key, name in zip(parent.keys(), parent.fields, strict=True)})


def _told_of_none(answer: object) -> bool:
    """Whether a subquery's answer without records says that there are none: it is finished, and has counted none."""
    return answer is None or (isinstance(answer, dict) and answer.get("done") is True and not answer.get("totalSize"))


def _only(answer: object) -> Row | None:
    """The one record of a subquery's answer; None if there is none."""
    if answer is None:
        return None
    records = answer.get("records") if isinstance(answer, dict) else None
    if not isinstance(records, list) or len(records) > 1 or not all(isinstance(record, dict) for record in records):
        raise unusable("no answer to a subquery")
    return records[0] if records else None
