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
from guard.probes.activations import HookPoint
from guard.probes.monitor import SCORING
from guard.subjects import folders
from guard.subjects.decode import Sampling
from guard.subjects.load import load, load_decoder, published_name


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


@pytest.mark.parametrize("name", ["gpt-5", "hf:", "hf:/nowhere/at/all", "hf:./nowhere", "observer:other", "smollm"])
def test_unknown_names_are_refused(name: str) -> None:
    """A name that stands for no model is an error of ours."""
    with pytest.raises(SubjectError):
        load(name)


@pytest.mark.parametrize("name", ["hf:some-lab/some-model", "hf:", "hf:not-here", "other", "hf:https://example.org/x"])
def test_what_a_certificate_names_is_never_fetched(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Only what lies here already is loaded on a certificate's word."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SubjectError, match="is not at hand; name the model with --subject"):
        folders.named_by_certificate(name)


def test_what_a_certificate_names_is_found_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Models that the package knows, and a folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    for name in ("phantom", "phantom-next", "smollm2", "smollm2:q4_1-dequantised", "observer:minilm", "hf:mine"):
        assert folders.named_by_certificate(name) == name


def test_an_unknown_name_gets_the_list_of_known_ones() -> None:
    """The line names every model that can be loaded."""
    with pytest.raises(SubjectError, match=r"phantom, phantom-next, smollm2, observer:minilm, or hf:"):
        load("gpt-5")


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
    with pytest.raises(SubjectError, match="wants to run code of its own"):
        load(f"hf:{copy}")
    assert not (copy / "ran").exists()


def test_code_beside_a_known_architecture_is_not_needed(copy: Path) -> None:
    """Where transformers has the architecture itself, that is used; code that lies beside it stays unread."""
    change(copy / "config.json", auto_map={"AutoModelForCausalLM": "own.Model", "AutoConfig": "own.Config"})
    (copy / "own.py").write_text(f"open({str(copy / 'ran')!r}, 'w')")
    assert load_decoder(f"hf:{copy}").model.config.model_type == "llama"
    assert not (copy / "ran").exists()


def change(path: Path, **fields: object) -> None:
    """Set fields of a JSON file; None takes one out."""
    made = json.loads(path.read_text()) | fields
    path.write_text(json.dumps({name: value for name, value in made.items() if value is not None}))


def test_a_tokenizer_that_wants_its_own_code_is_refused(copy: Path) -> None:
    """The same holds for the tokenizer."""
    change(copy / "tokenizer_config.json", auto_map={"AutoTokenizer": ["own.Tokenizer", None]})
    with pytest.raises(SubjectError, match="tokenizer wants to run code"):
        load(f"hf:{copy}")


def test_an_encoder_with_a_decoder_is_refused(copy: Path) -> None:
    """A model of another kind is named as such."""
    change(copy / "config.json", model_type="t5", is_encoder_decoder=True)
    with pytest.raises(SubjectError, match=r"an encoder and a decoder \(t5\)"):
        load(f"hf:{copy}")


def test_an_adapter_is_no_model(copy: Path) -> None:
    """A folder that holds what is added to a model says so."""
    shutil.copy(copy / "config.json", copy / "adapter_config.json")
    with pytest.raises(SubjectError, match="is an adapter, not a model; merge it"):
        load(f"hf:{copy}")
    (copy / "config.json").unlink()
    with pytest.raises(SubjectError, match="is an adapter, not a model; merge it"):
        load(f"hf:{copy}")


@pytest.mark.parametrize("text", ["{", "[]", "null", "\ufeff"])
def test_a_configuration_that_is_none_is_one_line(copy: Path, text: str) -> None:
    """Broken JSON, or JSON of another shape."""
    (copy / "config.json").write_text(text)
    with pytest.raises(SubjectError, match=r"config\.json"):
        load(f"hf:{copy}")


def test_generation_settings_are_not_needed(copy: Path) -> None:
    """Without generation_config.json an answer still ends where the model's own configuration says."""
    (copy / "generation_config.json").unlink(missing_ok=True)
    assert load_decoder(f"hf:{copy}").stop_ids == {5}


def test_a_tokenizer_with_more_tokens_than_the_model_is_refused(copy: Path) -> None:
    """Ids that the model has no embedding for are found when it is loaded."""
    tensors = load_file(copy / "model.safetensors")
    tensors["model.embed_tokens.weight"] = tensors["model.embed_tokens.weight"][:200].clone()
    save_file(tensors, copy / "model.safetensors", metadata={"format": "pt"})
    change(copy / "config.json", vocab_size=200)
    with pytest.raises(SubjectError, match="the model knows 200 tokens"):
        load(f"hf:{copy}")


def test_device_and_numbers_are_chosen_and_bound(folder: Callable[[str], Path]) -> None:
    """What was asked for is what is run, and stands in the binding; the same row reads nearly the same."""
    name = f"hf:{folder('llama')}"
    exact, coarse = load_decoder(name), load_decoder(name, device="cpu", dtype="bfloat16")
    assert (coarse.binding.dtype, coarse.binding.device) == ("bfloat16", "cpu")
    assert {parameter.dtype for parameter in coarse.model.parameters()} == {torch.bfloat16}
    one, other = (subject.capture([[9, 12, 7]], [HookPoint(1)], [[2]])[HookPoint(1)].values for subject in (exact, coarse))
    assert one.dtype == other.dtype == torch.float32
    assert torch.nn.functional.cosine_similarity(one, other, dim=-1).item() > 0.99


@pytest.mark.parametrize("options", [{"device": "gpu0"}, {"device": "meta:x"}, {"dtype": "int8"}])
def test_what_is_no_device_or_number_is_one_line(folder: Callable[[str], Path], options: dict[str, str]) -> None:
    """A device that torch does not have, or numbers that nobody checked."""
    with pytest.raises(SubjectError, match="say "):
        load(f"hf:{folder('llama')}", **options)


def test_both_phantoms_have_a_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The packaged models load by name and are demonstrations; one that an installation lacks is told in one line."""
    assert load("phantom").binding.demonstration
    assert folders.published_name("phantom-next") == "phantom-next"
    monkeypatch.setitem(folders._PACKAGED, "phantom-next", tmp_path / "none")
    with pytest.raises(SubjectError, match="this installation has no phantom-next"):
        load("phantom-next")


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
