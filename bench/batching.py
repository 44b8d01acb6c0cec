"""How fast answers come side by side, sharing forward passes or taking turns; and whether mates change an answer.

    nice python bench/batching.py phantom [smollm2] [--dossier DIR ...] [--out bench/results/batching.json]

Speed: 1, 4, 8 and 16 requests made at once, through the guard's engine. Both arms answer the same prompts in one process, one
thread, and change places from round to round. Tokens a second are by the wall clock and by processor time, from the requests
to the last token; the time to the first token is each request's own. Answers do not end before their length. Medians.

Difference: prompts of the generator, answered with temperature 0 and with temperature 1, alone and among random mates that come
and go. Counted are answers whose tokens differ, with the gap between the two likeliest logits where they part, and how far any
score moved up to there. The suite and its eps are those of a dossier of the subject; without one a suite is fitted on the
generator's rows, and eps measured, as `certify prepare` does.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import random
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import _rows
import torch

from certify.freeze import margin
from guard.conversation import Conversation, Fold, LabelledConversation
from guard.hazards import Claim
from guard.probes.aggregation import Aggregation
from guard.probes.monitor import Monitor
from guard.probes.reading import Places, judged_turns
from guard.probes.suite import JSON_FILE, TENSOR_FILE, Suite
from guard.scores import ProbeScore
from guard.subjects.causal import CausalSubject
from guard.subjects.decode import generate
from guard.subjects.engine import BATCH, Engine
from guard.subjects.events import Event, Prefilled, Sampling, Step
from guard.subjects.load import load
from synth_data.labels import EMERGENCY, MISUSE

SEED = b"bench batching"
REQUESTS = (1, 4, 8, 16)


def prompts(number: int) -> list[LabelledConversation]:
    """Return rows of the select fold that end with a turn that is answered."""
    rows = _rows.mixture((EMERGENCY, MISUSE), number, Fold.SELECT, SEED)
    usable = [row for row in rows if len(row.conversation) - 1 in judged_turns(row.conversation)]
    return random.Random(1).sample(usable, number)  # noqa: S311  # no secret


def suite_of(subject: CausalSubject, dossier: Path | None, rows: Sequence[LabelledConversation]) -> tuple[Suite, float, str]:
    """Return monitors, their eps, and where they come from."""
    if dossier:
        folder = dossier / "suite"
        found = Suite.read((folder / JSON_FILE).read_bytes(), (folder / TENSOR_FILE).read_bytes())
    else:
        train = _rows.mixture((EMERGENCY, MISUSE), 150, Fold.TRAIN, SEED)
        fitted = _rows.probes(subject, (EMERGENCY, MISUSE), train, Places.DECISION)
        extra = Monitor(Claim.parse("clinical_misuse@response"), (fitted[MISUSE],), Aggregation("rolling_max", window=8))
        found = Suite.of([*(Monitor(claim, (one,), Aggregation()) for claim, one in fitted.items()), extra])
    return found, margin(subject, found, rows), "a dossier" if dossier else "fitted here"


async def timed(engine: Engine, talks: Sequence[Conversation], tokens: int) -> dict[str, float]:
    """Answer all prompts at once."""
    firsts, count = [], 0
    wall, cpu = time.perf_counter(), time.process_time()

    async def one(talk: Conversation) -> None:
        nonlocal count
        begun = False
        async for event in engine.generate(talk, Sampling(max_tokens=tokens)):
            if isinstance(event, Step):
                if not begun:
                    firsts.append(time.perf_counter() - wall)
                begun, count = True, count + 1

    await asyncio.gather(*(one(talk) for talk in talks))
    return {
        "tokens_per_second": count / (time.perf_counter() - wall),
        "tokens_per_processor_second": count / (time.process_time() - cpu),
        "first_token_median": statistics.median(firsts),
        "first_token_last": max(firsts),
    }


async def speed(subject: CausalSubject, suite: Suite, rows: Sequence[LabelledConversation], rounds: int, tokens: int) -> Any:
    """Time both arms."""
    endless = replace(subject, stop_ids=frozenset())
    arms = {"together": Engine(endless, suite), "turns": Engine(endless, suite, batch=1)}
    assert not arms["together"].alone
    seen: dict[int, dict[str, list[dict[str, float]]]] = {n: {arm: [] for arm in arms} for n in REQUESTS}
    order = random.Random(2)  # noqa: S311  # no secret
    for number in range(rounds + 1):
        for requests in REQUESTS:
            talks = [row.conversation for row in rows[:requests]]
            for arm in order.sample(sorted(arms), len(arms)):
                found = await timed(arms[arm], talks, tokens)
                if number:  # the first round warms up
                    seen[requests][arm].append(found)
    for engine in arms.values():
        engine.close()
    return [_summary(requests, found) for requests, found in seen.items()]


def _summary(requests: int, found: dict[str, list[dict[str, float]]]) -> dict[str, Any]:
    def median(arm: str, key: str) -> float:
        return round(statistics.median(one[key] for one in found[arm]), 4)

    keys = list(found["turns"][0])
    pairs = zip(found["together"], found["turns"], strict=True)
    ratios = [one["tokens_per_second"] / other["tokens_per_second"] for one, other in pairs]
    medians = {arm: {key: median(arm, key) for key in keys} for arm in found}
    spread = [round(min(ratios), 2), round(statistics.median(ratios), 2), round(max(ratios), 2)]
    return {"requests": requests, **medians, "together_over_turns_smallest_median_largest": spread}


async def answers(engine: Engine, asked: Sequence[tuple[Conversation, Sampling]], seed: int) -> list[list[Event]]:
    """Answer with random mates: answers are asked for at random moments, and every fifth is another one that leaves early."""
    dice = random.Random(seed)  # noqa: S311  # no secret

    async def one(talk: Conversation, sampling: Sampling, most: int) -> list[Event]:
        await asyncio.sleep(dice.uniform(0, 0.02) * len(asked))
        while engine._waiting.qsize() > 40:
            await asyncio.sleep(0.01)
        stream, found = engine.generate(talk, sampling), []
        async for event in stream:
            found.append(event)
            if len(found) == most:
                break
        await stream.aclose()
        return found

    mates = [one(talk, Sampling(max_tokens=40, temperature=1.0, seed=9), dice.randint(1, 30)) for talk, _ in asked[::5]]
    found = await asyncio.gather(*(one(talk, sampling, -1) for talk, sampling in asked), *mates)
    return found[: len(asked)]


def compare(subject: CausalSubject, one: Sequence[Event], other: Sequence[Event], prompt: Sequence[int]) -> tuple[float, Any]:
    """Return how far scores moved while tokens were the same, and the gap of logits where the answers part, or None."""
    moved = 0.0
    for number, (a, b) in enumerate(zip(one, other, strict=False)):
        if isinstance(a, Step) and isinstance(b, Step) and a.token != b.token:
            said = [event.token for event in one[1:number] if isinstance(event, Step)]
            best = subject.forward([*prompt, *said], []).logits.topk(2).values.tolist()
            return moved, best[0] - best[1]
        if type(a) is not type(b):
            return moved, 0.0
        moved = max([moved, *(abs(x - y) for x, y in zip(_values(a), _values(b), strict=True))])
    return moved, None


def _values(event: Event) -> list[float]:
    groups = [j.scores for j in event.judgements] if isinstance(event, Prefilled) else [event.scores]
    return [score.value for scores in groups for score in scores if isinstance(score, ProbeScore)]


async def difference(subject: CausalSubject, suite: Suite, rows: Sequence[LabelledConversation], tokens: int) -> dict[str, Any]:
    """Compare answers alone with answers among mates."""
    engine, report = Engine(subject, suite), {}
    for temperature in (0.0, 1.0):
        asked = [(r.conversation, Sampling(max_tokens=tokens, temperature=temperature, seed=n)) for n, r in enumerate(rows)]
        together = await answers(engine, asked, seed=3)
        moved, gaps = [], []
        for (talk, sampling), found in zip(asked, together, strict=True):
            alone = list(generate(subject, suite, talk, sampling))
            far, gap = compare(subject, alone, found, subject.render(talk, len(talk) - 1).ids)
            moved.append(far)
            gaps += [] if gap is None else [gap]
        given = sum(isinstance(event, Step) for events in together for event in events)
        report[f"temperature {temperature:g}"] = {
            "answers": len(asked), "tokens": given, "tokens_differ": len(gaps), "gaps_where_they_part": gaps,
            "largest_move_of_a_score": max(moved),
        }  # fmt: skip
    engine.close()
    return report


def measure(name: str, dossier: Path | None, options: argparse.Namespace) -> dict[str, Any]:
    """Do both for one subject."""
    subject = load(name)
    assert isinstance(subject, CausalSubject)
    tokens = options.tokens or (48 if subject.width < 512 else 12)
    rows = prompts(options.prompts if subject.width < 512 else max(16, options.prompts // 3))
    suite, eps, source = suite_of(subject, dossier, rows)
    lengths = sorted(len(subject.render(row.conversation, len(row.conversation) - 1).ids) for row in rows)
    return {
        "subject": name, "suite": source, "monitors": [str(m.claim) for m in suite.monitors], "eps": eps, "tokens": tokens,
        "prompt_tokens": {"shortest": lengths[0], "median": lengths[len(lengths) // 2], "longest": lengths[-1]},
        "difference": asyncio.run(difference(subject, suite, rows, tokens)),
        "speed": asyncio.run(speed(subject, suite, rows, options.rounds, tokens)),
    }  # fmt: skip


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("subjects", nargs="+")
    parser.add_argument("--dossier", action="append", type=Path, default=[], help="of each subject in turn")
    parser.add_argument("--prompts", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tokens", type=int, default=0)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    named = dict(zip(options.subjects, options.dossier, strict=False))
    found = [measure(name, named.get(name), options) for name in options.subjects]
    machine = {"processor": platform.machine(), "threads": 1, "torch": torch.__version__, "most_rows_in_a_pass": BATCH}
    text = json.dumps({"machine": machine, "subjects": found}, indent=1) + "\n"
    if options.out:
        options.out.write_text(text)
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
