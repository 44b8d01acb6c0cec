"""Before an upstream: what goes there was judged, what comes back is rebuilt, and what goes wrong is said in our words."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from guard.audit import Outcome
from guard.errors import UpstreamError
from guard.hazards import Claim, Stage
from guard.policy import Action, Fields, Gate, GateMode
from guard.proxy import texts
from guard.proxy.texts import Text
from guard.scores import Judgement, ProbeScore, Score
from tests.guard.proxy.conftest import LEAK, MISUSE, POLICY, Scripted, demand
from tests.guard.proxy.test_app import chunks, said
from tests.guard.proxy.upstreams import DONE, Fake, answer, calling, chunk, cut, event, fronted

Make = Callable[..., Any]
WELL = "I have a cold, what should I do?"
ANSWER = "Rest and drink water."
SSN = "123-45-6789"
UNAVAILABLE = texts.write([Text.UNAVAILABLE], ["en"])
MODES = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
TOOL = {
    "type": "function",
    "function": {"name": "book", "description": "Book a visit", "parameters": {"type": "object", "properties": {}}},
}


class Eyes:
    """A reader whose monitors look for words, in the conversation and along the answer."""

    claims = (MISUSE, LEAK)

    def __init__(self, forbidden: str = "FORBIDDEN", error: Exception | None = None) -> None:
        """Look for a word in answers."""
        self.forbidden, self.error = forbidden, error
        self.read: list[str] = []

    async def judge(self, conversation: Any) -> tuple[Judgement, ...]:
        """Judge as the scripted engine does."""
        if self.error:
            raise self.error
        return tuple(Scripted()._judge(conversation))

    async def follow(self, conversation: Any) -> tuple[Score, ...]:
        """Judge the last message."""
        last = conversation.messages[-1]
        text = last.content + "".join(call.arguments for call in last.tool_calls)
        self.read.append(text)
        await asyncio.sleep(0)
        return (ProbeScore(LEAK, 5.0 if self.forbidden in text else -5.0),)


@MODES
def test_an_upstream_answers(make: Make, stream: bool) -> None:
    """Its words, and nothing else of it: no id, no model name, no fingerprint; its counts are believed."""
    fake = Fake()
    made = fronted(make, fake)
    response = made.ask(WELL, stream=stream, **({"stream_options": {"include_usage": True}} if stream else {}))
    assert said(response) == (ANSWER, "stop")
    assert not any(word in response.text for word in ("UPSTREAM", "secret-model", "fp"))
    body = chunks(response)[-1] if stream else response.json()
    assert body["usage"] == {"prompt_tokens": 11, "completion_tokens": 5, "total_tokens": 16}
    assert body["model"] == "phantom"
    assert response.headers["auscult-certificate"] == "none"
    assert fake.closed == 1


def test_what_goes_upstream_is_what_was_read_and_no_more(make: Make, policy_with: Any) -> None:
    """The parsed request encoded again, with the guard's own system prompt first, and only the settings that were asked for."""
    fake = Fake()
    made = fronted(make, fake, policy=policy_with(system_prompt="Be kind.", requires=()))
    tool = {"id": "c", "type": "function", "function": {"name": "book", "arguments": "{}"}}
    made.ask(
        WELL,
        {"role": "assistant", "content": None, "tool_calls": [tool], "refusal": None},
        {"role": "tool", "tool_call_id": "c", "content": [{"type": "text", "text": "done"}]},
        temperature=0.5, max_completion_tokens=9, stop="x", user="somebody", seed=4,
        headers={"X-Client": "client-header", "Cookie": "a=b"},
    )  # fmt: skip
    assert fake.asked == [
        {
            "model": "their-phantom", "stream": True, "stream_options": {"include_usage": True},
            "messages": [
                {"role": "system", "content": "Be kind."},
                {"role": "user", "content": WELL},
                {"role": "assistant", "content": None, "tool_calls": [tool | {"id": "call00000"}]},
                {"role": "tool", "content": "done", "tool_call_id": "call00000"},
            ],
            "temperature": 0.5, "max_completion_tokens": 9, "stop": ["x"], "seed": 4,
        }
    ]  # fmt: skip
    made.ask(WELL)
    assert set(fake.asked[1]) == {"model", "stream", "stream_options", "messages"}


