"""From a conversation to tokens: the only place that applies a chat template.

A chat template is text with markers in it, and markers become control tokens. If a message were put into that text
before it is encoded, a user who types a marker would speak with another's voice. So the template is filled with
placeholders first; then its literal parts are encoded with markers, and the texts of messages by a copy of the
tokenizer that has none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import jinja2
from tokenizers import Tokenizer

from guard.conversation import Conversation, Message, Role
from guard.errors import ScoringError, SubjectError
from guard.probes.activations import Rendered

_STOPPED_CLOCK = "{% macro strftime_now(form) %}1 January 2026{% endmacro +%}"
"""Put before a template that prints the date: else scores would change from day to day."""
# Nine letters and digits: some templates demand tool call ids of just that form. No template spells them itself.
_PLACEHOLDER = re.compile(r"zq7x\d{5}")


@dataclass(frozen=True, slots=True)
class ChatTokenizer:
    """A tokenizer, its twin that knows no markers, and the template that it comes with."""

    whole: Any
    """The tokenizer as published (a fast one of transformers)."""
    plain: Tokenizer
    """Encodes the texts of messages: no added tokens, nothing put before or after."""
    reserved: frozenset[int]
    """Ids that no message text may become."""

    @classmethod
    def of(cls, whole: Any) -> ChatTokenizer:
        """Split a tokenizer.

        Raises:
            SubjectError: It has no chat template, or is none of the kind that can be split.
        """
        if not getattr(whole, "chat_template", None) or not isinstance(whole.chat_template, str):
            raise SubjectError("the model has no chat template", "use a chat model, or add chat_template.jinja")
        if not getattr(whole, "is_fast", False):
            raise SubjectError("the tokenizer has no tokenizer.json", "convert it to a fast tokenizer")
        settings = json.loads(whole.backend_tokenizer.to_str())
        added = settings["added_tokens"]
        # Runs of spaces are added tokens in some vocabularies; they are text, not markers.
        settings["added_tokens"] = [token for token in added if not token["content"].strip()]
        settings |= {"post_processor": None, "truncation": None, "padding": None}
        _no_dummy_prefix(settings)
        reserved = {token["id"] for token in added if token["content"].strip()}
        return cls(whole, Tokenizer.from_str(json.dumps(settings)), frozenset(reserved))

    @property
    def chat_template(self) -> str:
        """The template's text."""
        return str(self.whole.chat_template)

    def encode_text(self, text: str) -> list[int]:
        """Encode a message's text so that no token of it is a marker.

        Raises:
            ScoringError: One character alone is a marker.
        """
        encoding = self.plain.encode(text, add_special_tokens=False)
        for token, (start, stop) in zip(encoding.ids, encoding.offsets, strict=True):
            if token in self.reserved:
                if stop - start < 2:
                    raise ScoringError("a text can't be told apart from a control token")
                middle = (start + stop) // 2
                return self.encode_text(text[:middle]) + self.encode_text(text[middle:])
        return list(encoding.ids)

    def encode_literal(self, text: str) -> list[int]:
        """Encode a part of the template: markers become control tokens."""
        return list(self.whole.backend_tokenizer.encode(text, add_special_tokens=False).ids)

    def decode(self, ids: list[int]) -> str:
        """Return the text of tokens, without control tokens."""
        return str(self.whole.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False))


def _no_dummy_prefix(settings: dict[str, Any]) -> None:
    """Switch off the space that some tokenizers put before every text: a message is not the beginning of one."""
    for part in ("normalizer", "pre_tokenizer"):
        step = settings[part]
        steps = step.get("normalizers") or step.get("pretokenizers") or [step] if step else []
        kept = [one for one in steps if one["type"] != "Prepend"]
        for one in kept:
            if one["type"] == "Metaspace":
                one["prepend_scheme"] = "never"
            if one["type"] == "ByteLevel":
                one["add_prefix_space"] = False
        if step and step["type"] == "Sequence":
            step["normalizers" if part == "normalizer" else "pretokenizers"] = kept
        elif step and not kept:
            settings[part] = None


def render(tokenizer: ChatTokenizer, conversation: Conversation, turn: int, system: str | None = None) -> Rendered:
    """Render a conversation up to message `turn`.

    Args:
        tokenizer: The model's.
        conversation: Without the guard's system prompt.
        turn: The last message that is rendered. Unless it is an assistant's, the generation prompt follows it.
        system: The guard's system prompt, put first.

    Returns:
        The tokens, and the span of each message's text. A space with which the template ends before a text belongs to
        that text's first token.

    Raises:
        ScoringError: The template refuses the conversation or leaves a text of it out.
    """
    messages = conversation.messages[: turn + 1]
    texts: list[str] = []
    own = [Message(Role.SYSTEM, system)] if system else []
    filled = [_with_placeholders(message, texts) for message in (*own, *messages)]
    # Which placeholder stands for which message's content.
    numbers = {entry["content"]: index for index, entry in enumerate(filled[len(own) :]) if entry["content"]}
    spans = [(0, 0)] * len(messages)
    ids: list[int] = []
    written = set()
    for literal, name in _parts(_apply(tokenizer, filled, prompt=messages[-1].role is not Role.ASSISTANT)):
        text = texts[int(name[4:])] if name else ""
        space = name and literal.endswith(" ") and not literal.endswith("  ")
        ids += tokenizer.encode_literal(literal[:-1] if space else literal)
        start = len(ids)
        ids += tokenizer.encode_text(" " + text if space else text) if name else []
        written.add(name)
        if name in numbers:
            spans[numbers[name]] = (start, len(ids))
    if not _demanded(filled) <= written:
        raise ScoringError("the chat template leaves out a part of the conversation")
    return Rendered(tuple(ids), tuple(spans))


def _with_placeholders(message: Message, texts: list[str]) -> dict[str, Any]:
    """Return a message in the form that templates expect, its texts replaced; `texts` takes them in."""

    def hide(text: str) -> str:
        if not text:
            return ""
        texts.append(text)
        return f"zq7x{len(texts) - 1:05d}"

    role = Role.SYSTEM if message.role is Role.DEVELOPER else message.role
    plain: dict[str, Any] = {"role": str(role), "content": hide(message.content)}
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


def _demanded(filled: list[dict[str, Any]]) -> set[str]:
    """Placeholders that must come out: all but the ids that join calls with results."""
    demanded = {entry["content"] for entry in filled}
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
    except (jinja2.TemplateError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ScoringError(f"the chat template refuses the conversation ({type(error).__name__})") from None


def _parts(text: str) -> Iterator[tuple[str, str]]:
    """Yield (literal, placeholder) pairs; the last one has no placeholder."""
    at = 0
    for match in _PLACEHOLDER.finditer(text):
        yield text[at : match.start()], match[0]
        at = match.end()
    yield text[at:], ""
