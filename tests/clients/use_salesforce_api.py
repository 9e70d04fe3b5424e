# mypy: ignore-errors
"""salesforce-api: login, rows, queries, Bulk 2.0, deploy and retrieve."""

import io
import json
import os
import time
import zipfile

from salesforce_api import Salesforce
from salesforce_api.models.shared import Type

found = json.loads(os.environ["EMULATOR"])
host = "university.my.salesforce.com"
sf = Salesforce(username=found["salesforce"]["admin"], password="x", security_token="t", domain=host, api_version="60.0")
contact = sf.sobjects.Contact
made = contact.insert({"LastName": "New", "Ext__c": "new"})
contact.update(made["id"], {"FirstName": "Ada"})
contact.upsert("Ext__c", "new", {"Title": "Dr"})
assert (contact.get(made["id"])["Name"], contact.get(made["id"])["Title"]) == ("Ada New", "Dr")
contact.delete(made["id"])
assert len(sf.sobjects.query("SELECT Id FROM Contact")) == 5
assert len(sf.sobjects.query("SELECT Id FROM Contact", True)) == 6
assert len(contact.describe()["fields"]) > 50
assert [each.success for each in contact.bulk.insert([{"LastName": "B1"}, {"LastName": "B2"}])] == [True, True]
assert contact.bulk.upsert([{"Ext__c": "e0", "LastName": "U"}], "Ext__c")[0].record_id == found["contacts"][0]
assert sf.basic.versions()[-1]["version"] == "67.0"

head = '<?xml version="1.0" encoding="UTF-8"?><{0} xmlns="http://soap.sforce.com/2006/04/metadata">{1}</{0}>'
buffer = io.BytesIO()
with zipfile.ZipFile(buffer, "w") as package:
    package.writestr("package.xml", head.format("Package", "<version>60.0</version>"))
    package.writestr("permissionsets/P.permissionset", head.format("PermissionSet", "<label>P</label>"))
buffer.seek(0)
assert sf.deploy.deploy(buffer).get_status().status == "Succeeded"
job = sf.retrieve.retrieve([Type("PermissionSet")])
while not job.is_done():
    time.sleep(0.1)
with zipfile.ZipFile(io.BytesIO(job.get_zip_file().read())) as package:
    assert "unpackaged/permissionsets/P.permissionset" in package.namelist()
