"""A chat model's tokenizer, split so that the markers of its template and the texts of messages can't be confused."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from tokenizers import Tokenizer

from guard.errors import ScoringError, SubjectError

_BYTE = re.compile(r"<0x[0-9A-Fa-f]{2}>")


@dataclass(frozen=True, slots=True)
class ChatTokenizer:
    """A tokenizer, its twins that know no markers, and the template that it comes with.

    Some tokenizers put a space before whatever follows a marker. So there are two twins for texts, and for literals that
    follow a text one more; where there is no such space they are the same.
    """

    whole: Any
    """The tokenizer as published (a fast one of transformers)."""
    plain: Tokenizer
    """Encodes the texts of messages: no added tokens, nothing put before or after."""
    opening: Tokenizer
    """The same for a text right after a marker."""
    inner: Tokenizer
    """Encodes literals right after a text: with added tokens, nothing put before."""
    reserved: frozenset[int]
    """Ids that no message text may become."""
    bytes: frozenset[int]
    """Ids that stand for one byte: text that spells their names is not what they mean."""

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
        backend = whole.backend_tokenizer
        settings = json.loads(backend.to_str()) | {"truncation": None, "padding": None, "post_processor": None}
        added = settings["added_tokens"]
        markers = [token for token in added if token["content"].strip()]
        # Runs of spaces are added tokens in some vocabularies; they are text, not markers.
        texts = settings | {"added_tokens": [token for token in added if not token["content"].strip()]}
        bare = _without_dummy_prefix(texts)
        plain = Tokenizer.from_str(json.dumps(bare))
        prefixed = bare != texts
        vocabulary = backend.get_vocab(with_added_tokens=False)
        one_byte = frozenset(token for piece, token in vocabulary.items() if _BYTE.fullmatch(piece))
        return cls(
            whole,
            plain,
            Tokenizer.from_str(json.dumps(_without_first_prefix(texts))) if prefixed else plain,
            Tokenizer.from_str(json.dumps(_without_dummy_prefix(settings))) if prefixed else backend,
            frozenset(token["id"] for token in markers) - _unknown(settings, whole) - one_byte,
            one_byte,
        )

    @property
    def chat_template(self) -> str:
        """The template's text."""
        return str(self.whole.chat_template)

    @property
    def largest_id(self) -> int:
        """The largest id that a conversation can be rendered to: of the vocabulary, and of markers that are in use."""
        used = self.chat_template + str(self.whole.bos_token) + str(self.whole.eos_token)
        vocabulary = self.whole.backend_tokenizer.get_vocab(with_added_tokens=True)
        return max((token for piece, token in vocabulary.items() if token not in self.reserved or piece in used), default=0)

    def encode_text(self, text: str, *, opens: bool = False) -> list[int]:
        """Encode a message's text so that no token of it is a marker.

        Args:
            text: Anything.
            opens: Whether it stands right after a marker.

        Raises:
            ScoringError: One character alone is a marker, or the text is not valid Unicode.
        """
        try:
            encoding = (self.opening if opens else self.plain).encode(text, add_special_tokens=False)
        except (TypeError, UnicodeError) as error:
            raise ScoringError("a text is not valid Unicode") from error
        cuts = [0]
        for token, (start, stop) in zip(encoding.ids, encoding.offsets, strict=True):
            if token in self.reserved or (token in self.bytes and _BYTE.fullmatch(text[start:stop])):
                if stop - start < 2:
                    raise ScoringError("a text can't be told apart from a control token")
                cuts.append((start + stop) // 2)
        if len(cuts) == 1:
            return list(encoding.ids)
        pieces = [text[start:stop] for start, stop in zip(cuts, [*cuts[1:], len(text)], strict=True)]
        return [token for number, piece in enumerate(pieces) for token in self.encode_text(piece, opens=opens and not number)]

    def encode_literal(self, text: str, *, after_text: bool = False) -> list[int]:
        """Encode a part of the template: markers become control tokens."""
        backend = self.whole.backend_tokenizer
        if not after_text or self.inner is backend:
            return list(backend.encode(text, add_special_tokens=False).ids)
        encoding = self.inner.encode(text, add_special_tokens=False)
        marked = (start for token, (start, _) in zip(encoding.ids, encoding.offsets, strict=True) if token in self.reserved)
        head = next(marked, len(text))
        ids = list(self.inner.encode(text[:head], add_special_tokens=False).ids)
        return ids + list(backend.encode(text[head:], add_special_tokens=False).ids)

    def opens(self, literal: str) -> bool:
        """Tell whether a part of the template ends with a marker."""
        if self.opening is self.plain:
            return False
        encoding = self.whole.backend_tokenizer.encode(literal, add_special_tokens=False)
        return bool(encoding.ids) and encoding.ids[-1] in self.reserved and encoding.offsets[-1][1] == len(literal)

    def decode(self, ids: list[int]) -> str:
        """Return the text of tokens, without control tokens."""
        return str(self.whole.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False))


def _unknown(settings: dict[str, Any], whole: Any) -> set[int]:
    """Return the id that unknown characters become, if it means nothing else."""
    unknown = whole.unk_token
    others = {whole.bos_token, whole.eos_token, whole.sep_token, whole.cls_token}
    if unknown is None or unknown in others or unknown in str(whole.chat_template):
        return set()
    model = settings["model"]
    return {whole.unk_token_id} if model.get("unk_token") == unknown or model.get("unk_id") == whole.unk_token_id else set()


def _without_dummy_prefix(settings: dict[str, Any]) -> dict[str, Any]:
    """Switch off the space that some tokenizers put before a text: a message is not the beginning of one."""
    changed = json.loads(json.dumps(settings))
    for part, steps_of in (("normalizer", "normalizers"), ("pre_tokenizer", "pretokenizers")):
        step = changed[part]
        steps = (step[steps_of] if step["type"] == "Sequence" else [step]) if step else []
        kept = [one for one in steps if one["type"] != "Prepend"]
        for one in kept:
            if one["type"] == "Metaspace":
                one["prepend_scheme"] = "never"
            if one["type"] == "ByteLevel":
                one["add_prefix_space"] = False
        if step and step["type"] == "Sequence":
            step[steps_of] = kept
        elif step and not kept:
            changed[part] = None
    return dict(changed)


def _without_first_prefix(settings: dict[str, Any]) -> dict[str, Any]:
    """Switch off the space that is put before the first text only: the template stands before all of them."""
    changed = json.loads(json.dumps(settings))
    step = changed["pre_tokenizer"]
    for one in (step["pretokenizers"] if step["type"] == "Sequence" else [step]) if step else []:
        if one["type"] == "Metaspace" and one.get("prepend_scheme") == "first":
            one["prepend_scheme"] = "never"
    return dict(changed)
