"""SOAP."""

import base64
import io
import zipfile
from xml.sax.saxutils import escape

from lxml import etree

from emulator.http import Response, request
from emulator.salesforce.control import Control
from emulator.salesforce.org import Org
from emulator.salesforce.service import SalesforceApp
from tests.emulator.api import Api
from tests.emulator.test_sf_metadata import FILES, archive


def call(org: Org, body: str, *, token: str = "", path: str = "u/60.0") -> Response:
    """One SOAP call."""
    text = (
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns="urn:partner.soap.sforce.com" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<soapenv:Header><SessionHeader><sessionId>{token}</sessionId></SessionHeader></soapenv:Header>"
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
