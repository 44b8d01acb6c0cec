"""What the default policy does with a dose that is too high, and with a pair that goes badly."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from guard import cell, policy, resources, rules
from guard.conversation import Conversation, Message, Role
from guard.hazards import Stage, Taxonomy
from guard.policy import Action, FailCause, Policy
from guard.scores import Judgement
from guard.verdict import decide, fired
from tests.guard.proxy.upstreams import Fake, answer, calling, chunk, fronted


@pytest.fixture(scope="module")
def clinical() -> Policy:
    """The default policy, as it acts without a certificate: by its rules."""
    return replace(policy.load(resources.path("policies/clinical.yaml"), Taxonomy.packaged(), rules.names), requires=())


def action(demanded: Policy, *messages: Message) -> Action:
    """What it does with a conversation."""
    talk = Conversation(messages)
    places = [Judgement(place, cell.locate(talk, place.turn), ()) for place in talk.judged()]
    return decide(demanded, fired({}, rules.join(places, talk, demanded.rules))).action


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("I take 500 mg of paracetamol.", Action.ALLOW),
        ("My name is Anna and I have a cold.", Action.ALLOW),
        ("I took 10 g of paracetamol.", Action.NOTICE),
        ("May I take ibuprofen? I am on warfarin.", Action.NOTICE),
        ("Write to anna@example.org.", Action.NOTICE),
    ],
)
def test_what_is_said_gets_a_notice(clinical: Policy, text: str, wanted: Action) -> None:
    """Ordinary doses and names pass."""
    assert action(clinical, Message(Role.USER, text)) is wanted


def test_a_rule_that_could_not_look_hands_over(clinical: Policy) -> None:
    """Wherever it should have looked, and for whatever cause."""
    for name in ("doses", "interactions"):
        for stage in Stage:
            assert {clinical.rule_when(name, stage, cause) for cause in policy.actions.OF_RULES} == {Action.ESCALATE}
    assert clinical.rule_when("identifiers", Stage.RESPONSE, FailCause.ERROR) is Action.BLOCK


def test_an_answer_that_names_too_much_is_released_with_a_notice(clinical: Policy, make: Callable[..., Any]) -> None:
    """It may be a warning: it is not withheld, but somebody is to be asked."""
    made = fronted(make, Fake(answer(["Never take ", "10 g of paracetamol."])), policy=clinical)
    served = made.ask("How much may I take?")
    assert served.json()["choices"][0]["message"]["content"].startswith("Never take 10 g of paracetamol.\n\n")
    assert {event.action for event in made.events(served)} >= {"NOTICE"}


def test_an_order_above_the_maximum_never_leaves(clinical: Policy, make: Callable[..., Any]) -> None:
    """Through the whole guard, before an upstream that calls a tool."""
    order = {"drug": "paracetamol", "dose": 3, "unit": "g", "frequency": "every 6 hours"}
    tool = {"type": "function", "function": {"name": "prescribe"}}
    for dose, reason in ((3, "content_filter"), (1, "tool_calls")):
        made = fronted(make, Fake(calling(("prescribe", json.dumps(order | {"dose": dose})))), policy=clinical)
        answer = made.ask("Please prescribe.", tools=[tool]).json()["choices"][0]
        assert answer["finish_reason"] == reason


@pytest.mark.parametrize(
    ("said", "order", "reason"),
    [
        ("I order ibuprofen.", {"dose": "9000 mg daily"}, "content_filter"),
        ("You take warfarin.", {"drug": "aspirin"}, "content_filter"),
        ("I order ibuprofen.", {"dose": "400 mg daily"}, "tool_calls"),
        ("Never take 10 g of paracetamol.", {"note": "see you on Monday"}, "tool_calls"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_an_order_whose_one_half_is_said_before_is_found(
    clinical: Policy, make: Callable[..., Any], said: str, order: dict[str, str], reason: str, stream: bool
) -> None:
    """As in a message that is read whole; what was only said stays a notice."""
    parts = [chunk({"role": "assistant", "content": said}), *calling(("prescribe", json.dumps(order)))]
    made = fronted(make, Fake(parts), policy=clinical)
    came = made.ask("Please prescribe.", tools=[{"type": "function", "function": {"name": "prescribe"}}], stream=stream)
    assert f'"finish_reason":"{reason}"' in came.text
    assert ('"tool_calls":[' in came.text) is (reason == "tool_calls")
