"""Writing a folder of rows: JSON lines by claim and fold, a manifest and a card.

Comes in: a seed, or a signed protocol that plans test rows. Goes out: a folder that `certify` reads. The same input gives
the same bytes, in however many processes they are made; rows go to disk as they are drawn, so that memory does not grow.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from guard import digest, dsse, files, protocol
from guard.conversation import Fold
from guard.digest import Digest
from guard.errors import InputError, ProtocolError
from guard.hazards import Claim
from guard.progress import Phase, silent
from guard.protocol import Protocol
from synth_data import draws, families, manifest, pool
from synth_data.manifest import CARD, NAME, Manifest
from synth_data.planning import Block, blocks, mixes, planned
from synth_data.pool import Task
from synth_data.scenario import Profile


def generate(  # noqa: PLR0913 - each is one choice of the caller's
    out: Path,
    *,
    seed: int = 0,
    folds: Sequence[Fold] = (Fold.TRAIN, Fold.SELECT),
    scenarios: int = 1000,
    langs: Sequence[str] = draws.LANGUAGES[:1],
    claims: Sequence[Claim] = families.CLAIMS,
    traffic: int | None = None,
    lengths: Sequence[str] = draws.LENGTHS[:1],
    profile: Profile = Profile.WHOLE,
    mix: bool = False,
    jobs: int = 0,
    phase: Phase = silent,
) -> Manifest:
    """Draw rows for fitting and write them to a new folder.

    Args:
        out: A new folder.
        seed: Of the whole set.
        folds: Of train, select and probe.
        scenarios: Draws for each claim, language and fold; of the mix, conversations for each language and fold.
        langs: Languages.
        claims: Claims.
        traffic: Ordinary conversations for each language and fold; by default as many as `scenarios`.
        lengths: Length buckets, each of which gets as many.
        profile: Which cases of the families.
        mix: Draw a realistic mix instead of rows by claim.
        jobs: Processes; 0 for as many as there are processors, and one where the work is small.
        phase: Shows progress.

    Raises:
        ProtocolError: Test rows are asked for.
        InputError: There are no such families or languages.
        OutputError: `out` exists or can't be written.
    """
    if mix:
        plan = mixes(folds=folds, scenarios=scenarios, langs=langs)
    else:
        ordinary = scenarios if traffic is None else traffic
        plan = blocks(
            folds=folds, scenarios=scenarios, langs=langs, claims=claims, traffic=ordinary, lengths=lengths, profile=profile
        )
    if not plan:
        raise InputError("nothing to draw", "name a fold and at least one scenario")
    return _write(out, plan, str(seed).encode(), seed=str(seed), protocol_digest="", jobs=jobs, phase=phase)


def generate_planned(out: Path, bundle: Path, *, jobs: int = 0, phase: Phase = silent) -> Manifest:
    """Draw the test rows that a signed protocol plans and write them to a new folder.

    The seed follows from the signed bytes. The signature is not checked here: whoever tests with the rows checks it.

    Raises:
        VerificationError: The file is not a protocol.
        ProtocolError: It was written for another generator.
        OutputError: `out` exists or can't be written.
    """
    plan, payload = _read(bundle)
    row_seed = protocol.row_seed(payload)
    return _write(out, planned(plan), row_seed, seed="", protocol_digest=payload, jobs=jobs, phase=phase)


def check(folder: Path, bundle: Path, *, jobs: int = 0, phase: Phase = silent) -> Manifest:
    """Draw a protocol's rows again and compare their bytes with those of a folder.

    Raises:
        VerificationError: The file is not a protocol.
        ProtocolError: A byte differs, a file is missing, or one is too many.
    """
    plan, payload = _read(bundle)
    drawn = _draw(planned(plan), protocol.row_seed(payload), jobs, phase, lambda _name, _rows: None)
    again, others = _described(drawn, planned(plan), seed="", protocol_digest=payload)
    present = digest.manifest(folder)
    expected = again.files | {name: digest.of_bytes(content) for name, content in others.items()}
    for name in sorted(present.keys() | expected.keys()):
        if name not in present:
            raise ProtocolError(f"{folder / name} is missing", "draw the rows again")
        if name not in expected:
            raise ProtocolError(f"{folder / name} does not belong to the protocol's rows", "take it out of the folder")
        if present[name] != expected[name]:
            raise ProtocolError(f"{folder / name} does not hold the protocol's rows", "draw the rows again")
    return again


def _read(bundle: Path) -> tuple[Protocol, Digest]:
    statement = dsse.open_bundle(files.read(bundle), protocol.PREDICATE)
    return protocol.read(statement.predicate), digest.of_bytes(statement.payload)


def _write(
    out: Path, plan: Sequence[Block], row_seed: bytes, *, seed: str, protocol_digest: str, jobs: int, phase: Phase
) -> Manifest:
    with files.new_folder(out) as folder, ExitStack() as opened:
        handles: dict[str, BinaryIO] = {}

        def keep(name: str, rows: bytes) -> None:
            if name not in handles:
                handles[name] = opened.enter_context((folder / name).open("wb"))
            handles[name].write(rows)

        drawn = _draw(plan, row_seed, jobs, phase, keep)
        made, others = _described(drawn, plan, seed=seed, protocol_digest=protocol_digest)
        for name, content in others.items():
            files.write(folder / name, content)
        opened.close()
    return made


@dataclass(slots=True)
class _File:
    """What is known of one file while it grows."""

    draws: int = 0
    rows: int = 0
    scenarios: set[bytes] = field(default_factory=set)
    families: set[str] = field(default_factory=set)
    digest: hashlib._Hash = field(default_factory=hashlib.sha256)

    def counts(self) -> dict[str, int]:
        """Return what the manifest counts."""
        return {
            "draws": self.draws, "rows": self.rows, "scenarios": len(self.scenarios), "families": len(self.families)
        }  # fmt: skip


def _draw(
    plan: Sequence[Block], row_seed: bytes, jobs: int, phase: Phase, keep: Callable[[str, bytes], None]
) -> dict[str, _File]:
    """Draw every block in order, hand its rows on, and count them by file."""
    advance = phase("drawing conversations", sum(block.draws for block in plan))
    found: dict[str, _File] = {}
    tasks = [
        Task(block.file, block.claim, block.lang, block.bucket, block.fold, start, min(start + pool.CHUNK, block.draws),
             row_seed, block.mix, block.profile, block.answered)
        for block in plan
        for start in range(0, block.draws, pool.CHUNK)
    ]  # fmt: skip
    for task, done in pool.run(tasks, jobs):
        file = found.setdefault(task.file, _File())
        file.draws += task.stop - task.start
        file.rows += done.count
        file.scenarios |= done.scenarios
        file.families |= done.families
        file.digest.update(done.rows)
        keep(task.file, done.rows)
        advance(task.stop - task.start)
    return found


def _described(
    drawn: dict[str, _File], plan: Sequence[Block], *, seed: str, protocol_digest: str
) -> tuple[Manifest, dict[str, bytes]]:
    """Return the manifest, and the files that stand beside the rows."""
    profiles = {block.profile for block in plan}
    spoken = list(dict.fromkeys((claim, block.lang) for block in plan for claim in block.claims))
    made = Manifest(
        generator=manifest.generator_digest(), version=manifest.version(profiles.pop()), seed=seed, protocol=protocol_digest,
        weights={manifest.name(claim, lang): manifest.weights(claim, lang) for claim, lang in spoken},
        unseen={manifest.name(claim, lang): manifest.unseen(claim, lang) for claim, lang in spoken},
        shares=manifest.SHARES, reviewed=manifest.reviewed(lang for _, lang in spoken),
        counts={name: file.counts() for name, file in drawn.items()},
        files={name: digest.of_hash(file.digest) for name, file in drawn.items()},
    )  # fmt: skip
    return made, {NAME: made.encode(), CARD: manifest.card(made)}
