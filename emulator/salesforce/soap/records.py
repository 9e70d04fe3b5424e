"""Writing over SOAP: each record has its own result; AllOrNoneHeader and DuplicateRuleHeader are obeyed."""

from collections.abc import Callable
from typing import Any

from lxml import etree

from emulator.salesforce import recycling
from emulator.salesforce.errors import SalesforceError
from emulator.salesforce.fields import SObject
from emulator.salesforce.ids import normal_id
from emulator.salesforce.several import one_by_one
from emulator.salesforce.soap.calls import Calls
from emulator.salesforce.soap.envelope import Xml, element, local, nested, tree
from emulator.salesforce.writing import MultipleChoicesError

MAX_RECORDS = 200
Parts = list[Xml]
"""What a result says besides its success, in the order of the WSDL."""


def create(calls: Calls) -> list[Xml]:
    """The call create."""
    writer = calls.writer()
    return _each_record(calls, lambda kind, values: [element("id", writer.insert(kind, values))])


def update(calls: Calls) -> list[Xml]:
    """update: every record carries its id."""
    writer = calls.writer()

    def one(kind: SObject, values: dict[str, Any]) -> Parts:
        id_ = str(values.pop("Id", "") or "")
        if not id_:
            raise SalesforceError("MISSING_ARGUMENT", "Id not specified in an update call", fields=())
        writer.update(kind, id_, values)
        return [element("id", normal_id(id_))]

    return _each_record(calls, one)


def upsert(calls: Calls) -> list[Xml]:
    """The call upsert, by the field that externalIDFieldName names."""
    field, writer = calls.call.text("externalIDFieldName"), calls.writer()

    def one(kind: SObject, values: dict[str, Any]) -> Parts:
        key = next((values.pop(name) for name in list(values) if name.lower() == field.lower()), None)
        if not key and field.lower() == "id":
            return [element("created", value=True), element("id", writer.insert(kind, values))]
        if not key:
            raise SalesforceError("MISSING_ARGUMENT", f"{field} not specified", fields=())
        try:
            id_, created = writer.upsert(kind, field, key, values)
        except MultipleChoicesError as several:
            raise SalesforceError("DUPLICATE_EXTERNAL_ID", str(several), fields=()) from None
        return [element("created", created), element("id", id_)]

    return _each_record(calls, one, [element("created", value=False)])


def delete(calls: Calls) -> list[Xml]:
    """delete: into the recycle bin."""
    writer = calls.writer()
    return _each_id(calls, lambda kind, id_: recycling.delete(writer, kind, id_))


def undelete(calls: Calls) -> list[Xml]:
    """undelete: out of the recycle bin."""
    return _each_id(calls, lambda _kind, id_: recycling.undelete(calls.writer(), id_))


def empty_bin(calls: Calls) -> list[Xml]:
    """emptyRecycleBin: gone for good."""
    return _each_id(calls, lambda _kind, id_: recycling.empty_bin(calls.org, [id_]))


def merge(calls: Calls) -> list[Xml]:
    """merge: one or two records into a master."""

    def one(request: etree._Element) -> Parts:
        master = request.find("{*}masterRecord")
        if master is None:
            raise SalesforceError("MISSING_ARGUMENT", "masterRecord not specified", fields=())
        values = _values(master)
        losers = [(node.text or "").strip() for node in request.iterfind("{*}recordToMergeIds")]
        id_ = str(normal_id(values.pop("Id", None)))
        recycling.merge(calls.writer(), id_, losers, {name: each for name, each in values.items() if name != "type"})
        return [element("id", id_), *(element("mergedRecordIds", normal_id(each)) for each in losers)]

    return _results(calls, calls.call.parameters(), one)


def _each_record(calls: Calls, one: Callable[[SObject, dict[str, Any]], Parts], before: Parts | None = None) -> list[Xml]:
    def act(node: etree._Element) -> Parts:
        values = _values(node)
        # The enterprise API says the type of a record by xsi:type.
        name = str(values.pop("type", "") or node.get("{http://www.w3.org/2001/XMLSchema-instance}type", "")).rpartition(":")[2]
        kind = calls.org.objects.get(name.lower())
        if kind is None or not calls.ctx.access.to(kind).read:
            raise SalesforceError("INVALID_TYPE", f"sObject type '{name}' is not supported.", fields=())
        return one(kind, values)

    return _results(calls, calls.call.children("sObjects"), act, before)


