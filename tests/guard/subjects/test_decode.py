"""Generation: each token with its own scores, whole characters, and the numbers of the path at rest."""

from collections.abc import Callable

import pytest
import torch

from guard.conversation import Conversation, Message, Role
from guard.errors import ScoringError
from guard.probes.activations import HookPoint
from guard.probes.judge import judge
from guard.probes.linear import Stack
from guard.probes.suite import Suite
from guard.scores import ProbeScore, ScoreUnavailable
from guard.subjects.causal import CausalSubject
from guard.subjects.decode import generate
from guard.subjects.detokenize import Detokenizer
from guard.subjects.events import End, Prefilled, Sampling, Step
from guard.subjects.stops import StopText

from .conftest import CONFIGS, TEXT

EPS = 1e-4
TALK = Conversation((Message(Role.USER, TEXT[0]), Message(Role.ASSISTANT, "Call 112."), Message(Role.USER, TEXT[2])))
SOME = Sampling(max_tokens=12, temperature=1.0, seed=3)


def run(subject: CausalSubject, suite: Suite, sampling: Sampling = SOME, talk: Conversation = TALK) -> tuple:
    """Return prompt, steps and end of one answer."""
    first, *steps, end = generate(subject, suite, talk, sampling)
    assert isinstance(first, Prefilled)
    assert isinstance(end, End)
    assert all(isinstance(step, Step) for step in steps)
    return first, steps, end


@pytest.mark.parametrize("kind", CONFIGS)
def test_prefill_judges_as_at_rest(build: Callable[..., CausalSubject], suite: Suite, kind: str) -> None:
    """The pass that begins an answer gives the prompt judgements that `judge` gives, within the margin."""
    first, _, _ = run(build(kind), suite)
    (rest,) = judge(build(kind), suite, [TALK])
    assert [j.at for j in first.judgements] == [j.at for j in rest]
    streamed = [score.value for j in first.judgements for score in j.scores]
    assert streamed == pytest.approx([score.value for j in rest for score in j.scores], abs=EPS)


@pytest.mark.parametrize("kind", CONFIGS)
def test_each_token_carries_its_own_scores(build: Callable[..., CausalSubject], suite: Suite, kind: str) -> None:
    """Step k's score is the one of reading prompt and tokens up to k in one pass without a cache."""
    subject = build(kind)
    _, steps, end = run(subject, suite)
    assert end.tokens == len(steps) == 12
    prompt = subject.render(TALK, 2).ids
    ids = (*prompt, *(step.token for step in steps))
    (response,) = (m for m in suite.monitors if str(m.claim) == "clinical_misuse@response")
    found = subject.capture([ids], suite.hook_points, [range(len(prompt), len(ids))])
    logits = Stack([response.probes]).logits({point: found[point].row(0) for point in suite.hook_points})[:, 0]
    for number, step in enumerate(steps, start=1):
        (score,) = step.scores
        assert score.value == pytest.approx(response.aggregation.over(logits[:number].tolist()), abs=EPS)


def test_final_scores_are_those_of_text_at_rest(build: Callable[..., CausalSubject], suite: Suite) -> None:
    """The last running score is the score of the whole answer, and the answer monitors speak at the end."""
    subject = build()
    _, steps, end = run(subject, suite)
    by_claim = {str(score.claim): score for score in end.scores}
    assert by_claim["clinical_misuse@response"] == steps[-1].scores[0]
    assert isinstance(by_claim["missed_emergency@answer"], ProbeScore)


def test_greedy_tokens_are_the_librarys(build: Callable[..., CausalSubject], suite: Suite) -> None:
    """Our loop chooses the tokens that the library's own generation chooses."""
    subject = build()
    _, steps, _ = run(subject, suite, Sampling(max_tokens=10))
    prompt = torch.tensor([subject.render(TALK, 2).ids])
    with torch.inference_mode():
        theirs = subject.model.generate(prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=10, do_sample=False)
    assert [step.token for step in steps] == theirs[0, prompt.shape[1] :].tolist()[: len(steps)]


def test_same_seed_same_answer(build: Callable[..., CausalSubject], suite: Suite) -> None:
    """A seed fixes an answer; another seed gives another one."""
    subject = build()
    texts = [
        "".join(step.text for step in run(subject, suite, Sampling(max_tokens=12, temperature=1.0, seed=s))[1])
        for s in (1, 1, 2)
    ]
    assert texts[0] == texts[1] != texts[2]


