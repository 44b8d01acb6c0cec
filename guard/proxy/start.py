"""Start-up: from a dossier on disk to a running guard, or a refusal with the reason.

Everything that makes the certificate's numbers true of *this* process is checked here, in numbered steps, before a socket is
opened.
"""

from __future__ import annotations

import contextlib
import secrets
import signal
import socket
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn

from guard import digest, dossier, files, policy, resources, rules, verdict
from guard.audit import Bindings
from guard.certificate import Certificate, SubjectBinding, thresholds
from guard.dossier import Dossier
from guard.errors import CheckFailed, InputError, UnknownSigner, VerificationError
from guard.hazards import Taxonomy
from guard.keys import Trust
from guard.policy import Policy
from guard.probes import canary
from guard.probes.suite import JSON_FILE, TENSOR_FILE, Suite
from guard.proxy import watch
from guard.proxy.app import create_app
from guard.proxy.auth import NO_KEYS, Keys, check_bind
from guard.proxy.guard import Evidence, Guard
from guard.proxy.standing import Standing
from guard.settings import Settings
from guard.store import Store
from guard.subjects.causal import CausalSubject
from guard.subjects.engine import Engine
from guard.subjects.folders import named_by_certificate
from guard.subjects.load import load_decoder
from guard.validity import Signal

Report = Callable[[str], None]

_DEMONSTRATIONS = ("demonstration", "demonstration_real")
"""Packaged policies of demonstrations, the one that demands more first."""


@dataclass(frozen=True, slots=True)
class Proven:
    """A dossier whose numbers hold for the model that is loaded, and a policy that it meets."""

    opened: Dossier
    """Verified."""
    policy: Policy
    """Met."""
    subject: CausalSubject
    """The certified model, loaded."""
    suite: Suite
    """Its monitors."""


def prove(
    folder: Path,
    trust: Trust | None,
    demanded: Policy | None,
    subject_name: str | None,
    *,
    now: datetime,
    report: Report = lambda step: None,
) -> Proven:
    """Check everything that stands between a folder and a running guard.

    1. The dossier is intact, and signed by a trusted key.
    2. The certificate is in force, and names the taxonomy that this version has.
    3. The policy is met by the certificate.
    4. The model that is loaded is the certified one, run as it was.
    5. The canaries come out again.

    Raises:
        UnknownSigner: No trusted key signed it.
        VerificationError, CheckFailed, InputError: A step failed.
    """
    # (1)
    if trust is None:
        raise UnknownSigner("no trusted key was named", "say --trust KEY or set AUSCULT_TRUST")
    opened = dossier.open_sealed(folder, trust, report=report)
    issued = opened.certificate
    # (2)
    dossier.check_time(issued, now)
    if issued.taxonomy != digest.of_file(resources.path("policies/hazards.yaml")):
        raise VerificationError("the certificate was made with another taxonomy of hazards", "certify with this version")
    report("6. the certificate is in force")
    # (3)
    demanded = demanded or default_policy(issued)
    verdict.check(demanded, issued, rules.digest(frozenset(demanded.rules)))
    report(f"7. the certificate meets the policy {demanded.name}")
    # (4)
    subject = load_decoder(subject_name or named_by_certificate(issued.subject.name), system=demanded.system_prompt)
    require_binding(issued.subject, subject.binding)
    report("8. the model is the certified one")
    # (5)
    suite = Suite.read(opened.suite_file(JSON_FILE), opened.suite_file(TENSOR_FILE))
    replayed = canary.replay(subject, suite, canary.read(opened.suite_file(canary.FILE)))
    allowed = float(issued.canaries.eps)
    canary.require(replayed, allowed)
    report(f"9. {replayed.count} canaries come out again: moved by {replayed.largest:.1e}, allowed is {allowed:.1e}")
    return Proven(opened, demanded, subject, suite)


def default_policy(issued: Certificate) -> Policy:
    """Return the packaged policy that goes with a certificate: the clinical one, or that of a demonstration.

    Of the demonstrations' policies it is the first one whose claims the certificate has.
    """
    if not issued.demonstration:
        return _packaged("clinical")
    known = {point.claim for point in issued.operating_points}
    found = [_packaged(name) for name in _DEMONSTRATIONS]
    return next((one for one in found if {str(need.claim) for need in one.requires} <= known), found[0])


def _packaged(name: str) -> Policy:
    return policy.load(resources.path(f"policies/{name}.yaml"), Taxonomy.packaged(), rules.names)


