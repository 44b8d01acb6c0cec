"""A site's own labelled conversations: named in the protocol before they are scored, and used once.

Comes in: a file of rows and the frame that they come from. Goes out: `SealedFile` for the protocol; after the test, losses by
patient or conversation, and what they show. Such rows can't be drawn again, and they exist before the protocol is signed.
Hence a bound that no order plays a part in (KL-Chernoff, which also holds for sampling without replacement: Hoeffding 1963,
theorem 4), and a budget of its own, as large as the attempt's and beside it: the numbers are about another population.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Context, Decimal
from pathlib import Path
from typing import Any, Literal

import msgspec

from certify import bounds
from certify.counts import Counts
from certify.losses import Counter
from certify.results import UnitLoss
from guard import digest, files, policy
from guard.certificate import Proportion, number
from guard.claims import Frame, SealedFile, SealedUnits, SiteRate, SiteResult
from guard.conversation import Conversation, LabelledConversation
from guard.digest import Digest
from guard.errors import InputError, ProtocolError
from guard.hazards import Claim
from guard.rows import read_rows

Estimand = Literal["site_miss", "site_false_alarm"]
ESTIMANDS: tuple[tuple[int, Estimand], ...] = ((1, "site_miss"), (0, "site_false_alarm"))
"""What is counted, by label."""
LONG = 60
"""Characters from which a single message that stands in the train or select rows, too, counts as seen."""

MEANING = {
    "random": (
        "A bound on the rate over all units of the declared frame, because these are a random sample of it, and as far as its "
        "labels are right. Nothing follows for other periods or places."
    ),
    "all": (
        "The rates of the declared frame itself, all of which was scored: a description of that period, not a bound on what "
        "comes after it."
    ),
    "none": "A description of the sample, not a bound: it was not drawn at random.",
}
"""What the numbers are about, by sampling."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A file that was read, and not scored."""

    digest: Digest
    """Of the file."""
    rows: tuple[LabelledConversation, ...]
    """In the order of the file."""


@dataclass(frozen=True, slots=True)
class Site:
    """What `prepare` is told of a site's own conversations."""

    sealed: Sealed
    """The file."""
    frame: Frame
    """Where its rows come from."""


def read(path: Path) -> Sealed:
    """Read a file of labelled rows.

    Raises:
        InputError: It can't be read.
        RowError: A line is broken.
    """
    return Sealed(digest.of_file(path), tuple(read_rows(path)))


def read_frame(path: Path) -> Frame:
    """Read the declared frame: period, inclusion, sampling, probability, unit, varying.

    Raises:
        InputError: It is no frame.
    """
    given: Any = policy.strict_yaml(files.read(path))
    if isinstance(given, dict) and isinstance(given.get("probability"), int | float):
        given = given | {"probability": number(given["probability"])}
    try:
        frame = msgspec.convert(given, Frame)
    except msgspec.ValidationError as error:
        raise InputError(f"{path} is not a frame: {error}", "say period, inclusion, sampling and unit") from error
    if not frame.period.strip() or not frame.inclusion.strip():
        raise InputError(f"{path} leaves period or inclusion empty", "say from when to when, and which conversations belong")
    known = bool(frame.probability) and 0.0 < float(frame.probability) <= 1.0
    if (frame.sampling == "random") != known:
        raise InputError(f"{path}: a random sample, and only that, has a probability between 0 and 1", "see sampling")
    return frame


def planned(found: Sealed, frame: Frame, claims: Sequence[Claim], delta: str) -> SealedFile:
    """Write down what will be counted.

    1. Row ids are unique, and no conversation stands twice.
    2. Each row names its unit; where conversations are the units, no two of them belong together.
    3. Each row is labelled for a certified claim.
    4. Units have equally many conversations, unless the frame says that they vary.

    Raises:
        ProtocolError: A step failed.
    """
    _require_rows(found.rows, frame, claims)  # (1) (2) (3)
    units: list[SealedUnits] = []
    for claim in claims:
        for label, estimand in ESTIMANDS:
            sizes = [len(own) for own in by_unit(found.rows, frame, claim, label).values()]
            if sizes and len(set(sizes)) > 1 and not frame.varying:  # (4)
                problem = f"units hold {min(sizes)} to {max(sizes)} conversations of {claim} with the label {label}"
                raise ProtocolError(problem, "say varying: true in the frame: then each unit counts once")
            if sizes:
                units.append(
                    SealedUnits(
                        claim=str(claim), estimand=estimand, units=len(sizes), conversations=sum(sizes), most=max(sizes)
                    )
                )
    return SealedFile(digest=found.digest, rows=len(found.rows), frame=frame, units=tuple(units), delta=delta)


