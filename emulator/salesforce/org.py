"""The state of one Salesforce organisation, in one object. Any number of them live in one process."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import RLock
from typing import Any, TypeVar

from emulator.clock import Clock
from emulator.salesforce.access import Access, Grant, ObjectGrant
from emulator.salesforce.base_data import populate, standard_grants
from emulator.salesforce.errors import SalesforceError
from emulator.salesforce.faults import Faults
from emulator.salesforce.fields import Field, SObject
from emulator.salesforce.flavours import install
from emulator.salesforce.flows import Flow
from emulator.salesforce.ids import make_id
from emulator.salesforce.ledger import Ledger
from emulator.salesforce.logins import Logins, Session
from emulator.salesforce.schema.loading import standard_objects
from emulator.salesforce.seen import Seen
from emulator.salesforce.settings import Settings
from emulator.salesforce.table import Row, Table
from emulator.salesforce.usage import Usage
from emulator.salesforce.values import stamp

T = TypeVar("T")

_COPIED = (
    *("objects", "writes", "duplicate_rules", "jobs", "bulk_numbers", "calls", "flows", "record_type_values"),
    *("_binned", "_polls", "_numbers", "_auto", "_access"),
)
"""Attributes of an organisation that are lists or dicts of what never changes in place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One line of the god's-view log: what was written by whom. `via` is api or control."""

    moment: datetime
    user_id: str
    sobject: str
    id: str
    kind: str
    fields: tuple[str, ...]
    via: str


@dataclass(slots=True, kw_only=True)
class Deferred:
    """Work that becomes visible later, with the time stamp at which it began."""

    at: datetime
    began: datetime
    run: Callable[[], object]
    holds_back: bool


@dataclass(slots=True, kw_only=True)
class Package:
    """What was deployed that has no records of its own: layouts, list views, quick actions, by type and full name."""

    components: dict[tuple[str, str], bytes] = field(default_factory=dict)
    deploys: dict[str, Any] = field(default_factory=dict)


