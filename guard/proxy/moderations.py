"""`POST /v1/moderations`: texts judged as a user's, each with a trail of its own; nobody answers them.

Flagged is what the guard would have acted on, a missing score included. Scores go only to keys with the scope `scores`: with
them somebody could feel the way around the monitors.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from guard.audit import worst
from guard.conversation import Conversation, Message, Role
from guard.errors import RequestRefused
from guard.hazards import Claim, Stage
from guard.policy import Action, Policy, strictest
from guard.proxy import messages, reply
from guard.proxy.auth import Caller
from guard.proxy.exchange import Exchange
from guard.proxy.guard import Guard
from guard.proxy.wire import ChatRequest
from guard.scores import ProbeScore

MOST = 32
"""Texts of one request."""


def read(value: dict[str, Any]) -> tuple[str, ...]:
    """Return the texts of a request.

    Raises:
        RequestRefused: There is none, there are too many, or one is no text.
    """
    if set(value) - {"input", "model"} or not isinstance(value.get("model", ""), str):
        raise RequestRefused("the request holds a field that is not served", code="unknown_parameter")
    given = value.get("input")
    items = given if isinstance(given, list) else [given]
    if items and all(isinstance(item, dict) for item in items):
        items = [messages.join("input", items)]
    if not 1 <= len(items) <= MOST or not all(isinstance(item, str) and item.strip() for item in items):
        raise RequestRefused(f"input is not a text or up to {MOST} of them", code="invalid_value", param="input")
    return tuple(items)


def exchange_of(guard: Guard, caller: Caller, text: str) -> Exchange:
    """Return the exchange in which a text is judged."""
    asked = ChatRequest(model=guard.model, conversation=Conversation((Message(Role.USER, text),)), sampling=guard.sampling)
    return Exchange(guard, caller, asked)


def body(guard: Guard, caller: Caller, heard: Sequence[Exchange]) -> bytes:
    """Encode what was found."""
    results = [_result(guard.demands, one, with_scores="scores" in caller.scopes) for one in heard]
    return reply.encode({"id": f"modr-{heard[0].id}", "model": guard.model, "results": results})


def headers(guard: Guard, heard: Sequence[Exchange]) -> dict[str, str]:
    """Return the headers that say what was decided about all of them together."""
    return {
        "Cache-Control": "no-store",
        "Auscult-Request": ", ".join(one.id for one in heard),
        "Auscult-Certificate": guard.certificate,
        "Auscult-Action": str(strictest(*(one.action for one in heard))),
        "Auscult-Status": str(worst(*(one.status for one in heard))),
    }


def _result(policy: Policy, heard: Exchange, *, with_scores: bool) -> dict[str, Any]:
    found = {_name(cause.source) for cause in heard.verdict.causes}
    names = [demand.claim.hazard for demand in policy.at(Stage.PROMPT)] + list(policy.rules)
    scores = {
        score.claim.hazard: _squeeze(score.value)
        for judgement in heard.judgements
        for score in judgement.scores
        if isinstance(score, ProbeScore)
    }
    return {
        "flagged": heard.verdict.action is not Action.ALLOW,
        "categories": {name: name in found for name in dict.fromkeys((*names, *sorted(found)))},
        "category_scores": scores if with_scores else {},
        "category_applied_input_types": {name: ["text"] for name in dict.fromkeys((*names, *sorted(found)))},
    }


def _name(source: Claim | str) -> str:
    return source.hazard if isinstance(source, Claim) else source


def _squeeze(logit: float) -> float:
    """Put a logit between 0 and 1, which is what this format has room for; it is no probability."""
    return 0.5 * (1.0 + math.tanh(logit / 2.0)) if math.isfinite(logit) else 1.0
