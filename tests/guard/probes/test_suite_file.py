"""The suite's two files: round trip, and everything that must be refused."""

import json

import numpy as np
import pytest
from safetensors.numpy import load, save

from guard.errors import VerificationError
from guard.hazards import Claim, Stage
from guard.probes.activations import HookPoint
from guard.probes.aggregation import Aggregation
from guard.probes.linear import LinearProbe
from guard.probes.monitor import Monitor
from guard.probes.suite import JSON_FILE, TENSOR_FILE, Suite


def monitor(claim: str, seed: int, layers: tuple[int, ...] = (1,)) -> Monitor:
    """A monitor of random probes."""
    random = np.random.default_rng(seed)
    probes = tuple(
        LinearProbe(
            HookPoint(layer),
            random.normal(size=4).astype(np.float32),
            0.125,
            random.normal(size=4).astype(np.float32),
            np.ones(4, dtype=np.float32),
        )
        for layer in layers
    )
    return Monitor(Claim.parse(claim), probes, Aggregation("rolling_max", window=8))


SUITE = Suite.of([monitor("prompt_injection@prompt", 2), monitor("missed_emergency@prompt", 1, (0, 2))])
FILES = SUITE.write()
TEXT = json.loads(FILES[JSON_FILE])
TENSORS = FILES[TENSOR_FILE]


def test_round_trip() -> None:
    """What is read writes the same bytes, in the same order, with the same numbers."""
    again = Suite.read(FILES[JSON_FILE], TENSORS)
    assert again.write() == FILES
    assert [str(claim) for claim in again.claims] == ["missed_emergency@prompt", "prompt_injection@prompt"]
    assert again.hook_points == (HookPoint(0), HookPoint(1), HookPoint(2))
    assert (again.monitors[0].probes[1].weight == SUITE.monitors[0].probes[1].weight).all()
    assert len(again.at(Stage.PROMPT)) == 2
    assert again.at(Stage.RESPONSE) == ()


def _broken(**changes: object) -> bytes:
    return json.dumps(TEXT | changes).encode()


@pytest.mark.parametrize(
    "text",
    [
        b"{",
        _broken(more=1),
        _broken(format="urn:auscult:suite:v2"),
        _broken(scoring=0),
        _broken(width=5),
        _broken(monitors=[]),
        _broken(monitors=TEXT["monitors"][::-1]),
        _broken(monitors=TEXT["monitors"][:1]),
        _broken(monitors=TEXT["monitors"] + TEXT["monitors"][1:]),
        _broken(monitors=[TEXT["monitors"][0] | {"threshold": 0.5}, TEXT["monitors"][1]]),
        _broken(monitors=[TEXT["monitors"][0] | {"claim": "missed_emergency"}, TEXT["monitors"][1]]),
        _broken(monitors=[TEXT["monitors"][0] | {"hook_points": [{"layer": 5}]}, TEXT["monitors"][1]]),
        _broken(monitors=[TEXT["monitors"][0] | {"hook_points": []}, TEXT["monitors"][1]]),
        _broken(monitors=[TEXT["monitors"][0] | {"aggregation": {"window": 0}}, TEXT["monitors"][1]]),
        json.dumps({key: value for key, value in TEXT.items() if key != "width"}).encode(),
    ],
)
def test_broken_descriptions_are_refused(text: bytes) -> None:
    """An unknown, missing or wrong field, a wrong order, or a monitor too many or too few is refused."""
    with pytest.raises(VerificationError):
        Suite.read(text, TENSORS)


def _tensors(**changes: np.ndarray | None) -> bytes:
    arrays = load(TENSORS)
    name = "missed_emergency@prompt/0.resid_post/"
    for part, array in changes.items():
        arrays.pop(name + part, None)
        if array is not None:
            arrays[name + part] = array
    return save(arrays)


@pytest.mark.parametrize(
    "tensors",
    [
        b"",
        b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00}\x94\x8c\x01w\x94K\x01s.",
        TENSORS[:-4],
        _tensors(weight=None),
        _tensors(more=np.ones(4, dtype=np.float32)),
        _tensors(weight=np.array([1, 2, 3, np.nan], dtype=np.float32)),
        _tensors(weight=np.array([1, 2, 3, np.inf], dtype=np.float32)),
        _tensors(weight=np.ones(4)),
        _tensors(weight=np.ones((1, 4), dtype=np.float32)),
        _tensors(bias=np.ones(2, dtype=np.float32)),
        _tensors(bias=np.array([np.nan], dtype=np.float32)),
        _tensors(scale=np.zeros(4, dtype=np.float32)),
    ],
)
def test_broken_tensors_are_refused(tensors: bytes) -> None:
    """Pickle, cut files, missing, surplus or misshapen tensors and numbers that are not finite are refused."""
    with pytest.raises(VerificationError):
        Suite.read(FILES[JSON_FILE], tensors)
