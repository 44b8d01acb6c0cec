"""Every way in: a census of the routes proves that each one judges what comes in and what goes out, streamed or not."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from guard.audit import Outcome, Phase
from guard.policy import Action
from guard.proxy import texts
from guard.proxy.auth import Caller, Keys
from guard.proxy.texts import Text
from tests.guard.proxy.conftest import EMERGENCY, LEAK, MISUSE, POLICY, demand
from tests.guard.proxy.test_relay import READ_ALONG, Eyes
from tests.guard.proxy.upstreams import Fake, answer, calling, fronted

Make = Callable[..., Any]
WELL = "I have a cold, what should I do?"
ANSWER = "Rest and drink water."
SSN = "123-45-6789"
CHAT, RESPONSES, MODERATIONS = "/v1/chat/completions", "/v1/responses", "/v1/moderations"
GUARDRAIL = "/beta/litellm_basic_guardrail_api"
TOOL = {"type": "function", "name": "book", "description": "Book", "parameters": {"type": "object"}, "strict": True}
SILENT = {("GET", "/v1/models"), ("GET", "/healthz"), ("GET", "/readyz")}
"""Routes that take no text and give none."""


def chat(text: str, **fields: Any) -> dict[str, Any]:
    """A chat's body."""
    return {"model": "phantom", "messages": [{"role": "user", "content": text}]} | fields


def response(text: str, **fields: Any) -> dict[str, Any]:
    """A response's body."""
    return {"model": "phantom", "input": text} | fields


def request_of(text: str) -> dict[str, Any]:
    """What a gateway sends before the model."""
    return {"texts": [text], "input_type": "request", "request_data": {}}


def response_of(text: str) -> dict[str, Any]:
    """What a gateway sends after it."""
    return {"texts": [text], "input_type": "response", "request_data": {}, "litellm_call_id": "x"}


INPUTS: dict[str, list[Callable[[str], dict[str, Any]]]] = {
    CHAT: [chat, lambda text: chat(text, stream=True)],
    RESPONSES: [response, lambda text: response(text, stream=True)],
    MODERATIONS: [lambda text: {"input": text}, lambda text: {"input": [text]}],
    GUARDRAIL: [request_of, response_of],
}
OUTPUTS = {CHAT: INPUTS[CHAT], RESPONSES: INPUTS[RESPONSES]}


def routes(made: Any) -> set[tuple[str, str]]:
    """Every route of the application that takes a request, from its own router."""
    found = set()
    for route in made.client.app.routes:
        found |= {(str(method), route.path) for method in route.methods if str(method) != "OPTIONS"}
    return found


def acted(path: str, text: str) -> bool:
    """Whether an answer says that something was found."""
    if path == MODERATIONS:
        return all(result["flagged"] for result in json.loads(text)["results"])
    if path == GUARDRAIL:
        return bool(json.loads(text)["action"] == "BLOCKED")
    return "content_filter" in text


def test_every_route_is_known_to_this_census(make: Make) -> None:
    """A route that is added has to be added here, with how it takes text in and gives it out."""
    assert routes(make()) == {("POST", path) for path in INPUTS} | SILENT


@pytest.mark.parametrize("path", INPUTS)
def test_every_route_judges_what_comes_in(make: Make, path: str) -> None:
    """A planted prompt is found on each, streamed or not, in this process and before an upstream; a clear one is not."""
    fake = Fake()
    for made in (make(), fronted(make, fake)):
        for number, body in enumerate(INPUTS[path]):
            # In this process nobody can score an answer that somebody else gave: the fail modes hold.
            in_process = made.engine is not None and path == GUARDRAIL and number == 1
            bad = made.client.post(path, json=body(f"my ssn is {SSN}, help"))
            assert bad.status_code == 200
            assert acted(path, bad.text), (path, number)
            assert SSN not in bad.text
            well = made.client.post(path, json=body(WELL))
            assert acted(path, well.text) == (in_process and made.guard.evidence is not None), (path, number)
        assert SSN.encode() not in made.all_lines()
    assert all(SSN not in json.dumps(asked) for asked in fake.asked)


