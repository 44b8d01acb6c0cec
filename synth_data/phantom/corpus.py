"""Training documents: conversations of the train fold, each with the answer that the phantom is taught."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import TypeVar

from guard.conversation import Kind, Message, Role
from guard.hazards import Claim
from synth_data import labels
from synth_data.phantom.answers import reply
from synth_data.phantom.bystanders import beside
from synth_data.phantom.recipe import CAUSAL, FEATURES, HAZARDS, SYSTEM_PROMPTS, Mixture
from synth_data.scenario import Profile, Telling

T = TypeVar("T")
Told = tuple[tuple[Kind, Telling], ...]
Draw = Callable[[Claim | None, str, str, int, Profile], Told]
"""Draw number `index` of a claim (or ordinary traffic), in a language and length bucket, of all or only typical cases."""
_FILL = 8_000, 34_000
"""Characters of ordinary chat before a document that is longer than any length bucket."""
_KEPT = 400
"""Earlier documents that may stand before another one."""


@dataclass(frozen=True, slots=True)
class Document:
    """One chat to learn from."""

    messages: tuple[Message, ...]
    """Ends with an assistant's turn."""
    language: str
    """Of the conversation."""
    truth: tuple[int, ...]
    """By feature (`recipe.FEATURES`): there (1), not there (0), or not known (-1)."""
    since: tuple[int, int]
    """Message and character from which a reader can know."""
    swap: int = -1
    """Number of the deciding feature (`recipe.CAUSAL`) that is set to the other side while this is read; -1 for none."""
    side: int = 0
    """The side it is set to: there (1) or not (0)."""


def documents(mixture: Mixture, draw: Draw, rng: Random, first: int = 0) -> Iterator[Document]:
    """Yield documents without end.

    The rows of one draw follow each other: a positive, its twin with one fact flipped, and a hard negative, so that
    what sets them apart is learnt from neighbours.

    Args:
        mixture: What they are made of.
        draw: Where the tellings come from.
        rng: Draws everything else.
        first: Number of the first draw of every kind.
    """
    counts: Counter[tuple[Claim | None, str, str]] = Counter()
    before: deque[Document] = deque(maxlen=_KEPT)
    while True:
        claim, language, bucket = _pick(mixture.draws, rng), _pick(mixture.languages, rng), _pick(mixture.buckets, rng)
        if claim in labels.TOOL_CLAIMS:
            language, bucket = "en", next(iter(mixture.buckets))
        index = first + counts[claim, language, bucket]
        counts[claim, language, bucket] += 1
        profile = Profile.TYPICAL if rng.random() < mixture.typical else Profile.WHOLE
        told = draw(claim, language, bucket, index, profile)
        for single in _singles(claim, language, told, mixture, rng):
            yield _in_context(single, before, mixture, rng)
            if single.swap < 0 and not _has_system(single):
                before.append(single)


def _singles(claim: Claim | None, language: str, told: Told, mixture: Mixture, rng: Random) -> Iterator[Document]:
    """Yield each telling with its answer and, of some pairs, both again with each other's."""
    for kind, telling in told:
        if claim in labels.TOOL_CLAIMS:
            # Ends with the call that is taught; what a call does wrong is no feature of the prompt.
            yield Document(telling.messages, language, (-1,) * len(FEATURES), (len(telling.messages) - 1, 0))
        else:
            answer = reply(claim, kind, telling, mixture, language, rng)
            yield _document(telling, answer, language, since(kind, told), mixture, rng)
    if claim in CAUSAL and rng.random() < mixture.swapped:
        sides: dict[Kind, Telling] = {kind: telling for kind, telling in told if kind in (Kind.POSITIVE, Kind.TWIN)}
        if not any(telling.facts.override_by for telling in sides.values()):
            for kind, other in ((Kind.POSITIVE, Kind.TWIN), (Kind.TWIN, Kind.POSITIVE)):
                single = _document(sides[kind], sides[other].reply, language, since(kind, told), mixture, rng)
                yield replace(single, swap=CAUSAL.index(claim), side=int(other is Kind.POSITIVE))


def _document(
    telling: Telling, answer: Message, language: str, known: tuple[int, int], mixture: Mixture, rng: Random
) -> Document:
    has_context = any(message.role in (Role.TOOL, Role.SYSTEM, Role.DEVELOPER) for message in telling.messages)
    found = labels.label(telling.facts, has_context=has_context)
    messages, seen, (turn, moved) = beside(telling.messages, language, mixture.beside, rng)
    start = (known[0], known[1] + moved) if known[0] == turn else known
    return Document((*messages, answer), language, (*(found.get(claim, -1) for claim in HAZARDS), *seen), start)


def _in_context(single: Document, before: deque[Document], mixture: Mixture, rng: Random) -> Document:
    """Put earlier chats or a system prompt in front of some documents."""
    if _has_system(single):
        return single
    if before and rng.random() < mixture.second:
        single = _after(rng.choice(before).messages, single)
    elif before and rng.random() < mixture.filled:
        single = _after(_chat(before, rng), single)
    if rng.random() < mixture.system:
        single = _after((Message(Role.SYSTEM, rng.choice(SYSTEM_PROMPTS)),), single)
    return single


def _chat(before: deque[Document], rng: Random) -> tuple[Message, ...]:
    """Return chats without a hazard, together of a length drawn from the generator."""
    harmless = [document for document in before if max(document.truth[: len(HAZARDS)]) < 1]
    aim, found, size = rng.randint(*_FILL), list[Message](), 0
    for document in rng.sample(harmless, len(harmless)):
        found += document.messages
        size += sum(len(message.content) for message in document.messages)
        if size > aim:
            break
    return tuple(found)


def since(kind: Kind, told: Told) -> tuple[int, int]:
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


def _after(before: tuple[Message, ...], document: Document) -> Document:
    known = document.since[0] + len(before), document.since[1]
    return replace(document, messages=(*before, *document.messages), since=known)


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
