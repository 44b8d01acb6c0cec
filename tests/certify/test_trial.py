"""The test of a prepared dossier: its rows, its model, its key and no other; the same bytes every time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
import torch

from certify import dataset, issue, ledger, losses, results, selection
from certify.baselines import frozen
from certify.recompute import recompute
from certify.results import UnitLoss
from guard import digest, dossier
from guard.certificate import Status
from guard.errors import CheckFailed, DigestMismatch, ProtocolError, UnknownSigner, VerificationError
from guard.hazards import Claim
from guard.keys import key_id, public
from guard.scores import Judgement, ProbeScore, ScoreUnavailable
from guard.subjects.load import load
from guard.trust import Trust
from guard.verdict import check

from . import tiny
from .conftest import World, contents, run_trial
from .made_up import EMERGENCY, INJECTION, KEY, OTHER_KEY

TRUST = Trust({key_id(public(KEY)): public(KEY)})
Copy = Callable[[str], Path]


class TestSealed:
    """What a test leaves behind."""

    def test_it_opens_for_whoever_trusts_the_key(self, world: World) -> None:
        """The sealed dossier verifies, and its certificate is the one that the test returned."""
        opened = dossier.open_sealed(world.sealed, TRUST)
        assert opened.trusted
        assert opened.certificate == world.outcome.certificate
        assert world.outcome.digest == digest.of_bytes(opened.files["certificate.json"])
        with pytest.raises(UnknownSigner):
            dossier.open_sealed(world.sealed, Trust({key_id(public(OTHER_KEY)): public(OTHER_KEY)}))

    def test_every_bound_comes_out_again(self, world: World) -> None:
        """Recomputing agrees on four bounds for each claim and one for the whole."""
        found = recompute(dossier.open_sealed(world.sealed, TRUST))
        assert len(found) == 9
        assert all(one.stated == one.derived for one in found)

    def test_its_numbers_are_about_the_planned_draws(self, world: World) -> None:
        """Bounds count the planned units, listed kinds are told from unseen ones, and what was learned is shown."""
        issued = world.outcome.certificate
        for cell in issued.cells:
            units = [b.units for b in (cell.miss, cell.false_alarm_near, cell.false_alarm_traffic, cell.miss_unseen)]
            assert units == [40, 40, 50, 3]
            assert issue.claim_status(cell) is not Status.FAIL  # the planted signal is there; a PASS is a matter of chance
            assert float(cell.miss.upper) < 0.9
            assert (cell.scenarios, cell.families, cell.unavailable) == (40, 2, 0)
            assert float(cell.miss_unseen.upper) > float(cell.miss.upper)
        assert [point.certified for point in issued.operating_points] == [True, True, False]
        assert issued.redrawn
        assert issued.protocol == dossier.open_prepared(world.prepared).payload

    def test_a_policy_with_these_limits_is_met(self, world: World, tmp_path: Path) -> None:
        """The guard's own `check` accepts the certificate where every bound meets its limit, and not where one doesn't."""
        met = tiny.POLICY.replace("max_miss: 0.65", "max_miss: 0.9").replace("max_false_alarm: 0.5", "max_false_alarm: 0.9")
        met = met.replace("max_false_alarm_near: 0.7", "max_false_alarm_near: 0.95").replace("0.6}", "0.9}")
        check(tiny.order(tmp_path, met).policy, world.outcome.certificate, world.plan.protocol.rules)
        with pytest.raises(CheckFailed):
            short = tiny.order(tmp_path, met.replace("max_miss: 0.9", "max_miss: 0.01")).policy
            check(short, world.outcome.certificate, world.plan.protocol.rules)

    def test_it_carries_report_and_card(self, world: World) -> None:
        """People get a page and a card that name the product; both are under the seal."""
        files = contents(world.sealed)
        assert b"small ward" in files["report.html"]
        card = files["MODEL_CARD.md"].decode()
        assert all(str(claim) in card for claim in (EMERGENCY, INJECTION))
        assert "An attacker who adapts" in card

    def test_unseen_families_have_no_names_in_it(self, world: World) -> None:
        """Neither the table of losses nor any page names an unseen family; the listed ones are named."""
        opened = dossier.open_sealed(world.sealed, TRUST)
        found = results.read(opened.files["results.parquet"])
        assert {one.family for one in found if one.estimand == "miss"} == {"listed0", "listed1"}
        assert {one.family for one in found if one.estimand == "miss_unseen" or one.estimand.startswith("r1_")} == {""}
        units = {
            estimand: {one.unit for one in found if one.estimand == estimand} for estimand in ("miss_unseen", "r1_miss:text")
        }
        assert units["miss_unseen"] == units["r1_miss:text"]
        assert not any(b"unseen0" in content for content in opened.files.values())

    @pytest.mark.parametrize(
        "name", ["results.parquet", "certificate.json", "protocol.json", "report.html", "suite/suite.json"]
    )
    def test_a_changed_byte_breaks_it(self, copied: Copy, name: str) -> None:
        """One byte more in any file, and the seal no longer holds."""
        folder = copied("sealed")
        (folder / name).write_bytes((folder / name).read_bytes() + b" ")
        with pytest.raises(VerificationError):
            dossier.open_sealed(folder, TRUST)


class TestAgain:
    """Testing one protocol again."""

    def test_gives_the_same_bytes(self, world: World, copied: Copy) -> None:
        """From the prepared dossier, and over the sealed one, every file comes out as it was; it is no new attempt."""
        for name in ("prepared", "sealed"):
            folder = copied(name)
            outcome = run_trial(world, folder)
            assert contents(folder) == contents(world.sealed)
            assert outcome == world.outcome
        assert len(ledger.read(world.ledger)) == 1

    def test_the_order_of_the_rows_changes_nothing(self, world: World, copied: Copy) -> None:
        """A file with its lines turned round gives the same dossier: nothing hangs on how rows are batched or listed."""
        data = dataset.load(world.test)
        folder = copied("prepared")
        run_trial(world, folder, replace(data, rows=tuple(reversed(data.rows))))
        assert contents(folder)["results.parquet"] == contents(world.sealed)["results.parquet"]

    def test_another_issuer_hides_families_otherwise(self, world: World) -> None:
        """Opaque numbers hang on the issuer's key, so that nobody else can match them with names."""
        found = results.read(contents(world.sealed)["results.parquet"])
        units = {one.unit for one in found if one.estimand == "miss_unseen"}
        assert not units & {losses.opaque(b"")(f"unseen{number}") for number in range(3)}


