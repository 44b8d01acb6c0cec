"""Reading activations: taps change nothing, and who sits beside whom changes nothing that matters."""

import inspect
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import torch

from guard.conversation import Conversation, Message, Role, ToolCall
from guard.errors import ScoringError
from guard.probes.activations import HookPoint
from guard.probes.judge import judge
from guard.probes.reading import Places
from guard.probes.suite import Suite
from guard.scores import ProbeScore, ScoreUnavailable
from guard.subjects.causal import CausalSubject

from .conftest import CONFIGS, TEXT

EPS = 1e-4
POINTS = [HookPoint(layer) for layer in range(3)]
TALK = Conversation(
    (
        Message(Role.USER, TEXT[0]),
        Message(Role.ASSISTANT, "Call 112."),
        Message(Role.USER, TEXT[1]),
        Message(Role.ASSISTANT, "", (ToolCall(id="c1", name="lookup", arguments="{}"),)),
        Message(Role.TOOL, TEXT[2], tool_call_id="c1"),
    )
)
TALKS = [TALK, *(Conversation((Message(Role.USER, text),)) for text in TEXT), TALK.upto(0)]


CLOSE = {"atol": EPS, "rtol": EPS}


@pytest.mark.parametrize("kind", CONFIGS)
def test_taps_are_bit_neutral(build: Callable[..., CausalSubject], kind: str) -> None:
    """Logits with and without taps at every place are identical, bit by bit, in prefill and in decoding."""
    subject = build(kind)
    ids = list(subject.render(TALK, 4).ids)
    points = subject.hook_points
    first, heard = subject.forward(ids[:-1], []), subject.forward(ids[:-1], points)
    then, heard_then = subject.forward(ids[-1:], [], first.cache), subject.forward(ids[-1:], points, heard.cache)
    assert torch.equal(first.logits, heard.logits)
    assert torch.equal(then.logits, heard_then.logits)
    assert set(heard_then.values) == set(points) >= set(POINTS)


@pytest.mark.parametrize("kind", CONFIGS)
def test_blocks_are_found_and_their_output_is_read(build: Callable[..., CausalSubject], kind: str) -> None:
    """Hook point k is the output of block k: the library's hidden state k + 1, but for the last (after a norm)."""
    subject = build(kind)
    assert subject.layers == 3
    ids = subject.render(TALK, 4).ids
    found = subject.capture([ids], POINTS, [range(len(ids))])
    with torch.inference_mode():
        states = subject.model(input_ids=torch.tensor([ids]), output_hidden_states=True).hidden_states
    first = 0 if kind == "mamba" else 1  # its list does not begin with the embedding
    for layer in (0, 1):
        torch.testing.assert_close(found[HookPoint(layer)].row(0), states[layer + first][0], **CLOSE)


ADDS_AS_IT_IS = set(CONFIGS) - {"gemma3", "olmo2", "granite", "opt", "bloom", "mamba", "bamba"}
"""Architectures that add what attention and feed-forward put out to the residual stream without scaling or a norm."""


@pytest.mark.parametrize("kind", sorted(ADDS_AS_IT_IS))
def test_attention_and_feed_forward_make_up_the_block(build: Callable[..., CausalSubject], kind: str) -> None:
    """The residual stream after a block is that before it, plus what both put out, one after the other or in parallel."""
    subject = build(kind)
    ids = subject.render(TALK, 4).ids
    found = subject.forward(ids, subject.hook_points).values
    for layer in (1, 2):
        added = found[HookPoint(layer, "attn_out")] + found[HookPoint(layer, "mlp_out")]
        torch.testing.assert_close(found[HookPoint(layer - 1)] + added, found[HookPoint(layer)], **CLOSE)


@pytest.mark.parametrize(
    ("kind", "attention", "feed_forward"),
    [("gemma3", [0, 1, 2], [0, 1, 2]), ("olmo2", [0, 1, 2], [0, 1, 2]), ("granite", [0, 1, 2], [0, 1, 2]),
     ("opt", [0, 1, 2], []), ("bloom", [], []), ("mamba", [], []), ("bamba", [1], [0, 1, 2])],
)  # fmt: skip
def test_what_a_block_does_not_have_is_not_offered(
    build: Callable[..., CausalSubject], kind: str, attention: list[int], feed_forward: list[int]
) -> None:
    """No attention in a state block, no feed-forward of its own, or one that adds the residual itself: refused by name."""
    subject = build(kind)
    assert [point.layer for point in subject.hook_points if point.site == "attn_out"] == attention
    assert [point.layer for point in subject.hook_points if point.site == "mlp_out"] == feed_forward
    if 0 not in attention:
        with pytest.raises(ScoringError, match="no attention output 0 that can be read"):
            subject.capture([[1, 2]], [HookPoint(0, "attn_out")], [[0]])


