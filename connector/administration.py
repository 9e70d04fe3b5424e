"""What an administrator does around the running bridge: checks, the package, the privacy page, erasing a person."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

from connector.bootstrap import Bridge, Surroundings, open_crm_wire, read_rules
from connector.clock import SystemClock
from connector.config import SECRETS, Settings
from connector.core.model import Mode, Share, Side, Unit
from connector.core.requests import RequestType
from connector.core.routing import find_officer
from connector.core.rulebook import Persons, Rulebook, Rules, Source
from connector.engine import permission
from connector.engine.context import Context, Progress
from connector.engine.pins import compare
from connector.errors import Halt, Later, Refused, Unknown
from connector.ports import Feed
from connector.secrets import is_reference, read_secret
from connector.store import journal
from crm_package.archive import build_zip, permission_files
from crm_package.deploy import DeployError, DeployResult, deploy
from crm_package.deploy import Progress as DeployProgress

Check = tuple[str, Callable[[], object]]


def notes(persons: Persons) -> list[str]:
    """What an administrator should know of a mapping although nothing in it is wrong."""
    found = "a change there is found when the contact changes, or by the weekly sweep"
    return [f"{one.path} is read and not in watch: {found}" for one in persons.related() if not one.followed and one.fields]


def inherited(settings: Settings) -> list[str]:
    """Which secrets come from environment variables: every child process inherits these."""
    told = [place for place, reference in _references(settings) if reference.startswith("env:")]
    better = "is in an environment variable, which child processes inherit; a systemd credential or a file is better"
    return [f"{one} {better}" for one in told]


def _references(settings: Settings) -> Iterator[tuple[str, str]]:
    """Each secret that a configuration refers to: which setting it is, and the reference."""
    for name, value in settings.model_dump(mode="json").items():
        for table in value if isinstance(value, list) else [value]:
            of = f" of {table['system']}" if "system" in table else ""
            given = {key: text for key, text in table.items() if key in SECRETS} | table.get("settings", {})
            yield from ((f"[{name}] {key}{of}", text) for key, text in given.items() if is_reference(str(text)))


def local_checks(bridge: Bridge) -> list[Check]:
    """The checks that ask nobody outside; a check fails by raising."""
    checks: list[Check] = [("mapping: permits no more than was confirmed", lambda: _confirmed(bridge.context))]
    environ = bridge.around.environ
    # They are read when they are first needed: that is late to learn that one is missing.
    checks += [(f"secret: {place}", partial(read_secret, text, environ)) for place, text in _references(bridge.settings)]
    return checks


def _confirmed(ctx: Context) -> None:
    with ctx.store.begin() as db:
        more = permission.unconfirmed(ctx, db)
    if more:
        raise Halt(subject="mapping", reason="; ".join(more), remedy="look at it, then `alumni-bridge apply`")


def remote_checks(bridge: Bridge) -> list[Check]:
    """The checks that ask the two sides, each with what it looks at; a check fails by raising."""
    ctx = bridge.context
    checks: list[Check] = [
        ("Salesforce: login and organisation", lambda: compare(ctx, "org", bridge.crm.organization_id())),
        (
            "Salesforce: objects, fields and permissions",
            lambda: bridge.crm.check(ctx.persons.contact_fields(), ctx.persons.profile_fields()),
        ),
        ("Salesforce: words of the picklists", lambda: _words(bridge)),
        ("Salesforce: our user cannot write a Contact, nor what is read beside it", lambda: _cannot_write(bridge)),
        ("Salesforce: our user has no right that the bridge does not need", lambda: _excess(bridge)),
        ("Salesforce: the audit holds what was written down there of it", lambda: _audit(bridge)),
        ("Salesforce: officers and queues of routing.toml", lambda: _owners(bridge)),
    ]
    checks += [(f"{name}: login and tenant", partial(_tenant, ctx, name)) for name in ctx.careers]
    return checks


def _tenant(ctx: Context, system: str) -> None:
    compare(ctx, f"tenant:{system}", ctx.careers[system].tenant_id())


def _words(bridge: Bridge) -> None:
    rules = [rule for person in bridge.rulebook.persons.every() for _, rule in person.rules() if rule.crm_words]
    unknown = bridge.crm.foreign_words(Feed.PROFILE, {rule.crm: rule.crm_words for rule in rules if rule.on_profile})
    unknown += bridge.crm.foreign_words(Feed.CONTACT, {rule.crm: rule.crm_words for rule in rules if not rule.on_profile})
    if unknown:
        raise Halt(
            subject=", ".join(unknown),
            reason="Salesforce has no such word in its picklist",
            remedy="correct [picklist.NAME] in person.toml, or add the word in Setup; until then such values are refused",
        )


def _cannot_write(bridge: Bridge) -> None:
    writable = ", ".join(bridge.crm.writable_by_us())
    if writable:
        raise Halt(
            subject=writable,
            reason="the integration user may edit what the bridge only reads",
            remedy=f"leave it the permission set Alumni_Bridge_Daemon alone, and a profile without rights on {writable}",
        )


def _excess(bridge: Bridge) -> None:
    found = bridge.crm.excess()
    if found:
        raise Halt(
            subject="our Salesforce user",
            reason=f"it has more rights than the bridge needs: {'; '.join(found)}",
            remedy="give it the profile Minimum Access - API Only Integrations, the permission set Alumni_Bridge_Daemon and no "
            "other, and its app the scope api alone",
        )


def _audit(bridge: Bridge) -> None:
    told = bridge.crm.audit_head()
    with bridge.context.store.begin() as db:
        whole = told is None or journal.holds(db, told)
    if not whole:
        raise Halt(
            subject="audit",
            reason=f"it no longer has the entry {(told or '')[:20]}... that Bridge Status in Salesforce tells of",
            remedy="its end was cut off, or it is another state: keep a copy, compare with a backup, see the runbook",
        )


def _owners(bridge: Bridge) -> None:
    officers = bridge.crm.directory().officers
    missing = [owner.name for owner in bridge.rulebook.routing.owners.values() if find_officer(owner, officers) is None]
    if missing:
        raise Halt(
            subject="routing.toml",
            reason=f"Salesforce has no single active user or queue called {', '.join(sorted(missing))}",
            remedy="correct the owner in routing.toml (a login name is unique), or create the queue; until then the fallback "
            "owner gets the Tasks, and what asks the stewards has no owner",
        )


def package_bytes(rulebook: Rulebook) -> bytes:
    """The package with the permission sets that follow from this mapping."""
    persons = rulebook.persons
    return build_zip(extra=permission_files(persons.contact_fields(), persons.profile_fields(), beside=persons.fields_beside()))


class _AdminTransport:
    """An administrator's connection, as the deployment wants it."""

    def __init__(self, settings: Settings, token: str, environ: Mapping[str, str]) -> None:
        self._token = read_secret(token, environ, file="--token")
        self._wire = open_crm_wire(settings.crm, settings.crm.my_domain, Surroundings())

    def send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """One exchange; an answer that was lost is an ``OSError``, as the deployment expects."""
        full = dict(headers) | {"Authorization": f"Bearer {self._token.reveal()}"}
        try:
            answer = self._wire.send(method, path, headers=full, body=body, write=method != "GET", server_errors=True)
        except (Later, Unknown) as error:
            raise OSError(str(error)) from error
        return answer.status, dict(answer.headers), answer.data