@pytest.mark.parametrize("path", OUTPUTS)
def test_every_route_judges_what_goes_out(make: Make, scripted: Any, path: str) -> None:
    """A planted answer never leaves, not one digit of it, whoever gave it."""
    pieces = ("The", " number", " is", " 12", "3-4", "5-6", "789", " as", " you", " know")
    for made in (make(scripted(pieces=pieces)), fronted(make, Fake(answer(pieces)))):
        for body in OUTPUTS[path]:
            told = made.client.post(path, json=body(WELL))
            assert told.status_code == 200
            assert acted(path, told.text)
            # Ids and times are digits, too.
            assert "789" not in re.sub(r"[0-9a-f]{10,}", "", told.text)
            assert " you know" not in told.text


def test_a_clear_answer_goes_out_on_every_route(make: Make) -> None:
    """The control of the census."""
    for made in (make(), fronted(make, Fake())):
        for path, bodies in OUTPUTS.items():
            for body in bodies:
                told = made.client.post(path, json=body(WELL)).text
                assert "content_filter" not in told
                assert "water" in told


@pytest.mark.parametrize(
    "path", ["/v1/completions", "/v1/embeddings", "/v1/files", "/v1/messages", "/v1", "/", "/docs", "/schema"]
)
def test_other_addresses_are_nothing(make: Make, path: str) -> None:
    """Not passed on to anybody: 404 in OpenAI's shape."""
    fake = Fake()
    for made in (make(), fronted(make, fake)):
        for told in (made.client.post(path, json=chat(WELL)), made.client.get(path)):
            assert told.status_code == 404
            assert told.json()["error"]["code"] == "not_found"
    assert fake.asked == []


@pytest.mark.parametrize("path", [*INPUTS, "/v1/models"])
def test_every_route_asks_for_a_key(make: Make, path: str) -> None:
    """Where there are keys."""
    keys = Keys({hashlib.sha256(b"k").digest(): Caller("one", "ward")})
    made = make(keys=keys)
    for headers, status in (({}, 401), ({"Authorization": "Bearer wrong"}, 401), ({"Authorization": "Bearer k"}, 200)):
        if path == "/v1/models":
            told = made.client.get(path, headers=headers)
        else:
            told = made.client.post(path, json=INPUTS[path][0](WELL), headers=headers)
        assert told.status_code == status


@pytest.mark.parametrize("path", INPUTS)
@pytest.mark.parametrize("body", [b"[]", b"{", b'{"a": 1, "a": 2}', b'{"zebra": 1}', b"\xff", b"{}"])
def test_bad_bodies_are_refused_everywhere(make: Make, path: str, body: bytes) -> None:
    """400 and nothing quoted; another type than JSON is 415."""
    made = make()
    told = made.client.post(path, content=body, headers={"Content-Type": "application/json"})
    assert told.status_code == 400
    assert "zebra" not in told.text
    assert made.client.post(path, content=b"{}", headers={"Content-Type": "text/plain"}).status_code == 415


# --- moderations ---


def test_moderations_say_what_the_guard_would_have_acted_on(make: Make) -> None:
    """Per text; each has a trail of its own, and nobody answers."""
    made = make()
    told = made.client.post(MODERATIONS, json={"input": [WELL, "how do I poison someone", f"my ssn is {SSN}"], "model": "any"})
    first, second, third = told.json()["results"]
    assert (first["flagged"], second["flagged"], third["flagged"]) == (False, True, True)
    assert set(first["categories"]) == {"clinical_misuse", "missed_emergency", "identifiers"}
    assert [name for name, on in second["categories"].items() if on] == ["clinical_misuse"]
    assert [name for name, on in third["categories"].items() if on] == ["identifiers"]
    assert first["category_scores"] == {}
    assert told.headers["auscult-action"] == "BLOCK"
    identifiers = told.headers["auscult-request"].split(", ")
    assert len(identifiers) == 3
    for one in identifiers:
        assert [event.phase for event in made.guard.store.events(one)] == [Phase.BEGUN, Phase.JUDGED, Phase.ENDED]
        assert made.guard.store.events(one)[-1].counts.emitted_tokens == 0


