"""What every test shares: how hard the property tests search."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("pr", deadline=None, print_blob=True)
settings.register_profile("deep", deadline=None, print_blob=True, max_examples=3_000)

# Hypothesis would choose its own derandomized profile on a build server: every run should search anew there too.
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "pr"))
