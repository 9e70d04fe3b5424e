"""``config.toml``: how this installation is set up. Checked whole; secrets only by reference."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field

from connector.addresses import address_fault, is_proxy, my_domain_fault
from connector.core.document import Document
from connector.core.positions import Path as Place
from connector.core.violations import Table, fault, validated
from connector.crontab import cron_trigger
from connector.errors import Problem, UserError
from connector.reading import read_document
from connector.secrets import is_reference

SECRETS = frozenset(
    {"consumer_key", "private_key", "consumer_secret", "access_token", "key", "postgresql", "webhook", "requests_key", "settings"}
)
"""Keys whose values are references to secrets; their lines are never echoed."""


def _reference(value: str) -> str:
    if not is_reference(value):
        raise fault(
            "this is not a reference to a secret; the value is not shown here",
            "write credential:NAME, file:/PATH or env:NAME; if a secret stood here, replace it in its system, too",
        )
    return value


def _path(value: Any) -> Any:  # noqa: ANN401 - whatever stands in the file
    if isinstance(value, str):
        if value.startswith("~"):
            raise fault('"~" means nothing to a daemon', "write the whole path")
        if not value.strip() or "\0" in value:
            raise fault("this is not a path", "write the path of a file, absolute or from the folder of this file")
        return Path(value)
    return value


_SYSTEM = re.compile(r"[a-z][a-z0-9-]{0,39}")
_NO_SYSTEM = ("this is not the name of a system", "lower-case English letters, digits and dashes, at most 40; a letter first")


def _system_name(value: str) -> str:
    if not _SYSTEM.fullmatch(value):
        raise fault(*_NO_SYSTEM)
    return value


def _cron(value: str) -> str:
    try:
        cron_trigger(value, "UTC")
    except ValueError:
        raise fault("this is not a schedule, or never comes", 'five fields as in cron, for example "0 3 * * sun"') from None
    return value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise fault("there is no such time zone", "for example America/New_York") from None
    return value


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise fault("the time zone is missing", "write 2026-09-01T00:00:00Z, or with +02:00 at the end")
    return value


Reference = Annotated[str, AfterValidator(_reference)]
FilePath = Annotated[Path, BeforeValidator(_path)]
Cron = Annotated[str, AfterValidator(_cron)]
Zone = Annotated[str, AfterValidator(_zone)]
Moment = Annotated[datetime, AfterValidator(_aware)]
SystemName = Annotated[str, AfterValidator(_system_name)]
Text = Annotated[str, Field(min_length=1, max_length=255)]


class Bridge(Table):
    """``[bridge]``: what this installation is."""

    environment: Literal["test", "production"]
    mappings: FilePath = Path("mappings")
    time_zone: Zone = "UTC"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "console"] = "json"


class State(Table):
    """``[state]``: where the bridge keeps what it knows; SQLite unless PostgreSQL is named."""

    sqlite: FilePath = Path("state/alumni-bridge.db")
    postgresql: Reference | None = None


class Crm(Table):
    """``[crm]``: the Salesforce org and how to log in to it. ``budget``: the org's used share of daily calls at which we stop.

    ``api_version`` has no effect: the bridge speaks one version. Configurations of before may name it.
    """

    my_domain: str
    login: Literal["jwt", "client_credentials", "token"] = "jwt"
    consumer_key: Reference | None = None
    username: Text | None = None
    private_key: Reference | None = None
    consumer_secret: Reference | None = None
    access_token: Reference | None = None
    api_version: Literal["67.0"] = "67.0"
    overlap_seconds: Annotated[int, Field(ge=1, le=3600)] = 30
    budget: Annotated[float, Field(gt=0, le=0.95)] = 0.8
    page_size: Annotated[int, Field(ge=200, le=2000)] = 2000
    bulk_queries: bool = True
    ca_file: FilePath | None = None
    proxy: str | None = None
    lab: bool = False


class Career(Table):
    """``[[career]]``: one career system. ``profile`` is a shipped profile's name or the path of a profile file.

    Which of the optional settings it needs, its profile says. ``requests`` is how career requests travel; without it, as the
    profile does it first.
    """

    system: SystemName
    profile: Text = "generic"
    url: str | None = None
    key: Reference | None = None
    folder: FilePath | None = None
    primary: bool = False
    requests: Literal["rest", "notes", "csv", "none"] | None = None
    requests_url: str | None = None
    requests_key: Reference | None = None
    settings: dict[str, Annotated[str, Field(max_length=1_000)]] = Field(default_factory=dict)
    ca_file: FilePath | None = None
    proxy: str | None = None
    private_network: bool = False
    lab: bool = False


class Schedule(Table):
    """``[schedule]``: when the daemon works. Cron fields are in the bridge's time zone."""

    cycle_seconds: Annotated[int, Field(ge=10, le=86_400)] = 60
    sweep: Cron = "0 3 * * sun"
    reminders: Cron = "0 8 * * mon-fri"
    housekeeping: Cron = "30 2 * * *"
    lease_seconds: Annotated[int, Field(ge=60, le=86_400)] = 600


