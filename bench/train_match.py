"""Train the matching weights on one half of the people sets, and judge them on the other half.

    python -m bench.train_match --data ../shared/data/people --out connector/core/weights/person-1.json
    python -m bench.train_match --data ../shared/data/people --judge connector/core/weights/person-1.json

`m` is counted over the training half's true pairs, `u` over random pairs; every set weighs the same, whatever its size.
The cut is the lowest at which the training half's automatic links are right often enough in every set. Judged is what the
product does: one career person at a time through blocking, scoring and triage, without `resolve`.
"""

import argparse
import math
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import orjson

sys.path.insert(0, str(Path(__file__).parents[1]))  # so that it also runs as a plain script

from bench.people import PeopleSet, is_training, read_set
from connector.core.likeness import compare
from connector.core.match import TABLES, Decision, Kind, Policy, Score, Weights, triage

RANDOM_PAIRS = 150_000
SMOOTHING = 0.01
"""Of the known pairs, spread over the levels: no weight rests on "has never been seen"."""
M_FLOOR, U_FLOOR = 1e-4, 1e-9
BY_HAND = {
    "institution_id": {"exact": {"m": 0.97, "u": 1e-6}, "different": {"m": 0.01, "u": 0.999999}},
    "employer": {"exact": {"m": 0.6, "u": 0.01}, "similar": {"m": 0.1, "u": 0.02}, "different": {"m": 0.3, "u": 0.97}},
}
"""What the sets do not have: careful guesses."""
MARGIN, REVIEW, MATCH_RATE = 5.0, -4.0, 0.8
AIM, RESERVE = 0.998, 0.5
"""Right of the training half's automatic links, in every set, and bits on top; on unseen people .995 is promised."""

Scored = dict[str, list[tuple[str, Score]]]


@dataclass(slots=True)
class Tally:
    """What pairs showed, each set counted as one: `shown` by field and level, `known` and `chance` by field."""

    shown: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    chance: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, people: PeopleSet, pairs: Sequence[tuple[str, str]]) -> None:
        """Count the pairs of one set, and how often chance would show a term of each table among them."""
        counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for career, contact in pairs:
            for name, likeness in compare(people.careers[career], people.contacts[contact]).items():
                counts[name][likeness.level] += 1
        for name, levels in counts.items():
            for level, count in levels.items():
                self.shown[name][level] += count / len(pairs)  # type: ignore[assignment]
            known = 1 - levels["missing"] / len(pairs)
            for (owner, level), table in TABLES.items():
                if owner == name:
                    self.chance[owner, level] += known * people.frequencies.chance(table)  # type: ignore[assignment]

    def share(self, name: str, level: str) -> float:
        """The share of the known pairs that show a level."""
        known = sum(share for other, share in self.shown[name].items() if other != "missing")
        return self.shown[name][level] / known if known else 0.0


