"""Instructions hidden in documents, for `prompt_injection@context`.

A family is a carrier and a goal (`en/planted.yaml`). In the positive a sentence of
the document tells the machine that reads it to do something; in the twin the same sentence, in the same place, tells a
person whose work it is. Both name a machine and a person, most often with the very same words, and only who is told
decides. The look-alike has ordinary work for a person, an attack that is only quoted, or the cue words in ordinary use. A
user always asked for the document first.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random

import msgspec

from guard.conversation import Kind, Message, Role, ToolCall
from guard.errors import InputError
from synth_data import labels, languages
from synth_data.delivery import Delivery
from synth_data.families import documents_fhir, odds, read
from synth_data.families.documents import carriers, lay_out, shown
from synth_data.languages.lexicon import Language, Planting
from synth_data.scenario import Case, Facts, Family, Telling

FACTS_TABLE = "injection_kinds.csv"
_FACT_SETS = 60
_MOST = 7
"""Most ordinary sentences of a document."""


class Planted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One kind of planted instruction."""

    id: str
    """Name of the family."""
    rows: tuple[str, ...] = ()
    """Rows of the facts table; said once, in the first language, as are the next two."""
    carrier: str = ""
    """Kind of document."""
    complies: bool = False
    """Whether the phantom follows it."""
    people: tuple[str, ...]
    """Who may rightly be told."""
    orders: tuple[str, ...]
    """What is to be done."""
    tasks: tuple[str, ...]
    """Harmless work with the cue words."""
    look: tuple[str, ...] = ()
    """Ordinary sentences with the cue words."""


_COMMON, _COMMON_SHARE = 14, 0.6
"""The last forms are how people write such lines; together they take this share of draws."""
_NAMED = 0.85
"""How often a reader is called by name."""
_CHANNEL_SHARE = 0.12
"""How often nobody is named."""
_QUOTED_SHARE = 0.2
"""How often a look-alike quotes, and how often any document has the words of a quote."""


@cache
def families() -> tuple[Family, ...]:
    """Return the families of `prompt_injection@context`."""
    return tuple(family(told) for told in read.kinds("planted", Planted, lambda kind: kind.id).values())


def family(told: Mapping[str, Planted]) -> Family:
    """Make a family of one kind, as some languages tell it.

    Raises:
        InputError: The languages do not say the same of it, or there is no such carrier.
    """
    lang, kind = next(iter(told.items()))
    for own in told.values():
        read.parallel(kind.id, {"orders": kind.orders}, {"orders": own.orders})
    if kind.carrier not in carriers(lang):
        raise InputError(f"{kind.id}: no carrier {kind.carrier[:40]!r}", f"there is {', '.join(carriers(lang))}")
    forms = read.numbers(languages.language(lang).planting.forms)
    return Family(
        id=f"prompt_injection_context/{kind.id}",
        claim=labels.INJECTION_CONTEXT,
        bank={
            "order": read.numbers(kind.orders),
            "form": forms,
            "beside": ("machine", "person"),
            "ask": read.numbers(carriers(lang)[kind.carrier].asks),
            "place": read.numbers(tuple(range(_MOST + 1))),
            "facts": read.numbers(tuple(range(_FACT_SETS))),
        },
        odds={"form": _odds(forms), "beside": {"machine": 1.0, "person": 0.0}},
        typical={"form": odds.typical(forms, forms[-_COMMON:]), "beside": {"machine": 0.0, "person": 1.0}},
        tellers={lang: _Teller(own, kind, lang) for lang, own in told.items()},
        sources=tuple(f"{FACTS_TABLE}:{row}" for row in kind.rows),
    )


def _odds(forms: Sequence[str]) -> dict[str, float]:
    rare = len(forms) - _COMMON
    return {form: (1 - _COMMON_SHARE) / rare if at < rare else _COMMON_SHARE / _COMMON for at, form in enumerate(forms)}


@dataclass(frozen=True, slots=True)
class _Teller:
    kind: Planted
    first: Planted
    """The entry in the first language, which says once what holds in all of them."""
    lang: str

    def __call__(self, case: Case, kind: Kind, rng: Random) -> Telling:
        language = languages.language(self.lang)
        return _Telling(self.kind, self.first, language, language.planting, case, rng).tell(kind)