def _require_rows(rows: Sequence[LabelledConversation], frame: Frame, claims: Sequence[Claim]) -> None:
    if not rows:
        raise ProtocolError("the sealed file holds no row")
    ids: set[str] = set()
    texts: set[str] = set()
    groups: set[str] = set()
    for row in rows:
        text = _text(row.conversation)
        if row.id in ids or text in texts:
            raise ProtocolError(f"in the sealed file {row.id[:80]!r} stands twice", "take the copy out")
        ids.add(row.id)
        texts.add(text)
        group = row.meta.group
        if frame.unit == "patient" and not group:
            raise ProtocolError(f"in the sealed file {row.id[:80]!r} names no patient", "give each row its meta.group")
        if frame.unit == "conversation" and group and group in groups:
            raise ProtocolError(
                "two conversations of the sealed file belong to one group, and are not independent", "say unit: patient"
            )
        groups.add(group)
        if all(row.label(claim) is None for claim in claims):
            raise ProtocolError(f"in the sealed file {row.id[:80]!r} has no label of a certified claim", "label it")


def require_apart(found: Sealed, others: Iterable[LabelledConversation]) -> None:
    """Refuse rows whose text occurs among those that the monitors were fitted or chosen on.

    Raises:
        ProtocolError: A conversation, or a long message of one, stands among them.
    """
    whole, parts = set(), set()
    for row in others:
        whole.add(_text(row.conversation))
        parts |= set(_long(row.conversation))
    for row in found.rows:
        if _text(row.conversation) in whole or any(part in parts for part in _long(row.conversation)):
            raise ProtocolError(
                f"the text of {row.id[:80]!r} of the sealed file occurs in the train or select rows", "take it out of either"
            )


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _text(conversation: Conversation) -> str:
    return "\n".join(f"{message.role}: {_plain(message.content)}" for message in conversation.messages)


def _long(conversation: Conversation) -> Iterator[str]:
    for message in conversation.messages:
        text = _plain(message.content)
        if len(text) >= LONG:
            yield text


def by_unit(
    rows: Sequence[LabelledConversation], frame: Frame, claim: Claim, label: int
) -> dict[str, list[LabelledConversation]]:
    """Group the rows with a label by patient or conversation."""
    found: dict[str, list[LabelledConversation]] = defaultdict(list)
    for row in rows:
        if row.label(claim) == label:
            found[row.meta.group if frame.unit == "patient" else row.id].append(row)
    return found


def require_planned(plan: SealedFile | None, found: Sealed | None) -> None:
    """Check that the file of a test is the planned one.

    Raises:
        ProtocolError: It is another, or there is one where none was planned, or none where one was.
    """
    if plan is None and found is not None:
        raise ProtocolError("the protocol names no sealed file", "prepare again with it")
    if plan is not None and (found is None or found.digest != plan.digest):
        raise ProtocolError(f"this test needs the sealed file {plan.digest[:23]}…, and no other", "name it with --sealed")


def count(plan: SealedFile, found: Sealed, counts: Counter, hide: Callable[[str], str]) -> Iterator[UnitLoss]:
    """Count losses of every unit; whose they are is hidden."""
    for wanted in plan.units:
        claim = Claim.parse(wanted.claim)
        label = 1 if wanted.estimand == "site_miss" else 0
        own = {hide(unit): rows for unit, rows in by_unit(found.rows, plan.frame, claim, label).items()}
        for order, unit in enumerate(sorted(own)):
            rows = own[unit]
            lost = sum(counts.misses(row, claim) if label else counts.alarms(row, claim) for row in rows)
            yield UnitLoss(wanted.estimand, wanted.claim, "", "", unit, order, lost, len(rows), "")


def result(plan: SealedFile | None, counted: Counts) -> SiteResult | None:
    """Return what was found on a site's own conversations; None where none were named."""
    if plan is None:
        return None
    share = Context(prec=12, rounding=ROUND_DOWN).divide(Decimal(plan.delta), Decimal(max(1, len(plan.units))))
    rates = tuple(_rate(plan, wanted, counted, format(share, "f")) for wanted in plan.units)
    return SiteResult(sealed=plan, meaning=MEANING[plan.frame.sampling], rates=rates)


def _rate(plan: SealedFile, wanted: SealedUnits, counted: Counts, delta: str) -> SiteRate:
    losses = counted.of(wanted.estimand, wanted.claim, "", "").losses
    mean = float(losses.mean())
    drawn = plan.frame.sampling == "random"
    return SiteRate(
        claim=wanted.claim,
        estimand=wanted.estimand,
        units=len(losses),
        conversations=wanted.conversations,
        loss=Proportion(successes=int((losses >= 0.5).sum()), trials=len(losses)),
        mean=number(mean),
        upper=number(bounds.kl_chernoff_upper(mean, len(losses), float(delta))) if drawn else "",
        delta=delta if drawn else "",
    )
