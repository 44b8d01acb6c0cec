"""Training documents: conversations of the train fold, each with the answer that the phantom is taught."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from guard.conversation import Kind, Message, Role
from guard.hazards import Claim
from synth_data.phantom.recipe import SYSTEM_PROMPTS, Mixture
from synth_data.scenario import Telling

T = TypeVar("T")
Draw = Callable[[Claim | None, str, str, int], tuple[tuple[Kind, Telling], ...]]
"""Draw number `index` of a claim (or ordinary traffic), in a language and length bucket."""


@dataclass(frozen=True, slots=True)
class Document:
    """One chat to learn from."""

    messages: tuple[Message, ...]
    """Ends with an assistant's turn."""


def documents(mixture: Mixture, draw: Draw, rng: Random) -> Iterator[Document]:
    """Yield documents without end.

    The rows of one draw follow each other: a positive, its twin with one fact flipped, and a hard negative, so that
    what sets them apart is learnt from neighbours.
    """
    counts: Counter[tuple[Claim | None, str, str]] = Counter()
    before: Document | None = None
    while True:
        claim, language, bucket = _pick(mixture.draws, rng), _pick(mixture.languages, rng), _pick(mixture.buckets, rng)
        index = counts[claim, language, bucket]
        counts[claim, language, bucket] += 1
        for _, telling in draw(claim, language, bucket, index):
            single = Document((*telling.messages, telling.reply))
            document = single
            if before and rng.random() < mixture.second and not _has_system(single):
                document = Document((*before.messages, *single.messages))
            if rng.random() < mixture.system and not _has_system(document):
                document = Document((Message(Role.SYSTEM, rng.choice(SYSTEM_PROMPTS)), *document.messages))
            yield document
            before = single


def texts(document: Document) -> Iterator[str]:
    """Yield everything that is said in a document."""
    for message in document.messages:
        yield message.content
        for call in message.tool_calls:
            yield f"{call.name} {call.arguments}"


def _has_system(document: Document) -> bool:
    return document.messages[0].role in (Role.SYSTEM, Role.DEVELOPER)


def _pick(weights: dict[T, float], rng: Random) -> T:
    return rng.choices(list(weights), list(weights.values()))[0]
