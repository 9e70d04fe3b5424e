"""The folder of a configured system."""

from __future__ import annotations

from connector.career.drop.folder import Folder
from connector.career.setup import Setup


def folder_of(setup: Setup) -> Folder:
    """The folder, with who else may put files there and who may read ours; the settings are those of every folder."""
    owner, group = setup.setting("folder_owner"), setup.setting("folder_group")
    return Folder(setup.the_folder(), system=setup.system, owner=owner, group=group)


def legacy_of(setup: Setup) -> str:
    """What files that are no Unicode are written with; empty where nobody has said so."""
    return setup.setting("folder_encoding")
