"""The composition root: the only module that knows every concrete class."""

from __future__ import annotations

import os
import secrets as randomness
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache, partial
from hashlib import sha256
from importlib import resources
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import requests
from sqlalchemy import URL

from connector.career.connect import connect
from connector.career.profile import load_profile, name_fault
from connector.career.setup import Given, Setup, carrier_of, faults
from connector.career.side import CareerClient
from connector.clock import SystemClock
from connector.config import Career, Crm, Fault, Settings
from connector.core.document import did_you_mean
from connector.core.evidence import KEYS_VERSION
from connector.core.match import Weights
from connector.core.rulebook import Rulebook
from connector.engine.context import Context, Installation, Progress, no_progress
from connector.engine.cycle import prepare
from connector.errors import Halt, Problem, UserError
from connector.ports import Calls, Clock
from connector.rules import load_rules
from connector.salesforce.auth import ClientCredentials, Deferred, ExistingToken, Instances, JwtBearer, TokenSource
from connector.salesforce.client import Client
from connector.salesforce.side import SalesforceSide
from connector.salesforce.transport import Transport
from connector.secrets import Secret, read_secret
from connector.store.store import open_store
from connector.wire import Wire, open_session

WEIGHTS = "weights/person-1.json"


def _chance() -> float:
    return randomness.randbelow(2**32) / 2**32


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a process finds around it: time, chance, its environment, its host's name, and the way to the network.

    ``chance`` gives numbers in [0, 1). ``connect`` opens a session; its arguments are those of ``connector.wire.open_session``.
    """

    clock: Clock = field(default_factory=SystemClock)
    chance: Callable[[], float] = _chance
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    host: str = field(default_factory=socket.gethostname)
    connect: Callable[..., requests.Session] = open_session


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridge:
    """A wired installation. ``mapping`` names what is read of a contact, to notice when that changes.

    ``client`` and the careers of ``context`` know sessions, limits and pauses: there is one of each for as long as the process
    lives.
    """

    settings: Settings
    around: Surroundings
    rulebook: Rulebook
    context: Context
    client: Client
    crm: SalesforceSide
    mapping: str

    def calls(self) -> dict[str, Calls]:
        """Remote calls made by this process, by side."""
        return {"crm": self.crm.calls} | {name: career.calls for name, career in self.context.careers.items()}

    @property
    def lease(self) -> timedelta:
        """How long our claim in Salesforce holds."""
        return timedelta(seconds=self.settings.schedule.lease_seconds)


def product_version() -> str:
    """The installed version; ``0`` where it runs from a source tree that was never installed."""
    try:
        return version("alumni-bridge")
    except PackageNotFoundError:
        return "0"


def state_url(settings: Settings, environ: Mapping[str, str]) -> str:
    """The database's URL."""
    if settings.state.postgresql is not None:
        return read_secret(settings.state.postgresql, environ, setting="[state] postgresql").reveal()
    return URL.create("sqlite", database=str(settings.state.sqlite)).render_as_string()


_HOLDER = 80
"""Characters of ``Bridge_Status__c.Lease_Holder__c``."""


def holder_of(host: str, state: URL) -> str:
    """Who holds the lease, as Salesforce shows it: the host and the state. Two states on one host are two holders.

    Of a state on PostgreSQL, and of one whose path is too long, a hash is told: neither address nor user leaves.
    """
    told = f"{host}:{state.database}"
    if state.get_backend_name() == "sqlite" and len(told) <= _HOLDER:
        return told
    name = state.set(password=None).render_as_string()
    return f"{host[:60]}:{sha256(name.encode()).hexdigest()[:16]}"


@contextmanager
def open_bridge(settings: Settings, *, around: Surroundings | None = None, progress: Progress = no_progress) -> Iterator[Bridge]:
    """Wire everything that a configuration names; nothing is asked of a remote side yet. ``around``: by default this machine.

    Raises:
        UserError: a mapping or profile is wrong, every problem of the file; or the state's secret.
        Halt: the state cannot be used, or an address may not be.
    """
    around = around or Surroundings()
    rulebook = read_rules(settings)
    with open_installation(settings, around=around) as installation:
        yield _wire_all(settings, around, rulebook, installation, progress)


@contextmanager
def open_installation(settings: Settings, *, around: Surroundings | None = None) -> Iterator[Installation]:
    """The state and the ways to the career systems, by the settings alone: no mapping file is looked at.

    Raises:
        UserError: a profile is wrong, or the state's secret.
        Halt: the state cannot be used, or an address may not be.
    """
    around = around or Surroundings()
    store = open_store(state_url(settings, around.environ))
    try:
        yield Installation(
            store=store,
            careers={career.system: open_career(career, around) for career in settings.career},
            clock=around.clock,
            environment=settings.bridge.environment,
            version=product_version(),
        )
    finally:
        store.close()


