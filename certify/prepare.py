"""From train and select rows to a signed plan: fit, select, freeze, sign.

Nothing here has seen a row of the test: those rows are drawn afterwards, with a seed that follows from what is signed here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from certify import baselines, ledger
from certify.baselines import Baselines, TextBaseline
from certify.dataset import Dataset
from certify.extract import Read, answers, examples, prompts
from certify.freeze import freeze, margin
from certify.multiplicity import Budget
from certify.plan import CERTIFIABLE, Chosen, Order, demands, predicted_all, protocol_of, require_unseen, spend
from certify.select import Choice, choose_monitor, draw_scores, measured_threshold, row_scores
from certify.threshold import choose
from guard import digest, dsse, files, protocol, rules
from guard.conversation import Fold, Kind, LabelledConversation
from guard.dossier import ISSUER
from guard.errors import ProtocolError
from guard.hazards import Claim
from guard.keys import PrivateKey, public, public_pem
from guard.policy import Requirement
from guard.probes.activations import HookPoint
from guard.probes.monitor import Monitor
from guard.probes.suite import Suite
from guard.progress import Phase, silent
from guard.protocol import Protocol
from guard.scores import RuleHit
from guard.subjects.causal import CausalSubject


@dataclass(frozen=True, slots=True)
class Outcome:
    """What `prepare` made."""

    protocol: Protocol
    """The signed plan."""
    chosen: tuple[Chosen, ...]
    """Certified monitors, in the order of the policy."""
    predicted_all: float
    """A floor under the chance that every limit on listed kinds will be shown."""


def prepare(
    subject: CausalSubject,
    data: Dataset,
    order: Order,
    *,
    key: PrivateKey,
    ledger_path: Path,
    out: Path,
    phase: Phase = silent,
) -> Outcome:
    """Fit, select, freeze and sign.

    1. The rows are of the folds train and select, and none of a fold that a test could use; nothing else that can be known
       before the work stands in its way.
    2. Each demanded monitor is fitted on train and chosen on select.
    3. eps is measured on this machine.
    4. Each threshold is chosen on select, for the planned sizes and the deltas of this attempt.
    5. Suite, canaries and text baselines are frozen.
    6. The protocol is signed, the dossier is written, and the attempt is noted in the ledger.

    Raises:
        ProtocolError: A step can't be done by the rules.
        OutputError: `out` exists or can't be written.
    """
    # (1)
    train, select = _folds(data)
    files.require_new(out)
    upcoming, shares = _attempt(data, order, ledger_path)
    # (2)
    monitors = _fit(subject, order, train, select, phase)
    # (3)
    eps = margin(subject, monitors.suite, select)
    # (4)
    chosen = tuple(_threshold(demand, monitors, order, shares, eps) for demand in order.certified)
    rates = {r.claim: measured_threshold(*monitors.of(r.claim)) for r in order.measured}
    # (5)
    frozen = freeze(subject, monitors.suite, select, phase)
    text = baselines.write(Baselines(baselines=tuple(_baseline(one, train, monitors.seen) for one in chosen)))
    # (6)
    plan = protocol_of(
        subject, data, order, upcoming,
        chosen=chosen, rates=rates, frozen=frozen, eps=eps, baselines=digest.of_bytes(text),
    )  # fmt: skip
    predicted = predicted_all(chosen, order, shares, eps, _ruled(select, plan.rule_names))
    suite_files = {f"suite/{name}": content for name, content in frozen.items()}
    _sign_and_write(plan, {**suite_files, baselines.FILE: text}, key, ledger_path, out)
    return Outcome(plan, chosen, predicted)


@dataclass(frozen=True, slots=True)
class _Monitors:
    """Everything that was fitted, and what was read of the select fold."""

    before: Mapping[Claim, Choice]
    """Of what comes in."""
    seen: Read
    """Select rows at the places before an answer."""
    after: Mapping[Claim, Choice]
    """Of what the model says."""
    heard: Read
    """Select rows at their answers."""

    @property
    def suite(self) -> Suite:
        return Suite.of(choice.monitor for choice in (*self.before.values(), *self.after.values()))

    def of(self, claim: Claim) -> tuple[Monitor, Read]:
        if claim in self.before:
            return self.before[claim].monitor, self.seen
        return self.after[claim].monitor, self.heard


def _attempt(data: Dataset, order: Order, ledger_path: Path) -> tuple[ledger.Next, Budget]:
    if order.now.tzinfo is None:
        raise ProtocolError("the time of signing needs a time zone")
    certified = order.certified
    upcoming = ledger.upcoming(ledger_path, order.product, [str(r.claim) for r in certified], order.now)
    shares = spend(upcoming.attempt, certified)
    require_unseen(order, data.manifest.unseen, shares)
    return upcoming, shares


def _fit(
    subject: CausalSubject,
    order: Order,
    train: Sequence[LabelledConversation],
    select: Sequence[LabelledConversation],
    phase: Phase,
) -> _Monitors:
    asked = [r.claim for r in (*order.certified, *order.measured)]
    coming = [claim for claim in asked if claim.stage in CERTIFIABLE]
    said = [claim for claim in asked if claim.stage not in CERTIFIABLE]
    before, seen = _choose(subject, coming, train, select, phase, answering=False)
    after, heard = _choose(subject, said, train, select, phase, answering=True)
    return _Monitors(before, seen, after, heard)


def _threshold(demand: Requirement, monitors: _Monitors, order: Order, shares: Budget, eps: float) -> Chosen:
    scores = draw_scores(*monitors.of(demand.claim))
    limits = demands(demand, shares, order.sizes)
    threshold = choose(scores.positives, scores.near, scores.traffic, eps=eps, demands=limits, power=order.power)
    return Chosen(demand, monitors.before[demand.claim], threshold, scores)


def _folds(data: Dataset) -> tuple[tuple[LabelledConversation, ...], tuple[LabelledConversation, ...]]:
    train, select = data.fold(Fold.TRAIN), data.fold(Fold.SELECT)
    if not train or not select or len(train) + len(select) != len(data.rows):
        raise ProtocolError("the data must hold rows of the folds train and select, and no others")
    return train, select


def _choose(
    subject: CausalSubject,
    claims: Sequence[Claim],
    train: Sequence[LabelledConversation],
    select: Sequence[LabelledConversation],
    phase: Phase,
    *,
    answering: bool,
) -> tuple[dict[Claim, Choice], Read]:
    """Fit and choose the monitors of some claims; returns them with what was read of the select fold."""
    if not claims:
        return {}, Read((), (), {}, {})
    points = [HookPoint(layer) for layer in range(len(subject.blocks))]
    folds = [[row for row in fold if row.meta.written is answering] for fold in (train, select)]
    advance = phase("reading answers" if answering else "reading prompts", sum(map(_places, (r for f in folds for r in f))))
    reads = [(answers if answering else prompts)(subject, fold, points, advance) for fold in folds]
    advance = phase("fitting monitors", 2 * len(points) * len(claims))
    return {claim: choose_monitor(claim, reads[0], reads[1], advance) for claim in claims}, reads[1]


def _ruled(select: Sequence[LabelledConversation], names: Sequence[str]) -> NDArray[np.bool_]:
    """Say in which ordinary conversations a rule finds something."""
    traffic = [row.conversation for row in select if row.meta.role is Kind.TRAFFIC]
    found = [
        any(isinstance(score, RuleHit) for place in c.judged() for score in rules.run(names, c, place.turn)) for c in traffic
    ]
    return np.array(found, dtype=np.bool_)


def _places(row: LabelledConversation) -> int:
    return 1 if row.meta.written else len({place.turn for place in row.conversation.judged()})


def _baseline(one: Chosen, train: Sequence[LabelledConversation], seen: Read) -> TextBaseline:
    """Fit the text baseline of a claim and let it raise as many false alarms as the monitor, on the very same rows."""
    claim, monitor = one.requirement.claim, one.choice.monitor
    column = seen.hook_points.index(monitor.hook_points[0])
    read = examples(seen, claim.stage, lambda row: row.label(claim))
    scores = row_scores(monitor.probes[0], monitor.aggregation, read, column)
    benign = {index: score for index, score in scores.items() if seen.rows[index].label(claim) == 0}
    texts = [baselines.text_of(seen.rows[index].conversation, claim.stage) for index in benign]
    alarms = sum(score >= one.operating.tau for score in benign.values())
    fitted = baselines.fit(claim, [row for row in train if not row.meta.written])
    return baselines.with_thresholds(fitted, texts, alarms)


def _sign_and_write(plan: Protocol, contents: Mapping[str, bytes], key: PrivateKey, ledger_path: Path, out: Path) -> None:
    """Sign the plan; the dossier is whole before the ledger grows, so that no attempt is counted for a full disk."""
    subjects = {
        "model": plan.subject.root,
        **{f"suite/{name}": value for name, value in plan.suite.items()},
        "dataset": plan.dataset,
    }
    payload = dsse.statement(protocol.PREDICATE, plan, subjects)
    signed = {"protocol.json": dsse.sign(payload, key), ISSUER: public_pem(public(key))}
    with files.new_folder(out) as folder:
        for name, content in {**contents, **signed}.items():
            files.write(folder / name, content)
        entry = ledger.Entry(
            at=plan.not_before,
            until=plan.not_after,
            product=plan.product,
            claims=tuple(cell.claim for cell in plan.cells),
            protocol=digest.of_bytes(payload),
            attempt=plan.attempt,
            serial=plan.serial,
            previous=plan.ledger_head,
        )
        ledger.append(ledger_path, entry)
