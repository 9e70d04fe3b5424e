"""Odd requests."""

from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from emulator.salesforce.control import Control
from emulator.salesforce.org import Org
from emulator.salesforce.urls import routes
from tests.emulator.api import Api

WORDS = [
    "SELECT",
    "FROM",
    "WHERE",
    "AND",
    "OR",
    "NOT",
    "IN",
    "LIKE",
    "(",
    ")",
    ",",
    "=",
    "!=",
    "<",
    ">",
    "Id",
    "Name",
    "Contact",
    "Account.Name",
    "COUNT()",
    "COUNT(Id)",
    "GROUP",
    "BY",
    "HAVING",
    "ORDER",
    "LIMIT",
    "OFFSET",
    "5",
    "'x'",
    "null",
    "TODAY",
    "LAST_N_DAYS:3",
    "2026-01-01",
    "2026-01-01T00:00:00Z",
    "true",
    "FIELDS(ALL)",
    "TYPEOF",
    "What",
    "WHEN",
    "THEN",
    "END",
    "USING",
    "SCOPE",
    "Birthdate",
    "CreatedDate",
    "CALENDAR_YEAR(CreatedDate)",
    "MAX(Name)",
    "DESC",
    "NULLS",
    "LAST",
    "'",
    "\\",
    ":",
    "INCLUDES",
]
KEYS = [
    "records",
    "attributes",
    "type",
    "Id",
    "LastName",
    "Email",
    "allOrNone",
    "compositeRequest",
    "method",
    "url",
    "body",
    "referenceId",
    "graphs",
    "ids",
    "fields",
    "batchRequests",
    "object",
    "operation",
    "query",
    "state",
    "httpHeaders",
    "AccountId",
    "Birthdate",
    "ReportsTo",
    "sobjects",
    "name",
]
LEAVES = st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "x", "@{a.id}", "Contact", "POST", "a" * 300])
BODIES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


@given(words=st.lists(st.sampled_from(WORDS), max_size=10), head=st.sampled_from(["", "SELECT Id FROM Contact "]))
def test_every_statement_has_an_answer(words: list[str], head: str) -> None:
    """Whatever is asked, the answer is records or a refusal with a code; nothing breaks. [C] own."""
    answer = Api(Org()).call("GET", f"query?q={quote(head + ' '.join(words))}")
    assert answer.status in {200, 400}
    assert b'"records"' in answer.body or b'"errorCode"' in answer.body


@given(route=st.sampled_from(routes()), name=st.sampled_from(["Contact", "Task", "nope", "query"]), body=BODIES)
def test_every_body_has_an_answer(route: tuple[str, str], name: str, body: object) -> None:
    """Whatever is sent to an address, the answer is no crash, and a refused write leaves nothing behind. [C] own."""
    org = Org()
    method, pattern = route
    path = "/".join(name if part.startswith("{") else part for part in pattern.split("/"))
    answer = Api(org).call(method, path, body)
    assert answer.status < 500
    if answer.status >= 400:
        assert Control(org).rows("Contact") == []