class TestRefused:
    """What is not the planned test."""

    def test_rows_of_another_protocol(self, world: World, copied: Copy, tmp_path: Path) -> None:
        """Rows that follow from another signed plan are refused, however good they are."""
        data = dataset.load(world.test)
        manifest = msgspec.structs.replace(data.manifest, protocol=digest.of_bytes(b"another protocol"))
        with pytest.raises(ProtocolError, match="drawn for another protocol"):
            run_trial(world, copied("prepared"), replace(data, manifest=manifest))

    def test_rows_of_another_generator(self, world: World, copied: Copy) -> None:
        """The generator named in the protocol is the only one."""
        data = dataset.load(world.test)
        manifest = msgspec.structs.replace(data.manifest, generator=digest.of_bytes(b"another generator"))
        with pytest.raises(ProtocolError, match="by another generator"):
            run_trial(world, copied("prepared"), replace(data, manifest=manifest))

    def test_the_rows_it_was_fitted_on(self, world: World, copied: Copy) -> None:
        """Train and select rows are no test."""
        with pytest.raises(ProtocolError, match="drawn for another protocol"):
            run_trial(world, copied("prepared"), dataset.load(world.train))

    @pytest.mark.parametrize("place", [0, -1])
    def test_a_row_left_out(self, world: World, copied: Copy, place: int) -> None:
        """Every planned row has to be there."""
        data = dataset.load(world.test)
        fewer = tuple(row for row in data.rows if row is not data.rows[place])
        with pytest.raises(ProtocolError, match="1 planned rows are missing"):
            run_trial(world, copied("prepared"), replace(data, rows=fewer))

    def test_another_key(self, world: World, copied: Copy) -> None:
        """Whoever tests has to hold the key that signed the plan."""
        folder = copied("prepared")
        with pytest.raises(ProtocolError, match="signed by another key"):
            run_trial(world, folder, key=OTHER_KEY)
        assert contents(folder) == contents(world.prepared)

    def test_another_model(self, world: World, copied: Copy, tmp_path: Path) -> None:
        """The same architecture with other weights is another model: what differs is named, nothing is written."""
        other = load(f"hf:{tiny.save_model(tmp_path / 'other', seed=8)}")
        folder = copied("prepared")
        with pytest.raises(ProtocolError, match="differs from the planned one in its manifest"):
            run_trial(world, folder, subject=other)
        assert contents(folder) == contents(world.prepared)

    def test_another_system_prompt(self, world: World, copied: Copy) -> None:
        """The same weights under another system prompt are another set-up."""
        other = load(f"hf:{world.model}", system="You are a nurse.")
        with pytest.raises(ProtocolError, match="in its system_prompt"):
            run_trial(world, copied("prepared"), subject=other)

    def test_weights_that_changed_after_loading(self, world: World, copied: Copy) -> None:
        """Where files are the planned ones but the model does not do the same, its canaries tell."""
        other = load(f"hf:{world.model}")
        with torch.no_grad():
            for parameter in other.model.parameters():
                parameter.mul_(1.01)
        with pytest.raises(VerificationError, match="canaries do not come out again"):
            run_trial(world, copied("prepared"), subject=other)

    @pytest.mark.parametrize(
        "name", ["suite/probes.safetensors", "suite/canaries.jsonl", "suite/suite.json", *sorted(frozen.FILES), selection.FILE]
    )
    def test_an_altered_file(self, world: World, copied: Copy, name: str) -> None:
        """Suite, canaries and baselines are the frozen ones, to the byte."""
        folder = copied("prepared")
        (folder / name).write_bytes((folder / name).read_bytes() + b"\n")
        with pytest.raises(DigestMismatch):
            run_trial(world, folder)

    def test_a_file_too_many(self, world: World, copied: Copy) -> None:
        """A file that no dossier has would be sealed with the others: it is refused."""
        folder = copied("prepared")
        (folder / "notes.txt").write_text("hello")
        with pytest.raises(DigestMismatch, match=r"a file that does not belong to it: notes\.txt"):
            run_trial(world, folder)

    def test_a_missing_baseline(self, world: World, copied: Copy) -> None:
        """The frozen baselines can't be taken out."""
        folder = copied("prepared")
        (folder / frozen.FILE).unlink()
        with pytest.raises(DigestMismatch, match="is not what the protocol names"):
            run_trial(world, folder)

    @pytest.mark.parametrize(
        ("target", "what"), [("certify.issue.analysis_digest", "analysis"), ("guard.rules.digest", "rules")]
    )
    def test_other_code_than_planned(
        self, world: World, copied: Copy, monkeypatch: pytest.MonkeyPatch, target: str, what: str
    ) -> None:
        """Rules or analysis that changed since the plan was signed would count something else than what was planned."""
        monkeypatch.setattr(target, lambda *given: digest.of_bytes(b"other code"))
        with pytest.raises(ProtocolError, match=f"the {what}"):
            run_trial(world, copied("prepared"))


