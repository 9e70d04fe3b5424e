"""SOAP."""

import base64
import io
import zipfile
from datetime import timedelta
from xml.sax.saxutils import escape

import pytest
from lxml import etree

from emulator.http import Response, request
from emulator.salesforce.control import Control
from emulator.salesforce.org import Org
from emulator.salesforce.service import SalesforceApp
from tests.emulator.api import Api
from tests.emulator.test_sf_metadata import FILES, archive


def call(org: Org, body: str, *, token: str = "", path: str = "u/60.0", header: str = "") -> Response:
    """One SOAP call; `header` is XML beside the session's."""
    space = "http://soap.sforce.com/2006/04/metadata" if path.startswith("m/") else "urn:partner.soap.sforce.com"
    text = (
        f'<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns="{space}" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<soapenv:Header><SessionHeader><sessionId>{token}</sessionId></SessionHeader>{header}</soapenv:Header>"
        f"<soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
    )
    headers = {"Host": "login.salesforce.com", "Content-Type": "text/xml", "SOAPAction": '""'}
    return SalesforceApp(org).handle(request("POST", f"/services/Soap/{path}", headers=headers, body=text))


def texts(response: Response, name: str) -> list[str]:
    """The texts of all elements of a name."""
    return [node.text or "" for node in etree.fromstring(response.body).iterfind(f".//{{*}}{name}")]


LOGIN = "<login><username>admin@university.example</username><password>x</password></login>"


def test_login_answers_in_the_order_of_the_wsdl(org: Org, api: Api) -> None:
    """login() gives a session and addresses; its fields are in WSDL order. [D]."""
    answer = call(org, LOGIN)
    result = etree.fromstring(answer.body).find(".//{*}result")
    assert result is not None
    assert [etree.QName(node).localname for node in result] == [
        *("metadataServerUrl", "passwordExpired", "sandbox", "serverUrl", "sessionId", "userId", "userInfo"),
    ]
    assert texts(answer, "serverUrl") == [f"https://university.my.salesforce.com/services/Soap/u/60.0/{org.id}"]
    api.token = texts(answer, "sessionId")[0]
    assert api.get("sobjects").status == 200


def test_login_ends_with_version_64(org: Org) -> None:
    """login() is not available from API version 65.0 on. [D]."""
    assert call(org, LOGIN, path="u/64.0").status == 200
    answer = call(org, LOGIN, path="u/65.0")
    assert answer.status == 500
    assert texts(answer, "exceptionCode") == ["UNSUPPORTED_API_VERSION"]


@pytest.mark.parametrize("version", ["99.0", "5.0", "20.0", "60.5", "inf", "nan", "x"])
def test_versions_that_are_not_offered(org: Org, api: Api, version: str) -> None:
    """A version that the organisation does not offer is UNSUPPORTED_API_VERSION in every API of SOAP. [I] SoqlX#72."""
    query = "<query><queryString>SELECT Id FROM Contact</queryString></query>"
    for kind, body in (("u", LOGIN), ("u", query), ("c", query), ("m", "<describeMetadata/>")):
        answer = call(org, body, token=api.token, path=f"{kind}/{version}")
        text = "UNSUPPORTED_API_VERSION: Invalid Api version specified on URL"
        assert (answer.status, texts(answer, "faultstring")) == (500, [text])
    assert call(org, LOGIN, path="u/21.0").status == 200


def test_a_wrong_password(org: Org) -> None:
    """A refused login is a fault with INVALID_LOGIN. [D]."""
    org.logins.passwords[org.admin_id] = "secret"
    answer = call(org, LOGIN)
    assert texts(answer, "faultstring") == ["INVALID_LOGIN: Invalid username, password, security token; or user locked out."]


def test_merge_and_undelete_have_no_rest_form(org: Org, api: Api, control: Control) -> None:
    """merge() and undelete() work over SOAP. [D]."""
    winner, loser = control.seed("Contact", [{"LastName": "W"}, {"LastName": "L"}])
    body = (
        f"<merge><request><masterRecord><type>Contact</type><Id>{winner}</Id><Title>Dr</Title></masterRecord>"
        f"<recordToMergeIds>{loser}</recordToMergeIds></request></merge>"
    )
    answer = call(org, body, token=api.token)
    assert (texts(answer, "success"), texts(answer, "mergedRecordIds")) == (["true"], [loser])
    assert control.row(loser)["MasterRecordId"] == winner
    assert control.row(winner)["Title"] == "Dr"
    assert texts(call(org, f"<undelete><ids>{loser}</ids></undelete>", token=api.token), "success") == ["true"]
    assert control.row(loser)["IsDeleted"] is False