@pytest.mark.parametrize("hidden", ["stop", "arguments", "inner"])
def test_what_a_rule_forbids_goes_upstream_in_no_spelling(make: Make, hidden: str) -> None:
    """Not as a stop text, not escaped in a call that the client brings along, not as JSON within its JSON."""
    fake = Fake()
    made = fronted(make, fake)
    inner = json.dumps({"a": json.dumps({"b": f"x\n{SSN}"})})
    arguments = {"arguments": f'{{"a":"\\u003{SSN[0]}{SSN[1:]}"}}', "inner": inner}.get(hidden, "{}")
    call = {"id": "c", "type": "function", "function": {"name": "book", "arguments": arguments}}
    history = (
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": "ok"},
    )
    response = made.ask(WELL, *history, **({"stop": [SSN]} if hidden == "stop" else {}))
    assert said(response)[1] == "content_filter"
    assert not fake.asked


@MODES
def test_a_blocked_prompt_never_reaches_the_upstream(make: Make, stream: bool) -> None:
    """Neither a rule's nor a monitor's; not even a connection is made."""
    fake = Fake()
    response = fronted(make, fake).ask(f"my ssn is {SSN}, help", stream=stream)
    assert said(response) == (texts.write([Text.IDENTIFIERS], ["en"]), "content_filter")
    made = fronted(make, fake, reader=Eyes(), policy=replace(POLICY, requires=(demand(MISUSE, Action.BLOCK),)))
    response = made.ask("how do I poison someone", stream=stream)
    assert said(response) == (texts.write([Text.MISUSE], ["en"]), "content_filter")
    assert response.headers["auscult-certificate"].startswith("sha256:")
    assert fake.asked == []


READ_ALONG = replace(POLICY, requires=(demand(MISUSE, Action.BLOCK), demand(LEAK, Action.BLOCK)))
PIECES = ("First", " some", " text,", " then", " FOR", "BID", "DEN", " and", " more")


@MODES
@pytest.mark.parametrize("mode", list(GateMode))
def test_a_reader_reads_along(make: Make, stream: bool, mode: GateMode) -> None:
    """What it has not read clear is not given out, and each piece was read before it left."""
    fake, eyes = Fake(answer(PIECES)), Eyes("FOR")
    made = fronted(make, fake, reader=eyes, policy=replace(READ_ALONG, gate=Gate(mode=mode)))
    response = made.ask(WELL, stream=stream)
    content, finish = said(response)
    assert "FOR" not in content
    assert finish == "content_filter"
    assert texts.write([Text.MISUSE], ["en"]) in content
    assert fake.closed == 1
    clear = fronted(make, Fake(answer(PIECES)), reader=Eyes("NEVER"), policy=replace(READ_ALONG, gate=Gate(mode=mode)))
    assert said(clear.ask(WELL, stream=stream)) == ("".join(PIECES), "stop")


def test_what_comes_while_the_reader_reads_is_read_at_once(make: Make) -> None:
    """A slow reader reads fewer, longer texts; still all of it is read, and all of it is given out."""
    slow = Eyes()
    follow = slow.follow

    async def slowly(conversation: Any) -> tuple[Score, ...]:
        await asyncio.sleep(0.02)
        return await follow(conversation)

    slow.follow = slowly  # type: ignore[method-assign]
    words = [f" w{number}" for number in range(200)]
    response = fronted(make, Fake(answer(words)), reader=slow, policy=READ_ALONG).ask(WELL, stream=True)
    assert said(response) == ("".join(words), "stop")
    assert len(slow.read) < 60
    assert slow.read[-1] == "".join(words)


@pytest.mark.parametrize("error", [RuntimeError("zebra"), TimeoutError()])
def test_a_reader_that_fails_is_the_policys_business(make: Make, error: Exception) -> None:
    """Closed by default; where the policy lets it through, the record says so."""
    fake = Fake()
    closed = fronted(make, fake, reader=Eyes(error=error), policy=READ_ALONG).ask(WELL)
    assert said(closed) == (UNAVAILABLE, "content_filter")
    assert fake.asked == []
    lets = replace(READ_ALONG, requires=tuple(replace(need, on_unavailable=Action.ALLOW) for need in READ_ALONG.requires))
    opened = fronted(make, fake, reader=Eyes(error=error), policy=lets).ask(WELL)
    assert said(opened) == (ANSWER, "stop")
    assert opened.headers["auscult-status"] == "degraded"


