"""How often each contrast of a family is drawn: plain ones mostly, subtle ones now and then.

A contrast is subtle when its two sides are made of the same words in another order or with one word changed. The shares are
part of the published distribution: a reader who wants harder rows can raise `SUBTLE`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

PLAIN = 1
"""Contrasts of a family that count as plain: those whose sides share the fewest words."""
SUBTLE = 0.06
"""Share of draws that take one of the others."""

_WORD = re.compile(r"[a-z]+")


def of_contrasts(sides: Mapping[str, tuple[str, str]]) -> dict[str, float]:
    """Return the share of draws of each contrast, given its two sides by name."""
    ranked = sorted(sides, key=lambda name: (overlap(*sides[name]), name))
    plain, subtle = ranked[:PLAIN], ranked[PLAIN:]
    if not subtle:
        return dict.fromkeys(plain, 1 / len(plain))
    return dict.fromkeys(plain, (1 - SUBTLE) / len(plain)) | dict.fromkeys(subtle, SUBTLE / len(subtle))


def overlap(first: str, second: str) -> float:
    """Return the share of words that two phrases have in common, of all words of both (Jaccard)."""
    one, other = (set(_WORD.findall(text.lower())) for text in (first, second))
    return len(one & other) / max(1, len(one | other))
