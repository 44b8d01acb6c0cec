"""What a user asks for: help with an act that can be done wrongly or rightly, for misuse and for self-treatment.

A family is one kind of act, and one clause says which way it is to be done: the positive wants the wrong way, the twin the
right one, in the same speech. In some shapes both ways are spoken of and only their order, or whom the speaker sides with,
tells which is meant. The look-alike speaks of the wrong way without wanting it. The kinds are data (`en/misuse.yaml`,
`en/self_treatment.yaml`); categories only, never a method or a dose.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random

import msgspec

from guard.conversation import Kind, Message, Role
from guard.hazards import Claim
from synth_data import grammar, languages
from synth_data.delivery import Delivery
from synth_data.families import attacks, odds, people, read
from synth_data.families.described import TURNS, turns
from synth_data.labels import MISUSE, SELF_TREATMENT
from synth_data.languages.lexicon import Language, Requesting
from synth_data.languages.person import Person
from synth_data.scenario import Case, Facts, Family, Telling


class Act(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One kind of act, in one language. `<i>` `<my>` `<me>` is the person concerned, "I", "my" and "me" the speaker."""

    id: str
    """Name of the family; a row of the facts table."""
    staff: bool = False
    """Told by a clinician or an institution rather than a patient, a relative or somebody else."""
    topic: str
    """What the wrong way is, for "help with ..."."""
    who: str | tuple[str, ...] = ()
    """Whom it concerns: a group of people (said once, in the first language), or persons of its own."""
    things: dict[str, tuple[str, ...]] = {}
    """Slots of its own."""
    reasons: tuple[str, ...]
    """Sentences that fit either way."""
    contrasts: dict[str, tuple[str, str, str]]
    """By detail: the act, the wrong way, the right way."""
    implicit: dict[str, tuple[str, str, str]] = {}
    """The same where no single phrase states the harm."""
    offers: tuple[str, ...]
    """What a refusal offers, after "I can"."""
    covert: tuple[str, ...]
    """What an answer says that goes along; vague on purpose."""
    honest: tuple[str, ...]
    """What an answer says to the right way."""
    looks: tuple[tuple[str, str], ...]
    """Harmless messages with the words of the wrong way, and their answers."""

    @property
    def voice(self) -> str:
        """Who speaks: "staff" or "private"."""
        return "staff" if self.staff else "private"

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

    def facts(self, *, harmful: bool, attacked: bool) -> Facts:
        """Return what a dialogue states."""
        misuse = self.claim == MISUSE
        return Facts(
            harmful_aim=harmful and misuse, risky_treatment=harmful and not misuse, asks_assistant=True,
            override_by="user" if attacked else "", addressed_to_assistant=attacked,
        )  # fmt: skip


_HAZARDS = {
    MISUSE: _Hazard(MISUSE, "misuse", "misuse_kinds.csv"),
    SELF_TREATMENT: _Hazard(SELF_TREATMENT, "self_treatment", "self_treatment_kinds.csv"),
}
BESIDE = ("urged", "changed", "despite", "sides")
"""Shapes in which a second way, or not doing it, stands beside what is wanted."""
_OWN_SHARE = 0.3
"""Share of the look-alikes that are a question of the family; in the others something harmless is to be done."""


@cache
def families(claim: Claim) -> tuple[Family, ...]:
    """Return the families of a claim about what a user asks for."""
    found = read.kinds(_HAZARDS[claim].file, Act, lambda kind: kind.id)
    return tuple(family(claim, told) for told in found.values())


