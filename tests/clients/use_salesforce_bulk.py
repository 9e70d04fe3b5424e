# mypy: ignore-errors
"""salesforce-bulk: Bulk 1.0 in CSV and JSON."""

import json
import os

from salesforce_bulk import CsvDictsAdapter, SalesforceBulk

found = json.loads(os.environ["EMULATOR"])
bulk = SalesforceBulk(sessionId=found["token"], host=found["salesforce"]["https"].removeprefix("https://"))

job = bulk.create_insert_job("Contact", contentType="CSV", concurrency="Parallel")
batch = bulk.post_batch(job, CsvDictsAdapter(iter([{"LastName": "One"}, {"LastName": "Two"}])))
bulk.wait_for_batch(job, batch)
bulk.close_job(job)
assert [result.success for result in bulk.get_batch_results(batch)] == ["true", "true"]

job = bulk.create_query_job("Contact", contentType="JSON")
batch = bulk.query(job, "SELECT Id, LastName FROM Contact ORDER BY LastName")
bulk.close_job(job)
while not bulk.is_batch_done(batch):
    pass
rows = [row for result in bulk.get_all_results_for_query_batch(batch) for row in json.load(result)]
assert [row["LastName"] for row in rows] == ["One", *(f"Person {at}" for at in range(5)), "Two"]
