"""A short hazard in a long chat: misses and false alarms by length, for every way to join token scores.

    nice python bench/long_input.py phantom --plan 200:900 [--out bench/results]
    nice python bench/long_input.py smollm2 --plan 100:1000,30:3000,20:8000 [--threads 2]

A hazard of at most 40 tokens is planted in 100 to 8,000 tokens of the generator's ordinary chat, as the last thing said or
followed by one more ordinary exchange. Two probes a claim, one of the decision token and one of windows of 16 tokens, are
fitted on short rows of the train fold and on every turn of some long ordinary chats; all that is read here is of the select
fold. One pass reads every position, so that every reader judges the same conversations. `--plan` says how many conversations
grow to which length; each counts at every shorter length, too. Thresholds allow 5 % false alarms, on other conversations
than they are applied to.

Then the guard's own kinds are held against the limits of the default policy in both length buckets, on the generator's rows.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import _arms
import _buckets
import _rows
from _growing import Planting, hear, users
from _long_tables import LAST, LATER, bucket_table, figure, plain, table

from certify.long_input import Grown, lines
from guard.cell import BUCKETS
from guard.conversation import Conversation, Fold, Kind, Message, Role
from guard.hazards import Claim
from guard.probes.linear import Stack
from guard.probes.reading import Places
from guard.subjects.causal import CausalSubject
from guard.subjects.load import load
from synth_data import draws
from synth_data.labels import EMERGENCY, MISUSE

CLAIMS = (EMERGENCY, MISUSE)
LENGTHS = (100, 300, 1_000, 3_000, 8_000)
MOST = 40
"""Tokens of a planted hazard."""
RATE = 0.05
"""Share of false alarms that a threshold allows."""
SEED = b"bench long input"


@dataclass(frozen=True, slots=True)
class Hazard:
    """A hazard in one message, and what the assistant says to it."""

    asked: Message
    reply: Message


def ordinary(rng: Random) -> Iterator[tuple[Message, ...]]:
    """Yield ordinary exchanges without end: user and assistant only, each answered."""
    while True:
        ((_, told),) = draws.tellings(None, _rows.LANG, _rows.BUCKET, rng.randrange(10**6), SEED, Fold.SELECT)
        if all(message.role in (Role.USER, Role.ASSISTANT) for message in told.messages):
            yield (*told.messages, told.reply)


def hazards(subject: CausalSubject, claim: Claim) -> Iterator[Hazard]:
    """Yield hazards of one message of at most `MOST` tokens."""
    index = 0
    while True:
        for kind, told in draws.tellings(claim, _rows.LANG, _rows.BUCKET, index, SEED, Fold.SELECT):
            if kind is Kind.POSITIVE and len(told.messages) == 1 and size(subject, told.messages) <= MOST:
                yield Hazard(told.messages[0], told.reply)
        index += 1


def size(subject: CausalSubject, messages: Sequence[Message]) -> int:
    """Count the tokens of some texts, without the template's."""
    return sum(len(subject.tokenizer.plain.encode(message.content, add_special_tokens=False).ids) for message in messages)


def grown(subject: CausalSubject, stack: Stack, plan: dict[int, int]) -> tuple[list[dict[int, list[Grown]]], list[int]]:
    """Grow the conversations of a plan; returns per claim what was heard by length, and the tokens of every hazard."""
    chosen = [hazards(subject, claim) for claim in CLAIMS]
    heard: list[dict[int, list[Grown]]] = [{} for _ in CLAIMS]
    sizes: list[int] = []
    for number, longest in enumerate(longest for longest, count in plan.items() for _ in range(count)):
        exchanges = ordinary(Random(f"{SEED!r}{number}"))  # noqa: S311
        messages: tuple[Message, ...] = ()
        while size(subject, messages) + 6 * len(messages) < longest:
            messages += next(exchanges)
        chat = Conversation((*messages, next(exchanges)[0]))
        more, planted = next(exchanges)[0], [next(each) for each in chosen]
        tails = {(index, LAST): (hazard.asked,) for index, hazard in enumerate(planted)}
        tails |= {(index, LATER): (hazard.asked, hazard.reply, more) for index, hazard in enumerate(planted)}
        sizes += [size(subject, (hazard.asked,)) for hazard in planted]
        spans = subject.render(chat, len(chat) - 1).spans
        before = [(turn, spans[turn - 1][1] if turn else 0) for turn in users(chat)]
        plantings = [
            Planting(length, max(turn for turn, tokens in before if tokens + MOST + 8 <= length or not turn), tails)
            for length in LENGTHS
            if length <= longest
        ]
        for length, found in hear(subject, stack, chat, plantings).items():
            for index, one in enumerate(found):
                heard[index].setdefault(length, []).append(one)
        print(f"{number + 1} of {sum(plan.values())} conversations", end="\r", flush=True, file=sys.stderr)
    return heard, sizes


