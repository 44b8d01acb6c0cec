"""Everything that one running guard is made of, put together once and handed down."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol

from guard import __version__, digest, rules
from guard.conversation import Conversation
from guard.digest import Digest
from guard.errors import InputError
from guard.points import Thresholds
from guard.policy import Policy, required
from guard.scores import Score
from guard.store import Store
from guard.subjects.events import Event, Sampling, Wishes
from guard.validity import Signal, State

SECRET = 32
"""Least length of the secret, in bytes."""


class Answering(Protocol):
    """What judges a conversation and answers it: `guard.subjects.engine.Engine` in this process, `Relay` with an upstream."""

    def generate(self, conversation: Conversation, sampling: Sampling, wishes: Wishes) -> AsyncGenerator[Event, None]:
        """Yield `Prefilled`, then `Step`s, then `Called` if there are calls, then `End`; closing stops it."""
        ...


def now() -> datetime:
    """Return the wall clock's moment."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What stands behind the thresholds: a verified certificate, and whether it may be leaned on now."""

    certificate: Digest
    """Digest of the certificate's payload."""
    thresholds: Thresholds
    """Its operating points."""
    state: Callable[[], State]
    """Asked for each request."""
    meets: Callable[[Policy], None] | None = None
    """Raises `CheckFailed` for a policy that the certificate does not meet; None can't tell, and then none is taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """A running guard."""

    policy: Policy
    """What is demanded. Without evidence only its rules act."""
    engine: Answering
    """The model."""
    model: str
    """Name under which clients ask for it."""
    store: Store
    """Where events go."""
    evidence: Evidence | None = None
    """Of the certificate; None serves with rules only, and says "none" in every answer."""
    sampling: Sampling = field(default_factory=Sampling)
    """Settings where the client asks for none: those that the certificate names."""
    can: frozenset[str] = frozenset()
    """Fields of `wishes.ALL` that the model can do."""
    offered: Callable[[], Awaitable[tuple[str, ...]]] | None = None
    """Asks for the names under which clients may ask; only `model` if None."""
    follow: Callable[[Conversation], Awaitable[tuple[Score, ...]]] | None = None
    """Scores an answer that somebody else gave; None where nobody can, and then the policy's fail modes hold."""
    silence: float | None = None
    """Seconds to wait for the next piece of an answer; as `patience` if None. An upstream has limits of its own."""
    alone: str = ""
    """Why answers of a model in this process take turns; empty where they share passes, and before an upstream."""
    emergency: str = ""
    """Number to call in texts; the usual one of the language if empty."""
    patience: float = 30.0
    """Seconds to wait for the engine before a score counts as unavailable."""
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    """Digests of text are keyed with keys made from it, one for each tenant."""
    clock: Callable[[], datetime] = now
    """The wall clock."""
    identifier: Callable[[], str] = lambda: secrets.token_hex(16)
    """Names a request."""
    seed: Callable[[], int] = lambda: secrets.randbits(63)
    """Seeds the sampling of a request that brings no seed."""
    source: str = f"auscult {__version__}"
    """Names this guard in events."""

    in_force: Callable[[], Policy] | None = None
    """Returns the policy of the moment; `policy` if None."""
    demands: Policy = field(init=False, repr=False, compare=False)
    """The policy as far as it can be met: without evidence no monitor can be held against anything."""

    def __post_init__(self) -> None:
        """Refuse a secret that can be guessed.

        Raises:
            InputError: It is shorter than 32 bytes.
        """
        if len(self.secret) < SECRET:
            raise InputError("the secret for digests of text is too short", f"use at least {SECRET} random bytes")
        object.__setattr__(self, "demands", self.policy if self.evidence else replace(self.policy, requires=()))

    @property
    def state(self) -> State | None:
        """State of the certificate now; None without one."""
        return self.evidence.state() if self.evidence else None

    @property
    def certificate(self) -> str:
        """Digest of the certificate, or "none"."""
        return self.evidence.certificate if self.evidence else "none"

    @property
    def thresholds(self) -> Thresholds:
        """Operating points; none without evidence."""
        return self.evidence.thresholds if self.evidence else {}

    @property
    def rules(self) -> Digest:
        """Digest of the policy's rule set."""
        return rules.digest(frozenset(self.policy.rules))

    @property
    def signals(self) -> frozenset[Signal]:
        """Why the certificate is in its state, as far as whoever tells the state knows."""
        found: frozenset[Signal] = getattr(self.evidence.state, "signals", frozenset()) if self.evidence else frozenset()
        return found

    def serving(self, tenant: str, route: str, demanded: str = "") -> Guard:
        """Return the guard as it serves one request: by the policy in force now, for its tenant and route.

        Args:
            tenant: Of the caller.
            route: Path of the request.
            demanded: What the client demands beyond that, as in `policy.HEADER`.

        Raises:
            RequestRefused: The client's demand can't be read, or names what is not there.
        """
        now_ = self.in_force() if self.in_force else self.policy
        wanted = required(now_.effective(tenant, route), demanded, rules.names)
        return self if wanted is self.policy else replace(self, policy=wanted)

    async def names(self) -> tuple[str, ...]:
        """Return the names of models under which clients may ask.

        Raises:
            UpstreamError: Only an upstream knows, and it does not say.
        """
        return await self.offered() if self.offered else (self.model,)

    def digest_of(self, tenant: str, text: str) -> str:
        """Return the digest of a text, keyed for a tenant."""
        return digest.keyed(hmac.digest(self.secret, tenant.encode(), "sha256"), text)
