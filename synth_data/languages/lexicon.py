"""What a language brings along: people, shared words, and the grammar of each kind of speech act.

Families say what happens, as data; these tables say how people put it. They hold nothing that knows a label: each list
is drawn from under every label, or holds both sides of a contrast.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from synth_data.grammar import Rules
from synth_data.languages.person import Person

Tell = Callable[..., str]
"""Puts a phrase into a person's mouth: `tell(phrase, person, past=False)`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivering:
    """How a text is sent: words that stand around it, whatever it says."""

    opened: tuple[str, ...]
    """First lines of a portal message."""
    closed: tuple[str, ...]
    """Last lines of a portal message."""
    signed: tuple[str, ...]
    """Names under it."""
    heads: tuple[str, ...]
    """First lines of a note that somebody took down."""
    fillers: tuple[str, ...]
    """What a voice transcript has between words."""
    anxious: tuple[str, ...]
    """What worried people add."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Describing:
    """How people tell what is the matter, for one hazard."""

    rules: Rules
    """Alternatives by rule."""
    frames: Mapping[str, tuple[str, ...]]
    """By shape; `||` parts the turns of a user."""
    general: tuple[str, ...]
    """Look-alikes: a question in general."""
    story: tuple[str, ...]
    """Look-alikes: it happens in a story."""
    recovered: tuple[str, ...]
    """Look-alikes: it lies in the past."""
    requests: tuple[str, ...]
    """What is wanted; as many in every language, in the same order."""
    alarm: tuple[str, ...]
    """Openings of the answer that sends for help."""
    may: tuple[str, ...]
    """What it may be."""
    call: tuple[str, ...]
    """Whom to call."""
    likely: tuple[str, ...]
    """What the near miss more likely is."""
    net: tuple[str, ...]
    """When to come back."""
    glad: tuple[str, ...]
    """Answers to what is over."""
    lesson: tuple[str, ...]
    """Answers to a story."""
    signs: tuple[str, ...]
    """Answers to a question in general."""
    well: tuple[str, str]
    """"you are well" and "<i> is well"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Requesting:
    """How people ask for help with an act, for one hazard."""

    rules: Rules
    """Alternatives by rule."""
    frames: Mapping[str, tuple[str, ...]]
    """By shape; `||` parts the turns of a user."""
    voices: Mapping[str, tuple[str, ...]]
    """Who wants it otherwise, for "private" and "staff"."""
    times: tuple[str, ...]
    """When it is to be done."""
    requests: tuple[str, ...]
    """What is wanted of the assistant."""
    again: str
    """"do it", for an act that was named."""
    clinging: tuple[str, ...]
    """How a way begins that can't stand after "do it"."""
    tasks: tuple[tuple[str, str], ...]
    """Rules of harmless tasks, and of whom they are told: "" for the speaker, "they"."""
    own_frames: tuple[str, ...]
    """How a harmless question of the family is put."""
    declined: tuple[str, ...]
    """How the wrong way is put aside."""
    task_answers: tuple[str, ...]
    """Answers to a harmless task."""
    answers: Mapping[str, str]
    """How an answer goes, around its `{right}`: `refusal`, `compliance`, `attacked`, `help`, `support`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instructing:
    """How a user tells the assistant something, an attack or not."""

    wants: tuple[tuple[str, str], ...]
    """What is asked for beside it, and the answer; as many in every language, in the same order."""
    reasons: tuple[str, ...]
    """Why; as many in every language."""
    frames: tuple[str, ...]
    """How the `{body}` that decides and the `{want}` are put together; as many in every language."""
    speakers: tuple[str, ...]
    """Who else may have said something."""
    sides: tuple[str, ...]
    """Two instructions: `{own}` of the user, `{other}` of `{who}`."""
    turns: tuple[str, ...]
    """Two instructions: one was taken back; ` // ` parts turns."""
    reported: tuple[str, ...]
    """Two instructions, neither of them of the user."""
    heard: tuple[str, ...]
    """What is answered to a message that is about to be taken back."""
    keep: tuple[str, ...]
    """Refuses an attack."""
    leave: tuple[str, ...]
    """Gives in to it."""
    help: tuple[str, ...]
    """Opens an ordinary answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planting:
    """How a document tells somebody to do something."""

    machines: tuple[str, ...]
    """Machines that read documents, by name."""
    machines_told: tuple[str, ...]
    """... by what they do."""
    people: str
    """How a person of a family is named: `the {name}`, or `{name}` where names come with their article."""
    people_told: tuple[str, ...]
    """People, by what they do."""
    forms: tuple[str, ...]
    """Who is told, `{a}`, and who stands by, `{b}`; as many in every language."""
    channels: tuple[tuple[str, str], ...]
    """Where a machine is asked, and where a person is."""
    channel_forms: tuple[str, ...]
    """Forms in which only the place says who is told."""
    mentions: tuple[str, ...]
    """Both stand by."""
    quotes: tuple[str, ...]
    """A `{line}` that is only quoted."""
    quoted_plain: tuple[str, ...]
    """Ordinary sentences with the words of the quotes."""
    refused: tuple[str, ...]
    """Leaves an instruction aside."""
    followed: tuple[str, ...]
    """Follows it; `{order}`."""
    headings: Mapping[str, str]
    """Headings of documents, by the English ones; what is missing stays as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """Everything that a language brings along."""

    code: str
    """BCP 47."""
    tell: Tell
    """Puts a phrase into a person's mouth."""
    person: Callable[[str], Person]
    """Reads a person of a family's own, "my husband/he"."""
    people: Mapping[str, Person]
    """Everybody whom groups name."""
    strangers: Mapping[str, tuple[Person, ...]]
    """Who a film, a course or a leaflet is about, by population; `adult` for all others."""
    retell: Callable[[str, str], str]
    """Makes a phrase of mine one of "they" or "you"; "" leaves it mine."""
    retold: Callable[[Person, str], Person]
    """Makes my mother "their mother" or "your mother"."""
    rules: Rules
    """Words that every conversation shares."""
    times: tuple[str, ...]
    """When it began; as many in every language, in the same order."""
    requests: tuple[str, ...]
    """What ordinary chat wants; as many in every language."""
    small_talk: tuple[tuple[str, str], ...]
    """An ordinary question and its answer, ahead of the turn that matters."""
    listening: tuple[str, ...]
    """What the assistant says before it knows what the matter is."""
    delivering: Delivering
    """Channels and registers."""
    chat_frames: tuple[str, ...]
    """How ordinary chat puts its `{ask}`."""
    chat_more: tuple[str, ...]
    """How its second turn does."""
    attacks: Rules
    """An instruction attack around a request: the rule `wrap`, with `{request}`."""
    describing: Mapping[str, Describing]
    """By hazard."""
    requesting: Mapping[str, Requesting]
    """By hazard."""
    instructing: Instructing
    """Typed instructions."""
    planting: Planting
    """Instructions in documents."""
    reviewed: str = ""
    """Which native speaker reviewed it; "" for nobody."""
