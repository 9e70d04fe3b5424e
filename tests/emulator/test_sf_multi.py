"""Several records or requests at once: collections, composite, batch, graph, tree."""

from typing import Any

import pytest

from emulator.salesforce.control import Control
from emulator.salesforce.org import Org
from tests.emulator.api import Api


def contact(**values: Any) -> dict[str, Any]:
    """A record of a collection."""
    return {"attributes": {"type": "Contact"}, **values}


def test_collection_outcomes_keep_their_order(api: Api) -> None:
    """Each record has its own outcome, in the order of the request; 200 overall. [R]."""
    answer = api.call("POST", "composite/sobjects", {"records": [contact(LastName="A"), contact(), contact(LastName="C")]})
    assert answer.status == 200
    results: Any = answer.json()
    assert [result["success"] for result in results] == [True, False, True]
    assert [list(result) for result in results] == [
        ["id", "success", "errors"],
        ["success", "errors"],
        ["id", "success", "errors"],
    ]


def test_all_or_none_rolls_back(api: Api, control: Control) -> None:
    """With allOrNone the good records come back ALL_OR_NONE_OPERATION_ROLLED_BACK and nothing is stored. [C]."""
    answer = api.json("POST", "composite/sobjects", {"allOrNone": True, "records": [contact(LastName="A"), contact()]})
    assert [result["errors"][0]["statusCode"] for result in answer] == [
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
        "REQUIRED_FIELD_MISSING",
    ]
    assert control.rows("Contact") == []
    assert control.writes() == []


def test_two_hundred_records_at_most(api: Api) -> None:
    """201 records are a malformed request: 400. [D]."""
    assert api.call("POST", "composite/sobjects", {"records": [contact(LastName="A")] * 201}).status == 400


def test_ten_chunks_at_most(api: Api) -> None:
    """More than ten runs of one type are refused. [D]."""
    mixed = [contact(LastName="A"), {"attributes": {"type": "Account"}, "Name": "A"}] * 6
    assert api.call("POST", "composite/sobjects", {"records": mixed}).status == 400
    assert api.call("POST", "composite/sobjects", {"records": mixed[:10]}).status == 200


def test_collection_update_and_delete(api: Api, control: Control) -> None:
    """PATCH takes ids in the records, DELETE in the query. [R]."""
    ids = control.seed("Contact", [{"LastName": "A"}, {"LastName": "B"}])
    body = {"records": [contact(id=ids[0], LastName="Z"), contact(id="003000000000001AAA", LastName="Y")]}
    results = api.json("PATCH", "composite/sobjects", body)
    assert results[0] == {"id": ids[0], "success": True, "errors": []}
    assert results[1]["success"] is False
    assert api.json("DELETE", f"composite/sobjects?ids={ids[0]},{ids[1]}") == [
        {"id": id_, "success": True, "errors": []} for id_ in ids
    ]


def test_collection_upsert(api: Api, control: Control) -> None:
    """Upsert by external id tells created. [R] CumulusCI."""
    control.define_field("Contact", "Ext__c", externalId=True, unique=True, idLookup=True)
    body = {"records": [contact(Ext__c="1", LastName="A"), contact(Ext__c="2", LastName="B")]}
    first = api.json("PATCH", "composite/sobjects/Contact/Ext__c", body)
    second = api.json("PATCH", "composite/sobjects/Contact/Ext__c", body)
    assert [result["created"] for result in first + second] == [True, True, False, False]
    assert {result["id"] for result in first} == {result["id"] for result in second}


def test_collection_read(api: Api, control: Control) -> None:
    """GET by ids prints records in their order and null for what is not there. [D]."""
    ids = control.seed("Contact", [{"LastName": "A"}, {"LastName": "B"}])
    answer = api.json("GET", f"composite/sobjects/Contact?ids={ids[1]},003000000000001AAA,{ids[0]}&fields=LastName")
    assert [row and row["LastName"] for row in answer] == ["B", None, "A"]


def part(method: str, path: str, name: str, body: Any = None, **more: Any) -> dict[str, Any]:
    """A subrequest."""
    return {"method": method, "url": f"/services/data/v67.0/{path}", "referenceId": name, "body": body, **more}


