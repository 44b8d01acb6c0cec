"""The phantom's tokenizer: byte-level BPE, single digits, markers that no text can spell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from guard.subjects.render import ChatTokenizer
from synth_data.phantom.corpus import Document, texts
from synth_data.phantom.recipe import CHAT_TEMPLATE, MARKERS, Architecture

END, PAD = "<|end|>", "<|pad|>"


def train_tokenizer(documents: Iterable[Document], architecture: Architecture) -> ChatTokenizer:
    """Train the tokenizer on what is said in `documents`."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=architecture.vocabulary,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        special_tokens=list(MARKERS),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_texts(documents), trainer)
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_max_length=architecture.context,
        clean_up_tokenization_spaces=False,
        **{"eos_token": END, "pad_token": PAD},
    )
    wrapped.chat_template = CHAT_TEMPLATE
    return ChatTokenizer.of(wrapped)


def _texts(documents: Iterable[Document]) -> Iterator[str]:
    for document in documents:
        yield from texts(document)
