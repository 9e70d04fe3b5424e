"""Every fuzz target by its name."""

from __future__ import annotations

from collections.abc import Mapping

from tests.fuzz import files, values, wires
from tests.fuzz.harness import Target

TARGETS: Mapping[str, Target] = {
    target.name: target
    for target in (
        Target(name="mapping", run=files.mapping, files=files.mapping_files),
        Target(name="config", run=files.config, files=files.config_files),
        Target(name="profile", run=files.profile, files=files.profile_files),
        *(Target(name=name, run=files.shared(name)) for name in files.SHARED),
        Target(name="state", run=files.state),
        Target(name="salesforce", run=wires.salesforce),
        Target(name="jobs", run=wires.salesforce_jobs),
        *(Target(name=platform, run=wires.career(platform)) for platform in wires.PLATFORMS),
        Target(name="transform", run=values.transform),
        Target(name="person", run=values.person),
        Target(name="request", run=values.request),
        Target(name="cursor", run=values.cursor),
        Target(name="query", run=values.query),
    )
}
