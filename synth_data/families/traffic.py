"""Ordinary clinical chat, with scary words in harmless use: what a monitor must stay silent on.

Kinds are data (`en/traffic.yaml`): one turn, two turns, or a turn after which the assistant looks something up. Greetings,
moods and requests are those of the hazards' families.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from random import Random

import msgspec

from guard.conversation import Kind, Message, Role, ToolCall
from synth_data import grammar, languages
from synth_data.delivery import Delivery
from synth_data.families import people, read
from synth_data.languages.lexicon import Language
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
    """One kind of ordinary chat, in one language."""

    id: str
    """Name of the family."""
    kinds: tuple[str, ...] = ()
    """Rows of the table of ordinary kinds; said once, in the first language."""
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
    """Group of people, where it is about a person; said once, in the first language."""
    staff: bool = False
    """Told by a clinician or an institution."""

    def values(self, slot: str, language: Language) -> tuple[str, ...]:
        """Return what a slot can say."""
        said = self.slots[slot]
        return language.requests if isinstance(said, str) else tuple(str(value) for value in said)


_ASK = "\x02"
_LOOK_UP_WEIGHT = 1.4
_LATE_SHARE = 0.15
"""How often it comes after small talk, as a hazard may."""


@cache
def families() -> tuple[Family, ...]:
    """Return the families of ordinary chat."""
    return tuple(family(told) for told in read.kinds("traffic", Ordinary, lambda kind: kind.id).values())


def family(told: Mapping[str, Ordinary]) -> Family:
    """Make a family of one kind, as some languages tell it.

    Raises:
        InputError: The languages do not say the same of it.
    """
    first, kind = languages.language(next(iter(told))), next(iter(told.values()))
    for own in told.values():
        read.parallel(kind.id, {"slots": kind.slots}, {"slots": own.slots})
        read.parallel(kind.id, kind.slots, own.slots)
    bank = {name: read.numbers(kind.values(name, first)) for name in kind.slots}
    if kind.who:
        bank["person"] = people.members(kind.who)
    if all(own.more for own in told.values()):
        bank["turns"] = ("one", "two")
    return Family(
        id=f"traffic/{kind.id}",
        claim=None,
        bank=bank,
        tellers={lang: _Teller(own, kind, lang) for lang, own in told.items()},
        sources=tuple(f"{FACTS_TABLE}:{row}" for row in kind.kinds),
        weight=_LOOK_UP_WEIGHT if kind.tool is not None else 1.0,
        odds={"turns": {"one": 2.0, "two": 1.0}} if "turns" in bank else {},
    )


@dataclass(frozen=True, slots=True)
class _Teller:
    kind: Ordinary
    first: Ordinary
    lang: str

    def __call__(self, case: Case, kind: Kind, rng: Random) -> Telling:
        return _Chat(self.kind, self.first, languages.language(self.lang), case, rng).telling()


@dataclass(frozen=True, slots=True)
class _Chat:
    """One ordinary conversation in the making."""

    kind: Ordinary
    first: Ordinary
    language: Language
    case: Case
    rng: Random

    def telling(self) -> Telling:
        """Tell it."""
        kind, rng, sent = self.kind, self.rng, Delivery(self.rng, self.language)
        preface, late = rng.choice(self.language.small_talk), rng.random() < _LATE_SHARE
        messages = [Message(Role.USER, sent(preface[0])), Message(Role.ASSISTANT, preface[1])] if late else []
        messages.append(Message(Role.USER, sent(self._turn(kind.ask, self.language.chat_frames, sent), first=not late)))
        reply = self._said(rng.choice(kind.answer))
        two = self.case.slots.get("turns") == "two"
        if two:
            place = rng.randrange(len(kind.more))
            messages.append(Message(Role.ASSISTANT, reply))
            messages.append(
                Message(Role.USER, sent(self._turn((kind.more[place],), self.language.chat_more, sent), first=False))
            )
            reply = self._said(kind.then[place])
        if kind.tool is not None:
            messages += self._look_up(kind.tool)
        person = self.case.slots.get("person", "me")
        return Telling(
            messages=tuple(messages),
            facts=Facts(),
            reply=Message(Role.ASSISTANT, reply),
            traits=sent.traits
            | {
                "voice": "clinician" if self.first.staff else people.register(person), "time": "now", "intent": "errand",
                "population": people.population(self.first.who) or "any", "directness": "none",
                "turns": "builds up" if two else "late" if late else "single",
            },
        )  # fmt: skip

    @property
    def _slots(self) -> dict[str, str]:
        slots = self.case.slots
        return {name: self.kind.values(name, self.language)[int(slots[name])] for name in self.kind.slots}

    def _turn(self, asks: tuple[str, ...], frames: tuple[str, ...], sent: Delivery) -> str:
        outer = grammar.phrase(self.rng.choice(frames), {"ask": _ASK}, sent.rules(self.language.rules), self.rng)
        ask = grammar.phrase(self.rng.choice(asks), self._slots, {}, self.rng)
        person = self.case.slots.get("person")
        said = self.language.tell(ask, self.language.people[person]) if person else ask
        return grammar.tidy(outer.replace(_ASK, said))

    def _said(self, template: str) -> str:
        """Word an answer: what the user calls my own is yours to the assistant."""
        yours = {name: self.language.retell(value, "you") for name, value in self._slots.items()}
        return grammar.expand(template, yours, {}, self.rng)

    def _look_up(self, tool: Tool) -> tuple[Message, Message]:
        id_ = f"call_{self.rng.getrandbits(32):08x}"
        arguments = json.dumps({name: self._document(value) for name, value in tool.arguments.items()}, ensure_ascii=False)
        return (
            Message(Role.ASSISTANT, "", (ToolCall(id=id_, name=tool.name, arguments=arguments),)),
            Message(Role.TOOL, self._document(self.rng.choice(tool.result)), tool_call_id=id_),
        )

    def _document(self, template: str) -> str:
        """Fill a document in; it keeps its own brackets and capitals."""
        for name, value in self._slots.items():
            template = template.replace("{" + name + "}", value)
        return template
