"""What a rule is given and what it says: one protocol with one method.

Comes in: a passage, which is the next piece of a text, with what the rule remembers of everything before it. Goes out: a
reading, which says where something was found, and how far no further text can change that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from guard.conversation import ToolCall
from guard.rules import unseen

Spans = tuple[tuple[int, int], ...]
"""First and last-plus-one character of each match, in order, not overlapping."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of text to read."""

    text: str
    """What is read; spans count in it."""
    known: object = None
    """What the rule itself remembered of all that came before; None at the beginning of a conversation."""
    complete: bool = True
    """Whether the text ends here, so that everything in it is settled."""
    settled: int = 0
    """How many leading characters were settled by an earlier reading of the same text."""
    call: ToolCall | None = None
    """The tool call whose arguments the text is, if it is that."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a rule says of a passage."""

    spans: Spans = ()
    """Where it found something; those that end beyond `settled` may still change."""
    settled: int = 0
    """How many leading characters no further text can make part of another match."""
    keep: int = 0
    """From which character on the text is still needed; at most `settled`."""
    known: object = None
    """What to remember of everything before `keep`."""


class Reads(Protocol):
    """One rule."""

    def read(self, passage: Passage) -> Reading:
        """Read a passage. Never raises on any text, and takes time in proportion to its length."""
        ...


@dataclass(frozen=True, slots=True)
class Shapes:
    """A rule that remembers nothing: shapes in the text itself."""

    find: Callable[[str], Spans]
    """Text to spans."""
    settle: Callable[[str], int]
    """Text to the number of leading characters that no further text can make part of a match; raises where it can't be told."""
    context: int = 64
    """Characters that are seen, kept before what is unsettled, for words such as "phone" that give a number its meaning."""

    def read(self, passage: Passage) -> Reading:
        """Find shapes; a text of which nothing new has settled is not searched again."""
        text = passage.text
        settled = len(text) if passage.complete else self.settle(text)
        if settled <= passage.settled:
            return Reading(settled=passage.settled)
        return Reading(self.find(text), settled, unseen.back(text, settled, self.context))
