"""The shortcut gate: how much of a label can be had without understanding, and whether that is too much.

Comes in: samples. Goes out: a `Gate`, one `Reading` for each claim and language. The limits hold on families left out;
inside the same families wide meaning banks make words informative, which is no fault, so those figures carry no limit.
An AUROC is never flipped: a reader that ranks the wrong way round has found a leak, too. Too few families are not a pass.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from guard.errors import InputError
from guard.hazards import Claim, Mode, Taxonomy
from guard.progress import Phase, silent
from synth_data import baselines
from synth_data.baselines import Baseline, Leak
from synth_data.ranking import Bools, Estimate, Floats, Ints, auroc, codes, pair_accuracy
from synth_data.rowset import TRAFFIC, Sample

LIMITS = {"pairs": 0.60, "overall": 0.75}
"""Largest AUROC on families left out, by scope."""
LEAST = 0.40
"""Below it a leak is turned round."""
SLACK = 0.05
"""How far the upper end of the interval may lie above the limit."""
FAMILIES = 20
"""Fewest families that a limit is judged on."""
_PARTS = 5
_NAMED = 5


class Scope(enum.StrEnum):
    """Which rows are ranked."""

    PAIRS = "pairs"
    OVERALL = "overall"


_WHERE = {Scope.PAIRS: "inside pairs", Scope.OVERALL: "overall"}


class Split(enum.StrEnum):
    """What a reader has not seen when it scores a row."""

    FAMILIES = "families"
    SCENARIOS = "scenarios"


class Outcome(enum.StrEnum):
    """What a figure says of its limit."""

    PASS = "pass"  # noqa: S105
    OVER = "over the limit"
    WIDE = "interval too wide"
    TURNED = "turned round"
    TOO_FEW = "too few families"
    NO_LIMIT = "no limit"


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """How well one reader ranks."""

    baseline: str
    """The reader."""
    scope: Scope
    """Which rows."""
    left_out: Split
    """What it had not seen."""
    families: int
    """How many families the rows come from."""
    rows: int
    """How many rows."""
    auroc: Estimate
    """Never flipped."""
    pairs: Estimate | None
    """Share of pairs in the right order, inside pairs."""
    limit: float | None
    """Largest estimate, or None where there is no limit."""
    outcome: Outcome
    """What follows."""
    leaks: tuple[Leak, ...] = ()
    """What the label can be read off, where the limit does not hold."""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """The gate's reading of one claim in one language."""

    claim: str
    """`hazard@stage`."""
    lang: str
    """Language."""
    certifiable: bool
    """Whether the gate decides about it."""
    families: int
    """How many families."""
    figures: tuple[Figure, ...]
    """By scope, split and reader; empty when no reader could be fitted."""
    probe: dict[str, dict[str, float]]
    """AUROC over all its rows by probe family and reader, each learnt without that family."""

    @property
    def passed(self) -> bool:
        """Whether every limit holds; without a figure for each none does."""
        judged = [figure.outcome for figure in self.figures if figure.left_out is Split.FAMILIES]
        return len(judged) == len(Scope) * len(baselines.ALL) and all(outcome is Outcome.PASS for outcome in judged)

    @property
    def problems(self) -> tuple[str, ...]:
        """Say what keeps it from passing, a line each."""
        name = f"{self.claim} {self.lang}".strip()
        judged = [figure for figure in self.figures if figure.left_out is Split.FAMILIES]
        missing = [scope for scope in Scope if scope not in {figure.scope for figure in judged}]
        found = [f"{name}: nothing to judge {_WHERE[scope]}, of {self.families} families" for scope in missing]
        if any(figure.outcome is Outcome.TOO_FEW for figure in judged):
            found.append(f"{name}: too few families, {self.families} of at least {FAMILIES}")
        broken = [figure for figure in judged if figure.outcome not in (Outcome.PASS, Outcome.TOO_FEW)]
        return (*found, *(f"{name}: {_problem(figure)}" for figure in broken))


class Gate(msgspec.Struct, frozen=True, kw_only=True):
    """All readings."""

    readings: tuple[Reading, ...]
    """By claim and language."""

    @property
    def passed(self) -> bool:
        """Whether every certifiable claim passes; none at all is no pass."""
        deciding = [reading for reading in self.readings if reading.certifiable]
        return bool(deciding) and all(reading.passed for reading in deciding)


def judge(samples: Sequence[Sample], *, taxonomy: Taxonomy | None = None, seed: int = 0, phase: Phase = silent) -> Gate:
    """Read samples with every baseline and hold the figures against the limits.

    Args:
        samples: Of any claims and languages; ordinary chat is passed over.
        taxonomy: Says which claims are certifiable; by default the packaged one.
        seed: Of the resamples behind the intervals.
        phase: Shows progress.

    Raises:
        InputError: No row belongs to a claim.
    """
    sets: dict[tuple[str, str], list[Sample]] = {}
    for sample in samples:
        if sample.claim != TRAFFIC:
            sets.setdefault((sample.claim, sample.lang), []).append(sample)
    if not sets:
        raise InputError("no row belongs to the draws of a claim", "name a folder with rows of at least one claim")
    known = taxonomy if taxonomy is not None else Taxonomy.packaged()
    advance = phase("reading without understanding", len(sets) * len(baselines.ALL))
    readings: list[Reading] = []
    for (claim, lang), rows in sorted(sets.items()):
        figures: list[Figure] = []
        probe: dict[str, dict[str, float]] = {}
        for kind in baselines.ALL:
            found, by_family = _read(kind(rows), _Set.of(rows), seed)
            figures += found
            for family, value in by_family.items():
                probe.setdefault(family, {})[kind.name] = value
            advance(1)
        figures.sort(key=lambda figure: (list(Split).index(figure.left_out), list(Scope).index(figure.scope)))
        readings.append(
            Reading(
                claim=claim,
                lang=lang,
                certifiable=_certifiable(known, claim) and not any(row.written for row in rows),
                families=len({row.family for row in rows}),
                figures=tuple(figures),
                probe=probe,
            )
        )
    return Gate(readings=tuple(readings))


