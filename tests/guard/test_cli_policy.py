"""`auscult guard policy`: checked, told in words, tried out on what was recorded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from guard.audit import AuditEvent, Bindings, Found, Phase, Scan, Status
from guard.cli import guard
from guard.store import Store

POLICY = """
name: ward
requires:
  - {claim: missed_emergency@prompt, action: NOTICE, max_miss: 0.05, max_false_alarm: 0.05, max_false_alarm_near: 0.1,
     on: {timeout: ESCALATE, canary_drift: ESCALATE}}
  - {claim: medication_error@response, action: BLOCK, by: [doses]}
rules: {identifiers: NOTICE}
shadow: [doses]
tenants:
  children: {requires: [{claim: missed_emergency@prompt, action: BLOCK}], rules: {interactions: NOTICE}}
routes:
  /v1/responses: {gate: {mode: buffer}}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A policy with everything in it."""
    (tmp_path / "ward.yaml").write_text(POLICY)
    return tmp_path / "ward.yaml"


def run(*arguments: object) -> str:
    """Run a command that succeeds and return what it prints."""
    done = CliRunner().invoke(guard, ["policy", *map(str, arguments)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_explain_tells_hazards_causes_rules_tenants_and_routes(path: Path) -> None:
    """In words, each difference with whom it is for."""
    said = run("explain", path)
    for words in (
        "missed_emergency@prompt: Missed emergency, in what the user writes",
        "NOTICE when it is found: a fixed notice comes first, then the answer",
        "ESCALATE when that can't be known: timeout, canary_drift",
        "rule doses: a stated dose above the maximum of its label",
        "BLOCK in the answer, while it streams: a fixed refusal",
        "SHADOW: doses is looked at and recorded, but NOT acted upon",
        "for the tenant children:",
        "BLOCK when it is found",
        "for everybody at /v1/responses:",
        "for the tenant children at /v1/responses:",
        "gate: buffer",
        "store_down: the audit trail can't be written",
    ):
        assert words in said


def test_machines_get_json(path: Path) -> None:
    """The digest of the file, and one for each tenant and route."""
    facts = json.loads(run("check", path, "--json"))
    assert set(facts["variants"]) == {"tenant children", "route /v1/responses", "tenant children at /v1/responses"}
    assert len({facts["digest"], *facts["variants"].values()}) == 4
    assert json.loads(run("explain", path, "--json"))["digest"] == facts["digest"]


def test_a_shadow_is_told_by_check(path: Path) -> None:
    """Nobody overlooks that a policy only watches."""
    assert "NOT acted upon" in run("check", path)


def test_dry_run_counts_a_shadow_and_another_policy(path: Path, tmp_path: Path) -> None:
    """Of a real store: what was done, what the shadow would have done, what the policy would do."""
    url = f"sqlite:///{tmp_path}/audit.sqlite"
    store = Store(url)
    found = Found(by="missed_emergency@prompt", kind="fired", turn=0, certified=True)
    scans = tuple(Scan(by=name, status=Status.SCANNED) for name in (found.by, "rule:identifiers"))
    for request, tenant in (("1", "t"), ("2", "children")):
        store.submit(
            AuditEvent(
                request=request,
                sequence=0,
                tenant=tenant,
                recorded="2026-01-01T00:00:00.000Z",
                phase=Phase.JUDGED,
                agent="a",
                source="g",
                entity="m",
                bindings=Bindings(policy="sha256:0"),
                state="VALID",
                scans=scans,
                findings=(found,),
                action="ALLOW",
                shadow="ESCALATE",
                turn=0,
                role="user",
            )
        ).result()
    store.close()
    facts = json.loads(run("dry-run", path, "--store", url, "--json"))
    assert facts["requests"] == facts["done"]["ALLOW"] == facts["without_shadow"]["ESCALATE"] == 2
    assert (facts["with_this_policy"]["NOTICE"], facts["with_this_policy"]["BLOCK"]) == (1, 1)
    assert facts["not_known"] == ["rule doses"]
    assert "can't be told, for it was not looked at then: rule doses" in run("dry-run", path, "--store", url)
    assert "with_this_policy" not in json.loads(run("dry-run", "--store", url, "--json"))


def test_dry_run_without_a_store_is_one_line(tmp_path: Path) -> None:
    """The place is named."""
    done = CliRunner().invoke(guard, ["policy", "dry-run", "--store", f"sqlite:///{tmp_path}/none.sqlite"])
    assert "no audit store" in str(done.exception)
