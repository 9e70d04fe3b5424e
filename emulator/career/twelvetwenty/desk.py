"""How counsellors ask for alumni through 12twenty: by a note about the person that begins with *Alumni request:*."""

import re
from collections.abc import Mapping
from typing import Any

from emulator.career.models import CareerSystem
from emulator.career.records import Actor
from emulator.career.twelvetwenty.notes import STAFF_ONLY, add_note, by_programs, change_note, note_of
from emulator.career.twelvetwenty.shapes import PREFIX

_LABELS = (
    *(("title", "Title"), ("need_by", "Need by"), ("count", "Count"), ("effort_minutes", "Effort"), ("details", "Details")),
    *(("direction", "Direction"), ("named", "Named"), ("urgent", "Urgent")),
)
_ANSWER = re.compile(
    r"Alumni Relations on note (?P<note>\d+): (?P<number>\S+) (?P<type>.*?): (?P<state>[a-z ]+?)(?: \((?P<offered>\d+) of \d+\))?"
)


class NoteDesk:
    """See ``emulator.career.face.Desk``. What is about nobody stands at the site's first account."""

    def file(self, system: CareerSystem, fields: Mapping[str, Any], by: Actor) -> str:
        """Write the note; the request's id is the note's and the person's."""
        person = str(fields.get("person_id") or system.people.order[0].id)
        lines = [f"Alumni request: {fields.get('type') or ''}"]
        lines += [f"{label}: {_shown(fields[name])}" for name, label in _LABELS if fields.get(name)]
        lines += [f"Wanted: {name} = {value}" for name, value in (fields.get("criteria") or {}).items()]
        lines += [f"Person: {value}" for value in (fields.get("person_hint") or {}).values()]
        prefix, _, number = person.partition("-")
        kind = next(kind for kind, letter in PREFIX.items() if letter == prefix)
        text = "\n".join([*lines, f"Text: {fields.get('text') or ''}"])
        about = {"PrimaryEntityTypeId": kind, "PrimaryEntityId": int(number), "Text": text, "VisibilityId": STAFF_ONLY}
        return f"n-{add_note(system, by, about)['Id']}:{person}"

    def withdraw(self, system: CareerSystem, request_id: str, _by: Actor) -> None:
        """Add the line that withdraws it."""
        number = _number(request_id)
        first, _, rest = str(note_of(system, number)["Text"]).partition("\n")
        change_note(system, number, {"Text": f"{first}\nWithdrawn: yes\n{rest}"})

    def told(self, system: CareerSystem, request_id: str) -> Mapping[str, Any] | None:
        """What the newest note of Alumni Relations about it says."""
        for note in reversed(by_programs(system)):
            first, _, rest = str(note["Text"]).partition("\n")
            found = _ANSWER.fullmatch(first)
            if found and found["note"] == _number(request_id):
                message = rest.partition("[alumni-bridge")[0].strip()
                told = {"number": found["number"], "understood_type": found["type"], "state": found["state"]}
                return {**told, "message": message, "offered": int(found["offered"]) if found["offered"] else None}
        return None

    def notes(self, system: CareerSystem, person_id: str) -> list[str]:
        """Notes of programs about this person."""
        about = person_id.partition("-")[2]
        return [str(note["Text"]) for note in by_programs(system) if str(note["PrimaryEntityId"]) == about]


def _number(request_id: str) -> str:
    return request_id.partition(":")[0].removeprefix("n-")


def _shown(value: object) -> str:
    return "yes" if value is True else str(value)
