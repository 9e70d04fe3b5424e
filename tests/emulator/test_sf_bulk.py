"""Bulk APIs."""

from typing import Any

import orjson
import pytest
from lxml import etree

from emulator.http import Response, request
from emulator.salesforce.control import Control
from tests.emulator.api import Api


@pytest.fixture
def keyed(control: Control) -> Control:
    """Contacts with an external id."""
    control.define_field("Contact", "Ext__c", externalId=True, unique=True, idLookup=True)
    return control


def ingest(api: Api, data: bytes, **info: str) -> dict[str, Any]:
    """Run one ingest job to its end; returns its info."""
    made = api.json("POST", "jobs/ingest", {"object": "Contact", "contentType": "CSV", "lineEnding": "LF", **info})
    assert made["state"] == "Open"
    assert made["contentUrl"] == f"services/data/v67.0/jobs/ingest/{made['id']}/batches"
    assert api.call("PUT", f"jobs/ingest/{made['id']}/batches", data, {"Content-Type": "text/csv"}).status == 201
    assert api.json("PATCH", f"jobs/ingest/{made['id']}", {"state": "UploadComplete"})["state"] == "UploadComplete"
    done: dict[str, Any] = api.json("GET", f"jobs/ingest/{made['id']}")
    return done


def results(api: Api, job: dict[str, Any], which: str) -> list[str]:
    """The lines of a result file."""
    return api.get(f"jobs/ingest/{job['id']}/{which}").body.decode().splitlines()


def test_ingest_tells_good_and_bad_rows(api: Api) -> None:
    """A job's rows each succeed or fail; failures print code, message and fields. [D] Bulk API 2.0."""
    job = ingest(api, b"LastName,Email\nLovelace,ada@x.example\nHopper,bad\n", operation="insert")
    assert (job["state"], job["numberRecordsProcessed"], job["numberRecordsFailed"]) == ("JobComplete", 2, 1)
    assert results(api, job, "successfulResults") == [
        '"sf__Id","sf__Created","LastName","Email"',
        '"003KJ0000000001YAA","true","Lovelace","ada@x.example"',
    ]
    assert results(api, job, "failedResults") == [
        '"sf__Id","sf__Error","LastName","Email"',
        '"","INVALID_EMAIL_ADDRESS:Email: invalid email address: bad:Email --","Hopper","bad"',
    ]
    assert results(api, job, "unprocessedrecords") == ['"LastName","Email"']


def with_data(api: Api, job: str) -> Response:
    """A job and its data in one multipart request."""
    head, middle = "Content-Disposition: form-data; name=", "\r\n--b\r\n"
    info = f'Content-Type: application/json\r\n{head}"job"\r\n\r\n{job}'
    data = f'Content-Type: text/csv\r\n{head}"content"; filename="content"\r\n\r\nLastName\nA\nB\n'
    body = f"--b\r\n{info}{middle}{data}\r\n--b--\r\n".encode()
    return api.call("POST", "jobs/ingest", body, {"Content-Type": 'multipart/form-data; boundary="b"'})


def test_a_job_that_brings_its_data(api: Api) -> None:
    """A job may bring its data along in a multipart request; it is closed by itself. [D] the guide's walkthrough."""
    made: Any = with_data(api, '{"object":"Contact","operation":"insert"}').json()
    assert (made["state"], "numberRecordsProcessed" in made) == ("UploadComplete", False)
    done = api.json("GET", f"jobs/ingest/{made['id']}")
    assert (done["state"], done["numberRecordsProcessed"], done["numberRecordsFailed"]) == ("JobComplete", 2, 0)


@pytest.mark.parametrize("job", ["{bad", "[1]", "", '{"object":"Contact","operation":"insert","lineEnding":["LF"]}'])
def test_a_job_beside_its_data_that_cannot_be_read(api: Api, job: str) -> None:
    """The part of a multipart request that says what the job is has to be an object, as a whole body has to. [U]."""
    answer = with_data(api, job)
    assert answer.status == 400
    assert answer.json()[0]["errorCode"] in {"JSON_PARSER_ERROR", "API_ERROR"}  # type: ignore[index]


def test_upsert_and_nulls_in_csv(api: Api, keyed: Control) -> None:
    """Upsert matches by external id; an empty cell leaves a field alone, #N/A clears it. [D]."""
    keyed.seed("Contact", [{"LastName": "A", "Ext__c": "1", "Title": "Dr", "Phone": "1"}])
    data = b"Ext__c,LastName,Title,Phone\n1,B,#N/A,\n2,C,,\n"
    job = ingest(api, data, operation="upsert", externalIdFieldName="Ext__c")
    assert [line.split(",")[1] for line in results(api, job, "successfulResults")[1:]] == ['"false"', '"true"']
    first = keyed.rows("Contact")[0]
    assert (first["LastName"], first.get("Title"), first["Phone"]) == ("B", None, "1")


