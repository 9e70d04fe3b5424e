"""How alike two people's prepared evidence is, field by field, as named levels from `exact` to `different`.

Nothing here knows how much a level counts: that is learned, and lives in the weights file (`connector.core.match`). A level
is `missing` where either side knows nothing; the term is the shared value whose rarity counts (`smith` says less than
`featherstonehaugh`).
"""

from collections.abc import Iterable
from dataclasses import dataclass

import jellyfish
from rapidfuzz.distance import OSA, JaroWinkler

from connector.core.evidence import Prepared, surname_words
from connector.core.nicknames import are_familiar


@dataclass(frozen=True, slots=True)
class Likeness:
    """The level of one comparison, and the shared term (empty where rarity does not apply).

    For birth dates the term is what the two share: eight digits, the year's four, or month and day.
    """

    level: str
    term: str = ""


MISSING = Likeness("missing")
DIFFERENT = Likeness("different")

_NAME_RANK = {
    level: rank for rank, level in enumerate(("different", "similar", "missing", "initial", "part", "close", "familiar", "exact"))
}
_AGREES = _NAME_RANK["initial"]


def compare(left: Prepared, right: Prepared) -> dict[str, Likeness]:
    """All comparisons of two people by field; the order of the two does not matter."""
    return {
        "institution_id": _compare_ids(left.institution_id, right.institution_id),
        **_compare_names(left, right),
        "birth": _compare_births(left.birth, right.birth),
        "email": _compare_emails(left.emails, right.emails),
        "phone": _compare_sets(left.phones, right.phones),
        "place": _compare_places(left, right),
        "class_year": _compare_years(left.class_year, right.class_year),
        "major": _compare_words(left.major, right.major),
        "occupation": _compare_words(left.occupation, right.occupation),
        "employer": _compare_words(left.employer, right.employer),
    }


def _compare_ids(a: str, b: str) -> Likeness:
    if not a or not b:
        return MISSING
    return Likeness("exact") if a == b else DIFFERENT


def _compare_names(left: Prepared, right: Prepared) -> dict[str, Likeness]:
    given = _best(_compare_given(a, b) for a in left.given for b in right.given)
    last = _best(_compare_last(a, b) for a in left.last for b in right.last)
    if _NAME_RANK[given.level] < _AGREES and _NAME_RANK[last.level] < _AGREES:
        # Neither name agrees where it stands: perhaps one side has them the other way round.
        swapped = (
            _best(_compare_last(a, b) for a in left.given for b in right.last),
            _best(_compare_last(a, b) for a in left.last for b in right.given),
        )
        if max(_NAME_RANK[name.level] for name in swapped) >= _NAME_RANK["close"]:
            worst, best = sorted(swapped, key=lambda name: (_NAME_RANK[name.level], name.term))
            return {"order": Likeness("swapped"), "given": worst, "last": best, "middle": MISSING}
    names = {"order": Likeness("straight") if last.level != "missing" else MISSING, "last": last}
    if _NAME_RANK[given.level] < _AGREES:
        crossed = _best(
            _compare_given(a, b)
            for ours, theirs in ((left.given, right.middle), (left.middle, right.given))
            for a in ours
            for b in theirs
            if len(a) > 1 and len(b) > 1
        )
        if crossed.level in {"exact", "familiar"}:
            return {**names, "given": Likeness("middle", crossed.term), "middle": MISSING}
    return {**names, "given": given, "middle": _compare_middle(left, right)}


def _compare_middle(left: Prepared, right: Prepared) -> Likeness:
    middle = _best(_compare_given(a, b) for a in left.middle for b in right.middle)
    return Likeness("close") if middle.level in {"familiar", "similar", "part"} else middle


def _best(names: Iterable[Likeness]) -> Likeness:
    return max(names, key=lambda name: (_NAME_RANK[name.level], name.term), default=MISSING)


