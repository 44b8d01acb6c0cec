"""Rules on an answer while it streams: text is let go as soon as no rule can still find something in it.

Comes in: pieces of text. Goes out: how many characters are settled, and what each rule says of them. Whatever the
pieces, the rules say in the end what they would have said of the whole text.
"""

from __future__ import annotations

from collections.abc import Iterable

from guard import rules
from guard.rules import Rule, RuleScore
from guard.scores import RuleClear, RuleHit, RuleUnavailable

CONTEXT = 64
"""Characters kept before what is unsettled, for words such as "phone" that give a number its meaning."""


class Watch:
    """Some rules on one answer."""

    def __init__(self, chosen: Iterable[str], turn: int) -> None:
        """Watch from the beginning of message `turn` on."""
        self._turn = turn
        self._watched = [_Watched(name, rules.RULES.get(name)) for name in chosen]
        self._length = 0

    def feed(self, text: str) -> None:
        """Take the next piece of the answer."""
        self._length += len(text)
        for watched in self._watched:
            watched.feed(text)

    def end(self) -> None:
        """Take note that the answer is complete: everything is settled."""
        for watched in self._watched:
            watched.settle(self._length)

    @property
    def settled(self) -> int:
        """How many characters from the start every rule has judged for good."""
        return min((watched.settled for watched in self._watched), default=self._length)

    def scores(self) -> tuple[RuleScore, ...]:
        """Return what each rule says of the settled text."""
        return tuple(watched.score(self._turn) for watched in self._watched)


class _Watched:
    def __init__(self, name: str, rule: Rule | None) -> None:
        self._name = name
        self._rule = rule
        self._failed = "" if rule else "unknown_rule"
        self._tail = ""
        self._start = 0  # of the tail, in characters from the start of the answer
        self._spans: list[tuple[int, int]] = []
        self.settled = 0

    def feed(self, text: str) -> None:
        self._tail += text
        if self._rule is None or self._failed:
            self.settled = self._start + len(self._tail)
            return
        try:
            settled = self._rule.settled(self._tail)
        except Exception:  # a rule that breaks must not pass for one that found nothing
            self._failed = "error"
            return
        self.settle(self._start + settled)

    def settle(self, until: int) -> None:
        if until <= self.settled or self._rule is None or self._failed:
            return
        try:
            spans = self._rule.find(self._tail)
        except Exception:
            self._failed = "error"
            return
        for first, last in spans:
            if self.settled < self._start + last <= until:
                self._spans.append((self._start + first, self._start + last))
        self.settled = until
        drop = max(0, until - CONTEXT - self._start)
        self._tail, self._start = self._tail[drop:], self._start + drop

    def score(self, turn: int) -> RuleScore:
        if self._failed:
            return RuleUnavailable(self._name, self._failed)
        spans = tuple((turn, first, last) for first, last in self._spans)
        return RuleHit(self._name, spans) if spans else RuleClear(self._name)
