"""The score margin covers batching, padding, pieces and caching, and says so when one of them moves a score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest
import torch

from certify import caching, dataset
from certify.freeze import MARGIN, SMALLEST, freeze, margin
from guard.conversation import Fold, LabelledConversation
from guard.errors import ProtocolError
from guard.probes import canary
from guard.probes.activations import HookPoint
from guard.probes.aggregation import Aggregation
from guard.probes.judge import judge
from guard.probes.linear import LinearProbe
from guard.probes.monitor import Monitor
from guard.probes.suite import JSON_FILE, TENSOR_FILE, Suite
from guard.subjects.causal import CausalSubject, Forward
from guard.subjects.minilm import WIDTH, Window
from guard.subjects.observer import POOLED, ObserverSubject

from .conftest import World, contents
from .made_up import EMERGENCY
from .tiny import LEAK


class Off(CausalSubject):
    """A model whose cache adds something to what it reads from the second piece on."""

    def forward(self, ids: Sequence[int], hook_points: Sequence[HookPoint], cache: Any = None) -> Forward:
        """Add a little to every activation that was read on top of a cache."""
        found = super().forward(ids, hook_points, cache)
        if cache is None:
            return found
        return replace(found, values={point: value + 0.01 for point, value in found.values.items()})


def suite_of(world: World) -> Suite:
    """The suite of the tiny world."""
    files = contents(world.prepared)
    return Suite.read(files[f"suite/{JSON_FILE}"], files[f"suite/{TENSOR_FILE}"])


def rows_of(world: World) -> tuple[LabelledConversation, ...]:
    """Its select rows."""
    return dataset.load(world.train).fold(Fold.SELECT)


def off(world: World) -> CausalSubject:
    """The tiny model with a cache that is not faithful."""
    made = object.__new__(Off)
    for name in CausalSubject.__slots__:
        object.__setattr__(made, name, getattr(world.subject, name))
    return made


def test_pieces_and_caching_stay_below_the_margin(world: World) -> None:
    """On a faithful cache the scores of prompts and answers move by rounding only, and eps covers it."""
    rows = rows_of(world)
    conversations = [row.conversation for row in (*rows[:6], *[row for row in rows if row.meta.written][:6])]
    moved = list(caching.differences(world.subject, suite_of(world), conversations))
    assert len(moved) > 12
    eps = margin(world.subject, suite_of(world), rows)
    assert MARGIN * max(moved) <= eps
    assert SMALLEST <= eps < 0.01


def test_a_cache_that_moves_scores_is_part_of_the_margin(world: World) -> None:
    """The check can fail: a cache that adds a hundredth to every activation widens eps by far."""
    assert margin(off(world), suite_of(world), rows_of(world)) > 100 * margin(world.subject, suite_of(world), rows_of(world))


def test_answers_are_fed_token_by_token(world: World) -> None:
    """Only the tokens of the answer go in one by one, and the monitors that read answers are the ones compared."""
    fed: list[int] = []

    class Counting(Off):
        """The model as it is, counting what it is fed."""

        def forward(self, ids: Sequence[int], hook_points: Sequence[HookPoint], cache: Any = None) -> Forward:
            """Note the number of tokens and pass them on."""
            fed.append(len(ids))
            return CausalSubject.forward(self, ids, hook_points, cache)

    made = object.__new__(Counting)
    for name in CausalSubject.__slots__:
        object.__setattr__(made, name, getattr(world.subject, name))
    written = next(row for row in rows_of(world) if row.meta.written and row.label(LEAK) == 1)
    moved = list(caching.differences(made, suite_of(world), [written.conversation]))
    rendered = world.subject.render(written.conversation, 1)
    start, end = rendered.spans[1]
    assert len(moved) == 1
    assert sum(fed) == end
    assert fed[-(end - start) :] == [1] * (end - start)
    assert sum(fed[: -(end - start)]) == start


def test_token_level_monitors_are_compared_on_their_text(world: World) -> None:
    """A monitor that takes the largest token of a message is compared on these tokens, not on the template's."""
    suite = suite_of(world)
    first = suite.monitors[1]
    text = Suite.of([Monitor(first.claim, first.probes, Aggregation("max"))])
    row = next(row for row in rows_of(world) if not row.meta.written)
    assert max(caching.differences(world.subject, text, [row.conversation])) < 1e-3
    assert torch.isfinite(torch.tensor(margin(world.subject, text, rows_of(world))))


