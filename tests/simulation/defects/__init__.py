"""Bugs that are planted into the product to see whether the simulation finds them (``make sensitivity``)."""

from tests.simulation.defects import asking, deciding, guarding, reading, remembering, routing, writing
from tests.simulation.defects.planted import Defect

ALL: dict[str, Defect] = {
    defect.name: defect
    for module in (reading, deciding, remembering, writing, asking, routing, guarding)
    for defect in module.DEFECTS
}
"""Every planted bug by name."""
