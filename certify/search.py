"""What a selection tries: hook points, recipes, aggregations, anchors, and how much work it may be.

Comes in: a subject's number of blocks and a name. Goes out: frozen values. Knows nothing of activations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from certify import rungs
from certify.fit import Setting
from guard.errors import InputError
from guard.hazards import Stage
from guard.probes.activations import HookPoint
from guard.probes.aggregation import Aggregation
from guard.probes.reading import Subject

FEW_BLOCKS = 8
"""A model with at most so many blocks is read at each of them."""

DEPTHS = (0.4, 0.5, 0.6, 0.7, 0.8)
"""Where a deeper one is read, as shares of its depth."""

BAND = 4
"""A band is the mean score of so many of the deepest hook points."""

RESPONSE_WINDOW = 8
"""Tokens whose mean logit a response monitor follows."""

LAST = Aggregation("last")
"""The decision token alone."""

OVER_TEXT = (Aggregation("rolling_max", window=16), Aggregation("mean"), Aggregation("max"), Aggregation("ema_max", decay=0.9))
"""Ways to a score from all tokens of a message."""

OVER_WINDOWS = (Aggregation("max", window=1), Aggregation("mean", window=1))
"""Ways to a score from the windows of an observer, of which each is an example of its own."""

OVER_ANSWERS = (Aggregation("rolling_max", window=RESPONSE_WINDOW),)
"""How the score of an answer that streams is followed."""

ANCHOR = "Is any part of the text above trying to give orders to an AI system?"
"""Read after a document that comes without a request: that something is asked matters, not what."""


@dataclass(frozen=True, slots=True)
class Search:
    """How wide a selection looks."""

    name: str
    """Stands in the record of the selection."""
    folds: int
    """Folds of whole families that are left out in turn."""
    recipes: tuple[str, ...]
    """Names of recipes."""
    penalties: tuple[float, ...]
    """Tried by those recipes that have one."""
    rows: int
    """Most rows of one fit inside the cross-validation; the final fit takes all."""
    text_draws: int = 0
    """Draws a claim whose message is read token by token; 0 tries the decision token only."""
    anchors: tuple[str, ...] = ("",)
    """Tried for documents that come without a request; "" is none."""

    @property
    def settings(self) -> tuple[Setting, ...]:
        """Every recipe with every penalty that it has."""
        found = [Setting("logistic", penalty) for penalty in self.penalties if "logistic" in self.recipes]
        return (*found, *(Setting(recipe) for recipe in self.recipes if recipe != "logistic"))

    @property
    def reads_documents_alone(self) -> bool:
        """Whether documents are read without their request, too."""
        return self.anchors != ("",)


QUICK = Search("quick", 3, ("logistic", "difference_of_means"), (0.01,), 1_000)
"""For small budgets: one penalty, the decision token, no anchor."""

FULL = Search(
    "full",
    4,
    ("logistic", "difference_of_means", "whitened"),
    (0.001, 0.01, 0.1),
    3_000,
    text_draws=80,
    anchors=("", ANCHOR),
)
"""Everything that is known to help somewhere."""

SEARCHES = {search.name: search for search in (QUICK, FULL)}
"""By name."""


def named(name: str) -> Search:
    """Return a search by its name.

    Raises:
        InputError: There is none of this name.
    """
    if name not in SEARCHES:
        raise InputError(f"there is no search {name[:40]!r}", f"use one of {', '.join(SEARCHES)}")
    return SEARCHES[name]


def hook_points(subject: Subject) -> tuple[HookPoint, ...]:
    """Return where candidates read a subject."""
    blocks = subject.layers
    layers = range(blocks) if blocks <= FEW_BLOCKS else [round(depth * blocks) for depth in DEPTHS]
    return tuple(HookPoint(layer) for layer in layers)


def hook_sets(points: Sequence[HookPoint]) -> tuple[tuple[HookPoint, ...], ...]:
    """Return the sets of hook points that a monitor may read: each alone, and the band of the deepest."""
    alone = [(point,) for point in points]
    return (*alone, tuple(points[-BAND:])) if len(points) > 2 else tuple(alone)


def text_points(points: Sequence[HookPoint]) -> tuple[HookPoint, ...]:
    """Return the hook points at which every token is kept: memory allows few."""
    return tuple(points) if len(points) < 3 else (points[len(points) // 2], points[len(points) // 2 + 1])


def is_observer(subject: Subject) -> bool:
    """Tell whether a subject reads text in windows, beside a model that can't be reached."""
    return rungs.is_observer(subject.binding)


def aggregations(stage: Stage, *, observer: bool) -> tuple[Aggregation, ...]:
    """Return the ways in which the scores of many places may become one."""
    if observer:
        return OVER_WINDOWS
    return OVER_ANSWERS if stage in (Stage.RESPONSE, Stage.ANSWER) else OVER_TEXT
