"""Linking career-side people to CRM contacts: how much a likeness counts, and what follows from it.

The model is that of Fellegi and Sunter. Every comparison of two people ends in a level (`connector.core.likeness`); `m` is
how often true pairs show that level, `u` how often chance does; log2(m/u) is its weight in bits. Where the shared value is
known, `u` follows its rarity among the contacts. Weights are learned by `bench/train_match.py`, frozen in a versioned file
and handed in. The prior is not frozen: `Policy` derives it from how many contacts there are.

    keys = query_keys(person)                    # looked up in the store's index
    ids = shortlist(hits, population=n)
    scored = [(id, score(person, contact, weights, frequencies)) for ...]
    decision = triage(scored, weights.policy(population=n))
    decisions = resolve({account: decision, ...}, taken={contact: account, ...}, margin=...)

What never happens here, whatever the weights say: a link by e-mail or telephone alone, a link between people whose given
names contradict each other (twins, households), a second account of one system for one contact.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from enum import StrEnum

import orjson

from connector.core.evidence import Prepared
from connector.core.likeness import Likeness, compare

TABLES: Mapping[tuple[str, str], str] = {
    ("given", "exact"): "given",
    ("given", "part"): "given",
    ("given", "middle"): "given",
    ("middle", "exact"): "given",
    ("last", "exact"): "last",
    ("last", "part"): "last",
    ("birth", "exact"): "birth",
    ("birth", "near_day"): "birth_year",
    ("birth", "year"): "birth_year",
    ("birth", "near_year"): "birth_day",
    ("birth", "day"): "birth_day",
    ("place", "postcode"): "postcode",
    ("place", "city"): "city",
    ("class_year", "exact"): "class_year",
    ("major", "exact"): "major",
    ("occupation", "exact"): "occupation",
    ("employer", "exact"): "employer",
}
"""Which table of frequencies tells how rare the shared term of a level is."""

_SUPPORTS_GIVEN = frozenset({"exact", "familiar", "close", "part", "initial", "middle"})
_AGREES: Mapping[str, frozenset[str]] = {
    "last": frozenset({"exact", "close", "part", "similar"}),
    "middle": frozenset({"exact", "close"}),
    "birth": frozenset({"exact", "near_day", "near_year"}),
    "place": frozenset({"postcode", "city", "near"}),
    "class_year": frozenset({"exact", "near"}),
    "major": frozenset({"exact"}),
    "occupation": frozenset({"exact"}),
    "employer": frozenset({"exact"}),
    "email": frozenset({"exact", "local"}),
    "phone": frozenset({"exact"}),
}
_OF_ONE_PERSON = frozenset({"middle", "email", "major", "occupation", "employer"})
"""What twins do not share: without it a name that is nearly the same may be the other twin's."""
_SHARED_IN_HOUSEHOLDS = frozenset({"email", "phone"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Frequencies:
    """How common names, places and the like are among the contacts: counts by table and term, and each table's total."""

    counts: Mapping[str, Mapping[str, int]]
    totals: Mapping[str, int]

    @classmethod
    def count(cls, contacts: Iterable[Prepared]) -> "Frequencies":
        """Count them. Terms seen once are left out: every unknown term is taken as that rare."""
        counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        totals: Counter[str] = Counter()
        for contact in contacts:
            for table, terms in _terms(contact):
                counts[table].update(terms)
                totals[table] += 1
        common = {table: {t: n for t, n in sorted(terms.items()) if n > 1} for table, terms in counts.items()}
        return cls(counts=common, totals=dict(totals))

    def share(self, table: str, term: str) -> float:
        """The share of contacts with this term, at least that of one contact. A date is its year times its day."""
        if table == "birth":
            return self.share("birth_year", term[:4]) * self.share("birth_day", term[4:])
        return self.counts.get(table, {}).get(term, 1) / max(self.totals.get(table, 0), 1)

    def chance(self, table: str) -> float:
        """How likely two random contacts share a term of this table."""
        if table == "birth":
            return self.chance("birth_year") * self.chance("birth_day")
        total, counts = max(self.totals.get(table, 0), 1), self.counts.get(table, {}).values()
        return (sum(n * n for n in counts) + max(total - sum(counts), 0)) / total**2

    def to_json(self) -> bytes:
        """Both parts, as JSON."""
        return orjson.dumps({"counts": self.counts, "totals": self.totals})

    @classmethod
    def from_json(cls, raw: bytes) -> "Frequencies":
        """What `to_json` wrote. Raises `ValueError` for anything else."""
        values = orjson.loads(raw)
        if not isinstance(values, dict) or values.keys() != {"counts", "totals"}:
            raise ValueError("not a table of frequencies")
        return cls(counts=values["counts"], totals=values["totals"])


def _terms(contact: Prepared) -> Iterable[tuple[str, set[str]]]:
    for table, names in (("given", contact.given), ("last", contact.last)):
        if names:
            yield table, {term for name in names for term in (name, *name.split())}
    if contact.birth:
        yield "birth_year", {contact.birth[:4]}
        yield "birth_day", {contact.birth[4:]}
    if contact.class_year:
        yield "class_year", {str(contact.class_year)}
    for table in ("city", "postcode", "major", "occupation", "employer"):
        if term := getattr(contact, table):
            yield table, {term}


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """How often true pairs (`m`) and chance (`u`) show it. `per_term`: `u` of one term, as a multiple of the term's share."""

    m: float
    u: float
    per_term: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Where triage cuts. All in bits; evidence is counted after the prior, so 0 is an even chance before calibration."""

    automatic: float
    margin: float
    review: float
    match_rate: float
    """The share of career people that are expected to have a contact."""
    population: int
    """How many contacts were searched."""

    @property
    def prior(self) -> float:
        """The bits that a pair needs to be as likely as not: more contacts, more chance namesakes."""
        return math.log2(max(self.population, 1) / self.match_rate)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """The learned levels by field, and the cuts that belong to them."""

    version: str
    levels: Mapping[str, Mapping[str, Level]]
    cuts: Mapping[str, float]

    @classmethod
    def from_json(cls, raw: bytes) -> "Weights":
        """Read a weights file. Raises `ValueError` that names what is wrong with it."""
        values = orjson.loads(raw)
        try:
            levels = {f: {n: Level(**level) for n, level in named.items()} for f, named in values["levels"].items()}
            weights = cls(version=values["version"], levels=levels, cuts=values["cuts"])
            weights.policy(population=1)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"weights file: {error}") from error
        for field, named in levels.items():
            for name, level in named.items():
                if not (0 < level.m <= 1 and 0 < level.u <= 1):
                    raise ValueError(f"weights file: {field}.{name}: m and u must lie in (0, 1]")
        return weights

    def policy(self, *, population: int) -> Policy:
        """The file's cuts, for a search among so many contacts."""
        return Policy(population=population, **self.cuts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How much speaks for two records being one person: bits in sum and by field, and the level of each comparison."""

    weight: float
    parts: Mapping[str, float]
    levels: Mapping[str, str]


def score(left: Prepared, right: Prepared, weights: Weights, frequencies: Frequencies | None = None) -> Score:
    """Compare two people; symmetric. Without frequencies every shared value counts as an ordinarily common one.

    A field that either side does not know counts nothing and is absent from `parts`.
    """
    likenesses = compare(left, right)
    swapped = likenesses["order"].level == "swapped"
    parts = {
        field: _bits(field, likeness, weights, frequencies, swapped=swapped)
        for field, likeness in likenesses.items()
        if likeness.level != "missing"
    }
    return Score(weight=sum(parts.values()), parts=parts, levels={f: x.level for f, x in likenesses.items()})


def _bits(field: str, likeness: Likeness, weights: Weights, frequencies: Frequencies | None, *, swapped: bool) -> float:
    level = weights.levels.get(field, {}).get(likeness.level)
    if level is None:
        return 0.0
    chance = level.u
    table = TABLES.get((field, likeness.level))
    if frequencies and table and likeness.term and level.per_term is not None:
        # Names the other way round: a rare surname may be the commonest of given names.
        tables = ("given", "last") if swapped and table in {"given", "last"} else (table,)
        chance = min(1.0, level.per_term * max(frequencies.share(name, likeness.term) for name in tables))
    return math.log2(level.m / chance)


class Kind(StrEnum):
    """What follows for a career person."""

    AUTOMATIC = "automatic"
    REVIEW = "review"
    NEW = "new"


class Reason(StrEnum):
    """Why."""

    INSTITUTION_ID = "institution_id"
    EVIDENCE = "evidence"
    ACCOUNT_MOVED = "account_moved"
    OTHER_INSTITUTION_ID = "other_institution_id"
    DUPLICATE_CONTACTS = "duplicate_contacts"
    BETWEEN_CONTACTS = "between_contacts"
    NAME_DIFFERS = "name_differs"
    TOO_LITTLE = "too_little"
    POSSIBLE = "possible"
    SECOND_ACCOUNT = "second_account"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The answer for one career person: the contact it is linked to, or whom a person should look at, best first."""

    kind: Kind
    reason: Reason
    contact: str | None = None
    candidates: tuple[str, ...] = ()
    weight: float = 0.0


def triage(candidates: Sequence[tuple[str, Score]], policy: Policy) -> Decision:
    """Decide for one career person among the scored contacts. Total, and independent of their order.

    The institution's id goes first, unless birth date and name both speak against it. Otherwise a link is made only if
    the evidence is high, leads the next contact by the margin, and the given name and more than e-mail or telephone agree.
    """
    ranked = sorted(candidates, key=lambda pair: (-pair[1].weight, pair[0]))
    identified = [pair for pair in ranked if pair[1].levels.get("institution_id") == "exact"]
    if identified:
        return _judge_identified(identified)
    if not ranked or ranked[0][1].weight - policy.prior < policy.review:
        return Decision(kind=Kind.NEW, reason=Reason.NOBODY)
    contact, best = ranked[0]
    obstacle = _obstacle(best, ranked[1:], policy)
    if obstacle is None:
        return Decision(kind=Kind.AUTOMATIC, reason=Reason.EVIDENCE, contact=contact, candidates=(contact,), weight=best.weight)
    likely = tuple(contact for contact, score in ranked if score.weight - policy.prior >= policy.review)
    return Decision(kind=Kind.REVIEW, reason=obstacle, candidates=likely, weight=best.weight)


def _judge_identified(identified: Sequence[tuple[str, Score]]) -> Decision:
    ids, best = tuple(contact for contact, _ in identified), identified[0][1]
    if len(ids) > 1:
        return Decision(kind=Kind.REVIEW, reason=Reason.DUPLICATE_CONTACTS, candidates=ids, weight=best.weight)
    if _contradict(best.levels):
        return Decision(kind=Kind.REVIEW, reason=Reason.ACCOUNT_MOVED, candidates=ids, weight=best.weight)
    return Decision(kind=Kind.AUTOMATIC, reason=Reason.INSTITUTION_ID, contact=ids[0], candidates=ids, weight=best.weight)


def are_two_people(levels: Mapping[str, str]) -> bool:
    """Whether two records that should be one person's are two people's: another name, and another birth date or id with it.

    Where birth dates are not known, nothing of the name may agree. A record without a name says nothing.
    """
    if "missing" in (levels["given"], levels["last"]):
        return False
    return _contradict(levels) or (levels["institution_id"] == "different" and not _support_name(levels))


def _contradict(levels: Mapping[str, str]) -> bool:
    birth_differs = levels["birth"] not in _AGREES["birth"] | {"missing"}
    nothing_else = levels["birth"] == "missing" and levels["given"] == levels["last"] == "different"
    return (birth_differs and not _support_name(levels)) or nothing_else


def _support_name(levels: Mapping[str, str]) -> bool:
    return levels["given"] in _SUPPORTS_GIVEN and levels["last"] in _AGREES["last"]


def _may_be_twins(best: Score, agreeing: AbstractSet[str]) -> bool:
    """Mara and Sara, Daniel and Daniela: a name that is nearly the same, and nothing that twins do not share."""
    return best.levels["given"] in {"close", "part"} and not agreeing & _OF_ONE_PERSON


def _obstacle(best: Score, others: Sequence[tuple[str, Score]], policy: Policy) -> Reason | None:
    """What forbids the automatic link of the best candidate, if anything."""
    if best.levels.get("institution_id") == "different":
        return Reason.OTHER_INSTITUTION_ID
    if others:
        second = others[0][1]
        rival = second.weight - policy.prior >= policy.automatic and second.levels["given"] in _SUPPORTS_GIVEN
        if rival:
            return Reason.DUPLICATE_CONTACTS
        if best.weight - second.weight < policy.margin:
            return Reason.BETWEEN_CONTACTS
    agreeing = {field for field, levels in _AGREES.items() if best.levels[field] in levels}
    if best.levels["given"] not in _SUPPORTS_GIVEN or _may_be_twins(best, agreeing):
        return Reason.NAME_DIFFERS
    if len(agreeing) < 2 or agreeing <= _SHARED_IN_HOUSEHOLDS:
        return Reason.TOO_LITTLE
    return None if best.weight - policy.prior >= policy.automatic else Reason.POSSIBLE


def resolve(batch: Mapping[str, Decision], *, taken: Mapping[str, str], margin: float) -> dict[str, Decision]:
    """No contact silently gets two accounts of one system: `batch` by account, `taken` the account by linked contact.

    Of several accounts that claim one contact, the one named by the institution's id, else the one that leads by the margin,
    keeps its link; the others, and all where none leads, go to review. A contact linked before keeps its account.
    """
    claims: defaultdict[str, list[str]] = defaultdict(list)
    for account, decision in batch.items():
        if decision.contact is not None:
            claims[decision.contact].append(account)
    resolved = dict(batch)
    for contact, accounts in claims.items():
        claims_by_account = {account: batch[account] for account in accounts}
        primary = taken[contact] if contact in taken else _primary(claims_by_account, margin=margin)
        for account in accounts:
            if account != primary:
                resolved[account] = replace(batch[account], kind=Kind.REVIEW, reason=Reason.SECOND_ACCOUNT, contact=None)
    return resolved


def _primary(claims: Mapping[str, Decision], *, margin: float) -> str | None:
    def strength(account: str) -> tuple[bool, float]:
        return claims[account].reason is Reason.INSTITUTION_ID, claims[account].weight

    first, *others = sorted(claims, key=lambda account: (strength(account), account), reverse=True)
    if not others:
        return first
    (first_named, first_weight), (next_named, next_weight) = strength(first), strength(others[0])
    return first if first_named > next_named or (first_named == next_named and first_weight - next_weight >= margin) else None
