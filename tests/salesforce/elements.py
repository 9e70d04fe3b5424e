"""Creates of our own records, and what Salesforce answers to each element of a write."""

from __future__ import annotations

from typing import Any

from connector.ports import CrmCreate, Status

REQUEST = "a0BVr0000000001MAA"
TASK = "00TVr0000000001IAA"
STAMP = "2026-11-02T09:00:00.000+0000"


def profile(key: str, **fields: Any) -> CrmCreate:
    """A create without a Task."""
    return CrmCreate(object="Career_Profile__c", key=key, fields=fields)


def request(key: str) -> CrmCreate:
    """A create with its Task."""
    return CrmCreate(object="Career_Request__c", key=key, fields={"Title__c": "Panel"}, task={"Subject": "Panel"})


def made(id: str) -> dict[str, Any]:
    """A successful element."""
    return {"id": id, "success": True, "errors": []}


def failed(code: str) -> dict[str, Any]:
    """A failed element of a Collections call."""
    return {"success": False, "errors": [{"statusCode": code, "message": "x", "fields": []}]}


def graph(number: int, record: Any, task: Any, *, done: bool) -> dict[str, Any]:
    """One graph's answer."""
    status = 201 if done else 400
    return {
        "graphId": f"g{number}",
        "graphResponse": {
            "compositeResponse": [
                {"body": record, "httpHeaders": {}, "httpStatusCode": status, "referenceId": f"record{number}"},
                {"body": task, "httpHeaders": {}, "httpStatusCode": status, "referenceId": f"task{number}"},
            ]
        },
        "isSuccessful": done,
    }


def error(code: str) -> list[dict[str, Any]]:
    """A failed node's body."""
    return [{"errorCode": code, "message": "x", "fields": []}]


HALTED = error("PROCESSING_HALTED")


def statuses(outcomes: Any) -> list[Status]:
    """The statuses of outcomes."""
    return [outcome.status for outcome in outcomes]
