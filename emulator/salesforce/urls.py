"""Which address is answered by what, below /services/data/v{version}."""

from functools import lru_cache

from emulator.http import Router
from emulator.salesforce.bulk import jobs
from emulator.salesforce.context import Handler
from emulator.salesforce.graphql.execute import graphql
from emulator.salesforce.responses import (
    changes,
    collections,
    composite,
    describe,
    facts,
    layouts,
    metadata,
    objectinfo,
    query,
    rows,
    search,
    tooling,
    tree,
    uiapi,
)

_ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "", facts.resources),
    ("GET", "sobjects", describe.describe_global),
    ("GET", "sobjects/{name}", describe.basic),
    ("POST", "sobjects/{name}", rows.create),
    ("GET", "sobjects/{name}/describe", describe.describe),
    ("GET", "sobjects/{name}/describe/layouts", layouts.layouts),
    ("GET", "sobjects/{name}/describe/layouts/{type}", layouts.layout_of_type),
    ("GET", "sobjects/{name}/describe/compactLayouts", layouts.compact_layouts),
    ("GET", "sobjects/{name}/describe/compactLayouts/{type}", layouts.compact_layout),
    ("GET", "sobjects/{name}/describe/approvalLayouts", layouts.approval_layouts),
    ("GET", "sobjects/{name}/quickActions", layouts.quick_actions),
    ("GET", "sobjects/{name}/listviews", layouts.list_views),
    ("GET", "compactLayouts", layouts.several_compact_layouts),
    ("GET", "quickActions", layouts.quick_actions),
    ("GET", "tabs", layouts.tabs),
    ("GET", "theme", layouts.theme),
    ("GET", "sobjects/{name}/updated", changes.updated),
    ("GET", "sobjects/{name}/deleted", changes.deleted),
    ("GET", "sobjects/User/{id}/password", facts.user_password),
    ("POST", "sobjects/User/{id}/password", facts.user_password),
    ("DELETE", "sobjects/User/{id}/password", facts.user_password),
    ("GET", "sobjects/{name}/{id}", rows.read),
    ("PATCH", "sobjects/{name}/{id}", rows.update),
    ("DELETE", "sobjects/{name}/{id}", rows.remove),
    ("POST", "sobjects/{name}/Id", rows.insert_by_key),
    ("GET", "sobjects/{name}/{field}/{value}", rows.read_by_key),
    ("PATCH", "sobjects/{name}/{field}/{value}", rows.upsert),
    ("DELETE", "sobjects/{name}/{field}/{value}", rows.remove_by_key),
    ("GET", "query", query.query),
    ("GET", "query/{locator}", query.more),
    ("GET", "queryAll", query.query_all),
    ("GET", "queryAll/{locator}", query.more),
    ("POST", "composite/sobjects", collections.create),
    ("PATCH", "composite/sobjects", collections.update),
    ("DELETE", "composite/sobjects", collections.remove),
    ("GET", "composite/sobjects/{name}", collections.read),
    ("POST", "composite/sobjects/{name}", collections.read),
    ("PATCH", "composite/sobjects/{name}/{field}", collections.upsert),
    ("GET", "composite", composite.resources),
    ("POST", "composite", composite.composite),
    ("POST", "composite/batch", composite.batch),
    ("POST", "composite/graph", composite.graph),
    ("POST", "composite/tree/{name}", tree.tree),
    ("POST", "jobs/ingest", jobs.create),
    ("PUT", "jobs/ingest/{id}/batches", jobs.upload),
    ("PATCH", "jobs/ingest/{id}", jobs.change),
    ("GET", "jobs/ingest/{id}/{which}", jobs.results),
    ("POST", "jobs/query", jobs.create_query),
    ("GET", "jobs/query/{id}/results", jobs.query_results),
    ("GET", "jobs/query/{id}/resultPages", jobs.result_pages),
    ("PATCH", "jobs/query/{id}", jobs.abort_query),
    ("GET", "jobs/{kind}", jobs.every),
    ("GET", "jobs/{kind}/{id}", jobs.look),
    ("DELETE", "jobs/{kind}/{id}", jobs.remove),
    ("POST", "metadata/deployRequest", metadata.start),
    ("POST", "metadata/deployRequest/validatedDeployRequestId/{id}", metadata.start_validated),
    ("GET", "metadata/deployRequest/{id}", metadata.look),
    ("PATCH", "metadata/deployRequest/{id}", metadata.cancel),
    ("GET", "limits", facts.limits),
    ("GET", "limits/recordCount", facts.record_count),
    ("GET", "recent", facts.recent),
    ("GET", "search", search.search),
    ("GET", "parameterizedSearch", search.parameterized),
    ("POST", "parameterizedSearch", search.parameterized),
    ("POST", "ui-api/records", uiapi.create),
    ("GET", "ui-api/records/{id}", uiapi.read),
    ("PATCH", "ui-api/records/{id}", uiapi.update),
    ("DELETE", "ui-api/records/{id}", uiapi.remove),
    ("GET", "ui-api/records/batch/{ids}", uiapi.read_batch),
    ("GET", "ui-api/record-defaults/create/{name}", uiapi.defaults),
    ("GET", "ui-api/object-info", objectinfo.directory),
    ("GET", "ui-api/object-info/batch/{names}", objectinfo.several),
    ("GET", "ui-api/object-info/{name}", objectinfo.object_info),
    ("GET", "ui-api/object-info/{name}/picklist-values/{type}", objectinfo.all_picklist_values),
    ("GET", "ui-api/object-info/{name}/picklist-values/{type}/{field}", objectinfo.picklist_values),
    ("POST", "graphql", graphql),
    ("GET", "tooling", tooling.resources),
    ("GET", "tooling/sobjects/{name}/describe", tooling.describe),
    ("GET", "tooling/query", tooling.query),
    ("GET", "tooling/sobjects", tooling.describe_global),
    ("GET", "tooling/executeAnonymous", tooling.execute_anonymous),
)


@lru_cache(maxsize=1)
def router() -> Router[Handler]:
    """The table of addresses; it never changes, so all organisations share it."""
    made: Router[Handler] = Router()
    for method, pattern, handler in _ROUTES:
        made.add(method, pattern, handler)
    return made


def routes() -> list[tuple[str, str]]:
    """All methods and patterns that are answered."""
    return [(method, pattern) for method, pattern, _ in _ROUTES]
