"""Instruction attacks that a user types around a request, to make the assistant leave its rules.

The same wrapper stands around a harmful request, its twin and a look-alike: it says nothing about what is asked for.
"""

from __future__ import annotations

import hashlib
from random import Random

from synth_data import grammar
from synth_data.languages.lexicon import Language
from synth_data.scenario import Case

ATTACK_SHARE = 0.2
"""Published share of misuse scenarios that are wrapped in an instruction attack."""


def attacked(case: Case) -> bool:
    """Whether a scenario is wrapped: a function of its id alone, so that a positive and its twin share the answer."""
    first = hashlib.sha256(b"attack" + case.scenario.encode()).digest()
    return int.from_bytes(first[:4], "big") < ATTACK_SHARE * 2**32


def wrap(request: str, language: Language, rng: Random) -> str:
    """Put an attack before, after or around a request; its words come from the generator alone."""
    return grammar.expand("{wrap}", {"request": request}, language.attacks, rng)
