"""Where a model's folder lies, and whether it can be loaded without trusting its publisher's code.

Everything that would otherwise fail deep inside a library is found out here, in one line.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from huggingface_hub import snapshot_download
from transformers import CONFIG_MAPPING

from guard.errors import SubjectError
from guard.subjects import smollm2

PHANTOM = Path(__file__).parent / "phantom"
"""The packaged model."""
PHANTOM_NEXT = Path(__file__).parent / "phantom_next"
"""The packaged model after its vendor tuned it further."""
OBSERVER = "observer:minilm"
"""The packaged name of the encoder that stands beside a model."""
_PACKAGED = {"phantom": PHANTOM, "phantom-next": PHANTOM_NEXT}
_KNOWN = f"phantom, phantom-next, smollm2, {OBSERVER}, or hf: and a folder or model id"
_PICKLED = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
_FETCH = ("*.safetensors", "*.json", "*.jinja", "tokenizer*", "*.model", "*.txt")
# Second copies of the weights, in other forms.
_LEAVE = ("consolidated*", "original/*", "onnx/*", "openvino/*")


def folder_of(name: str) -> Path:
    """Return the folder of a decoder, fetched if it is on the hub only.

    Raises:
        SubjectError: There is no such model.
    """
    if name in _PACKAGED:
        if not _PACKAGED[name].is_dir():
            raise SubjectError(f"this installation has no {name}", "install the whole package")
        return _PACKAGED[name]
    if name in {smollm2.NAME, smollm2.PUBLISHED}:
        return smollm2.require()
    kind, _, rest = name.partition(":")
    if kind != "hf" or not rest:
        raise SubjectError(f"unknown subject {name[:80]!r}", f"write {_KNOWN}")
    folder = Path(rest)
    if folder.is_dir():
        return folder
    if folder.is_absolute() or rest.startswith(".") or rest.count("/") > 1:
        raise SubjectError(f"no such folder: {rest[:200]}")
    return _fetch(rest)


def named_by_certificate(name: str) -> str:
    """Return the name that a certificate gives a model, if it can be found without asking anybody.

    What a certificate says must not make this machine fetch anything: only packaged and converted models, observers and
    folders are looked for.

    Raises:
        SubjectError: It is none of these.
    """
    known = {*_PACKAGED, smollm2.NAME, smollm2.PUBLISHED, OBSERVER}
    if name in known or (name.startswith("hf:") and Path(name.removeprefix("hf:")).is_dir() and name != "hf:"):
        return name
    raise SubjectError(f"the certificate's model, {name[:80]!r}, is not at hand", "name the model with --subject")


def published_name(name: str) -> str:
    """Return a subject's name as certificates and clients say it: of a folder only its own name, not where it lies."""
    if name == smollm2.NAME:
        return smollm2.PUBLISHED
    given = Path(name.removeprefix("hf:"))
    return "hf:" + given.resolve().name if name.startswith("hf:") and given.is_dir() else name


def check(folder: Path) -> None:
    """Refuse what can't be run safely, or is no decoder.

    Raises:
        SubjectError: Saying which.
    """
    # Where transformers finds this file, it puts the adapter into another model, which it fetches.
    if (folder / "adapter_config.json").exists():
        raise SubjectError(f"{folder} is an adapter, not a model", "merge it into its base model and save that")
    if not (folder / "config.json").is_file():
        raise SubjectError(f"{folder} holds no model: config.json is missing")
    _check_config(folder, _json(folder / "config.json"))
    if (folder / "tokenizer_config.json").is_file() and "auto_map" in _json(folder / "tokenizer_config.json"):
        raise SubjectError(f"{folder}'s tokenizer wants to run code from its folder", "use one that transformers itself knows")
    if any(folder.glob("*.safetensors")):
        return
    if any(path.suffix in _PICKLED for path in folder.iterdir()):
        raise SubjectError(f"{folder} has pickled weights only", "convert them to safetensors; pickle can run code")
    raise SubjectError(f"{folder} holds no weights: no *.safetensors")


def _check_config(folder: Path, config: dict[str, Any]) -> None:
    kind = str(config.get("model_type", ""))[:60]
    # A folder may carry code for a model that transformers knows anyway; that code is never run.
    if "auto_map" in config and kind not in CONFIG_MAPPING:
        raise SubjectError(f"{folder} wants to run code of its own ({kind or 'no model_type'})", "it is never run; use another")
    if config.get("is_encoder_decoder"):
        raise SubjectError(f"{folder} is an encoder and a decoder ({kind})", "use a model that is a decoder only")


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise SubjectError(f"{path} can't be read as JSON") from error
    if not isinstance(found, dict):
        raise SubjectError(f"{path} holds no settings")
    return found


def _fetch(model_id: str) -> Path:
    try:
        return Path(snapshot_download(model_id, allow_patterns=list(_FETCH), ignore_patterns=list(_LEAVE)))
    except Exception as error:
        raise SubjectError(
            f"can't fetch {model_id[:120]} ({type(error).__name__})", "check the id and the network, or name a folder"
        ) from error
