"""From train and select rows to a signed plan: fit, select, freeze, sign.

Nothing here has seen a row of the test: those rows are drawn afterwards, with a seed that follows from what is signed here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from certify import ledger, sealed, selection
from certify.baselines import frozen as baselines
from certify.baselines import recipe
from certify.baselines.effort import Effort
from certify.baselines.freezing import freeze_all
from certify.dataset import Dataset
from certify.draws import Measured, PlaceScores, draw_scores, measured_threshold, reads_answers
from certify.freeze import freeze, margin
from certify.monitors import Fitted, fit_monitors, suite_of
from certify.multiplicity import Budget
from certify.plan import LANG, Chosen, Order, demands, predicted_all, require_unseen, spend
from certify.planned import protocol_of, review_of, sealed_of
from certify.search import is_observer
from certify.threshold import choose
from certify.timestamp import Stamping, unstamped
from guard import agreement, digest, dsse, files, protocol, rules
from guard.conversation import Fold, Kind, LabelledConversation
from guard.dossier import ISSUER
from guard.errors import ProtocolError
from guard.hazards import Claim
from guard.keys import SigningKey, public, public_pem
from guard.policy import Requirement
from guard.probes.reading import Subject
from guard.progress import Phase, silent
from guard.protocol import Protocol
from guard.scores import RuleHit


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
    subject: Subject,
    data: Dataset,
    order: Order,
    *,
    key: SigningKey,
    ledger_path: Path,
    out: Path,
    effort: Effort | None = None,
    cache: Path | None = None,
    stamp: Stamping = unstamped,
    phase: Phase = silent,
) -> Outcome:
    """Fit, select, freeze and sign.

    1. The rows are of the folds train and select, and none of a fold that a test could use; a site's own conversations are
       none of them, and were not used before; nothing else that can be known before the work stands in its way.
    2. Each demanded monitor is fitted on train and chosen on select.
    3. eps is measured on this machine.
    4. Each threshold is chosen on select, for the planned sizes and the deltas of this attempt.
    5. Suite, canaries, baselines and the record of the selection are frozen.
    6. The protocol is signed and, if `stamp` asks an authority, time-stamped; the dossier is written, and the attempt is
       noted in the ledger.

    With a `cache`, what was read of the model is kept there, and a work that was interrupted goes on where it stopped.

    Raises:
        ProtocolError: A step can't be done by the rules.
        OutputError: `out` exists or can't be written.
    """
    # (1)
    train, select = _folds(data)
    _require_readable(subject, order)
    files.require_new(out)
    upcoming, shares = _attempt(data, order, ledger_path)
    _require_site(order, shares, data, ledger_path)
    review_of(order)
    # (2)
    claims = [demand.claim for demand in (*order.certified, *order.measured)]
    fitted = fit_monitors(subject, claims, train, select, how=order.search, cache=cache, phase=phase)
    suite = suite_of(fitted)
    # (3)
    eps = margin(subject, suite, select)
    # (4)
    chosen, rates = _thresholds(fitted, order, shares, eps)
    # (5)
    frozen = _Frozen(
        freeze(subject, suite, select, phase),
        freeze_all(subject, train, select, _rivalled(chosen), effort, phase),
        selection.write([one.choice for one in fitted.values()], order.search),
    )
    # (6)
    plan = protocol_of(
        subject, data, order, upcoming,
        chosen=chosen, rates=rates, frozen=frozen.suite, eps=eps, baselines=digest.of_bytes(frozen.rivals[baselines.FILE]),
        selection=digest.of_bytes(frozen.record),
    )  # fmt: skip
    ruled = {bucket: _ruled(select, plan.rule_names, bucket) for bucket in order.buckets}
    predicted = predicted_all(chosen, order, shares, eps, ruled)
    _sign_and_write(plan, frozen.contents, key, ledger_path, out, stamp)
    return Outcome(plan, chosen, predicted)


@dataclass(frozen=True, slots=True)
class _Frozen:
    """What is frozen before the protocol is signed, as bytes by name."""

    suite: Mapping[str, bytes]
    rivals: Mapping[str, bytes]
    record: bytes

    @property
    def contents(self) -> dict[str, bytes]:
        """All of it by its place in the dossier."""
        return {**{f"suite/{name}": data for name, data in self.suite.items()}, **self.rivals, selection.FILE: self.record}


def _require_readable(subject: Subject, order: Order) -> None:
    answers = [str(demand.claim) for demand in (*order.certified, *order.measured) if reads_answers(demand.claim)]
    if answers and is_observer(subject):
        raise ProtocolError(f"an observer gives no answers to judge: {', '.join(answers)}", "demand prompts and context only")


def _require_site(order: Order, shares: Budget, data: Dataset, ledger_path: Path) -> None:
    """Refuse a site's own conversations that can't carry a statistic, that were fitted on, or that were used before."""
    if order.site is not None:
        sealed_of(order, shares)
        sealed.require_apart(order.site.sealed, data.rows)
        ledger.require_unused(ledger_path, order.site.sealed.digest)


def _attempt(data: Dataset, order: Order, ledger_path: Path) -> tuple[ledger.Next, Budget]:
    if order.now.tzinfo is None:
        raise ProtocolError("the time of signing needs a time zone")
    certified = order.certified
    upcoming = ledger.upcoming(ledger_path, order.product, [str(r.claim) for r in certified], order.now)
    shares = spend(upcoming.attempt, certified, order.buckets)
    require_unseen(order, data.manifest.unseen, shares)
    return upcoming, shares


def _thresholds(
    fitted: Mapping[Claim, Fitted], order: Order, shares: Budget, eps: float
) -> tuple[tuple[Chosen, ...], dict[tuple[Claim, str], Measured]]:
    """Choose the thresholds that carry bounds, and those that are only measured."""
    places = [(demand, bucket) for bucket in order.buckets for demand in order.certified]
    chosen = tuple(_threshold(r, bucket, fitted[r.claim], order, shares, eps) for r, bucket in places)
    return chosen, {(r.claim, bucket): _measured(fitted[r.claim], bucket) for bucket in order.buckets for r in order.measured}


def _threshold(demand: Requirement, bucket: str, one: Fitted, order: Order, shares: Budget, eps: float) -> Chosen:
    scores = draw_scores(demand.claim, *_of_bucket(one, bucket))
    limits = demands(demand, shares, order.sizes, bucket)
    threshold = choose(scores.positives, scores.near, scores.traffic, eps=eps, demands=limits, power=order.power)
    return Chosen(demand, bucket, one, threshold, scores)


def _measured(one: Fitted, bucket: str) -> Measured:
    return measured_threshold(one.monitor.claim, *_of_bucket(one, bucket))


def _of_bucket(one: Fitted, bucket: str) -> tuple[list[LabelledConversation], PlaceScores]:
    """Return the select rows of one length bucket, numbered anew, with their scores."""
    kept = [number for number, row in enumerate(one.rows) if _is_of(row, bucket)]
    new = {number: index for index, number in enumerate(kept)}
    scores = {(new[row], turn): score for (row, turn), score in one.scores.items() if row in new}
    return [one.rows[number] for number in kept], scores


def _is_of(row: LabelledConversation, bucket: str) -> bool:
    return f"/{LANG}/{bucket}/" in row.meta.draw


def _folds(data: Dataset) -> tuple[tuple[LabelledConversation, ...], tuple[LabelledConversation, ...]]:
    train, select = data.fold(Fold.TRAIN), data.fold(Fold.SELECT)
    if not train or not select or len(train) + len(select) != len(data.rows):
        raise ProtocolError("the data must hold rows of the folds train and select, and no others")
    return train, select


def _ruled(select: Sequence[LabelledConversation], names: Sequence[str], bucket: str) -> NDArray[np.bool_]:
    """Say in which ordinary conversations of a bucket a rule finds something; tests have none with a written answer."""
    own = [row for row in select if _is_of(row, bucket) and not row.meta.written]
    traffic = [row.conversation for row in own if row.meta.role is Kind.TRAFFIC]
    found = [
        any(isinstance(score, RuleHit) for place in c.judged() for score in rules.run(names, c, place.turn)) for c in traffic
    ]
    return np.array(found, dtype=np.bool_)


def _rivalled(chosen: Sequence[Chosen]) -> list[recipe.Fitted]:
    """Return each chosen monitor once, as the cheaper readers need it: its recipe, and its score of every select row.

    Of several buckets the first one counts: a cheaper reader has one threshold a claim.
    """
    found: dict[Claim, recipe.Fitted] = {}
    for one in chosen:
        fitted, claim = one.fitted, one.requirement.claim
        scores = recipe.row_scores(claim, fitted.rows, fitted.scores)
        found.setdefault(
            claim,
            recipe.Fitted(
                fitted.monitor, fitted.setting, one.operating.tau, scores, fitted.train, fitted.select, fitted.window
            ),
        )
    return list(found.values())


def _sign_and_write(
    plan: Protocol, contents: Mapping[str, bytes], key: SigningKey, ledger_path: Path, out: Path, stamp: Stamping
) -> None:
    """Sign the plan; the dossier is whole before the ledger grows, so that no attempt is counted for a full disk."""
    payload = dsse.statement(protocol.PREDICATE, plan, agreement.protocol_subjects(plan))
    signed = {"protocol.json": stamp(dsse.sign(payload, key)), ISSUER: public_pem(public(key))}
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
            sealed=plan.sealed.digest if plan.sealed else "",
        )
        ledger.append(ledger_path, entry)
