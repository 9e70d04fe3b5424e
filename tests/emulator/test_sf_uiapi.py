"""UI API and GraphQL."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from emulator.salesforce.control import Control
from emulator.salesforce.org import Org
from tests.emulator.api import Api


def test_a_record_as_components_read_it(api: Api) -> None:
    """GET ui-api/records prints fields as value and displayValue; optional fields that are not there are left out. [U]."""
    account = api.create("Account", Name="Acme")
    id_ = api.create("Contact", LastName="A", AccountId=account)
    path = f"ui-api/records/{id_}?fields=Contact.LastName,Contact.AccountId&optionalFields=Contact.Nope__c"
    answer = api.json("GET", path)
    assert (answer["apiName"], answer["id"]) == ("Contact", id_)
    assert answer["fields"]["LastName"] == {"displayValue": None, "value": "A"}
    assert answer["fields"]["AccountId"] == {"displayValue": "Acme", "value": account}
    assert "Nope__c" not in answer["fields"]
    assert api.json("GET", f"ui-api/records/{id_}?fields=Contact.Nope__c")[0]["errorCode"] == "INVALID_FIELD"
    assert api.get(f"ui-api/records/{id_}").status == 400


def test_records_are_written_through_the_ui_api(api: Api, control: Control) -> None:
    """POST answers 201 and PATCH 200 with the record, DELETE 204; If-Unmodified-Since is obeyed. [D] UI API guide."""
    made = api.call("POST", "ui-api/records", {"apiName": "Contact", "fields": {"LastName": "A"}})
    id_ = made.json()["id"]  # type: ignore[index]
    assert made.status == 201
    changed = api.call("PATCH", f"ui-api/records/{id_}", {"fields": {"LastName": "B", "Id": id_}})
    assert (changed.status, changed.json()["fields"]["LastName"]["value"]) == (200, "B")  # type: ignore[index]
    old = {"If-Unmodified-Since": "Mon, 01 Jan 2024 00:00:00 GMT"}
    assert api.call("PATCH", f"ui-api/records/{id_}", {"fields": {"LastName": "C"}}, old).status == 412
    assert api.call("DELETE", f"ui-api/records/{id_}").status == 204
    assert control.rows("Contact") == []


def test_a_refusal_names_its_field(api: Api) -> None:
    """A refused write says what to show at which field. [U]."""
    answer = api.call("POST", "ui-api/records", {"apiName": "Contact", "fields": {"LastName": "A", "Email": "bad"}})
    body: Any = answer.json()
    assert answer.status == 400
    assert body[0]["output"]["fieldErrors"]["Email"][0]["errorCode"] == "INVALID_EMAIL_ADDRESS"


def test_values_of_a_picklist(api: Api, control: Control) -> None:
    """Picklist values are those that the record type allows. [D] UI API guide."""
    control.define_field("Contact", "Kind__c", type="picklist", values=["A", "B"], restrictedPicklist=True)
    type_ = control.record_type("Contact", "Alumni", values={"Kind__c": ["A"]})
    for id_, expected in ((type_, ["A"]), ("012000000000000AAA", ["A", "B"])):
        answer = api.json("GET", f"ui-api/object-info/Contact/picklist-values/{id_}/Kind__c")
        assert [each["value"] for each in answer["values"]] == expected
    assert api.json("GET", "ui-api/object-info/Contact")["fields"]["LastName"]["required"] is True


def graphql(api: Api, query: str, **variables: object) -> Any:
    """The answer to a document."""
    return api.json("POST", "graphql", {"query": query, "variables": variables})


def test_records_by_graphql(api: Api, control: Control) -> None:
    """Records come as edges of nodes whose fields have value; where, orderBy, first and cursors hold. [D] GraphQL API guide."""
    account = api.create("Account", Name="Acme")
    control.seed("Contact", [{"LastName": f"P{at}", "AccountId": account, "Title": "Dr"} for at in range(5)])
    control.seed("Contact", [{"LastName": "Other"}])
    text = """query People($title: Picklist, $after: String) { uiapi { query { Contact(first: 3, after: $after,
      where: {and: [{Title: {eq: $title}}, {LastName: {like: "P%"}}]}, orderBy: {LastName: {order: DESC}}) {
        edges { node { Id LastName { value } Account { Name { value } } } cursor }
        totalCount pageInfo { hasNextPage endCursor } } } } }"""
    first = graphql(api, text, title="Dr")
    assert first["errors"] == []
    found = first["data"]["uiapi"]["query"]["Contact"]
    assert [edge["node"]["LastName"]["value"] for edge in found["edges"]] == ["P4", "P3", "P2"]
    assert (found["totalCount"], found["pageInfo"]["hasNextPage"]) == (5, True)
    assert found["edges"][0]["node"]["Account"]["Name"]["value"] == "Acme"
    rest = graphql(api, text, title="Dr", after=found["pageInfo"]["endCursor"])["data"]["uiapi"]["query"]["Contact"]
    assert [edge["node"]["LastName"]["value"] for edge in rest["edges"]] == ["P1", "P0"]


def test_a_mutation_by_graphql(api: Api, control: Control) -> None:
    """`ContactUpdate(input: {Id, Contact})` changes the record; create answers it, delete its id. [D] executeMutation."""
    id_ = api.create("Contact", LastName="A")
    text = """mutation M($input: ContactUpdateInput!) { uiapi { ContactUpdate(input: $input) { success
      Record { Title { value } } } made: TaskCreate(input: {Task: {Subject: "S \\"q\\""}}) {
      Record { Id Subject { value } } } } }"""
    answer = graphql(api, text, input={"Id": id_, "Contact": {"Title": "Dr"}})
    data = answer["data"]["uiapi"]
    assert answer["errors"] == []
    assert data["ContactUpdate"] == {"success": True, "Record": {"Title": {"value": "Dr"}}}
    assert data["made"]["Record"]["Subject"]["value"] == 'S "q"'
    graphql(api, "mutation { uiapi { ContactDelete(input: {Id: " + f'"{id_}"' + "}) { Id } } }")
    assert control.rows("Contact") == []


def test_mutations_take_one_another_back(api: Api, control: Control) -> None:
    """A refused mutation takes the others back unless allOrNone is false; the error has path and code, status 200. [D]."""
    for options, left in (("", []), ("(input: {allOrNone: false})", ["A"])):
        text = (
            "mutation { uiapi" + options + ' { a: ContactCreate(input: {Contact: {LastName: "A"}}) { Record { Id } } '
            'b: ContactCreate(input: {Contact: {FirstName: "B"}}) { Record { Id } } } }'
        )
        answer = graphql(api, text)
        assert answer["errors"][0]["path"] == ["uiapi", "b"]
        assert answer["errors"][0]["extensions"]["errorCode"] == "REQUIRED_FIELD_MISSING"
        assert [row["LastName"] for row in control.rows("Contact")] == left


def test_documents_that_mean_nothing(api: Api) -> None:
    """A document that cannot be read, or asks for what is not there, is answered with errors and no data. [U]."""
    for text in (
        "",
        "{",
        "query { uiapi { query { Nope { edges { node { Id } } } } } }",
        "query { other }",
        "subscription { a }",
    ):
        answer = graphql(api, text)
        assert answer["data"] is None
        assert answer["errors"][0]["message"]
    odd = graphql(api, 'query { uiapi { query { Contact(first: "x", orderBy: {Name: 3}) { totalCount } } } }')
    assert odd["errors"][0]["extensions"]["errorCode"] == "INVALID_SYNTAX"
    unread = graphql(api, "mutation { uiapi { NopeUpdate(input: {}) { success } } }")
    assert unread["errors"][0]["extensions"]["errorCode"] == "INVALID_FIELD"


def test_children_parents_and_fragments(api: Api, control: Control) -> None:
    """Children are connections inside a node; fragments hold for one object; skip and include leave parts out. [D]."""
    account = api.create("Account", Name="Acme")
    control.seed("Contact", [{"LastName": f"P{at}", "AccountId": account} for at in range(3)])
    control.seed("Task", [{"Subject": "Call", "WhatId": account}])
    text = """query Both($names: Boolean = true, $more: Boolean = false) { uiapi { query {
      Account { edges { node { ...Named Contacts(first: 2, orderBy: {LastName: {order: DESC}}) {
        edges { node { LastName @include(if: $names) { value } Title @include(if: $more) { value } } } totalCount } } } }
      Task { edges { node { What { __typename ... on Account { Phone { value } } ... on Campaign { Type { value } } } } } }
    } } } fragment Named on Account { Name { value displayValue } }"""
    answer = graphql(api, text)
    assert answer["errors"] == []
    found = answer["data"]["uiapi"]["query"]
    node = found["Account"]["edges"][0]["node"]
    assert node["Name"] == {"value": "Acme", "displayValue": None}
    assert [edge["node"] for edge in node["Contacts"]["edges"]] == [{"LastName": {"value": f"P{at}"}} for at in (2, 1)]
    assert found["Task"]["edges"][0]["node"]["What"] == {"__typename": "Account", "Phone": {"value": None}}


def test_the_operation_that_is_named(api: Api) -> None:
    """Of several operations the one of operationName is carried out. [D] GraphQL."""
    text = "query A { uiapi { query { Contact { totalCount } } } } query B { uiapi { query { Account { totalCount } } } }"
    for name, wanted in (("A", "Contact"), ("B", "Account")):
        answer = api.json("POST", "graphql", {"query": text, "operationName": name})
        assert answer["data"]["uiapi"]["query"] == {wanted: {"totalCount": 0}}
    assert api.json("POST", "graphql", {"query": text, "operationName": "C"})["data"] is None


def test_groups_by_graphql(api: Api, control: Control) -> None:
    """Aggregates are edges of nodes with the grouped value and the functions asked for. [D] GraphQL API guide."""
    control.seed("Contact", [{"LastName": each, "Title": title} for each, title in (("A", "Dr"), ("B", "Dr"), ("C", None))])
    text = """{ uiapi { aggregate { Contact(groupBy: {Title: {group: true}}, where: {LastName: {ne: "Z"}}) {
      edges { node { aggregate { Title { value } Id { count { value } } LastName { max { value } } } } } totalCount } } } }"""
    found = graphql(api, text)["data"]["uiapi"]["aggregate"]["Contact"]
    assert found["totalCount"] == 2
    assert [edge["node"]["aggregate"] for edge in found["edges"]] == [
        {"Title": {"value": "Dr"}, "Id": {"count": {"value": 2}}, "LastName": {"max": {"value": "B"}}},
        {"Title": {"value": None}, "Id": {"count": {"value": 1}}, "LastName": {"max": {"value": "C"}}},
    ]


def test_conditions_by_graphql(api: Api, control: Control) -> None:
    """Dates may be literals or ranges, parents are nested, several choices are looked into. [D] GraphQL API guide."""
    control.define_field("Contact", "Kinds__c", type="multipicklist", values=["A", "B"])
    account = api.create("Account", Name="Acme")
    control.seed("Contact", [{"LastName": "L", "AccountId": account, "Kinds__c": "A;B"}, {"LastName": "M"}])
    for where in (
        '{CreatedDate: {eq: {literal: TODAY}}, LastName: {eq: "L"}}',
        '{CreatedDate: {gte: {range: {last_n_days: 2}}}, Account: {Name: {like: "Ac%"}}}',
        '{Kinds__c: {includes: ["A"]}}',
        '{not: {LastName: {in: ["M"]}}}',
    ):
        text = "{ uiapi { query { Contact(where: " + where + ") { edges { node { LastName { value } } } } } } }"
        answer = graphql(api, text)
        assert answer["errors"] == [], answer
        edges = answer["data"]["uiapi"]["query"]["Contact"]["edges"]
        assert [edge["node"]["LastName"]["value"] for edge in edges] == ["L"]


def test_object_infos_by_graphql(api: Api) -> None:
    """What objects are can be asked for beside their records. [D] GraphQL API guide."""
    text = '{ uiapi { objectInfos(apiNames: ["Contact"]) { ApiName label fields { ApiName dataType } } } }'
    found = graphql(api, text)["data"]["uiapi"]["objectInfos"][0]
    assert (found["ApiName"], found["label"]) == ("Contact", "Contact")
    assert {"ApiName": "Birthdate", "dataType": "Date"} in found["fields"]


def test_records_in_a_batch(api: Api) -> None:
    """Several records come each with their status; parents' fields come in a record of their own; moments end in Z. [D]."""
    account = api.create("Account", Name="Acme")
    id_ = api.create("Contact", LastName="A", AccountId=account)
    path = f"ui-api/records/batch/{id_},003000000000000AAA?fields=Contact.Account.Name,Contact.CreatedDate"
    found = api.json("GET", path)
    assert (found["hasErrors"], [each["statusCode"] for each in found["results"]]) == (True, [200, 404])
    fields = found["results"][0]["result"]["fields"]
    assert fields["Account"]["value"]["fields"]["Name"]["value"] == "Acme"
    assert fields["Account"]["displayValue"] == "Acme"
    assert fields["CreatedDate"]["value"].endswith(".000Z")


