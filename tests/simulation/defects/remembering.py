"""Planted bugs in what is still known, waits or is asked when the mapping changes."""

from __future__ import annotations

from tests.simulation.defects.planted import Defect, Edit

_CYCLE, _REMAPPED, _JUDGING = "connector/engine/cycle.py", "connector/engine/remapped.py", "connector/engine/judging.py"

DEFECTS = (
    Defect(
        name="regrouped and agreed",
        what="what was agreed about a unit holds on when the mapping gives it other fields",
        needs=("variant='regrouped'",),
        edits=(Edit(_CYCLE, "    forget_moved(ctx, db)\n", ""),),
    ),
    Defect(
        name="regrouped and filled",
        what="what careers emptied before the mapping gave a unit other fields is a gap, and filled",
        needs=("variant='regrouped'",),
        edits=(Edit(_REMAPPED, "        links.add_first_differences(db, system, held, ctx.clock.now())\n", ""),),
    ),
    Defect(
        name="regrouped, still asked",
        what="a question about a unit stays when the mapping gives it other fields",
        needs=("variant='regrouped'",),
        edits=(Edit(_REMAPPED, "            suggestions.withdraw_units(db, system, moved, ctx.clock.now())\n", ""),),
    ),
    Defect(
        name="unmapped, still asked",
        what="a question about a field stays when the mapping has it no more",
        needs=("variant='fewer'",),
        edits=(Edit(_JUDGING, "    _withdraw_unmapped(ctx, draft.db, subject, judged)\n", ""),),
    ),
    Defect(
        name="confidential from now on",
        what="a request that waits goes out with all its text although its type has become confidential",
        needs=("variant='hushed'",),
        edits=(Edit(_CYCLE, "        route_anew(ctx, db)\n", ""),),
    ),
)
