"""The part of the control door that makes trouble: faults on order, limits, drift, other people's automation."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from emulator.http import Response, json_response
from emulator.salesforce.access import letters
from emulator.salesforce.base_data import PROFILES
from emulator.salesforce.distortions import BENDS
from emulator.salesforce.faults import Chance, Fault, Refusal, Spoilt, When
from emulator.salesforce.fields import Field, Validation
from emulator.salesforce.flows import Flow
from emulator.salesforce.ids import make_id
from emulator.salesforce.named import named_refusal, named_response
from emulator.salesforce.org import Org
from emulator.salesforce.table import Row


class Troubles:
    """Everything that an organisation, its network or its administrators can do to a client."""

    org: Org

    # --- requests and records -------------------------------------------------------------------------------------

    def order_fault(  # noqa: PLR0913 - one keyword per fact of the order
        self,
        pattern: str,
        *,
        answer: str | Response | None = None,
        status: int = 0,
        body: object = None,
        headers: Mapping[str, str | None] | None = None,
        when: str = "",
        count: int = 1,
        skip: int = 0,
        delay: float = 0.0,
        body_pattern: str | None = None,
        record: str = "",
        probability: float = 1.0,
        lasting: float = 0.0,
        distort: str = "",
        cut: int | None = None,
        pace: float = 0.0,
        stale: bool = False,
    ) -> Fault:
        """Order a fault for the next `count` requests whose "METHOD path?query" matches a regular expression.

        `answer` is a name of `named.names()` or a response; else `status`, `body` and `headers` make one; without any the
        connection breaks. `when` is before (the default), after, later, late_commit or twice. `record` is an id or key
        that the request has to name; `probability` is drawn from the seed of `seed_faults`; `lasting` ends the order
        after so many seconds.

        The true answer can be spoilt instead (`when` is then "after"): `distort` is a name of `distortions.BENDS`,
        `headers` without a status are put in (null: left out), `cut` breaks it off after so many bytes, `pace` is bytes
        a second, `stale` repeats the first answer of the order.
        """
        response = named_response(answer) if isinstance(answer, str) else answer
        if response is None and status:
            response = _response(status, body, {name: value for name, value in (headers or {}).items() if value is not None})
        spoilt = Spoilt(how=distort, headers={} if status else headers or {}, cut=cut, pace=pace, stale=stale)
        if distort:
            _ = BENDS[distort.partition(":")[0]]
        fault = Fault(
            pattern=re.compile(pattern),
            body_pattern=re.compile(body_pattern) if body_pattern else None,
            record=record,
            count=count,
            skip=skip,
            probability=probability,
            until=self.org.clock.now() + timedelta(seconds=lasting) if lasting else None,
            when=When(when or ("after" if spoilt else "before")),
            response=response,
            spoilt=spoilt,
            delay=delay,
        )
        return self.org.faults.add(fault)

    def order_refusal(  # noqa: PLR0913 - one keyword per fact of the order
        self,
        answer: str,
        *,
        sobject: str = "",
        record: str = "",
        kinds: Iterable[str] = ("insert", "update", "delete"),
        message: str = "",
        field: str = "Name",
        count: int = 1,
        skip: int = 0,
        probability: float = 1.0,
        lasting: float = 0.0,
    ) -> Refusal:
        """Refuse the next `count` writes of records, wherever they come from: single, collection, composite, bulk.

        `answer` is a code that `named.named_refusal` knows; `message` says it in other words. `record` is an id, or a
        value that the write gives to any field. Writes of the control door itself are never refused.
        """
        refusal = Refusal(
            error=named_refusal(answer, message=message, field=field, record=record or "001000000000001AAA"),
            sobject=sobject,
            record=record,
            kinds=frozenset(kinds),
            count=count,
            skip=skip,
            probability=probability,
            until=self.org.clock.now() + timedelta(seconds=lasting) if lasting else None,
        )
        self.org.faults.refusals.append(refusal)
        return refusal

    def seed_faults(self, seed: int) -> None:
        """Begin the draws of improbable orders anew, from a seed."""
        self.org.faults.chance = Chance(seed)

    def orders(self) -> list[dict[str, Any]]:
        """All orders about requests, then those about records: what they match, how often they struck and still will."""
        faults = [(each.pattern.pattern, each) for each in self.org.faults.orders]
        refusals = [(each.error.code, each) for each in self.org.faults.refusals]
        return [{"pattern": name, "struck": each.struck, "count": each.count} for name, each in (*faults, *refusals)]

    def clear_faults(self) -> None:
        """Take all ordered faults and refusals back."""
        self.org.faults.clear()

    # --- limits -----------------------------------------------------------------------------------------------------

    def burn_calls(self, count: int) -> int:
        """Let other integrations use up API requests; returns how many of the day are used."""
        self.org.usage.add(count)
        return self.org.usage.total()

    def occupy(self, count: int, *, seconds: float) -> None:
        """Let `count` requests of other clients run from 20 seconds ago until `seconds` from now."""
        now = self.org.clock.now()
        self.org.running += [(now - timedelta(seconds=20), now + timedelta(seconds=seconds))] * count

    # --- records behind the platform's back ---------------------------------------------------------------------------

    def touch(self, ids: Iterable[str]) -> None:
        """Move SystemModstamp of records and nothing else, as roll-ups and renamed picklists do."""
        for id_ in ids:
            row = self._kept(id_)
            self.org.put(self._name(id_), {**row, "SystemModstamp": self.org.stamp()})

    def rewrite(self, id_: str, values: Mapping[str, Any]) -> None:
        """Change stored values without rules, stamps or log: silent changes, back-dated stamps, corrupt references."""
        row = {**self._kept(id_), **values}
        self.org.put(self._name(id_), {name: value for name, value in row.items() if value is not None})

    def lose_commits(self, seconds: float) -> int:
        """Fail over to a copy that lacks the last seconds; returns how many writes are gone.

        Needs the setting `keep_history` to have been at least as many seconds.
        """
        return self.org.lose(seconds)

    def _kept(self, id_: str) -> Row:
        row = self.org.record(id_)
        if row is None:
            raise KeyError(id_)
        return row

    def _name(self, id_: str) -> str:
        kind = self.org.sobject_of(id_)
        if kind is None:
            raise KeyError(id_)
        return kind.name

    # --- the organisation's administrators -----------------------------------------------------------------------------

    def flow(
        self,
        sobject: str,
        *,
        values: Mapping[str, Any] | None = None,
        clone: bool = False,
        leave_out: Iterable[str] = (),
        kinds: Iterable[str] = ("insert",),
    ) -> None:
        """Automation after a save through the API: set `values`, or `clone` the record without the fields `leave_out`."""
        made = Flow(sobject=sobject, kinds=frozenset(kinds), values=values or {}, clone=clone, leave_out=frozenset(leave_out))
        self.org.flows.append(made)

    def clear_flows(self) -> None:
        """Take all automation away."""
        self.org.flows.clear()

    def validation_rule(self, sobject: str, formula: str, message: str, *, field: str | None = None) -> None:
        """Refuse records for which a formula is true."""
        known = self.org.sobject(sobject)
        rule = Validation(name=f"rule_{len(known.validations)}", formula=formula, message=message, field=field)
        self.org.define(replace(known, validations=(*known.validations, rule)))

    def record_type(self, sobject: str, name: str, *, values: Mapping[str, Iterable[str]] | None = None) -> str:
        """A new record type; `values` restricts picklists by field name. Returns its id.

        An object without RecordTypeId gets that field.
        """
        org, known = self.org, self.org.sobject(sobject)
        if known.field("RecordTypeId") is None:
            flags = dict.fromkeys(("createable", "updateable"), True)
            link = {"label": "Record Type ID", "referenceTo": ["RecordType"], "relationshipName": "RecordType"}
            org.define(known.with_fields([Field(name="RecordTypeId", type="reference", properties=flags | link)]))
        kind, now = org.sobject("RecordType"), org.stamp()
        row = {"Id": org.new_id(kind), "IsDeleted": False, "SystemModstamp": now, "CreatedDate": now}
        row |= {"SobjectType": known.name, "Name": name, "DeveloperName": name.replace(" ", "_"), "IsActive": True}
        org.put(kind.name, row | {"LastModifiedDate": now})
        for field, allowed in (values or {}).items():
            org.record_type_values[str(row["Id"]), field.lower()] = frozenset(allowed)
        org.touch_schema()
        return str(row["Id"])

    def rename_field(self, sobject: str, name: str, to: str) -> None:
        """Give a field another API name; the records keep their values under it."""
        known = self.org.sobject(sobject)
        one = known.by_name[name.lower()]
        kept = tuple(each for each in known.fields if each is not one)
        self.org.define(replace(known, fields=(*kept, Field(name=to, type=one.type, properties=one.properties))))
        for row in list(self.org.table(known.name).rows.values()):
            if one.name in row:
                moved = {(to if key == one.name else key): value for key, value in row.items()}
                self.org.put(known.name, moved)
        for grant in self.org.grants.values():
            edit = grant.fields.pop((known.name.lower(), name.lower()), None)
            if edit is not None:
                grant.fields[known.name.lower(), to.lower()] = edit
        self.org.touch_schema()

    def grant_object(self, sobject: str, how: str, *, holder: str) -> None:
        """Set the object permissions of a profile or permission set by name: letters of "credvm", "" for none."""
        self.org.grant_object(sobject, letters(how), holder=self._holder(holder))

    def rename_domain(self, name: str) -> str:
        """Give the organisation another My Domain; returns its host. Old sessions live on."""
        self.org.name = name
        return self.org.host

    def change_organization(self) -> str:
        """Refresh the sandbox: everything stays, the organisation has another id, which is returned."""
        org = self.org
        row = dict(org.table("Organization").rows[org.id])
        org.purge("Organization", org.id)
        org.refreshed += 1
        org.id = row["Id"] = make_id("00D", int(org.id[6:12], 36) % 10**9 + org.refreshed)
        org.put("Organization", row)
        return org.id

    def _holder(self, name: str) -> str:
        if name in PROFILES:
            return PROFILES[name]
        return str(next(iter(self.org.table("PermissionSet").equal("Name", [name])))["Id"])


def _response(status: int, body: object, headers: Mapping[str, str]) -> Response:
    if body is None or isinstance(body, str):
        text = body or ""
        given = {"Content-Type": "text/html", **headers} if text else dict(headers)
        return Response(status=status, headers=given, body=text.encode())
    return json_response(body, status=status, headers=headers)
