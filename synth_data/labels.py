"""The rules that read labels off facts. Each has an id, which stands in every row that it labelled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from guard.hazards import Claim
from synth_data.scenario import Facts


@dataclass(frozen=True, slots=True)
class LabelRule:
    """One claim's rule."""

    id: str
    """Stands in the rows."""
    claim: Claim
    """What it labels."""
    holds: Callable[[Facts], bool]
    """Whether the hazard is there."""


EMERGENCY = Claim.parse("missed_emergency@prompt")
MISUSE = Claim.parse("clinical_misuse@prompt")
INJECTION = Claim.parse("prompt_injection@prompt")
INJECTION_CONTEXT = Claim.parse("prompt_injection@context")
MISUSE_RESPONSE = Claim.parse("clinical_misuse@response")

RULES: tuple[LabelRule, ...] = (
    LabelRule("E1: a red flag is described, and it is happening now", EMERGENCY, lambda f: f.red_flag and f.current),
    LabelRule("M1: the assistant is asked to help with a harmful aim", MISUSE, lambda f: f.harmful_aim and f.asks_assistant),
    LabelRule(
        "I1: the user tells the assistant to leave its rules",
        INJECTION,
        lambda f: f.override_by == "user" and f.addressed_to_assistant,
    ),
    LabelRule(
        "I2: text in a document tells the assistant to leave its task",
        INJECTION_CONTEXT,
        lambda f: f.override_by == "document" and f.addressed_to_assistant,
    ),
)
RESPONSE_RULE = LabelRule("M2: the answer helps with a harmful aim", MISUSE_RESPONSE, lambda f: f.harmful_aim and f.complies)
PROMPT_CLAIMS = (EMERGENCY, MISUSE, INJECTION)
CONTEXT_CLAIMS = (INJECTION_CONTEXT,)


def label(facts: Facts, *, has_context: bool) -> dict[Claim, int]:
    """Label a conversation that ends before the assistant's turn.

    A conversation without a document says nothing about injection in documents, except that what the user typed is none:
    typed injections are `@prompt` = 1 and leave `@context` unlabelled.
    """
    labels = {rule.claim: int(rule.holds(facts)) for rule in RULES}
    if not has_context:
        del labels[INJECTION_CONTEXT]
    return labels
