"""Loading: safetensors only, no code from the model's folder, and everything that is run named by digest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import torch
import transformers
from transformers import AutoModelForCausalLM, AutoTokenizer

from guard import digest
from guard.binding import SubjectBinding
from guard.errors import SubjectError
from guard.probes.monitor import SCORING
from guard.probes.reading import Subject
from guard.subjects import smollm2
from guard.subjects.blocks import find_blocks
from guard.subjects.causal import CausalSubject
from guard.subjects.events import Sampling
from guard.subjects.folders import OBSERVER, PHANTOM, check, folder_of, published_name
from guard.subjects.soundness import require_fit
from guard.subjects.tokenizer import ChatTokenizer

__all__ = ["PHANTOM", "load", "load_decoder", "published_name"]

_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def load(
    name: str,
    *,
    system: str | None = None,
    threads: int | None = None,
    sampling: Sampling | None = None,
    device: str = "cpu",
    dtype: str = "float32",
) -> Subject:
    """Load anything that can be read: a decoder, or an observer beside one.

    Args:
        name: `phantom`, `phantom-next`, `smollm2`, `observer:minilm`, or `hf:` and a folder or a model id of the hub.
        system: The guard's system prompt, put first in every conversation.
        threads: Threads of the whole process for arithmetic; as torch chooses if None.
        sampling: Decoding settings that the certificate will bind.
        device: Where it runs, as torch says it: `cpu`, `cuda`, ...
        dtype: Its numbers: `float32` or `bfloat16`.

    Raises:
        SubjectError: There is no such model, or it can't be loaded without trusting its publisher's code.
    """
    if name == OBSERVER:
        from guard.subjects.observer import load_observer

        place = _place(device, dtype)
        _quiet(threads)
        return load_observer(system=system, device=place)
    return load_decoder(name, system=system, threads=threads, sampling=sampling, device=device, dtype=dtype)


def load_decoder(
    name: str,
    *,
    system: str | None = None,
    threads: int | None = None,
    sampling: Sampling | None = None,
    device: str = "cpu",
    dtype: str = "float32",
) -> CausalSubject:
    """Load a model that can answer; the arguments are those of `load`.

    Raises:
        SubjectError: There is no such model, or it can't be loaded without trusting its publisher's code, or can't answer.
    """
    if name == OBSERVER:
        raise SubjectError(f"{OBSERVER} only reads text: it can't answer", "name the model that answers")
    place = _place(device, dtype)
    folder = folder_of(name)
    check(folder)
    _quiet(threads)
    tokenizer = ChatTokenizer.of(_from_pretrained(AutoTokenizer, folder))
    model, report = _load_model(folder, _DTYPES[dtype])
    if report["missing_keys"] or report["mismatched_keys"]:
        raise SubjectError(f"{folder.name} lacks weights that the model needs", "fetch the model again")
    require_fit(model, tokenizer)
    model.to(place).eval()
    return CausalSubject(
        binding=_bind(name, folder, model, tokenizer, system, sampling or Sampling()),
        tokenizer=tokenizer,
        model=model,
        blocks=find_blocks(model),
        system=system,
        stop_ids=_stop_ids(model, tokenizer),
    )


def _place(device: str, dtype: str) -> torch.device:
    if dtype not in _DTYPES:
        raise SubjectError(f"unknown numbers {dtype[:40]!r}", f"say {' or '.join(_DTYPES)}")
    try:
        return torch.empty(0, device=device).device
    except (RuntimeError, AssertionError) as error:
        raise SubjectError(f"torch has no device {device[:40]!r} here", "say cpu") from error


def _quiet(threads: int | None) -> None:
    if threads:
        torch.set_num_threads(threads)
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()


def _from_pretrained(kind: Any, folder: Path, **options: Any) -> Any:
    try:
        return kind.from_pretrained(str(folder), trust_remote_code=False, local_files_only=True, **options)
    except Exception as error:
        # Whatever a library raises on a broken or unknown model: our caller needs one line.
        reason = " ".join(str(error).split())[:200]
        raise SubjectError(f"can't load {folder} ({type(error).__name__}: {reason})") from error


def _load_model(folder: Path, dtype: torch.dtype) -> tuple[Any, dict[str, Any]]:
    options = {"use_safetensors": True, "dtype": dtype, "output_loading_info": True}
    try:
        model, report = _from_pretrained(AutoModelForCausalLM, folder, attn_implementation="sdpa", **options)
    except SubjectError as error:
        if "attention" not in str(error):
            raise
        model, report = _from_pretrained(AutoModelForCausalLM, folder, attn_implementation="eager", **options)
    return model, report


def _stop_ids(model: Any, tokenizer: ChatTokenizer) -> frozenset[int]:
    settings = (getattr(model, "generation_config", None), model.config, tokenizer.whole)
    ids: set[int] = set()
    for one in (getattr(setting, "eos_token_id", None) for setting in settings):
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
    published = published_name(name)
    if published == smollm2.PUBLISHED:
        smollm2.require_digests(files)
    return SubjectBinding(
        name=published,
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
        demonstration=name.startswith("phantom") or bool(getattr(model.config, "auscult_demonstration", False)),
    )
