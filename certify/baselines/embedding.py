"""The baseline that reads meaning: a sentence encoder's embedding of the text with a logistic regression.

The encoder is MiniLM (Reimers and Gurevych 2019), which was trained on other people's text and never on ours. Long texts
are cut into pieces of 254 word pieces, whose embeddings are averaged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from certify.baselines.parts import Part

Floats = NDArray[np.float64]

Embed = Callable[[Sequence[str]], ArrayLike]
"""Texts in, (texts, width) out."""


def matrix(parts: Sequence[Part], embed: Embed | None = None) -> Floats:
    """Return the embedding of each part's message beside that of what was said before it (zeros where nothing was).

    Args:
        parts: What is read.
        embed: The encoder; the packaged MiniLM by default.

    Returns:
        (parts, 2 width).
    """
    if embed is None:
        from guard.subjects.minilm import embed as encode

        embed = encode
    texts = sorted({text for part in parts for text in (part.message, part.before) if text.strip()}) or ["-"]
    vectors = np.asarray(embed(texts), dtype=np.float64)
    known = dict(zip(texts, vectors, strict=True))
    nothing = np.zeros(vectors.shape[1])
    rows = [np.concatenate([known.get(part.message, nothing), known.get(part.before, nothing)]) for part in parts]
    return np.array(rows).reshape(len(parts), 2 * vectors.shape[1])
