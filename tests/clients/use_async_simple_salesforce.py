# mypy: ignore-errors
"""async-simple-salesforce: SOAP login and client credentials, rows, queries, search, both bulk APIs, changes."""

import asyncio
import datetime as dt
import json
import os

from simple_salesforce.aio.api import build_async_salesforce_client

found = json.loads(os.environ["EMULATOR"])


async def main() -> None:
    """Its main flows."""
    admin = found["salesforce"]["admin"]
    await build_async_salesforce_client(username=admin, password="x", security_token="", domain="login", version="60.0")
    sf = await build_async_salesforce_client(consumer_key="client", consumer_secret="s3", domain="university.my", version="66.0")
    made = await sf.Contact.create({"LastName": "New", "Ext__c": "new"})
    assert await sf.Contact.upsert("Ext__c/new", {"Title": "Dr"}) == 200
    assert (await sf.Contact.get(made["id"]))["Title"] == "Dr"
    await sf.Contact.delete(made["id"])
    assert (await sf.query_all("SELECT Id FROM Contact"))["totalSize"] == 5
    assert len((await sf.quick_search("Person"))["searchRecords"]) == 5
    first = [row async for row in await sf.bulk.Contact.insert([{"LastName": "B1"}, {"LastName": ""}])]
    assert [row["success"] for row in first] == [True, False]
    (second,) = await sf.bulk2.Contact.insert(records=[{"LastName": "C1"}, {"LastName": ""}])
    assert (second["numberRecordsProcessed"], second["numberRecordsFailed"]) == (2, 1)
    now = dt.datetime.now(dt.UTC)  # noqa: TID251 - a client's script lives by the real clock
    changed = await sf.Contact.updated(now - dt.timedelta(minutes=5), now + dt.timedelta(minutes=2))
    assert len(changed["ids"]) == 7
    assert await sf.is_sandbox() is True


asyncio.run(main())