@pytest.mark.parametrize("moved", [float("nan"), float("inf")])
def test_a_difference_that_is_not_finite_is_refused(world: World, monkeypatch: pytest.MonkeyPatch, moved: float) -> None:
    """A score that is a number one way and none the other has no margin; it is not passed over."""
    monkeypatch.setattr(caching, "differences", lambda *_: iter([0.0, moved]))
    with pytest.raises(ProtocolError, match="not finite"):
        margin(world.subject, suite_of(world), rows_of(world))


def test_rows_without_a_score_leave_nothing_to_compare(world: World) -> None:
    """No conversation, no margin."""
    with pytest.raises(ProtocolError, match="without a score"):
        margin(world.subject, suite_of(world), [])


class Neighbourly:
    """An encoder whose embeddings depend on how many windows are in one forward pass."""

    def __init__(self, pull: float) -> None:
        self.pull = pull
        self.table = torch.randn(256, WIDTH, generator=torch.Generator().manual_seed(3))

    def ids(self, text: str) -> Window:
        """One piece a byte."""
        return tuple(text.encode())

    def embed(self, windows: Sequence[Window], batch_tokens: int) -> torch.Tensor:
        """Average bytes; each full batch pulls on every number in it."""
        size = max(1, batch_tokens // 128)
        parts = [windows[at : at + size] for at in range(0, len(windows), size)]
        found = [self.table[list(window)].mean(0) + self.pull * len(part) for part in parts for window in part]
        return torch.stack(found) if found else torch.zeros(0, WIDTH)


def observing(world: World, pull: float) -> tuple[ObserverSubject, Suite]:
    """An observer with such an encoder, and a monitor of its windows."""
    encoder: Any = Neighbourly(pull)
    binding = replace_name(world, "observer:neighbourly")
    weight = np.random.default_rng(1).normal(size=WIDTH).astype(np.float32)
    probe = LinearProbe(POOLED, weight, 0.0, np.zeros(WIDTH, dtype=np.float32), np.ones(WIDTH, dtype=np.float32))
    subject = ObserverSubject(binding=binding, encoder=encoder, system=None)
    return subject, Suite.of([Monitor(EMERGENCY, (probe,), Aggregation("max"))])


def replace_name(world: World, name: str) -> Any:
    """The binding of the tiny model under another name."""
    return msgspec.structs.replace(world.subject.binding, name=name)


def test_an_observers_memory_does_not_hide_what_batches_do(world: World) -> None:
    """Every way of reading computes its embeddings anew, so that neighbours that move a score widen eps, however warm it is."""
    faithful, suite = observing(world, 0.0)
    assert margin(faithful, suite, rows_of(world)) < 1e-3
    moving, suite = observing(world, 1e-3)
    judge(moving, suite, [row.conversation for row in rows_of(world)])
    assert margin(moving, suite, rows_of(world)) > 0.01


def test_canaries_are_not_replayed_from_memory(world: World) -> None:
    """An observer whose encoder has changed since it remembered its windows is found out, and its memory stays its own."""
    subject, suite = observing(world, 0.0)
    canaries = canary.read(freeze(subject, suite, rows_of(world))[canary.FILE])
    conversations = [one.conversation for one in canaries]
    before = judge(subject, suite, conversations)
    assert canary.replay(subject, suite, canaries).largest < 1e-6
    changed: SimpleNamespace = subject.encoder  # type: ignore[assignment]
    changed.pull = 0.1
    assert judge(subject, suite, conversations) == before
    assert canary.replay(subject, suite, canaries).largest > 0.1
