# mypy: ignore-errors
"""mcp-salesforce-connector: a server of the Model Context Protocol, whose tools are called as an assistant would."""

import asyncio
import json
import os
import sys

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

found = json.loads(os.environ["EMULATOR"])


async def main() -> None:
    """Call its tools."""
    told = {"SALESFORCE_ACCESS_TOKEN": found["token"], "SALESFORCE_INSTANCE_URL": found["salesforce"]["https"]}
    server = StdioServerParameters(command=sys.executable, args=["-m", "src.salesforce.server"], env={**os.environ, **told})
    async with stdio_client(server) as (reading, writing), ClientSession(reading, writing) as session:
        await session.initialize()

        async def call(name: str, **arguments: object) -> str:
            return (await session.call_tool(name, arguments)).content[0].text

        assert "Person 3" in await call("run_soql_query", query="SELECT Name FROM Contact")
        assert found["contacts"][0] in await call("run_sosl_search", search="FIND {Person} RETURNING Contact(Id)")
        assert "Birthdate" in await call("get_object_fields", object_name="Contact")
        assert '"success": true' in await call("create_record", object_name="Contact", data={"LastName": "Lovelace"})
        assert "Lovelace" in await call("run_soql_query", query="SELECT Name FROM Contact WHERE LastName = 'Lovelace'")
        assert "DailyApiRequests" in await call("restful", path="limits", method="GET")


asyncio.run(main())