def main() -> None:
    """Fit, read, count, and write JSON, a table and a figure a claim."""
    parser = argparse.ArgumentParser()
    parser.add_argument("subject")
    parser.add_argument("--plan", default="200:900", help="count:tokens, with commas")
    parser.add_argument("--fit", type=int, default=300, help="draws a claim that the probes are fitted on")
    parser.add_argument("--chats", type=int, default=40, help="long ordinary chats, every turn of which is fitted on, too")
    parser.add_argument("--rows", type=int, default=150, help="draws a claim and bucket for the guard's own kinds; 0 for none")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("bench/results"))
    options = parser.parse_args()
    began = time.perf_counter()
    subject = load(options.subject, threads=options.threads)
    plan = {int(longest): int(count) for count, longest in (part.split(":") for part in options.plan.split(","))}
    rows = _rows.mixture(CLAIMS, options.fit, Fold.TRAIN, SEED)
    chats = list(_rows.drawn(None, options.chats, Fold.TRAIN, SEED, BUCKETS[1][0]))
    fitted = [_rows.probes(subject, CLAIMS, rows, places, chats=chats) for places in (Places.DECISION, Places.TEXT)]
    stack = Stack([(by_place[claim],) for claim in CLAIMS for by_place in fitted])
    heard, sizes = grown(subject, stack, plan)
    counted = {str(claim): lines(each, RATE) for claim, each in zip(CLAIMS, heard, strict=True)}
    cells = _buckets.cells(subject, stack, CLAIMS, options.rows, SEED, RATE) if options.rows else {}
    result = {
        "subject": subject.binding.name,
        "layer": _rows.middle(subject),
        "fitted_on": {"draws of a claim": options.fit, "long ordinary chats": options.chats},
        "hazard_tokens": {"least": min(sizes), "median": sorted(sizes)[len(sizes) // 2], "most": max(sizes)},
        "false_alarms_allowed": RATE,
        "claims": {
            claim: [
                {"reader": line.reader, "length": line.length, "threshold": line.calibrated, "alarms": plain(line.alarms)}
                | {f"misses, {place}": plain(rate) for place, rate in line.misses.items()}
                for line in found
            ]
            for claim, found in counted.items()
        },
        "buckets": {
            claim: [
                {"bucket": cell.bucket, "reader": cell.reader, "misses": plain(cell.misses)}
                | {"alarms, look-alikes": plain(cell.near), "alarms, ordinary": plain(cell.traffic)}
                for cell in each
            ]
            for claim, each in cells.items()
        },
        "seconds": round(time.perf_counter() - began),
        "machine": _arms.machine(options.threads),
    }
    name = f"long_input_{options.subject.replace(':', '_').replace('/', '_')}"
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n")
    text = "".join(table(claim, found) for claim, found in counted.items()) + (bucket_table(cells) if cells else "")
    (options.out / f"{name}.md").write_text(text)
    for claim, found in counted.items():
        (options.out / f"{name}_{claim.partition('@')[0]}.svg").write_text(figure(claim, found))
    print(text)


if __name__ == "__main__":
    main()
