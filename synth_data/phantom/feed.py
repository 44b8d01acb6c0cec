"""Feeding the training: documents are drawn and turned into batches by chunks, in this process or in several.

Each chunk has a generator of its own, seeded by its number, and chunks come in the order of their numbers: how many processes
draw them does not matter to what is learnt.
"""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import count, islice
from pathlib import Path
from random import Random
from typing import Any

from guard.conversation import Fold, Kind
from guard.hazards import Claim
from guard.subjects.render import ChatTokenizer
from synth_data.draws import tellings
from synth_data.phantom.batches import Batch, batches, encode
from synth_data.phantom.corpus import Draw, documents
from synth_data.phantom.recipe import Recipe
from synth_data.scenario import Profile, Telling


@dataclass(frozen=True, slots=True)
class OfFold:
    """Tellings of one fold; picklable, so that processes can be started with it."""

    seed: bytes
    """Of the draws."""
    fold: Fold
    """Which."""

    def __call__(
        self, claim: Claim | None, lang: str, bucket: str, index: int, profile: Profile
    ) -> tuple[tuple[Kind, Telling], ...]:
        """Draw."""
        return tellings(claim, lang, bucket, index, self.seed, self.fold, profile)


@dataclass(frozen=True, slots=True)
class Feed:
    """Draws and encodes chunks."""

    recipe: Recipe
    """All numbers."""
    draw: Draw
    """Where the tellings come from."""
    seed: int
    """Of everything."""
    tokenizer: ChatTokenizer
    """The phantom's."""
    teacher: Any = None
    """A sentence encoder's tokenizer, or None."""

    def chunk(self, number: int) -> list[Batch]:
        """Return the batches of one chunk."""
        how = self.recipe.optimisation
        rng = Random(f"documents {self.seed} {number}")
        first, mixture = number * how.chunk, self.recipe.mixture
        if first < mixture.early:
            mixture = replace(mixture, typical=0.9, filled=0.0, buckets=dict([next(iter(mixture.buckets.items()))]))
        drawn = list(islice(documents(mixture, self.draw, rng, first), how.chunk))
        rows = encode(drawn, self.tokenizer, how, rng, self.teacher)
        return batches(rows, how.batch_tokens, self.recipe.architecture.context, rng)

    def stream(self) -> Iterator[Batch]:
        """Yield batches without end, drawn in this process."""
        for number in count():
            yield from self.chunk(number)


def stream(recipe: Recipe, draw: Draw, seed: int, tokenizer: Path, teacher: Path | None, jobs: int) -> Iterator[Batch]:
    """Yield batches without end; with more than one job, other processes draw them ahead.

    Args:
        recipe: All numbers.
        draw: Where the tellings come from; must be picklable for more than one job.
        seed: Of everything.
        tokenizer: Folder of the phantom's.
        teacher: Folder of the sentence encoder that is distilled, or None.
        jobs: Processes.
    """
    if jobs < 2:
        yield from feed(recipe, draw, seed, tokenizer, teacher).stream()
        return
    context = multiprocessing.get_context("spawn")
    waiting: deque[Future[list[Batch]]] = deque()
    with ProcessPoolExecutor(jobs, context, _start, (recipe, draw, seed, tokenizer, teacher)) as pool:
        try:
            numbers = count()
            while True:
                while len(waiting) < 3 * jobs:
                    waiting.append(pool.submit(_chunk, next(numbers)))
                yield from waiting.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def feed(recipe: Recipe, draw: Draw, seed: int, tokenizer: Path, teacher: Path | None) -> Feed:
    """Open the tokenizers and return a feed."""
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    own = ChatTokenizer.of(PreTrainedTokenizerFast.from_pretrained(str(tokenizer)))
    read = None
    if teacher is not None:
        read = Tokenizer.from_file(str(teacher / "tokenizer.json"))
        read.no_padding()
        read.no_truncation()
    return Feed(recipe, draw, seed, own, read)


_FEED: list[Feed] = []


def _start(recipe: Recipe, draw: Draw, seed: int, tokenizer: Path, teacher: Path | None) -> None:
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    _FEED.append(feed(recipe, draw, seed, tokenizer, teacher))


def _chunk(number: int) -> list[Batch]:
    return _FEED[0].chunk(number)
