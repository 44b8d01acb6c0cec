"""One certification from nothing: rows, dossier, fresh rows, test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from certify import by_length, dataset, ledger, prepare, search, trial
from certify.baselines.effort import Effort
from certify.evaluate import evaluate, paths_of
from certify.options import load_policy, stamping, system_text
from certify.pages import baselines_of, pages
from certify.plan import Order, Sizes
from certify.report.lengths import LengthSection
from certify.report.sources import ExternalSection, NotGiven
from certify.search import QUICK, Search
from certify.timestamp import Stamping, unstamped
from guard import files, keys, policy
from guard.certificate import Certificate
from guard.conversation import Fold
from guard.dossier import Prepared
from guard.hazards import Taxonomy
from guard.probes.reading import Subject
from guard.progress import Phase, shown
from guard.subjects.load import load
from synth_data import generate, planted
from synth_data.scenario import Profile

Note = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is to be certified, and how much work to put in."""

    subject: Subject
    """The model."""
    policy: policy.Policy
    """What is demanded."""
    product: str
    """What it is called."""
    key: keys.SigningKey
    """Signs."""
    ledger: Path
    """Counts attempts."""
    out: Path
    """New folder for the dossier."""
    work: Path
    """New folder for the rows."""
    seed: int = 0
    """Of the train and select rows."""
    typical: bool = False
    """Whether only typical cases are drawn."""
    scenarios: int = 1_200
    """Train and select draws a claim."""
    search: Search = QUICK
    """How wide the selection looks."""
    effort: Effort | None = None
    """Work on the cheaper readers; as much as is usual if None."""
    cache: Path | None = None
    """Folder in which what was read of the model is kept, so that interrupted work goes on."""
    sizes: Sizes = field(default_factory=Sizes)
    """Of the test."""
    power: float = 0.9
    """Wanted chance to show each limit."""
    external: Path | None = None
    """Labelled JSONL for the section on external data."""
    lengths: Mapping[int, int] = field(default_factory=dict)
    """How many chats grow to how many tokens, for the section on long conversations; none by default."""
    stamp: Stamping = unstamped
    """Asks a time-stamping authority, or leaves what is signed as it is."""
    throwaway_key: bool = False
    """Whether the report must say that the key belongs to nobody."""


@dataclass(frozen=True, slots=True)
class Done:
    """What came out."""

    certificate: Certificate
    """Signed and sealed in the dossier."""
    prepared: prepare.Outcome
    """The plan, and the chance that it gave itself."""
    test_rows: Path
    """The rows of the test."""


def certify(job: Job, *, phase: Phase, note: Note) -> Done:
    """Run one certification.

    1. Train and select rows are drawn.
    2. Monitors are fitted, thresholds chosen, and the protocol is signed.
    3. Only now are the test rows drawn, with a seed that follows from the signed protocol; then they are drawn again and
       compared.
    4. They are scored once; bounds, certificate, report, seal. Hazards planted in long chats are scored beside them, as
       information.

    Raises:
        AuscultError: A step failed.
    """
    # (1)
    train = job.work / "train"
    claims = tuple(requirement.claim for requirement in job.policy.requires)
    note(f"drawing {job.scenarios} train and select draws of each of {len(claims)} claims, and ordinary chat")
    folds = (Fold.TRAIN, Fold.SELECT)
    profile = Profile.TYPICAL if job.typical else Profile.WHOLE
    generate.generate(
        train, seed=job.seed, folds=folds, scenarios=job.scenarios, claims=claims, profile=profile, phase=phase
    )  # fmt: skip
    # (2)
    note("reading the model's activations on them, fitting monitors, choosing thresholds")
    order = Order(job.product, job.policy, job.sizes, datetime.now(UTC).replace(microsecond=0), job.power, job.search)
    data = dataset.load(train)
    made = prepare.prepare(
        job.subject, data, order, key=job.key, ledger_path=job.ledger, out=job.out,
        effort=job.effort, cache=job.cache, stamp=job.stamp, phase=phase,
    )  # fmt: skip
    note(f"signed the plan: attempt {made.protocol.attempt}, chance to show every limit at least {made.predicted_all:.3f}")
    # (3)
    test = job.work / "test"
    note("drawing the test rows: their seed follows from the signed plan, so nobody has seen them before")
    draw(job.out, test, phase)
    long_chats = draw_long(job, phase, note)
    # (4)
    note("scoring them once, counting, bounding, signing")
    external, lengths = partial(_external, job, phase=phase), partial(_lengths, job, long_chats, phase=phase)
    outcome = trial.run(
        job.out, dataset.load(test), job.subject, key=job.key, taxonomy=Taxonomy.packaged(),
        pages=partial(_pages, job, external, lengths), redrawn=True, stamp=job.stamp, phase=phase,
    )  # fmt: skip
    return Done(outcome.certificate, made, test)


