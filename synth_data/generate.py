"""Writing a folder of rows: JSON lines by claim and fold, a manifest and a card.

Comes in: a seed, or a signed protocol that plans test rows. Goes out: a folder that `certify` reads. The same input gives
the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from guard import digest, dsse, files, protocol
from guard.cell import BUCKETS
from guard.conversation import Fold, LabelledConversation
from guard.digest import Digest
from guard.errors import InputError, ProtocolError
from guard.hazards import Claim
from guard.progress import Phase, silent
from guard.protocol import Protocol
from synth_data import VERSION, draws, families, labels, manifest
from synth_data.manifest import CARD, NAME, Manifest

_FITTING = (Fold.TRAIN, Fold.SELECT, Fold.PROBE)


@dataclass(frozen=True, slots=True)
class Block:
    """Draws of one claim, language and bucket in one fold, from index 0."""

    claim: Claim | None
    """None for ordinary chat."""
    lang: str
    """Language."""
    bucket: str
    """Length bucket."""
    fold: Fold
    """Fold."""
    draws: int
    """How many."""

    @property
    def file(self) -> str:
        """Name of the file that its rows stand in."""
        return f"{self.claim or 'traffic'}.{self.fold}.jsonl"


def blocks(
    *, folds: Sequence[Fold], scenarios: int, langs: Sequence[str], claims: Sequence[Claim], traffic: int
) -> tuple[Block, ...]:
    """Plan draws for fitting and looking.

    Args:
        folds: Of train, select and probe.
        scenarios: Draws for each claim, language and fold.
        langs: Languages.
        claims: Claims.
        traffic: Ordinary conversations for each language and fold.

    Raises:
        ProtocolError: Test rows are asked for, which do not exist before a protocol is signed.
    """
    for fold in folds:
        if fold not in _FITTING:
            raise ProtocolError(f"rows of the fold {fold} are drawn for a signed protocol only", "give --protocol")
    wanted: list[tuple[Claim | None, int]] = [(claim, scenarios) for claim in claims]
    wanted.append((None, traffic))
    return tuple(
        Block(claim, lang, BUCKETS[0][0], fold, count)
        for claim, count in wanted
        for fold in folds
        for lang in langs
        if count > 0 and not (claim == labels.MISUSE_RESPONSE and fold is Fold.PROBE)
    )


def planned(plan: Protocol) -> tuple[Block, ...]:
    """Return exactly the test rows that a protocol plans.

    Raises:
        ProtocolError: It was written for another generator, or for another number of unseen families.
    """
    ours = manifest.generator_digest()
    if plan.generator.digest != ours:
        raise ProtocolError(
            f"the protocol names the generator {plan.generator.digest[:23]}…, this one is {ours[:23]}…",
            "use the version that the protocol was prepared with",
        )
    found: list[Block] = []
    for cell in plan.cells:
        claim = Claim.parse(cell.claim)
        if cell.unseen_families != manifest.unseen(claim):
            raise ProtocolError(f"{claim}: planned are {cell.unseen_families} unseen families, there are others")
        found.append(Block(claim, cell.lang, cell.bucket, Fold.CERTIFY, cell.draws))
        found.append(Block(claim, cell.lang, cell.bucket, Fold.UNSEEN, cell.unseen_families * cell.unseen_draws))
    found += [Block(None, cell.lang, cell.bucket, Fold.CERTIFY, cell.draws) for cell in plan.traffic]
    return tuple(found)


def generate(
    out: Path,
    *,
    seed: int = 0,
    folds: Sequence[Fold] = (Fold.TRAIN, Fold.SELECT),
    scenarios: int = 1000,
    langs: Sequence[str] = draws.LANGUAGES,
    claims: Sequence[Claim] = families.CLAIMS,
    traffic: int | None = None,
    phase: Phase = silent,
) -> Manifest:
    """Draw rows for fitting and write them to a new folder.

    Args:
        out: A new folder.
        seed: Of the whole set.
        folds: Of train, select and probe.
        scenarios: Draws for each claim, language and fold.
        langs: Languages.
        claims: Claims.
        traffic: Ordinary conversations for each language and fold; by default as many as `scenarios`.
        phase: Shows progress.

    Raises:
        ProtocolError: Test rows are asked for.
        InputError: There are no such families or languages.
        OutputError: `out` exists or can't be written.
    """
    plan = blocks(
        folds=folds, scenarios=scenarios, langs=langs, claims=claims, traffic=scenarios if traffic is None else traffic
    )
    if not plan:
        raise InputError("nothing to draw", "name a fold and at least one scenario")
    return _write(out, plan, str(seed).encode(), seed=str(seed), protocol_digest="", phase=phase)


def generate_planned(out: Path, bundle: Path, *, phase: Phase = silent) -> Manifest:
    """Draw the test rows that a signed protocol plans and write them to a new folder.

    The seed follows from the signed bytes. The signature is not checked here: whoever tests with the rows checks it.

    Raises:
        VerificationError: The file is not a protocol.
        ProtocolError: It was written for another generator.
        OutputError: `out` exists or can't be written.
    """
    plan, payload = _read(bundle)
    return _write(out, planned(plan), protocol.row_seed(payload), seed="", protocol_digest=payload, phase=phase)


def check(folder: Path, bundle: Path, *, phase: Phase = silent) -> Manifest:
    """Draw a protocol's rows again and compare their bytes with those of a folder.

    Raises:
        VerificationError: The file is not a protocol.
        ProtocolError: A byte differs, a file is missing, or one is too many.
    """
    plan, payload = _read(bundle)
    contents, again = _draw(planned(plan), protocol.row_seed(payload), seed="", protocol_digest=payload, phase=phase)
    present = digest.manifest(folder)
    expected = {name: digest.of_bytes(content) for name, content in contents.items()}
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


def _write(out: Path, plan: Sequence[Block], row_seed: bytes, *, seed: str, protocol_digest: str, phase: Phase) -> Manifest:
    with files.new_folder(out) as folder:
        contents, made = _draw(plan, row_seed, seed=seed, protocol_digest=protocol_digest, phase=phase)
        for name, content in contents.items():
            files.write(folder / name, content)
    return made


def _draw(
    plan: Sequence[Block], row_seed: bytes, *, seed: str, protocol_digest: str, phase: Phase
) -> tuple[dict[str, bytes], Manifest]:
    """Return the content of every file of the folder, by name, and its manifest."""
    advance = phase("drawing conversations", sum(block.draws for block in plan))
    lines: dict[str, list[bytes]] = {}
    tallies: dict[str, _Tally] = {}
    for block in plan:
        tally = tallies.setdefault(block.file, _Tally())
        for index in range(block.draws):
            rows = draws.draw(block.claim, block.lang, block.bucket, index, row_seed, block.fold)
            lines.setdefault(block.file, []).extend(row.line() for row in rows)
            tally.add(rows)
            advance(1)
    contents = {name: b"".join(content) for name, content in lines.items()}
    made = Manifest(
        generator=manifest.generator_digest(), version=VERSION, seed=seed, protocol=protocol_digest,
        weights={str(claim or "traffic"): manifest.weights(claim) for claim in _claims(plan)},
        unseen={str(claim or "traffic"): manifest.unseen(claim) for claim in _claims(plan)},
        counts={name: tally.counts() for name, tally in tallies.items()},
        files={name: digest.of_bytes(content) for name, content in contents.items()},
    )  # fmt: skip
    return contents | {NAME: made.encode(), CARD: manifest.card(made)}, made


def _claims(plan: Iterable[Block]) -> list[Claim | None]:
    return list(dict.fromkeys(block.claim for block in plan))


class _Tally:
    def __init__(self) -> None:
        self.draws = self.rows = 0
        self.scenarios: set[str] = set()
        self.families: set[str] = set()

    def add(self, rows: Sequence[LabelledConversation]) -> None:
        self.draws += 1
        self.rows += len(rows)
        self.scenarios |= {row.meta.scenario for row in rows}
        self.families |= {row.meta.family for row in rows}

    def counts(self) -> dict[str, int]:
        return {
            "draws": self.draws, "rows": self.rows, "scenarios": len(self.scenarios), "families": len(self.families)
        }  # fmt: skip
