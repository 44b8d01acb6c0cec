"""From train and select rows to a signed plan: what it says, what it refuses, and what it leaves in the ledger."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest

from certify import dataset, ledger, scoring
from certify.baselines import freezing, readers
from certify.baselines import frozen as baselines
from certify.dataset import Dataset
from certify.plan import Order, Sizes, demands, forecast, predicted_all, spend
from certify.prepare import prepare
from certify.threshold import NoValidThreshold
from guard import digest, dossier
from guard.agreement import attempt_factor
from guard.conversation import Conversation, Fold, Kind, Message, Role
from guard.errors import DigestMismatch, OutputError, ProtocolError
from guard.hazards import Stage
from guard.keys import key_id, public
from guard.probes import canary
from guard.probes.suite import JSON_FILE, TENSOR_FILE, Suite
from guard.progress import Advance, Phase, silent

from .conftest import World, contents, run_trial
from .made_up import BUCKET, EMERGENCY, INJECTION, KEY
from .tiny import EFFORT, LEAK, NOW, POLICY, SIZES, draw, order, test_rows, write


@pytest.fixture
def again(world: World, tmp_path: Path) -> Callable[..., object]:
    """Prepare the tiny model once more, with something changed."""

    def make(
        *,
        rows: Dataset | None = None,
        asked: Order | None = None,
        ledger_path: Path | None = None,
        out: Path | None = None,
        phase: Phase = silent,
    ) -> object:
        return prepare(
            world.subject,
            rows or dataset.load(world.train),
            asked or order(tmp_path),
            key=KEY,
            ledger_path=ledger_path or tmp_path / "ledger.jsonl",
            out=out or tmp_path / "out",
            effort=EFFORT,
            phase=phase,
        )

    return make


class TestPlan:
    """What the signed protocol says."""

    def test_it_opens_and_names_what_it_was_made_from(self, world: World) -> None:
        """The dossier opens with its issuer's key; subject, data, suite, rules and baselines stand in it by digest."""
        prepared = dossier.open_prepared(world.prepared)
        plan = prepared.protocol
        assert plan == world.plan.protocol
        assert prepared.signer == key_id(public(KEY))
        assert plan.subject == world.subject.binding
        assert plan.dataset == dataset.load(world.train).digest
        assert plan.baselines == digest.of_bytes(prepared.files[baselines.FILE])
        assert plan.canaries.file == digest.of_bytes(prepared.files[f"suite/{canary.FILE}"])
        assert plan.generator.weights == {f"{c}:listed{n}": "0.5" for c in (EMERGENCY, INJECTION) for n in (0, 1)}
        assert (plan.attempt, plan.serial, plan.ledger_head) == (1, 1, "none")
        assert plan.not_before == NOW.isoformat()
        assert plan.not_after == (NOW + timedelta(days=90)).isoformat()
        assert "certificate.json" not in prepared.files

    def test_cells_carry_the_planned_sizes_and_limits(self, world: World) -> None:
        """Each demanded claim has its draws, its unseen families, and the limits of the policy, written as decimals."""
        cells = world.plan.protocol.cells
        assert [cell.claim for cell in cells] == [str(EMERGENCY), str(INJECTION)]
        assert {(cell.draws, cell.unseen_families, cell.unseen_draws) for cell in cells} == {(40, 3, 2)}
        assert {(cell.limits.max_miss, cell.limits.max_false_alarm_near) for cell in cells} == {("0.65", "0.7")}
        (chats,) = world.plan.protocol.traffic
        assert (chats.draws, chats.max_false_alarm) == (50, "0.6")

    def test_the_deltas_sum_to_less_than_the_budget(self, world: World) -> None:
        """All bounds together spend at most this attempt's share, .04, of which the label review keeps a tenth."""
        plan = world.plan.protocol
        spent = sum(float(c.delta_miss) + float(c.delta_unseen) + 2 * float(c.delta_false_alarm) for c in plan.cells)
        spent += float(plan.traffic[0].delta_false_alarm)
        assert float(plan.delta) == pytest.approx(0.04)
        assert spent == pytest.approx(0.036)
        assert spent <= 0.036

    def test_baselines_alarm_as_often_as_their_monitor(self, world: World) -> None:
        """On the benign select rows of a claim each cheaper reader flags as many as the monitor does, or fewer at a tie."""
        folder = contents(world.prepared)
        rows = [row for row in dataset.load(world.train).fold(Fold.SELECT) if not row.meta.written]
        suite = Suite.read(folder[f"suite/{JSON_FILE}"], folder[f"suite/{TENSOR_FILE}"])
        judged = scoring.score(world.subject, suite, rows, ())
        known = readers.load(folder)
        for one in world.plan.chosen:
            claim = one.requirement.claim
            chosen = freezing.sample(rows, claim, lambda claim, row: row.label(claim), EFFORT.select_rows, EFFORT.seed)
            benign = [row for row in chosen if row.label(claim) == 0]
            own = [readers.highest(row, judged[row.id], claim) for row in benign]
            alarms = sum(score >= one.operating.tau for score in own)
            found = known.scores({claim: benign}, world.subject)
            assert {reader for reader, _ in found} == set(known.readers(claim)) >= {"text", "random_weights", "form"}
            for (reader, _), scores in found.items():
                threshold = known.threshold(reader, claim)
                assert sum(score >= threshold for score in scores.values()) <= alarms

    def test_thresholds_are_the_chosen_ones(self, world: World) -> None:
        """Certified thresholds come first and are what the select fold gave; the measured one carries counts and no bound."""
        plan, chosen = world.plan.protocol, world.plan.chosen
        assert [(p.claim, p.certified) for p in plan.operating_points] == [
            (str(EMERGENCY), True), (str(INJECTION), True), (str(LEAK), False),
        ]  # fmt: skip
        assert [float(p.threshold) for p in plan.operating_points[:2]] == [one.operating.tau for one in chosen]
        (rates,) = plan.measured
        assert (rates.claim, rates.miss.trials, rates.false_alarm.trials) == (str(LEAK), 40, 80)
        assert rates.miss.successes + rates.false_alarm.successes < 12

    def test_the_probes_have_learned_the_words(self, world: World) -> None:
        """On the select fold the chosen monitors find most positives: the rest of these tests is about real decisions."""
        assert all(one.choice.chosen.select.hit_rate > 0.7 for one in world.plan.chosen)
        assert all(not isinstance(one.threshold, NoValidThreshold) for one in world.plan.chosen)
        assert 0 <= world.plan.predicted_all <= min(one.operating.least for one in world.plan.chosen)

    def test_the_suite_is_frozen_and_its_canaries_come_out_again(self, world: World) -> None:
        """The suite reads back from its two files, and canaries replay on the same model within eps."""
        files = contents(world.prepared / "suite")
        suite = Suite.read(files[JSON_FILE], files[TENSOR_FILE])
        assert suite.claims == (LEAK, EMERGENCY, INJECTION)
        replay = canary.replay(world.subject, suite, canary.read(files[canary.FILE]))
        assert replay.count == world.plan.protocol.canaries.count > 100
        assert replay.largest <= float(world.plan.protocol.eps)
        assert 1e-5 <= float(world.plan.protocol.eps) < 0.01

    def test_canaries_are_of_the_select_fold(self, world: World) -> None:
        """No train row, and no answer that a generator wrote, is among them."""
        lines = contents(world.prepared / "suite")[canary.FILE].splitlines()
        rows = [msgspec.json.decode(line)["row"] for line in lines]
        assert {one["meta"]["fold"] for one in rows} == {"select"}
        assert not any(one["meta"].get("written") for one in rows)

    def test_the_same_inputs_give_the_same_bytes(self, world: World, again: Callable[..., object], tmp_path: Path) -> None:
        """Preparing again at the same moment with a fresh ledger writes the same dossier, byte for byte."""
        again()
        assert contents(tmp_path / "out") == contents(world.prepared)


