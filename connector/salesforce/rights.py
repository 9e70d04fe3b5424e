"""What our Salesforce user may do beyond what the bridge needs: a stolen token could do it, and so could a defect of ours.

Read from what Salesforce tells every user about itself: ``UserPermissionAccess`` (one record, of the user who asks), Describe
Global, and the scopes of the token. Objects that no permission set governs (files, notes, feeds) are not looked at.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from connector.ports import Feed
from connector.salesforce import soql
from connector.salesforce.answers import ObjectRights
from connector.salesforce.client import Client
from connector.salesforce.objects import Writable

_PERMISSIONS = "UserPermissionAccess"
_POWERS = (
    "ModifyAllData",
    "ViewAllData",
    "AuthorApex",
    "CustomizeApplication",
    "ModifyMetadata",
    "ManageUsers",
    "BulkApiHardDelete",
    "ViewEncryptedData",
    "ManageDataIntegrations",
)
"""System permissions that the bridge never needs and that reach far beyond it."""

_GOVERNED = frozenset(
    {
        *("Account", "Asset", "Campaign", "CampaignMember", "Case", "Contact", "Contract", "Event", "Individual", "Lead"),
        *("Opportunity", "Order", "Pricebook2", "Product2", "Solution", "User"),
    }
)
"""Standard objects whose use is granted by object permissions, or by a permission of their own."""

_SCOPES = frozenset({"api", "refresh_token", "offline_access"})
"""What a token of ours may be good for: the API. Some orgs give the second two to every app that logs in by JWT."""


def excess(client: Client) -> list[str]:
    """Every right that is too much, each in a few words; sorted by kind."""
    return [*_powers(client), *_objects(client.describe_all()), *_too_wide(client.transport.scopes)]


def _powers(client: Client) -> Iterator[str]:
    # Which flags there are differs from org to org; a query with one that is not there would be refused as a whole.
    known = client.describe(_PERMISSIONS).fields
    names = [f"Permissions{name}" for name in _POWERS if f"Permissions{name}" in known]
    query = soql.select(names, _PERMISSIONS, limit=1)
    for row in client.query_present(query).records:
        yield from (f"the permission {name.removeprefix('Permissions')}" for name in names if row.get(name) is True)


def _objects(described: Collection[ObjectRights]) -> Iterator[str]:
    ours = {kind.value for kind in Writable}
    for one in described:
        may = {"create": one.createable, "change": one.updateable, "delete": one.deletable}
        if one.name == Feed.TASK.value:
            continue  # who may work Tasks may delete them, there is no right between
        if one.name in ours:
            may = {"delete": one.deletable}
        elif not (one.custom or one.name in _GOVERNED):
            continue
        words = [word for word, right in may.items() if right]
        if words:
            yield f"to {' and '.join(words)} {one.name}"


def _too_wide(scopes: frozenset[str]) -> Iterator[str]:
    if scopes - _SCOPES:
        yield f"the scopes {', '.join(sorted(scopes - _SCOPES))} of its token"
