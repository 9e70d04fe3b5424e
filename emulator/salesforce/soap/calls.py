"""One call with a session, and what every kind of call needs to answer it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from emulator.http import request
from emulator.salesforce.context import Context
from emulator.salesforce.org import Org
from emulator.salesforce.soap.envelope import ENTERPRISE, Call, Xml, element, nested
from emulator.salesforce.writing import Options, Writer


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """A call, the session that it is made in, and the API (by its namespace) that it came by."""

    ctx: Context
    call: Call
    namespace: str

    @property
    def org(self) -> Org:
        """The organisation."""
        return self.ctx.org

    def writer(self) -> Writer:
        """A writer in the user's name that obeys the call's headers."""
        allowed = self.call.option("DuplicateRuleHeader", "allowSave") == "true"
        return Writer(self.org, self.ctx.access, Options(allow_duplicates=allowed, version=float(self.ctx.version)))

    def asking(self, **parameters: str) -> Context:
        """The same session, as if these were the parameters of a GET."""
        return self.ctx.inner(request("GET", f"/?{urlencode(parameters)}", headers=self.ctx.request.headers))

    def record(self, name: str, printed: Mapping[str, Any]) -> Xml:
        """A printed record: in the partner API its type and id come first, and the id again where it was asked for."""
        kind = printed.get("attributes", {}).get("type", "AggregateResult")
        partner = self.namespace != ENTERPRISE
        parts = [element("sf:type", kind), element("sf:Id", printed.get("Id"))] if partner else []
        for key, value in printed.items():
            if key == "attributes":
                continue
            if isinstance(value, dict) and "attributes" in value:
                parts.append(self.record(f"sf:{key}", value))
            elif isinstance(value, dict) and "records" in value:
                locator = value.get("nextRecordsUrl", "").rpartition("/")[2] or None
                parts.append(self.result(f"sf:{key}", value["records"], value["totalSize"], locator=locator))
            elif isinstance(value, dict):
                parts.append(nested(f"sf:{key}", [element(part, each) for part, each in value.items()]))
            else:
                parts.append(element(f"sf:{key}", value))
        return nested(name, parts, f' xsi:type="sf:{"sObject" if partner else kind}"')

    def result(self, name: str, printed: list[Mapping[str, Any]], size: int, *, locator: str | None = None) -> Xml:
        """A QueryResult; without a locator it is the last page."""
        records = [self.record("records", each) for each in printed]
        parts = [element("done", locator is None), element("queryLocator", locator), *records, element("size", size)]
        return nested(name, parts, ' xsi:type="QueryResult"')
