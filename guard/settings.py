"""What an installation of the guard can set: read once at start-up, then handed down. Policy is content, not a setting.

Comes in: arguments of the command line and `AUSCULT_*` variables; an argument wins. Nothing
else of a running guard reads the environment.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from guard.errors import InputError

PREFIX = "AUSCULT_"
_ELSEWHERE = frozenset({"AUSCULT_HOME", "AUSCULT_KEY_PASSWORD"})
"""Variables that are no settings of a guard: signing, and where models are kept, read them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one running guard."""

    host: str = "127.0.0.1"
    """Address to listen on; any but loopback needs `keys`."""
    port: int = 8000
    """Port to listen on."""
    policy: Path | None = None
    """Policy file; the packaged one if absent."""
    trust: Path | None = None
    """Public key, or folder of public keys, of certifiers that are trusted."""
    store: str = "sqlite:///auscult-audit.sqlite"
    """URL of the audit store."""
    keys: Path | None = None
    """File of API keys, as digests."""
    secret: Path | None = None
    """File with at least 32 bytes, from which the keys of text digests are made; random for each start if absent."""
    emergency: str = ""
    """Number that emergency texts tell people to call; the usual ones of the conversation's language if empty."""
    patience: float = 30.0
    """Seconds to wait for the engine before a score counts as unavailable."""
    body: int = 1_048_576
    """Longest request in bytes."""


def read(arguments: Mapping[str, Any], environment: Mapping[str, str] | None = None) -> Settings:
    """Join arguments and environment; arguments that are None count as not given.

    Args:
        arguments: By field name.
        environment: `os.environ` if None.

    Raises:
        InputError: An unknown argument or `AUSCULT_*` variable (a misspelt one must not be ignored), or a bad value.
    """
    environment = os.environ if environment is None else environment
    known = {field.name: field.type for field in fields(Settings)}
    values: dict[str, Any] = {}
    for name, text in environment.items():
        if name.startswith(PREFIX) and text and name not in _ELSEWHERE:
            values[name.removeprefix(PREFIX).lower()] = text
    values |= {name: value for name, value in arguments.items() if value is not None}
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise InputError(f"unknown setting {unknown[0][:40]!r}", f"known: {', '.join(known)}")
    return _checked(Settings(**{name: _value(name, str(known[name]), value) for name, value in values.items()}))


def _value(name: str, kind: str, value: Any) -> Any:
    try:
        if kind.startswith("Path"):
            return Path(value)
        return {"int": int, "float": float, "str": str}[kind](value)
    except (TypeError, ValueError) as error:
        raise InputError(f"the setting {name} is not a {'whole number' if kind == 'int' else 'number'}") from error


def _checked(settings: Settings) -> Settings:
    if not 0 <= settings.port <= 65_535:
        raise InputError("the setting port is not a port number")
    if not 0 < settings.patience < float("inf") or settings.body <= 0:
        raise InputError("the settings patience and body must be more than 0")
    return settings
