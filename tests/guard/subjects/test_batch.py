"""Answers that share forward passes: each is what it is alone, whoever comes, goes or fails beside it."""

import asyncio
import random
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
import torch
from torch import nn

from guard.conversation import Conversation, Message, Role
from guard.errors import AuscultError, ScoringError
from guard.probes.suite import Suite
from guard.subjects.batch import Batch
from guard.subjects.causal import CausalSubject
from guard.subjects.decode import generate
from guard.subjects.engine import Engine
from guard.subjects.events import End, Event, Prefilled, Sampling, Step
from guard.subjects.jobs import Asked, Done, Job
from guard.subjects.load import load
from guard.subjects.slots import Kept, Slots
from guard.subjects.trial import Trial, why_alone

from .conftest import TEXT, probe_suite, same_events

ALONE = {"mistral", "gemma3", "gpt_oss", "qwen3_next", "mamba", "bamba"}
"""Architectures that do not keep plain keys and values of everything."""


def talk(text: str) -> Conversation:
    """Return a conversation of one message."""
    return Conversation((Message(Role.USER, text),))


class Now:
    """A loop that does at once what it is told."""

    @staticmethod
    def call_soon_threadsafe(call: Callable[..., None], *arguments: Any) -> None:
        """Call."""
        call(*arguments)


def ask(conversation: Conversation, sampling: Sampling) -> Job:
    """Make a request whose reader keeps up."""
    return Job(Asked(conversation, sampling), cast(asyncio.AbstractEventLoop, Now()), most=10**6)


def add(batch: Batch, job: Job) -> Job:
    """Hand a request to a batch."""
    assert isinstance(job.work, Asked)
    batch.add(job, job.work)
    return job


def heard(job: Job) -> list[Any]:
    """Return what its reader was told so far."""
    return list(job.events._queue)  # type: ignore[attr-defined]


def finished(job: Job) -> list[Event]:
    """Return the events of an answer that ended well."""
    *events, done = heard(job)
    assert isinstance(done, Done), done
    return events


def run(batch: Batch) -> int:
    """Go on until nothing is left; return the number of rounds."""
    rounds = 0
    while len(batch):
        batch.round()
        rounds += 1
        assert rounds < 2_000
    return rounds


@pytest.fixture
def rows(build: Callable[..., CausalSubject]) -> Iterator[list[int]]:
    """The rows of each forward pass of the tiny model."""
    seen: list[int] = []
    handle = build().blocks[0].register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[0].shape[0]))
    yield seen
    handle.remove()


@pytest.mark.parametrize("kind", ["llama", "gpt2", "falcon", "bloom", "mixtral", "mistral", "qwen3_next", "mamba"])
def test_architectures(build: Callable[..., CausalSubject], suite: Suite, kind: str) -> None:
    """Whatever keeps plain keys and values can share passes, however it knows its positions; nothing else does."""
    assert bool(why_alone(build(kind), suite)) == (kind in ALONE)


def test_a_model_whose_rows_touch_is_found_out(build: Callable[..., CausalSubject], suite: Suite) -> None:
    """A block that mixes rows ever so little, or rotates by the longest row, makes answers take turns."""
    subject = build()

    def leak(_module: nn.Module, _inputs: Any, output: torch.Tensor) -> torch.Tensor:
        return output + 0.01 * (output.mean(0, keepdim=True) - output)

    handle = subject.blocks[1].register_forward_hook(leak)
    assert why_alone(subject, suite) == "a row gives other numbers among others than alone"
    handle.remove()
    rotary = subject.model.model.rotary_emb
    before, rotary.rope_type = rotary.rope_type, "longrope"
    assert "longest row" in why_alone(subject, suite)
    rotary.rope_type = before
    assert why_alone(subject, suite) == ""


def test_scores_that_move_by_the_margin_make_answers_take_turns(
    build: Callable[..., CausalSubject], suite: Suite, caplog: pytest.LogCaptureFixture
) -> None:
    """The certified margin decides: what rounding moves passes a sound one, not one of nothing; the log says so."""
    talks = [talk(text) for text in TEXT]
    assert why_alone(build(), suite, Trial(talks, 1e-4)) == ""
    engine = Engine(build(), suite, trial=Trial(talks, 1e-12))
    engine.close()
    assert "a score moves by" in engine.alone
    assert engine.alone in caplog.text


