"""A whole answer, asked for as one: the same text, calls and counts as of a stream, and nothing that was not judged."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from guard.audit import Outcome
from guard.hazards import Claim, Stage
from guard.policy import Action
from guard.proxy import texts, wishes
from guard.proxy.relay import Relay
from guard.proxy.texts import Text
from guard.rules import judging
from tests.guard.proxy.conftest import MISUSE, POLICY, demand
from tests.guard.proxy.test_app import chunks, said
from tests.guard.proxy.test_relay import ANSWER, READ_ALONG, SSN, TOOL, WELL, Eyes
from tests.guard.proxy.upstreams import Fake, answer

Make = Callable[..., Any]


def body(content: str | None = ANSWER, finish: str | None = "stop", **message: Any) -> dict[str, Any]:
    """A whole answer as OpenAI writes it, with much that nobody may see."""
    said = {"role": "assistant", "content": content, "refusal": None, "reasoning_content": "zebra", "annotations": []} | message
    return {
        "id": "chatcmpl-UPSTREAM", "object": "chat.completion", "model": "secret-model", "system_fingerprint": "fp",
        "choices": [{"index": 0, "message": said, "finish_reason": finish, "logprobs": None}],
        "usage": {"prompt_tokens": 11, "completion_tokens": 5, "total_tokens": 16},
    }  # fmt: skip


@dataclass
class Whole(Fake):
    """A fake that can be asked for a whole answer, too."""

    told: Any = field(default_factory=body)
    streams: bool = False

    async def whole(self, sent: bytes) -> tuple[bytes, bool]:
        """Answer at once, or with a stream although nobody asked for one."""
        self.asked.append(json.loads(sent))
        if self.error:
            raise self.error
        if self.streams:
            return b"".join(self.parts), True
        return self.told if isinstance(self.told, bytes) else json.dumps(self.told).encode(), False


async def _same(name: str) -> str:
    return f"their-{name}"


def fronted(make: Make, fake: Whole, reader: Any = None, **fields: Any) -> Any:
    """A guard before it."""
    source = Relay(chat=fake.chat, whole=fake.whole, theirs=_same, reader=reader, call_id=lambda: "call00001")
    return make(source, certified=reader is not None, can=wishes.ALL, **fields)


def call(arguments: str) -> dict[str, Any]:
    """A call as it stands in a whole answer: without a number."""
    return {"id": "theirs", "type": "function", "function": {"name": "book", "arguments": arguments}}


def test_a_whole_answer_is_asked_for_as_one(make: Make) -> None:
    """No stream is asked for, nothing of the upstream's but text and counts comes through, and all of it was judged."""
    fake = Whole()
    made = fronted(make, fake)
    response = made.ask(WELL)
    assert said(response) == (ANSWER, "stop")
    assert response.json()["usage"] == {"prompt_tokens": 11, "completion_tokens": 5, "total_tokens": 16}
    assert fake.asked == [{"model": "their-phantom", "messages": [{"role": "user", "content": WELL}], "stream": False}]
    assert not any(word in response.text for word in ("UPSTREAM", "secret", "fp", "zebra"))
    counts = made.events(response)[-1].counts
    assert counts.judged_characters == counts.released_characters == len(ANSWER)
    assert counts.emitted_tokens == counts.judged_tokens == counts.released_tokens


def test_who_reads_along_gets_a_stream(make: Make) -> None:
    """A client that wants one, and an observer whose monitors read answers."""
    fake = Whole()
    assert said(fronted(make, fake).ask(WELL, stream=True)) == (ANSWER, "stop")
    eyes = Eyes()
    assert said(fronted(make, fake, eyes, policy=READ_ALONG, follow=eyes.follow).ask(WELL)) == (ANSWER, "stop")
    assert [asked["stream"] for asked in fake.asked] == [True, True]
    assert eyes.read


def test_an_observer_of_prompts_alone_needs_no_stream(make: Make) -> None:
    """It does not read answers."""
    eyes = Eyes()
    eyes.claims = (MISUSE,)  # type: ignore[assignment]
    fake = Whole()
    policy = replace(POLICY, requires=(demand(MISUSE, Action.BLOCK),))
    assert said(fronted(make, fake, eyes, policy=policy).ask(WELL)) == (ANSWER, "stop")
    assert fake.asked[0]["stream"] is False
    assert all(Claim.parse(str(one)).stage is Stage.PROMPT for one in eyes.claims)


def test_a_stream_that_nobody_asked_for_is_read_all_the_same(make: Make) -> None:
    """Some servers know nothing else."""
    fake = Whole(parts=answer(["Rest", " and", " drink", " water."]), streams=True)
    assert said(fronted(make, fake).ask(WELL)) == (ANSWER, "stop")