BAD = {
    "not JSON": [b"data: {nope\n\n"],
    "not UTF-8": [b'data: {"choices":[{"delta":{"content":"\xff\xfe"}}]}\n\n'],
    "two answers": [event({"choices": [{"index": 1, "delta": {"content": "x"}}]})],
    "another type": [event({"choices": [{"index": 0, "delta": {"content": 7}}]})],
    "an error": [event({"error": {"message": "zebra-secret"}})],
    "an error in words": [event({"error": "zebra-secret", "choices": []})],
    "no end": [],
    "unknown end": [chunk(finish="zebra"), DONE],
    "text after the end": [chunk(finish="stop"), chunk({"content": "x"}), DONE],
    "a tool nobody defined": [*calling(("zebra", "{}"))],
    "arguments that are no object": [*calling(("book", "[1]"))],
    "arguments that are no JSON": [*calling(("book", "{"))],
    "arguments with a number that JSON has not": [*calling(("book", '{"a": 1e999}'))],
    "an event without an end": [b"data: " + b"x" * 2_000_000],
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
@pytest.mark.parametrize("late", [False, True], ids=["at once", "after text"])
def test_garbage_ends_the_answer(make: Make, bad: list[bytes], late: bool) -> None:
    """Before any text it is a 502, after some the fail text; nothing of what came is quoted anywhere."""
    fake = Fake([chunk({"content": "Some text. "}), chunk({"content": "More of it. "}), *bad] if late else bad)
    made = fronted(make, fake)
    response = made.ask(WELL, stream=True, tools=[TOOL])
    if late:
        content, finish = said(response)
        assert finish == "content_filter"
        assert content.endswith(UNAVAILABLE)
        ended = made.events(response)[-1]
        assert ended.outcome is Outcome.ERROR
    else:
        assert response.status_code == 502
        assert response.json()["error"]["type"] == "server_error"
    assert "zebra" not in response.text
    assert b"zebra" not in made.all_lines()


@pytest.mark.parametrize("error", [{"message": "zebra"}, "zebra", {}, 500, True], ids=str)
@pytest.mark.parametrize("late", [False, True], ids=["at once", "after text"])
def test_an_error_that_an_upstream_reports_is_recorded_as_one(make: Make, error: Any, late: bool) -> None:
    """Also where it could pass for a last chunk; its text is nowhere."""
    before = [chunk({"content": "Some text. "})] if late else []
    told = {"error": error, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    made = fronted(make, Fake([*before, event(told), DONE]))
    response = made.ask(WELL, stream=True)
    assert b'"reason":"upstream_reported_error"' in made.all_lines()
    assert b'"outcome":"error"' in made.all_lines()
    if late:
        assert said(response)[1] == "content_filter"
    else:
        assert response.json()["error"]["code"] == "upstream_reported_error"
        assert "the model behind the guard reported an error" in response.json()["error"]["message"]
    assert "zebra" not in response.text
    assert b"zebra" not in made.all_lines()


@MODES
def test_chunks_in_which_much_is_null_or_empty_are_read(make: Make, stream: bool) -> None:
    """An empty reason is none, and a delta, the choices or an error may be null."""
    parts = [
        event({"choices": None, "error": None}),
        chunk({"content": "Rest and "}, finish=""),
        event({"choices": [{"index": 0, "delta": None, "finish_reason": ""}]}),
        chunk({"content": "drink water."}, finish=""),
        event({"choices": [{"index": 0, "delta": None, "finish_reason": "stop"}]}),
        chunk(finish=""),
        event({"choices": None, "usage": {"prompt_tokens": 1, "completion_tokens": 2}}),
        DONE,
    ]
    assert said(fronted(make, Fake(parts)).ask(WELL, stream=stream)) == (ANSWER, "stop")
    never = fronted(make, Fake([chunk({"content": "Rest."}, finish=""), DONE]))
    assert said(never.ask(WELL, stream=stream))[1] == "content_filter"


@MODES
@pytest.mark.parametrize(
    ("choice", "released"),
    [
        ("none", ()), ("auto", ("book", "look")), ("required", ("book", "look")),
        ({"type": "function", "function": {"name": "look"}}, ("look",)),
    ],
    ids=["none", "auto", "required", "one"],
)  # fmt: skip
@pytest.mark.parametrize("name", ["book", "look"])
def test_a_call_that_the_client_ruled_out_never_leaves(
    make: Make, stream: bool, choice: Any, released: tuple[str, ...], name: str
) -> None:
    """Whatever the upstream makes of `tool_choice`."""
    look = {"type": "function", "function": {"name": "look"}}
    made = fronted(make, Fake(calling((name, "{}"))))
    response = made.ask(WELL, stream=stream, tools=[TOOL, look], tool_choice=choice)
    if name in released:
        assert said(response)[1] == "tool_calls"
    else:
        assert "tool_calls" not in response.text
        assert b"upstream_garbage" in made.all_lines()


@MODES
@pytest.mark.parametrize(("code", "status"), [("upstream_error", 502), ("upstream_timeout", 504)])
def test_an_upstream_that_fails_at_once_is_told_with_a_status(make: Make, stream: bool, code: str, status: int) -> None:
    """In OpenAI's shape, and the record ends with the reason."""
    fake = Fake((), UpstreamError("it failed", code=code, status=status))
    made = fronted(make, fake)
    response = made.ask(WELL, stream=stream)
    assert response.status_code == status
    assert response.json()["error"]["code"] == code
    lines = made.all_lines()
    assert b'"outcome":"error"' in lines
    assert code.encode() in lines


@MODES
def test_tools_are_defined_called_and_answered(make: Make, stream: bool) -> None:
    """Definitions go upstream as they were read; a call comes back whole, with an id of ours."""
    fake = Fake(calling(("book", '{"day": "m\\u00f8n", "day": "tir"}')))
    made = fronted(make, fake)
    response = made.ask(WELL, stream=stream, tools=[TOOL], tool_choice="auto", parallel_tool_calls=False)
    expected = {"id": "call00001", "type": "function", "function": {"name": "book", "arguments": '{"day": "tir"}'}}
    if stream:
        deltas = [choice["delta"] for one in chunks(response) for choice in one["choices"]]
        assert [call for delta in deltas for call in delta.get("tool_calls", [])] == [{"index": 0} | expected]
    else:
        message = response.json()["choices"][0]["message"]
        assert (message["content"], message["tool_calls"]) == (None, [expected])
    assert said(response)[1] == "tool_calls"
    assert fake.asked[0]["tools"] == [TOOL]
    assert (fake.asked[0]["tool_choice"], fake.asked[0]["parallel_tool_calls"]) == ("auto", False)
    assert [message["role"] for message in fake.asked[0]["messages"]] == ["user"]
    counts = made.events(response)[-1].counts
    assert counts.released_characters == counts.judged_characters == len(expected["function"]["arguments"])


@MODES
@pytest.mark.parametrize("spelling", [SSN, "\\u0031\\u0032\\u0033-45-6789"])
def test_a_forbidden_call_never_leaves(make: Make, stream: bool, spelling: str) -> None:
    """Not one of the calls, whatever the spelling of its arguments; the text before it was judged and may stay."""
    fake = Fake(calling(("book", "{}"), ("book", f'{{"who": "{spelling}"}}')))
    made = fronted(make, fake)
    response = made.ask(WELL, stream=stream, tools=[TOOL])
    assert said(response) == (texts.write([Text.IDENTIFIERS], ["en"]), "content_filter")
    assert "tool_calls" not in response.text
    *_, answered, ended = made.events(response)
    assert any(found.by == "rule:identifiers" for found in answered.findings)
    assert ended.outcome is Outcome.WITHHELD


def test_a_demanded_monitor_of_tool_calls_that_is_missing_closes(make: Make) -> None:
    """Nothing reads the call at its stage, so that the policy's fail mode holds; text alone is not concerned."""
    claim = Claim("prompt_injection", Stage.TOOL_CALL)
    needs = replace(READ_ALONG, requires=(*READ_ALONG.requires, demand(claim, Action.BLOCK)))
    assert said(fronted(make, Fake(), reader=Eyes(), policy=needs).ask(WELL)) == (ANSWER, "stop")
    messages = [WELL, {"role": "assistant", "content": "Yes."}, "And now?"]
    with_calls = fronted(make, Fake(calling(("book", "{}"))), reader=Eyes(), policy=needs)
    without = fronted(make, Fake(calling(("book", "{}"))), reader=Eyes(), policy=READ_ALONG)
    fields = {"tools": [TOOL]}
    # Tools are context that was never tested: where that is allowed, only the missing monitor differs.
    for made, expected in ((with_calls, "content_filter"), (without, "tool_calls")):
        open_ = replace(made.guard.policy, requires=tuple(_lenient(need) for need in made.guard.policy.requires))
        again = fronted(make, Fake(calling(("book", "{}"))), reader=Eyes(), policy=open_)
        assert said(again.ask(*messages, **fields))[1] == expected


def _lenient(need: Any) -> Any:
    return replace(need, on_not_certified=Action.ALLOW)


def test_tools_are_not_certified(make: Make) -> None:
    """No conversation of the test had any, so that a certificate says nothing of one with tools."""
    response = fronted(make, Fake(), reader=Eyes(), policy=READ_ALONG).ask(WELL, tools=[TOOL])
    assert said(response) == (UNAVAILABLE, "content_filter")


@pytest.mark.parametrize(
    "tool",
    [
        {"type": "function", "function": {"name": "look", "description": f"of {SSN}"}},
        {"type": "function", "function": {"name": "look", "parameters": {"properties": {"id": {"enum": [SSN]}}}}},
    ],
    ids=["description", "schema"],
)
def test_definitions_of_tools_are_judged_as_context(make: Make, tool: Any) -> None:
    """Every text in them; and a form that the answer has to have."""
    fake = Fake()
    made = fronted(make, fake)
    response = made.ask(WELL, tools=[tool])
    assert said(response)[1] == "content_filter"
    schema = {"name": "form", "schema": {"description": f"for {SSN}"}}
    response = made.ask(WELL, response_format={"type": "json_schema", "json_schema": schema})
    assert said(response)[1] == "content_filter"
    assert fake.asked == []


def test_a_demanded_form_makes_the_gate_buffer(make: Make) -> None:
    """Half a JSON object is of no use: it comes whole or not at all."""
    form = {"type": "json_object"}
    fake = Fake(answer(['{"a": 1,', ' "b": 2}']))
    response = fronted(make, fake).ask(WELL, stream=True, response_format=form)
    contents = [choice["delta"].get("content") for one in chunks(response) for choice in one["choices"]]
    assert [text for text in contents if text] == ['{"a": 1, "b": 2}']
    assert fake.asked[0]["response_format"] == form
    fake = Fake(answer(['{"a": 1,', f' "b": "{SSN}"', "}"]))
    response = fronted(make, fake).ask(WELL, stream=True, response_format=form)
    assert said(response) == (texts.write([Text.IDENTIFIERS], ["en"]), "content_filter")


def token(text: str, logprob: float, data: bytes | None = None) -> dict[str, Any]:
    """A token as an upstream tells of it, with alternatives that nobody judged."""
    told = list(text.encode() if data is None else data)
    return {"token": text, "logprob": logprob, "bytes": told, "top_logprobs": [{"token": "zebra", "logprob": -9, "bytes": []}]}


@MODES
def test_probabilities_are_those_of_released_tokens(make: Make, stream: bool) -> None:
    """Cut out of our own text, a character in two tokens included; alternatives stay behind."""
    ae = "æ".encode()
    parts = [
        chunk({"content": "Hi"}, logprobs={"content": [token("Hi", -0.5)]}),
        chunk({"content": ""}, logprobs={"content": [token("\\xc3", -1.0, ae[:1])]}),
        chunk({"content": "æ"}, logprobs={"content": [token("\\xa6", -1.5, ae[1:])]}),
        chunk({"content": " there"}, logprobs={"content": [token("zebra-there", -2.0, b" there")]}),
        chunk(finish="stop"),
        DONE,
    ]
    response = fronted(make, Fake(parts)).ask(WELL, stream=stream, logprobs=True)
    assert "zebra" not in response.text
    bodies = chunks(response) if stream else [response.json()]
    told = [one for body in bodies for choice in body["choices"] for one in (choice["logprobs"] or {"content": []})["content"]]
    assert [(bytes(one["bytes"]), one["logprob"]) for one in told] == [
        (b"Hi", -0.5), (ae[:1], -1.0), (ae[1:], -1.5), (b" there", -2.0),
    ]  # fmt: skip
    assert [one["token"] for one in told[::3]] == ["Hi", " there"]
    held = fronted(
        make, Fake([chunk({"content": f"is {SSN} ok"}, logprobs={"content": [token(f"is {SSN} ok", -1.0)]}), *parts])
    )
    response = held.ask(WELL, stream=stream, logprobs=True)
    assert "45-6789" not in response.text
    assert "49,50,51" not in response.text


def test_tokens_that_are_not_in_the_text_are_not_told(make: Make) -> None:
    """An upstream whose tokens do not fit its text gives text only."""
    parts = [chunk({"content": "Hi"}, logprobs={"content": [token("Hi, zebra", -1.0)]}), chunk(finish="stop"), DONE]
    response = fronted(make, Fake(parts)).ask(WELL, logprobs=True)
    assert said(response) == ("Hi", "stop")
    assert response.json()["choices"][0]["logprobs"]["content"] == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"n": 2}, "unsupported_parameter"),
        ({"top_logprobs": 3, "logprobs": True}, "unsupported_parameter"),
        ({"logit_bias": {"1": 3}}, "unsupported_parameter"),
        ({"functions": [{"name": "x"}]}, "unsupported_parameter"),
        ({"zebra": 1}, "unknown_parameter"),
        ({"tools": [{"type": "retrieval"}]}, "unsupported_parameter"),
        ({"tools": [TOOL, TOOL]}, "invalid_value"),
        ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "invalid_value"),
        ({"tools": [{"type": "function", "function": {"name": "a", "zebra": 1}}]}, "unknown_parameter"),
        ({"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "other"}}}, "invalid_value"),
        ({"tool_choice": "required"}, "invalid_value"),
        ({"tool_choice": "zebra"}, "invalid_value"),
        ({"response_format": {"type": "zebra"}}, "invalid_value"),
        ({"response_format": {"type": "json_schema", "json_schema": {"name": 1}}}, "invalid_value"),
        ({"presence_penalty": 3}, "invalid_value"),
        ({"logprobs": 1}, "invalid_value"),
        ({"parallel_tool_calls": "yes"}, "invalid_value"),
    ],
)
def test_what_is_not_served_is_refused_by_name(make: Make, fields: dict[str, Any], code: str) -> None:
    """Before an upstream, too; nothing of the request is quoted, and nothing is sent on."""
    fake = Fake()
    response = fronted(make, fake).ask(WELL, **fields)
    assert response.status_code == 400
    assert response.json()["error"]["code"] == code
    assert "zebra" not in response.text
    assert fake.asked == []


