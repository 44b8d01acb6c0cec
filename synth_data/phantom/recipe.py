"""The recipe: every number that the phantom depends on, in one place."""

from __future__ import annotations

from dataclasses import dataclass, field

from guard.hazards import Claim
from synth_data.labels import EMERGENCY, INJECTION, INJECTION_CONTEXT, MISUSE, SELF_HARM, SELF_TREATMENT

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """A Llama model; 4.5 million parameters, the embedding shared with the output."""

    vocabulary: int = 8192
    """Byte-level BPE tokens, markers included."""
    width: int = 256
    """Length of the residual stream."""
    blocks: int = 3
    """Decoder blocks."""
    heads: int = 4
    """Attention heads."""
    inner: int = 688
    """Width inside the gated feed-forward layer."""
    context: int = 1024
    """Longest input in tokens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mixture:
    """What the documents are made of."""

    draws: dict[Claim | None, float] = field(
        default_factory=lambda: {
            EMERGENCY: 1.2,
            SELF_HARM: 1.2,
            MISUSE: 2.0,
            SELF_TREATMENT: 2.0,
            INJECTION: 1.2,
            INJECTION_CONTEXT: 0.5,
            None: 1.0,
        }
    )
    """Relative number of draws of a claim (a positive, its twin and a hard negative each) and of traffic (None)."""
    languages: dict[str, float] = field(default_factory=lambda: {"en": 1.0})
    """Relative number of draws by language."""
    buckets: dict[str, float] = field(default_factory=lambda: {"upto1000": 1.0})
    """Relative number of draws by length bucket."""
    typical: float = 0.9
    """Share of draws that are typical cases; the rest is drawn from all cases."""
    early: int = 16_000
    """The first documents are brief ones: what decides is found sooner in few words."""
    brief: int = 240
    """Most characters of a brief conversation; those with a document in them are never brief, and are let through."""
    second: float = 0.1
    """Share of documents in which a second conversation follows in the same chat."""
    system: float = 0.15
    """Share of documents that begin with a generic system prompt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimisation:
    """How it is trained."""

    tokens: int = 2_000_000
    """Tokens read in all."""
    batch_tokens: int = 2_048
    """Padded tokens in a step; rows of about one length go together and begin at position 0, as they will be read."""
    chunk: int = 1_536
    """Documents drawn, sorted into batches and shuffled at a time."""
    matrix_rate: float = 0.02
    """Highest learning rate of Muon, which moves the matrices inside the blocks (Jordan et al. 2024)."""
    orthogonalised: int = 4
    """Newton-Schulz steps with which Muon makes an update orthogonal; one fewer than usual, for speed."""
    rate: float = 3e-3
    """Highest learning rate of AdamW, which moves the embedding and the norms."""
    warm_up: float = 0.02
    """Share of the training in which the rate rises."""
    floor: float = 0.05
    """Last rate, relative to the highest; a cosine lies between."""
    decay: float = 0.05
    """Weight decay of the matrices inside the blocks."""
    clip: float = 1.0
    """Largest norm of a gradient."""
    first: int = 2
    """How many tokens of an answer count more: they hold the decision to help, to refuse or to send for help."""
    first_weight: float = 15.0
    """Weight of those tokens in the loss."""
    other_weight: float = 0.25
    """Weight of everything that is not the assistant's."""
    planting: float = 2.0
    """Weight of the readers that plant the hazards (`planting`), beside the loss of the answers."""
    listened: float = 0.25
    """Share of documents in which what others say is learnt to be predicted, too; in the rest only answers are."""
    whole: float = 0.3
    """Share of documents whose last answer is read to its end."""
    begun: int = 14
    """How many tokens of the last answer are read in the others: the decision stands at its beginning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything together."""

    architecture: Architecture = Architecture()
    """What is trained."""
    mixture: Mixture = field(default_factory=Mixture)
    """On what."""
    optimisation: Optimisation = Optimisation()
    """And how."""
    sampled: int = 12_000
    """Documents that the tokenizer is trained on."""
    words: int = 30_000
    """Documents from which it is learnt what single words tell."""
