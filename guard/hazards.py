"""What can go wrong: hazards, the stages at which they are looked for, and claims, which join the two.

Comes in: `policies/hazards.yaml`, decoded. Goes out: `Taxonomy`. Knows nothing of monitors, scores or policies.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

import msgspec

from guard import resources
from guard.errors import InputError


class Severity(enum.StrEnum):
    """How bad an undetected hazard can be; the scale of the hazard log."""

    S1 = "S1"
    S2 = "S2"
    S3 = "S3"
    S4 = "S4"
    S5 = "S5"


class Stage(enum.StrEnum):
    """Where in a conversation a monitor reads."""

    PROMPT = "prompt"
    CONTEXT = "context"
    RESPONSE = "response"
    ANSWER = "answer"
    TOOL_CALL = "tool_call"


class Mode(enum.StrEnum):
    """Whether a hazard's error can be bounded, or only escalated on."""

    CERTIFY = "certify"
    ESCALATE_ONLY = "escalate_only"


class Population(enum.StrEnum):
    """What a rate is about: new scenarios of listed kinds, or kinds that were not used for fitting or selection."""

    LISTED = "listed"
    UNSEEN = "unseen"


@dataclass(frozen=True, slots=True, order=True)
class Claim:
    """A hazard at a stage, written `hazard@stage`."""

    hazard: str
    """Id of the hazard in the taxonomy."""
    stage: Stage
    """Where it is looked for."""

    @classmethod
    def parse(cls, text: str) -> Claim:
        """Read `hazard@stage`.

        Raises:
            InputError: It is not of that form, or the stage is unknown.
        """
        hazard, at, stage = text.partition("@")
        try:
            return cls(hazard, Stage(stage)) if at and hazard else cls(hazard, Stage(""))
        except ValueError as error:
            stages = ", ".join(Stage)
            raise InputError(f"not a claim: {text[:80]!r}", f"write hazard@stage with a stage of {stages}") from error

    def __str__(self) -> str:
        """The written form."""
        return f"{self.hazard}@{self.stage}"


class Stance(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What can be shown of one claim: a hazard may be certifiable at one stage and escalate-only at another."""

    mode: Mode
    """Certifiable, or escalate only."""
    reason: str
    """Why."""


class Risk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A hazard in the words of ISO 14971, for a risk management file."""

    hazard: str
    """Potential source of harm."""
    sequence: str
    """Foreseeable sequence of events."""
    situation: str
    """Hazardous situation: who is exposed."""
    harm: str
    """Injury or damage that can follow."""


class Hazard(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry of the taxonomy."""

    id: str
    """Name used in code, data and certificates."""
    title: str
    """Name for people."""
    definition: str
    """When it fires."""
    severity: Severity
    """Worst credible harm of a miss."""
    stages: tuple[Stage, ...]
    """Where it can be read."""
    mode: Mode
    """Certifiable at some stage, or escalate only at all."""
    reason: str
    """Why the mode is what it is."""
    claims: dict[Stage, Stance] = {}
    """Where one stage is looked at alone; a stage that is not named has the hazard's mode and reason."""
    miss: dict[Stage, str]
    """What a miss reads as in a report: "does not notice ..."; by stage."""
    references: tuple[str, ...] = ()
    """Evidence."""
    owasp: tuple[str, ...] = ()
    """Entries of the OWASP Top 10 for LLM applications, 2025."""
    iso14971: Risk | None = None
    """The same in the words of ISO 14971."""
    ailuminate: tuple[str, ...] = ()
    """Hazard categories of MLCommons AILuminate 1.0."""
    tags: tuple[str, ...] = ()
    """Free words to search by."""


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    version: str
    hazards: tuple[Hazard, ...]


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """All hazards, by id."""

    version: str
    """Version of the file."""
    hazards: dict[str, Hazard]
    """By id, in the order of the file."""

    @classmethod
    def read(cls, value: Any) -> Taxonomy:
        """Check a decoded taxonomy file.

        Raises:
            InputError: A field is missing, unknown or of the wrong type, an id stands twice, or a stage has words or a
                mode but is not read, or is certifiable where the hazard is not.
        """
        try:
            file = msgspec.convert(value, _File)
        except msgspec.ValidationError as error:
            raise InputError(f"the taxonomy is not valid: {error}") from error
        hazards = {hazard.id: hazard for hazard in file.hazards}
        if len(hazards) != len(file.hazards):
            raise InputError("a hazard stands twice in the taxonomy")
        for hazard in file.hazards:
            _check(hazard)
        return cls(file.version, hazards)

    @classmethod
    def packaged(cls) -> Taxonomy:
        """Return the taxonomy that comes with this version.

        Raises:
            InputError: This installation lacks it.
        """
        return cls.read(resources.yaml("policies/hazards.yaml"))

    def claim(self, text: str) -> Claim:
        """Read a claim and check that the taxonomy has it.

        Raises:
            InputError: Unknown hazard, or a stage at which it can't be read.
        """
        claim = Claim.parse(text)
        hazard = self.hazards.get(claim.hazard)
        if hazard is None:
            raise InputError(f"unknown hazard {claim.hazard[:60]!r}", f"the taxonomy has {', '.join(self.hazards)}")
        if claim.stage not in hazard.stages:
            raise InputError(f"{claim.hazard} is not read at {claim.stage}", f"it is read at {', '.join(hazard.stages)}")
        return claim

    def stance(self, claim: Claim) -> Stance:
        """Return whether `claim` is certifiable, and why."""
        hazard = self.hazards[claim.hazard]
        return hazard.claims.get(claim.stage, Stance(mode=hazard.mode, reason=hazard.reason))

    def miss(self, claim: Claim) -> str:
        """Return what a miss of `claim` reads as."""
        hazard = self.hazards[claim.hazard]
        return hazard.miss.get(claim.stage, f"misses {hazard.title.lower()}")


def _check(hazard: Hazard) -> None:
    """Refuse what contradicts itself."""
    for stage in (*hazard.claims, *hazard.miss):
        if stage not in hazard.stages:
            raise InputError(f"{hazard.id} is not read at {stage}, but the taxonomy has words for it")
    certifiable = any(stance.mode is Mode.CERTIFY for stance in hazard.claims.values())
    if certifiable and hazard.mode is not Mode.CERTIFY:
        raise InputError(f"{hazard.id} is escalate-only, but one of its claims is certifiable")