class Org:
    """One organisation: schema, records, users, sessions, limits, faults and the log of writes.

    `clock` decides all times; without one the organisation's time stands still until it is moved. `name` makes the
    My Domain host and the organisation's id. All methods are for one thread at a time; `lock` is there for fronts that
    have several.
    """

    def __init__(self, *, name: str = "university", clock: Clock | None = None, settings: Settings | None = None) -> None:
        self.name = name
        self.clock = clock or Clock()
        self.settings = settings or Settings()
        self.lock = RLock()
        self.objects: dict[str, SObject] = dict(standard_objects())
        self.tables: dict[str, Table] = {}
        self.grants: dict[str, Grant] = standard_grants()
        self.ledger = Ledger(self.clock, self.settings)
        self.logins = Logins(self.clock)
        self.seen = Seen()
        self.package = Package()
        self.faults = Faults()
        self.writes: list[Write] = []
        self.duplicate_rules: list[Any] = []
        self.deferred: list[Deferred] = []
        self.locators: dict[str, Any] = {}
        self.jobs: dict[str, Any] = {}
        self.bulk_numbers: dict[str, int] = {}
        self.calls: dict[str, int] = {}
        self.flows: list[Flow] = []
        self.running: list[tuple[datetime, datetime]] = []
        self.record_type_values: dict[tuple[str, str], frozenset[str]] = {}
        self.refreshed = 0
        self.changed_schema_at = self.clock.now()
        self.version = 0
        self.derived_at = -1
        self._binned: dict[str, str] = {}
        self._next_sweep = self.changed_schema_at
        self._polls: dict[str, int] = {}
        self._numbers: dict[str, int] = {}
        self._auto: dict[tuple[str, str], int] = {}
        self.usage = Usage(self.clock)
        self._access: dict[tuple[str, bool], tuple[int, Access]] = {}
        self._moment: datetime | None = None
        self._prefixes: dict[str, str] | None = None
        self.id = make_id("00D", int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big"))
        self.admin_id = populate(self)
        install(self)

    def copy(self, clock: Clock) -> "Org":
        """An organisation that is the same as this one now and goes its own way from here, by its own clock.

        Ordered faults and requests that run stay behind. What never changes in place is shared.

        Raises:
            ValueError: something is under way: a transaction, deferred work, or history that could be lost again.
        """
        if self.deferred or not self.ledger.at_rest:
            raise ValueError("an organisation can be copied at rest only")
        made = copy(self)
        made.clock, made.lock, made.usage, made.logins = clock, RLock(), self.usage.copy(clock), self.logins.copy(clock)
        made.settings = replace(self.settings)
        made.ledger, made.seen = Ledger(clock, made.settings), self.seen.copy()
        made.tables = {name: table.copy() for name, table in self.tables.items()}
        made.grants = {holder: grant.copy() for holder, grant in self.grants.items()}
        made.package = Package(components=dict(self.package.components), deploys=dict(self.package.deploys))
        made.faults, made.running, made.locators, made.deferred = Faults(), [], {}, []
        for name in _COPIED:
            setattr(made, name, copy(getattr(self, name)))
        return made

    # --- names and places ---------------------------------------------------------------------------------------

    @property
    def host(self) -> str:
        """The My Domain host."""
        return f"{self.name}.my.salesforce.com"

    def sobject(self, name: str) -> SObject:
        """An object by its name, without regard to case.

        Raises:
            SalesforceError: NOT_FOUND.
        """
        found = self.objects.get(name.lower())
        if found is None:
            raise SalesforceError("NOT_FOUND", "The requested resource does not exist", status=404)
        return found

    def table(self, name: str) -> Table:
        """The records of an object."""
        table = self.tables.get(name)
        if table is None:
            table = self.tables[name] = Table()
        return table

    def sobject_of(self, id_: str) -> SObject | None:
        """The object that an id belongs to, by its first three characters."""
        if self._prefixes is None:
            self._prefixes = {one.prefix: key for key, one in self.objects.items() if one.header["keyPrefix"]}
        key = self._prefixes.get(id_[:3])
        return self.objects[key] if key else None

    def record(self, id_: str | None) -> Row | None:
        """Any record by its 18-character id, deleted ones included."""
        if id_ is None or (one := self.sobject_of(id_)) is None:
            return None
        return self.table(one.name).rows.get(id_)

    def live(self, id_: str | None) -> Row | None:
        """A record that is not in the recycle bin."""
        row = self.record(id_)
        return row if row is not None and not row.get("IsDeleted") else None

    def define(self, changed: SObject) -> None:
        """Add or replace an object's definition."""
        self.objects[changed.name.lower()] = changed
        self._prefixes = None
        self.touch_schema()

    def restore(self, objects: dict[str, SObject], grants: dict[str, Grant]) -> None:
        """Put definitions and permissions back as they were."""
        self.objects, self.grants = objects, grants
        self._prefixes = None
        self.version += 1

    def touch_schema(self) -> None:
        """Note that describes, permissions or labels changed: caches and conditional requests follow."""
        self.version += 1
        self.changed_schema_at = self.clock.now()

    # --- time ---------------------------------------------------------------------------------------------------

    def now(self) -> datetime:
        """The time of the running transaction: the clock's, or the past moment at which late work began."""
        return self._moment or self.clock.now()

    def stamp(self) -> str:
        """The time of the running transaction as Salesforce prints it."""
        return stamp(self.now())

    def later(self, seconds: float, run: Callable[[], object], *, began: datetime | None = None) -> None:
        """Let `run` happen `seconds` from now.

        With `began` its writes carry that earlier time and hold `latestDateCovered` back until then: a long transaction
        that commits late.
        """
        at = self.clock.now() + timedelta(seconds=seconds)
        self.deferred.append(Deferred(at=at, began=began or at, run=run, holds_back=began is not None))

    def run_late(self, seconds: float, run: Callable[[], T]) -> T:
        """Carry `run` out now but let its writes become visible only `seconds` later, with today's stamps.

        Until then they hold `latestDateCovered` back. Ids and answers are final at once.
        """
        began = self.clock.now()
        result, commit = self.ledger.hold_back(run)

        def become_visible() -> None:
            commit()
            self.version += 1

        self.later(seconds, become_visible, began=began)
        return result

    def settle(self) -> None:
        """Carry out deferred work whose time has come, and empty the bin of what is too old."""
        if self._binned and self.clock.now() >= self._next_sweep:
            self._sweep_bin()
        while self.deferred:
            due = [one for one in self.deferred if one.at <= self.clock.now()]
            if not due:
                return
            first = min(due, key=lambda one: one.at)
            self.deferred.remove(first)
            self._moment = first.began
            try:
                with self.ledger.dated(first.at):
                    first.run()
            finally:
                self._moment = None

    def _sweep_bin(self) -> None:
        """Forget what has been in the recycle bin for too long; the bin is looked at once an hour."""
        self._next_sweep = self.clock.now() + timedelta(hours=1)
        oldest = stamp(self.clock.now() - timedelta(days=self.settings.bin_days))
        for id_, name in list(self._binned.items()):
            row = self.table(name).rows.get(id_)
            if row is None or not row["IsDeleted"]:
                del self._binned[id_]
            elif row["SystemModstamp"] < oldest:
                del self._binned[id_]
                self.purge(name, id_)

    def crowded(self) -> bool:
        """Whether as many requests as may have been running for 20 seconds or longer."""
        if not self.running:
            return False
        now = self.clock.now()
        self.running = [(began, ends) for began, ends in self.running if ends > now]
        long = sum(now - began >= timedelta(seconds=20) for began, _ in self.running)
        return long >= self.settings.concurrent_limit

    def unfinished(self, job: str) -> bool:
        """Whether a job would still say so."""
        return self._polls.get(job, 0) <= self.settings.job_polls and self.settings.job_polls > 0

    def pending(self, job: str) -> bool:
        """Whether a job still says that it is not done; each time of asking counts."""
        asked = self._polls[job] = self._polls.get(job, 0) + 1
        return asked <= self.settings.job_polls

    def replica(self) -> AbstractContextManager[None]:
        """The records as they were `replica_lag` seconds ago, for reading only."""
        return self.ledger.as_before(self.settings.replica_lag)

    def lose(self, seconds: float) -> int:
        """Take back what was written in the last seconds; returns how many writes that is."""
        self.version += 1
        return self.ledger.lose(seconds)

    def covered(self, until: datetime) -> datetime:
        """Up to when all changes are visible: `until`, now, or the start of the oldest transaction still running."""
        return min([until, self.clock.now(), *(one.began for one in self.deferred if one.holds_back)])

    # --- records ------------------------------------------------------------------------------------------------

    def new_id(self, sobject: SObject) -> str:
        """The next id of an object."""
        number = self._numbers[sobject.prefix] = self._numbers.get(sobject.prefix, 0) + 1
        return make_id(sobject.prefix, number)

    def next_auto_number(self, sobject: SObject, one: Field) -> str:
        """The next value of an auto-number field: its display format with the number filled in."""
        key = (sobject.name, one.name)
        number = self._auto[key] = self._auto.get(key, 0) + 1
        form = str(one.properties.get("displayFormat") or "{0}")
        before, _, rest = form.partition("{")
        zeros, _, after = rest.partition("}")
        return f"{before}{number:0{len(zeros)}d}{after}"

    def put(self, name: str, row: Row) -> None:
        """Store a record so that a running transaction can take it back."""
        if row["IsDeleted"]:
            self._binned[row["Id"]] = name
        self.ledger.put(self.table(name), row)

    def purge(self, name: str, id_: str) -> None:
        """Forget a record altogether."""
        self.ledger.drop(self.table(name), id_)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All writes inside take effect, or none if an exception leaves; transactions nest."""
        logged, grants = len(self.writes), dict(self.grants)
        try:
            with self.ledger.transaction():
                yield
        except BaseException:
            del self.writes[logged:]
            if grants != self.grants:
                self.grants = grants
                self.touch_schema()
            raise

    # --- users --------------------------------------------------------------------------------------------------

    def access(self, user_id: str, *, system: bool = False) -> Access:
        """What a user may do now; `system` is the emulator acting in the user's name, without limits."""
        known = self._access.get((user_id, system))
        if known is not None and known[0] == self.version:
            return known[1]
        user = self.live(user_id) or {}
        holders = {user.get("ProfileId")}
        for row in self.table("PermissionSetAssignment").equal("AssigneeId", [user_id]):
            holders.add(row["PermissionSetId"])
        made = Access(user_id, [self.grants[each] for each in holders if each in self.grants], system=system)
        self._access[user_id, system] = (self.version, made)
        return made

    def user_named(self, username: str) -> Row | None:
        """A user by login name."""
        return next((row for row in self.table("User").equal("Username", [username])), None)

    def log_in(self, user_id: str, *, client: str = "", refresh: str = "") -> Session:
        """A new session for a user, as long as the organisation's sessions are."""
        return self.logins.open(self.id, user_id, hours=self.settings.session_hours, client=client, refresh=refresh)

    def session(self, token: str) -> Session | None:
        """The session of a token, if it is still good and its user still active."""
        found = self.logins.find(token)
        return found if found and (self.live(found.user_id) or {}).get("IsActive") else None

    # --- the log and permissions ----------------------------------------------------------------------------------

    def log(self, access: Access, sobject: str, id_: str, kind: str, fields: Mapping[str, Any]) -> None:
        """Enter a write into the god's-view log."""
        self.writes.append(
            Write(
                moment=self.now(),
                user_id=access.user_id,
                sobject=sobject,
                id=id_,
                kind=kind,
                fields=tuple(fields),
                via="control" if access.system else "api",
            )
        )

    def grant_field(self, sobject: str, field_: str, *, holder: str, edit: bool = True) -> None:
        """Give a profile or permission set (by id) a field."""
        self.grants[holder].fields[sobject.lower(), field_.lower()] = edit
        self.touch_schema()

    def grant_object(self, sobject: str, given: ObjectGrant, *, holder: str) -> None:
        """Give a profile or permission set (by id) an object."""
        self.grants[holder].objects[sobject.lower()] = given
        self.touch_schema()
