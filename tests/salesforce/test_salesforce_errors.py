"""Each documented error body, over the wire as recorded, becomes its class; texts play no part."""

from __future__ import annotations

from typing import Any

import pytest

from connector.errors import BridgeError, Bug, Halt, Later, Refused, Unknown
from connector.ports import CrmUpdate, Status
from connector.salesforce import soql
from connector.salesforce.codes import CODES, Fault, Verdict, classify, error_of, outcome_of_error, read_faults
from connector.salesforce.objects import Writable
from tests.salesforce.orgs import Org

QUERY = soql.select(["Id"], "Contact")
RECORD = "a0BVr0000000001MAA"

DUPLICATE_RULE = {
    "duplicateResut": {"allowSave": True, "duplicateRule": "Standard_Contact_Duplicate_Rule", "matchResults": []},
    "errorCode": "DUPLICATES_DETECTED",
    "message": "You're creating a duplicate record. We recommend you use an existing record instead.",
}

ELEMENTS: list[tuple[dict[str, Any], Status]] = [
    (
        {"message": "unable to obtain exclusive access", "statusCode": "UNABLE_TO_LOCK_ROW", "fields": []},
        Status.LATER,
    ),
    ({"message": "x", "statusCode": "ALL_OR_NONE_OPERATION_ROLLED_BACK", "fields": []}, Status.LATER),
    ({"message": "x", "statusCode": "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE", "fields": []}, Status.LATER),
    ({"message": "x", "statusCode": "STORAGE_LIMIT_EXCEEDED", "fields": []}, Status.LATER),
    ({"message": "x", "statusCode": "TXN_SECURITY_METERING_ERROR", "fields": []}, Status.LATER),
    ({"message": "<admin text>", "statusCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION"}, Status.REFUSED),
    ({"message": "Required fields are missing: [X]", "statusCode": "REQUIRED_FIELD_MISSING", "fields": ["X"]}, Status.REFUSED),
    ({"message": "check security", "statusCode": "INVALID_FIELD_FOR_INSERT_UPDATE", "fields": ["State__c"]}, Status.REFUSED),
    ({"message": "bad value", "statusCode": "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "fields": ["State__c"]}, Status.REFUSED),
    ({"message": "x", "statusCode": "INVALID_CROSS_REFERENCE_KEY", "fields": ["OwnerId"]}, Status.REFUSED),
    ({"message": "x", "statusCode": "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", "fields": []}, Status.REFUSED),
    ({"message": "x", "statusCode": "INVALID_EMAIL_ADDRESS", "fields": ["email_field__c"]}, Status.REFUSED),
    ({"message": "data value too large", "statusCode": "STRING_TOO_LONG", "fields": ["Title__c"]}, Status.REFUSED),
    ({"message": "entity is deleted", "statusCode": "ENTITY_IS_DELETED", "fields": []}, Status.REFUSED),
    ({"message": "inactive", "statusCode": "INACTIVE_OWNER_OR_USER", "fields": []}, Status.REFUSED),
    ({"message": "flow failed", "statusCode": "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "fields": []}, Status.REFUSED),
    ({"message": "flow failed", "statusCode": "CANNOT_EXECUTE_FLOW_TRIGGER", "fields": []}, Status.REFUSED),
    (DUPLICATE_RULE, Status.REFUSED),
    ({"message": "etwas Neues", "statusCode": "NEVER_SEEN_BEFORE", "fields": []}, Status.REFUSED),
    ({"message": "x", "statusCode": "UNKNOWN_EXCEPTION", "fields": []}, Status.UNKNOWN),
    ({"message": "x", "statusCode": "SERVER_UNAVAILABLE", "fields": []}, Status.UNKNOWN),
    ({"message": "no code at all"}, Status.UNKNOWN),
]


@pytest.mark.parametrize(("error", "status"), ELEMENTS)
def test_each_element_error_has_its_status(error: dict[str, Any], status: Status, org: Org) -> None:
    """In a Collections answer each element is judged by its own code; its text, in whatever language, is not kept (B53)."""
    org.answer("PATCH", "/composite/sobjects", [{"success": False, "errors": [error]}])
    outcome = org.side.update([CrmUpdate(object="Career_Request__c", id=RECORD, fields={"State__c": "Done"})])[0]
    assert outcome.status is status
    assert error.get("message", "") not in outcome.detail.split()
    for field in error.get("fields", []):
        assert field in outcome.detail
    if status is Status.REFUSED:
        assert outcome.remedy


READS: list[tuple[int, Any, type[BridgeError]]] = [
    (403, [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}], Later),
    (403, [{"message": "ConcurrentRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}], Later),
    (403, [{"message": "x", "errorCode": "API_DISABLED_FOR_ORG"}], Halt),
    (403, [{"message": "x", "errorCode": "INSUFFICIENT_ACCESS"}], Refused),
    (400, [{"message": "x", "errorCode": "QUERY_TIMEOUT"}], Later),
    (400, [{"message": "x", "errorCode": "INVALID_QUERY_LOCATOR"}], Later),
    (400, [{"message": "x", "errorCode": "REQUEST_RUNNING_TOO_LONG"}], Later),
    (400, [{"message": "x", "errorCode": "SERVER_UNAVAILABLE"}], Later),
    (400, [{"message": "x", "errorCode": "OPERATION_TOO_LARGE"}], Refused),
    (400, [{"message": "x", "errorCode": "MALFORMED_QUERY"}], Halt),
    (400, [{"message": "x", "errorCode": "QUERY_TOO_COMPLICATED"}], Halt),
    (400, [{"message": "No such column 'X' on entity 'Contact'", "errorCode": "INVALID_FIELD"}], Refused),
    (404, [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}], Refused),
    (410, [{"errorCode": "GONE", "message": "x"}], Halt),
    (410, "<html>", Halt),
    (300, ["/services/data/v67.0/sobjects/Contact/003"], Halt),
    (500, [{"message": "x", "errorCode": "UNKNOWN_EXCEPTION"}], Later),
    (503, [{"message": "x", "errorCode": "SERVER_UNAVAILABLE"}], Later),
    (503, "<html>", Later),
    (502, "", Later),
    (406, "", Later),
    (420, "", Later),
    (400, [], Later),
    (400, {}, Later),
    (400, [{"errorCode": 7}], Later),
    (400, {"error": "invalid_request", "error_description": "x"}, Refused),
    (400, {"exceptionCode": "InvalidSessionId", "exceptionMessage": "x"}, Refused),
    (503, [{"message": "x", "errorCode": "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE"}], Later),
]


@pytest.mark.parametrize(("status", "body", "expected"), READS)
def test_each_error_of_a_read_has_its_class(status: int, body: Any, expected: type[BridgeError], org: Org) -> None:
    """A failed read is sorted by HTTP status and code, whatever shape the error has."""
    for _ in range(4):
        org.answer("GET", "/queryAll", body, status)
    with pytest.raises(expected):
        org.client.query(QUERY)


WRITES: list[tuple[int, Any, type[BridgeError]]] = [
    (403, [{"message": "x", "errorCode": "REQUEST_LIMIT_EXCEEDED"}], Later),
    (503, [{"message": "x", "errorCode": "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE"}], Later),
    (400, [{"message": "x", "errorCode": "UNABLE_TO_LOCK_ROW", "fields": []}], Later),
    (500, [{"message": "x", "errorCode": "UNKNOWN_EXCEPTION"}], Unknown),
    (503, [{"message": "x", "errorCode": "SERVER_UNAVAILABLE"}], Unknown),
    (400, [{"message": "x", "errorCode": "REQUEST_RUNNING_TOO_LONG"}], Unknown),
    (500, [{"message": "x", "errorCode": "NEVER_SEEN"}], Unknown),
    (502, "<html>", Unknown),
    (504, "", Unknown),
    (200, "<html>login</html>", Unknown),
    (406, "", Unknown),
    (200, None, Unknown),
    (200, {}, Unknown),
    (200, [], Unknown),
    (200, [{"success": True, "id": RECORD}] * 2, Unknown),
    (200, ["ok"], Unknown),
    (400, [{"message": "x", "errorCode": "JSON_PARSER_ERROR"}], Refused),
    (400, [{"message": "x", "errorCode": "NEVER_SEEN"}], Refused),
]


@pytest.mark.parametrize(("status", "body", "expected"), WRITES)
def test_each_error_of_a_write_has_its_class_and_is_sent_once(
    status: int, body: Any, expected: type[BridgeError], org: Org
) -> None:
    """A failed write is sorted alike, an unreadable answer to it is unknown, and it is never sent a second time."""
    org.answer("POST", "/composite/sobjects", body, status)
    with pytest.raises(expected):
        org.client.insert([(Writable.PROFILE, {"Key__c": "k"})])
    assert len(org.sent) == 1


def test_a_query_that_sharing_makes_too_large_has_a_remedy() -> None:
    """A refusal that is in the table says who can change what, in the words of its own cause."""
    assert "view all" in classify(400, "OPERATION_TOO_LARGE", write=False).remedy


def test_no_code_of_theirs_is_a_bug_of_ours() -> None:
    """Whatever Salesforce answers stops its own side at most: a ``Bug`` would stop career systems as well."""
    for code in CODES:
        reason = error_of(400, Fault(code=code), write=False)
        assert not isinstance(reason, Halt) or reason.subject == "crm", code
        assert not isinstance(reason, Bug), code


def test_status_and_code_may_disagree() -> None:
    """A known code counts whatever status it comes with; an unknown code is judged by the status alone (B53)."""
    assert classify(200, "UNABLE_TO_LOCK_ROW", write=True).verdict is Verdict.LATER
    assert classify(418, "WHATEVER", write=True).verdict is Verdict.REFUSED
    assert classify(599, "WHATEVER", write=True).verdict is Verdict.UNKNOWN
    assert classify(599, "WHATEVER", write=False).verdict is Verdict.LATER


def test_every_refusal_names_a_remedy() -> None:
    """Whoever reads a refusal or a halt is told who can change what."""
    for code, meaning in CODES.items():
        assert meaning.remedy or meaning.verdict not in {Verdict.REFUSED, Verdict.HALT}, code


@pytest.mark.parametrize("code", ["<script>", "A" * 81, "", "x y", "ü"])
def test_codes_are_words(code: str) -> None:
    """What stands where a code should stand is not carried into logs unless it looks like one."""
    assert read_faults([{"errorCode": code}]) is None


def test_unsent_elements_wait() -> None:
    """What comes after a halt in the same call was not sent, and is not blamed for it."""
    assert outcome_of_error(Halt(subject="x", reason="y", remedy="z")).status is Status.LATER
