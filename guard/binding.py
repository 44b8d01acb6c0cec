"""What ties a certificate to one exact model: its files and how it is run, and conversations that must score alike again."""

from __future__ import annotations

from guard.signed import Decimal, Signed


class SubjectBinding(Signed, frozen=True, kw_only=True):
    """One exact model and how it is run."""

    name: str
    """phantom, hf:... as given; for people."""
    manifest: dict[str, str]
    """Digest of each file of the model folder."""
    root: str
    """OpenSSF Model Signing root of the manifest."""
    tokenizer: str
    """Digest of the tokenizer file."""
    chat_template: str
    """Digest of the chat template text."""
    system_prompt: str
    """Digest of the system prompt that the guard inserts, or "none"."""
    context: int
    """Longest input in tokens; longer is unavailable, never cut."""
    engine: str
    """What runs it: library names and versions."""
    dtype: str
    """Number type of the computation."""
    device: str
    """Class of device."""
    scoring: int
    """`SCORING`: raised whenever the meaning of a score changes."""
    decoding: dict[str, str]
    """Sampling settings bound for claims on sampled text."""
    demonstration: bool
    """The phantom: proves the method, is no evidence about a deployed model."""


class Canaries(Signed, frozen=True, kw_only=True):
    """Conversations whose scores must come out again wherever the certificate is used."""

    file: str
    """Digest of `suite/canaries.jsonl`."""
    count: int
    """How many."""
    eps: Decimal
    """Largest allowed difference of a score."""
