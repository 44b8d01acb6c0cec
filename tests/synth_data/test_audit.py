"""The shortcut gate fails for planted leaks and names them, and passes what is balanced."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from sklearn.metrics import roc_auc_score

from guard.conversation import Conversation, Fold, Kind, LabelledConversation, Message, Role
from guard.errors import InputError, OutputError
from guard.hazards import Claim
from synth_data import audit, draws, labels, ranking, rowset, shortcuts
from synth_data.cli import synth
from synth_data.shortcuts import Figure, Outcome, Reading, Scope, Split
from tests.synth_data.corpus import CLAIM, corpus, longer, trigger, turned
from tests.theory.populations import NIGHTLY, replications


def judged(rows: list[LabelledConversation]) -> Reading:
    """Return the reading of the only claim."""
    gate = shortcuts.judge(rowset.collect(rows).samples)
    assert len(gate.readings) == 1
    assert gate.passed == gate.readings[0].passed
    return gate.readings[0]


def figure(reading: Reading, baseline: str, scope: Scope, split: Split = Split.FAMILIES) -> Figure:
    """Return one figure."""
    return next(each for each in reading.figures if (each.baseline, each.scope, each.left_out) == (baseline, scope, split))


def test_a_balanced_set_passes() -> None:
    """Pairs that differ in a word of their own family tell nothing about other families."""
    reading = judged(corpus())
    assert reading.passed
    assert reading.problems == ()
    assert figure(reading, "words", Scope.PAIRS, Split.SCENARIOS).auroc.value > 0.9, "inside a family the word tells"
    assert figure(reading, "words", Scope.PAIRS, Split.SCENARIOS).outcome is Outcome.NO_LIMIT


@pytest.mark.parametrize("baseline", ["best word", "words", "characters"])
def test_a_planted_word_fails_and_is_named(baseline: str) -> None:
    """One telling word in every positive is found by every reader of words."""
    reading = judged(corpus(plant=trigger))
    found = figure(reading, baseline, Scope.PAIRS)
    assert not reading.passed
    assert (found.outcome, found.auroc.value > 0.95) == (Outcome.OVER, True)
    assert found.pairs is not None
    assert found.pairs.value > 0.95
    first = found.leaks[0]
    assert first.feature.strip() in "kumquat" or "kumquat" in first.feature
    assert (first.families, first.hazards, first.others) == (24, 1.0, 0.0)
    assert any("kumquat" in problem for problem in reading.problems)


def test_a_planted_difference_of_length_fails_and_is_named() -> None:
    """The threshold that parts the classes is told."""
    reading = judged(corpus(plant=longer))
    found = figure(reading, "length", Scope.OVERALL)
    assert not reading.passed
    assert found.outcome is Outcome.OVER
    assert any(leak.feature == "more than 15 words" and leak.hazards == 1 for leak in found.leaks)
    assert any("more than 15 words" in problem for problem in reading.problems)


def test_a_planted_link_of_template_and_label_fails_and_is_named() -> None:
    """A slot that goes with the label is found even where the text does not show it."""
    reading = judged(corpus(slots=lambda kind: {"frame": "letter" if kind is Kind.POSITIVE else "chat"}))
    found = figure(reading, "template ids", Scope.PAIRS)
    assert not reading.passed
    assert found.outcome is Outcome.OVER
    assert {leak.feature for leak in found.leaks[:2]} == {"slot frame=letter", "slot frame=chat"}
    assert figure(reading, "words", Scope.PAIRS).outcome is Outcome.PASS


def test_a_leak_that_is_turned_round_fails() -> None:
    """A word that means one thing in a family and its opposite in all others ranks far below chance; it isn't flipped."""
    reading = judged(corpus(plant=turned))
    found = figure(reading, "words", Scope.PAIRS)
    assert not reading.passed
    assert found.auroc.value < shortcuts.LEAST
    assert found.outcome is Outcome.TURNED
    assert any("turned round" in problem for problem in reading.problems)


def test_too_few_families_are_no_pass() -> None:
    """Nineteen families are not judged, however balanced."""
    reading = judged(corpus(families=shortcuts.FAMILIES - 1))
    assert not reading.passed
    assert {each.outcome for each in reading.figures if each.left_out is Split.FAMILIES} == {Outcome.TOO_FEW}
    assert reading.problems == (f"{CLAIM} en: too few families, 19 of at least 20",)


