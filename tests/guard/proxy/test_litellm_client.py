"""LiteLLM as a client: what it was seen to send is served, and what it was seen to understand is still what it is given.

`bench/peers/litellm_client.py` recorded both with the real package.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from guard.policy import Action
from tests.guard.proxy.conftest import POLICY
from tests.guard.proxy.upstreams import Fake, answer, calling, fronted

RECORDED = json.loads((Path(__file__).parents[2] / "assets" / "litellm_client.json").read_text())
CASES = {case["case"]: case for case in RECORDED["cases"]}


@dataclass
class Caller(Fake):
    """An upstream that calls the first tool that it is offered, and answers in words otherwise."""

    async def chat(self, body: bytes) -> AsyncGenerator[bytes, None]:
        """Answer."""
        asked = json.loads(body)
        calls = asked.get("tools") and asked["messages"][-1]["role"] == "user"
        self.parts = calling(("book", '{"patient": "Jo"}')) if calls else answer(["Rest", " and", " drink", " water."])
        async for part in super().chat(body):
            yield part


async def _models() -> tuple[str, ...]:
    return ("clinic",)


def _understood(text: str) -> dict[str, Any]:
    """Put an answer together, whole or streamed, as LiteLLM does."""
    if not text.startswith("data: "):
        choice = json.loads(text)["choices"][0]
        calls = [list(call["function"].values()) for call in choice["message"].get("tool_calls", [])]
        return {"text": choice["message"]["content"], "calls": calls, "finish": choice["finish_reason"]}
    lines = [line.removeprefix("data: ") for line in text.split("\n") if line.startswith("data: {")]
    choices = [choice for line in lines for choice in json.loads(line)["choices"]]
    deltas = [choice["delta"] for choice in choices]
    calls = [list(call["function"].values()) for delta in deltas for call in delta.get("tool_calls", [])]
    said = "".join(delta.get("content") or "" for delta in deltas)
    return {"text": said, "calls": calls, "finish": choices[-1]["finish_reason"]}


def test_everything_was_recorded() -> None:
    """Plain, streamed, tools, forms, blocks and errors: an empty record would prove nothing."""
    assert len(CASES) >= 19
    assert all(len(case["sent"]) == 1 for case in CASES.values())
    assert {case["sent"][0]["path"] for case in CASES.values()} == {"/v1/chat/completions"}
    assert [name for name, case in CASES.items() if "error" in case["understood"]] == [
        "two answers",
        "an image",
        "no such model",
    ]
    assert CASES["blocked"]["understood"]["finish"] == "content_filter"


@pytest.mark.parametrize("name", CASES)
def test_what_litellm_sends_is_served_as_it_understood_it(make: Callable[..., Any], name: str) -> None:
    """The same status, text, calls and reason; no field that it sends by itself is refused."""
    case = CASES[name]
    policy = replace(POLICY, requires=(), rules={"identifiers": Action.BLOCK})
    made = fronted(make, Caller(), policy=policy, offered=_models)
    sent = case["sent"][0]
    came = made.client.post(sent["path"], json=sent["body"])
    assert came.status_code == sent["status"]
    if "error" in case["understood"]:
        assert case["understood"]["status"] == came.status_code
        assert set(came.json()["error"]) == {"message", "type", "param", "code"}
    else:
        assert _understood(came.text) == case["understood"]
