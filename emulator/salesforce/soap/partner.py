"""The front of the partner and the enterprise SOAP API: login, sessions, and the way to each call."""

from collections.abc import Callable

from emulator.http import Request, Response
from emulator.salesforce.context import Context, instance_url
from emulator.salesforce.errors import SalesforceError, not_found
from emulator.salesforce.org import Org
from emulator.salesforce.soap import describes, queries, records
from emulator.salesforce.soap.calls import Calls
from emulator.salesforce.soap.describes import user_info
from emulator.salesforce.soap.envelope import (
    ENTERPRISE,
    Call,
    Xml,
    answer,
    api_version,
    element,
    fault,
    nested,
    read_call,
    session_access,
)

LAST_LOGIN_VERSION = 64


def handle(org: Org, request: Request, version: str, namespace: str) -> Response:
    """One call to /services/Soap/u/{version} or /c/{version}."""
    try:
        call, number = read_call(request.body), api_version(org, version)
        act = _login if call.name == "login" else _act
        results = act(org, request, call, number, namespace)
    except SalesforceError as refused:
        return fault(refused, namespace)
    return answer(org, call.name, results, namespace)


def _act(org: Org, request: Request, call: Call, version: str, namespace: str) -> list[Xml]:
    access = session_access(org, call)
    action = _CALLS.get(call.name)
    if action is None:
        raise SalesforceError("UNSUPPORTED_OPERATION", f"The call {call.name} is not emulated")
    ctx = Context(org=org, access=access, request=request, version=version, dispatch=_nothing_inside)
    return action(Calls(ctx=ctx, call=call, namespace=namespace))


def _nothing_inside(_ctx: Context) -> Response:
    """A SOAP call has no requests inside."""
    return not_found().response()


def _login(org: Org, request: Request, call: Call, version: str, namespace: str) -> list[Xml]:
    if float(version) > LAST_LOGIN_VERSION:
        message = f"The login() call is not available in API version {version}"
        raise SalesforceError("UNSUPPORTED_API_VERSION", message)
    user = org.user_named(call.text("username"))
    if user is None or not user.get("IsActive") or not org.logins.accepts(user["Id"], call.text("password")):
        message = "Invalid username, password, security token; or user locked out."
        raise SalesforceError("INVALID_LOGIN", message)
    session = org.log_in(user["Id"])
    soap = f"{instance_url(org, request)}/services/Soap"
    # Clients generated from the WSDL need its order of fields.
    result = nested(
        "result",
        [
            element("metadataServerUrl", f"{soap}/m/{version}/{org.id}"),
            element("passwordExpired", value=False),
            element("sandbox", org.settings.is_sandbox),
            element("serverUrl", f"{soap}/{'c' if namespace == ENTERPRISE else 'u'}/{version}/{org.id}"),
            element("sessionId", session.token),
            element("userId", user["Id"]),
            nested("userInfo", user_info(org, user)),
        ],
    )
    return [result]


_CALLS: dict[str, Callable[[Calls], list[Xml]]] = {
    "query": queries.query,
    "queryAll": queries.query,
    "queryMore": queries.query_more,
    "search": queries.search,
    "retrieve": queries.retrieve,
    "create": records.create,
    "update": records.update,
    "upsert": records.upsert,
    "delete": records.delete,
    "undelete": records.undelete,
    "emptyRecycleBin": records.empty_bin,
    "merge": records.merge,
    "describeGlobal": describes.describe_global,
    "describeSObject": describes.describe_sobjects,
    "describeSObjects": describes.describe_sobjects,
    "describeLayout": describes.describe_layout,
    "describeTabs": describes.describe_tabs,
    "getUpdated": describes.changed,
    "getDeleted": describes.changed,
    "getUserInfo": describes.get_user_info,
    "getServerTimestamp": describes.timestamp,
    "setPassword": records.set_password,
    "resetPassword": records.reset_password,
    "logout": records.logout,
    "invalidateSessions": records.invalidate_sessions,
}