@pytest.mark.parametrize("kind", CONFIGS)
def test_pieces_and_cache_move_nothing(build: Callable[..., CausalSubject], kind: str) -> None:
    """A text fed in pieces, then token by token, has the hidden states of the text read at once, beyond any window."""
    subject = build(kind)
    ids = subject.render(TALK, 4).ids
    assert len(ids) > 3 * 16
    points = subject.hook_points
    pieces = [subject.forward(ids[:25], points)]
    for start, stop in [(25, 40), *((at, at + 1) for at in range(40, 48)), (48, len(ids))]:
        pieces.append(subject.forward(ids[start:stop], points, pieces[-1].cache))
    whole = subject.capture([ids], points, [range(len(ids))])
    for point in points:
        torch.testing.assert_close(torch.cat([piece.values[point] for piece in pieces]), whole[point].row(0), **CLOSE)


@pytest.mark.parametrize("kind", CONFIGS)
def test_padding_side_and_batch_mates_move_nothing(build: Callable[..., CausalSubject], kind: str) -> None:
    """A row's hidden states are the same alone, among longer rows padded on the right, and padded on the left."""
    subject = build(kind)
    ids, longer = (list(subject.render(TALK, turn).ids) for turn in (2, 4))
    points = subject.hook_points
    alone = subject.capture([ids], points, [range(len(ids))])
    mixed = subject.capture([longer, ids, ids[:3]], points, [[0], range(len(ids)), []])
    gap = len(longer) - len(ids)
    mask = torch.tensor([[1] * len(longer), [0] * gap + [1] * len(ids)])
    known = inspect.signature(subject.model.base_model.forward).parameters
    positions = {"position_ids": (mask.cumsum(-1) - 1).clamp(0)} if "position_ids" in known else {}
    with torch.inference_mode(), subject.tapped(points) as taps:
        rows = torch.tensor([longer, [5] * gap + ids])
        subject.model.base_model(input_ids=rows, attention_mask=mask, use_cache=False, **positions)
    for point in points:
        torch.testing.assert_close(mixed[point].row(1), alone[point].row(0), **CLOSE)
        torch.testing.assert_close(taps.take()[point][1, gap:], alone[point].row(0), **CLOSE)


@pytest.mark.parametrize("kind", ["llama", "gemma3", "bloom", "bamba"])
def test_stopping_early_changes_no_number_and_leaves_nothing(build: Callable[..., CausalSubject], kind: str) -> None:
    """A pass that ends after block 1 reads what a whole pass reads, runs no later block, and leaves no hook behind."""
    subject = build(kind)
    ids = subject.render(TALK, 4).ids
    whole = subject.forward(ids, POINTS)
    before = [len(module._forward_hooks) for module in subject.model.modules()]
    ran: list[int] = []
    handle = subject.blocks[2].register_forward_hook(lambda _module, _inputs, _output: ran.append(2))
    early = subject.capture([ids], POINTS[:2], [range(len(ids))])
    assert ran == []
    handle.remove()
    assert [len(module._forward_hooks) for module in subject.model.modules()] == before
    for point in POINTS[:2]:
        torch.testing.assert_close(early[point].row(0), whole.values[point], **CLOSE)
    assert torch.equal(subject.forward(ids, POINTS).logits, whole.logits)


def test_hooks_come_after_those_that_others_add_later(build: Callable[..., CausalSubject]) -> None:
    """A hook that somebody puts on a block between two steps changes its output: read is what the model goes on with."""
    subject = build()
    subject.forward([7, 8, 9], POINTS)
    before = sum(len(module._forward_hooks) for module in subject.model.modules())
    handles = [block.register_forward_hook(lambda _module, _inputs, output: _added(output)) for block in subject.blocks]
    resumed, whole = subject.forward([7, 8, 9], POINTS), subject.capture([[7, 8, 9]], POINTS, [[0, 1, 2]])
    for handle in handles:
        handle.remove()
    plain = subject.forward([7, 8, 9], POINTS)
    for point in POINTS:
        torch.testing.assert_close(resumed.values[point], whole[point].row(0), **CLOSE)
        if point.site == "resid_post":
            assert (resumed.values[point] - plain.values[point]).abs().max() > 0.5
    assert sum(len(module._forward_hooks) for module in subject.model.modules()) == before


