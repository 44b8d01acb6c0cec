"""German words for people, and their cases.

Marks: `<x>` the person as subject, named at first mention; `<i>` the pronoun; `<mich>` accusative, `<mir>` dative, `<von>`
"of"; `<mein>`, `<meine>`, `<meinen>`, `<meinem>`, `<meiner>`, `<meines>` the possessive, never as first mention.
"""

from __future__ import annotations

import re

from synth_data.languages.person import Person

_ENDINGS = ("", "e", "en", "em", "er", "es")
_WEAK = {
    "Herr": "Herrn", "Nachbar": "Nachbarn", "Kollege": "Kollegen", "Neffe": "Neffen", "Junge": "Jungen", "Patient": "Patienten",
    "Student": "Studenten", "Bekannter": "Bekannten", "Assistent": "Assistenten", "Enkel": "Enkel", "Kunde": "Kunden",
    "Spezialist": "Spezialisten", "Psychologe": "Psychologen", "Präsident": "Präsidenten", "Verwandter": "Verwandten",
    "Beamter": "Beamten", "Auszubildender": "Auszubildenden", "Betrunkener": "Betrunkenen", "Angestellter": "Angestellten",
    "Therapeut": "Therapeuten", "Kurier": "Kurier", "Obdachloser": "Obdachlosen", "Fremder": "Fremden", "Jüngster": "Jüngsten",
    "Zeuge": "Zeugen",
}  # fmt: skip
"""Nouns that have another form in the other cases."""
_WEAK_SHE = {name: f"{name}n" for name in ("Kleine", "Bekannte", "Angestellte", "Verwandte", "Obdachlose", "Verstorbene")}
_PRONOUNS = {
    "er": ("er", "ihn", "ihm", "sein"), "sie": ("sie", "sie", "ihr", "ihr"), "es": ("es", "es", "ihm", "sein"),
    "ich": ("ich", "mich", "mir", "mein"), "Sie": ("Sie", "Sie", "Ihnen", "Ihr"),
}  # fmt: skip
_CASES = {
    "er": ({"der": "den"}, {"der": "dem"}),
    "sie": ({}, {"die": "der"}),
    "es": ({}, {"das": "dem"}),
}


def _determiner(word: str, gender: str, case: int) -> str:
    if word in ("der", "die", "das"):
        return _CASES[gender][case].get(word, word)
    stem = word.removesuffix("e") if gender == "sie" else word
    if gender == "er":
        return stem + ("en", "em")[case]
    if gender == "sie":
        return word if case == 0 else stem + "er"
    return word if case == 0 else stem + "em"


def _noun(word: str, gender: str, case: int) -> str:
    if gender == "er":
        return _WEAK.get(word, word)
    if case == 0:
        return word
    return _WEAK_SHE.get(word, word) if gender == "sie" else re.sub("enes$", "enen", word)


def _declined(name: str, gender: str, case: int) -> str:
    """Return a name in the accusative (0) or the dative (1): an article or possessive, adjectives, a noun, and what follows."""
    words = name.split(" ")
    changes = gender == "er" or case == 1
    out, noun_seen = [], False
    for at, word in enumerate(words):
        if noun_seen:
            out.append(word)
        elif word[0].isupper():
            noun_seen = True
            out.append(_noun(word, gender, case))
        elif at == 0:
            out.append(_determiner(word, gender, case))
        elif changes:
            stem = (
                word.removesuffix("er") if gender == "er" and word.endswith("er") else word.removesuffix("es").removesuffix("e")
            )
            out.append(stem + "en")
        else:
            out.append(word)
    return " ".join(out)


def _forms(pronoun: str) -> dict[str, str]:
    subject, accusative, dative, own = _PRONOUNS[pronoun]
    forms = {"x": subject, "i": subject, "mich": accusative, "mir": dative, "von": f"von {dative}"}
    return forms | {f"mein{ending}": own + ending for ending in _ENDINGS}


def named(name: str, pronoun: str) -> Person:
    """Return somebody by a name in the nominative, with its article, and a pronoun: er, sie or es."""
    dative = _declined(name, pronoun, 1)
    of = f"von {dative}".replace("von dem ", "vom ", 1)
    return Person(_forms(pronoun), {"x": name, "mich": _declined(name, pronoun, 0), "mir": dative, "von": of})


def person(entry: str) -> Person:
    """Read a person of a family's own: `mein Bruder/er`."""
    name, _, pronoun = entry.rpartition("/")
    return named(name, pronoun)


ME = Person(_forms("ich"), {}, 0)
"""The speaker."""
YOU = Person(_forms("Sie"), {}, 2)
"""The one spoken to."""

PEOPLE: dict[str, Person] = {
    "me": ME,
    "husband": named("mein Mann", "er"),
    "wife": named("meine Frau", "sie"),
    "mother": named("meine Mutter", "sie"),
    "father": named("mein Vater", "er"),
    "sister": named("meine Schwester", "sie"),
    "brother": named("mein Bruder", "er"),
    "neighbour": named("der Nachbar", "er"),
    "colleague": named("meine Kollegin", "sie"),
    "flatmate": named("mein Mitbewohner", "er"),
    "aunt": named("meine Tante", "sie"),
    "uncle": named("mein Onkel", "er"),
    "grandmother": named("meine Oma", "sie"),
    "grandfather": named("mein Opa", "er"),
    "friend": named("meine beste Freundin", "sie"),
    "grown_daughter": named("meine Tochter", "sie"),
    "grown_son": named("mein ältester Sohn", "er"),
    "son": named("mein Sohn", "er"),
    "daughter": named("unsere Kleine", "sie"),
    "boy": named("unser Jüngster", "er"),
    "niece": named("meine Nichte", "sie"),
    "nephew": named("mein Neffe", "er"),
    "pupil": named("meine Schülerin", "sie"),
    "minded": named("mein Patensohn", "er"),
    "baby_girl": named("unsere kleine Tochter", "sie"),
    "baby_boy": named("unser kleiner Sohn", "er"),
    "newborn": named("mein Neugeborenes", "es"),
    "baby": named("mein Baby", "es"),
    "granddaughter": named("meine kleine Enkelin", "sie"),
    "foster": named("unser Pflegebaby", "es"),
    "patient_woman": named("meine Patientin", "sie"),
    "patient_man": named("unser neuer Patient", "er"),
    "resident": named("unsere älteste Bewohnerin", "sie"),
    "ward_boy": named("mein jüngster Patient", "er"),
}
"""Everybody who can occur, by the name of the slot value."""

STRANGERS: dict[str, tuple[Person, ...]] = {
    "child": (named("ein kleiner Junge", "er"), named("ein kleines Mädchen", "es"), named("ein Junge von sechs Jahren", "er")),
    "infant": (named("ein kleiner Junge", "er"), named("ein Baby", "es"), named("ein Säugling von vier Monaten", "er")),
    "woman": (named("eine Frau", "sie"), named("eine junge Frau", "sie"), named("eine Lehrerin", "sie")),
    "man": (named("ein Mann", "er"), named("ein junger Mann", "er"), named("ein Klempner", "er")),
    "older": (named("ein alter Mann", "er"), named("eine alte Dame", "sie"), named("ein Bauer im Ruhestand", "er")),
    "adult": (named("ein Mann", "er"), named("eine Frau", "sie"), named("ein Busfahrer", "er"), named("eine Köchin", "sie")),
}
"""Who a film, a course or a leaflet is about."""