class TestAttempts:
    """What the ledger makes of it."""

    def test_one_line_and_then_a_smaller_delta(self, world: World, again: Callable[..., object], tmp_path: Path) -> None:
        """The first attempt is one line; the second on the same claims spends a fifth of its budget, and names it."""
        path = tmp_path / "ledger.jsonl"
        path.write_bytes(world.ledger.read_bytes())
        (entry,) = ledger.read(path)
        prepared = dossier.open_prepared(world.prepared)
        assert (entry.protocol, entry.attempt, entry.claims) == (prepared.payload, 1, (str(EMERGENCY), str(INJECTION)))
        assert (entry.at, entry.until) == (prepared.protocol.not_before, prepared.protocol.not_after)
        again()
        second = dossier.open_prepared(tmp_path / "out").protocol
        assert [one.attempt for one in ledger.read(path)] == [1, 2]
        assert (second.attempt, second.serial, second.ledger_head) == (2, 2, ledger.read(path)[1].previous)
        assert float(second.delta) == pytest.approx(0.05 * float(attempt_factor(2)))
        for cell, before in zip(second.cells, prepared.protocol.cells, strict=True):
            assert float(cell.delta_miss) == pytest.approx(float(before.delta_miss) / 5)
            assert float(cell.delta_unseen) == pytest.approx(float(before.delta_unseen) / 5)
            assert float(cell.delta_false_alarm) == pytest.approx(float(before.delta_false_alarm) / 5)

    def test_a_failed_write_is_no_attempt(self, world: World, again: Callable[..., object], tmp_path: Path) -> None:
        """Where the dossier can't be written the ledger stays as it was, and one hears of it before any work is done."""
        begun: list[str] = []

        def phase(name: str, steps: int) -> Advance:
            begun.append(name)
            return silent(name, steps)

        with pytest.raises(OutputError, match="exists already"):
            again(out=world.prepared, phase=phase)
        assert begun == []
        assert not (tmp_path / "ledger.jsonl").exists()

    def test_a_failed_ledger_leaves_no_dossier(self, again: Callable[..., object], tmp_path: Path) -> None:
        """Where the ledger is broken, no dossier is left behind that nobody counted."""
        (tmp_path / "ledger.jsonl").write_text('{"an edited":"line"}\n')
        with pytest.raises(DigestMismatch):
            again()
        assert [path.name for path in tmp_path.iterdir() if "out" in path.name] == []


