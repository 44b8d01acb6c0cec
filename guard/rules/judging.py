"""Rules on a conversation: what each says at each judged place. `certify` and the guard judge whole messages by this alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from guard.conversation import Conversation, Message
from guard.rules import spoken
from guard.rules.passage import Passage, Reading, Spans
from guard.rules.registry import RULES, Rule
from guard.scores import Judgement, RuleClear, RuleHit, RuleUnavailable

RuleScore = RuleHit | RuleClear | RuleUnavailable


def run(chosen: Iterable[str], conversation: Conversation, turn: int) -> tuple[RuleScore, ...]:
    """Judge what was said since the place judged before, up to and with message `turn`.

    All roles are read, so that system text and assistant turns in a request don't go by unseen. Characters of a span
    count through a message's content and then its tool arguments.

    Args:
        chosen: Names of the rules; the order of the answer.
        conversation: What is judged.
        turn: Index of the judged message.
    """
    turns = _turns(conversation, turn)
    return tuple(_score(name, _found(name, conversation, turns), turns) for name in chosen)


def join(judgements: Iterable[Judgement], conversation: Conversation, chosen: Iterable[str]) -> tuple[Judgement, ...]:
    """Add what rules say at each judged place to what monitors said there; each message is read once."""
    kept, names_ = tuple(judgements), tuple(chosen)
    if not kept:
        return ()
    places = {judgement.at.turn: _turns(conversation, judgement.at.turn) for judgement in kept}
    everything = range(min(turns.start for turns in places.values()), max(places) + 1)
    found = {name: _found(name, conversation, everything) for name in names_}
    said = {turn: tuple(_score(name, found[name], turns) for name in names_) for turn, turns in places.items()}
    return tuple(replace(one, scores=(*one.scores, *said[one.at.turn])) for one in kept)


def remembered(rule: Rule, messages: Sequence[Message]) -> object:
    """Return what a rule remembers of some messages."""
    known: object = None
    for message in messages if rule.remembers else ():
        for reading in _readings(rule, message, known):
            known = reading.known
    return known


def unread(judgements: Iterable[Judgement], chosen: Iterable[str], reason: str) -> tuple[Judgement, ...]:
    """Add to what monitors said that rules could not look, and why."""
    missing = tuple(RuleUnavailable(name, reason) for name in chosen)
    return tuple(replace(one, scores=(*one.scores, *missing)) for one in judgements)


def why(error: Exception) -> str:
    """Return the reason that stands for what a rule raised."""
    return "timeout" if isinstance(error, TimeoutError) else "error"


_Found = dict[int, Spans | str]
"""By message; the reason where the rule broke, was late, or lost its memory by having done so before."""


def _turns(conversation: Conversation, turn: int) -> range:
    first = max((place.turn + 1 for place in conversation.judged() if place.turn < turn), default=0)
    return range(first, turn + 1)


def _found(name: str, conversation: Conversation, turns: range) -> _Found | None:
    """Return what a rule finds in some messages; None if there is no such rule."""
    rule = RULES.get(name)
    if rule is None:
        return None
    found: _Found = {}
    known: object = None
    for turn in range(0 if rule.remembers else turns.start, turns.stop):
        try:
            spans, known = _message(rule, conversation.messages[turn], known)
        except Exception as error:  # a rule that breaks must not pass for one that found nothing
            reason = why(error)
            if rule.remembers or reason == "timeout":
                # Without its memory it can't go on, and it is not waited for twice.
                return found | dict.fromkeys(range(max(turn, turns.start), turns.stop), reason)
            found[turn] = reason
            continue
        if turn in turns:
            found[turn] = spans
    return found


def _message(rule: Rule, message: Message, known: object) -> tuple[Spans, object]:
    spans: list[tuple[int, int]] = []
    offset = 0
    texts = (message.content, *(call.arguments for call in message.tool_calls))
    for text, reading in zip(texts, _readings(rule, message, known), strict=True):
        spans += [(offset + first, offset + last) for first, last in reading.spans]
        offset, known = offset + len(text), reading.known
    return tuple(spans), known


def _readings(rule: Rule, message: Message, known: object) -> Iterator[Reading]:
    """Read what a message consists of: its content, then the arguments of each call."""
    reading = rule.read(Passage(message.content, known))
    yield reading
    for call in message.tool_calls:
        reading = spoken.read(rule, call, reading.known)
        yield reading


def _score(name: str, found: _Found | None, turns: range) -> RuleScore:
    if found is None:
        return RuleUnavailable(name, "unknown_rule")
    reasons = [reason for turn in turns if isinstance(reason := found[turn], str)]
    if reasons:
        return RuleUnavailable(name, max(reasons))
    spans = tuple((turn, *span) for turn in turns for span in found[turn] if not isinstance(span, str))
    return RuleHit(name, spans) if spans else RuleClear(name)