def test_composite_references(api: Api) -> None:
    """A later subrequest may use what an earlier one answered, in its address and its body. [D]."""
    parts = [
        part("POST", "sobjects/Account", "a", {"Name": "Acme"}),
        part("POST", "sobjects/Contact", "c", {"LastName": "One", "AccountId": "@{a.id}"}),
        part("GET", "query?q=SELECT+Name+FROM+Account+WHERE+Id='@{a.id}'", "q"),
        part("GET", "sobjects/Contact/@{c.id}?fields=LastName", "r"),
        part("PATCH", "sobjects/Contact/@{c.id}", "u", {"Title": "@{q.records[0].Name}"}),
    ]
    answers = api.json("POST", "composite", {"compositeRequest": parts})["compositeResponse"]
    assert [answer["httpStatusCode"] for answer in answers] == [201, 201, 200, 200, 204]
    assert [answer["referenceId"] for answer in answers] == ["a", "c", "q", "r", "u"]
    assert answers[4]["body"] is None
    assert api.records("SELECT Title FROM Contact") == [{"Title": "Acme"}]


def test_composite_is_one_call(org: Org, api: Api) -> None:
    """The whole series counts as one API request. [D]."""
    api.call("POST", "composite", {"compositeRequest": [part("GET", "sobjects", f"r{at}") for at in range(5)]})
    assert org.usage.total() == 1


def test_composite_failure_shape(api: Api) -> None:
    """A failed subrequest has its error list as body, empty headers and its status; the top level is 200. [R] CumulusCI."""
    answer = api.call("POST", "composite", {"compositeRequest": [part("GET", "sobjects/Contact/003000000000001AAA", "x")]})
    assert answer.status == 200
    assert answer.json() == {
        "compositeResponse": [
            {
                "body": [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}],
                "httpHeaders": {},
                "httpStatusCode": 404,
                "referenceId": "x",
            }
        ]
    }


@pytest.mark.parametrize("all_or_none", [True, False])
def test_composite_all_or_none(api: Api, control: Control, *, all_or_none: bool) -> None:
    """With allOrNone one failure takes the whole series back; without it the others stay. [D]."""
    parts = [part("POST", "sobjects/Contact", "a", {"LastName": "A"}), part("POST", "sobjects/Contact", "b", {})]
    answers = api.json("POST", "composite", {"allOrNone": all_or_none, "compositeRequest": parts})["compositeResponse"]
    assert len(control.rows("Contact")) == (0 if all_or_none else 1)
    assert answers[0]["httpStatusCode"] == (400 if all_or_none else 201)
    if all_or_none:
        assert answers[0]["body"][0]["errorCode"] == "PROCESSING_HALTED"


@pytest.mark.parametrize("inner", [True, False])
def test_composite_all_or_none_rules_collections(api: Api, control: Control, *, inner: bool) -> None:
    """With allOrNone of a composite its collections are all or none too. [D] resources_composite_allornone."""
    parts = [
        part("POST", "composite/sobjects", "a", {"allOrNone": inner, "records": [contact(LastName="A"), contact()]}),
        part("POST", "sobjects/Contact", "b", {"LastName": "B"}),
    ]
    body = {"compositeRequest": parts}
    first, second = api.json("POST", "composite", {"allOrNone": True, **body})["compositeResponse"]
    assert control.rows("Contact") == []
    assert [each["errors"][0]["statusCode"] for each in first["body"]] == [
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
        "REQUIRED_FIELD_MISSING",
    ]
    assert (second["httpStatusCode"], second["body"][0]["errorCode"]) == (400, "PROCESSING_HALTED")
    api.call("POST", "composite", body)
    assert [row["LastName"] for row in control.rows("Contact")] == (["B"] if inner else ["A", "B"])


def test_composite_all_or_none_rules_deletes(api: Api, control: Control) -> None:
    """Also a delete of several inside a composite with allOrNone is of all or none. [D] resources_composite_allornone."""
    ids = control.seed("Contact", [{"LastName": "A"}])
    parts = [part("DELETE", f"composite/sobjects?ids={ids[0]},003000000000001AAA", "d")]
    api.call("POST", "composite", {"allOrNone": True, "compositeRequest": parts})
    assert control.row(ids[0])["IsDeleted"] is False


def test_composite_limits(api: Api) -> None:
    """26 subrequests are refused [D]; so are six queries. [U]."""
    assert (
        api.call("POST", "composite", {"compositeRequest": [part("GET", "limits", f"r{at}") for at in range(26)]}).status == 400
    )
    queries = [part("GET", "query?q=SELECT+Id+FROM+Contact", f"r{at}") for at in range(6)]
    assert api.call("POST", "composite", {"compositeRequest": queries}).status == 400


def test_composite_headers_of_a_part(api: Api) -> None:
    """A subrequest may carry headers of its own: a conditional describe answers 304. [R]."""
    tag = api.get("sobjects/Contact/describe").headers["ETag"]
    one = part("GET", "sobjects/Contact/describe", "d", httpHeaders={"If-None-Match": tag})
    assert api.json("POST", "composite", {"compositeRequest": [one]})["compositeResponse"][0]["httpStatusCode"] == 304


