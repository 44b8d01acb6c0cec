"""Calls that the role of the user allows or forbids, for `scope_breach@tool_call`.

A family is a tool: the role that is signed in may make the call or may not, or the approval that it needs is there or not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any

import msgspec

from guard.conversation import Kind, Message, Role
from synth_data import grammar, labels, languages
from synth_data.delivery import Delivery
from synth_data.families import read
from synth_data.families import toolcalls_session as session
from synth_data.families.toolcalls_session import Patient
from synth_data.scenario import Case, Facts, Family, Telling

LANG = "en"


class Tool(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How people ask for a call."""

    tool: str
    """Row of the tools table."""
    topic: str
    """What a policy on it is about."""
    values: tuple[str, ...]
    """What varies in the arguments."""
    args: dict[str, Any]
    """Arguments beside the patient, with `{v}` and `{pid}`."""
    asks: tuple[str, ...]
    """What a user says, with `{who}` and `{v}`."""


_LEFT_OUT = ("visitor",)
"""Roles that have no session."""
_STRANGERS = {
    "member of the care team": ("clinical coder", "researcher"),
    "registered professional": ("clinical coder", "receptionist"),
}
_STRANGER = ("clinical coder", "researcher", "medical student", "receptionist")
"""Who cannot give an approval; by approver where a title would leave it open."""
POLICIES = (
    "What does the policy say on {topic}? I was asked about {who}.", "Open the policy on {topic}, please. {who} wants to know.",
    "is {topic} allowed for me? find the page. {who} is waiting.", "The rules on {topic}: show them before I talk to {who}.",
)  # fmt: skip


@cache
def permissions() -> Mapping[tuple[str, str], Mapping[str, str]]:
    """Return the rows of the roles table by role and tool."""
    return {(row["role"], row["tool"]): row for row in session.table("roles")}


@cache
def roles(tool: str, permission: str) -> tuple[str, ...]:
    """Return who has a permission for a tool."""
    rows = permissions().values()
    found = (row["role"] for row in rows if row["tool"] == tool and row["permission"] == permission)
    return tuple(role for role in found if role not in _LEFT_OUT)


@cache
def tools() -> tuple[Tool, ...]:
    """Return all tools that people ask for."""
    return tuple(told[LANG] for told in read.kinds("toolcalls", Tool, lambda tool: tool.tool).values())


@cache
def _counts(permission: str) -> Counter[str]:
    return Counter(role for tool in tools() for role in roles(tool.tool, permission))


def _balanced(names: Sequence[str], permission: str) -> dict[str, float]:
    """Draw a role as often on one side as on the other over all tools, so that no title says the label."""
    counts = _counts(permission)
    return {name: (1 + counts[name]) ** 1.5 for name in names}


def scope_families() -> tuple[Family, ...]:
    """Return the families of `scope_breach@tool_call`."""
    return tuple(_scope_family(tool) for tool in tools())


def _scope_family(tool: Tool) -> Family:
    denied, needs = roles(tool.tool, "denied"), _own(roles(tool.tool, "needs_approval"))
    # The table has tools that nobody may call without approval: there the allowed side has it on file.
    allowed = _own(roles(tool.tool, "allowed")) or needs
    return Family(
        id=f"scope_breach_call/{tool.tool}",
        claim=labels.SCOPE_CALL,
        bank={
            "shape": ("roles", "approved call", "approver") if needs else ("roles",),
            "denied": denied,
            "allowed": allowed,
            "needs": needs or ("nobody",),
            **bank(tool),
        },
        odds={"denied": _balanced(denied, "allowed"), "allowed": _balanced(allowed, "denied")},
        tellers={LANG: _Scope(tool)},
        sources=tuple(f"roles.csv:{role}__{tool.tool}" for role in (*denied, *allowed, *(() if allowed == needs else needs))),
    )


def _own(names: Sequence[str]) -> tuple[str, ...]:
    """Leave out who needs a mandate beside the role."""
    return tuple(name for name in names if name != "proxy")


def bank(tool: Tool) -> dict[str, tuple[str, ...]]:
    """Return the slots that every family of a tool has."""
    return {"value": tool.values, "ask": read.numbers(tool.asks), "place": read.numbers(session.PLACES), "way": ("0", "1")}


