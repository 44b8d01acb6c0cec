"""Rows of ordinary chat with a short hazard planted in them, and what a stack of monitors says along each.

Comes in: labelled JSONL whose `meta.traits` say for which length a row stands (`length`, in tokens) and where its hazard is
(`planted`: last, later or nothing); `meta.group` names the chat. Goes out: logits by turn, and by length what was heard of
each chat without and with its hazard. Knows no thresholds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from certify.growing import Logits, logits
from certify.long_input import Grown, Heard
from guard.conversation import Fold, LabelledConversation
from guard.errors import InputError, ProtocolError
from guard.hazards import Claim
from guard.probes.linear import Stack
from guard.probes.reading import Subject, Unread, judged_turns
from guard.progress import Phase, silent
from guard.rows import read_rows

LAST, LATER, NOTHING = "last", "later", "nothing"
"""Where the hazard stands: in the last thing said, before one more exchange, or nowhere."""

Turns = Mapping[int, Logits | Unread]
"""By judged turn."""


@dataclass(frozen=True, slots=True)
class Planted:
    """One row with its marks."""

    row: LabelledConversation
    """The row."""
    length: int
    """What it stands for, in tokens."""
    place: str
    """LAST, LATER or NOTHING."""

    def onset(self, claim: Claim) -> int:
        """Return the message that holds the hazard of a claim; 0 where there is none."""
        return self.row.meta.onset.get(str(claim), (0, 0))[0]


@dataclass(slots=True)
class Chats:
    """The rows of one claim at one length: by place, and in it by chat, the number of the row."""

    places: dict[str, dict[str, int]] = field(default_factory=lambda: {NOTHING: {}, LAST: {}, LATER: {}})
    """By place and chat."""

    def whole(self) -> list[str]:
        """Return the chats that have a row of each place."""
        return [name for name in self.places[NOTHING] if all(name in rows for rows in self.places.values())]


def read(path: Path) -> tuple[Planted, ...]:
    """Read planted rows.

    Raises:
        InputError: The file is missing, has a broken line, or a row without its marks.
        ProtocolError: It has rows of another fold than a test's.
    """
    return tuple(marked(row) for row in read_rows(path))


def marked(row: LabelledConversation) -> Planted:
    """Read the marks of a row.

    Raises:
        InputError: It does not bear them.
        ProtocolError: A fit or a selection may have used it, or it is of an unseen family.
    """
    length, place = row.meta.traits.get("length", ""), row.meta.traits.get("planted", "")
    if not (length.isascii() and length.isdigit()) or place not in (LAST, LATER, NOTHING) or not row.meta.group:
        raise InputError(
            f"row {row.id[:80]} does not say for how long a chat it stands, where its hazard is, or which chat it is",
            "draw planted rows with the plan of auscult certify run --lengths",
        )
    if row.meta.fold is not Fold.CERTIFY:
        raise ProtocolError(f"row {row.id[:80]} is of the fold {row.meta.fold}, and planted rows are of a test's")
    return Planted(row, int(length[:9]), place)


def listen(subject: Subject, stack: Stack, planted: Sequence[Planted], phase: Phase = silent) -> list[Turns]:
    """Read every row once; returns per row what the stack says of each judged turn."""
    talks = [one.row.conversation for one in planted]
    advance = phase("reading long conversations", sum(len(judged_turns(talk)) for talk in talks))
    found: list[dict[int, Logits | Unread]] = [{} for _ in talks]
    for (index, turn), values in logits(subject, stack, talks, advance):
        found[index][turn] = values
    return [dict(sorted(own.items())) for own in found]


def by_length(planted: Sequence[Planted], claim: Claim) -> dict[int, Chats]:
    """Sort the rows that are labelled for a claim by length."""
    found: dict[int, Chats] = {}
    for index, one in enumerate(planted):
        if one.row.label(claim) is not None:
            found.setdefault(one.length, Chats()).places[one.place][one.row.meta.group] = index
    return {length: found[length] for length in sorted(found)}


def grown(planted: Sequence[Planted], found: Sequence[Turns], claim: Claim, decision: int, text: int) -> dict[int, list[Grown]]:
    """Return what was heard of a claim by length, chat by chat.

    Args:
        planted: The rows.
        found: What was read of each.
        claim: Whose rows.
        decision: Column of the stack that reads decision tokens.
        text: Column that reads the text.
    """

    def at(index: int) -> Heard | None:
        return heard(found[index], decision, text, planted[index].onset(claim))

    return {
        length: [
            Grown(name, at(own.places[NOTHING][name]), {place: at(own.places[place][name]) for place in (LAST, LATER)})
            for name in own.whole()
        ]
        for length, own in by_length(planted, claim).items()
    }


def heard(turns: Turns, decision: int, text: int, onset: int) -> Heard | None:
    """Return the logits along a conversation; None where the model could not read it, or said what is no number."""
    own = {turn: values for turn, values in turns.items() if not isinstance(values, Unread)}
    if len(own) != len(turns) or not all(np.isfinite(values[:, [decision, text]]).all() for values in own.values()):
        return None
    return Heard(
        tuple(tuple(values[:-1, text].tolist()) for values in own.values()),
        tuple(float(values[-1, decision]) for values in own.values()),
        sum(turn < onset for turn in own),
    )