def require_binding(certified: SubjectBinding, loaded: SubjectBinding) -> None:
    """Refuse a model or set-up that differs from the certified one.

    Raises:
        VerificationError: Naming what differs.
    """
    for name in certified.__struct_fields__:
        if name != "name" and getattr(certified, name) != getattr(loaded, name):
            raise VerificationError(
                f"the loaded model differs from the certified one in its {name}",
                "serve the certified model, or certify this one",
            )


@dataclass(frozen=True, slots=True)
class Assembled:
    """A guard with what keeps an eye on it."""

    guard: Guard
    """Serves."""
    engine: Engine
    """Its model."""
    watches: tuple[Callable[[], Coroutine[Any, Any, None]], ...] = ()
    """What runs beside the server."""

    def close(self) -> None:
        """Stop the model, then close the store."""
        self.engine.close()
        self.guard.store.close()


def assemble(proven: Proven, settings: Settings, *, seed: Callable[[], int] | None = None) -> Assembled:
    """Put a guard together from what was proven.

    Raises:
        StoreError: The audit store can't be opened.
    """
    issued = proven.opened.certificate
    store = Store(settings.store)
    begins, ends = datetime.fromisoformat(issued.not_before), datetime.fromisoformat(issued.not_after)
    bindings = Bindings(policy=proven.policy.digest, certificate=proven.opened.certificate_digest)
    standing = Standing(bindings, begins, ends, store=store, clock=_now, entity=issued.subject.name)
    engine = Engine(proven.subject, proven.suite)
    guard = Guard(
        policy=proven.policy,
        engine=engine,
        model=proven.subject.binding.name,
        store=store,
        evidence=Evidence(proven.opened.certificate_digest, thresholds(issued.operating_points), standing),
        emergency=settings.emergency,
        patience=settings.patience,
        secret=_secret(settings),
    )
    if seed is not None:
        guard = replace(guard, seed=seed)
    canaries = canary.read(proven.opened.files[f"suite/{canary.FILE}"])
    void = partial(standing.signal, Signal.CANARY)
    return Assembled(guard, engine, (partial(watch.watch, engine, canaries, float(issued.canaries.eps), void),))


def without_dossier(settings: Settings, demanded: Policy | None, subject_name: str | None) -> Assembled:
    """Put a guard together in which only rules act.

    Raises:
        CheckFailed: The policy enables no rule: nothing at all would act.
    """
    chosen = demanded or _packaged("clinical")
    if not chosen.rules:
        raise CheckFailed("without a dossier only rules act, and the policy enables none", "name a dossier, or enable rules")
    subject = load_decoder(subject_name or "phantom", system=chosen.system_prompt)
    store = Store(settings.store)
    engine = Engine(subject, Suite(()))
    guard = Guard(
        policy=chosen,
        engine=engine,
        model=subject.binding.name,
        store=store,
        emergency=settings.emergency,
        patience=settings.patience,
        secret=_secret(settings),
    )
    return Assembled(guard, engine)


def _now() -> datetime:
    return datetime.now(UTC)


def serve(settings: Settings, folder: Path | None, subject_name: str | None, *, report: Report) -> None:
    """Prove, then serve until interrupted.

    Raises:
        AuscultError: With the reason why the guard does not start.
        KeyboardInterrupt: It was stopped, after everything under way was finished and written.
    """
    keys = Keys.read(settings.keys) if settings.keys else NO_KEYS
    check_bind(settings.host, keys)
    demanded = policy.load(settings.policy, Taxonomy.packaged(), rules.names) if settings.policy else None
    with listening(settings.host, settings.port) as open_socket:
        if folder is None:
            running = without_dossier(settings, demanded, subject_name)
            report("no certificate: only rules act, and every answer says so")
        else:
            trust = Trust.read(settings.trust) if settings.trust else None
            running = assemble(prove(folder, trust, demanded, subject_name, now=_now(), report=report), settings)
        with contextlib.closing(running):
            host, port = open_socket.getsockname()[:2]
            report(f"serving {running.guard.model} on http://{_written(host, port)}/v1")
            app = create_app(running.guard, keys=keys, body=settings.body, watches=running.watches)
            config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False)
            # What stops a container must let the audit trail be written and closed, as Control-C does.
            signal.signal(signal.SIGTERM, signal.default_int_handler)
            uvicorn.Server(config).run(sockets=[open_socket])


def _written(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _secret(settings: Settings) -> bytes:
    return secrets.token_bytes(32) if settings.secret is None else files.read(settings.secret)


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
