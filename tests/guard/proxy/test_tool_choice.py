"""What a client says of tool calls holds for the answer, whatever the upstream makes of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from guard.errors import UpstreamError
from guard.proxy import calls
from tests.guard.proxy.upstreams import DONE, Fake, answer, calling, chunk, fronted

WELL = "I have a cold, what should I do?"
TOOLS = [{"type": "function", "function": {"name": name}} for name in ("book", "look")]
BOOK: dict[str, Any] = {"type": "function", "function": {"name": "book"}}
MODES = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
Make = Callable[..., Any]


@MODES
@pytest.mark.parametrize("choice", ["required", BOOK], ids=["required", "named"])
def test_an_answer_without_the_call_that_it_has_to_make_is_no_answer(make: Make, stream: bool, choice: Any) -> None:
    """Nothing was said: a status and an error in OpenAI's shape. The trail has the reason."""
    made = fronted(make, Fake([chunk({"role": "assistant"}), chunk(finish="stop"), DONE]))
    response = made.ask(WELL, stream=stream, tools=TOOLS, tool_choice=choice)
    assert response.status_code == 502
    assert response.json()["error"]["code"] == "upstream_tool_choice"
    assert b"upstream_tool_choice" in made.all_lines()


@MODES
@pytest.mark.parametrize("choice", ["required", BOOK], ids=["required", "named"])
def test_words_in_place_of_a_call_are_broken_off(make: Make, stream: bool, choice: Any) -> None:
    """The answer does not pass for a complete one."""
    made = fronted(make, Fake(answer(["Rest", " and", " drink."])))
    response = made.ask(WELL, stream=stream, tools=TOOLS, tool_choice=choice)
    assert finish(response, stream) == "content_filter"
    assert b"upstream_tool_choice" in made.all_lines()


@MODES
def test_one_call_at_a_time_is_one_call(make: Make, stream: bool) -> None:
    """Of several none leaves; one is what was asked for, and without the wish several are."""
    several, one = Fake(calling(("book", "{}"), ("look", "{}"))), Fake(calling(("look", "{}")))
    refused = fronted(make, several).ask(WELL, stream=stream, tools=TOOLS, parallel_tool_calls=False)
    assert refused.status_code == 502
    assert refused.json()["error"]["code"] == "upstream_tool_choice"
    assert "tool_calls" not in refused.text
    for fake, parallel in ((one, False), (several, True)):
        served = fronted(make, fake).ask(WELL, stream=stream, tools=TOOLS, parallel_tool_calls=parallel)
        assert finish(served, stream) == "tool_calls"


@MODES
@pytest.mark.parametrize("reason", ["length", "content_filter"])
def test_an_answer_that_was_cut_short_need_not_call(make: Make, stream: bool, reason: str) -> None:
    """It says itself that it is not complete."""
    made = fronted(make, Fake(answer(["Rest"], finish=reason)))
    response = made.ask(WELL, stream=stream, tools=TOOLS, tool_choice="required")
    assert finish(response, stream) == reason


@MODES
def test_the_call_that_was_demanded_leaves(make: Make, stream: bool) -> None:
    """With words before it or without."""
    spoken = [chunk({"content": "I will book. "}), *calling(("book", "{}"))]
    for parts in (spoken, calling(("book", "{}"))):
        response = fronted(make, Fake(parts)).ask(WELL, stream=stream, tools=TOOLS, tool_choice=BOOK, parallel_tool_calls=False)
        assert finish(response, stream) == "tool_calls"


@pytest.mark.parametrize("choice", [None, "auto", "none"])
def test_nobody_has_to_call_who_was_not_told_to(choice: str | None) -> None:
    """And the other way round."""
    calls.require({"tool_choice": choice}, 0)
    with pytest.raises(UpstreamError):
        calls.require({"tool_choice": "required"}, 0)


def finish(response: Any, stream: bool) -> str:
    """The reason of the end."""
    if not stream:
        return str(response.json()["choices"][0]["finish_reason"])
    events = [line[6:] for line in response.text.splitlines() if line.startswith("data: {")]
    reasons = [choice["finish_reason"] for one in events for choice in json.loads(one).get("choices", [])]
    return str(next(reason for reason in reasons if reason))