def test_what_went_with_another_record_is_not_undeleted_alone(org: Org, api: Api, control: Control) -> None:
    """Children come back with the record that they went with, and not by themselves. [D] Salesforce Help 000386040."""
    account = api.create("Account", Name="Acme")
    contact = api.create("Contact", LastName="L", AccountId=account)
    api.call("DELETE", f"sobjects/Account/{account}")
    answer = call(org, f"<undelete><ids>{contact}</ids></undelete>", token=api.token)
    assert (texts(answer, "success"), texts(answer, "statusCode")) == (["false"], ["UNDELETE_FAILED"])
    assert control.row(contact)["IsDeleted"] is True
    assert texts(call(org, f"<undelete><ids>{account}</ids></undelete>", token=api.token), "success") == ["true"]
    assert control.row(contact)["IsDeleted"] is False


def test_records_over_soap(org: Org, api: Api, control: Control) -> None:
    """create, update, query and delete work, each record with its own result. [D]."""
    body = (
        "<create><sObjects><type>Contact</type><LastName>A &amp; B</LastName></sObjects>"
        "<sObjects><type>Contact</type></sObjects></create>"
    )
    answer = call(org, body, token=api.token)
    assert (texts(answer, "success"), texts(answer, "statusCode")) == (["true", "false"], ["REQUIRED_FIELD_MISSING"])
    id_ = texts(answer, "id")[0]
    update = f"<update><sObjects><type>Contact</type><fieldsToNull>Title</fieldsToNull><Id>{id_}</Id></sObjects></update>"
    assert texts(call(org, update, token=api.token), "success") == ["true"]
    soql = escape("SELECT LastName FROM Contact WHERE LastName != 'x'")
    answer = call(org, f"<query><queryString>{soql}</queryString></query>", token=api.token)
    assert (texts(answer, "LastName"), texts(answer, "size")) == (["A & B"], ["1"])
    call(org, f"<delete><ids>{id_}</ids></delete>", token=api.token)
    assert control.rows("Contact") == []


def test_calls_need_a_session(org: Org) -> None:
    """Without a session every other call is a fault. [D]."""
    assert texts(call(org, "<getUserInfo/>", token="no"), "exceptionCode") == ["INVALID_SESSION_ID"]


def test_calls_that_lack_something(org: Org, api: Api) -> None:
    """A merge without a master fails by itself; what is no base64 is a fault, as what cannot be read is. [U]."""
    merged = call(org, "<merge><request/></merge>", token=api.token)
    assert (merged.status, texts(merged, "statusCode")) == (200, ["MISSING_ARGUMENT"])
    deployed = call(org, "<deploy><ZipFile>x</ZipFile></deploy>", token=api.token, path="m/60.0")
    assert (deployed.status, texts(deployed, "faultcode")) == (500, ["sf:INVALID_SOAP"])


def test_deploy_and_retrieve(org: Org, api: Api) -> None:
    """The Metadata API works over SOAP too, and gives back what was deployed. [T] sf project deploy start."""
    data = base64.b64encode(archive(FILES)).decode()
    deploy = f"<deploy><ZipFile>{data}</ZipFile><DeployOptions><singlePackage>true</singlePackage></DeployOptions></deploy>"
    id_ = texts(call(org, deploy, token=api.token, path="m/60.0"), "id")[0]
    check = f"<checkDeployStatus><asyncProcessId>{id_}</asyncProcessId><includeDetails>true</includeDetails></checkDeployStatus>"
    answer = call(org, check, token=api.token, path="m/60.0")
    assert texts(answer, "status") == ["Succeeded"]
    types = "<types><members>*</members><name>PermissionSet</name></types>"
    retrieve = f"<retrieve><retrieveRequest><unpackaged>{types}</unpackaged></retrieveRequest></retrieve>"
    id_ = texts(call(org, retrieve, token=api.token, path="m/60.0"), "id")[0]
    check = f"<checkRetrieveStatus><asyncProcessId>{id_}</asyncProcessId></checkRetrieveStatus>"
    answer = call(org, check, token=api.token, path="m/60.0")
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(texts(answer, "zipFile")[0]))) as opened:
        text = opened.read("unpackaged/permissionsets/Workers.permissionset").decode()
    assert text == FILES["permissionsets/Workers.permissionset"]


