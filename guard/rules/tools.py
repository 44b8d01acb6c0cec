"""Which tools an assistant may call for whom, and with what arguments.

Comes in: a tool call. Goes out: the span of its arguments if the call is not allowed: the tool is unknown, the role may not
use it or needs an approval first, or the arguments are not a flat object with the documented names. Each role of
`policies/facts/roles.csv` is a rule of its own, `tools:<role>`, so that a certificate names the role by the rule.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any, NoReturn

from guard.conversation import ToolCall
from guard.rules import tables
from guard.rules.passage import Passage, Reading

TABLES = ("policies/facts/tools.csv", "policies/facts/roles.csv")
"""What tools there are, and which role may use them."""
ROLES = (
    "patient", "proxy", "visitor", "receptionist", "medical_secretary", "coder", "healthcare_assistant", "nurse",
    "midwife", "pharmacist", "paramedic", "physiotherapist", "medical_student", "resident_doctor", "senior_doctor",
    "researcher", "records_officer", "assistant_agent",
)  # fmt: skip
"""All roles of the table; written here, too, so that nothing is read before a rule is used."""
_DOSE = ("drug", "dose", "unit")
LONGEST = 4_000
"""Characters of one argument."""
MOST = 50
"""Elements of a list."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What the arguments of a tool look like."""

    arguments: frozenset[str]
    """Names that may stand there."""
    needed: frozenset[str]
    """Names that must."""


@cache
def shapes() -> dict[str, Shape]:
    """Return the shape of each tool's arguments."""
    return {
        row["id"]: Shape(
            frozenset(tables.split(row["arguments"])),
            frozenset((*tables.split(row["patient_argument"]), *(_DOSE if row["dose_bound"] == "yes" else ()))),
        )
        for row in tables.rows(TABLES[0])
    }


@cache
def allowed(role: str) -> frozenset[str]:
    """Return the tools that a role may use without anybody's approval."""
    return frozenset(row["tool"] for row in tables.rows(TABLES[1]) if (row["role"], row["permission"]) == (role, "allowed"))


@dataclass(frozen=True, slots=True)
class Tools:
    """The rule `tools:<role>`."""

    role: str
    """For whom the assistant acts."""

    def read(self, passage: Passage) -> Reading:
        """Find a call that is not allowed; text is none."""
        whole = len(passage.text)
        permitted = passage.call is None or permits(self.role, passage.call)
        return Reading(() if permitted else ((0, whole),), whole, whole)


def permits(role: str, call: ToolCall) -> bool:
    """Tell whether a role may make a call, by the tool's name and the shape of its arguments."""
    shape = shapes().get(call.name)
    if shape is None or call.name not in allowed(role):
        return False
    try:
        arguments = json.loads(call.arguments, object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return False
    if not isinstance(arguments, dict) or not shape.needed <= set(arguments) <= shape.arguments:
        return False
    return all(_flat(value) for value in arguments.values())


def _flat(value: Any) -> bool:
    if isinstance(value, list):
        return len(value) <= MOST and all(not isinstance(item, list) and _flat(item) for item in value)
    return not isinstance(value, dict) and len(str(value)) <= LONGEST


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError
    return dict(pairs)


def _no_constant(_: str) -> NoReturn:
    raise ValueError