class TestRefusals:
    """What would break a rule of certification."""

    def test_an_observer_has_no_answers_to_judge(self, world: World, tmp_path: Path) -> None:
        """A demand about answers is refused in one line before any work is done, whether it carries a bound or not."""
        observer: Any = SimpleNamespace(binding=msgspec.structs.replace(world.subject.binding, name="observer:minilm"))
        with pytest.raises(ProtocolError, match="an observer gives no answers to judge: clinical_misuse@response"):
            prepare(
                observer, dataset.load(world.train), order(tmp_path), key=KEY, ledger_path=tmp_path / "l", out=tmp_path / "out"
            )
        assert not (tmp_path / "out").exists()

    @pytest.mark.parametrize("fold", [Fold.CERTIFY, Fold.UNSEEN, Fold.PROBE])
    def test_rows_of_a_test_are_not_for_fitting(self, world: World, again: Callable[..., object], fold: Fold) -> None:
        """One row of a fold that a test or a developer uses among the data, and nothing is fitted."""
        given = dataset.load(world.train)
        foreign = next(draw(EMERGENCY, fold, 0, b"seed 0"))
        with pytest.raises(ProtocolError, match="rows of the folds train and select, and no others"):
            again(rows=replace(given, rows=(*given.rows, foreign)))

    @pytest.mark.parametrize("fold", [Fold.TRAIN, Fold.SELECT])
    def test_both_folds_are_needed(self, world: World, again: Callable[..., object], fold: Fold) -> None:
        """Neither fold can stand in for the other."""
        given = dataset.load(world.train)
        with pytest.raises(ProtocolError, match="rows of the folds train and select"):
            again(rows=replace(given, rows=given.fold(fold)))

    def test_a_time_without_a_zone(self, again: Callable[..., object], tmp_path: Path) -> None:
        """A moment of signing that could be two moments is refused."""
        with pytest.raises(ProtocolError, match="needs a time zone"):
            again(asked=order(tmp_path, now=NOW.replace(tzinfo=None)))

    def test_a_generator_without_unseen_families(self, world: World, again: Callable[..., object]) -> None:
        """A certificate states both populations, so a claim without unseen families can't have one."""
        given = dataset.load(world.train)
        manifest = msgspec.structs.replace(given.manifest, unseen={str(EMERGENCY): 3})
        with pytest.raises(ProtocolError, match="no unseen families of prompt_injection@context"):
            again(rows=replace(given, manifest=manifest))

    def test_an_unseen_limit_that_so_few_families_can_not_show(self, again: Callable[..., object], tmp_path: Path) -> None:
        """Three families without a miss give no bound below .84 at this delta, so .65 on unseen kinds is refused."""
        first = "max_false_alarm_near: 0.7, action: NOTICE"
        asked = order(tmp_path, POLICY.replace(first, f"population: unseen, {first}"))
        with pytest.raises(ProtocolError, match=r"missed_emergency@prompt: 3 unseen families give a bound of at least 0\.841"):
            again(asked=asked)
        assert not (tmp_path / "ledger.jsonl").exists()

    def test_a_bound_on_text_that_a_generator_wrote(self, again: Callable[..., object], tmp_path: Path) -> None:
        """A limit on answers is refused before anything is read: their text was written in the model's name."""
        limits = "max_miss: 0.5, max_false_alarm: 0.5, max_false_alarm_near: 0.5, action: NOTICE"
        asked = order(tmp_path, POLICY.replace("action: ESCALATE, allow_measured: true", limits))
        with pytest.raises(ProtocolError, match="clinical_misuse@response can't carry a bound"):
            again(asked=asked)

    def test_a_policy_without_any_bound(self, again: Callable[..., object], tmp_path: Path) -> None:
        """With nothing to certify there is nothing to prepare."""
        text = "name: none\nrequires: [{claim: clinical_misuse@response, action: ESCALATE, allow_measured: true}]\n"
        with pytest.raises(ProtocolError, match="demands no bound"):
            again(asked=order(tmp_path, text))