def test_the_status_of_what_runs(org: Org, api: Api, control: Control) -> None:
    """A call checkStatus tells how far deploys and retrievals are, in any version, documented until 30.0. [C] CumulusCI."""
    control.settings(job_polls=1)
    data = base64.b64encode(archive(FILES)).decode()
    types = "<types><members>*</members><name>PermissionSet</name></types>"
    retrieve = f"<retrieve><retrieveRequest><unpackaged>{types}</unpackaged></retrieveRequest></retrieve>"
    asked = (f"<deploy><ZipFile>{data}</ZipFile></deploy>", retrieve)
    ids = [texts(call(org, each, token=api.token, path="m/60.0"), "id")[0] for each in asked]
    inside = "".join(f"<asyncProcessId>{id_}</asyncProcessId>" for id_ in ids)
    for states in (["InProgress", "Completed"], ["Completed", "Completed"]):
        answer = call(org, f"<checkStatus>{inside}</checkStatus>", token=api.token, path="m/60.0")
        assert (texts(answer, "id"), texts(answer, "state")) == (ids, states)
        assert texts(answer, "done") == [str(state == "Completed").lower() for state in states]
    lost = call(org, "<checkStatus><asyncProcessId>0Af</asyncProcessId></checkStatus>", token=api.token, path="m/60.0")
    assert texts(lost, "faultcode") == ["sf:INVALID_ID_FIELD"]


def test_queries_come_in_pages(org: Org, api: Api, control: Control) -> None:
    """A query has pages of 500, or what QueryOptions says from 200 on; queryMore leads on to the last. [D]."""
    control.seed("Contact", [{"LastName": f"P{at}"} for at in range(1_050)])
    query = "<query><queryString>SELECT Id FROM Contact</queryString></query>"
    for header, sizes in (("", [500, 500, 50]), ("<QueryOptions><batchSize>400</batchSize></QueryOptions>", [400, 400, 250])):
        answer, seen = call(org, query, token=api.token, header=header), []
        while True:
            seen.append(len(texts(answer, "records")))
            if texts(answer, "done") == ["true"]:
                break
            locator = texts(answer, "queryLocator")[0]
            answer = call(org, f"<queryMore><queryLocator>{locator}</queryLocator></queryMore>", token=api.token)
        assert (seen, texts(answer, "size")) == (sizes, ["1050"])
    lost = call(org, "<queryMore><queryLocator>01gKJ-500</queryLocator></queryMore>", token=api.token)
    assert texts(lost, "exceptionCode") == ["INVALID_QUERY_LOCATOR"]


def test_children_come_in_pages(org: Org, api: Api, control: Control) -> None:
    """Children beyond a page have a queryLocator inside their parent, and queryMore leads on. [D]."""
    account = control.seed("Account", [{"Name": "Acme"}])[0]
    control.seed("Contact", [{"LastName": f"P{at}", "AccountId": account} for at in range(700)])
    query = "<query><queryString>SELECT Id, (SELECT Id FROM Contacts) FROM Account</queryString></query>"
    answer = call(org, query, token=api.token)
    assert (texts(answer, "done"), texts(answer, "size")) == (["true", "false"], ["700", "1"])
    (locator,) = [each for each in texts(answer, "queryLocator") if each]
    more = call(org, f"<queryMore><queryLocator>{locator}</queryLocator></queryMore>", token=api.token)
    assert (texts(more, "done"), texts(more, "size"), len(texts(more, "records"))) == (["true"], ["700"], 200)


