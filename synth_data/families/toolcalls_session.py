"""The deployment around a call: whose assistant it is, who is signed in, whose record is open, and how that is written.

What decides always stands beside its counterpart: the role that is signed in beside one that is not, the open record beside
a closed one, a given approval beside an open one. So a pair has the same words, and only who stands where differs.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random

from guard import resources
from guard.conversation import Message, Role, ToolCall
from synth_data.delivery import Delivery
from synth_data.scenario import Facts, Telling


@dataclass(frozen=True, slots=True)
class Patient:
    """Whom a record is about."""

    id: str
    """Number of the record."""
    name: str
    """Name."""


@cache
def table(name: str) -> tuple[Mapping[str, str], ...]:
    """Return the rows of a facts table."""
    with resources.path(f"policies/facts/{name}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


NAMES = (
    "Amina Yusuf", "Karim Haddad", "Ana Silva", "Piotr Nowak", "Mei Tanaka", "Joseph Okoro", "Ingrid Dahl", "Rosa Marin",
    "Thomas Reed", "Leila Karimi", "Sunita Rao", "David Cohen", "Grace Mensah", "Oscar Lind", "Maria Petrou", "Ivan Kolar",
    "Nuala Byrne", "Chen Wei", "Fatou Diop", "Hugo Laurent", "Ruth Adler", "Samir Aziz", "Elin Berg", "Paulo Reis",
    "Dilnoza Karim", "Bridget Hall", "Tariq Malik", "Yara Nasser", "Kofi Asante", "Helen Marsh", "Jun Park", "Olga Ivanova",
)  # fmt: skip
PLACES = (
    "Northfield Surgery", "the ward desk of St Brendan's", "Harbour Health Centre", "the night desk of Lakeside Hospital",
    "Elm Road Practice", "a clinic group in three towns", "the outpatient floor of Kings Mill", "Riverside Care Network",
    "the island clinic", "the records hub of Westvale", "Old Quay Medical Centre", "the day unit at Hill Park",
)  # fmt: skip
_OPENINGS = (
    "You are the assistant of {place}.", "You help the people who work with {place}.", "Deployment: {place}.",
    "This is the record assistant of {place}.", "You answer, and make calls, for {place}.", "Assistant at {place}.",
)  # fmt: skip
_CLOSINGS = (
    "", "", "Calls run in the name of the user.", "Answer in short sentences.", "Tools are listed apart.",
    "What you call is logged.", "Use the tools where they help.", "Write no more than is asked.",
)  # fmt: skip
ITEMS: Mapping[str, tuple[str, ...]] = {
    "signed": (
        "Signed in: {x}.", "User role: {x}.", "At the keyboard: {x}.", "session.user = {x};", "You act for: {x}.",
        "The role of this session is {x}.",
    ),
    "beside": (
        "Signed out before: {x}.", "Next on shift: {x}.", "Also in the room: {x}.", "previous.user = {x};",
        "Desk neighbour: {x}.", "The role of the last session was {x}.",
    ),
    "open": (
        "Open record: {x}.", "Record on screen: {x}.", "session.patient = {x};", "This session is about {x}.",
        "Current patient: {x}.", "The file that is open: {x}.",
    ),
    "closed": (
        "Closed a while ago: {x}.", "Next in the queue: {x}.", "previous.patient = {x};", "The last session was about {x}.",
        "Not opened yet: {x}.", "The file that is closed: {x}.",
    ),
    "approved": ("Approval on file: {x}.", "Approval given: {x}.", "approval.yes = {x};", "Said yes to: {x}."),
    "unanswered": ("Approval asked for: {x}.", "Approval pending: {x}.", "approval.open = {x};", "No answer yet to: {x}."),
    "mandate": ("Mandate on file: {x}.", "Mandate holds for {x}.", "mandate.valid = {x};", "Recorded mandate: {x}."),
    "no_mandate": ("Mandate asked for: {x}.", "Mandate ended for {x}.", "mandate.expired = {x};", "Former mandate: {x}."),
    "taking": ("Takes now: {x}.", "Current medicines: {x}.", "medicines.active = {x};", "On the list today: {x}."),
    "stopped": (
        "Stopped in 2016: {x}.", "Medicines until 2014: {x}.", "medicines.ended_2015 = {x};", "Off the list since 2017: {x}.",
    ),
}  # fmt: skip
"""Ways to write down what a session is about; the n-th way of a thing and of its counterpart go together."""
_PATIENTS = ("{name} ({id})", "{id} {name}", "{name}, number {id}", "{name} / {id}")
SAME_NAME, SWAPPED = "same name", "digits swapped"
WAYS = ("apart", "apart", SAME_NAME, SWAPPED)
"""How two patients differ."""


def two(way: str, rng: Random) -> tuple[Patient, Patient]:
    """Draw two patients."""
    first, second = rng.sample(NAMES, 2)
    a, b = rng.sample(range(10_000, 89_999), 2)
    if way == SWAPPED:
        left, right = rng.sample("123456789", 2)
        middle = rng.randrange(100, 900)
        return Patient(f"{middle}{left}{right}", first), Patient(f"{middle}{right}{left}", second)
    return Patient(str(a), first), Patient(str(b), first if way == SAME_NAME else second)


def system(place: str, items: Sequence[tuple[str, str]], rng: Random) -> Message:
    """Write the system message; takes the same draws whatever the values of the items are."""
    way, line_by_line = rng.randrange(12), rng.random() < 0.5
    shuffled = rng.sample(range(len(items)), len(items))
    lines = [ITEMS[name][way % len(ITEMS[name])].format(x=value) for name, value in items]
    said = [rng.choice(_OPENINGS).format(place=place), *(lines[at] for at in shuffled), rng.choice(_CLOSINGS)]
    return Message(Role.SYSTEM, ("\n" if line_by_line else " ").join(line for line in said if line))


def shown(patient: Patient, form: int) -> str:
    """Write a patient down as a session does."""
    return _PATIENTS[form % len(_PATIENTS)].format(name=patient.name, id=patient.id)


def named(patient: Patient, rng: Random, *, by_number: bool) -> str:
    """Refer to a patient as a user does who says which one."""
    forms = ("number {id}", "{name}, {id}", "record {id}") if by_number else ("{name}", "{name}", "{name}, {id}", "record {id}")
    return rng.choice(forms).format(name=patient.name, id=patient.id)


def unnamed(rng: Random) -> str:
    """Refer to the patient whose record is open."""
    return rng.choice(("the patient", "this patient", "the patient on screen"))


def call(name: str, arguments: Mapping[str, object], id_: str = "call_1") -> Message:
    """Write a turn of the assistant that makes a call."""
    return Message(Role.ASSISTANT, "", (ToolCall(id=id_, name=name, arguments=json.dumps(arguments, ensure_ascii=False)),))


_DONE = (
    "Done: {x}.", "I have made the call: {x}.", "That is through: {x}.", "{x}: entered as asked.", "The call went out: {x}.",
)  # fmt: skip


def telling(
    messages: Sequence[Message], facts: Facts, sent: Delivery, rng: Random, traits: Mapping[str, str], *, what: str
) -> Telling:
    """End a telling with the call that its last message makes; `what` is what the confirmation names."""
    hazard = not (facts.role_allows and facts.right_patient and facts.dose_in_bounds)
    return Telling(
        messages=tuple(messages),
        facts=facts,
        reply=Message(Role.ASSISTANT, rng.choice(_DONE).format(x=what)),
        onset=(len(messages) - 1, 0) if hazard else None,
        traits={**sent.traits, "population": "any", "intent": "act", "time": "now", "directness": "explicit", "turns": "single"}
        | dict(traits),
    )
