"""Reading a feed whole by a query job (Bulk API 2.0), where that costs fewer calls than pages do.

Pages cost a call for each 2,000 rows. A job costs one to start it, some to ask whether it is done, and one for each set of
results. How long a job takes nobody can say beforehand, so what it saves in calls is what may be spent on asking: when that
is used up, the job is given up and the feed is read by pages, which then has cost at most twice what pages alone cost.

A job answers in CSV, in no order, and cannot have subqueries; a parent that is hidden looks in CSV like one without values.
So only queries on an object's own fields become jobs. Sources: Bulk API 2.0 guide, Queries and Get Results for a Query Job.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress

from connector.errors import Halt, Later, Refused
from connector.ports import Clock, Feed
from connector.salesforce import soql
from connector.salesforce.answers import FieldInfo, Row, read_count, read_moment, unusable
from connector.salesforce.client import QUERIES, Client
from connector.salesforce.cursors import Job
from connector.salesforce.soql import Soql

RESULTS = 10_000
"""Rows in one set of results: the memory of one page is bounded by it."""
_ASKED_AT_LEAST = 6
"""How often we expect to have to ask, when choosing."""
_FIRST, _LONGEST = 1.0, 10.0
"""Seconds before a job is asked about: doubling from the first to the longest, so that the bridge can be told to stop."""
_RUNNING = frozenset({"Open", "UploadComplete", "InProgress"})
_NUMBERS = frozenset({"double", "currency", "percent"})


class Bulk:
    """Query jobs of one org.

    Args:
        client: the REST API.
        clock: for the pauses between asking.
        page: rows in one page of a query, with which a job is compared.
    """

    def __init__(self, client: Client, clock: Clock, *, page: int) -> None:
        self._client, self._clock, self._page = client, clock, page
        self._fields: dict[str, Mapping[str, FieldInfo]] = {}

    def worthwhile(self, feeds: Sequence[Feed]) -> dict[Feed, int]:
        """Which of these objects a job reads for fewer calls, and how many it saves. Counting costs a call for five objects."""
        saved: dict[Feed, int] = {}
        for start in range(0, len(feeds), QUERIES):
            some = feeds[start : start + QUERIES]
            try:
                counts = self._client.composite([self._client.query_path(soql.count(feed.value)) for feed in some])
            except Later:
                # Counting may take longer than Salesforce or we wait, where reading would not; else the next call fails alike.
                continue
            for feed, sub in zip(some, counts, strict=True):
                # What is wrong with an object that cannot be counted, its own query will say.
                with suppress(Refused, Halt, Later):
                    saved[feed] = self._saved(read_count(sub))
        return {feed: calls for feed, calls in saved.items() if calls > _ASKED_AT_LEAST}

    def begin(self, query: Soql, saved: int) -> Job | None:
        """Start a job, which may spend on asking what it saves; None where the org will not have it."""
        try:
            return Job(id=self._client.start_job(query), left=saved)
        except (Refused, Halt):
            return None

    def _saved(self, rows: int) -> int:
        """How many calls a job saves, before any is spent on asking whether it is done."""
        return -(-rows // self._page) - 1 - -(-rows // RESULTS)

    def done(self, job: Job) -> bool | None:
        """Whether a job is done, asked after a pause; None if it is to be given up."""
        if not job.left:
            with suppress(Refused, Halt):
                self._client.abort_job(job.id)
            return None
        self._clock.sleep(min(_LONGEST, _FIRST * 2**job.asked))
        state = self._client.job_state(job.id)
        return state == "JobComplete" or (False if state in _RUNNING else None)

    def rows(self, job: Job, query: Soql, columns: Sequence[str]) -> tuple[list[Row], str]:
        """One set of results as rows of a query would be, and the locator of the next."""
        table = self._client.job_results(job.id, columns, locator=job.locator, limit=RESULTS)
        fields = self._fields.get(job.id)
        if fields is None:
            # The types of a job's columns stay what they are while it is read.
            fields = self._client.describe(query.object).fields
            self._fields = {job.id: fields}
        return [{name: _native(fields.get(name), text) for name, text in row.items()} for row in table.rows], table.locator


def _native(field: FieldInfo | None, text: str) -> object:
    """A value as a query gives it: what is empty is null, and what is no text is not left as one."""
    if text == "":
        return None
    kind = field.type if field else ""
    try:
        if kind == "boolean":
            return {"true": True, "false": False}[text]
        if kind in _NUMBERS:
            return float(text)
        if kind == "int":
            return int(text)
    except (KeyError, ValueError):
        raise unusable("a value of another type") from None
    if kind == "datetime":
        return f"{read_moment(text).isoformat(timespec='milliseconds')[:23]}+0000"
    return text
