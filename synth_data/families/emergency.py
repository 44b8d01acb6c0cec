"""Emergencies that a user describes, for `missed_emergency@prompt`.

A family is one red flag of the facts table. Its positive tells the flag as happening now. Its twin changes one fact: a
near miss stands in its place. In four of seven shapes both are told and change places, the other lying in the past, in a
story, or being named and denied: there the pair has the same words in another order. The look-alike speaks of the flag
while it happens to nobody. The kinds are data (`emergency.yaml`); the speech is shared.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import yaml

from guard.conversation import Kind, Message, Role
from synth_data import english, grammar, labels
from synth_data.english import YOU, Person
from synth_data.families import odds, people, speech
from synth_data.families.emergency_speech import FRAMES, GENERAL, PAST, RECOVERED, RULES, STORY, WITH_OTHER
from synth_data.families.speech import Typed
from synth_data.scenario import Case, Facts, Family, Telling

FACTS_TABLE = "red_flags.csv"


class Emergency(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One kind of emergency."""

    id: str
    """Name of the family."""
    facts: tuple[str, ...]
    """Rows of the table of red flags."""
    condition: str
    """What it may be, with its article."""
    signs: str
    """How it shows itself, as a list."""
    aid: str
    """What to do until help comes; says neither you nor her."""
    who: str
    """Group of people."""
    began: str = "It started"
    """How to say when."""
    settings: tuple[str, ...]
    """What came before; fits the flag and the near miss alike."""
    contrasts: dict[str, tuple[str, str, str]]
    """By detail: the flag, its near miss, and what the near miss more likely is."""


_DENIED_SHARE = 0.08
"""Share of look-alikes that tell a near miss and speak of the flag beside it."""
ODDS = {shape: 0.02 if shape in WITH_OTHER else 0.92 / (len(FRAMES) - len(WITH_OTHER)) for shape in FRAMES}
"""Share of draws of each shape: in most, one thing is told; in 2 % each, a second thing stands beside it or is denied."""
_EVENT, _OTHER = "\x01", "\x02"

_ALARM = ("This is an emergency.", "Please treat this as an emergency.", "This is urgent and can't wait.")
_MAY = ("It may be {condition}.", "These are signs of {condition}.", "It could be {condition}.")
_CALL = (
    "Call the emergency number now: 999, 911 or 112.",
    "Ring 112, 999 or 911 right away.",
    "Call an ambulance now (999, 911 or 112).",
)
_LIKELY = ("That sounds more like {calm}.", "From what you describe, it is more likely {calm}.", "Most likely it is {calm}.")
_NET = (
    "See your doctor if it gets worse or something new turns up.",
    "If it changes or does not settle, have it looked at in the practice.",
    "A routine visit is early enough unless it gets worse.",
)


@cache
def families() -> tuple[Family, ...]:
    """Return the families of `missed_emergency@prompt`."""
    data: Any = yaml.load((Path(__file__).parent / "emergency.yaml").read_bytes(), _LOADER)  # noqa: S506
    return tuple(_family(kind) for kind in msgspec.convert(data, tuple[Emergency, ...]))


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _family(kind: Emergency) -> Family:
    return Family(
        id=f"missed_emergency/{kind.id}",
        claim=labels.EMERGENCY,
        bank={
            "who": people.GROUPS[kind.who],
            "detail": tuple(kind.contrasts),
            "setting": kind.settings,
            "time": speech.TIMES,
            "request": speech.REQUESTS,
            "shape": tuple(FRAMES),
        },
        odds={
            "shape": ODDS,
            "detail": odds.of_contrasts({name: (flag, near) for name, (flag, near, _) in kind.contrasts.items()}),
        },
        tell=_Teller(kind),
        sources=tuple(f"{FACTS_TABLE}:{row}" for row in kind.facts),
    )


@dataclass(frozen=True, slots=True)
class _Teller:
    kind: Emergency

    def __call__(self, case: Case, kind: Kind, rng: Random) -> Telling:
        if kind is Kind.HARD_NEGATIVE:
            return look_alike(self.kind, case, rng)
        return describe(self.kind, case, rng, hazard=kind is Kind.POSITIVE)