def test_what_the_policy_lets_through_goes_on_by_name(make: Make, policy_with: Any) -> None:
    """A field that is named goes upstream; one that would give what nobody can judge does not, though it is named."""
    fake = Fake()
    policy = policy_with(requires=(), fields=Fields(allow=("reasoning_effort", "n", "top_logprobs", "best_of", "zebra")))
    made = fronted(make, fake, policy=policy)
    assert said(made.ask(WELL, reasoning_effort="low", n=3, top_logprobs=2, best_of=2, zebra=[1])) == (ANSWER, "stop")
    assert set(fake.asked[0]) == {"model", "messages", "stream", "stream_options", "reasoning_effort", "zebra"}


def test_penalties_go_on(make: Make) -> None:
    """An upstream can do them."""
    fake = Fake()
    fronted(make, fake).ask(WELL, presence_penalty=0.5, frequency_penalty=-1)
    assert (fake.asked[0]["presence_penalty"], fake.asked[0]["frequency_penalty"]) == (0.5, -1)


def test_an_upstreams_own_filter_is_told_as_one(make: Make) -> None:
    """What came before it was judged and stays; the reason says that something is missing."""
    assert said(fronted(make, Fake(answer(["Well,"], "content_filter"))).ask(WELL)) == ("Well,", "content_filter")
    assert said(fronted(make, Fake(answer(["Well,"], "length"))).ask(WELL)) == ("Well,", "length")


