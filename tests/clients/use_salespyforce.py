# mypy: ignore-errors
"""salespyforce: password login, the user's own facts, rows, queries, describes, rights on records."""

import json
import os

from salespyforce import Salesforce

found = json.loads(os.environ["EMULATOR"])
my_domain = found["salesforce"]["my_domain"]
sf = Salesforce(
    connection_info={
        "base_url": my_domain,
        "endpoint_url": f"{my_domain}/services/oauth2/token",
        "client_key": "client",
        "client_secret": "s3",
        "username": found["salesforce"]["admin"],
        "password": "x",
        "security_token": "t",
        "org_id": found["salesforce"]["organization_id"],
    }
)
assert sf.current_user_info["user_id"] == found["admin_id"], sf.current_user_info
assert float(sf.get_latest_api_version()) >= 60
assert "DailyApiRequests" in sf.get_org_limits()
assert "Contact" in {each["name"] for each in sf.get_all_sobjects()["sobjects"]}
id_ = sf.create_sobject_record("Contact", {"LastName": "Salespy"})["id"]
assert sf.update_sobject_record("Contact", id_, {"Title": "Dr"}).status_code == 204
(row,) = sf.soql_query("SELECT Title FROM Contact WHERE LastName = 'Salespy'")["records"]
assert row["Title"] == "Dr"
assert sf.describe_object("Contact")["keyPrefix"] == "003"
assert sf.can_read_record(id_)
assert sf.check_user_record_access(id_) == {"HasReadAccess": True, "HasEditAccess": True, "HasDeleteAccess": True}
