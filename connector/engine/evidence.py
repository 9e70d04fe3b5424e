"""What a contact says about who it is about, ready to be compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.core.evidence import Prepared, evidence_of, prepare
from connector.core.model import Side
from connector.engine.context import Context


def contact_evidence(ctx: Context, id: str, fields: Mapping[str, Any]) -> Prepared:
    """What a contact with these fields says, ready to be compared. All systems' accounts are compared with the same."""
    return prepare(evidence_of(id, ctx.person.match.evidence(Side.CRM, fields)))