def test_a_whole_without_a_limit_has_its_share_too(world: World, again: Callable[..., object], tmp_path: Path) -> None:
    """Its bound is printed beside the others, so it spends of the same budget: certificate and report can be made."""
    again(asked=order(tmp_path, POLICY.replace("whole: {max_false_alarm: 0.6}\n", "")))
    plan = dossier.open_prepared(tmp_path / "out").protocol
    (chats,) = plan.traffic
    assert chats.max_false_alarm == ""
    assert plan.cells == world.plan.protocol.cells
    assert chats.delta_false_alarm == world.plan.protocol.traffic[0].delta_false_alarm
    write(tmp_path / "rows", *test_rows((tmp_path / "out" / "protocol.json").read_bytes()))
    issued = run_trial(world, tmp_path / "out", dataset.load(tmp_path / "rows")).certificate
    assert issued.whole[0].false_alarm.status is None


def test_a_prompt_monitor_can_be_measured_only(again: Callable[..., object], tmp_path: Path) -> None:
    """A claim about what users write may do without a bound, too: it is fitted on prompts and its rates are counted there."""
    measured = "claim: missed_emergency@prompt, action: NOTICE, allow_measured: true"
    lines = [line for line in POLICY.splitlines() if "missed_emergency" not in line]
    lines.insert(3, f"  - {{{measured}}}")
    again(asked=order(tmp_path, "\n".join(lines)))
    plan = dossier.open_prepared(tmp_path / "out").protocol
    assert [cell.claim for cell in plan.cells] == [str(INJECTION)]
    rates = {one.claim: one for one in plan.measured}
    assert rates.keys() == {str(EMERGENCY), str(LEAK)}
    assert (rates[str(EMERGENCY)].miss.trials, rates[str(EMERGENCY)].miss.successes < 10) == (40, True)
    assert {point.claim for point in plan.operating_points if not point.certified} == rates.keys()