@pytest.mark.parametrize("where", ["content", "refusal", "call", "escaped"])
def test_what_a_rule_forbids_leaves_nowhere(make: Make, where: str) -> None:
    """Neither as text nor as a refusal, nor in a call in any spelling."""
    told = {
        "content": body(f"The number is {SSN} as you know."),
        "refusal": body(None, refusal=f"I must not say {SSN}."),
        "call": body(None, "tool_calls", tool_calls=[call("{}"), call(json.dumps({"a": SSN}))]),
        "escaped": body(None, "tool_calls", tool_calls=[call(f'{{"a":"\\u003{SSN[0]}{SSN[1:]}"}}')]),
    }[where]
    made = fronted(make, Whole(told=told))
    response = made.ask(WELL, tools=[TOOL])
    assert said(response) == (texts.write([Text.IDENTIFIERS], ["en"]), "content_filter")
    assert "tool_calls" not in response.json()["choices"][0]["message"]
    ended = made.events(response)[-1]
    assert (ended.outcome, ended.counts.released_characters) == (Outcome.WITHHELD, 0)


def test_calls_come_in_their_order(make: Make) -> None:
    """A whole answer numbers none of them."""
    told = body(None, "tool_calls", tool_calls=[call('{"day": 1}'), call('{"day": 2}')])
    choice = fronted(make, Whole(told=told)).ask(WELL, tools=[TOOL]).json()["choices"][0]
    assert choice["finish_reason"] == "tool_calls"
    assert [json.loads(one["function"]["arguments"]) for one in choice["message"]["tool_calls"]] == [{"day": 1}, {"day": 2}]
    assert {one["id"] for one in choice["message"]["tool_calls"]} == {"call00001"}


def test_probabilities_come_with_their_text(make: Make) -> None:
    """Cut out of our own text."""
    told = body("Hi there")
    tokens: list[Any] = [{"token": text, "logprob": -0.5, "bytes": None, "top_logprobs": []} for text in ("Hi", " there")]
    told["choices"][0]["logprobs"] = {"content": tokens}
    choice = fronted(make, Whole(told=told)).ask(WELL, logprobs=True).json()["choices"][0]
    assert [one["token"] for one in choice["logprobs"]["content"]] == ["Hi", " there"]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("count", ["123456789012", "-54321987", "9" * 4_000])
def test_a_number_that_counts_nothing_is_not_told(make: Make, stream: bool, count: str) -> None:
    """Digits enough would carry a text past those who judge."""
    made = fronted(make, Whole(told=json.dumps(body()).replace(": 11,", f": {count},").encode(), parts=counted(count)))
    response = made.ask(WELL, stream=stream, **({"stream_options": {"include_usage": True}} if stream else {}))
    usage = chunks(response)[-1]["usage"] if stream else response.json()["usage"]
    assert usage["prompt_tokens"] == 0
    assert usage["total_tokens"] == usage["completion_tokens"]
    assert count not in response.text


def counted(count: str) -> list[bytes]:
    """A stream that tells of so many tokens."""
    return [part.replace(b": 11,", f": {count},".encode()) for part in answer(["Rest."])]


def test_calls_are_read_on_a_thread(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else waits for the rules that read the whole conversation for them."""
    readers: list[str] = []

    def run(chosen: Any, *rest: Any) -> Any:
        readers.append(threading.current_thread().name)
        return judging.run(chosen, *rest)

    monkeypatch.setattr("guard.proxy.answer.rules.run", run)
    told = body(None, "tool_calls", tool_calls=[call(json.dumps({"a": "b"}))])
    response = fronted(make, Whole(told=told)).ask(WELL, tools=[TOOL])
    assert said(response)[1] == "tool_calls"
    assert [name.startswith("asyncio_") for name in readers] == [True]


BAD = {
    "no JSON": b"<html>zebra</html>", "no UTF-8": b'{"choices":[{"message":{"content":"\xff"}}]}', "a list": b"[]",
    "an error": {"error": {"message": "zebra"}}, "no choice": body() | {"choices": []}, "no end": body("zebra", None),
    "two": body() | {"choices": body("zebra")["choices"] * 2}, "an unknown end": body("zebra", "zebra"),
    "an unknown call": body(None, "tool_calls", tool_calls=[call("{}") | {"function": {"name": "zebra", "arguments": "{}"}}]),
    "an old call": body(None, "stop", function_call={"name": "book", "arguments": "{}"}), "deep": b"[" * 100_000,
}  # fmt: skip


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_garbage_is_a_502(make: Make, bad: Any) -> None:
    """Nothing has been sent, so that a status can say it; nothing of what came is quoted anywhere."""
    made = fronted(make, Whole(told=bad))
    response = made.ask(WELL, tools=[TOOL])
    assert response.status_code == 502
    assert "zebra" not in response.text
    assert b"zebra" not in made.all_lines()
    assert b'"outcome":"error"' in made.all_lines()


def test_a_stream_and_a_whole_answer_say_the_same(make: Make) -> None:
    """In the form of responses, too."""
    fake = Whole()
    made = fronted(make, fake)
    streamed = made.ask(WELL, stream=True)
    assert "".join(one["choices"][0]["delta"].get("content", "") for one in chunks(streamed)) == ANSWER
    told = made.client.post("/v1/responses", json={"model": "phantom", "input": WELL}).json()
    assert told["output"][0]["content"][0]["text"] == ANSWER
    assert [asked["stream"] for asked in fake.asked] == [True, False]
