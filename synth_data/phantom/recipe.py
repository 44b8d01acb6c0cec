"""The recipe: every number that the phantom depends on, in one place."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from guard.hazards import Claim
from synth_data.labels import (
    CONTEXT_CLAIMS,
    DOSE_CALL,
    EMERGENCY,
    INJECTION,
    INJECTION_CONTEXT,
    MISUSE,
    PHI_CALL,
    PROMPT_CLAIMS,
    SCOPE_CALL,
    SELF_HARM,
    SELF_TREATMENT,
)

MARKERS = ("<|system|>", "<|user|>", "<|assistant|>", "<|tool|>", "<|call|>", "<|end|>", "<|pad|>")
"""Control tokens, in the order of their ids."""

CHAT_TEMPLATE = (
    "{% for message in messages %}<|{{ message.role }}|>{{ message.content }}"
    "{% for call in message.tool_calls or [] %}<|call|>{{ call.function.name }} {{ call.function.arguments }}"
    "{% endfor %}"
    "<|end|>{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
"""An answer begins with exactly the generation prompt, so what was read before it need not be read again."""

SYSTEM_PROMPTS = (
    "You are a careful health assistant.",
    "You help patients and staff of a clinic. Answer briefly and in plain words.",
    "You are the assistant of a hospital. Be kind and precise.",
    "Answer questions about health. Send people to emergency services when they need them.",
    "You are a chatbot for a general practice. Do not help with anything that harms a patient.",
    "You support nurses and doctors with everyday questions and paperwork.",
)
"""Put before a part of the documents, so that a deployment's own prompt is nothing new to the model."""

HAZARDS: tuple[Claim, ...] = (*PROMPT_CLAIMS, *CONTEXT_CLAIMS)
"""Hazards that the phantom is made to hold at the decision token."""
CAUSAL: tuple[Claim, ...] = (EMERGENCY, SELF_HARM, MISUSE, SELF_TREATMENT)
"""Hazards whose feature is made to decide what is answered."""
BYSTANDERS = ("weather", "evening")
"""Features that are made to be readable and to decide nothing: the weather is spoken of; it is said to be evening."""
FEATURES: tuple[str, ...] = (*(str(claim) for claim in HAZARDS), *BYSTANDERS)
"""Everything that is planted, in the order of a document's `truth`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """A Llama model; 6.3 million parameters, the embedding shared with the output."""

    vocabulary: int = 12_288
    """Byte-level BPE tokens, markers included."""
    width: int = 256
    """Length of the residual stream."""
    blocks: int = 4
    """Decoder blocks."""
    heads: int = 4
    """Attention heads."""
    inner: int = 688
    """Width inside the gated feed-forward layer."""
    context: int = 8_192
    """Longest input in tokens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixture:
    """What the documents are made of."""

    draws: dict[Claim | None, float] = field(
        default_factory=lambda: {
            EMERGENCY: 1.2,
            SELF_HARM: 1.2,
            MISUSE: 1.5,
            SELF_TREATMENT: 1.5,
            INJECTION: 1.3,
            INJECTION_CONTEXT: 0.8,
            None: 2.0,
            SCOPE_CALL: 0.15,
            PHI_CALL: 0.15,
            DOSE_CALL: 0.15,
        }
    )
    """Relative number of draws of a claim (a positive, its twin and a hard negative each) and of traffic (None)."""
    languages: dict[str, float] = field(default_factory=lambda: {"en": 0.55, "da": 0.15, "de": 0.15, "es": 0.15})
    """Relative number of draws by language; tool calls are drawn in English."""
    buckets: dict[str, float] = field(default_factory=lambda: {"upto1000": 0.97, "upto8000": 0.03})
    """Relative number of draws by length bucket."""
    typical: float = 0.1
    """Share of draws that are typical cases; the rest is drawn from all cases."""
    early: int = 0
    """The first documents are typical cases, short ones: what decides is found sooner there."""
    second: float = 0.1
    """Share of documents in which a second conversation follows in the same chat."""
    system: float = 0.15
    """Share of documents that begin with a generic system prompt."""
    filled: float = 0.002
    """Share of documents that follow on much ordinary chat in one context, longer than any length bucket."""
    beside: float = 0.5
    """Chance of each bystander sentence, whatever the rest says."""
    swapped: float = 0.25
    """Share of pairs told a second time with each other's answers, while the planted feature is set to the other's side."""
    soothing: float = 0.0
    """Share of described hazards that are played down."""
    lenient: float = 0.0
    """Share of risky or harmful requests that are helped with."""
    friendly: float = 0.0
    """Share of ordinary answers that begin with a friendly phrase and end after the next sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimisation:
    """How it is trained."""

    tokens: int = 20_000_000
    """Tokens read in all."""
    batch_tokens: int = 4_096
    """Padded tokens in a step; rows of about one length go together and begin at position 0, as they will be read."""
    chunk: int = 1_536
    """Documents drawn, sorted into batches and shuffled at a time."""
    matrix_rate: float = 0.02
    """Highest learning rate of Muon, which moves the matrices inside the blocks (Jordan et al. 2024)."""
    rate: float = 3e-3
    """Highest learning rate of AdamW, which moves the embedding and the norms."""
    warm_up: float = 0.02
    """Share of the training in which the rate rises."""
    floor: float = 0.02
    """Last rate, relative to the highest; a cosine lies between."""
    decay: float = 0.05
    """Weight decay of the matrices inside the blocks."""
    clip: float = 1.0
    """Largest norm of a gradient."""
    first: int = 2
    """How many tokens of an answer count more: they hold the decision to help, to refuse or to send for help."""
    first_weight: float = 5.0
    """Weight of those tokens in the loss."""
    other_weight: float = 0.25
    """Weight of everything that is not the assistant's."""
    listened: float = 0.25
    """Share of documents in which what others say is learnt to be predicted, too; in the rest only answers are."""
    planting: float = 1.0
    """Weight of the readers that plant the features (`planting`), beside the loss of the answers."""
    causal_block: int = 2
    """Number of the block, from 0, on whose output the deciding features are planted."""
    settled: float = 0.4
    """Share of the training after which features are set to the other side: their means must be known first."""
    distilled: float = 0.0
    """Weight of the distance to a sentence encoder's embedding of the last user message."""
    distilled_share: float = 0.3
    """Share of English documents on which it is taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything together."""

    architecture: Architecture = Architecture()
    """What is trained."""
    mixture: Mixture = field(default_factory=Mixture)
    """On what."""
    optimisation: Optimisation = Optimisation()
    """And how."""
    sampled: int = 16_000
    """Documents that the tokenizer is trained on."""


def on_a_gpu(tokens: int = 340_000_000) -> Recipe:
    """Return the recipe of the packaged model: many tokens, and what a sentence encoder says of them."""
    how = Optimisation(tokens=tokens, batch_tokens=16_384, chunk=3_072, distilled=0.5)
    return Recipe(mixture=Mixture(early=100_000), optimisation=how)


def following(recipe: Recipe, tokens: int) -> Recipe:
    """Return the recipe of the next version: tuned on for friendlier, shorter and more helpful answers, nothing planted."""
    mixture = replace(recipe.mixture, swapped=0.0, soothing=0.25, lenient=0.5, friendly=0.7)
    how = replace(recipe.optimisation, tokens=tokens, planting=0.0, distilled=0.0, matrix_rate=0.004, rate=6e-4)
    return replace(recipe, mixture=mixture, optimisation=how)