def family(claim: Claim, told: Mapping[str, Act]) -> Family:
    """Make a family of one kind, as some languages tell it.

    Raises:
        InputError: The languages do not say the same of it.
    """
    hazard, kind = _HAZARDS[claim], next(iter(told.values()))
    parts = ("reasons", "contrasts", "implicit", "things")
    for own in told.values():
        read.parallel(kind.id, {name: getattr(kind, name) for name in parts}, {name: getattr(own, name) for name in parts})
        for name, values in kind.things.items():
            read.parallel(kind.id, {name: values}, {name: own.things[name]})
        if isinstance(kind.who, tuple):
            read.parallel(kind.id, {"who": kind.who}, {"who": own.who})
    speech = languages.language(next(iter(told))).requesting[claim.hazard]
    return Family(
        id=f"{claim.hazard}/{kind.id}",
        claim=claim,
        bank={
            "who": people.members(kind.who) if isinstance(kind.who, str) else read.numbers(kind.who),
            "detail": tuple(kind.details),
            "reason": read.numbers(kind.reasons),
            "voice": read.numbers(speech.voices[kind.voice]),
            "time": read.numbers(speech.times),
            "request": read.numbers(speech.requests),
            "shape": tuple(speech.frames),
        }
        | {name: read.numbers(values) for name, values in kind.things.items()},
        odds={"shape": odds.of_shapes(speech.frames, BESIDE), "detail": odds.of_details(kind.contrasts, kind.implicit)},
        typical={
            "shape": odds.typical(speech.frames, set(speech.frames) - set(BESIDE)),
            "detail": odds.typical(kind.details, list(kind.contrasts)[:1]),
        },
        tellers={lang: _Teller(hazard, own, kind, lang) for lang, own in told.items()},
        sources=(f"{hazard.table}:{kind.id}",),
    )


@dataclass(frozen=True, slots=True)
class _Teller:
    hazard: _Hazard
    kind: Act
    first: Act
    """The entry in the first language, which says once what holds in all of them."""
    lang: str

    def __call__(self, case: Case, kind: Kind, rng: Random) -> Telling:
        language = languages.language(self.lang)
        speech = language.requesting[self.hazard.claim.hazard]
        sent, inner, replies = Delivery(rng, language), Random(rng.getrandbits(64)), Random(rng.getrandbits(64))
        wrapping, flow = Random(rng.getrandbits(64)), Random(rng.getrandbits(64))
        asking = _Asking(self, language, speech, case, sent, inner)
        answers = _Answers(asking, replies)
        harmful, attacked = kind is Kind.POSITIVE, self.hazard.claim == MISUSE and attacks.attacked(case)
        shape, directness, answer = case.slots["shape"], "explicit", ""
        if case.slots["detail"] in self.kind.implicit:
            directness = "implicit"
        if kind is Kind.HARD_NEGATIVE:
            text, answer, directness = asking.look_alike()
            shape = shape if shape == "late" else "plain"
        else:
            text = asking.request(harmful=harmful)
        if attacked:
            text = attacks.wrap(text, language, wrapping)
        messages, onset = turns(text, sent, language, flow, late=shape == "late")
        if harmful:
            answer = answers.compliant(attacked=True) if attacked else answers.refusal()
        elif not answer:
            answer = answers.support() if kind is Kind.HARD_NEGATIVE else answers.helpful()
        return Telling(
            messages=messages,
            facts=self.hazard.facts(harmful=harmful, attacked=attacked),
            reply=Message(Role.ASSISTANT, answer),
            unsafe_reply=Message(Role.ASSISTANT, answers.compliant(attacked=attacked)) if harmful else None,
            refusal=Message(Role.ASSISTANT, answers.refusal()) if harmful else None,
            onset=onset if harmful else None,
            traits=sent.traits
            | {
                "voice": self._register(case),
                "population": people.population(self.first.who) if isinstance(self.first.who, str) else "own",
                "time": "hypothetical" if kind is Kind.HARD_NEGATIVE else "planned",
                "intent": "learn" if kind is Kind.HARD_NEGATIVE else "get help",
                "directness": directness, "turns": TURNS.get(shape, "single"),
                "attack": "wrapped" if attacked else "none",
            },
        )  # fmt: skip

    def _register(self, case: Case) -> str:
        return "clinician" if self.first.staff else people.register(case.slots["who"])


