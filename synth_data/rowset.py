"""Rows as an audit reads them: text and ids, without the rows that only a test may look at.

Comes in: a folder or file of labelled JSON lines. Goes out: `Sample`s, and how many rows of unseen families were left out.
Nothing of such a row is kept: no id, no word.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from guard.conversation import Fold, Kind, LabelledConversation, Message
from guard.errors import InputError
from guard.rows import read_rows

TRAFFIC = "traffic"
"""Stands for the claim of rows that belong to none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One row, seen from the claim whose draw it belongs to."""

    claim: str
    """`hazard@stage`, or "traffic"."""
    lang: str
    """Language, or "" where the row names none."""
    positive: bool
    """Whether it carries the hazard."""
    kind: Kind | None
    """Which row of its draw."""
    family: str
    """Kind of situation."""
    fold: str
    """What it may be used for, or ""."""
    scenario: str
    """Rows of one scenario are not independent."""
    pair: str
    """Joins a positive with its twin."""
    draw: str
    """The draw it comes from."""
    text: str
    """Everything that is said, turn by turn."""
    characters: int
    """Length of the conversation as a cell counts it."""
    roles: tuple[str, ...]
    """Who speaks, in order."""
    traits: Mapping[str, str]
    """How it is told."""
    slots: Mapping[str, str]
    """The chosen meanings."""
    written: bool = False
    """Whether the generator wrote what is judged in the assistant's name."""

    @property
    def in_pair(self) -> bool:
        """Whether it is one side of a minimal pair."""
        return self.kind in (Kind.POSITIVE, Kind.TWIN) and bool(self.pair)


@dataclass(frozen=True, slots=True)
class RowSet:
    """What was read."""

    samples: tuple[Sample, ...]
    """Rows that may be looked at; a row that several claims are about stands once for each."""
    unseen: int
    """How many rows of unseen families were left out."""


def read(path: Path) -> RowSet:
    """Read a folder of `.jsonl` files, or one file.

    Raises:
        InputError: There is no such file, a line is broken, or there is nothing to look at.
    """
    found = collect(row for each in paths(path) for row in read_rows(each))
    if not found.samples:
        raise InputError(f"{path} holds no row that an audit may look at", "draw rows of the folds train, select or probe")
    return found


def paths(path: Path) -> tuple[Path, ...]:
    """Return the files of rows of a folder, or the one file."""
    return tuple(sorted(each for each in path.iterdir() if _is_rows(each))) if path.is_dir() else (path,)


def _is_rows(path: Path) -> bool:
    return path.name.endswith((".jsonl", ".jsonl.gz"))


def collect(rows: Iterable[LabelledConversation]) -> RowSet:
    """Turn rows into samples: each belongs to the claims that the positive of its draw carries and the twin does not."""
    kept: list[LabelledConversation] = []
    claims: dict[str, set[str]] = {}
    shared: dict[str, set[str]] = {}
    unseen = 0
    for row in rows:
        if row.meta.fold is Fold.UNSEEN:
            unseen += 1
            continue
        kept.append(row)
        if row.meta.role in (Kind.POSITIVE, Kind.TWIN):
            side = claims if row.meta.role is Kind.POSITIVE else shared
            side.setdefault(row.meta.draw, set()).update(str(claim) for claim, label in row.labels.items() if label)
    own = {draw: carried - shared.get(draw, set()) for draw, carried in claims.items()}
    return RowSet(tuple(sample for row in kept for sample in _samples(row, own)), unseen)


def _samples(row: LabelledConversation, claims: Mapping[str, set[str]]) -> Iterator[Sample]:
    meta = row.meta
    if row.any_benign or meta.role is Kind.TRAFFIC:
        yield _sample(row, TRAFFIC, positive=False)
        return
    labels = {str(claim): label for claim, label in row.labels.items()}
    # A row of another origin knows no draw: every claim that it has a label for is about it.
    own = labels.keys() if meta.role is None else labels.keys() & claims.get(meta.draw, set())
    for claim in sorted(own):
        yield _sample(row, claim, positive=labels[claim] == 1)


def _sample(row: LabelledConversation, claim: str, *, positive: bool) -> Sample:
    meta, messages = row.meta, row.conversation.messages
    return Sample(
        claim=claim, lang=row.lang, positive=positive, kind=meta.role, family=meta.family, fold=str(meta.fold or ""),
        scenario=meta.group or meta.scenario or row.id, pair=meta.pair, draw=meta.draw or row.id,
        text="\n".join(_said(message) for message in messages), written=meta.written,
        characters=row.conversation.characters(len(messages) - 1),
        roles=tuple(str(message.role) for message in messages),
        traits=meta.traits, slots=meta.slots,
    )  # fmt: skip


def _said(message: Message) -> str:
    return "\n".join((message.content, *(f"{call.name} {call.arguments}" for call in message.tool_calls))).strip()