def test_a_refusal_and_reasoning(make: Make) -> None:
    """A refusal is text like any other; reasoning is text that nobody judged, and stays behind."""
    parts = [chunk({"reasoning_content": "zebra", "reasoning": "zebra"}), chunk({"refusal": "No."}), chunk(finish="stop"), DONE]
    response = fronted(make, Fake(parts)).ask(WELL)
    assert said(response) == ("No.", "stop")
    assert "zebra" not in response.text


def test_no_forbidden_character_comes_through_at_ten_thousand_random_positions() -> None:
    """Through the upstream's bytes, the rules, the reader and every gate mode, cut anywhere, in characters, too."""
    asyncio.run(_leaks(10_000))


async def _leaks(rounds: int) -> None:
    from tests.guard.proxy.leaks import leaked

    generator = random.Random(20261126)
    found = [await leaked(generator, number) for number in range(rounds)]
    assert sum(count for count, _ in found) == 0
    # The control: clear answers come out, so that a gate which gives out nothing would not pass.
    assert sum(1 for _, whole in found if whole) > rounds // 10
    assert sum([(await leaked(generator, number, guarded=False))[0] for number in range(20)]) > 50


@pytest.mark.parametrize(("parts", "pieces"), [(1, 1), (10**6, 4)], ids=["at once", "one by one"])
def test_what_comes_at_once_goes_on_at_once(make: Make, parts: int, pieces: int) -> None:
    """The same text in fewer chunks, and the count of an upstream that does not count is still that of its chunks."""
    source = answer(["Rest", " and", " drink", " water."], usage=None)
    fake = Fake([b"".join(source)] if parts == 1 else source)
    response = fronted(make, fake).ask(WELL, stream=True, stream_options={"include_usage": True})
    assert said(response) == (ANSWER, "stop")
    bodies = chunks(response)
    texts_ = [choice["delta"].get("content") for body in bodies for choice in body["choices"]]
    assert len([text for text in texts_ if text]) == pieces
    assert bodies[-1]["usage"] == {"prompt_tokens": 0, "completion_tokens": 4, "total_tokens": 4}


