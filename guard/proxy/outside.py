"""What an installation sets about the outside: who may come in and how, and who is told numbers, traces and checkpoints."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from guard import heads
from guard.errors import InputError
from guard.keys import SigningKey, key_id, signer
from guard.proxy import logs, metrics, tracing
from guard.proxy.app import BOUNDS, Watch
from guard.proxy.auth import is_loopback
from guard.proxy.guard import Guard
from guard.proxy.outer import LOOPBACK, Bounds, Watcher
from guard.settings import Settings
from guard.signing import open_key
from guard.trust import trusted


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """Settings of the outside."""

    bounds: Bounds = BOUNDS
    """What requests must keep to."""
    rate: int = 0
    """Requests a minute for a key."""
    tls: tuple[Path, Path] | None = None
    """Certificate chain and key."""
    metrics: str = ""
    """Address for Prometheus."""
    traces: str = ""
    """Address of a collector."""
    log: str = "warning"
    """What is logged."""
    checkpoints: Path | None = None
    """File of checkpoints."""
    checkpoint_key: SigningKey | None = None
    """Signs them."""


PLAIN = Outside()
"""On this machine only, and nobody is told anything."""


def read(settings: Settings) -> Outside:
    """Take what is about the outside from the settings.

    Raises:
        InputError: The certificate or key for TLS, or the key for checkpoints, can't be used.
    """
    tls = (settings.tls_cert, settings.tls_key) if settings.tls_cert and settings.tls_key else None
    if tls is not None:
        _check_tls(*tls)
    named = frozenset(name.strip().lower() for name in settings.hosts.split(",") if name.strip())
    # Elsewhere than on loopback every request needs a key, which no web page has.
    hosts = named | {LOOPBACK} if named or is_loopback(settings.host) else None
    return Outside(
        bounds=Bounds(hosts=hosts, encrypted=tls is not None), rate=settings.rate, tls=tls, metrics=settings.metrics,
        traces=settings.traces, log=settings.log, checkpoints=settings.checkpoints,
        checkpoint_key=_checkpoint_key(settings),
    )  # fmt: skip


def _checkpoint_key(settings: Settings) -> SigningKey | None:
    """Open the key that signs checkpoints: it must be no certifier's, since this process could then sign certificates."""
    if not settings.checkpoint_key:
        return None
    key, certifiers = open_key(settings.checkpoint_key), trusted(settings.trust, {})
    if certifiers is not None and key_id(signer(key).public) in certifiers.keys:
        raise InputError("the key for checkpoints is one that certifies, too", "make another with auscult key new")
    return key


def _check_tls(chain: Path, key: Path) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(chain, key, password=_no_password)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise InputError(f"cannot use {chain} and {key} for TLS", "both are PEM, the key fits and has no password") from error


def _no_password() -> str:
    raise ValueError("asked for a password")


@contextlib.contextmanager
def told(outside: Outside, guard: Guard, report: Callable[[str], None]) -> Iterator[tuple[list[Watcher], list[Watch]]]:
    """Tell logs, Prometheus, a collector and a file of checkpoints while a block runs.

    Yields:
        Who is to be told of each request, and what is to run beside the server.

    Raises:
        InputError: An address can't be used.
    """
    with contextlib.ExitStack() as stack:
        handler = logs.to(level=outside.log)
        stack.callback(logs.stop, handler)
        watchers: list[Watcher] = [logs.seen]
        if outside.metrics:
            numbers = metrics.Metrics()
            numbers.follow(lambda: guard.state, lambda: guard.store.failing, alone=bool(guard.alone))
            stack.enter_context(metrics.served(numbers, outside.metrics))
            guard.store.listen(numbers.event)
            watchers.append(numbers.seen)
            report(f"metrics on http://{outside.metrics}/metrics")
        if outside.traces:
            guard.store.listen(stack.enter_context(tracing.exported(outside.traces)).event)
        watches: list[Watch] = []
        if outside.checkpoints is not None:
            key = outside.checkpoint_key
            heads.note(outside.checkpoints, guard.store, guard.clock(), key)
            watches.append(partial(heads.watch, outside.checkpoints, guard.store, guard.clock, report, key=key))
        yield watchers, watches