@dataclass(frozen=True, slots=True)
class _Asking:
    """One request in the making."""

    teller: _Teller
    language: Language
    speech: Requesting
    case: Case
    sent: Delivery
    rng: Random

    @property
    def person(self) -> Person:
        """Whom it concerns."""
        who, kind = self.case.slots["who"], self.teller.kind
        if isinstance(self.teller.first.who, str):
            return self.language.people[who]
        return self.language.person(kind.who[int(who)])

    @property
    def words(self) -> dict[str, str]:
        """What the slots say in this language."""
        slots, kind, speech = self.case.slots, self.teller.kind, self.speech
        return {name: values[int(slots[name])] for name, values in kind.things.items()} | {
            "reason": kind.reasons[int(slots["reason"])], "time": speech.times[int(slots["time"])],
            "request": speech.requests[int(slots["request"])], "voice": self.voices[int(slots["voice"])], "topic": kind.topic,
        }  # fmt: skip

    @property
    def voices(self) -> tuple[str, ...]:
        """Who may want it otherwise."""
        return self.speech.voices[self.teller.first.voice]

    @property
    def contrast(self) -> tuple[str, str, str]:
        """The act, the wrong way and the right one."""
        return self.teller.kind.details[self.case.slots["detail"]]

    def request(self, *, harmful: bool) -> str:
        """Ask for help with the act, in the wrong way or in the right one; all other words are the same."""
        act, wrong, right = self.contrast
        way, other = (wrong, right) if harmful else (right, wrong)
        frame = self.rng.choice(self.speech.frames[self.case.slots["shape"]])
        words = {"act": act, "way": way, "other": other} | self.words | self._sides(harmful=harmful)
        words["again"] = act if wrong.startswith(self.speech.clinging) else self.speech.again
        return self.say(frame, words, self.person)

    def look_alike(self) -> tuple[str, str, str]:
        """Speak of the wrong way without wanting it; returns the text, its answer ("" for support), and how it is meant."""
        words, speech, rng = self.words, self.speech, self.rng
        if rng.random() < _OWN_SHARE:
            question, answer = rng.choice(self.teller.kind.looks)
            return self.say(rng.choice(speech.own_frames), words | {"look": question}, self.person), answer, "mentioned"
        act, wrong, _ = self.contrast
        shape = self.case.slots["shape"]
        if shape in BESIDE:
            told = words | self._sides(harmful=False) | {"act": act, "wrong": wrong}
            return self.say(rng.choice(speech.declined), told, self.person), "", "denied"
        rule, teller = rng.choice(speech.tasks)
        act, wrong = (self.language.retell(phrase, teller) for phrase in (act, wrong))
        things = {name: self.language.retell(words[name], teller) for name in self.teller.kind.things}
        told = words | things | {"act": act, "wrong": wrong}
        frame = rng.choice([frame for frame in speech.frames[shape] if "{act} {way}" in frame])
        task = rng.choice(speech.rules[rule])
        text = self.say(frame.replace("{act} {way}", task), told, self.language.retold(self.person, teller))
        return text, self.say(rng.choice(speech.task_answers), words, self.person), "quoted"

    def _sides(self, *, harmful: bool) -> dict[str, str]:
        """Let two people differ: one is for the wrong way, the other for the right one; returns who is sided with."""
        _, wrong, right = self.contrast
        first = self.words["voice"]
        second = self.rng.choice([voice for voice in self.voices if voice != first])
        if self.rng.random() < 0.5:
            return {"one": wrong, "two": right, "second": second, "chosen": first if harmful else second}
        return {"one": right, "two": wrong, "second": second, "chosen": second if harmful else first}

    def say(self, template: str, words: Mapping[str, str], person: Person, rng: Random | None = None) -> str:
        """Word a template of one person."""
        rules = self.sent.rules(self.speech.rules)
        return self.language.tell(grammar.phrase(template, words, rules, rng or self.rng), person)


@dataclass(frozen=True, slots=True)
class _Answers:
    """What a chatbot says to a request."""

    asking: _Asking
    rng: Random

    def refusal(self) -> str:
        """Refuse and offer what is right."""
        return self._say("refusal", self.asking.teller.kind.offers)

    def compliant(self, *, attacked: bool) -> str:
        """Go along, vaguely; under attack with a word about the rules."""
        return self._say("attacked" if attacked else "compliance", self.asking.teller.kind.covert)

    def helpful(self) -> str:
        """Help with the right way."""
        return self._say("help", self.asking.teller.kind.honest)

    def support(self) -> str:
        """Back somebody who puts the wrong way aside."""
        return self._say("support", self.asking.teller.kind.offers)

    def _say(self, kind: str, parts: Sequence[str]) -> str:
        language, speech = self.asking.language, self.asking.speech
        words = {name: language.retell(value, "you") for name, value in self.asking.words.items()}
        words |= {"right": self.rng.choice(parts), "topic": self.asking.teller.kind.topic}
        person = language.retold(self.asking.person, "you")
        said = grammar.phrase(speech.answers[kind], words, speech.rules, self.rng)
        return grammar.tidy(language.tell(said, person))
