# mypy: ignore-errors
"""apache-airflow-providers-salesforce: the hook and the bulk operator."""

import json
import os
from pathlib import Path

found = json.loads(os.environ["EMULATOR"])
os.environ["AIRFLOW_HOME"] = str(Path.cwd() / "home")
extra = {"security_token": "t", "domain": "login", "version": "60.0"}
connection = {"conn_type": "salesforce", "login": found["salesforce"]["admin"], "password": "password", "extra": extra}
os.environ["AIRFLOW_CONN_SALESFORCE_DEFAULT"] = json.dumps(connection)

from airflow.providers.salesforce.hooks.salesforce import SalesforceHook  # noqa: E402 - reads the environment
from airflow.providers.salesforce.operators.bulk import SalesforceBulkOperator  # noqa: E402 - as above

hook = SalesforceHook()
assert hook.make_query("SELECT Id FROM Contact")["totalSize"] == 5
assert "LastName" in hook.get_available_fields("Contact")
assert hook.get_object_from_salesforce("Contact", ["Id", "LastName"])["totalSize"] == 5
payload = [{"LastName": "New", "Ext__c": "new"}, {"LastName": "Changed", "Ext__c": "e0"}]
task = {"task_id": "t", "operation": "upsert", "object_name": "Contact", "external_id_field": "Ext__c"}
done = SalesforceBulkOperator(**task, payload=payload).execute({})
assert [(each["success"], each["created"]) for each in done] == [(True, True), (True, False)]
answer = hook.make_query("SELECT LastName, CreatedDate, Birthdate FROM Contact ORDER BY LastName")
hook.write_object_to_file(answer["records"], "out.csv", fmt="csv")
assert Path("out.csv").read_text(encoding="utf-8").count("\n") == 7
