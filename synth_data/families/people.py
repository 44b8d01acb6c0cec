"""Who a conversation can be about: groups of people by name.

The person is one slot of the meaning key; the same people occur under every label. What they are called is the business of
the languages.
"""

from __future__ import annotations

from guard.errors import InputError

_CLOSE = ("husband", "wife", "mother", "father", "sister", "neighbour", "colleague", "flatmate", "uncle", "friend")
_YOUNG = ("son", "daughter", "boy", "niece", "nephew", "pupil", "minded")

GROUPS: dict[str, tuple[str, ...]] = {
    "adult": ("me", *_CLOSE),
    "other_adult": (*_CLOSE, "aunt", "brother"),
    "older": ("me", "mother", "father", "grandmother", "grandfather", "neighbour", "aunt", "uncle"),
    "other_older": ("mother", "father", "grandmother", "grandfather", "neighbour", "aunt", "uncle"),
    "woman": ("me", "wife", "sister", "grown_daughter", "friend", "colleague"),
    "man": ("me", "husband", "father", "brother", "flatmate", "uncle", "grown_son", "neighbour"),
    "child": _YOUNG,
    "infant": ("baby_girl", "baby_boy", "newborn", "baby", "granddaughter", "foster"),
    "anyone": ("me", "husband", "mother", "sister", "flatmate", "friend", *_YOUNG[:5]),
    "someone": ("husband", "mother", "sister", "flatmate", "friend", "colleague", *_YOUNG[:5]),
}
"""Slot values by population."""

CLINICAL: dict[str, tuple[str, ...]] = {
    "adult": ("patient_woman", "patient_man"),
    "older": ("resident", "patient_man"),
    "woman": ("patient_woman",),
    "man": ("patient_man",),
    "child": ("ward_boy",),
}
"""Whom staff may tell of, by group; added where something is described, for it is part of their work."""


def members(group: str) -> tuple[str, ...]:
    """Return the people of a group.

    Raises:
        InputError: There is no such group.
    """
    if group not in GROUPS:
        raise InputError(f"no group of people {group[:40]!r}", f"there is {', '.join(GROUPS)}")
    return GROUPS[group]


def described(group: str) -> tuple[str, ...]:
    """Return whom a description of a group can be about.

    Raises:
        InputError: There is no such group.
    """
    return members(group) + CLINICAL.get(group, ())


def register(person: str) -> str:
    """Return who speaks: staff, somebody who cares for another, or somebody for themselves."""
    if person in ("patient_woman", "patient_man", "resident", "ward_boy"):
        return "clinician"
    return "self" if person == "me" else "caregiver"


def population(group: str) -> str:
    """Return the population of a group."""
    return group.removeprefix("other_")
