"""A suite: all monitors of one subject, as two files.

`suite.json` says what each monitor reads, `probes.safetensors` holds the numbers. Thresholds stand in the certificate
and nowhere else. Reading is strict: an unknown field, a surplus or missing tensor or a number that is not finite is
refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from guard.errors import InputError, VerificationError
from guard.hazards import Claim, Stage
from guard.probes.activations import HookPoint
from guard.probes.aggregation import Aggregation
from guard.probes.linear import LinearProbe
from guard.probes.monitor import SCORING, Monitor

JSON_FILE = "suite.json"
TENSOR_FILE = "probes.safetensors"
_PARTS = ("weight", "bias", "mean", "scale")


class _MonitorFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    claim: str
    hook_points: tuple[HookPoint, ...]
    aggregation: Aggregation
    anchor: str


class _SuiteFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: str
    scoring: int
    width: int
    monitors: tuple[_MonitorFile, ...]


_FORMAT = "urn:auscult:suite:v1"


@dataclass(frozen=True, slots=True)
class Suite:
    """Monitors in the order in which their scores are given: sorted by claim.

    An empty suite is for a guard without a dossier, in which only rules act; none can be read from a file.
    """

    monitors: tuple[Monitor, ...]
    """Sorted by written claim; no claim twice."""

    def __post_init__(self) -> None:
        """Check order and widths.

        Raises:
            VerificationError: They are not sorted, a claim stands twice, widths differ, or so do anchors.
        """
        names = [str(monitor.claim) for monitor in self.monitors]
        if names != sorted(set(names)):
            raise VerificationError("the monitors of the suite are not sorted by claim, each once")
        if len({monitor.probes[0].width for monitor in self.monitors}) > 1:
            raise VerificationError("the monitors of the suite read activations of different widths")
        if len({monitor.anchor for monitor in self.at(Stage.CONTEXT)}) > 1:
            raise VerificationError("the context monitors of the suite have different anchors")

    @classmethod
    def of(cls, monitors: Iterable[Monitor]) -> Suite:
        """Sort monitors into a suite."""
        return cls(tuple(sorted(monitors, key=lambda monitor: str(monitor.claim))))

    @property
    def width(self) -> int:
        """Length of the activations that it reads."""
        return self.monitors[0].probes[0].width if self.monitors else 0

    @property
    def anchor(self) -> str:
        """What is read after a document that comes without a request; "" for nothing."""
        return next((monitor.anchor for monitor in self.at(Stage.CONTEXT)), "")

    @property
    def claims(self) -> tuple[Claim, ...]:
        """What it looks for, in order."""
        return tuple(monitor.claim for monitor in self.monitors)

    @property
    def hook_points(self) -> tuple[HookPoint, ...]:
        """Every place that any monitor reads, sorted."""
        return tuple(sorted({point for monitor in self.monitors for point in monitor.hook_points}))

    def at(self, *stages: Stage) -> tuple[Monitor, ...]:
        """Return the monitors of some stages, in order."""
        return tuple(monitor for monitor in self.monitors if monitor.claim.stage in stages)

    @classmethod
    def read(cls, suite_json: bytes, tensors: bytes) -> Suite:
        """Read the two files of a suite.

        Raises:
            VerificationError: They are not in the documented format, or do not belong together.
        """
        try:
            file = msgspec.json.decode(suite_json, type=_SuiteFile)
            arrays = load_tensors(tensors)
        except (msgspec.DecodeError, SafetensorError, ValueError, KeyError) as error:
            raise VerificationError(f"the suite is not in the format of {_FORMAT} ({type(error).__name__})") from error
        if file.format != _FORMAT or file.scoring != SCORING:
            raise VerificationError(
                f"the suite is of format {file.format[:40]!r}, scoring {file.scoring}; this version reads {_FORMAT}, "
                f"scoring {SCORING}",
                "certify again with this version",
            )
        if not file.monitors:
            raise VerificationError("the suite has no monitor")
        monitors = tuple(_monitor(entry, file.width, arrays) for entry in file.monitors)
        if arrays:
            raise VerificationError("the suite holds tensors that no monitor uses")
        return cls(monitors)

    def write(self) -> dict[str, bytes]:
        """Return the two files by name; the same suite gives the same bytes."""
        arrays: dict[str, NDArray[np.float32]] = {}
        entries = []
        for monitor in self.monitors:
            entries.append(_MonitorFile(str(monitor.claim), monitor.hook_points, monitor.aggregation, monitor.anchor))
            for probe in monitor.probes:
                bias = np.array([probe.bias], dtype=np.float32)
                for part, array in zip(_PARTS, (probe.weight, bias, probe.mean, probe.scale), strict=True):
                    arrays[f"{monitor.claim}/{probe.hook_point}/{part}"] = np.ascontiguousarray(array)
        file = _SuiteFile(_FORMAT, SCORING, self.width, tuple(entries))
        text = msgspec.json.format(msgspec.json.encode(file), indent=2) + b"\n"
        return {JSON_FILE: text, TENSOR_FILE: save_tensors(dict(sorted(arrays.items())))}


def _monitor(entry: _MonitorFile, width: int, arrays: dict[str, NDArray[np.float32]]) -> Monitor:
    """Build one monitor, taking its tensors out of `arrays`."""
    try:
        claim = Claim.parse(entry.claim)
    except InputError as error:
        raise VerificationError(f"the suite names no valid claim: {error.problem}") from error
    probes = []
    for point in entry.hook_points:
        found = {part: arrays.pop(f"{claim}/{point}/{part}", None) for part in _PARTS}
        weight, bias, mean, scale = (found[part] for part in _PARTS)
        if weight is None or bias is None or mean is None or scale is None:
            raise VerificationError(f"the suite lacks a tensor of {claim} at {point}")
        if weight.shape != (width,) or bias.shape != (1,) or bias.dtype != np.float32:
            raise VerificationError(f"the suite has a tensor of the wrong shape for {claim} at {point}")
        probes.append(LinearProbe(point, weight, float(bias[0]), mean, scale))
    return Monitor(claim, tuple(probes), entry.aggregation, entry.anchor)
