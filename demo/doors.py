"""How people and the demo's god's view reach the two systems: plain HTTP, nothing of the bridge's own code."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, cast
from urllib.parse import quote

import orjson
import requests

API = "/services/data/v67.0"
BATCH = 200
_PATIENCE = 120


class DoorError(Exception):
    """A system answered a person with a refusal; the message has the status and its words."""

    def __init__(self, what: str, answer: requests.Response) -> None:
        super().__init__(f"{what}: HTTP {answer.status_code} {answer.text[:500]}")
        self.status = answer.status_code


class _Door:
    """One way to one address, with the authority that it is checked against."""

    def __init__(self, base: str, authority: Path, headers: Mapping[str, str] | None = None) -> None:
        self._base = base
        self._session = requests.Session()
        # The machine's proxies and certificates have no say in what runs on loopback.
        self._session.trust_env = False
        self._session.verify = str(authority)
        self._session.headers.update(headers or {})

    def call(self, method: str, path: str, body: object = None, **more: Any) -> Any:  # noqa: ANN401 - JSON of foreign systems
        """The JSON of an answer, None for an empty one.

        Raises:
            DoorError: anything but 2xx.
        """
        data = None if body is None else orjson.dumps(body)
        headers = {"Content-Type": "application/json", **more.pop("headers", {})}
        answer = self._session.request(method, self._base + path, data=data, headers=headers, timeout=_PATIENCE, **more)
        if not answer.ok:
            raise DoorError(f"{method} {path}", answer)
        return orjson.loads(answer.content) if answer.content else None


class OrgControl(_Door):
    """The god's view of the emulated Salesforce org: what no user could do, such as making the org."""

    def __init__(self, base: str, authority: Path, token: str) -> None:
        super().__init__(base, authority, {"X-Control-Token": token})

    def do(self, method: str, **arguments: object) -> Any:  # noqa: ANN401 - whatever the order answers
        """Carry out one order of ``emulator.salesforce.control.Control``; its result."""
        return self.call("POST", f"/__control__/{method}", arguments)["result"]


class CareerControl(_Door):
    """The god's view of the emulated career system."""

    def __init__(self, base: str, authority: Path, token: str) -> None:
        super().__init__(base, authority, {"X-Control-Token": token})

    def post(self, order: str, body: object) -> Any:  # noqa: ANN401 - whatever the order answers
        """Give an order with a body."""
        return self.call("POST", f"/__control__/{order}", body)

    def get(self, order: str) -> Any:  # noqa: ANN401 - whatever the order answers
        """Look at something."""
        return self.call("GET", f"/__control__/{order}")


class OrgUser(_Door):
    """One person who works in Salesforce, with their own session."""

    def __init__(self, base: str, authority: Path, *, username: str, password: str) -> None:
        super().__init__(base, authority)
        form = {"grant_type": "password", "username": username, "password": password, "client_id": "a browser"}
        answer = self._session.post(f"{base}/services/oauth2/token", data=form, timeout=_PATIENCE)
        if not answer.ok:
            raise DoorError(f"login of {username}", answer)
        self.token = str(answer.json()["access_token"])
        self._session.headers["Authorization"] = f"Bearer {self.token}"
        self.username = username

    def query(self, soql: str) -> list[dict[str, Any]]:
        """All rows of a query, without Salesforce's ``attributes``."""
        found: list[dict[str, Any]] = []
        page = self.call("GET", f"{API}/query", params={"q": soql})
        while True:
            found += [{name: value for name, value in row.items() if name != "attributes"} for row in page["records"]]
            if page["done"]:
                return found
            page = self.call("GET", page["nextRecordsUrl"])

    def get(self, kind: str, id: str) -> dict[str, Any]:
        """One record."""
        return cast("dict[str, Any]", self.call("GET", f"{API}/sobjects/{kind}/{id}"))

    def create(self, kind: str, values: Mapping[str, object]) -> str:
        """A new record; its id."""
        return str(self.call("POST", f"{API}/sobjects/{kind}", dict(values))["id"])

    def edit(self, kind: str, id: str, values: Mapping[str, object]) -> None:
        """Change a record."""
        self.call("PATCH", f"{API}/sobjects/{kind}/{id}", dict(values))

    def delete(self, kind: str, id: str) -> None:
        """Put a record into the recycle bin."""
        self.call("DELETE", f"{API}/sobjects/{kind}/{id}")

    def create_many(self, kind: str, rows: Sequence[Mapping[str, object]]) -> Iterator[list[dict[str, Any]]]:
        """Create records in batches; for each batch the outcomes (``id``, ``success``, ``errors``) in order."""
        for start in range(0, len(rows), BATCH):
            records = [{"attributes": {"type": kind}, **row} for row in rows[start : start + BATCH]]
            yield self.call("POST", f"{API}/composite/sobjects", {"allOrNone": False, "records": records})


