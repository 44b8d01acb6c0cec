"""The wire: what is served is read one way only, everything else is refused, and no refusal quotes the request."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.conversation import Role
from guard.errors import RequestRefused
from guard.proxy import wire, wishes
from guard.subjects.events import Sampling

MARK = "zebra-secret"
USER = {"role": "user", "content": "hello"}
CALL: dict[str, Any] = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
ASSISTANT = {"role": "assistant", "content": None, "tool_calls": [CALL]}
RESULT = {"role": "tool", "tool_call_id": "c1", "content": "found"}


def body(*messages: Any, **fields: Any) -> bytes:
    """A request's body."""
    return json.dumps({"model": "m", "messages": list(messages) or [USER]} | fields).encode()


def test_a_request_is_read_whole() -> None:
    """Messages, sampling settings and stream options come out as asked."""
    asked = wire.read(
        body(
            {"role": "system", "content": "be kind"}, USER, ASSISTANT, RESULT,
            temperature=0.5, top_p=0.9, max_tokens=12, stop=["a", "b"], seed=3, stream=True,
            stream_options={"include_usage": True}, user="somebody", n=1, tools=[], logprobs=False,
        )
    )  # fmt: skip
    assert [message.role for message in asked.conversation.messages] == [
        Role.SYSTEM, Role.USER, Role.ASSISTANT, Role.TOOL,
    ]  # fmt: skip
    assert asked.sampling == Sampling(temperature=0.5, top_p=0.9, max_tokens=12, stop=("a", "b"), seed=3)
    assert (asked.stream, asked.include_usage) == (True, True)


def test_defaults_hold_where_nothing_is_asked() -> None:
    """The guard's settings, and one text for `stop`."""
    defaults = Sampling(temperature=0.7, max_tokens=99, seed=5)
    assert wire.read(body(), defaults=defaults).sampling == defaults
    assert wire.read(body(stop="x", max_completion_tokens=4)).sampling.stop == ("x",)
    assert wire.read(body(max_completion_tokens=4, temperature=None)).sampling.max_tokens == 4


def test_text_parts_are_joined() -> None:
    """A list of text parts is one text."""
    parts = [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]
    assert wire.read(body({"role": "user", "content": parts})).conversation.messages[0].content == "one\ntwo"


def test_an_earlier_answer_may_come_back_as_it_was() -> None:
    """Clients send back what they were given, with its empty fields."""
    earlier = {"role": "assistant", "content": "hi", "refusal": None, "tool_calls": None, "audio": None}
    assert len(wire.read(body(USER, earlier, USER)).conversation) == 3


NOT_JSON = [
    b"", b"{", b"[1]", b'"text"', b"\xff\xfe", b'{"model": NaN}', b'{"a": Infinity}', b'{"a": -Infinity}',
    b'{"a": 1e999}', b'{"a": 123456789012345678901234567890}', b'{"a": "\\ud800"}', b"[" * 100_000, b"\xef\xbb\xbf{}",
]  # fmt: skip


@pytest.mark.parametrize("data", NOT_JSON)
def test_what_is_not_strict_json_is_refused(data: bytes) -> None:
    """No second reading, no number that is none, no half characters."""
    with pytest.raises(RequestRefused) as caught:
        wire.read(data)
    assert caught.value.code == "invalid_json"
    assert caught.value.status == 400


@pytest.mark.parametrize(
    "data",
    [
        b'{"model":"m","model":"n","messages":[]}',
        b'{"model":"m","messages":[{"role":"user","content":"a","content":"b"}]}',
        b'{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"a","text":"b"}]}]}',
        b'{"model":"m","messages":[],"\\u006dodel":"n"}',
    ],
)
def test_a_key_that_stands_twice_is_refused_at_any_depth(data: bytes) -> None:
    """Two readers could read two conversations."""
    with pytest.raises(RequestRefused) as caught:
        wire.read(data)
    assert caught.value.code == "duplicate_key"


