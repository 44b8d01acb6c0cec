"""Listening: a socket taken before any long work, and a server on it until somebody stops it."""

from __future__ import annotations

import contextlib
import gc
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn

from guard.errors import InputError
from guard.policy import explain
from guard.proxy import following
from guard.proxy.app import Watch, create_app
from guard.proxy.auth import Keys, KnowsCallers
from guard.proxy.guard import Guard
from guard.proxy.outside import PLAIN, Outside, told
from guard.proxy.patience import HEAD_BYTES, Patient
from guard.proxy.reload import InForce, KeysInForce


@contextlib.contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """Yield a listening socket, taken before any long work so that a port in use is found out at once.

    Raises:
        InputError: The port is in use or none, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    open_socket = socket.socket(family, socket.SOCK_STREAM)
    try:
        open_socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        open_socket.bind((host, port))
        open_socket.listen(128)
    except (OSError, OverflowError, TypeError, ValueError) as error:  # the last three: no machine has such an address
        open_socket.close()
        reason = getattr(error, "strerror", None) or "no such address"
        raise InputError(f"cannot listen on {_written(host, port)}: {reason}", "take another --port or --host") from error
    try:
        yield open_socket
    finally:
        open_socket.close()


def run(
    guard: Guard,
    on: socket.socket,
    *,
    keys: Keys,
    body: int,
    watches: Sequence[Watch],
    report: Callable[[str], None],
    policy_file: Path | None = None,
    key_file: Path | None = None,
    outside: Outside = PLAIN,
) -> None:
    """Serve until interrupted; policy and keys follow their files, if they have some.

    Raises:
        KeyboardInterrupt: It was interrupted, after everything under way was finished and written.
        SystemExit: It was told to end (SIGTERM), in the same way; the exit status is 0.
    """
    for line in explain.shadow(guard.policy):
        report(line)
    followed = []
    if policy_file is not None:
        in_force = InForce(policy_file, guard, report=report)
        guard = replace(guard, in_force=in_force)
        followed.append(in_force.file)
    known: KnowsCallers = keys
    if key_file is not None:
        known = kept = KeysInForce(key_file, keys, guard, report=report)
        followed.append(kept.file)
    if followed:
        watches = (*watches, partial(following.watch, followed))
    host, port = on.getsockname()[:2]
    scheme = "https" if outside.tls else "http"
    with told(outside, guard, report) as (watchers, beside):
        report(f"serving {guard.model} on {scheme}://{_written(host, port)}/v1")
        app = create_app(
            guard, keys=known, body=body, watches=(*watches, *beside), bounds=outside.bounds, rate=outside.rate,
            watchers=watchers,
        )  # fmt: skip
        # What was loaded stays until the end, so that nobody has to look through it again.
        gc.collect()
        gc.freeze()
        # What stops a container must let the audit trail be written and closed, as Control-C does.
        signal.signal(signal.SIGTERM, _stop)
        uvicorn.Server(config(app, outside)).run(sockets=[on])


def _stop(_number: int, _frame: object) -> None:
    sys.exit(0)


def config(app: Any, outside: Outside = PLAIN) -> uvicorn.Config:
    """Return how uvicorn serves an application."""
    chain, key = outside.tls or (None, None)
    return uvicorn.Config(
        app, http=Patient, ws="none", log_config=None, access_log=False, server_header=False, proxy_headers=False,
        h11_max_incomplete_event_size=HEAD_BYTES, ssl_certfile=chain, ssl_keyfile=key,
    )  # fmt: skip


def _written(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