def graph(name: str, *parts: dict[str, Any]) -> dict[str, Any]:
    """One graph."""
    return {"graphId": name, "compositeRequest": list(parts)}


def test_each_graph_is_all_or_nothing(api: Api, control: Control) -> None:
    """A failed node takes its own graph back and no other. [D]."""
    good = graph(
        "g1",
        part("POST", "sobjects/Account", "a", {"Name": "A"}),
        part("POST", "sobjects/Contact", "c", {"LastName": "A", "AccountId": "@{a.id}"}),
    )
    bad = graph("g2", part("POST", "sobjects/Account", "a", {"Name": "B"}), part("POST", "sobjects/Contact", "c", {}))
    answer = api.json("POST", "composite/graph", {"graphs": [good, bad]})["graphs"]
    assert [each["isSuccessful"] for each in answer] == [True, False]
    assert [row["Name"] for row in control.rows("Account")] == ["A"]
    failed = answer[1]["graphResponse"]["compositeResponse"]
    assert [each["body"][0]["errorCode"] for each in failed] == ["PROCESSING_HALTED", "REQUIRED_FIELD_MISSING"]


def test_graphs_halt_after_fourteen_failures(api: Api) -> None:
    """After 14 failed graphs the rest is not tried. [D] resources_composite_graph_limits."""
    bad = [graph(str(at), part("POST", "sobjects/Contact", "c", {})) for at in range(14)]
    last = graph("good", part("POST", "sobjects/Contact", "c", {"LastName": "A"}))
    answer = api.json("POST", "composite/graph", {"graphs": [*bad, last]})["graphs"]
    assert answer[-1]["graphResponse"]["compositeResponse"][0]["body"][0]["errorCode"] == "PROCESSING_HALTED"


def test_graph_limits(api: Api) -> None:
    """At most 75 graphs and 500 nodes; queries are no nodes. [D]."""
    one = part("POST", "sobjects/Contact", "c", {"LastName": "A"})
    assert api.call("POST", "composite/graph", {"graphs": [graph(str(at), one) for at in range(76)]}).status == 400
    assert api.call("POST", "composite/graph", {"graphs": [graph("1", *[one] * 501)]}).status == 400
    query = graph("1", part("GET", "query?q=SELECT+Id+FROM+Contact", "q"))
    assert api.json("POST", "composite/graph", {"graphs": [query]})["graphs"][0]["isSuccessful"] is False


def test_batch_counts_each_part(org: Org, api: Api) -> None:
    """Subrequests of a batch are independent and each counts as a call. [I] restforce#528."""
    body = {"batchRequests": [{"method": "GET", "url": "v67.0/limits"}, {"method": "GET", "url": "v67.0/sobjects/Nope"}]}
    answer = api.json("POST", "composite/batch", body)
    assert (answer["hasErrors"], [each["statusCode"] for each in answer["results"]]) == (True, [200, 404])
    assert org.usage.total() == 3


def test_tree_inserts_parents_with_children(api: Api) -> None:
    """A tree creates records with their children and answers 201 with reference ids. [D]."""
    child = {"attributes": {"type": "Contact", "referenceId": "c1"}, "LastName": "One"}
    record = {"attributes": {"type": "Account", "referenceId": "a1"}, "Name": "A", "Contacts": {"records": [child]}}
    answer = api.call("POST", "composite/tree/Account", {"records": [record]})
    assert answer.status == 201
    body: Any = answer.json()
    assert (body["hasErrors"], [each["referenceId"] for each in body["results"]]) == (False, ["a1", "c1"])
    assert api.records("SELECT Account.Name FROM Contact")[0]["Account"]["Name"] == "A"


def test_writes_about_nothing(api: Api, control: Control) -> None:
    """A write of several about an id that nothing has is an INVALID_CROSS_REFERENCE_KEY, at an address NOT_FOUND. [I]."""
    gone = {"id": "003KJ00000000ZZ", "attributes": {"type": "Contact"}, "Title": "Dr"}
    error = {"statusCode": "INVALID_CROSS_REFERENCE_KEY", "message": "invalid cross reference id", "fields": []}
    refused = [{"success": False, "errors": [error]}]
    assert api.json("PATCH", "composite/sobjects", {"records": [gone]}) == refused
    assert api.json("DELETE", f"composite/sobjects?ids={gone['id']}") == refused
    purged = control.seed("Contact", [{"LastName": "P"}])[0]
    control.delete_as(control.org.admin_id, purged)
    assert api.json("PATCH", "composite/sobjects", {"records": [gone | {"id": purged}]})[0]["errors"][0]["statusCode"] == (
        "ENTITY_IS_DELETED"
    )
    control.empty_bin()
    assert api.json("PATCH", "composite/sobjects", {"records": [gone | {"id": purged}]}) == refused
    for method, path in (("PATCH", "sobjects/Contact"), ("DELETE", "sobjects/Contact"), ("PATCH", "ui-api/records")):
        answer = api.call(method, f"{path}/{purged}", {"fields": {}} if path.startswith("ui") else {"Title": "Dr"})
        assert (answer.status, answer.json()[0]["errorCode"]) == (404, "NOT_FOUND")  # type: ignore[index]


