"""Tiny random models of several architectures, a small tokenizer, and a suite of random probes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from guard.hazards import Claim
from guard.probes.activations import HookPoint
from guard.probes.aggregation import Aggregation
from guard.probes.linear import LinearProbe
from guard.probes.monitor import Monitor
from guard.probes.suite import Suite
from guard.scores import Judgement, ProbeScore, Score
from guard.subjects.causal import CausalSubject
from guard.subjects.events import Event, Prefilled
from guard.subjects.load import load

WIDTH = 32
MARKERS = ["<|system|>", "<|user|>", "<|assistant|>", "<|tool|>", "<|call|>", "<|end|>", "</s>"]
TEMPLATE = (
    "{% for m in messages %}<|{{ m.role }}|>\n{{ m.content }}"
    "{% for c in m.tool_calls or [] %}<|call|>{{ c.function.name }} {{ c.function.arguments }}{% endfor %}"
    "<|end|>\n{% endfor %}{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)
TEXT = [
    "I have crushing chest pain and my left arm is numb.",
    "Please write a leaflet about sore throats for the surgery.",
    "The patient is 71 years old, takes warfarin and fell on the stairs this morning.",
    "Æblegrød på øen, señor: 38,5 °C, 你好, 👩‍⚕️ and a café.",
]
Build = Callable[..., CausalSubject]


def tiny_tokenizer(
    template: str = TEMPLATE, text: Sequence[str] = TEXT, size: int = 400
) -> transformers.PreTrainedTokenizerFast:
    """Train a byte-level tokenizer of at most `size` tokens on a text."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=MARKERS,
        show_progress=False,
    )
    tokenizer.train_from_iterator(text, trainer)
    ends = {"eos_token": "<|end|>", "pad_token": "</s>"}
    wrapped = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=256, **ends)
    wrapped.add_tokens(["<think>"])  # a marker that is not flagged as special
    wrapped.chat_template = template
    return wrapped


_SIZE = {
    "vocab_size": 420,
    "hidden_size": WIDTH,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "max_position_embeddings": 256,
    "bos_token_id": None,
    "eos_token_id": 5,
    "pad_token_id": 6,
}
_GROUPED = _SIZE | {"num_key_value_heads": 2}
_HEADS = _GROUPED | {"head_dim": 8}
_EXPERTS = {"num_local_experts": 4, "num_experts_per_tok": 2}
_OLD = {"vocab_size": 420, "n_embd": WIDTH, "n_layer": 3, "n_head": 4, "n_positions": 256, "bos_token_id": 5, "eos_token_id": 5}
_MIXED = ["sliding_attention", "full_attention", "sliding_attention"]
_STATES = {"mamba_n_heads": 8, "mamba_d_head": 8, "mamba_d_state": 8, "mamba_n_groups": 1}
CONFIGS = {
    "llama": lambda: transformers.LlamaConfig(**_GROUPED, tie_word_embeddings=True),
    "mistral": lambda: transformers.MistralConfig(**_GROUPED, sliding_window=16),
    "qwen2": lambda: transformers.Qwen2Config(**_GROUPED),
    "qwen3": lambda: transformers.Qwen3Config(**_HEADS),
    "gemma": lambda: transformers.GemmaConfig(**_HEADS),
    "gemma3": lambda: transformers.Gemma3TextConfig(**_HEADS, sliding_window=16, layer_types=_MIXED),
    "phi": lambda: transformers.PhiConfig(**_SIZE),
    "phi3": lambda: transformers.Phi3Config(**_GROUPED),
    "gpt_neox": lambda: transformers.GPTNeoXConfig(**_SIZE),
    "gpt2": lambda: transformers.GPT2Config(**_OLD),
    "olmo2": lambda: transformers.Olmo2Config(**_GROUPED),
    "granite": lambda: transformers.GraniteConfig(**_GROUPED, residual_multiplier=0.5),
    "gpt_oss": lambda: transformers.GptOssConfig(**_HEADS, **_EXPERTS, sliding_window=16),
    "mixtral": lambda: transformers.MixtralConfig(**_GROUPED, **_EXPERTS),
    "qwen3_next": lambda: transformers.Qwen3NextConfig(
        **_HEADS, num_experts=4, num_experts_per_tok=2, moe_intermediate_size=16, shared_expert_intermediate_size=16,
        linear_num_value_heads=4, linear_num_key_heads=2, linear_key_head_dim=8, linear_value_head_dim=8,
        layer_types=["linear_attention", "full_attention", "linear_attention"],
    ),
    "cohere": lambda: transformers.CohereConfig(**_GROUPED),
    "stablelm": lambda: transformers.StableLmConfig(**_GROUPED),
    "falcon": lambda: transformers.FalconConfig(
        vocab_size=420, hidden_size=WIDTH, num_hidden_layers=3, num_attention_heads=4, alibi=True, multi_query=False,
        bos_token_id=5, eos_token_id=5,
    ),
    "opt": lambda: transformers.OPTConfig(
        vocab_size=420, hidden_size=WIDTH, num_hidden_layers=3, num_attention_heads=4, ffn_dim=48, bos_token_id=5,
        max_position_embeddings=256, word_embed_proj_dim=16, eos_token_id=5, pad_token_id=6,
    ),
    "bloom": lambda: transformers.BloomConfig(
        vocab_size=420, hidden_size=WIDTH, n_layer=3, n_head=4, bos_token_id=5, eos_token_id=5, pad_token_id=6
    ),
    "mamba": lambda: transformers.MambaConfig(
        vocab_size=420, hidden_size=WIDTH, num_hidden_layers=3, state_size=8, bos_token_id=5, eos_token_id=5, pad_token_id=6
    ),
    "bamba": lambda: transformers.BambaConfig(**_GROUPED, **_STATES, attn_layer_indices=[1]),
}  # fmt: skip
"""Three blocks of width 32, by architecture."""


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Leave the other cores to other tests."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Save a tiny random model once and return its folder."""
    made: dict[str, Path] = {}

    def save(kind: str) -> Path:
        if kind not in made:
            made[kind] = tmp_path_factory.mktemp(kind)
            torch.manual_seed(7)
            model = transformers.AutoModelForCausalLM.from_config(CONFIGS[kind]())
            for parameter in model.parameters():
                torch.nn.init.normal_(parameter, std=0.25)
            model.save_pretrained(made[kind])
            tiny_tokenizer().save_pretrained(made[kind])
        return made[kind]

    return save


