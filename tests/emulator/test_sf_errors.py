"""Errors."""

import gc
import traceback
import weakref
from typing import Any

import pytest

from emulator.salesforce.control import Control
from emulator.salesforce.org import Org
from tests.emulator.api import Api


def test_not_found_prints_the_code_first(api: Api) -> None:
    """An unknown record is a 404 whose body has errorCode before message and no fields. [R] CumulusCI cassettes."""
    answer = api.get("sobjects/Contact/003000000000001AAA")
    assert answer.status == 404
    assert answer.body == b'[{"errorCode":"NOT_FOUND","message":"The requested resource does not exist"}]'


def test_reading_a_deleted_record_is_not_found(api: Api) -> None:
    """GET of a soft-deleted id is NOT_FOUND too. [R]."""
    id_ = api.create("Contact", LastName="Gone")
    api.call("DELETE", f"sobjects/Contact/{id_}")
    assert api.json("GET", f"sobjects/Contact/{id_}")[0]["errorCode"] == "NOT_FOUND"


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_writing_a_deleted_record(api: Api, method: str) -> None:
    """PATCH and DELETE of a deleted id are ENTITY_IS_DELETED with 404. [C] real output."""
    id_ = api.create("Contact", LastName="Gone")
    api.call("DELETE", f"sobjects/Contact/{id_}")
    answer = api.call(method, f"sobjects/Contact/{id_}", {"LastName": "Back"})
    assert answer.status == 404
    assert answer.body == b'[{"message":"entity is deleted","errorCode":"ENTITY_IS_DELETED","fields":[]}]'


def test_missing_required_field(api: Api) -> None:
    """A create without a required field names it in message and fields. [R]."""
    answer = api.call("POST", "sobjects/Contact", {"FirstName": "Ada"})
    assert answer.status == 400
    assert answer.body == (
        b'[{"message":"Required fields are missing: [LastName]","errorCode":"REQUIRED_FIELD_MISSING","fields":["LastName"]}]'
    )


def test_duplicate_value_names_the_winner(api: Api, control: Control) -> None:
    """A taken unique value answers DUPLICATE_VALUE with the existing id and empty fields. [I] go-salesforce#133."""
    control.define_field("Contact", "Ext__c", externalId=True, unique=True, idLookup=True)
    id_ = api.create("Contact", LastName="One", Ext__c="k1")
    answer = api.call("POST", "sobjects/Contact", {"LastName": "Two", "Ext__c": "K1"})
    assert answer.status == 400
    text = f"duplicate value found: Ext__c duplicates value on record with id: {id_}"
    assert answer.json() == [{"message": text, "errorCode": "DUPLICATE_VALUE", "fields": []}]


def test_a_case_sensitive_key_knows_case(api: Api, control: Control) -> None:
    """A unique field with caseSensitive takes the same text in another case. [D]."""
    control.define_field("Contact", "Ext__c", externalId=True, unique=True, idLookup=True, caseSensitive=True)
    api.create("Contact", LastName="One", Ext__c="k1")
    api.create("Contact", LastName="Two", Ext__c="K1")


def test_read_only_field(api: Api) -> None:
    """Setting a read-only field is INVALID_FIELD_FOR_INSERT_UPDATE with the platform's hint. [C]."""
    answer = api.call("POST", "sobjects/Contact", {"LastName": "One", "Name": "Two"})
    assert answer.status == 400
    assert answer.json() == [
        {
            "message": "Unable to create/update fields: Name. Please check the security settings of this field and "
            "verify that it is read/write for your profile or permission set.",
            "errorCode": "INVALID_FIELD_FOR_INSERT_UPDATE",
            "fields": ["Name"],
        }
    ]


def test_restricted_picklist(api: Api, control: Control) -> None:
    """A value outside a restricted picklist is refused by label and value. [C]."""
    control.define_field("Contact", "Kind__c", type="picklist", label="Job Category", values=["A"], restrictedPicklist=True)
    answer = api.call("POST", "sobjects/Contact", {"LastName": "One", "Kind__c": "X"})
    assert answer.json() == [
        {
            "message": "Job Category: bad value for restricted picklist field: X",
            "errorCode": "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            "fields": ["Kind__c"],
        }
    ]


def test_unrestricted_picklist_takes_anything(api: Api, control: Control) -> None:
    """An unknown value of an unrestricted picklist is saved silently. [I]."""
    control.define_field("Contact", "Kind__c", type="picklist", values=["A"])
    id_ = api.create("Contact", LastName="One", Kind__c="X")
    assert control.row(id_)["Kind__c"] == "X"


