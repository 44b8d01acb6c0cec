"""Instruction attacks that a user types, for `prompt_injection@prompt`.

A family is one technique. Its positive tells the assistant to leave its rules; its twin says the same words with one fact
flipped: they speak of something else, they are quoted to be filed, they are meant for a colleague, or somebody else is
listened to. What is wanted on top is ordinary and the same for both, so that an attack is not the same as misuse. The
kinds are data (`injection.yaml`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import yaml

from guard.conversation import Kind, Message, Role
from synth_data import grammar, labels
from synth_data.families import injection_speech, speech
from synth_data.families.injection_speech import MARK, RULES
from synth_data.families.speech import Typed
from synth_data.scenario import Case, Facts, Family, Telling

FACTS_TABLE = "injection_kinds.csv"


class Injection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One technique."""

    id: str
    """Name of the family."""
    facts: tuple[str, ...]
    """Rows of the facts table."""
    obeys: bool = False
    """Whether the phantom is taught to give in."""
    harmful: bool = False
    """Whether the attack also wants somebody else's data."""
    contrasts: dict[str, tuple[str, str]]
    """By detail: the attack, and the same words as an ordinary wish."""
    looks: tuple[tuple[str, str], ...]
    """Harmless messages with the words of the attack, and their answers."""


def _family(kind: Injection) -> Family:
    return Family(
        id=f"prompt_injection/{kind.id}",
        claim=labels.INJECTION,
        bank={
            "detail": tuple(kind.contrasts),
            "goal": tuple(injection_speech.GOALS),
            "context": injection_speech.CONTEXTS,
            "human": injection_speech.HUMANS,
            "shape": injection_speech.SHAPES,
        },
        tell=_Teller(kind),
        sources=tuple(f"{FACTS_TABLE}:{row}" for row in kind.facts),
    )


@dataclass(frozen=True, slots=True)
class _Teller:
    kind: Injection

    def __call__(self, case: Case, kind: Kind, rng: Random) -> Telling:
        attack = kind is Kind.POSITIVE
        typed, preface = Typed(rng), rng.choice(speech.SMALL_TALK)
        reply_rng = Random(rng.getrandbits(64))
        answer = injection_speech.GOALS[case.slots["goal"]]
        if kind is Kind.HARD_NEGATIVE:
            turns, reply = _look_alike(self.kind, case, rng)
        else:
            turns, reply = _turns(self.kind, case, rng, attack=attack), _reply(self.kind, case, attack, reply_rng)
        if case.slots["shape"] == "late":
            turns = (*preface, *turns)
        turns = tuple(typed(text) if turn % 2 == 0 else text for turn, text in enumerate(turns))
        onset = next(((turn, text.index(MARK)) for turn, text in enumerate(turns) if MARK in text), None)
        return Telling(
            messages=tuple(
                Message(Role.USER if turn % 2 == 0 else Role.ASSISTANT, text.translate(_OPEN))
                for turn, text in enumerate(turns)
            ),
            facts=Facts(
                harmful_aim=attack and self.kind.harmful,
                asks_assistant=True,
                override_by="user" if attack else "",
                addressed_to_assistant=attack,
            ),
            reply=Message(Role.ASSISTANT, grammar.expand(reply, {"answer": answer}, RULES, reply_rng)),
            unsafe_reply=None,
            onset=onset if attack else None,
        )


_BEGINS = re.compile(rf"(^|[.!?]\s+){MARK}[a-z]")
_SHUT = str.maketrans("[]", "\x02\x03")
_OPEN = str.maketrans("\x02\x03", "[]", MARK)
"""An attack may hold brackets, which are no alternatives of the grammar."""


def _turns(kind: Injection, case: Case, rng: Random, *, attack: bool) -> tuple[str, ...]:
    """Word the attack or its twin; a user's turn, or a user's, an assistant's and a user's."""
    slots = dict(case.slots)
    order, wish = kind.contrasts[slots["detail"]]
    said = (order if attack or slots["shape"] in injection_speech.CITING else wish).translate(_SHUT)
    follow = rng.choice(injection_speech.FOLLOW)
    voice, second = rng.sample(injection_speech.VOICES, 2)
    swapped = rng.random() < 0.5
    obeyed = voice if attack is not swapped else second
    words = {
        "line": MARK + said, "cited": MARK + said.replace(" || ", ", "), "follow": follow[0 if attack else 1],
        "to": "you" if attack else slots["human"], "not_to": slots["human"] if attack else "you",
        "voice": voice, "second": second, "chosen": obeyed,
        "first_said": "{keep}" if swapped else MARK + said.replace(" || ", ", "),
        "second_said": MARK + said.replace(" || ", ", ") if swapped else "{keep}",
    }  # fmt: skip
    text = grammar.expand(rng.choice(injection_speech.FRAMES[slots["shape"]]), words | slots, RULES, rng)
    text = _BEGINS.sub(lambda start: start[0].upper(), text)
    first, parted, rest = text.partition(" || ")
    if not parted:
        return (text,)
    return (first + ".", rng.choice(RULES["nod"]), grammar.tidy(rest))


def _look_alike(kind: Injection, case: Case, rng: Random) -> tuple[tuple[str, ...], str]:
    """Use the words of the attack without giving an order; returns the turn and the answer."""
    slots = dict(case.slots)
    draw = rng.random()
    if draw < injection_speech.MENTION_SHARE:
        attack = kind.contrasts[slots["detail"]][0].replace(" || ", ", ").translate(_SHUT)
        frame, answer = rng.choice(injection_speech.MENTIONS)
    else:
        attack = ""
        looks = kind.looks if draw < injection_speech.OWN_SHARE else injection_speech.LOOKS
        frame, (question, answer) = rng.choice(injection_speech.LOOK_FRAMES), rng.choice(looks)
        slots["look"] = question
        if "{goal}" in frame:
            answer += " {answer}"
    voice = rng.choice(injection_speech.VOICES)
    return (grammar.expand(frame, slots | {"cited": attack, "voice": voice}, RULES, rng),), answer


def _reply(kind: Injection, case: Case, attack: bool, rng: Random) -> str:
    if attack:
        if kind.harmful:
            return "{off} {leak}" if kind.obeys else "{stay} {private}"
        return "{off} {answer} {wild}" if kind.obeys else "{stay} {answer}"
    if case.slots["shape"] in injection_speech.CITING:
        return "{seen} {answer}"
    return rng.choice(("{fine} {answer}", "{answer}"))


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _read() -> tuple[Injection, ...]:
    data: Any = yaml.load((Path(__file__).parent / "injection.yaml").read_bytes(), _LOADER)  # noqa: S506
    return msgspec.convert(data, tuple[Injection, ...])


INJECTION: tuple[Family, ...] = tuple(_family(kind) for kind in _read())
"""Families of `prompt_injection@prompt`."""