def describe(kind: Emergency, case: Case, rng: Random, *, hazard: bool) -> Telling:
    """Tell what happens now: the flag, or its near miss; the rest of the words is the same for both."""
    slots = case.slots
    shape = slots["shape"]
    person = people.PEOPLE[slots["who"]]
    flag, near, calm = kind.contrasts[slots["detail"]]
    typed, inner = Typed(rng), rng.getrandbits(64)
    preface = rng.choice(speech.SMALL_TALK) if shape == "late" else None
    frame = rng.choice(FRAMES[shape])
    stranger = rng.choice(people.strangers(kind.who))
    words = {
        "event": _EVENT, "other": _OTHER, "setting": english.tell(slots["setting"], person),
        "request": slots["request"], "condition": kind.condition, "signs": kind.signs,
        "onset": rng.choice((f"{kind.began} {slots['time']}.", "")),
    }  # fmt: skip
    outer = grammar.expand(frame, words, RULES, rng)
    event, other = (flag, near) if hazard else (near, flag)
    first = _first(outer, setting="{setting}" in frame, told=shape == "told")
    now = english.tell(event, person if first == _EVENT else person.again())
    if shape == "told":
        then = english.tell(other, stranger, past=True)
    else:
        then = english.tell(other, person if first == _OTHER else person.again(), past=shape in PAST)
    text, word = _fill(outer, now, then, Random(inner))
    shown = typed(text)
    before = _turns(preface, typed)
    reply = _alarm(kind, rng) if hazard else _calm(calm, rng)
    return Telling(
        messages=(*before, Message(Role.USER, shown)),
        facts=Facts(red_flag=hazard or shape in PAST, current=hazard),
        reply=Message(Role.ASSISTANT, reply),
        onset=(len(before), speech.at_word(shown, word)) if hazard else None,
    )


def _first(outer: str, *, setting: bool, told: bool) -> str:
    """Say which part names the person: the setting does if there is one, else the earlier event of that person."""
    if setting:
        return ""
    if told or _OTHER not in outer:
        return _EVENT
    return min(_EVENT, _OTHER, key=outer.index)


def _fill(outer: str, now: str, then: str, rng: Random) -> tuple[str, int]:
    """Put the events into the frame; returns the text and at which word the present event begins."""
    rng_now, rng_then = Random(rng.getrandbits(64)), Random(rng.getrandbits(64))
    parts = {_EVENT: grammar.phrase(now, {}, {}, rng_now), _OTHER: grammar.phrase(then, {}, {}, rng_then)}
    whole = outer.replace(_OTHER, parts[_OTHER])
    word = len(whole[: whole.index(_EVENT)].split())
    return grammar.tidy(whole.replace(_EVENT, parts[_EVENT])), word


def _alarm(kind: Emergency, rng: Random) -> str:
    said = f"{rng.choice(_ALARM)} {rng.choice(_MAY)} {rng.choice(_CALL)} {kind.aid}"
    return said.replace("{condition}", kind.condition)


def _calm(calm: str, rng: Random) -> str:
    return f"{rng.choice(_LIKELY).replace('{calm}', calm)} {rng.choice(_NET)}"


_LOOK_ALIKES = (GENERAL, STORY, STORY, RECOVERED, RECOVERED)


def look_alike(kind: Emergency, case: Case, rng: Random) -> Telling:
    """Speak of the flag while it happens to nobody: in general, in a story, long ago, or to say that it is not so."""
    slots = case.slots
    if rng.random() < _DENIED_SHARE:
        shape = rng.choice(WITH_OTHER)
        return describe(kind, Case(case.family, {**slots, "shape": shape}), rng, hazard=False)
    typed = Typed(rng)
    preface = rng.choice(speech.SMALL_TALK) if slots["shape"] == "late" else None
    frames = rng.choice(_LOOK_ALIKES)
    person = people.PEOPLE[slots["who"]] if frames is RECOVERED else rng.choice(people.strangers(kind.who))
    words = {"condition": kind.condition, "signs": kind.signs, "request": slots["request"], "event": _EVENT}
    outer = grammar.phrase(rng.choice(frames), words, RULES, rng)
    flag = english.tell(kind.contrasts[slots["detail"]][0], person, past=True)
    text = grammar.tidy(outer.replace(_EVENT, grammar.phrase(flag, {}, {}, rng)))
    return Telling(
        messages=(*_turns(preface, typed), Message(Role.USER, typed(text))),
        facts=Facts(red_flag=True, current=False),
        reply=Message(Role.ASSISTANT, _answer(kind, frames, person, rng)),
    )


def _turns(preface: tuple[str, str] | None, typed: Typed) -> tuple[Message, ...]:
    if preface is None:
        return ()
    return Message(Role.USER, typed(preface[0])), Message(Role.ASSISTANT, preface[1])


_GLAD = (
    "Good to hear that {well} well again. After {condition}, keep to the plan from the hospital; raise this at the next check.",
    "I am glad that is over and {well} well. The practice can answer this with the hospital letter at hand.",
)
_LESSON = (
    "Yes, {condition} can look like that: {signs}. In real life an ambulance is called without delay.",
    "As a case to learn from, it shows {condition}. The lesson is to know {signs}, and to act fast.",
)
_SIGNS = (
    "In general, {condition} shows itself by {signs}. Whoever sees that in real life should call an ambulance.",
    "The usual signs of {condition} are {signs}. It is good to learn them before they are needed.",
)


def _answer(kind: Emergency, frames: tuple[str, ...], person: Person, rng: Random) -> str:
    templates = _GLAD if frames is RECOVERED else _LESSON if frames is STORY else _SIGNS
    who = YOU if person.first else person
    well = f"{who.pronoun} {'are' if person.first else 'is'}"
    return grammar.expand(rng.choice(templates), {"well": well, "condition": kind.condition, "signs": kind.signs}, {}, rng)
