"""Which bounds of two certificates can be compared, by which test, and which got worse beyond chance.

Comes in: two verified dossiers whose bounds follow from their results.parquet. Goes out: one `Compared` for every bound that
stands in both, with Holm's correction over all of them.

Rows of two certificates are normally fresh: their seeds follow from two protocols. Then the two samples are independent and
the tests are unpaired. They are paired where the same units were tested: the same draws (same protocol, same generator), or the
same unseen families (same generator, and one issuer's key, which gives a family one opaque number).
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from certify import numbers, results
from certify.compare.two_sample import balanced_kl, fisher_exact, pooled_kl
from certify.numbers import Named
from certify.randomisation import holm, sign_flip
from certify.results import UnitLoss
from guard.certificate import Bound, number
from guard.dossier import Dossier
from guard.protocol import row_seed


class Test(enum.StrEnum):
    """How two rates were compared."""

    __test__ = False

    PAIRED_DRAWS = "paired by draw: sign-flip test, on 0/1 losses McNemar's exact test"
    PAIRED_FAMILIES = "paired by unseen family: sign-flip test"
    FISHER = "unpaired draws, 0/1 losses: Fisher's exact test"
    POOLED_KL = "unpaired draws, losses in [0, 1]: Hoeffding's theorem 1, combined by Fisher's method at the pooled mean"
    BALANCED_KL = "unpaired families: Hoeffding's theorem 1, combined by Bonferroni, since the families may be the same ones"


@dataclass(frozen=True, slots=True)
class Compared:
    """One bound that stands in both certificates."""

    claim: str
    """hazard@stage, or "whole"."""
    lang: str
    """Language of the cell."""
    bucket: str
    """Length bucket of the cell."""
    estimand: str
    """What is bounded."""
    old: Bound
    """As signed in the old certificate."""
    new: Bound
    """As signed in the new one."""
    test: Test
    """How they were compared."""
    p: str
    """One-sided p-value of "the new rate is at most the old one", as a decimal string."""
    p_holm: str
    """The same after Holm's correction over all comparisons."""
    worse: bool
    """Whether the new rate was shown to be higher, at the level of the comparison."""
    visible: str
    """The smallest new mean loss that would have been shown to be worse whatever the others came to; "" where the test is
    paired, or where no rate would have been."""

    @property
    def id(self) -> str:
        """The name of the bound."""
        return f"{self.claim}/{self.lang}/{self.bucket}/{self.estimand}"


@dataclass(frozen=True, slots=True)
class _Plan:
    """A test, and the p-value that it would give for another new mean."""

    test: Test
    p: float
    again: Callable[[int], float] | None
    steps: int


def compared(old: Dossier, new: Dossier, level: float) -> tuple[tuple[Compared, ...], tuple[str, ...]]:
    """Compare every bound that stands in both; also name those that stand in both but have no common unit of measurement.

    1. A bound is compared with the one of the same claim, cell, estimand, population and unit.
    2. The test is chosen by the design (which units, how many rows of each), never by how it comes out.
    3. Holm's procedure corrects over all comparisons that are returned.
    """
    before, after = ({one.id: one for one in numbers.bounds_of(opened.certificate)} for opened in (old, new))
    losses = [_by_bound(results.read(opened.files["results.parquet"])) for opened in (old, new)]
    same = _Same.of(old, new)
    plans: list[tuple[Named, Named, _Plan]] = []
    apart: list[str] = []
    for name in (name for name in before if name in after):
        first, second = before[name], after[name]
        earlier, later = losses[0].get(name, {}), losses[1].get(name, {})
        alike = (first.bound.population, first.bound.unit) == (second.bound.population, second.bound.unit)
        if not (alike and earlier and later):  # (1)
            apart.append(name)
            continue
        plans.append((first, second, _planned(first.bound.unit == "family", earlier, later, same)))  # (2)
    adjusted = holm([plan.p for _, _, plan in plans])  # (3)
    found = [
        _judged(first, second, plan, p_holm, level, len(plans))
        for (first, second, plan), p_holm in zip(plans, adjusted, strict=True)
    ]
    return tuple(found), tuple(apart)


@dataclass(frozen=True, slots=True)
class _Same:
    """What two tests share."""

    draws: bool
    """The same rows: same seed, same generator."""
    families: bool
    """The same opaque number means the same family: same generator, same key."""

    @classmethod
    def of(cls, old: Dossier, new: Dossier) -> _Same:
        generator = old.protocol.generator == new.protocol.generator
        seed = row_seed(old.payload) == row_seed(new.payload)
        return cls(generator and seed, generator and old.signer == new.signer)


def _by_bound(losses: Sequence[UnitLoss]) -> dict[str, dict[str, UnitLoss]]:
    """Return the losses by name of their bound and by unit."""
    found: dict[str, dict[str, UnitLoss]] = {}
    for loss in losses:
        found.setdefault(f"{loss.claim}/{loss.lang}/{loss.bucket}/{loss.estimand}", {})[loss.unit] = loss
    return found


def _planned(families: bool, old: dict[str, UnitLoss], new: dict[str, UnitLoss], same: _Same) -> _Plan:
    matched = old.keys() == new.keys() and all(old[unit].denominator == new[unit].denominator for unit in old)
    if matched and (same.families if families else same.draws):
        flips = [new[unit].numerator - old[unit].numerator for unit in sorted(new)]
        return _Plan(Test.PAIRED_FAMILIES if families else Test.PAIRED_DRAWS, sign_flip(flips), None, 0)
    before, after = list(old.values()), list(new.values())
    if not families and {loss.denominator for loss in (*before, *after)} == {1}:
        lost = [sum(loss.numerator for loss in losses) for losses in (before, after)]

        def exact(count: int) -> float:
            return fisher_exact(count, len(after), lost[0], len(before))

        return _Plan(Test.FISHER, exact(lost[1]), exact, len(after))
    means = [sum(loss.loss for loss in losses) / len(losses) for losses in (before, after)]
    test = balanced_kl if families else pooled_kl

    def at(count: int) -> float:
        return test(count / len(after), len(after), means[0], len(before))

    kind = Test.BALANCED_KL if families else Test.POOLED_KL
    return _Plan(kind, test(means[1], len(after), means[0], len(before)), at, len(after))


def _judged(first: Named, second: Named, plan: _Plan, p_holm: float, level: float, among: int) -> Compared:
    return Compared(
        claim=first.claim,
        lang=first.lang,
        bucket=first.bucket,
        estimand=first.bound.estimand,
        old=first.bound,
        new=second.bound,
        test=plan.test,
        p=number(plan.p),
        p_holm=number(p_holm),
        worse=p_holm <= level,
        visible=_visible(plan, level / among),
    )


def _visible(plan: _Plan, level: float) -> str:
    """Return the smallest new mean, in steps of one unit, whose p is at most `level`: p falls as the mean grows."""
    if plan.again is None or plan.again(plan.steps) > level:
        return ""
    low, high = -1, plan.steps
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if plan.again(middle) <= level else (middle, high)
    return number(high / plan.steps)


def by_test(found: Sequence[Compared], test: Test) -> tuple[Compared, ...]:
    """Return the comparisons that were made by one test."""
    return tuple(one for one in found if one.test is test)
