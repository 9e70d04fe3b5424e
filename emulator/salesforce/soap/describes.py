"""What there is, over SOAP: describes, changed ids, the user. Names and order are those of the partner WSDL [code: jsforce]."""

from typing import Any

from emulator.salesforce.errors import SalesforceError
from emulator.salesforce.fields import SObject
from emulator.salesforce.ids import make_id
from emulator.salesforce.org import Org
from emulator.salesforce.responses import changes, describe, layouts
from emulator.salesforce.soap.calls import Calls
from emulator.salesforce.soap.envelope import Xml, element, nested, tree

_REST_ONLY = frozenset(
    {
        *("associateEntityType", "associateParentEntity", "defaultImplementation", "extendedBy", "extendsInterfaces"),
        *("listviewable", "lookupLayoutable", "sobjectDescribeOption", "urls", "extendedErrorDetails"),
    }
)
"""Properties of a described object that only REST has."""
MAX_DESCRIBED = 100


def describe_global(calls: Calls) -> list[Xml]:
    """The call describeGlobal."""
    shown = describe.global_entries(calls.ctx)
    sobjects = [tree("sobjects", _soap(each)) for each in shown]
    return [nested("result", [element("encoding", "UTF-8"), element("maxBatchSize", 200), *sobjects])]


def describe_sobjects(calls: Calls) -> list[Xml]:
    """The calls describeSObject and describeSObjects: at most 100 [documentation]."""
    names = calls.call.texts("sObjectType")
    if len(names) > MAX_DESCRIBED:
        raise SalesforceError("EXCEEDED_MAX_TYPES_LIMIT", f"cannot describe more than {MAX_DESCRIBED} objects")
    return [_described(calls, _sobject(calls, name)) for name in names]


def _sobject(calls: Calls, name: str) -> SObject:
    found = calls.org.objects.get(name.lower())
    if found is None or not calls.ctx.access.to(found).read:
        raise SalesforceError("INVALID_TYPE", f"sObject type '{name}' is not supported.")
    return found


def _described(calls: Calls, sobject: SObject) -> Xml:
    whole = _soap(describe.whole(calls.ctx, sobject))
    page = f"https://{calls.org.host}"
    if sobject.header["keyPrefix"]:
        whole |= {"urlDetail": f"{page}/{{ID}}", "urlEdit": f"{page}/{{ID}}/e", "urlNew": f"{page}/{sobject.prefix}/e"}
    return tree("result", whole)


def _soap(described: dict[str, Any]) -> dict[str, Any]:
    return dict(sorted({key: each for key, each in described.items() if key not in _REST_ONLY}.items()))


def describe_layout(calls: Calls) -> list[Xml]:
    """The call describeLayout."""
    sobject = _sobject(calls, calls.call.text("sObjectType"))
    return [tree("result", layouts.layout(calls.ctx, sobject))]


def describe_tabs(calls: Calls) -> list[Xml]:
    """describeTabs: one app with a tab for each object that has pages."""
    tabs = layouts.tab_entries(calls.ctx)
    base = f"https://{calls.org.host}"
    app = {
        "description": "",
        "label": "Sales",
        "logoUrl": f"{base}/img/logo.png",
        "selected": True,
        "tabSetId": make_id("02u", 1),
    }
    return [tree("result", app | {"tabs": tabs})]


def changed(calls: Calls) -> list[Xml]:
    """The calls getUpdated and getDeleted."""
    call = calls.call
    sobject = _sobject(calls, call.text("sObjectType"))
    ask = changes.updated if call.name == "getUpdated" else changes.deleted
    inner = calls.asking(start=call.text("startDate"), end=call.text("endDate"))
    return [tree("result", ask(inner, {"name": sobject.name}).json())]


def get_user_info(calls: Calls) -> list[Xml]:
    """The call getUserInfo."""
    return [nested("result", user_info(calls.org, calls.org.record(calls.ctx.access.user_id) or {}))]


def timestamp(calls: Calls) -> list[Xml]:
    """The call getServerTimestamp."""
    return [nested("result", [element("timestamp", calls.org.stamp())])]


def user_info(org: Org, user: dict[str, Any]) -> list[Xml]:
    """The fields of GetUserInfoResult, which is also a part of what login answers."""
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
