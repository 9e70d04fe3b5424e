"""The partner (and, for login, enterprise) SOAP API: login, and calls on records."""

from collections.abc import Callable
from typing import Any

from lxml import etree

from emulator.http import Request, Response
from emulator.salesforce import recycling
from emulator.salesforce.access import Access
from emulator.salesforce.context import instance_url
from emulator.salesforce.errors import SalesforceError
from emulator.salesforce.fields import SObject
from emulator.salesforce.ids import normal_id
from emulator.salesforce.org import Org
from emulator.salesforce.soap.envelope import Call, Xml, answer, element, fault, local, nested, read_call, session_access
from emulator.salesforce.soql.execute import run
from emulator.salesforce.writing import MultipleChoicesError, Writer

LAST_LOGIN_VERSION = 64


def handle(org: Org, request: Request, version: str, namespace: str) -> Response:
    """One call to /services/Soap/u/{version} or /c/{version}."""
    try:
        call = read_call(request.body)
        if call.name == "login":
            return answer("login", [_login(org, request, call, version)], namespace)
        return answer(call.name, _act(org, call, version), namespace)
    except SalesforceError as refused:
        return fault(refused, namespace)


def _act(org: Org, call: Call, version: str) -> list[Xml]:
    access = session_access(org, call)
    action = _CALLS.get(call.name)
    if action is None:
        raise SalesforceError("UNSUPPORTED_OPERATION", f"The call {call.name} is not emulated")
    return action(_Calls(org, access, call, version))


def _login(org: Org, request: Request, call: Call, version: str) -> Xml:
    if float(version) > LAST_LOGIN_VERSION:
        message = f"The login() call is not available in API version {version}"
        raise SalesforceError("UNSUPPORTED_API_VERSION", message)
    user = org.user_named(call.text("username"))
    if user is None or not user.get("IsActive") or not org.logins.accepts(user["Id"], call.text("password")):
        message = "Invalid username, password, security token; or user locked out."
        raise SalesforceError("INVALID_LOGIN", message)
    session = org.log_in(user["Id"])
    base = instance_url(org, request)
    # Clients generated from the WSDL need its order of fields.
    return nested(
        "result",
        [
            element("metadataServerUrl", f"{base}/services/Soap/m/{version}/{org.id}"),
            element("passwordExpired", value=False),
            element("sandbox", org.settings.is_sandbox),
            element("serverUrl", f"{base}/services/Soap/u/{version}/{org.id}"),
            element("sessionId", session.token),
            element("userId", user["Id"]),
            nested("userInfo", _user_info(org, user)),
        ],
    )


def _user_info(org: Org, user: dict[str, Any]) -> list[Xml]:
    values: list[tuple[str, object]] = [
        ("accessibilityMode", False),
        ("chatterExternal", False),
        ("currencySymbol", "$"),
        ("orgAttachmentFileSizeLimit", 5_242_880),
        ("orgDefaultCurrencyIsoCode", "USD"),
        ("orgDefaultCurrencyLocale", "en_US"),
        ("orgDisallowHtmlAttachments", False),
        ("orgHasPersonAccounts", False),
        ("organizationId", org.id),
        ("organizationMultiCurrency", False),
        ("organizationName", (org.record(org.id) or {}).get("Name")),
        ("profileId", user.get("ProfileId")),
        ("roleId", user.get("UserRoleId")),
        ("sessionSecondsValid", int(org.settings.session_hours * 3600)),
        ("userDefaultCurrencyIsoCode", None),
        ("userEmail", user.get("Email")),
        ("userFullName", user.get("Name")),
        ("userId", user["Id"]),
        ("userLanguage", user.get("LanguageLocaleKey")),
        ("userLocale", user.get("LocaleSidKey")),
        ("userName", user.get("Username")),
        ("userTimeZone", user.get("TimeZoneSidKey")),
        ("userType", user.get("UserType")),
        ("userUiSkin", "Theme3"),
    ]
    return [element(name, value) for name, value in values]


