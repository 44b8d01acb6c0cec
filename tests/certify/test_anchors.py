"""Documents without a request: the anchor that helps is taken, becomes part of the monitor, and is read where it belongs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from certify import selection
from certify.anchors import Alone, anchored, read_alone
from certify.extract import Read, documents_alone
from certify.monitors import fit_monitors
from certify.search import ANCHOR, QUICK
from certify.select import choose_monitor
from guard.conversation import Conversation, Fold, Kind, LabelledConversation, Message, Role
from guard.hazards import Claim

from .conftest import World
from .made_up import EMERGENCY, INJECTION, row
from .planted import POINTS, WIDTH, at_layer, fold_rows, read_of

OTHER = Claim.parse("phi_disclosure@context")


def document_rows(fold: Fold, claim: Claim = INJECTION) -> list[LabelledConversation]:
    """Draws of a context claim, each a request and a document."""
    told = Conversation((Message(Role.USER, "Read this."), Message(Role.TOOL, "A note.")))
    found = []
    for index in range(60):
        for kind in (Kind.POSITIVE, Kind.TWIN, Kind.HARD_NEGATIVE):
            labels = {claim: int(kind is Kind.POSITIVE)}
            name = f"{fold}/{claim}/en/upto1000/{index}"
            found.append(row(name, kind, labels, fold=fold, family=f"f{index % 4}", conversation=told))
        name = f"{fold}/traffic/en/upto1000/{index}"
        found.append(row(name, Kind.TRAFFIC, {claim: 0}, fold=fold, family="talk", conversation=told))
    return found


def read(rows: list[LabelledConversation], size: float, seed: int, turn: int, claim: Claim = INJECTION) -> Read:
    """Noise with a signal at layer 1."""
    rng = np.random.default_rng(seed)
    at = {}
    for number, one in enumerate(rows):
        values = rng.normal(size=(1, 3, WIDTH)).astype(np.float32)
        values[0, 1, 0] += size * (one.label(claim) or 0)
        at[number, turn] = values
    return Read(tuple(rows), POINTS, at, {})


def joined(one: Read, other: Read) -> Read:
    """Rows of two reads, one after the other."""
    at = one.at | {(number + len(one.rows), turn): value for (number, turn), value in other.at.items()}
    return Read((*one.rows, *other.rows), POINTS, at, {})


@pytest.mark.parametrize("better", ["", ANCHOR])
def test_the_anchor_under_which_documents_are_understood_is_taken(better: str) -> None:
    """Whichever of two ways of reading shows the signal wins; both figures stay on record, and the monitor has learned both."""
    train, select = (document_rows(fold) for fold in (Fold.TRAIN, Fold.SELECT))
    seen = [read(rows, 4.0, seed, 1) for seed, rows in enumerate((train, select))]
    choice = choose_monitor(INJECTION, seen[0], seen[1])

    def alone(rows: list[LabelledConversation], anchor: str) -> Read:
        return read(list(rows), 4.0 if anchor == better else 0.0, len(anchor) + len(rows), 0)

    found = read_alone(train, select, ("", ANCHOR), alone)  # type: ignore[arg-type]
    chosen = anchored({INJECTION: choice}, *seen, found)[INJECTION]
    assert chosen.monitor.anchor == better
    figures = dict(chosen.anchors)
    assert figures[better].worst_hit_rate > 0.5 > figures[ANCHOR if better == "" else ""].worst_hit_rate
    assert chosen.chosen == choice.chosen
    assert chosen.refitted
    assert (chosen.monitor.probes[0].weight != choice.monitor.probes[0].weight).any()
    record = selection.read(selection.write([chosen], QUICK)).choices[0]
    assert (record.refitted, record.anchor) == (True, better)
    assert float(record.shipped.worst_hit_rate) == round(chosen.shipped.worst_hit_rate, 4)


def test_a_fit_that_costs_ordinary_documents_is_not_kept() -> None:
    """Documents alone on which everything is turned round would spoil the monitor: it keeps its weights, and that is told."""
    train, select = (document_rows(fold) for fold in (Fold.TRAIN, Fold.SELECT))
    seen = [read(rows, 4.0, seed, 1) for seed, rows in enumerate((train, select))]
    choice = choose_monitor(INJECTION, *seen)

    def alone(rows: list[LabelledConversation], anchor: str) -> Read:
        return read(list(rows), -12.0, 7 + len(anchor), 0)

    chosen = anchored({INJECTION: choice}, *seen, read_alone(train, select, (ANCHOR,), alone))[INJECTION]  # type: ignore[arg-type]
    assert not chosen.refitted
    assert chosen.monitor == replace(choice.monitor, anchor=ANCHOR)
    assert chosen.shipped == choice.chosen.select
    assert dict(chosen.anchors)[ANCHOR].hit_rate < 0.1


def test_monitors_that_read_no_documents_stay_as_they_are() -> None:
    """A prompt monitor has no anchor."""
    seen = [read_of(fold_rows(fold), at_layer(1), seed) for seed, fold in enumerate((Fold.TRAIN, Fold.SELECT))]
    choices = {EMERGENCY: choose_monitor(EMERGENCY, seen[0], seen[1])}
    documents = read(document_rows(Fold.TRAIN), 4.0, 0, 1)
    assert anchored(choices, *seen, {ANCHOR: Alone(documents, documents)}) == choices


def test_all_context_monitors_share_one_anchor() -> None:
    """Two claims that read documents get the anchor that is better for both together, for they are read in one pass."""
    choices, trains, selects = {}, [], []
    for claim in (INJECTION, OTHER):
        rows = [document_rows(fold, claim) for fold in (Fold.TRAIN, Fold.SELECT)]
        seen = [read(each, 4.0, seed, 1, claim) for seed, each in enumerate(rows)]
        choices[claim] = choose_monitor(claim, seen[0], seen[1])
        trains.append(seen[0])
        selects.append(seen[1])
    both = document_rows(Fold.TRAIN) + document_rows(Fold.TRAIN, OTHER)
    bare = documents_alone(both)

    def mixed(sizes: dict[Claim, float], seed: int) -> Read:
        rng = np.random.default_rng(seed)
        at = {}
        for number, one in enumerate(bare):
            values = rng.normal(size=(1, 3, WIDTH)).astype(np.float32)
            values[0, 1, 0] += sum(size * (one.label(claim) or 0) for claim, size in sizes.items())
            at[number, 0] = values
        return Read(tuple(bare), POINTS, at, {})

    alone = {
        "": Alone(mixed({INJECTION: 5.0, OTHER: 0.0}, 1), mixed({INJECTION: 5.0, OTHER: 0.0}, 2)),
        ANCHOR: Alone(mixed({INJECTION: 4.5, OTHER: 4.5}, 3), mixed({INJECTION: 4.5, OTHER: 4.5}, 4)),
    }
    found = anchored(choices, joined(*trains), joined(*selects), alone)
    assert [found[claim].monitor.anchor for claim in (INJECTION, OTHER)] == [ANCHOR, ANCHOR]


def test_a_quick_search_reads_no_documents_alone(world: World) -> None:
    """Without anchors to try, nothing is read twice."""
    names: list[str] = []

    def phase(name: str, steps: int) -> object:
        names.append(name)
        return lambda done: None

    from certify import dataset

    data = dataset.load(world.train)
    fit_monitors(
        world.subject,
        [INJECTION],
        data.fold(Fold.TRAIN),
        data.fold(Fold.SELECT),
        how=QUICK,
        phase=phase,  # type: ignore[arg-type]
    )
    assert names == ["reading prompts", "fitting monitors"]
