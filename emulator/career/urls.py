"""The paths of the generic career contract, and the application that serves them."""

import re
from collections import Counter
from dataclasses import dataclass
from threading import Lock

from emulator.career import control, errors, faults, responses
from emulator.career.faults import Fault, Order
from emulator.career.models import Actor, CareerSystem, moment
from emulator.career.responses import Endpoint
from emulator.http import Request, Response, Router

BASE = "/bridge/v1"

_PATHS: tuple[tuple[str, str, Endpoint], ...] = (
    ("GET", "/tenant", responses.tenant),
    ("GET", "/people", responses.people),
    ("POST", "/people", responses.create_person),
    ("POST", "/people/batch", responses.change_people),
    ("GET", "/people/{id}", responses.person),
    ("PATCH", "/people/{id}", responses.change_person),
    ("DELETE", "/people/{id}", responses.delete_person),
    ("GET", "/people/{id}/versions", responses.versions),
    ("GET", "/requests", responses.requests),
    ("POST", "/requests", responses.file_request),
    ("POST", "/requests/acknowledgements", responses.acknowledge_many),
    ("GET", "/requests/{id}", responses.request),
    ("PATCH", "/requests/{id}", responses.change_request),
    ("GET", "/requests/{id}/acknowledgement", responses.acknowledgement),
    ("PUT", "/requests/{id}/acknowledgement", responses.acknowledge),
    ("GET", "/changes", responses.changes),
    ("GET", "/notes", responses.notes),
    ("POST", "/notes/batch", responses.put_notes),
    ("PUT", "/notes/{key}", responses.put_note),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One request that was no GET, as its bytes came in, with the status that was decided (even if nobody heard it)."""

    at: str
    by: str
    kind: str
    method: str
    path: str
    body: bytes
    status: int


class CareerApp:
    """Serves one `CareerSystem`. `calls` counts per method and path pattern; `writes` is god's view of all writes."""

    def __init__(self, system: CareerSystem, *, control_token: str = "") -> None:
        self.system = system
        self.control_token = control_token
        self.orders: list[Order] = []
        self.calls: Counter[str] = Counter()
        self.writes: list[Write] = []
        self._lock = Lock()
        self._window = (0, 0)
        self._router: Router[tuple[str, Endpoint]] = Router()
        for method, path, endpoint in _PATHS:
            self._router.add(method, BASE + path, (f"{method} {path}", endpoint))

    def order(self, fault: Fault, pattern: str = ".", *, count: int = 1, value: str = "") -> None:
        """Let the next `count` requests whose "METHOD path?query" matches meet a fault."""
        self.orders.append(Order(fault=fault, pattern=re.compile(pattern), count=count, value=value))

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        with self._lock:
            if request.path.startswith(control.PREFIX + "/"):
                return control.answer(self, request)
            return self._serve(request)

    def _serve(self, request: Request) -> Response:
        order = self._take(request)
        if order is not None and order.before:
            self._note("(fault)", request, None, instead := faults.instead(order))
            return instead
        answer = self._answer(request)
        return answer if order is None else faults.after(order, answer)

    def _answer(self, request: Request) -> Response:
        name, actor = "(none)", None
        try:
            actor = self._authenticate(request)
            self._admit_call()
            found = self._router.find(request.method, request.segments())
            if isinstance(found, frozenset):
                raise errors.method_not_allowed(", ".join(sorted(found))) if found else errors.not_found("path")
            (name, endpoint), values = found
            answer = endpoint(self.system, actor, request, values)
        except errors.ApiError as refused:
            answer = refused.response()
        self._note(name, request, actor, answer)
        return answer

    def _authenticate(self, request: Request) -> Actor:
        scheme, _, key = request.header("authorization").partition(" ")
        actor = self.system.keys.get(key.strip())
        if scheme.lower() != "bearer" or actor is None:
            raise errors.unauthorized()
        return actor

    def _admit_call(self) -> None:
        limit = self.system.switches.calls_per_minute
        if limit is None:
            return
        now = int(self.system.clock.now().timestamp())
        minute, used = self._window
        used = used + 1 if minute == now // 60 else 1
        self._window = (now // 60, used)
        if used > limit:
            raise errors.throttled(str(60 - now % 60))

    def _take(self, request: Request) -> Order | None:
        line = f"{request.method} {request.path}" + (f"?{request.query}" if request.query else "")
        for order in self.orders:
            if order.count > 0 and order.pattern.search(line):
                order.count -= 1
                return order
        return None

    def _note(self, name: str, request: Request, actor: Actor | None, answer: Response) -> None:
        self.calls[name] += 1
        if request.method != "GET":
            self.writes.append(
                Write(
                    at=moment(self.system.clock.now()),
                    by=actor.id if actor else "",
                    kind=actor.kind.value if actor else "",
                    method=request.method,
                    path=request.path,
                    body=request.body,
                    status=answer.status,
                )
            )
