"""Distillation: what a pretrained sentence encoder says of the last user message is to be readable at the decision token.

The phantom alone knows no word that the families do not use. A head, thrown away afterwards, reads the encoder's embedding
(all-MiniLM-L6-v2, mean-pooled) off the output of a block; the loss is one minus the cosine (Reimers and Gurevych 2020 distil
sentence embeddings the same way). The encoder is BERT (Devlin et al. 2019), written out here so that nothing in it asks for a
value while it runs.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch.nn import functional

from synth_data.phantom.tensors import Tensors


class Teacher(torch.nn.Module):
    """The encoder, frozen, and the head that is trained with the phantom."""

    def __init__(self, folder: Path, width: int, block: int, device: str) -> None:
        """Load the encoder from a folder: safetensors and its configuration."""
        super().__init__()
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        dtype = torch.bfloat16 if device == "cuda" else torch.float32
        weights = load_file(folder / "model.safetensors")
        self._weights = {name: value.to(device, dtype) for name, value in weights.items() if value.is_floating_point()}
        self._layers, self._heads = config["num_hidden_layers"], config["num_attention_heads"]
        self._epsilon = config["layer_norm_eps"]
        self.head = torch.nn.Linear(width, config["hidden_size"])
        self.block = block

    def loss(self, states: list[torch.Tensor], batch: Tensors) -> torch.Tensor:
        """Return one minus the mean cosine between what the head reads and the encoder's embeddings."""
        there = (batch.pupils >= 0).float()
        rows = batch.pupils.clamp(min=0)
        read = self.head(states[self.block][rows, batch.decision[rows]].float())
        near = functional.cosine_similarity(read.float(), self.embed(batch.taught), dim=-1)
        return ((1.0 - near) * there).sum() / there.sum().clamp(min=1.0)

    @torch.no_grad()
    def embed(self, ids: torch.Tensor) -> torch.Tensor:
        """Return mean-pooled embeddings, (rows, size), of token ids, (rows, tokens), that are 0 beyond their end."""
        mask = ids.ne(0)
        part = self._weights
        state = part["embeddings.word_embeddings.weight"][ids] + part["embeddings.token_type_embeddings.weight"][0]
        state = self._norm(state + part["embeddings.position_embeddings.weight"][: ids.shape[1]], "embeddings")
        seen = mask[:, None, None] | ~mask.any(1)[:, None, None, None]
        for number in range(self._layers):
            name = f"encoder.layer.{number}"
            query, key, value = (
                self._linear(state, f"{name}.attention.self.{kind}").view(*ids.shape, self._heads, -1).transpose(1, 2)
                for kind in ("query", "key", "value")
            )
            mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=seen).transpose(1, 2).flatten(2)
            mixed = self._linear(mixed, f"{name}.attention.output.dense")
            state = self._norm(state + mixed, f"{name}.attention.output")
            inner = functional.gelu(self._linear(state, f"{name}.intermediate.dense"))
            state = self._norm(state + self._linear(inner, f"{name}.output.dense"), f"{name}.output")
        return (state.float() * mask[..., None]).sum(1) / mask.sum(1, keepdim=True).clamp(min=1)

    def _linear(self, state: torch.Tensor, name: str) -> torch.Tensor:
        return functional.linear(state, self._weights[f"{name}.weight"], self._weights[f"{name}.bias"])

    def _norm(self, state: torch.Tensor, name: str) -> torch.Tensor:
        weight, bias = self._weights[f"{name}.LayerNorm.weight"], self._weights[f"{name}.LayerNorm.bias"]
        return functional.layer_norm(state.to(weight.dtype), weight.shape, weight, bias, self._epsilon).to(weight.dtype)
