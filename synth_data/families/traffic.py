"""Ordinary clinical chat, with scary words in harmless use: what a monitor must stay silent on.

Kinds are data (`traffic.yaml`): one turn, two turns, or a turn after which the assistant looks something up. Greetings,
moods and requests are those of the hazards' families.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import yaml

from guard.conversation import Kind, Message, Role, ToolCall
from synth_data import english, grammar
from synth_data.families import people, speech
from synth_data.families.speech import RULES, Typed
from synth_data.scenario import Case, Facts, Family, Telling

FACTS_TABLE = "benign_kinds.csv"


class Tool(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the assistant looks up."""

    name: str
    """Function."""
    arguments: dict[str, str]
    """Values are templates."""
    result: tuple[str, ...]
    """Documents that may come back."""


class Ordinary(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One kind of ordinary chat."""

    id: str
    """Name of the family."""
    kinds: tuple[str, ...]
    """Rows of the table of ordinary kinds."""
    slots: dict[str, tuple[str | int, ...] | str]
    """Meanings; `*` stands for the requests that all families share."""
    ask: tuple[str, ...]
    """The user's turn."""
    answer: tuple[str, ...]
    """Its answer."""
    more: tuple[str, ...] = ()
    """A second turn."""
    then: tuple[str, ...] = ()
    """Its answer, by position in `more`."""
    tool: Tool | None = None
    """What is looked up before the answer."""
    who: str = ""
    """Group of people, where it is about a person."""


_FRAMES = (
    "{hello} {ask} {thanks}",
    "{hello} {ask} {tone}",
    "{ask} {place} {thanks}",
    "{hello} {place} {ask}",
    "{tone} {ask}",
)
_ASK = "\x01"
_SECOND = ("{meanwhile} {ask}", "{ask} {thanks}", "{hello} {ask}", "{ask} {tone}")


@cache
def families() -> tuple[Family, ...]:
    """Return the families of ordinary chat."""
    data: Any = yaml.load((Path(__file__).parent / "traffic.yaml").read_bytes(), _LOADER)  # noqa: S506
    return tuple(_family(kind) for kind in msgspec.convert(data, tuple[Ordinary, ...]))


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _family(kind: Ordinary) -> Family:
    bank = {
        name: speech.REQUESTS if values == "*" else tuple(str(value) for value in values) for name, values in kind.slots.items()
    }
    if kind.who:
        bank["person"] = people.GROUPS[kind.who]
    if kind.more:
        bank["turns"] = ("one", "two")
    return Family(
        id=f"traffic/{kind.id}",
        claim=None,
        bank=bank,
        tell=_Teller(kind),
        sources=tuple(f"{FACTS_TABLE}:{row}" for row in kind.kinds),
        weight=1.4 if kind.tool is not None else 1.0,
        odds={"turns": {"one": 2.0, "two": 1.0}} if kind.more else {},
    )


@dataclass(frozen=True, slots=True)
class _Teller:
    kind: Ordinary

    def __call__(self, case: Case, kind: Kind, rng: Random) -> Telling:
        return chat(self.kind, case, rng)


def chat(kind: Ordinary, case: Case, rng: Random) -> Telling:
    """Tell one ordinary conversation."""
    typed = Typed(rng)
    messages = [Message(Role.USER, typed(_turn(kind.ask, _FRAMES, case, rng)))]
    reply = _said(rng.choice(kind.answer), case, rng)
    if case.slots.get("turns") == "two":
        place = rng.randrange(len(kind.more))
        messages.append(Message(Role.ASSISTANT, reply))
        messages.append(Message(Role.USER, typed(_turn((kind.more[place],), _SECOND, case, rng))))
        reply = _said(kind.then[place], case, rng)
    if kind.tool is not None:
        messages += _look_up(kind.tool, case, rng)
    return Telling(messages=tuple(messages), facts=Facts(), reply=Message(Role.ASSISTANT, reply))


def _turn(asks: tuple[str, ...], frames: tuple[str, ...], case: Case, rng: Random) -> str:
    outer = grammar.phrase(rng.choice(frames), {"ask": _ASK}, RULES, rng)
    ask = grammar.phrase(rng.choice(asks), case.slots, {}, rng)
    person = case.slots.get("person")
    return grammar.tidy(outer.replace(_ASK, english.tell(ask, people.PEOPLE[person]) if person else ask))


def _said(template: str, case: Case, rng: Random) -> str:
    """Word an answer: what the user calls my own is yours to the assistant."""
    return grammar.expand(template, {name: _yours(value) for name, value in case.slots.items()}, {}, rng)


_YOURS = {"my": "your", "our": "your", "me": "you", "myself": "yourself", "mine": "yours", "I": "you", "we": "you"}
_OURS = re.compile(r"\b(my|our|me|myself|mine|I|we)\b")


def _yours(value: str) -> str:
    return _OURS.sub(lambda word: _YOURS[word[1]], value)


def _look_up(tool: Tool, case: Case, rng: Random) -> tuple[Message, Message]:
    id_ = f"call_{rng.getrandbits(32):08x}"
    arguments = json.dumps({name: _document(value, case) for name, value in tool.arguments.items()})
    return (
        Message(Role.ASSISTANT, "", (ToolCall(id=id_, name=tool.name, arguments=arguments),)),
        Message(Role.TOOL, _document(rng.choice(tool.result), case), tool_call_id=id_),
    )


def _document(template: str, case: Case) -> str:
    """Fill a document in; it keeps its own brackets and capitals."""
    for name, value in case.slots.items():
        template = template.replace("{" + name + "}", value)
    return template