def test_an_external_id_twice_in_one_chunk(api: Api, keyed: Control) -> None:
    """Rows of a chunk of 200 that share their external id are refused, all of them. [I] a vendor's help; the text: [C]."""
    job = ingest(api, b"Ext__c,LastName\nk,A\nother,B\nK,C\n", operation="upsert", externalIdFieldName="Ext__c")
    assert [row["LastName"] for row in keyed.rows("Contact")] == ["B"]
    assert [line.split(",")[1] for line in results(api, job, "failedResults")[1:]] == [
        '"DUPLICATE_VALUE:Duplicate external id specified: k:Ext__c --"'
    ] * 2
    rows = [{"Ext__c": "k", "LastName": "A"}, {"Ext__c": None, "LastName": "B"}, {"LastName": "B"}, {"Ext__c": "k"}]
    _, results_at = run_batch(api, rows, operation="upsert", contentType="JSON", externalIdFieldName="Ext__c")
    answers: Any = classic(api, "GET", results_at, content="application/json").json()
    codes = [each["errors"][0]["statusCode"] for each in answers]
    assert codes == ["DUPLICATE_VALUE", "MISSING_ARGUMENT", "MISSING_ARGUMENT", "DUPLICATE_VALUE"]


def test_an_external_id_in_two_chunks(api: Api, keyed: Control) -> None:
    """What one chunk has made, a row of the next one changes. [I] Salesforce's help on Data Loader, of its batches."""
    lines = [f"{at},A" for at in range(200)] + ["0,B"]
    job = ingest(api, "\n".join(["Ext__c,LastName", *lines, ""]).encode(), operation="upsert", externalIdFieldName="Ext__c")
    assert (job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (201, 0)
    assert [row["LastName"] for row in keyed.rows("Contact")] == ["B", *["A"] * 199]


def test_references_by_external_id_in_csv(api: Api, keyed: Control) -> None:
    """A column like ReportsTo.Ext__c looks the record up. [D]."""
    boss = keyed.seed("Contact", [{"LastName": "Boss", "Ext__c": "b"}])[0]
    ingest(api, b"LastName,ReportsTo.Ext__c\nWorker,b\n", operation="insert")
    assert keyed.rows("Contact")[1]["ReportsToId"] == boss


def test_hard_delete_leaves_no_trace(api: Api, control: Control) -> None:
    """HardDelete skips the recycle bin and needs its own permission. [D]."""
    id_ = control.seed("Contact", [{"LastName": "A"}])[0]
    ingest(api, f"Id\n{id_}\n".encode(), operation="hardDelete")
    assert api.records("SELECT Id FROM Contact", everything=True) == []
    worker = Api(control.org, control.add_user("worker"))
    answer = worker.json("POST", "jobs/ingest", {"object": "Contact", "operation": "hardDelete"})
    assert answer[0]["errorCode"] == "FEATURENOTENABLED"


@pytest.mark.parametrize(
    ("operation", "data", "missing"),
    [
        ("insert", b"LastName,Nope\nA,b\n", "Nope"),
        ("update", b"LastName\nA\n", "Id"),
        ("delete", b"LastName\nA\n", "Id"),
        ("upsert", b"LastName\nA\n", "Id"),
    ],
)
def test_an_unknown_column_fails_the_job(api: Api, operation: str, data: bytes, missing: str) -> None:
    """A column that is no field, or that is not there to go by, fails the whole job. [I] node-sf-bulk2#17."""
    job = ingest(api, data, operation=operation, externalIdFieldName="Id")
    assert (job["state"], job["errorMessage"]) == ("Failed", f"InvalidBatch : Field name not found : {missing}")
    assert results(api, job, "unprocessedrecords") == [f'"{each}"'.replace(",", '","') for each in data.decode().splitlines()]


@pytest.mark.parametrize(("said", "given"), [("LF", "\r\n"), ("CRLF", "\n")])
def test_lines_that_end_otherwise(api: Api, said: str, given: str) -> None:
    """A file's lines end as its job says, else the job fails as a whole. [I] several teams' notes of the answer."""
    job = ingest(api, given.join(["LastName", "A", ""]).encode(), operation="insert", lineEnding=said)
    text = f"ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is {said}"
    assert (job["state"], job["errorMessage"], job["numberRecordsProcessed"]) == ("Failed", text, 0)
    assert api.records("SELECT Id FROM Contact") == []
    (other,) = {"\n", "\r\n"} - {given}
    job = ingest(api, other.join(["LastName", '"A\n"', ""]).encode(), operation="insert", lineEnding=said)
    assert (job["state"], job["numberRecordsProcessed"], job["numberRecordsFailed"]) == ("JobComplete", 1, 0)


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("ReportsTo:Contact.Ext__c", "Unable to find relationship: Contact"),
        ("Contact:ReportsTo.Ext__c", "type is not needed for non polymorphic foreign key references: ReportsTo"),
        ("Contact:ReportsTo:Ext__c", "Field name not found : Contact:ReportsTo:Ext__c"),
    ],
)
def test_a_column_of_a_parent_that_cannot_be(api: Api, keyed: Control, column: str, text: str) -> None:
    """A parent's column is Relationship.Key, with the object before it only where there are several. [I] a team's trials."""
    job = ingest(api, f"LastName,{column}\nA,b\n".encode(), operation="insert")
    assert (job["state"], job["errorMessage"]) == ("Failed", f"InvalidBatch : {text}")
    assert keyed.rows("Contact") == []


