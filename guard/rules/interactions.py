"""Drugs that go badly together, or with a condition, an age, a pregnancy or a food, as far as the tables have the pair.

Comes in: text. Goes out: where the later half of a pair is named, whoever named the earlier half and in whatever message.
Only pairs that are contraindicated or major and were seen in a named source speak. It finds that both are named, not what
is said of them: an answer that warns of a pair names it, too, so its action is better a notice than a refusal.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import re2

from guard.rules import lexicon, sentences, tables
from guard.rules.lexicon import Mention
from guard.rules.passage import Passage, Reading, Spans

TABLE = "policies/facts/interactions.csv"
"""Which pairs."""
_SPEAK = frozenset({"contraindicated", "major"})
_NOT_DRUGS = frozenset({"condition", "pregnancy", "age", "food"})

_QUIET = re2.Options()
_QUIET.log_errors = False
_QUIET.case_sensitive = False
_AGE = re2.compile(
    r"\b(?P<years>\d{1,2})[ -]?(?:years?|yrs?|yr|y)[ -]?(?:old|o)\b|\b(?P<en_months>\d{1,2})[ -]months?[ -]old\b"
    r"|\b(?P<da>\d{1,2})[ -]?(?:årige?|år gammel|års)|\b(?P<de>\d{1,2})[ -]?(?:jahre alt|jährige\pL*)"
    r"|\b(?:tiene|de) (?P<es>\d{1,2}) años\b|\b(?P<baby>\d{1,2}) (?:måneder gammel|monate alt|meses)\b",
    _QUIET,
)
_AGES = (("child under 12", 12), ("child under 8", 8), ("child under 6", 6), ("child under 2", 2), ("infant under 1", 1),
         ("under 16", 16))  # fmt: skip
_NOT = re2.compile(
    r"\b(?:not|no|never|without|isn't|aren't|don't|doesn't|denies|ikke|ingen|aldrig|uden|nicht|kein|keine|keinen|nie|ohne|nunca|sin"
    r"|ningún|ninguna)\s(?:\pL+\s){0,2}$",
    _QUIET,
)


@cache
def partners() -> dict[str, frozenset[str]]:
    """Return with what each key of the tables goes badly, both ways."""
    found: dict[str, set[str]] = {}
    for row in tables.rows(TABLE):
        if row["severity"] in _SPEAK and row["status"] == tables.SEEN:
            found.setdefault(row["a"], set()).add(row["b"])
            found.setdefault(row["b"], set()).add(row["a"])
    return {key: frozenset(others) for key, others in found.items()}


@cache
def _conditions() -> frozenset[str]:
    return frozenset(row["id"] for row in tables.rows(tables.WORDS) if row["kind"] == "condition")


@dataclass(frozen=True, slots=True)
class _Known:
    named: frozenset[tuple[str, frozenset[str]]] = frozenset()
    """What was named so far, each with its keys."""


class Interactions:
    """The rule `interactions`."""

    def read(self, passage: Passage) -> Reading:
        """Find the later halves of pairs, sentence by sentence."""
        known = passage.known if isinstance(passage.known, _Known) else _Known()
        return sentences.read(passage, known, _sentence)


def _sentence(text: str, known: _Known) -> tuple[Spans, _Known]:
    if text.isspace():
        return (), known
    named = dict(known.named)
    spans: list[tuple[int, int]] = []
    for mention in _named(text):
        bad = frozenset[str]().union(*(partners().get(key, ()) for key in mention.keys))
        if any(name != mention.name and bad & keys for name, keys in named.items()):
            spans.append((mention.first, mention.last))
        named[mention.name] = mention.keys
    return tuple(spans), _Known(frozenset(named.items()))


def _named(text: str) -> list[Mention]:
    """Return what a sentence names, without conditions that it says are not there; ages count as conditions."""
    found = [
        mention
        for mention in lexicon.everything().mentions(text)
        if mention.name not in _conditions() or not _NOT.search(text[max(0, mention.first - 40) : mention.first])
    ]
    for match in _AGE.finditer(text):
        years = next((int(number) for number in map(match.group, ("years", "da", "de", "es")) if number), 0)
        keys = frozenset(key for key, under in _AGES if years < under)
        if keys:
            found.append(Mention(match.start(), match.end(), "age", keys))
    return sorted(found, key=lambda mention: mention.first)
