"""Start-up before an upstream: with an observer's dossier its monitors judge, without one only rules do, and that is said.

Without a dossier nothing here needs a model library.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from guard import files, policy, rules
from guard.errors import CheckFailed, InputError
from guard.hazards import Taxonomy
from guard.policy import Policy
from guard.proxy import outside, packaged, wishes
from guard.proxy.app import Watch
from guard.proxy.auth import NO_KEYS, Keys, check_bind
from guard.proxy.guard import Guard
from guard.proxy.listen import listening, run
from guard.proxy.names import Names, read_map
from guard.proxy.relay import Reader, Relay
from guard.settings import Settings
from guard.store import Store
from guard.upstream import Timeouts, Upstream

if TYPE_CHECKING:
    from guard.probes.reading import Subject
    from guard.proxy.source import Source
    from guard.proxy.start import Assembled, Proven

Report = Callable[[str], None]
_SLACK = 5.0


@dataclass(frozen=True, slots=True)
class Fronted:
    """A guard before an upstream."""

    guard: Guard
    """Serves."""
    watches: tuple[Watch, ...]
    """What runs beside the server."""


def serve(settings: Settings, folder: Path | None, subject: str | None, *, report: Report) -> None:
    """Check everything, then serve before `settings.upstream` until interrupted.

    Raises:
        AuscultError: With the reason why the guard does not start.
        KeyboardInterrupt: It was stopped, after everything under way was finished and written.
    """
    if subject is not None:
        raise InputError("an upstream answers, so that no subject is loaded", "leave out --subject or --upstream")
    keys = Keys.read(settings.keys) if settings.keys else NO_KEYS
    check_bind(settings.host, keys, encrypted=bool(settings.tls_cert) or settings.unsafe_plain_http)
    about = outside.read(settings)
    upstream, names = connect(settings)
    with listening(settings.host, settings.port) as on, _assembled(settings, folder, upstream, names, report) as made:
        report(f"answers come from {upstream.url}")
        run(
            made.guard, on, keys=keys, body=settings.body, watches=made.watches, report=report, policy_file=settings.policy,
            key_file=settings.keys, outside=about,
        )  # fmt: skip


def connect(settings: Settings) -> tuple[Upstream, Names]:
    """Return the upstream of some settings, and the names of its models; nothing is asked of it yet.

    Raises:
        InputError: Its address, key, time-outs or model map are none.
    """
    upstream = Upstream(url=settings.upstream, key=settings.upstream_key, timeouts=Timeouts.read(settings.upstream_timeouts))
    return upstream, Names(given=read_map(settings.model_map), ask=upstream.models)


@contextlib.contextmanager
def _assembled(settings: Settings, folder: Path | None, upstream: Upstream, names: Names, report: Report) -> Iterator[Fronted]:
    demanded = policy.load(settings.policy, Taxonomy.packaged(), rules.names) if settings.policy else None
    if folder is None:
        made = without_dossier(settings, demanded, upstream, names)
        report("no certificate: only rules act, and every answer says so")
        with contextlib.closing(made.guard.store):
            yield made
        return
    with contextlib.closing(with_dossier(settings, folder, demanded, upstream, names, report=report)) as assembled:
        yield Fronted(assembled.guard, (*assembled.watches, partial(closing, upstream)))


def without_dossier(settings: Settings, demanded: Policy | None, upstream: Upstream, names: Names) -> Fronted:
    """Put a guard together in which only rules act.

    Raises:
        CheckFailed: The policy enables no rule: nothing at all would act.
        StoreError: The audit store can't be opened.
    """
    chosen = demanded or packaged.load("clinical")
    if not chosen.rules:
        raise CheckFailed("without a dossier only rules act, and the policy enables none", "name a dossier, or enable rules")
    guard = Guard(
        policy=chosen,
        engine=relay(settings, chosen, upstream, names, None),
        model=", ".join(names.given) or "the upstream's models",
        store=Store(settings.store),
        can=wishes.ALL,
        offered=names.offered,
        silence=silence(upstream, settings),
        emergency=settings.emergency,
        patience=settings.patience,
        secret=secrets.token_bytes(32) if settings.secret is None else files.read(settings.secret),
    )
    return Fronted(guard, (partial(closing, upstream),))


def with_dossier(
    settings: Settings, folder: Path, demanded: Policy | None, upstream: Upstream, names: Names, *, report: Report
) -> Assembled:
    """Prove an observer's dossier and put a guard together in which it judges beside the upstream.

    Raises:
        AuscultError: With the reason why the guard does not start.
    """
    from guard import revocation
    from guard.proxy import start
    from guard.trust import Trust

    trust = Trust.read(settings.trust) if settings.trust else None
    known = revocation.gather(trust, settings.revocations)
    proven = start.prove(folder, trust, demanded, None, now=datetime.now(UTC), known=known, report=report, load=_load_observer)
    return start.assemble(proven, settings, source=partial(_source, settings, upstream, names))


def _load_observer(name: str, *, system: str | None) -> Subject:
    from guard.subjects.folders import OBSERVER
    from guard.subjects.load import load

    if name != OBSERVER:
        raise InputError(
            "the dossier is about a model whose activations are read, and nobody reads those of an upstream",
            f"certify {OBSERVER} and serve its dossier, or serve this one without --upstream",
        )
    return load(name, system=system)


def _source(settings: Settings, upstream: Upstream, names: Names, proven: Proven) -> Source:
    from guard.proxy.source import Source
    from guard.subjects.beside import Beside

    beside = Beside(proven.subject, proven.suite)
    return Source(
        answering=relay(settings, proven.policy, upstream, names, beside),
        judging=beside.anew,
        close=beside.close,
        model=", ".join(names.given) or "the upstream's models",
        can=wishes.ALL,
        offered=names.offered,
        follow=beside.follow,
        silence=silence(upstream, settings),
    )


def relay(settings: Settings, chosen: Policy, upstream: Upstream, names: Names, reader: Reader | None) -> Relay:
    """Return what answers with an upstream's words."""
    return Relay(
        chat=upstream.chat, whole=upstream.whole, theirs=names.theirs, system=chosen.system_prompt, reader=reader,
        patience=0.9 * settings.patience,
    )  # fmt: skip


def silence(upstream: Upstream, settings: Settings) -> float:
    """Return how long the next piece of an answer, or all of it, may take: the upstream's own limits, and a reading."""
    times = upstream.timeouts
    return max(times.connect + times.first, times.between, times.total) + settings.patience + _SLACK


async def closing(upstream: Upstream) -> None:
    """Wait until the server stops, then close the connections."""
    try:
        await asyncio.Event().wait()
    finally:
        await upstream.close()
