"""`python -m emulator serve | env`: both emulators from the command line."""

import argparse
import json
import secrets
import signal
import socket
import sys
import threading
from pathlib import Path

from emulator.career import CareerApp, CareerSystem
from emulator.career.generic import GENERIC, REQUESTS
from emulator.career.platforms import FACES
from emulator.clock import Clock
from emulator.salesforce.flavours import FLAVOURS
from emulator.salesforce.org import Org
from emulator.salesforce.settings import Settings

try:
    from emulator.running import NotStartedError, environment, running
    from emulator.server import Addresses
except ModuleNotFoundError as error:
    # The bridge's own installation has no web server: the emulator is an extra of the package.
    sys.exit(f"the emulator needs {error.name}, too: install the package with its extra, WHEEL[emulator] (docs/emulator.md)")


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line and obey it; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m emulator", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="serve until interrupted; prints one line of JSON when ready")
    serve.add_argument("--folder", type=Path, default=Path("build/emulator"), help="for certificates and addresses.json")
    serve.add_argument("--http", type=int, default=0, help="port of Salesforce over plain HTTP (0: any)")
    serve.add_argument("--https", type=int, default=0, help="port of Salesforce over TLS")
    serve.add_argument("--proxy", type=int, default=0, help="port of the CONNECT proxy for *.salesforce.com")
    serve.add_argument("--career-http", type=int, default=0, help="port of the career system over plain HTTP")
    serve.add_argument("--career-https", type=int, default=0, help="port of the career system over TLS")
    serve.add_argument("--flavour", choices=FLAVOURS, default="plain", help="what the organisation is built on")
    serve.add_argument("--career-platform", choices=sorted(FACES), default="generic", help="which career system it is")
    serve.add_argument("--career-folder", type=Path, help="the folder of a career system that works with files")
    serve.add_argument("--control-token", help="token of the control door (made up by default)")
    env = commands.add_parser("env", help="print the environment that unmodified clients need")
    env.add_argument("--folder", type=Path, default=Path("build/emulator"), help="the folder of a running `serve`")
    options = parser.parse_args(arguments)
    return _serve(options) if options.command == "serve" else _env(options)


def _serve(options: argparse.Namespace) -> int:
    folder: Path = options.folder
    token = options.control_token or secrets.token_hex(16)
    ports = (
        Addresses(http=options.http, tls=options.https, proxy=options.proxy),
        Addresses(http=options.career_http, tls=options.career_https, proxy=0),
    )
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stop.set())
    org = Org(clock=Clock.running(), settings=Settings(flavour=options.flavour))
    face, system = FACES[options.career_platform], CareerSystem(Clock.running())
    if options.career_folder is not None:
        system.extra["folder"] = options.career_folder.resolve()
    beside = () if face is GENERIC else (REQUESTS,)
    career = CareerApp(system, face=face, beside=beside, control_token=token)
    file = folder / "addresses.json"
    if _answers(file):
        print(f"an emulator runs already from {folder}; give this one a --folder of its own", file=sys.stderr)
        return 2
    try:
        with running(org=org, career=career, folder=folder, control_token=token, ports=ports) as found:
            line = json.dumps(found.addresses())
            file.write_text(line + "\n", encoding="utf-8")
            print(line, flush=True)
            stop.wait()
    except NotStartedError as error:
        print(error, file=sys.stderr)
        return 2
    file.unlink(missing_ok=True)
    return 0


def _answers(file: Path) -> bool:
    """Whether somebody still listens at the addresses in the file, whose certificates must not be overwritten."""
    if not file.exists():
        return False
    proxy = json.loads(file.read_text(encoding="utf-8"))["salesforce"]["proxy"]
    try:
        socket.create_connection(("127.0.0.1", int(proxy.rpartition(":")[2])), timeout=1).close()
    except OSError:
        return False
    return True


def _env(options: argparse.Namespace) -> int:
    file: Path = options.folder / "addresses.json"
    if not file.exists():
        print(f"no running emulator: {file} is missing; start `python -m emulator serve` first", file=sys.stderr)
        return 2
    found = json.loads(file.read_text(encoding="utf-8"))
    port = int(found["salesforce"]["proxy"].rpartition(":")[2])
    for name, value in environment(port, Path(found["ca"])).items():
        print(f"export {name}={value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
