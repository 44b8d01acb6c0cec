"""Generation with every token judged.

Our own loop, so that a token and its scores stay together: the activation of a token exists only once it has been fed,
so each token is held back for one step, and the last one is fed, too. The number of judged tokens equals the number of
tokens given out by construction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch

from guard.conversation import Conversation
from guard.errors import ScoringError
from guard.hazards import Stage
from guard.probes.aggregation import Running
from guard.probes.judge import ANSWERS, assemble, outcome, positions_for, prompt_scores
from guard.probes.linear import Stack
from guard.probes.reading import Unread, judged_turns, plan, split
from guard.probes.suite import Suite
from guard.scores import Judgement, ProbeScore, Score, ScoreUnavailable
from guard.subjects.causal import CausalSubject, Forward
from guard.subjects.detokenize import Detokenizer
from guard.subjects.events import End, Event, Prefilled, Sampling, Step


def generate(subject: CausalSubject, suite: Suite, conversation: Conversation, sampling: Sampling) -> Iterator[Event]:
    """Judge a conversation and let the model answer it, in one pass over the prompt.

    Close the iterator to stop.

    Raises:
        ScoringError: The conversation ends with an assistant's turn, the template refuses it, or a hook did not fire.
    """
    turn = len(conversation) - 1
    if turn not in judged_turns(conversation):
        raise ScoringError("the conversation does not end with a turn that is answered")
    prompt = subject.render(conversation, turn).ids
    if len(prompt) > subject.context:
        scores = {turn: prompt_scores(suite, Unread("too_long")) for turn in judged_turns(conversation)}
        yield Prefilled(assemble(conversation, scores), len(prompt))
        yield End("too_long", _Response(suite).scores(Unread("too_long")), 0)
        return
    forward = subject.forward(prompt, suite.hook_points)
    yield Prefilled(_prompt_judgements(subject, suite, conversation, prompt, forward), len(prompt))
    yield from _answer(subject, suite, forward, len(prompt), sampling)


def _prompt_judgements(
    subject: CausalSubject, suite: Suite, conversation: Conversation, prompt: tuple[int, ...], forward: Forward
) -> tuple[Judgement, ...]:
    """Judge every place of the conversation; the ones that nest in the prompt need no pass of their own."""
    passes, unread = plan(subject, [conversation], positions_for(suite), [judged_turns(conversation)], suite.anchor)
    scores: dict[int, Mapping[Stage, tuple[Score, ...]]] = {}
    for (_, turn), why in unread:
        scores[turn] = prompt_scores(suite, why)
    for item in passes:
        places = sorted({at for _, chosen in item.reads for at in chosen})
        if item.ids == prompt:
            values = {point: value[torch.tensor(places)].float() for point, value in forward.values.items()}
        else:
            found = subject.capture([item.ids], suite.hook_points, [places])
            values = {point: found[point].row(0) for point in suite.hook_points}
        for (_, turn), read in split(item, places, values):
            scores[turn] = prompt_scores(suite, read)
    return assemble(conversation, scores)


def _answer(subject: CausalSubject, suite: Suite, forward: Forward, length: int, sampling: Sampling) -> Iterator[Event]:
    response = _Response(suite)
    text = StopText(sampling.stop)
    detokenizer = Detokenizer(subject.tokenizer)
    draw = _Draw(sampling)
    most = min(sampling.max_tokens, subject.context - length)
    count, token = 0, draw(forward.logits)
    while count < most and token not in subject.stop_ids and not text.stopped:
        forward = subject.forward([token], suite.hook_points, forward.cache)
        fed, token, count = token, draw(forward.logits), count + 1
        given = text.push(detokenizer.push(fed))
        if count == most or token in subject.stop_ids:
            given += text.push(detokenizer.flush()) + text.flush()
        yield Step(fed, given, response.push(forward))
    yield End("stop" if text.stopped or token in subject.stop_ids else "length", response.end(), count)


class _Response:
    """The running scores of the monitors that read the answer."""

    def __init__(self, suite: Suite) -> None:
        self._monitors = suite.at(*ANSWERS)
        self._stack = Stack([monitor.probes for monitor in self._monitors])
        self._running = [Running(monitor.aggregation) for monitor in self._monitors]

    def push(self, forward: Forward) -> tuple[Score, ...]:
        if not self._monitors:
            return ()
        logits = self._stack.logits(forward.values)[-1]
        for running, logit in zip(self._running, logits.tolist(), strict=True):
            running.push(logit)
        return tuple(score for score in self.end() if score.claim.stage is Stage.RESPONSE)

    def end(self) -> tuple[ProbeScore | ScoreUnavailable, ...]:
        return tuple(outcome(monitor, running.value) for monitor, running in zip(self._monitors, self._running, strict=True))

    def scores(self, unread: Unread) -> tuple[Score, ...]:
        return tuple(ScoreUnavailable(monitor.claim, unread.reason) for monitor in self._monitors)


class _Draw:
    """Chooses tokens; seeded for each answer, so that no other request moves it."""

    def __init__(self, sampling: Sampling) -> None:
        self._sampling = sampling
        self._generator = torch.Generator().manual_seed(sampling.seed)

    def __call__(self, logits: torch.Tensor) -> int:
        # One trip to the host for both.
        finite, likeliest = torch.stack((torch.isfinite(logits).all().long(), logits.argmax())).tolist()
        if not finite:
            raise ScoringError("the model's output is not finite")
        if self._sampling.temperature <= 0:
            return int(likeliest)
        chances = torch.softmax(logits.double().cpu() / self._sampling.temperature, dim=-1)
        if self._sampling.top_p < 1:
            ordered, index = chances.sort(descending=True, stable=True)
            # Keep a token while those before it have not reached the mass yet.
            ordered[ordered.cumsum(0) - ordered >= self._sampling.top_p] = 0.0
            chances = torch.zeros_like(chances).scatter(0, index, ordered)
        return int(torch.multinomial(chances, 1, generator=self._generator))


class StopText:
    """Holds back text that may be the beginning of a stop text."""

    def __init__(self, stops: tuple[str, ...]) -> None:
        """Watch for `stops`; empty ones are ignored."""
        self._stops = tuple(stop for stop in stops if stop)
        self._held = ""
        self.stopped = False
        """Whether a stop text has come; nothing after it is given out."""

    def push(self, text: str) -> str:
        """Take more text and return what is certainly not part of a stop text."""
        if self.stopped:
            return ""
        self._held += text
        found = [at for stop in self._stops if (at := self._held.find(stop)) >= 0]
        if found:
            self.stopped = True
            given, self._held = self._held[: min(found)], ""
            return given
        keep = max((_overlap(self._held, stop) for stop in self._stops), default=0)
        given, self._held = self._held[: len(self._held) - keep], self._held[len(self._held) - keep :]
        return given

    def flush(self) -> str:
        """Return what was held back: the answer ended before it became a stop text."""
        given, self._held = ("" if self.stopped else self._held), ""
        return given


def _overlap(text: str, stop: str) -> int:
    """Return how many characters at the end of `text` begin `stop`."""
    return next((n for n in range(min(len(text), len(stop) - 1), 0, -1) if text.endswith(stop[:n])), 0)
