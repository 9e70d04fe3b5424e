# mypy: ignore-errors
"""sf-toolkit: two logins, typed rows, queries, collections in several batches, Bulk 2.0 in both directions, describe."""

import json
import os
import ssl

import httpx
from sf_toolkit import SalesforceClient, SObject
from sf_toolkit.auth.login_oauth import client_credentials_flow_login, password_login
from sf_toolkit.auth.types import SalesforceLogin
from sf_toolkit.data.bulk import BulkApiQueryJob
from sf_toolkit.data.fields import DateTimeField, IdField, TextField
from sf_toolkit.data.sobject import SObjectList
from sf_toolkit.io import (
    delete_list,
    fetch,
    save,
    save_insert_bulk,
    save_list,
    save_upsert,
    save_upsert_list,
    select,
    sobject_from_description,
)

found = json.loads(os.environ["EMULATOR"])
admin = found["salesforce"]["admin"]


class Contact(SObject):
    """A contact with some of its fields."""

    Id = IdField()
    LastName = TextField()
    FirstName = TextField()
    Ext__c = TextField()
    LastModifiedDate = DateTimeField()


def client(login: SalesforceLogin) -> SalesforceClient:
    """A client behind the proxy, of which its own transport would not know."""
    trust = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
    transport = httpx.HTTPTransport(proxy=os.environ["HTTPS_PROXY"], verify=trust)
    return SalesforceClient(login=login, transport=transport)


with client(password_login(admin, "x", "client", "s3")) as sf:
    assert admin in str(sf)
with client(client_credentials_flow_login("client", "s3", "university.my")) as sf:
    one = Contact(LastName="New", Ext__c="new")
    save(one)
    one.FirstName = "Ada"
    save(one, only_changes=True)
    assert fetch(Contact, one.Id).FirstName == "Ada"
    save_upsert(Contact(LastName="Newer", Ext__c="new"), external_id_field="Ext__c")
    assert fetch(Contact, one.Id).LastName == "Newer"
    many = SObjectList([Contact(LastName=f"L{at}", Ext__c=f"l{at}") for at in range(250)])
    assert all(each.success for each in save_list(many))
    again = SObjectList([Contact(LastName=f"U{at}", Ext__c=f"l{at + 248}") for at in range(4)])
    assert [each.success for each in save_upsert_list(again, external_id_field="Ext__c")] == [True] * 4
    assert len(delete_list(many)) == 250
    assert sorted(each.LastName for each in select(Contact).where(LastName__like="U%").execute()) == ["U2", "U3"]
    assert select(Contact).count() == 8
    job = save_insert_bulk(SObjectList([Contact(LastName=f"B{at}") for at in range(3)]))
    assert job.monitor_until_complete(poll_interval=0.1).numberRecordsFailed == 0
    query = BulkApiQueryJob.init_job(select(Contact)).monitor_until_complete(poll_interval=0.1)
    assert len(query.result.as_list()) == 11
    every = sobject_from_description("Contact")
    assert select(every).limit(1).execute().as_list()[0].Name == "Person 0"
    assert sf.limits().DailyApiRequests.Remaining < 100_000
