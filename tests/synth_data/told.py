"""Tellings for the tests of families: a few cases of each, told with the same choices as a draw takes."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from random import Random

from scipy.stats import binom

from guard.conversation import Kind
from guard.hazards import Claim
from synth_data import families, labels
from synth_data.scenario import Case, Family, Telling

PAIR = (Kind.POSITIVE, Kind.TWIN)
TRIPLE = (*PAIR, Kind.HARD_NEGATIVE)
HAZARDS = (*labels.PROMPT_CLAIMS, *labels.CONTEXT_CLAIMS)
CLAIMS: tuple[Claim | None, ...] = (None, *HAZARDS)
"""Ordinary chat and every claim about what somebody else wrote."""
TYPED = (labels.EMERGENCY, labels.SELF_HARM, labels.MISUSE, labels.SELF_TREATMENT)
"""Claims whose texts hold no markup of their own."""
GAP = re.compile(r"\{[a-z_]+\}|\|\||[\x00-\x08]|\[[^\]\n]*\|[^\]\n]*\]")
"""What a template leaves behind that was not filled."""
MARKUP = re.compile(r"<[^<>\n]*>")
"""A mark for a person or a verb."""


def case(family: Family, index: int) -> Case:
    """Return a case of a family, the same each time."""
    return family.case(Random(f"{family.id} {index}"))


def tell(family: Family, index: int, lang: str = "en") -> tuple[Case, dict[Kind, Telling]]:
    """Tell a case as each kind with the same choices; ordinary chat as itself."""
    drawn = case(family, index)
    kinds = TRIPLE if family.claim is not None else (Kind.TRAFFIC,)
    return drawn, {kind: choices(family, drawn, index, kind, lang) for kind in kinds}


def choices(family: Family, drawn: Case, index: int, kind: Kind, lang: str = "en") -> Telling:
    """Tell a case as one kind, with choices that depend on family and index alone."""
    return family.tell(drawn, kind, Random(f"{family.id} {index} told"), lang)


@cache
def some(claim: Claim | None, count: int) -> tuple[tuple[Family, Case, dict[Kind, Telling]], ...]:
    """Tell some cases of every family of a claim, once for all tests."""
    return tuple((family, *tell(family, index)) for family in families.families(claim) for index in range(count))


def text(telling: Telling) -> str:
    """Return what is judged."""
    return "\n".join(message.content for message in telling.messages)


def words(spoken: str) -> Counter[str]:
    """Count the words of a text."""
    return Counter(re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)?", spoken.lower()))


def pairs(claim: Claim, count: int) -> Iterator[tuple[Family, Case, Telling, Telling]]:
    """Yield positives with their twins."""
    for family, drawn, told in some(claim, count):
        yield family, drawn, told[Kind.POSITIVE], told[Kind.TWIN]


def plausible(successes: int, trials: int, share: float, error: float = 1e-4) -> bool:
    """Say whether a count is what a share gives, at a two-sided level that a right share misses once in 10,000."""
    low, high = binom.ppf([error / 2, 1 - error / 2], trials, share)
    return bool(low <= successes <= high)


def least_forms(texts: list[str]) -> float:
    """Bound from below, at 95 %, how many texts can be drawn, from how many couples of some draws coincide.

    Of n draws, n(n-1)/2 couples coincide with the sum of squared probabilities, which is at least one over the number of
    possible texts; the number of coinciding couples is nearly Poisson.
    """
    from scipy.stats import gamma

    coinciding = sum(many * (many - 1) // 2 for many in Counter(texts).values())
    return math.comb(len(texts), 2) / float(gamma.ppf(0.95, coinciding + 1))