def test_query_jobs_come_in_pages(api: Api, control: Control) -> None:
    """Results are CSV in pages of maxRecords; Sforce-Locator leads on and is "null" at the end. [D]."""
    control.seed("Contact", ({"LastName": f"N{at}"} for at in range(5)))
    job = api.json("POST", "jobs/query", {"operation": "query", "query": "SELECT LastName, Account.Name FROM Contact"})
    assert api.json("GET", f"jobs/query/{job['id']}")["state"] == "JobComplete"
    locator, lines = "", []
    while locator != "null":
        suffix = f"&locator={locator}" if locator else ""
        page = api.get(f"jobs/query/{job['id']}/results?maxRecords=2{suffix}")
        lines.append(page.body.decode().splitlines())
        locator = page.headers["Sforce-Locator"]
    assert [len(each) for each in lines] == [3, 3, 2]
    assert lines[0][:2] == ['"LastName","Account.Name"', '"N0",""']


def test_pages_side_by_side(api: Api, control: Control) -> None:
    """From version 58.0 on the addresses of all pages are told, five at a time, to be read in any order. [D] Bulk API 2.0."""
    control.settings(bulk_page=2)
    control.seed("Contact", ({"LastName": f"N{at:02}"} for at in range(13)))
    job = api.json("POST", "jobs/query", {"operation": "query", "query": "SELECT LastName FROM Contact ORDER BY LastName"})
    first = api.json("GET", f"jobs/query/{job['id']}/resultPages")
    second = api.json("GET", first["nextRecordsUrl"])
    assert [(len(each["resultPages"]), each["done"]) for each in (first, second)] == [(5, False), (2, True)]
    pages = [page["resultUrl"] for page in (second["resultPages"] + first["resultPages"])]
    lines = sorted(line for page in pages for line in api.get(page).body.decode().splitlines()[1:])
    assert lines == [f'"N{at:02}"' for at in range(13)]
    assert api.get(f"/services/data/v57.0/jobs/query/{job['id']}/resultPages").status == 404


def test_no_pages_but_an_empty_one(api: Api) -> None:
    """A query job without records has one page, of a header alone. [U]."""
    job = api.json("POST", "jobs/query", {"operation": "query", "query": "SELECT LastName FROM Contact"})
    told = api.json("GET", f"jobs/query/{job['id']}/resultPages")
    assert (len(told["resultPages"]), told["nextRecordsUrl"], told["done"]) == (1, None, True)
    assert api.get(told["resultPages"][0]["resultUrl"]).body == b'"LastName"\n'


def test_results_in_another_version(api: Api) -> None:
    """Results are read in the version that the job was created in; in another they are a 409. [D]; its body is [U]."""
    job = api.json("POST", "jobs/query", {"operation": "query", "query": "SELECT LastName FROM Contact"})
    for what in ("results", "resultPages"):
        assert api.get(f"/services/data/v60.0/jobs/query/{job['id']}/{what}").status == 409
    assert api.json("GET", f"/services/data/v60.0/jobs/query/{job['id']}")["state"] == "JobComplete"


def test_moments_in_csv_end_in_z(api: Api, control: Control) -> None:
    """Bulk 2.0 prints moments with Z where queries print +0000; those of parents, too. [D]."""
    (account,) = control.seed("Account", [{"Name": "A"}])
    control.seed("Contact", [{"LastName": "A.000+0000", "AccountId": account}])
    soql = "SELECT SystemModstamp, Account.CreatedDate, LastName FROM Contact"
    job = api.json("POST", "jobs/query", {"operation": "query", "query": soql})
    line = api.get(f"jobs/query/{job['id']}/results").body.decode().splitlines()[1]
    assert [each[-6:] for each in line.split(",")] == ['.000Z"', '.000Z"', '+0000"']


