"""Danish words for the people whom groups name.

Marks of a person: `x` and `i` are the subject, `me` any other case; `min`, `mit` and `mine` say whose something is, by the
gender and number of the thing; `sin`, `sit`, `sine` and `sig` do so where the person is the subject of the same clause.
"""

from __future__ import annotations

from synth_data.languages.person import Person


def _forms(i: str, me: str, of: tuple[str, str, str], own: tuple[str, str, str], sig: str) -> dict[str, str]:
    return {"x": i, "i": i, "me": me, "min": of[0], "mit": of[1], "mine": of[2]} | {
        "sin": own[0], "sit": own[1], "sine": own[2], "sig": sig,
    }  # fmt: skip


_MY, _YOUR, _THEIR = ("min", "mit", "mine"), ("din", "dit", "dine"), ("deres", "deres", "deres")
ME = Person(_forms("jeg", "mig", _MY, _MY, "mig"), {}, 0)
"""The speaker."""
YOU = Person(_forms("du", "dig", _YOUR, _YOUR, "dig"), {}, 2)
"""The one spoken to."""
THEY = Person(_forms("de", "dem", _THEIR, _THEIR, "sig"), {}, 2)
"""Some people in a story."""

_OTHERS = {
    "han": ("ham", "hans"),
    "hun": ("hende", "hendes"),
    "den": ("den", "dens"),
    "det": ("det", "dets"),
    "de": ("dem", "deres"),
}


def _of(name: str) -> str:
    return f"{name}'" if name[-1] in "sxz" else f"{name}s"


def named(name: str, i: str) -> Person:
    """Make somebody from a name and a pronoun."""
    me, whose = _OTHERS[i]
    own = ("deres",) * 3 if i == "de" else ("sin", "sit", "sine")
    first = {"x": name, "me": name, "min": _of(name), "mit": _of(name), "mine": _of(name)}
    return Person(_forms(i, me, (whose,) * 3, own, "sig"), first)


def read(entry: str) -> Person:
    """Read a person of a family's own, "min mand/han"."""
    name, _, pronoun = entry.rpartition("/")
    return named(name, pronoun)


PEOPLE: dict[str, Person] = {
    "me": ME,
    "husband": named("min mand", "han"),
    "wife": named("min kone", "hun"),
    "mother": named("min mor", "hun"),
    "father": named("min far", "han"),
    "sister": named("min søster", "hun"),
    "brother": named("min bror", "han"),
    "neighbour": named("vores nabo", "han"),
    "colleague": named("min kollega", "hun"),
    "flatmate": named("min bofælle", "han"),
    "aunt": named("min moster", "hun"),
    "uncle": named("min onkel", "han"),
    "grandmother": named("min mormor", "hun"),
    "grandfather": named("min morfar", "han"),
    "friend": named("min bedste veninde", "hun"),
    "grown_daughter": named("min voksne datter", "hun"),
    "grown_son": named("min ældste søn", "han"),
    "son": named("min søn", "han"),
    "daughter": named("min lille pige", "hun"),
    "boy": named("vores yngste dreng", "han"),
    "niece": named("min niece", "hun"),
    "nephew": named("min nevø", "han"),
    "pupil": named("min elev", "hun"),
    "minded": named("min gudsøn", "han"),
    "baby_girl": named("vores lille pige", "hun"),
    "baby_boy": named("vores lille dreng", "han"),
    "newborn": named("min nyfødte", "han"),
    "baby": named("min baby", "hun"),
    "granddaughter": named("mit spæde barnebarn", "hun"),
    "foster": named("vores plejebaby", "han"),
    "patient_woman": named("min patient", "hun"),
    "patient_man": named("vores nye patient", "han"),
    "resident": named("vores ældste beboer", "hun"),
    "ward_boy": named("min yngste patient", "han"),
}
"""Everybody who can occur, by the name of the slot value."""

STRANGERS: dict[str, tuple[Person, ...]] = {
    "child": (named("en lille dreng", "han"), named("en lille pige", "hun"), named("en seksårig dreng", "han")),
    "infant": (named("en lille dreng", "han"), named("en baby", "hun"), named("en fire måneder gammel baby", "hun")),
    "woman": (named("en kvinde", "hun"), named("en ung kvinde", "hun"), named("en skolelærer", "hun")),
    "man": (named("en mand", "han"), named("en ung mand", "han"), named("en vvs-mand", "han")),
    "older": (named("en gammel mand", "han"), named("en ældre dame", "hun"), named("en pensioneret landmand", "han")),
    "adult": (named("en mand", "han"), named("en kvinde", "hun"), named("en buschauffør", "han"), named("en kok", "hun")),
}
"""Who a film, a course or a leaflet is about."""
