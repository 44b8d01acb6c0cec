"""How wide a set of rows is: slots, scenarios, n-grams, near-duplicates, readability, counts.

Comes in: samples. Goes out: plain figures. Nothing here passes or fails; it says what a set holds and where it repeats
itself.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

import msgspec
import numpy as np

from guard.cell import bucket
from synth_data import minhash
from synth_data.rowset import Sample

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Of the readability spread."""
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_END = re.compile(r"[.!?…:\n]+(?:\s|$)")
_LONG = 6


class Slots(msgspec.Struct, frozen=True, kw_only=True):
    """2-way slot coverage of one family."""

    claim: str
    """`hazard@stage`, or "traffic"."""
    family: str
    """Its id."""
    scenarios: int
    """Distinct scenarios drawn."""
    seen: int
    """Pairs of slot values that stand together in a draw."""
    possible: int
    """Pairs that could: the product of the values seen, over each two slots."""

    @property
    def share(self) -> float:
        """Share of the possible pairs that were seen; a family with one slot lacks none."""
        return self.seen / self.possible if self.possible else 1.0


class Grams(msgspec.Struct, frozen=True, kw_only=True):
    """How much of the text is not said twice."""

    claim: str
    """`hazard@stage`, or "traffic"."""
    lang: str
    """Language."""
    words: int
    """Words in all."""
    distinct: tuple[float, float, float]
    """Share of distinct words, pairs of words and triples of words."""


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """Readability (LIX) of rows that carry a hazard, or of the others."""

    claim: str
    """`hazard@stage`, or "traffic"."""
    lang: str
    """Language."""
    hazard: bool
    """Which rows."""
    lix: tuple[float, ...]
    """At the quantiles of `QUANTILES`."""


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of one claim, language and length bucket."""

    claim: str
    """`hazard@stage`, or "traffic"."""
    lang: str
    """Language."""
    bucket: str
    """Length bucket, or "longer"."""
    rows: int
    """Rows."""
    draws: int
    """Draws."""
    scenarios: int
    """Distinct scenarios."""
    families: int
    """Families."""
    turns: dict[str, int]
    """Rows by number of turns."""
    traits: dict[str, dict[str, int]]
    """Rows by value of each trait."""


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """All measures."""

    counts: tuple[Count, ...]
    """By claim, language and bucket."""
    slots: tuple[Slots, ...]
    """By family."""
    grams: tuple[Grams, ...]
    """By claim and language."""
    spread: tuple[Spread, ...]
    """By claim, language and label."""
    repeats: minhash.Repeats
    """Near-duplicates across folds and across families."""


def measure(samples: Sequence[Sample]) -> Coverage:
    """Take every measure."""
    return Coverage(
        counts=counts(samples), slots=slots(samples), grams=grams(samples), spread=spread(samples),
        repeats=minhash.repeats(samples),
    )  # fmt: skip


def counts(samples: Iterable[Sample]) -> tuple[Count, ...]:
    """Count rows by claim, language, length bucket, turns and traits."""
    cells: dict[tuple[str, str, str], list[Sample]] = {}
    for sample in samples:
        cells.setdefault((sample.claim, sample.lang, bucket(sample.characters) or "longer"), []).append(sample)
    return tuple(_counted(*cell, rows) for cell, rows in sorted(cells.items()))


def _counted(claim: str, lang: str, where: str, rows: Sequence[Sample]) -> Count:
    return Count(
        claim=claim, lang=lang, bucket=where, rows=len(rows), draws=len({row.draw for row in rows}),
        scenarios=len({row.scenario for row in rows}), families=len({row.family for row in rows}),
        turns=_tally(str(len(row.roles)) for row in rows), traits=_traits(rows),
    )  # fmt: skip


def _tally(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))


def _traits(rows: Sequence[Sample]) -> dict[str, dict[str, int]]:
    names = sorted({name for row in rows for name in row.traits})
    return {name: _tally(row.traits[name] for row in rows if name in row.traits) for name in names}


def slots(samples: Iterable[Sample]) -> tuple[Slots, ...]:
    """Measure 2-way slot coverage (NIST SP 800-142) of each family."""
    values: dict[tuple[str, str], dict[str, set[str]]] = {}
    seen: dict[tuple[str, str], set[tuple[str, ...]]] = {}
    scenarios: dict[tuple[str, str], set[str]] = {}
    for sample in samples:
        key = (sample.claim, sample.family)
        known = scenarios.setdefault(key, set())
        if sample.scenario in known:
            continue
        known.add(sample.scenario)
        chosen = sorted(sample.slots.items())
        for name, value in chosen:
            values.setdefault(key, {}).setdefault(name, set()).add(value)
        seen.setdefault(key, set()).update((*one, *other) for one, other in combinations(chosen, 2))
    return tuple(
        Slots(claim=key[0], family=key[1], scenarios=len(found), seen=len(seen[key]), possible=_possible(values.get(key, {})))
        for key, found in sorted(scenarios.items())
    )


def _possible(values: Mapping[str, set[str]]) -> int:
    return sum(len(values[one]) * len(values[other]) for one, other in combinations(values, 2))


def grams(samples: Iterable[Sample]) -> tuple[Grams, ...]:
    """Measure the share of distinct words, pairs and triples of words (Li et al. 2016, distinct-n)."""
    found: dict[tuple[str, str], list[set[tuple[str, ...]]]] = {}
    totals: dict[tuple[str, str], list[int]] = {}
    for sample in samples:
        key = (sample.claim, sample.lang)
        sets, total = found.setdefault(key, [set(), set(), set()]), totals.setdefault(key, [0, 0, 0])
        words = _WORD.findall(sample.text.lower())
        for size in (1, 2, 3):
            each = list(zip(*(words[start:] for start in range(size)), strict=False))
            sets[size - 1].update(each)
            total[size - 1] += len(each)
    return tuple(
        Grams(claim=claim, lang=lang, words=totals[claim, lang][0], distinct=_shares(sets, totals[claim, lang]))
        for (claim, lang), sets in sorted(found.items())
    )


def _shares(sets: Sequence[set[tuple[str, ...]]], totals: Sequence[int]) -> tuple[float, float, float]:
    one, two, three = (round(len(each) / total, 4) if total else 0.0 for each, total in zip(sets, totals, strict=True))
    return one, two, three


def lix(text: str) -> float:
    """Return the readability index LIX (Björnsson 1968): words a sentence, plus the percentage of words over six letters.

    It counts no syllables, so that it means the same in English, Danish, German and Spanish.
    """
    words = _WORD.findall(text)
    if not words:
        return 0.0
    sentences = sum(1 for part in _END.split(text) if _WORD.search(part))
    return len(words) / max(sentences, 1) + 100 * sum(len(word) > _LONG for word in words) / len(words)


def spread(samples: Iterable[Sample]) -> tuple[Spread, ...]:
    """Measure the spread of readability on either side of the label."""
    found: dict[tuple[str, str, bool], list[float]] = {}
    for sample in samples:
        found.setdefault((sample.claim, sample.lang, sample.positive), []).append(lix(sample.text))
    return tuple(
        Spread(claim=claim, lang=lang, hazard=hazard, lix=tuple(round(float(q), 1) for q in np.quantile(values, QUANTILES)))
        for (claim, lang, hazard), values in sorted(found.items())
    )
