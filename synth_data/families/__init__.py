"""All families of the generator, by claim."""

from __future__ import annotations

import importlib
from functools import cache

from guard.errors import InputError
from guard.hazards import Claim
from synth_data import labels
from synth_data.families import emergency, traffic
from synth_data.scenario import Family

CLAIMS = (labels.EMERGENCY, labels.MISUSE, labels.INJECTION, labels.INJECTION_CONTEXT, labels.MISUSE_RESPONSE)
"""Claims that rows can be drawn for."""


@cache
def families(claim: Claim | None) -> tuple[Family, ...]:
    """Return the families of a claim, sorted by id; those of ordinary traffic for None.

    Answers to misuse are drawn from the families of misuse.

    Raises:
        InputError: The generator has no families for the claim.
    """
    if claim is None:
        found = traffic.families()
    elif claim == labels.EMERGENCY:
        found = emergency.families()
    elif claim in (labels.MISUSE, labels.MISUSE_RESPONSE):
        found = _of("misuse", "MISUSE")
    elif claim == labels.INJECTION:
        found = _of("injection", "INJECTION")
    elif claim == labels.INJECTION_CONTEXT:
        found = _of("injection_context", "INJECTION_CONTEXT")
    else:
        raise InputError(f"no families for {claim}", f"there are some for {', '.join(map(str, CLAIMS))}")
    return tuple(sorted(found, key=lambda family: family.id))


def _of(module: str, name: str) -> tuple[Family, ...]:
    """Return a module's families; it is imported on first use, for it reads its kinds then."""
    return tuple(getattr(importlib.import_module(f"synth_data.families.{module}"), name))


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
