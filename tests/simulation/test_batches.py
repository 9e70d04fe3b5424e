"""How many records go in one call, or stand on one page, decides nothing."""

from __future__ import annotations

from pathlib import Path

from tests.crash.picture import Picture, differences, picture
from tests.simulation.decisions import Decide
from tests.simulation.run import Run, logged
from tests.simulation.scenario import Scenario
from tests.simulation.steps import EditAccount, EditContact, File, Pass, Step
from tests.simulation.world import Spec

_PEOPLE = 5


def _played(base: Path, most: int) -> Picture:
    steps: tuple[Step, ...] = (
        *(EditContact(person, "phone_mobile", 1) for person in range(_PEOPLE)),
        *(EditAccount(person, "last_name", 1, own=person % 2 == 0) for person in range(_PEOPLE)),
        *(EditAccount(person, "employer", 2) for person in reversed(range(_PEOPLE))),
        *(File(person, 0) for person in (3, 1, 0)),
        Pass(60),
        Decide(number=0, how="accept", choice=0),
        Decide(number=2, how="reject", choice=0),
        *(EditContact(person, "preferred_name", 2) for person in (4, 2)),
        Pass(60),
    )
    spec = Spec(people=_PEOPLE, page=most, tenant=(("page_limit", min(most, 500)), ("batch_limit", min(most, 200))))
    with logged() as log:
        run = Run(Scenario(spec=spec, steps=steps), base)
        run.log = log.getvalue
        assert run.play().breaches == []
    return picture(run.world)


def test_the_size_of_pages_and_batches_decides_nothing(tmp_path: Path) -> None:
    """Law (I27): the same day ends with the same records, whether one, seven or two thousand of them go at once."""
    ends = {most: _played(tmp_path / str(most), most) for most in (1, 7, 2000)}
    assert len(ends[1]["Suggested_Change__c"]) > _PEOPLE
    assert {most: list(differences(ends[1], end)) for most, end in ends.items()} == {1: [], 7: [], 2000: []}