def deploy_package(
    settings: Settings, token: str, environ: Mapping[str, str], *, check_only: bool, progress: Progress
) -> DeployResult:
    """Check or deploy the package with an administrator's token; never with the daemon's own login.

    Raises:
        UserError: the token's reference or the mapping is wrong.
        Refused: Salesforce does not take the deployment, or nobody knows whether it did.
    """
    clock = SystemClock()
    zipped = package_bytes(read_rules(settings))

    def tell(step: DeployProgress) -> None:
        progress("deploying components", step.done, step.total)

    try:
        return deploy(
            _AdminTransport(settings, token, environ),
            zipped,
            check_only=check_only,
            monotonic=clock.monotonic,
            sleep=clock.sleep,
            on_progress=tell,
        )
    except DeployError as error:
        remedy = "look at Setup > Deployment Status before trying again"
        raise Refused(side="crm", code=type(error).__name__, detail=str(error), remedy=remedy) from error


def mapping_page(rulebook: Rulebook) -> str:
    """Who owns what and what is shared on which basis, as a page in Markdown with a place to sign."""
    lines = [
        "# What is kept in step, who owns it, and on which basis it is shared",
        "",
        f"Version of the mapping: `{rulebook.hash[:16]}`.",
        "Alumni Relations owns the contact record; the bridge never edits a Contact.",
        *_page_persons(rulebook.persons.usual),
    ]
    for system, rules in rulebook.persons.own.items():
        lines += ["", f"# For the career system `{system}`", *_page_persons(rules)]
    lines += ["", "## Career requests", "", "| type | consent it needs | named ask needs clearance |", "| --- | --- | --- |"]
    lines += [_row(kind.label, _basis(kind), kind.clearance.value) for kind in rulebook.requests.types]
    lines += ["", "Approved by (privacy officer): ______________________   Date: ______________", ""]
    return "\n".join(lines)