def test_text_that_is_too_long(api: Api) -> None:
    """Text above the length is STRING_TOO_LONG with label, value and limit. [I] a recorded answer in apache/camel's tests."""
    answer = api.json("POST", "sobjects/Contact", {"LastName": "x" * 81})
    text = f"Last Name: data value too large: {'x' * 81} (max length=80)"
    assert answer == [{"message": text, "errorCode": "STRING_TOO_LONG", "fields": ["LastName"]}]


def test_unknown_field(api: Api) -> None:
    """A body with an unknown field is INVALID_FIELD without a fields key. [I]."""
    answer = api.json("POST", "sobjects/Contact", {"LastName": "One", "Foo__c": 1})
    assert answer == [{"message": "No such column 'Foo__c' on sobject of type Contact", "errorCode": "INVALID_FIELD"}]


def test_bad_email_in_a_collection(api: Api) -> None:
    """In a collection the key is statusCode, the item has no id, and a bad address is refused by label. [R] grouparoo."""
    body = {"records": [{"attributes": {"type": "Contact"}, "LastName": "One", "Email": "badone"}]}
    answer = api.call("POST", "composite/sobjects", body)
    assert answer.status == 200
    assert answer.json() == [
        {
            "success": False,
            "errors": [
                {
                    "statusCode": "INVALID_EMAIL_ADDRESS",
                    "message": "Email: invalid email address: badone",
                    "fields": ["Email"],
                }
            ],
        }
    ]


def test_expired_session(org: Org, api: Api, control: Control) -> None:
    """A token that is no good is 401 INVALID_SESSION_ID. [I] simple-salesforce#619."""
    control.expire_sessions()
    answer = api.get("limits")
    assert answer.status == 401
    assert answer.body == b'[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]'
    assert org.usage.total() == 0


def test_quota_is_a_403_without_fields(org: Org, api: Api) -> None:
    """A used-up day is 403 REQUEST_LIMIT_EXCEEDED without fields and without Retry-After. [D] errorcodes."""
    org.settings.daily_limit = 10
    org.usage.add(10)
    answer = api.get("query?q=SELECT+Id+FROM+Contact")
    assert answer.status == 403
    assert answer.body == b'[{"message":"TotalRequests Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]'
    assert "retry-after" not in {name.lower() for name in answer.headers}


def test_every_answer_tells_the_limit(api: Api) -> None:
    """Sforce-Limit-Info is on every answer of the data API, 404s included. [R]."""
    assert api.get("sobjects/Contact/003000000000001AAA").headers["Sforce-Limit-Info"] == "api-usage=1/100000"
    assert api.get("sobjects").headers["Sforce-Limit-Info"] == "api-usage=2/100000"


def test_query_error_points_at_the_place(api: Api) -> None:
    """An unknown column is INVALID_FIELD with the line, an arrow and row and column. [C]."""
    answer = api.query("SELECT Id, FullName FROM Account")
    assert answer[0]["errorCode"] == "INVALID_FIELD"
    assert answer[0]["message"] == (
        "\nSELECT Id, FullName FROM Account\n           ^\nERROR at Row:1:Column:12\n"
        "No such column 'FullName' on entity 'Account'. If you are attempting to use a custom field, be sure to append "
        "the '__c' after the custom field name. Please reference your WSDL or the describe call for the appropriate names."
    )


def test_wrong_json_type(api: Api) -> None:
    """A value of the wrong JSON type is JSON_PARSER_ERROR; the place at the end of its text is left out. [I]."""
    answer = api.json("POST", "sobjects/Contact", {"LastName": "One", "MailingLatitude": "north"})
    assert answer[0]["errorCode"] == "JSON_PARSER_ERROR"
    assert answer[0]["message"].startswith("Cannot deserialize instance of double from VALUE_STRING value north")


