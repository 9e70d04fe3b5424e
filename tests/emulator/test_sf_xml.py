"""XML instead of JSON."""

import pytest
from lxml import etree

from emulator.salesforce.control import Control
from tests.emulator.api import Api

ASKED = {"Accept": "application/xml"}


def test_records_in_xml(api: Api, control: Control) -> None:
    """A record is an element of its object's name with type and url, nulls are nil. [D] REST guide."""
    id_ = control.seed("Contact", [{"LastName": "A & B"}])[0]
    for answer in (
        api.get(f"sobjects/Contact/{id_}?fields=LastName,Title", ASKED),
        api.get(f"sobjects/Contact/{id_}.xml?fields=LastName,Title"),
    ):
        root = etree.fromstring(answer.body)
        assert answer.headers["Content-Type"] == "application/xml;charset=UTF-8"
        assert (root.tag, root.get("type"), root.get("url")) == ("Contact", "Contact", f"{api.base}/sobjects/Contact/{id_}")
        assert root.findtext("LastName") == "A & B"
        assert root.find("Title") is not None
        assert dict(root.find("Title").attrib) == {"{http://www.w3.org/2001/XMLSchema-instance}nil": "true"}  # type: ignore[union-attr]
    assert api.json("GET", f"sobjects/Contact/{id_}.json")["LastName"] == "A & B"


def test_queries_in_xml(api: Api, control: Control) -> None:
    """A query is a QueryResult with one element for each record. [D] REST guide."""
    control.seed("Contact", [{"LastName": "A"}, {"LastName": "B"}])
    root = etree.fromstring(api.get("query?q=SELECT+LastName+FROM+Contact", ASKED).body)
    assert (root.tag, root.findtext("done"), root.findtext("totalSize")) == ("QueryResult", "true", "2")
    assert [(each.get("type"), each.findtext("LastName")) for each in root.findall("records")] == [
        ("Contact", "A"),
        ("Contact", "B"),
    ]


def test_writes_in_xml(api: Api, control: Control) -> None:
    """A body may be XML, nil clears a field; the answer is a Result. [D] REST guide."""
    headers = {"Content-Type": "application/xml; charset=UTF-8", **ASKED}
    made = api.call("POST", "sobjects/Contact", "<Contact><LastName>A</LastName><Title>Dr</Title></Contact>", headers)
    root = etree.fromstring(made.body)
    assert (made.status, root.tag, root.findtext("success")) == (201, "Result", "true")
    id_ = root.findtext("id")
    nil = '<Title xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/>'
    assert api.call("PATCH", f"sobjects/Contact/{id_}", f"<Contact>{nil}</Contact>", headers).status == 204
    assert "Title" not in control.row(str(id_))


@pytest.mark.parametrize("path", ["/services/data", "/services/data.xml"])
def test_versions_in_xml(api: Api, path: str) -> None:
    """Versions is one Version of label, url and version for each, without a login. [D] REST guide."""
    root = etree.fromstring(api.get(path, {"Authorization": "", **ASKED}).body)
    assert (root.tag, {each.tag for each in root}) == ("Versions", {"Version"})
    assert [root[-1].findtext(name) for name in ("label", "url", "version")] == ["Summer '26", "/services/data/v67.0", "67.0"]


@pytest.mark.parametrize("path", ["sobjects/Nothing", "query?q=SELECT"])
def test_refusals_in_xml(api: Api, path: str) -> None:
    """A refusal is Errors with an Error of errorCode and message. [C] a Ruby client's recorded body."""
    root = etree.fromstring(api.get(path, ASKED).body)
    assert (root.tag, [each.tag for each in root]) == ("Errors", ["Error"])
    assert root.findtext("Error/errorCode") in {"NOT_FOUND", "MALFORMED_QUERY"}


def test_a_body_that_is_no_xml(api: Api) -> None:
    """XML that cannot be read is refused, and nothing is written. [U]."""
    answer = api.call("POST", "sobjects/Contact", "<Contact>", {"Content-Type": "application/xml"})
    assert (answer.status, answer.json()[0]["errorCode"]) == (400, "JSON_PARSER_ERROR")  # type: ignore[index]
