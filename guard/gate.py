"""The stream gate: text goes out only after everything that has to judge it has done so.

Comes in: the bytes of each token as the model emits it, then, per token, the news that it was judged. Goes out: text
that may leave. Pure, and ignorant of monitors, policies and the network: whoever feeds it decides what "clear" means.

    mode     a token's text leaves when
    token    it was judged clear
    window   a whole window of tokens that begins with it was judged clear, or the answer ended
    buffer   the answer ended and all of it was judged clear

Nothing leaves a closed gate, and a closed gate stays closed. Tokens are numbered; one out of order closes the gate,
because a score that stands beside the wrong token judges nothing. A character whose bytes are spread over tokens
leaves as a whole with the last of them.
"""

from __future__ import annotations

import codecs
from collections import deque
from dataclasses import dataclass

from guard.errors import ScoringError
from guard.policy import GateMode

WINDOW = 16
"""Tokens that a window holds."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """Counts of one answer: what was released was judged, token by token and character by character."""

    emitted_tokens: int
    """By the model."""
    judged_tokens: int
    """Of these, judged clear."""
    released_tokens: int
    """Of these, let go."""
    judged_characters: int
    """Unicode characters of tokens judged clear; an unfinished one does not count."""
    released_characters: int
    """Unicode characters let go."""


class Gate:
    """The state of one answer. Never shared between requests."""

    def __init__(self, mode: GateMode, window: int = WINDOW) -> None:
        """Open a gate.

        Args:
            mode: How long text waits.
            window: Tokens of a window; used by that mode only.
        """
        self._hold = {GateMode.TOKEN: 1, GateMode.WINDOW: max(1, window), GateMode.BUFFER: 0}[mode]
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._emitted: deque[bytes] = deque()
        self._clear: deque[str] = deque()
        self._emitted_tokens = self._judged_tokens = self._released_tokens = 0
        self._judged_characters = self._released_characters = 0
        self._open = True

    @property
    def closed(self) -> bool:
        """Whether nothing can leave any more."""
        return not self._open

    @property
    def coverage(self) -> Coverage:
        """The counts so far."""
        return Coverage(
            self._emitted_tokens,
            self._judged_tokens,
            self._released_tokens,
            self._judged_characters,
            self._released_characters,
        )

    def emitted(self, index: int, piece: bytes) -> None:
        """Take the bytes of token `index`; they wait for its judgement. An empty piece is a token, too.

        Raises:
            ScoringError: Not the next token; the gate is closed.
        """
        if index != self._emitted_tokens:
            self._fail("a token came out of order")
        self._emitted_tokens += 1
        if self._open:
            self._emitted.append(piece)

    def judged(self, index: int) -> str:
        """Take note that token `index` was judged clear, and return the text that may leave now.

        Raises:
            ScoringError: Not the next token, or one that was not emitted; the gate is closed.
        """
        if not self._open:
            return ""
        if index != self._judged_tokens or not self._emitted:
            self._fail("a judgement came out of order")
        text = self._decoder.decode(self._emitted.popleft())
        self._judged_tokens += 1
        self._judged_characters += len(text)
        self._clear.append(text)
        return self._release(len(self._clear) - self._hold + 1 if self._hold else 0)

    def end(self) -> str:
        """Return the rest of a whole, judged answer and close the gate.

        Raises:
            ScoringError: A token was emitted that nobody judged; the gate is closed and the rest is gone.
        """
        if not self._open:
            return ""
        if self._emitted or self._judged_tokens != self._emitted_tokens:
            self._fail("the answer ended before all of it was judged")
        tail = self._decoder.decode(b"", final=True)
        if tail:
            self._judged_characters += len(tail)
            self._clear.append(tail)
            self._released_tokens -= 1
        text = self._release(len(self._clear))
        self._open = False
        return text

    def close(self) -> None:
        """Drop everything that has not left, for good."""
        self._open = False
        self._emitted.clear()
        self._clear.clear()

    def _release(self, tokens: int) -> str:
        if tokens <= 0:
            return ""
        text = "".join(self._clear.popleft() for _ in range(tokens))
        self._released_tokens += tokens
        self._released_characters += len(text)
        return text

    def _fail(self, problem: str) -> None:
        self.close()
        raise ScoringError(problem)