def _compare_given(a: str, b: str) -> Likeness:
    if a == b:
        return Likeness("exact" if len(a) > 1 else "initial", a)
    if len(a) == 1 or len(b) == 1 or (a[1] == " " or b[1] == " "):
        return Likeness("initial") if a[0] == b[0] else DIFFERENT
    if are_familiar(a, b):
        return Likeness("familiar")
    shared = max(set(a.split()) & set(b.split()), key=lambda word: (len(word), word), default="")
    if len(shared) > 2:
        return Likeness("part", shared)
    shorter, longer = sorted((a, b), key=len)
    if len(shorter) > 2 and longer.startswith(shorter):
        return Likeness("part", shorter)  # jos and joseph, ruth and ruthie: short forms that no list has
    return _compare_spelling(a, b)


def _compare_last(a: str, b: str) -> Likeness:
    if a == b:
        return Likeness("exact" if len(a) > 1 else "initial", a)
    joined_a, joined_b = a.replace(" ", ""), b.replace(" ", "")
    if joined_a == joined_b:
        return Likeness("exact", min(a, b))
    if " " in a or " " in b:
        shared = set(surname_words((a,))) & set(surname_words((b,)))
        if shared:
            return Likeness("part", max(shared, key=lambda word: (len(word), word)))
    return _compare_spelling(joined_a, joined_b)


def _compare_spelling(a: str, b: str) -> Likeness:
    a, b = min(a, b), max(a, b)  # Jaro is not symmetric
    shorter = min(len(a), len(b))
    if shorter > 2 and OSA.distance(a, b, score_cutoff=2) <= (1 if shorter < 8 else 2):
        return Likeness("close")
    if JaroWinkler.similarity(a, b) >= 0.86 or jellyfish.metaphone(a) == jellyfish.metaphone(b):
        return Likeness("similar")
    return DIFFERENT


def _compare_births(a: str, b: str) -> Likeness:
    if not a or not b:
        return MISSING
    if a == b:
        return Likeness("exact", a)
    day_and_month_swapped = a[4:6] == b[6:] and a[6:] == b[4:6]
    if a[:4] == b[:4]:
        near = day_and_month_swapped or OSA.distance(a, b, score_cutoff=1) <= 1
        return Likeness("near_day" if near else "year", a[:4])
    if a[4:] == b[4:]:
        return Likeness("near_year" if OSA.distance(a, b, score_cutoff=1) <= 1 else "day", a[4:])
    return DIFFERENT


def _compare_sets(a: tuple[str, ...], b: tuple[str, ...]) -> Likeness:
    if not a or not b:
        return MISSING
    shared = set(a) & set(b)
    return Likeness("exact", min(shared)) if shared else DIFFERENT


def _compare_emails(a: tuple[str, ...], b: tuple[str, ...]) -> Likeness:
    same = _compare_sets(a, b)
    if same.level != "different":
        return same
    locals_a = {local for email in a if len(local := email.partition("@")[0]) >= 6}
    return Likeness("local") if any(email.partition("@")[0] in locals_a for email in b) else DIFFERENT


def _compare_places(left: Prepared, right: Prepared) -> Likeness:
    a, b = left.postcode, right.postcode
    if a and a == b:
        return Likeness("postcode", a)
    if a and b and OSA.distance(a, b, score_cutoff=1) <= 1 and left.city == right.city:
        return Likeness("near")
    if left.city and left.city == right.city:
        return Likeness("city", left.city)
    if a and b and a[:3] == b[:3]:
        return Likeness("near")
    return DIFFERENT if (a and b) or (left.city and right.city) else MISSING


def _compare_years(a: int, b: int) -> Likeness:
    if not a or not b:
        return MISSING
    if a == b:
        return Likeness("exact", str(a))
    return Likeness("near") if abs(a - b) == 1 else DIFFERENT


def _compare_words(a: str, b: str) -> Likeness:
    if not a or not b:
        return MISSING
    if a == b:
        return Likeness("exact", a)
    return Likeness("similar") if set(a.split()) & set(b.split()) or JaroWinkler.similarity(a, b) > 0.9 else DIFFERENT