def test_records_are_printed_as_recorded(org: Org, api: Api, control: Control) -> None:
    """The id comes first, and again where it was selected; nil where not; moments end in Z. [R] wso2, mbed and others."""
    account = control.seed("Account", [{"Name": "Acme"}])[0]
    id_ = control.seed("Contact", [{"LastName": "L", "AccountId": account}])[0]
    soql = "SELECT Id, Title, Account.Name, CreatedDate, (SELECT Id FROM Cases) FROM Contact"
    answer = call(org, f"<query><queryString>{soql}</queryString></query>", token=api.token)
    text = answer.body.decode()
    assert (
        '<result xsi:type="QueryResult"><done>true</done><queryLocator xsi:nil="true"/>'
        f'<records xsi:type="sf:sObject"><sf:type>Contact</sf:type><sf:Id>{id_}</sf:Id><sf:Id>{id_}</sf:Id>'
        '<sf:Title xsi:nil="true"/><sf:Account xsi:type="sf:sObject"><sf:type>Account</sf:type><sf:Id xsi:nil="true"/>'
        "<sf:Name>Acme</sf:Name></sf:Account><sf:CreatedDate>2026-01-01T00:00:00.000Z</sf:CreatedDate>"
        '<sf:Cases xsi:nil="true"/></records><size>1</size></result>'
    ) in text.replace(org.stamp().replace("+0000", "Z"), "2026-01-01T00:00:00.000Z")
    assert "<LimitInfoHeader><limitInfo><current>1</current><limit>100000</limit><type>API REQUESTS</type></limitInfo>" in text
    answer = call(org, f"<query><queryString>{soql}</queryString></query>", token=api.token, path="c/60.0")
    assert f'<records xsi:type="sf:Contact"><sf:Id>{id_}</sf:Id><sf:Title' in answer.body.decode()


def test_faults_have_the_names_of_the_wsdl(org: Org, api: Api) -> None:
    """A refused statement is a MalformedQueryFault with row and column, an ended session an UnexpectedErrorFault. [R]."""
    answer = call(org, "<query><queryString>SELECT FROM Contact</queryString></query>", token=api.token)
    fault = etree.fromstring(answer.body).find(".//{*}MalformedQueryFault")
    assert fault is not None
    assert [etree.QName(node).localname for node in fault] == ["exceptionCode", "exceptionMessage", "row", "column"]
    assert (answer.status, texts(answer, "row"), texts(answer, "column")) == (500, ["1"], ["8"])
    ended = call(org, "<getUserInfo/>", token="no").body.decode()
    assert "<faultcode>sf:INVALID_SESSION_ID</faultcode>" in ended
    assert '<detail><sf:UnexpectedErrorFault xsi:type="sf:UnexpectedErrorFault">' in ended


def test_all_or_none_and_duplicates_by_header(org: Org, api: Api, control: Control) -> None:
    """AllOrNoneHeader takes the good ones back; DuplicateRuleHeader gets past an alert. [D]."""
    records = "<sObjects><type>Contact</type><LastName>A</LastName></sObjects><sObjects><type>Contact</type></sObjects>"
    header = "<AllOrNoneHeader><allOrNone>true</allOrNone></AllOrNoneHeader>"
    answer = call(org, f"<create>{records}</create>", token=api.token, header=header)
    assert texts(answer, "statusCode") == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING"]
    assert control.rows("Contact") == []
    control.duplicate_rule("Contact", ["LastName"])
    one = "<create><sObjects><type>Contact</type><LastName>A</LastName></sObjects></create>"
    assert texts(call(org, one, token=api.token), "success") == ["true"]
    refused = call(org, one, token=api.token)
    assert (texts(refused, "statusCode"), texts(refused, "allowSave")) == (["DUPLICATES_DETECTED"], ["true"])
    header = "<DuplicateRuleHeader><allowSave>true</allowSave></DuplicateRuleHeader>"
    assert texts(call(org, one, token=api.token, header=header), "success") == ["true"]


