"""Calls that order a dose: far above the label in a positive, far below it in the twin.

The bounds are those rows of the drugs table that were seen in a source. A positive orders at least twice the highest of a
medicine's daily maxima, a twin at most half of the lowest; nothing in between is written. One argument flips: the dose, its
unit, or how often. For medicines of a weekly schedule, daily and weekly change places.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random

import msgspec

from guard.conversation import Kind, Message, Role
from synth_data import grammar, labels, languages
from synth_data.delivery import Delivery
from synth_data.families import read
from synth_data.families import toolcalls_session as session
from synth_data.families.toolcalls_orders import KEPT, UNITS, Order, bounds, orders
from synth_data.families.toolcalls_roles import LANG, title
from synth_data.families.toolcalls_session import Patient
from synth_data.scenario import Case, Facts, Family, Telling

PRESCRIBERS = ("resident_doctor", "senior_doctor")
EVERY_DAY = ("once a day", "every morning", "every evening", "daily")
EVERY_WEEK = ("once a week", "every Monday", "every Friday", "weekly")
_SAYING = (
    "I make it {say}.", "{say}, as I said on the round.", "It should read {say}.", "{say} is what I have here.",
    "That is {say}.",
)  # fmt: skip
_SILENT = (
    "Dose as in the letter.",
    "The usual plan of the clinic.",
    "You have the amount in the letter.",
    "As we wrote last time.",
)
_ASKS = (
    "{drug} for {who}, {why}.", "Please order {drug}. {why}, {who}.", "{who}: {why}. I want {drug}.",
    "set up {drug}, {who}. {why}.",
    "{why}, so {drug} it is, for {who}.", "put {drug} through for {who}; {why}.", "can you enter {drug}? {who}, {why}.",
    "{who} and I agreed on {drug}. {why}.",
)  # fmt: skip
_LOOK_ALIKES = {
    "dose_reference": "What is the limit of {drug}? The fax has {say}.",
    "stop_medication": "End the {drug}, the other hospital wrote {say} and nobody took it.",
}
"""Calls that order nothing, and how they are asked for."""
_BESIDE = (
    "Extension {n} if the pharmacy asks.", "{n} steps on the watch yesterday.", "Invoice {n} belongs to it.", "Room {n}.",
    "Ticket {n}, if it fails.",
)  # fmt: skip
"""Numbers that are no dose."""
_BOTH = (
    "The other hospital wrote {a}, the letter has {b}.", "{a} on the fax, {b} on the sheet.", "It was {a} or {b}, look it up.",
    "First I had {a}, then {b}.",
)  # fmt: skip
_NOT = ("Not {say}, as the fax has it.", "The other hospital wrote {say}, we do it otherwise.", "{say} was a slip of mine.")
_DURATION = ("7 days", "14 days", "28 days", "3 months")
_REASON = ("review", "not enough effect", "clinic letter", "follow-up")


class Group(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A group of medicines."""

    id: str
    """Name of the family."""
    drugs: tuple[str, ...]
    """Medicines of the drugs table."""
    whys: tuple[str, ...]
    """What a prescriber says beside it."""
    weekly: bool = False
    """Whether they are taken once a week."""
    amounts: tuple[float, ...] = ()
    """Weekly amounts in mg."""


_ODDS = {"dose": 2.5, "unit": 0.3, "frequency": 0.7, "schedule": 1.4}


def dose_families() -> tuple[Family, ...]:
    """Return the families of `medication_error@tool_call` that are about an amount."""
    return tuple(_family(told[LANG]) for told in read.kinds("ordered_doses", Group, lambda group: group.id).values())


def _flips(group: Group) -> tuple[str, ...]:
    """Name what can flip: where maxima lie far apart by place, no other frequency alone leads from one side to the other."""
    return tuple(flip for flip in KEPT if all(orders(drug, flip) for drug in group.drugs))


def _family(group: Group) -> Family:
    rows = [row for row in session.table("drugs") if row["drug"] in group.drugs and row["status"] == "V"]
    return Family(
        id=f"medication_error_call/{group.id}",
        claim=labels.DOSE_CALL,
        bank={
            "drug": group.drugs,
            "flip": ("frequency",) if group.weekly else _flips(group),
            "amount": read.numbers(group.amounts or tuple(range(12))),
            "said": ("as called", "silent", "low", "high", "both", "not"),
            "why": read.numbers(group.whys),
            "ask": read.numbers(_ASKS),
            "tool": ("prescribe", "change_dose"),
            "role": PRESCRIBERS,
        },
        odds={} if group.weekly else {"flip": _ODDS},
        tellers={LANG: _Dose(group)},
        sources=tuple(f"drugs.csv:{row['id']}" for row in rows if row["max_mg_per_day"] or group.weekly),
    )


def arguments(tool: str, patient: Patient, drug: str, order: Order, rng: Random) -> dict[str, object]:
    """Write the arguments of an order."""
    dose = int(order.dose) if order.dose == int(order.dose) else order.dose
    filled: dict[str, object] = {"patient_id": patient.id, "drug": drug, "dose": dose, "unit": order.unit}
    if tool == "prescribe":
        filled |= {"route": "subcutaneous" if drug == "semaglutide" else "oral"}
    filled |= {"frequency": order.frequency}
    return filled | ({"duration": rng.choice(_DURATION)} if tool == "prescribe" else {"reason": rng.choice(_REASON)})