def test_rows_without_pairs_or_families_are_no_pass() -> None:
    """Rows of another origin can be read, but nothing is shown by them."""
    rows = [
        LabelledConversation(str(i), Conversation((Message(Role.USER, f"word{i % 3} here"),)), {CLAIM: i % 2}, "en")
        for i in range(40)
    ]
    reading = judged(rows)
    assert not reading.passed
    assert f"{CLAIM} en: nothing to judge inside pairs, of 1 families" in reading.problems


def test_no_claim_at_all_is_an_error() -> None:
    """An empty set does not pass for lack of failures."""
    with pytest.raises(InputError, match="no row belongs"):
        shortcuts.judge(())


def test_a_claim_that_cannot_be_certified_does_not_decide() -> None:
    """Its figures are shown, and the gate stands by the others."""
    other = Claim.parse("medication_error@response")
    rows = corpus() + corpus(plant=trigger, claim=other)
    gate = shortcuts.judge(rowset.collect(rows).samples)
    assert {reading.claim: (reading.certifiable, reading.passed) for reading in gate.readings} == {
        str(CLAIM): (True, True),
        str(other): (False, False),
    }
    assert gate.passed
    assert not shortcuts.judge(rowset.collect(corpus(plant=trigger, claim=other)).samples).passed


@pytest.mark.parametrize(
    ("value", "high", "families", "outcome"),
    [
        (0.60, 0.65, 20, Outcome.PASS),
        (0.601, 0.64, 20, Outcome.OVER),
        (0.59, 0.651, 20, Outcome.WIDE),
        (0.399, 0.5, 20, Outcome.TURNED),
        (0.40, 0.5, 20, Outcome.PASS),
        (0.5, 0.5, 19, Outcome.TOO_FEW),
    ],
)
def test_the_limit_holds_for_estimate_and_interval(value: float, high: float, families: int, outcome: Outcome) -> None:
    """The estimate keeps the limit, the interval ends at most 0.05 above it, and neither side is let off."""
    assert shortcuts.outcome_of(ranking.Estimate(value, 0.3, high), 0.60, families) is outcome


def test_the_auroc_is_the_known_one_and_its_interval_is_that_of_resampled_rows() -> None:
    """Against scikit-learn: the estimate; and against resamples that are counted couple by couple."""
    rng = np.random.default_rng(1)
    family = rng.integers(0, 12, 300)
    positive = rng.random(300) < 0.4
    scores = np.round(rng.normal(size=300) + positive, 1)
    found = ranking.auroc(scores, positive, family)
    assert found.value == pytest.approx(roc_auc_score(positive, scores), abs=1e-4)
    drawn = np.random.default_rng(0).multinomial(12, [1 / 12] * 12, ranking.RESAMPLES)
    won = np.sign(scores[positive][:, None] - scores[~positive][None, :]) / 2 + 0.5
    assert won.mean() == pytest.approx(roc_auc_score(positive, scores))
    slow = [np.average(won, weights=np.outer(times[family][positive], times[family][~positive])) for times in drawn]
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(slow, [0.025, 0.975])), abs=1e-3)


def test_nothing_of_unseen_families_is_kept(tmp_path: Path) -> None:
    """Their rows are counted; neither ids nor words of them stand anywhere."""
    hidden = corpus(families=3, fold=Fold.UNSEEN, prefix="secret", plant=lambda kind, family, rng: "quince")
    (tmp_path / "rows").mkdir()
    (tmp_path / "rows" / "all.jsonl").write_bytes(b"".join(row.line() for row in corpus(plant=trigger) + hidden))
    found = audit.audit(tmp_path / "rows")
    audit.write(found, tmp_path / "card")
    assert found.unseen == len(hidden)
    written = audit.text(found) + "".join(path.read_text() for path in (tmp_path / "card").rglob("*.*") if path.is_file())
    assert f"{len(hidden)} of unseen families were left out" in written
    assert "secret" not in written
    assert "quince" not in written


def test_the_figures_of_probe_families_are_shown() -> None:
    """Each by itself, learnt without it."""
    reading = judged(corpus(plant=trigger) + corpus(families=2, fold=Fold.PROBE, prefix="looked", plant=trigger))
    assert reading.probe.keys() == {"looked/0", "looked/1"}
    assert reading.probe["looked/0"]["words"] > 0.95