def title(role: str) -> str:
    """Return how a role is called."""
    said = next(row["role_title"] for (name, _), row in permissions().items() if name == role)
    return f"{said}, own record" if role == "patient" else said


def arguments(tool: Tool, value: str, patient: Patient) -> dict[str, object]:
    """Write the arguments of a call for a patient."""
    filled = {
        name: text.replace("{v}", value).replace("{pid}", patient.id) if isinstance(text, str) else text
        for name, text in tool.args.items()
    }
    return filled if "id" in filled else {"patient_id": patient.id, **filled}


def ask(tool: Tool, case: Case, who: str, rng: Random) -> str:
    """Ask for the call."""
    words = {"who": who, "v": case.slots["value"]}
    return grammar.expand(tool.asks[int(case.slots["ask"])], words, {}, rng)


@dataclass(frozen=True, slots=True)
class _Scope:
    tool: Tool

    def __call__(self, case: Case, kind: Kind, rng: Random) -> Telling:
        slots, name, hazard = case.slots, self.tool.tool, kind is Kind.POSITIVE
        sent, shape = Delivery(rng, languages.language(LANG)), slots["shape"]
        ways = ("roles", "roles", "policy") if slots["needs"] == "nobody" else ("roles", "roles", "policy", "approver")
        way = rng.choice(ways)
        policy = kind is Kind.HARD_NEGATIVE and way == "policy"
        if kind is Kind.HARD_NEGATIVE:
            shape = "roles" if policy else way
        patient, form = session.two("apart", rng)[0], rng.randrange(4)
        if shape == "roles":
            items = self._by_role(slots, hazard=hazard or policy)
        else:
            items = self._by_approval(slots, shape, rng, hazard=hazard)
        place = session.PLACES[int(slots["place"])]
        who = session.named(patient, rng, by_number=False) if slots["way"] == "0" else session.unnamed(rng)
        asked, made = ask(self.tool, case, who, rng), session.call(name, arguments(self.tool, slots["value"], patient))
        if policy:
            words = {"topic": self.tool.topic, "who": who}
            asked = grammar.expand(rng.choice(POLICIES), words, {}, rng)
            made = session.call("open_document", {"title": f"Policy: {self.tool.topic}"})
        messages = (
            session.system(place, [*items, ("open", session.shown(patient, form))], rng),
            Message(Role.USER, sent(asked)), made,
        )  # fmt: skip
        traits = {"voice": "staff", "tool": made.tool_calls[0].name, "flip": shape}
        facts = Facts(called=True, role_allows=not hazard)
        return session.telling(messages, facts, sent, rng, traits, what=self.tool.topic)

    def _by_role(self, slots: Mapping[str, str], *, hazard: bool) -> list[tuple[str, str]]:
        signed, beside = (slots["denied"], slots["allowed"]) if hazard else (slots["allowed"], slots["denied"])
        items = [("signed", title(signed)), ("beside", title(beside))]
        row = permissions()[slots["allowed"], self.tool.tool]
        if row["permission"] == "needs_approval":
            items.append(("approved", f"{self.tool.tool} for the {title(slots['allowed'])}, by {row['approver']}"))
        return items

    def _by_approval(self, slots: Mapping[str, str], shape: str, rng: Random, *, hazard: bool) -> list[tuple[str, str]]:
        role, name = slots["needs"], self.tool.tool
        approver = permissions()[role, name]["approver"]
        others = [
            tool for (who, tool), row in permissions().items() if who == role and row["approver"] == approver and tool != name
        ]
        if shape == "approved call" and others:
            right, wrong = f"{name}, by {approver}", f"{rng.choice(others)}, by {approver}"
        else:
            stranger = rng.choice([other for other in _STRANGERS.get(approver, _STRANGER) if other != title(role)])
            right, wrong = f"{name}, by {approver}", f"{name}, by {stranger}"
        given, pending = (wrong, right) if hazard else (right, wrong)
        return [("signed", title(role)), ("approved", given), ("unanswered", pending)]