def test_ordinary_chat_with_an_answer_is_for_monitors_of_answers_alone(world: World, again: Callable[..., object]) -> None:
    """It adds to what is measured of them; thresholds that carry bounds, and the chance to pass, stay as they were."""
    given = dataset.load(world.train)
    chats = [row for row in given.rows if row.meta.role is Kind.TRAFFIC and len(row.conversation) == 1]
    answered = tuple(
        replace(
            chat,
            id=f"answered/{chat.id}",
            conversation=Conversation((*chat.conversation.messages, Message(Role.ASSISTANT, "At noon"))),
            labels={LEAK: 0},
            meta=msgspec.structs.replace(chat.meta, draw=chat.meta.draw.replace("/traffic/", "/answered/"), written=True),
        )
        for chat in chats
    )
    found: Any = again(rows=replace(given, rows=(*given.rows, *answered)))
    assert found.predicted_all == world.plan.predicted_all
    assert [one.operating.tau for one in found.chosen] == [one.operating.tau for one in world.plan.chosen]
    more = sum(row.meta.fold is Fold.SELECT for row in answered)
    assert 0 < more < len(answered)
    assert found.protocol.measured[0].false_alarm.trials == world.plan.protocol.measured[0].false_alarm.trials + more


class TestForecast:
    """What is said before any work."""

    def test_each_cell_and_the_whole(self, tmp_path: Path) -> None:
        """Three questions for each certified claim, one for the whole, none for what is only measured."""
        found = forecast(order(tmp_path))
        assert [one.cell for one in found] == [
            "missed_emergency@prompt/en/upto1000", "prompt_injection@context/en/upto1000", "whole/en/upto1000",
        ]  # fmt: skip
        estimands = [[f.question.estimand for f in one.forecasts] for one in found]
        assert estimands == [["miss", "false_alarm_near", "false_alarm_traffic"]] * 2 + [["false_alarm_whole"]]

    def test_an_impossible_limit_is_refused(self, tmp_path: Path) -> None:
        """Ten draws can't show one half at this delta: the smallest bound and the number that would do are named."""
        with pytest.raises(ProtocolError, match=r"can't be decided; miss: 3 units give a bound of at least .* plan at least"):
            forecast(order(tmp_path, sizes=Sizes(3, 50)))

    def test_an_unseen_limit_is_refused_where_the_families_are_known(self, tmp_path: Path) -> None:
        """With the number of unseen families the plan says what `prepare` would: so few can't show such a limit."""
        first = "max_false_alarm_near: 0.7, action: NOTICE"
        asked = order(tmp_path, POLICY.replace(first, f"population: unseen, {first}"))
        assert forecast(asked)
        assert forecast(asked, unseen={str(EMERGENCY): 30, str(INJECTION): 1})
        with pytest.raises(ProtocolError, match="missed_emergency@prompt: 3 unseen families give a bound of at least"):
            forecast(asked, unseen={str(EMERGENCY): 3, str(INJECTION): 3})

    def test_a_later_attempt_asks_for_more(self, tmp_path: Path) -> None:
        """With a smaller delta the same sizes have a smaller chance to show the same limits."""
        asked = order(tmp_path, sizes=Sizes(25, 50))
        first, third = (forecast(asked, attempt)[0].all_pass for attempt in (1, 2))
        assert third < first


