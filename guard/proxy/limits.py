"""How often a key may ask: a bucket for each key, which fills steadily and holds what one minute brings.

Counted before a body is read, so that a refused request costs next to nothing. Each replica counts for itself.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from guard.errors import RateLimited
from guard.proxy.auth import Caller

MINUTE = 60.0


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


@dataclass(slots=True, kw_only=True)
class Rates:
    """The buckets of all keys."""

    usual: int = 0
    """Requests a minute for a key that has no number of its own; 0 for as many as it likes."""
    clock: Callable[[], float] = time.monotonic
    """In seconds."""
    _buckets: dict[str, _Bucket] = field(default_factory=dict)

    def admit(self, caller: Caller) -> None:
        """Count a request.

        Raises:
            RateLimited: The key has asked too often.
        """
        rate = caller.rate or self.usual
        if not rate:
            return
        now = self.clock()
        bucket = self._buckets.setdefault(caller.agent, _Bucket(rate, now))
        bucket.tokens = min(float(rate), bucket.tokens + (now - bucket.at) * rate / MINUTE)
        bucket.at = now
        if bucket.tokens < 1.0:
            raise RateLimited(math.ceil((1.0 - bucket.tokens) * MINUTE / rate))
        bucket.tokens -= 1.0
