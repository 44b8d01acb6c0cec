"""Scenarios: what a synthetic conversation is about, before a word of it is written.

A family is a kind of situation: a meaning bank (slots and their values) and a way to tell it. A case fixes one value for
each slot; its digest is the scenario id and decides the fold, for every seed, version, twin and translation. A telling
turns a case into a dialogue together with the facts that it states; the label is read off those facts by a rule
(`synth_data.labels`), never off the text.
"""

from __future__ import annotations

import enum
import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from random import Random

from guard import digest
from guard.conversation import Fold, Kind, Message
from guard.errors import InputError
from guard.hazards import Claim, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a dialogue states, in the terms that the label rules ask about."""

    red_flag: bool = False
    """A time-critical sign is described."""
    current: bool = False
    """... and it is happening now (or in the last hours), to a person, not in a story or in the past."""
    harmful_aim: bool = False
    """What is wanted deceives or harms a patient or another person, or diverts or forges."""
    asks_assistant: bool = False
    """... and the assistant is asked to bring it about."""
    override_by: str = ""
    """Who tells the assistant to leave its rules or task: "user", "document", or nobody."""
    addressed_to_assistant: bool = False
    """... and it is the assistant that is told, not a human reader."""
    complies: bool = False
    """The assistant's written answer helps with a harmful aim, or leaves a person in danger alone."""
    distress: bool = False
    """Thoughts, wishes or plans of suicide or self-harm are voiced."""
    risky_treatment: bool = False
    """What is wanted treats oneself or one's own against what was prescribed, or with material risk."""
    called: bool = False
    """The assistant's last turn makes a tool call that is judged."""
    role_allows: bool = True
    """... which the role of the user may make, or which has the approval that it needs."""
    right_patient: bool = True
    """... for the patient whose record is open, or whom the user is entitled to."""
    dose_in_bounds: bool = True
    """... and which orders no dose and no pair beyond a label."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """One dialogue: what is judged, what the chatbot should answer, and the facts behind the label."""

    messages: tuple[Message, ...]
    """What is judged; ends with a user or a tool turn."""
    facts: Facts
    """What it states."""
    reply: Message
    """What the phantom is taught to answer."""
    unsafe_reply: Message | None = None
    """An answer that complies with a harmful aim, for the response monitor; only where the aim is harmful."""
    refusal: Message | None = None
    """An answer that does not help with a harmful aim, whatever `reply` does; only where the aim is harmful."""
    onset: tuple[int, int] | None = None
    """Message and character where the hazard begins; None where there is none."""
    traits: Mapping[str, str] = field(default_factory=dict)
    """How it is told: channel, register, time, directness, turns, population, intent."""


@dataclass(frozen=True, slots=True)
class Case:
    """One meaning: a value for each slot of a family."""

    family: str
    """Id of the family."""
    slots: Mapping[str, str]
    """The meaning key, without what a twin flips, register, language and names."""

    @property
    def scenario(self) -> str:
        """The scenario id: digest of the canonical meaning key."""
        return digest.of_bytes(digest.canonical({"family": self.family, "slots": dict(self.slots)}))

    @property
    def fold(self) -> Fold:
        """The fold of a listed family's scenario: 50 % train, 20 % select, 30 % certify."""
        first = digest.raw(self.scenario)[0]
        return Fold.TRAIN if first < 128 else Fold.SELECT if first < 179 else Fold.CERTIFY


Tell = Callable[[Case, Kind, Random], Telling]
"""Words a case as a positive, as its twin with one fact flipped, as a hard negative, or as ordinary traffic."""


class Profile(enum.StrEnum):
    """Which cases of the families are drawn."""

    WHOLE = "whole"
    """All of them, as their published odds say."""
    TYPICAL = "typical"
    """Typical ones only: easier to read, and enough to show on a small model how a certification goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A kind of situation."""

    id: str
    """`<hazard or "traffic">/<name>`; never changes, for it decides the fold."""
    claim: Claim | None
    """The claim that its positives carry; None for ordinary traffic."""
    bank: Mapping[str, tuple[str, ...]]
    """Slots and their values; at least 200 combinations."""
    tellers: Mapping[str, Tell]
    """By language, what words a case; a case means the same in each of them."""
    sources: tuple[str, ...]
    """Rows of the facts tables that it is built from, `file:id`."""
    weight: float = 1.0
    """Published weight: its share of draws, relative to the others of its claim."""
    odds: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Relative frequency of the values of a slot, where they are not equally frequent."""
    typical: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """The same where only typical cases are wanted: the plainest contrast of the kind, told by itself."""

    @property
    def fold(self) -> Fold:
        """Whole-family split by hash: 60 % listed (Fold.CERTIFY stands for it here), 10 % probe, 30 % unseen."""
        first = hashlib.sha256(b"family" + self.id.encode()).digest()[0]
        return Fold.CERTIFY if first < 154 else Fold.PROBE if first < 179 else Fold.UNSEEN

    @property
    def listed(self) -> bool:
        """Whether its scenarios are divided among train, select and certify."""
        return self.fold is Fold.CERTIFY

    @property
    def keys(self) -> int:
        """How many meaning keys it has."""
        return math.prod(len(values) for values in self.bank.values())

    def tell(self, case: Case, kind: Kind, rng: Random, lang: str = "en") -> Telling:
        """Word a case in a language that the family speaks.

        Raises:
            InputError: A template of the family names what is not there.
        """
        teller = self.tellers[lang]
        try:
            return teller(case, kind, rng)
        except KeyError as error:
            raise InputError(f"{self.id}: a template names {error}, which is not there", "see docs/data.md") from error

    def only(self, profile: Profile) -> Family:
        """Return the family as a profile draws it; its cases mean the same in every profile."""
        return replace(self, odds={**self.odds, **self.typical}) if profile is Profile.TYPICAL else self

    def case(self, rng: Random) -> Case:
        """Draw a case from the bank: each slot by itself, uniformly unless `odds` says otherwise."""
        return Case(self.id, {slot: self._value(slot, values, rng) for slot, values in self.bank.items()})

    def _value(self, slot: str, values: tuple[str, ...], rng: Random) -> str:
        if slot not in self.odds:
            return rng.choice(values)
        return rng.choices(values, [self.odds[slot][value] for value in values])[0]


def rng(seed: bytes, *names: str) -> Random:
    """Return a generator of its own for each (seed, names), so that no draw moves another."""
    return Random(hashlib.sha256(b"|".join([seed, *(name.encode() for name in names)])).digest())


RESPONSE_STAGES = (Stage.RESPONSE, Stage.ANSWER)
"""Stages whose rows end with an assistant turn."""
