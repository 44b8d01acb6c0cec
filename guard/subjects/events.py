"""What an answer is made of: how it is asked for, and what comes back, in order. Needs no torch, for the proxy."""

from __future__ import annotations

from dataclasses import dataclass

from guard.scores import Judgement, Score


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How the next token is chosen."""

    temperature: float = 0.0
    """0 takes the likeliest token."""
    top_p: float = 1.0
    """Smallest set of tokens with at least this probability."""
    max_tokens: int = 256
    """Most tokens of an answer."""
    seed: int = 0
    """Of the random draws."""
    stop: tuple[str, ...] = ()
    """Texts that end the answer; they are not given out."""


@dataclass(frozen=True, slots=True)
class Prefilled:
    """The prompt has been read; comes first."""

    judgements: tuple[Judgement, ...]
    """As `judge` gives them."""
    tokens: int
    """Length of the prompt."""


@dataclass(frozen=True, slots=True)
class Step:
    """One token of the answer, with its own scores."""

    token: int
    """Its id."""
    text: str
    """Text that it completes; may be empty, and holds whole characters only. The last token brings whatever is left."""
    scores: tuple[Score, ...]
    """Of the response monitors, for the answer up to and with this token."""


@dataclass(frozen=True, slots=True)
class End:
    """The answer is complete; comes last."""

    reason: str
    """`stop`, `length` or `too_long` (the prompt alone does not fit)."""
    scores: tuple[Score, ...]
    """Of the response and answer monitors, for the whole answer."""
    tokens: int
    """Tokens generated, all of them judged."""


Event = Prefilled | Step | End
"""`Prefilled`, then `Step`s, then `End`."""