FIELDS: list[dict[str, Any]] = [
    {"n": 2}, {"n": True}, {"n": 1.0}, {"top_logprobs": 0}, {"logprobs": True}, {"logit_bias": {"1": 5}},
    {"tools": [{}]}, {"functions": [{}]}, {"tool_choice": "auto"}, {"response_format": {"type": "json_object"}},
    {"audio": {}}, {"modalities": ["audio"]}, {"frequency_penalty": 0.5}, {"prediction": {}}, {"store": True},
    {"reasoning_effort": "high"}, {"web_search_options": {}}, {"stream_options": {"other": 1}},
    {MARK: 1}, {"guardrails": False}, {"extra_body": {}}, {"Model": "x"},
    {"temperature": 3}, {"temperature": -1}, {"temperature": "hot"}, {"temperature": True}, {"top_p": 0}, {"top_p": 2},
    {"max_tokens": 0}, {"max_tokens": 10**9}, {"max_tokens": 1.5}, {"max_tokens": 4, "max_completion_tokens": 5},
    {"stop": ["a"] * 5}, {"stop": [""]}, {"stop": 4}, {"seed": 2**63}, {"seed": "x"}, {"stream": "yes"}, {"stream": 1},
    {"stream_options": []}, {"model": ""}, {"model": None}, {"model": 4}, {"messages": []}, {"messages": None},
    {"messages": {}}, {"messages": "x"}, {"messages": [USER] * 513},
]  # fmt: skip


@pytest.mark.parametrize("fields", FIELDS)
def test_a_field_that_is_not_served_is_refused(fields: dict[str, Any]) -> None:
    """Unknown fields, fields that nothing judges, wrong types and values out of range."""
    with pytest.raises(RequestRefused) as caught:
        wire.read(body(**fields))
    assert caught.value.status == 400
    assert MARK not in str(caught.value)