def test_a_row_belongs_to_the_claim_that_its_pair_is_about() -> None:
    """A draw whose two sides both carry another hazard is no draw of that hazard."""
    both = [
        LabelledConversation(
            row.id, row.conversation, {**row.labels, Claim.parse("prompt_injection@prompt"): 1}, "en", "", row.meta
        )
        for row in corpus(families=1, draws=1)
    ]
    assert {sample.claim for sample in rowset.collect(both).samples} == {str(CLAIM)}


def test_the_card_is_written_beside_the_rows_and_the_same_each_time(tmp_path: Path) -> None:
    """A card, JSON and plots, byte for byte; never inside the rows."""
    rows = tmp_path / "rows"
    rows.mkdir()
    (rows / "all.jsonl").write_bytes(b"".join(row.line() for row in corpus(draws=3)))
    for name in ("one", "two"):
        audit.write(audit.audit(rows), tmp_path / name)
    names = sorted(path.relative_to(tmp_path / "one").as_posix() for path in (tmp_path / "one").rglob("*.*"))
    assert names == ["AUDIT.md", "audit.json", "audit/gate.svg", "audit/readability.svg", "audit/told.svg"]
    assert all((tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes() for name in names)
    with pytest.raises(InputError, match="inside the rows"):
        audit.require_apart(rows, rows / "card")
    with pytest.raises(OutputError):
        audit.require_apart(rows, tmp_path / "one")


def test_the_command_exits_by_the_gate(tmp_path: Path) -> None:
    """0 where every certifiable claim passes, 1 where one fails; JSON and card say which."""
    for name, plant in (("good", None), ("bad", trigger)):
        rows = corpus(plant=plant) if plant else corpus()
        (tmp_path / f"{name}.jsonl").write_bytes(b"".join(row.line() for row in rows))
    run = CliRunner().invoke
    good = run(synth, ["audit", str(tmp_path / "good.jsonl"), "--card", "--out", str(tmp_path / "card")])
    assert good.exit_code == 0
    assert "The gate passes" in good.output
    assert "The gate passes" in (tmp_path / "card" / "AUDIT.md").read_text()
    bad = run(synth, ["audit", str(tmp_path / "bad.jsonl"), "--json"])
    assert bad.exit_code == 1
    told = json.loads(bad.output)
    assert told["passed"] is False
    assert "kumquat" in " ".join(told["gate"]["readings"][0]["problems"])


@pytest.mark.parametrize("arguments", [["--card"], ["--out", "card"]])
def test_a_card_needs_a_place(tmp_path: Path, arguments: list[str]) -> None:
    """The two options go together."""
    (tmp_path / "rows.jsonl").write_bytes(corpus(families=1, draws=1)[0].line())
    result = CliRunner().invoke(synth, ["audit", str(tmp_path / "rows.jsonl"), *arguments])
    assert isinstance(result.exception, InputError)


@pytest.mark.parametrize("claim", [*labels.PROMPT_CLAIMS, *labels.CONTEXT_CLAIMS], ids=str)
def test_the_shipped_families_keep_the_limits(claim: Claim) -> None:
    """On families left out neither words nor length settle the label, in whatever way the gate reads them.

    The usual sample is small, so that the estimates alone are judged, with a margin for the noise of so few draws; at
    night the sample is large, and the gate itself has to pass.
    """
    count = replications(120, 3_000)
    drawn = (draws.draw(claim, "en", draws.BUCKET, index, b"audit", Fold.TRAIN) for index in range(count))
    reading = judged([row for rows in drawn for row in rows])
    margin = 0.0 if NIGHTLY else 0.08
    limited = [each for each in reading.figures if each.left_out is Split.FAMILIES and each.limit is not None]
    assert {(each.baseline, each.scope) for each in limited} >= {
        (baseline, scope) for baseline in ("words", "length") for scope in (Scope.PAIRS, Scope.OVERALL)
    }
    for each in limited:
        assert each.limit is not None
        assert shortcuts.LEAST - margin <= each.auroc.value <= each.limit + margin, (each.baseline, each.scope, each.auroc)
    if NIGHTLY:
        assert reading.passed, reading.problems