def test_references_to_what_is_not_there(api: Api) -> None:
    """A subrequest whose reference leads to nothing is halted and says to what, the code first. [D] REST guide."""
    parts = [part("POST", "sobjects/Account", "a", {}), part("POST", "sobjects/Contact", "c", {"LastName": "@{a.id}"})]
    answer = api.json("POST", "composite", {"compositeRequest": parts})["compositeResponse"][1]
    message = (
        "Invalid reference specified. No value for a.id found in a. Provided referenceId ('a.id') must start with a letter or a "
        "number, and it can contain only letters, numbers and underscores ('_')."
    )
    assert [*answer["body"][0].items()] == [("errorCode", "PROCESSING_HALTED"), ("message", message)]
    assert answer["httpStatusCode"] == 400


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"referenceId": "new-account"}, "Provided referenceId ('new-account') must start with a letter or a number"),
        ({"referenceId": "_a"}, "Provided referenceId ('_a') must start with a letter or a number"),
        ({"referenceId": None}, "A referenceId is required"),
        ({"referenceId": "b"}, "Duplicate ReferenceId provided in the request."),
        ({"httpHeaders": {"Authorization": "Bearer x"}}, "The header authorization is not allowed in a subrequest"),
    ],
)
@pytest.mark.parametrize("graph", [False, True])
def test_what_fails_a_whole_composite(org: Org, api: Api, wrong: dict[str, Any], text: str, *, graph: bool) -> None:
    """A bad or doubled referenceId, or a header of the whole request, fails it all, and nothing is done. [D] the texts: [U]."""
    parts = [part("POST", "sobjects/Account", "b", {"Name": "B"}), part("POST", "sobjects/Account", "a", {"Name": "A"}) | wrong]
    path, body = "composite", {"compositeRequest": parts}
    if graph:
        path, body = "composite/graph", {"graphs": [{"graphId": "1", **body}]}
    answer = api.call("POST", path, body)
    assert (answer.status, answer.json()[0]["errorCode"]) == (400, "INVALID_INPUT")  # type: ignore[index]
    assert answer.json()[0]["message"].startswith(text)  # type: ignore[index]
    assert org.table("Account").rows == {}
    if wrong.get("referenceId") == "new-account":
        assert Api(org, version="51.0").call("POST", path, body).status == 200


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"type": "Account", "referenceId": "a"}, "Duplicate ReferenceId provided in the request."),
        ({"referenceId": "c"}, "Include an entity type for each record in the request."),
    ],
)
def test_records_of_a_tree_have_names_of_their_own(api: Api, control: Control, wrong: dict[str, str], text: str) -> None:
    """A doubled reference id, at any depth, or a record without type refuses the tree; so does one without reference. [I]."""
    child = {"attributes": wrong, "LastName": "One"}
    record = {"attributes": {"type": "Account", "referenceId": "a"}, "Name": "A", "Contacts": {"records": [child]}}
    answer = api.call("POST", "composite/tree/Account", {"records": [record]})
    errors = [{"statusCode": "INVALID_INPUT", "message": text, "fields": []}]
    assert (answer.status, answer.json()) == (
        400,
        {"hasErrors": True, "results": [{"referenceId": wrong["referenceId"], "errors": errors}]},
    )
    child["attributes"] = {"type": "Contact"}
    nameless = api.call("POST", "composite/tree/Account", {"records": [record]})
    message = "Include a reference ID for each record in the request."
    assert (nameless.status, nameless.json()) == (400, [{"message": message, "errorCode": "INVALID_INPUT"}])
    assert control.rows("Account") == []


def test_a_bad_tree_leaves_nothing(api: Api, control: Control) -> None:
    """One bad record refuses the whole tree with its reference id. [D]."""
    records = [
        {"attributes": {"type": "Account", "referenceId": "a1"}, "Name": "A"},
        {"attributes": {"type": "Account", "referenceId": "a2"}},
    ]
    answer = api.call("POST", "composite/tree/Account", {"records": records})
    assert answer.status == 400
    assert [each["referenceId"] for each in answer.json()["results"]] == ["a2"]  # type: ignore[index]
    assert control.rows("Account") == []