def read_rules(settings: Settings) -> Rulebook:
    """The mapping. A file for a system that there is not is a mistake: the system that is meant would go by ``person.toml``."""
    rulebook, systems = load_rules(settings.bridge.mappings), [career.system for career in settings.career]
    unknown = [name for name in rulebook.persons.own if name not in systems]
    if unknown:
        message, other = "config.toml has no career system of this name", "else add the system, or move the file away"
        raise UserError(
            [
                Problem(code="M201", message=message, cure=f"{did_you_mean(name, systems)}; {other}", file=f"person-{name}.toml")
                for name in unknown
            ]
        )
    return rulebook


def _wire_all(
    settings: Settings, around: Surroundings, rulebook: Rulebook, installation: Installation, progress: Progress
) -> Bridge:
    client = open_client(settings.crm, around)
    crm = _crm_side(settings.crm, around, rulebook, client)
    context = Context(
        persons=rulebook.persons,
        requests=rulebook.requests,
        routing=rulebook.routing,
        rules_hash=rulebook.hash,
        store=installation.store,
        crm=crm,
        careers=installation.careers,
        clock=installation.clock,
        rng=around.chance,
        weights=read_weights(),
        environment=installation.environment,
        holder=holder_of(around.host, installation.store.engine.url),
        version=installation.version,
        start_at=settings.requests.start_at,
        primary=settings.primary.system,
        progress=progress,
    )
    return Bridge(
        settings=settings,
        around=around,
        rulebook=rulebook,
        context=context,
        client=client,
        crm=crm,
        mapping=_what_is_read(rulebook),
    )


def _what_is_read(rulebook: Rulebook) -> str:
    persons = rulebook.persons
    fields = "|".join((*persons.contact_fields(), *map(repr, persons.related())))
    slots = persons.usual.match.slots.items()
    evidence = sorted(f"{slot}={source.crm}/{source.crm_transform.name}" for slot, found in slots for source in found)
    return sha256(f"{KEYS_VERSION}|{fields}|{evidence}".encode()).hexdigest()


def reload(bridge: Bridge) -> Bridge:
    """The same installation under the mapping files as they are now; the very same object if they mean the same.

    The ways to both sides stay the same, with their sessions and with what they have been told of limits and pauses.

    Raises:
        UserError: they cannot be used; the bridge given stays good.
    """
    rulebook = read_rules(bridge.settings)
    if rulebook.hash == bridge.rulebook.hash:
        return bridge
    crm = _crm_side(bridge.settings.crm, bridge.around, rulebook, bridge.client)
    context = replace(
        bridge.context,
        persons=rulebook.persons,
        requests=rulebook.requests,
        routing=rulebook.routing,
        rules_hash=rulebook.hash,
        crm=crm,
    )
    fresh = replace(bridge, rulebook=rulebook, context=context, crm=crm, mapping=_what_is_read(rulebook))
    prepare(fresh.context, fresh.mapping)
    return fresh


@cache
def read_weights() -> Weights:
    """The shipped weights of evidence."""
    return Weights.from_json(resources.files("connector.core").joinpath(WEIGHTS).read_bytes())


def _crm_side(crm: Crm, around: Surroundings, rulebook: Rulebook, client: Client) -> SalesforceSide:
    overlap = timedelta(seconds=crm.overlap_seconds)
    return SalesforceSide(
        client,
        around.clock,
        contact_fields=rulebook.persons.contact_fields(),
        related=rulebook.persons.related(),
        overlap=overlap,
        page=crm.page_size,
        bulk=crm.bulk_queries,
    )


def open_client(crm: Crm, around: Surroundings) -> Client:
    """The org's REST API as configured."""
    return Client(open_transport(crm, around), clock=around.clock, rng=around.chance)


def open_transport(crm: Crm, around: Surroundings) -> Transport:
    """The way to the org."""
    source = token_source(crm, around)
    return Transport(source, lambda at: open_crm_wire(crm, at, around), around.clock, reserve=1 - crm.budget)


def open_crm_wire(crm: Crm, address: str, around: Surroundings) -> Wire:
    """The way to one host of the org."""
    session = around.connect(ca_file=_authorities(crm.ca_file), proxies=_proxies(crm.proxy))
    return Wire(session, address, around.clock, side="crm", lab=crm.lab)


