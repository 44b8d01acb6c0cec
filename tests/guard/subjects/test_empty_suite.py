"""A guard without a dossier has no monitor; the model must still be read and answered through the same path."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from guard.conversation import Conversation, Message, Role
from guard.probes.judge import judge
from guard.probes.suite import Suite
from guard.subjects.decode import generate
from guard.subjects.events import End, Prefilled, Sampling, Step


def test_empty_suite_judges_every_place_and_lets_tokens_through(build: Callable[..., Any]) -> None:
    """Every place gets a judgement without scores, and every token a step."""
    llama = build("llama")
    conversation = Conversation((Message(Role.USER, "I have crushing chest pain."),))
    assert [judgement.scores for judgement in judge(llama, Suite(()), [conversation])[0]] == [()]
    events = list(generate(llama, Suite(()), conversation, Sampling(max_tokens=4)))
    assert isinstance(events[0], Prefilled)
    assert isinstance(events[-1], End)
    assert sum(isinstance(event, Step) for event in events) == events[-1].tokens
