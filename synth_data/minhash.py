"""Near-duplicates by MinHash: rows that say nearly the same in two folds, or in two families.

Comes in: samples. Goes out: how many rows have a near-duplicate where none should be. Texts are compared by their sets of
three neighbouring words; the Jaccard similarity of two sets is estimated by the share of equal smallest hashes (Broder
1997), and only rows that agree in a whole band of hashes are compared at all.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from synth_data.ranking import Bools, Ints, codes
from synth_data.rowset import Sample

NEAR = 0.8
"""Jaccard similarity from which two texts are near-duplicates."""
_BANDS, _BAND = 16, 8
_SHINGLE = 3
_NEIGHBOURS = 32
_CHUNK = 20_000
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")

Hashes = NDArray[np.uint64]
"""Hashes of shingles."""
Signatures = NDArray[np.uint32]
"""A row for each text, a column for each hash function."""


class Repeats(msgspec.Struct, frozen=True, kw_only=True):
    """Rows with a near-duplicate elsewhere."""

    rows: int
    """Rows compared; a row that several claims are about counts once for each."""
    folds: int
    """Rows with a near-duplicate in another fold."""
    families: int
    """Rows with a near-duplicate in another family."""
    between: dict[str, int]
    """Couples of rows by the two families, for the most frequent."""


def repeats(samples: Sequence[Sample]) -> Repeats:
    """Count rows with a near-duplicate in another fold, or in another family of the same claim.

    Within a band a row is compared with 32 neighbours on either side, in an order that depends on its text alone. So a
    template that stands in thousands of rows costs no square of them; for such rows the count is a lower bound.
    """
    if not samples:
        return Repeats(rows=0, folds=0, families=0, between={})
    signs = signatures(sample.text for sample in samples)
    claim, fold = codes([sample.claim for sample in samples]), codes([sample.fold for sample in samples])
    family = codes([sample.family for sample in samples])
    across_folds, across_families = np.zeros(len(samples), dtype=bool), np.zeros(len(samples), dtype=bool)
    between: Counter[str] = Counter()
    for one, other in _near(signs, _candidates(signs, claim, fold, family)):
        _mark(across_folds, one, other, fold[one] != fold[other])
        foreign = family[one] != family[other]
        _mark(across_families, one, other, foreign)
        between.update(
            " ~ ".join(sorted((samples[first].family, samples[second].family)))
            for first, second in zip(one[foreign].tolist(), other[foreign].tolist(), strict=True)
        )
    most = sorted(between.items(), key=lambda item: (-item[1], item[0]))[:10]
    return Repeats(rows=len(samples), folds=int(across_folds.sum()), families=int(across_families.sum()), between=dict(most))


def _mark(found: Bools, one: Ints, other: Ints, wanted: Bools) -> None:
    found[one[wanted]] = True
    found[other[wanted]] = True


def signatures(texts: Iterable[str]) -> Signatures:
    """Return for each text the smallest value of its shingles under each of the hash functions."""
    generator = np.random.default_rng(0)
    odd = generator.integers(0, 2**63, size=_BANDS * _BAND, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    known: dict[str, int] = {}
    return np.array([_smallest(_shingles(text, known), odd) for text in texts])


def _shingles(text: str, known: dict[str, int]) -> Hashes:
    words = _WORD.findall(text.lower())
    for word in words:
        if word not in known:
            known[word] = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "big")
    padded = [known[word] for word in words] + [0] * max(0, _SHINGLE - len(words))
    hashes = np.array(padded, dtype=np.uint64)
    mixed = np.zeros(len(padded) - _SHINGLE + 1, dtype=np.uint64)
    for start in range(_SHINGLE):
        mixed = _mix(mixed + hashes[start : start + len(mixed)])
    return np.unique(mixed)


def _mix(value: Hashes) -> Hashes:
    """Scramble 64 bits (the finaliser of SplitMix64), modulo 2**64."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


def _smallest(shingles: Hashes, odd: Hashes) -> Signatures:
    # Multiply-shift: the upper half of the product is the better half.
    found: Signatures = ((shingles[:, None] * odd[None, :]) >> np.uint64(32)).min(axis=0).astype(np.uint32)
    return found


def _candidates(signs: Signatures, claim: Ints, fold: Ints, family: Ints) -> Ints:
    """Return couples of rows of one claim that agree in a band and differ in fold or family, each as one number."""
    size = len(signs)
    found: list[Ints] = [np.zeros(0, dtype=np.int64)]
    for band in range(_BANDS):
        part = np.ascontiguousarray(signs[:, band * _BAND : (band + 1) * _BAND])
        keyed = np.concatenate([claim[:, None].astype(np.uint32), part], axis=1)
        bucket = np.unique(keyed, axis=0, return_inverse=True)[1].ravel()
        # The next band's first hash shuffles a bucket, so that neighbours are of any fold and family.
        order = np.lexsort((signs[:, (band + 1) * _BAND % signs.shape[1]], bucket))
        for shift in range(1, min(_NEIGHBOURS, size - 1) + 1):
            one, other = order[:-shift], order[shift:]
            alike = (bucket[one] == bucket[other]) & ((fold[one] != fold[other]) | (family[one] != family[other]))
            one, other = one[alike], other[alike]
            found.append(np.minimum(one, other) * size + np.maximum(one, other))
    return np.unique(np.concatenate(found))


def _near(signs: Signatures, couples: Ints) -> Iterable[tuple[Ints, Ints]]:
    """Yield those couples whose estimated similarity is high enough, some thousands at a time."""
    for start in range(0, len(couples), _CHUNK):
        one, other = np.divmod(couples[start : start + _CHUNK], len(signs))
        near = (signs[one] == signs[other]).mean(axis=1) >= NEAR
        yield one[near], other[near]
