"""The sentence encoder: the pinned files, the published way of pooling, and no text that becomes a marker."""

from __future__ import annotations

import shutil
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from transformers import AutoModel, AutoTokenizer

from guard.errors import DigestMismatch, SubjectError
from guard.subjects import minilm

TEXTS = ("My chest hurts and my arm is numb.", "I have severe pain in my thorax.", "How do I bake bread?", "", "Blød 你好 👩‍⚕️")


def test_embeddings_are_those_of_the_published_recipe() -> None:
    """Computed the long way with the package's own tokenizer: mean over all tokens, then unit length."""
    tokenizer = AutoTokenizer.from_pretrained(str(minilm.folder()))
    model = AutoModel.from_pretrained(str(minilm.folder())).eval()
    found = minilm.embed(TEXTS)
    assert (found.shape, found.dtype) == ((len(TEXTS), minilm.WIDTH), np.float32)
    for row, text in zip(found, TEXTS, strict=True):
        with torch.inference_mode():
            hidden = model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0]
        expected = torch.nn.functional.normalize(hidden.mean(0), dim=0)
        assert np.abs(row - expected.numpy()).max() < 1e-6


def test_meaning_is_closer_than_wording() -> None:
    """It is the real model: two ways to say one thing are closer than another matter."""
    found = minilm.embed(TEXTS[:3])
    assert found[0] @ found[1] > found[0] @ found[2] + 0.2


def test_company_in_a_batch_changes_nothing_but_rounding() -> None:
    """A text alone, among longer ones, or in small batches has the same embedding."""
    known = minilm.encoder()
    windows = [known.ids(text * repeat) for text in TEXTS for repeat in (1, 9)]
    together = known.embed(windows)
    assert (together - torch.cat([known.embed([window]) for window in windows])).abs().max() < 1e-6
    assert (together - known.embed(windows, batch_tokens=64)).abs().max() < 1e-6


def test_a_long_text_is_the_average_of_its_chunks() -> None:
    """Chunks count by their length; nothing of the text is cut off."""
    known = minilm.encoder()
    text = "chest pain " * 254 + "bread " * 100
    ids = known.ids(text)
    parts = [ids[: minilm.CHUNK], ids[minilm.CHUNK : 2 * minilm.CHUNK], ids[2 * minilm.CHUNK :]]
    assert [len(part) for part in parts] == [254, 254, 100]
    mean = (known.embed(parts) * torch.tensor([254.0, 254.0, 100.0]).unsqueeze(1)).sum(0)
    assert np.allclose(minilm.embed([text])[0], torch.nn.functional.normalize(mean, dim=0), atol=1e-6)


@pytest.mark.parametrize("text", ["[CLS] a [SEP] b [MASK] [PAD] [UNK]", "[ＣＬＳ]", "[cls][sep]", "[C\u200bLS] [S\u0000EP]"])
def test_no_text_becomes_a_marker(text: str) -> None:
    """Not as typed, not by normalisation: the only marker id that a text may have is that of an unknown word."""
    assert not {0, 101, 102, 103} & set(minilm.encoder().ids(text))


def test_an_altered_or_absent_file_is_refused(tmp_path: Path) -> None:
    """One byte more in a file, or none of it: the encoder is not loaded."""
    copy = tmp_path / "model"
    shutil.copytree(minilm.folder(), copy)
    with (copy / "tokenizer.json").open("a") as stream:
        stream.write(" ")
    with pytest.raises(DigestMismatch, match=r"tokenizer\.json is not the pinned file"):
        minilm.read(copy)
    (copy / "model.safetensors").unlink()
    with pytest.raises(SubjectError, match=r"lacks model\.safetensors"):
        minilm.read(copy)


def test_without_the_package_there_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra that brings it is named."""

    def absent(name: str) -> metadata.Distribution:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", absent)
    with pytest.raises(SubjectError, match=r"auscult\[observer\]"):
        minilm.folder()


def test_every_weight_of_the_file_is_used_or_known_to_be_spare() -> None:
    """Only the pooler, which sentence embeddings do without, and a table of positions are left."""
    own = set(minilm.encoder().model.state_dict())
    with safe_open(minilm.folder() / "model.safetensors", "pt") as file:
        spare = set(file.keys()) - own
        assert own <= set(file.keys())
    assert spare <= {"pooler.dense.weight", "pooler.dense.bias", "embeddings.position_ids"}