def token_source(crm: Crm, around: Surroundings) -> TokenSource:
    """The configured login; its secrets are read at the first call."""
    instances = Instances(my_domain=crm.my_domain, lab=crm.lab)
    wire = open_crm_wire(crm, crm.my_domain, around)

    def source() -> TokenSource:
        secrets = login_secrets(crm, around)
        match crm.login:
            case "jwt":
                return JwtBearer(
                    wire,
                    instances,
                    around.clock,
                    consumer_key=secrets["consumer_key"].reveal(),
                    username=crm.username or "",
                    private_key=secrets["private_key"],
                    unique=lambda: randomness.token_hex(16),
                )
            case "client_credentials":
                key = secrets["consumer_key"].reveal()
                return ClientCredentials(
                    wire, instances, around.clock, consumer_key=key, consumer_secret=secrets["consumer_secret"]
                )
            case "token":
                return ExistingToken(secrets["access_token"], crm.my_domain, instances)

    return Deferred(source, renewable=crm.login != "token")


def login_secrets(crm: Crm, around: Surroundings) -> dict[str, Secret]:
    """The secrets of the login to Salesforce, by their settings. Who is about to need it reads them first, to fail early.

    Raises:
        UserError: some cannot be read; every one.
    """
    found: dict[str, Secret] = {}
    problems: list[Problem] = []
    references = {
        "consumer_key": crm.consumer_key,
        "private_key": crm.private_key,
        "consumer_secret": crm.consumer_secret,
        "access_token": crm.access_token,
    }
    for name, reference in references.items():
        if reference is not None:
            try:
                found[name] = read_secret(reference, around.environ, setting=f"[crm] {name}")
            except UserError as error:
                problems += error.problems
    if problems:
        raise UserError(problems)
    return found


def open_career(career: Career, around: Surroundings) -> CareerClient:
    """One career system as configured."""
    profile = load_profile(career.profile)

    def wire(url: str | None) -> Wire | None:
        session = around.connect(ca_file=_authorities(career.ca_file), proxies=_proxies(career.proxy))
        return (
            None
            if url is None
            else Wire(session, url, around.clock, side=career.system, lab=career.lab, campus=career.private_network)
        )

    def secret(name: str, reference: str | None) -> Callable[[], Secret] | None:
        return None if reference is None else partial(_secret_of, career.system, name, reference, around.environ)

    secrets = {
        name: read
        for name, value in career.settings.items()
        if profile.all_settings[name].secret and (read := secret(name, value))
    }
    setup = Setup(
        system=career.system,
        profile=profile,
        clock=around.clock,
        rng=around.chance,
        wire=wire(career.url),
        key=secret("key", career.key),
        folder=career.folder,
        settings=career.settings,
        secrets=secrets,
        carrier=carrier_of(profile, career.requests),
        requests_wire=wire(career.requests_url),
        requests_key=secret("requests_key", career.requests_key),
    )
    return connect(setup)


def _secret_of(system: str, name: str, reference: str, environ: Mapping[str, str]) -> Secret:
    """A secret of a career system, read anew each time, since the system may ask for it at any time.

    Raises:
        Halt: it cannot be read; that stops this system alone.
    """
    try:
        return read_secret(reference, environ, setting=f"{name} of {system}")
    except UserError as error:
        problem = error.problems[0]
        reason = f"our secret for it cannot be read: {problem.code} {problem.message}"
        raise Halt(subject=system, reason=reason, remedy=problem.cure) from None


def career_faults(career: Career) -> Iterable[Fault]:
    """What is wrong with a career system's table in view of its profile; see ``connector.config.load_settings``."""
    unknown = name_fault(career.profile)
    if unknown is not None:
        return [("profile", *unknown)]
    given = Given(
        url=career.url is not None,
        key=career.key is not None,
        folder=career.folder is not None,
        carrier=career.requests,
        requests_url=career.requests_url is not None,
        requests_key=career.requests_key is not None,
        settings=career.settings,
    )
    return faults(load_profile(career.profile), given)


def _authorities(path: Path | None) -> str | None:
    """The file of trusted authorities, tried: one that cannot be used would look like a side that is down, for ever."""
    if path is None:
        return None
    try:
        ssl.create_default_context(cafile=path)
    except OSError as error:
        why = "it holds no certificate" if isinstance(error, ssl.SSLError) else (error.strerror or "unknown reason").lower()
        message = f"the file of trusted authorities (ca_file) cannot be used: {why}"
        raise UserError([Problem(code="C206", message=message, cure="name a file in PEM form", file=str(path))]) from None
    return str(path)


def _proxies(proxy: str | None) -> dict[str, str] | None:
    return None if proxy is None else {"https": proxy}
