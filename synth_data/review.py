"""Label review: what people answered on a blind sheet, joined with the labels.

Whoever reviews says what they are; a review says nothing about the answer key unless two clinicians made it, independently
and on the same sample (`certify.review`). An answer of "unsure" does not confirm a label, and an item without an answer stays
in the result: whoever leaves out the hard ones has not confirmed them.
"""

from __future__ import annotations

import csv
import enum
import io
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from guard.errors import InputError
from synth_data.blind import Item, digest_of, sample_digest, texts_digest

FORMAT = "urn:auscult:review:v1"
"""What the result file calls itself."""


class Reviewer(enum.StrEnum):
    """What a reviewer is."""

    CLINICIAN = "clinician"
    ENGINEER = "engineer"
    OTHER = "other"


class Answer(enum.StrEnum):
    """What a reviewer says to the question whether the hazard is there."""

    YES = "yes"
    NO = "no"
    UNSURE = "unsure"


class Judged(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One item of a result file."""

    item: str
    """Id of the item."""
    row: str
    """Id of the row."""
    claim: str
    """What was asked about."""
    label: int
    """What the generator says."""
    role: str
    """Positive, twin, hard negative or traffic."""
    answer: Answer | None
    """What the reviewer says, or None where they left it out."""
    comment: str = ""
    """Why."""

    @property
    def agrees(self) -> bool:
        """Whether the reviewer confirms the label."""
        return self.answer is (Answer.YES if self.label else Answer.NO)


class Stratum(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rows of one claim with one label."""

    label: int
    """1 or 0."""
    items: int
    """How many were to be judged."""
    unanswered: int
    """How many were left out."""
    rejected: int
    """How many labels were not confirmed by an answer."""


class Review(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The result file of one reviewer."""

    format: str
    """`urn:auscult:review:v1`."""
    sample: str
    """Digest of the sample: equal if and only if the same items were drawn from the same rows and texts."""
    texts: str
    """Digest of all texts together; `sample` follows from it and the items."""
    reviewer: str
    """Initials or another name by which two reviewers can be told apart."""
    kind: Reviewer
    """What the reviewer is."""
    blind: bool
    """Whether the sheet was the blind one."""
    strata: dict[str, tuple[Stratum, ...]]
    """By claim."""
    judged: tuple[Judged, ...]
    """Every item of the sample."""

    def encode(self) -> bytes:
        """Write it one way only."""
        return json.dumps(msgspec.to_builtins(self), indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two reviewers of one sample agree with each other."""

    items: int
    """Items that both answered."""
    same: int
    """Items to which both gave the same answer."""
    kappa: float
    """Cohen's kappa over yes, no and unsure (Cohen 1960); nan where one answer is the only one given."""
    both_clinicians: bool
    """Whether claim L is open to them."""


def collect(items: Sequence[Item], filled: bytes, *, reviewer: str, kind: Reviewer) -> Review:
    """Join a filled sheet with the labels.

    Raises:
        InputError: The sheet is not one of this sample, or an answer is none of yes, no and unsure.
    """
    known = {item.id: item for item in items}
    answers: dict[str, tuple[Answer | None, str]] = {}
    for number, line in enumerate(_lines(filled), start=2):
        id_ = line["item"]
        if id_ not in known or id_ in answers:
            wrong = "stands twice" if id_ in answers else "is not one of this sample"
            raise InputError(
                f"row {number}: the item {id_[:20]!r} {wrong}", "collect with the rows and options that the sheet was made with"
            )
        answers[id_] = (_answer(line["answer"], number), line["comment"])
    if not any(answer for answer, _ in answers.values()):
        raise InputError("the sheet holds no answers", "fill the column `answer` with yes, no or unsure")
    done = tuple(_judged(item, *answers.get(item.id, (None, ""))) for item in items)
    return Review(
        format=FORMAT, sample=digest_of(items), texts=texts_digest(items), reviewer=reviewer.strip(), kind=kind, blind=True,
        strata=_strata(done), judged=done,
    )  # fmt: skip


def _judged(item: Item, answer: Answer | None, comment: str) -> Judged:
    return Judged(
        item=item.id, row=item.row, claim=str(item.claim), label=item.label, role=item.role, answer=answer, comment=comment
    )


def _answer(said: str, number: int) -> Answer | None:
    try:
        return Answer(said.lower()) if said else None
    except ValueError as error:
        raise InputError(f"row {number}: {said[:20]!r} is no answer", "write yes, no or unsure") from error


def _lines(filled: bytes) -> Iterator[dict[str, str]]:
    """Read a sheet as a spreadsheet may have saved it: with a mark in front, semicolons or tabs, and empty rows at the end."""
    try:
        text = filled.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError("the sheet is not UTF-8", "save it as CSV UTF-8") from error
    first = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count))
    try:
        table = list(reader)
    except csv.Error as error:
        raise InputError(f"the sheet is no CSV: {error}", "save it as CSV UTF-8") from error
    heads = [head.strip().lower() for head in table[0]] if table else []
    if not {"item", "answer"} <= set(heads):
        raise InputError("the sheet lacks the columns item and answer", "fill in a sheet that `auscult synth review` wrote")
    for line in table[1:]:
        cells = dict(zip(heads, (cell.strip() for cell in line), strict=False))
        if any(cells.values()):
            yield {name: cells.get(name, "") for name in ("item", "answer", "comment")}


