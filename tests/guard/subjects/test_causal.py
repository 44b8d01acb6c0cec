"""Reading activations: taps change nothing, and who sits beside whom changes nothing that matters."""

from collections.abc import Callable

import pytest
import torch

from guard.conversation import Conversation, Message, Role, ToolCall
from guard.errors import ScoringError, SubjectError
from guard.probes.activations import HookPoint
from guard.probes.judge import judge
from guard.probes.reading import read
from guard.probes.suite import Suite
from guard.scores import ProbeScore, ScoreUnavailable
from guard.subjects.causal import CausalSubject
from guard.subjects.taps import find_blocks, tapped

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


@pytest.mark.parametrize("kind", CONFIGS)
def test_taps_are_bit_neutral(build: Callable[..., CausalSubject], kind: str) -> None:
    """Logits with and without taps are identical, bit by bit."""
    subject = build(kind)
    ids = torch.tensor([subject.render(TALK, 4).ids])
    with torch.inference_mode():
        plain = subject.model(input_ids=ids).logits
        with tapped(subject.blocks, POINTS) as taps:
            heard = subject.model(input_ids=ids).logits
    assert torch.equal(plain, heard)
    assert set(taps.take()) == set(POINTS)


@pytest.mark.parametrize("kind", CONFIGS)
def test_blocks_are_found_and_their_output_is_read(build: Callable[..., CausalSubject], kind: str) -> None:
    """Hook point k is the output of block k: the library's hidden state k + 1, but for the last (after a norm)."""
    subject = build(kind)
    assert len(subject.blocks) == 3
    ids = subject.render(TALK, 4).ids
    found = subject.capture([ids], POINTS, [range(len(ids))])
    with torch.inference_mode():
        states = subject.model(input_ids=torch.tensor([ids]), output_hidden_states=True).hidden_states
    for layer in (0, 1):
        torch.testing.assert_close(found[HookPoint(layer)].row(0), states[layer + 1][0], atol=1e-4, rtol=1e-4)


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
    places = [key for key, _ in read(subject, [TALK], POINTS)]
    assert sorted(places) == [(0, 0), (0, 2), (0, 4)]
    assert rows == [1]
    # A call that is missing from the conversation leaves the generation prompt unanswered, so nothing nests there.
    broken = Conversation((*TALK.messages[:3], *TALK.messages[4:]))
    assert len(list(read(subject, [broken], POINTS))) == 3
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
    [([[1] * 300], [0], [[0]]), ([[1, 2]], [0], [[2]]), ([[1, 2]], [9], [[0]]), ([[]], [0], [[]])],
)
def test_impossible_readings_are_refused(
    build: Callable[..., CausalSubject], rows: list[list[int]], points: list[int], positions: list[list[int]]
) -> None:
    """Too long a row, a position outside it, a block that is not there, or no token at all raise ScoringError."""
    with pytest.raises(ScoringError):
        build().capture(rows, [HookPoint(layer) for layer in points], positions)


def test_no_list_of_blocks_is_refused() -> None:
    """A model that does not run block after block can't be hooked."""
    with pytest.raises(SubjectError, match="can't run three tokens"):
        find_blocks(torch.nn.Linear(3, 3))


def _values(judgements: tuple) -> list[float]:
    return [score.value for judgement in judgements for score in judgement.scores]
