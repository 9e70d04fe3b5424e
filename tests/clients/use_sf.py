"""sf CLI: login, display, query, rows, trees, bulk in all directions, deploy over SOAP and REST, retrieve, permission sets."""

# ruff: noqa: S603, S607 - the client under test is a command

import json
import os
import subprocess
from pathlib import Path
from typing import Any

found = json.loads(os.environ["EMULATOR"])
base = found["salesforce"]["http"]
quiet = {"SF_DISABLE_TELEMETRY": "true", "SF_AUTOUPDATE_DISABLE": "true", "SF_SKIP_NEW_VERSION_CHECK": "true"}
home = {"HOME": str(Path.cwd() / "home"), "SF_ACCESS_TOKEN": found["token"], "SF_USE_GENERIC_UNIX_KEYCHAIN": "true"}
Path("home").mkdir(exist_ok=True)


def said(*arguments: str, **environment: str) -> str:
    """What one command prints."""
    done = subprocess.run(
        ["sf", *arguments],
        env={**os.environ, **quiet, **home, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, (arguments, done.stdout[-2500:], done.stderr[-1500:])
    return done.stdout


def sf(*arguments: str, **environment: str) -> Any:
    """One command; its result."""
    return json.loads(said(*arguments, "--json", **environment))["result"]


def query(soql: str) -> list[dict[str, Any]]:
    """The records of a statement."""
    records: list[dict[str, Any]] = sf("data", "query", "-o", "emu", "-q", soql)["records"]
    return records


sf("org", "login", "access-token", "--instance-url", base, "--no-prompt", "-a", "emu")
assert sf("org", "display", "-o", "emu")["username"] == found["salesforce"]["admin"]
assert len(query("SELECT Id, Name, Account.Name FROM Contact")) == 5
table = said("data", "query", "-o", "emu", "-q", "SELECT Name, (SELECT LastName FROM Contacts) FROM Account")
assert "CONTACTS.LASTNAME" in table, table
assert table.count("Person") == 5, table
table = said("data", "query", "-o", "emu", "-q", "SELECT AccountId, COUNT(Id) FROM Contact GROUP BY AccountId")
assert "COUNT(ID)" in table, table
made = sf("data", "create", "record", "-o", "emu", "-s", "Contact", "-v", "LastName=New Ext__c=new")
sf("data", "update", "record", "-o", "emu", "-s", "Contact", "-i", made["id"], "-v", "FirstName=Ada")
assert query("SELECT Name FROM Contact WHERE Ext__c = 'new'")[0]["Name"] == "Ada New"
sf("data", "delete", "record", "-o", "emu", "-s", "Contact", "-i", made["id"])

sf("data", "export", "tree", "-o", "emu", "-q", "SELECT Name, (SELECT LastName FROM Contacts) FROM Account", "-d", "tree")
planted = sf("data", "import", "tree", "-o", "emu", "-f", "tree/Account-Contact.json")
assert sorted(each["type"] for each in planted) == ["Account"] * 2 + ["Contact"] * 5
for each in planted:
    if each["type"] == "Account":
        # Its contacts go with it.
        sf("data", "delete", "record", "-o", "emu", "-s", "Account", "-i", each["id"])
assert len(sf("data", "search", "-o", "emu", "-q", "FIND {Person} RETURNING Contact(Id)")["searchRecords"]) == 5
assert "Contact" in sf("sobject", "list", "-o", "emu")
assert sf("org", "list", "sobject", "record-counts", "-o", "emu", "-s", "Contact") == [{"count": 5, "name": "Contact"}]

Path("people.csv").write_text("Ext__c,LastName\ne0,Changed\nb1,Bulk\n")
sf("data", "upsert", "bulk", "-o", "emu", "-s", "Contact", "-f", "people.csv", "-i", "Ext__c", "--wait", "2")
assert len(query("SELECT Id FROM Contact")) == 6
select = "SELECT LastName FROM Contact ORDER BY LastName"
sf("data", "export", "bulk", "-o", "emu", "-q", select, "--output-file", "out.csv", "--wait", "2")
assert Path("out.csv").read_text().splitlines()[1].strip('"') == "Bulk"

gone = query("SELECT Id FROM Contact WHERE Ext__c = 'b1'")[0]["Id"]
Path("gone.csv").write_text(f"Id\n{gone}\n")
sf("data", "delete", "bulk", "-o", "emu", "-s", "Contact", "-f", "gone.csv", "--wait", "2")
Path("more.csv").write_text("LastName\nI1\nI2\n")
assert sf("data", "import", "bulk", "-o", "emu", "-s", "Contact", "-f", "more.csv", "--wait", "2")["successfulRecords"] == 2
assert len(query("SELECT Id FROM Contact")) == 7

project = Path("project")
rights = project / "force-app/main/default/permissionsets"
rights.mkdir(parents=True, exist_ok=True)
(project / "sfdx-project.json").write_text(json.dumps({"packageDirectories": [{"path": "force-app", "default": True}]}))
for at, environment in enumerate(({"SF_ORG_METADATA_REST_DEPLOY": "false"}, {"SF_ORG_METADATA_REST_DEPLOY": "true"})):
    xml = f'<PermissionSet xmlns="http://soap.sforce.com/2006/04/metadata"><label>P{at}</label></PermissionSet>'
    (rights / f"P{at}.permissionset-meta.xml").write_text(f'<?xml version="1.0" encoding="UTF-8"?>\n{xml}\n')
    os.chdir(project)
    home["HOME"] = str(Path.cwd().parent / "home")
    result = sf("project", "deploy", "start", "-o", "emu", "-d", "force-app", "--wait", "2", **environment)
    os.chdir("..")
    assert result["status"] == "Succeeded", result
    assert len(query(f"SELECT Id FROM PermissionSet WHERE Name = 'P{at}'")) == 1  # noqa: S608 - our own text

sf("org", "assign", "permset", "-o", "emu", "-n", "P1")
assert len(query("SELECT Id FROM PermissionSetAssignment WHERE PermissionSet.Name = 'P1'")) == 1
for file in rights.iterdir():
    file.unlink()
os.chdir(project)
sf("project", "retrieve", "start", "-o", "emu", "-m", "PermissionSet:P0", "--wait", "2")
os.chdir("..")
assert [file.name for file in rights.iterdir()] == ["P0.permissionset-meta.xml"]
