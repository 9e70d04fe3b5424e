# mypy: ignore-errors
# ruff: noqa: S603 - the client under test is a command
"""tap-salesforce (Singer): discovery, then extraction by REST and by BULK."""

import json
import os
import subprocess
from pathlib import Path

found = json.loads(os.environ["EMULATOR"])
for api in ("REST", "BULK"):
    config = {
        "refresh_token": found["refresh_token"],
        "client_id": "client",
        "client_secret": "s3",
        "start_date": "2020-01-01T00:00:00Z",
        "api_type": api,
        "select_fields_by_default": "true",
    }
    Path("config.json").write_text(json.dumps(config))
    command = ["tap-salesforce", "--config", "config.json"]
    discovered = subprocess.run([*command, "--discover"], capture_output=True, text=True, check=True).stdout
    catalog = json.loads(discovered)
    for stream in catalog["streams"]:
        for entry in stream["metadata"]:
            if not entry["breadcrumb"]:
                entry["metadata"]["selected"] = stream["stream"] == "Contact"
    Path("catalog.json").write_text(json.dumps(catalog))
    told = subprocess.run([*command, "--properties", "catalog.json"], capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr[-2000:]
    messages = [json.loads(line) for line in told.stdout.splitlines()]
    names = sorted(message["record"]["LastName"] for message in messages if message["type"] == "RECORD")
    assert names == [f"Person {at}" for at in range(5)], (api, names)
