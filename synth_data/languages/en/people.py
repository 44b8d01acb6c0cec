"""English words for the people whom groups name."""

from __future__ import annotations

from synth_data.languages.english import ME, he, she
from synth_data.languages.person import Person

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
    "pupil": she("my pupil"),
    "minded": he("my godson"),
    "baby_girl": she("our baby girl"),
    "baby_boy": he("our baby boy"),
    "newborn": he("my newborn"),
    "baby": she("my baby"),
    "granddaughter": she("my baby granddaughter"),
    "foster": he("our foster baby"),
    "patient_woman": she("my patient"),
    "patient_man": he("our new patient"),
    "resident": she("our oldest resident"),
    "ward_boy": he("my youngest patient"),
}
"""Everybody who can occur, by the name of the slot value."""

STRANGERS: dict[str, tuple[Person, ...]] = {
    "child": (he("a little boy"), she("a little girl"), he("a boy of six")),
    "infant": (he("a baby boy"), she("a baby"), she("a baby of four months")),
    "woman": (she("a woman"), she("a young woman"), she("a teacher")),
    "man": (he("a man"), he("a young man"), he("a plumber")),
    "older": (he("an old man"), she("an old lady"), he("a retired farmer")),
    "adult": (he("a man"), she("a woman"), he("a bus driver"), she("a cook")),
}
"""Who a film, a course or a leaflet is about."""
