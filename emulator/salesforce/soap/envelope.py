"""SOAP envelopes: reading a call, printing an answer or a fault."""

from collections.abc import Iterable
from dataclasses import dataclass
from xml.sax.saxutils import escape

from lxml import etree

from emulator.http import Response
from emulator.salesforce.access import Access
from emulator.salesforce.errors import SalesforceError
from emulator.salesforce.org import Org

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
PARTNER = "urn:partner.soap.sforce.com"
ENTERPRISE = "urn:enterprise.soap.sforce.com"
METADATA = "http://soap.sforce.com/2006/04/metadata"
TOOLING = "urn:tooling.soap.sforce.com"

Xml = str
"""A piece of XML that is well-formed already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One SOAP call: its name, its element, and the session that its header names."""

    name: str
    node: etree._Element
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
    return Call(name=local(inner[0]), node=inner[0], session=(session.text or "").strip() if session is not None else "")


def session_access(org: Org, call: Call) -> Access:
    """What the session in a call's header may do; counts the call.

    Raises:
        SalesforceError: there is no such session.
    """
    session = org.logins.find(call.session)
    if session is None:
        raise SalesforceError("INVALID_SESSION_ID", "Invalid Session ID found in SessionHeader: Illegal Session")
    org.usage.add()
    return org.access(session.user_id)


def local(node: etree._Element) -> str:
    """The name of an element without its namespace."""
    return etree.QName(node).localname


def element(name: str, value: object) -> Xml:
    """An element with a plain value; None prints xsi:nil."""
    if value is None:
        return f'<{name} xsi:nil="true"/>'
    if isinstance(value, bool):
        value = str(value).lower()
    return f"<{name}>{escape(str(value))}</{name}>"


def nested(name: str, parts: Iterable[Xml], attributes: str = "") -> Xml:
    """An element with others inside."""
    return f"<{name}{attributes}>{''.join(parts)}</{name}>"


def answer(call: str, results: Iterable[Xml], namespace: str) -> Response:
    """The answer to a call: each result in its own element."""
    inner = f"<{call}Response>{''.join(results)}</{call}Response>"
    return _whole(inner, namespace, 200)


def fault(error: SalesforceError, namespace: str) -> Response:
    """A SOAP fault in Salesforce's form: HTTP 500, the code twice."""
    text = escape(f"{error.code}: {error.message}")
    detail = (
        f'<detail><sf:{error.code.title().replace("_", "")}Fault xmlns:sf="urn:fault.partner.soap.sforce.com">'
        f"<sf:exceptionCode>{error.code}</sf:exceptionCode><sf:exceptionMessage>{escape(error.message)}</sf:exceptionMessage>"
        f"</sf:{error.code.title().replace('_', '')}Fault></detail>"
    )
    code = f"<faultcode>sf:{error.code}</faultcode>"
    inner = f'<soapenv:Fault xmlns:sf="{namespace}">{code}<faultstring>{text}</faultstring>{detail}</soapenv:Fault>'
    return _whole(inner, namespace, 500)


def _whole(inner: str, namespace: str, status: int) -> Response:
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="{SOAP}" xmlns="{namespace}" '
        'xmlns:sf="urn:sobject.partner.soap.sforce.com" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<soapenv:Body>{inner}</soapenv:Body></soapenv:Envelope>"
    )
    return Response(status=status, headers={"Content-Type": "text/xml; charset=utf-8"}, body=text.encode())
