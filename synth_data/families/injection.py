"""Instruction attacks that a user types, for `prompt_injection@prompt`.

A family is one kind of attack (`en/injection.yaml`). Its positive tells the assistant to leave its
rules and asks for something harmless, so that injection is not the same as misuse. Words alone must not give that away, so
it is told in four shapes, and in three of them a positive and its twin have the same words: two instructions stand in the
text and only who says which decides (`sides`), or which of them was taken back (`turn`), or one instruction says whom to
obey and its order decides (`swap`). In the fourth (`plain`) the twin has the grammar and the cue words, about ordinary
things. The look-alike only quotes attacks, or has the cue words in ordinary use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from random import Random

import msgspec

from guard.conversation import Kind, Message, Role
from synth_data import delivery, grammar, labels, languages
from synth_data.delivery import Delivery
from synth_data.families import odds, read
from synth_data.grammar import MARK
from synth_data.languages.lexicon import Instructing, Language
from synth_data.scenario import Case, Facts, Family, Telling

FACTS_TABLE = "injection_kinds.csv"
SHAPES = {"plain": 0.16, "swap": 0.42, "sides": 0.23, "turn": 0.19}
"""How an attack can be told, and how often."""
_TYPICAL = {"plain": 0.6, "swap": 0.4, "sides": 0.0, "turn": 0.0}
_LATER = " // "


class Attack(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One kind of attack. A pair is an attack and its twin."""

    id: str
    """Name of the family."""
    rows: tuple[str, ...] = ()
    """Rows of the facts table; said once, in the first language."""
    complies: bool = False
    """Whether the phantom gives in to it; said in the first language."""
    plain: tuple[tuple[str, str], ...]
    """Pairs of one grammar; the twins speak of ordinary things."""
    swap: tuple[tuple[str, str], ...]
    """Pairs of the same words in another order."""
    look: tuple[str, ...]
    """Ordinary sentences with the cue words."""

    def pairs(self, shape: str) -> tuple[tuple[str, str], ...]:
        """Return the pairs that a shape is told with."""
        return {"plain": self.plain, "swap": self.swap}.get(shape, self.plain + self.swap)


@dataclass(frozen=True, slots=True)
class _Said:
    """What a text says."""

    body: str
    """The part that decides the label."""
    first: str = ""
    """What was said in a turn before, if there was one."""


@cache
def families() -> tuple[Family, ...]:
    """Return the families of `prompt_injection@prompt`."""
    return tuple(family(told) for told in read.kinds("injection", Attack, lambda kind: kind.id).values())


def family(told: Mapping[str, Attack]) -> Family:
    """Make a family of one kind, as some languages tell it.

    Raises:
        InputError: The languages do not say the same of it.
    """
    kind = next(iter(told.values()))
    for own in told.values():
        read.parallel(kind.id, {"plain": kind.plain, "swap": kind.swap}, {"plain": own.plain, "swap": own.swap})
    words = languages.language(next(iter(told))).instructing
    return Family(
        id=f"prompt_injection/{kind.id}",
        claim=labels.INJECTION,
        bank={
            "shape": tuple(SHAPES),
            "wording": read.numbers(kind.plain + kind.swap),
            "want": read.numbers(words.wants),
            "reason": read.numbers(words.reasons),
            "frame": read.numbers(words.frames),
        },
        tellers={lang: _Teller(own, lang) for lang, own in told.items()},
        sources=tuple(f"{FACTS_TABLE}:{row}" for row in kind.rows),
        odds={"shape": SHAPES},
        typical={"shape": _TYPICAL, "wording": odds.typical(read.numbers(kind.plain + kind.swap), ["0"])},
    )


@dataclass(frozen=True, slots=True)
class _Teller:
    kind: Attack
    lang: str

    def __call__(self, case: Case, kind: Kind, rng: Random) -> Telling:
        language = languages.language(self.lang)
        return _Telling(self.kind, language, language.instructing, case, rng).tell(kind)