def test_describes_over_soap(org: Org, api: Api, control: Control) -> None:
    """Describes say what REST says, their properties in alphabetical order, nulls left out. [C] jsforce's WSDL."""
    control.define_field("Contact", "Level__c", type="picklist", values=["A", "B"])
    answer = call(org, "<describeSObjects><sObjectType>Contact</sObjectType></describeSObjects>", token=api.token)
    result = etree.fromstring(answer.body).find(".//{*}result")
    assert result is not None
    names = list(dict.fromkeys(etree.QName(node).localname for node in result))
    assert names == sorted(names)
    assert texts(answer, "urlNew") == ["https://university.my.salesforce.com/003/e"]
    fields = {node.findtext("{*}name"): node for node in result.iterfind("{*}fields")}
    assert set(fields) == {each["name"] for each in api.json("GET", "sobjects/Contact/describe")["fields"]}
    level = fields["Level__c"]
    assert [node.findtext("{*}value") for node in level.iterfind("{*}picklistValues")] == ["A", "B"]
    assert level.find("{*}relationshipName") is None
    everything = call(org, "<describeGlobal/>", token=api.token)
    assert texts(everything, "name") == [each["name"] for each in api.json("GET", "sobjects")["sobjects"]]
    unknown = call(org, "<describeSObject><sObjectType>Nope</sObjectType></describeSObject>", token=api.token)
    assert texts(unknown, "exceptionCode") == ["INVALID_TYPE"]


def test_retrieve_search_and_changes(org: Org, api: Api, control: Control) -> None:
    """Retrieve keeps the order of the ids, nil for what is gone; search, getUpdated and getDeleted answer as in REST. [D]."""
    kept, gone = control.seed("Contact", [{"LastName": "Kept"}, {"LastName": "Gone"}])
    control.move_clock(seconds=90)
    control.delete_as(org.admin_id, gone)
    body = f"<fieldList>LastName</fieldList><sObjectType>Contact</sObjectType><ids>{gone}</ids><ids>{kept}</ids>"
    answer = call(org, f"<retrieve>{body}</retrieve>", token=api.token)
    results = etree.fromstring(answer.body).findall(".//{*}result")
    assert [each.findtext("{*}LastName") for each in results] == [None, "Kept"]
    sosl = escape("FIND {Kept} RETURNING Contact(Id)")
    assert texts(call(org, f"<search><searchString>{sosl}</searchString></search>", token=api.token), "Id") == [kept, kept]
    control.move_clock(seconds=120)
    window = "<sObjectType>Contact</sObjectType><startDate>2025-12-31T23:59:00Z</startDate>"
    window = window.replace("2025-12-31T23:59:00Z", (org.now() - timedelta(minutes=9)).isoformat())
    window += f"<endDate>{org.now().isoformat()}</endDate>"
    assert texts(call(org, f"<getUpdated>{window}</getUpdated>", token=api.token), "ids") == [kept]
    assert texts(call(org, f"<getDeleted>{window}</getDeleted>", token=api.token), "id") == [gone]


def test_parameters_by_other_names(org: Org, api: Api, control: Control) -> None:
    """The ids of a delete and the requests of a merge are taken whatever their elements are called. [C] beatbox, jsforce."""
    winner, loser, other = control.seed("Contact", [{"LastName": each} for each in "WLO"])
    assert texts(call(org, f"<delete><id>{other}</id></delete>", token=api.token), "success") == ["true"]
    master = f"<masterRecord><type>Contact</type><Id>{winner}</Id></masterRecord>"
    merge = f"<merge><mergeRequests>{master}<recordToMergeIds>{loser}</recordToMergeIds></mergeRequests></merge>"
    assert texts(call(org, merge, token=api.token), "mergedRecordIds") == [loser]


def test_passwords_and_sessions(org: Org, api: Api) -> None:
    """SetPassword decides the next login, resetPassword makes one up, logout ends the session. [D]."""
    set_ = f"<setPassword><userId>{org.admin_id}</userId><password>new</password></setPassword>"
    assert call(org, set_, token=api.token).status == 200
    assert call(org, LOGIN).status == 500
    made = texts(call(org, f"<resetPassword><userId>{org.admin_id}</userId></resetPassword>", token=api.token), "password")[0]
    assert call(org, LOGIN.replace(">x<", f">{made}<")).status == 200
    call(org, "<logout/>", token=api.token)
    assert api.get("limits").status == 401


FIELD = (
    '<metadata xsi:type="CustomField"><fullName>Contact.Code__c</fullName><label>Code</label><length>20</length>'
    "<type>Text</type></metadata>"
)


