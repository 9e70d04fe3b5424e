# mypy: ignore-errors
"""sfq: refresh token, queries, composite batches, create over SOAP, collections delete, retrieve."""

import json
import os

from sfq import SFAuth

found = json.loads(os.environ["EMULATOR"])
sf = SFAuth(
    instance_url="https://university.my.salesforce.com",
    client_id="client",
    client_secret="s3",
    refresh_token=found["refresh_token"],
    proxy="_auto",
)
assert [row["LastName"] for row in sf.query("SELECT LastName FROM Contact ORDER BY LastName")["records"]] == [
    f"Person {at}" for at in range(5)
]
assert (sf.org_id, sf.user_id) == (found["salesforce"]["organization_id"], found["admin_id"])
assert sf.tooling_query("SELECT Id FROM ApexClass")["totalSize"] == 0
assert sf.get_sobject_prefixes()["003"] == "Contact"
both = sf.cquery({"people": "SELECT Id FROM Contact", "firms": "SELECT Id FROM Account"})
assert (both["people"]["totalSize"], both["firms"]["totalSize"]) == (5, 2)
made = sf._create("Contact", [{"LastName": "C1"}, {"LastName": "C2"}])
assert [each["success"] for each in made] == ["true", "true"]
assert [each["success"] for each in sf.cdelete([each["id"] for each in made])] == [True, True]
assert "unpackaged/package.xml" in sf.mdapi_retrieve({"PermissionSet": ["*"]})
