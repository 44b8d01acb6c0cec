"""Where demand and evidence meet: `check`, `fired`, `decide`. Pure.

`check(policy, certificate)` runs at every start and reload and raises. `fired(thresholds, judgements)` knows no policy;
`certify` counts errors with it, so that the certified loss is what the guard would have found. `decide(policy, findings)`
maps findings to an action.
"""

from __future__ import annotations

from guard.verdict.checking import check, check_all
from guard.verdict.deciding import Cause, Verdict, cause_of, decide
from guard.verdict.findings import Finding, FindingKind, Findings, fired, shifted, threshold_at

__all__ = [
    "Cause",
    "Finding",
    "FindingKind",
    "Findings",
    "Verdict",
    "cause_of",
    "check",
    "check_all",
    "decide",
    "fired",
    "shifted",
    "threshold_at",
]