@pytest.fixture(scope="session")
def build(folder: Callable[[str], Path]) -> Build:
    """Load a tiny random model as a subject."""
    loaded: dict[tuple[str, str | None], CausalSubject] = {}

    def make(kind: str = "llama", system: str | None = None) -> CausalSubject:
        if (kind, system) not in loaded:
            loaded[kind, system] = load(f"hf:{folder(kind)}", system=system)
        return loaded[kind, system]

    return make


def same_events(found: Iterable[Event], expected: Iterable[Event], margin: float = 1e-4) -> bool:
    """Tell whether two answers have the same tokens and text, and scores that differ by less than a margin."""
    one, other = list(found), list(expected)
    return [_bare(event) for event in one] == [_bare(event) for event in other] and all(
        abs(a - b) < margin for a, b in zip(_values(one), _values(other), strict=True)
    )


def _bare(event: Event) -> Event:
    if isinstance(event, Prefilled):
        return replace(event, judgements=tuple(Judgement(j.at, j.cell, _valueless(j.scores)) for j in event.judgements))
    return replace(event, scores=_valueless(event.scores))


def _valueless(scores: Iterable[Score]) -> tuple[Score, ...]:
    return tuple(ProbeScore(score.claim, 0.0) if isinstance(score, ProbeScore) else score for score in scores)


def _values(events: Iterable[Event]) -> list[float]:
    groups = [
        scores
        for event in events
        for scores in ([j.scores for j in event.judgements] if isinstance(event, Prefilled) else [event.scores])
    ]
    return [score.value for scores in groups for score in scores if isinstance(score, ProbeScore)]


def probe(seed: int, layer: int, width: int = WIDTH) -> LinearProbe:
    """Make a random probe."""
    random = np.random.default_rng(seed)
    weight, mean = (random.normal(size=width).astype(np.float32) for _ in range(2))
    scale = random.uniform(0.5, 2, size=width).astype(np.float32)
    return LinearProbe(HookPoint(layer), weight / np.float32(6), 0.25, mean, scale)


def probe_suite(width: int = WIDTH) -> Suite:
    """Make monitors of every stage that is read, with every kind of reading."""
    rolling = Aggregation("rolling_max", window=4)
    return Suite.of(
        [
            Monitor(Claim.parse("missed_emergency@prompt"), (probe(1, 1, width),), Aggregation()),
            Monitor(Claim.parse("prompt_injection@prompt"), (probe(2, 0, width), probe(3, 2, width)), rolling),
            Monitor(Claim.parse("prompt_injection@context"), (probe(4, 1, width),), Aggregation()),
            Monitor(Claim.parse("clinical_misuse@response"), (probe(5, 1, width),), rolling),
            Monitor(Claim.parse("missed_emergency@answer"), (probe(6, 2, width),), Aggregation("mean")),
        ]
    )


@pytest.fixture(scope="session")
def suite() -> Suite:
    """Random monitors for the tiny models."""
    return probe_suite()