def draw(dossier: Path, out: Path, phase: Phase) -> None:
    """Draw the rows of a signed protocol, draw them again, and compare.

    Raises:
        ProtocolError: The second drawing differs from the first.
    """
    generate.generate_planned(out, dossier / "protocol.json", phase=phase)
    generate.check(out, dossier / "protocol.json", phase=phase)


def draw_long(job: Job, phase: Phase, note: Note) -> Path | None:
    """Plant hazards in long chats, with a seed that follows from the signed protocol, too; None where there are none."""
    if not job.lengths:
        return None
    out = job.work / "planted.jsonl"
    claims = planted.write(out, job.out / "protocol.json", job.lengths, phase=phase)
    if not claims:
        note("no claim can be planted in a long chat: none is about what a user says in few words")
        return None
    chats, longest = sum(job.lengths.values()), max(job.lengths)
    note(f"planted short hazards of {len(claims)} claims in {chats} ordinary chats of up to {longest:,} tokens")
    return out


def _external(job: Job, issued: Certificate, prepared: Prepared, *, phase: Phase) -> ExternalSection | NotGiven:
    if job.external is None:
        return NotGiven()
    suite, text = trial.suite_of(prepared), baselines_of(prepared)
    return evaluate(paths_of([job.external]), job.subject, suite, issued, text, phase)[0]


def _lengths(job: Job, rows: Path | None, issued: Certificate, prepared: Prepared, *, phase: Phase) -> LengthSection | NotGiven:
    if rows is None:
        return NotGiven()
    return by_length.evaluate(rows, job.subject, trial.suite_of(prepared), issued, phase)


def _pages(job: Job, external: Any, lengths: Any, issued: Certificate, prepared: Prepared, bundle: bytes) -> Any:
    return pages(
        issued,
        prepared,
        bundle,
        taxonomy=Taxonomy.packaged(),
        throwaway_key=job.throwaway_key,
        external=external(issued, prepared),
        lengths=lengths(issued, prepared),
        ledger=ledger.section(job.ledger, prepared.protocol, prepared.payload),
    )


def certify_once(key: keys.SigningKey, options: Mapping[str, Any]) -> Certificate:
    """Do what `auscult certify run` asks for; `options` are those of the command.

    Raises:
        AuscultError: A step failed.
    """
    out: Path = options["out"].resolve()
    work: Path = options["work"] or out.parent / f"{out.name}-rows"
    files.require_new(out)
    files.require_new(work)
    lengths = planted.plan(options["lengths"])
    demanded = load_policy(options["policy_file"])
    model = load(options["subject"], system=system_text(options["system"], demanded))
    job = Job(
        subject=model,
        policy=demanded,
        product=options["product"] or model.binding.name,
        key=key,
        stamp=stamping(options["tsa"], options["tsa_roots"]),
        ledger=options["ledger_file"] or ledger.default_path(),
        out=out,
        work=work,
        seed=options["seed"],
        typical=options["typical"],
        scenarios=options["scenarios"],
        search=search.named(options["search"]),
        cache=options["cache"],
        sizes=Sizes(options["draws"], options["traffic"]),
        power=options["power"],
        external=options["external"],
        lengths=lengths,
    )
    with shown() as phase:
        return certify(job, phase=phase, note=lambda text: None).certificate