def test_what_components_ask_about_objects(api: Api, control: Control) -> None:
    """Object infos come one by one, in a batch and as a directory; picklists all at once; defaults for a new record. [D]."""
    whole = api.json("GET", "ui-api/object-info/Contact")
    assert whole["fields"]["AccountId"]["referenceToInfos"] == [{"apiName": "Account", "nameFields": ["Name"]}]
    assert {"childObjectApiName": "Case", "relationshipName": "Cases", "fieldName": "ContactId"}.items() <= next(
        each for each in whole["childRelationships"] if each["relationshipName"] == "Cases"
    ).items()
    batch = api.json("GET", "ui-api/object-info/batch/Contact,Nothing")
    assert [each["statusCode"] for each in batch["results"]] == [200, 404]
    assert batch["results"][0]["result"] == whole
    assert api.json("GET", "ui-api/object-info")["objects"]["Contact"]["keyPrefix"] == "003"
    values = api.json("GET", "ui-api/object-info/Contact/picklist-values/012000000000000AAA")["picklistFieldValues"]
    assert "LeadSource" in values
    control.define_field("Contact", "Level__c", type="picklist", picklistValues=[{"value": "A", "defaultValue": True}])
    fresh = api.json("GET", "ui-api/record-defaults/create/Contact")
    assert (fresh["record"]["fields"]["Level__c"]["value"], fresh["record"]["id"]) == ("A", None)


