"""Who asks: API keys, kept as digests, each for a tenant, routes and a time. Without keys only this machine may ask."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Protocol

import msgspec

from guard import files
from guard.errors import InputError, RequestRefused


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks."""

    agent: str
    """Id of the API key, or `local`; stands in audit events."""
    tenant: str
    """For whom: digests of text are keyed by it."""
    scopes: frozenset[str] = frozenset()
    """What the key may ask for beyond answers: `scores`."""
    routes: frozenset[str] = frozenset()
    """Paths that it may ask; empty for all."""
    rate: int = 0
    """Requests a minute; 0 for the usual number."""


LOCAL = Caller("local", "local")
"""Anybody on this machine, where there are no keys; without a key nobody gets scores, which would help to get round them."""


class _Key(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    sha256: str
    tenant: str = "default"
    scopes: tuple[Literal["scores"], ...] = ()
    routes: tuple[str, ...] = ()
    rate: int = 0
    not_before: datetime | None = None
    not_after: datetime | None = None


def _now() -> datetime:
    return datetime.now(UTC)


_ALWAYS = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
Window = tuple[datetime, datetime]
"""From when to when a key counts."""


@dataclass(frozen=True, slots=True)
class Keys:
    """API keys of an installation; empty means that none are asked for."""

    callers: Mapping[bytes, Caller]
    """By SHA-256 of the key."""
    windows: Mapping[bytes, Window] = field(default_factory=dict)
    """By the same, where a key does not count always."""
    clock: Callable[[], datetime] = field(default=_now)
    """The wall clock: a key counts from `not_before` to `not_after`."""

    @classmethod
    def read(cls, path: Path, *, clock: Callable[[], datetime] = _now) -> Keys:
        """Read a file `[{"id": ..., "sha256": <hex of the key's digest>, "tenant": ..., "scopes": [...], ...}]`.

        Two keys may have one id while one takes the other's place: the first then has a `not_after`, and both are for the
        same tenant, scopes and routes.

        Raises:
            InputError: It can't be read, is not in that form, is empty, or holds a key twice, or an id without windows.
        """
        try:
            keys = msgspec.json.decode(files.read(path), type=tuple[_Key, ...])
            callers = {bytes.fromhex(key.sha256): _caller(key) for key in keys}
            windows = {bytes.fromhex(key.sha256): _window(key) for key in keys}
        except (msgspec.MsgspecError, ValueError) as error:
            raise InputError(f"{path} is not a list of API keys", "write [{id, sha256, tenant}]") from error
        if not keys or len(callers) != len(keys) or any(len(key) != 32 for key in callers):
            raise InputError(f"{path} holds no key, a key twice, or a digest that is not SHA-256")
        _check_rotation(path, keys)
        return cls(callers, windows, clock)

    @property
    def asked(self) -> bool:
        """Whether a key is asked for."""
        return bool(self.callers)

    def caller(self, authorization: str, route: str = "") -> Caller:
        """Return who sends an `Authorization` header.

        Args:
            authorization: The header.
            route: Path of the request.

        Raises:
            RequestRefused: There are keys, and the header holds none of them that counts now, or not for this route.
        """
        if not self.callers:
            return LOCAL
        scheme, _, key = authorization.partition(" ")
        given = hashlib.sha256(key.strip().encode()).digest()
        found: Caller | None = None
        # All of them are compared, so that the time tells nothing.
        for known, caller in self.callers.items():
            if hmac.compare_digest(known, given):
                found = caller
        if found is None or scheme.lower() != "bearer" or not self._counts(given):
            raise RequestRefused("the API key is missing or not known", code="invalid_api_key", status=401)
        if route and found.routes and route not in found.routes:
            raise RequestRefused("the API key is not for this address", code="route_not_allowed", status=403)
        return found

    def _counts(self, digest: bytes) -> bool:
        begins, ends = self.windows.get(digest, _ALWAYS)
        return begins <= self.clock() <= ends


class KnowsCallers(Protocol):
    """What tells who asks: `Keys`, or those of the moment."""

    def caller(self, authorization: str, route: str = "") -> Caller:
        """See `Keys.caller`."""
        ...


NO_KEYS = Keys({})
"""No keys are asked for."""


def _caller(key: _Key) -> Caller:
    if key.rate < 0 or not key.id:
        raise ValueError
    return Caller(key.id, key.tenant, frozenset(key.scopes), frozenset(key.routes), key.rate)


def _window(key: _Key) -> Window:
    begins, ends = key.not_before or _ALWAYS[0], key.not_after or _ALWAYS[1]
    if begins.tzinfo is None or ends.tzinfo is None or ends <= begins:
        raise ValueError
    return begins, ends


def _check_rotation(path: Path, keys: Sequence[_Key]) -> None:
    """Two keys of one id are a rotation: all but one end, and they are for the same."""
    by_id: dict[str, list[_Key]] = {}
    for key in keys:
        by_id.setdefault(key.id, []).append(key)
    for same in by_id.values():
        may = {(key.tenant, frozenset(key.scopes), frozenset(key.routes)) for key in same}
        if len(may) > 1 or sum(key.not_after is None for key in same) > 1:
            remedy = "give the older one a not_after, and both the same tenant, scopes and routes"
            raise InputError(f"{path} holds an id twice, and it is no rotation", remedy)


def check_bind(host: str, keys: Keys, *, encrypted: bool = True) -> None:
    """Refuse to listen where others can reach us without keys, or where others can read along.

    Raises:
        InputError: `host` is not loopback, and there are no keys, or connections are not encrypted.
    """
    if is_loopback(host):
        return
    if not keys.asked:
        raise InputError(f"{host} can be reached by others, and there are no API keys", "listen on 127.0.0.1 or set keys")
    if not encrypted:
        remedy = "name --tls-cert and --tls-key, or say --unsafe-plain-http where something in front encrypts"
        raise InputError(f"{host} can be reached by others, and nothing is encrypted", remedy)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address. A name other than localhost may mean anything, so it is not."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
