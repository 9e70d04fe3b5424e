"""sf CLI: login, display, query, rows, both bulk directions, deploy over SOAP and REST."""

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


def sf(*arguments: str, **environment: str) -> Any:
    """One command; its result."""
    done = subprocess.run(
        ["sf", *arguments, "--json"],
        env={**os.environ, **quiet, **home, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, (arguments, done.stdout[-2500:], done.stderr[-1500:])
    return json.loads(done.stdout)["result"]


def query(soql: str) -> list[dict[str, Any]]:
    """The records of a statement."""
    records: list[dict[str, Any]] = sf("data", "query", "-o", "emu", "-q", soql)["records"]
    return records


sf("org", "login", "access-token", "--instance-url", base, "--no-prompt", "-a", "emu")
assert sf("org", "display", "-o", "emu")["username"] == found["salesforce"]["admin"]
assert len(query("SELECT Id, Name, Account.Name FROM Contact")) == 5
made = sf("data", "create", "record", "-o", "emu", "-s", "Contact", "-v", "LastName=New Ext__c=new")
sf("data", "update", "record", "-o", "emu", "-s", "Contact", "-i", made["id"], "-v", "FirstName=Ada")
assert query("SELECT Name FROM Contact WHERE Ext__c = 'new'")[0]["Name"] == "Ada New"
sf("data", "delete", "record", "-o", "emu", "-s", "Contact", "-i", made["id"])

Path("people.csv").write_text("Ext__c,LastName\ne0,Changed\nb1,Bulk\n")
sf("data", "upsert", "bulk", "-o", "emu", "-s", "Contact", "-f", "people.csv", "-i", "Ext__c", "--wait", "2")
assert len(query("SELECT Id FROM Contact")) == 6
select = "SELECT LastName FROM Contact ORDER BY LastName"
sf("data", "export", "bulk", "-o", "emu", "-q", select, "--output-file", "out.csv", "--wait", "2")
assert Path("out.csv").read_text().splitlines()[1].strip('"') == "Bulk"

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