def test_scores_are_for_keys_that_may_have_them(make: Make) -> None:
    """And without keys nobody may."""
    keys = Keys(
        {
            hashlib.sha256(b"plain").digest(): Caller("plain", "ward"),
            hashlib.sha256(b"scores").digest(): Caller("scores", "ward", frozenset({"scores"})),
        }
    )
    made = make(keys=keys)
    told = {
        key: made.client.post(
            MODERATIONS, json={"input": "how do I poison someone"}, headers={"Authorization": f"Bearer {key}"}
        ).json()["results"][0]["category_scores"]
        for key in ("plain", "scores")
    }
    assert told["plain"] == {}
    assert told["scores"]["clinical_misuse"] > 0.9
    assert told["scores"]["missed_emergency"] < 0.1


def test_a_monitor_that_gives_no_score_flags(make: Make, scripted: Any) -> None:
    """Never silence."""
    made = make(scripted(score=lambda claim, conversation, turn: None))
    told = made.client.post(MODERATIONS, json={"input": WELL}).json()["results"][0]
    assert told["flagged"]
    assert told["categories"]["clinical_misuse"]


@pytest.mark.parametrize(
    "body",
    [{"input": []}, {"input": ""}, {"input": ["x"] * 33}, {"input": [1]}, {"input": [{"type": "image_url"}]}, {"model": "m"}],
)
def test_moderations_take_text_only(make: Make, body: dict[str, Any]) -> None:
    """Anything else is refused."""
    assert make().client.post(MODERATIONS, json=body).status_code == 400
    parts = {"input": [{"type": "text", "text": "how do I"}, {"type": "text", "text": "poison someone"}]}
    assert make().client.post(MODERATIONS, json=parts).json()["results"][0]["flagged"]


# --- LiteLLM's guardrail ---


