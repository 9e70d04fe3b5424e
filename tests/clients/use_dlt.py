# mypy: ignore-errors
"""dlt in the shape of its Salesforce source: describe, Bulk 1.0 queries by simple-salesforce, an incremental column, duckdb."""

import json
import os

import dlt
from simple_salesforce import Salesforce

found = json.loads(os.environ["EMULATOR"])
sf = Salesforce(session_id=found["token"], instance_url=found["salesforce"]["https"], version="60.0")


@dlt.resource(name="contact", primary_key="Id", write_disposition="merge")
def contact(changed=dlt.sources.incremental("SystemModstamp", initial_value=None)):  # noqa: ANN001, ANN201, B008 - dlt's manner
    """All contacts that changed since the last time."""
    names = [one["name"] for one in sf.Contact.describe()["fields"] if one["type"] not in {"address", "base64"}]
    since = changed.last_value
    where = f" WHERE SystemModstamp > {since}" if since else ""
    soql = f"SELECT {', '.join(names)} FROM Contact{where} ORDER BY SystemModstamp"  # noqa: S608 - names of the describe
    for page in sf.bulk.Contact.query_all(soql, lazy_operation=True):
        for row in page:
            row.pop("attributes", None)
            # Bulk 1.0 in JSON has moments as milliseconds.
            row["SystemModstamp"] = dlt.common.pendulum.from_timestamp(row["SystemModstamp"] / 1000).isoformat()
            yield row


pipeline = dlt.pipeline(pipeline_name="emulated", destination="duckdb", dataset_name="crm", pipelines_dir="pipelines")
pipeline.run(contact())
with pipeline.sql_client() as client:
    rows = client.execute_sql("SELECT last_name, account_id FROM contact ORDER BY last_name")
assert [row[0] for row in rows] == [f"Person {at}" for at in range(5)]
assert {row[1] for row in rows} == set(found["accounts"])
