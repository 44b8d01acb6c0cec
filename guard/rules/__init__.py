"""Rules: monitors for what a probe can't know, by patterns and facts. Spans go out, the matched text never does.

`run` judges a conversation for `certify` and the guard alike; `Watch` judges an answer while it streams.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from guard import digest as digests
from guard.conversation import Conversation, Message
from guard.digest import Digest
from guard.errors import InputError
from guard.rules import identifiers
from guard.scores import Judgement, RuleClear, RuleHit, RuleUnavailable

RuleScore = RuleHit | RuleClear | RuleUnavailable


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule."""

    name: str
    """As policies name it."""
    find: Callable[[str], tuple[tuple[int, int], ...]]
    """Text to spans."""
    settled: Callable[[str], int]
    """Text to the number of leading characters that no further text can make part of a match."""
    source: Path
    """File whose bytes give the rule its digest."""


RULES: dict[str, Rule] = {
    "identifiers": Rule("identifiers", identifiers.find, identifiers.settled, Path(identifiers.__file__)),
}
"""All rules, by name."""

names: frozenset[str] = frozenset(RULES)
"""What a policy may name."""


@cache
def digest(chosen: frozenset[str]) -> Digest:
    """Return the digest of a rule set: of its names and of the code of each rule.

    Raises:
        InputError: A name is unknown.
    """
    unknown = sorted(chosen - names)
    if unknown:
        raise InputError(f"unknown rule {unknown[0][:40]!r}", f"known: {', '.join(sorted(names))}")
    return digests.of_bytes(digests.canonical({name: digests.of_file(RULES[name].source) for name in sorted(chosen)}))


def run(chosen: Iterable[str], conversation: Conversation, turn: int) -> tuple[RuleScore, ...]:
    """Judge what was said since the place judged before, up to and with message `turn`.

    All roles are read, so that system text and assistant turns in a request don't go by unseen. Characters of a span
    count through a message's content and then its tool arguments.

    Args:
        chosen: Names of the rules; the order of the answer.
        conversation: What is judged.
        turn: Index of the judged message.
    """
    first = max((place.turn + 1 for place in conversation.judged() if place.turn < turn), default=0)
    turns = range(first, turn + 1)
    return tuple(_run(name, conversation, turns) for name in chosen)


def join(judgements: Iterable[Judgement], conversation: Conversation, chosen: Iterable[str]) -> tuple[Judgement, ...]:
    """Add what rules say at each judged place to what monitors said there."""
    kept, names_ = tuple(judgements), tuple(chosen)
    found = {turn: run(names_, conversation, turn) for turn in {judgement.at.turn for judgement in kept}}
    return tuple(replace(one, scores=(*one.scores, *found[one.at.turn])) for one in kept)


def _run(name: str, conversation: Conversation, turns: range) -> RuleScore:
    rule = RULES.get(name)
    if rule is None:
        return RuleUnavailable(name, "unknown_rule")
    try:
        spans = tuple(
            (turn, *span) for turn in turns for span in _spans(rule, conversation.messages[turn])
        )  # fmt: skip
    except Exception:  # a rule that breaks must not pass for one that found nothing
        return RuleUnavailable(name, "error")
    return RuleHit(name, spans) if spans else RuleClear(name)


def _spans(rule: Rule, message: Message) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    offset = 0
    for text in (message.content, *(call.arguments for call in message.tool_calls)):
        spans += [(offset + first, offset + last) for first, last in rule.find(text)]
        offset += len(text)
    return spans
