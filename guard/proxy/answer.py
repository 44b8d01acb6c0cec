"""The answer while it is generated: each token is judged by everything that has to, and only then let go. Pure.

Comes in: the engine's steps. Goes out: text that may leave, and in the end a verdict. Streaming and not streaming both
go through here; what differs is only whether the text is sent at once or collected.
"""

from __future__ import annotations

from collections import deque

from guard import cell, rules
from guard.cell import Located
from guard.conversation import Conversation, Judged, Message, Role, ToolCall
from guard.errors import ScoringError
from guard.gate import Coverage, Gate
from guard.hazards import Stage
from guard.policy import Action, GateMode, Policy, strictest
from guard.proxy.basis import ANSWER_STAGES, Basis
from guard.rules import RuleScore
from guard.rules.watch import Watch
from guard.scores import Judgement, ProbeScore, RuleClear, RuleHit, RuleUnavailable, Score, ScoreUnavailable
from guard.subjects.events import Called, End, Step
from guard.verdict import Findings, Verdict


class Answer:
    """One answer under way."""

    def __init__(
        self, basis: Basis, conversation: Conversation, *, buffered: bool = False, start: Located | None = None
    ) -> None:
        """Begin an answer.

        Args:
            basis: What it is judged on.
            conversation: What it answers, as the message after its last.
            buffered: Whether only a whole one is of use.
            start: The cell of the conversation's last message, if it is known.
        """
        self._basis = basis
        self._conversation = conversation
        self._turn = len(conversation)
        self._start = start or cell.locate(conversation, self._turn - 1)
        self._gate = Gate(GateMode.BUFFER if buffered else _mode(basis.policy))
        self._calls_gate = Gate(GateMode.BUFFER)
        self._called: tuple[Judgement, ...] = ()
        self._decided: object = None
        self._offered: tuple[ToolCall, ...] = ()
        self._watch = Watch(basis.policy.rules, self._turn, conversation)
        self._ends: deque[int] = deque()  # characters up to and with each token that is not judged by all yet
        self._count = self._judged = self._length = 0
        self._text: list[str] = []
        self.judgements: tuple[Judgement, ...] = ()
        """The latest judgements: those of the last token, or of the whole at the end."""
        self.findings = Findings((), frozenset(), ())
        """What was found in them."""
        self.calls: tuple[ToolCall, ...] = ()
        """Tool calls that may leave; known at the end."""
        self.verdict = Verdict(Action.ALLOW, ())
        """What follows from them. Scores of an answer only rise, so the last verdict is the strictest."""

    @property
    def withheld(self) -> bool:
        """Whether the rest of the answer does not leave."""
        return self.verdict.action.rank >= Action.ESCALATE.rank

    @property
    def coverage(self) -> Coverage:
        """Counts of the gate; each tool call is one more token."""
        text, calls = self._gate.coverage, self._calls_gate.coverage
        if not self._called:
            return text
        return Coverage(*(getattr(text, name) + getattr(calls, name) for name in Coverage.__slots__))

    @property
    def watched(self) -> bool:
        """Whether anything is demanded of answers at all."""
        stages = (*ANSWER_STAGES, Stage.TOOL_CALL) if self._called else ANSWER_STAGES
        return bool(self._basis.policy.rules) or any(self._basis.policy.at(stage) for stage in stages)

    @property
    def text(self) -> str:
        """What the model has said so far, calls included; for its digest only."""
        return "".join(self._text)

    def step(self, step: Step) -> str:
        """Take one token and return the text that may leave now.

        Raises:
            ScoringError: Tokens and judgements do not go together; the gate is closed.
        """
        self._gate.emitted(self._count, step.text.encode())
        self._count += 1
        self._length += len(step.text)
        self._text.append(step.text)
        self._ends.append(self._length)
        self._watch.feed(step.text)
        self._decide([self._judgement(Stage.RESPONSE, step.scores)])
        return self._release()

    def call(self, called: Called) -> None:
        """Judge the tool calls that the answer makes; they leave with its end, all or none.

        Raises:
            ScoringError: The answer calls twice; the gate is closed.
        """
        if self._called:
            self._gate.close()
            raise ScoringError("the answer calls tools twice")
        self._offered, said = called.calls, self.text
        for number, one in enumerate(called.calls):
            self._calls_gate.emitted(number, one.arguments.encode())
            self._text.append(f"{one.name} {one.arguments}")
        place = Judged(self._turn, Stage.TOOL_CALL)
        # With what was said before them: one half of what a rule finds may stand there.
        made = Conversation((*self._conversation.messages, Message(Role.ASSISTANT, said, called.calls)))
        found = rules.run(self._basis.policy.rules, made, self._turn)
        scores = (*called.scores, *(_beyond(score, self._turn, len(said)) for score in found))
        self._called = (Judgement(place, cell.locate(made, self._turn), scores),)
        self._decide(list(self._called))

    def end(self, end: End) -> str:
        """Take note that the answer is complete and return the rest of its text.

        Raises:
            ScoringError: The engine counts another number of tokens than it gave; the gate is closed.
        """
        if end.tokens != self._count:
            self._gate.close()
            raise ScoringError("the engine's tokens and its count of them differ")
        self._watch.end()
        judgements = [self._judgement(Stage.RESPONSE, _of(Stage.RESPONSE, end.scores))]
        if self._basis.policy.at(Stage.ANSWER) or _of(Stage.ANSWER, end.scores):
            judgements.append(self._judgement(Stage.ANSWER, _of(Stage.ANSWER, end.scores)))
        self._decide([*judgements, *self._called])
        rest = self._release()
        if self.withheld:
            return rest
        for number in range(len(self._offered)):
            self._calls_gate.judged(number)
        self._calls_gate.end()
        self.calls = self._offered
        return rest + self._gate.end()

    def fail(self, reason: str) -> None:
        """Take note that no more scores come: nothing that is held back leaves, whatever the policy says of it."""
        policy = self._basis.policy
        judgements = [
            self._judgement(stage, tuple(ScoreUnavailable(demand.claim, reason) for demand in policy.at(stage)))
            for stage in ANSWER_STAGES
            if stage is Stage.RESPONSE or policy.at(stage)
        ]
        self._decide([*judgements, *self._called])
        self._gate.close()
        self._calls_gate.close()

    def _judgement(self, stage: Stage, scores: tuple[Score, ...]) -> Judgement:
        characters = self._start.characters + self._length
        where = Located(self._start.languages, cell.bucket(characters), characters)
        return Judgement(Judged(self._turn, stage), where, (*scores, *self._watch.scores()))

    def _decide(self, judgements: list[Judgement]) -> None:
        self.judgements = tuple(judgements)
        # What rules say holds in every cell: said again at the same place, it means the same.
        said = None if any(map(_of_monitor, judgements)) else [(one.at, one.scores) for one in judgements]
        if said is not None and said == self._decided:
            return
        self._decided = said
        self.findings, verdict = self._basis.judge(judgements)
        action = strictest(self.verdict.action, verdict.action)
        shadow = strictest(self.verdict.shadow, verdict.shadow)
        self.verdict = Verdict(action, verdict.causes or self.verdict.causes, shadow)
        if self.withheld:
            self._gate.close()
            self._calls_gate.close()

    def _release(self) -> str:
        given: list[str] = []
        settled = self._watch.settled
        while self._ends and self._ends[0] <= settled:
            self._ends.popleft()
            given.append(self._gate.judged(self._judged))
            self._judged += 1
        return "".join(given)


def _mode(policy: Policy) -> GateMode:
    """What can stop an answer only at its end has to see it before anybody else does."""
    late = [demand.worst for demand in policy.at(Stage.ANSWER) if demand.claim not in policy.shadow]
    return GateMode.BUFFER if strictest(*late).rank >= Action.ESCALATE.rank else policy.gate.mode


def _beyond(score: RuleScore, turn: int, start: int) -> RuleScore:
    """Leave out what a rule found in a message before one of its characters."""
    if not isinstance(score, RuleHit):
        return score
    spans = tuple((where, first, last) for where, first, last in score.spans if where != turn or last > start)
    return RuleHit(score.rule, spans) if spans else RuleClear(score.rule)


def _of_monitor(judgement: Judgement) -> bool:
    return not all(isinstance(score, RuleHit | RuleClear | RuleUnavailable) for score in judgement.scores)


def _of(stage: Stage, scores: tuple[Score, ...]) -> tuple[ProbeScore | ScoreUnavailable, ...]:
    return tuple(
        score for score in scores if not isinstance(score, RuleHit | RuleClear | RuleUnavailable) and score.claim.stage is stage
    )
