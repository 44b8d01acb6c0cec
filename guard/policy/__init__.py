"""What a hospital demands: limits, actions and fail modes. Holds no threshold and knows nothing of certificates.

Comes in: strict YAML (no duplicate keys, no aliases, no tags). Goes out: `Policy`.
"""

from __future__ import annotations

from guard.policy.actions import Action, FailCause, strictest
from guard.policy.demanded import CERTIFICATE, Policy, Requirement, RuleDetail
from guard.policy.reading import load
from guard.policy.strict import strict_yaml
from guard.policy.tighten import HEADER, required
from guard.policy.written import (
    MONITOR,
    Audit,
    Content,
    Demand,
    Fields,
    Gate,
    GateMode,
    Overlay,
    PolicyFile,
    RuleDemand,
    SystemPrompt,
    Tighter,
    Whole,
    schema,
)

__all__ = [
    "CERTIFICATE",
    "HEADER",
    "MONITOR",
    "Action",
    "Audit",
    "Content",
    "Demand",
    "FailCause",
    "Fields",
    "Gate",
    "GateMode",
    "Overlay",
    "Policy",
    "PolicyFile",
    "Requirement",
    "RuleDemand",
    "RuleDetail",
    "SystemPrompt",
    "Tighter",
    "Whole",
    "load",
    "required",
    "schema",
    "strict_yaml",
    "strictest",
]