class Requests(Table):
    """``[requests]``: asks made before ``start_at`` are recorded, not worked."""

    start_at: Moment


class Alerts(Table):
    """``[alerts]``: whom to tell when something needs a person. ``command`` gets the text on its standard input."""

    command: Annotated[tuple[Text, ...], Field(strict=False, max_length=32)] = ()
    webhook: Reference | None = None
    repeat_minutes: Annotated[int, Field(ge=1, le=10_080)] = 240


class Status(Table):
    """``[status]``: from when on ``status --check`` warns (exit code 1) and calls it critical (exit code 2)."""

    warn_minutes: Annotated[int, Field(ge=1, le=100_000)] = 15
    critical_minutes: Annotated[int, Field(ge=1, le=100_000)] = 60
    warn_suggestion_days: Annotated[int, Field(ge=1, le=3650)] = 14


class Pilot(Table):
    """``[pilot]``: only these people are written about; empty lists mean everybody."""

    accounts: Annotated[tuple[Text, ...], Field(strict=False)] = ()
    class_years: Annotated[tuple[Annotated[int, Field(ge=1000, le=2999)], ...], Field(strict=False)] = ()


class Settings(Table):
    """The whole of ``config.toml``. Paths are absolute once loaded."""

    bridge: Bridge
    state: State = State()
    crm: Crm
    career: Annotated[tuple[Career, ...], Field(strict=False)]
    schedule: Schedule = Schedule()
    requests: Requests
    alerts: Alerts = Alerts()
    status: Status = Status()
    pilot: Pilot = Pilot()

    @property
    def primary(self) -> Career:
        """The career system whose values count where a person has accounts in several."""
        return next((system for system in self.career if system.primary), self.career[0])


Fault = tuple[str, str, str]
"""What is wrong with one table: the key, the message, the cure."""


def load_settings(path: Path, *, career_faults: Callable[[Career], Iterable[Fault]] = lambda _career: ()) -> Settings:
    """The settings in a file. Relative paths start from the file's folder; secrets stay references.

    ``career_faults`` says what is wrong with a career system's table in view of its profile.

    Raises:
        UserError: with every problem, each with line and cure; no line that could hold a secret is repeated.
    """
    elsewhere = "go to its folder, or name it with --config or ALUMNI_BRIDGE_CONFIG; `alumni-bridge init FOLDER` makes one"
    document = read_document(path, codes="C", missing=elsewhere)
    settings = validated(Settings, document, codes="C", secret=SECRETS)
    problems = list(_contradictions(settings, document))
    if problems:
        raise UserError(problems)
    found = _anchored(settings, path.absolute().parent)
    problems = [
        document.problem("C207", ("career", number, key), message, cure, key=True, secret=True)
        for number, system in enumerate(found.career)
        for key, message, cure in career_faults(system)
    ]
    if problems:
        raise UserError(problems)
    return found


def _anchored(settings: Settings, folder: Path) -> Settings:
    def whole(path: Path | None) -> Path | None:
        return None if path is None else folder / path

    def with_paths(table: Any, *names: str) -> Any:  # noqa: ANN401 - Crm or Career, given back as it came
        return table.model_copy(update={name: whole(getattr(table, name)) for name in names})

    return settings.model_copy(
        update={
            "bridge": settings.bridge.model_copy(update={"mappings": whole(settings.bridge.mappings)}),
            "state": settings.state.model_copy(update={"sqlite": whole(settings.state.sqlite)}),
            "crm": with_paths(settings.crm, "ca_file"),
            "career": tuple(_with_profile(with_paths(system, "ca_file", "folder"), folder) for system in settings.career),
        }
    )


def _with_profile(system: Career, folder: Path) -> Career:
    """A profile that is named by a path is looked for from the configuration's folder, as every other file."""
    if not system.profile.endswith(".toml"):
        return system
    return system.model_copy(update={"profile": str(folder / system.profile)})


_NOT_A_SYSTEM = frozenset(
    (
        *("crm", "everything", "plan", "requests", "audit", "lease", "clock"),  # what else can be halted
        *("contacts", "profiles", "suggestions", "reviews", "tasks", "left", "writes", "down", "halted"),  # figures of a sweep
    )
)


def _another_meaning(name: str) -> tuple[str, str] | None:
    return (f'"{name}" means something else', "give the system another name") if name in _NOT_A_SYSTEM else None