def test_text_of_the_steps_is_the_decoded_answer(build: Callable[..., CausalSubject], suite: Suite) -> None:
    """Nothing is lost or doubled between tokens and text."""
    subject = build()
    _, steps, _ = run(subject, suite, Sampling(max_tokens=30, temperature=1.5, seed=5))
    assert "".join(step.text for step in steps) == subject.tokenizer.decode([step.token for step in steps])


def test_end_token_ends_and_is_not_text(build: Callable[..., CausalSubject], suite: Suite) -> None:
    """The end-of-turn token ends the answer, is no step, and the count of judged tokens does not include it."""
    subject = build()
    _, steps, _ = run(subject, suite)
    ended = CausalSubject(
        binding=subject.binding,
        tokenizer=subject.tokenizer,
        model=subject.model,
        blocks=subject.blocks,
        system=None,
        stop_ids=frozenset([steps[4].token]),
    )
    _, shorter, end = run(ended, suite)
    expected = [step.token for step in steps]
    assert [step.token for step in shorter] == expected[: expected.index(steps[4].token)]
    assert (end.reason, end.tokens) == ("stop", len(shorter))


def test_length_ends(build: Callable[..., CausalSubject], suite: Suite) -> None:
    """An answer stops at its limit and at the end of the context, and says so."""
    subject = build()
    assert run(subject, suite, Sampling(max_tokens=3))[2].reason == "length"
    long = Conversation((Message(Role.USER, "a " * 120),))
    first, steps, end = run(subject, suite, Sampling(max_tokens=999), long)
    assert first.tokens + len(steps) == subject.context
    assert end.reason == "length"


def test_prompt_beyond_the_context_is_not_answered(build: Callable[..., CausalSubject], suite: Suite) -> None:
    """A prompt that does not fit has unavailable scores and no answer."""
    first, steps, end = run(build(), suite, SOME, Conversation((Message(Role.USER, "a " * 400),)))
    assert not steps
    assert end.reason == "too_long"
    assert all(isinstance(score, ScoreUnavailable) for j in first.judgements for score in j.scores)


def test_final_assistant_turn_is_not_continued(build: Callable[..., CausalSubject], suite: Suite) -> None:
    """A conversation that ends with the assistant can't be answered."""
    with pytest.raises(ScoringError):
        next(generate(build(), suite, TALK.upto(1), SOME))


def test_characters_of_several_tokens_come_out_whole(build: Callable[..., CausalSubject]) -> None:
    """No piece of text ends inside a character, and all of it comes out."""
    tokenizer = build().tokenizer
    text = "Grød 👩‍⚕️ 你好 — ñ"
    detokenizer = Detokenizer(tokenizer)
    pieces = [detokenizer.push(token) for token in tokenizer.encode_text(text)]
    assert "".join(pieces) == text
    assert "" in pieces
    assert not any("\ufffd" in piece for piece in pieces)


def test_half_a_character_at_the_end_is_marked(build: Callable[..., CausalSubject]) -> None:
    """An answer cut inside a character shows that, instead of dropping a judged token."""
    detokenizer = Detokenizer(build().tokenizer)
    ids = build().tokenizer.encode_text("👩")
    assert [detokenizer.push(token) for token in ids[:-1]] == [""] * (len(ids) - 1)
    assert detokenizer.flush() == "\ufffd"


@pytest.mark.parametrize(
    ("pieces", "given", "stopped"),
    [(["ab", "c EN", "D x"], "abc ", True), (["EN", "EX"], "ENEX", False), (["a", "EEN", "D"], "aE", True)],
)
def test_stop_text_is_never_given_out(pieces: list[str], given: str, stopped: bool) -> None:
    """Text that may begin a stop text waits; the stop text and what follows it never leave."""
    stop = StopText(("END",))
    out = "".join(stop.push(piece) for piece in pieces) + stop.flush()
    assert (out, stop.stopped) == (given, stopped)


def test_top_p_keeps_the_smallest_sufficient_set(build: Callable[..., CausalSubject], suite: Suite) -> None:
    """With a tiny mass only the likeliest token is left: the greedy answer."""
    subject = build()
    greedy = [step.token for step in run(subject, suite, Sampling(max_tokens=8))[1]]
    narrow = Sampling(max_tokens=8, temperature=1.0, top_p=1e-6, seed=9)
    assert [step.token for step in run(subject, suite, narrow)[1]] == greedy


def test_hook_point_that_is_not_there_stops_generation(build: Callable[..., CausalSubject]) -> None:
    """A suite made for another model raises instead of giving out unjudged text."""
    with pytest.raises(ScoringError):
        build().forward([1, 2], [HookPoint(7)])
