"""From the logits of tokens to one score.

There is one implementation: a running value, pushed one token at a time. A whole sequence is scored by pushing all of
it, so text that streams and text at rest can't be scored by different rules. Only real tokens are pushed: a padded
place never takes part.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from typing import Literal

import msgspec


class Aggregation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How token logits become a score."""

    kind: Literal["last", "mean", "max", "rolling_max", "ema_max"] = "last"
    """`last` token; `mean`; `max`; largest mean of the last `window` tokens; largest exponential moving average."""
    window: int = 16
    """Tokens in the rolling mean; fewer at the beginning of a text."""
    decay: float = 0.9
    """Weight of the past in the exponential moving average."""

    def __post_init__(self) -> None:
        """Check the parameters; msgspec turns the ValueError into its own ValidationError.

        Raises:
            ValueError: The window holds no token, or the decay is not in [0, 1).
        """
        if self.window < 1 or not 0.0 <= self.decay < 1.0:
            raise ValueError("window is at least 1 and decay in [0, 1)")

    def over(self, logits: Iterable[float]) -> float:
        """Return the score of a whole sequence; -inf when it is empty: no score, not a low one."""
        running = Running(self)
        for logit in logits:
            running.push(logit)
        return running.value


class Running:
    """The score of the text so far."""

    def __init__(self, aggregation: Aggregation) -> None:
        """Begin with no token."""
        self._aggregation = aggregation
        self._recent: deque[float] = deque(maxlen=aggregation.window)
        self._state = 0.0
        self._count = 0
        self.value = -math.inf
        """Score so far; -inf before the first token; NaN for ever once a logit was NaN."""

    def push(self, logit: float) -> float:
        """Take the next token's logit and return the score of the text up to it."""
        self._count += 1
        match self._aggregation.kind:
            case "last":
                self.value = logit
            case "mean":
                self._state += logit
                self.value = self._state / self._count
            case "max":
                self._raise_to(logit)
            case "rolling_max":
                self._recent.append(logit)
                self._raise_to(math.fsum(self._recent) / len(self._recent))
            case "ema_max":
                decay = self._aggregation.decay if self._count > 1 else 0.0
                self._state = decay * self._state + (1.0 - decay) * logit
                self._raise_to(self._state)
        return self.value

    def _raise_to(self, candidate: float) -> None:
        # max() would forget a NaN, depending on the order of its arguments; a NaN must stay.
        if math.isnan(candidate) or math.isnan(self.value):
            self.value = math.nan
        else:
            self.value = max(self.value, candidate)
