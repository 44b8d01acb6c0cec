"""What was certified is what the guard does: the same conversations get the same findings from both."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

sys.path.insert(0, str(Path(__file__).parent))

from conftest import Demonstration

from certify import dataset, scoring
from guard import policy, resources, rules
from guard.conversation import LabelledConversation
from guard.hazards import Taxonomy
from guard.points import thresholds
from guard.proxy import start
from guard.proxy.app import create_app
from guard.settings import Settings
from guard.trust import Trust
from guard.verdict import Findings, fired

COUNT = 500


@pytest.fixture(scope="module")
def proven(demonstration: Demonstration) -> start.Proven:
    """The demonstration's dossier, proven as `serve` does; limits don't matter here, so the policy has none that fail."""
    text = Path(resources.path("policies/demonstration.yaml")).read_text()
    for limit in ("0.15", "0.25"):
        text = text.replace(f": {limit}", ": 0.99")
    lenient = demonstration.out / "lenient.yaml"
    lenient.write_text(text)
    demanded = policy.load(lenient, Taxonomy.packaged(), rules.names)
    lenient.unlink()
    return start.prove(demonstration.dossier, Trust.read(demonstration.trust), demanded, None, now=datetime.now(UTC))


@pytest.fixture(scope="module")
def rows(demonstration: Demonstration) -> list[LabelledConversation]:
    """Every n-th row of the test, of all claims and of traffic."""
    found = dataset.load(demonstration.out / "rows" / "test").rows
    return list(found[:: max(1, len(found) // COUNT)][:COUNT])


@pytest.fixture(scope="module")
def guard(proven: start.Proven, tmp_path_factory: pytest.TempPathFactory) -> Iterator[start.Assembled]:
    """The running guard."""
    store = tmp_path_factory.mktemp("store") / "audit.sqlite"
    with contextlib.closing(start.assemble(proven, Settings(store=f"sqlite:///{store}"), seed=lambda: 0)) as running:
        yield running


def _of_certify(findings: Findings) -> set[tuple[str, int, str]]:
    return {(str(item.source), item.at.turn, str(item.kind)) for item in findings.items}


def _of_audit(events: Any) -> set[tuple[str, int, str]]:
    """Return the findings on what the client sent; those on the answer have no counterpart in the test rows."""
    return {
        (finding.by.removeprefix("rule:"), finding.turn, str(finding.kind))
        for event in events
        if event.phase == "judged" and event.role != "assistant"
        for finding in event.findings
        if not finding.by.endswith(("@response", "@answer"))
    }


def test_500_conversations_get_the_same_findings_from_guard_and_certify(
    proven: start.Proven, rows: list[LabelledConversation], guard: start.Assembled
) -> None:
    """The audit trail of the guard names, place by place, what `fired` says over the scores of `certify`."""
    assert len(rows) == COUNT
    points = thresholds(proven.opened.certificate.operating_points)
    judged = scoring.score(proven.subject, proven.suite, rows, tuple(proven.policy.rules))
    different = []
    any_found = 0
    with TestClient(create_app(guard.guard), base_url="http://127.0.0.1") as client:
        for row in rows:
            body = {"model": "phantom", "messages": json.loads(row.line())["messages"], "max_tokens": 1}
            answer = client.post("/v1/chat/completions", json=body)
            assert answer.status_code == 200, answer.text
            events = guard.guard.store.events(answer.headers["auscult-request"])
            expected, found = _of_certify(fired(points, judged[row.id])), _of_audit(events)
            any_found += bool(expected)
            if expected != found:
                different.append((row.id, expected, found))
    assert not different, different[:3]
    assert any_found > COUNT / 10


def test_canaries_hold_and_a_moved_canary_is_noticed(proven: start.Proven, guard: start.Assembled) -> None:
    """The watch is content with the certified scores, and not with others."""
    from dataclasses import replace

    from guard.probes import canary
    from guard.proxy import watch

    canaries = canary.read(proven.opened.files["suite/canaries.jsonl"])[:6]
    eps = float(proven.opened.certificate.eps)
    assert asyncio.run(watch.holds(guard.engine, canaries, eps))
    first = canaries[0]
    moved = replace(first, scores={key: value + 3 * eps for key, value in first.scores.items()})
    assert not asyncio.run(watch.holds(guard.engine, [*canaries[1:], moved], eps))
