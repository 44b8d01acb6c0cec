"""English."""

from __future__ import annotations

from synth_data.languages import english
from synth_data.languages.en import (
    attacks,
    describing,
    instructing,
    people,
    planting,
    requesting,
    self_harm,
    self_treatment,
    shared,
)
from synth_data.languages.lexicon import Language
from synth_data.languages.person import Person


def _person(entry: str) -> Person:
    name, _, pronoun = entry.rpartition("/")
    return english.she(name) if pronoun == "she" else english.he(name)


LANGUAGE = Language(
    code="en",
    tell=english.tell,
    person=_person,
    people=people.PEOPLE,
    strangers=people.STRANGERS,
    retell=requesting.retell,
    retold=requesting.of_another,
    rules=shared.RULES,
    times=shared.TIMES,
    requests=shared.REQUESTS,
    small_talk=shared.SMALL_TALK,
    listening=shared.LISTENING,
    delivering=shared.DELIVERING,
    chat_frames=shared.CHAT_FRAMES,
    chat_more=shared.CHAT_MORE,
    attacks=attacks.RULES,
    describing={"missed_emergency": describing.DESCRIBING, "self_harm": self_harm.DESCRIBING},
    instructing=instructing.INSTRUCTING,
    planting=planting.PLANTING,
    requesting={"clinical_misuse": requesting.REQUESTING, "self_treatment": self_treatment.REQUESTING},
)
"""English, as the families are written in it first."""
