"""Tooling API: what clients ask of it about an organisation without code."""

import re
from collections.abc import Mapping
from typing import Any

from emulator.http import Response, json_response
from emulator.salesforce.context import Context
from emulator.salesforce.errors import SalesforceError, not_found
from emulator.salesforce.responses import query as queries
from emulator.salesforce.schema.loading import header_for, system_fields
from emulator.salesforce.soql.parse import parse

_NAMES = (
    *("ApexClass", "ApexTrigger", "ApexPage", "ApexComponent", "Flow", "FlowDefinition", "InstalledSubscriberPackage"),
    *("ApexTestQueueItem", "ApexTestResult", "ApexCodeCoverage", "ApexLog", "SourceMember", "ValidationRule"),
    *("WorkflowRule", "Layout", "CustomTab", "RemoteSiteSetting", "DuplicateRule", "LightningComponentBundle"),
    *("AuraDefinitionBundle", "StaticResource", "ExternalClientApplication", "ApexOrgWideCoverage", "Package2"),
)
"""Tooling objects of which an organisation without code has no records."""
_EMPTY = frozenset(name.lower() for name in _NAMES)


def query(ctx: Context, params: Mapping[str, str]) -> Response:
    """GET tooling/query: tooling objects are empty or definitions, all others are those of the data API."""
    statement = parse(ctx.request.parameter("q"))
    name = statement.source.lower()
    if name in _EMPTY:
        return json_response(
            {"size": 0, "totalSize": 0, "done": True, "queryLocator": None, "entityTypeName": None, "records": []}
        )
    return queries.query(ctx, params)


def resources(ctx: Context, _params: Mapping[str, str]) -> Response:
    """GET tooling: the addresses of its parts."""
    return json_response({name: f"{ctx.base}/tooling/{name}" for name in ("query", "sobjects", "executeAnonymous")})


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
    sobjects = [_entry(ctx, name) for name in sorted(_NAMES)]
    return json_response({"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": sobjects})


def _entry(ctx: Context, name: str) -> dict[str, Any]:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    header = header_for(name, "000", words, f"{words}s", custom=False, writable=False)
    base = f"{ctx.base}/tooling/sobjects/{name}"
    return header | {
        "keyPrefix": None,
        "urls": {"describe": f"{base}/describe", "sobject": base, "rowTemplate": f"{base}/{{ID}}"},
    }


def describe(ctx: Context, params: Mapping[str, str]) -> Response:
    """GET tooling/sobjects/{name}/describe: the fields that all tooling objects have."""
    if not ctx.access.may("ViewSetup"):
        raise SalesforceError("INSUFFICIENT_ACCESS", "The Tooling API needs View Setup and Configuration", status=403)
    name = next((each for each in _NAMES if each.lower() == params["name"].lower()), None)
    if name is None:
        raise not_found()
    fields = [one.described for one in system_fields()]
    lists = ("actionOverrides", "childRelationships", "namedLayoutInfos", "recordTypeInfos")
    return json_response(_entry(ctx, name) | {key: [] for key in lists} | {"fields": fields})