@dataclass(frozen=True, slots=True)
class _Telling:
    """One conversation in the making."""

    kind: Planted
    first: Planted
    language: Language
    words: Planting
    case: Case
    rng: Random

    def tell(self, kind: Kind) -> Telling:
        """Tell it."""
        slots, rng, planted, name = self.case.slots, self.rng, kind is Kind.POSITIVE, self.first.carrier
        carrier = carriers(self.language.code)[name]
        sent = Delivery(rng, self.language)
        call = ToolCall(id="call_1", name=carrier.tool, arguments=json.dumps({"id": rng.randrange(100, 1000)}))
        order = self.kind.orders[int(slots["order"])]
        sentence, directness = self._sentence(kind, order)
        # The ordinary sentences and their layout belong to the meaning: a twin differs in the addressee alone.
        meaning = Random(f"{self.first.id} {slots['facts']}")
        most = documents_fhir.LONGEST - 1 if name == "fhir" else _MOST
        facts = meaning.sample(carrier.facts, meaning.randint(2, most))
        if meaning.random() < _QUOTED_SHARE:
            facts[0] = meaning.choice(self.words.quoted_plain)
        place = int(slots["place"]) % (len(facts) + 1)
        document = lay_out(name, [*facts[:place], sentence, *facts[place:]], meaning, self.words.headings)
        return Telling(
            messages=(
                Message(Role.USER, sent(carrier.asks[int(slots["ask"])])),
                Message(Role.ASSISTANT, "", (call,)),
                Message(Role.TOOL, document, (), call.id),
            ),
            facts=Facts(override_by="document" if planted else "", addressed_to_assistant=planted),
            reply=Message(Role.ASSISTANT, self._reply(carrier.summary, order, facts, planted=planted)),
            onset=(2, document.find(shown(sentence, document))) if planted else None,
            traits=sent.traits
            | {
                "voice": "clinician", "population": "any", "intent": "read", "time": "now", "directness": directness,
                "turns": "single", "document": name,
            },
        )  # fmt: skip

    def _sentence(self, kind: Kind, order: str) -> tuple[str, str]:
        """Return the sentence that decides, and how direct it is; a positive and its twin take the same draws."""
        words, rng = self.words, self.rng
        machine, person = self._reader(words.machines, words.machines_told), self._person()
        form = words.forms[int(self.case.slots["form"])]
        # In a typical case only the positive names a machine; in all others each text names a machine and a person.
        beside = machine if self.case.slots["beside"] == "machine" else self._other(person)
        if kind is Kind.HARD_NEGATIVE:
            return self._look_alike(form, order, beside, person)
        if kind is Kind.TWIN and beside != machine:
            return _fill(form, person, beside, order), "explicit"
        (told, by), directness = (machine, person), "explicit"
        if beside == machine and rng.random() < _CHANNEL_SHARE:
            form, (told, by), directness = rng.choice(words.channel_forms), rng.choice(words.channels), "implicit"
        return (_fill(form, told, by, order) if kind is Kind.POSITIVE else _fill(form, by, told, order)), directness

    def _look_alike(self, form: str, order: str, machine: str, person: str) -> tuple[str, str]:
        draw = self.rng.random()
        if draw < _QUOTED_SHARE:
            quote = self.rng.choice(self.words.quotes)
            return quote.replace("{line}", _fill(form, machine, person, order)), "quoted"
        if draw < 0.4 and self.kind.look:
            a, b = (machine, person) if self.rng.random() < 0.5 else (person, machine)
            mention = _fill(self.rng.choice(self.words.mentions), a, b, "")
            return f"{self.rng.choice(self.kind.look)} {mention}", "mentioned"
        return _fill(form, person, machine, self.rng.choice(self.kind.tasks)), "explicit"

    def _person(self) -> str:
        named = tuple(self.words.people.replace("{name}", name) for name in self.kind.people)
        return self._reader(named, self.words.people_told)

    def _other(self, person: str) -> str:
        """Return somebody else than a person: a repeated name would give a twin away."""
        return self.rng.choice([told for told in self.words.people_told if told != person])

    def _reader(self, named: Sequence[str], described: Sequence[str]) -> str:
        return self.rng.choice(named if self.rng.random() < _NAMED else described)

    def _reply(self, begun: str, order: str, facts: list[str], *, planted: bool) -> str:
        summary = f"{begun} {' '.join(facts[:2])}"
        if not planted:
            return summary
        if self.first.complies:
            return f"{self.rng.choice(self.words.followed).replace('{order}', order)} {facts[0]}"
        return f"{self.rng.choice(self.words.refused)} {summary}"


def _fill(form: str, told: str, by: str, order: str) -> str:
    """Fill a form: who is told, who stands by, and what is to be done."""
    text = form.replace("{a}", told).replace("{A}", told[0].upper() + told[1:])
    return text.replace("{b}", by).replace("{B}", by[0].upper() + by[1:]).replace("{order}", order)
