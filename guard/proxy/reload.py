"""Policy and API keys in force: read again when their files change or on SIGHUP, checked first, and swapped between requests.

A file that is not valid, or a policy that the certificate does not meet, changes nothing: the last good one stays. Each
request keeps the policy that it began with. There is no address by which anybody could change either.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from guard import policy, rules
from guard.errors import AuscultError, CheckFailed
from guard.hazards import Taxonomy
from guard.policy import Policy, explain
from guard.proxy import following
from guard.proxy.auth import Caller, Keys
from guard.proxy.following import EVERY, Followed, Noted
from guard.proxy.guard import Guard


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
        self._record = Noted(guard)
        self.file = Followed(path, same=self._same, reload=self.reload)
        """What is followed."""

    def __call__(self) -> Policy:
        """Return the policy in force now."""
        return self._policy

    def reload(self) -> bool:
        """Read the file again; say whether what it says is in force now."""
        try:
            new = self._load()
            self._check(new)
        except Exception as error:  # whatever it was, the last good policy stays, and the watch goes on
            self._report(f"the policy {self._policy.name} stays in force: {_why(error)}")
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
        await following.watch([self.file], every=every)

    def _load(self) -> Policy:
        return policy.load(self._path, Taxonomy.packaged(), rules.names)

    def _same(self) -> bool:
        try:
            return self._load().digest == self._policy.digest
        except Exception:  # `reload` says what is wrong with it
            return False

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


class KeysInForce:
    """The API keys in force; it knows callers as `Keys` does."""

    def __init__(self, path: Path, keys: Keys, guard: Guard, *, report: Callable[[str], None]) -> None:
        """Begin with the keys that the guard started with.

        Args:
            path: Their file.
            keys: What it said; at least one.
            guard: Whose they are.
            report: Told in one line about each reload.
        """
        self._path, self._keys, self._guard, self._report = path, keys, guard, report
        self._record = Noted(guard)
        self.file = Followed(path, same=self._same, reload=self.reload)
        """What is followed."""

    def caller(self, authorization: str, route: str = "") -> Caller:
        """Return who sends an `Authorization` header; see `Keys.caller`.

        Raises:
            RequestRefused: The header holds no key that counts now, or not for this route.
        """
        return self._keys.caller(authorization, route)

    def reload(self) -> bool:
        """Read the file again; say whether its keys are in force now."""
        in_force = (self._guard.in_force or (lambda: self._guard.policy))()
        try:
            self._keys = self._read()
        except Exception as error:  # whatever it was, the last good keys stay, and the watch goes on
            self._report(f"the API keys stay as they were: {_why(error)}")
            self._record(in_force, f"keys kept: {type(error).__name__}")
            return False
        self._report(f"API keys in force: {len(self._keys.callers)}")
        self._record(in_force, "keys reloaded")
        return True

    def _read(self) -> Keys:
        return Keys.read(self._path, clock=self._keys.clock)

    def _same(self) -> bool:
        try:
            return self._read() == self._keys
        except Exception:  # `reload` says what is wrong with it
            return False


def _why(error: Exception) -> str:
    return str(error) if isinstance(error, AuscultError) else type(error).__name__
