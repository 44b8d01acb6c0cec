"""Requests from the wire: bytes in, a checked `ChatRequest` out, or a refusal that quotes nothing.

What the guard can't judge it does not serve, and what it does not know it does not pass on: duplicate keys, NaN, parts
that are not text, fields that nobody asked for. The conversation that comes out is all that the model will see; the
client's bytes go no further.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from string import punctuation, whitespace
from typing import Any, NoReturn

from guard.conversation import Conversation
from guard.errors import RequestRefused
from guard.proxy import messages, wishes
from guard.proxy.strict import strict_json
from guard.subjects.events import NO_WISHES, Sampling, Wishes

MOST_TOKENS = 32_768
"""Largest `max_tokens`."""
MOST_STOPS = 4
"""Stop texts, as in the OpenAI format."""
LONGEST_STOP = 64
"""Characters of one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """A request to complete a chat, checked."""

    model: str
    """As the client named it."""
    conversation: Conversation
    """Without the guard's own system prompt."""
    sampling: Sampling
    """The guard's defaults with what the client asked for."""
    stream: bool = False
    """Whether the answer comes in chunks."""
    include_usage: bool = False
    """Whether a last chunk tells the token counts."""
    wishes: Wishes = NO_WISHES
    """What else it asks for."""


def read(
    body: bytes, *, defaults: Sampling | None = None, allow: Iterable[str] = (), can: frozenset[str] = frozenset()
) -> ChatRequest:
    """Check the body of `POST /v1/chat/completions`.

    Args:
        body: As it came.
        defaults: Sampling settings that hold where the client asks for none.
        allow: Fields that the policy lets through although nothing judges them; an in-process model drops them.
        can: Fields of `wishes.ALL` that whoever answers can do.

    Raises:
        RequestRefused: Anything that can't be judged or is not served; its text holds no value of the request.
    """
    return read_value(read_object(body), defaults=defaults, allow=frozenset(allow), can=can)


def read_object(body: bytes) -> dict[str, Any]:
    """Decode a body that has to be one JSON object.

    Raises:
        RequestRefused: It is none, or not strict JSON.
    """
    value = strict_json(body)
    return value if isinstance(value, dict) else _refuse("the body is not a JSON object", "invalid_json")


def read_value(
    value: dict[str, Any], *, defaults: Sampling | None = None, allow: frozenset[str] = frozenset(), can: frozenset[str]
) -> ChatRequest:
    """Check a decoded request; see `read`.

    Raises:
        RequestRefused: Anything that can't be judged or is not served; its text holds no value of the request.
    """
    _check_fields(value, allow, can)
    options = _get(value, "stream_options", dict, {})
    if set(options) - {"include_usage"}:
        _refuse("stream_options holds a field that is not served", "unsupported_parameter", "stream_options")
    _get(value, "user", str, "")
    model = _get(value, "model", str, "") or _refuse("a model must be named", "missing_parameter", "model")
    stream = _get(value, "stream", bool, False)
    wished = wishes.read(value, model, can=can, allow=allow)
    return ChatRequest(
        model=model,
        wishes=_with_stops(wished, value.get("stop") if can else None, stream),
        conversation=messages.read(value.get("messages")),
        sampling=_sampling(value, defaults or Sampling()),
        stream=stream,
        include_usage=_get(options, "include_usage", bool, False),
    )


def _refuse(problem: str, code: str, param: str | None = None) -> NoReturn:
    raise RequestRefused(problem, code=code, param=param) from None


