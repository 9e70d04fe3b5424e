"""Describe and the catalogue."""

import json
import os
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from emulator.salesforce.control import Control
from emulator.salesforce.fields import DEFAULTS
from emulator.salesforce.org import Org
from emulator.salesforce.schema.loading import standard_objects
from tests.emulator.api import Api

DATA = Path(os.environ.get("ALUMNI_BRIDGE_DATA", Path(__file__).parents[2] / ".." / "shared" / "data")) / "describe" / "full"
recorded = pytest.mark.skipif(not DATA.exists(), reason="the recorded describes are not here")


@recorded
@pytest.mark.parametrize("name", ["Contact", "Account", "Case", "Lead", "Event"])
def test_fields_are_described_as_recorded(name: str) -> None:
    """Every one of the 57 properties of every recorded field is printed with its recorded value. [R] CumulusCI."""
    known = standard_objects()[name.lower()]
    for field in json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))["fields"]:
        described = known.by_name[field["name"].lower()].described
        assert {key: described[key] for key in DEFAULTS} == field


@recorded
@pytest.mark.parametrize("name", ["Contact", "Account", "Event"])
def test_headers_are_described_as_recorded(api: Api, name: str) -> None:
    """The describe of an object has the recorded keys in their order and the recorded plain values. [R] CumulusCI."""
    kept: Any = json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))
    described = api.json("GET", f"sobjects/{name}/describe")
    assert list(described) == list(kept)
    plain = {key: value for key, value in kept.items() if not isinstance(value, list | dict)}
    assert {key: described[key] for key in plain} == plain
    assert set(described["urls"]) == set(kept["urls"])


@recorded
def test_global_is_described_as_recorded(api: Api) -> None:
    """An entry of describe global has the recorded keys and values. [R] CumulusCI."""
    kept: Any = json.loads((DATA / "Global.json").read_text(encoding="utf-8"))
    described = api.json("GET", "sobjects")
    assert {key: described[key] for key in ("encoding", "maxBatchSize")} == {"encoding": "UTF-8", "maxBatchSize": 200}
    there = {one["name"]: one for one in kept["sobjects"]}
    here = {one["name"]: one for one in described["sobjects"] if one["name"] in there}
    assert len(here) >= 13
    # Two are recorded without their prefixes; an Organization is only read here, and Event was recorded elsewhere, too.
    other = {("Lead", "keyPrefix"), ("UserRecordAccess", "keyPrefix"), ("Organization", "updateable")}
    other |= {("Event", key) for key in ("keyPrefix", "feedEnabled", "mergeable")}
    for name, entry in here.items():
        assert set(entry) == set(there[name])
        differ = {(name, key) for key in entry if key != "urls" and entry[key] != there[name][key]}
        assert differ <= other
    for name in ("Contact", "Account", "Campaign", "Opportunity", "UserLicense", "Organization"):
        assert set(here[name]["urls"]) == set(there[name]["urls"])


def test_every_field_has_every_property(api: Api) -> None:
    """All objects print 57 properties a field, so that clients that read any of them never stop. [R]."""
    for one in api.json("GET", "sobjects")["sobjects"]:
        for field in api.json("GET", f"sobjects/{one['name']}/describe")["fields"]:
            assert list(field) == list(DEFAULTS)


def test_a_describe_can_be_asked_for_conditionally(org: Org, api: Api, control: Control) -> None:
    """If-None-Match and If-Modified-Since answer 304 until schema or permissions change. [D]; [R] in a composite."""
    first = api.get("sobjects/Contact/describe")
    by_tag = {"If-None-Match": first.headers["ETag"]}
    since = {"If-Modified-Since": format_datetime(org.clock.now(), usegmt=True)}
    for headers in (by_tag, since):
        assert api.get("sobjects/Contact/describe", headers).status == 304
    org.clock.set(org.clock.now().replace(hour=10))
    control.define_field("Contact", "New__c")
    for headers in (by_tag, since):
        assert api.get("sobjects/Contact/describe", headers).status == 200


def test_schema_can_drift(api: Api, control: Control) -> None:
    """Fields can be removed or change; describe and queries follow at once. [D]."""
    control.define_field("Contact", "Ext__c", externalId=True, unique=True)
    control.change_field("Contact", "Ext__c", unique=False)
    described = {field["name"]: field for field in api.json("GET", "sobjects/Contact/describe")["fields"]}
    assert (described["Ext__c"]["externalId"], described["Ext__c"]["unique"]) == (True, False)
    control.remove_field("Contact", "Ext__c")
    assert api.query("SELECT Ext__c FROM Contact")[0]["errorCode"] == "INVALID_FIELD"


def test_versions_need_no_login(api: Api) -> None:
    """GET /services/data lists label, url and version of every API version. [D]."""
    api.token = "none"
    newest = api.json("GET", "/services/data")[-1]
    assert newest == {"label": "Summer '26", "url": "/services/data/v67.0", "version": "67.0"}


