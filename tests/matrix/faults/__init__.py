"""The table: every fault of the catalogue, with its cells."""

from __future__ import annotations

from collections.abc import Mapping

from tests.matrix.cells import Row
from tests.matrix.faults.actors import ACTORS
from tests.matrix.faults.careers import CAREERS
from tests.matrix.faults.limits import LIMITS
from tests.matrix.faults.local import LOCAL
from tests.matrix.faults.logins import LOGINS
from tests.matrix.faults.reads import READS
from tests.matrix.faults.rest import REST
from tests.matrix.faults.schema import SCHEMA
from tests.matrix.faults.transport import TRANSPORT
from tests.matrix.faults.writes import WRITES

_PARTS = (TRANSPORT, WRITES, READS, SCHEMA, LOGINS, LIMITS, CAREERS, LOCAL, ACTORS, REST)
FAULTS: Mapping[int, Row] = dict(sorted((item for part in _PARTS for item in part.items()), key=lambda item: item[0]))
"""By number, F1 to F135."""
