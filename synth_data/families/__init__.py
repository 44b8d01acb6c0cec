"""All families of the generator, by claim."""

from __future__ import annotations

from functools import cache

from guard.errors import InputError
from guard.hazards import Claim
from synth_data import labels
from synth_data.families import described, injection, injection_context, requested, toolcalls, traffic
from synth_data.scenario import Family

CLAIMS = (*labels.PROMPT_CLAIMS, *labels.CONTEXT_CLAIMS, *labels.WRITTEN_CLAIMS, *labels.TOOL_CLAIMS)
"""Claims that rows can be drawn for."""


@cache
def families(claim: Claim | None) -> tuple[Family, ...]:
    """Return the families of a claim, sorted by id; those of ordinary traffic for None.

    Answers are drawn from the families of what they answer.

    Raises:
        InputError: The generator has no families for the claim.
    """
    asked = labels.ANSWERED.get(claim, claim) if claim is not None else None
    if asked is None:
        found = traffic.families()
    elif asked in (labels.EMERGENCY, labels.SELF_HARM):
        found = described.families(asked)
    elif asked in (labels.MISUSE, labels.SELF_TREATMENT):
        found = requested.families(asked)
    elif asked == labels.INJECTION:
        found = injection.families()
    elif asked == labels.INJECTION_CONTEXT:
        found = injection_context.families()
    elif asked in labels.TOOL_CLAIMS:
        found = toolcalls.families(asked)
    else:
        raise InputError(f"no families for {claim}", f"there are some for {', '.join(map(str, CLAIMS))}")
    return tuple(sorted(found, key=lambda family: family.id))


def speak(claim: Claim | None, lang: str) -> bool:
    """Say whether a claim has families in a language: calls that the generator wrote are in the first one only."""
    return any(lang in family.tellers for family in families(claim))


def by_id(id_: str) -> Family:
    """Return a family.

    Raises:
        InputError: There is none of that id.
    """
    for claim in (None, *CLAIMS):
        for family in families(claim):
            if family.id == id_:
                return family
    raise InputError(f"no family {id_[:80]!r}")
