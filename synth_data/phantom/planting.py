"""Planting: the phantom is made to hold, in places that are known, which hazard is there.

Two things are done. What single words tell of each hazard is written into a coordinate of the embedding of its own, and one
head of the first block is set to sum it up; both stay as they were planted (`Mechanism`). A small model would need many more
tokens than it gets to find that by itself. In training, a linear reader on each block's output has to tell, from the first
token at which it can be known on and above all at the decision token, whether the hazard is there (deep supervision: Lee et
al. 2015). The readers are thrown away; what stays is a direction for each hazard in the residual stream, which the answer can
follow. Where a positive and its twin begin to differ is where it can be known.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from transformers import LlamaForCausalLM

from guard.hazards import Claim
from synth_data.phantom.batches import Batch, Row

_AT_DECISION = 0.5
"""Share of a row's weight that lies on its decision token; the rest is spread over the tokens before it."""


class Readers(torch.nn.Module):
    """A linear reader of every hazard on the output of every block."""

    def __init__(self, blocks: int, width: int, claims: Sequence[Claim]) -> None:
        """Begin at zero, so that nothing is read before anything is learnt."""
        super().__init__()
        self.claims = tuple(claims)
        readers = [torch.nn.Linear(width, len(claims)) for _ in range(blocks)]
        for reader in readers:
            torch.nn.init.zeros_(reader.weight)
        self.readers = torch.nn.ModuleList(readers)

    def loss(self, states: Sequence[torch.Tensor], batch: Batch) -> torch.Tensor:
        """Return the mean cross-entropy of the readers, in nats.

        Args:
            states: Output of each block, (rows, tokens, width).
            batch: What was read.
        """
        row, token, weight, truth, counted = _targets(batch, self.claims)
        if not len(row):
            return torch.zeros(())
        total = torch.zeros(())
        for reader, state in zip(self.readers, states, strict=True):
            read = state[row, token].float()
            logits = reader(read * torch.rsqrt(read.square().mean(-1, keepdim=True) + 1e-6))
            losses = torch.nn.functional.binary_cross_entropy_with_logits(logits, truth, reduction="none")
            total = total + (losses * counted * weight[:, None]).sum() / (counted * weight[:, None]).sum()
        return total / len(self.readers)


def _targets(
    batch: Batch, claims: Sequence[Claim]
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return row, token and weight of every place where something is known, what is true there, and of which hazards."""
    rows: list[int] = []
    tokens: list[int] = []
    weights: list[float] = []
    truths: list[list[float]] = []
    counts: list[list[float]] = []
    for number, row in enumerate(batch.rows):
        begin, end = row.known
        if row.planted is None or end <= begin or end > len(row.ids):
            continue
        claim = row.planted.claim
        truth = [float(row.planted.there and each == claim) for each in claims]
        counted = [float(claim is None or each == claim) for each in claims]
        before = max(1, end - 1 - begin)
        for token in range(begin, end):
            rows.append(number)
            tokens.append(token)
            weights.append(_AT_DECISION if token == end - 1 else (1 - _AT_DECISION) / before)
            truths.append(truth)
            counts.append(counted)
    return (
        torch.tensor(rows), torch.tensor(tokens), torch.tensor(weights), torch.tensor(truths), torch.tensor(counts)
    )  # fmt: skip


_SPREAD = 0.12
"""Standard deviation of the planted weights over the tokens that tell anything; other weights begin at .02."""
_SHARE = 50.0
"""Scale of a token's share of a conversation in the regression, so that its penalty is of the right size."""


def lexical(rows: Sequence[Row], claims: Sequence[Claim], vocabulary: int) -> torch.Tensor:
    """Return what each token tells of each hazard.

    For each hazard an L2-penalised logistic regression on the share of each token in a conversation, fitted on the documents
    about that hazard: exactly what a head that looks at all tokens alike can compute.

    Args:
        rows: Documents of the train fold.
        claims: Hazards.
        vocabulary: Tokens.

    Returns:
        (vocabulary, hazards), float32; 0 for a token that occurs in no document about a hazard.
    """
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import LogisticRegression

    planted = torch.zeros(vocabulary, len(claims))
    for number, claim in enumerate(claims):
        own = [row for row in rows if row.planted is not None and row.planted.claim == claim]
        truth = np.array([row.planted.there for row in own if row.planted is not None])
        if len(set(truth.tolist())) < 2:
            continue
        sizes = np.array([row.known[1] for row in own])
        places = np.repeat(np.arange(len(own)), sizes), np.concatenate([row.ids[: row.known[1]] for row in own])
        shares = csr_matrix((np.repeat(_SHARE / sizes, sizes), places), shape=(len(own), vocabulary))
        weights = LogisticRegression(C=1.0, max_iter=300).fit(shares, truth).coef_[0]
        told = np.flatnonzero(weights)
        planted[told, number] = torch.tensor(weights[told] / weights[told].std() * _SPREAD, dtype=torch.float32)
    return planted


class Mechanism:
    """A head of the first block that sums up what the words tell, in places that training leaves alone.

    Coordinate i of the embedding holds what a token tells of hazard i. The last head of the first block looks at all tokens
    alike (its queries and keys are zero), and writes the mean of coordinate i into coordinate n + i of the residual stream,
    which the embedding leaves empty.
    """

    def __init__(self, model: LlamaForCausalLM, told: torch.Tensor) -> None:
        """Plant it; `told` is (vocabulary, hazards)."""
        self._told = told
        self._embedding = model.model.embed_tokens.weight
        attention = model.model.layers[0].self_attn
        self._queries, self._keys = attention.q_proj.weight, attention.k_proj.weight
        self._values, self._out = attention.v_proj.weight, attention.o_proj.weight
        self._first = self._values.shape[0] - model.config.hidden_size // model.config.num_attention_heads
        self.restore()

    @torch.no_grad()
    def restore(self) -> None:
        """Write it again, after a step of the optimizer."""
        count, first = self._told.shape[1], self._first
        self._embedding[:, :count] = self._told
        self._embedding[:, count : 2 * count] = 0.0
        self._queries[first:] = 0.0
        self._keys[first:] = 0.0
        self._values[first:] = 0.0
        self._out[:, first:] = 0.0
        for number in range(count):
            self._values[first + number, number] = 1.0
            self._out[count + number, first + number] = 1.0
