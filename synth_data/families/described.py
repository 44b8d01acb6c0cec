"""What a user describes: a sign that something is the matter, for emergencies and for self-harm.

A family is one sign. Its positive tells the sign as there now. Its twin changes one fact: a near miss stands in its place.
In four shapes both are told and change places, the other lying in the past, in a story, or being named and denied: there
the pair has the same words in another order. The look-alike speaks of the sign while it is true of nobody. The kinds are
data (`en/emergency.yaml`, `en/self_harm.yaml`); the speech is shared by all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from random import Random

import msgspec

from guard.conversation import Kind, Message, Role
from guard.hazards import Claim
from synth_data import delivery, grammar, languages
from synth_data.delivery import Delivery
from synth_data.families import odds, people, read
from synth_data.grammar import MARK
from synth_data.labels import EMERGENCY, SELF_HARM
from synth_data.languages.lexicon import Describing, Language
from synth_data.languages.person import Person
from synth_data.scenario import Case, Facts, Family, Telling


class Sign(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One kind of sign, in one language."""

    id: str
    """Name of the family."""
    facts: tuple[str, ...] = ()
    """Rows of the facts table; said once, in the first language."""
    condition: str
    """What it may be, with its article."""
    signs: str
    """How it shows itself, as a list."""
    aid: str
    """What to do until help comes; says neither you nor her."""
    who: str = ""
    """Group of people; said once, in the first language."""
    began: str = "It started"
    """How to say when."""
    settings: tuple[str, ...]
    """What came before; fits the sign and the near miss alike."""
    contrasts: dict[str, tuple[str, str, str]]
    """By detail: the sign, its near miss, and what the near miss more likely is."""
    implicit: dict[str, tuple[str, str, str]] = {}
    """The same where no single phrase states the sign."""

    @property
    def details(self) -> dict[str, tuple[str, str, str]]:
        """All contrasts by detail."""
        return self.contrasts | self.implicit


@dataclass(frozen=True, slots=True)
class _Hazard:
    """What sets the two hazards apart."""

    claim: Claim
    file: str
    table: str
    own: float
    """Share of draws that are about the speaker, where the speaker belongs to the group."""

    def who(self, group: tuple[str, ...]) -> dict[str, float]:
        """Return how often each person of a group is drawn."""
        if "me" not in group:
            return dict.fromkeys(group, 1.0)
        return {name: self.own if name == "me" else (1 - self.own) / (len(group) - 1) for name in group}

    def facts(self, *, told: bool, current: bool) -> Facts:
        """Return what a dialogue states in which the sign is told, as there now or not."""
        if self.claim == EMERGENCY:
            return Facts(red_flag=told, current=current)
        return Facts(distress=told, current=current)


_HAZARDS = {
    EMERGENCY: _Hazard(EMERGENCY, "emergency", "red_flags.csv", own=0.3),
    SELF_HARM: _Hazard(SELF_HARM, "self_harm", "self_harm_levels.csv", own=0.5),
}
BESIDE = {"earlier": "past", "told": "quoted", "ruled_out": "denied", "asked": "denied"}
"""Shapes in which the other event is told, too, and how."""
_DENIED_SHARE = 0.12
"""Share of look-alikes that tell a near miss and speak of the sign beside it."""
_EVENT, _OTHER = "\x02", "\x03"
_PART = "||"


@cache
def families(claim: Claim) -> tuple[Family, ...]:
    """Return the families of a claim about what a user describes."""
    hazard = _HAZARDS[claim]
    found = read.kinds(hazard.file, Sign, lambda kind: kind.id)
    return tuple(family(claim, told) for told in found.values())