def test_the_order_of_columns(api: Api) -> None:
    """Columns stand as they were asked for; before version 50.0 in alphabetical order. [D]."""
    for version, expected in (("50.0", b'"LastName","FirstName","Id"\n'), ("49.0", b'"FirstName","Id","LastName"\n')):
        base = f"/services/data/v{version}/jobs/query"
        job = api.json("POST", base, {"operation": "query", "query": "SELECT LastName, FirstName, Id FROM Contact"})
        assert api.get(f"{base}/{job['id']}/results").body == expected


@pytest.mark.parametrize(
    ("soql", "text"),
    [
        ("SELECT Id, (SELECT Id FROM Contacts) FROM Account", "Aggregate Relationships not supported in Bulk Query"),
        ("SELECT MailingAddress FROM Contact", "Selecting compound data not supported in Bulk Query"),
        ("SELECT Account.BillingAddress FROM Contact", "Selecting compound data not supported in Bulk Query"),
        ("SELECT FIELDS(STANDARD) FROM Contact", "Selecting compound data not supported in Bulk Query"),
        ("SELECT COUNT() FROM Contact", " not supported in Bulk Query"),
        ("SELECT LastName FROM Contact GROUP BY LastName", " not supported in Bulk Query"),
        ("SELECT Id FROM Contact LIMIT 1 OFFSET 1", " not supported in Bulk Query"),
        ("SELECT TYPEOF What WHEN Account THEN Name END FROM Task", " not supported in Bulk Query"),
    ],
)
def test_what_bulk_queries_may_not_ask(api: Api, soql: str, text: str) -> None:
    """Children, compound fields, groups, OFFSET and TYPEOF are refused, in 1.0 by a failed batch. [D] texts: [C] data loader."""
    made = api.call("POST", "jobs/query", {"operation": "query", "query": soql})
    answer: Any = made.json()
    refused = answer[0]
    assert made.status == 400
    assert refused["errorCode"] == "API_ERROR"
    assert refused["message"].endswith(text)
    asked = {"operation": "query", "object": "Contact", "contentType": "CSV"}
    job: Any = classic(api, "POST", "job", asked, "application/json").json()
    batch = parsed(classic(api, "POST", f"job/{job['id']}/batch", soql, "text/csv"))
    state = parsed(classic(api, "GET", f"job/{job['id']}/batch/{batch['id']}"))
    assert state["state"] == "Failed"
    assert state["stateMessage"].startswith("InvalidBatch : Failed to process query: FUNCTIONALITY_NOT_ENABLED: ")
    assert state["stateMessage"].endswith(text)


@pytest.mark.parametrize(
    ("asked", "code", "text"),
    [
        ({"object": "Nothing"}, "INVALIDJOB", "InvalidJob : Unable to find object: Nothing"),
        ({"operation": ""}, "API_ERROR", "Invalid value: '' supplied for property: 'operation'"),
        ({"contentType": "JSON"}, "API_ERROR", "Invalid value: 'JSON' supplied for property: 'contentType'"),
        ({"columnDelimiter": "SPACE"}, "API_ERROR", "Invalid value: 'SPACE' supplied for property: 'columnDelimiter'"),
        ({"lineEnding": "CR"}, "API_ERROR", "Invalid value: 'CR' supplied for property: 'lineEnding'"),
        ({}, "INVALIDJOB", "InvalidJob : Field name provided,  does not match an External ID for Contact"),
        (
            {"externalIdFieldName": "Title"},
            "INVALIDJOB",
            "InvalidJob : Field name provided, Title does not match an External ID for Contact",
        ),
    ],
)
def test_jobs_that_cannot_be(api: Api, asked: dict[str, str], code: str, text: str) -> None:
    """A job of no object, operation, format or key that there is is refused when it is made. [I] a team's notes of answers."""
    answer = api.call("POST", "jobs/ingest", {"object": "Contact", "operation": "upsert", "contentType": "CSV", **asked})
    assert (answer.status, answer.json()) == (400, [{"message": text, "errorCode": code}])


@pytest.mark.parametrize("page", ["locator=garbage", "locator=00", "maxRecords=0", "maxRecords=-5", "maxRecords=many"])
def test_pages_that_cannot_be(api: Api, page: str) -> None:
    """A page of results that cannot be is refused, and never a page that leads to itself. [U]."""
    job = api.json("POST", "jobs/query", {"operation": "query", "query": "SELECT Id FROM Contact"})
    assert api.get(f"jobs/query/{job['id']}/results?{page}").status == 400


