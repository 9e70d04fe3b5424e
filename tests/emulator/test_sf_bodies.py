"""Documented bodies, byte for byte."""

import pytest

from emulator.salesforce.control import Control
from emulator.salesforce.org import Org
from tests.emulator.api import Api


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        ("LONG_TXN_LIMIT", 403, '[{"message":"ConcurrentPerOrgLongTxn Limit exceeded","errorCode":"REQUEST_LIMIT_EXCEEDED"}]'),
        (
            "CONCURRENT_LIMIT",
            403,
            '[{"message":"ConcurrentRequests (Concurrent API Requests) Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]',
        ),
        ("REQUEST_LIMIT_EXCEEDED", 403, '[{"message":"TotalRequests Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]'),
        ("INVALID_SESSION_ID", 401, '[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]'),
    ],
)
def test_refused_requests(api: Api, control: Control, answer: str, status: int, body: str) -> None:
    """Quota, concurrency and session refusals have message and errorCode and no more. [I] mautic#5006, OrgCheck#432."""
    control.order_fault(".", answer=answer)
    refused = api.get("limits")
    assert (refused.status, refused.body.decode()) == (status, body)
    assert "Retry-After" not in refused.headers


@pytest.mark.parametrize(("answer", "status"), [("API_DISABLED_FOR_ORG", 403), ("QUERY_TIMEOUT", 400)])
def test_refused_by_code(api: Api, control: Control, answer: str, status: int) -> None:
    """A disabled API is a 403, a query that takes too long a 400: a list of message and errorCode. [D] errorcodes."""
    control.order_fault(".", answer=answer)
    refused = api.get("query?q=SELECT+Id+FROM+Contact")
    found = refused.json()
    assert isinstance(found, list)
    assert (refused.status, list(found[0]), found[0]["errorCode"]) == (status, ["message", "errorCode"], answer)


@pytest.mark.parametrize(("answer", "status"), [("SERVER_UNAVAILABLE_HTML", 503), ("BAD_GATEWAY", 502), ("GATEWAY_TIMEOUT", 504)])
def test_pages_instead_of_answers(api: Api, control: Control, answer: str, status: int) -> None:
    """502, 503 and 504 may be pages in HTML: nothing to parse. [U]."""
    control.order_fault(".", answer=answer)
    page = api.get("limits")
    assert (page.status, page.headers["Content-Type"].partition(";")[0]) == (status, "text/html")


def test_a_locked_row(api: Api, control: Control) -> None:
    """A record that somebody else holds is UNABLE_TO_LOCK_ROW with its id and empty fields. [I] EloquentSalesForce#59."""
    id_ = control.seed("Contact", [{"LastName": "A"}])[0]
    control.order_refusal("UNABLE_TO_LOCK_ROW", record=id_)
    answer = api.call("PATCH", f"sobjects/Contact/{id_}", {"Title": "Dr"})
    message = f"unable to obtain exclusive access to this record or 1 records: {id_}"
    assert answer.body.decode() == f'[{{"message":"{message}","errorCode":"UNABLE_TO_LOCK_ROW","fields":[]}}]'
    assert answer.status == 400


def test_a_reference_out_of_sight(org: Org, control: Control) -> None:
    """A reference to what the user may not see names the id, with empty fields. [C]."""
    control.permission_set("People", objects={"Contact": "cre"}, fields={"Contact.AccountId": "rw"})
    user = control.add_user("staff", profile="Minimum Access - Salesforce", permission_sets=["People"])
    account = control.seed("Account", [{"Name": "Acme"}])[0]
    answer = Api(org, user).call("POST", "sobjects/Contact", {"LastName": "A", "AccountId": account})
    message = f"insufficient access rights on cross-reference id: {account[:15]}"
    code = "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY"
    assert answer.body.decode() == f'[{{"message":"{message}","errorCode":"{code}","fields":[]}}]'


def test_written_records(api: Api, control: Control) -> None:
    """A create has id, success and errors; an upsert in a collection has created besides. [R] grouparoo, CumulusCI."""
    control.define_field("Contact", "Ext__c", externalId=True, unique=True, idLookup=True)
    made = api.call("POST", "sobjects/Contact", {"LastName": "A"})
    assert (made.status, made.body.decode()) == (201, '{"id":"003KJ0000000001YAA","success":true,"errors":[]}')
    record = {"attributes": {"type": "Contact"}, "LastName": "B", "Ext__c": "b"}
    several = api.call("PATCH", "composite/sobjects/Contact/Ext__c", {"records": [record]})
    assert several.body.decode() == '[{"id":"003KJ0000000002YAA","success":true,"errors":[],"created":true}]'


def test_a_failed_part_of_a_composite(api: Api) -> None:
    """A refused subrequest has body, httpHeaders, httpStatusCode and referenceId, in this order. [R] CumulusCI."""
    part = {"method": "GET", "url": f"{api.base}/sobjects/Contact/003000000000000AAA", "referenceId": "one"}
    answer = api.call("POST", "composite", {"compositeRequest": [part]})
    body = '[{"errorCode":"NOT_FOUND","message":"The requested resource does not exist"}]'
    expected = f'{{"body":{body},"httpHeaders":{{}},"httpStatusCode":404,"referenceId":"one"}}'
    assert answer.body.decode() == f'{{"compositeResponse":[{expected}]}}'


def test_a_statement_that_cannot_be_read(api: Api) -> None:
    """MALFORMED_QUERY is a list of message and errorCode without fields. [D] errorcodes."""
    answer = api.query("SELECT")
    assert (list(answer[0]), answer[0]["errorCode"]) == (["message", "errorCode"], "MALFORMED_QUERY")


def test_a_duplicate(api: Api, control: Control) -> None:
    """A duplicate rule's body has the documented keys at every level, duplicateResut spelt so. [C]."""
    control.duplicate_rule("Contact", ["Email"])
    api.create("Contact", LastName="A", Email="a@x.example")
    body = api.json("POST", "sobjects/Contact", {"LastName": "B", "Email": "a@x.example"})[0]
    found = body["duplicateResut"]
    assert list(found) == ["allowSave", "duplicateRule", "duplicateRuleEntityType", "errorMessage", "matchResults"]
    match = found["matchResults"][0]
    assert list(match) == ["entityType", "errors", "matchEngine", "matchRecords", "rule", "size", "success"]
    assert list(match["matchRecords"][0]) == ["additionalInformation", "fieldDiffs", "matchConfidence", "record"]
    assert body["message"] == "You're creating a duplicate record. We recommend you use an existing record instead."
