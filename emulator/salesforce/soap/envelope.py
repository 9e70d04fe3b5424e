"""SOAP envelopes: reading a call, printing an answer or a fault."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from lxml import etree

from emulator.http import Response
from emulator.salesforce.access import Access
from emulator.salesforce.context import admit
from emulator.salesforce.errors import SalesforceError
from emulator.salesforce.org import Org

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
PARTNER = "urn:partner.soap.sforce.com"
ENTERPRISE = "urn:enterprise.soap.sforce.com"
METADATA = "http://soap.sforce.com/2006/04/metadata"
RECORDS = {PARTNER: "urn:sobject.partner.soap.sforce.com", ENTERPRISE: "urn:sobject.enterprise.soap.sforce.com"}
"""The namespace of records, by that of the API."""
FAULTS = {PARTNER: "urn:fault.partner.soap.sforce.com", ENTERPRISE: "urn:fault.enterprise.soap.sforce.com"}
"""The namespace of faults, by that of the API; the Metadata API has none of its own."""

Xml = str
"""A piece of XML that is well-formed already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One SOAP call: its name, its element, the envelope's header, and the session that it names."""

    name: str
    node: etree._Element
    header: etree._Element | None
    session: str

    def text(self, name: str, default: str = "") -> str:
        """The text of the first descendant of this name, whatever its namespace."""
        found = self.node.find(f".//{{*}}{name}")
        return default if found is None or found.text is None else found.text.strip()

    def texts(self, name: str) -> list[str]:
        """The texts of all descendants of this name."""
        return [(node.text or "").strip() for node in self.node.iterfind(f".//{{*}}{name}")]

    def children(self, name: str) -> list[etree._Element]:
        """All direct children of this name."""
        return list(self.node.iterfind(f"{{*}}{name}"))

    def parameters(self) -> list[etree._Element]:
        """All direct children: clients in long use give them other names than the WSDL [code: beatbox, jsforce]."""
        return list(self.node.iterchildren("*"))

    def option(self, header: str, name: str) -> str:
        """What a header of the envelope says, such as `batchSize` of `QueryOptions`; empty where it says nothing."""
        found = self.header.find(f"{{*}}{header}/{{*}}{name}") if self.header is not None else None
        return "" if found is None or found.text is None else found.text.strip()


