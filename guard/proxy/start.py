"""Start-up: from a dossier on disk to a running guard, or a refusal with the reason.

Everything that makes the certificate's numbers true of *this* process is checked here, in numbered steps, before a socket is
opened.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, cast

from guard import digest, dossier, files, policy, resources, revocation, rules, seen, verdict
from guard.audit import Bindings
from guard.binding import SubjectBinding
from guard.dossier import Dossier
from guard.errors import CheckFailed, UnknownSigner, VerificationError
from guard.hazards import Taxonomy
from guard.points import thresholds
from guard.policy import Policy
from guard.probes import canary
from guard.probes.reading import Subject
from guard.probes.suite import JSON_FILE, TENSOR_FILE, Suite
from guard.proxy import outside, packaged, watch, withdrawn
from guard.proxy.auth import NO_KEYS, Keys, check_bind
from guard.proxy.guard import Evidence, Guard
from guard.proxy.listen import listening, run
from guard.proxy.source import Load, Source
from guard.proxy.standing import Standing
from guard.revocation import NOTHING, Known
from guard.settings import Settings
from guard.store import Store
from guard.subjects.causal import CausalSubject
from guard.subjects.engine import BATCH, Engine
from guard.subjects.folders import named_by_certificate
from guard.subjects.load import load_decoder
from guard.subjects.trial import Trial
from guard.trust import Trust
from guard.validity import Signal

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Proven:
    """A dossier whose numbers hold for the model that is loaded, and a policy that it meets."""

    opened: Dossier
    """Verified."""
    policy: Policy
    """Met."""
    subject: Subject
    """The certified model or observer, loaded."""
    suite: Suite
    """Its monitors."""
    known: Known = NOTHING
    """What revocation lists said at the start."""


def prove(
    folder: Path,
    trust: Trust | None,
    demanded: Policy | None,
    subject_name: str | None,
    *,
    now: datetime,
    known: Known = NOTHING,
    report: Report = lambda step: None,
    load: Load | None = None,
) -> Proven:
    """Check everything that stands between a folder and a running guard.

    1. The dossier is intact, and signed by a trusted key.
    2. The certificate is in force and not revoked, and names the taxonomy that this version has.
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
    known.require(opened.concern, now)
    known.require_past(now)
    if issued.taxonomy != digest.of_file(resources.path("policies/hazards.yaml")):
        raise VerificationError("the certificate was made with another taxonomy of hazards", "certify with this version")
    report(f"6. the certificate is in force; {known.words(now)}")
    # (3)
    demanded = demanded or packaged.default(issued)
    verdict.check_all(demanded, issued)
    report(f"7. the certificate meets the policy {demanded.name}")
    # (4)
    name = subject_name or named_by_certificate(issued.subject.name)
    subject = (load or load_decoder)(name, system=demanded.system_prompt)
    require_binding(issued.subject, subject.binding)
    report("8. the model is the certified one")
    # (5)
    suite = Suite.read(opened.suite_file(JSON_FILE), opened.suite_file(TENSOR_FILE))
    replayed = canary.replay(subject, suite, canary.read(opened.suite_file(canary.FILE)))
    allowed = float(issued.canaries.eps)
    canary.require(replayed, allowed)
    report(f"9. {replayed.count} canaries come out again: moved by {replayed.largest:.1e}, allowed is {allowed:.1e}")
    return Proven(opened, demanded, subject, suite, known)


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


def in_process(proven: Proven, batch: int = BATCH) -> Source:
    """Return the proven model on a thread of its own, with at most `batch` answers in a forward pass."""
    canaries = canary.read(proven.opened.suite_file(canary.FILE))
    trial = Trial([one.conversation for one in canaries], float(proven.opened.certificate.canaries.eps))
    engine = Engine(cast(CausalSubject, proven.subject), proven.suite, batch=batch, trial=trial)
    return Source(answering=engine, judging=engine, close=engine.close, model=proven.subject.binding.name, alone=engine.alone)


@dataclass(frozen=True, slots=True)
class Assembled:
    """A guard with what keeps an eye on it."""

    guard: Guard
    """Serves."""
    source: Source
    """Whoever answers, and judges."""
    watches: tuple[Callable[[], Coroutine[Any, Any, None]], ...] = ()
    """What runs beside the server."""

    @property
    def engine(self) -> Engine:
        """The model in this process, where there is one."""
        return cast(Engine, self.source.answering)

    def close(self) -> None:
        """Stop the model, then close the store."""
        self.source.close()
        self.guard.store.close()