def _page_persons(person: Rules) -> list[str]:
    lines = ["", "| what | fields | owner | goes to careers | an edit by the other office | while it waits |"]
    lines += ["| --- | --- | --- | --- | --- | --- |", *(_page_row(unit) for unit in person.units)]
    lines += ["", "## Consent", "", "| purpose | recorded in |", "| --- | --- |"]
    lines += [_row(purpose, unit.label) for purpose, unit in person.purposes.items()]
    lines += ["", "## Only read, never written", ""]
    lines += [f"- {_plain(source.label)}" for source in person.reads] or ["- nothing"]
    lines += ["", "## Who is eligible", "", f"- never shared about: {_names(person.eligibility.exclude) or 'nobody'}"]
    lines += [f"- required: {_names(person.eligibility.require) or 'nothing'}"]
    if person.eligibility.class_year_from is not None:
        lines.append(f"- class year from {person.eligibility.class_year_from}")
    return lines


def _names(sources: Iterable[Source]) -> str:
    return ", ".join(_plain(source.label) for source in sources)


def _basis(kind: RequestType) -> str:
    return "confidential: never stored" if kind.confidential else kind.purpose or "none"


def _page_row(unit: Unit) -> str:
    fields = ", ".join(rule.label for rule in unit.fields)
    edit = unit.other_office_edit.value.replace("_", " ")
    return _row(unit.label, fields, unit.owner.value.replace("_", " "), _shared(unit), edit, unit.until_decided.value)


def _shared(unit: Unit) -> str:
    """On which basis a value goes to careers, and that it does not while the mapping only observes."""
    if unit.owner.side is Side.CAREER:
        kept = "kept on the career profile"
        return f"is theirs; {kept if unit.to_crm is Mode.WRITE else f'not {kept} (to_crm = {unit.to_crm.value})'}"
    if unit.to_career is not Mode.WRITE and unit.share is not Share.NEVER:
        return f"not now (to_career = {unit.to_career.value})"
    return {Share.ALWAYS: "always", Share.NEVER: "never", Share.CONSENTED: f"with consent for {unit.purpose}"}[unit.share]


def _row(*cells: str) -> str:
    """A row of a table; no cell can end itself or its row."""
    safe = (_plain(cell).replace("|", "\\|") for cell in cells)
    return f"| {' | '.join(safe)} |"


def _plain(text: str) -> str:
    return " ".join(text.split())
