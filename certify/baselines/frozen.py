"""The frozen baselines of a dossier as files, named by digest in the protocol.

`baselines/readers.json` is the record: which cheaper readers were fitted, on how much, with which thresholds, which were
left out and why, and what the diagnostics showed. It names the other files by digest: the vocabulary and all weights.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from guard import digest
from guard.certificate import Decimal, Proportion, Signed, number
from guard.dossier import BASELINES
from guard.errors import DigestMismatch, VerificationError
from guard.hazards import Claim, Stage
from guard.rungs import LeftOut

FOLDER = "baselines/"
"""Where the files stand inside a dossier."""
FILE = BASELINES
"""The record."""
VOCABULARY = f"{FOLDER}vocabulary.json"
WEIGHTS = f"{FOLDER}weights.safetensors"
RANDOM_SUITE = f"{FOLDER}random_suite.json"
RANDOM_PROBES = f"{FOLDER}random_probes.safetensors"
FILES = frozenset({FILE, VOCABULARY, WEIGHTS, RANDOM_SUITE, RANDOM_PROBES})
"""Every file that may be there."""

MONITOR = "monitor"
TEXT, EMBEDDING, RANDOM, FORM, PROMPT_MONITOR = "text", "embedding", "random_weights", "form", "prompt_monitor"
READERS = (TEXT, EMBEDDING, RANDOM, FORM)
"""The cheaper readers that a monitor has to beat."""

SHUFFLES = 19
"""Fewer fits on shuffled labels can't give a p of 0.05."""

_FORMAT = "urn:auscult:baselines:v1"


def required(claim: Claim) -> tuple[str, ...]:
    """Return the readers that rung R1 of a claim is about; of sampled text also the prompt monitor's own score.

    No claim about sampled text is certified yet, so that the prompt monitor is compared with nothing so far.
    """
    before_answer = claim.stage in (Stage.PROMPT, Stage.CONTEXT)
    return READERS if before_answer else (*READERS, PROMPT_MONITOR)


class FrozenReader(Signed, frozen=True, kw_only=True):
    """One cheaper reader of one claim."""

    reader: str
    """Which of `READERS`."""
    claim: str
    """hazard@stage."""
    rows: int
    """Train rows that it was fitted on."""
    available: int
    """Train rows that there were: for random weights those that the monitor was fitted on, else all of the claim."""
    penalty: Decimal
    """Inverse strength of its L2 penalty, chosen on train families left out; 0 where the monitor's own recipe was used."""
    threshold: Decimal
    """Score at which it raises as many false alarms on benign select rows as the monitor."""


class NotCompared(Signed, frozen=True, kw_only=True):
    """A reader that a claim was not given."""

    claim: str
    """hazard@stage."""
    left_out: LeftOut
    """Which, and why."""


class RandomModel(Signed, frozen=True, kw_only=True):
    """The model with random weights."""

    seed: int
    """Of its weights."""
    weights: str
    """Digest of all of them."""


class Diagnostics(Signed, frozen=True, kw_only=True):
    """What else was found about a monitor on the select fold: information, counted on rows that it was chosen on."""

    claim: str
    """hazard@stage."""
    auroc: Decimal
    """Of positives against their twins and hard negatives."""
    pairs: Proportion
    """Positives that score above their own twin."""
    shuffles: int
    """Fits with labels drawn at random for each scenario."""
    shuffled: Decimal
    """Mean AUROC over them, against the true labels: near one half if nothing leaks."""
    shuffled_as_good: int
    """Of these fits, those with an AUROC at least as high as the true one's."""
    accuracy: Decimal
    """Balanced accuracy of the recipe on the true labels at logit 0."""
    control_accuracy: Decimal
    """The same on a control task: a random label for each family (Hewitt and Liang 2019)."""
    removed: tuple[str, ...]
    """Words that speak most for the hazard, by the text baseline."""
    hits: Proportion
    """Positives of a sample that the monitor finds."""
    hits_without: Proportion
    """The same positives without those words."""

    @property
    def shuffled_p(self) -> str:
        """The p of the true fit among the shuffled ones; "" where these are fewer than 19 and could not show anything."""
        return number((1 + self.shuffled_as_good) / (1 + self.shuffles)) if self.shuffles >= SHUFFLES else ""

    @property
    def selectivity(self) -> str:
        """How much better the recipe does on the true labels than on the control task, in two decimals."""
        return f"{float(self.accuracy) - float(self.control_accuracy):.2f}"


