"""Planted bugs in who is given a request, until when, and whether the alumnus may be asked at all."""

from __future__ import annotations

from tests.simulation.defects.planted import Defect, Edit

_ROUTING, _CALENDAR = "connector/core/routing.py", "connector/core/calendar.py"
_ASKED, _REQUESTS, _FOLLOWING = (f"connector/engine/{name}.py" for name in ("asked", "requests", "following"))

DEFECTS = (
    Defect(
        name="rules of routing unread",
        what="whoever owns a type of request works it, whatever the rules say",
        needs=("File(",),
        edits=(
            Edit(
                _ROUTING,
                "return next((rule.owner for rule in self.routing.rules if self._applies(rule)), self.ask.type.owner)",
                "return self.ask.type.owner",
            ),
        ),
    ),
    Defect(
        name="named, not cleared",
        what="an ask of a certain person goes to an officer without clearance",
        needs=("item=1",),
        edits=(Edit(_ROUTING, "return self.ask.type.clearance is ClearanceRule.NAMED and self.ask.named", "return False"),),
    ),
    Defect(
        name="contact limit not kept",
        what="how often somebody has been asked is not counted",
        needs=("File(",),
        edits=(
            Edit(
                _ROUTING, "    recent = sum(now - at < timedelta(days=routing.limit.days) for at in asked)\n", "    recent = 0\n"
            ),
        ),
    ),
    Defect(
        name="who waits was asked",
        what="a request that waits, as somebody has been asked too often, counts as an ask of them",
        needs=("File(",),
        edits=(
            Edit(
                _REQUESTS,
                "if routed.task is not None and contact is not None and not routed.stop_reason:",
                "if routed.task is not None and contact is not None:",
            ),
        ),
    ),
    Defect(
        name="every day is a working day",
        what="weekends and holidays count when something is due",
        needs=("File(",),
        edits=(Edit(_CALENDAR, "return day.weekday() not in self.weekend and day not in self.holidays", "return True"),),
    ),
    Defect(
        name="everybody keeps one office's hours",
        what="when something is due is reckoned in the calendar of triage, whoever works it",
        needs=("File(",),
        edits=(
            Edit(
                _ROUTING,
                "calendar = self.routing.calendars[owner.calendar]",
                "calendar = self.routing.calendars[self.routing.owners[self.routing.triage].calendar]",
            ),
        ),
    ),
    Defect(
        name="alumni ask twice",
        what="the title of what an alumna asks is not known when she asks again",
        needs=("File(",),
        edits=(Edit(_ASKED, 'title=titles.get((row["system"], row["request_id"]), ""),', 'title="",'),),
    ),
    Defect(
        name="the same ask again",
        what="the same ask of the same person is not attached to the one that is there",
        needs=("File(",),
        edits=(
            Edit(
                _ROUTING,
                "            if earlier.ended_at is None or now - earlier.ended_at < routing.attach_within:\n                return earlier\n",
                "            continue\n",
            ),
        ),
    ),
    Defect(
        name="officers who have left",
        what="whether an officer is still there is not looked at",
        needs=("Leave(",),
        edits=(Edit(_ROUTING, "if officer.active and officer.kind == owner.kind", "if officer.kind == owner.kind"),),
    ),
    Defect(
        name="who was asked is forgotten",
        what="requests that are found again after the state was lost do not count as asks",
        needs=("RestoreState(", "File("),
        edits=(
            Edit(
                _FOLLOWING,
                "if contact and received and asked and not taken_back:",
                "if False:",
            ),
        ),
    ),
)
