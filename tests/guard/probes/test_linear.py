"""Linear probes: the folded map is the fitted one."""

import numpy as np
import pytest
import torch

from guard.errors import ScoringError, VerificationError
from guard.hazards import Claim
from guard.probes.activations import Activations, HookPoint
from guard.probes.aggregation import Aggregation
from guard.probes.linear import LinearProbe, Stack
from guard.probes.monitor import Monitor

RANDOM = np.random.default_rng(1)


def probe(layer: int = 0, width: int = 8, **fields: object) -> LinearProbe:
    """A random probe."""
    values = {
        "weight": RANDOM.normal(size=width).astype(np.float32),
        "bias": 0.5,
        "mean": RANDOM.normal(size=width).astype(np.float32),
        "scale": RANDOM.uniform(0.1, 3, size=width).astype(np.float32),
    } | fields
    return LinearProbe(HookPoint(layer), **values)


def by_hand(one: LinearProbe, activations: np.ndarray) -> np.ndarray:
    """Apply a probe as it was fitted."""
    return ((activations - one.mean) / one.scale) @ one.weight + one.bias


def test_stack_applies_each_probe_as_fitted() -> None:
    """Standardise, multiply, add: folded and stacked it is the same map."""
    low, high, band = probe(0), probe(2), (probe(0), probe(1), probe(2))
    values = {layer: RANDOM.normal(size=(5, 8)).astype(np.float32) for layer in (0, 1, 2)}
    logits = Stack([(low,), (high,), band]).logits({HookPoint(k): torch.tensor(v) for k, v in values.items()})
    np.testing.assert_allclose(logits[:, 0], by_hand(low, values[0]), atol=1e-5)
    np.testing.assert_allclose(logits[:, 1], by_hand(high, values[2]), atol=1e-5)
    mean = np.mean([by_hand(one, values[k]) for k, one in enumerate(band)], axis=0)
    np.testing.assert_allclose(logits[:, 2], mean, atol=1e-5)


def test_stack_asks_for_each_place_once() -> None:
    """Probes that share a hook point share one reading."""
    assert Stack([(probe(2),), (probe(0),), (probe(2),)]).hook_points == (HookPoint(0), HookPoint(2))


def test_missing_or_misshapen_activations_raise() -> None:
    """A place that was not read, or a model of another width, is an error and never a zero."""
    with pytest.raises(ScoringError):
        Stack([(probe(1),)]).logits({HookPoint(0): torch.zeros(1, 8)})
    with pytest.raises(ScoringError):
        Stack([(probe(0),)]).logits({HookPoint(0): torch.zeros(1, 9)})


@pytest.mark.parametrize(
    "fields",
    [
        {"weight": np.full(8, np.nan, dtype=np.float32)},
        {"bias": float("inf")},
        {"scale": np.zeros(8, dtype=np.float32)},
        {"mean": np.zeros(7, dtype=np.float32)},
        {"weight": np.zeros(8)},
    ],
)
def test_unusable_numbers_are_refused(fields: dict[str, object]) -> None:
    """NaN, infinity, a zero scale, a wrong length or type can't become a probe."""
    with pytest.raises(VerificationError):
        probe(**fields)


def test_monitor_needs_probes_that_belong_together() -> None:
    """No probe, two at one place, or two widths are refused."""
    claim = Claim.parse("missed_emergency@prompt")
    for probes in ((), (probe(0), probe(0)), (probe(0), probe(1, width=9))):
        with pytest.raises(VerificationError):
            Monitor(claim, probes, Aggregation())


def test_activations_keep_values_and_mask_together() -> None:
    """A row gives its real places only, and a mask of another shape is refused."""
    values = torch.arange(12.0).reshape(2, 2, 3)
    mask = torch.tensor([[True, False], [True, True]])
    assert Activations(values, mask).row(0).tolist() == [[0.0, 1.0, 2.0]]
    with pytest.raises(ScoringError):
        Activations(values, mask[:1])
    with pytest.raises(ScoringError):
        Activations(values, mask.float())
