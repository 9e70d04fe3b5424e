"""The composition root: the only module that knows every concrete class."""

from __future__ import annotations

import os
import secrets as randomness
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from importlib import resources
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from connector.career.profile import load_profile
from connector.career.side import CareerClient
from connector.clock import SystemClock
from connector.config import Career, Crm, Settings
from connector.core.evidence import KEYS_VERSION
from connector.core.match import Weights
from connector.engine.context import Context, Progress, no_progress
from connector.engine.cycle import prepare
from connector.errors import Problem, UserError
from connector.ports import Calls, Clock
from connector.rules import Rulebook, load_rules
from connector.salesforce.auth import ClientCredentials, ExistingToken, Instances, JwtBearer, TokenSource
from connector.salesforce.client import Client
from connector.salesforce.side import SalesforceSide
from connector.salesforce.transport import Transport
from connector.secrets import Secret, read_secret
from connector.store.store import Store, open_store
from connector.wire import Wire, open_session

WEIGHTS = "weights/person-1.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridge:
    """A wired installation. ``mapping`` names what is read of a contact, to notice when that changes."""

    settings: Settings
    rulebook: Rulebook
    context: Context
    crm: SalesforceSide
    careers: Mapping[str, CareerClient]
    mapping: str

    def calls(self) -> dict[str, Calls]:
        """Remote calls made by this process, by side."""
        return {"crm": self.crm.calls} | {name: career.calls for name, career in self.careers.items()}

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
        return read_secret(settings.state.postgresql, environ).reveal()
    return f"sqlite:///{settings.state.sqlite}"


@contextmanager
def open_bridge(
    settings: Settings, *, clock: Clock | None = None, environ: Mapping[str, str] | None = None, progress: Progress = no_progress
) -> Iterator[Bridge]:
    """Wire everything that a configuration names; nothing is asked of a remote side yet.

    Raises:
        UserError: a mapping, profile or secret is wrong; every problem of the file.
        Halt: the state cannot be used, or an address may not be.
    """
    clock = clock or SystemClock()
    environ = os.environ if environ is None else environ
    rulebook = load_rules(settings.bridge.mappings)
    store = open_store(state_url(settings, environ))
    try:
        yield _wire_all(settings, rulebook, store, clock, environ, progress)
    finally:
        store.close()


def _wire_all(
    settings: Settings, rulebook: Rulebook, store: Store, clock: Clock, environ: Mapping[str, str], progress: Progress
) -> Bridge:
    crm = open_crm(settings.crm, rulebook, clock, environ)
    careers = {career.system: open_career(career, clock, environ) for career in settings.career}
    context = Context(
        person=rulebook.person,
        requests=rulebook.requests,
        routing=rulebook.routing,
        rules_hash=rulebook.hash,
        store=store,
        crm=crm,
        careers=careers,
        clock=clock,
        rng=_chance,
        weights=read_weights(),
        environment=settings.bridge.environment,
        holder=f"{socket.gethostname()}:{settings.state.sqlite}"[:80],
        version=product_version(),
        start_at=settings.requests.start_at,
        progress=progress,
    )
    fields = "|".join(rulebook.person.contact_fields())
    mapping = sha256(f"{KEYS_VERSION}|{fields}".encode()).hexdigest()
    return Bridge(settings=settings, rulebook=rulebook, context=context, crm=crm, careers=careers, mapping=mapping)


def reload(bridge: Bridge) -> Bridge:
    """The same installation under the mapping files as they are now; the very same object if they mean the same.

    Raises:
        UserError: they cannot be used; the bridge given stays good.
    """
    rulebook = load_rules(bridge.settings.bridge.mappings)
    if rulebook.hash == bridge.rulebook.hash:
        return bridge
    context = bridge.context
    fresh = _wire_all(bridge.settings, rulebook, context.store, context.clock, os.environ, context.progress)
    prepare(fresh.context, fresh.mapping)
    return fresh


def _chance() -> float:
    return randomness.randbelow(2**32) / 2**32


def read_weights() -> Weights:
    """The shipped weights of evidence."""
    return Weights.from_json(resources.files("connector.core").joinpath(WEIGHTS).read_bytes())


def open_crm(crm: Crm, rulebook: Rulebook, clock: Clock, environ: Mapping[str, str]) -> SalesforceSide:
    """The Salesforce side as configured."""
    transport = open_transport(crm, clock, environ)
    client = Client(transport, clock=clock, rng=_chance)
    overlap = timedelta(seconds=crm.overlap_seconds)
    fields = rulebook.person.contact_fields()
    return SalesforceSide(client, clock, contact_fields=fields, overlap=overlap, page=crm.page_size)


def open_transport(crm: Crm, clock: Clock, environ: Mapping[str, str], *, source: TokenSource | None = None) -> Transport:
    """The way to the org; ``source`` replaces the configured login (an administrator's, for deploying)."""
    reserve = 1 - crm.budget
    return Transport(
        source or token_source(crm, clock, environ), lambda at: open_crm_wire(crm, at, clock), clock, reserve=reserve
    )


def open_crm_wire(crm: Crm, address: str, clock: Clock) -> Wire:
    """The way to one host of the org."""
    session = open_session(ca_file=_authorities(crm.ca_file), proxies=_proxies(crm.proxy))
    return Wire(session, address, clock, side="crm", lab=crm.lab)


def token_source(crm: Crm, clock: Clock, environ: Mapping[str, str]) -> TokenSource:
    """The configured login."""
    instances = Instances(my_domain=crm.my_domain, lab=crm.lab)
    wire = open_crm_wire(crm, crm.my_domain, clock)

    def secret(reference: str | None) -> Secret:
        return read_secret(reference or "", environ)

    match crm.login:
        case "jwt":
            return JwtBearer(
                wire,
                instances,
                clock,
                consumer_key=secret(crm.consumer_key).reveal(),
                username=crm.username or "",
                private_key=secret(crm.private_key),
                unique=lambda: randomness.token_hex(16),
            )
        case "client_credentials":
            key = secret(crm.consumer_key).reveal()
            return ClientCredentials(wire, instances, clock, consumer_key=key, consumer_secret=secret(crm.consumer_secret))
        case "token":
            return ExistingToken(secret(crm.access_token), crm.my_domain, instances)


def open_career(career: Career, clock: Clock, environ: Mapping[str, str]) -> CareerClient:
    """One career system as configured."""
    session = open_session(ca_file=_authorities(career.ca_file), proxies=_proxies(career.proxy))
    return CareerClient(
        system=career.system,
        profile=load_profile(career.profile),
        wire=Wire(session, career.url, clock, side=career.system, lab=career.lab),
        secret=lambda: read_secret(career.key, environ),
        clock=clock,
        rng=_chance,
    )


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
