"""Rules: monitors for what a probe can't know, by patterns and facts. Spans go out, the matched text never does.

`run` judges a conversation for `certify` and the guard alike; `Watch` judges an answer while it streams. Each rule is one
thing with one method, `read`; a rule may remember what was said before the passage that it reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from guard import digest as digests
from guard.conversation import Conversation, Message
from guard.digest import Digest
from guard.errors import InputError
from guard.rules import (
    amounts,
    bare,
    doses,
    identifiers,
    interactions,
    lexicon,
    numerals,
    people,
    sentences,
    spoken,
    tables,
    tools,
)
from guard.rules.passage import Passage, Reading, Reads, Shapes, Spans
from guard.scores import Judgement, RuleClear, RuleHit, RuleUnavailable

RuleScore = RuleHit | RuleClear | RuleUnavailable


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule."""

    name: str
    """As policies name it."""
    reads: Reads
    """What finds something in a passage."""
    code: tuple[Path, ...]
    """Files whose bytes give the rule its digest."""
    data: tuple[str, ...] = ()
    """Packaged tables whose bytes do, too."""
    remembers: bool = False
    """Whether it needs to have read everything before a passage."""
    about: str = ""
    """What it finds, for people."""

    def digest(self) -> Digest:
        """Return the digest of everything that decides what the rule finds."""
        if len(self.code) == 1 and not self.data:
            return digests.of_file(self.code[0])
        files = {f"code/{path.name}": path for path in self.code} | {name: tables.path(name) for name in self.data}
        return digests.of_bytes(digests.canonical({name: digests.of_file(path) for name, path in files.items()}))


def _files(*modules: object) -> tuple[Path, ...]:
    return tuple(Path(str(getattr(module, "__file__", ""))) for module in modules)


_DRUGS = (*tables.FACTS,)
RULES: dict[str, Rule] = {
    "identifiers": Rule(
        "identifiers", Shapes(bare.find, bare.settled), _files(identifiers),
        about="social security, NHS and CPR numbers, payment cards, e-mail addresses and telephone numbers",
    ),
    "names": Rule(
        "names", people.People(), _files(people, sentences), about="names of people after a title or an introduction",
    ),
    "doses": Rule(
        "doses", doses.Doses(), _files(doses, amounts, numerals, lexicon, sentences, tables), (*_DRUGS, doses.PER_KG),
        remembers=True, about="a stated dose above the maximum of its label",
    ),
    "interactions": Rule(
        "interactions", interactions.Interactions(), _files(interactions, lexicon, sentences, tables),
        (*_DRUGS, interactions.TABLE, tables.WORDS), remembers=True,
        about="two drugs, or a drug and a condition, that must not go together, both named",
    ),
    **{
        f"tools:{role}": Rule(
            f"tools:{role}", tools.Tools(role), _files(tools, tables), tools.TABLES,
            about=f"a tool call that the role {role} may not make, or with arguments of another shape",
        )
        for role in tools.ROLES
    },
}  # fmt: skip
"""All rules, by name."""

names: frozenset[str] = frozenset(RULES)
"""What a policy may name."""


@cache
def digest(chosen: frozenset[str]) -> Digest:
    """Return the digest of a rule set: of its names, and of the code and tables of each rule.

    Raises:
        InputError: A name is unknown.
    """
    unknown = sorted(chosen - names)
    if unknown:
        raise InputError(f"unknown rule {unknown[0][:40]!r}", f"known: {', '.join(sorted(names))}")
    return digests.of_bytes(digests.canonical({name: RULES[name].digest() for name in sorted(chosen)}))


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


_Found = dict[int, Spans | None]
"""By message; None where the rule broke, or lost its memory by having broken before."""


def _turns(conversation: Conversation, turn: int) -> range:
    first = max((place.turn + 1 for place in conversation.judged() if place.turn < turn), default=0)
    return range(first, turn + 1)


def _found(name: str, conversation: Conversation, turns: range) -> _Found | None:
    """Return what a rule finds in some messages; None if there is no such rule."""
    rule = RULES.get(name)
    if rule is None:
        return None
    found: _Found = dict.fromkeys(turns)
    known: object = None
    for turn in range(0 if rule.remembers else turns.start, turns.stop):
        try:
            spans, known = _message(rule, conversation.messages[turn], known)
        except Exception:  # a rule that breaks must not pass for one that found nothing
            if rule.remembers:
                break
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
    reading = rule.reads.read(Passage(message.content, known))
    yield reading
    for call in message.tool_calls:
        reading = spoken.read(rule.reads, call, reading.known)
        yield reading


def _score(name: str, found: _Found | None, turns: range) -> RuleScore:
    if found is None:
        return RuleUnavailable(name, "unknown_rule")
    if any(found[turn] is None for turn in turns):
        return RuleUnavailable(name, "error")
    spans = tuple((turn, *span) for turn in turns for span in found[turn] or ())
    return RuleHit(name, spans) if spans else RuleClear(name)