class _Calls:
    """The calls that need a session."""

    def __init__(self, org: Org, access: Access, call: Call, version: str) -> None:
        self.org = org
        self.access = access
        self.call = call
        self.writer = Writer(org, access)
        self.version = version

    def user_info(self) -> list[Xml]:
        return [nested("result", _user_info(self.org, self.org.record(self.access.user_id) or {}))]

    def timestamp(self) -> list[Xml]:
        return [nested("result", [element("timestamp", self.org.now().strftime("%Y-%m-%dT%H:%M:%S.000Z"))])]

    def logout(self) -> list[Xml]:
        self.org.logins.end(self.call.session)
        return []

    def query(self) -> list[Xml]:
        everything = self.call.name == "queryAll"
        text = self.call.text("queryString")
        found = run(self.org, self.access, text, version=self.version, all_rows=everything)
        records = [self._record("records", found.show(row)) for row in found.rows]
        size = element("size", found.total)
        parts = [element("done", value=True), element("queryLocator", None), *records, size]
        return [nested("result", parts, ' xsi:type="QueryResult"')]

    def _record(self, name: str, printed: dict[str, Any]) -> Xml:
        kind = printed.get("attributes", {}).get("type", "AggregateResult")
        parts = [element("sf:type", kind), element("sf:Id", printed.get("Id"))]
        for key, value in printed.items():
            if key in {"attributes", "Id"}:
                continue
            if isinstance(value, dict) and "attributes" in value:
                parts.append(self._record(f"sf:{key}", value))
            elif isinstance(value, dict) and "records" in value:
                inner = [self._record("records", each) for each in value["records"]]
                size = element("size", value["totalSize"])
                parts.append(nested(f"sf:{key}", [element("done", value=True), *inner, size]))
            elif isinstance(value, dict):
                parts.append(nested(f"sf:{key}", [element(part, each) for part, each in value.items()]))
            else:
                parts.append(element(f"sf:{key}", value))
        return nested(name, parts, ' xsi:type="sf:sObject"')

    def create(self) -> list[Xml]:
        return self._each(self.writer.insert)

    def update(self) -> list[Xml]:
        def one(kind: SObject, values: dict[str, Any]) -> str:
            id_ = str(values.pop("Id"))
            self.writer.update(kind, id_, values)
            return str(normal_id(id_))

        return self._each(one)

    def upsert(self) -> list[Xml]:
        field = self.call.text("externalIDFieldName")
        created = False

        def one(kind: SObject, values: dict[str, Any]) -> str:
            nonlocal created
            key = values.pop(field, None)
            try:
                id_, created = self.writer.upsert(kind, field, key, values)
            except MultipleChoicesError as several:
                raise SalesforceError("DUPLICATE_EXTERNAL_ID", str(several), fields=()) from None
            return id_

        return self._each(one, extra=lambda: [element("created", created)])

    def delete(self) -> list[Xml]:
        return self._each_id(lambda kind, id_: recycling.delete(self.writer, kind, id_))

    def undelete(self) -> list[Xml]:
        return self._each_id(lambda _kind, id_: recycling.undelete(self.writer, id_))

    def empty_bin(self) -> list[Xml]:
        return self._each_id(lambda _kind, id_: recycling.empty_bin(self.org, [id_]))

    def merge(self) -> list[Xml]:
        results = []
        for request in self.call.children("request"):
            master = next(iter(request.iterfind("{*}masterRecord")))
            losers = [(node.text or "").strip() for node in request.iterfind("{*}recordToMergeIds")]
            values = _values(master)
            id_ = str(normal_id(values.pop("Id", None)))

            def one(id_: str = id_, losers: list[str] = losers, values: dict[str, Any] = values) -> list[Xml]:
                recycling.merge(self.writer, id_, losers, values)
                return [element("mergedRecordIds", normal_id(each)) for each in losers]

            results.append(self._result(id_, one))
        return results

    def _each(self, one: Callable[[SObject, dict[str, Any]], str], extra: Callable[[], list[Xml]] = list) -> list[Xml]:
        results = []
        for node in self.call.children("sObjects"):
            values = _values(node)
            kind = self.org.sobject(str(values.pop("type", "")))
            try:
                with self.org.transaction():
                    id_ = one(kind, values)
            except SalesforceError as refused:
                results.append(_refused(None, refused, extra()))
            else:
                results.append(nested("result", [*extra(), element("id", id_), element("success", value=True)]))
        return results

    def _each_id(self, one: Callable[[SObject, str], object]) -> list[Xml]:
        results = []
        for text in self.call.texts("ids") or self.call.texts("ID"):
            known = normal_id(text)
            kind = self.org.sobject_of(known) if known else None

            def act(known: str | None = known, kind: SObject | None = kind, text: str = text) -> list[Xml]:
                if known is None or kind is None or self.org.record(known) is None:
                    raise SalesforceError("INVALID_CROSS_REFERENCE_KEY", f"invalid cross reference id: {text}", fields=())
                one(kind, known)
                return []

            results.append(self._result(known or text, act))
        return results

    def _result(self, id_: str, act: Callable[[], list[Xml]]) -> Xml:
        try:
            with self.org.transaction():
                more = act()
        except SalesforceError as refused:
            return _refused(id_, refused, [])
        return nested("result", [element("id", id_), *more, element("success", value=True)])


def _refused(id_: str | None, refused: SalesforceError, extra: list[Xml]) -> Xml:
    fields = [element("fields", each) for each in refused.fields or ()]
    parts = [*fields, element("message", refused.message), element("statusCode", refused.code)]
    return nested("result", [*extra, nested("errors", parts), element("id", id_), element("success", value=False)])


def _values(node: etree._Element) -> dict[str, Any]:
    """A record of a call: its fields, nulls by fieldsToNull or xsi:nil, references by external id as objects."""
    values: dict[str, Any] = {}
    for child in node:
        name = local(child)
        if name == "fieldsToNull":
            values[(child.text or "").strip()] = None
        elif len(child):
            values[name] = _values(child)
        elif any(local_name.endswith("}nil") for local_name in map(str, child.attrib)):
            values[name] = None
        else:
            values[name] = child.text or ""
    return values


_CALLS: dict[str, Callable[[_Calls], list[Xml]]] = {
    "getUserInfo": _Calls.user_info,
    "getServerTimestamp": _Calls.timestamp,
    "logout": _Calls.logout,
    "query": _Calls.query,
    "queryAll": _Calls.query,
    "create": _Calls.create,
    "update": _Calls.update,
    "upsert": _Calls.upsert,
    "delete": _Calls.delete,
    "undelete": _Calls.undelete,
    "emptyRecycleBin": _Calls.empty_bin,
    "merge": _Calls.merge,
}
