"""Loading a subject: safetensors only, no code from the model's folder, and everything that is run named by digest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import torch
import transformers
from huggingface_hub import snapshot_download
from transformers import AutoModelForCausalLM, AutoTokenizer

from guard import digest
from guard.certificate import SubjectBinding
from guard.errors import SubjectError
from guard.probes.monitor import SCORING
from guard.subjects.causal import CausalSubject
from guard.subjects.events import Sampling
from guard.subjects.render import ChatTokenizer
from guard.subjects.taps import find_blocks

PHANTOM = Path(__file__).parent / "phantom"
"""The packaged model."""
_PICKLED = (".bin", ".pt", ".pth", ".ckpt")
_FETCH = ("*.safetensors", "*.json", "*.jinja", "tokenizer*", "*.model", "*.txt")


def load(
    name: str, *, system: str | None = None, threads: int | None = None, sampling: Sampling | None = None
) -> CausalSubject:
    """Load a subject by name.

    Args:
        name: `phantom`, or `hf:` and a folder or a model id of the Hugging Face hub.
        system: The guard's system prompt, put first in every conversation.
        threads: Threads of the whole process for arithmetic; as torch chooses if None.
        sampling: Decoding settings that the certificate will bind.

    Raises:
        SubjectError: There is no such model, or it can't be loaded without trusting its publisher's code.
    """
    if threads:
        torch.set_num_threads(threads)
    folder = _folder(name)
    _check(folder)
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    tokenizer = ChatTokenizer.of(_from_pretrained(AutoTokenizer, folder))
    model, report = _load_model(folder)
    if report["missing_keys"] or report["mismatched_keys"]:
        raise SubjectError(f"{folder.name} lacks weights that the model needs", "fetch the model again")
    model.eval()
    return CausalSubject(
        binding=_bind(name, folder, model, tokenizer, system, sampling or Sampling()),
        tokenizer=tokenizer,
        model=model,
        blocks=find_blocks(model),
        system=system,
        stop_ids=_stop_ids(model, tokenizer),
    )


def _folder(name: str) -> Path:
    if name == "phantom":
        return PHANTOM
    kind, _, rest = name.partition(":")
    if kind != "hf" or not rest:
        raise SubjectError(f"unknown subject {name[:80]!r}", "write phantom, or hf: and a folder or model id")
    folder = Path(rest)
    if folder.is_dir():
        return folder
    if folder.is_absolute() or rest.startswith(".") or rest.count("/") > 1:
        raise SubjectError(f"no such folder: {rest[:200]}")
    return _fetch(rest)


def _fetch(model_id: str) -> Path:
    try:
        return Path(snapshot_download(model_id, allow_patterns=list(_FETCH)))
    except Exception as error:
        raise SubjectError(
            f"can't fetch {model_id[:120]} ({type(error).__name__})", "check the id and the network, or name a folder"
        ) from error


def _check(folder: Path) -> None:
    """Find out early, in one line, what would otherwise fail deep inside a library."""
    if not (folder / "config.json").is_file():
        raise SubjectError(f"{folder} holds no model: config.json is missing")
    if any(folder.glob("*.safetensors")):
        return
    if any(path.suffix in _PICKLED for path in folder.iterdir()):
        raise SubjectError(f"{folder} has pickled weights only", "convert them to safetensors; pickle can run code")
    raise SubjectError(f"{folder} holds no weights: no *.safetensors")


def _from_pretrained(kind: Any, folder: Path, **options: Any) -> Any:
    try:
        return kind.from_pretrained(str(folder), trust_remote_code=False, local_files_only=True, **options)
    except Exception as error:
        # Whatever a library raises on a broken or unknown model: our caller needs one line.
        reason = " ".join(str(error).split())[:200]
        raise SubjectError(f"can't load {folder} ({type(error).__name__}: {reason})") from error


def _load_model(folder: Path) -> tuple[Any, dict[str, Any]]:
    options = {"use_safetensors": True, "dtype": torch.float32, "output_loading_info": True}
    try:
        model, report = _from_pretrained(AutoModelForCausalLM, folder, attn_implementation="sdpa", **options)
    except SubjectError as error:
        if "attention" not in str(error):
            raise
        model, report = _from_pretrained(AutoModelForCausalLM, folder, attn_implementation="eager", **options)
    return model, report


def published_name(name: str) -> str:
    """Return a subject's name as certificates and clients say it: of a folder only its own name, not where it lies."""
    given = Path(name.removeprefix("hf:"))
    return "hf:" + given.resolve().name if name != "phantom" and given.is_dir() else name


def _stop_ids(model: Any, tokenizer: ChatTokenizer) -> frozenset[int]:
    found = [model.generation_config.eos_token_id, model.config.eos_token_id, tokenizer.whole.eos_token_id]
    ids: set[int] = set()
    for one in found:
        ids.update([one] if isinstance(one, int) else one or ())
    return frozenset(ids)


def _context(model: Any, tokenizer: ChatTokenizer) -> int:
    config = model.config.get_text_config()
    limits = [getattr(config, name, None) for name in ("max_position_embeddings", "n_positions")]
    known = [int(limit) for limit in (*limits, tokenizer.whole.model_max_length) if limit and limit < 10**9]
    if not known:
        raise SubjectError("the model does not say how long a text it can read")
    return min(known)


def _bind(
    name: str, folder: Path, model: Any, tokenizer: ChatTokenizer, system: str | None, sampling: Sampling
) -> SubjectBinding:
    # Files of a hub snapshot are links into its cache, so each is followed here; a plain folder may hold no link.
    if any(path.is_symlink() for path in folder.iterdir()):
        files = {path.name: digest.of_file(path) for path in sorted(folder.iterdir()) if path.is_file()}
    else:
        files = digest.manifest(folder)
    return SubjectBinding(
        name=published_name(name),
        manifest={file: str(value) for file, value in files.items()},
        root=digest.root(files),
        tokenizer=digest.of_bytes(tokenizer.whole.backend_tokenizer.to_str().encode()),
        chat_template=digest.of_bytes(tokenizer.chat_template.encode()),
        system_prompt=digest.of_bytes(system.encode()) if system else "none",
        context=_context(model, tokenizer),
        engine=f"torch {torch.__version__}, transformers {transformers.__version__}",
        dtype=str(model.dtype).removeprefix("torch."),
        device=model.device.type,
        scoring=SCORING,
        decoding={key: str(value) for key, value in msgspec.to_builtins(sampling).items()},
        demonstration=name == "phantom" or bool(getattr(model.config, "auscult_demonstration", False)),
    )