def _certifiable(taxonomy: Taxonomy, claim: str) -> bool:
    """Whether a claim can be certified on such rows: what the generator wrote in the assistant's name never is."""
    hazard = taxonomy.hazards.get(Claim.parse(claim).hazard)
    return hazard is not None and hazard.mode is Mode.CERTIFY


@dataclass(frozen=True, slots=True)
class _Set:
    """Rows of one claim and language, by place."""

    positive: Bools
    in_pair: Bools
    family: Ints
    scenario: Ints
    pair: Ints
    probe: dict[str, Ints]

    @classmethod
    def of(cls, rows: Sequence[Sample]) -> _Set:
        probe: dict[str, list[int]] = {}
        for place, row in enumerate(rows):
            if row.fold == "probe":
                probe.setdefault(row.family, []).append(place)
        return cls(
            np.array([row.positive for row in rows]), np.array([row.in_pair for row in rows]),
            codes([row.family for row in rows]), codes([row.scenario for row in rows]), codes([row.pair for row in rows]),
            {family: np.array(places) for family, places in probe.items()},
        )  # fmt: skip

    def scopes(self) -> Iterator[tuple[Scope, Ints]]:
        yield Scope.PAIRS, np.flatnonzero(self.in_pair)
        yield Scope.OVERALL, np.arange(len(self.positive))


def _read(reader: Baseline, rows: _Set, seed: int) -> tuple[list[Figure], dict[str, float]]:
    found: list[Figure] = []
    by_family: dict[str, float] = {}
    for scope, places in rows.scopes():
        if not len(places) or rows.positive[places].all() or not rows.positive[places].any():
            continue
        for split, groups in ((Split.FAMILIES, rows.family), (Split.SCENARIOS, rows.scenario)):
            scores = _left_out(reader, places, groups[places])
            if scores is None:
                continue
            found.append(_figure(reader, rows, places, scores, scope, split, seed))
            if (scope, split) == (Scope.OVERALL, Split.FAMILIES):
                by_family = _by_family(rows, scores)
    return found, by_family


def _left_out(reader: Baseline, places: Ints, groups: Ints) -> Floats | None:
    """Score each row by a reader that learnt on other groups; None with fewer than two groups."""
    from sklearn.model_selection import GroupKFold

    parts = min(_PARTS, len(np.unique(groups)))
    if parts < 2:
        return None
    scores = np.zeros(len(places))
    splitter: Any = GroupKFold(parts)
    for fit, left_out in splitter.split(places, groups=groups):
        scores[left_out] = reader.scores(places[fit], places[left_out])
    return scores


def _figure(reader: Baseline, rows: _Set, places: Ints, scores: Floats, scope: Scope, split: Split, seed: int) -> Figure:
    positive, family = rows.positive[places], codes(rows.family[places].astype(str).tolist())
    estimate = auroc(scores, positive, family, seed=seed)
    paired = None
    if scope is Scope.PAIRS:
        paired = pair_accuracy(scores, positive, codes(rows.pair[places].astype(str).tolist()), family, seed=seed)
    limit = LIMITS[scope] if split is Split.FAMILIES else None
    families = int(family.max()) + 1
    outcome = outcome_of(estimate, limit, families)
    return Figure(
        baseline=reader.name, scope=scope, left_out=split, families=families, rows=len(places), auroc=estimate, pairs=paired,
        limit=limit, outcome=outcome,
        leaks=() if outcome in (Outcome.PASS, Outcome.NO_LIMIT) else reader.leaks(places),
    )  # fmt: skip


def outcome_of(estimate: Estimate, limit: float | None, families: int) -> Outcome:
    """Hold an AUROC against its limit."""
    if limit is None:
        return Outcome.NO_LIMIT
    if families < FAMILIES:
        return Outcome.TOO_FEW
    if estimate.value < LEAST:
        return Outcome.TURNED
    if estimate.value > limit:
        return Outcome.OVER
    return Outcome.WIDE if estimate.high > limit + SLACK else Outcome.PASS


def _by_family(rows: _Set, scores: Floats) -> dict[str, float]:
    """Return the AUROC within each probe family; the scope must be all rows."""
    found: dict[str, float] = {}
    for family, places in sorted(rows.probe.items()):
        positive = rows.positive[places]
        if positive.any() and not positive.all():
            found[family] = auroc(scores[places], positive, np.zeros(len(places), dtype=np.int64)).value
    return found


def interval(estimate: Estimate) -> str:
    """Write an estimate for people."""
    return f"{estimate.value:.2f} [{estimate.low:.2f}, {estimate.high:.2f}]"


def _problem(figure: Figure) -> str:
    why = {
        Outcome.OVER: f"over the limit of {figure.limit:.2f}",
        Outcome.WIDE: f"the interval ends above {(figure.limit or 0) + SLACK:.2f}",
        Outcome.TURNED: f"below {LEAST:.2f}, a leak turned round",
    }.get(figure.outcome, str(figure.outcome))
    named = baselines.tally(figure.leaks[:_NAMED]) or "nothing recurs"
    return f"{figure.baseline} {_WHERE[figure.scope]}: AUROC {interval(figure.auroc)}, {why}: {named}"