def test_record_count(api: Api, control: Control) -> None:
    """limits/recordCount counts by object. [R] CumulusCI."""
    control.seed("Contact", [{"LastName": "A"}, {"LastName": "B"}])
    assert api.json("GET", "limits/recordCount?sObjects=Contact") == {"sObjects": [{"count": 2, "name": "Contact"}]}


def test_layouts_name_the_fields(api: Api, control: Control) -> None:
    """Layouts list the fields that the user sees; each record type has one; an unknown type is NOT_FOUND. [D]."""
    alumni = control.record_type("Contact", "Alumni")
    found = api.json("GET", "sobjects/Contact/describe/layouts")
    items = [
        item["layoutComponents"][0]["value"]
        for section in found["layouts"][0]["editLayoutSections"]
        for row in section["layoutRows"]
        for item in row["layoutItems"]
    ]
    assert {"LastName", "Email"} <= set(items)
    assert "Id" not in items
    types = [each["recordTypeId"] for each in found["recordTypeMappings"]]
    assert types == [alumni, "012000000000000AAA"]
    assert api.json("GET", f"sobjects/Contact/describe/layouts/{alumni}")["id"] == found["layouts"][0]["id"]
    assert api.get("sobjects/Contact/describe/layouts/012000000000009AAA").status == 404


def test_compact_layouts(api: Api) -> None:
    """Without one of its own an object has the system's compact layout, whose id is null. [D] REST guide."""
    found = api.json("GET", "sobjects/Account/describe/compactLayouts")
    assert (found["defaultCompactLayoutId"], found["compactLayouts"][0]["name"]) == (None, "SYSTEM")
    mapping = found["recordTypeCompactLayoutMappings"][0]
    base = f"{api.base}/sobjects/Account/describe/compactLayouts"
    assert (mapping["urls"], found["urls"]) == (
        {"compactLayout": f"{base}/012000000000000AAA"},
        {"primary": f"{base}/primary"},
    )
    assert api.json("GET", "compactLayouts?q=Account,Contact")["Account"] == api.json("GET", f"{base}/primary")


def test_what_there_is_none_of(api: Api) -> None:
    """Approval layouts, quick actions and list views are empty, of an object that is there. [D]."""
    assert api.json("GET", "sobjects/Contact/describe/approvalLayouts") == {"approvalLayouts": []}
    assert api.json("GET", "sobjects/Contact/quickActions") == api.json("GET", "quickActions") == []
    assert api.json("GET", "sobjects/Contact/listviews")["listviews"] == []
    for what in ("describe/approvalLayouts", "quickActions", "listviews", "describe/layouts"):
        assert api.get(f"sobjects/Nothing/{what}").status == 404


def test_tabs(api: Api) -> None:
    """Tabs are of objects that people look at, standard ones by a name of their own. [D]."""
    tabs = {each["sobjectName"]: each for each in api.json("GET", "tabs")}
    assert (tabs["Contact"]["name"], tabs["Contact"]["label"]) == ("standard-Contact", "Contacts")
    assert "ObjectPermissions" not in tabs
    assert {each["name"] for each in api.json("GET", "theme")["themeItems"]} == set(tabs)


def test_recent_items(api: Api, control: Control) -> None:
    """FOR VIEW makes records recent for that user, the last first, and sets LastViewedDate for nobody else. [D] SOQL guide."""
    first, second = control.seed("Contact", [{"LastName": "First"}, {"LastName": "Second"}])
    api.query("SELECT Id FROM Contact ORDER BY LastName LIMIT 1 FOR VIEW")
    control.move_clock(seconds=60)
    api.query("SELECT Id FROM Contact ORDER BY LastName DESC LIMIT 1 FOR VIEW")
    recent = api.json("GET", "recent")
    assert [each["Id"] for each in recent] == [second, first]
    assert recent[0]["Name"] == "Second"
    assert len(api.json("GET", "recent?limit=1")) == 1
    assert api.json("GET", "sobjects/Contact")["recentItems"] == recent
    assert api.json("GET", f"sobjects/Contact/{first}")["LastViewedDate"] is not None
    assert api.records("SELECT Id FROM Contact WHERE LastViewedDate = null") == []
    other = Api(api.org, control.add_user("other"))
    assert other.json("GET", "recent") == []
    assert len(other.records("SELECT Id FROM Contact WHERE LastViewedDate = null")) == 2


def test_limits_by_version(api: Api) -> None:
    """Bulk batches are DailyBulkApiRequests before version 49.0. [C] pipelinewise-tap-salesforce."""
    assert "DailyBulkApiBatches" in api.json("GET", "limits")
    old = Api(api.org, version="48.0")
    assert "DailyBulkApiRequests" in old.json("GET", "limits")
