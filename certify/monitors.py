"""All monitors of an order: which rows are read where, and what is chosen on them.

Comes in: a subject, claims, and the rows of the train and select folds. Goes out: the chosen monitors, with the scores of
the select fold that their thresholds are chosen on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from certify import anchors, search
from certify.crossval import fits
from certify.dataset import is_about
from certify.draws import PlaceScores, place_scores, reads_answers
from certify.extract import Read, documents_alone, turns_of
from certify.fit import Setting
from certify.search import Search
from certify.select import Choice, choose_monitor
from certify.shards import Extraction, read_through
from guard.conversation import Kind, LabelledConversation
from guard.hazards import Claim
from guard.probes.activations import HookPoint
from guard.probes.monitor import Monitor
from guard.probes.reading import Places, Subject
from guard.probes.suite import Suite
from guard.progress import Advance, Phase, silent

Rows = Sequence[LabelledConversation]
Pair = tuple[Read, Read]
"""Rows of the train and of the select fold, read alike."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A chosen monitor and what it was chosen on."""

    choice: Choice
    """The monitor, and all that it was chosen from."""
    train: Read
    """Train rows where the monitor reads them; of a token-level monitor before an answer a sample."""
    select: Read
    """Select rows, read alike."""
    rows: tuple[LabelledConversation, ...]
    """All select rows that the monitor can judge."""
    scores: PlaceScores
    """Its score at every place of `rows`."""

    @property
    def monitor(self) -> Monitor:
        """The monitor itself."""
        return self.choice.monitor

    @property
    def setting(self) -> Setting:
        """How its probes were fitted."""
        return self.choice.chosen.setting

    @property
    def window(self) -> int:
        """Tokens that were averaged into one example; 0 where the last token alone was taken."""
        chosen = self.choice.chosen.aggregation
        return 0 if chosen.kind == "last" else chosen.window


def suite_of(fitted: Mapping[Claim, Fitted]) -> Suite:
    """Gather the monitors."""
    return Suite.of(one.monitor for one in fitted.values())


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads rows of both folds, with progress."""

    subject: Subject
    points: tuple[HookPoint, ...]
    cache: Path | None
    phase: Phase

    def pair(self, name: str, folds: Sequence[Rows], places: Places, points: tuple[HookPoint, ...]) -> Pair:
        advance = self.phase(name, sum(len(turns_of(row, places)) for fold in folds for row in fold))
        train, select = (self.read(fold, places, points, advance) for fold in folds)
        return train, select

    def read(self, rows: Rows, places: Places, points: tuple[HookPoint, ...], advance: Advance, anchor: str = "") -> Read:
        return read_through(self.cache, Extraction(self.subject, tuple(rows), points, places, anchor), advance)


def fit_monitors(
    subject: Subject,
    claims: Sequence[Claim],
    train: Rows,
    select: Rows,
    *,
    how: Search = search.QUICK,
    cache: Path | None = None,
    phase: Phase = silent,
) -> dict[Claim, Fitted]:
    """Choose a monitor for each claim.

    Claims about what comes in are fitted on rows that are judged before an answer, claims about answers on written ones.

    Args:
        subject: The model.
        claims: What is looked for.
        train: Rows of the train fold.
        select: Rows of the select fold.
        how: How wide to look.
        cache: Folder in which what was read is kept, so that a work that was interrupted goes on; None keeps nothing.
        phase: Begins a phase of progress.

    Raises:
        ScoringError: A claim has no activations of one of the two classes.
    """
    reader = _Reader(subject, search.hook_points(subject), cache, phase)
    found: dict[Claim, Fitted] = {}
    for answering in (False, True):
        own = [claim for claim in claims if reads_answers(claim) is answering]
        folds = [[row for row in fold if row.meta.written is answering] for fold in (train, select)]
        if own:
            found |= (_of_answers if answering else _of_prompts)(reader, own, folds, how)
    return found


def _of_answers(reader: _Reader, claims: Sequence[Claim], folds: Sequence[Rows], how: Search) -> dict[Claim, Fitted]:
    # Every token is kept: as many hook points as for whole messages, unless the model is small.
    few = reader.points if reader.subject.layers <= search.FEW_BLOCKS else search.text_points(reader.points)
    train, select = reader.pair("reading answers", folds, Places.ANSWER, few)
    advance = reader.phase("fitting monitors of answers", len(claims) * fits(len(few), len(how.settings), how.folds))
    observer = search.is_observer(reader.subject)
    choices = {claim: choose_monitor(claim, train, select, advance, search=how, observer=observer) for claim in claims}
    return {claim: _fitted(choice, train, select, select, None) for claim, choice in choices.items()}


def _of_prompts(reader: _Reader, claims: Sequence[Claim], folds: Sequence[Rows], how: Search) -> dict[Claim, Fitted]:
    observer = search.is_observer(reader.subject)
    places = Places.TEXT if observer else Places.DECISION
    train, select = reader.pair("reading prompts", folds, places, reader.points)
    texts = None
    if how.text_draws and not observer:
        sample = [_some_draws(fold, claims, how.text_draws) for fold in folds]
        texts = reader.pair("reading whole messages", sample, Places.TEXT, search.text_points(reader.points))
    few = len(texts[0].hook_points) if texts else 0
    each = fits(len(reader.points), len(how.settings), how.folds) + fits(few, 1, how.folds)
    advance = reader.phase("fitting monitors", len(claims) * each)
    choices = {
        claim: choose_monitor(claim, train, select, advance, search=how, texts=texts, observer=observer) for claim in claims
    }
    if how.reads_documents_alone and not observer:
        choices = anchors.anchored(choices, train, select, _alone(reader, folds, how))
    found = {}
    for claim, choice in choices.items():
        pair = (train, select) if texts is None or choice.chosen.aggregation == search.LAST else texts
        found[claim] = _fitted(choice, *pair, select, reader.subject)
    return found


def _alone(reader: _Reader, folds: Sequence[Rows], how: Search) -> dict[str, anchors.Alone]:
    count = sum(len(documents_alone(fold)) for fold in folds)
    advance = reader.phase("reading documents alone", len(how.anchors) * count)
    read: Callable[[Rows, str], Read] = lambda rows, anchor: reader.read(  # noqa: E731
        rows, Places.DECISION, reader.points, advance, anchor
    )
    return anchors.read_alone(folds[0], folds[1], how.anchors, read)


def _fitted(choice: Choice, train: Read, select: Read, everything: Read, subject: Subject | None) -> Fitted:
    """Score all select rows with the chosen monitor; where only some were read as it reads, they are read again."""
    scores = place_scores(choice.monitor, everything, subject)
    return Fitted(choice, train, select, everything.rows, scores)


def _some_draws(rows: Rows, claims: Sequence[Claim], most: int) -> list[LabelledConversation]:
    """Return the first draws of each claim, and as many ordinary conversations."""
    kept: dict[str, set[str]] = {}
    for row in rows:
        of = "traffic" if row.meta.role is Kind.TRAFFIC else next((str(c) for c in claims if is_about(row.meta.draw, c)), "")
        draws = kept.setdefault(of, set())
        if of and len(draws) < most:
            draws.add(row.meta.draw)
    chosen = {draw for draws in kept.values() for draw in draws}
    return [row for row in rows if row.meta.draw in chosen]
