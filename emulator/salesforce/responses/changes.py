"""What changed in a window of time: the ids of changed and of deleted records."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from emulator.http import Response, json_response
from emulator.salesforce.context import Context
from emulator.salesforce.errors import SalesforceError
from emulator.salesforce.values import parse_moment, stamp

MAX_CHANGED = 600_000


def updated(ctx: Context, params: Mapping[str, str]) -> Response:
    """GET sobjects/{name}/updated?start=..&end=..: at most 30 days back, seconds cut off [documentation]."""
    sobject = ctx.sobject(params["name"])
    start, end = _window(ctx, days=30)
    low, high = stamp(start), stamp(end)
    ids = []
    for row in ctx.org.table(sobject.name).from_stamp((low, "")):
        if row["SystemModstamp"] >= high:
            break
        if not row["IsDeleted"] and not ctx.access.hides(sobject, row):
            ids.append(row["Id"])
    if len(ids) > MAX_CHANGED:
        raise SalesforceError("EXCEEDED_ID_LIMIT", "The number of ids exceeds the limit")
    return json_response({"ids": ids, "latestDateCovered": stamp(ctx.org.covered(end))})


def deleted(ctx: Context, params: Mapping[str, str]) -> Response:
    """GET sobjects/{name}/deleted?start=..&end=..: at most 15 days back [documentation]."""
    sobject = ctx.sobject(params["name"])
    start, end = _window(ctx, days=15)
    low, high = stamp(start), stamp(end)
    records = []
    for row in ctx.org.table(sobject.name).from_stamp((low, "")):
        if row["SystemModstamp"] >= high:
            break
        if row["IsDeleted"] and not ctx.access.hides(sobject, row):
            records.append({"deletedDate": row["SystemModstamp"], "id": row["Id"]})
    earliest = ctx.org.clock.now() - timedelta(days=ctx.org.settings.delete_log_days)
    if start < earliest - timedelta(minutes=1):
        # [documentation: earliestDateAvailable; text a guess]
        raise SalesforceError("INVALID_REPLICATION_DATE", "startDate before the earliest date that the delete log covers")
    return json_response(
        {
            "deletedRecords": records,
            "earliestDateAvailable": stamp(earliest.replace(second=0)),
            "latestDateCovered": stamp(ctx.org.covered(end)),
        }
    )


def _window(ctx: Context, *, days: int) -> tuple[datetime, datetime]:
    moments = []
    for name in ("start", "end"):
        text = ctx.request.parameter(name).replace(" ", "+")
        try:
            moments.append(parse_moment(text).astimezone(UTC).replace(second=0, microsecond=0))
        except ValueError:
            raise SalesforceError("INVALID_FIELD", f"The required date parameter '{name}' is missing or invalid") from None
    start, end = moments
    now = ctx.org.clock.now()
    if end - start < timedelta(minutes=1):
        message = "The end date must be at least one minute after the start date"
        raise SalesforceError("INVALID_REPLICATION_DATE", message)
    if start < now - timedelta(days=days, minutes=1):
        raise SalesforceError("INVALID_REPLICATION_DATE", f"startDate before org replication window of {days} days")
    return start, end
