"""What a set of rows says of itself: `manifest.json`, and a dataset card for people.

Comes in: what was drawn. Goes out: bytes. The manifest names the digest of each file, of the generator, and the weights of
its families; unseen families stand under opaque names.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import msgspec

import synth_data
from guard import digest, resources
from guard.conversation import Fold
from guard.digest import Digest
from guard.errors import ProtocolError
from guard.hazards import Claim
from synth_data import delivery, draws, families, languages
from synth_data.families import attacks, odds, read
from synth_data.scenario import Profile

NAME = "manifest.json"
CARD = "README.md"
SHARES: dict[str, dict[str, float]] = {
    "channel": delivery.CHANNELS,
    "register": delivery.REGISTERS,
    "shape": {"a second thing stands beside": odds.BESIDE},
    "directness": {"implicit": odds.IMPLICIT},
    "detail": {"the first contrast of a kind, times each other": odds.FIRST},
    "misuse": {"wrapped in an instruction attack": attacks.ATTACK_SHARE},
    "mix": {str(kind): share for kind, share in draws.MIX.items()},
}
"""Published shares that all families have in common."""


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
    """Share of draws of each family by claim ("traffic" for ordinary chat), with `/<language>` for languages other than the
    first; unseen families under opaque names."""
    unseen: dict[str, int]
    """How many unseen families each claim has, by the same names."""
    shares: dict[str, dict[str, float]]
    """What all families have in common: channels, registers, shapes, the make-up of the mix."""
    reviewed: dict[str, str]
    """Which native speaker reviewed the texts of a language; "" for nobody."""
    counts: dict[str, dict[str, int]]
    """By file: draws, rows, distinct scenarios, families."""
    files: dict[str, str]
    """Digest of each file of rows."""

    def encode(self) -> bytes:
        """Write it one way only."""
        return json.dumps(msgspec.to_builtins(self), indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n"


_READERS = (
    "phantom/", "audit", "baselines", "cli", "coverage", "minhash", "plots", "ranking", "review", "rowset", "shortcuts", "fhir",
)  # fmt: skip


@cache
def generator_digest() -> Digest:
    """Return the digest of everything that decides a row: the generator's code, its kinds, one's own, and the facts.

    The phantom's trainer, and what only reads rows, decide none and do not count.
    """
    root = Path(synth_data.__file__).parent
    paths = {path.relative_to(root).as_posix(): path for path in root.rglob("*.py")}
    paths = {name: path for name, path in paths.items() if not name.startswith(_READERS)} | read.files()
    facts = resources.path("policies/facts")
    paths |= {f"facts/{path.name}": path for path in facts.glob("*.csv")}
    return digest.of_bytes(digest.canonical({name: digest.of_file(path) for name, path in sorted(paths.items())}))


def version(profile: Profile) -> str:
    """Return the version of the generator for a profile; it stands in manifest, protocol and certificate."""
    return synth_data.VERSION if profile is Profile.WHOLE else f"{synth_data.VERSION}-{profile}"


def profile(version: str) -> Profile:
    """Return the profile that a version names.

    Raises:
        ProtocolError: It is not one of this generator.
    """
    found = {synth_data.VERSION: Profile.WHOLE, f"{synth_data.VERSION}-{Profile.TYPICAL}": Profile.TYPICAL}
    if version not in found:
        raise ProtocolError(f"this generator has no version {version[:40]!r}", f"it has {', '.join(found)}")
    return found[version]


def name(claim: Claim | None, lang: str) -> str:
    """Return the name of a claim in a language: as it is in the first, with `/<language>` in others."""
    plain = str(claim or "traffic")
    return plain if lang == languages.CODES[0] else f"{plain}/{lang}"


def weights(claim: Claim | None, lang: str = languages.CODES[0]) -> dict[str, float]:
    """Return the share of draws of each family: of the listed ones together 1, and of the unseen ones together 1."""
    found = [family for family in families.families(claim) if lang in family.tellers]
    listed = {family.id: family.weight for family in found if family.listed}
    total = sum(listed.values())
    hidden = sum(family.fold is Fold.UNSEEN for family in found)
    shares = {id_: weight / total for id_, weight in listed.items()}
    return shares | {f"unseen-{number:02d}": 1 / hidden for number in range(1, hidden + 1)}


def unseen(claim: Claim | None, lang: str = languages.CODES[0]) -> int:
    """Count the unseen families of a claim that speak a language."""
    return sum(family.fold is Fold.UNSEEN and lang in family.tellers for family in families.families(claim))


def reviewed(langs: Iterable[str]) -> dict[str, str]:
    """Return which native speaker reviewed each language."""
    return {lang: languages.language(lang).reviewed for lang in langs}


_TYPICAL = (
    "",
    "**Typical cases only**: of each kind the plainest contrast, told by itself. Such rows are much easier to read than",
    "the whole distribution of the families, and a figure measured on them is about them alone.",
)


def card(manifest: Manifest) -> bytes:
    """Write the dataset card."""
    origin = f"protocol `{manifest.protocol}`" if manifest.protocol else f"seed `{manifest.seed}`"
    alone = [lang for lang, by in sorted(manifest.reviewed.items()) if not by]
    lines = [
        "# Synthetic clinical conversations",
        "",
        "Not for clinical use. No person stands behind these texts, and no clinician has checked their labels.",
        f"Languages whose texts no native speaker has reviewed: {', '.join(alone) or 'none'}.",
        "",
        f"Drawn by the generator, version {manifest.version} (`{manifest.generator}`), from {origin}. Every row names its",
        "scenario, draw, family, the facts that its text states, and the rule that read its label off those facts.",
        "One draw gives a positive, a twin that differs in one fact, and a look-alike; or one ordinary conversation.",
        *(_TYPICAL if profile(manifest.version) is Profile.TYPICAL else ()),
        "",
        "| file | draws | rows | scenarios | families |",
        "| --- | ---: | ---: | ---: | ---: |",
        *(f"| {file} | {_cells(count)} |" for file, count in sorted(manifest.counts.items())),
        "",
        "Shares of draws that all families have in common:",
        "",
        "| what | shares |",
        "| --- | --- |",
        *(f"| {what} | {_shares(shares)} |" for what, shares in manifest.shares.items()),
        "",
        "Texts are written by a grammar: they show how well a monitor tells these kinds of situation apart, and nothing",
        "about how people in a clinic write. Kinds that no fitting may see carry no name here. `auscult synth audit` measures",
        "how much of a label words and length alone give away, and how wide the texts are.",
        "",
    ]
    return "\n".join(lines).encode()


def _cells(count: Mapping[str, int]) -> str:
    return " | ".join(str(count[key]) for key in ("draws", "rows", "scenarios", "families"))


def _shares(shares: Mapping[str, float]) -> str:
    return ", ".join(f"{what} {share:g}" for what, share in shares.items())