def demand_system(name: str, *, file: str) -> None:
    """Go no further with a name that cannot be a career system's; ``file`` says where it was given.

    Raises:
        UserError: a ``[[career]]`` table could not have it.
    """
    code, found = ("C203", _another_meaning(name)) if _SYSTEM.fullmatch(name) else ("C106", _NO_SYSTEM)
    if found is not None:
        raise UserError([Problem(code=code, message=found[0], cure=found[1], file=file)])


def _names(names: Sequence[str], document: Document) -> Iterator[Problem]:
    if not names:
        yield document.problem("C203", ("career",), "there is no career system", "add a [[career]] table")
    for number, name in enumerate(names):
        place: Place = ("career", number, "system")
        meaning = _another_meaning(name)
        if meaning is not None:
            yield document.problem("C203", place, *meaning)
        if name in names[:number]:
            yield document.problem("C203", place, f'there are two systems "{name}"', "give each its own name")


def _contradictions(settings: Settings, document: Document) -> Iterator[Problem]:
    yield from _login(settings.crm, document)
    yield from _addresses(settings, document)
    names = [system.system for system in settings.career]
    yield from _names(names, document)
    folders = [system.folder for system in settings.career]
    for number, folder in enumerate(folders):
        if folder is not None and folder in folders[:number]:
            # each would take the other's tables for its own, and number its files into the other's
            yield document.problem(
                "C203", ("career", number, "folder"), "another system has this folder", "give each a folder of its own"
            )
    sites = [(one.profile, one.url.rstrip("/").casefold(), one.settings) if one.url else None for one in settings.career]
    for number, site in enumerate(sites):
        if site is not None and site in sites[:number] and folders[number] is None:
            # each would ask for the same people and take up the same requests
            yield document.problem(
                "C203", ("career", number, "url"), "another system is this very site", "name each site once; drop one table"
            )
    primaries = [number for number, system in enumerate(settings.career) if system.primary]
    if len(primaries) > 1 or (len(names) > 1 and not primaries):
        place: Place = ("career", primaries[1], "primary") if primaries else ("career", 0)
        yield document.problem(
            "C203", place, "exactly one career system must be the primary one", "set primary = true in one of them"
        )
    if settings.status.warn_minutes >= settings.status.critical_minutes:
        yield document.problem(
            "C204",
            ("status", "warn_minutes"),
            "it would be critical before it warns",
            "warn_minutes must be less than critical_minutes",
        )
    if settings.schedule.lease_seconds <= settings.schedule.cycle_seconds:
        cure = "lease_seconds must be more than cycle_seconds, best several times as much"
        yield document.problem("C204", ("schedule", "lease_seconds"), "the lease would end between two cycles", cure)
    if "state" in document.data and {"sqlite", "postgresql"} <= set(document.data["state"]):
        yield document.problem(
            "C205", ("state", "postgresql"), "the state can be in one place only", "drop sqlite or postgresql", secret=True
        )


_LOGINS = {
    "jwt": ("consumer_key", "username", "private_key"),
    "client_credentials": ("consumer_key", "consumer_secret"),
    "token": ("access_token",),
}


def _login(crm: Crm, document: Document) -> Iterator[Problem]:
    wanted = _LOGINS[crm.login]
    for key in ("consumer_key", "username", "private_key", "consumer_secret", "access_token"):
        given = getattr(crm, key) is not None
        if key in wanted and not given:
            yield document.problem("C201", ("crm",), f'login = "{crm.login}" needs {key}', f"add {key} = ...", key=True)
        if given and key not in wanted:
            message = f'login = "{crm.login}" does not use {key}'
            yield document.problem(
                "C201", ("crm", key), message, "drop it, or choose the login that uses it", key=True, secret=True
            )


def _addresses(settings: Settings, document: Document) -> Iterator[Problem]:
    places: list[tuple[Place, Crm | Career, str]] = [(("crm", "my_domain"), settings.crm, settings.crm.my_domain)]
    for number, system in enumerate(settings.career):
        given = (("url", system.url), ("requests_url", system.requests_url))
        places += [(("career", number, name), system, url) for name, url in given if url is not None]
    for place, table, url in places:
        if table.lab and settings.bridge.environment == "production":
            cure = 'lab is for the emulator on this machine: use environment = "test"'
            yield document.problem("C202", (*place[:-1], "lab"), "lab is not possible in production", cure)
        fault_found = address_fault(url, lab=table.lab)
        if fault_found is None and isinstance(table, Crm) and not table.lab:
            fault_found = my_domain_fault(url)
        if fault_found is not None:
            # An address can carry a password, and then its line is not to be repeated.
            yield document.problem("C202", place, fault_found[0], fault_found[1], secret="@" in url)
        if table.proxy is not None and not is_proxy(table.proxy):
            yield document.problem(
                "C202",
                (*place[:-1], "proxy"),
                "this is not the address of a proxy",
                "http://HOST:PORT, without a password",
                secret=True,
            )