PIECES = [
    "query",
    "mutation",
    "{",
    "}",
    "(",
    ")",
    "uiapi",
    "Contact",
    "ContactUpdate",
    ":",
    "input",
    "$x",
    "first",
    "5",
    "[",
    "]",
]
PIECES += ['"x"', "where", "eq", "edges", "node", "Id", "value", "orderBy", "null", "allOrNone", "true", "@", "!", "="]
STARTS = [
    "",
    "query { uiapi { query { Contact(",
    "mutation { uiapi { ContactUpdate(input: {Id: ",
    "query { uiapi { query { Contact { edges { ",
]


@given(start=st.sampled_from(STARTS), words=st.lists(st.sampled_from(PIECES), max_size=12), close=st.integers(0, 6))
def test_every_document_has_an_answer(start: str, words: list[str], close: int) -> None:
    """Whatever document is sent, the answer is data or errors; nothing breaks. [C] own."""
    answer = Api(Org()).call("POST", "graphql", {"query": f"{start}{' '.join(words)}{'}' * close}"})
    assert answer.status == 200
    assert set(answer.json()) == {"data", "errors"}  # type: ignore[call-overload]


def test_types_can_be_asked_for_everywhere(api: Api, control: Control) -> None:
    """Each object of an answer tells its `__typename`, which common clients ask of all of them. GraphQL; names: [U]."""
    account = control.seed("Account", [{"Name": "Acme"}])[0]
    control.seed("Contact", [{"LastName": "A", "AccountId": account}])
    text = """{ __typename uiapi { __typename query { __typename Contact { __typename pageInfo { __typename hasNextPage }
        edges { __typename node { __typename LastName { __typename value } Account { __typename Name { __typename value } } } }
        } } aggregate { __typename Contact(groupBy: {LastName: {group: true}}) { __typename edges { __typename node { __typename
        aggregate { __typename LastName { __typename value } Id { __typename count { __typename value } } } } } } } } }"""
    answer = graphql(api, text)
    assert answer["errors"] == []
    assert untyped(answer["data"]) == []
    assert answer["data"]["uiapi"]["query"]["Contact"]["edges"][0]["node"]["Account"]["__typename"] == "Account"
    made = graphql(
        api,
        """mutation { __typename uiapi { __typename ContactCreate(input: {Contact: {LastName: "B"}}) {
        __typename Record { __typename LastName { __typename value } } } } }""",
    )
    assert (made["errors"], untyped(made["data"])) == ([], [])


def untyped(value: Any) -> list[Any]:
    """The objects in an answer that do not tell their type."""
    if isinstance(value, list):
        return [found for each in value for found in untyped(each)]
    if not isinstance(value, dict):
        return []
    missing = [] if isinstance(value.get("__typename"), str) else [value]
    return missing + [found for each in value.values() for found in untyped(each)]
