# mypy: ignore-errors
"""aio-sf: client credentials, describe, queries, collections in several batches, Bulk 2.0 queries."""

import asyncio
import json
import os

from aio_sf import ClientCredentialsAuth, SalesforceClient, bulk_query

found = json.loads(os.environ["EMULATOR"])


async def main() -> None:
    """Its main flows."""
    auth = ClientCredentialsAuth(client_id="client", client_secret="s3", instance_url=found["salesforce"]["my_domain"])
    async with SalesforceClient(auth_strategy=auth) as sf:
        assert "Contact" in [each["name"] for each in await sf.describe.list_sobjects()]
        assert len((await sf.describe.sobject("Contact"))["fields"]) > 50
        answer = await sf.query.soql("SELECT LastName FROM Contact ORDER BY LastName")
        assert [row["LastName"] async for row in answer] == [f"Person {at}" for at in range(5)]
        many = [{"LastName": f"A{at}"} for at in range(450)]
        done = await sf.collections.insert(sobject_type="Contact", records=many)
        assert len(done) == 450
        assert all(each["success"] for each in done)
        record = {"LastName": "U", "Ext__c": "e0"}
        done = await sf.collections.upsert(sobject_type="Contact", records=[record], external_id_field="Ext__c")
        assert [each["created"] for each in done] == [False]
        answer = await bulk_query(sf=sf, soql_query="SELECT Id, Name, CreatedDate FROM Contact")
        assert len([row async for row in answer]) == 455


asyncio.run(main())
