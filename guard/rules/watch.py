"""Rules on an answer while it streams: text is let go as soon as no rule can still find something in it.

Comes in: pieces of text, and whole tool calls. Goes out: how many characters are settled, and what each rule says of them.
Whatever the pieces, the rules say in the end what they would have said of the whole text.
"""

from __future__ import annotations

from collections.abc import Iterable

from guard.conversation import Conversation, ToolCall
from guard.rules import spoken
from guard.rules.judging import RuleScore, remembered, why
from guard.rules.passage import Passage, Reading
from guard.rules.registry import RULES, Rule
from guard.scores import RuleClear, RuleHit, RuleUnavailable


class Watch:
    """Some rules on one answer."""

    def __init__(self, chosen: Iterable[str], turn: int, before: Conversation | None = None) -> None:
        """Watch from the beginning of message `turn` on.

        Args:
            chosen: Names of the rules.
            turn: Index of the answer.
            before: The conversation that it answers, for rules that remember.
        """
        self._turn = turn
        self._watched = [_Watched(name, RULES.get(name), before) for name in chosen]
        self._length = 0

    def feed(self, text: str) -> None:
        """Take the next piece of the answer."""
        self._length += len(text)
        for watched in self._watched:
            watched.feed(text)

    def call(self, call: ToolCall) -> None:
        """Take a whole tool call; the text before it is complete, and the call is judged at once."""
        self._length += len(call.arguments)
        for watched in self._watched:
            watched.end()
            watched.call(call)

    def end(self) -> None:
        """Take note that the answer is complete: everything is settled."""
        for watched in self._watched:
            watched.end()

    @property
    def settled(self) -> int:
        """How many characters from the start every rule has judged for good."""
        return min((watched.settled for watched in self._watched), default=self._length)

    def scores(self) -> tuple[RuleScore, ...]:
        """Return what each rule says of the settled text."""
        return tuple(watched.score(self._turn) for watched in self._watched)


class _Watched:
    def __init__(self, name: str, rule: Rule | None, before: Conversation | None) -> None:
        self._name = name
        self._rule = rule
        self._failed = "" if rule else "unknown_rule"
        self._tail = ""
        self._start = 0  # of the tail, in characters from the start of the answer
        self._spans: list[tuple[int, int]] = []
        self._known: object = None
        self.settled = 0
        if rule is not None and before is not None:
            try:
                self._known = remembered(rule, before.messages)
            except Exception as error:  # a rule that breaks must not pass for one that found nothing
                self._failed = why(error)

    def feed(self, text: str) -> None:
        self._tail += text
        self._read(complete=False)

    def end(self) -> None:
        if self._start + len(self._tail) > self.settled:
            self._read(complete=True)

    def call(self, call: ToolCall) -> None:
        self._start, self._tail = self._start + len(self._tail), call.arguments
        self._read(complete=True, call=call)

    def _read(self, *, complete: bool, call: ToolCall | None = None) -> None:
        if self._rule is None or self._failed:
            self.settled = self._start + len(self._tail)
            return
        settled = max(0, self.settled - self._start)
        try:
            if call is None:
                reading = self._rule.read(Passage(self._tail, self._known, complete, settled))
            else:
                reading = spoken.read(self._rule, call, self._known, settled)
        except Exception as error:  # a rule that breaks must not pass for one that found nothing
            self._failed = why(error)
            return
        self._take(reading, call is not None)

    def _take(self, reading: Reading, whole: bool) -> None:
        until = self._start + reading.settled
        for first, last in reading.spans:
            if whole or self.settled < self._start + last <= until:
                self._spans.append((self._start + first, self._start + last))
        self.settled = max(self.settled, until)
        self._tail, self._start = self._tail[reading.keep :], self._start + reading.keep
        self._known = reading.known

    def score(self, turn: int) -> RuleScore:
        if self._failed:
            return RuleUnavailable(self._name, self._failed)
        spans = tuple((turn, first, last) for first, last in self._spans)
        return RuleHit(self._name, spans) if spans else RuleClear(self._name)
