"""Emergencies that a user describes, for `missed_emergency@prompt`.

A family is one red flag of the facts table. Its positive tells the flag as happening now. Its twin changes one fact: a
near miss stands in its place, or the flag lies in the past, or in a story, while the near miss is what happens now; in
those two shapes the pair has the same words in another order. Its look-alike is about the same flag without anybody ill.
The kinds are data (`emergency.yaml`); the speech is shared.
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
from synth_data.families import people, speech
from synth_data.families.speech import RULES, Typed
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


_FRAMES: dict[str, tuple[str, ...]] = {
    "plain": (
        "{hello} {event}. {onset} {request} {thanks}",
        "{hello} {event}. {tone} {request}",
        "{request} {event}. {onset} {tone}",
        "{hello} {event}. {onset} {place} {request}",
    ),
    "detailed": (
        "{hello} {setting} {now_lead} {event}. {onset} {tone} {place} {request} {thanks}",
        "{place} {setting} {now_lead} {event}. {tone} {onset} {request}",
        "{hello} {setting} {onset} {now_lead} {event}. {place} {request} {thanks}",
        "{request} {setting} {now_lead} {event}. {tone} {onset} {place}",
    ),
    "late": (
        "{meanwhile} {event}. {onset} {request}",
        "{meanwhile} {event}. {tone} {request} {thanks}",
    ),
    "earlier": (
        "{hello} {past_lead} {other}. {past_end} {now_lead} {event}. {onset} {request}",
        "{hello} {event}. {onset} {but_past} {other}. {past_end} {request}",
        "{past_lead} {other}. {past_end} {now_lead} {event}. {tone} {request} {thanks}",
    ),
    "told": (
        "{hello} {story} {other}. {story_end} {story_now} {event}. {onset} {request}",
        "{hello} {event}. {onset} {but_story} {other}. {story_end} {request}",
        "{story} {other}. {story_end} {story_now} {event}. {tone} {request} {thanks}",
    ),
}  # fmt: skip
_EVENT, _OTHER = "\x01", "\x02"

_ALARM = ("This is an emergency.", "Please treat this as an emergency.", "This is urgent and can't wait.")
_MAY = ("It may be {condition}.", "These are signs of {condition}.", "It could be {condition}.")
_CALL = ("Call the emergency number now: 999, 911 or 112.", "Ring 112, 999 or 911 right away.", "Call an ambulance now (999, 911 or 112).")
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
            "shape": tuple(_FRAMES),
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
    frame = rng.choice(_FRAMES[shape])
    stranger = rng.choice(people.strangers(kind.who))
    words = {
        "event": _EVENT, "other": _OTHER, "setting": english.tell(slots["setting"], person),
        "request": slots["request"], "onset": rng.choice((f"{kind.began} {slots['time']}.",) * 3 + ("",)),
    }  # fmt: skip
    outer = grammar.expand(frame, words, RULES, rng)
    event, other = (flag, near) if hazard else (near, flag)
    first = _first(outer, setting="{setting}" in frame, told=shape == "told")
    now = english.tell(event, person if first == _EVENT else person.again())
    if shape == "told":
        then = english.tell(other, stranger, past=True)
    else:
        then = english.tell(other, person if first == _OTHER else person.again(), past=True)
    text, word = _fill(outer, now, then, Random(inner))
    shown = typed(text)
    before = (Message(Role.USER, typed(preface[0])), Message(Role.ASSISTANT, preface[1])) if preface else ()
    reply = _alarm(kind, rng) if hazard else _calm(calm, rng)
    return Telling(
        messages=(*before, Message(Role.USER, shown)),
        facts=Facts(red_flag=hazard or shape in ("earlier", "told"), current=hazard),
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
    parts = {_EVENT: _inside(now, rng_now), _OTHER: _inside(then, rng_then)}
    whole = outer.replace(_OTHER, parts[_OTHER])
    word = len(whole[: whole.index(_EVENT)].split())
    return grammar.tidy(whole.replace(_EVENT, parts[_EVENT])), word


def _inside(phrase: str, rng: Random) -> str:
    """Choose among the alternatives of a phrase that may stand inside a sentence."""
    said = grammar.expand(phrase, {}, {}, rng)
    return phrase[:1] + said[1:] if phrase[:1] != "[" else said


def _alarm(kind: Emergency, rng: Random) -> str:
    said = f"{rng.choice(_ALARM)} {rng.choice(_MAY)} {rng.choice(_CALL)} {kind.aid}"
    return said.replace("{condition}", kind.condition)


def _calm(calm: str, rng: Random) -> str:
    return f"{rng.choice(_LIKELY).replace('{calm}', calm)} {rng.choice(_NET)}"


_GENERAL = (
    "{hello} which signs should make one think of {condition}? {reason} {aside}",
    "{hello} how do people notice {condition}? {reason} {aside} {thanks}",
    "{reason} Is it true that {signs} can mean {condition}? {aside}",
    "{hello} {reason} What would I write about {condition} and its signs, {signs}? {thanks}",
)
_STORY = (
    "{hello} {story} {event}. {story_end} {ask} {thanks}",
    "{story} {event}. {reason} {ask}",
    "{hello} {story} {event}. {place} {ask} {aside}",
)
_RECOVERED = (
    "{hello} {past_lead} {event}. {past_end} {well} {request} {thanks}",
    "{past_lead} {event}. {well} {past_end} {after}",
    "{hello} {well} {but_past} {event}. {past_end} {request}",
    "{hello} {past_lead} {event}. {past_end} {tone} {after} {thanks}",
)
_WORDS = {
    "reason": (
        "I am learning for a first-aid certificate.", "It is for my care assistant training.", "My class has a project on it.",
        "I write for the newsletter of our club.", "I am to give a talk at the village hall.", "There is a quiz at work tomorrow.",
        "I am revising for an exam.", "I teach evening classes.",
    ),
    "aside": ("", "", "Nobody here is ill.", "I am only curious.", "It is just for the course.", "No worries, we are all well."),
    "ask": (
        "Is that how {condition} looks in real life?", "What would be the right thing to do in such a case?",
        "How common is that?", "Would an ambulance come for that?", "What should we do in such a scene?", "Is that normal?",
        "How long does this kind of thing last?", "What could this be?",
    ),
    "well": (
        "<x> <be> fine now and back at the allotment.", "By now <x> <be> well and full of plans.", "These days <x> <be> in good shape.",
        "<x> <have> been well ever since.", "Today <x> <be> up and about as if nothing had been.",
    ),
    "after": (
        "Is it all right to fly to Spain now?", "Which check-ups are usual after that?", "Can I do something at home?",
        "Is it fine to drive again?", "How do I get a copy of the hospital letter?", "Is there a tablet for it?",
    ),
}  # fmt: skip
_LOOK_ALIKES = (_GENERAL, _STORY, _STORY, _RECOVERED, _RECOVERED)


def look_alike(kind: Emergency, case: Case, rng: Random) -> Telling:
    """Speak of the flag while nobody is ill: a question in general, a story, or something long over."""
    slots = case.slots
    typed = Typed(rng)
    preface = rng.choice(speech.SMALL_TALK) if slots["shape"] == "late" else None
    frames = rng.choice(_LOOK_ALIKES)
    person = people.PEOPLE[slots["who"]] if frames is _RECOVERED else rng.choice(people.strangers(kind.who))
    frame = rng.choice(frames)
    words = {"condition": kind.condition, "signs": kind.signs, "request": slots["request"], "event": _EVENT}
    outer = grammar.expand(frame, words, RULES | _WORDS, rng)
    well_first = "<x>" in outer[: outer.find(_EVENT)]
    outer = english.tell(outer, person if well_first else person.again())
    flag = english.tell(kind.contrasts[slots["detail"]][0], person.again() if well_first else person, past=True)
    if _EVENT in outer:
        text, _ = _fill(outer, flag, "", rng)
    else:
        text = grammar.tidy(outer)
    before = (Message(Role.USER, typed(preface[0])), Message(Role.ASSISTANT, preface[1])) if preface else ()
    return Telling(
        messages=(*before, Message(Role.USER, typed(text))),
        facts=Facts(red_flag=True, current=False),
        reply=Message(Role.ASSISTANT, _answer(kind, frames, person, rng)),
    )


def _answer(kind: Emergency, frames: tuple[str, ...], person: Person, rng: Random) -> str:
    if frames is _RECOVERED:
        who = YOU if person.first else person
        well = f"{who.pronoun} {english.verb('be', 2 if person.first else 1, past=False)}"
        said = rng.choice(
            (
                f"Good to hear that {well} well again. After {kind.condition}, keep to the plan from the hospital and raise this at the next check.",
                f"I am glad that is over and {well} well. The practice can answer this with the hospital letter at hand.",
            )
        )
    elif frames is _STORY:
        said = rng.choice(
            (
                f"Yes, {kind.condition} can look like that: {kind.signs}. In real life an ambulance is called without delay.",
                f"As a case to learn from, it shows {kind.condition}. The lesson is to know {kind.signs}, and to act fast.",
            )
        )
    else:
        said = rng.choice(
            (
                f"In general, {kind.condition} shows itself by {kind.signs}. Whoever sees that in real life should call an ambulance.",
                f"The usual signs of {kind.condition} are {kind.signs}. It is good to learn them before they are needed.",
            )
        )
    return said