def family(claim: Claim, told: Mapping[str, Sign]) -> Family:
    """Make a family of one kind, as some languages tell it.

    Raises:
        InputError: The languages do not say the same of it.
    """
    hazard, kind = _HAZARDS[claim], next(iter(told.values()))
    tellers = {}
    for lang, own in told.items():
        parts = ("settings", "contrasts", "implicit")
        read.parallel(kind.id, {name: getattr(kind, name) for name in parts}, {name: getattr(own, name) for name in parts})
        tellers[lang] = _Teller(hazard, own, kind.who, lang)
    first = languages.language(next(iter(told)))
    speech = first.describing[claim.hazard]
    return Family(
        id=f"{claim.hazard}/{kind.id}",
        claim=claim,
        bank={
            "who": people.described(kind.who),
            "detail": tuple(kind.details),
            "setting": read.numbers(kind.settings),
            "time": read.numbers(first.times),
            "request": read.numbers(speech.requests),
            "shape": tuple(speech.frames),
        },
        odds={
            "who": hazard.who(people.described(kind.who)),
            "shape": odds.of_shapes(speech.frames, BESIDE),
            "detail": odds.of_details(kind.contrasts, kind.implicit),
        },
        typical={
            "shape": odds.typical(speech.frames, set(speech.frames) - set(BESIDE)),
            "detail": odds.typical(kind.details, list(kind.contrasts)[:1]),
        },
        tellers=tellers,
        sources=tuple(f"{hazard.table}:{row}" for row in kind.facts),
    )


@dataclass(frozen=True, slots=True)
class _Teller:
    hazard: _Hazard
    kind: Sign
    group: str
    lang: str

    def __call__(self, case: Case, kind: Kind, rng: Random) -> Telling:
        language = languages.language(self.lang)
        telling = _Telling(self, language, language.describing[self.hazard.claim.hazard], case, rng)
        if kind is Kind.HARD_NEGATIVE:
            return telling.look_alike()
        return telling.describe(case.slots["shape"], hazard=kind is Kind.POSITIVE)


@dataclass(frozen=True, slots=True)
class _Telling:
    """One conversation in the making."""

    teller: _Teller
    language: Language
    speech: Describing
    case: Case
    rng: Random

    def describe(self, shape: str, *, hazard: bool) -> Telling:
        """Tell what is there now: the sign, or its near miss; the rest of the words is the same for both."""
        kind, slots, rng, language = self.teller.kind, self.case.slots, self.rng, self.language
        person = language.people[slots["who"]]
        sign, near, calm = kind.details[slots["detail"]]
        sent, inner = Delivery(rng, language), rng.getrandbits(64)
        frame = rng.choice(self.speech.frames[shape])
        stranger = rng.choice(self._strangers())
        words = self._words(sent, person)
        outer = grammar.phrase(frame, words, sent.rules(self.speech.rules), rng)
        event, other = (sign, near) if hazard else (near, sign)
        first = _first(outer, setting="{setting}" in frame, told=shape == "told")
        now = language.tell(event, person if first == _EVENT else person.again())
        beside = BESIDE.get(shape)
        if beside == "quoted":
            then = language.tell(other, stranger, past=True)
        else:
            then = language.tell(other, person if first == _OTHER else person.again(), past=beside == "past")
        text = _fill(outer, MARK + now, then, Random(inner))
        messages, onset = turns(text, sent, language, rng, late=shape == "late")
        good = self._alarm() if hazard else self._calm(calm)
        return Telling(
            messages=messages,
            facts=self.teller.hazard.facts(told=hazard or beside in ("past", "quoted"), current=hazard),
            reply=Message(Role.ASSISTANT, good),
            unsafe_reply=Message(Role.ASSISTANT, self._calm(calm)) if hazard else None,
            refusal=Message(Role.ASSISTANT, good) if hazard else None,
            onset=onset if hazard else None,
            traits=self._traits(sent, shape, time="now" if beside is None else "now, and another time", intent="report")
            | {"directness": "implicit" if slots["detail"] in kind.implicit else "explicit"},
        )

    def look_alike(self) -> Telling:
        """Speak of the sign while it is true of nobody: in general, in a story, long ago, or to say that it is not so."""
        kind, slots, rng, language = self.teller.kind, self.case.slots, self.rng, self.language
        if rng.random() < _DENIED_SHARE:
            return self.describe(rng.choice(tuple(BESIDE)), hazard=False)
        sent = Delivery(rng, language)
        way = rng.choice(("general", "story", "story", "past", "past"))
        frames = {"general": self.speech.general, "story": self.speech.story, "past": self.speech.recovered}[way]
        person = language.people[slots["who"]] if way == "past" else rng.choice(self._strangers())
        words = self._words(sent, person)
        outer = grammar.phrase(rng.choice(frames), words, sent.rules(self.speech.rules), rng)
        sign = language.tell(kind.details[slots["detail"]][0], person, past=True)
        text = grammar.tidy(outer.replace(_EVENT, grammar.phrase(sign, {}, {}, rng)))
        messages, _ = turns(text, sent, language, rng, late=slots["shape"] == "late")
        return Telling(
            messages=messages,
            facts=self.teller.hazard.facts(told=True, current=False),
            reply=Message(Role.ASSISTANT, self._answer(way, person)),
            traits=self._traits(
                sent, slots["shape"] if slots["shape"] == "late" else "plain",
                time="past" if way == "past" else "hypothetical", intent="tell" if way == "past" else "learn",
            )
            | {"directness": "quoted" if way == "story" else "mentioned"},
        )  # fmt: skip

    def _strangers(self) -> tuple[Person, ...]:
        strangers = self.language.strangers
        return strangers.get(people.population(self.teller.group), strangers["adult"])

    def _words(self, sent: Delivery, person: Person) -> dict[str, str]:
        kind, slots = self.teller.kind, self.case.slots
        began = f"{kind.began} {self.language.times[int(slots['time'])]}."
        return {
            "event": _EVENT, "other": _OTHER, "setting": self.language.tell(kind.settings[int(slots["setting"])], person),
            "request": self.speech.requests[int(slots["request"])], "condition": kind.condition, "signs": kind.signs,
            "onset": self.rng.choice((began, "")),
        }  # fmt: skip

    def _traits(self, sent: Delivery, shape: str, *, time: str, intent: str) -> dict[str, str]:
        who = self.case.slots["who"]
        return sent.traits | {
            "voice": people.register(who), "population": people.population(self.teller.group), "time": time,
            "intent": intent, "turns": TURNS.get(shape, "single"),
        }  # fmt: skip

    def _alarm(self) -> str:
        said = " ".join(self.rng.choice(part) for part in (self.speech.alarm, self.speech.may, self.speech.call))
        return said.replace("{condition}", self.teller.kind.condition) + f" {self.teller.kind.aid}"

    def _calm(self, calm: str) -> str:
        return f"{self.rng.choice(self.speech.likely).replace('{calm}', calm)} {self.rng.choice(self.speech.net)}"

    def _answer(self, way: str, person: Person) -> str:
        templates = {"past": self.speech.glad, "story": self.speech.lesson, "general": self.speech.signs}[way]
        own, other = self.speech.well
        well = own if person.first else self.language.tell(other, person.again())
        words = {"well": well, "condition": self.teller.kind.condition, "signs": self.teller.kind.signs}
        return grammar.expand(self.rng.choice(templates), words, {}, self.rng)