def assemble(
    proven: Proven,
    settings: Settings,
    *,
    seed: Callable[[], int] | None = None,
    source: Callable[[Proven], Source] = in_process,
) -> Assembled:
    """Put a guard together from what was proven.

    Args:
        proven: Checked.
        settings: Of the installation.
        seed: Seeds the sampling of a request that brings no seed; random if None.
        source: Makes whoever answers.

    Raises:
        RolledBack: A newer certificate of the product, or a newer revocation list, was seen here before.
        StoreError: The audit store can't be opened.
    """
    issued = proven.opened.certificate
    seen.require(settings.store, {seen.serial_of(issued.product): issued.serial} | _numbers(proven.known))
    store = Store(settings.store)
    begins, ends = datetime.fromisoformat(issued.not_before), datetime.fromisoformat(issued.not_after)
    bindings = Bindings(policy=proven.policy.digest, certificate=proven.opened.certificate_digest)
    standing = Standing(bindings, begins, ends, store=store, clock=_now, entity=issued.subject.name)
    answers = source(proven)
    guard = Guard(
        policy=proven.policy,
        engine=answers.answering,
        model=answers.model,
        can=answers.can,
        offered=answers.offered,
        follow=answers.follow,
        silence=answers.silence,
        alone=answers.alone,
        store=store,
        evidence=Evidence(
            proven.opened.certificate_digest,
            thresholds(issued.operating_points),
            standing,
            partial(verdict.check_all, certificate=issued),
        ),
        emergency=settings.emergency,
        patience=settings.patience,
        secret=_secret(settings),
    )
    if seed is not None:
        guard = replace(guard, seed=seed)
    canaries = canary.read(proven.opened.files[f"suite/{canary.FILE}"])
    void = partial(standing.signal, Signal.CANARY)
    watches = [partial(watch.watch, answers.judging, canaries, float(issued.canaries.eps), void)]
    if settings.trust:
        withdrawn.look(proven.known, proven.opened.concern, standing, _now())
        read = partial(_lists, settings, settings.trust)
        watches.append(partial(withdrawn.watch, read, proven.known, proven.opened.concern, standing, _now))
    return Assembled(guard, answers, tuple(watches))


def without_dossier(settings: Settings, demanded: Policy | None, subject_name: str | None) -> Assembled:
    """Put a guard together in which only rules act.

    Raises:
        CheckFailed: The policy enables no rule: nothing at all would act.
    """
    chosen = demanded or packaged.load("clinical")
    if not chosen.rules:
        raise CheckFailed("without a dossier only rules act, and the policy enables none", "name a dossier, or enable rules")
    subject = load_decoder(subject_name or "phantom", system=chosen.system_prompt)
    store = Store(settings.store)
    engine = Engine(subject, Suite(()), batch=settings.batch)
    guard = Guard(
        policy=chosen,
        engine=engine,
        model=subject.binding.name,
        alone=engine.alone,
        store=store,
        emergency=settings.emergency,
        patience=settings.patience,
        secret=_secret(settings),
    )
    return Assembled(guard, Source(answering=engine, judging=engine, close=engine.close, model=guard.model))


def _now() -> datetime:
    return datetime.now(UTC)


def serve(settings: Settings, folder: Path | None, subject_name: str | None, *, report: Report) -> None:
    """Prove, then serve until interrupted.

    Raises:
        AuscultError: With the reason why the guard does not start.
        KeyboardInterrupt: It was stopped, after everything under way was finished and written.
    """
    keys = Keys.read(settings.keys) if settings.keys else NO_KEYS
    check_bind(settings.host, keys, encrypted=bool(settings.tls_cert) or settings.unsafe_plain_http)
    about = outside.read(settings)
    demanded = policy.load(settings.policy, Taxonomy.packaged(), rules.names) if settings.policy else None
    with listening(settings.host, settings.port) as open_socket:
        if folder is None:
            running = without_dossier(settings, demanded, subject_name)
            report("no certificate: only rules act, and every answer says so")
        else:
            trust = Trust.read(settings.trust) if settings.trust else None
            known = revocation.gather(trust, settings.revocations)
            proven = prove(folder, trust, demanded, subject_name, now=_now(), known=known, report=report)
            running = assemble(proven, settings, source=partial(in_process, batch=settings.batch))
        with contextlib.closing(running):
            run(
                running.guard, open_socket, keys=keys, body=settings.body, watches=running.watches, report=report,
                policy_file=settings.policy, key_file=settings.keys, outside=about,
            )  # fmt: skip


def _lists(settings: Settings, trust: Path) -> Known:
    """Read revocation lists again; the next start, too, takes none that is older than these."""
    known = revocation.gather(Trust.read(trust), settings.revocations)
    seen.require(settings.store, _numbers(known))
    return known


def _numbers(known: Known) -> dict[str, int]:
    return {seen.list_of(origin): number for origin, number in known.numbers.items()}


def _secret(settings: Settings) -> bytes:
    return secrets.token_bytes(32) if settings.secret is None else files.read(settings.secret)