def read_call(body: bytes) -> Call:
    """The call in an envelope.

    Raises:
        SalesforceError: it is not one.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise SalesforceError("INVALID_SOAP", f"The request is not well-formed: {error}", status=500) from None
    inner = root.find(f"{{{SOAP}}}Body")
    if inner is None or not len(inner):
        raise SalesforceError("INVALID_SOAP", "The envelope has no body", status=500)
    session = root.find(".//{*}SessionHeader/{*}sessionId")
    return Call(
        name=local(inner[0]),
        node=inner[0],
        header=root.find(f"{{{SOAP}}}Header"),
        session=(session.text or "").strip() if session is not None else "",
    )


def api_version(org: Org, text: str) -> str:
    """The API version that an address names, such as 60.0.

    Raises:
        SalesforceError: it is none, or none that the organisation offers [issue threads: SoqlX#72].
    """
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not number.is_integer() or not org.settings.oldest_version <= number <= org.settings.newest_version:
        raise SalesforceError("UNSUPPORTED_API_VERSION", "Invalid Api version specified on URL")
    return f"{number:.1f}"


def session_access(org: Org, call: Call) -> Access:
    """What the session in a call's header may do; counts the call.

    Raises:
        SalesforceError: there is no such session, or no request left.
    """
    session = org.session(call.session)
    if session is None:
        raise SalesforceError("INVALID_SESSION_ID", "Invalid Session ID found in SessionHeader: Illegal Session")
    admit(org)
    return org.access(session.user_id)


def local(node: etree._Element) -> str:
    """The name of an element without its namespace."""
    return etree.QName(node).localname


_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000")


def element(name: str, value: object) -> Xml:
    """An element with a plain value; None prints xsi:nil, moments end in Z [recording]."""
    if value is None:
        return f'<{name} xsi:nil="true"/>'
    if isinstance(value, bool):
        value = str(value).lower()
    text = str(value)
    if _MOMENT.fullmatch(text):
        text = text.removesuffix("+0000") + "Z"
    return f"<{name}>{escape(text)}</{name}>"


def nested(name: str, parts: Iterable[Xml], attributes: str = "") -> Xml:
    """An element with others inside."""
    return f"<{name}{attributes}>{''.join(parts)}</{name}>"


def tree(name: str, value: Any) -> Xml:  # noqa: ANN401 - any JSON
    """A JSON value as elements; nulls are left out, as the platform does for optional elements."""
    if isinstance(value, dict):
        return nested(name, [tree(key, each) for key, each in value.items() if each is not None])
    if isinstance(value, list):
        return "".join(tree(name, each) for each in value)
    return element(name, value)


def copied(node: etree._Element) -> Xml:
    """An element of a file as a part of an answer, in whose default namespace it is already."""
    inner = "".join(map(copied, node.iterchildren("*"))) or escape(node.text or "")
    return f"<{local(node)}>{inner}</{local(node)}>"


def answer(org: Org, call: str, results: Iterable[Xml], namespace: str) -> Response:
    """The answer to a call: each result in its own element; data APIs say what is left of the day's requests."""
    head = ""
    if namespace in RECORDS and call != "login":
        limit = tree("limitInfo", {"current": org.usage.total(), "limit": org.settings.daily_limit, "type": "API REQUESTS"})
        head = f"<soapenv:Header><LimitInfoHeader>{limit}</LimitInfoHeader></soapenv:Header>"
    inner = f"<{call}Response>{''.join(results)}</{call}Response>"
    spaces = f'xmlns="{namespace}" xmlns:sf="{RECORDS.get(namespace, namespace)}"'
    return _whole(f"{head}<soapenv:Body>{inner}</soapenv:Body>", spaces, 200)


_FAULTS = {
    "INVALID_LOGIN": "LoginFault",
    "INVALID_FIELD": "InvalidFieldFault",
    "INVALID_TYPE": "InvalidSObjectFault",
    "MALFORMED_QUERY": "MalformedQueryFault",
    "MALFORMED_SEARCH": "MalformedSearchFault",
    "INVALID_QUERY_LOCATOR": "InvalidQueryLocatorFault",
    "INVALID_ID_FIELD": "InvalidIdFault",
    "MALFORMED_ID": "InvalidIdFault",
}
"""The WSDL's name of each fault; all others are UnexpectedErrorFault."""

_PLACE = re.compile(r"ERROR at Row:(\d+):Column:(\d+)")


def fault(error: SalesforceError, namespace: str) -> Response:
    """A SOAP fault: HTTP 500, the code twice; the Metadata API has no detail [recording]."""
    text = escape(f"{error.code}: {error.message}")
    space, detail = FAULTS.get(namespace), ""
    if space is not None:
        name = f"sf:{_FAULTS.get(error.code, 'UnexpectedErrorFault')}"
        parts = [element("sf:exceptionCode", error.code), element("sf:exceptionMessage", error.message)]
        if _FAULTS.get(error.code, "").startswith(("InvalidField", "InvalidSObject", "Malformed")):
            place = _PLACE.search(error.message)
            row, column = place.groups() if place else ("-1", "-1")
            parts += [element("sf:row", row), element("sf:column", column)]
        detail = nested("detail", [nested(name, parts, f' xsi:type="{name}"')])
    code = f"<faultcode>sf:{error.code}</faultcode>"
    inner = f"<soapenv:Fault>{code}<faultstring>{text}</faultstring>{detail}</soapenv:Fault>"
    return _whole(f"<soapenv:Body>{inner}</soapenv:Body>", f'xmlns:sf="{space or namespace}"', 500)


def _whole(inner: str, spaces: str, status: int) -> Response:
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="{SOAP}" {spaces} '
        'xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"{inner}</soapenv:Envelope>"
    )
    return Response(status=status, headers={"Content-Type": "text/xml;charset=utf-8"}, body=text.encode())
