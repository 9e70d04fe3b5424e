# mypy: ignore-errors
"""SalesforceRESTAPI: client credentials, rows, queries, Bulk 2.0, the front door, revocation."""

import json
import os

from SalesforceRESTAPI import SalesforceRESTAPI

found = json.loads(os.environ["EMULATOR"])
SalesforceRESTAPI.authenticate("client", "s3", found["salesforce"]["my_domain"])
sf = SalesforceRESTAPI()
id_ = sf.create_record("Contact", LastName="Rest", FirstName="One")
assert sf.get_record("Contact", id_)["Name"] == "One Rest"
assert sf.update_record("Contact", id_, Title="Dr").status_code == 204
assert sf.verify_record("Contact", id_, Title="Dr")
done = sf.bulk_insert_records("Contact", [{"LastName": f"Bulk {number}"} for number in range(5)])
assert (done["state"], done["records_processed"], done["records_failed"]) == ("JobComplete", 5, 0), done
assert len(sf.query_all("SELECT Id FROM Contact WHERE LastName LIKE 'Bulk%'")["records"]) == 5
assert "/secur/frontdoor.jsp?" in sf.get_frontdoor_url()
assert sf.delete_record("Contact", id_).status_code == 204
sf.revoke()
