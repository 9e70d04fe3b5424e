# mypy: ignore-errors
"""aiosalesforce: client credentials, rows, composite, Bulk 2.0."""

import asyncio
import os
import ssl

import httpx
from aiosalesforce import Salesforce
from aiosalesforce.auth import ClientCredentialsFlow


async def main() -> None:
    """Its main flows."""
    trust = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
    async with httpx.AsyncClient(verify=trust) as client:
        sf = Salesforce(
            client,
            base_url="https://university.my.salesforce.com",
            auth=ClientCredentialsFlow("client", "s3"),
        )
        made = await sf.sobject.create("Contact", {"LastName": "New", "Ext__c": "new"})
        assert (await sf.sobject.get("Contact", made))["LastName"] == "New"
        await sf.sobject.update("Contact", made, {"FirstName": "Ada"})
        upserted = await sf.sobject.upsert("Contact", "new", "Ext__c", {"Title": "Dr"})
        assert upserted.created is False
        await sf.sobject.delete("Contact", made)
        rows = [row async for row in sf.query("SELECT Id, Name FROM Contact ORDER BY Name")]
        assert [row["Name"] for row in rows] == [f"Person {at}" for at in range(5)]
        async with sf.composite.batch() as batch:
            asked = batch.query("SELECT Id FROM Account")
        assert len(asked.records) == 2
        done = await sf.bulk_v2.insert("Contact", [{"LastName": "B1"}, {"LastName": "B2"}])
        assert len(done.successful_results) == 2


asyncio.run(main())
