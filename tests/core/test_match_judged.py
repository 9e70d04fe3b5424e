"""The frozen weights, judged on people that they were not trained on (a part of them; `bench/train_match.py` judges all)."""

import os
from pathlib import Path

import pytest

from bench.people import is_training, read_set
from bench.train_match import judge
from connector.core.match import Weights

ROOT = Path(__file__).parents[2]
PEOPLE = Path(os.environ.get("ALUMNI_BRIDGE_DATA", ROOT / ".." / "shared" / "data")) / "people"
JUDGED = 1200


@pytest.mark.parametrize(("name", "found"), [("alumni", 0.90), ("historical", 0.50)])
def test_links_are_right_and_enough(name: str, found: float) -> None:
    """On unseen people automatic links are at least 99.5 % right, and at least the promised share of pairs is found."""
    if not (PEOPLE / name / "truth.csv").exists():
        pytest.skip(f"no people set {name} in {PEOPLE}")
    people = read_set(PEOPLE / name)
    weights = Weights.from_json((ROOT / "connector/core/weights/person-1.json").read_bytes())
    careers = [career for career in people.careers if not is_training(career)][:JUDGED]
    scored = {career: people.scored(career, weights) for career in careers}
    judged = judge(people, scored, weights.policy(population=len(people.contacts)))
    assert judged.right >= 0.995 * judged.automatic
    assert judged.found >= found * judged.have_contact
