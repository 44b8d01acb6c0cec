"""How often a family's shapes are drawn; published shares, the same for all families of a speech act.

Shapes that speak of one thing only are easier to read than those in which a second thing stands beside it, in the past, in
a story, denied, or another person's wish: there the two sides of a pair have nearly the same words.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

BESIDE = 0.2
"""Share of draws in which a second thing stands beside what is meant."""
IMPLICIT = 0.15
"""Share of draws of a family in which no single phrase states the hazard."""
FIRST = 3.0
"""How much more often the first contrast of a family is drawn than each of its others: a kind has its typical case."""


def of_shapes(shapes: Collection[str], beside: Iterable[str]) -> dict[str, float]:
    """Share `BESIDE` among the shapes with a second thing, and the rest among the others."""
    with_second = set(beside)
    alone = len(shapes) - len(with_second)
    return {shape: BESIDE / len(with_second) if shape in with_second else (1 - BESIDE) / alone for shape in shapes}


def typical(names: Collection[str], wanted: Iterable[str]) -> dict[str, float]:
    """Give all weight to some names, equally."""
    kept = set(wanted)
    return {name: float(name in kept) for name in names}


def of_details(explicit: Collection[str], implicit: Collection[str]) -> dict[str, float]:
    """Share `IMPLICIT` among the implicit contrasts, if there are any, and the rest among the others."""
    hidden = IMPLICIT if implicit else 0.0
    heights = dict.fromkeys(explicit, 1.0) | {next(iter(explicit)): FIRST}
    found = {detail: (1 - hidden) * height / sum(heights.values()) for detail, height in heights.items()}
    return found | {detail: hidden / len(implicit) for detail in implicit}
