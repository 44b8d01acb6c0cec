"""From a conversation to tokens: the only place that applies a chat template.

A chat template is text with markers in it, and markers become control tokens. If a message were put into that text
before it is encoded, a user who types a marker would speak with another's voice. So the template is filled with
placeholders first; then its literal parts are encoded with markers, and the texts of messages by a copy of the
tokenizer that has none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from guard.conversation import Conversation, Message, Role
from guard.errors import ScoringError
from guard.probes.activations import Rendered
from guard.subjects.tokenizer import ChatTokenizer

__all__ = ["ChatTokenizer", "render"]

_STOPPED_CLOCK = "{% macro strftime_now(form) %}1 January 2026{% endmacro +%}"
"""Put before a template that prints the date: else scores would change from day to day."""
# Nine letters and digits: some templates demand tool call ids of just that form. No template spells them itself.
_PLACEHOLDER = re.compile(r"(\u2005?)(zq7x\d{5})(\u2006?)")
_PADS = ("\u2005", "\u2006")
"""Spaces that no template spells, put around a content: where one is gone, the template trims what it is given."""
_MOST = 100_000
"""Texts that can be told apart."""


def render(tokenizer: ChatTokenizer, conversation: Conversation, turn: int, system: str | None = None) -> Rendered:
    """Render a conversation up to message `turn`.

    Args:
        tokenizer: The model's.
        conversation: Without the guard's system prompt.
        turn: The last message that is rendered. Unless it is an assistant's, the generation prompt follows it.
        system: The guard's system prompt, put first.

    Returns:
        The tokens, and the span of each message's text. A space with which the template ends before a text belongs to
        that text's first token. Where a template has no place for tool calls, they are spelled out in the text of the
        assistant's turn: what the model is not shown, no monitor can judge.

    Raises:
        ScoringError: The template refuses the conversation or leaves a text of it out, or a text is not valid Unicode.
    """
    messages = conversation.messages[: turn + 1]
    try:
        return _render(tokenizer, messages, system)
    except _LeftOut:
        if not any(message.tool_calls for message in messages):
            raise
        return _render(tokenizer, tuple(map(_spelled, messages)), system)


class _LeftOut(ScoringError):
    """A text of the conversation does not come out of the template."""


def _spelled(message: Message) -> Message:
    """Write a message's tool calls into its text, in the form that most models without a place for them are taught."""
    calls = [f'<tool_call>{{"name": {json.dumps(c.name)}, "arguments": {c.arguments}}}</tool_call>' for c in message.tool_calls]
    content = "\n".join(filter(None, [message.content, *calls]))
    return msgspec.structs.replace(message, content=content, tool_calls=())


def _render(tokenizer: ChatTokenizer, messages: Sequence[Message], system: str | None) -> Rendered:
    texts: list[str] = []
    own = [Message(Role.SYSTEM, system)] if system else []
    filled = [_with_placeholders(message, texts) for message in (*own, *messages)]
    # Which placeholder stands for which message's content.
    numbers = {_name(entry): index - len(own) for index, entry in enumerate(filled) if entry["content"]}
    spans = [(0, 0)] * len(messages)
    ids: list[int] = []
    written = set()
    for part in _parts(_apply(tokenizer, filled, prompt=messages[-1].role is not Role.ASSISTANT), texts, set(numbers)):
        literal, text = part.literal, part.text
        if text and literal.endswith(" ") and not literal.endswith("  "):
            literal, text = literal[:-1], " " + text
        opens = tokenizer.opens(literal) if literal else not ids
        ids += tokenizer.encode_literal(literal, after_text=part.after_text)
        start = len(ids)
        ids += tokenizer.encode_text(text, opens=opens)
        written.add(part.name)
        if numbers.get(part.name, -1) >= 0:
            spans[numbers[part.name]] = (start, len(ids))
    if not _demanded(filled) <= written:
        raise _LeftOut("the chat template leaves out a part of the conversation")
    return Rendered(tuple(ids), tuple(spans))


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of the template and the text that follows it."""

    literal: str
    name: str
    """Placeholder of the text; "" at the end."""
    text: str
    after_text: bool
    """Whether a text stands right before the literal."""


def _with_placeholders(message: Message, texts: list[str]) -> dict[str, Any]:
    """Return a message in the form that templates expect, its texts replaced; `texts` takes them in."""

    def hide(text: str) -> str:
        if not text:
            return ""
        if len(texts) == _MOST:
            raise ScoringError("the conversation has too many parts")
        texts.append(text)
        return f"zq7x{len(texts) - 1:05d}"

    role = Role.SYSTEM if message.role is Role.DEVELOPER else message.role
    content = hide(message.content)
    plain: dict[str, Any] = {"role": str(role), "content": content and content.join(_PADS)}
    if message.tool_calls:
        plain["tool_calls"] = [
            {
                "id": hide(call.id),
                "type": "function",
                "function": {"name": hide(call.name), "arguments": hide(call.arguments)},
            }
            for call in message.tool_calls
        ]
    if message.tool_call_id:
        plain["tool_call_id"] = hide(message.tool_call_id)
    return plain


def _name(entry: dict[str, Any]) -> str:
    """Return the placeholder of a message's content."""
    return str(entry["content"]).strip("".join(_PADS))


def _demanded(filled: list[dict[str, Any]]) -> set[str]:
    """Placeholders that must come out: all but the ids that join calls with results."""
    demanded = {_name(entry) for entry in filled}
    for entry in filled:
        for call in entry.get("tool_calls", ()):
            demanded |= {call["function"]["name"], call["function"]["arguments"]}
    return demanded - {""}


def _apply(tokenizer: ChatTokenizer, messages: list[dict[str, Any]], *, prompt: bool) -> str:
    template = tokenizer.chat_template
    if "strftime_now" in template:
        template = _STOPPED_CLOCK + template
    try:
        return str(
            tokenizer.whole.apply_chat_template(messages, chat_template=template, tokenize=False, add_generation_prompt=prompt)
        )
    except Exception as error:
        # A template is the publisher's program: whatever it raises, its words may hold a piece of the conversation.
        raise ScoringError(f"the chat template refuses the conversation ({type(error).__name__})") from None


def _parts(written: str, texts: list[str], contents: set[str]) -> Iterator[_Part]:
    """Yield the template's literals, each with the text that follows it; after the last one there is none."""
    at, after_text = 0, False
    for match in _PLACEHOLDER.finditer(written):
        name = match[2]
        text, literal = texts[int(name[4:])], written[at : match.start()]
        if name in contents:
            text = text if match[1] else text.lstrip()
            text = text if match[3] else text.rstrip()
        yield _Part(literal, name, text, after_text)
        at, after_text = match.end(), bool(text) or (after_text and not literal)
    yield _Part(written[at:], "", "", after_text)
