"""Planted bugs in how it is written, and in what is made of the answers."""

from __future__ import annotations

from tests.simulation.defects.planted import Defect, Edit

_DELIVER, _WRITES = "connector/engine/deliver.py", "connector/salesforce/writes.py"
_SENDING, _SETTLING = "connector/store/sending.py", "connector/engine/settling.py"
_OUTBOX = "connector/career/drop/outbox.py"
_HANDSHAKE = "connector/career/dialects/handshake.py"
_WIRE, _CLIENT = "connector/wire.py", "connector/salesforce/client.py"

_INSERT = "        results = self._client.insert([(writable(row.object), {**row.fields, KEY: row.key}) for row in rows])\n"

_TWELVETWENTY = "connector/career/dialects/twelvetwenty.py"

DEFECTS = (
    Defect(
        name="only what is known is put whole",
        what="12twenty, which takes a contact whole, gets what changes and nothing else",
        edits=(Edit(_TWELVETWENTY, "json={**native, **changed}", 'json={"Id": number, **changed}'),),
    ),
    Defect(
        name="a neighbour's property with it",
        what="12twenty gets another property of the contact with each that changes",
        edits=(Edit(_TWELVETWENTY, "json={**native, **changed}", 'json={**native, **changed, "OfficePhone": None}'),),
    ),
    Defect(
        name="formulas as they are",
        what="in a table for an office that works with files, a cell that a spreadsheet would carry out stays as it is",
        needs=("platform='csv_drop'",),
        edits=(Edit("connector/career/drop/sheet.py", """return f"'{text}" if _acts(text) else text""", "return text"),),
    ),
    Defect(
        name="numbers begin anew",
        what="files of changes are numbered by what lies in the folder, whatever was handed over before",
        needs=("('tidy', True)",),
        edits=(
            Edit(_OUTBOX, "return max([self._ledger().number, *there])", "return max([0, *there])"),
            Edit(_OUTBOX, "number = max(newest, before.begun) + 1", "number = newest + 1"),
        ),
    ),
    Defect(
        name="a file for Handshake at any time",
        what="files for Handshake's Importer do not wait for their day",
        needs=("platform='handshake'",),
        edits=(Edit(_HANDSHAKE, "return max(0.0, (last", "return min(0.0, (last"),),
    ),
    Defect(
        name="blank instead of cleared",
        what="what is to be emptied at Handshake has a blank cell, which leaves it as it is",
        needs=("platform='handshake'",),
        edits=(
            Edit(
                "connector/career/dialects/handshake_file.py",
                'return CLEAR if value is None or value == ""',
                'return "" if not value',
            ),
        ),
    ),
    Defect(
        name="writes repeated blindly",
        what="a write whose answer was lost is sent once more at once, by the layer below",
        needs=("pattern='POST|PATCH'",),
        edits=(
            Edit(
                _WIRE,
                "            answer = self._exchange(method, url, sent, body, params, write=write)\n",
                "            try:\n"
                "                answer = self._exchange(method, url, sent, body, params, write=write)\n"
                "            except requests.RequestException:\n"
                "                answer = self._exchange(method, url, sent, body, params, write=write)\n",
            ),
        ),
    ),
    Defect(
        name="key with the attempt in it",
        what="each attempt to create a record has a key of its own",
        needs=("pattern='POST|PATCH'",),
        edits=(
            Edit(
                _DELIVER,
                'return CrmCreate(object=sent["object"], key=row["key"],',
                'return CrmCreate(object=sent["object"], key=row["key"] if row["attempts"] < 1 else f"{row[\'key\'][:38]}{row[\'attempts\']:02}",',
            ),
        ),
    ),
    Defect(
        name="search before create",
        what="a record is looked for before it is created, and nothing but that keeps it from being there twice",
        needs=("when='later'",),
        edits=(
            Edit(
                _WRITES,
                _INSERT,
                "        found = self._found(dict(enumerate(rows)))\n"
                "        if len(found) == len(rows):\n"
                "            return [_already_there(row, found[n], {}) for n, row in enumerate(rows)]\n" + _INSERT,
            ),
            Edit("emulator/salesforce/writing.py", "        self._check_unique(sobject, row, changed)\n", ""),
        ),
    ),
    Defect(
        name="upsert instead of insert",
        what="a record of ours is put again over the one that is there",
        needs=("pattern='POST|PATCH'",),
        edits=(
            Edit(
                _CLIENT,
                '        return self._collection("POST", records)\n',
                '        key = rows[0][1].get("Key__c", "")\n'
                '        path = f"{self._root}/sobjects/{rows[0][0].value}/Key__c/{key}"\n'
                '        answer = self.transport.send("PATCH", path, write=True, json={k: v for k, v in rows[0][1].items() if k != "Key__c"})\n'
                '        return [{"id": answer.json()["id"], "success": True}, *self._collection("POST", records[1:])] if records[1:] else [{"id": answer.json()["id"], "success": True}]\n',
            ),
        ),
    ),
    Defect(
        name="a Contact is written",
        what="with a career profile, the date of its last change is put on the contact",
        edits=(
            Edit(
                _CLIENT,
                '        return self._collection("POST", records)\n',
                '        contacts = [{"attributes": {"type": "Contact"}, "id": fields["Contact__c"], "Description": "known to careers"}\n'
                '                    for _, fields in rows if fields.get("Contact__c")]\n'
                '        found = self._collection("POST", records)\n'
                "        if contacts:\n"
                '            self._collection("PATCH", contacts[:1])\n'
                "        return found\n",
            ),
        ),
    ),
    Defect(
        name="no answer means no",
        what="a write whose answer was lost is refused for good",
        needs=("pattern='POST|PATCH'",),
        edits=(
            Edit(
                _WIRE,
                '        if write:\n            return Unknown(side=self.side, detail=f"{code}: {detail}")\n',
                "        if write:\n            return Refused(side=self.side, code=code, detail=detail)\n",
            ),
            Edit(
                _WIRE,
                "from connector.errors import Bug, Halt, Later, Throttled, Unknown",
                "from connector.errors import Bug, Halt, Later, Refused, Throttled, Unknown",
            ),
        ),
    ),
    Defect(
        name="no answer means not done",
        what="a write whose answer was lost is taken for one that was certainly not carried out",
        needs=("pattern='POST|PATCH'",),
        edits=(
            Edit(
                _WIRE,
                '        if write:\n            return Unknown(side=self.side, detail=f"{code}: {detail}")\n        return Later(',
                "        return Later(",
            ),
        ),
    ),
    Defect(
        name="no answer means done",
        what="a write to careers whose answer was lost is taken for done",
        needs=("side='careers', how='lose_re",),
        edits=(
            Edit(
                "connector/career/writes.py",
                "            found += [outcomes.unknown(reason.detail)] * len(chunk)\n",
                "            found += [Outcome(status=Status.APPLIED)] * len(chunk)\n",
            ),
            Edit(
                "connector/career/writes.py",
                "from connector.ports import Outcome, Status",
                "from connector.ports import Outcome, Status  # noqa",
            ),
        ),
    ),
    Defect(
        name="results shifted by one",
        what="each created record gets the id of its neighbour",
        edits=(
            Edit(
                _WRITES,
                "        return [_created(result) for result in results]",
                "        return [_created(result) for result in results[1:] + results[:1]]",
            ),
        ),
    ),
    Defect(
        name="sent before it is written down",
        what="a write goes on the wire without that being noted before",
        needs=("step=Kill(",),
        edits=(
            Edit(
                _SENDING,
                "def recover(db: Connection) -> int:\n",
                "def recover(db: Connection) -> int:\n"
                '    db.execute(update(intent).where(intent.c.state == "sent").values(state="ready", sent_at=None))\n',
            ),
        ),
    ),
    Defect(
        name="forgotten at restart",
        what="what a dead process left in flight is never looked after",
        needs=("step=Kill(",),
        edits=(Edit(_DELIVER, "        found = sending.recover(db)\n", "        found = 0\n"),),
    ),
    Defect(
        name="dropped at restart",
        what="what a dead process left in flight is taken for done",
        needs=("step=Kill(",),
        edits=(
            Edit(
                _SENDING,
                'return update(intent).where(intent.c.state == "sent").values(state="unknown")',
                'return update(intent).where(intent.c.state == "sent").values(state="applied")',
            ),
        ),
    ),
    Defect(
        name="version forced",
        what="where careers' record has changed meanwhile, the write goes again with its newest version",
        needs=("EditContact(", "step=EditAccount("),
        edits=(
            Edit(
                "connector/career/dialects/generic.py",
                '        return self._batch(self._profile.update.method, self._profile.update.path, items, "id", self._updated)',
                '        newest = {record.id: record.version for record in self._reader.fetch("person", [row.id for row in rows])}\n'
                '        items = [{**item, "etag": newest.get(str(item["id"]), item["etag"])} for item in items]\n'
                '        return self._batch(self._profile.update.method, self._profile.update.path, items, "id", self._updated)',
            ),
        ),
    ),
    Defect(
        name="refused is tried for ever",
        what="what a side will never accept is tried again with the next cycle",
        needs=("CrmRefuses(",),
        edits=(
            Edit(
                _SETTLING,
                '            sending.settle(db, row["id"], state="refused", now=now, **facts)\n',
                '            sending.postpone(db, row["id"], state="ready", due=now, code=outcome.code, detail=outcome.detail)\n'
                '            return "ready"\n'
                '            sending.settle(db, row["id"], state="refused", now=now, **facts)\n',
            ),
        ),
    ),
    Defect(
        name="one bad apple",
        what="where one record of a batch is refused, the whole batch is",
        needs=("CrmRefuses(",),
        edits=(
            Edit(
                _WRITES,
                "        return [_updated(row, result) for row, result in zip(rows, results, strict=True)]",
                "        found = [_updated(row, result) for row, result in zip(rows, results, strict=True)]\n"
                "        refused = [one for one in found if one.status is Status.REFUSED]\n"
                "        return refused[:1] * len(found) if refused else found",
            ),
        ),
    ),
    Defect(
        name="put back before it is asked",
        what="careers' edit is put back although the question about it does not stand in Salesforce yet",
        needs=("EditAccount(",),
        edits=(Edit(_SENDING, "& (intent.c.due_at <= now) & ~held", "& (intent.c.due_at <= now)"),),
    ),
    Defect(
        name="profile of a neighbour",
        what="a suggestion names the career profile of the first person in its batch",
        edits=(
            Edit(
                _DELIVER,
                '            payload["fields"]["Career_Profile__c"] = link["profile_id"] if link else None\n',
                "            first = next(iter(known.links.values()), None)\n"
                '            payload["fields"]["Career_Profile__c"] = first["profile_id"] if first else None\n',
            ),
        ),
    ),
    Defect(
        name="an old plan is lost",
        what="what a dead process had planned and not released stays on the shelf",
        needs=("step=Kill(",),
        edits=(
            Edit(
                "connector/store/plans.py",
                "values(plan_id=plan_id))\n    db.execute(update(plan)",
                'values(state="superseded"))\n    db.execute(update(plan)',
            ),
        ),
    ),
    Defect(
        name="half a transaction",
        what="the outcome of a write and what follows from it are committed apart",
        needs=("step=Kill(",),
        edits=(
            Edit(
                _DELIVER,
                "        settle(ctx, db, pairs, outcomes, done)\n",
                "        for (row, _), outcome in zip(pairs, outcomes, strict=True):\n"
                "            if outcome.status is Status.APPLIED:\n"
                '                sending.settle_applied(db, [row["id"]], code=outcome.code, now=ctx.clock.now())\n'
                "    with ctx.store.begin() as db:\n"
                "        settle(ctx, db, pairs, outcomes, done)\n",
            ),
        ),
    ),
)