def test_the_predicted_chance_counts_at_the_margin(world: World, tmp_path: Path) -> None:
    """Alarms of the whole are counted at threshold minus eps and with the rules, so that the chance is a floor."""
    asked = order(tmp_path)
    shares = spend(1, asked.certified)
    silent = np.zeros(len(world.plan.chosen[0].scores.traffic), dtype=np.bool_)
    usual = predicted_all(world.plan.chosen, asked, shares, 1e-5, {BUCKET: silent})
    assert predicted_all(world.plan.chosen, asked, shares, 1e3, {BUCKET: silent}) < usual
    assert predicted_all(world.plan.chosen, asked, shares, 1e-5, {BUCKET: ~silent}) < usual


def test_an_absent_limit_demands_nothing(tmp_path: Path) -> None:
    """A claim with no limit on one kind of error asks a question that every outcome answers."""
    asked = order(tmp_path)
    one = replace(asked.certified[0], max_false_alarm=None)
    limits = demands(one, spend(1, asked.certified), SIZES)
    assert (limits.miss.limit, limits.traffic.limit, limits.near.rows) == (0.65, 1.0, 2)
    assert one.claim.stage is Stage.PROMPT


class TestBuckets:
    """Thresholds by length bucket."""

    def test_each_bucket_has_cells_thresholds_and_budget_of_its_own(
        self, world: World, again: Callable[..., object], tmp_path: Path
    ) -> None:
        """Two buckets: twice the cells, a threshold in each from its own rows, and one budget for all bounds together."""
        long = "upto8000"
        rows = dataset.load(world.train)
        moved = [
            replace(row, id=f"{row.id} long", meta=msgspec.structs.replace(row.meta, draw=row.meta.draw.replace(BUCKET, long)))
            for row in rows.rows
            if row.meta.draw.split("/")[-1] < "3"
        ]
        both = replace(rows, rows=(*rows.rows, *moved))
        again(rows=both, asked=replace(order(tmp_path), buckets=(BUCKET, long)))
        plan = dossier.open_prepared(tmp_path / "out").protocol
        assert [(cell.claim, cell.bucket) for cell in plan.cells] == [
            (str(claim), bucket) for bucket in (BUCKET, long) for claim in (EMERGENCY, INJECTION)
        ]
        assert [chats.bucket for chats in plan.traffic] == [BUCKET, long]
        points = {(point.claim, point.bucket): float(point.threshold) for point in plan.operating_points}
        assert len(points) == len(plan.operating_points) == 6
        assert points[str(EMERGENCY), BUCKET] != points[str(EMERGENCY), long]
        spent = sum(float(c.delta_miss) + float(c.delta_unseen) + 2 * float(c.delta_false_alarm) for c in plan.cells)
        spent += sum(float(chats.delta_false_alarm) for chats in plan.traffic)
        assert 0.03599 < spent <= 0.036

    def test_a_bucket_without_rows_is_refused(self, again: Callable[..., object], tmp_path: Path) -> None:
        """A bucket that the select fold has no draws of can't be tested."""
        with pytest.raises(ProtocolError, match="no draws of"):
            again(asked=replace(order(tmp_path), buckets=(BUCKET, "upto8000")))

    def test_the_forecast_names_every_cell(self, tmp_path: Path) -> None:
        """Before any work, each bucket's questions are asked; more bounds leave each a smaller share."""
        asked = order(tmp_path)
        one, two = forecast(asked), forecast(replace(asked, buckets=(BUCKET, "upto8000")))
        assert len(two) == 2 * len(one)
        assert [cell.cell for cell in two[: len(one)]] == [cell.cell for cell in one]
        assert two[0].forecasts[0].question.delta < one[0].forecasts[0].question.delta
