"""F76 to F83: logging in. For all: one refresh, then a stop with its cause; no hammering; a new host needs approval."""

from __future__ import annotations

from collections.abc import Mapping

from tests.matrix.cells import Cell, Elsewhere, Operation, Place, Row
from tests.matrix.checks import asked, calm, done, halted, paced, waits
from tests.matrix.faults.where import one
from tests.matrix.orders import CRM_READS, GRAPH, PROFILES, TOKEN, answers, careers, says, step, when
from tests.simulation.process import SECRETS
from tests.simulation.run import Run
from tests.simulation.steps import Pass
from tests.simulation.troubles import Expire
from tests.systems import SYSTEM

_ONE_LOGIN = asked("crm", TOKEN, 1, 1)
_TWO_LOGINS = asked("crm", TOKEN, 1, 2)
"""One that is refused, and one to say in Salesforce that the side is halted; then silence until a person resumes it."""
_SLOWLY = paced("crm", TOKEN, seconds=55, most=1)
_STOPPED = "the side stands still, whatever was under way: see the cell of auth"
_OTHERS = tuple(operation for operation in Operation if operation is not Operation.AUTH)


def _pattern(operation: Operation) -> str:
    return {Operation.TASK: GRAPH, Operation.UPDATE: PROFILES}.get(operation, CRM_READS)


def _everywhere(title: str, auth: Place, *cells: Cell) -> Row:
    """The same in the midst of every operation."""
    return Row(title=title, places={operation: auth if operation is Operation.AUTH else cells for operation in Operation})


def _refused(name: str, reason: str) -> Cell:
    """A refused login: not tried again and again, a person has to look."""
    return Cell(orders=(answers(TOKEN, name),), during=(halted("crm", reason), _TWO_LOGINS, _SLOWLY), beats=10)


def _kicked(run: Run) -> None:
    """Another process logs our user out after each of our calls."""
    run.world.crm.order_fault("/services/data", answer="INVALID_SESSION_ID", count=999)
    run.happened("logged out")


def _renamed(run: Run) -> None:
    """My Domain gets another name: logins answer with another instance."""
    name = run.world.org.name
    run.world.crm.rename_domain("elsewhere")
    run.undo(lambda: run.world.crm.rename_domain(name))
    run.happened("another My Domain")


def _key_gone(run: Run) -> None:
    """Where careers' key stood stands nothing any more."""
    kept = SECRETS.pop("CAREER_KEY")
    run.undo(lambda: SECRETS.update(CAREER_KEY=kept))
    run.happened("key gone")


_KEY_FILES = (Elsewhere(test="salesforce/test_secrets.py"), Elsewhere(test="security/test_secrets_kept.py"))

_REFUSALS = (
    ("INACTIVE_USER", "invalid_grant.*frozen or inactive"),
    ("IP_RESTRICTED", "invalid_grant.*IP ranges"),
    ("USER_NOT_APPROVED", "invalid_grant.*pre-authorised"),
    ("APP_BLOCKED", "invalid_grant.*blocked"),
    ("APP_NOT_FOUND", "invalid_client_id.*consumer key"),
    ("INVALID_ASSERTION", "invalid_grant.*certificate expired"),
)
_ENDED = Cell(orders=(step(Expire()),), during=(done, calm, _ONE_LOGIN))

LOGINS: Mapping[int, Row] = {
    76: _everywhere("INVALID_SESSION_ID", (_ENDED,), _ENDED),
    77: _everywhere(
        "Another process logs our session out, again and again",
        one(_kicked, during=(halted("crm", "INVALID_SESSION_ID"), asked("crm", TOKEN, 1, 2)), beats=10),
        Cell(orders=(_kicked,), during=(halted("crm", "INVALID_SESSION_ID"), asked("crm", TOKEN, 1, 2)), beats=10),
    ),
    78: Row(
        title="invalid_grant: user, app, address, certificate, approval",
        places={
            Operation.AUTH: tuple(_refused(name, reason) for name, reason in _REFUSALS),
            **{
                operation: one(
                    step(Expire()), answers(TOKEN, "INACTIVE_USER"), during=(halted("crm", "invalid_grant"), _TWO_LOGINS)
                )
                for operation in _OTHERS
                if operation is not Operation.RECONCILE
            },
            Operation.RECONCILE: one(
                step(Expire()), answers(TOKEN, "INACTIVE_USER"), during=(halted("crm", "invalid_grant"), _TWO_LOGINS)
            ),
        },
    ),
    79: Row(
        title="JWT refused because our clock is wrong",
        places={
            Operation.AUTH: (Elsewhere(test="salesforce/test_salesforce_auth.py::test_clock_that_is_wrong_is_named"),),
            **dict.fromkeys(_OTHERS, _STOPPED),
        },
    ),
    80: Row(
        title="Token endpoint 5xx",
        places={
            Operation.AUTH: one(says(TOKEN, 503), during=(waits, _SLOWLY), beats=10)
            + one(says(TOKEN, 500, {"error": "server_error"}), during=(waits, _SLOWLY), beats=10),
            **{
                operation: one(step(Expire()), says(TOKEN, 503), during=(waits, _SLOWLY), beats=10)
                for operation in _OTHERS
                if operation is not Operation.RECONCILE
            },
            Operation.RECONCILE: one(step(Expire()), says(TOKEN, 503), during=(waits, _SLOWLY), beats=10),
        },
    ),
    81: Row(
        title="instance_url changes",
        places={
            operation: one(step(Expire()), _renamed, during=(halted("crm", "not the configured My Domain"), _TWO_LOGINS))
            for operation in Operation
        },
    ),
    82: Row(
        title="Key file missing, open to others, replaced",
        places={
            # A first pass, so that the key has been read before it goes.
            operation: one(
                _key_gone,
                careers("unauthorized"),
                before=(step(Pass(1)),),
                during=(halted(SYSTEM, "K102"), asked(SYSTEM, ".", 1, 1)),
                beats=5,
            )
            + (_KEY_FILES if operation is Operation.AUTH else ())
            for operation in Operation
        },
    ),
    83: Row(
        title="Token revoked in the midst of a batch",
        places={
            Operation.TASK: one(when("crm>", "/composite/graph", Expire()), during=(done, calm, _ONE_LOGIN)),
            Operation.UPDATE: one(when("crm>", "/composite/sobjects", Expire()), during=(done, calm, _ONE_LOGIN)),
            Operation.READ: one(when("crm>", "/composite", Expire()), during=(done, calm, _ONE_LOGIN)),
            Operation.AUTH: one(when("crm<", "/oauth2/token", Expire()), during=(halted("crm", "just opened is refused"),)),
            Operation.RECONCILE: one(when("crm>", "queryAll", Expire()), during=(done, calm, _ONE_LOGIN)),
        },
    ),
}
