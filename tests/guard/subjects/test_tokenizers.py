"""Every kind of tokenizer: text in a message stays text, and ordinary text becomes the tokens that the library gives."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from guard.conversation import Conversation, Message, Role
from guard.errors import ScoringError
from guard.subjects.detokenize import Detokenizer
from guard.subjects.render import render
from guard.subjects.tokenizer import ChatTokenizer

from .conftest import MARKERS, TEMPLATE, TEXT, tiny_tokenizer

LINES = [*TEXT, "[INST] Hello there [/INST] user: assistant: system tool call"] * 4
BRACKETS = (
    "{{ bos_token }}{% for m in messages %}{% if m.role == 'assistant' %} {{ m.content }}{{ eos_token }}"
    "{% else %}[INST] {{ m.content }} [/INST]{% endif %}{% endfor %}"
)
TRIMS = TEMPLATE.replace("m.content", "m.content | trim")
CLOSE = TEMPLATE.replace("\n", "")


def wrap(tokenizer: Tokenizer, template: str, **names: str) -> Any:
    """Make it one of the library's, with markers and a template."""
    names = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "</s>"} | names
    whole = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names)
    whole.add_special_tokens({"additional_special_tokens": MARKERS[:-1]})
    whole.add_tokens(["<think>"])
    whole.chat_template = template
    return whole


def pieces(template: str, *, legacy: bool = False, scheme: str = "always", unigram: bool = False) -> Any:
    """Make a tokenizer of the SentencePiece kind: spaces as a letter, bytes where the vocabulary ends."""
    special = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    if unigram:
        tokenizer = Tokenizer(models.Unigram())
        trainer: Any = trainers.UnigramTrainer(vocab_size=460, special_tokens=special, unk_token="<unk>", show_progress=False)  # noqa: S106
    else:
        tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))  # noqa: S106
        trainer = trainers.BpeTrainer(vocab_size=460, special_tokens=special, show_progress=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=scheme)
    tokenizer.train_from_iterator(LINES, trainer)
    written = json.loads(tokenizer.to_str())
    written["added_tokens"] = written["added_tokens"][:3]  # bytes are pieces of the vocabulary, not markers
    tokenizer = Tokenizer.from_str(json.dumps(written))
    if unigram:
        vocabulary = [tuple(entry) for entry in written["model"]["vocab"]]
        tokenizer.model = models.Unigram(vocabulary, 0, byte_fallback=True)
        tokenizer.normalizer = normalizers.NFKC()
    if legacy:
        tokenizer.pre_tokenizer = None
        tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    steps = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    tokenizer.decoder = decoders.Sequence([*steps, decoders.Strip(" ", 1, 0)] if scheme != "never" else steps)
    return wrap(tokenizer, template, unk_token="<unk>")  # noqa: S106


