"""Answers under way together: each gets one token a round, and they come and go between rounds.

A round reads at most one pass of new prompts, then feeds one token to each answer, several answers to a pass. Whoever was
there first gets no more than whoever came last, and nobody waits for the end of a longer answer. A pass that fails is done
again with each of its rows alone, so that an answer fails for its own reasons only.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from guard.probes.suite import Suite
from guard.subjects.answer import Answer, AnswerProbes
from guard.subjects.causal import CausalSubject
from guard.subjects.decode import prompt_judgements, prompt_of, unread_events
from guard.subjects.draw import likeliest
from guard.subjects.events import Prefilled
from guard.subjects.jobs import Asked, Done, Job
from guard.subjects.slots import Kept, Slots
from guard.subjects.together import Begun, begin, step

PROMPT_TOKENS = 2_048
"""Padded tokens of prompts that are read in one pass; a longer prompt is read alone."""
_SHORTEST = 0.75
"""A prompt that is read beside a longer one has at least this share of its tokens."""
_SHELF = 1_024
"""Answers that end below this length share passes; above it, those between the same two powers of two."""


@dataclass(slots=True, eq=False)
class _Row:
    """An answer under way."""

    job: Job
    answer: Answer
    shelf: int


@dataclass(frozen=True, slots=True)
class _Opening:
    """A prompt that waits to be read."""

    job: Job
    asked: Asked
    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Fed:
    """What feeding one token of a row gave."""

    scored: list[float]
    logits: torch.Tensor
    best: int | None


class _Group:
    """Rows that share their passes: row k is in slot k."""

    def __init__(self, shelf: int) -> None:
        self.shelf = shelf
        self.rows: list[_Row] = []
        self.slots = Slots()

    def join(self, row: _Row, kept: Kept) -> None:
        self.slots.join(kept)
        self.rows.append(row)

    def take(self, number: int) -> tuple[_Row, Kept]:
        return self._pop(number), self.slots.take(number)

    def drop(self, number: int) -> None:
        self._pop(number)
        self.slots.drop(number)

    def _pop(self, number: int) -> _Row:
        row = self.rows[number]
        self.rows[number] = self.rows[-1]
        self.rows.pop()
        return row


class Batch:
    """Answers under way; the engine thread alone uses it."""

    def __init__(self, subject: CausalSubject, suite: Suite, size: int) -> None:
        """Begin with none.

        Args:
            subject: A model that can feed several rows in one pass: see `trial.why_alone`.
            suite: The monitors.
            size: Most rows in one pass.
        """
        self._subject, self._suite, self._size = subject, suite, size
        self._probes = AnswerProbes(suite)
        self._openings: deque[_Opening] = deque()
        self._groups: list[_Group] = []
        self._held: list[tuple[_Row, Kept]] = []

    def __len__(self) -> int:
        """Count the answers, those that have not begun included."""
        return len(self._openings) + len(self._held) + sum(len(group.rows) for group in self._groups)

    @property
    def jobs(self) -> list[Job]:
        """Whom they are for."""
        rows = [*(row for group in self._groups for row in group.rows), *(row for row, _ in self._held)]
        return [*(opening.job for opening in self._openings), *(row.job for row in rows)]

    def emptied(self) -> Batch:
        """Return one like this without any answer."""
        return Batch(self._subject, self._suite, self._size)

    def add(self, job: Job, asked: Asked) -> None:
        """Take an answer on; what is wrong with it, the job is told."""
        try:
            ids = prompt_of(self._subject, asked.conversation)
            if len(ids) <= self._subject.context:
                self._openings.append(_Opening(job, asked, ids))
                return
            for event in unread_events(self._suite, asked.conversation, len(ids)):
                job.tell(event)
            job.tell(Done())
        except Exception as error:
            job.fail(error)

    def round(self) -> bool:
        """Read prompts in one pass, and give each answer a token; return whether there was anything to do."""
        self._leave()
        openings = self._next_openings()
        if openings:
            self._open(openings)
        groups = list(self._groups)
        for group in groups:
            self._step(group)
        self._groups = [group for group in self._groups if group.rows]
        return bool(openings or groups)

    def _leave(self) -> None:
        """Let go of answers whose reader has gone, hold those up whose reader is slow, and go on with the others."""
        self._openings = deque(opening for opening in self._openings if not opening.job.gone.is_set())
        for group in self._groups:
            for number in reversed(range(len(group.rows))):
                if group.rows[number].job.gone.is_set():
                    group.drop(number)
                elif group.rows[number].job.full:
                    self._held.append(group.take(number))
        held, self._held = [one for one in self._held if not one[0].job.gone.is_set()], []
        for row, kept in held:
            if row.job.low:
                self._join(row, kept)
            else:
                self._held.append((row, kept))
        self._merge()

    def _merge(self) -> None:
        """Put what is left of two groups together where it fits into one."""
        for one in self._groups:
            for other in self._groups:
                if one is not other and one.shelf == other.shelf and 0 < len(other.rows) <= self._size - len(one.rows):
                    while other.rows:
                        one.join(*other.take(len(other.rows) - 1))
        self._groups = [group for group in self._groups if group.rows]

    def _next_openings(self) -> list[_Opening]:
        """Take the prompt that has waited longest, and with it those of about its length."""
        if not self._openings:
            return []
        chosen = [self._openings.popleft()]
        for other in list(self._openings):
            lengths = sorted(len(opening.ids) for opening in (*chosen, other))
            if len(chosen) == self._size or lengths[0] < _SHORTEST * lengths[-1]:
                continue
            if lengths[-1] * len(lengths) <= PROMPT_TOKENS:
                chosen.append(other)
                self._openings.remove(other)
        return chosen

    def _open(self, openings: Sequence[_Opening]) -> None:
        try:
            begun = begin(self._subject, [opening.ids for opening in openings], self._suite.hook_points)
        except Exception as error:
            if len(openings) == 1:
                openings[0].job.fail(error)
                return
            for opening in openings:
                self._open([opening])
            return
        for opening, one in zip(openings, begun, strict=True):
            try:
                self._begin(opening, one)
            except Exception as error:
                opening.job.fail(error)

    def _begin(self, opening: _Opening, begun: Begun) -> None:
        """Say what the prompt is worth, and choose the first token."""
        job, sampling, length = opening.job, opening.asked.sampling, len(opening.ids)
        judged = prompt_judgements(self._subject, self._suite, opening.asked.conversation, opening.ids, begun.values)
        job.tell(Prefilled(judged, length))
        answer = Answer(self._subject, self._suite, length, sampling)
        answer.choose(begun.logits, *likeliest(begun.logits.unsqueeze(0)))
        if answer.over:
            _end(job, answer)
        else:
            most = min(length + sampling.max_tokens, self._subject.context)
            self._join(_Row(job, answer, max(_SHELF, 1 << (most - 1).bit_length())), begun.kept)

    def _join(self, row: _Row, kept: Kept) -> None:
        fits = (group for group in self._groups if group.shelf == row.shelf and len(group.rows) < self._size)
        group = next(fits, None)
        if group is None:
            group = _Group(row.shelf)
            self._groups.append(group)
        group.join(row, kept)

    def _step(self, group: _Group) -> None:
        """Feed one token to each row; where that fails, to one after the other."""
        everyone = list(range(len(group.rows)))
        try:
            stepped = self._fed(group, everyone)
        except Exception:
            over = [number for number in everyone if not self._step_alone(group, number)]
        else:
            over = self._pushed(group, everyone, stepped)
        for number in reversed(over):
            group.drop(number)

    def _step_alone(self, group: _Group, number: int) -> bool:
        """Feed one row; return whether its answer goes on."""
        try:
            stepped = self._fed(group, [number])
        except Exception as error:
            group.rows[number].job.fail(error)
            return False
        return not self._pushed(group, [number], stepped)

    def _fed(self, group: _Group, numbers: Sequence[int]) -> list[_Fed]:
        tokens = [group.rows[number].answer.token for number in numbers]
        stepped = step(self._subject, group.slots, numbers, tokens, self._suite.hook_points)
        scored = self._probes.logits(stepped.values, len(numbers))
        best = likeliest(stepped.logits)
        group.slots.grow(numbers)
        return [_Fed(scored[at], stepped.logits[at], best[at]) for at in range(len(numbers))]

    def _pushed(self, group: _Group, numbers: Sequence[int], found: Sequence[_Fed]) -> list[int]:
        """Hand out what was fed; return the rows whose answer is over."""
        return [number for number, fed in zip(numbers, found, strict=True) if not _goes_on(group.rows[number], fed)]


def _goes_on(row: _Row, fed: _Fed) -> bool:
    """Hand out one token; return whether another one follows."""
    try:
        row.job.tell(row.answer.push(fed.scored, fed.logits, fed.best))
    except Exception as error:
        row.job.fail(error)
        return False
    if row.answer.over:
        _end(row.job, row.answer)
    return not row.answer.over


def _end(job: Job, answer: Answer) -> None:
    job.tell(answer.end())
    job.tell(Done())
