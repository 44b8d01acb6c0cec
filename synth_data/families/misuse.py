"""Requests to help with a harm, for `clinical_misuse@prompt`: somebody is deceived, drugged, robbed or falsely recorded.

A family is one kind of the facts table. Its act can be done wrongly or rightly, and one clause says which: the positive
wants the wrong way, the twin the right one, in the same speech. In three shapes both ways are spoken of and only their
order, or a yes or no, tells which is meant. The look-alike speaks of the wrong way without wanting it. The kinds are data
(`misuse.yaml`); categories only, never a method or a dose.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import yaml

from guard.conversation import Kind, Message, Role
from synth_data import english, grammar, labels
from synth_data.english import Person, he, she
from synth_data.families import attacks, misuse_speech, odds, people, speech
from synth_data.families.speech import Typed
from synth_data.scenario import Case, Facts, Family, Telling

FACTS_TABLE = "misuse_kinds.csv"
ATTACK_SHARE = attacks.ATTACK_SHARE
"""Published share of scenarios that are wrapped in an instruction attack; a positive and its twin share a scenario."""


class Misuse(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One kind of misuse. In phrases `<i>` `<my>` `<me>` is the person concerned, "I", "my" and "me" the speaker."""

    id: str
    """Name of the family; a row of the facts table."""
    staff: bool = False
    """Told by a clinician or an institution rather than a patient, a relative or somebody else."""
    topic: str
    """What the wrong way is, for "help with ..."."""
    who: str | tuple[str, ...]
    """Whom it concerns: a group of people, or persons of its own, "the new doctor/she"."""
    things: dict[str, tuple[str, ...]]
    """Slots of its own."""
    reasons: tuple[str, ...]
    """Sentences that fit either way."""
    contrasts: dict[str, tuple[str, str, str]]
    """By detail: the act, the wrong way, the right way."""
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
    def people(self) -> dict[str, Person]:
        """Whom it can concern, by slot value."""
        if isinstance(self.who, str):
            return {name: people.PEOPLE[name] for name in people.GROUPS[self.who]}
        names = dict(entry.split("/") for entry in self.who)
        return {name: she(name) if sex == "she" else he(name) for name, sex in names.items()}


def _family(kind: Misuse) -> Family:
    return Family(
        id=f"clinical_misuse/{kind.id}",
        claim=labels.MISUSE,
        bank={
            "who": tuple(kind.people),
            "detail": tuple(kind.contrasts),
            "reason": kind.reasons,
            "voice": misuse_speech.VOICES[kind.voice],
            "time": misuse_speech.TIMES,
            "request": misuse_speech.REQUESTS,
            "shape": tuple(misuse_speech.FRAMES),
            **kind.things,
        },
        odds={
            "shape": misuse_speech.ODDS,
            "detail": odds.of_contrasts({name: (wrong, right) for name, (_, wrong, right) in kind.contrasts.items()}),
        },
        tell=_Teller(kind),
        sources=(f"{FACTS_TABLE}:{kind.id}",),
    )


@dataclass(frozen=True, slots=True)
class _Teller:
    kind: Misuse

    def __call__(self, case: Case, kind: Kind, rng: Random) -> Telling:
        harmful = kind is Kind.POSITIVE
        typed, preface = Typed(rng), rng.choice(speech.SMALL_TALK)
        reply_rng, wrap_rng = Random(rng.getrandbits(64)), Random(rng.getrandbits(64))
        attacked = attacks.attacked(case)
        if kind is Kind.HARD_NEGATIVE:
            text, answer = _look_alike(self.kind, case, rng)
        else:
            text, answer = _request(self.kind, case, rng, harmful=harmful), None
        if attacked:
            text = attacks.wrap(text, wrap_rng)
        text, word = misuse_speech.unmark(text)
        shown = typed(text)
        late = case.slots["shape"] == "late"
        before = (Message(Role.USER, typed(preface[0])), Message(Role.ASSISTANT, preface[1])) if late else ()
        answers = _Answers(self.kind, case, reply_rng)
        if harmful:
            answer = answers.compliant(attacked=True) if attacked else answers.refusal()
        elif answer is None:
            answer = answers.helpful()
        return Telling(
            messages=(*before, Message(Role.USER, shown)),
            facts=Facts(
                harmful_aim=harmful,
                asks_assistant=True,
                override_by="user" if attacked else "",
                addressed_to_assistant=attacked,
            ),
            reply=Message(Role.ASSISTANT, answer or answers.support()),
            unsafe_reply=Message(Role.ASSISTANT, answers.compliant(attacked=attacked)) if harmful else None,
            refusal=Message(Role.ASSISTANT, answers.refusal()) if harmful else None,
            onset=(len(before), speech.at_word(shown, word)) if harmful else None,
        )