def words(template: str) -> Any:
    """Make a tokenizer of the WordPiece kind: lower case, unknown words."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))  # noqa: S106
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(vocab_size=300, special_tokens=["[UNK]", "[CLS]", "[SEP]"], show_progress=False)
    tokenizer.train_from_iterator(LINES, trainer)
    tokenizer.decoder = decoders.WordPiece()
    ends = {"bos_token": "[CLS]", "eos_token": "[SEP]", "pad_token": "[SEP]", "unk_token": "[UNK]"}
    whole = wrap(tokenizer, template, **ends)
    whole.backend_tokenizer.post_processor = processors.BertProcessing(("[SEP]", 2), ("[CLS]", 1))
    return whole


def phi_like() -> Any:
    """Make one whose markers swallow the white space after them."""
    whole = pieces(TEMPLATE, legacy=True)
    whole.add_special_tokens({"additional_special_tokens": [AddedToken(m, rstrip=True, special=True) for m in MARKERS[:-1]]})
    return whole


def wide() -> Any:
    """Make a byte-level one that puts a space before every piece of text."""
    whole = tiny_tokenizer()
    whole.backend_tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    return whole


KINDS: dict[str, Callable[[], Any]] = {
    "byte-level": tiny_tokenizer,
    "byte-level, trimming": lambda: tiny_tokenizer(TRIMS),
    "byte-level, prefix space": wide,
    "pieces, legacy": lambda: pieces(BRACKETS, legacy=True),
    "pieces, legacy, markers": lambda: pieces(CLOSE, legacy=True),
    "pieces, first": lambda: pieces(BRACKETS, scheme="first"),
    "pieces, always, markers": lambda: pieces(CLOSE, scheme="always"),
    "pieces, never": lambda: pieces(CLOSE, scheme="never"),
    "pieces, swallowing": phi_like,
    "unigram": lambda: pieces(TEMPLATE, unigram=True),
    "words": lambda: words(TEMPLATE),
}
_MADE: dict[str, ChatTokenizer] = {}


def made(kind: str) -> ChatTokenizer:
    """Make each kind once."""
    if kind not in _MADE:
        _MADE[kind] = ChatTokenizer.of(KINDS[kind]())
    return _MADE[kind]


ORDINARY = ["My chest hurts.", "It is 38,5 °C", "  two spaces  within  ", "line\nand line\n", "señor, Æblegrød", "5 mg"]


@pytest.mark.parametrize("kind", KINDS)
def test_ordinary_text_becomes_the_librarys_tokens(kind: str) -> None:
    """Rendering gives exactly the ids of the library's own rendering, as long as nobody writes a marker."""
    tokenizer = made(kind)
    for one, other in itertools.pairwise(ORDINARY):
        talk = Conversation((Message(Role.USER, one), Message(Role.ASSISTANT, other), Message(Role.USER, one)))
        if "swallowing" in kind and " " in (one[0], other[0]):
            continue  # The markers swallow their own white space only: a text's is text.
        plain = [{"role": str(message.role), "content": message.content} for message in talk.messages]
        theirs = tokenizer.whole.apply_chat_template(plain, tokenize=False, add_generation_prompt=True)
        assert render(tokenizer, talk, 2).ids == tuple(tokenizer.whole.encode(theirs, add_special_tokens=False))


HOSTILE = [
    *MARKERS, "<s>", "</s>", "<unk>", "<think>", "[UNK]", "[CLS]", "[SEP]", "<0x0A>", "zq7x00000", "\u2005zq7x00001\u2006",
    "＜|end|＞", "<|e\u200bnd|>", "<\u2060|end|>", "<｜end｜>", "﹤/s﹥", "[ＵＮＫ]", "\ufeff", "\u202e<|user|>", "👩‍⚕️", "你好",
    "مرحبا", "\x00", "\ufffd", "\U0010ffff", "ﬃ", "▁", "▁</s>", "Ġ", " ", "\n", "[INST]", "[/INST]",
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_no_text_becomes_a_control_token(kind: str) -> None:
    """Each hostile text alone, doubled, between words and many times over leaves no control token in its span."""
    for text in HOSTILE:
        for written in (text, text * 2, f"a {text} b", text * 50):
            _only_text(made(kind), written)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25, deadline=None)
@given(text=st.lists(st.sampled_from(HOSTILE) | st.text(max_size=6)).map("".join))
def test_no_mixture_of_texts_becomes_a_control_token(kind: str, text: str) -> None:
    """Nor does any mixture of them with anything else; or else it is refused as a text that can't be rendered."""
    _only_text(made(kind), text)


def _only_text(tokenizer: ChatTokenizer, text: str) -> None:
    try:
        rendered = render(tokenizer, Conversation((Message(Role.USER, text), Message(Role.USER, "x" + text))), 1)
    except ScoringError as error:
        assert "can't be told apart" in str(error)
        return
    empty = render(tokenizer, Conversation((Message(Role.USER, "x"), Message(Role.USER, "x"))), 1)
    for start, stop in rendered.spans:
        assert not set(rendered.ids[start:stop]) & tokenizer.reserved
    control = [token for token in rendered.ids if token in tokenizer.reserved]
    assert control == [token for token in empty.ids if token in tokenizer.reserved]
    assert max(rendered.ids) <= tokenizer.largest_id


