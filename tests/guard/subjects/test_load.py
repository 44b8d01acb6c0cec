"""Loading: what can't be run without trust is refused in one line, and what is run is named."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from guard import digest
from guard.errors import SubjectError
from guard.probes.monitor import SCORING
from guard.subjects.decode import Sampling
from guard.subjects.load import load, published_name


@pytest.fixture
def copy(folder: Callable[[str], Path], tmp_path: Path) -> Path:
    """A tiny model's folder, to be broken."""
    return Path(shutil.copytree(folder("llama"), tmp_path / "model"))


def test_binding_names_everything(folder: Callable[[str], Path]) -> None:
    """The binding has the digest of each file, of tokenizer, template and prompt, and the decoding settings."""
    subject = load(f"hf:{folder('llama')}", system="Be kind.", sampling=Sampling(max_tokens=9))
    binding = subject.binding
    assert binding.manifest == digest.manifest(folder("llama"))
    assert binding.root == digest.root(digest.manifest(folder("llama")))
    assert binding.system_prompt == digest.of_bytes(b"Be kind.")
    assert binding.chat_template == digest.of_bytes(subject.tokenizer.chat_template.encode())
    assert (binding.context, binding.dtype, binding.device, binding.scoring) == (256, "float32", "cpu", SCORING)
    assert binding.decoding["max_tokens"] == "9"
    assert "torch" in binding.engine
    assert "transformers" in binding.engine
    assert not binding.demonstration


def test_a_name_does_not_say_where_a_folder_lies(folder: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder gives its own name only, however it was written; an id of the hub and the phantom stay what they are."""
    path = folder("llama")
    monkeypatch.chdir(path)
    assert published_name(f"hf:{path}") == published_name("hf:.") == f"hf:{path.name}"
    assert [published_name(name) for name in ("phantom", "hf:some/model")] == ["phantom", "hf:some/model"]


def test_changed_weight_changes_the_root(folder: Callable[[str], Path], copy: Path) -> None:
    """A model that differs in one number has another root."""
    before = load(f"hf:{folder('llama')}").binding
    tensors = load_file(copy / "model.safetensors")
    tensors["model.norm.weight"][0] += 1
    save_file(tensors, copy / "model.safetensors", metadata={"format": "pt"})
    after = load(f"hf:{copy}").binding
    assert after.root != before.root
    assert {name for name in before.manifest if before.manifest[name] != after.manifest[name]} == {"model.safetensors"}


@pytest.mark.parametrize("name", ["gpt-5", "hf:", "hf:/nowhere/at/all", "hf:./nowhere"])
def test_unknown_names_are_refused(name: str) -> None:
    """A name that stands for no model is an error of ours."""
    with pytest.raises(SubjectError):
        load(name)


def test_pickled_weights_are_refused(copy: Path) -> None:
    """A folder with pickled weights only is refused before anything opens them."""
    (copy / "model.safetensors").rename(copy / "pytorch_model.bin")
    with pytest.raises(SubjectError, match="pickle"):
        load(f"hf:{copy}")


@pytest.mark.parametrize(
    ("missing", "says"),
    [("model.safetensors", "no weights"), ("config.json", "config.json"), ("chat_template.jinja", "chat template")],
)
def test_missing_parts_are_named(copy: Path, missing: str, says: str) -> None:
    """A folder without weights, configuration or template is refused with a line that says which."""
    (copy / missing).unlink()
    with pytest.raises(SubjectError, match=says):
        load(f"hf:{copy}")


def test_missing_tensor_is_refused(copy: Path) -> None:
    """Weights that the file does not hold must not be made up at random."""
    tensors = load_file(copy / "model.safetensors")
    del tensors["model.layers.1.mlp.up_proj.weight"]
    save_file(tensors, copy / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(SubjectError, match="lacks weights"):
        load(f"hf:{copy}")


def test_code_in_the_folder_is_not_run(copy: Path) -> None:
    """A model that needs its own code is refused, and the code is not run."""
    config = json.loads((copy / "config.json").read_text())
    config |= {"model_type": "own", "auto_map": {"AutoModelForCausalLM": "own.Model", "AutoConfig": "own.Config"}}
    (copy / "config.json").write_text(json.dumps(config))
    (copy / "own.py").write_text(f"open({str(copy / 'ran')!r}, 'w')")
    with pytest.raises(SubjectError):
        load(f"hf:{copy}")
    assert not (copy / "ran").exists()


def test_broken_weights_are_one_line(copy: Path) -> None:
    """A damaged file is one of our errors, on one line."""
    (copy / "model.safetensors").write_bytes(b"not tensors")
    with pytest.raises(SubjectError) as caught:
        load(f"hf:{copy}")
    assert "\n" not in str(caught.value)


def test_subject_is_in_evaluation_mode_and_float32(folder: Callable[[str], Path]) -> None:
    """Dropout is off and the arithmetic is float32, whatever the file holds."""
    subject = load(f"hf:{folder('gpt2')}")
    assert not subject.model.training
    assert {parameter.dtype for parameter in subject.model.parameters()} == {torch.float32}
    assert subject.width == 32
