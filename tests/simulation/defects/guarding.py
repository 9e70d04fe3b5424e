"""Planted bugs in what guards the bridge: halts, brakes, pace, books, and secrets."""

from __future__ import annotations

from tests.simulation.defects.planted import Defect, Edit

_DELIVER, _SETTLING = "connector/engine/deliver.py", "connector/engine/settling.py"
_PLANNER, _JOURNAL = "connector/engine/planner.py", "connector/store/journal.py"

DEFECTS = (
    Defect(
        name="halt is looked at too late",
        what="that everything is halted is looked at once a cycle",
        needs=("step=Stop(",),
        edits=(Edit(_DELIVER, "            if stopped(db):\n                return\n", ""),),
    ),
    Defect(
        name="brakes without effect",
        what="a plan beyond the brakes is released all the same",
        needs=("mapping='braking'", "EditContact(person=0", "EditContact(person=1"),
        edits=(Edit(_PLANNER, "    if planned.reasons and not approve:\n", "    if False:\n"),),
    ),
    Defect(
        name="writes before going live",
        what="an installation that is not live writes",
        edits=(
            Edit("connector/engine/stage.py", "        if not self.live:\n            return False\n", ""),
            Edit(
                "connector/engine/cycle.py",
                "        live = stage(db).live\n    if live:\n        # Another",
                "        live = True\n    if live:\n        # Another",
            ),
        ),
    ),
    Defect(
        name="no pause between attempts",
        what="a write that a side had no time for is due again at once",
        needs=("UNABLE_TO_LOCK_ROW",),
        edits=(Edit("connector/core/retry.py", "    return now + timedelta(seconds=wait)", "    return now"),),
    ),
    Defect(
        name="Retry-After ignored",
        what="how long a side asks us to wait is not looked at",
        needs=("throttle",),
        edits=(
            Edit(
                "connector/wire.py",
                '        return read_retry_after(answer.headers.get("Retry-After", ""), self._clock.now())',
                "        return None",
            ),
        ),
    ),
    Defect(
        name="the org's calls used up",
        what="nothing of the org's daily allowance is left to others",
        needs=("Burn(",),
        edits=(Edit("connector/salesforce/transport.py", "        self._keep_reserve()\n", ""),),
    ),
    Defect(
        name="logins without end",
        what="each call after the session has ended logs in again, however often",
        needs=("INVALID_SESSION_ID", "count=12"),
        edits=(
            Edit(
                "connector/salesforce/transport.py",
                "        if answer.status != 401:\n            return answer\n        token",
                "        while answer.status == 401:\n"
                "            self._logins.clear()\n"
                "            answer = self._once(self._log_in(token), method, path, write=write, headers=headers, json=json, params=params)\n"
                "        if answer.status != 401:\n            return answer\n        token",
            ),
        ),
    ),
    Defect(
        name="lease taken by force",
        what="that another daemon holds the lease is not looked at",
        needs=("Rival(",),
        edits=(
            Edit(
                "connector/engine/watch.py",
                "    if holder is not None:\n        raise Halt(",
                "    if False:\n        raise Halt(",
            ),
            Edit(
                "connector/salesforce/lease.py",
                "        if owner is not None and owner != holder:\n"
                "            return Claim(held_by=owner, found=found, count=stands)\n",
                "",
            ),
        ),
    ),
    Defect(
        name="nothing said about no",
        what="the audit does not tell of writes that were refused",
        needs=("CrmRefuses(",),
        edits=(
            Edit(
                _SETTLING,
                "            entries.append(_entry(row, payload, outcome, state))\n",
                '            if state != "refused":\n                entries.append(_entry(row, payload, outcome, state))\n',
            ),
        ),
    ),
    Defect(
        name="audited twice",
        what="the audit tells of each write twice",
        edits=(
            Edit(
                _SETTLING,
                "            entries.append(_entry(row, payload, outcome, state))\n",
                "            entries += [_entry(row, payload, outcome, state)] * 2\n",
            ),
        ),
    ),
    Defect(
        name="audited before",
        what="the audit tells of a write when it is planned to be sent, with the values of another",
        edits=(
            Edit(
                _JOURNAL,
                '    return f"intent.{state}", refs, {"sent": sent} if sent else None',
                '    return f"intent.{state}", refs, {"sent": dict(list(sent.items())[1:])} if sent else None',
            ),
        ),
    ),
    Defect(
        name="chain without its predecessor",
        what="an entry of the audit is not tied to the one before it",
        edits=(
            Edit(
                _JOURNAL,
                '    return sha256(f"{before}\\n{at}\\n{event}\\n{refs}".encode()).hexdigest()',
                '    return sha256(f"{at}\\n{event}\\n{refs}".encode()).hexdigest()',
            ),
        ),
    ),
    Defect(
        name="values in the log",
        what="the log tells what was written",
        edits=(
            Edit(
                _SETTLING,
                '        done.count(row["kind"], state)\n',
                '        done.count(row["kind"], state)\n        log.info("intent.settled", reason=str(payload.get("fields")))\n',
            ),
        ),
    ),
    Defect(
        name="an error's own words in the log",
        what="the log repeats the sentences of an answer",
        edits=(
            Edit(
                "connector/career/writes.py",
                "        if answer.split and len(chunk) > 1:\n",
                '        structlog.get_logger().info("chunk.sent", detail=str(chunk), reason=str(chunk))\n        if answer.split and len(chunk) > 1:\n',
            ),
            Edit(
                "connector/career/writes.py",
                "from collections.abc import Callable, Sequence\n",
                "from collections.abc import Callable, Sequence\n\nimport structlog\n",
            ),
        ),
    ),
    Defect(
        name="token kept in the state",
        what="the session's token is remembered in the state, so that a restart need not log in",
        edits=(
            Edit(
                "connector/engine/cycle.py",
                "    _trust_clock(ctx)\n    done = Cycle(halted=_halted(ctx))\n",
                "    _trust_clock(ctx)\n    done = Cycle(halted=_halted(ctx))\n"
                "    import os\n\n"
                "    with ctx.store.begin() as db:\n"
                "        token = ctx.crm._client.transport._token\n"
                '        set_meta(db, "token", token.access.reveal() if token else "none")\n',
            ),
        ),
    ),
    Defect(
        name="another tenant",
        what="that the key leads to another tenant is not looked at",
        needs=("LeadElsewhere(",),
        edits=(Edit("connector/engine/pins.py", "    if pinned is not None and pinned != value:\n", "    if False:\n"),),
    ),
    Defect(
        name="notes for everybody",
        what="a note about a person is visible to the person",
        edits=(Edit("connector/career/dialects/generic.py", '"visibility": "staff"', '"visibility": "everyone"'),),
    ),
)
