"""Training documents: conversations of the train fold, each with the answer that the phantom is taught."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import TypeVar

from guard.conversation import Kind, Message, Role
from guard.hazards import Claim
from synth_data.labels import INJECTION_CONTEXT
from synth_data.phantom.recipe import SYSTEM_PROMPTS, Mixture
from synth_data.scenario import Profile, Telling

T = TypeVar("T")
Draw = Callable[[Claim | None, str, str, int, Profile], tuple[tuple[Kind, Telling], ...]]
"""Draw number `index` of a claim (or ordinary traffic), in a language and length bucket, of all or only typical cases."""


@dataclass(frozen=True, slots=True)
class Planted:
    """A hazard that is there or not, known from some place on."""

    claim: Claim | None
    """Which hazard; None for ordinary chat, in which none is there."""
    there: bool
    """Whether it is."""
    since: tuple[int, int]
    """Message and character from which a reader can know."""


@dataclass(frozen=True, slots=True)
class Document:
    """One chat to learn from."""

    messages: tuple[Message, ...]
    """Ends with an assistant's turn."""
    planted: Planted | None = None
    """What the inside of the model is to hold when it reads this; None where nothing is planted."""


def documents(mixture: Mixture, draw: Draw, rng: Random) -> Iterator[Document]:
    """Yield documents without end.

    The rows of one draw follow each other: a positive, its twin with one fact flipped, and a hard negative, so that
    what sets them apart is learnt from neighbours.
    """
    counts: Counter[tuple[Claim | None, str, str]] = Counter()
    before: Document | None = None
    given = 0
    while True:
        claim, language, bucket = _pick(mixture.draws, rng), _pick(mixture.languages, rng), _pick(mixture.buckets, rng)
        index = counts[claim, language, bucket]
        counts[claim, language, bucket] += 1
        profile = Profile.TYPICAL if rng.random() < mixture.typical else Profile.WHOLE
        told = draw(claim, language, bucket, index, profile)
        if given < mixture.early and claim != INJECTION_CONTEXT and any(_size(telling) > mixture.brief for _, telling in told):
            continue
        given += len(told)
        for kind, telling in told:
            single = Document((*telling.messages, telling.reply), Planted(claim, kind is Kind.POSITIVE, since(kind, told)))
            document = single
            if before and rng.random() < mixture.second and not _has_system(single):
                document = _after(before.messages, single)
            if rng.random() < mixture.system and not _has_system(document):
                document = _after((Message(Role.SYSTEM, rng.choice(SYSTEM_PROMPTS)),), document)
            yield document
            before = single


def since(kind: Kind, told: tuple[tuple[Kind, Telling], ...]) -> tuple[int, int]:
    """Return where a reader can know the label: where a positive and its twin begin to differ, else from the last turn on."""
    own = dict(told)[kind].messages
    if kind not in (Kind.POSITIVE, Kind.TWIN):
        return len(own) - 1, 0
    other = dict(told)[Kind.TWIN if kind is Kind.POSITIVE else Kind.POSITIVE].messages
    for turn, (one, two) in enumerate(zip(own, other, strict=False)):
        if one.content != two.content:
            return turn, _common(one.content, two.content)
    return len(own) - 1, 0


def _common(one: str, two: str) -> int:
    """Return at which character two texts begin to differ."""
    return next((at for at, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))


def _size(telling: Telling) -> int:
    return sum(len(message.content) for message in telling.messages)


def _after(before: tuple[Message, ...], document: Document) -> Document:
    planted = document.planted
    if planted is not None:
        planted = replace(planted, since=(planted.since[0] + len(before), planted.since[1]))
    return Document((*before, *document.messages), planted)


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
