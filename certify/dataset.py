"""A dataset: labelled rows with digests, checked for what would make a statistic of them wrong.

Comes in: a folder that a generator wrote (`*.jsonl`, `manifest.json`), or single files. Goes out: `Dataset`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from guard import digest, files
from guard.conversation import Fold, Kind, LabelledConversation
from guard.digest import Digest
from guard.errors import InputError, ProtocolError
from guard.hazards import Claim
from guard.rows import read_rows


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What certify needs of a generator's manifest; other fields are the generator's own affair."""

    generator: str
    """Digest of the generator's code and facts."""
    version: str
    """Version of the generator."""
    weights: dict[str, dict[str, float]]
    """Published weight of each family by claim ("traffic" for ordinary chat); unseen families under opaque names."""
    unseen: dict[str, int]
    """How many unseen families each claim has."""
    files: dict[str, str]
    """Digest of each file of rows."""
    protocol: str = ""
    """Digest of the payload of the protocol that the rows were drawn for, or ""."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """Rows and where they come from."""

    rows: tuple[LabelledConversation, ...]
    """In the order of the files."""
    manifest: Manifest
    """What the generator says of them."""
    digest: Digest
    """Digest of the manifest, which names the digest of each file."""

    def fold(self, *folds: Fold) -> tuple[LabelledConversation, ...]:
        """Return the rows of some folds."""
        return tuple(row for row in self.rows if row.meta.fold in folds)


def load(folder: Path) -> Dataset:
    """Read a folder of generated rows.

    Raises:
        InputError: There is no manifest, or a file is missing.
        RowError: A line is broken.
        ProtocolError: A file is not the one that the manifest names, or the rows can't carry a statistic.
    """
    manifest, data = read_manifest(folder)
    rows: list[LabelledConversation] = []
    for name, stated in manifest.files.items():
        path = folder / name
        if digest.of_file(path) != stated:
            raise ProtocolError(f"{path} is not the file that the manifest names", "generate the rows again")
        rows.extend(read_rows(path))
    check(rows)
    return Dataset(tuple(rows), manifest, digest.of_bytes(data))


def read_manifest(folder: Path) -> tuple[Manifest, bytes]:
    """Read what the generator says of a folder of rows, without the rows; returns its bytes, too.

    Raises:
        InputError: There is no manifest.
    """
    if not folder.is_dir():
        raise InputError(f"no data at {folder}", "make some with auscult synth generate")
    data = files.read(folder / "manifest.json")
    try:
        return msgspec.json.decode(data, type=Manifest), data
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{folder / 'manifest.json'} is not a manifest: {error}") from error


def check(rows: Iterable[LabelledConversation]) -> None:
    """Refuse rows whose folds or units are mixed up.

    1. Row ids are unique.
    2. No scenario and no draw is in two folds.
    3. Every generated row names its draw, role and family.

    Raises:
        ProtocolError: One of these does not hold.
    """
    ids: set[str] = set()
    folds: dict[str, Fold] = {}
    draws: dict[str, Fold] = {}
    for row in rows:
        if row.id in ids:  # (1)
            raise ProtocolError(f"the row id {row.id[:80]!r} stands twice")
        ids.add(row.id)
        meta = row.meta
        if not (meta.scenario and meta.draw and meta.role and meta.family and meta.fold):  # (3)
            raise ProtocolError(f"row {row.id[:80]!r} lacks scenario, draw, role, family or fold")
        if folds.setdefault(meta.scenario, meta.fold) is not meta.fold:  # (2)
            raise ProtocolError(f"scenario {meta.scenario[:23]} is in the folds {folds[meta.scenario]} and {meta.fold}")
        if draws.setdefault(meta.draw, meta.fold) is not meta.fold:
            raise ProtocolError(f"the draw {meta.draw[:80]} is in the folds {draws[meta.draw]} and {meta.fold}")


TRIPLE = (Kind.POSITIVE, Kind.TWIN, Kind.HARD_NEGATIVE)
"""The rows of a draw of a claim."""


def by_draw(rows: Iterable[LabelledConversation]) -> dict[str, dict[Kind, LabelledConversation]]:
    """Group rows by draw and role."""
    draws: dict[str, dict[Kind, LabelledConversation]] = {}
    for row in rows:
        if row.meta.role is not None:
            draws.setdefault(row.meta.draw, {})[row.meta.role] = row
    return draws


def is_about(draw: str, claim: Claim | str) -> bool:
    """Tell whether a draw id is of a claim, whatever fold stands in front of it."""
    return f"/{claim}/" in f"/{draw}"


def draw_id(claim: Claim | None, lang: str, bucket: str, index: int, prefix: str = "") -> str:
    """Write a draw id: `<claim>/<lang>/<bucket>/<index>`, or `traffic/...` for ordinary chat."""
    return f"{prefix}{claim if claim is not None else 'traffic'}/{lang}/{bucket}/{index}"
