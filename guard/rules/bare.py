"""The rule `identifiers` on text without the characters that nobody sees, and with a quicker test of card numbers.

Both stand around `identifiers`, whose bytes alone are the digest that certificates name; that digest doesn't cover this
file. The test says what the one there says. Leaving out more characters can only differ on text that holds such characters.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate

from guard.errors import ScoringError
from guard.rules import identifiers, unseen
from guard.rules.identifiers import Spans


def find(text: str) -> Spans:
    """Return where direct identifiers stand in `text`."""
    places = _places(text)
    if places is None:
        return identifiers.find(text)
    spans = identifiers.find("".join(text[place] for place in places))
    return tuple((places[first], places[last - 1] + 1) for first, last in spans)


def settled(text: str) -> int:
    """Return how many leading characters no further text can make part of a match.

    Raises:
        ScoringError: So many characters that nobody sees stand at the end that what lies between isn't waited for.
    """
    places = _places(text)
    if places is None:
        return identifiers.settled(text)
    end = identifiers.settled("".join(text[place] for place in places))
    first = places[end] if end < len(places) else 0
    if len(text) - first > unseen.MOST:
        raise ScoringError("too many characters that nobody sees")
    return first


def _places(text: str) -> list[int] | None:
    """Return where the characters stand that are seen; None if all are."""
    if text.isascii():
        return None
    places = [place for place, character in enumerate(text) if not unseen.is_unseen(character)]
    return places if len(places) < len(text) else None


def is_card(text: str) -> bool:
    """Tell whether a run of digit groups holds a card, as `identifiers` does, but look at few of its parts."""
    groups = text.replace("-", " ").split(" ")
    edges, number = tuple(accumulate(map(len, groups), initial=0)), "".join(groups)
    return any(
        first + length in edges and _luhn(number[first : first + length])
        for first in edges
        for length in _LENGTHS.get(number[first : first + 2], ())
    )


def _luhn(number: str) -> bool:
    return (sum(map(int, number[::-2])) + sum(map(_DOUBLED.__getitem__, map(int, number[-2::-2])))) % 10 == 0


_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
_LENGTHS = {
    start + more: lengths
    for starts, lengths in identifiers._CARD_LENGTHS
    for start in starts
    for more in ("0123456789" if len(start) == 1 else ("",))
}
"""How many digits a card may have, by its first two."""
identifiers._SHAPES = tuple(
    replace(shape, check=is_card) if shape.check is identifiers._card else shape for shape in identifiers._SHAPES
)