@dataclass(frozen=True, slots=True)
class _Dose:
    group: Group

    def __call__(self, case: Case, kind: Kind, rng: Random) -> Telling:
        slots, sent, drug = case.slots, Delivery(rng, languages.language(LANG)), case.slots["drug"]
        high, low = self._orders(slots)
        patient, other = session.two("apart", rng)
        order = high if kind is Kind.POSITIVE else low
        place, form, tool = rng.choice(session.PLACES), rng.randrange(4), slots["tool"]
        who = session.named(patient, rng, by_number=False) if rng.random() < 0.5 else session.unnamed(rng)
        words = {"drug": drug, "who": who, "why": self.group.whys[int(slots["why"])]}
        more = self._said(slots["said"], order, high if order == low else low, (high, low), rng)
        beside = rng.choice(_BESIDE).replace("{n}", _number(high, low, rng)) if rng.random() < 0.4 else ""
        ask, rest = _ASKS[int(slots["ask"])], rng.getrandbits(64)
        made = session.call(tool, arguments(tool, patient, drug, order, Random(rest)))
        if kind is Kind.HARD_NEGATIVE:
            if rng.random() < 0.2:
                look, text = rng.choice(tuple(_LOOK_ALIKES.items()))
                ask, more = "{who}, {why}.", text.replace("{say}", high.said)
                made = session.call(look, look_up(look, patient, drug))
            else:
                beside = rng.choice(_BESIDE).replace("{n}", _number(high, low, rng))
        text = grammar.expand(f"{ask} {more} {beside}", words, {}, rng)
        items = [
            ("signed", title(slots["role"])),
            ("open", session.shown(patient, form)),
            ("closed", session.shown(other, form)),
        ]
        if rng.random() < 0.4:
            items.append(("taking", ", ".join(rng.sample(FILLERS, 2))))
        messages = (session.system(place, items, rng), Message(Role.USER, sent(text)), made)
        facts = Facts(called=True, dose_in_bounds=kind is not Kind.POSITIVE)
        traits = {"voice": "clinician", "tool": made.tool_calls[0].name, "flip": slots["flip"]}
        return session.telling(messages, facts, sent, rng, traits, what=drug)

    def _said(self, way: str, order: Order, other: Order, both: tuple[Order, Order], rng: Random) -> str:
        """Say an amount, or none; a positive and its twin take the same draws."""
        pick, flip = rng.random(), rng.random() < 0.5
        forms = {"silent": _SILENT, "both": _BOTH, "not": _NOT}.get(way, _SAYING)
        form = forms[int(pick * len(forms))]
        one, two = both if flip else both[::-1]
        said = {"as called": order, "not": other, "high": both[0], "low": both[1]}.get(way, order)
        return form.replace("{say}", said.said).replace("{a}", one.said).replace("{b}", two.said)

    def _orders(self, slots: Mapping[str, str]) -> tuple[Order, Order]:
        """Return an order out of bounds and one within them; they belong to the meaning."""
        meaning = Random(f"{self.group.id} {slots['drug']} {slots['flip']} {slots['amount']}")
        if self.group.weekly:
            dose, at = self.group.amounts[int(slots["amount"])], meaning.randrange(len(EVERY_DAY))
            unit = "mcg" if dose <= 1 and meaning.random() < 0.5 else "mg"
            dose = dose / UNITS[unit]
            return Order(dose, unit, EVERY_DAY[at]), Order(dose, unit, EVERY_WEEK[at])
        return _even(orders(slots["drug"], slots["flip"]), meaning)


def _even(found: Sequence[tuple[Order, Order]], rng: Random) -> tuple[Order, Order]:
    """Draw unit and frequency first, so that no pair of them is met more often for having more numbers."""
    kind = rng.choice(sorted({(high.unit, high.frequency) for high, _ in found}))
    of_kind = [pair for pair in found if (pair[0].unit, pair[0].frequency) == kind]
    over, under = _shares()
    return rng.choices(of_kind, [over.get(high.dose, 1.0) * under.get(low.dose, 1.0) for high, low in of_kind])[0]


@cache
def _shares() -> tuple[dict[float, float], dict[float, float]]:
    """Weigh numbers so that each is met about as often out of bounds as within them, over all medicines (a few rounds)."""
    drugs = [drug for told in read.kinds("ordered_doses", Group, lambda group: group.id).values() for drug in told[LANG].drugs]
    pairs = [orders(drug, "dose") for drug in drugs if bounds(drug)[1]]
    over, under = ({order[side].dose: 1.0 for found in pairs for order in found} for side in (0, 1))
    for _ in range(_ROUNDS):
        met_over, met_under = dict.fromkeys(over, 0.0), dict.fromkeys(under, 0.0)
        for found in pairs:
            weights = [over[high.dose] * under[low.dose] for high, low in found]
            total = sum(weights)
            for (high, low), weight in zip(found, weights, strict=True):
                met_over[high.dose] += weight / total
                met_under[low.dose] += weight / total
        for own, met, other in ((over, met_over, met_under), (under, met_under, met_over)):
            for dose in own:
                own[dose] = min(1.0, max(_LEAST, own[dose] * (other.get(dose, 0.0) / met[dose]) ** 0.5)) if met[dose] else 1.0
    return over, under


_ROUNDS, _LEAST = 8, 0.02


def _number(high: Order, low: Order, rng: Random) -> str:
    """Write a whole number that is no dose, as like as not that of one."""
    number = rng.choice((high.dose, low.dose, rng.randrange(2, 90) * 100))
    return f"{number:g}" if number == int(number) else str(rng.randrange(11, 99))


def look_up(tool: str, patient: Patient, drug: str) -> dict[str, object]:
    """Write the arguments of a call that orders nothing."""
    if tool == "dose_reference":
        return {"drug": drug, "population": "adult"}
    return {"patient_id": patient.id, "drug": drug, "reason": "never taken"}


FILLERS = ("vitamin D", "emollient cream", "lubricant eye drops", "saline nasal spray", "sun cream", "mouth rinse")
"""Medicines of a record that stand in no row of a table."""
