"""A client that calls an emulated organisation in-process."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from emulator.http import Response, request
from emulator.salesforce.control import Control
from emulator.salesforce.org import Org
from emulator.salesforce.service import SalesforceApp

VERSION = "67.0"


class Api:
    """A user's session with an organisation."""

    def __init__(self, org: Org, user_id: str | None = None, version: str = VERSION) -> None:
        self.org = org
        self.app = SalesforceApp(org)
        self.token = Control(org).token(user_id)
        self.base = f"/services/data/v{version}"

    def call(self, method: str, path: str, body: object = b"", headers: Mapping[str, str] | None = None) -> Response:
        """One request below the versioned path (or to an absolute path)."""
        target = path if path.startswith("/services") else f"{self.base}/{path}"
        whole = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        return self.app.handle(request(method, target, headers=whole, body=body))

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Response:
        """GET."""
        return self.call("GET", path, headers=headers)

    def json(self, method: str, path: str, body: object = b"", headers: Mapping[str, str] | None = None) -> Any:
        """The body of an answer."""
        return self.call(method, path, body, headers).json()

    def query(self, soql: str, *, everything: bool = False, headers: Mapping[str, str] | None = None) -> Any:
        """The answer to a statement."""
        kind = "queryAll" if everything else "query"
        return self.call("GET", f"{kind}?q={quote(soql)}", headers=headers).json()

    def records(self, soql: str, *, everything: bool = False) -> list[dict[str, Any]]:
        """The records of a statement, without their attributes."""
        answer = self.query(soql, everything=everything)
        assert "records" in answer, answer
        return [{key: value for key, value in row.items() if key != "attributes"} for row in answer["records"]]

    def create(self, sobject: str, **values: Any) -> str:
        """Create a record; returns its id."""
        answer = self.call("POST", f"sobjects/{sobject}", values)
        assert answer.status == 201, answer.body
        return str(answer.json()["id"])  # type: ignore[index]
