"""Choosing the next token from logits."""

from __future__ import annotations

import torch

from guard.errors import ScoringError
from guard.subjects.events import Sampling


def likeliest(logits: torch.Tensor) -> list[int | None]:
    """Return the likeliest token of each row, None where a logit is not finite; one trip to the host for all."""
    finite, tokens = torch.stack((torch.isfinite(logits).all(-1).long(), logits.argmax(-1))).tolist()
    return [token if good else None for good, token in zip(finite, tokens, strict=True)]


class Draw:
    """Chooses tokens; seeded for each answer, so that no other request moves it."""

    def __init__(self, sampling: Sampling) -> None:
        """Begin the random draws of one answer."""
        self._sampling = sampling
        self._generator = torch.Generator().manual_seed(sampling.seed)

    def __call__(self, logits: torch.Tensor, likeliest: int | None) -> int:
        """Choose one token.

        Args:
            logits: (vocabulary,)
            likeliest: The greedy choice, as the function of that name returns it.

        Raises:
            ScoringError: A logit is not finite.
        """
        if likeliest is None:
            raise ScoringError("the model's output is not finite")
        if self._sampling.temperature <= 0:
            return likeliest
        chances = torch.softmax(logits.double().cpu() / self._sampling.temperature, dim=-1)
        if self._sampling.top_p < 1:
            ordered, index = chances.sort(descending=True, stable=True)
            # Keep a token while those before it have not reached the mass yet.
            ordered[ordered.cumsum(0) - ordered >= self._sampling.top_p] = 0.0
            chances = torch.zeros_like(chances).scatter(0, index, ordered)
        return int(torch.multinomial(chances, 1, generator=self._generator))