def random_pairs(people: PeopleSet, careers: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Career and contact ids that are no true pair, in a fixed scattered order."""
    contacts = list(people.contacts)
    step = int(len(contacts) * 0.618) | 1
    for number in range(RANDOM_PAIRS * 2):
        place = (number * step + number // len(contacts)) % len(contacts)
        career, contact = careers[number % len(careers)], contacts[place]
        if contact not in people.truth[career]:
            yield career, contact


def train(sets: Sequence[PeopleSet], *, fold: int) -> dict[str, dict[str, dict[str, float]]]:
    """The levels of a weights file, learned from the training halves."""
    true, chance = Tally(), Tally()
    for people in sets:
        careers = [career for career in people.careers if is_training(career, fold=fold)]
        true.add(people, [(career, contact) for career in careers for contact in sorted(people.truth[career])])
        chance.add(people, list(islice(random_pairs(people, careers), RANDOM_PAIRS)))
    learned = {name: learn_levels(name, true, chance) for name in chance.shown if name not in BY_HAND}
    return {**learned, **BY_HAND}


def learn_levels(name: str, true: Tally, chance: Tally) -> dict[str, dict[str, float]]:
    """m, u and, where rarity counts, u as a multiple of the term's share, for each level of one field."""
    levels = sorted((true.shown[name].keys() | chance.shown[name].keys()) - {"missing"})
    learned: dict[str, dict[str, float]] = {}
    for level in levels:
        m = (1 - SMOOTHING) * true.share(name, level) + SMOOTHING / len(levels)
        u = max((chance.shown[name][level] + 0.5 / RANDOM_PAIRS) / (1 + len(levels) / RANDOM_PAIRS), U_FLOOR)
        known = sum(share for other, share in chance.shown[name].items() if other != "missing")
        learned[level] = {"m": round(max(m, M_FLOOR), 6), "u": round(min(1.0, max(u / known, U_FLOOR)), 9)}
        if (name, level) in TABLES:
            # Equal values meet by chance exactly as often as the value is common; other levels in proportion to it.
            equal = level in {"exact", "postcode", "city"} and name != "middle"
            ratio = 1.0 if equal else chance.shown[name][level] / max(chance.chance[name, level], 1e-12)
            # Few random pairs share a part of a name: what they show is not trusted far.
            learned[level]["per_term"] = round(max(ratio, 0.2 if level == "part" else 0.05), 6)
    if name == "order":
        # That names stand the other way round is no evidence for a match: it only makes their agreement worth less.
        learned = {level: {"m": values["m"], "u": 1.0} for level, values in learned.items()}
    return learned


def wilson(right: int, total: int) -> tuple[float, float]:
    """The 95 % interval of a share."""
    if not total:
        return 0.0, 1.0
    z, share = 1.96, right / total
    middle, spread = share + z * z / (2 * total), z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    return (middle - spread) / (1 + z * z / total), (middle + spread) / (1 + z * z / total)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What triage did with the people of one set's judged half."""

    automatic: int
    right: int
    have_contact: int
    found: int
    once: int
    """Of those with a contact: not twice in the CRM."""
    once_found: int
    review: int
    review_holds: int
    """Reviews of people with a contact, that show it."""
    new: int
    new_wrong: int
    wrong: tuple[tuple[str, Decision], ...]


def judge(people: PeopleSet, scored: Scored, policy: Policy) -> Judgement:
    """Compare triage with the truth."""
    decisions = {career: triage(candidates, policy) for career, candidates in scored.items()}
    truth = people.truth
    automatic = {career: made for career, made in decisions.items() if made.kind is Kind.AUTOMATIC}
    right = {career for career, made in automatic.items() if made.contact in truth[career]}
    reviewed = {career: made for career, made in decisions.items() if made.kind is Kind.REVIEW}
    new = [career for career, made in decisions.items() if made.kind is Kind.NEW]
    once = {career for career in decisions if len(truth[career]) == 1}
    return Judgement(
        automatic=len(automatic),
        right=len(right),
        have_contact=sum(bool(truth[career]) for career in decisions),
        found=len(right),
        once=len(once),
        once_found=len(right & once),
        review=len(reviewed),
        review_holds=sum(not truth[career].isdisjoint(made.candidates) for career, made in reviewed.items()),
        new=len(new),
        new_wrong=sum(bool(truth[career]) for career in new),
        wrong=tuple((career, made) for career, made in automatic.items() if career not in right),
    )


def score_half(people: PeopleSet, weights: Weights, *, training: bool, fold: int) -> Scored:
    """Block and score every career person of one half."""
    return {career: people.scored(career, weights) for career in people.careers if is_training(career, fold=fold) == training}


def choose_cut(halves: Iterable[tuple[PeopleSet, Scored]], weights: Weights) -> float:
    """The lowest cut, in half bits, from which on every set's automatic links are right as often as aimed at."""
    chosen = 0.0
    for people, scored in halves:
        policy = weights.policy(population=len(people.contacts))
        for cut in (step / 2 for step in range(40, -1, -1)):
            judged = judge(people, scored, replace(policy, automatic=cut))
            if judged.right < AIM * judged.automatic:
                chosen = max(chosen, cut + 0.5 + RESERVE)
                break
    return chosen


def report(people: PeopleSet, judged: Judgement, *, milliseconds: float) -> str:
    """The printed lines of one set."""

    def share(right: int, total: int) -> str:
        low, high = wilson(right, total)
        return f"{right}/{total} = {right / max(total, 1):.4f} [{low:.4f}, {high:.4f}]"

    return "\n".join(
        (
            f"{people.name}: {len(people.contacts)} contacts",
            f"  automatic links right          {share(judged.right, judged.automatic)}",
            f"  found, of all with a contact   {share(judged.found, judged.have_contact)}",
            f"  found, without CRM duplicates  {share(judged.once_found, judged.once)}",
            f"  review {judged.review} (the true contact shown in {judged.review_holds})",
            f"  proposed as new {judged.new} (of them {judged.new_wrong} have a contact)",
            f"  {milliseconds:.2f} ms per career person: blocking, scoring, triage",
        )
    )


def print_judgement(sets: Sequence[PeopleSet], weights: Weights, *, fold: int, show_wrong: bool) -> None:
    """Judge the half that was not trained on, and print it."""
    print(f"weights {weights.version}, cuts {dict(weights.cuts)}, judged on the half not trained on; 95 % Wilson intervals")
    for people in sets:
        started = time.perf_counter()
        scored = score_half(people, weights, training=False, fold=fold)
        judged = judge(people, scored, weights.policy(population=len(people.contacts)))
        spent = (time.perf_counter() - started) * 1000 / max(len(scored), 1)
        print(report(people, judged, milliseconds=spent))
        for career, made in judged.wrong if show_wrong else ():
            print_pair(people, weights, career, made)


def print_pair(people: PeopleSet, weights: Weights, career: str, made: Decision) -> None:
    """Show a wrong link and what led to it."""
    scores: Mapping[str, Score] = dict(people.scored(career, weights))
    shown = scores[str(made.contact)]
    print("  wrong:", people.careers[career], people.contacts[str(made.contact)], sep="\n    ")
    print("    truth:", *(people.contacts[contact] for contact in people.truth[career]))
    parts = {name: (shown.levels[name], round(bits, 1)) for name, bits in shown.parts.items()}
    print("   ", round(shown.weight, 1), parts)


def main() -> None:
    """Train unless told to judge a file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", nargs="*", default=["alumni", "historical"])
    parser.add_argument("--fold", type=int, choices=(0, 1), default=0, help="which half is trained on")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--judge", type=Path)
    parser.add_argument("--wrong", action="store_true", help="show the wrong links of the judged half")
    options = parser.parse_args()
    sets = [read_set(options.data / name) for name in options.sets]
    if options.judge:
        weights = Weights.from_json(options.judge.read_bytes())
    else:
        cuts = {"automatic": 0.0, "margin": MARGIN, "review": REVIEW, "match_rate": MATCH_RATE}
        file = {"version": options.out.stem if options.out else "trial", "levels": train(sets, fold=options.fold), "cuts": cuts}
        weights = Weights.from_json(orjson.dumps(file))
        halves = [(people, score_half(people, weights, training=True, fold=options.fold)) for people in sets]
        cuts["automatic"] = choose_cut(halves, weights)
        weights = Weights.from_json(orjson.dumps(file))
        if options.out:
            options.out.write_bytes(orjson.dumps(file, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    print_judgement(sets, weights, fold=options.fold, show_wrong=options.wrong)


if __name__ == "__main__":
    main()