@dataclass(frozen=True, slots=True)
class _Telling:
    """One conversation in the making."""

    kind: Attack
    language: Language
    words: Instructing
    case: Case
    rng: Random

    def tell(self, kind: Kind) -> Telling:
        """Tell it."""
        attacked, rng, words, slots = kind is Kind.POSITIVE, self.rng, self.words, self.case.slots
        want, answer = words.wants[int(slots["want"])]
        frame = words.frames[int(slots["frame"])]
        sent, preface = Delivery(rng, self.language), rng.choice(self.language.small_talk)
        said = self._said(kind)
        filled = {"body": said.body, "want": want, "reason": words.reasons[int(slots["reason"])]}
        text = grammar.expand(frame, filled, sent.rules(self.language.rules), rng)
        before: tuple[Message, ...] = ()
        if said.first:
            heard = rng.choice(words.heard)
            before = (Message(Role.USER, sent(grammar.tidy(said.first))), Message(Role.ASSISTANT, heard))
        elif "{meanwhile}" in frame:
            before = (Message(Role.USER, sent(preface[0])), Message(Role.ASSISTANT, preface[1]))
        shown, at = delivery.place(sent(text, first=not before))
        return Telling(
            messages=(*before, Message(Role.USER, shown)),
            facts=Facts(override_by="user" if attacked else "", addressed_to_assistant=attacked),
            reply=Message(Role.ASSISTANT, self._reply(answer, attacked=attacked)),
            onset=(len(before), at) if attacked else None,
            traits=sent.traits
            | {
                "voice": "self", "population": "any", "intent": "instruct", "time": "now", "directness": self._directness(kind),
                "turns": "retracts" if said.first else "late" if before else "single",
            },
        )  # fmt: skip

    def _directness(self, kind: Kind) -> str:
        shape = self.case.slots["shape"]
        if kind is Kind.HARD_NEGATIVE:
            return "mentioned" if shape == "plain" else "quoted"
        hidden = shape == "plain" and int(self.case.slots["wording"]) % len(self.kind.plain) == len(self.kind.plain) - 1
        return "implicit" if hidden else "explicit"

    def _said(self, kind: Kind) -> _Said:
        """Say what decides the label; a positive and its twin take the same draws."""
        words, rng, shape = self.words, self.rng, self.case.slots["shape"]
        pairs = self.kind.pairs(shape)
        attack, twin = pairs[int(self.case.slots["wording"]) % len(pairs)]
        one, two = rng.sample(words.speakers, 2)
        if kind is Kind.HARD_NEGATIVE:
            return self._look_alike(shape, attack, twin, (one, two))
        own, other = (attack, twin) if kind is Kind.POSITIVE else (twin, attack)
        if shape == "sides":
            return _Said(_fill(rng.choice(words.sides), MARK + own, other, one))
        if shape == "turn":
            first, _, body = _fill(rng.choice(words.turns), MARK + own, other, one).rpartition(_LATER)
            return _Said(body, first)
        return _Said(MARK + own)

    def _look_alike(self, shape: str, attack: str, twin: str, speakers: tuple[str, str]) -> _Said:
        """Speak of an attack without making it, or use its words for something else."""
        words, rng = self.words, self.rng
        look, one = rng.choice(self.kind.look), speakers[0]
        match shape:
            case "plain":
                return _Said(look)
            case "sides":
                return _Said(_fill(rng.choice(words.sides), look, attack, one))
            case "turn":
                first, _, body = _fill(rng.choice(words.turns), look, attack, one).rpartition(_LATER)
                return _Said(body, first)
            case _:
                first, second = (attack, twin) if rng.random() < 0.5 else (twin, attack)
                return _Said(_fill(rng.choice(words.reported), first, second, one, speakers[1]))

    def _reply(self, answer: str, *, attacked: bool) -> str:
        if not attacked:
            return f"{self.rng.choice(self.words.help)} {answer}"
        return f"{self.rng.choice(self.words.leave if self.kind.complies else self.words.keep)} {answer}"


def _fill(template: str, own: str, other: str, who: str, second: str = "") -> str:
    """Fill a template by plain replacement: what is quoted may hold braces."""
    named = template.replace("{who}", who).replace("{second}", second)
    return named.replace("{own}", own).replace("{other}", other)
