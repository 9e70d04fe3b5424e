"""Planted bugs in suggestions, requests and Tasks."""

from __future__ import annotations

from tests.simulation.defects.planted import Defect, Edit

_DRAFTS, _REQUESTS = "connector/engine/drafts.py", "connector/engine/requests.py"
_DESK = "connector/engine/desk.py"
_DECISIONS, _SETTLING = "connector/engine/decisions.py", "connector/engine/settling.py"

DEFECTS = (
    Defect(
        name="one key for every question",
        what="each question about a field has the key of the first one",
        needs=("how='reject'", "EditAccount("),
        edits=(
            Edit(
                _DRAFTS,
                'key = key_of("suggestion", self.system, account, unit.name, episode)',
                'key = key_of("suggestion", self.system, account, unit.name, 1)',
            ),
        ),
    ),
    Defect(
        name="question's key from the contact",
        what="the key of a question is made of the contact, which a merge replaces",
        needs=("Merge(", "RestoreState("),
        edits=(
            Edit(
                _DRAFTS,
                'key = key_of("suggestion", self.system, account, unit.name, episode)',
                'key = key_of("suggestion", self.system, subject.link["contact_id"], unit.name, episode)',
            ),
        ),
    ),
    Defect(
        name="request's key from its text",
        what="the key of a request is made of what it says, so that a changed one is a new one",
        needs=("File(", "title='Another"),
        edits=(
            Edit(
                _REQUESTS,
                '    key = key_of("request", system, id)\n',
                '    key = key_of("request", system, id, digest)\n',
            ),
            Edit(
                _REQUESTS,
                'known["reason"] == "misunderstood" or given_up or ',
                'known["reason"] == "misunderstood" or given_up or known["payload_hash"] != digest or ',
            ),
        ),
    ),
    Defect(
        name="settled is not told",
        what="Salesforce is not told that a question is settled",
        needs=("Decide(",),
        edits=(
            Edit(
                _DECISIONS,
                '        rows.append(_update(ctx, "suggestion.update", known, Feed.SUGGESTION, fields))\n        suggestions.change(db, known["key"], told=told)\n',
                '        suggestions.change(db, known["key"], told=told)\n',
            ),
        ),
    ),
    Defect(
        name="newest value not shown",
        what="a question that waits keeps the value of the first edit",
        needs=("EditAccount(",),
        edits=(
            Edit(
                _DRAFTS,
                '            self._plan("suggestion.update", account, payload, key=key, weight=weight)\n            return\n',
                "            return\n",
            ),
        ),
    ),
    Defect(
        name="withdrawn, Task stays",
        what="the Task of a request that careers withdraw stays open",
        needs=("File(", "title=''"),
        edits=(
            Edit(
                _DESK,
                '        if known["task_id"] is None:\n            return\n        seen',
                "        if True:\n            return\n        seen",
            ),
        ),
    ),
    Defect(
        name="told once",
        what="careers hear what became of a request once, and never again",
        needs=("File(", "Work("),
        edits=(
            Edit(
                _DESK,
                '        if unclear or digest != known["acknowledged"]:\n',
                '        if known["acknowledged"] is None:\n',
            ),
        ),
    ),
    Defect(
        name="Task follows careers",
        what="what careers change about a request overwrites the officer's Task",
        needs=("File(", "title='Another", "Work("),
        edits=(
            Edit(
                _DESK,
                '            payload = {"object": Feed.REQUEST, "id": known["crm_id"], "fields": words_of(system, ask)}\n'
                '            self.plan("request.update", system, id, payload)\n',
                '            payload = {"object": Feed.REQUEST, "id": known["crm_id"], "fields": words_of(system, ask)}\n'
                '            self.plan("request.update", system, id, payload)\n'
                '            if known["task_id"]:\n'
                '                told = {"Status": self.directory.open_status}\n'
                '                self.plan("task.update", system, id, {"object": Feed.TASK, "id": known["task_id"], "fields": told})\n',
            ),
        ),
    ),
    Defect(
        name="Tasks unread",
        what="what officers do with a Task is not looked at",
        needs=("File(", "Work("),
        edits=(
            Edit(
                _REQUESTS,
                "    for feed in (Feed.REQUEST, Feed.TASK):\n        while True:",
                "    for feed in (Feed.REQUEST,):\n        while True:",
            ),
        ),
    ),
    Defect(
        name="request dropped while its record is on the way",
        what="a withdrawal that comes before the record is there is looked at and forgotten",
        needs=("File(", "title=''"),
        edits=(
            Edit(
                _REQUESTS,
                '    if known["crm_id"] is None and known["settled_at"] is None:\n        return False\n',
                '    if known["crm_id"] is None and known["settled_at"] is None:\n        return True\n',
            ),
        ),
    ),
    Defect(
        name="confidential is stored",
        what="a request of a confidential kind is stored like any other",
        needs=("item=7",),
        edits=(Edit(_REQUESTS, "_NEVER_STORED = (RequestState.REFUSED,)", "_NEVER_STORED = ()"),),
    ),
    Defect(
        name="reason told to careers",
        what="careers read why alumni relations will not ask",
        needs=("File(",),
        edits=(
            Edit(
                _REQUESTS,
                '        "message": f"{routed.message} {REDACTED_MESSAGE}".strip() if ask.redacted else routed.message,\n',
                '        "message": f"{routed.message} {routed.stop_reason}".strip(),\n',
            ),
        ),
    ),
    Defect(
        name="who has opted out is asked",
        what="a request about somebody who does not want to be contacted becomes a Task",
        needs=("File(", "field='do_not_contact', choice=1"),
        edits=(
            Edit(
                "connector/engine/asked.py",
                "        do_not_contact=_holds(rules, person, Fact.DO_NOT_CONTACT),\n",
                "        do_not_contact=False,\n",
            ),
            Edit(
                "connector/engine/asked.py",
                "        withdrawn=withdrawn_purposes(rules, person),\n",
                "        withdrawn=frozenset(),\n",
            ),
        ),
    ),
    Defect(
        name="record without Task",
        what="a request and its Task are created in two calls",
        needs=("File(",),
        edits=(
            Edit(
                "connector/salesforce/writes.py",
                "        answers = self._client.insert_graphs(graphs)\n",
                "        answers = self._client.insert_graphs([graph[:1] for graph in graphs])\n",
            ),
            Edit(
                "connector/salesforce/writes.py",
                'record, task = answer.nodes[f"record{n}"], answer.nodes[f"task{n}"]',
                'record = task = answer.nodes[f"record{n}"]',
            ),
            Edit(
                "connector/salesforce/writes.py",
                "        if _is_ours(first) and _is_task(second):\n"
                '            return Outcome(status=Status.APPLIED, id=long_id(str(first)), fields={"task_id": long_id(str(second))})',
                "        if _is_ours(first):\n"
                '            return Outcome(status=Status.APPLIED, id=long_id(str(first)), fields={"task_id": None})',
            ),
        ),
    ),
    Defect(
        name="what stood there is assumed",
        what="a request that Salesforce knew before our state was lost is told anew as it was thought of now",
        needs=("File(", "RestoreState("),
        edits=(
            Edit(
                _SETTLING,
                '            requests.change(db, known["system"], known["request_id"], reason=requests.RECOVERED)\n'
                '            intents.supersede(db, known["system"], [known["request_id"]], ["career.acknowledge"])\n',
                "            pass\n",
            ),
        ),
    ),
    Defect(
        name="a logged call is the Task",
        what="any Task about a request may be the bridge's own, also a call that staff have logged where it never had one",
        needs=("Log(",),
        edits=(Edit("connector/core/progress.py", ' if maker in (None, task.get("CreatedById", maker))]', "]"),),
    ),
    Defect(
        name="whom triage found does not count",
        what="somebody whom triage has named on a Task does not count as asked",
        needs=("Name(",),
        edits=(
            Edit(
                "connector/engine/following.py",
                '    requests.touch_once(desk.db, known["key"], contact_id=found["contact_id"], at=stamp(touched), type=known["type"])\n',
                "",
            ),
        ),
    ),
    Defect(
        name="numbers given twice",
        what="tidying also takes the newest write, whose number the next one gets",
        needs=("Suspend(seconds=10368000.0",),
        edits=(Edit("connector/engine/watch.py", ", intent.c.id < newest)", ")"),),
    ),
    Defect(
        name="corrected in vain",
        what="what was refused as confidential stays refused when careers correct its type",
        needs=("Retype(",),
        edits=(
            Edit(
                _REQUESTS,
                '    return (refused or taken_back) and known["crm_id"] is None and not understood.withdrawn\n',
                "    return False\n",
            ),
        ),
    ),
    Defect(
        name="attached and left behind",
        what="who asks the same as a request that is withdrawn is told nothing",
        needs=("Change(",),
        edits=(
            Edit(
                _DESK,
                '        self.acknowledge(found)\n        self.part(found["number"])\n',
                "        self.acknowledge(found)\n",
            ),
        ),
    ),
)
