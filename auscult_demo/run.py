"""`auscult demo`: the main job in a few minutes, told in plain words."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import textwrap
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import msgspec
import uvicorn

from auscult_demo import chats, scale
from auscult_demo.chats import Exchange
from auscult_demo.pipeline import Done, Job, certify
from certify import dataset, recompute
from certify.issue import claim_status
from certify.show import results_of, results_table
from guard import dossier, files, keys, policy, resources, rules
from guard.certificate import Certificate, Status
from guard.chain import Broken
from guard.errors import OutputError, VerificationError
from guard.hazards import Claim, Taxonomy
from guard.progress import shown
from guard.proxy import listen, start
from guard.proxy.app import create_app
from guard.proxy.guard import Guard
from guard.settings import Settings
from guard.subjects.engine import Engine
from guard.subjects.load import load_decoder
from guard.trust import Trust
from synth_data import planted
from synth_data.labels import MISUSE_RESPONSE

_MARK = Path("trust", "demonstration.pem")
"""What a demonstration writes first: the public half of its throwaway key."""


class _Clock:
    """Seconds per part of the demonstration."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._began = time.monotonic()

    def lap(self, name: str) -> None:
        now = time.monotonic()
        self.seconds[name] = round(now - self._began, 1)
        self._began = now


def run(
    *,
    subject: str,
    out: Path,
    external: Path | None,
    draws: int | None,
    scenarios: int | None,
    serve: bool,
    port: int,
    lengths: str | None = None,
) -> None:
    """Do the main job and print what came of it.

    Raises:
        AuscultError: A step failed.
    """
    size = scale.of(subject)
    long_chats = planted.plan(lengths or size.lengths)
    take(out)
    clock, say = _Clock(), click.echo
    model_is = "the model is a phantom, " if size is scale.PHANTOM else ""
    say(f"Auscult demonstration. Limits are wide, {model_is}the key is thrown away: nothing here is evidence.\n")
    key = keys.generate()
    files.write(out / _MARK, keys.public_pem(keys.public(key)))
    say(f"- made a throwaway signing key; only its public half is kept, in {out / 'trust'}")
    model = load_decoder(subject)
    demanded = policy.load(resources.path(size.policy), Taxonomy.packaged(), rules.names)
    sizes = size.sizes if draws is None else replace(size.sizes, draws=draws, traffic=2 * draws)
    job = Job(
        subject=model, policy=demanded, product=f"demonstration of {model.binding.name}", key=key,
        ledger=out / "ledger.jsonl", out=out / "dossier", work=out / "rows", scenarios=scenarios or size.scenarios,
        sizes=sizes, power=size.power, effort=size.effort, external=external, throwaway_key=True,
        lengths=long_chats,
    )  # fmt: skip
    clock.lap("load")
    with shown() as phase:
        done = certify(job, phase=phase, note=lambda text: say(f"- {text}"))
    clock.lap("certify")
    _tell_bounds(done)
    trust = Trust.read(out / "trust")
    proven = _prove(out / "dossier", trust, demanded, done.certificate, subject)
    with _running(proven, out / "audit.sqlite", port) as (guard, engine, bound_port):
        clock.lap("start")
        exchanges = _chat(guard, engine, bound_port, done, size.tokens)
        clock.lap("guard")
        chain = guard.store.verify()
        if isinstance(chain, Broken):
            raise VerificationError(f"the audit chain breaks at event {chain.index + 1}: it {chain.reason}")
        say(f"\nThe audit chain of {chain.count} events is intact, head {chain.head[:23]}…")
        _verify(out / "dossier", trust)
        clock.lap("verify")
        _summarise(out, done.certificate, exchanges, chain.count, clock.seconds)
        if serve:
            say(f"serving on http://127.0.0.1:{bound_port}/v1 until you press Ctrl-C")
            with contextlib.suppress(KeyboardInterrupt):
                threading.Event().wait()


def take(out: Path) -> None:
    """Make room: an earlier demonstration is replaced, anything else is left alone.

    Raises:
        OutputError: The folder holds something that no demonstration wrote.
    """
    known = {"dossier", "trust", "rows", "ledger.jsonl", "summary.json"}
    if out.is_dir():
        found = [path.name for path in out.iterdir()]
        strange = [name for name in found if name not in known and not name.startswith("audit.sqlite")]
        # Somebody's own dossier has the same name as ours; the key that each demonstration writes first has not.
        if found and not (out / _MARK).is_file():
            strange += found
        if strange:
            raise OutputError(f"{out} holds {strange[0]}, which no demonstration wrote", "name another folder with --out")
        shutil.rmtree(out)
    elif out.exists():
        raise OutputError(f"{out} is not a folder", "name another with --out")


