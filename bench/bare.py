"""What reading contacts costs with unmodified simple-salesforce and nothing else: the measure of the collect stage.

python -m bench.bare --stage build/bench/2000/stage.json
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import requests
from simple_salesforce.api import Salesforce

from bench.meter import measured
from connector.salesforce.objects import API_VERSION, CONTACT_SYSTEM


def read_contacts(told: Mapping[str, Any]) -> dict[str, int]:
    """Every contact with the fields that the bridge reads, in a ``query_all`` loop."""
    session = requests.Session()
    session.trust_env = False
    session.verify = told["authority"]
    client = Salesforce(instance_url=told["crm"], session_id=told["session"], version=API_VERSION, session=session)
    fields = dict.fromkeys((*CONTACT_SYSTEM, *told["contact_fields"]))
    count = 0
    for _record in client.query_all(f"SELECT {', '.join(fields)} FROM Contact", include_deleted=True)["records"]:  # noqa: S608 - SOQL from the mapping's own names
        count += 1
    return {"records": count}


def main() -> int:
    """Measure one loop."""
    parser = argparse.ArgumentParser(prog="python -m bench.bare", description=__doc__)
    parser.add_argument("--stage", type=Path, required=True)
    told = orjson.loads(parser.parse_args().stage.read_bytes())
    found, cost = measured(lambda: read_contacts(told))
    print(orjson.dumps(cost | found).decode(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