def test_what_came_before_garbage_is_given_out_also_where_both_came_at_once(make: Make) -> None:
    """A chunk that can't be read takes nothing with it that was judged before."""
    parts = [chunk({"content": "Some text. "}), chunk({"content": "More of it. "}), b"data: {nope\n\n"]
    response = fronted(make, Fake([b"".join(parts)])).ask(WELL, stream=True)
    content, finish = said(response)
    assert content.startswith("Some text. ")
    assert finish == "content_filter"


def test_bytes_cut_anywhere_give_the_same_answer(make: Make) -> None:
    """Returns, comments, a byte-order mark, other fields, a character in pieces."""
    stream = b"".join(answer(["Høj feber, ", "æøå ", "🤒 ", "ro."]))
    noisy = b"\xef\xbb\xbf: hello\r\nevent: message\r\nid: 7\r\nretry: 3\r\n" + stream.replace(b"\n", b"\r\n")
    generator = random.Random(3)
    for source in (stream, noisy, noisy.replace(b"\r\n", b"\r")):
        for most in (1, 2, 7, 200):
            response = fronted(make, Fake(cut(source, generator, most))).ask(WELL)
            assert said(response) == ("Høj feber, æøå 🤒 ro.", "stop")


def test_scores_that_are_unavailable_along_the_answer(make: Make) -> None:
    """A reader that fails in the middle: nothing more leaves."""

    class Blind(Eyes):
        async def follow(self, conversation: Any) -> tuple[Score, ...]:
            if len(conversation.messages[-1].content) > 10:
                raise RuntimeError
            return await super().follow(conversation)

    content, finish = said(fronted(make, Fake(), reader=Blind(), policy=READ_ALONG).ask(WELL, stream=True))
    assert finish == "content_filter"
    assert "water" not in content
