"""airbyte-source-salesforce: check, discover, read, by REST and by Bulk."""

# ruff: noqa: S603, S607 - the client under test is a command

import json
import os
import subprocess
from pathlib import Path
from typing import Any

found = json.loads(os.environ["EMULATOR"])


def source(*arguments: str) -> list[dict[str, Any]]:
    """One command; the messages that it printed."""
    done = subprocess.run(["source-salesforce", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, (arguments, done.stdout[-3000:], done.stderr[-1500:])
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def of_kind(messages: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    """The messages of a type."""
    return [message for message in messages if message["type"] == kind]


for bulk in (False, True):
    config = {
        "auth_type": "Client",
        "client_id": "client",
        "client_secret": "s3",
        "refresh_token": found["refresh_token"],
        "is_sandbox": True,
        "force_use_bulk_api": bulk,
        "start_date": "2026-01-01T00:00:00Z",
        "streams_criteria": [{"criteria": "exacts", "value": "Contact"}],
    }
    Path("config.json").write_text(json.dumps(config))
    checked = of_kind(source("check", "--config", "config.json"), "CONNECTION_STATUS")[0]
    assert checked["connectionStatus"]["status"] == "SUCCEEDED", checked
    catalog = of_kind(source("discover", "--config", "config.json"), "CATALOG")[0]["catalog"]
    streams = [
        {"stream": stream, "sync_mode": "incremental", "cursor_field": ["SystemModstamp"], "destination_sync_mode": "append"}
        for stream in catalog["streams"]
        if stream["name"] == "Contact"
    ]
    Path("catalog.json").write_text(json.dumps({"streams": streams}))
    records = of_kind(source("read", "--config", "config.json", "--catalog", "catalog.json"), "RECORD")
    names = sorted(message["record"]["data"]["LastName"] for message in records)
    assert names == [f"Person {at}" for at in range(5)], (bulk, names)
