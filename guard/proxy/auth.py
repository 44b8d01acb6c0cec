"""Who asks: API keys, kept as digests. Without keys only this machine may ask."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

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


LOCAL = Caller("local", "local")
"""Anybody on this machine, where there are no keys."""


class _Key(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    sha256: str
    tenant: str = "default"


@dataclass(frozen=True, slots=True)
class Keys:
    """API keys of an installation; empty means that none are asked for."""

    callers: Mapping[bytes, Caller]
    """By SHA-256 of the key."""

    @classmethod
    def read(cls, path: Path) -> Keys:
        """Read a file `[{"id": ..., "sha256": <hex of the key's digest>, "tenant": ...}]`.

        Raises:
            InputError: It can't be read, is not in that form, is empty, or holds an id or a key twice.
        """
        try:
            keys = msgspec.json.decode(files.read(path), type=tuple[_Key, ...])
            callers = {bytes.fromhex(key.sha256): Caller(key.id, key.tenant) for key in keys}
        except (msgspec.MsgspecError, ValueError) as error:
            raise InputError(f"{path} is not a list of API keys", "write [{id, sha256, tenant}]") from error
        once = len(callers) == len({key.id for key in keys}) == len(keys)
        if not keys or not once or any(len(key) != 32 for key in callers):
            raise InputError(f"{path} holds no key, an id or a key twice, or a digest that is not SHA-256")
        return cls(callers)

    def caller(self, authorization: str) -> Caller:
        """Return who sends an `Authorization` header.

        Raises:
            RequestRefused: There are keys, and the header holds none of them.
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
        if found is None or scheme.lower() != "bearer":
            raise RequestRefused("the API key is missing or not known", code="invalid_api_key", status=401)
        return found


NO_KEYS = Keys({})
"""No keys are asked for."""


def check_bind(host: str, keys: Keys) -> None:
    """Refuse to listen where others can reach us without keys.

    Raises:
        InputError: `host` is not loopback and there are no keys.
    """
    if keys.callers or is_loopback(host):
        return
    raise InputError(f"{host} can be reached by others, and there are no API keys", "listen on 127.0.0.1 or set keys")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address. A name other than localhost may mean anything, so it is not."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
