"""Two dossiers of one product side by side: the whole comparison as one value.

Comes in: two dossiers that `open_sealed` verified. Goes out: `Comparison`, which text, JSON and page only write down.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from certify import numbers
from certify.compare import judged, swapped
from certify.compare.judged import Compared
from certify.compare.swapped import Part, Swap
from certify.losses import WHOLE
from certify.recompute import recompute
from guard.certificate import Status
from guard.dossier import Dossier
from guard.errors import InputError, VerificationError

NO_LIMIT = "no limit"
"""Stands where a status would, for a claim without a limit."""
ABSENT = ""
"""Stands where a status would, for a claim that a certificate does not have."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two certificates."""

    product: str
    """What the issuer calls the thing that was tested."""
    model: str
    """Name of the model."""
    serial: int
    """Serial number."""
    not_before: str
    """When it begins."""
    not_after: str
    """When it ends."""
    certificate: str
    """Digest of its signed bytes."""
    protocol: str
    """Digest of the signed bytes of its protocol."""
    signer: str
    """Key id."""
    trusted: bool
    """Whether the reader trusts that key."""
    attempt: int
    """Which attempt on this product and these claims."""
    demonstration: bool
    """Limits too wide for use, or a subject that is not a deployed model."""

    @classmethod
    def of(cls, opened: Dossier) -> Side:
        """Describe a verified dossier."""
        issued = opened.certificate
        return cls(
            issued.product, issued.subject.name, issued.serial, issued.not_before, issued.not_after,
            opened.certificate_digest, opened.payload, opened.signer, opened.trusted, issued.attempt, issued.demonstration,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Standing:
    """What was shown of one claim in one cell, then and now."""

    cell: str
    """`<claim>/<language>/<length>`."""
    old: str
    """PASS, NOT SHOWN, FAIL, "no limit", or "" where the old certificate does not have it."""
    new: str
    """The same for the new one."""

    @property
    def how(self) -> str:
        """What happened to it, in a word."""
        if not self.old:
            return "appeared"
        if not self.new:
            return "vanished"
        return "unchanged" if self.old == self.new else "changed"

    @property
    def lost(self) -> bool:
        """Whether a PASS is gone, also with the claim itself."""
        return self.old == Status.PASS and self.new != Status.PASS


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two certificates say beside each other."""

    old: Side
    """The old one."""
    new: Side
    """The new one."""
    swaps: tuple[Swap, ...]
    """What was swapped."""
    same: tuple[Part, ...]
    """Parts in which nothing was."""
    standings: tuple[Standing, ...]
    """By claim and cell."""
    compared: tuple[Compared, ...]
    """By bound that stands in both."""
    apart: tuple[str, ...]
    """Bounds that stand in both but are not measured alike."""
    level: float
    """Chance that any comparison says "worse" of a rate that is no higher, at most."""
    notes: tuple[str, ...]
    """What the reader has to know besides."""

    @property
    def worse(self) -> tuple[Compared, ...]:
        """Bounds that got worse beyond chance."""
        return tuple(one for one in self.compared if one.worse)

    @property
    def lost(self) -> tuple[Standing, ...]:
        """Claims that lost their PASS."""
        return tuple(one for one in self.standings if one.lost)

    @property
    def fails(self) -> bool:
        """Whether a pipeline should stop: anything got worse beyond chance, or lost its PASS."""
        return bool(self.worse or self.lost)


def compare(old: Dossier, new: Dossier, *, level: float = 0.05, other_product: bool = False) -> Comparison:
    """Compare two verified dossiers.

    1. They hold two certificates, of one product unless the caller allows two.
    2. Every bound of each follows from its results.parquet.
    3. What was swapped, by digest and name.
    4. Which claims changed their status, appeared or vanished.
    5. Which rates are higher beyond chance; there is at least one bound to compare.

    Raises:
        InputError: Step 1 or 5 failed: there is nothing to compare.
        VerificationError: Step 2 failed.
    """
    # (1)
    if old.certificate_digest == new.certificate_digest:
        raise InputError("both dossiers hold the same certificate", "name an older and a newer one")
    products = (old.certificate.product, new.certificate.product)
    if products[0] != products[1] and not other_product:
        raise InputError(
            f"the dossiers are about two products, {products[0][:60]!r} and {products[1][:60]!r}",
            "say --other-product to compare them all the same",
        )
    # (2)
    for opened in (old, new):
        recompute(opened)
    # (3)
    swaps = swapped.swapped(old, new)
    # (4)
    standings = _standings(old, new)
    # (5)
    found, apart = judged.compared(old, new, level)
    if not any(one.claim != WHOLE for one in found):
        said = [", ".join(sorted(numbers.standings(opened.certificate))) for opened in (old, new)]
        raise InputError(
            f"no claim stands in both certificates in one language and length: {said[0][:200]} in the old one, "
            f"{said[1][:200]} in the new one",
            "certify the new version for the same claims, languages and lengths",
        )
    return Comparison(
        Side.of(old), Side.of(new), swaps, swapped.unchanged(swaps), standings, found, apart, level,
        tuple(_notes(old, new, swaps)),
    )  # fmt: skip


def _standings(old: Dossier, new: Dossier) -> tuple[Standing, ...]:
    before, after = numbers.standings(old.certificate), numbers.standings(new.certificate)

    def word(found: dict[str, Status | None], cell: str) -> str:
        return ABSENT if cell not in found else str(found[cell] or NO_LIMIT)

    return tuple(Standing(cell, word(before, cell), word(after, cell)) for cell in dict.fromkeys((*before, *after)))


def _begins(opened: Dossier) -> datetime:
    text = opened.certificate.not_before
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError as error:
        raise VerificationError(f"a certificate begins on a date that is none: {text[:40]!r}") from error


def _notes(old: Dossier, new: Dossier, swaps: tuple[Swap, ...]) -> Iterator[str]:
    touched = {swap.part for swap in swaps}
    for word, opened in (("old", old), ("new", new)):
        if not opened.trusted:
            yield f"The signer of the {word} dossier is unknown: its files fit together, but nobody you trust vouches for them."
    if old.certificate.product != new.certificate.product:
        yield f"These are two products: {old.certificate.product} and {new.certificate.product}."
    if _begins(new) < _begins(old):
        yield "The new certificate begins before the old one. If they were named in the wrong order, swap them."
    if Part.GENERATOR in touched:
        yield (
            "The two tests drew from different generators, so a rate may be higher because the conversations differ, not "
            "because of the monitor."
        )
    if Part.LIMITS in touched:
        yield "Limits differ, so a status may have changed although no rate did. The limits are among the swapped parts."
    if Part.TAXONOMY in touched:
        yield "The taxonomy differs: what a claim means may have changed."
    if swapped.suite_of(old) is None or swapped.suite_of(new) is None:
        yield "A suite is in a format that this version does not read: its monitors were compared by digest of file only."
    if old.certificate.demonstration or new.certificate.demonstration:
        yield "Demonstration: the limits are too wide for use, or the tested model is not a deployed one."
