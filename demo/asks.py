"""The career requests of the day: who files them, how officers work them, and the word that careers must read in the end."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from demo.doors import CareerUser, OrgUser
from demo.stage import Stage

COUNSELLOR = {"name": "Pat Reyes", "email": "pat.reyes@example.edu", "unit": "Career Services"}


@dataclass(slots=True, kw_only=True)
class Ask:
    """One request.

    ``noon`` and ``afternoon`` name what is done about it then: begin, clear, decline, offer, wait, withdraw, delete, complete,
    or ``complete:OUTCOME``. ``expected`` is the word that careers must read in the evening.
    """

    label: str
    fields: Mapping[str, object]
    expected: str
    noon: tuple[str, ...] = ()
    afternoon: tuple[str, ...] = ()
    filed_by: CareerUser | None = None
    id: str = ""
    worked_by: str = ""


@dataclass(slots=True, kw_only=True)
class Desk:
    """Files the day's requests and works them as the officers would, each with their own login."""

    stage: Stage
    asks: list[Ask] = field(default_factory=list)

    def file(self, ask: Ask) -> Ask:
        """File one request, by the counsellor unless somebody else is named."""
        by = ask.filed_by if ask.filed_by and self.stage.platform.alumni_file else self.stage.counsellor
        ask.id = by.file({"requested_by": COUNSELLOR, **ask.fields})
        self.asks.append(ask)
        return ask

    def work(self, hour: str) -> int:
        """Do what the officers do at this hour (``noon``, ``afternoon``); how many steps that were."""
        steps = [(ask, step) for ask in self.asks for step in getattr(ask, hour)]
        for ask, step in steps:
            if step == "withdraw":
                self.stage.counsellor.withdraw(ask.id)
            else:
                self._step(ask, step)
        return len(steps)

    def _step(self, ask: Ask, step: str) -> None:
        record = self._record(ask)
        task = self._tasks(record["Id"])[0]
        worker = self._worker(task)
        ask.worked_by = worker.username
        verb, _, outcome = step.partition(":")
        if outcome:
            worker.edit("Career_Request__c", record["Id"], {"Outcome__c": outcome})
        match verb:
            case "begin":
                worker.edit("Task", task["Id"], {"Status": "In Progress"})
            case "wait":
                worker.edit("Task", task["Id"], {"Status": "Waiting on someone else"})
            case "complete":
                worker.edit("Task", task["Id"], {"Status": "Completed"})
            case "delete":
                worker.delete("Task", task["Id"])
            case "clear" | "decline":
                word = "Cleared" if verb == "clear" else "Declined"
                worker.edit("Career_Request__c", record["Id"], {"Clearance__c": word})
            case "offer":
                worker.edit("Task", task["Id"], {"Status": "In Progress"})
                worker.edit("Career_Request__c", record["Id"], {"Offered_Count__c": 2})
            case _:
                raise ValueError(step)

    def _record(self, ask: Ask) -> dict[str, Any]:
        """The record behind a request, found as an officer finds it: by the number that careers were told."""
        told = self.stage.counsellor.acknowledgement(ask.id)
        number = told["number"] if told else ""
        fields = "Id, Request_Number__c, Type__c, State__c, Neutral__c, Outcome__c, Stop_Reason__c, Contact__c"
        found = self.stage.officer.query(f"SELECT {fields} FROM Career_Request__c WHERE Request_Number__c = '{number}'")  # noqa: S608 - our number
        if len(found) != 1:
            raise LookupError(f"{ask.label}: {len(found)} records have the number {number!r}")
        return found[0]

    def _tasks(self, record_id: str) -> list[dict[str, Any]]:
        return self.stage.officer.query(f"SELECT Id, OwnerId, Status, Subject FROM Task WHERE WhatId = '{record_id}'")  # noqa: S608 - an id

    def _worker(self, task: Mapping[str, Any]) -> OrgUser:
        """The officer whose Task it is; one from a queue is taken over first, as in the queue's list view."""
        names = {id: name for name, id in self.stage.user_ids.items()}
        name = names.get(task["OwnerId"])
        if name is not None:
            return self.stage.staff[name]
        taker = self.stage.steward if "Stewards" in self._owner(task["OwnerId"]) else self.stage.officer
        taker.edit("Task", task["Id"], {"OwnerId": self.stage.user_ids[taker.username]})
        return taker

    def lines(self) -> list[dict[str, Any]]:
        """What became of each request: its record and Task in Salesforce, and what careers read, in the evening."""
        return [self._line(ask) for ask in self.asks]

    def _line(self, ask: Ask) -> dict[str, Any]:
        told = self.stage.counsellor.acknowledgement(ask.id)
        number = told["number"] if told else ""
        records = [row for row in self.stage.rows("Career_Request__c") if number and row["Request_Number__c"] == number]
        record = records[0] if records else {}
        tasks = [row for row in self._all_tasks() if record and row.get("WhatId") == record["Id"]]
        return {
            "request": ask.label,
            "number": number or None,
            "type": record.get("Type__c") or (told or {}).get("understood_type") or None,
            "crm_state": record.get("State__c"),
            "task": ("deleted" if tasks[0]["IsDeleted"] else tasks[0]["Status"]) if tasks else None,
            "owner": self._owner(tasks[0]["OwnerId"]) if tasks else None,
            "outcome": record.get("Outcome__c"),
            "stop_reason": record.get("Stop_Reason__c") or None,
            "careers_read": told["state"] if told else None,
            "message": (told or {}).get("message") or None,
            "expected": ask.expected,
        }

    def _all_tasks(self) -> list[dict[str, Any]]:
        return [*self.stage.rows("Task"), *self.stage.org.do("rows", sobject="Task", deleted=True)]

    def _owner(self, owner_id: str) -> str:
        for name, id in self.stage.user_ids.items():
            if id == owner_id:
                return name.partition("@")[0]
        row = self.stage.org.do("row", id_=owner_id)
        return str(row.get("DeveloperName") or row.get("Name"))
