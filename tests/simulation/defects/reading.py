"""Planted bugs in what is read, and in how it is kept."""

from __future__ import annotations

from tests.simulation.defects.planted import Defect, Edit

_FEEDS, _COLLECT = "connector/salesforce/feeds.py", "connector/engine/collect.py"
_KEEPING = "connector/engine/keeping.py"
_EDA = ("flavour='eda'",)

DEFECTS = (
    Defect(
        name="cursor at now, strictly after",
        what="the cursor is the server's time instead of what its index covers, and only greater stamps are read",
        edits=(
            Edit(
                _FEEDS,
                "return min(covered, end, self._client.transport.server_now().replace(microsecond=0)).isoformat()",
                "return self._client.transport.server_now().isoformat()",
            ),
            Edit(
                _FEEDS,
                "since = datetime.fromisoformat(place.since) - self._overlap\n"
                '            return soql.at_least("SystemModstamp", soql.moment(since))',
                "since = datetime.fromisoformat(place.since)\n"
                '            return soql.after("SystemModstamp", soql.moment(since))',
            ),
        ),
    ),
    Defect(
        name="cursor at now, no overlap",
        what="the cursor is the server's time instead of what its index covers, and nothing is read twice",
        edits=(
            Edit(
                _FEEDS,
                "return min(covered, end, self._client.transport.server_now().replace(microsecond=0)).isoformat()",
                "return self._client.transport.server_now().isoformat()",
            ),
            Edit(_FEEDS, "datetime.fromisoformat(place.since) - self._overlap", "datetime.fromisoformat(place.since)"),
        ),
    ),
    Defect(
        name="pages by stamp alone",
        what="the next page begins after the last stamp, whatever else has that same stamp",
        edits=(
            Edit(
                _FEEDS,
                'return soql.either(same, soql.after("SystemModstamp", stamp))',
                'return soql.after("SystemModstamp", stamp)',
            ),
        ),
    ),
    Defect(
        name="a full page is the last",
        what="that exactly as many rows as asked for came is taken for the end",
        edits=(
            Edit(
                _FEEDS,
                "(rows.next is not None or len(rows.records) >= limit)",
                "(rows.next is not None or len(rows.records) > limit)",
            ),
        ),
    ),
    Defect(
        name="first page only",
        what="of several pages of changes in the CRM, only the first is read before the cursor goes on",
        edits=(
            Edit(
                _FEEDS,
                "        if _full(rows, self._page):\n            last = records[-1]\n            stamp = ",
                '        if _full(rows, self._page) and place.phase == "full":\n            last = records[-1]\n            stamp = ',
            ),
        ),
    ),
    Defect(
        name="cursor before rows",
        what="the cursor is committed before the rows that it has passed",
        needs=("At(", "Kill("),
        edits=(
            Edit(
                _COLLECT,
                "        with ctx.store.begin() as db:\n            for feed, page in pages.items():",
                "        with ctx.store.begin() as db:\n"
                '            _move(ctx, db, Side.CRM, "", pages)\n'
                "        with ctx.store.begin() as db:\n            for feed, page in pages.items():",
            ),
        ),
    ),
    Defect(
        name="careers' cursor before rows",
        what="the cursor of careers' changes is committed before what it has passed",
        needs=("At(", "Kill("),
        edits=(
            Edit(
                _COLLECT,
                "        with ctx.store.begin() as db:\n            total.read += len(page.records)",
                "        with ctx.store.begin() as db:\n"
                "            _move(ctx, db, Side.CAREER, system, {feed: page})\n"
                "        with ctx.store.begin() as db:\n            total.read += len(page.records)",
            ),
        ),
    ),
    Defect(
        name="tables are taken and not looked at",
        what="what was handed over is looked at when it is given up, and not when a table shows it",
        needs=("platform='csv_drop'",),
        edits=(Edit(_COLLECT, "            settle_shown(ctx, db, system, [record.id for record in met], shown)\n", ""),),
    ),
    Defect(
        name="null for unreadable",
        what="a field that an answer lacks is read as empty",
        needs=("lacking",),
        edits=(
            Edit(
                "connector/engine/readings.py",
                "            if not there and not (side is Side.CRM and rule.on_profile and not self.has_profile):\n"
                "                return None\n",
                "",
            ),
        ),
    ),
    Defect(
        name="absent is deleted",
        what="what a sweep did not meet is taken for deleted, without asking for it by its id",
        edits=(
            Edit(
                "connector/engine/compare.py",
                "            there = [record for record in kind.fetch(some) if not record.deleted]",
                "            there = list(kind.fetch(some))[:0]",
            ),
        ),
    ),
    Defect(
        name="deletions unseen",
        what="a deleted record is no news",
        needs=("Delete",),
        edits=(
            Edit(
                _KEEPING,
                'if record.deleted != known["deleted"] or record.merged_into != known["merged_into"]:',
                "if False:",
            ),
        ),
    ),
    Defect(
        name="stamps tell changes",
        what="a record counts as changed only if its stamp is another, as if a second had room for one change",
        edits=(
            Edit(
                _KEEPING,
                '    if record.deleted or pack(record.fields) == known["fields"]:',
                '    if record.deleted or record.version == known["version"]:',
            ),
        ),
    ),
    Defect(
        name="records beside contacts unfollowed",
        what="an enrolment, program or organisation that changes is no news, as long as the contact stays as it is",
        needs=_EDA,
        edits=(Edit(_FEEDS, "{one.path: one for one in records.beside.related if one.followed}", "{}"),),
    ),
    Defect(
        name="any enrolment counts",
        what="of several enrolments the first counts instead of the one with the latest class year",
        needs=_EDA,
        edits=(
            Edit(
                "connector/salesforce/related.py",
                'order: list[str | soql.Order] = [soql.Order(choice.by, choice.latest), "Id"]',
                'order = ["Id"]',
            ),
        ),
    ),
    Defect(
        name="one page of an organisation's contacts",
        what="of the contacts beside a changed organisation or program only the first page is read",
        needs=_EDA,
        edits=(
            Edit(
                _FEEDS,
                "trail = replace(trail, after=records[-1].id) if _full(rows, self._page) else trail.through()",
                "trail = trail.through()",
            ),
        ),
    ),
    Defect(
        name="expired cursor goes on",
        what="where careers' changes no longer reach back to our cursor, we go on from now instead of reading everything",
        needs=("ForgetChanges(",),
        edits=(
            Edit(
                "connector/career/feeds.py",
                "        except CursorExpired:\n            return replace(self._read_everything(_Cursor()), begun_anew=True)",
                "        except CursorExpired:\n"
                "            begin = self._read_everything(_Cursor())\n"
                '            return Page(records=(), cursor=_Cursor(mode="changes", after=_Cursor.parse(begin.cursor).changes).text(), more=False)',
            ),
        ),
    ),
    Defect(
        name="results by place",
        what="results are given to careers' accounts by their place, whatever id they name",
        needs=("swap_results",),
        edits=(
            Edit(
                "connector/career/outcomes.py",
                "    if any(at(result, name) != wanted for result, wanted in zip(found, asked, strict=True)):\n"
                '        return [unknown("results of other elements, or in another order")] * len(asked)\n',
                "",
            ),
            Edit(
                "connector/career/dialects/generic.py",
                "told = record.fields if record.kind != POISON and record.id == wanted else None",
                "told = record.fields if record.kind != POISON else None",
            ),
        ),
    ),
)
