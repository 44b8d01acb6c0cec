"""The baseline that listens to a model that has learned nothing: the same architecture with random weights.

What a probe finds there comes from the architecture and the tokens, not from what the model knows (Zhang and Bowman 2018).
No weight file is read: the twin is built from the configuration alone, with a fixed seed. Its matrices are drawn by numpy,
each from a stream of its own name, because what torch draws from a seed depends on the processor.
"""

from __future__ import annotations

import copy
import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from transformers import BertModel

from guard import digest
from guard.digest import Digest
from guard.errors import SubjectError
from guard.probes.reading import Subject
from guard.subjects.blocks import find_blocks
from guard.subjects.causal import CausalSubject
from guard.subjects.observer import ObserverSubject

SPREAD = 0.02
"""Standard deviation of the weights where a configuration names none."""


@runtime_checkable
class Randomisable(Protocol):
    """A subject of another kind that knows its own architecture with random weights."""

    def with_random_weights(self, seed: int) -> Subject:
        """Return the same architecture with random weights."""
        ...

    def weights(self) -> Mapping[str, torch.Tensor]:
        """Return all weights by name."""
        ...


def twin(subject: Subject, seed: int) -> Subject:
    """Build a subject's architecture with random weights.

    Matrices are normal with the spread that the configuration names for a model that is to be trained; biases and norms are
    as its library sets them before training.

    Raises:
        SubjectError: The subject is of a kind that can't be built without its weights.
    """
    # The generator is forked: whoever draws random numbers around us gets the same ones as without us.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if isinstance(subject, CausalSubject):
            made = _like(subject.model, type(subject.model)(copy.deepcopy(subject.model.config)), seed)
            return replace(subject, model=made, blocks=find_blocks(made))
        if isinstance(subject, ObserverSubject):
            known = subject.encoder
            encoder = _like(known.model, BertModel(copy.deepcopy(known.model.config), add_pooling_layer=False), seed)
            return replace(subject, encoder=replace(known, model=encoder), _kept=OrderedDict())
    if isinstance(subject, Randomisable):
        return subject.with_random_weights(seed)
    raise SubjectError(f"{subject.binding.name} can't be built with random weights")


def _like(model: Any, made: Any, seed: int) -> Any:
    spread = float(getattr(made.config, "initializer_range", None) or SPREAD)
    with torch.no_grad():
        for name, own in made.named_parameters():
            if own.ndim > 1:
                stream = np.random.default_rng(list(hashlib.sha256(f"{seed}/{name}".encode()).digest()))
                own.copy_(torch.from_numpy(spread * stream.standard_normal(tuple(own.shape), dtype=np.float32)))
    parameter = next(model.parameters())
    return made.to(device=parameter.device, dtype=parameter.dtype).eval()


def weights_digest(subject: Subject) -> Digest:
    """Return the digest of all weights of a twin, by name.

    Raises:
        SubjectError: The subject does not say what its weights are.
    """
    if isinstance(subject, CausalSubject):
        weights: Mapping[str, torch.Tensor] = subject.model.state_dict()
    elif isinstance(subject, ObserverSubject):
        weights = subject.encoder.model.state_dict()
    elif isinstance(subject, Randomisable):
        weights = subject.weights()
    else:
        raise SubjectError(f"{subject.binding.name} does not say what its weights are")
    found = hashlib.sha256()
    for name, tensor in sorted(weights.items()):
        found.update(name.encode())
        found.update(tensor.detach().cpu().contiguous().view(torch.uint8).numpy().tobytes())
    return digest.of_hash(found)
