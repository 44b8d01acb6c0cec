"""The baseline that reads words: TF-IDF of words and characters with a logistic regression.

Word 1-2-grams and character 3-5-grams of the judged message, and word 1-2-grams of what was said before it, each block
weighed by inverse document frequency and scaled to length one. The vocabulary comes from the train rows, without labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import normalize

from certify.baselines.parts import Part

Floats = NDArray[np.float64]

WORD = r"[^\W_]+(?:['’][^\W_]+)?"
"""What counts as a word, as a regular expression."""

_KINDS = {
    "words": {"analyzer": "word", "ngram_range": (1, 2), "token_pattern": WORD},
    "characters": {"analyzer": "char_wb", "ngram_range": (3, 5)},
    "before": {"analyzer": "word", "ngram_range": (1, 2), "token_pattern": WORD},
}
BLOCKS = tuple(_KINDS)
"""Blocks of a vocabulary, in order."""
_MOST = {"words": 8_000, "characters": 16_000, "before": 4_000}


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Which grams are counted, by block, and how rare they are."""

    grams: dict[str, tuple[str, ...]]
    """Per block ("words", "characters", "before"), sorted; a block may be empty."""
    idf: Floats
    """(all grams,): in the order of the blocks."""

    def matrix(self, parts: Sequence[Part]) -> sparse.csr_matrix:
        """Return the weighed counts of parts; shape (parts, all grams)."""
        blocks, start = [], 0
        for name in _KINDS:  # the order of the blocks is ours, whatever order a file has them in
            grams = self.grams[name]
            idf = self.idf[start : start + len(grams)]
            start += len(grams)
            if grams:
                counts = _vectorizer(name, vocabulary=grams).transform(_texts(name, parts)).astype(np.float64)
                counts.data = 1.0 + np.log(counts.data)
                blocks.append(normalize(counts.multiply(idf).tocsr()))
        if not blocks:
            return sparse.csr_matrix((len(parts), 0))
        return sparse.csr_matrix(sparse.hstack(blocks))


@dataclass(frozen=True, slots=True)
class TextHead:
    """The weights of one claim over a vocabulary; frozen."""

    weight: Floats
    """(all grams,)."""
    bias: float
    """Added to the sum."""

    def scores(self, matrix: sparse.csr_matrix) -> Floats:
        """Return logits of weighed counts; shape (rows,)."""
        return np.asarray(matrix @ self.weight + self.bias, dtype=np.float64).ravel()


def vocabulary(parts: Sequence[Part]) -> Vocabulary:
    """Collect the commonest grams of some parts; one that stands in a single part is left out."""
    grams: dict[str, tuple[str, ...]] = {}
    idf: list[Floats] = []
    for name in _KINDS:
        counter = _vectorizer(name)
        try:
            counts = counter.fit_transform(_texts(name, parts))
        except ValueError:  # no gram at all, such as where nothing was said before
            grams[name] = ()
            continue
        frequency = np.bincount(counts.indices, minlength=counts.shape[1])
        found = counter.get_feature_names_out()
        order = np.argsort(-frequency, kind="stable")[: _MOST[name]]
        kept = np.sort(order[frequency[order] > 1])
        grams[name] = tuple(str(gram) for gram in found[kept])
        idf.append(np.log((1 + len(parts)) / (1 + frequency[kept])) + 1)
    return Vocabulary(grams, np.concatenate(idf) if idf else np.zeros(0))


def fit(matrix: sparse.csr_matrix, labels: NDArray[np.bool_], penalty: float) -> TextHead:
    """Fit an L2 logistic regression on weighed counts, both classes weighing the same.

    Args:
        matrix: (rows, grams).
        labels: (rows,), of both classes.
        penalty: Inverse strength of the L2 penalty.
    """
    model = LogisticRegression(C=penalty, class_weight="balanced", solver="liblinear", max_iter=200, random_state=0)
    model.fit(matrix, labels)
    return TextHead(np.asarray(model.coef_[0], dtype=np.float64), float(model.intercept_[0]))


def telling_words(vocabulary: Vocabulary, head: TextHead, count: int) -> tuple[str, ...]:
    """Return the single words of the message that speak most for the hazard, most telling first."""
    grams = vocabulary.grams["words"]
    pull = head.weight[: len(grams)] * vocabulary.idf[: len(grams)]
    order = np.argsort(-pull, kind="stable")
    found = [grams[place] for place in order if pull[place] > 0 and " " not in grams[place]]
    return tuple(found[:count])


def _vectorizer(name: str, **options: object) -> CountVectorizer:
    return CountVectorizer(lowercase=True, **_KINDS[name], **options)


def _texts(name: str, parts: Sequence[Part]) -> list[str]:
    return [part.before if name == "before" else part.message for part in parts]
