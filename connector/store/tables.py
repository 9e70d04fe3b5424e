"""The schema. Portable between SQLite and PostgreSQL; ``system`` is in every key that concerns a career system.

Times are UTC texts in ISO form with a fixed width, so that they sort and compare alike on every database.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, MetaData, String, Table, Text, false

metadata = MetaData()

_SYSTEM = String(40)
_ID = String(80)
_KEY = String(64)
_TIME = String(32)

meta = Table(
    "meta",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("value", Text, nullable=False),
)

cursor = Table(
    "cursor",
    metadata,
    Column("side", String(8), primary_key=True),
    Column("system", _SYSTEM, primary_key=True),
    Column("feed", String(40), primary_key=True),
    Column("value", Text, nullable=False),
    Column("whole_at", _TIME),
    Column("moved_at", _TIME, nullable=False),
    comment="where we stopped in each feed; whole_at: when everything had been read once",
)

observation = Table(
    "observation",
    metadata,
    Column("side", String(8), primary_key=True),
    Column("system", _SYSTEM, primary_key=True),
    Column("kind", String(40), primary_key=True),
    Column("id", _ID, primary_key=True),
    Column("version", String(120), nullable=False),
    Column("fields", Text, nullable=False),
    Column("edits", Text),
    Column("evidence", Text),
    Column("parent", _ID),
    Column("deleted", Boolean, nullable=False),
    Column("merged_into", _ID),
    Column("pending", Boolean, nullable=False),
    Column("seen_at", _TIME, nullable=False),
    Column("seen_before", _TIME),
    Column("sweep", String(32)),
    comment="each record as last read; pending: it has changed and a station has yet to look",
)
Index("observation_pending", observation.c.side, observation.c.kind, observation.c.pending)
Index("observation_parent", observation.c.kind, observation.c.parent)

match_key = Table(
    "match_key",
    metadata,
    Column("key", String(40), primary_key=True),
    Column("contact_id", _ID, primary_key=True),
    comment="blocking keys of contacts",
)
Index("match_key_contact", match_key.c.contact_id)

link = Table(
    "link",
    metadata,
    Column("system", _SYSTEM, primary_key=True),
    Column("account_id", _ID, primary_key=True),
    Column("contact_id", _ID),
    Column("profile_id", _ID),
    Column("state", String(16), nullable=False),
    Column("basis", String(40)),
    Column("leading", Boolean, nullable=False),
    Column("marked", Boolean, nullable=False),
    Column("decided_at", _TIME, nullable=False),
    comment="state: linked, review, new, ended, waiting; leading: the account whose career-owned values count",
)
Index("link_contact", link.c.contact_id)
Index("link_marked", link.c.marked)

base = Table(
    "base",
    metadata,
    Column("system", _SYSTEM, primary_key=True),
    Column("account_id", _ID, primary_key=True),
    Column("units", Text, nullable=False),
    comment="base and memory of every unit of one link, as JSON",
)

first_difference = Table(
    "first_difference",
    metadata,
    Column("system", _SYSTEM, primary_key=True),
    Column("account_id", _ID, primary_key=True),
    Column("unit", String(80), primary_key=True),
    Column("since", _TIME, nullable=False),
)

suggestion = Table(
    "suggestion",
    metadata,
    Column("key", _KEY, primary_key=True),
    Column("system", _SYSTEM, nullable=False),
    Column("account_id", _ID, nullable=False),
    Column("unit", String(80), nullable=False),
    Column("kind", String(24), nullable=False),
    Column("episode", Integer, nullable=False),
    Column("crm_id", _ID),
    Column("state", String(32), nullable=False),
    Column("raised_at", _TIME, nullable=False),
    Column("settled_at", _TIME),
    Column("reason", String(40)),
    Column("reminded_at", _TIME),
    Column("told", String(32)),
    Column("decided_by", String(80)),
    Column("pressed", String(16)),
    comment="pressed: what staff chose; told: the state Salesforce has been told; state: see core.suggestions.CRM_STATES",
)
Index("suggestion_crm", suggestion.c.crm_id)
Index("suggestion_account", suggestion.c.system, suggestion.c.account_id)

review = Table(
    "review",
    metadata,
    Column("key", _KEY, primary_key=True),
    Column("system", _SYSTEM, nullable=False),
    Column("account_id", _ID, nullable=False),
    Column("kind", String(24), nullable=False),
    Column("candidates", Text, nullable=False),
    Column("crm_id", _ID),
    Column("state", String(16), nullable=False),
    Column("raised_at", _TIME, nullable=False),
    Column("settled_at", _TIME),
    Column("decision", String(40)),
    Column("told", String(16)),
    comment="told: the state that Salesforce has been told",
)
Index("review_crm", review.c.crm_id)

request = Table(
    "request",
    metadata,
    Column("system", _SYSTEM, primary_key=True),
    Column("request_id", _ID, primary_key=True),
    Column("key", _KEY, nullable=False, unique=True),
    Column("payload_hash", _KEY, nullable=False),
    Column("type", String(40), nullable=False),
    Column("state", String(32), nullable=False),
    Column("neutral", String(24), nullable=False),
    Column("reason", String(80)),
    Column("message", Text, nullable=False),
    Column("contact_id", _ID),
    Column("account_id", _ID),
    Column("owner_id", _ID),
    Column("crm_id", _ID),
    Column("task_id", _ID),
    Column("number", String(80), nullable=False),
    Column("acknowledged", _KEY),
    Column("offered", Integer),
    Column("asked", Integer),
    Column("outcome", String(40)),
    Column("received_at", _TIME, nullable=False),
    Column("settled_at", _TIME),
    Column("attached_to", String(80)),
)
Index("request_attached", request.c.attached_to)
Index("request_crm", request.c.crm_id)
Index("request_task", request.c.task_id)
Index("request_contact", request.c.contact_id)

touch = Table(
    "touch",
    metadata,
    Column("key", _KEY, primary_key=True),
    Column("contact_id", _ID, nullable=False),
    Column("at", _TIME, nullable=False),
    Column("type", String(40), nullable=False),
    comment="one contact with an alumnus that a request of ours led to",
)
Index("touch_contact", touch.c.contact_id)

plan = Table(
    "plan",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("at", _TIME, nullable=False),
    Column("state", String(16), nullable=False),
    Column("digest", _KEY, nullable=False),
    Column("rules_hash", _KEY, nullable=False),
    Column("facts", Text, nullable=False),
    comment="state: open, ready, braked, approved",
)

intent = Table(
    "intent",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("plan_id", String(40), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("system", _SYSTEM, nullable=False),
    Column("target", _ID, nullable=False),
    Column("key", _KEY),
    Column("payload", Text, nullable=False),
    Column("settle", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", _TIME, nullable=False),
    Column("weight", Integer, nullable=False),
    Column("changes", Integer, nullable=False),
    Column("blanks", Integer, nullable=False),
    Column("code", String(80)),
    Column("detail", Text),
    Column("remedy", Text),
    Column("rules_hash", _KEY, nullable=False),
    Column("created_at", _TIME, nullable=False),
    Column("settled_at", _TIME),
    Column("sent_at", _TIME),
    Column("puts_back", Boolean, nullable=False, server_default=false()),
    comment="state: planned, ready, sent, unknown, applied, refused, superseded",
)
Index("intent_work", intent.c.state, intent.c.due_at)
Index("intent_target", intent.c.system, intent.c.target, intent.c.state)
Index("intent_settled", intent.c.settled_at)
Index("intent_plan", intent.c.plan_id)
Index("intent_key", intent.c.key)

audit = Table(
    "audit",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("at", _TIME, nullable=False),
    Column("event", String(40), nullable=False),
    Column("refs", Text, nullable=False),
    Column("before_hash", _KEY, nullable=False),
    Column("hash", _KEY, nullable=False),
    comment="append-only; hash covers before_hash, so a change or a gap shows",
)

audit_value = Table(
    "audit_value",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("system", _SYSTEM, nullable=False),
    Column("account_id", _ID, nullable=False),
    Column("values", Text, nullable=False),
    comment="the values behind an audit row; erased per person without breaking the chain",
)
Index("audit_value_person", audit_value.c.system, audit_value.c.account_id)

halt = Table(
    "halt",
    metadata,
    Column("subject", String(120), primary_key=True),
    Column("reason", Text, nullable=False),
    Column("remedy", Text, nullable=False),
    Column("since", _TIME, nullable=False),
    Column("plan_id", String(40)),
)

parked = Table(
    "parked",
    metadata,
    Column("side", String(8), primary_key=True),
    Column("system", _SYSTEM, primary_key=True),
    Column("kind", String(40), primary_key=True),
    Column("id", _ID, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("remedy", Text, nullable=False),
    Column("since", _TIME, nullable=False),
)

run = Table(
    "run",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("job", String(24), nullable=False),
    Column("started_at", _TIME, nullable=False),
    Column("ended_at", _TIME),
    Column("result", String(24)),
    Column("facts", Text, nullable=False),
)
Index("run_job", run.c.job, run.c.started_at)
