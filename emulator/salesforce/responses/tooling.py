"""Tooling API: what clients ask of it about an organisation without code."""

from collections.abc import Mapping
from typing import Any

from emulator.http import Response, json_response
from emulator.salesforce.context import Context
from emulator.salesforce.errors import SalesforceError
from emulator.salesforce.responses import query as queries
from emulator.salesforce.soql.parse import parse
from emulator.salesforce.soql.tree import Query

_EMPTY = frozenset(
    {
        *("apexclass", "apextrigger", "apexpage", "apexcomponent", "flow", "flowdefinition", "installedsubscriberpackage"),
        *("apextestqueueitem", "apextestresult", "apexcodecoverage", "apexlog", "sourcemember", "validationrule"),
        *("workflowrule", "layout", "customtab", "remotesitesetting", "duplicaterule", "lightningcomponentbundle"),
        *("auradefinitionbundle", "staticresource", "externalclientapplication", "apexorgwidecoverage", "package2"),
    }
)
"""Tooling objects of which an organisation without code has no records."""


def query(ctx: Context, params: Mapping[str, str]) -> Response:
    """GET tooling/query: tooling objects are empty or definitions, all others are those of the data API."""
    statement = parse(ctx.request.parameter("q"))
    name = statement.source.lower()
    if name in _EMPTY:
        return json_response(
            {"size": 0, "totalSize": 0, "done": True, "queryLocator": None, "entityTypeName": None, "records": []}
        )
    if name == "entitydefinition":
        return _definitions(ctx, statement)
    return queries.query(ctx, params)


def _definitions(ctx: Context, statement: Query) -> Response:
    """EntityDefinition by the few fields that tools read; conditions are not looked at."""
    records: list[dict[str, Any]] = [
        {
            "attributes": {"type": "EntityDefinition", "url": f"{ctx.base}/tooling/sobjects/EntityDefinition/{one.name}"},
            "QualifiedApiName": one.name,
            "DeveloperName": one.name.removesuffix("__c"),
            "DurableId": one.name,
            "Label": one.label,
            "KeyPrefix": one.prefix,
        }
        for one in ctx.org.objects.values()
        if ctx.access.to(one).read
    ]
    _ = statement
    return json_response({"size": len(records), "totalSize": len(records), "done": True, "records": records})


def execute_anonymous(_ctx: Context, _params: Mapping[str, str]) -> Response:
    """GET tooling/executeAnonymous: there is no Apex here, so nothing compiles."""
    return json_response(
        {
            "line": 1,
            "column": 1,
            "compiled": False,
            "success": False,
            "compileProblem": "Apex is not emulated",
            "exceptionStackTrace": None,
            "exceptionMessage": None,
        }
    )


def describe_global(ctx: Context, _params: Mapping[str, str]) -> Response:
    """GET tooling/sobjects."""
    if not ctx.access.may("ViewSetup"):
        raise SalesforceError("INSUFFICIENT_ACCESS", "The Tooling API needs View Setup and Configuration", status=403)
    return json_response({"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": []})
