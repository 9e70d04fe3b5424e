"""CumulusCI: an org from the environment, a query, records loaded and extracted by mappings, a deploy, a retrieve."""

# ruff: noqa: S603, S607 - the client under test is a command

import json
import os
import shutil
import subprocess
from pathlib import Path

found = json.loads(os.environ["EMULATOR"])
config = {
    "access_token": found["token"],
    "instance_url": found["salesforce"]["https"],
    "refresh_token": found["refresh_token"],
    "id": f"https://login.salesforce.com/id/{found['salesforce']['organization_id']}/{found['admin_id']}",
    "username": found["salesforce"]["admin"],
    "org_id": found["salesforce"]["organization_id"],
    "config_type": "connected_app",
    "connected_app": "env",
    "scratch": False,
}
app = {"callback_url": "http://localhost:8080/callback", "client_id": "client", "client_secret": "s3"}
app["login_url"] = "https://login.salesforce.com"
environment = {
    **os.environ,
    "HOME": str(Path.cwd() / "home"),
    "CUMULUSCI_KEY": "0123456789abcdef",
    "CUMULUSCI_ORG_emu": json.dumps(config),
    "CUMULUSCI_SERVICE_connected_app": json.dumps(app),
}
project = Path("project")
for left in ("home", "project"):  # of a run before, with the addresses of another emulator
    shutil.rmtree(left, ignore_errors=True)
(project / "datasets").mkdir(parents=True, exist_ok=True)
(project / "unpackaged").mkdir(exist_ok=True)
(project / "cumulusci.yml").write_text(
    "minimum_cumulusci_version: 4.0.0\nproject:\n  name: p\n  package:\n    name: p\n    api_version: '60.0'\n"
)
(project / "datasets/mapping.yml").write_text(
    "Accounts:\n  sf_object: Account\n  fields:\n    - Name\n"
    "Contacts:\n  sf_object: Contact\n  fields:\n    - LastName\n  lookups:\n    AccountId:\n      table: Account\n"
)
(project / "recipe.yml").write_text(
    "- object: Account\n  count: 3\n  fields:\n    Name: Snow\n  friends:\n    - object: Contact\n      count: 2\n"
    "      fields:\n        LastName: Flake\n        AccountId:\n          reference: Account\n"
)
xml = '<PermissionSet xmlns="http://soap.sforce.com/2006/04/metadata"><label>C</label></PermissionSet>'
rights = project / "unpackaged/permissionsets"
rights.mkdir(exist_ok=True)
(rights / "C.permissionset").write_text(f'<?xml version="1.0" encoding="UTF-8"?>\n{xml}\n')
manifest = "<types><members>C</members><name>PermissionSet</name></types><version>60.0</version>"
(project / "unpackaged/package.xml").write_text(
    # In one line its retrieve would lose what stands in it.
    f'<?xml version="1.0" encoding="UTF-8"?>\n<Package xmlns="http://soap.sforce.com/2006/04/metadata">\n{manifest}\n</Package>\n'
)
subprocess.run(["git", "init", "-q"], cwd=project, check=True)
subprocess.run(["git", "remote", "add", "origin", "https://github.com/example/p.git"], cwd=project, check=False)


def cci(*arguments: str) -> str:
    """One command; what it printed."""
    done = subprocess.run(["cci", *arguments], env=environment, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (arguments, done.stdout[-3000:], done.stderr[-1500:])
    return done.stdout


def query(soql: str) -> str:
    """The result of a query task, as a file."""
    cci("task", "run", "query", "--org", "emu", "--object", "Contact", "--query", soql, "--result_file", "out.csv")
    return (project / "out.csv").read_text()


assert len(query("SELECT Id, LastName FROM Contact").splitlines()) == 6
cci("task", "run", "extract_dataset", "--org", "emu", "--mapping", "datasets/mapping.yml", "--sql_path", "out.sql")
assert "VALUES('Contact-1','Person 0','Account-1')" in (project / "out.sql").read_text()
for action in ("etl_upsert", "upsert"):
    step = {"sf_object": "Contact", "action": action, "update_key": "Ext__c", "fields": ["LastName", "Ext__c"]}
    (project / "datasets/upsert.yml").write_text(json.dumps({"Contacts": step}))
    rows = f"INSERT INTO Contact VALUES(1,'{action}','e0'); INSERT INTO Contact VALUES(2,'{action}','{action}');"
    table = "CREATE TABLE Contact (id INTEGER NOT NULL, LastName VARCHAR(255), Ext__c VARCHAR(255), PRIMARY KEY (id));"
    (project / "upsert.sql").write_text(f"BEGIN TRANSACTION; {table} {rows} COMMIT;")
    cci("task", "run", "load_dataset", "--org", "emu", "--mapping", "datasets/upsert.yml", "--sql_path", "upsert.sql")
    there = query(f"SELECT Ext__c FROM Contact WHERE LastName = '{action}'")  # noqa: S608 - our own text
    assert there.split() == ['"Ext__c"', '"e0"', f'"{action}"'], there

cci("task", "run", "snowfakery", "--org", "emu", "--recipe", "recipe.yml")
assert len(query("SELECT Id, LastName FROM Contact WHERE LastName = 'Flake'").splitlines()) == 7
cci("task", "run", "deploy", "--org", "emu", "--path", "unpackaged")
cci("task", "run", "retrieve_unpackaged", "--org", "emu", "--path", "back", "--package_xml", "unpackaged/package.xml")
assert (project / "back/permissionsets/C.permissionset").exists()