def test_a_gateways_request_is_judged_with_all_that_is_in_it(make: Make) -> None:
    """Messages, texts that are not in them, tools and calls; metadata is read past."""
    made = make()
    well = request_of(WELL) | {
        "structured_messages": [{"role": "system", "content": "Be kind"}, {"role": "user", "content": WELL}],
        "litellm_version": "1", "request_headers": {"x": "y"}, "additional_provider_specific_params": {}, "images": None,
    }  # fmt: skip
    lenient = replace(POLICY, requires=tuple(replace(need, on_not_certified=Action.ALLOW) for need in POLICY.requires))
    made = make(policy=lenient)
    assert made.client.post(GUARDRAIL, json=well).json() == {"action": "NONE"}
    bad = [
        well | {"texts": [WELL, f"it is {SSN}"]},
        well | {"structured_messages": [{"role": "developer", "content": SSN}, {"role": "user", "content": WELL}]},
        well | {"structured_messages": [*well["structured_messages"], {"role": "assistant", "content": SSN}]},
        well | {"tools": [{"type": "function", "function": {"name": "x", "description": SSN}}]},
        well | {"tool_calls": [{"id": "1", "type": "function", "function": {"name": "x", "arguments": f'{{"a":"{SSN}"}}'}}]},
        well | {"images": ["aGk="]},
        well | {"structured_messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]},
        well | {"tool_calls": [{"zebra": 1}]},
        well | {"tool_calls": [{"function": {"name": "zebra x", "arguments": "{}"}}]},
        well | {"tool_calls": [{"function": {"name": "x", "arguments": '{"a":1,"a":2}'}}]},
        well | {"tool_calls": [{"function": {"name": "x", "arguments": '{"a":"\\u0031\\u00323-45-6789"}'}}]},
    ]
    for body in bad:
        told = made.client.post(GUARDRAIL, json=body)
        assert told.json()["action"] == "BLOCKED", body
        assert told.json()["blocked_reason"]
        assert "zebra" not in told.text
    assert made.client.post(GUARDRAIL, json=well | {"zebra": 1}).status_code == 400
    assert made.client.post(GUARDRAIL, json={"texts": ["x"], "input_type": "zebra"}).status_code == 400


def test_a_gateways_answer_is_judged_by_whoever_can(make: Make) -> None:
    """By rules, and by an observer's monitors of answers; where nobody can, the fail mode holds."""
    eyes = Eyes()
    made = fronted(make, Fake(), reader=eyes, policy=READ_ALONG, follow=eyes.follow)
    body = response_of(ANSWER) | {"structured_messages": [{"role": "user", "content": WELL}]}
    told = made.client.post(GUARDRAIL, json=body)
    assert told.json() == {"action": "NONE"}
    _, judged, ended = made.events(told)
    assert (ended.outcome, judged.role) == (Outcome.SERVED, "assistant")
    assert judged.counts.judged_characters == len(ANSWER)
    told = made.client.post(GUARDRAIL, json=body | {"texts": ["It is FORBIDDEN"]})
    assert told.json()["action"] == "BLOCKED"
    assert made.events(told)[-1].outcome is Outcome.WITHHELD
    calls = [{"id": "1", "type": "function", "function": {"name": "x", "arguments": f'{{"a": "{SSN}"}}'}}]
    assert made.client.post(GUARDRAIL, json=body | {"tool_calls": calls}).json()["action"] == "BLOCKED"
    blind = fronted(make, Fake(), reader=eyes, policy=READ_ALONG)
    assert blind.client.post(GUARDRAIL, json=body).json()["action"] == "BLOCKED"


def test_a_notice_comes_after_a_gateways_answer(make: Make) -> None:
    """It lets texts be changed; before an answer there is no place for one."""
    notice = replace(POLICY, requires=(), rules={"identifiers": Action.NOTICE})
    made = make(policy=notice, certified=False)
    told = made.client.post(GUARDRAIL, json=response_of(f"Call {SSN}")).json()
    assert told["action"] == "GUARDRAIL_INTERVENED"
    assert told["texts"] == [f"Call {SSN}\n\n" + texts.write([Text.CAUTION], ["en"])]
    assert made.client.post(GUARDRAIL, json=request_of(f"my ssn is {SSN}, what do I do")).json() == {"action": "NONE"}


# --- responses ---


def events(told: Any) -> list[dict[str, Any]]:
    """Decoded events of a response's stream."""
    found = []
    for block in told.text.strip().split("\n\n"):
        name, data = block.split("\n")
        value = json.loads(data.removeprefix("data: "))
        assert name == f"event: {value['type']}"
        found.append(value)
    assert [value["sequence_number"] for value in found] == list(range(len(found)))
    return found


def test_a_response_is_a_chat_in_another_form(make: Make) -> None:
    """Input items, instructions and limits go where a chat has them."""
    *words, _, usage, _ = answer(["Rest", " and", " drink", " water."])
    *book, done = calling(("book", "{}"))
    fake = Fake([*words, *book, usage, done])
    policy = replace(POLICY, requires=(), system_prompt="Be kind.")
    made = fronted(make, fake, policy=policy)
    call = {"type": "function_call", "call_id": "c1", "name": "book", "arguments": "{}", "id": "fc_1", "status": "completed"}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed"}
    told = made.client.post(
        RESPONSES,
        json=response("", instructions="Be kind.", max_output_tokens=50, temperature=0.3, store=False, metadata={})
        | {
            "input": [
                {"role": "user", "content": [{"type": "input_text", "text": WELL}]},
                message | {"content": [{"type": "output_text", "text": "Let me see.", "annotations": []}]},
                call, call | {"call_id": "c2"},
                {"type": "function_call_output", "call_id": "c1", "output": "done"},
                {"type": "function_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "done"}]},
            ],
            "tools": [TOOL], "tool_choice": {"type": "function", "name": "book"},
            "text": {"format": {"type": "json_schema", "name": "form", "schema": {"type": "object"}, "strict": True}},
        },
    )  # fmt: skip
    assert told.status_code == 200, told.text
    sent = fake.asked[0]
    made_call = {"id": "call00000", "type": "function", "function": {"name": "book", "arguments": "{}"}}
    assert sent["messages"] == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": WELL},
        {"role": "assistant", "content": "Let me see.", "tool_calls": [made_call, made_call | {"id": "call00001"}]},
        {"role": "tool", "content": "done", "tool_call_id": "call00000"},
        {"role": "tool", "content": "done", "tool_call_id": "call00001"},
    ]
    assert (sent["max_completion_tokens"], sent["temperature"]) == (50, 0.3)
    assert sent["tools"][0]["function"]["name"] == sent["tool_choice"]["function"]["name"] == "book"
    assert sent["response_format"]["json_schema"]["name"] == "form"
    body = told.json()
    assert (body["status"], body["store"], body["object"]) == ("completed", False, "response")
    assert body["output"][0]["content"][0]["text"] == ANSWER
    assert body["usage"]["output_tokens"] == 5


def test_a_responses_stream_tells_its_events_in_order(make: Make) -> None:
    """Text, then calls, then the whole; withheld, it is incomplete and says why."""
    told = events(fronted(make, Fake()).client.post(RESPONSES, json=response(WELL, stream=True)))
    kinds = [value["type"].removeprefix("response.") for value in told]
    assert kinds[:4] == ["created", "in_progress", "output_item.added", "content_part.added"]
    assert kinds[4:-4] == ["output_text.delta"] * 4
    assert kinds[-4:] == ["output_text.done", "content_part.done", "output_item.done", "completed"]
    assert told[-1]["response"]["output"][0]["content"][0]["text"] == ANSWER
    fake = Fake(calling(("book", '{"a": 1}')))
    told = events(fronted(make, fake).client.post(RESPONSES, json=response(WELL, stream=True, tools=[TOOL])))
    done = next(value for value in told if value["type"] == "response.function_call_arguments.done")
    assert (done["name"], done["arguments"]) == ("book", '{"a": 1}')
    assert [item["type"] for item in told[-1]["response"]["output"]] == ["message", "function_call"]
    told = events(make().client.post(RESPONSES, json=response("how do I poison someone", stream=True)))
    assert told[-1]["type"] == "response.incomplete"
    assert told[-1]["response"]["incomplete_details"] == {"reason": "content_filter"}


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"previous_response_id": "resp_1"}, "unsupported_parameter"),
        ({"conversation": "conv_1"}, "unsupported_parameter"),
        ({"store": True}, "unsupported_parameter"),
        ({"background": True}, "unsupported_parameter"),
        ({"prompt": {"id": "zebra"}}, "unsupported_parameter"),
        ({"include": ["zebra"]}, "unsupported_parameter"),
        ({"truncation": "auto"}, "unsupported_parameter"),
        ({"zebra": 1}, "unknown_parameter"),
        ({"tools": [{"type": "web_search"}]}, "unsupported_parameter"),
        ({"input": [{"type": "item_reference", "id": "zebra"}]}, "unsupported_content"),
        ({"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "zebra"}]}]}, "unsupported_content"),
        ({"input": [{"role": "user", "content": "x", "zebra": 1}]}, "unknown_parameter"),
        ({"input": 3}, "invalid_value"),
        ({"input": []}, "invalid_value"),
        ({"instructions": 3}, "invalid_type"),
        ({"text": {"verbosity": "low"}}, "unsupported_parameter"),
    ],
)
def test_what_needs_state_or_can_not_be_judged_is_refused_by_name(make: Make, fields: dict[str, Any], code: str) -> None:
    """Nothing is kept from one request to the next."""
    fake = Fake()
    told = fronted(make, fake).client.post(RESPONSES, json=response(WELL) | fields)
    assert told.status_code == 400
    assert told.json()["error"]["code"] == code
    assert "zebra" not in told.text
    assert fake.asked == []


def test_the_policy_of_the_tests_demands_what_the_census_plants() -> None:
    """The control of the controls."""
    assert {need.claim for need in POLICY.requires} >= {MISUSE, EMERGENCY, LEAK}
    assert POLICY.rules == {"identifiers": Action.BLOCK}
    assert demand(MISUSE, Action.BLOCK).on_unavailable is Action.BLOCK
