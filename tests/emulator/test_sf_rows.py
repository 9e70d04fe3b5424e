"""One record at a time."""

from datetime import timedelta
from email.utils import format_datetime

import pytest

from emulator.salesforce.control import Control
from emulator.salesforce.org import Org
from tests.emulator.api import Api


@pytest.fixture
def keyed(control: Control) -> Control:
    """Contacts with an external id."""
    control.define_field("Contact", "Ext__c", externalId=True, unique=True, idLookup=True)
    return control


def test_create_answers_201_with_id(api: Api) -> None:
    """A create answers 201 with id, success and no errors. [R]."""
    answer = api.call("POST", "sobjects/Contact", {"LastName": "Lovelace"})
    assert answer.status == 201
    assert answer.body == b'{"id":"003KJ0000000001YAA","success":true,"errors":[]}'


def test_update_and_delete_answer_204(api: Api) -> None:
    """Updates and deletes answer 204 without a body. [D]."""
    id_ = api.create("Contact", LastName="One")
    for method, body in (("PATCH", {"LastName": "Two"}), ("DELETE", b"")):
        answer = api.call(method, f"sobjects/Contact/{id_}", body)
        assert (answer.status, answer.body) == (204, b"")


def test_stamps_have_whole_seconds_and_no_colon(org: Org, api: Api) -> None:
    """System stamps print whole seconds and +0000. [R]."""
    org.clock.move(timedelta(milliseconds=700))
    id_ = api.create("Contact", LastName="One")
    row = api.json("GET", f"sobjects/Contact/{id_}")
    assert row["SystemModstamp"] == row["CreatedDate"] == "2026-11-02T09:00:00.000+0000"


def test_field_names_know_no_case(api: Api, control: Control) -> None:
    """Names of objects and fields are taken without regard to case. [D]."""
    answer = api.json("POST", "sobjects/contact", {"lastname": "One", "FIRSTNAME": "Ada"})
    assert control.row(answer["id"])["Name"] == "Ada One"


def test_text_is_trimmed_and_empty_text_is_null(api: Api, control: Control) -> None:
    """Text is trimmed, empty text and null clear a field. [U]."""
    id_ = api.create("Contact", LastName="  One ", FirstName="", Title="Dr")
    api.call("PATCH", f"sobjects/Contact/{id_}", {"Title": None})
    row = control.row(id_)
    assert (row["LastName"], row.get("FirstName"), row.get("Title")) == ("One", None, None)


def test_an_update_of_nothing_moves_the_stamp(org: Org, api: Api, control: Control) -> None:
    """Writing the same value again still moves SystemModstamp. [U]."""
    id_ = api.create("Contact", LastName="One")
    org.clock.move(timedelta(seconds=5))
    api.call("PATCH", f"sobjects/Contact/{id_}", {"LastName": "One"})
    assert control.row(id_)["SystemModstamp"] == "2026-11-02T09:00:05.000+0000"


def test_upsert_creates_then_updates(api: Api, keyed: Control) -> None:
    """Upsert answers 201 with created true, then 200 with created false. [D] from v46."""
    first = api.call("PATCH", "sobjects/Contact/Ext__c/k%2F1", {"LastName": "One"})
    second = api.call("PATCH", "sobjects/Contact/Ext__c/K%2F1", {"LastName": "Two"})
    assert (first.status, second.status) == (201, 200)
    assert first.json()["created"] is True  # type: ignore[index]
    assert second.json() == {"id": first.json()["id"], "success": True, "errors": [], "created": False}  # type: ignore[index]
    assert [row["LastName"] for row in keyed.rows("Contact")] == ["Two"]
    assert keyed.rows("Contact")[0]["Ext__c"] == "k/1"


def test_upsert_of_several_matches_is_300(api: Api) -> None:
    """A lookup value that several records have answers 300 with their addresses. [D]."""
    ids = [api.create("Contact", LastName="One", Email="a@x.example") for _ in range(2)]
    answer = api.call("PATCH", "sobjects/Contact/Email/a@x.example", {"LastName": "Two"})
    assert answer.status == 300
    assert answer.json() == [f"/services/data/v67.0/sobjects/Contact/{id_}" for id_ in ids]


