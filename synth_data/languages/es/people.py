"""Spanish persons, and the people whom groups name.

The subject may stay unsaid, so the marks are few: `<x>` names the person as subject (nothing for the speaker), `<i>` is the
unsaid subject, `<a>` stands before a dative pronoun ("a mi madre le duele"), `<de>` behind what belongs to the person,
`<con>` for company, `<el>` after any other preposition, `<lo>` for the direct object, `<o>` for the ending of an adjective.
"""

from __future__ import annotations

import re

from synth_data.languages import marks
from synth_data.languages.person import Person

_GAP = re.compile(r"(^|\x01| ) +")
_MELT = re.compile(r"\b([dD]e|[aA]) el (?=\w)")


def tell(phrase: str, person: Person, *, past: bool = False) -> str:
    """Put a phrase into a person's mouth; a mark that says nothing leaves no gap, and "de" and "a" melt with "el"."""
    return _melted(_GAP.sub(r"\1", marks.tell(phrase, person, past=past)))


def _melted(text: str) -> str:
    return _MELT.sub(lambda found: f"{found[1]}l ", text)


def _other(name: str, pronoun: str, ending: str) -> Person:
    forms = {"x": pronoun, "i": "", "a": "", "de": f"de {pronoun}", "con": f"con {pronoun}", "el": pronoun}
    forms |= {"lo": "la" if ending == "a" else "lo", "o": ending}
    named = {"x": name, "i": name, "a": _melted(f"a {name}"), "de": _melted(f"de {name}"), "con": f"con {name}", "el": name}
    return Person(forms, named)


def he(name: str) -> Person:
    """Return a man or boy who is called so at first mention."""
    return _other(name, "él", "o")


def she(name: str) -> Person:
    """Return a woman or girl who is called so at first mention."""
    return _other(name, "ella", "a")


ME = Person({"x": "", "i": "", "a": "", "de": "", "con": "conmigo", "el": "mí", "lo": "me", "o": "o"}, {}, 0)
"""The speaker."""
YOU = Person({"x": "usted", "i": "", "a": "", "de": "", "con": "con usted", "el": "usted", "lo": "le", "o": "o"}, {}, 2)
"""The one spoken to; verbs are those of the third person."""


def read(entry: str) -> Person:
    """Read a person of a family's own, "mi marido/él"."""
    name, _, pronoun = entry.rpartition("/")
    return she(name) if pronoun == "ella" else he(name)


PEOPLE: dict[str, Person] = {
    "me": ME,
    "husband": he("mi marido"),
    "wife": she("mi mujer"),
    "mother": she("mi madre"),
    "father": he("mi padre"),
    "sister": she("mi hermana"),
    "brother": he("mi hermano"),
    "neighbour": he("mi vecino de al lado"),
    "colleague": she("mi compañera de trabajo"),
    "flatmate": he("mi compañero de piso"),
    "aunt": she("mi tía"),
    "uncle": he("mi tío"),
    "grandmother": she("mi abuela"),
    "grandfather": he("mi abuelo"),
    "friend": she("mi mejor amiga"),
    "grown_daughter": she("mi hija mayor"),
    "grown_son": he("mi hijo mayor"),
    "son": he("mi hijo"),
    "daughter": she("mi niña"),
    "boy": he("nuestro hijo pequeño"),
    "niece": she("mi sobrina"),
    "nephew": he("mi sobrino"),
    "pupil": she("una alumna mía"),
    "minded": he("mi ahijado"),
    "baby_girl": she("nuestra bebé"),
    "baby_boy": he("nuestro bebé"),
    "newborn": he("mi recién nacido"),
    "baby": she("mi bebé"),
    "granddaughter": she("mi nietecita"),
    "foster": he("nuestro bebé de acogida"),
    "patient_woman": she("una paciente mía"),
    "patient_man": he("nuestro nuevo paciente"),
    "resident": she("nuestra residente más mayor"),
    "ward_boy": he("mi paciente más joven"),
}
"""Everybody who can occur, by the name of the slot value."""

STRANGERS: dict[str, tuple[Person, ...]] = {
    "child": (he("un niño pequeño"), she("una niña pequeña"), he("un niño de seis años")),
    "infant": (he("un bebé"), she("una bebé"), she("una bebé de cuatro meses")),
    "woman": (she("una mujer"), she("una chica joven"), she("una profesora")),
    "man": (he("un hombre"), he("un chico joven"), he("un fontanero")),
    "older": (he("un señor mayor"), she("una señora mayor"), he("un agricultor jubilado")),
    "adult": (he("un hombre"), she("una mujer"), he("un conductor de autobús"), she("una cocinera")),
}
"""Who a film, a course or a leaflet is about."""
