"""What an installation of the guard can set: read once at start-up, then handed down. Policy is content, not a setting.

Comes in: arguments of the command line and `AUSCULT_*` variables; an argument wins. Nothing
else of a running guard reads the environment.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from guard.errors import InputError

PREFIX = "AUSCULT_"
_ELSEWHERE = frozenset({"AUSCULT_HOME", "AUSCULT_KEY_PASSWORD", "AUSCULT_PKCS11_MODULE", "AUSCULT_PKCS11_PIN"})
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
    revocations: Path | None = None
    """Revocation list beside those of the trust folder."""
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
    batch: int = 8
    """Most answers of a model in this process that share a forward pass; 1 lets them take turns."""
    body: int = 1_048_576
    """Longest request in bytes."""
    upstream: str = ""
    """Address of the OpenAI-compatible server that answers; empty for a model in this process."""
    upstream_key: str = field(default="", repr=False)
    """Its API key; from the environment only, and in no log."""
    upstream_timeouts: str = "5,60,30,600"
    """Seconds until it is connected, until the first byte, between two pieces, and in total."""
    model_map: str = ""
    """`ours=theirs,...`: names of models for clients, and the upstream's; its own names if empty."""

    tls_cert: Path | None = None
    """Certificate chain of the server, PEM."""
    tls_key: Path | None = None
    """Its private key, PEM."""
    unsafe_plain_http: bool = False
    """Whether to listen beyond loopback although nothing is encrypted, because something in front does that."""
    hosts: str = ""
    """Names that requests may be sent to, with commas; on loopback this machine's, elsewhere every one, if empty."""
    rate: int = 0
    """Requests a minute for each API key that has no number of its own; 0 for as many as it likes."""
    metrics: str = ""
    """`host:port` for Prometheus; none if empty."""
    traces: str = ""
    """Address of an OpenTelemetry collector (OTLP over HTTP); none if empty."""
    log: str = "warning"
    """What is logged: `warning`, or `info` for a line for each request."""
    checkpoints: Path | None = None
    """File, best on another machine, to which the head of the audit chain is written now and then."""
    checkpoint_key: str = ""
    """Key that signs what is written there, as a file or a `pkcs11:` URI; the guard's own, never a certifier's."""


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
        makes: dict[str, Callable[[Any], Any]] = {"int": int, "float": float, "str": str, "bool": _truth}
        return makes[kind](value)
    except (TypeError, ValueError) as error:
        wanted = {"int": "a whole number", "bool": "true or false"}.get(kind, "a number")
        raise InputError(f"the setting {name} is not {wanted}") from error


def _truth(value: Any) -> bool:
    if (word := str(value).lower()) not in ("true", "1", "false", "0"):
        raise ValueError
    return word in ("true", "1")


def _checked(settings: Settings) -> Settings:
    if not 0 <= settings.port <= 65_535:
        raise InputError("the setting port is not a port number")
    if not 0 < settings.patience < float("inf") or settings.body <= 0:
        raise InputError("the settings patience and body must be more than 0")
    if settings.batch < 1:
        raise InputError("the setting batch must be at least 1")
    if settings.rate < 0:
        raise InputError("the setting rate must not be less than 0")
    if (settings.tls_cert is None) != (settings.tls_key is None):
        raise InputError("a certificate for TLS needs its key, and a key its certificate", "name --tls-cert and --tls-key")
    if settings.checkpoint_key and settings.checkpoints is None:
        raise InputError("a key for checkpoints needs a file for them", "name --checkpoints")
    if settings.log not in ("info", "warning", "error"):
        raise InputError("the setting log is none of info, warning and error")
    return settings
