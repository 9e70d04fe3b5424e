"""XML instead of JSON: asked for by Accept, Content-Type or the end of an address [documentation].

The names of the outermost elements are those of the REST guide's samples; where it has none, `Result` is a guess.
"""

from dataclasses import replace
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import orjson
from lxml import etree

from emulator.http import Request, Response
from emulator.salesforce.errors import parser_error

_ROOTS = {
    "": "Resources",
    "query": "QueryResult",
    "queryall": "QueryResult",
    "search": "SearchResults",
    "limits": "LimitsSnapshot",
    "sobjects": "DescribeGlobal",
}

_LISTS = {"versions": ("Versions", "Version")}


def wanted(request: Request) -> bool:
    """Whether the answer shall be XML."""
    if request.path.endswith(".xml"):
        return True
    accepted = request.header("accept")
    return "application/xml" in accepted and "json" not in accepted and "text/html" not in accepted


def plain_request(request: Request) -> Request:
    """The request without its format: no suffix, and a body of XML as JSON.

    Raises:
        SalesforceError: the body is not XML.
    """
    if request.path.endswith((".xml", ".json")):
        request = replace(request, path=request.path.rpartition(".")[0])
    if request.body.strip() and request.header("content-type").partition(";")[0] in {"application/xml", "text/xml"}:
        try:
            root = etree.fromstring(request.body, etree.XMLParser(resolve_entities=False, no_network=True))
        except etree.XMLSyntaxError as error:
            raise parser_error(f"Unexpected XML: {error}") from None
        return replace(request, body=orjson.dumps(_read(root)))
    return request


def _read(node: etree._Element) -> Any:  # noqa: ANN401 - any JSON
    if any(str(name).endswith("}nil") and text == "true" for name, text in node.attrib.items()):
        return None
    children = list(node.iterchildren("*"))
    if children or node.getparent() is None:
        return {etree.QName(each).localname: _read(each) for each in children}
    return node.text or ""


def as_xml(answer: Response, what: str) -> Response:
    """An answer in JSON as XML; `what` is the first part of the address below the version."""
    if not answer.body or "json" not in answer.headers.get("Content-Type", ""):
        return answer
    value = orjson.loads(answer.body)
    if isinstance(value, list):
        outer, inner = ("Errors", "Error") if answer.status >= 400 else _LISTS.get(what, ("Results", "Result"))
        text = f"<{outer}>{_printed(inner, value)}</{outer}>"
    elif "attributes" in value:
        text = _printed(value["attributes"]["type"], value)
    else:
        text = _printed("Result" if "success" in value else _ROOTS.get(what.lower(), "Result"), value)
    whole = f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode()
    return replace(answer, body=whole, headers={**answer.headers, "Content-Type": "application/xml;charset=UTF-8"})


def _printed(name: str, value: Any) -> str:  # noqa: ANN401 - any JSON
    if isinstance(value, list):
        return "".join(_printed(name, each) for each in value)
    if value is None:
        return f'<{name} xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/>'
    if isinstance(value, dict):
        attributes = "".join(f" {key}={quoteattr(str(text))}" for key, text in value.get("attributes", {}).items())
        inner = "".join(_printed(key, each) for key, each in value.items() if key != "attributes")
        return f"<{name}{attributes}>{inner}</{name}>"
    return f"<{name}>{escape(str(value).lower() if isinstance(value, bool) else str(value))}</{name}>"