def test_a_delete_of_several_matches_is_300(api: Api, control: Control) -> None:
    """Several records with the key of a DELETE or GET are a 300 with their addresses, and all of them stay. [D]."""
    ids = [api.create("Contact", LastName="One", Email="a@x.example") for _ in range(2)]
    for method in ("DELETE", "GET"):
        answer = api.call(method, "sobjects/Contact/Email/a@x.example")
        assert (answer.status, answer.json()) == (300, [f"/services/data/v67.0/sobjects/Contact/{id_}" for id_ in ids])
    assert len(control.rows("Contact")) == 2
    api.call("DELETE", f"sobjects/Contact/{ids[0]}")
    assert api.call("DELETE", "sobjects/Contact/Email/a@x.example").status == 204


def test_update_only_upsert_never_inserts(api: Api, keyed: Control) -> None:
    """?updateOnly=true prevents inserts. [D] release 264."""
    assert api.call("PATCH", "sobjects/Contact/Ext__c/k1?updateOnly=true", {"LastName": "One"}).status == 404
    assert keyed.rows("Contact") == []


def test_a_lookup_by_external_id(api: Api, keyed: Control) -> None:
    """A reference may be given by an external id of its record. [D]."""
    boss = api.create("Contact", LastName="Boss", Ext__c="b")
    id_ = api.create("Contact", LastName="One", ReportsTo={"Ext__c": "b"})
    assert keyed.row(id_)["ReportsToId"] == boss


