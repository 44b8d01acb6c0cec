"""What a request is judged on: policy, thresholds, the certificate's state, and what the client changed. Pure.

Comes in: judgements. Goes out: findings and a verdict. A client's own system text, or its own sampling settings, is not
what was certified; then each monitor's answer there carries a second finding that says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from guard import cell
from guard.conversation import Conversation, Message, Role
from guard.hazards import Claim, Stage
from guard.points import Thresholds
from guard.policy import Policy
from guard.scores import Judgement, ScoreUnavailable
from guard.validity import Signal, State
from guard.verdict import Finding, FindingKind, Findings, Verdict, decide, fired

ANSWER_STAGES = (Stage.RESPONSE, Stage.ANSWER)
"""Stages that read what the model says."""
SPOKEN = (*ANSWER_STAGES, Stage.TOOL_CALL)
"""The same, and what reads the tool calls that it makes."""
_SYSTEM = (Role.SYSTEM, Role.DEVELOPER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What a request is judged on."""

    policy: Policy
    """What is demanded."""
    thresholds: Thresholds
    """Operating points of the certificate."""
    state: State
    """Of the certificate."""
    signals: frozenset[Signal] = frozenset()
    """Why it is in that state."""
    foreign_prompt: bool = False
    """The client brought system text that is not the certified one."""
    foreign_sampling: bool = False
    """The client brought sampling settings that are not the certified ones."""

    def judge(self, judgements: Sequence[Judgement]) -> tuple[Findings, Verdict]:
        """Hold scores against thresholds, and decide."""
        findings = fired(self.thresholds, judgements)
        if self.foreign_prompt or self.foreign_sampling:
            findings = replace(findings, items=(*findings.items, *self._uncertified(findings)))
        return findings, decide(self.policy, findings, self.state, self.signals)

    def _uncertified(self, findings: Findings) -> list[Finding]:
        reason = "client_system_prompt" if self.foreign_prompt else "client_sampling"
        return [
            Finding(source, at, FindingKind.NOT_CERTIFIED, certified=False, reason=reason)
            for source, at in sorted(findings.seen, key=lambda seen: (seen[1].turn, str(seen[0])))
            if isinstance(source, Claim) and (self.foreign_prompt or at.stage in SPOKEN)
        ]


def own(conversation: Conversation, system_prompt: str | None, definitions: str = "") -> tuple[Conversation, str]:
    """Take the guard's own system prompt out of a conversation, for the guard puts it in itself.

    Args:
        conversation: As the client sent it.
        system_prompt: The guard's.
        definitions: Text of tools and forms that the client sent; judged as a developer message that comes first.

    Returns:
        The conversation, and what is left in it of system text: "" if the client brought none of its own.
    """
    messages = conversation.messages
    first: Message = messages[0]
    if system_prompt is not None and first.role in _SYSTEM and first.content == system_prompt:
        messages = messages[1:]
    if definitions:
        messages = (Message(Role.DEVELOPER, definitions), *messages)
    foreign = "\n".join(message.content for message in messages if message.role in _SYSTEM)
    has_foreign = any(message.role in _SYSTEM for message in messages)
    return Conversation(messages), foreign if foreign else ("\n" if has_foreign else "")


def unavailable(policy: Policy, conversation: Conversation, reason: str) -> list[Judgement]:
    """Return what is known when the engine gave nothing: at each place, no score of any demanded monitor."""
    return [
        Judgement(
            place,
            cell.locate(conversation, place.turn),
            tuple(ScoreUnavailable(requirement.claim, reason) for requirement in policy.at(place.stage)),
        )
        for place in conversation.judged()
    ]