def _strata(judged: Iterable[Judged]) -> dict[str, tuple[Stratum, ...]]:
    members: dict[tuple[str, int], list[Judged]] = defaultdict(list)
    for one in judged:
        members[one.claim, one.label].append(one)
    found: dict[str, tuple[Stratum, ...]] = {}
    for (claim, label), own in sorted(members.items()):
        silent = sum(one.answer is None for one in own)
        rejected = sum(not one.agrees for one in own) - silent
        found[claim] = (*found.get(claim, ()), Stratum(label=label, items=len(own), unanswered=silent, rejected=rejected))
    return found


def read(data: bytes) -> Review:
    """Read a result file.

    Raises:
        InputError: It is none, or its counts or its sample are not those of its items.
    """
    try:
        review = msgspec.json.decode(data, type=Review)
    except msgspec.DecodeError as error:
        raise InputError(f"not a review: {error}", "name a file that `auscult synth review --collect` wrote") from error
    if review.format != FORMAT:
        raise InputError(f"the review has the format {review.format[:60]!r}, wanted is {FORMAT}")
    if review.strata != _strata(review.judged):
        raise InputError("the counts of the review are not those of its items", "collect the sheet again")
    drawn = [(one.item, one.row, one.claim, one.label, one.role) for one in review.judged]
    if review.sample != sample_digest(drawn, review.texts):
        raise InputError("the sample of the review is not that of its items", "collect the sheet again")
    return review


def agreement(first: Review, second: Review) -> Agreement:
    """Measure how far two reviewers agree.

    Raises:
        InputError: They judged different samples, or are one and the same person.
    """
    if first.sample != second.sample:
        raise InputError("the two reviews are of different samples", "let both judge the same sheet")
    if first.reviewer.strip().casefold() == second.reviewer.strip().casefold():
        raise InputError("both reviews are by one reviewer", "agreement needs two people")
    both = zip(first.judged, second.judged, strict=True)
    pairs = [(one.answer, other.answer) for one, other in both if one.answer and other.answer]
    if not pairs:
        raise InputError("the two reviews have no answered item in common", "let both judge the whole sheet")
    same = sum(a == b for a, b in pairs)
    return Agreement(len(pairs), same, kappa(pairs), first.kind is second.kind is Reviewer.CLINICIAN)


def kappa(pairs: Sequence[tuple[Answer, Answer]]) -> float:
    """Return Cohen's kappa: agreement beyond what the two marginal distributions give by chance."""
    first, second = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    seen = sum(a == b for a, b in pairs) / len(pairs)
    chance = sum(first[answer] * second[answer] for answer in Answer) / len(pairs) ** 2
    return (seen - chance) / (1 - chance) if chance < 1 else float("nan")


def told(strata: Mapping[str, Sequence[Stratum]]) -> list[list[str]]:
    """Return a table: claim, label, items, left out, rejected."""
    return [
        [claim, str(stratum.label), str(stratum.items), str(stratum.unanswered), str(stratum.rejected)]
        for claim, found in strata.items()
        for stratum in found
    ]