def _each_id(calls: Calls, one: Callable[[SObject, str], object]) -> list[Xml]:
    def act(text: str) -> Parts:
        known = normal_id(text)
        kind = calls.org.sobject_of(known) if known else None
        if known is None or kind is None:
            raise SalesforceError("MALFORMED_ID", f"bad id {text}", fields=())
        if calls.org.record(known) is None:
            raise SalesforceError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", fields=())
        one(kind, known)
        return [element("id", known)]

    return _results(calls, [(node.text or "").strip() for node in calls.call.parameters()], act)


def _results(calls: Calls, items: list[Any], act: Callable[[Any], Parts], before: Parts | None = None) -> list[Xml]:
    if len(items) > MAX_RECORDS:
        message = f"record limit reached. cannot submit more than {MAX_RECORDS} records into this call"
        raise SalesforceError("EXCEEDED_ID_LIMIT", message)
    all_or_none = calls.call.option("AllOrNoneHeader", "allOrNone") == "true"
    outcomes = one_by_one(calls.org, items, act, all_or_none=all_or_none)
    return [
        _refused(outcome, before or [])
        if isinstance(outcome, SalesforceError)
        else nested("result", [*outcome, element("success", value=True)])
        for outcome in outcomes
    ]


def _refused(refused: SalesforceError, before: Parts) -> Xml:
    more = tree("duplicateResult", refused.extra["duplicateResut"]) if refused.extra else ""
    fields = [element("fields", each) for each in refused.fields or ()]
    parts = [more, *fields, element("message", refused.message), element("statusCode", refused.code)]
    error = nested("errors", parts, ' xsi:type="DuplicateError"' if more else "")
    return nested("result", [*before, error, element("id", None), element("success", value=False)])


def _values(node: etree._Element) -> dict[str, Any]:
    """A record of a call: its fields, nulls by fieldsToNull or xsi:nil, references by external id as objects."""
    values: dict[str, Any] = {}
    for child in node.iterchildren("*"):
        name = local(child)
        if name == "fieldsToNull":
            values[(child.text or "").strip()] = None
        elif len(child):
            values[name] = _values(child)
        elif any(local_name.endswith("}nil") for local_name in map(str, child.attrib)):
            # An empty id says that there is none yet, not that it shall be null.
            values |= {} if name == "Id" else {name: None}
        else:
            values[name] = child.text or ""
    return values


# --- sessions and passwords -----------------------------------------------------------------------------------------


def set_password(calls: Calls) -> list[Xml]:
    """The call setPassword: of any user, by who manages users."""
    calls.org.logins.passwords[_user(calls)] = calls.call.text("password")
    return [nested("result", [])]


def reset_password(calls: Calls) -> list[Xml]:
    """resetPassword: to a made-up one, which is the answer."""
    user_id = _user(calls)
    made = calls.org.logins.passwords[user_id] = calls.org.logins.secret(user_id)[:10]
    return [nested("result", [element("password", made)])]


def _user(calls: Calls) -> str:
    known = normal_id(calls.call.text("userId"))
    if calls.org.live(known) is None or known is None or not known.startswith("005"):
        raise SalesforceError("INVALID_ID_FIELD", "Invalid user id")
    if known != calls.ctx.access.user_id and not calls.ctx.access.may("ManageUsers"):
        raise SalesforceError("INSUFFICIENT_ACCESS", "insufficient access rights on object id")
    return known


def logout(calls: Calls) -> list[Xml]:
    """logout: the session of the call ends."""
    calls.org.logins.end(calls.call.session)
    return []


def invalidate_sessions(calls: Calls) -> list[Xml]:
    """invalidateSessions: the sessions named end."""
    return [nested("result", [element("success", calls.org.logins.end(each))]) for each in calls.call.texts("sessionIds")]