_SERVED = frozenset(
    (
        "model", "messages", "stream", "stream_options", "temperature", "top_p", "max_tokens",
        "max_completion_tokens", "stop", "seed", "user"
    )
)  # fmt: skip
# Fields of the OpenAI format that may be sent when they ask for nothing: by name, what that looks like.
_NEUTRAL: dict[str, Callable[[Any], bool]] = {
    "n": lambda value: type(value) is int and value == 1,
    "logprobs": lambda value: value is False,
    "tools": lambda value: value == [],
    "tool_choice": lambda value: value == "none",
    "parallel_tool_calls": lambda value: isinstance(value, bool),
    "functions": lambda value: value == [],
    "logit_bias": lambda value: value == {},
    "frequency_penalty": lambda value: value in (0, 0.0) and not isinstance(value, bool),
    "presence_penalty": lambda value: value in (0, 0.0) and not isinstance(value, bool),
    "response_format": lambda value: value == {"type": "text"},
    "modalities": lambda value: value == ["text"],
}
_REASONS = {
    "n": "only one answer is given to a request",
    "tools": "the model that is served calls no tools",
    "functions": "tools are served by the name tools only",
    "top_logprobs": "alternatives to a token are text that nobody judged",
    "logprobs": "token probabilities of the model that is served are not given out",
    "logit_bias": "a bias would change what was certified",
    "audio": "only text can be judged",
    "modalities": "only text can be judged",
}
# Other names of the OpenAI format: naming them in an error tells nothing about the request's content.
_KNOWN = frozenset(
    (
        "top_logprobs", "audio", "function_call", "metadata", "prediction", "prompt_cache_key", "reasoning_effort",
        "safety_identifier", "service_tier", "store", "verbosity", "web_search_options"
    )
)  # fmt: skip


def _check_fields(value: dict[str, Any], allow: frozenset[str], can: frozenset[str]) -> None:
    for name, given in value.items():
        if name in _SERVED or name in can or name in allow or (given is None and name in _NEUTRAL):
            continue
        neutral = _NEUTRAL.get(name)
        if neutral and neutral(given):
            continue
        if name in _NEUTRAL or name in _KNOWN:
            reason = _REASONS.get(name, "the field is not served")
            _refuse(f"{name}: {reason}", "unsupported_parameter", name)
        _refuse("the request holds a field that is not served", "unknown_parameter")


def _get(value: dict[str, Any], name: str, kind: type, default: Any) -> Any:
    given = value.get(name)
    if given is None:
        return default
    wanted = (int, float) if kind is float else kind
    if not isinstance(given, wanted) or (isinstance(given, bool) and kind is not bool):
        _refuse(f"{name} has the wrong type", "invalid_type", name)
    return given


def _sampling(value: dict[str, Any], defaults: Sampling) -> Sampling:
    longest = [_get(value, name, int, None) for name in ("max_tokens", "max_completion_tokens")]
    given = [number for number in longest if number is not None]
    if len(set(given)) > 1:
        _refuse("max_tokens and max_completion_tokens differ", "invalid_value", "max_tokens")
    stops = _stops(value.get("stop"))
    sampling = Sampling(
        temperature=float(_get(value, "temperature", float, defaults.temperature)),
        top_p=float(_get(value, "top_p", float, defaults.top_p)),
        max_tokens=given[0] if given else defaults.max_tokens,
        seed=_get(value, "seed", int, defaults.seed),
        stop=stops or defaults.stop,
    )
    for name, fits in (
        ("temperature", 0 <= sampling.temperature <= 2),
        ("top_p", 0 < sampling.top_p <= 1),
        ("max_tokens", 1 <= sampling.max_tokens <= MOST_TOKENS),
        ("seed", -(2**63) <= sampling.seed < 2**63),
    ):
        if not fits:
            _refuse(f"{name} is out of range", "invalid_value", name)
    return sampling


def _stops(value: Any) -> tuple[str, ...]:
    stops = [] if value is None else [value] if isinstance(value, str) else value
    if not isinstance(stops, list) or len(stops) > MOST_STOPS or not all(isinstance(s, str) and s for s in stops):
        _refuse("stop is not a text or up to four of them", "invalid_value", "stop")
    if any(len(stop) > LONGEST_STOP for stop in stops):
        _refuse(f"a stop text is longer than {LONGEST_STOP} characters", "invalid_value", "stop")
    return tuple(stops)


def _with_stops(wished: Wishes, given: Any, stream: bool) -> Wishes:
    """Have stop texts that go to an upstream judged as definitions are; those of marks and spaces alone say nothing."""
    said = [stop for stop in _stops(given) if not all(mark in punctuation + whitespace for mark in stop)]
    if not said and wished.streamed == stream:
        return wished
    return replace(wished, definitions="\n".join((*filter(None, (wished.definitions,)), *said)), streamed=stream)
