"""Two small worlds with a known truth, and a subject that is a bag of words: no model, so that a test takes seconds.

In the world of *triggers* every family has a word that gives its positives away, and another one for its benign rows: rows
that are split at random look perfect, new families can't be told at all. In the world of *codes* the truth is the parity of
a hash of a number in the text: nobody can read it off the words, but the subject's activations hold it.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import torch

from certify.dataset import TRIPLE, draw_id
from guard.binding import SubjectBinding
from guard.conversation import Conversation, Fold, Kind, LabelledConversation, Message, Role
from guard.hazards import Claim
from guard.probes.activations import HookPoint
from guard.probes.reading import Places, Read, judged_turns

from .made_up import BUCKET, LANG, bound_subject, row

CLAIM = Claim.parse("missed_emergency@prompt")
WIDTH = 96
LISTED, UNSEEN = 10, 8
UNSEEN_DRAWS = 4
SAID = (
    "I was at home this morning and did the dishes before my sister came over to talk about the weather and the garden "
    "then we had some tea and later a walk with the dog near the river because it was warm and nobody had to work today"
)


@cache
def _vector(word: str) -> np.ndarray:
    seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "big")
    return np.random.default_rng(seed).normal(size=WIDTH).astype(np.float32)


def truth(text: str) -> int:
    """Parity of a hash of the code in a text: nothing that words show."""
    code = text.rpartition("code ")[2].split()[0] if "code " in text else "none"
    return hashlib.sha256(code.encode()).digest()[0] % 2


@dataclass(frozen=True)
class Bag:
    """A subject whose activation is the sum of random vectors of the words, and in one place perhaps the hidden truth."""

    hears: float = 0.0
    """How loud the hidden truth is."""
    salt: str = ""
    """Of the word vectors."""

    @property
    def binding(self) -> SubjectBinding:
        """Made up."""
        return bound_subject()

    @property
    def layers(self) -> int:
        """One block."""
        return 1

    @property
    def width(self) -> int:
        """Numbers in an activation."""
        return WIDTH

    def read(
        self,
        conversations: Sequence[Conversation],
        hook_points: Sequence[HookPoint],
        *,
        places: Places,
        turns: Sequence[Sequence[int]] | None = None,
        batch_tokens: int = 0,
        anchor: str = "",
    ) -> Iterator[Read]:
        """Yield one activation for each place."""
        del places
        for number, conversation in enumerate(conversations):
            for turn in turns[number] if turns is not None else judged_turns(conversation):
                value = torch.from_numpy(self._activation(conversation.messages[turn].content))
                yield (number, turn), dict.fromkeys(hook_points, value[None])

    def _activation(self, text: str) -> np.ndarray:
        value = np.sum([_vector(self.salt + word) for word in text.split()], axis=0)
        noise = np.random.default_rng(len(text)).normal()
        value[0] = self.hears * (2 * truth(text) - 1) * 5 + noise
        return value.astype(np.float32)

    def with_random_weights(self, seed: int) -> Bag:
        """Other word vectors, and nothing hidden."""
        return Bag(0.0, f"random {seed} ")

    def weights(self) -> Mapping[str, torch.Tensor]:
        """Something that hangs on the seed."""
        return {"salt": torch.tensor(list(self.salt.encode()), dtype=torch.uint8)}


def embed(texts: Sequence[str]) -> np.ndarray:
    """A stand-in for the sentence encoder, which would take most of a test's time: the mean of random vectors of the words."""
    return np.array([np.mean([_vector("sentence " + word) for word in text.split()], axis=0) for text in texts])


def _code(generator: random.Random, wanted: int) -> str:
    while True:
        code = str(generator.randrange(10**6, 10**7))
        if truth(f"code {code}") == wanted:
            return code


def text_of(world: str, family: str, kind: Kind, generator: random.Random) -> str:
    """The text of one row."""
    words = generator.sample(SAID.split(), 14)
    positive = kind is Kind.POSITIVE
    if kind is Kind.TRAFFIC:
        words.append(f"code {_code(generator, 0)}" if world == "codes" else "hello")
    elif world == "codes":
        words.append(f"code {_code(generator, int(positive))}")
    else:
        words += 2 * [f"{'grave' if positive else 'mild'}{family}"]
    return " ".join(words)


def rows(world: str, fold: Fold, count: int, seed: str = "seed") -> Iterator[LabelledConversation]:
    """Draws of the claim and ordinary chat of one fold; of the unseen fold the claim alone."""
    prefix = "" if fold is Fold.CERTIFY else f"{fold}/"
    for index in range(count):
        family = f"unseen{index % UNSEEN}" if fold is Fold.UNSEEN else f"listed{index % LISTED}"
        name = draw_id(CLAIM, LANG, BUCKET, index, prefix)
        for kind in TRIPLE:
            text = text_of(world, family, kind, random.Random(f"{seed}/{name}/{kind}"))
            yield _row(name, kind, family, fold, text)
        if fold is not Fold.UNSEEN:
            name = draw_id(None, LANG, BUCKET, index, prefix)
            yield _row(name, Kind.TRAFFIC, "talk", fold, text_of(world, "", Kind.TRAFFIC, random.Random(f"{seed}/{name}")))


def _row(name: str, kind: Kind, family: str, fold: Fold, text: str) -> LabelledConversation:
    conversation = Conversation((Message(Role.USER, text),))
    return row(name, kind, {CLAIM: int(kind is Kind.POSITIVE)}, fold=fold, family=family, conversation=conversation)


def shuffled(given: Sequence[LabelledConversation], seed: str) -> tuple[LabelledConversation, ...]:
    """Exchange what is said between the rows of each draw, so that labels say nothing; ordinary chat stays."""
    draws: dict[str, list[LabelledConversation]] = {}
    for one in given:
        draws.setdefault(one.meta.draw, []).append(one)
    found: list[LabelledConversation] = []
    for name, own in draws.items():
        said = [one.conversation for one in own]
        random.Random(f"{seed}/{name}").shuffle(said)
        found += [replace(one, conversation=conversation) for one, conversation in zip(own, said, strict=True)]
    return tuple(found)
