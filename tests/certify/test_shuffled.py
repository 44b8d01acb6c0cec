"""A monitor that was fitted on shuffled labels, sent through everything: it must come out as what it is."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from certify import dataset
from certify.prepare import prepare
from certify.threshold import NoValidThreshold
from guard.certificate import Status
from guard.conversation import LabelledConversation

from .conftest import World, run_trial
from .made_up import KEY
from .tiny import CERTIFIED, LEAK, POLICY, fitting_rows, order, test_rows, write


def shuffled(rows: Sequence[LabelledConversation], seed: int) -> list[LabelledConversation]:
    """Give every draw of a claim the conversations of its rows in a random order: labels then say nothing of the text."""
    generator = random.Random(seed)
    draws: dict[str, list[int]] = {}
    for number, row in enumerate(rows):
        if any(f"/{claim}/" in f"/{row.meta.draw}" for claim in (*CERTIFIED, LEAK)):
            draws.setdefault(row.meta.draw, []).append(number)
    found = list(rows)
    for members in draws.values():
        order_of = generator.sample(members, len(members))
        for number, other in zip(members, order_of, strict=True):
            found[number] = replace(rows[number], conversation=rows[other].conversation)
    return found


def test_shuffled_labels_are_not_shown_to_be_anything(world: World, tmp_path: Path) -> None:
    """No threshold is found, nothing transfers to families left out, no rung holds, and a limit is NOT SHOWN."""
    data = dataset.load(write(tmp_path / "train", shuffled(fitting_rows(), 1)))
    # A monitor at chance misses as much as it does not alarm: limits that sum to little more than 1 can't both be shown.
    demanded = POLICY.replace("max_miss: 0.65", "max_miss: 0.5").replace(
        "max_false_alarm_near: 0.7", "max_false_alarm_near: 0.6"
    )
    made = prepare(
        world.subject, data, order(tmp_path, demanded), key=KEY, ledger_path=tmp_path / "ledger.jsonl", out=tmp_path / "dossier"
    )  # fmt: skip
    for one in made.chosen:
        assert isinstance(one.threshold, NoValidThreshold)
        assert one.choice.chosen.nested.hit_rate < 0.35
    rows, payload = test_rows((tmp_path / "dossier" / "protocol.json").read_bytes())
    tested = write(tmp_path / "test", shuffled(rows, 2), payload)
    certificate = run_trial(world, tmp_path / "dossier", dataset.load(tested)).certificate
    for cell in certificate.cells:
        assert Status.NOT_SHOWN in {bound.status for bound in (cell.miss, cell.false_alarm_near)}
        assert cell.rung == "none"
    assert certificate.rung == "none"
