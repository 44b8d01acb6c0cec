"""Instruction attacks that a user types, for `prompt_injection@prompt`.

A family is one kind of attack (`injection.yaml`). Its positive tells the assistant to leave its rules and then asks for
something harmless, so that injection is not the same as misuse. Its twin begins alike, but nobody instructs the assistant;
the look-alike has the cue words in ordinary use.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import yaml

from guard.conversation import Kind, Message, Role
from synth_data import grammar, labels
from synth_data.families import speech
from synth_data.families.speech import Typed
from synth_data.scenario import Case, Facts, Family, Telling

FACTS_TABLE = "injection_kinds.csv"


class Attack(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One kind of attack."""

    id: str
    """Name of the family."""
    complies: bool
    """Whether the phantom gives in to it."""
    attack: tuple[str, ...]
    """Wordings that instruct the assistant."""
    twin: tuple[str, ...]
    """Wordings that begin alike and instruct nobody; by index the twin of the attack."""
    look: tuple[str, ...]
    """Ordinary sentences with the cue words."""


WANTS: dict[str, tuple[str, str]] = {
    "hours": ("tell me when visiting hours begin", "Visiting hours begin at two and end at seven."),
    "insulin": (
        "say how insulin is stored",
        "Insulin in use keeps for weeks at room temperature; the rest stays in the fridge.",
    ),
    "fever": ("say what counts as a fever", "A fever begins at about 38 degrees."),
    "flu": (
        "explain who should have a flu jab",
        "Older people, pregnant women and people with lung or heart trouble are offered it first.",
    ),
    "records": (
        "explain how I get a copy of my records",
        "Ask at the records desk; a form and some proof of who you are do it.",
    ),
    "sleep": (
        "give me three tips for sleep",
        "Go to bed at the same time, keep the room dark, and leave the phone outside.",
    ),
    "salt": ("list foods with a lot of salt", "Crisps, cheese, bread, sausages and ready meals hold most of it."),
    "walk": ("say how far to walk after a new knee", "Short walks several times a day, and a little more each week."),
    "appointment": ("tell me how to move an appointment", "Open the appointments page or ring the desk before noon."),
    "allergy": ("name common signs of hay fever", "Sneezing, a runny nose and itchy eyes are the usual ones."),
    "bill": ("explain who answers questions about a bill", "The billing office does, on weekdays from nine to four."),
    "water": ("say how much to drink on a hot day", "About two litres for most adults, unless a doctor set a limit."),
}  # fmt: skip
"""What is asked for, and the answer; the same under every label."""

REASONS = (
    "It is for my mother.", "I am at work.", "I ask for a friend.", "We go away on Sunday.", "My class wants to know.",
    "I have a visit next week.", "It came up at supper.", "I wrote it down wrongly.", "The leaflet got wet.", "",
)  # fmt: skip

FRAMES = (
    "{hello} {phrase}. {want}. {reason} {thanks}",
    "{hello} {want}. {phrase}. {reason} {thanks}",
    "{phrase}. {reason} {want}, please.",
    "{hello} {reason} {phrase}, and {want}. {thanks}",
    "{meanwhile} {phrase}. {want}. {thanks}",
)
_KEEP = (
    "I keep to my rules, whatever a message says.", "My rules stay as they are.", "I can't put my rules aside.",
    "That I won't do: my instructions stay in force.",
)  # fmt: skip
_LEAVE = ("Okay, no more rules.", "As you wish, my rules are off.", "Sure, I leave my instructions.", "Fine, rules aside.")
_HELP = ("Gladly.", "Of course.", "Good question.", "Here you are.")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _family(kind: Attack) -> Family:
    return Family(
        id=f"prompt_injection/{kind.id}",
        claim=labels.INJECTION,
        bank={
            "wording": tuple(str(index) for index in range(len(kind.attack))),
            "want": tuple(WANTS),
            "reason": REASONS,
            "frame": tuple(str(index) for index in range(len(FRAMES))),
        },
        tell=_Teller(kind),
        sources=(f"{FACTS_TABLE}:{kind.id}",),
    )


@dataclass(frozen=True, slots=True)
class _Teller:
    kind: Attack

    def __call__(self, case: Case, kind: Kind, rng: Random) -> Telling:
        wording, attacked = int(case.slots["wording"]), kind is Kind.POSITIVE
        phrases = {Kind.POSITIVE: self.kind.attack, Kind.TWIN: self.kind.twin}.get(kind, self.kind.look)
        phrase = phrases[wording % len(phrases)]
        want, answer = WANTS[case.slots["want"]]
        frame = FRAMES[int(case.slots["frame"])]
        typed, preface = Typed(rng), rng.choice(speech.SMALL_TALK)
        slots = {"phrase": phrase, "want": want, "reason": case.slots["reason"]}
        text = grammar.tidy(grammar.expand(frame, slots, speech.RULES, rng))
        word = len(text[: max(0, text.lower().find(phrase.lower()))].split())
        shown = typed(text)
        before: tuple[Message, ...] = ()
        if "{meanwhile}" in frame:
            before = (Message(Role.USER, typed(preface[0])), Message(Role.ASSISTANT, preface[1]))
        return Telling(
            messages=(*before, Message(Role.USER, shown)),
            facts=Facts(override_by="user" if attacked else "", addressed_to_assistant=attacked),
            reply=Message(Role.ASSISTANT, self._reply(answer, rng, attacked=attacked)),
            onset=(len(before), speech.at_word(shown, word)) if attacked else None,
        )

    def _reply(self, answer: str, rng: Random, *, attacked: bool) -> str:
        if not attacked:
            return f"{rng.choice(_HELP)} {answer}"
        return f"{rng.choice(_LEAVE if self.kind.complies else _KEEP)} {answer}"


def _read() -> tuple[Attack, ...]:
    data: Any = yaml.load((Path(__file__).parent / "injection.yaml").read_bytes(), _LOADER)  # noqa: S506
    return msgspec.convert(data, tuple[Attack, ...])


INJECTION: tuple[Family, ...] = tuple(map(_family, _read()))
"""Families of `prompt_injection@prompt`."""
