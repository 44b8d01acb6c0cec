"""One answer under way, and the monitors that read it.

Knows nothing of forward passes: whoever feeds the tokens, one answer at a time or several together, pushes what was read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from guard.hazards import Stage
from guard.probes.activations import HookPoint
from guard.probes.aggregation import Running
from guard.probes.judge import ANSWERS, outcome
from guard.probes.linear import Stack
from guard.probes.suite import Suite
from guard.scores import ProbeScore, Score, ScoreUnavailable
from guard.subjects.causal import CausalSubject
from guard.subjects.detokenize import Detokenizer
from guard.subjects.draw import Draw
from guard.subjects.events import End, Sampling, Step
from guard.subjects.stops import StopText


class Answer:
    """One answer under way: which token comes next, and what its monitors say of those before.

    The next token is chosen, then fed, then pushed together with what was read of it.
    """

    def __init__(self, subject: CausalSubject, suite: Suite, length: int, sampling: Sampling) -> None:
        """Begin after a prompt of `length` tokens."""
        self._stop_ids = subject.stop_ids
        self._most = min(sampling.max_tokens, subject.context - length)
        self._scores = AnswerScores(suite)
        self._text = StopText(sampling.stop)
        self._detokenizer = Detokenizer(subject.tokenizer)
        self._draw = Draw(sampling)
        self._count = 0
        self.token = -1
        """The next token; it is no part of the answer if that is over."""

    @property
    def over(self) -> bool:
        """Whether no further token is to be fed."""
        return self._count >= self._most or self.token in self._stop_ids or self._text.stopped

    def choose(self, logits: torch.Tensor, likeliest: int | None) -> None:
        """Choose the next token.

        Args:
            logits: (vocabulary,)
            likeliest: The greedy choice, None where a logit is not finite: see `likeliest`.

        Raises:
            ScoringError: A logit is not finite.
        """
        self.token = self._draw(logits, likeliest)

    def push(self, scored: Sequence[float], logits: torch.Tensor, likeliest: int | None) -> Step:
        """Take the chosen token as fed, and choose the one after it.

        Args:
            scored: The probes' logits at it, as `AnswerProbes` gives them.
            logits: As `choose`.
            likeliest: As `choose`.

        Raises:
            ScoringError: A logit is not finite.
        """
        fed = self.token
        self.choose(logits, likeliest)
        self._count += 1
        given = self._text.push(self._detokenizer.push(fed))
        if self._count == self._most or self.token in self._stop_ids:
            given += self._text.push(self._detokenizer.flush()) + self._text.flush()
        return Step(fed, given, self._scores.push(scored))

    def end(self) -> End:
        """Say how it ended."""
        reason = "stop" if self._text.stopped or self.token in self._stop_ids else "length"
        return End(reason, self._scores.end(), self._count)


class AnswerProbes:
    """The probes that read answers, folded: one map for the next tokens of several answers."""

    def __init__(self, suite: Suite) -> None:
        """Fold them."""
        self._stack = Stack([monitor.probes for monitor in suite.at(*ANSWERS)])

    def logits(self, values: Mapping[HookPoint, torch.Tensor], rows: int) -> list[list[float]]:
        """Score one token of each of some rows.

        Args:
            values: Per hook point (rows, width).
            rows: How many.

        Raises:
            ScoringError: A hook point is missing.
        """
        if not len(self._stack):
            return [[] for _ in range(rows)]
        found: list[list[float]] = self._stack.logits(values).tolist()
        return found


class AnswerScores:
    """The running scores of the monitors that read one answer."""

    def __init__(self, suite: Suite) -> None:
        """Begin with no token."""
        self._monitors = suite.at(*ANSWERS)
        self._running = [Running(monitor.aggregation) for monitor in self._monitors]

    def push(self, logits: Sequence[float]) -> tuple[Score, ...]:
        """Take the next token's logits and return the scores of the response monitors."""
        for running, logit in zip(self._running, logits, strict=True):
            running.push(logit)
        return tuple(score for score in self.end() if score.claim.stage is Stage.RESPONSE)

    def end(self) -> tuple[ProbeScore | ScoreUnavailable, ...]:
        """Return the scores of all of them."""
        return tuple(outcome(monitor, running.value) for monitor, running in zip(self._monitors, self._running, strict=True))