def test_an_aborted_job_gives_its_rows_back(api: Api) -> None:
    """What was uploaded and never processed is unprocessed, under its header. [D] Bulk API 2.0."""
    job = api.json("POST", "jobs/ingest", {"object": "Contact", "operation": "insert", "columnDelimiter": "PIPE"})
    api.call("PUT", f"jobs/ingest/{job['id']}/batches", b"LastName|Title\r\nA|Dr\r\n", {"Content-Type": "text/csv"})
    assert api.json("PATCH", f"jobs/ingest/{job['id']}", {"state": "Aborted"})["state"] == "Aborted"
    assert results(api, job, "unprocessedrecords") == ['"LastName"|"Title"', '"A"|"Dr"']
    assert results(api, job, "successfulResults") == ['"sf__Id"|"sf__Created"']


def test_a_job_that_is_done_is_not_aborted(api: Api, control: Control) -> None:
    """A job can be aborted until it is done. [D] Bulk API 2.0, of queries; of ingest jobs: [I] a team's notes of the answer."""
    done = [{"message": "Aborting already Completed Job not allowed", "errorCode": "INVALIDJOBSTATE"}]
    asked = {"operation": "query", "query": "SELECT Id FROM Contact"}
    made = ingest(api, b"LastName\n", operation="insert")
    for path in (f"jobs/ingest/{made['id']}", f"jobs/query/{api.json('POST', 'jobs/query', asked)['id']}"):
        answer = api.call("PATCH", path, {"state": "Aborted"})
        assert (answer.status, answer.json()) == (400, done)
        assert api.json("GET", path)["state"] == "JobComplete"
    control.settings(job_polls=2)
    path = f"jobs/query/{api.json('POST', 'jobs/query', asked)['id']}"
    assert api.json("GET", path)["state"] == "InProgress"
    assert api.json("PATCH", path, {"state": "Aborted"})["state"] == "Aborted"
    assert api.json("GET", path)["state"] == "Aborted"


@pytest.mark.parametrize("kind", ["ingest", "query"])
def test_states_that_a_job_cannot_be_given(api: Api, kind: str) -> None:
    """A job is given no state but what its address knows. [U]."""
    asked = {"ingest": {"operation": "insert", "object": "Contact"}, "query": {"query": "SELECT Id FROM Contact"}}[kind]
    path = f"jobs/{kind}/{api.json('POST', f'jobs/{kind}', asked)['id']}"
    before = api.json("GET", path)["state"]
    for state in ("Foo", "JobComplete", None, ["Aborted"]):
        answer = api.call("PATCH", path, {"state": state})
        assert (answer.status, answer.json()[0]["errorCode"]) == (400, "INVALIDJOBSTATE")  # type: ignore[index]
    assert api.json("GET", path)["state"] == before


def test_results_are_there_when_the_job_is_complete_and_for_seven_days(api: Api, control: Control) -> None:
    """Before completion and after seven days there are no results. [D]; the code before completion is [U]."""
    control.settings(job_polls=1)
    job = api.json("POST", "jobs/query", {"operation": "query", "query": "SELECT Id FROM Contact"})
    assert api.get(f"jobs/query/{job['id']}/results").status == 400
    assert [api.json("GET", f"jobs/query/{job['id']}")["state"] for _ in range(2)] == ["InProgress", "JobComplete"]
    assert api.get(f"jobs/query/{job['id']}/results").status == 200
    control.move_clock(seconds=8 * 86_400)
    fresh = Api(control.org)
    assert fresh.get(f"jobs/query/{job['id']}").status == 404


def test_deleting_a_job(api: Api) -> None:
    """A deleted job is gone. [D]."""
    job = ingest(api, b"LastName\nA\n", operation="insert")
    assert api.call("DELETE", f"jobs/ingest/{job['id']}").status == 204
    assert api.get(f"jobs/ingest/{job['id']}").status == 404


# --- version 1.0 ----------------------------------------------------------------------------------------------------


def classic(
    api: Api, method: str, path: str, body: object = b"", content: str = "application/xml", *, version: str = "60.0"
) -> Response:
    """One request of Bulk 1.0."""
    headers = {"X-SFDC-Session": api.token, "Content-Type": content}
    return api.app.handle(request(method, f"/services/async/{version}/{path}", headers=headers, body=body))


def parsed(response: Response) -> dict[str, str]:
    """An XML reply as a flat mapping."""
    return {etree.QName(node).localname: node.text or "" for node in etree.fromstring(response.body)}


def job_xml(**info: str) -> str:
    """A jobInfo."""
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in info.items())
    return f'<jobInfo xmlns="http://www.force.com/2009/06/asyncapi/dataload">{inner}</jobInfo>'


def run_batch(api: Api, data: object, **job: str) -> tuple[dict[str, Any], str]:
    """Run one batch to its end; returns its info and the address of its results."""
    made: Any = classic(api, "POST", "job", {"object": "Contact", **job}, "application/json").json()
    form = {"CSV": "text/csv", "JSON": "application/json"}.get(job["contentType"], "application/xml")
    base = f"job/{made['id']}/batch"
    queued = classic(api, "POST", base, data, form)
    base = f"{base}/{(told(queued))['id']}"
    return told(classic(api, "GET", base)), f"{base}/result"


