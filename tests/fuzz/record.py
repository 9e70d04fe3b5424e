"""``python -m tests.fuzz.record`` writes the talks of the corpus anew: what the emulated systems answer to each operation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any

import orjson

from connector.errors import BridgeError
from connector.ports import CrmCreate, Feed
from connector.salesforce.auth import ClientCredentials, Instances
from connector.salesforce.client import Client
from connector.salesforce.objects import FIELDS, STATUS_FIELDS
from connector.salesforce.side import SalesforceSide
from connector.salesforce.transport import Transport
from connector.secrets import Secret
from connector.wire import Wire, open_session
from emulator.http import Request, Response
from emulator.inprocess import mount
from tests.contract.platform_world import PlatformWorld
from tests.contract.test_career_12twenty import TwelveTwentyWorld
from tests.contract.test_career_generic import GenericWorld
from tests.contract.test_career_hivebrite import HivebriteWorld
from tests.contract.test_career_symplicity import SymplicityWorld
from tests.engine.test_stories_beside import Eda
from tests.fuzz.exchange import Reply, written
from tests.fuzz.harness import CORPORA
from tests.fuzz.wires import PLATFORMS, Known, Operation, career_operations, mapping, salesforce_operations
from tests.systems import CRM_HOST

SEED = "talk-"
"""What names of recorded inputs begin with; others are findings, and are never written anew."""


@dataclass
class Recorder:
    """A service whose answers are kept."""

    handle_whole: Callable[[Request], Response]
    replies: list[Reply] = field(default_factory=list)

    def handle(self, request: Request) -> Response:
        """One exchange."""
        answer = self.handle_whole(request)
        self.replies.append(Reply(answer.status, dict(answer.headers), _slim(answer.body)))
        return answer


_DESCRIBED = frozenset(
    (
        *("name", "label", "type", "custom", "customSetting", "keyPrefix", "createable", "updateable", "deletable", "fields"),
        *("unique", "externalId", "calculated", "encrypted", "relationshipName", "referenceTo", "picklistValues", "value"),
        *("active", "childRelationships", "childSObject", "field", "sobjects"),
    )
)


@cache
def needed() -> frozenset[str]:
    """The fields that the bridge asks for of any object."""
    persons = mapping().persons
    related = {name for one in persons.related() for _, name in one.reads()}
    paths = (*persons.contact_fields(), *persons.profile_fields(), *related)
    return frozenset(
        (*(name.rpartition(".")[2] for name in paths), *STATUS_FIELDS, *(n for names in FIELDS.values() for n in names))
    )


def _slim(body: bytes) -> bytes:
    """An answer without what nobody reads: of 60 facts about a field, a describe needs a dozen."""
    if b'"childRelationships"' not in body and b'"sobjects"' not in body:
        return body

    def slim(value: Any) -> Any:
        if isinstance(value, dict):
            if isinstance(value.get("fields"), list):
                value = value | {"fields": [one for one in value["fields"] if one["name"] in needed()]}
            return {name: slim(inner) for name, inner in value.items() if name in _DESCRIBED}
        return [slim(inner) for inner in value] if isinstance(value, list) else value

    return orjson.dumps(slim(orjson.loads(body)))


def talks(recorder: Recorder, operations: Mapping[str, Operation]) -> dict[str, bytes]:
    """What was said while each operation was carried out."""
    found: dict[str, bytes] = {}
    for name, operation in operations.items():
        recorder.replies = []
        with suppress(BridgeError):
            operation()
        found[name] = written(name, recorder.replies)
    return found


def keep(target: str, found: Mapping[str, bytes]) -> None:
    """Write them as the target's corpus."""
    folder = CORPORA / target
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob(f"{SEED}*"):
        old.unlink()
    for name, talk in found.items():
        (folder / f"{SEED}{name}").write_bytes(talk)


def record_salesforce(*, bulk: bool) -> dict[str, bytes]:
    """A small org of the kind that the targets' mapping is for."""
    uni = Eda(flavour="eda", rules=mapping()).settle(colleagues=1)
    contacts = [uni.ada, uni.one("Contact", FirstName="Anne II")["Id"]]
    for n in range(40 if bulk else 0):
        uni.make("Contact", FirstName="Grace", LastName=f"L{n}")
    uni.clock.move(timedelta(minutes=20))
    recorder, session = Recorder(uni.crm_app.handle), open_session()
    mount(session, recorder, "https://")

    def wire(url: str) -> Wire:
        return Wire(session, url, uni.ctx.clock, side="crm")

    login = ClientCredentials(
        wire(CRM_HOST), Instances(my_domain=CRM_HOST), uni.ctx.clock, consumer_key="app", consumer_secret=Secret("s3cret")
    )
    client = Client(Transport(login, wire, uni.ctx.clock), clock=uni.ctx.clock, rng=lambda: 0.5)
    persons = mapping().persons
    side = SalesforceSide(
        client, uni.ctx.clock, contact_fields=persons.contact_fields(), related=persons.related(), page=2, bulk=bulk
    )
    fields = {"Title__c": "an ask", "State__c": "Received", "Type__c": "panel", "System__c": "careers"}
    made = side.create(
        [CrmCreate(object=Feed.REQUEST, key="k0", fields=fields, task={"Subject": "an ask", "Status": "Not Started"})]
    )[0]
    real = Known(contacts=tuple(contacts[:2]), request=str(made.id), task=str((made.fields or {})["task_id"]))
    uni.clock.move(timedelta(minutes=20))
    found = talks(recorder, salesforce_operations(side, login, real))
    for id, stand_in in zip(
        (*real.contacts, real.request, real.task), (*Known().contacts, Known().request, Known().task), strict=True
    ):
        found = {name: talk.replace(id.encode(), stand_in.encode()) for name, talk in found.items()}
    return found


WORLDS: Mapping[str, Callable[[], GenericWorld | PlatformWorld]] = {
    "generic": GenericWorld,
    "12twenty": TwelveTwentyWorld,
    "hivebrite": HivebriteWorld,
    "symplicity_csm": SymplicityWorld,
}


def record_career(platform: str) -> dict[str, bytes]:
    """A small tenant."""
    world = WORLDS[platform]()
    world.people(3)
    world.ask({"type": "MENTOR_FLASH", "person_id": world.id(0)})
    world.pause()
    recorder = Recorder(world.app.handle)
    world.app.handle = recorder.handle  # type: ignore[method-assign] # whoever mounted it asks the recorder from now on
    ids, fields, _ = PLATFORMS[platform]
    return talks(recorder, career_operations(world.client, ids, fields))


def main() -> None:
    """Record everything."""
    keep("salesforce", record_salesforce(bulk=False))
    keep("jobs", {name: talk for name, talk in record_salesforce(bulk=True).items() if name.startswith("read")})
    for platform in PLATFORMS:
        keep(platform, record_career(platform))


if __name__ == "__main__":
    main()
