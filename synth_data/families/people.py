"""Who a conversation is about. The person is one slot of the meaning key; the same people occur under every label."""

from __future__ import annotations

from synth_data.english import ME, Person, he, she

PEOPLE: dict[str, Person] = {
    "me": ME,
    "husband": he("my husband"),
    "wife": she("my wife"),
    "mother": she("my mother"),
    "father": he("my dad"),
    "sister": she("my sister"),
    "brother": he("my brother"),
    "neighbour": he("the man next door"),
    "colleague": she("my colleague"),
    "flatmate": he("my flatmate"),
    "aunt": she("my aunt"),
    "uncle": he("my uncle"),
    "grandmother": she("my gran"),
    "grandfather": he("my grandad"),
    "friend": she("my best friend"),
    "grown_daughter": she("my daughter"),
    "grown_son": he("my eldest son"),
    "son": he("my son"),
    "daughter": she("my little girl"),
    "boy": he("our youngest boy"),
    "niece": she("my niece"),
    "nephew": he("my nephew"),
    "pupil": she("a girl in my class"),
    "minded": he("the boy I look after"),
    "baby_girl": she("our baby girl"),
    "baby_boy": he("our baby boy"),
    "newborn": he("my newborn"),
    "baby": she("my baby"),
    "granddaughter": she("my baby granddaughter"),
    "foster": he("our foster baby"),
}
"""Everybody who can occur, by the name of the slot value."""

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

STRANGERS: dict[str, tuple[Person, ...]] = {
    "child": (he("a little boy"), she("a little girl"), he("a boy of six")),
    "infant": (he("a baby boy"), she("a baby"), she("a baby of four months")),
    "woman": (she("a woman"), she("a young woman"), she("a teacher")),
    "man": (he("a man"), he("a young man"), he("a plumber")),
    "older": (he("an old man"), she("an old lady"), he("a retired farmer")),
    "adult": (he("a man"), she("a woman"), he("a bus driver"), she("a cook")),
}
"""Who a film, a course or a leaflet is about."""


def strangers(group: str) -> tuple[Person, ...]:
    """Return people of a story who fit a population."""
    plain = group.removeprefix("other_")
    return STRANGERS.get(plain, STRANGERS["adult"])
