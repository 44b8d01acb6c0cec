"""What a guard can do, from weak to strong, and for what reasons it can fail to know."""

from __future__ import annotations

import enum


class Action(enum.StrEnum):
    """What the guard does, from weakest to strongest."""

    ALLOW = "ALLOW"
    NOTICE = "NOTICE"
    ESCALATE = "ESCALATE"
    BLOCK = "BLOCK"

    @property
    def rank(self) -> int:
        """Strength: ALLOW 0 to BLOCK 3."""
        return _RANKS[self]


_RANKS = {action: rank for rank, action in enumerate(Action)}


def strictest(*actions: Action) -> Action:
    """Return the strongest of some actions; ALLOW of none."""
    return max(actions, key=lambda action: action.rank, default=Action.ALLOW)


class FailCause(enum.StrEnum):
    """Why it can't be known, or not with the certificate's bounds, whether something is hazardous."""

    ERROR = "error"
    TIMEOUT = "timeout"
    NAN = "nan"
    MISSING = "missing"
    UPSTREAM = "upstream"
    NOT_CERTIFIED = "not_certified"
    EXPIRED = "expired"
    SUSPENDED = "suspended"
    WRONG_MODEL = "wrong_model"
    CANARY_DRIFT = "canary_drift"
    STORE_DOWN = "store_down"

    @property
    def least(self) -> Action:
        """The weakest action that a policy may set for it."""
        return _LEAST.get(self, Action.ALLOW)

    @property
    def meaning(self) -> str:
        """In words, for people."""
        return _MEANINGS[self]


# Where no answer can be released, or the numbers are no longer about what runs, letting through is no choice.
_LEAST = {
    FailCause.UPSTREAM: Action.ESCALATE,
    FailCause.WRONG_MODEL: Action.ESCALATE,
    FailCause.CANARY_DRIFT: Action.ESCALATE,
    FailCause.STORE_DOWN: Action.BLOCK,
}
_MEANINGS = {
    FailCause.ERROR: "the monitor or the rule broke",
    FailCause.TIMEOUT: "the score did not come in time",
    FailCause.NAN: "the score is not a finite number",
    FailCause.MISSING: "nobody looked",
    FailCause.UPSTREAM: "the model's server answered with what can't be read",
    FailCause.NOT_CERTIFIED: "the conversation is outside every certified cell",
    FailCause.EXPIRED: "the certificate has run out",
    FailCause.SUSPENDED: "the certificate is suspended",
    FailCause.WRONG_MODEL: "the model or its set-up is no longer the certified one",
    FailCause.CANARY_DRIFT: "canaries no longer score as they did",
    FailCause.STORE_DOWN: "the audit trail can't be written",
}
UNAVAILABLE = (FailCause.ERROR, FailCause.TIMEOUT, FailCause.NAN, FailCause.MISSING, FailCause.UPSTREAM)
"""Causes that `on_unavailable` is about."""
OF_RULES = (FailCause.ERROR, FailCause.TIMEOUT, FailCause.MISSING)
"""Causes for which a rule can fail to look."""
EXPIRED = (FailCause.EXPIRED, FailCause.SUSPENDED)
"""Causes that `on_expired` is about."""
