"""The baseline that sees no word: length, layout and register of a message."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from certify.baselines.parts import Part

Floats = NDArray[np.float64]

NAMES = (
    "characters", "words", "sentences", "word_length", "longest_word", "digits", "punctuation", "question_marks",
    "exclamation_marks", "capitals", "capital_words", "line_breaks", "list_marks", "quotes", "is_question", "starts_lower",
    "ends_without_stop", "i_lower", "apostrophes", "ellipses", "not_ascii", "turns", "characters_before",
)  # fmt: skip
"""What is counted of a part, in order."""

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")


def features(part: Part) -> Floats:
    """Return the numbers of `NAMES` for a part; counts on a logarithmic scale, shares as they are."""
    text = part.message
    stripped = text.strip()
    words = _WORD.findall(text)
    letters = sum(character.isalpha() for character in text) or 1
    counts = (
        len(text),
        len(words),
        len(re.findall(r"[.!?…]+(?:\s|$)", text)),
        sum(map(len, words)) / max(1, len(words)),
        max(map(len, words), default=0),
        sum(character.isdigit() for character in text),
        sum(not (character.isalnum() or character.isspace()) for character in text),
        text.count("?"),
        text.count("!"),
    )
    shares = (
        sum(character.isupper() for character in text) / letters,
        sum(len(word) > 1 and word.isupper() for word in words) / max(1, len(words)),
    )
    layout = (
        text.count("\n"),
        len(re.findall(r"(?m)^\s*(?:[-*•]|\d+[.)])\s", text)),
        sum(text.count(mark) for mark in '"“”«»`'),
        float(stripped.endswith("?")),
        float(stripped[:1].islower()),
        float(bool(stripped) and stripped[-1].isalnum()),
        float("i" in text.split()),
        sum(text.count(mark) for mark in "'’"),
        text.count("...") + text.count("…"),
        sum(ord(character) > 127 for character in text),
        part.turns,
        len(part.before),
    )
    return np.concatenate([np.log1p(counts), shares, np.log1p(layout)])


def matrix(parts: Sequence[Part]) -> Floats:
    """Return the features of parts; shape (parts, len(NAMES))."""
    return np.array([features(part) for part in parts]).reshape(len(parts), len(NAMES))