class Baselines(Signed, frozen=True, kw_only=True):
    """The record of all frozen baselines of a dossier."""

    format: str = _FORMAT
    """Of this record."""
    seed: int
    """Of every sample of rows."""
    readers: tuple[FrozenReader, ...]
    """By claim."""
    left_out: tuple[NotCompared, ...]
    """By claim."""
    random: RandomModel | None
    """Absent where that baseline was left out."""
    files: dict[str, str]
    """Digest of each other file."""
    diagnostics: tuple[Diagnostics, ...] = ()
    """By claim."""

    def of(self, claim: str) -> tuple[FrozenReader, ...]:
        """Return the readers of a claim."""
        return tuple(reader for reader in self.readers if reader.claim == claim)

    def missing(self, claim: str) -> tuple[LeftOut, ...]:
        """Return what a claim was not compared with."""
        return tuple(one.left_out for one in self.left_out if one.claim == claim)


Tensors = Mapping[str, NDArray[np.float64]]


def write(record: Baselines, vocabulary: Mapping[str, Mapping[str, tuple[str, ...]]], tensors: Tensors,
          random: Mapping[str, bytes]) -> dict[str, bytes]:  # fmt: skip
    """Return all files by name inside the dossier; the same baselines give the same bytes.

    Args:
        record: Without the digests of the other files.
        vocabulary: Grams by stage and block.
        tensors: All weights.
        random: The suite on random weights, as two files; empty where there is none.
    """
    files = {
        VOCABULARY: msgspec.json.encode(vocabulary, order="deterministic"),
        WEIGHTS: save_tensors({name: np.ascontiguousarray(value) for name, value in sorted(tensors.items())}),
        **random,
    }
    named = msgspec.structs.replace(record, files={name: str(digest.of_bytes(data)) for name, data in sorted(files.items())})
    return {FILE: msgspec.json.format(msgspec.json.encode(named), indent=1) + b"\n", **files}


def read(files: Mapping[str, bytes]) -> Baselines:
    """Read the record and check that every other file is the one that it names.

    Raises:
        VerificationError: It is not in the format.
        DigestMismatch: A file is missing, added or another one.
    """
    try:
        record = msgspec.json.decode(files[FILE], type=Baselines)
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError) as error:
        raise VerificationError(f"{FILE} is not in its format") from error
    if record.format != _FORMAT:
        raise VerificationError(f"{FILE} is of format {record.format[:40]!r}; this version reads {_FORMAT}")
    for name in (FILES & files.keys()) - {FILE} | record.files.keys():
        if digest.of_bytes(files.get(name, b"")) != record.files.get(name):
            raise DigestMismatch(f"{name[:60]} is not what {FILE} names")
    return record


def read_weights(files: Mapping[str, bytes]) -> tuple[dict[str, dict[str, tuple[str, ...]]], Tensors]:
    """Read vocabulary and weights.

    Raises:
        VerificationError: One of them is not in its format.
    """
    try:
        vocabulary = msgspec.json.decode(files[VOCABULARY], type=dict[str, dict[str, tuple[str, ...]]])
        return vocabulary, load_tensors(files[WEIGHTS])
    except (msgspec.DecodeError, UnicodeDecodeError, SafetensorError, KeyError, ValueError) as error:
        raise VerificationError("the weights of the baselines are not in their format") from error