def _tell_bounds(done: Done) -> None:
    click.echo("\nWhat the certificate says (upper bounds that hold together with 95 % confidence or better):\n")
    click.echo(textwrap.indent(results_table(done.certificate), "  "))
    click.echo("\nWhere it holds: on new scenarios of the listed kinds, drawn after the plan was signed.")
    for cell in done.certificate.cells:
        of_100 = min(100, -int(-100 * float(cell.miss.upper) // 1))
        click.echo(f"  {cell.claim}: {cell.plain} in at most {of_100} of 100 ({claim_status(cell)})")
    click.echo("Where it does not: on kinds of situation that no monitor was fitted on.")
    for cell in done.certificate.cells:
        mean, upper = float(cell.miss_unseen.mean), float(cell.miss_unseen.upper)
        click.echo(
            f"  {cell.claim}: {mean:.0%} missed over {cell.miss_unseen.units} unseen kinds; "
            f"nothing better than {upper:.0%} can be claimed"
        )


def _prove(folder: Path, trust: Trust, demanded: policy.Policy, issued: Certificate, subject: str) -> start.Proven:
    """Start from the dossier as `serve` does; limits that were not shown are said aloud, and not asked for."""
    failed = frozenset(Claim.parse(cell.claim) for cell in issued.cells if claim_status(cell) is not Status.PASS)
    if failed:
        names = ", ".join(sorted(map(str, failed)))
        click.echo(f"\nNot shown to meet their limits: {names}. With this policy a guard refuses to start.")
        click.echo("So that you see it act, the demonstration asks for no limit there, and acts on what these monitors say.")
        demanded = demanded.without_limits(failed)
    if any(whole.false_alarm.status is not Status.PASS for whole in issued.whole):
        click.echo("\nThe limit on all monitors together was not shown this time, so the guard does without that limit.")
        demanded = demanded.without_whole()
    click.echo("\nStarting the guard:")
    proven = start.prove(folder, trust, demanded, subject, now=datetime.now(UTC), report=lambda step: click.echo(f"  {step}"))
    return proven


@contextlib.contextmanager
def _running(proven: start.Proven, store: Path, port: int) -> Iterator[tuple[Guard, Engine, int]]:
    running = start.assemble(proven, Settings(store=f"sqlite:///{store}"), seed=lambda: 0)
    guard, engine = running.guard, running.engine
    with contextlib.closing(running), listen.listening("127.0.0.1", port) as listening:
        app = create_app(guard, watches=running.watches)
        config = uvicorn.Config(app, log_level="error", access_log=False)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield guard, engine, listening.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(10)


def _chat(guard: Guard, engine: Engine, port: int, done: Done, tokens: int | None) -> list[Exchange]:
    rows = dataset.load(done.test_rows).rows
    threshold = next(
        (float(p.threshold) for p in done.certificate.operating_points if p.claim == str(MISUSE_RESPONSE)), float("inf")
    )
    found = []
    click.echo("\nChats, each sent to the guard over HTTP and to the bare model:")
    for chat in chats.choose(rows):
        one = asyncio.run(chats.exchange(guard, engine, port, threshold, chat, tokens))
        found.append(one)
        _tell(one)
    return found


def _tell(one: Exchange) -> None:
    asked = one.chat.row.conversation.messages[-1].content
    streamed = ", streamed" if one.chat.streamed else ""
    click.echo(f"\n  [{one.chat.what}{streamed}] {_short(asked)}")
    click.echo(f"    without the guard: {_short(one.bare.text)}")
    click.echo(f"    with the guard ({one.action}{', withheld' if one.blocked else ''}): {_short(one.text)}")


def _short(text: str) -> str:
    return textwrap.shorten(" ".join(text.split()), 170, placeholder=" …")


def _verify(folder: Path, trust: Trust) -> None:
    opened = dossier.open_sealed(folder, trust)
    derived = recompute.recompute(opened)
    click.echo(f"The dossier verifies with the public key, and all {len(derived)} bounds follow from its results.parquet.")


def _summarise(out: Path, issued: Certificate, exchanges: Sequence[Exchange], events: int, seconds: dict[str, float]) -> None:
    blocked = sum(one.blocked for one in exchanges)
    summary: dict[str, Any] = {
        "certificate": {"valid": True, "claims": results_of(issued)},
        "guard": {
            "sent": len(exchanges),
            "blocked": blocked,
            "allowed": len(exchanges) - blocked,
            "leaked_characters": sum(one.leaked for one in exchanges),
        },
        "audit": {"events": events, "valid": True},
        "seconds": {**seconds, "total": round(sum(seconds.values()), 1)},
    }
    files.write(out / "summary.json", msgspec.json.format(msgspec.json.encode(summary), indent=2))
    click.echo(
        f"\n{len(exchanges)} chats: {blocked} withheld, {len(exchanges) - blocked} answered, "
        f"{summary['guard']['leaked_characters']} characters leaked. {summary['seconds']['total']:.0f} seconds."
    )
    click.echo(f"Report:  {out / 'dossier' / 'report.html'}\nSummary: {out / 'summary.json'}")
    click.echo(f"Check it yourself: auscult verify {out / 'dossier'} --trust {out / 'trust'}")
