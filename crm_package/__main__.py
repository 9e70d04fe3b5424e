"""``python -m crm_package build OUT.zip`` and ``python -m crm_package permissions FOLDER``, for those without the bridge.

``build`` writes the zip of the shipped mapping, which any Salesforce tool can deploy. ``permissions`` writes the two
permission sets of the shipped mapping in source format; it is how the committed ones are made.
"""

import argparse
import sys
from pathlib import Path

from crm_package.archive import build_zip, permission_files
from crm_package.permissions import DEFAULT_CONTACT_FIELDS, DEFAULT_PROFILE_FIELDS


def main(arguments: list[str] | None = None) -> int:
    """Run one command; answers the exit code."""
    parser = argparse.ArgumentParser(prog="python -m crm_package", description="Build the Salesforce package.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("build", help="write the deployable zip").add_argument("out", type=Path)
    commands.add_parser("permissions", help="write the permission sets").add_argument("out", type=Path)
    chosen = parser.parse_args(arguments)
    if chosen.command == "build":
        chosen.out.write_bytes(build_zip())
    else:
        chosen.out.mkdir(parents=True, exist_ok=True)
        for path, content in permission_files(DEFAULT_CONTACT_FIELDS, DEFAULT_PROFILE_FIELDS).items():
            (chosen.out / f"{Path(path).name}-meta.xml").write_bytes(content)
    sys.stdout.write(f"{chosen.out}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
