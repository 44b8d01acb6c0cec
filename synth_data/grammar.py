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
_SENTENCE = re.compile(r"(^|[.!?]\s+)([a-z])")

Rules = Mapping[str, Sequence[str]]
"""Alternatives by rule name."""


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
    text = template
    for _ in range(40):
        choice = _CHOICE.search(text)
        if choice:
            text = text[: choice.start()] + rng.choice(choice[1].split("|")) + text[choice.end() :]
            continue
        slot = _SLOT.search(text)
        if not slot:
            return text
        name = slot[1]
        value = slots[name] if name in slots else rng.choice(list(rules[name]))
        text = text[: slot.start()] + value + text[slot.end() :]
    raise KeyError(f"a template does not come to an end: {template[:60]!r}")


def tidy(text: str) -> str:
    """Collapse spaces left by empty alternatives and begin sentences with a capital."""
    text = _BEFORE_MARK.sub(r"\1", _SPACES.sub(" ", text)).strip()
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


def register(text: str, rng: Random) -> str:
    """Say a text as written, in lower case, or with typing slips: the way people write does not depend on the label."""
    draw = rng.random()
    if draw < 0.6:
        return text
    if draw < 0.8:
        return text.lower()
    return typos(text.lower() if draw < 0.9 else text, rng, 0.08)
