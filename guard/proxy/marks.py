"""Probabilities of tokens, given out only with the text that they belong to. Pure.

An upstream tells how many bytes each token has and how likely it was; the bytes themselves are cut out of our own released
text, so that nothing leaves here that was not judged.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mark:
    """One released token."""

    data: bytes
    """Its bytes; a character may be spread over several tokens."""
    logprob: float
    """Natural logarithm of its probability."""


class Marks:
    """The tokens of one answer, waiting for their text to be released."""

    def __init__(self) -> None:
        """Begin with none."""
        self._waiting: deque[tuple[int, float | None]] = deque()
        self._told = self._said = 0
        self._released = b""
        self._lost = False

    def take(self, text: str, marks: tuple[tuple[int, float], ...]) -> None:
        """Take the tokens that came with a text; once they do not fit their text, no more of them are given out."""
        before, self._said = self._said, self._said + len(text.encode())
        if not marks:
            return
        if self._told < before:  # text of which nobody told the tokens
            self._waiting.append((before - self._told, None))
            self._told = before
        self._told += sum(size for size, _ in marks)
        self._waiting.extend(marks)
        self._lost |= self._told > self._said or any(size < 0 for size, _ in marks)

    def release(self, text: str) -> tuple[Mark, ...]:
        """Take released text and return the tokens that are complete with it."""
        if self._lost:
            return ()
        self._released += text.encode()
        found: list[Mark] = []
        while self._waiting and self._waiting[0][0] <= len(self._released):
            size, logprob = self._waiting.popleft()
            if logprob is not None:
                found.append(Mark(self._released[:size], logprob))
            self._released = self._released[size:]
        return tuple(found)
