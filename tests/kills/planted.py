"""The command with a planted bug: ``python -m tests.kills.planted "NAME OF THE BUG" run --config ...``."""

from __future__ import annotations

import sys

from tests.simulation.defects import ALL
from tests.simulation.defects.planted import plant

if __name__ == "__main__":
    plant(ALL[sys.argv.pop(1)])
    from connector.cli import main

    main()
