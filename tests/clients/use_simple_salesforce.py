# mypy: ignore-errors
"""simple-salesforce: all four logins, rows, queries, both bulk APIs, deploy, retrieve and single components."""

import datetime as dt
import io
import json
import os
import tempfile
import zipfile

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from simple_salesforce import Salesforce

found = json.loads(os.environ["EMULATOR"])
admin = found["salesforce"]["admin"]
key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
)

Salesforce(username=admin, password="x", security_token="", domain="login", version="60.0")
Salesforce(username=admin, password="x", consumer_key="client", consumer_secret="s3", domain="login", version="66.0")
Salesforce(consumer_key="client", consumer_secret="s3", domain="university.my", version="66.0")
sf = Salesforce(username=admin, consumer_key="client", privatekey=key.decode(), domain="university.my", version="66.0")

made = sf.Contact.create({"LastName": "New", "Ext__c": "new"})
sf.Contact.update(made["id"], {"FirstName": "Ada"})
assert sf.Contact.upsert("Ext__c/new", {"Title": "Dr"}) == 200
assert sf.Contact.get_by_custom_id("Ext__c", "new")["Name"] == "Ada New"
sf.Contact.delete(made["id"])
assert sf.query_all("SELECT Id FROM Contact")["totalSize"] == 5
assert sf.query_all("SELECT Id FROM Contact", include_deleted=True)["totalSize"] == 6
now = dt.datetime.now(dt.UTC)  # noqa: TID251 - a client's script lives by the real clock
window = (now - dt.timedelta(minutes=5), now + dt.timedelta(minutes=2))
assert sf.Contact.deleted(*window)["deletedRecords"][0]["id"] == made["id"]
assert len(sf.Contact.updated(*window)["ids"]) == 5
assert len(sf.search("FIND {Person} RETURNING Contact(Id)")["searchRecords"]) == 5
assert sf.is_sandbox() is True

first = sf.bulk.Contact.upsert([{"Ext__c": "e0", "LastName": "Bulk"}, {"Ext__c": "b1", "LastName": "B1"}], "Ext__c")
assert [row["created"] for row in first] == [False, True]
assert len(sf.bulk.Contact.query("SELECT Id FROM Contact")) == 6
second = sf.bulk2.Contact.insert(records=[{"LastName": "C1"}, {"LastName": ""}])
assert (second[0]["numberRecordsProcessed"], second[0]["numberRecordsFailed"]) == (2, 1)
pages = list(sf.bulk2.Contact.query("SELECT LastName FROM Contact ORDER BY LastName", max_records=4))
assert [len(page.splitlines()) - 1 for page in pages] == [4, 3]

head = '<?xml version="1.0" encoding="UTF-8"?><{0} xmlns="http://soap.sforce.com/2006/04/metadata">{1}</{0}>'
buffer = io.BytesIO()
with zipfile.ZipFile(buffer, "w") as package:
    package.writestr("package.xml", head.format("Package", "<version>60.0</version>"))
    package.writestr("permissionsets/P.permissionset", head.format("PermissionSet", "<label>P</label>"))
with tempfile.NamedTemporaryFile(suffix=".zip") as file:
    file.write(buffer.getvalue())
    file.flush()
    started = sf.deploy(file.name, sandbox=True)
status = sf.checkDeployStatus(started["asyncId"])
assert status["state"] == "Succeeded", status
assert sf.query("SELECT Id FROM PermissionSet WHERE Name = 'P'")["totalSize"] == 1

component = sf.mdapi
field = component.CustomField(fullName="Contact.Code__c", label="Code", type=component.FieldType("Text"), length=20)
component.CustomField.create(field)
assert component.CustomField.read("Contact.Code__c").length == 20
field["label"] = "The code"
component.CustomField.update(field)
assert [one.label for one in component.CustomObject.read("Contact").fields if one.fullName == "Code__c"] == ["The code"]
known = (
    "SELECT DataType FROM FieldDefinition WHERE EntityDefinition.QualifiedApiName = 'Contact' AND QualifiedApiName = 'Code__c'"
)
assert [each["DataType"] for each in sf.query(known)["records"]] == ["Text(20)"]
# No permission set grants it yet, so nobody sees it in a describe.
assert "Code__c" not in [one["name"] for one in sf.Contact.describe()["fields"]]
assert any(each.fullName == "Contact" for each in component.list_metadata(component.ListMetadataQuery(type="CustomObject")))
job, _ = component.retrieve("job", unpackaged={"CustomObject": ["Contact"], "PermissionSet": ["P"]})
status, _, _, zipped = component.retrieve_zip(job)
assert status == "Succeeded"
with zipfile.ZipFile(io.BytesIO(zipped)) as package:
    assert b"Code__c" in package.read("unpackaged/objects/Contact.object")
component.CustomField.delete("Contact.Code__c")
assert sf.query(known)["totalSize"] == 0