def told(response: Response) -> dict[str, Any]:
    """A reply in either form."""
    if "json" not in response.headers["Content-Type"]:
        return dict(parsed(response))
    body: Any = response.json()
    return dict(body)


def xml_records(inner: str) -> str:
    """One record in XML."""
    return f'<sObjects xmlns="http://www.force.com/2009/06/asyncapi/dataload"><sObject>{inner}</sObject></sObjects>'


@pytest.mark.parametrize(
    ("content", "operation", "data", "missing"),
    [
        ("CSV", "insert", b"LastName,Foo\nA,b\n", "Foo"),
        ("JSON", "insert", [{"LastName": "A"}, {"LastName": "B", "Foo": 1}], "Foo"),
        ("XML", "insert", xml_records("<LastName>A</LastName><Foo>1</Foo>"), "Foo"),
        ("CSV", "update", b"LastName\nA\n", "Id"),
        ("JSON", "delete", [{"LastName": "A"}], "Id"),
        ("CSV", "upsert", b"LastName\nA\n", "Id"),
    ],
)
def test_an_unknown_column_fails_the_batch(api: Api, content: str, operation: str, data: object, missing: str) -> None:
    """A field that is not there fails a whole batch. [I] jsforce#688, salesforce-bulk#101; results: simple-salesforce#366."""
    batch, results_at = run_batch(api, data, operation=operation, contentType=content, externalIdFieldName="Id")
    assert (batch["state"], batch["stateMessage"]) == ("Failed", f"InvalidBatch : Field name not found : {missing}")
    assert int(batch["numberRecordsProcessed"]) == 0
    assert api.records("SELECT Id FROM Contact") == []
    answer = classic(api, "GET", results_at, content="application/json")
    assert (answer.status, answer.json()) == (
        400,
        {"exceptionCode": "InvalidBatch", "exceptionMessage": "Records not processed"},
    )


def test_an_upsert_names_its_key(api: Api, keyed: Control) -> None:
    """An upsert without a column for its external id fails as one by Id without an Id does. [U]."""
    assert keyed.rows("Contact") == []
    batch, _ = run_batch(api, b"LastName\nA\n", operation="upsert", contentType="CSV", externalIdFieldName="Ext__c")
    assert batch["stateMessage"] == "InvalidBatch : Field name not found : Ext__c"


def test_a_csv_job_has_xml_replies(api: Api) -> None:
    """With a CSV job the job and batch replies are XML, the results CSV. [T] sandbox clients."""
    made = parsed(classic(api, "POST", "job", job_xml(operation="insert", object="Contact", contentType="CSV")))
    assert made["state"] == "Open"
    batch = parsed(classic(api, "POST", f"job/{made['id']}/batch", b"LastName\nA\n\n", "text/csv"))
    assert batch["state"] == "Queued"
    base = f"job/{made['id']}/batch/{batch['id']}"
    assert parsed(classic(api, "GET", base))["state"] == "Completed"
    assert classic(api, "GET", f"{base}/result").body.decode().splitlines() == [
        '"Id","Success","Created","Error"',
        '"003KJ0000000001YAA","true","true",""',
    ]
    assert parsed(classic(api, "POST", f"job/{made['id']}", job_xml(state="Closed")))["state"] == "Closed"


