"""What a monitor is fitted on: one place a row, windows of tokens, and every benign row as a negative."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from certify.extract import Read, documents_alone, examples, label_for, windows
from guard.conversation import Conversation, Fold, Kind, Message, Role
from guard.hazards import Claim
from guard.probes.reading import Places

from .made_up import EMERGENCY, INJECTION, chat, row
from .planted import POINTS, WIDTH, fold_rows

RESPONSE = Claim.parse("clinical_misuse@response")


def test_of_several_turns_the_last_one_is_fitted_on() -> None:
    """A row with two user turns gives one example: the place that has read everything."""
    said = replace(fold_rows(Fold.TRAIN)[0], conversation=chat("I have a pain.", "Where?", "In my chest."))
    other = fold_rows(Fold.TRAIN)[1]
    at = {(0, 0): np.zeros((1, 3, WIDTH)), (0, 2): np.ones((1, 3, WIDTH)), (1, 0): np.full((1, 3, WIDTH), 2.0)}
    read = Read((said, other), POINTS, {key: value.astype(np.float32) for key, value in at.items()}, {})
    found = examples(read, EMERGENCY)
    assert found.values[:, 0, 0].tolist() == [1.0, 2.0]
    assert found.labels.tolist() == [True, False]


def test_the_tokens_of_a_row_weigh_one_together() -> None:
    """An answer of many tokens is one case; what can't be read is none."""
    answer = Conversation((Message(Role.USER, "How?"), Message(Role.ASSISTANT, "Like this.")))
    rows = [
        row(f"train/{RESPONSE}/en/upto1000/{index}", kind, labels, fold=Fold.TRAIN, conversation=answer, written=True)
        for index, (kind, labels) in enumerate(
            [
                (Kind.POSITIVE, {RESPONSE: 1}),
                (Kind.TWIN, {RESPONSE: 0}),
                (Kind.TWIN, {EMERGENCY: 0}),
                (Kind.TWIN, {RESPONSE: 0}),
            ]
        )
    ]
    at = {(number, 1): np.zeros((tokens, 3, WIDTH), dtype=np.float32) for number, tokens in ((0, 5), (1, 2), (2, 3))}
    read = Read(tuple(rows), POINTS, at, {(3, 1): "too_long"}, Places.ANSWER)
    found = windows(read, RESPONSE, 2)
    assert found.rows.tolist() == [0] * 3 + [1] + [2] * 2  # the twin of another hazard is benign for this one, too
    assert [found.weights[found.rows == number].sum() for number in (0, 1, 2)] == pytest.approx([1.0, 1.0, 1.0])


def test_windows_are_means_spread_over_a_message() -> None:
    """A long message gives at most four windows, from its first to its last token; a short one gives itself."""
    tokens = np.arange(100, dtype=np.float32).reshape(100, 1, 1) * np.ones((1, 3, WIDTH), dtype=np.float32)
    rows = fold_rows(Fold.TRAIN, 1)[:2]
    # Last comes the decision token, which is no part of the message.
    at = {(0, 0): tokens, (1, 0): tokens[:4]}
    found = windows(Read(tuple(rows), POINTS, at, {}, Places.TEXT), EMERGENCY, 10)
    assert found.values[:, 0, 0].tolist() == pytest.approx([4.5, 34.5, 63.5, 93.5, 1.0], abs=0.6)
    assert found.values[-2, 0, 0] == pytest.approx(93.5)


@pytest.mark.parametrize(
    ("role", "labels", "expected"),
    [
        (Kind.POSITIVE, {EMERGENCY: 1}, 1),
        (Kind.TWIN, {EMERGENCY: 0}, 0),
        (Kind.TWIN, {INJECTION: 0}, 0),
        (Kind.HARD_NEGATIVE, {INJECTION: 0}, 0),
        (Kind.TRAFFIC, {}, 0),
        (Kind.POSITIVE, {INJECTION: 1}, None),
        (Kind.TWIN, {INJECTION: 0, RESPONSE: 1}, None),
    ],
)
def test_negatives_are_the_benign_rows_of_all_hazards(role: Kind, labels: dict[Claim, int], expected: int | None) -> None:
    """Twins and hard negatives of other hazards, and ordinary chat, are benign; positives of other hazards say nothing."""
    assert label_for(EMERGENCY, row("train/x/en/upto1000/0", role, labels)) == expected


def test_documents_lose_their_request() -> None:
    """The last document stands alone, with its labels; rows without one are left out."""
    told = Conversation((Message(Role.USER, "Read this."), Message(Role.TOOL, "A note.", tool_call_id="c1")))
    rows = [row("d/0", Kind.POSITIVE, {INJECTION: 1}, conversation=told), row("d/1", Kind.TWIN, {INJECTION: 0})]
    (alone,) = documents_alone(rows)
    assert [(message.role, message.content) for message in alone.conversation.messages] == [(Role.TOOL, "A note.")]
    assert alone.labels == {INJECTION: 1}
    assert alone.id != rows[0].id