def test_losses_are_those_of_the_guard_s_own_scores(world: World) -> None:
    """Counting once more from freshly made judgements gives the losses of the table, whatever the batches."""
    from certify import scoring
    from certify.trial import suite_of

    prepared = dossier.open_prepared(world.prepared)
    data = dataset.load(world.test)
    judgements = scoring.score(world.subject, suite_of(prepared), data.rows, prepared.protocol.rule_names)
    found = losses.count(prepared.protocol, prepared.payload, data.rows, judgements, lambda family: family)
    stated = results.read(contents(world.sealed)["results.parquet"])

    def listed(table: tuple[UnitLoss, ...]) -> list[UnitLoss]:
        return [one for one in table if one.estimand != "miss_unseen"]

    bounded = tuple(one for one in stated if not one.estimand.startswith("r1_"))
    assert listed(found) == listed(bounded)
    assert sum(one.numerator for one in found) == sum(one.numerator for one in bounded)


def test_an_unavailable_score_is_counted_and_lost(world: World) -> None:
    """A conversation longer than the model reads has no score: it is counted as such, missed, and an alarm."""
    from certify import scoring
    from certify.trial import suite_of

    prepared = dossier.open_prepared(world.prepared)
    plan = prepared.protocol
    data = dataset.load(world.test)
    victim = data.rows[0]
    assert victim.meta.role == "positive"
    said = victim.conversation.messages[0]
    long = replace(victim.conversation, messages=(msgspec.structs.replace(said, content=said.content + " and so on" * 400),))
    rows = (replace(victim, conversation=long), *data.rows[1:])
    judgements = scoring.score(world.subject, suite_of(prepared), rows, plan.rule_names)
    (judged,) = judgements[victim.id]
    assert isinstance(_own(judged, EMERGENCY), ScoreUnavailable)
    assert scoring.unscored(judgements) == {victim.id}
    counted = losses.count(plan, prepared.payload, rows, judgements, lambda family: family)
    own = [one for one in counted if one.unit == victim.meta.draw]
    assert {one.estimand: one.numerator for one in own}["miss"] == 1
    assert issue.describe(plan, rows, scoring.unscored(judgements)).unavailable[f"{EMERGENCY}/en/upto1000/"] == 1


def _own(judgement: Judgement, claim: Claim) -> object:
    return next(
        score for score in judgement.scores if isinstance(score, ProbeScore | ScoreUnavailable) and score.claim == claim
    )
