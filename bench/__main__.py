"""``python -m bench``: what ``make bench`` runs."""

import sys

from bench.bridge import main

sys.exit(main())