def test_single_components(org: Org, api: Api) -> None:
    """Components are created, read, changed and deleted one by one, and the schema follows. [D] metadata API guide."""

    def ask(body: str) -> Response:
        return call(org, body, token=api.token, path="m/60.0")

    made = ask(f"<createMetadata>{FIELD}</createMetadata>")
    assert (texts(made, "fullName"), texts(made, "success")) == (["Contact.Code__c"], ["true"])
    again = ask(f"<createMetadata>{FIELD}</createMetadata>")
    assert (texts(again, "success"), texts(again, "statusCode")) == (["false"], ["DUPLICATE_DEVELOPER_NAME"])
    ask(f"<upsertMetadata>{FIELD.replace('>20<', '>30<')}</upsertMetadata>")
    assert org.sobject("Contact").by_name["code__c"].length == 30
    names = "<fullNames>Contact.Code__c</fullNames><fullNames>No.No__c</fullNames>"
    read = ask(f"<readMetadata><type>CustomField</type>{names}</readMetadata>")
    text = read.body.decode()
    assert '<records xsi:type="CustomField"><fullName>Contact.Code__c</fullName><label>Code</label><length>30</length>' in text
    assert '<records xsi:nil="true"/>' in text
    whole = ask("<readMetadata><type>CustomObject</type><fullNames>Contact</fullNames></readMetadata>").body.decode()
    assert "<fields><fullName>Code__c</fullName>" in whole
    absent = ask(f"<updateMetadata>{FIELD.replace('Code__c', 'Other__c')}</updateMetadata>")
    assert texts(absent, "statusCode") == ["INVALID_CROSS_REFERENCE_KEY"]
    delete = "<deleteMetadata><type>CustomField</type><fullNames>Contact.Code__c</fullNames></deleteMetadata>"
    assert [texts(ask(delete), "success") for _ in range(2)] == [["true"], ["false"]]
    assert org.sobject("Contact").field("Code__c") is None


def test_objects_are_retrieved_with_their_parts(org: Org, api: Api) -> None:
    """A retrieve composes an object's file of what was deployed; what is missing is said; `*` is no standard object. [D]."""
    data = base64.b64encode(archive(FILES)).decode()
    call(org, f"<deploy><ZipFile>{data}</ZipFile></deploy>", token=api.token, path="m/60.0")
    types = "<types><members>*</members><members>Contact</members><members>No__c</members><name>CustomObject</name></types>"
    retrieve = f"<retrieve><retrieveRequest><unpackaged>{types}</unpackaged></retrieveRequest></retrieve>"
    id_ = texts(call(org, retrieve, token=api.token, path="m/60.0"), "id")[0]
    check = f"<checkRetrieveStatus><asyncProcessId>{id_}</asyncProcessId></checkRetrieveStatus>"
    answer = call(org, check, token=api.token, path="m/60.0")
    assert texts(answer, "problem") == ["Entity of type 'CustomObject' named 'No__c' cannot be found"]
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(texts(answer, "zipFile")[0]))) as opened:
        objects = [name for name in opened.namelist() if name.startswith("unpackaged/objects/")]
        assert sorted(objects) == ["unpackaged/objects/Contact.object", "unpackaged/objects/Thing__c.object"]
        thing = opened.read("unpackaged/objects/Thing__c.object")

    def said(text: bytes) -> list[tuple[str, str]]:
        nodes = etree.fromstring(text).iter()
        return sorted((etree.QName(node).localname, (node.text or "").strip()) for node in nodes)

    assert said(thing) == said(FILES["objects/Thing__c.object"].encode())


def test_a_validated_deployment_is_deployed_later(org: Org, api: Api) -> None:
    """A successful check can be deployed by its id, over SOAP and REST; anything else cannot. [D] deployRecentValidation."""
    data = base64.b64encode(archive(FILES)).decode()
    options = "<DeployOptions><checkOnly>true</checkOnly></DeployOptions>"
    deploy = f"<deploy><ZipFile>{data}</ZipFile>{options}</deploy>"
    checked = [texts(call(org, deploy, token=api.token, path="m/60.0"), "id")[0] for _ in range(2)]
    assert org.package.components == {}
    quick = f"<deployRecentValidation><validationId>{checked[0]}</validationId></deployRecentValidation>"
    made = texts(call(org, quick, token=api.token, path="m/60.0"), "result")[0]
    assert org.package.components != {}
    again = api.call("POST", f"metadata/deployRequest/validatedDeployRequestId/{checked[1]}")
    assert (again.status, org.package.deploys[made].success) == (201, True)
    assert api.call("POST", f"metadata/deployRequest/validatedDeployRequestId/{made}").status == 400