def _added(output: Any) -> Any:
    return (output[0] + 1.0, *output[1:]) if isinstance(output, tuple) else output + 1.0


def test_hooks_of_a_step_stay_for_the_next_and_hear_nothing_else(build: Callable[..., CausalSubject]) -> None:
    """Steps that read the same places register nothing, and what others run in between is not kept."""
    subject = build()
    first = subject.forward([7, 8, 9], POINTS)
    hooks = [dict(module._forward_hooks) for module in subject.model.modules()]
    subject.model(input_ids=torch.tensor([[1, 2, 3, 4]]))
    second = subject.forward([10], POINTS, first.cache)
    assert [dict(module._forward_hooks) for module in subject.model.modules()] == hooks
    whole = subject.capture([[7, 8, 9, 10]], POINTS, [[3]])
    for point in POINTS:
        torch.testing.assert_close(second.values[point], whole[point].row(0), **CLOSE)
    subject.forward([7], POINTS[:1])
    assert sum(len(module._forward_hooks) for module in subject.model.modules()) == sum(map(len, hooks)) - 2


@pytest.mark.parametrize("kind", CONFIGS)
def test_a_hook_sees_exactly_the_tokens_that_are_fed(build: Callable[..., CausalSubject], kind: str) -> None:
    """One row of hidden states for each token, at every place, in prefill and in each step."""
    subject = build(kind)
    first = subject.forward([7, 8, 9, 10], subject.hook_points)
    second = subject.forward([11], subject.hook_points, first.cache)
    for forward, tokens in ((first, 4), (second, 1)):
        assert {tuple(value.shape) for value in forward.values.values()} == {(tokens, subject.width)}
    assert (first.cache.length, second.cache.length) == (4, 5)


@pytest.mark.parametrize("kind", CONFIGS)
def test_batch_mates_move_no_score(build: Callable[..., CausalSubject], suite: Suite, kind: str) -> None:
    """A conversation's scores are the same alone and in a padded batch, within the margin."""
    subject = build(kind)
    together = judge(subject, suite, TALKS)
    for index, talk in enumerate(TALKS):
        (alone,) = judge(subject, suite, [talk], batch_tokens=1)
        assert _values(alone) == pytest.approx(_values(together[index]), abs=EPS)


def test_a_changed_message_moves_scores(build: Callable[..., CausalSubject], suite: Suite) -> None:
    """Control for the tests of equality: other text has other scores."""
    one, other = judge(build(), suite, TALKS[1:3])
    assert _values(one) != pytest.approx(_values(other), abs=100 * EPS)


def test_judgements_follow_the_judged_places(build: Callable[..., CausalSubject], suite: Suite) -> None:
    """There is one judgement a judged place, with exactly the monitors of its stage in the suite's order."""
    (found,) = judge(build(), suite, [TALK])
    assert tuple(judgement.at for judgement in found) == TALK.judged()
    for judgement in found:
        assert [score.claim for score in judgement.scores] == [m.claim for m in suite.at(judgement.at.stage)]  # type: ignore[union-attr]
        assert judgement.cell.bucket == "upto1000"


def test_an_earlier_turn_is_judged_as_if_nothing_followed(build: Callable[..., CausalSubject], suite: Suite) -> None:
    """What is said later can't change how an earlier turn is judged."""
    subject = build()
    (whole,) = judge(subject, suite, [TALK])
    (first,) = judge(subject, suite, [TALK.upto(0)])
    assert _values(whole[:1]) == pytest.approx(_values(first), abs=EPS)


def test_nested_turns_share_one_pass(build: Callable[..., CausalSubject]) -> None:
    """Three judged turns of one conversation need one row of one forward pass."""
    subject = build()
    rows = []
    handle = subject.blocks[0].register_forward_hook(lambda _module, _inputs, output: rows.append(output.shape[0]))
    places = [key for key, _ in subject.read([TALK], POINTS, places=Places.DECISION)]
    assert sorted(places) == [(0, 0), (0, 2), (0, 4)]
    assert rows == [1]
    # A call that is missing from the conversation leaves the generation prompt unanswered, so nothing nests there.
    broken = Conversation((*TALK.messages[:3], *TALK.messages[4:]))
    assert len(list(subject.read([broken], POINTS, places=Places.DECISION))) == 3
    handle.remove()
    assert rows == [1, 2]