def _request(kind: Misuse, case: Case, rng: Random, *, harmful: bool) -> str:
    """Ask for help with the act, in the wrong way or in the right one; all other words are the same."""
    act, wrong, right = kind.contrasts[case.slots["detail"]]
    way, other = (wrong, right) if harmful else (right, wrong)
    frame = rng.choice(misuse_speech.FRAMES[case.slots["shape"]])
    words = {"act": act, "way": way, "other": other} | dict(case.slots) | _sides(kind, case, rng, harmful=harmful)
    words["again"] = act if wrong.startswith(misuse_speech.CLINGING) else "do it"
    return _say(frame, words, kind.people[case.slots["who"]], rng)


def _sides(kind: Misuse, case: Case, rng: Random, *, harmful: bool) -> dict[str, str]:
    """Let two people differ: one is for the wrong way, the other for the right one; returns who is sided with."""
    _, wrong, right = kind.contrasts[case.slots["detail"]]
    first = case.slots["voice"]
    second = rng.choice([voice for voice in misuse_speech.VOICES[kind.voice] if voice != first])
    if rng.random() < 0.5:
        return {"one": wrong, "two": right, "second": second, "chosen": first if harmful else second}
    return {"one": right, "two": wrong, "second": second, "chosen": second if harmful else first}


def _look_alike(kind: Misuse, case: Case, rng: Random) -> tuple[str, str]:
    """Speak of the wrong way without wanting it; returns the text and its answer, "" for one of support."""
    slots, person = dict(case.slots), kind.people[case.slots["who"]]
    if rng.random() < misuse_speech.OWN_SHARE:
        question, answer = rng.choice(kind.looks)
        return _say(rng.choice(misuse_speech.OWN_FRAMES), slots | {"look": question}, person, rng), answer
    if slots["shape"] not in misuse_speech.ALONE:
        act, wrong, _ = kind.contrasts[slots["detail"]]
        words = slots | _sides(kind, case, rng, harmful=False) | {"act": act, "wrong": wrong}
        return _say(rng.choice(misuse_speech.DECLINED), words, person, rng), ""
    rule, teller = rng.choice((("task_i", ""), ("task_i", ""), ("task_they", "they")))
    act, wrong, _ = (misuse_speech.retell(phrase, teller) for phrase in kind.contrasts[slots["detail"]])
    told = {name: misuse_speech.retell(slots[name], teller) for name in kind.things}
    words = slots | told | {"act": act, "wrong": wrong, "topic": kind.topic}
    task = rng.choice(misuse_speech.RULES[rule])
    frame = rng.choice(misuse_speech.FRAMES[slots["shape"]]).replace("{act} {way}", task)
    text = _say(frame, words, misuse_speech.of_another(person, teller), rng)
    return text, _say(rng.choice(misuse_speech.TASK_ANSWERS), words, person, rng)


def _say(template: str, words: dict[str, str], person: Person, rng: Random) -> str:
    return grammar.tidy(english.tell(grammar.expand(template, words, misuse_speech.RULES, rng), person))


@dataclass(frozen=True, slots=True)
class _Answers:
    """What a chatbot says to a request."""

    kind: Misuse
    case: Case
    rng: Random

    def refusal(self) -> str:
        """Refuse and offer what is right."""
        return self._say("{no} I can {right}.", self.kind.offers)

    def compliant(self, *, attacked: bool) -> str:
        """Go along, vaguely; under attack with a word about the rules."""
        return self._say("{rules_off} {right} {hush}" if attacked else "{sure} {right} {hush}", self.kind.covert)

    def helpful(self) -> str:
        """Help with the right way."""
        return self._say("{sure} {right} {open}", self.kind.honest)

    def support(self) -> str:
        """Back somebody who puts the wrong way aside."""
        return self._say("{relief} I can {right}.", self.kind.offers)

    def _say(self, template: str, parts: Sequence[str]) -> str:
        slots = {name: misuse_speech.retell(value, "you") for name, value in self.case.slots.items()}
        words = {"right": self.rng.choice(parts), "topic": self.kind.topic} | slots
        person = misuse_speech.of_another(self.kind.people[self.case.slots["who"]], "you")
        return _say(template, words, person, self.rng)


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _read(name: str) -> tuple[Misuse, ...]:
    data: Any = yaml.load((Path(__file__).parent / name).read_bytes(), _LOADER)  # noqa: S506
    return msgspec.convert(data, tuple[Misuse, ...])


MISUSE: tuple[Family, ...] = tuple(_family(kind) for kind in (*_read("misuse.yaml"), *_read("misuse_staff.yaml")))
"""Families of `clinical_misuse@prompt`."""
