# mypy: ignore-errors
"""simple-salesforce of former years: SOAP login, rows, queries, describe and layouts, changes, search, Bulk 1.0."""

import datetime as dt
import json
import os

from simple_salesforce import Salesforce

found = json.loads(os.environ["EMULATOR"])
sf = Salesforce(username=found["salesforce"]["admin"], password="x", security_token="t", domain="login")
made = sf.Contact.create({"LastName": "New", "Ext__c": "new"})
assert sf.Contact.update(made["id"], {"FirstName": "Ada"}) == 204
# From API version 46.0 on an upsert that updates says so with a body.
assert sf.Contact.upsert("Ext__c/new", {"Title": "Dr"}) == (200 if float(sf.sf_version) >= 46 else 204)
assert sf.Contact.get_by_custom_id("Ext__c", "new")["Name"] == "Ada New"
assert sf.query_all("SELECT Id FROM Contact")["totalSize"] == 6
sf.Contact.delete(made["id"])
assert len(sf.Contact.describe()["fields"]) > 50
assert sf.Contact.describe_layout("012000000000000AAA")["detailLayoutSections"]
now = dt.datetime.now(dt.timezone.utc)  # noqa: TID251, UP017 - by the real clock; old Pythons have no dt.UTC
gone = sf.Contact.deleted(now - dt.timedelta(minutes=5), now + dt.timedelta(minutes=2))
assert [each["id"] for each in gone["deletedRecords"]] == [made["id"]]
assert len(sf.quick_search("Person")["searchRecords"]) == 5
assert sf.limits()["DailyApiRequests"]["Remaining"] > 0
assert [each["success"] for each in sf.bulk.Contact.insert([{"LastName": "B1"}, {"LastName": "B2"}])] == [True, True]
assert len(sf.bulk.Contact.query("SELECT Id FROM Contact")) == 7
