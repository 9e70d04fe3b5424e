"""Planted bugs in what is decided about people and their values."""

from __future__ import annotations

from tests.simulation.defects.planted import Defect, Edit

_MERGE, _IDENTITY, _MERGED = "connector/core/merge.py", "connector/engine/identity.py", "connector/engine/merged.py"
_PLANNER, _JUDGING, _RELINKING = "connector/engine/planner.py", "connector/engine/judging.py", "connector/engine/relinking.py"

DEFECTS = (
    Defect(
        name="base lost means equal",
        what="where nothing was ever agreed, what stands on both sides is taken for agreed",
        edits=(
            Edit(
                _MERGE,
                "        case _:\n            return Verdict(row=Row.FIRST_DIFFERENCE)",
                "        case _:\n            return Verdict(row=Row.ADOPTED, base=Base(crm=crm, career=career))",
            ),
        ),
    ),
    Defect(
        name="our own echo is an edit",
        what="what we wrote ourselves and meet again is taken for somebody's edit",
        needs=("EditAccount(",),
        edits=(
            Edit(_MERGE, "    if reading.values in memory.sent.get(side, ()):\n        return False\n", ""),
            Edit(
                _MERGE,
                "return Base(crm=crm, career=written, supplied=True)",
                "return Base(crm=crm, career=career, supplied=True)",
            ),
        ),
    ),
    Defect(
        name="the last write wins",
        what="an edit by careers of what another office owns is taken over as agreed",
        edits=(
            Edit(
                _MERGE,
                "        case False, True:\n            return _judge_outside_edit(unit, mine, theirs, memory, now)",
                "        case False, True:\n"
                "            pair = (mine, theirs) if unit.owner is Owner.ALUMNI_RELATIONS else (theirs, mine)\n"
                "            return Verdict(row=Row.AGREED, base=Base(crm=pair[0], career=pair[1]))",
            ),
        ),
    ),
    Defect(
        name="careers' edit overwritten unasked",
        what="where both sides have moved, the owner's value is written and nobody is asked about the other",
        edits=(
            Edit(
                _MERGE,
                "    if not asked:\n        return write\n",
                "    return write\n",
            ),
        ),
    ),
    Defect(
        name="rejected, suggested again",
        what="that staff have rejected this very value is forgotten",
        needs=("Insist(", "how='reject'"),
        edits=(
            Edit(
                _MERGE,
                "        rejected is not None\n        and rejected.values",
                "        False and rejected is not None\n        and rejected.values",
            ),
        ),
    ),
    Defect(
        name="rejection without effect",
        what="that staff pressed Reject changes nothing",
        needs=("how='reject'", "EditAccount("),
        edits=(Edit(_MERGE, 'if memory.open is not None and memory.open.decision == "reject":', "if False:"),),
    ),
    Defect(
        name="opt-out overwritten",
        what="an opt-out that careers hold is a value like any other",
        edits=(
            Edit(
                _MERGE,
                "        case False, True:\n            return _judge_career_opt_out(unit, base, crm, career, memory, now)",
                "        case False, True:\n            return _judge_owned(unit, base, crm, career, memory, now)",
            ),
        ),
    ),
    Defect(
        name="opt-out not carried over",
        what="an opt-out in the CRM reaches careers only if they have not edited the field since",
        needs=("EditContact", "EditAccount"),
        edits=(
            Edit(
                _MERGE,
                "        case True, False:\n            lifted = ",
                "        case True, False if base is not None and career.natives != base.career.natives:\n"
                "            return Verdict(row=Row.UNCHANGED)\n"
                "        case True, False:\n            lifted = ",
            ),
        ),
    ),
    Defect(
        name="consent ignored",
        what="values that need a consent are shared without one",
        needs=("EditContact", "field='consent_"),
        edits=(
            Edit(
                "connector/engine/readings.py",
                "return unit.share is not Share.CONSENTED or unit.purpose in purposes",
                "return True",
            ),
        ),
    ),
    Defect(
        name="the deceased are shared",
        what="who is excluded from sharing is shared all the same",
        needs=("field='deceased'", "choice=1"),
        edits=(
            Edit(
                _JUDGING,
                "is_eligible = False if ended else eligible(subject.rules, subject.person)",
                "is_eligible = not ended",
            ),
        ),
    ),
    Defect(
        name="mapping against itself",
        what="``share = never`` and modes are not looked at",
        edits=(
            Edit(
                _MERGE,
                "    if verdict.write is not None and not limits[verdict.write]:\n        verdict = _without_write(verdict)\n",
                "",
            ),
        ),
    ),
    Defect(
        name="half a group",
        what="of an address only the first part is written",
        edits=(
            Edit(
                "connector/engine/readings.py",
                "    return dict(zip(names_in(unit, side), natives, strict=True))\n",
                "    return dict(list(zip(names_in(unit, side), natives, strict=True))[: max(1, len(natives) - 1)])\n",
            ),
            Edit(
                "connector/engine/readings.py",
                "        native = native if there else sent[name]\n",
                "        native = native if there else sent.get(name)\n",
            ),
        ),
    ),
    Defect(
        name="merge not followed",
        what="where a contact was merged, the link stays with the one that is gone",
        needs=("Duplicate(", "Merge("),
        edits=(
            Edit(_MERGED, "links.change(db, system, account, contact_id=survivor, marked=True)", "pass"),
            Edit(_RELINKING, '({"contact_id": contact} if contact else {})', "{}"),
        ),
    ),
    Defect(
        name="a merge is a deletion",
        what="where a contact was merged, the link ends",
        needs=("Duplicate(", "Merge("),
        edits=(
            Edit(
                _MERGED,
                "    survivor = survivor_of(db, contact)\n    if survivor is None and",
                "    survivor = None\n    if survivor is None and",
            ),
            Edit(_RELINKING, '({"contact_id": contact} if contact else {})', "{}"),
        ),
    ),
    Defect(
        name="undelete ignored",
        what="a contact that comes back out of the recycle bin is not linked again",
        needs=("DeleteContact(", "UndeleteContact("),
        edits=(
            Edit(
                _IDENTITY,
                'if link["state"] == "ended" and link["basis"] == links.CONTACT_DELETED:',
                "if False:",
            ),
            Edit(
                _IDENTITY, 'if row["state"] != "ended" or row["basis"] == links.CONTACT_DELETED]', 'if row["state"] != "ended"]'
            ),
        ),
    ),
    Defect(
        name="deleted contact ignored",
        what="a link goes on when its contact has been deleted",
        needs=("DeleteContact(",),
        edits=(
            Edit(
                _MERGED,
                'links.change(db, system, account, state="ended", basis=links.CONTACT_DELETED, marked=True, decided_at=now)',
                "pass",
            ),
        ),
    ),
    Defect(
        name="stale plans stay",
        what="what was decided before and has not been sent yet goes out after the new decision",
        edits=(
            Edit(
                _PLANNER,
                "        draft.rows = intents.replan(db, system, decided, FIELD_WRITES, draft.rows, but=batch.refused_now)\n",
                "",
            ),
        ),
    ),
    Defect(
        name="what waits goes first",
        what="what was decided before goes out before what was read of the person since is judged",
        edits=(
            Edit(
                "connector/engine/cycle.py",
                "        _deliver(ctx, done, judged=False)\n        if _to_plan",
                "        _deliver(ctx, done, judged=True)\n        if _to_plan",
            ),
        ),
    ),
    Defect(
        name="what is cleared is a gap",
        what="what careers clear while a first difference waits for a choice is filled again",
        edits=(Edit("connector/core/merge.py", "gap = theirs.empty and not memory.differed", "gap = theirs.empty"),),
    ),
    Defect(
        name="the agreed is not remembered",
        what="what a side has acknowledged is not taken for agreed",
        edits=(
            Edit(
                "connector/engine/settling.py",
                "        changed[name] = replace(state, base=base, memory=replace(state.memory, supplied=None, noted=noted))\n",
                "        changed[name] = state\n",
            ),
        ),
    ),
    Defect(
        name="agreed once decided",
        what="the base moves when a write is planned instead of when it is acknowledged",
        needs=("EditContact(", "Break("),
        edits=(
            Edit(
                _JUDGING,
                "        judged.states[name] = replace(state, base=new_base, memory=memory)\n",
                "        if verdict.write is not None and crm is not None and career is not None:\n"
                "            new_base = Base(crm=crm, career=crm) if verdict.write is Side.CAREER else Base(crm=career, career=career)\n"
                "        judged.states[name] = replace(state, base=new_base, memory=memory)\n",
            ),
            Edit(_JUDGING, "from connector.core.model import Memory,", "from connector.core.model import Base, Memory,"),
        ),
    ),
    Defect(
        name="mapping in the midst of a cycle",
        what="the mapping is read anew for each batch of people instead of before each job",
        needs=("step=PutMapping(",),
        edits=(
            Edit(
                "connector/engine/context.py",
                '        """The mapping that holds for a career system."""\n        return self.persons.of(system)',
                '        """The mapping that holds for a career system."""\n'
                "        from pathlib import Path\n\n        from connector.rules import load_rules\n\n"
                "        folder = Path(self.store.engine.url.database).parent\n"
                "        return load_rules(folder).persons.of(system)",
            ),
        ),
    ),
)
