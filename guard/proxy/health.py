"""What whoever looks after the process asks: does it live, and may it be sent requests.

Not ready is a guard whose audit trail can't be written, for it serves nothing then, and one whose certificate is void, for
another replica may be the model that was certified. What a certificate that ran out means is the policy's to say: it is ready.
"""

from __future__ import annotations

import json

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from guard import audit
from guard.audit import AuditEvent, Bindings, Phase
from guard.errors import StoreError
from guard.proxy.guard import Guard
from guard.proxy.serving import HEADERS, JSON
from guard.validity import State


def handlers(guard: Guard) -> list[HTTPRouteHandler]:
    """Return the route handlers; they need no key."""

    @get("/healthz")
    async def health() -> Response[bytes]:
        """Say that the process lives, and what its certificate is worth."""
        return _said(guard, "ok", 200)

    @get("/readyz")
    async def ready() -> Response[bytes]:
        """Say whether requests are served, and if not, why."""
        if guard.store.failing and not await _written_again(guard):
            return _said(guard, "the audit trail can't be written", 503)
        if guard.state is State.VOID:
            return _said(guard, "the certificate is void", 503)
        return _said(guard, "ok", 200)

    return [health, ready]


async def _written_again(guard: Guard) -> bool:
    """Try to write: no request would come and show that the trail can be written again."""
    event = AuditEvent(
        request="", sequence=0, tenant="", recorded=audit.instant(guard.clock()), phase=Phase.STANDING, agent="guard",
        source=guard.source, entity=guard.model, bindings=Bindings(policy=guard.policy.digest, certificate=guard.certificate),
        state=str(guard.state or "none"), reason="the audit trail is written again",
    )  # fmt: skip
    try:
        await guard.store.append(event)
    except StoreError:
        return False
    return True


def _said(guard: Guard, status: str, code: int) -> Response[bytes]:
    facts = {"status": status, "certificate": guard.certificate, "state": guard.state or "none"}
    if guard.alone:  # it serves, but fewer at a time
        facts |= {"answers": "take turns", "why": guard.alone}
    return Response(json.dumps(facts).encode(), status_code=code, media_type=JSON, headers=HEADERS)
