"""Names of models: those that clients use, and the upstream's own. Nothing is asked for that the upstream does not offer."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from guard.errors import InputError, UpstreamError

LASTS = 300.0
"""Seconds for which an upstream's list of models is believed."""


def read_map(text: str) -> dict[str, str]:
    """Read `ours=theirs,...`.

    Raises:
        InputError: An entry is not two names, or one of ours stands twice.
    """
    pairs = [entry.partition("=") for entry in text.split(",") if entry]
    names = {ours.strip(): theirs.strip() for ours, _, theirs in pairs}
    if len(names) != len(pairs) or not all(ours and theirs for ours, theirs in names.items()):
        raise InputError("a model map is not ours=theirs, each of ours once", "write --model-map clinic=gpt-x")
    return names


@dataclass(slots=True, kw_only=True)
class Names:
    """Which models there are."""

    given: Mapping[str, str]
    """From the clients' names to the upstream's; empty to offer what the upstream offers, under its own names."""
    ask: Callable[[], Awaitable[tuple[str, ...]]]
    """Asks the upstream."""
    clock: Callable[[], float] = time.monotonic
    """Seconds."""
    _known: tuple[str, ...] = field(default=(), init=False)
    _asked: float | None = field(default=None, init=False)

    async def offered(self) -> tuple[str, ...]:
        """Return the clients' names.

        Raises:
            UpstreamError: Only the upstream knows, and it does not say.
        """
        if self.given:
            return tuple(self.given)
        if self._asked is None or self.clock() - self._asked > LASTS:
            self._known = await self.ask()
            self._asked = self.clock()
        return self._known

    async def theirs(self, ours: str) -> str:
        """Return the upstream's name of a model.

        Raises:
            UpstreamError: There is none.
        """
        if ours not in await self.offered():
            raise UpstreamError("no such model is behind the guard", code="model_not_found", status=404)
        return self.given.get(ours, ours)