def test_a_json_job(api: Api) -> None:
    """A JSON job answers in JSON, errors of a row included. [C] simple-salesforce."""
    job: Any = classic(
        api, "POST", "job", {"operation": "insert", "object": "Contact", "contentType": "JSON"}, "application/json"
    ).json()
    batch: Any = classic(api, "POST", f"job/{job['id']}/batch", [{"LastName": "A"}, {}], "application/json").json()
    result: Any = classic(api, "GET", f"job/{job['id']}/batch/{batch['id']}/result", b"", "application/json").json()
    assert [each["success"] for each in result] == [True, False]
    assert result[1]["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"


@pytest.mark.parametrize(
    ("content", "data"),
    [
        ("XML", xml_records("<!-- one --><LastName>A</LastName><ReportsTo><sObject><Ext__c>b</Ext__c></sObject></ReportsTo>")),
        ("JSON", [{"LastName": "A", "ReportsTo": {"Ext__c": "b"}}]),
        ("CSV", b"LastName,ReportsTo.Ext__c\nA,b\n"),
    ],
)
def test_a_parent_by_its_external_id(api: Api, keyed: Control, content: str, data: object) -> None:
    """A parent is named by its external id: in XML as an sObject of its own, in JSON as an object, in CSV by a column. [D]."""
    boss = keyed.seed("Contact", [{"LastName": "Boss", "Ext__c": "b"}])[0]
    batch, _ = run_batch(api, data, operation="insert", contentType=content)
    assert (batch["state"], int(batch["numberRecordsFailed"])) == ("Completed", 0)
    assert keyed.rows("Contact")[1]["ReportsToId"] == boss


def test_parents_of_several_objects_in_xml(api: Api, keyed: Control) -> None:
    """A parent that may be of several objects has its type beside its key. [D] Valid XML and JSON Records; the place: [U]."""
    boss = keyed.seed("Contact", [{"LastName": "Boss", "Ext__c": "b"}])[0]
    data = xml_records("<Subject>S</Subject><Who><sObject><type>Contact</type><Ext__c>b</Ext__c></sObject></Who>")
    batch, _ = run_batch(api, data, object="Task", operation="insert", contentType="XML")
    assert int(batch["numberRecordsFailed"]) == 0
    assert keyed.rows("Task")[0]["WhoId"] == boss


def test_a_comment_in_xml(api: Api) -> None:
    """Comments say nothing. [U]."""
    body = job_xml(operation="insert", object="Contact", contentType="XML").replace("<object>", "<!-- what --><object>")
    assert classic(api, "POST", "job", body).status == 201


def test_what_jobs_and_batches_say_of_themselves(api: Api) -> None:
    """JSON has the version as a number and moments with +0000, XML with Z and no nulls. [D] Bulk API, Create a Job, samples."""
    asked = {"operation": "insert", "object": "Contact", "contentType": "JSON"}
    job: Any = classic(api, "POST", "job", asked, "application/json").json()
    batch: Any = classic(api, "POST", f"job/{job['id']}/batch", [], "application/json").json()
    moment = "2026-11-02T09:00:00.000"
    assert job["apiVersion"] == 60.0
    assert {job["createdDate"], job["systemModstamp"], batch["createdDate"], batch["systemModstamp"]} == {f"{moment}+0000"}
    assert batch["stateMessage"] is None
    other = parsed(classic(api, "POST", "job", job_xml(**(asked | {"contentType": "CSV"}))))
    queued = parsed(classic(api, "POST", f"job/{other['id']}/batch", b"LastName\n", "text/csv"))
    assert other["apiVersion"] == "60.0"
    assert {other["createdDate"], other["systemModstamp"], queued["createdDate"]} == {f"{moment}Z"}
    (listed,) = etree.fromstring(classic(api, "GET", f"job/{other['id']}/batch").body)
    assert listed.findtext("{*}createdDate") == f"{moment}Z"
    assert not {"externalIdFieldName", "stateMessage"} & {*other, *queued, *(etree.QName(node).localname for node in listed)}


def test_a_query_job(api: Api, control: Control) -> None:
    """A query batch has a list of results, each of which has the records. [D]."""
    control.seed("Contact", [{"LastName": "A"}])
    job: Any = classic(
        api, "POST", "job", {"operation": "query", "object": "Contact", "contentType": "JSON"}, "application/json"
    ).json()
    batch: Any = classic(api, "POST", f"job/{job['id']}/batch", "SELECT LastName FROM Contact", "application/json").json()
    base = f"job/{job['id']}/batch/{batch['id']}/result"
    listed: Any = classic(api, "GET", base).json()
    records: Any = classic(api, "GET", f"{base}/{listed[0]}").json()
    assert records[0]["LastName"] == "A"


@pytest.mark.parametrize("version", ["20.0", "99.0", "abc", "nan", "60"])
def test_a_version_that_is_not_there(api: Api, version: str) -> None:
    """A retired version is a 400 InvalidVersion in Bulk 1.0. [D]; so is one that never was, and the text is [U]."""
    asked = {"operation": "query", "object": "Contact", "contentType": "JSON"}
    answer = classic(api, "POST", "job", asked, "application/json", version=version)
    body = {"exceptionCode": "InvalidVersion", "exceptionMessage": f"Api version {version} is not supported"}
    assert (answer.status, answer.json()) == (400, body)


@pytest.mark.parametrize("object_", ["Account", "account"])
def test_a_query_about_another_object(api: Api, object_: str) -> None:
    """A query of Bulk 1.0 is about the object of its job. [I] simple-salesforce#502."""
    asked = {"object": object_, "operation": "query", "contentType": "JSON"}
    batch, _ = run_batch(api, "SELECT Id FROM contact", **asked)
    text = (
        "InvalidBatch : Failed to process query: INVALID_TYPE_FOR_OPERATION: The root entity of the requested query (Contact) "
        "does not match the entity of the requested Bulk API Job (Account)."
    )
    assert (batch["state"], batch["stateMessage"]) == ("Failed", text)
    assert run_batch(api, "SELECT Id FROM Account", **asked)[0]["state"] == "Completed"


def test_an_expired_session_is_a_400_here(api: Api) -> None:
    """Bulk 1.0 answers an expired session with 400 and its own keys. [I] camel#826."""
    api.token = "old"
    answer = classic(api, "GET", "job/750000000000001", b"", "application/json")
    assert answer.status == 400
    assert answer.body == orjson.dumps({"exceptionCode": "InvalidSessionId", "exceptionMessage": "Invalid session id"})


def test_a_used_up_day_and_a_gone_user(api: Api, control: Control) -> None:
    """Calls of Bulk 1.0 count like others: beyond the day's they are an ExceededQuota; who is deactivated has no session. [U]."""
    asked = {"operation": "query", "object": "Contact", "contentType": "CSV"}
    control.settings(daily_limit=1)
    assert classic(api, "POST", "job", asked, "application/json").status == 201
    refused: Any = classic(api, "POST", "job", asked, "application/json")
    body = {"exceptionCode": "ExceededQuota", "exceptionMessage": "TotalRequests Limit exceeded."}
    assert (refused.status, refused.json()) == (400, body)
    control.settings(daily_limit=100)
    user = control.add_user("leaver")
    leaver = Api(control.org, user)
    control.edit_as(control.org.admin_id, user, {"IsActive": False})
    assert classic(leaver, "POST", "job", asked, "application/json").json()["exceptionCode"] == "InvalidSessionId"  # type: ignore[index]


def test_dates_in_json_are_milliseconds(api: Api, control: Control) -> None:
    """Bulk 1.0 prints dates and moments in JSON as milliseconds since 1970, those of parents too. [C] dlt's source."""
    account = control.seed("Account", [{"Name": "Acme"}])[0]
    control.seed("Contact", [{"LastName": "A", "Birthdate": "1970-01-02", "AccountId": account}])
    job: Any = classic(
        api, "POST", "job", {"operation": "query", "object": "Contact", "contentType": "JSON"}, "application/json"
    ).json()
    soql = "SELECT Birthdate, Account.CreatedDate FROM Contact"
    batch: Any = classic(api, "POST", f"job/{job['id']}/batch", soql, "application/json").json()
    base = f"job/{job['id']}/batch/{batch['id']}/result"
    records: Any = classic(api, "GET", f"{base}/{classic(api, 'GET', base).json()[0]}").json()  # type: ignore[index]
    moment = int(api.org.clock.now().replace(microsecond=0).timestamp() * 1000)
    assert (records[0]["Birthdate"], records[0]["Account"]["CreatedDate"]) == (86_400_000, moment)


@pytest.mark.parametrize(
    "asked", [{"operation": "replace"}, {"operation": "upsert"}, {"operation": "insert", "object": "Nothing"}]
)
def test_jobs_of_version_1_that_cannot_be(api: Api, asked: dict[str, str]) -> None:
    """A job of no operation, object or key is an InvalidJob. [U]."""
    answer = classic(api, "POST", "job", {"object": "Contact", "contentType": "CSV", **asked}, "application/json")
    assert (answer.status, answer.json()["exceptionCode"]) == (400, "InvalidJob")  # type: ignore[index]


def test_pk_chunking(api: Api, control: Control) -> None:
    """With Sforce-Enable-PKChunking the first batch is NotProcessed and others answer for parts of the table. [D] Bulk API."""
    control.seed("Contact", [{"LastName": f"N{at}"} for at in range(5)])
    headers = {"X-SFDC-Session": api.token, "Content-Type": "application/xml", "Sforce-Enable-PKChunking": "chunkSize=2"}
    body = job_xml(operation="query", object="Contact", contentType="CSV")
    job = parsed(api.app.handle(request("POST", "/services/async/60.0/job", headers=headers, body=body)))
    classic(api, "POST", f"job/{job['id']}/batch", "SELECT LastName FROM Contact WHERE LastName != 'N0'", "text/csv")
    listed = etree.fromstring(classic(api, "GET", f"job/{job['id']}/batch").body)
    found = [(node.findtext("{*}state"), node.findtext("{*}numberRecordsProcessed")) for node in listed]
    assert found == [("NotProcessed", "0"), ("Completed", "1"), ("Completed", "2"), ("Completed", "1")]


def test_an_open_job_is_not_deleted(api: Api) -> None:
    """Only a job that has ended, or waits, can be deleted. [D] Bulk API 2.0."""
    made = api.json("POST", "jobs/ingest", {"object": "Contact", "operation": "insert"})
    assert api.json("DELETE", f"jobs/ingest/{made['id']}")[0]["errorCode"] == "INVALIDJOBSTATE"
    api.call("PATCH", f"jobs/ingest/{made['id']}", {"state": "Aborted"})
    assert api.call("DELETE", f"jobs/ingest/{made['id']}").status == 204