TURNS = {"late": "late", "builds": "builds up", "retracts": "retracts"}
"""How the turns go, by shape; all others have one."""


def turns(
    text: str, sent: Delivery, language: Language, rng: Random, *, late: bool
) -> tuple[tuple[Message, ...], tuple[int, int]]:
    """Deliver a text as the turns of a user, with the assistant listening between them, or after small talk.

    Returns:
        The messages, and message and character of the mark.
    """
    messages: list[Message] = []
    preface, heard = rng.choice(language.small_talk), rng.sample(language.listening, 2)
    if late:
        messages += [Message(Role.USER, sent(preface[0])), Message(Role.ASSISTANT, preface[1])]
    onset = (len(messages), 0)
    for number, part in enumerate(text.split(_PART)):
        if number:
            messages.append(Message(Role.ASSISTANT, heard[number - 1]))
        marked = sent(grammar.tidy(part), first=not messages)
        shown, at = delivery.place(marked)
        if MARK in marked:
            onset = (len(messages), at)
        messages.append(Message(Role.USER, shown))
    return tuple(messages), onset


def _first(outer: str, *, setting: bool, told: bool) -> str:
    """Say which part names the person: the setting does if there is one, else the earlier event of that person."""
    if setting:
        return ""
    if told or _OTHER not in outer:
        return _EVENT
    return min(_EVENT, _OTHER, key=outer.index)


def _fill(outer: str, now: str, then: str, rng: Random) -> str:
    """Put the events into the frame."""
    rng_now, rng_then = Random(rng.getrandbits(64)), Random(rng.getrandbits(64))
    parts = {_EVENT: grammar.phrase(now, {}, {}, rng_now), _OTHER: grammar.phrase(then, {}, {}, rng_then)}
    return outer.replace(_OTHER, parts[_OTHER]).replace(_EVENT, parts[_EVENT])
