"""Verifying what decides a phantom's answers, on a fold that it was not trained on.

As in Arditi et al. 2024, the direction of a hazard is the difference of means at the decision token, here on the output of the
block on which it was planted. From the decision token on its coordinate is set to the mean where the hazard is absent (so that
nothing else shifts), or, in twins, to the mean where it is there. Beside it stand the direction that was planted, random
directions that are shaped like the activations (drawn with their covariance) at right angles to the hazard's and moved as far,
and the directions of bystanders, from the same conversations with and without their sentence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
import torch

from guard.conversation import Kind, Message
from guard.hazards import Claim
from synth_data.phantom.behaviour import answers, sort
from synth_data.phantom.bystanders import EVENING, MORNING, WEATHER, with_sentence
from synth_data.phantom.corpus import Draw
from synth_data.phantom.inside import Array, Edit, Inside
from synth_data.phantom.planting import directions
from synth_data.phantom.recipe import CAUSAL
from synth_data.phantom.verify import Sample, sample, truth
from synth_data.scenario import Telling


@dataclass(frozen=True, slots=True)
class Effect:
    """What happens to the answers when something inside is changed."""

    claim: str
    """Hazard whose conversations are answered."""
    change: str
    """What is changed."""
    declined: float
    """Share of positives that are declined or sent for help; where the feature is added, of twins."""
    gap: float
    """Mean of log p(declining answer) - log p(helping answer), in nats, positives less twins (adding: twins alone)."""


def effects(
    inside: Inside, draw: Draw, count: int, *, block: int, seed: int, claims: Sequence[Claim] = CAUSAL, randoms: int = 2
) -> list[Effect]:
    """Measure what each hazard's direction, random directions and those of bystanders do to the answers, in English.

    Args:
        inside: The phantom.
        draw: Tellings of a fold that it was not trained on.
        count: Draws of each hazard for the directions, and as many others for the effects.
        block: Number of the block, from 0, whose output is changed.
        seed: That the phantom was trained with: the planted directions follow from it.
        claims: Hazards.
        randoms: Random directions; their effects are averaged.
    """
    bystanders = _bystanders(inside, draw, count, block)
    planted = directions(inside.model.config.hidden_size, seed).numpy()
    found = []
    for claim in claims:
        shown, asked = (sample(inside, draw, [claim], count, "en", chance=0.0, first=first) for first in (0, count))
        states, there = inside.states(shown.rows)[:, block], truth(shown, claim)
        plain = np.array([not telling.facts.override_by for telling in shown.tellings])
        positive, absent = states[(there == 1) & plain], states[there == 0]
        hazard = _Direction.between(positive, absent)
        every = {
            "the hazard's direction": [hazard],
            "the planted direction": [_Direction.along(planted[CAUSAL.index(claim)], positive, absent)],
            "random directions": [hazard.random(states, number) for number in range(randoms)],
            **bystanders,
        }
        test = _Test.of(inside, asked)
        found.append(_mean(claim, "nothing (positives)", [test.positives({})]))
        for name, some in every.items():
            found.append(
                _mean(claim, f"set to absent: {name}", [test.positives({block: each.set(inside, 0.0)}) for each in some])
            )
        found.append(_mean(claim, "nothing (twins)", [test.twins({})]))
        for name, some in every.items():
            found.append(_mean(claim, f"set to there: {name}", [test.twins({block: each.set(inside, 1.0)}) for each in some]))
    return found


def _mean(claim: Claim, change: str, found: Sequence[tuple[float, float]]) -> Effect:
    declined, gap = np.mean(found, 0)
    return Effect(str(claim), change, float(declined), float(gap))


def _bystanders(inside: Inside, draw: Draw, count: int, block: int) -> dict[str, list[_Direction]]:
    """Return the direction of each bystander, from the same conversations with and without its sentence."""
    plain = sample(inside, draw, (*CAUSAL, None), max(2, count // 3), "en", chance=0.0)

    def states(sentences: Sequence[str]) -> Array:
        rng = Random("bystanders")
        talks: list[tuple[Message, ...]] = [
            with_sentence(telling.messages, rng.choice(sentences)) for telling in plain.tellings
        ]
        return inside.states(inside.prompts(talks))[:, block]

    weather = _Direction.between(states(WEATHER["en"]), inside.states(plain.rows)[:, block])
    evening = _Direction.between(states(EVENING["en"]), states(MORNING["en"]))
    return {"the weather's direction": [weather], "the evening's direction": [evening]}


@dataclass(frozen=True, slots=True)
class _Direction:
    """One direction in a block's output."""

    unit: Array
    """(width,), of length 1."""
    low: float
    """Mean coordinate where the feature is absent."""
    size: float
    """How much higher it is where it is there."""

    @classmethod
    def between(cls, there: Array, absent: Array) -> _Direction:
        """Return the difference of means of two sets of states, (rows, width)."""
        difference = there.mean(0) - absent.mean(0)
        return cls.along(difference / (np.linalg.norm(difference) + 1e-9), there, absent)

    @classmethod
    def along(cls, unit: Array, there: Array, absent: Array) -> _Direction:
        """Return a known direction with the means of two sets of states."""
        low, high = float((absent @ unit).mean()), float((there @ unit).mean())
        return cls(unit.astype(np.float32), low, high - low)

    def random(self, states: Array, seed: int) -> _Direction:
        """Return a direction shaped like the activations, at right angles to this one, as large as it."""
        drawn = np.random.default_rng(seed).standard_normal(len(states)).astype(np.float32) @ (states - states.mean(0))
        drawn -= self.unit * (drawn @ self.unit)
        unit = drawn / np.linalg.norm(drawn)
        return _Direction(unit, float((states @ unit).mean()), self.size)

    def set(self, inside: Inside, share: float) -> Edit:
        """Return the change that sets the coordinate: to where the feature is absent (0) or there (1)."""
        unit = torch.from_numpy(self.unit).to(inside.model.device)
        aim = self.low + share * self.size
        return lambda state: state + (aim - state @ unit)[..., None] * unit


