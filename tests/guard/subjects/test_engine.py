"""The engine: one thread, many callers, and no answer for someone who has gone."""

import asyncio
from collections.abc import Callable, Iterator

import pytest
import torch

from guard.conversation import Conversation, Message, Role
from guard.errors import RequestRefused, ScoringError
from guard.probes.judge import judge
from guard.probes.suite import Suite
from guard.subjects.causal import CausalSubject
from guard.subjects.decode import generate
from guard.subjects.engine import Engine
from guard.subjects.events import End, Prefilled, Sampling, Step

from .conftest import TEXT, same_events

TALKS = [Conversation((Message(Role.USER, text),)) for text in TEXT]
SOME = Sampling(max_tokens=8, temperature=1.0, seed=1)


@pytest.fixture(params=[8, 1], ids=["together", "turns"])
def engine(build: Callable[..., CausalSubject], suite: Suite, request: pytest.FixtureRequest) -> Iterator[Engine]:
    """A running engine on a tiny model, whose answers share passes or take turns."""
    running = Engine(build(), suite, batch=request.param)
    assert bool(running.alone) == (request.param == 1)
    yield running
    running.close()


@pytest.fixture
def passes(build: Callable[..., CausalSubject]) -> Iterator[list[int]]:
    """The rows of each forward pass of the tiny model."""
    rows: list[int] = []

    def count(_module: object, inputs: tuple[torch.Tensor, ...]) -> None:
        rows.append(inputs[0].shape[0])

    handle = build().blocks[0].register_forward_pre_hook(count)
    yield rows
    handle.remove()


async def collect(engine: Engine, talk: Conversation, sampling: Sampling = SOME) -> list:
    """Return all events of one answer."""
    return [event async for event in engine.generate(talk, sampling)]


async def test_judges_as_the_function_does(engine: Engine) -> None:
    """What comes from the thread is what `judge` returns."""
    assert await engine.judge(TALKS[0]) == judge(engine.subject, engine.suite, [TALKS[0]])[0]


async def test_answers_side_by_side_do_not_mix(engine: Engine) -> None:
    """Interleaved answers are each the same as when nobody else is served."""
    together = await asyncio.gather(*(collect(engine, talk) for talk in TALKS))
    for talk, events in zip(TALKS, together, strict=True):
        assert same_events(events, generate(engine.subject, engine.suite, talk, SOME))


async def test_a_judgement_does_not_wait_for_a_long_answer(engine: Engine) -> None:
    """Work is taken in turns: a judgement comes back while an answer is still under way."""
    answer = engine.generate(TALKS[0], Sampling(max_tokens=150, temperature=1.0))
    assert isinstance(await anext(answer), Prefilled)
    seen = []

    async def drain() -> None:
        async for event in answer:
            seen.append(event)

    task = asyncio.create_task(drain())
    await engine.judge(TALKS[1])
    assert not any(isinstance(event, End) for event in seen)
    await task
    assert isinstance(seen[-1], End)


async def test_consumer_that_leaves_stops_the_answer(engine: Engine, passes: list[int]) -> None:
    """After the reader closes the stream, the model does no more than the steps already under way."""
    stream = engine.generate(TALKS[0], Sampling(max_tokens=200, temperature=1.0))
    async for event in stream:
        if isinstance(event, Step):
            break
    await stream.aclose()
    await engine.judge(TALKS[1])
    await engine.judge(TALKS[1])
    done = len(passes)
    await engine.judge(TALKS[2])
    assert len(passes) == done + 1 < 200


async def test_failures_come_back_as_our_errors(engine: Engine) -> None:
    """An error in the thread reaches the caller as a ScoringError without its text, and the engine lives on."""

    def fail(_module: object, _inputs: object, _output: object) -> None:
        raise RuntimeError("chest pain")

    handle = engine.subject.blocks[0].register_forward_hook(fail)
    with pytest.raises(ScoringError) as caught:
        await engine.judge(TALKS[0])
    with pytest.raises(ScoringError):
        await collect(engine, TALKS[0])
    handle.remove()
    assert "chest" not in str(caught.value)
    assert await engine.judge(TALKS[0])


async def test_full_queue_refuses(build: Callable[..., CausalSubject], suite: Suite) -> None:
    """Beyond its bound the queue refuses at once with a 503, and serves the others."""
    small = Engine(build(), suite, waiting=1, answering=1)
    try:
        results = await asyncio.gather(*(collect(small, TALKS[0]) for _ in range(12)), return_exceptions=True)
    finally:
        small.close()
    refused = [result for result in results if isinstance(result, RequestRefused)]
    assert refused
    assert {error.status for error in refused} == {503}
    assert len(refused) < 12


async def test_closing_ends_what_is_under_way(build: Callable[..., CausalSubject], suite: Suite) -> None:
    """Closing lets nobody wait for ever, and a closed engine takes no work."""
    running = Engine(build(), suite)
    task = asyncio.create_task(collect(running, TALKS[0], Sampling(max_tokens=200, temperature=1.0)))
    await asyncio.sleep(0.05)
    await asyncio.to_thread(running.close)
    with pytest.raises(ScoringError, match="stopped"):
        await task
    with pytest.raises(ScoringError, match="stopped"):
        await running.judge(TALKS[0])


@pytest.mark.parametrize("batch", [8, 1], ids=["together", "turns"])
async def test_a_slow_reader_holds_up_his_own_answer_only(
    build: Callable[..., CausalSubject], suite: Suite, passes: list[int], batch: int
) -> None:
    """No more than a few events wait for him, others are served meanwhile, and in the end he gets everything."""
    long = Sampling(max_tokens=60, temperature=1.0, seed=1)
    running = Engine(build(), suite, ahead=4, batch=batch)
    try:
        before = len(passes)
        slow = running.generate(TALKS[0], long)
        events = [await anext(slow)]
        await asyncio.sleep(0.3)
        assert len(passes) - before <= 6
        assert isinstance((await collect(running, TALKS[1]))[-1], End)
        events += [event async for event in slow]
    finally:
        running.close()
    assert len(events) > 20
    assert same_events(events, generate(running.subject, suite, TALKS[0], long))
