"""What an answer is made of: how it is asked for, and what comes back, in order. Needs no torch, for the proxy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from guard.conversation import ToolCall
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What else a request asks for; only whoever said that it can do so is asked for any of it."""

    model: str = ""
    """Name of the model, as the client said it."""
    given: frozenset[str] = frozenset()
    """Sampling settings that the client brought itself, by the name it used."""
    fields: Mapping[str, Any] = field(default_factory=dict)
    """Other fields by name, checked: tools, the form of the answer, penalties, and what the policy lets through."""
    functions: frozenset[str] = frozenset()
    """Names of the tools that may be called."""
    definitions: str = ""
    """All text of tools and forms; where there is any, the conversation begins with a developer message that holds it."""
    streamed: bool = True
    """Whether the client reads along; else an upstream may be asked for the whole answer at once."""


NO_WISHES = Wishes()
"""An ordinary chat."""


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
    marks: tuple[tuple[int, float], ...] = ()
    """For each token of an upstream that tells probabilities: how many bytes of text it is, and its log probability."""


@dataclass(frozen=True, slots=True)
class Called:
    """The answer calls tools; comes at most once, after the last `Step`."""

    calls: tuple[ToolCall, ...]
    """At least one, whole."""
    scores: tuple[Score, ...] = ()
    """Of the tool-call monitors."""


@dataclass(frozen=True, slots=True)
class End:
    """The answer is complete; comes last."""

    reason: str
    """`stop`, `length` or `too_long` (the prompt alone does not fit)."""
    scores: tuple[Score, ...]
    """Of the response and answer monitors, for the whole answer."""
    tokens: int
    """`Step`s given, all of them judged."""
    usage: tuple[int, int] | None = None
    """Tokens of prompt and answer as an upstream counts them; None where a `Step` is a token."""


Event = Prefilled | Step | Called | End
"""`Prefilled`, then `Step`s, then `Called` if there are calls, then `End`."""