@pytest.mark.parametrize(
    ("field", "kind", "bad", "good"),
    [
        (
            "Birthdate",
            "date",
            ["2026-13-01", "20200101", "2020-W01-1", "2020-01-01garbage", "2020-01-01Tea", "1/2/2020", 20200101],
            {
                "2020-01-02": "2020-01-02",
                "2020-01-02Z": "2020-01-02",
                "2020-01-02+01:00": "2020-01-02",
                "2020-01-02T00:00:00.000Z": "2020-01-02",
            },
        ),
        (
            "Met__c",
            "datetime",
            ["2026-13-01T00:00:00Z", "20200102T030405Z", "2020-W01-1", "2020-01-02T03:04:05Zulu", "2020-01-02 03:04:05"],
            {
                "2020-01-02T03:04:05.000+0000": "2020-01-02T03:04:05.000+0000",
                "2020-01-02T03:04:05.678Z": "2020-01-02T03:04:05.000+0000",
                "2020-01-02T03:04:05+01:00": "2020-01-02T02:04:05.000+0000",
                "2020-01-02T03:04:05": "2020-01-02T03:04:05.000+0000",
                "2020-01-02": "2020-01-02T00:00:00.000+0000",
                1577934245000: "2020-01-02T03:04:05.000+0000",
            },
        ),
    ],
)
def test_dates_have_the_documented_forms(
    api: Api, control: Control, field: str, kind: str, bad: list[object], good: dict[object, str]
) -> None:
    """A date or moment in no form of the guides is JSON_PARSER_ERROR, and nothing is stored. [D]; the code. [I]."""
    control.define_field("Contact", "Met__c", type="datetime")
    id_ = api.create("Contact", LastName="One")
    for value in bad:
        answer = api.json("PATCH", f"sobjects/Contact/{id_}", {field: value})
        assert answer[0]["errorCode"] == "JSON_PARSER_ERROR"
        assert answer[0]["message"].startswith(f"Cannot deserialize instance of {kind} from VALUE_STRING value {value}")
    assert field not in control.row(id_)
    for value, kept in good.items():
        assert api.call("PATCH", f"sobjects/Contact/{id_}", {field: value}).status == 204
        assert control.row(id_)[field] == kept


def test_reference_to_nothing(api: Api) -> None:
    """A well-formed id that leads to nothing is INVALID_CROSS_REFERENCE_KEY. [C]."""
    answer: Any = api.json("POST", "sobjects/Contact", {"LastName": "One", "AccountId": "001000000000001AAA"})
    assert answer == [{"message": "invalid cross reference id", "errorCode": "INVALID_CROSS_REFERENCE_KEY", "fields": []}]


def test_reference_to_another_object(api: Api) -> None:
    """An id of another object in a reference is MALFORMED_ID with the label. [I]."""
    other = api.create("Contact", LastName="Other")
    answer = api.json("POST", "sobjects/Contact", {"LastName": "One", "AccountId": other})
    assert answer[0]["errorCode"] == "MALFORMED_ID"
    assert answer[0]["message"] == f"Account ID: id value of incorrect type: {other}"


def test_inactive_owner(api: Api, control: Control) -> None:
    """A record cannot be given to an inactive user. [I] Milestones-PM#20."""
    gone = control.add_user("gone", values={"IsActive": False})
    answer = api.json("POST", "sobjects/Contact", {"LastName": "One", "OwnerId": gone})
    assert answer[0]["errorCode"] == "INACTIVE_OWNER_OR_USER"
    assert answer[0]["message"].startswith("operation performed with inactive user: [")


def test_maintenance_refuses_writes_only(org: Org, api: Api) -> None:
    """In read-only mode queries go on and writes are refused by code. [D]."""
    org.settings.read_only = True
    answer = api.json("POST", "sobjects/Contact", {"LastName": "One"})
    assert answer[0]["errorCode"] == "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE"
    assert api.query("SELECT COUNT() FROM Contact")["totalSize"] == 0


def test_retired_version(api: Api) -> None:
    """A retired API version is 410 GONE; one that does not exist yet is 404. [D] api-eol."""
    assert api.get("/services/data/v20.0/sobjects").status == 410
    assert api.get("/services/data/v99.0/sobjects").status == 404


def test_wrong_method(api: Api) -> None:
    """A method that an address does not have is 405, errorCode first, and says which it has. [I] forcejs."""
    answer = api.call("PATCH", "sobjects/Contact", {})
    message = "HTTP Method 'PATCH' not allowed. Allowed are HEAD,GET,POST"
    assert (answer.status, answer.body) == (405, b'[{"errorCode":"METHOD_NOT_ALLOWED","message":"%s"}]' % message.encode())


def test_refusals_hold_nothing_of_those_they_refused() -> None:
    """An organisation that nobody uses any more is gone, whatever it refused; an error raised often does not grow. [C] own."""
    org = Org()
    control, api = Control(org), Api(org)
    refusal = control.order_refusal("UNABLE_TO_LOCK_ROW", count=50)
    depths = set()
    for _ in range(50):
        api.call("POST", "sobjects/Contact", {"LastName": "Locked"})
        depths.add(len(list(traceback.walk_tb(refusal.error.__traceback__))))
    assert len(depths) == 1
    control.expire_sessions()
    assert api.get("sobjects/Contact/describe").status == 401
    gone = weakref.ref(org)
    del org, control, api, refusal
    gc.collect()
    assert gone() is None
