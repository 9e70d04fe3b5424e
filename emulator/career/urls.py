"""The application that serves a tenant under the face of one platform."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from email.utils import format_datetime
from threading import Lock

from emulator.career import control, errors, faults
from emulator.career.face import Endpoint, Face
from emulator.career.faults import Fault, Order
from emulator.career.generic import GENERIC
from emulator.career.models import CareerSystem
from emulator.career.records import NOBODY, Actor, moment
from emulator.http import Request, Response, Router, dated


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
    """Serves one `CareerSystem`. `calls` counts per method and path pattern; `writes` is god's view of all writes.

    `beside` are small services at the same address, each below a base of its own.
    """

    def __init__(
        self, system: CareerSystem, *, face: Face = GENERIC, beside: Sequence[Face] = (), control_token: str = ""
    ) -> None:
        self.system, self.face, self.beside = system, face, tuple(beside)
        self.control_token = control_token
        self.orders: list[Order] = []
        self.calls: Counter[str] = Counter()
        self.writes: list[Write] = []
        self._lock = Lock()
        self._router: Router[tuple[str, Endpoint]] = Router()
        for one in (face, *self.beside):
            for method, path, endpoint in one.paths:
                self._router.add(method, one.base + path, (f"{method} {path}", endpoint))

    def order(self, fault: Fault, pattern: str = ".", *, count: int = 1, value: str = "") -> None:
        """Let the next `count` requests whose "METHOD path?query" matches meet a fault."""
        self.orders.append(Order(fault=fault, pattern=re.compile(pattern), count=count, value=value))

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        with self._lock:
            if request.path.startswith(control.PREFIX + "/"):
                return control.answer(self, request)
            return dated(self._serve(request), self.system.clock.now())

    def _serve(self, request: Request) -> Response:
        order, face = self._take(request), self._face_of(request)
        self.face.catch_up(self.system)
        if order is not None and order.before:
            self._note("(fault)", request, None, answer := faults.instead(order))
        else:
            answer = self._answer(request, face)
            answer = answer if order is None else faults.after(order, answer)
        if answer.status >= 500:
            face.erred(self.system)
        return answer

    def _face_of(self, request: Request) -> Face:
        return next((one for one in self.beside if request.path.startswith(one.base + "/")), self.face)

    def _answer(self, request: Request, face: Face) -> Response:
        name, actor = "(none)", None
        try:
            if request.path not in face.public:
                actor = face.authenticate(self.system, request)
                face.admit(self.system)
            found = self._router.find(request.method, request.segments())
            if isinstance(found, frozenset):
                raise errors.method_not_allowed(", ".join(sorted(found))) if found else errors.not_found("path")
            (name, endpoint), values = found
            answer = endpoint(self.system, actor or NOBODY, request, values)
        except errors.ApiError as refused:
            answer = face.refuse(refused)
        self._note(name, request, actor, answer)
        return self._dated(answer, face)

    def _dated(self, answer: Response, face: Face) -> Response:
        """The answer with the system's own time, which is what clients build watermarks on."""
        date = {"Date": format_datetime(self.system.clock.now().astimezone(UTC), usegmt=True)}
        return replace(answer, headers={**date, **face.told(self.system), **answer.headers})

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
