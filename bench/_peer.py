"""Reads the same batches with another library, in that library's own environment. Started by `extraction.py`, not by hand.

    python _peer.py nnsight|transformer-lens FOLDER BATCHES.safetensors BLOCK THREADS

A line `go` on the standard input reads all batches and answers with the seconds of processor time that it took; `save FILE`
writes what was read at the last token of each row. Imports nothing of ours, for none of it is installed there.
"""

import json
import sys
import time
from collections.abc import Callable
from importlib.metadata import version

import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

Read = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""From ids and mask, each (rows, tokens), to the output of the block: (rows, tokens, width)."""


def nnsight(model: torch.nn.Module, block: int) -> Read:
    """Trace the decoder and save one block's output."""
    from nnsight import NNsight

    wrapped = NNsight(model.model)

    def read(ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        with wrapped.trace(input_ids=ids, attention_mask=mask, use_cache=False):
            found = wrapped.layers[block].output.save()
        return found[0] if isinstance(found, tuple) else found

    return read


def transformer_lens(model: torch.nn.Module, block: int) -> Read:
    """Boot a bridge over the same model, which leaves its weights as they are, and cache one block's output."""
    from transformer_lens.model_bridge import TransformerBridge

    bridge = TransformerBridge.boot_transformers(model.name_or_path, hf_model=model, tokenizer=None, device="cpu")
    name = f"blocks.{block}.hook_out"

    def read(ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        _, cache = bridge.run_with_cache(ids, attention_mask=mask, names_filter=lambda hook: hook == name, return_type=None)
        found = cache[name]
        return found[0] if isinstance(found, tuple) else found

    return read


def main() -> None:
    """Load, say what is installed, and answer lines until they end."""
    library, folder, batches, block, threads = sys.argv[1:]
    torch.set_num_threads(int(threads))
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    model = AutoModelForCausalLM.from_pretrained(
        folder, use_safetensors=True, dtype=torch.float32, attn_implementation="sdpa", local_files_only=True
    ).eval()
    read = {"nnsight": nnsight, "transformer-lens": transformer_lens}[library](model, int(block))
    held = load_file(batches)
    count = sum(name.startswith("ids") for name in held)
    found: list[torch.Tensor] = []
    names = (library, "torch", "transformers")
    print(json.dumps({name: version(name) for name in names}), flush=True)
    for line in sys.stdin:
        word, _, rest = line.strip().partition(" ")
        if word == "save":
            save_file({f"values{index}": value.contiguous().clone() for index, value in enumerate(found)}, rest)
            print("saved", flush=True)
            continue
        found = []
        began = time.process_time()
        with torch.no_grad():
            for index in range(count):
                ids, mask, last = (held[f"{part}{index}"] for part in ("ids", "mask", "last"))
                seen = read(ids, mask)
                found.append(seen[torch.arange(len(ids)), last].float())
        print(time.process_time() - began, flush=True)


if __name__ == "__main__":
    main()