@pytest.mark.parametrize("kind", ["llama", "bloom"])
def test_mates_that_come_and_go_change_nothing(build: Callable[..., CausalSubject], suite: Suite, kind: str) -> None:
    """Tokens, text and scores of 24 answers among random mates are those of each alone; some readers leave."""
    subject, dice = build(kind), random.Random(5)
    batch = Batch(subject, suite, 4)
    jobs = []
    for number in range(24):
        text = " ".join(dice.choice(TEXT) for _ in range(dice.choice((1, 1, 1, 3))))
        sampling = Sampling(max_tokens=dice.randint(1, 24), temperature=dice.choice((0.0, 1.0)), seed=number)
        jobs.append(add(batch, ask(talk(text), sampling)))
        for _ in range(dice.randint(0, 4)):
            batch.round()
        if dice.random() < 0.2:
            dice.choice(jobs).gone.set()
    run(batch)
    for job in jobs:
        assert isinstance(job.work, Asked)
        whole = list(generate(subject, suite, job.work.conversation, job.work.sampling))
        found = [event for event in heard(job) if not isinstance(event, Done)]
        assert same_events(found, whole[: len(found)])
        assert job.gone.is_set() or len(found) == len(whole)
    assert sum(len(heard(job)) for job in jobs) > 200


def test_rows_share_passes(build: Callable[..., CausalSubject], suite: Suite, rows: list[int]) -> None:
    """Four answers of about one length cost one pass for their prompts and one for each token."""
    batch = Batch(build(), suite, 4)
    for number in range(4):
        add(batch, ask(talk(TEXT[0]), Sampling(max_tokens=6, temperature=1.0, seed=number)))
    run(batch)
    assert rows == [4] * 7


def test_prompts_of_different_length_are_read_apart(build: Callable[..., CausalSubject], suite: Suite, rows: list[int]) -> None:
    """A short prompt is not padded to a long one, and the first to come is read first."""
    batch = Batch(build(), suite, 4)
    long = add(batch, ask(talk(TEXT[0] * 4), Sampling(max_tokens=4)))
    short = add(batch, ask(talk("a"), Sampling(max_tokens=4)))
    batch.round()
    assert rows == [1, 1]
    assert isinstance(heard(long)[0], Prefilled)
    assert not heard(short)


def test_nobody_waits_for_a_longer_answer(build: Callable[..., CausalSubject], suite: Suite) -> None:
    """With more answers than rows in a pass each gets a token a round, and a short one that comes late ends early."""
    batch = Batch(build(), suite, 2)
    long = [add(batch, ask(talk(TEXT[0]), Sampling(max_tokens=100, temperature=1.0, seed=n))) for n in range(5)]
    for _ in range(10):
        batch.round()
    counts = [sum(isinstance(event, Step) for event in heard(job)) for job in long]
    assert max(counts) - min(counts) <= 2
    late = add(batch, ask(talk(TEXT[0]), Sampling(max_tokens=3, temperature=1.0, seed=1)))
    for _ in range(4):
        batch.round()
    assert isinstance(finished(late)[-1], End)
    assert not any(isinstance(heard(job)[-1], Done) for job in long)


def _trouble(subject: CausalSubject, token: int, act: Callable[[torch.Tensor], torch.Tensor]) -> Any:
    """Let something happen to a row at the first block whenever a certain token is fed alone."""
    ids: list[torch.Tensor] = []

    def before(_module: nn.Module, _inputs: Any, named: dict[str, Any]) -> None:
        ids[:] = [named["input_ids"]]

    def after(_module: nn.Module, _inputs: Any, output: torch.Tensor) -> torch.Tensor | None:
        if ids[0].shape[1] > 1 or not (hit := ids[0][:, 0] == token).any():
            return None
        return torch.where(hit[:, None, None], act(output), output)

    handles = [
        subject.model.register_forward_pre_hook(before, with_kwargs=True),
        subject.blocks[0].register_forward_hook(after),
    ]
    return lambda: [handle.remove() for handle in handles]


def _burst(_output: torch.Tensor) -> torch.Tensor:
    raise RuntimeError("chest pain")


@pytest.mark.parametrize("act", [_burst, lambda output: output * float("nan")], ids=["raises", "not finite"])
def test_a_row_in_trouble_hurts_no_other(
    build: Callable[..., CausalSubject], suite: Suite, act: Callable[[torch.Tensor], torch.Tensor]
) -> None:
    """A token that breaks the pass or makes it not finite ends its own answer; mates, and whoever gets its place, are whole."""
    subject = build()
    settings = [Sampling(max_tokens=12, temperature=1.0, seed=seed) for seed in range(4)]
    alone = [list(generate(subject, suite, talk(TEXT[seed % 2]), one)) for seed, one in enumerate(settings)]
    tokens = [{event.token for event in events if isinstance(event, Step)} for events in alone]
    bad = min(tokens[1] - tokens[0] - tokens[2] - tokens[3])
    clear = _trouble(subject, bad, act)
    try:
        batch = Batch(subject, suite, 3)
        jobs = [add(batch, ask(talk(TEXT[seed % 2]), settings[seed])) for seed in range(3)]
        while len(batch) == 3:
            batch.round()
        jobs.append(add(batch, ask(talk(TEXT[1]), settings[3])))
        run(batch)
    finally:
        clear()
    error = heard(jobs[1])[-1]
    assert isinstance(error, ScoringError)
    assert "chest" not in str(error)
    for number in (0, 2, 3):
        assert same_events(finished(jobs[number]), alone[number])