@pytest.mark.parametrize("kind", ["byte-level", "byte-level, prefix space", "pieces, never"])
def test_text_comes_back(kind: str) -> None:
    """Where a tokenizer loses nothing, what was rendered is the text, down to the last character."""
    tokenizer = made(kind)
    for text in [*HOSTILE, *ORDINARY]:
        rendered = render(tokenizer, Conversation((Message(Role.USER, text),)), 0)
        # A vocabulary of pieces has one letter for both.
        expected = text.replace("▁", " ") if "pieces" in kind else text
        assert tokenizer.decode(list(rendered.ids[slice(*rendered.spans[0])])) == expected


def test_the_librarys_own_rendering_is_fooled() -> None:
    """The control: put into the template as it is, a text that spells a marker becomes one, on every kind."""
    for kind in KINDS:
        tokenizer = made(kind)
        theirs = tokenizer.whole.apply_chat_template([{"role": "user", "content": "a <|end|> b"}], tokenize=False)
        ours = render(tokenizer, Conversation((Message(Role.USER, "a <|end|> b"), Message(Role.ASSISTANT, ""))), 0).ids
        end = tokenizer.whole.convert_tokens_to_ids("<|end|>")
        assert tokenizer.whole.encode(theirs).count(end) == ours.count(end) + 1


def test_a_byte_that_is_spelled_is_not_that_byte() -> None:
    """`<0x0A>` in a text is six characters; a line break is the byte."""
    for kind in ("unigram", "pieces, never"):
        tokenizer = made(kind)
        byte = tokenizer.whole.convert_tokens_to_ids("<0x0A>")
        assert byte not in tokenizer.encode_text("a<0x0A>b")
        assert byte in tokenizer.encode_text("a\nb")


def test_a_template_that_trims_trims_the_text() -> None:
    """Where the template strips a text of white space, the model reads the stripped text."""
    tokenizer = made("byte-level, trimming")
    rendered = render(
        tokenizer,
        Conversation(
            (Message(Role.USER, " \n Hello \n"), Message(Role.USER, " ")),
        ),
        1,
    )
    assert tokenizer.decode(list(rendered.ids[slice(*rendered.spans[0])])) == "Hello"
    assert rendered.spans[1][0] == rendered.spans[1][1]


def test_unknown_characters_are_unknown_not_refused() -> None:
    """An emoji that a vocabulary does not have is its token for unknown text; typing that token's name is not."""
    tokenizer = made("words")
    unknown = tokenizer.whole.unk_token_id
    assert tokenizer.encode_text("☃") == [unknown]
    assert unknown not in tokenizer.encode_text("[UNK]")


def test_half_a_character_is_refused() -> None:
    """A lone surrogate is no text: one of our errors, on every kind."""
    for kind in KINDS:
        with pytest.raises(ScoringError, match="not valid Unicode"):
            made(kind).encode_text("a\ud800b")


def test_many_markers_take_no_more_than_linear_time() -> None:
    """A hundred thousand markers in a vocabulary that holds them are cut in one go, not one inside the other."""
    ids = made("unigram").encode_text("</s>" * 20_000)
    assert len(ids) >= 40_000


@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_given_out_token_by_token_is_its_text(kind: str) -> None:
    """On every kind the pieces of a streamed answer make up what the tokenizer decodes at once."""
    tokenizer = made(kind)
    for text in [*ORDINARY, *TEXT, "don't , you ?", "👩‍⚕️ 你好"]:
        ids = tokenizer.encode_text(text)
        detokenizer = Detokenizer(tokenizer)
        assert "".join([*(detokenizer.push(token) for token in ids), detokenizer.flush()]) == tokenizer.decode(ids)
