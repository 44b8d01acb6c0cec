"""`docs/openapi.yaml` says what the guard serves: its routes, what they take, what they refuse and what comes back."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from tests.guard.proxy.test_doors import CHAT, GUARDRAIL, INPUTS, MODERATIONS, RESPONSES, TOOL, WELL, chat, response, routes
from tests.guard.proxy.test_litellm_client import CASES
from tests.guard.proxy.upstreams import Fake, fronted
from tests.theory.populations import NIGHTLY

Make = Callable[..., Any]
ROOT = Path(__file__).parents[3]
ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 1.5, 10**12, 10**30, "", " ", "x", "x" * 200, [], [None], [[]], ["x"], [1], {}, {"x": 1},
    {"type": "function"}, {"type": []}, {"type": {}}, [{"type": "function", "function": {"name": 5}}],
)  # fmt: skip
FULL: dict[str, dict[str, Any]] = {
    CHAT: chat(
        WELL, stream=False, stream_options={"include_usage": True}, temperature=0.5, top_p=0.9, max_tokens=20,
        max_completion_tokens=20, stop=["END"], seed=3, user="u", tool_choice="auto", parallel_tool_calls=True, n=1,
        tools=[{"type": "function", "function": {name: item for name, item in TOOL.items() if name != "type"}}],
        response_format={"type": "json_object"}, logprobs=True, presence_penalty=0.1, frequency_penalty=0.1, logit_bias={},
        functions=[], modalities=["text"],
    ),
    RESPONSES: response(
        WELL, instructions="Be brief.", stream=False, temperature=0.5, top_p=0.9, max_output_tokens=20, user="u", store=False,
        tools=[TOOL], tool_choice="auto", parallel_tool_calls=True, background=False,
        conversation=None, include=[], max_tool_calls=None, metadata={}, previous_response_id=None, prompt=None,
        prompt_cache_key=None, reasoning=None, safety_identifier=None, service_tier="auto", stream_options=None, top_logprobs=0,
        truncation="disabled",
    )
    | {"text": {"format": {"type": "text"}}},
    MODERATIONS: {"input": [WELL], "model": "phantom"},
    GUARDRAIL: {"input_type": "request", "texts": [WELL]},
}  # fmt: skip
"""Bodies with every field that is read."""


@cache
def described() -> Any:
    """The document."""
    return yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text())


def fits(schema: Any, value: Any) -> bool:
    """Whether a value is as a schema in the document says."""
    return bool(_validator(json.dumps(schema)).is_valid(value))


@cache
def _validator(schema: str) -> jsonschema.Draft202012Validator:
    whole = Resource.from_contents(described(), default_specification=DRAFT202012)
    # References within the document, seen from outside.
    seen = json.loads(schema.replace('"#/', '"urn:openapi#/'))
    return jsonschema.Draft202012Validator(seen, registry=Registry().with_resource("urn:openapi", whole))


def _resolved(value: Any) -> Any:
    while isinstance(value, dict) and "$ref" in value:
        name = value["$ref"].removeprefix("#/").split("/")
        value = described()
        for part in name:
            value = value[part]
    return value


def _operation(method: str, path: str) -> Any:
    return described()["paths"][path][method.lower()]


def _as_described(method: str, path: str, came: Any) -> None:
    """A response has a status, a type, a body and headers that stand in the document."""
    answers = _operation(method, path)["responses"]
    status = str(came.status_code)
    answer = _resolved(answers.get(status) or answers[f"{status[0]}XX"])
    kind = came.headers["content-type"].partition(";")[0]
    if kind == "application/json":
        assert fits(answer["content"][kind]["schema"], came.json()), came.text
    else:
        assert kind in answer["content"]
    for name, header in answer.get("headers", {}).items():
        assert fits(_resolved(header)["schema"], came.headers[name]), (name, dict(came.headers))


def test_every_route_is_described_and_nothing_else(make: Make) -> None:
    """The census of routes and the document hold the same."""
    listed = {(method.upper(), path) for path, methods in described()["paths"].items() for method in methods}
    assert listed == routes(make())


def test_it_is_whole() -> None:
    """Every reference leads somewhere, every schema is one, and every answer has a description."""

    def references(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            yield from (value["$ref"],) if isinstance(value.get("$ref"), str) else ()
            for item in value.values():
                yield from references(item)
        elif isinstance(value, list):
            for item in value:
                yield from references(item)

    for one in set(references(described())):
        assert _resolved({"$ref": one}) is not None
    for schema in described()["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    answers = [
        answer for path in described()["paths"].values() for method in path.values() for answer in method["responses"].values()
    ]
    assert all(_resolved(answer)["description"] for answer in answers)


def test_answers_are_as_described(make: Make) -> None:
    """Whole and streamed, clear and blocked, refused, not found; probes and models, too."""
    made = fronted(make, Fake())
    for path, bodies in INPUTS.items():
        for body in bodies:
            for text in (WELL, "my ssn is 123-45-6789"):
                _as_described("POST", path, made.client.post(path, json=body(text), headers={"auscult-receipt": "1"}))
        for refused in (
            {},
            {"unknown": 1},
            [],
            {"model": "none", "input": "a", "messages": [{"role": "user", "content": "a"}]},
        ):
            _as_described("POST", path, made.client.post(path, json=refused))
        _as_described("POST", path, made.client.post(path, content=b"x"))
    for path in ("/v1/models", "/healthz", "/readyz"):
        _as_described("GET", path, made.client.get(path))


def test_another_method_is_told_which_there_are(make: Make) -> None:
    """405 names them, on every route."""
    made = make()
    for method, path in routes(made):
        for other in {"GET", "POST", "PUT", "DELETE", "PATCH"} - {method}:
            for spelled in (path, f"/{path}/"):
                came = made.client.request(other, "http://127.0.0.1:8000" + spelled)
                assert came.status_code == 405
                assert set(came.headers["allow"].split(", ")) == {method, "OPTIONS"}


def test_what_clients_send_is_described() -> None:
    """The bodies of the census, of LiteLLM as it was recorded, and one with every field."""
    for path, bodies in INPUTS.items():
        schema = _operation("POST", path)["requestBody"]["content"]["application/json"]["schema"]
        assert all(fits(schema, body(WELL)) for body in bodies)
        assert fits(schema, FULL[path])
        if "properties" in (known := _resolved(schema)) and path != GUARDRAIL:
            assert FULL[path].keys() == known["properties"].keys()
    for case in CASES.values():
        schema = _operation("POST", CHAT)["requestBody"]["content"]["application/json"]["schema"]
        assert fits(schema, case["sent"][0]["body"]) or "error" in case["understood"]


@pytest.mark.parametrize("path", INPUTS)
def test_what_is_not_described_is_refused(make: Make, path: str) -> None:
    """One field at a time is something odd: whatever does not fit the document gets a 4xx, and nothing ever a 5xx."""
    made = fronted(make, Fake())
    schema = _operation("POST", path)["requestBody"]["content"]["application/json"]["schema"]
    assert made.client.post(path, json=FULL[path]).status_code == 200
    wrong = 0
    for name in (*FULL[path], "unknown"):
        for odd in ODD if NIGHTLY else random.Random(name).sample(ODD, 10):
            body = copy.deepcopy(FULL[path]) | {name: odd}
            came = made.client.post(path, json=body)
            assert came.status_code < 500
            _as_described("POST", path, came)
            if not fits(schema, body):
                assert 400 <= came.status_code < 500, (name, odd)
                wrong += 1
    assert wrong > len(FULL[path]) * (5 if NIGHTLY else 2)
