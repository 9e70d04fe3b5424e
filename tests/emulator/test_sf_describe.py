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
    for name in ("Contact", "Account"):
        there = next(one for one in kept["sobjects"] if one["name"] == name)
        here = next(one for one in described["sobjects"] if one["name"] == name)
        assert set(here) == set(there)
        assert {key: here[key] for key in there if key != "urls"} == {key: there[key] for key in there if key != "urls"}


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
