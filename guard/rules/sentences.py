"""Text in sentences, cut so that what comes later never moves a cut that was made.

Rules that join words over a distance, such as a drug and its dose, read sentence by sentence: an answer that streams is
then judged exactly as it would be when whole, at the price of one sentence. Each is read in plain text; what nobody sees
neither ends a sentence nor counts towards its length.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TypeVar

from guard.errors import ScoringError
from guard.rules import plain, unseen
from guard.rules.passage import Passage, Reading, Spans

K = TypeVar("K")

LONGEST = 400
"""A sentence that is longer is cut at its last space before that."""

_ENDS = re.compile(r"\n|[.!?;][)\"'”»]*\s")
_SHORT = frozenset(
    (
        "max", "máx", "maks", "min", "mín", "mr", "mrs", "ms", "dr", "prof", "hr", "fr", "sr", "sra", "ca",
        "tgl", "tägl", "bzw", "approx", "pr", "evt", "stk", "tbl", "tab", "tabl", "vs", "nr", "fx", "eks",
        "e.g", "i.e", "z.b", "f.eks",
    )
)  # fmt: skip
_WORD = re.compile(r"([^\W\d_][\w.]*)\.\s$")
_LOOK_BACK = 12


def read(passage: Passage, known: K, judge: Callable[[str, K], tuple[Spans, K]]) -> Reading:
    """Read a passage sentence by sentence.

    Args:
        passage: Text, which begins at the beginning of a sentence.
        known: What was remembered before it.
        judge: From a sentence in plain text and what is known to what was found in it and what is known then.

    Raises:
        ScoringError: See `cut`.
    """
    found: list[tuple[int, int]] = []
    end = 0
    for first, last in cut(passage.text, complete=passage.complete):
        sentence = plain.of(passage.text[first:last])
        end = last
        if not sentence.text.strip():
            continue
        spans, known = judge(sentence.text, known)
        found += [(first + begins, first + ends) for begins, ends in (sentence.back(*span) for span in spans)]
    return Reading(tuple(found), end, end, known)


def cut(text: str, *, complete: bool) -> Iterator[tuple[int, int]]:
    """Yield first and last-plus-one character of each sentence that no further text can change.

    Args:
        text: Begins at the beginning of a sentence.
        complete: Whether the text ends here; if not, its last sentence is still open and not given.

    Raises:
        ScoringError: So many characters that nobody sees stand at the end that what lies between isn't waited for.
    """
    places = unseen.seen(text)
    if places is None:
        yield from _cut(text, complete=complete)
        return
    end = 0
    for _, last in _cut("".join(map(text.__getitem__, places)), complete=complete):
        start, end = end, places[last - 1] + 1
        yield start, end
    if complete and end < len(text):
        yield end, len(text)
    elif not complete and len(text) - end > unseen.MOST:
        raise ScoringError("too many characters that nobody sees")


def _cut(text: str, *, complete: bool) -> Iterator[tuple[int, int]]:
    start = 0
    for match in _ENDS.finditer(text):
        while match.end() - start > LONGEST:
            end = _forced(text, start)
            yield start, end
            start = end
        if _ends(text, start, match.end()):
            yield start, match.end()
            start = match.end()
    while len(text) - start > LONGEST:
        end = _forced(text, start)
        yield start, end
        start = end
    if complete and start < len(text):
        yield start, len(text)


def _ends(text: str, start: int, end: int) -> bool:
    """Whether a mark ends a sentence, rather than an abbreviation such as "max." does."""
    word = _WORD.search(text, max(start, end - _LOOK_BACK), end)
    return word is None or word.group(1).lower() not in _SHORT


def _forced(text: str, start: int) -> int:
    space = text.rfind(" ", start, start + LONGEST)
    return space + 1 if space > start else start + LONGEST