def test_system_prompt_is_read(build: Callable[..., CausalSubject], suite: Suite) -> None:
    """The guard's own system prompt takes part in the scores and in the binding."""
    bare, told = build(), build("llama", "You are a careful nurse.")
    assert _values(judge(bare, suite, [TALK])[0]) != pytest.approx(_values(judge(told, suite, [TALK])[0]), abs=EPS)
    assert bare.binding.system_prompt == "none"
    assert told.binding.system_prompt.startswith("sha256:")


def test_too_long_is_unavailable_and_earlier_turns_are_not(build: Callable[..., CausalSubject], suite: Suite) -> None:
    """A place beyond the context has no score, and nothing is cut to make one; places before it keep theirs."""
    talk = Conversation((Message(Role.USER, TEXT[0]), Message(Role.USER, TEXT[1] * 40)))
    first, last = judge(build(), suite, [talk])[0]
    assert all(isinstance(score, ProbeScore) for score in first.scores)
    assert {score.reason for score in last.scores if isinstance(score, ScoreUnavailable)} == {"too_long"}
    assert not any(isinstance(score, ProbeScore) for score in last.scores)


def test_a_number_that_is_not_finite_is_no_score(build: Callable[..., CausalSubject], suite: Suite) -> None:
    """NaN activations give unavailable scores, for the rows that they belong to."""
    subject = build()
    handle = subject.blocks[0].register_forward_hook(lambda _module, _inputs, output: output * float("nan"))
    (found,) = judge(subject, suite, [TALK.upto(0)])
    handle.remove()
    assert {score.reason for score in found[0].scores if isinstance(score, ScoreUnavailable)} == {"not_finite"}


def test_odd_texts_have_scores(build: Callable[..., CausalSubject], suite: Suite) -> None:
    """Emoji, mixed scripts and control characters are read like any other text; no text is no score of its tokens."""
    (empty,) = judge(build(), suite, [Conversation((Message(Role.USER, ""),))])
    assert [getattr(score, "reason", "") for score in empty[0].scores] == ["", "empty"]
    odd = [" ", "👩‍⚕️" * 9, "Æ你м\u202eא", "\x00\x07", "\ufffd\U0010ffff"]
    for judgements in judge(build(), suite, [Conversation((Message(Role.USER, text),)) for text in odd]):
        assert all(isinstance(score, ProbeScore) for judgement in judgements for score in judgement.scores)


def test_threads_do_not_see_each_others_tensors(build: Callable[..., CausalSubject]) -> None:
    """Passes asked for at the same time give each what it would have alone."""
    subject = build()
    rows = [list(range(start, start + 20)) for start in range(10, 330, 20)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda row: subject.capture([row], POINTS, [[19]])[POINTS[1]].values, rows))
        steps = list(pool.map(lambda row: subject.forward(row, POINTS).values[POINTS[1]][-1], rows))
    for row, value, step in zip(rows, found, steps, strict=True):
        alone = subject.capture([row], POINTS, [[19]])[POINTS[1]].values
        assert torch.equal(value, alone)
        torch.testing.assert_close(step, alone[0, 0], **CLOSE)


def test_a_hook_that_never_fires_raises(build: Callable[..., CausalSubject]) -> None:
    """A block that the forward pass goes around is an error, not an empty reading."""
    subject = build()
    base = subject.model.base_model
    kept = base.layers
    base.layers = kept[:2]
    try:
        with pytest.raises(ScoringError, match=r"nothing was read at 2\.resid_post"):
            subject.capture([[1, 2, 3]], [HookPoint(2)], [[2]])
    finally:
        base.layers = kept


@pytest.mark.parametrize(
    ("rows", "points", "positions"),
    [([[1] * 300], [0], [[0]]), ([[1, 2]], [0], [[2]]), ([[1, 2]], [9], [[0]]), ([[]], [0], [[]]), ([[1, 420]], [0], [[0]]),
     ([[1, -1]], [0], [[0]])],
)  # fmt: skip
def test_impossible_readings_are_refused(
    build: Callable[..., CausalSubject], rows: list[list[int]], points: list[int], positions: list[list[int]]
) -> None:
    """Too long a row, a position outside it, no such block, no token at all or one without embedding raise ScoringError."""
    with pytest.raises(ScoringError):
        build().capture(rows, [HookPoint(layer) for layer in points], positions)


def test_no_token_can_not_be_fed(build: Callable[..., CausalSubject]) -> None:
    """Neither at the beginning nor on a cache."""
    subject = build()
    for cache in (None, subject.forward([7], POINTS).cache):
        with pytest.raises(ScoringError, match="no token to read"):
            subject.forward([], POINTS, cache)


def _values(judgements: tuple) -> list[float]:
    return [score.value for judgement in judgements for score in judgement.scores]
