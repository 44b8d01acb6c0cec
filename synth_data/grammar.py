"""A small phrase grammar.

`{name}` is replaced by a slot or, failing that, by an alternative of the rule `name`; `[a|b|]` picks one alternative in
place; both nest. Pure: the generator comes in as an argument.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from random import Random

_SLOT = re.compile(r"\{([a-z_]+)\}")
_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_SPACES = re.compile(r"[ \t]+")
_BEFORE_MARK = re.compile(r" +([,.;:!?])")
_SENTENCE = re.compile(r"((?:^|[.!?]\s+)[¿¡]?\x01?)([^\W\d_])")
_STARTERS = (
    "And Are Can Could Do Does Feeding He Help Here How If In Is It Just Let My Nobody On Our People Please She Somebody Tell "
    "That The Their There These They This Those We What When Where Which Who Why Would You Your "
    "Así Ayer Cada Cómo Con Cuándo Dicen Dígame El En Entreno Es Escribo Eso Esta Estas Estamos Este Esto Estos Estoy Estudio "
    "Explíqueme Habrá Hago Hay Hemos La Las Le Les Llevo Lo Los Mañana Me Mi Mis Nadie No Nos Nuestro Para Pienso Por Pregunto "
    "Primero Puede Puedo Qué Queremos Quería Quieren Quiero Quién Salió Se Somos Tarda Tendría Tengo Tiene Un Una Veo Ya"
)
"""Words that lose their capital where a greeting stands before them; no names, and no nouns of any language."""
_GREETED = re.compile(
    rf"(?:(?<=, )|(?<=\b[Bb]ut )|(?<=\b[Oo]k so )|(?<=\b[Pp]ero ))[¿¡]?\x01?(?:{_STARTERS.replace(' ', '|')})\b"
)

Rules = Mapping[str, Sequence[str]]
"""Alternatives by rule name."""
MARK = "\x01"
"""Stands in a text where a hazard begins, until it is taken out."""


def expand(template: str, slots: Mapping[str, str], rules: Rules, rng: Random) -> str:
    """Word a template as a text of its own.

    Raises:
        KeyError: It names neither a slot nor a rule; a mistake in a family, found by the tests.
    """
    return tidy(phrase(template, slots, rules, rng))


def phrase(template: str, slots: Mapping[str, str], rules: Rules, rng: Random) -> str:
    """Word a template that will stand inside another: as it comes, without a capital.

    Raises:
        KeyError: It names neither a slot nor a rule.
    """
    text, said = template, set[str]()
    for _ in range(40):
        choice = _CHOICE.search(text)
        if choice:
            text = text[: choice.start()] + rng.choice(choice[1].split("|")) + text[choice.end() :]
            continue
        slot = _SLOT.search(text)
        if not slot:
            return text
        name = slot[1]
        if name in slots:
            value = slots[name]
        else:
            # Nobody says the same sentence twice in a turn.
            value = rng.choice([rule for rule in rules[name] if rule not in said] or list(rules[name]))
            if value and "{" not in value:
                said.add(value)
        text = text[: slot.start()] + value + text[slot.end() :]
    raise KeyError(f"a template does not come to an end: {template[:60]!r}")


def tidy(text: str) -> str:
    """Collapse spaces left by empty alternatives and begin sentences with a capital, and no words after a greeting."""
    text = _BEFORE_MARK.sub(r"\1", _SPACES.sub(" ", text)).strip()
    text = _GREETED.sub(lambda match: match[0].lower(), text)
    return _SENTENCE.sub(lambda match: match[1] + match[2].upper(), text)


def typos(text: str, rng: Random, rate: float) -> str:
    """Drop, double or swap letters inside words, as people do on a phone; `rate` per word."""
    words = text.split(" ")
    for index, word in enumerate(words):
        if len(word) > 4 and word.isalpha() and rng.random() < rate:
            at = rng.randrange(1, len(word) - 1)
            match rng.randrange(3):
                case 0:
                    words[index] = word[:at] + word[at + 1 :]
                case 1:
                    words[index] = word[:at] + word[at] + word[at:]
                case _:
                    words[index] = word[: at - 1] + word[at] + word[at - 1] + word[at + 1 :]
    return " ".join(words)


def pick(shares: Mapping[str, float], rng: Random) -> str:
    """Draw one of some names by their shares."""
    return rng.choices(list(shares), list(shares.values()))[0]