IMAGE = {"type": "image_url", "image_url": {"url": "data:"}}
MESSAGES: list[list[Any]] = [
    [{"role": "user", "content": [IMAGE]}],
    [{"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}],
    [{"role": "user", "content": [{"type": "text", "text": "a", "x": 1}]}],
    [{"role": "user", "content": ["a"]}],
    [{"role": "user", "content": 5}],
    [{"role": "user", "content": None}],
    [{"role": "user"}],
    [{"role": "user", "content": "  \n"}],
    [{"role": "user", "content": "a", "name": MARK}],
    [{"role": "user", "content": "a", MARK: 1}],
    [{"role": "user", "content": "a", "tool_calls": [CALL]}],
    [{"role": "function", "content": "a"}],
    [{"role": MARK, "content": "a"}],
    [{"content": "a"}],
    ["a"],
    [None],
    [USER, {"role": "assistant", "content": "I will"}],
    [USER, {"role": "system", "content": "last"}],
    [USER, RESULT],
    [USER, ASSISTANT],
    [USER, ASSISTANT, USER],
    [USER, ASSISTANT, RESULT | {"tool_call_id": "other"}],
    [USER, ASSISTANT, RESULT, RESULT],
    [USER, {"role": "assistant", "tool_calls": [CALL, CALL]}, RESULT],
    [USER, {"role": "assistant", "content": ""}, USER],
    [USER, {"role": "assistant", "content": None, "tool_calls": 5}, USER],
    [USER, {"role": "assistant", "content": "a", "function_call": {"name": "f", "arguments": ""}}, USER],
    [USER, {"role": "assistant", "content": "a", "audio": {"id": "x"}}, USER],
    [USER, {"role": "assistant", "content": "a", "tool_calls": [CALL | {"type": "custom"}]}, RESULT],
]


@pytest.mark.parametrize("messages", MESSAGES)
def test_a_message_that_no_monitor_reads_is_refused(messages: list[Any]) -> None:
    """Parts that are not text, unknown roles and fields, calls without results, continuations."""
    with pytest.raises(RequestRefused) as caught:
        wire.read(body(*messages))
    assert caught.value.status == 400
    assert MARK not in str(caught.value)
    assert MARK not in str(caught.value.param)


def test_the_policy_lets_a_field_through_by_name() -> None:
    """Only the named one, and it goes no further."""
    assert wire.read(body(metadata={"a": 1}), allow=("metadata",)).model == "m"
    with pytest.raises(RequestRefused):
        wire.read(body(store=True), allow=("metadata",))


def calling(**function: str) -> list[Any]:
    """A conversation with a call."""
    return [USER, ASSISTANT | {"tool_calls": [CALL | {"function": CALL["function"] | function}]}, RESULT]


BROKEN = [{"name": name} for name in ("", "a b", MARK * 9, "é", "look\n")] + [
    {"arguments": arguments}
    for arguments in (
        '{"a":1,"a":2}',
        '{"a":{"b":1,"b":2}}',
        "[]",
        MARK,
        '{"a":1e999}',
        '{"a":NaN}',
        '{"a":"\\ud800"}',
        "[" * 100_000,
    )
]


@pytest.mark.parametrize("function", BROKEN)
def test_a_call_of_another_form_is_refused(function: dict[str, str]) -> None:
    """The refusal names the field, never what stands in it."""
    with pytest.raises(RequestRefused) as caught:
        wire.read(body(*calling(**function)))
    assert caught.value.param == f"messages[1].tool_calls[0].function.{next(iter(function))}"
    assert MARK not in str(caught.value)


def test_arguments_of_a_call_have_one_spelling() -> None:
    """Escapes and spaces are gone before anything is judged, and what is judged is what goes on."""
    asked = wire.read(body(*calling(arguments='{"a" :"\\u0031\\u00323-45-6789\\u00e9"}')))
    assert asked.conversation.messages[1].tool_calls[0].arguments == '{"a": "123-45-6789é"}'
    assert wire.read(body(*calling(arguments=""))).conversation.messages[1].tool_calls[0].arguments == "{}"


def test_ids_of_calls_are_the_guards_own() -> None:
    """A client's id is text that nobody judged; one that stands for two calls is two ids."""
    two = ASSISTANT | {"tool_calls": [CALL | {"id": "123-45-6789"}, CALL]}
    results = [RESULT, RESULT | {"tool_call_id": "123-45-6789"}]
    read = wire.read(body(USER, two, *results, ASSISTANT, RESULT)).conversation.messages
    assert [call.id for message in read for call in message.tool_calls] == ["call00000", "call00001", "call00002"]
    assert [message.tool_call_id for message in read if message.role is Role.TOOL] == ["call00001", "call00000", "call00002"]


def test_stop_texts_that_go_on_are_judged() -> None:
    """As definitions are, before an upstream gets them; marks alone say nothing, and long ones are refused."""
    stops = ["\n\n", "###", "123-45-6789"]
    assert wire.read(body(stop=stops), can=wishes.ALL).wishes.definitions == "123-45-6789"
    assert wire.read(body(stop=stops[:2]), can=wishes.ALL).wishes.definitions == ""
    assert wire.read(body(stop=stops)).wishes.definitions == ""
    with pytest.raises(RequestRefused) as caught:
        wire.read(body(stop=["x" * 65]))
    assert caught.value.param == "stop"


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.integers(),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
                    max_leaves=12))  # fmt: skip
def test_nothing_but_our_error_comes_out(value: Any) -> None:
    """Whatever is posted, it is read or refused."""
    for data in (json.dumps(value).encode(), body(value), body(USER, **(value if isinstance(value, dict) else {}))):
        try:
            wire.read(data)
        except RequestRefused as refused:
            assert refused.__cause__ is None
            assert refused.__suppress_context__


@given(st.binary(max_size=60))
def test_bytes_are_read_or_refused(data: bytes) -> None:
    """No foreign exception leaks."""
    with pytest.raises(RequestRefused):
        wire.read(data)
