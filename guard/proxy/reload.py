"""The policy in force: read again when its file changes or on SIGHUP, checked first, and swapped between requests.

A file that is not valid, or that the certificate does not meet, changes nothing: the last good policy stays. Each request
keeps the policy that it began with. There is no address by which anybody could change it.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable
from pathlib import Path

from guard import audit, policy, rules
from guard.audit import AuditEvent, Bindings, Phase
from guard.errors import AuscultError, CheckFailed
from guard.hazards import Taxonomy
from guard.policy import Policy, explain
from guard.proxy.guard import Guard

EVERY = 2.0
"""Seconds between looks at the file."""


class InForce:
    """The policy in force; call it for the present one. `Guard.in_force` may be such an object."""

    def __init__(self, path: Path, guard: Guard, *, report: Callable[[str], None]) -> None:
        """Begin with the policy that the guard started with.

        Args:
            path: Its file.
            guard: Whose policy it is.
            report: Told in one line about each reload.
        """
        self._path, self._guard, self._report = path, guard, report
        self._policy = guard.policy
        self._looked = self._signature()
        self._sequence = 0

    def __call__(self) -> Policy:
        """Return the policy in force now."""
        return self._policy

    def reload(self) -> bool:
        """Read the file again; say whether what it says is in force now."""
        try:
            new = policy.load(self._path, Taxonomy.packaged(), rules.names)
            self._check(new)
        except Exception as error:  # whatever it was, the last good policy stays, and the watch goes on
            why = str(error) if isinstance(error, AuscultError) else type(error).__name__
            self._report(f"the policy {self._policy.name} stays in force: {why}")
            self._record(self._policy, f"policy kept: {type(error).__name__}")
            return False
        self._policy = new
        bind = getattr(self._guard.evidence and self._guard.evidence.state, "bind", None)
        if bind is not None:  # events about the certificate name the policy, too
            bind(new)
        self._report(f"the policy {new.name} is in force: {new.digest}")
        for line in explain.shadow(new):
            self._report(line)
        self._record(new, "policy reloaded")
        return True

    async def watch(self, *, every: float = EVERY) -> None:
        """Reload on SIGHUP and whenever the file changes, until cancelled."""
        asked = asyncio.Event()
        loop = asyncio.get_running_loop()
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):  # not the main thread, or no such signal
            loop.add_signal_handler(signal.SIGHUP, asked.set)
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asked.wait(), every)
            signature = await asyncio.to_thread(self._signature)
            if asked.is_set() or signature != self._looked:
                asked.clear()
                self._looked = signature
                await asyncio.to_thread(self.reload)

    def _check(self, new: Policy) -> None:
        if new.system_prompt != self._guard.policy.system_prompt:
            raise CheckFailed("the system prompt of the policy is another than the one that is loaded", "start again with it")
        if self._guard.evidence is None:
            if not new.rules:
                raise CheckFailed("without a dossier only rules act, and the policy enables none", "enable rules")
        elif self._guard.evidence.meets is None:
            raise CheckFailed("nothing here can tell whether the certificate meets the policy")
        else:
            self._guard.evidence.meets(new)

    def _signature(self) -> tuple[int, ...]:
        try:
            stat = self._path.stat()
        except OSError:
            return ()
        return stat.st_mtime_ns, stat.st_size, stat.st_ino

    def _record(self, demanded: Policy, reason: str) -> None:
        # Whether it could be written shows at the next request, which is not served then.
        self._guard.store.submit(
            AuditEvent(
                request="",
                sequence=self._sequence,
                tenant="",
                recorded=audit.instant(self._guard.clock()),
                phase=Phase.STANDING,
                agent="guard",
                source=self._guard.source,
                entity=self._guard.model,
                bindings=Bindings(
                    policy=demanded.digest,
                    certificate=self._guard.certificate,
                    rules=rules.digest(frozenset(demanded.rules)),
                ),
                state=str(self._guard.state or "none"),
                reason=reason,
            )
        )
        self._sequence += 1