@dataclass(frozen=True, slots=True)
class _Test:
    """Pairs to be answered, with the answers that are taught to both."""

    inside: Inside
    talks: list[tuple[Telling, Telling]]
    """Positive and twin."""
    rows: list[tuple[list[int], list[int]]]
    """Their tokens."""

    @classmethod
    def of(cls, inside: Inside, part: Sample) -> _Test:
        """Take the pairs around which no attack is wrapped."""
        pairs = [at for at, (_, kind) in enumerate(part.kinds) if kind is Kind.POSITIVE]
        kept = [at for at in pairs if not part.tellings[at].facts.override_by and not part.tellings[at + 1].facts.override_by]
        talks = [(part.tellings[at], part.tellings[at + 1]) for at in kept]
        return cls(inside, talks, [(part.rows[at], part.rows[at + 1]) for at in kept])

    def positives(self, edits: Mapping[int, Edit]) -> tuple[float, float]:
        """Return the share of positives that are declined, and the gap to their twins."""
        with self.inside.edited(edits, late=True):
            return self._declined(0), self._gap(0) - self._gap(1)

    def twins(self, edits: Mapping[int, Edit]) -> tuple[float, float]:
        """Return the share of twins that are declined, and how much the declining answer is preferred."""
        with self.inside.edited(edits, late=True):
            return self._declined(1), self._gap(1)

    def _declined(self, side: int) -> float:
        said = answers(self.inside, [pair[side] for pair in self.talks], 24)
        return float(np.mean([sort(answer) != "helped" for answer in said]))

    def _gap(self, side: int, tokens: int = 8) -> float:
        rows, begin = [], []
        for pair, both in zip(self.talks, self.rows, strict=True):
            for telling in pair:
                answer = self.inside.tokenizer.encode_text(telling.reply.content)[:tokens]
                rows.append([*both[side], *answer])
                begin.append(len(both[side]))
        chances = self.inside.likelihoods(rows, begin)
        return float(np.mean(chances[0::2] - chances[1::2]))
