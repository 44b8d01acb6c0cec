"""Delivery: through which channel and in what manner a conversation is written, whatever it says.

Drawn once for a conversation and the same for a positive and its twin, so that it says nothing about the label.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from synth_data import grammar
from synth_data.grammar import MARK
from synth_data.languages.lexicon import Language

CHANNELS = {"chat": 0.64, "portal": 0.14, "voice": 0.13, "note": 0.09}
"""Share of conversations of each channel."""
REGISTERS = {"plain": 0.46, "lower case": 0.14, "slips": 0.16, "terse": 0.12, "anxious": 0.12}
"""Share of conversations of each manner of writing."""
_SLIPS = 0.08
_FILLERS = 0.05
_QUIET = ("hello", "tone", "place", "thanks", "extra", "filler", "aside", "class_talk", "so_far", "meanwhile")


class Delivery:
    """How one conversation is delivered."""

    def __init__(self, rng: Random, language: Language) -> None:
        """Draw channel and register."""
        self.channel = grammar.pick(CHANNELS, rng)
        self.register = grammar.pick(REGISTERS, rng)
        self._language = language
        self._seed = rng.getrandbits(64)

    @property
    def traits(self) -> dict[str, str]:
        """What stands in the row."""
        return {"channel": self.channel, "register": self.register}

    def rules(self, rules: grammar.Rules) -> Mapping[str, tuple[str, ...]]:
        """Leave the ornaments out where somebody writes tersely, and the greeting where the portal has one."""
        quiet = _QUIET if self.register == "terse" else _QUIET[:1] if self.channel == "portal" else ()
        if not quiet:
            return rules  # type: ignore[return-value]
        return {**rules, **{name: ("",) for name in quiet if name in rules}}  # type: ignore[dict-item]

    def __call__(self, text: str, *, first: bool = True) -> str:
        """Deliver one turn; a mark in it stays where it is, and only the first one is a message of its own kind."""
        rng, words = Random(self._seed), self._language.delivering
        if self.register == "anxious" and first:
            text = _anxious(text, rng.choice(words.anxious), rng)
        if self.register == "lower case":
            text = text.lower()
        if self.register == "slips":
            # A generator of its own: how many draws it takes depends on the text, and what follows must not.
            text = grammar.typos(text.lower() if rng.random() < 0.5 else text, Random(rng.getrandbits(64)), _SLIPS)
        match self.channel:
            case "portal" if first:
                return f"{rng.choice(words.opened)}\n{text}\n{rng.choice(words.closed)} {rng.choice(words.signed)}"
            case "voice":
                return _spoken(text, words.fillers, rng)
            case "note" if first:
                return f"{rng.choice(words.heads)}\n{text}"
            case _:
                return text


def _anxious(text: str, added: str, rng: Random) -> str:
    if rng.random() < 0.5:
        text = text.replace("?", "??").replace(". ", "! ", 1)
    return f"{text} {added}" if rng.random() < 0.6 else f"{added} {text}"


def _spoken(text: str, fillers: tuple[str, ...], rng: Random) -> str:
    """Write as a machine writes speech down: no capitals, no marks, and what people say while they think."""
    said: list[str] = []
    for word in text.lower().split():
        if rng.random() < _FILLERS and said and said[-1] not in fillers:
            said.append(rng.choice(fillers))
        said.append(word.strip(',.;:!?¿¡»«„“”"'))
    return " ".join(word for word in said if word)


def place(text: str) -> tuple[str, int]:
    """Take the mark out of a text; returns the text and where it stood, 0 where it stood nowhere."""
    at = text.find(MARK)
    return text.replace(MARK, ""), max(at, 0)