class CareerUser(Protocol):
    """A counsellor or an alumna at work in the career system. Fields are those of the contract, whatever the platform."""

    def edit(self, id: str, fields: Mapping[str, object]) -> None:
        """Change an account as it is now."""

    def file(self, request: Mapping[str, object]) -> str:
        """File a request; its id."""

    def withdraw(self, id: str) -> None:
        """Withdraw a request."""

    def acknowledgement(self, id: str) -> dict[str, Any] | None:
        """Where a request stands, as counsellors see it; None if nobody has said anything yet."""


class PageUser(_Door):
    """Somebody who works in a platform's own pages, which are no API: the emulated platform does there what they would."""

    def __init__(self, base: str, authority: Path, token: str, *, key: str) -> None:
        super().__init__(base, authority, {"X-Control-Token": token})
        self._key = key

    def edit(self, id: str, fields: Mapping[str, object]) -> None:
        """See ``CareerUser.edit``."""
        self._do("edit", id=id, fields=dict(fields))

    def file(self, request: Mapping[str, object]) -> str:
        """See ``CareerUser.file``."""
        return str(self._do("file", fields=dict(request))["id"])

    def withdraw(self, id: str) -> None:
        """See ``CareerUser.withdraw``."""
        self._do("withdraw", id=id)

    def acknowledgement(self, id: str) -> dict[str, Any] | None:
        """See ``CareerUser.acknowledgement``."""
        return cast("dict[str, Any] | None", self._do("told", id=id))

    def _do(self, act: str, **told: object) -> Any:  # noqa: ANN401 - whatever the order answers
        return self.call("POST", f"/__control__/{act}", {"as": self._key, **told})


class ContractUser(_Door):
    """A counsellor or an alumna with a key of their own, through the contract's own calls."""

    def __init__(self, base: str, authority: Path, *, key: str) -> None:
        super().__init__(f"{base}/bridge/v1", authority, {"Authorization": f"Bearer {key}"})

    def person(self, id: str) -> dict[str, Any]:
        """One account."""
        return cast("dict[str, Any]", self.call("GET", f"/people/{quote(id, safe='')}"))

    def edit(self, id: str, fields: Mapping[str, object]) -> None:
        """Change an account as it is now."""
        etag = self.person(id)["etag"]
        self.call("PATCH", f"/people/{quote(id, safe='')}", dict(fields), headers={"If-Match": f'"{etag}"'})

    def file(self, request: Mapping[str, object]) -> str:
        """File a request; its id."""
        return str(self.call("POST", "/requests", dict(request))["id"])

    def withdraw(self, id: str) -> None:
        """Withdraw a request."""
        self.call("PATCH", f"/requests/{id}", {"state": "withdrawn"})

    def acknowledgement(self, id: str) -> dict[str, Any] | None:
        """Where a request stands, as counsellors see it; None if nobody has said anything yet."""
        try:
            return cast("dict[str, Any]", self.call("GET", f"/requests/{id}/acknowledgement"))
        except DoorError as refused:
            if refused.status == requests.codes.not_found:
                return None
            raise
