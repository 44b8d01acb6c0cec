"""From SmolLM2's GGUF file to a folder of safetensors, byte for byte the same each time.

GGUF stores a Llama's query and key rows in another order, its tokenizer as lists, and its weights quantised. All three are
undone here; the weights become the float32 numbers that the quantised file stands for, not those of the published model.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGUFReader, ReaderTensor
from gguf.quants import dequantize
from safetensors.numpy import save_file

from guard.progress import Advance

_OUTSIDE = {"token_embd.weight": "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight"}
_INSIDE = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_CONTROL = 3
"""Token type of a marker."""
TENSORS = 272
"""How many tensors there are: so many steps a conversion takes."""


def convert(file: Path, folder: Path, advance: Advance) -> None:
    """Write weights, configuration and tokenizer into an existing folder.

    Args:
        file: The GGUF file, already known by its digest.
        folder: Empty.
        advance: Told of each tensor.
    """
    reader = GGUFReader(file)
    known = {name: field.contents() for name, field in reader.fields.items()}
    config = _config(known)
    _write(folder / "config.json", config)
    _write(folder / "generation_config.json", {name: config[name] for name in ("bos_token_id", "eos_token_id", "pad_token_id")})
    _write(folder / "tokenizer.json", _tokenizer(known))
    _write(folder / "tokenizer_config.json", _tokenizer_config(known))
    (folder / "chat_template.jinja").write_text(known["tokenizer.chat_template"], encoding="utf-8")
    save_file(dict(_weights(reader, config, advance)), folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "model.safetensors").chmod(0o644)


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _weights(reader: GGUFReader, config: dict[str, Any], advance: Advance) -> Iterator[tuple[str, np.ndarray[Any, Any]]]:
    for tensor in reader.tensors:
        values = np.asarray(dequantize(tensor.data, tensor.tensor_type), dtype=np.float32)
        heads = {"attn_q": config["num_attention_heads"], "attn_k": config["num_key_value_heads"]}.get(_part(tensor))
        yield _name(tensor), np.ascontiguousarray(_unpermuted(values, heads) if heads else values)
        advance(1)


def _part(tensor: ReaderTensor) -> str:
    return tensor.name.split(".")[-2]


def _name(tensor: ReaderTensor) -> str:
    if tensor.name in _OUTSIDE:
        return _OUTSIDE[tensor.name]
    return f"model.layers.{tensor.name.split('.')[1]}.{_INSIDE[_part(tensor)]}.weight"


def _unpermuted(rows: np.ndarray[Any, Any], heads: int) -> np.ndarray[Any, Any]:
    """Undo the order of rows that llama.cpp's converter gives to query and key: pairs side by side, not half by half."""
    pairs = rows.reshape(heads, rows.shape[0] // heads // 2, 2, *rows.shape[1:])
    return pairs.swapaxes(1, 2).reshape(rows.shape)


def _config(known: dict[str, Any]) -> dict[str, Any]:
    width, heads = known["llama.embedding_length"], known["llama.attention.head_count"]
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "dtype": "float32",
        "vocab_size": known["llama.vocab_size"],
        "hidden_size": width,
        "intermediate_size": known["llama.feed_forward_length"],
        "num_hidden_layers": known["llama.block_count"],
        "num_attention_heads": heads,
        "num_key_value_heads": known["llama.attention.head_count_kv"],
        "head_dim": width // heads,
        "hidden_act": "silu",
        "attention_bias": False,
        "mlp_bias": False,
        "max_position_embeddings": known["llama.context_length"],
        "rms_norm_eps": known["llama.attention.layer_norm_rms_epsilon"],
        "rope_parameters": {"rope_type": "default", "rope_theta": known["llama.rope.freq_base"]},
        "tie_word_embeddings": True,
        "bos_token_id": known["tokenizer.ggml.bos_token_id"],
        "eos_token_id": known["tokenizer.ggml.eos_token_id"],
        "pad_token_id": known["tokenizer.ggml.padding_token_id"],
    }


def _tokenizer(known: dict[str, Any]) -> dict[str, Any]:
    tokens, kinds = known["tokenizer.ggml.tokens"], known["tokenizer.ggml.token_type"]
    markers = [
        {
            "id": number, "content": token, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
            "special": True,
        }
        for number, (token, kind) in enumerate(zip(tokens, kinds, strict=True)) if kind == _CONTROL
    ]  # fmt: skip
    bytes_only = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    # GGUF names this rule ("smollm") and transformers' own reader of GGUF loses it: each digit stands alone.
    splitters = [{"type": "Digits", "individual_digits": True}, bytes_only]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": markers,
        "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": splitters},
        "post_processor": None,
        "decoder": bytes_only,
        "model": {
            "type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": "", "end_of_word_suffix": "",
            "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
            "vocab": {token: number for number, token in enumerate(tokens)},
            "merges": [merge.split(" ") for merge in known["tokenizer.ggml.merges"]],
        },
    }  # fmt: skip


def _tokenizer_config(known: dict[str, Any]) -> dict[str, Any]:
    tokens = known["tokenizer.ggml.tokens"]
    roles = {"bos": "bos", "eos": "eos", "pad": "padding", "unk": "unknown"}
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": known["llama.context_length"],
        "clean_up_tokenization_spaces": False,
        **{f"{role}_token": tokens[known[f"tokenizer.ggml.{name}_token_id"]] for role, name in roles.items()},
    }