def test_id_is_not_for_bodies(api: Api) -> None:
    """Id in a create or update is refused, with different codes and texts. [I]."""
    id_ = api.create("Contact", LastName="One")
    assert api.json("POST", "sobjects/Contact", {"Id": id_, "LastName": "x"})[0]["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    assert api.json("PATCH", f"sobjects/Contact/{id_}", {"Id": id_})[0]["errorCode"] == "INVALID_FIELD"


def test_short_ids_are_understood(api: Api) -> None:
    """15-character ids work everywhere and come back with 18. [D]."""
    id_ = api.create("Contact", LastName="One")
    assert api.json("GET", f"sobjects/Contact/{id_[:15]}")["Id"] == id_


def test_contact_has_last_modified_but_no_etag(api: Api) -> None:
    """GET of a Contact has Last-Modified only, of an Account an ETag too. [R] 600 recorded calls."""
    contact = api.get(f"sobjects/Contact/{api.create('Contact', LastName='One')}")
    account = api.get(f"sobjects/Account/{api.create('Account', Name='One')}")
    assert "Last-Modified" in contact.headers
    assert "ETag" not in contact.headers
    assert {"Last-Modified", "ETag"} <= set(account.headers)


def test_if_unmodified_since(org: Org, api: Api, control: Control) -> None:
    """A PATCH whose If-Unmodified-Since is before the last change answers 412 and changes nothing. [D]."""
    id_ = api.create("Contact", LastName="One")
    org.clock.move(timedelta(minutes=1))
    api.call("PATCH", f"sobjects/Contact/{id_}", {"LastName": "Two"})
    old = format_datetime(org.clock.now() - timedelta(seconds=30), usegmt=True)
    now = format_datetime(org.clock.now(), usegmt=True)
    assert api.call("PATCH", f"sobjects/Contact/{id_}", {"LastName": "X"}, {"If-Unmodified-Since": old}).status == 412
    assert control.row(id_)["LastName"] == "Two"
    assert api.call("PATCH", f"sobjects/Contact/{id_}", {"LastName": "X"}, {"If-Unmodified-Since": now}).status == 204


@pytest.mark.parametrize(
    ("headers", "get", "patch"),
    [
        ({"If-Match": '"zzz", {tag}'}, 200, 204),
        ({"If-Match": "{gzip}"}, 200, 204),
        ({"If-Match": "*"}, 200, 204),
        ({"If-Match": '"zzz"'}, 412, 412),
        ({"If-Match": "zzz"}, 412, 400),
        ({"If-None-Match": '"zzz", {tag}'}, 304, 412),
        ({"If-None-Match": "{gzip}"}, 304, 412),
        ({"If-None-Match": '"zzz", "yyy"'}, 200, 204),
        ({"If-None-Match": '"zzz"', "If-Modified-Since": "{now}"}, 200, 204),
        ({"If-None-Match": "zzz"}, 200, 400),
        ({"If-Modified-Since": "{now}"}, 304, 412),
        ({"If-Modified-Since": "garbage"}, 200, 204),
        ({"If-Unmodified-Since": "Mon, 01 Jan 2024 00:00:00 GMT"}, 412, 412),
        ({"If-Unmodified-Since": "garbage"}, 200, 400),
    ],
)
def test_conditions_of_an_account(api: Api, org: Org, headers: dict[str, str], get: int, patch: int) -> None:
    """Tags come in lists; what cannot be read is a 400 in a PATCH and nothing in a GET. [D] intro_rest_conditional_requests."""
    path = f"sobjects/Account/{api.create('Account', Name='One')}"
    tag, now = api.get(path).headers["ETag"], format_datetime(org.clock.now(), usegmt=True)
    sent = {name: value.format(tag=tag, gzip=f'{tag[:-1]}--gzip"', now=now) for name, value in headers.items()}
    assert api.get(path, sent).status == get
    assert api.call("PATCH", path, {"Name": "Two"}, sent).status == patch


def test_a_condition_that_is_none(api: Api, control: Control) -> None:
    """An unreadable If-Unmodified-Since of a PATCH or POST is a 400; contacts have no tags. [D]."""
    id_ = api.create("Contact", LastName="One")
    unread = {"If-Unmodified-Since": "soon"}
    assert api.call("PATCH", f"sobjects/Contact/{id_}", {"LastName": "X"}, unread).status == 400
    assert api.call("POST", "sobjects/Contact", {"LastName": "X"}, unread).status == 400
    assert api.call("PATCH", "sobjects/Contact/Email/a@x.example", {"LastName": "X"}, unread).status == 400
    assert [row["LastName"] for row in control.rows("Contact")] == ["One"]
    assert api.call("PATCH", f"sobjects/Contact/{id_}", {"LastName": "X"}, {"If-Match": "zzz"}).status == 204


def test_compound_fields(api: Api) -> None:
    """Name and addresses are made from their parts; an empty address is null. [R] describe."""
    id_ = api.create("Contact", LastName="Lovelace", FirstName="Ada", MailingCity="London")
    row = api.json("GET", f"sobjects/Contact/{id_}")
    assert row["Name"] == "Ada Lovelace"
    assert row["MailingAddress"]["city"] == "London"
    assert row["OtherAddress"] is None


def test_only_some_fields(api: Api) -> None:
    """?fields= limits what a retrieve prints. [D]."""
    id_ = api.create("Contact", LastName="One")
    assert set(api.json("GET", f"sobjects/Contact/{id_}?fields=LastName,Email")) == {"attributes", "LastName", "Email", "Id"}


def test_multipicklist_and_checkbox_forms(api: Api, control: Control) -> None:
    """Several choices are joined by semicolons in the order of the definition; a checkbox is never null. [U]."""
    control.define_field("Contact", "Topics__c", type="multipicklist", values=["A", "B", "C"])
    control.define_field("Contact", "Flag__c", type="boolean", defaultedOnCreate=True)
    id_ = api.create("Contact", LastName="One", Topics__c="c;A")
    assert (control.row(id_)["Topics__c"], control.row(id_)["Flag__c"]) == ("A;C", False)


def test_numbers_have_range_and_scale(api: Api, control: Control) -> None:
    """A number is rounded to its scale; one with too many digits is refused. [U]."""
    control.define_field("Contact", "Score__c", type="double", precision=3, scale=1)
    id_ = api.create("Contact", LastName="One", Score__c=12.34)
    assert control.row(id_)["Score__c"] == 12.3
    answer = api.json("POST", "sobjects/Contact", {"LastName": "Two", "Score__c": 100})
    assert answer[0]["errorCode"] == "NUMBER_OUTSIDE_VALID_RANGE"


def test_head_is_a_get_without_its_body(api: Api, control: Control) -> None:
    """HEAD answers status and headers of the GET and no body. [D] REST guide."""
    id_ = control.seed("Contact", [{"LastName": "L"}])[0]
    for path in (f"sobjects/Contact/{id_}", "sobjects/Contact/describe", "limits"):
        head, whole = api.call("HEAD", path), api.get(path)
        assert (head.status, head.body) == (200, b"")
        assert head.headers.keys() == whole.headers.keys()
    assert api.call("HEAD", "sobjects/Contact/003000000000000AAA").status == 404


def test_records_through_relationships(api: Api, control: Control) -> None:
    """Friendly addresses read, change and delete the parent of a record, and list its children. [D] REST guide."""
    account = control.seed("Account", [{"Name": "Acme"}])[0]
    id_ = control.seed("Contact", [{"LastName": "L", "AccountId": account}])[0]
    assert api.json("GET", f"sobjects/Contact/{id_}/account?fields=Name")["Name"] == "Acme"
    assert api.call("PATCH", f"sobjects/Contact/{id_}/Account", {"Name": "Changed"}).status == 204
    assert control.row(account)["Name"] == "Changed"
    children = api.json("GET", f"sobjects/Account/{account}/Contacts?fields=LastName")
    assert [each["LastName"] for each in children["records"]] == ["L"]
    assert api.call("DELETE", f"sobjects/Contact/{id_}/Account").status == 204
    assert control.row(account)["IsDeleted"] is True
    assert api.get(f"sobjects/Contact/{id_}/Account").status == 404
    assert api.get(f"sobjects/Account/{account}/Nothings").status == 404


def test_a_method_in_the_address(api: Api, control: Control) -> None:
    """A POST with ?_HttpMethod= acts as that method, for clients that have no PATCH. [C] callouts from Apex and others."""
    id_ = control.seed("Contact", [{"LastName": "L"}])[0]
    assert api.call("POST", f"sobjects/Contact/{id_}?_HttpMethod=PATCH", {"Title": "Dr"}).status == 204
    assert control.row(id_)["Title"] == "Dr"
    assert api.call("POST", f"sobjects/Contact/{id_}?_HttpMethod=DELETE").status == 204


def test_a_password(api: Api, control: Control) -> None:
    """A user's password is set, and made up, below the user; others' need Manage Users. [D] REST guide."""
    user = control.add_user("staff")
    path = f"sobjects/User/{user}/password"
    assert api.json("GET", path) == {"isExpired": False}
    assert api.call("POST", path, {"NewPassword": "secret"}).status == 204
    assert api.org.logins.accepts(user, "other") is False
    assert api.org.logins.accepts(user, api.json("DELETE", path)["NewPassword"]) is True
    assert Api(api.org, user).call("POST", f"sobjects/User/{api.org.admin_id}/password", {"NewPassword": "x"}).status == 403


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_an_address_that_ends_in_no_id(api: Api, method: str) -> None:
    """What is no id is looked for as an external id, which the object has not. [I] a recorded answer to a wrong id."""
    answer = api.call(method, "sobjects/Contact/001i000000xxxxxx", {"Title": "Dr"} if method == "PATCH" else b"")
    message = "Provided external ID field does not exist or is not accessible: 001i000000xxxxxx"
    assert (answer.status, answer.body.decode()) == (404, f'[{{"errorCode":"NOT_FOUND","message":"{message}"}}]')


def test_a_key_in_address_and_body(api: Api, control: Control) -> None:
    """An upsert's key stands in the address alone. [I] several clients' notes."""
    control.define_field("Contact", "Ext__c", externalId=True, unique=True, idLookup=True)
    answer = api.json("PATCH", "sobjects/Contact/Ext__c/a", {"Ext__c": "a", "LastName": "A"})
    assert answer == [{"message": "The Ext__c field should not be specified in the sobject data.", "errorCode": "INVALID_FIELD"}]
    assert control.rows("Contact") == []
