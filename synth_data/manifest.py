"""What a set of rows says of itself: `manifest.json`, and a dataset card for people.

Comes in: what was drawn. Goes out: bytes. The manifest names the digest of each file, of the generator, and the weights of
its families; unseen families stand under opaque names.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import msgspec

import synth_data
from guard import digest, resources
from guard.conversation import Fold
from guard.digest import Digest
from guard.hazards import Claim
from synth_data import families
from synth_data.families import odds

NAME = "manifest.json"
CARD = "README.md"


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The manifest of a folder of rows."""

    generator: str
    """Digest of the generator's code and facts."""
    version: str
    """Version of the generator; it uses no other source of random text."""
    seed: str
    """The seed, or "" where a protocol gives it."""
    protocol: str
    """Digest of the payload of the protocol that the rows were drawn for, or ""."""
    weights: dict[str, dict[str, float]]
    """Share of draws of each family by claim ("traffic" for ordinary chat); unseen families under opaque names."""
    unseen: dict[str, int]
    """How many unseen families each claim has."""
    counts: dict[str, dict[str, int]]
    """By file: draws, rows, distinct scenarios, families."""
    files: dict[str, str]
    """Digest of each file of rows."""

    def encode(self) -> bytes:
        """Write it one way only."""
        return json.dumps(msgspec.to_builtins(self), indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n"


@cache
def generator_digest() -> Digest:
    """Return the digest of everything that decides a row: the generator's code, its kinds, and the facts it names.

    The phantom's trainer decides no row and does not count.
    """
    root = Path(synth_data.__file__).parent
    paths = {path.relative_to(root).as_posix(): path for path in root.rglob("*") if path.suffix in (".py", ".yaml")}
    paths = {name: path for name, path in paths.items() if not name.startswith("phantom/")}
    facts = resources.path("policies/facts")
    paths |= {f"facts/{path.name}": path for path in facts.glob("*.csv")}
    return digest.of_bytes(digest.canonical({name: digest.of_file(path) for name, path in sorted(paths.items())}))


def weights(claim: Claim | None) -> dict[str, float]:
    """Return the share of draws of each family: of the listed ones together 1, and of the unseen ones together 1."""
    found = families.families(claim)
    listed = {family.id: family.weight for family in found if family.listed}
    total = sum(listed.values())
    hidden = sum(family.fold is Fold.UNSEEN for family in found)
    shares = {name: weight / total for name, weight in listed.items()}
    return shares | {f"unseen-{number:02d}": 1 / hidden for number in range(1, hidden + 1)}


def unseen(claim: Claim | None) -> int:
    """Count the unseen families of a claim."""
    return sum(family.fold is Fold.UNSEEN for family in families.families(claim))


def card(manifest: Manifest) -> bytes:
    """Write the dataset card."""
    origin = f"protocol `{manifest.protocol}`" if manifest.protocol else f"seed `{manifest.seed}`"
    lines = [
        "# Synthetic clinical conversations",
        "",
        "Not for clinical use. No person stands behind these texts, and no clinician has checked their labels.",
        "",
        f"Drawn by the generator, version {manifest.version} (`{manifest.generator}`), from {origin}. Every row names its",
        "scenario, draw, family, the facts that its text states, and the rule that read its label off those facts.",
        "One draw gives a positive, a twin that differs in one fact, and a look-alike; or one ordinary conversation.",
        "",
        "| file | draws | rows | scenarios | families |",
        "| --- | ---: | ---: | ---: | ---: |",
        *(f"| {name} | {_cells(count)} |" for name, count in sorted(manifest.counts.items())),
        "",
        f"Within a family of emergencies or misuse, {1 - odds.SUBTLE:.0%} of the draws take its plainest contrast; the others,",
        "whose two sides share most of their words, are rare. That makes the rows easier than the families could be.",
        "",
        "Texts are written by a grammar: they show how well a monitor tells these kinds of situation apart, and nothing",
        "about how people in a clinic write. Kinds that no fitting may see carry no name here.",
        "",
    ]
    return "\n".join(lines).encode()


def _cells(count: Mapping[str, int]) -> str:
    return " | ".join(str(count[key]) for key in ("draws", "rows", "scenarios", "families"))
