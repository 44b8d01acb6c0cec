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
from guard.probes.activations import HookPoint
from guard.probes.judge import ANSWERS, assemble, positions_for, prompt_scores
from guard.probes.reading import Unread, judged_turns, plan, split
from guard.probes.suite import Suite
from guard.scores import Judgement, Score, ScoreUnavailable
from guard.subjects.answer import Answer, AnswerProbes
from guard.subjects.causal import CausalSubject, Forward
from guard.subjects.draw import likeliest
from guard.subjects.events import End, Event, Prefilled, Sampling


def generate(subject: CausalSubject, suite: Suite, conversation: Conversation, sampling: Sampling) -> Iterator[Event]:
    """Judge a conversation and let the model answer it, in one pass over the prompt.

    Close the iterator to stop.

    Raises:
        ScoringError: The conversation ends with an assistant's turn, the template refuses it, or a hook did not fire.
    """
    prompt = prompt_of(subject, conversation)
    if len(prompt) > subject.context:
        yield from unread_events(suite, conversation, len(prompt))
        return
    forward = subject.forward(prompt, suite.hook_points)
    yield Prefilled(prompt_judgements(subject, suite, conversation, prompt, forward.values), len(prompt))
    yield from _answer(subject, suite, forward, len(prompt), sampling)


def prompt_of(subject: CausalSubject, conversation: Conversation) -> tuple[int, ...]:
    """Return the tokens of a conversation that is to be answered.

    Raises:
        ScoringError: It ends with an assistant's turn, or the template refuses it.
    """
    turn = len(conversation) - 1
    if turn not in judged_turns(conversation):
        raise ScoringError("the conversation does not end with a turn that is answered")
    return subject.render(conversation, turn).ids


def prompt_judgements(
    subject: CausalSubject,
    suite: Suite,
    conversation: Conversation,
    prompt: tuple[int, ...],
    found: Mapping[HookPoint, torch.Tensor],
) -> tuple[Judgement, ...]:
    """Judge every place of a conversation; the ones that nest in the prompt need no pass of their own.

    Args:
        subject: The model.
        suite: The monitors.
        conversation: What is judged.
        prompt: Its tokens.
        found: What reading them gave, per hook point (tokens, width).

    Raises:
        ScoringError: A hook did not fire.
    """
    passes, unread = plan(subject, [conversation], positions_for(suite), [judged_turns(conversation)], suite.anchor)
    scores: dict[int, Mapping[Stage, tuple[Score, ...]]] = {}
    for (_, turn), why in unread:
        scores[turn] = prompt_scores(suite, why)
    for item in passes:
        places = sorted({at for _, chosen in item.reads for at in chosen})
        if item.ids == prompt:
            values = {point: value[torch.tensor(places)].float() for point, value in found.items()}
        else:
            captured = subject.capture([item.ids], suite.hook_points, [places])
            values = {point: captured[point].row(0) for point in suite.hook_points}
        for (_, turn), read in split(item, places, values):
            scores[turn] = prompt_scores(suite, read)
    return assemble(conversation, scores)


def unread_events(suite: Suite, conversation: Conversation, tokens: int) -> tuple[Prefilled, End]:
    """Return what is said of a prompt that is too long to be read."""
    unread = Unread("too_long")
    scores = {turn: prompt_scores(suite, unread) for turn in judged_turns(conversation)}
    unavailable = tuple(ScoreUnavailable(monitor.claim, unread.reason) for monitor in suite.at(*ANSWERS))
    return Prefilled(assemble(conversation, scores), tokens), End(unread.reason, unavailable, 0)


def _answer(subject: CausalSubject, suite: Suite, forward: Forward, length: int, sampling: Sampling) -> Iterator[Event]:
    probes = AnswerProbes(suite)
    answer = Answer(subject, suite, length, sampling)
    answer.choose(forward.logits, *likeliest(forward.logits.unsqueeze(0)))
    while not answer.over:
        forward = subject.forward([answer.token], suite.hook_points, forward.cache)
        (scored,) = probes.logits(forward.values, 1)
        yield answer.push(scored, forward.logits, *likeliest(forward.logits.unsqueeze(0)))
    yield answer.end()
