"""English persons and verbs, so that one phrase can be told of anybody, now or in the past.

In a phrase `<x>` and `<i>` are the person as subject, `<my>` and `<me>` the other cases; the first of them names the
person, the others are pronouns. Any other word in angle brackets is a verb that agrees with that person (`<feel>`), with
a singular thing (`<*feel>`) or with a plural one (`<+feel>`). Pure: phrase in, phrase out.
"""

from __future__ import annotations

import re

from synth_data.languages.person import Person

_MARK = re.compile(r"<([*+]?)([a-z]+)>")
_DOUBLES = re.compile(r"[^aeiou]*[aeiou][bdgmnpt]")
_CASES = frozenset(("x", "i", "my", "me"))

_PRESENT = {"be": ("am", "is", "are"), "have": ("have", "has", "have"), "do": ("do", "does", "do")}
_PRESENT |= {"dont": ("don't", "doesn't", "don't")}
_PRESENT |= {base: (said,) * 3 for base, said in (("can", "can"), ("cant", "can't"), ("wont", "won't"))}
_PAST = {
    "be": ("was", "was", "were"), "can": ("could",) * 3, "cant": ("couldn't",) * 3, "wont": ("wouldn't",) * 3,
    "dont": ("didn't",) * 3,
}  # fmt: skip
_IRREGULAR_VERBS = (
    "become/became begin/began bend/bent bite/bit bleed/bled blow/blew break/broke bring/brought burst/burst "
    "catch/caught come/came creep/crept cut/cut do/did draw/drew drink/drank eat/ate fall/fell feel/felt "
    "fight/fought find/found get/got give/gave go/went grow/grew hang/hung have/had hear/heard hit/hit hold/held "
    "hurt/hurt keep/kept know/knew leave/left let/let lie/lay lose/lost make/made mean/meant put/put read/read "
    "ring/rang rise/rose run/ran say/said see/saw set/set shake/shook shoot/shot sink/sank sit/sat sleep/slept "
    "slur/slurred speak/spoke spit/spat split/split spread/spread stand/stood stick/stuck sting/stung take/took "
    "tear/tore tell/told think/thought throw/threw travel/travelled wake/woke wear/wore weep/wept"
)
_IRREGULAR = dict(pair.split("/") for pair in _IRREGULAR_VERBS.split())


ME = Person({"x": "I", "i": "I", "my": "my", "me": "me"}, {}, 0)
YOU = Person({"x": "you", "i": "you", "my": "your", "me": "you"}, {}, 2)


def she(subject: str) -> Person:
    """Name a woman or girl."""
    return Person({"x": "she", "i": "she", "my": "her", "me": "her"}, _named(subject))


def he(subject: str) -> Person:
    """Name a man or boy."""
    return Person({"x": "he", "i": "he", "my": "his", "me": "him"}, _named(subject))


def _named(subject: str) -> dict[str, str]:
    return {"x": subject, "i": subject, "my": f"{subject}'s", "me": subject}


def tell(phrase: str, person: Person, *, past: bool = False) -> str:
    """Put a phrase into a person's mouth and a tense."""
    numbers = {"": person.number, "*": 1, "+": 2}
    known = person.known

    def word(mark: re.Match[str]) -> str:
        nonlocal known
        if mark[2] not in _CASES:
            return verb(mark[2], numbers[mark[1]], past=past)
        said = person.word(mark[2], known=known)
        known = True
        return said

    return _MARK.sub(word, phrase)


def verb(base: str, number: int, *, past: bool) -> str:
    """Inflect a verb; `number` is 0 for I, 1 for one, 2 for you and many."""
    if past:
        special = _PAST.get(base)
        return special[number] if special else _IRREGULAR.get(base) or _regular_past(base)
    special = _PRESENT.get(base)
    if special:
        return special[number]
    return _third(base) if number == 1 else base


def _third(base: str) -> str:
    if base.endswith(("s", "sh", "ch", "x", "z", "o")):
        return base + "es"
    if base.endswith("y") and base[-2] not in "aeiou":
        return base[:-1] + "ies"
    return base + "s"


def _regular_past(base: str) -> str:
    if base.endswith("e"):
        return base + "d"
    if base.endswith("y") and base[-2] not in "aeiou":
        return base[:-1] + "ied"
    return base + (base[-1] if _DOUBLES.fullmatch(base) else "") + "ed"
