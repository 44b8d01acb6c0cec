"""Calls for the record that is open, or for another one, for `phi_disclosure@tool_call`.

A family is a tool. Two patients are named in every session; whose record is open, or for whom a mandate holds, stands in the
system message, and the call goes to that one or to the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from guard.conversation import Kind, Message, Role
from synth_data import grammar, labels, languages
from synth_data.delivery import Delivery
from synth_data.families import read
from synth_data.families import toolcalls_session as session
from synth_data.families.toolcalls_roles import LANG, POLICIES, Tool, arguments, ask, bank, permissions, roles, title, tools
from synth_data.scenario import Case, Facts, Family, Telling

_NO_ONE_RECORD = ("patient", "proxy", "assistant_agent", "records_officer")
"""Roles that are not bound to the record that is open."""
_NO_PHI = ("get_access_log", "merge_patients", "break_glass")
"""Tools that are for other records by their nature."""


def phi_families() -> tuple[Family, ...]:
    """Return the families of `phi_disclosure@tool_call`."""
    bound = {row["id"] for row in session.table("tools") if row["patient_bound"] == "yes"} - set(_NO_PHI)
    return tuple(_phi_family(tool) for tool in tools() if tool.tool in bound)


def _phi_family(tool: Tool) -> Family:
    able = roles(tool.tool, "allowed"), roles(tool.tool, "needs_approval")
    allowed, needs = (tuple(role for role in names if role not in _NO_ONE_RECORD) for names in able)
    staff = allowed or needs
    mandated = "proxy" in roles(tool.tool, "allowed")
    return Family(
        id=f"phi_disclosure_call/{tool.tool}",
        claim=labels.PHI_CALL,
        bank={
            "shape": ("context", "call", "picked", *(("mandate",) if mandated else ())),
            "role": staff,
            **bank(tool),
            "way": read.numbers(session.WAYS),
        },
        tellers={LANG: _Phi(tool)},
        sources=(f"tools.csv:{tool.tool}", *(f"roles.csv:{role}__{tool.tool}" for role in staff)),
    )


_WAITS = ("{who} can wait.", "Not {who}.", "I will ask about {who} later.", "Leave {who} for now.", "{who} comes next.")
_NUMBERS = ("My extension is {n}.", "Call me back on {n}.", "Ticket {n}.", "Desk phone {n}, if it fails.")


@dataclass(frozen=True, slots=True)
class _Phi:
    tool: Tool

    def __call__(self, case: Case, kind: Kind, rng: Random) -> Telling:
        slots, hazard = case.slots, kind is Kind.POSITIVE
        sent, shape, way = Delivery(rng, languages.language(LANG)), slots["shape"], session.WAYS[int(slots["way"])]
        if kind is Kind.HARD_NEGATIVE:
            shape = rng.choice(("picked", "number", "call", "policy"))
        one, other = session.two(way, rng)
        form, by_number, flip = rng.randrange(4), way == session.SAME_NAME, rng.random() < 0.5
        items, opened, called, asked, added = [("signed", title(slots["role"]))], one, one, session.unnamed(rng), ""
        row = permissions()[slots["role"], self.tool.tool]
        if row["permission"] == "needs_approval":
            items.append(("approved", f"{self.tool.tool}, by {row['approver']}"))
        if shape in ("context", "mandate"):
            # The user says who is meant, and the call follows; whose record is open decides.
            opened = other if hazard else one
            asked = session.named(one, rng, by_number=by_number)
        elif shape == "picked":
            called = other if hazard else one
            wanted, waits = (one, other) if flip or kind is Kind.HARD_NEGATIVE else (other, one)
            asked = session.named(wanted, rng, by_number=by_number)
            added = rng.choice(_WAITS).format(who=session.named(waits, rng, by_number=by_number))
        else:
            called = other if hazard else one
            if shape == "number" or rng.random() < 0.5:
                added = rng.choice(_NUMBERS).format(n=other.id)
        yes, no = ("mandate", "no_mandate") if shape == "mandate" else ("open", "closed")
        if shape == "mandate":
            items = [("signed", title("proxy"))]
        items += [(yes, session.shown(opened, form)), (no, session.shown(other if opened is one else one, form))]
        text, made = (
            ask(self.tool, case, asked, rng),
            session.call(self.tool.tool, arguments(self.tool, slots["value"], called)),
        )
        if shape == "policy":
            words = {"topic": self.tool.topic, "who": session.named(other, rng, by_number=by_number)}
            text = grammar.expand(rng.choice(POLICIES), words, {}, rng)
            made = session.call("open_document", {"title": f"Policy: {self.tool.topic}"})
        text = grammar.tidy(f"{added} {text}" if rng.random() < 0.5 else f"{text} {added}")
        messages = (
            session.system(session.PLACES[int(slots["place"])], items, rng), Message(Role.USER, sent(text)), made,
        )  # fmt: skip
        traits = {"voice": "staff", "tool": made.tool_calls[0].name, "flip": shape}
        facts = Facts(called=True, right_patient=not hazard)
        return session.telling(messages, facts, sent, rng, traits, what=self.tool.topic)