def test_a_hook_that_does_not_fire_ends_every_answer(
    build: Callable[..., CausalSubject], suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tokens that nothing has read are not given out; with the hook back, answers are whole."""
    subject = build()
    batch = Batch(subject, suite, 4)
    jobs = [add(batch, ask(talk(TEXT[0]), Sampling(max_tokens=20, temperature=1.0, seed=seed))) for seed in range(3)]
    for _ in range(4):
        batch.round()
    told = [len(heard(job)) for job in jobs]

    class Around(nn.Module):
        def forward(self, *arguments: Any, **named: Any) -> Any:
            return subject.blocks[1].forward(*arguments, **named)

    around = Around()
    around.attention_type = getattr(subject.blocks[1], "attention_type", None)  # type: ignore[assignment]
    with monkeypatch.context() as patched:
        patched.setitem(subject.model.model.layers._modules, "1", around)
        run(batch)
    for job, count in zip(jobs, told, strict=True):
        assert len(heard(job)) == count + 1
        assert isinstance(heard(job)[-1], AuscultError)
        assert "nothing was read" in str(heard(job)[-1])
    again = add(batch, ask(talk(TEXT[0]), Sampling(max_tokens=5)))
    run(batch)
    assert isinstance(finished(again)[-1], End)


async def test_the_engine_outlives_a_round_that_breaks(
    build: Callable[..., CausalSubject], suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nobody foresaw ends the answers under way, not the thread."""
    running = Engine(build(), suite)

    def fail(_self: Batch) -> None:
        raise MemoryError

    try:
        with monkeypatch.context() as patched:
            patched.setattr(Batch, "_leave", fail)
            with pytest.raises(ScoringError, match="MemoryError"):
                _ = [event async for event in running.generate(talk(TEXT[0]), Sampling(max_tokens=4))]
        events = [event async for event in running.generate(talk(TEXT[0]), Sampling(max_tokens=4))]
    finally:
        running.close()
    assert isinstance(events[-1], End)


def _kept(seed: int, length: int) -> Kept:
    values = torch.randn(2, 2, 3, length, 4, generator=torch.Generator().manual_seed(seed))
    return Kept(tuple((keys, values) for keys, values in values), length)


def _same(found: Kept, expected: Kept) -> bool:
    pairs = zip(found.layers, expected.layers, strict=True)
    return found.length == expected.length and all(torch.equal(*two) for one in pairs for two in zip(*one, strict=True))


def test_slots_give_back_what_was_put_in() -> None:
    """Rows survive growth, and the moves that follow when others leave."""
    slots, dice = Slots(), random.Random(3)
    rows: list[Kept] = []
    for seed in range(60):
        if rows and dice.random() < 0.45:
            number = dice.randrange(len(rows))
            assert _same(slots.take(number), rows[number])
            rows[number] = rows[-1]
            rows.pop()
        else:
            rows.append(_kept(seed, dice.randint(1, 200)))
            slots.join(rows[-1])
        assert slots.lengths == [row.length for row in rows]


def test_a_place_that_is_used_again_holds_nothing_of_the_row_before() -> None:
    """Masked places are zero: what is not finite there would spoil the row that comes after."""
    slots = Slots()
    bad = Kept(tuple((keys * float("nan"), values * float("nan")) for keys, values in _kept(1, 50).layers), 50)
    for row, gone in ((bad, None), (_kept(2, 20), 0), (bad, 1), (_kept(3, 5), None)):
        slots.join(row)
        if gone is not None:
            slots.drop(gone)
    memory = slots.memory(range(2))
    assert all(torch.isfinite(layer.keys).all() and torch.isfinite(layer.values).all() for layer in memory.layers)


def test_the_phantom_answers_alike_alone_and_among_others() -> None:
    """Six greedy answers of the packaged model, begun one after the other, have the tokens and scores of each alone."""
    phantom = cast(CausalSubject, load("phantom"))
    suite = probe_suite(phantom.width)
    batch, jobs = Batch(phantom, suite, 4), []
    for number in range(6):
        jobs.append(add(batch, ask(talk(f"{TEXT[number % 4]} Can I take {number} tablets?"), Sampling(max_tokens=10))))
        batch.round()
    run(batch)
    for job in jobs:
        assert isinstance(job.work, Asked)
        assert same_events(finished(job), generate(phantom, suite, job.work.conversation, job.work.sampling))
