"""A rule that an installation brings along may be slow: its request ends as the policy says, and nobody else waits for it."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from guard import policy, rules
from guard.conversation import Conversation, Message, Role
from guard.errors import PolicyError
from guard.hazards import Taxonomy
from guard.policy import Action, FailCause, Policy
from guard.policy.demanded import RuleDetail
from guard.proxy import hearing
from guard.proxy.app import create_app
from guard.rules import people, timed
from guard.rules.watch import Watch
from guard.scores import RuleClear, RuleUnavailable

LIMIT = 0.3


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Put a recogniser in the place of `names` that waits on the word "slow" until a test lets it go."""
    go = threading.Event()

    def recognise(sentence: str) -> tuple[tuple[int, int], ...]:
        if "slow" in sentence:
            go.wait(20)
        return ()

    monkeypatch.setattr(timed, "HANDS", timed.Hands())
    mine = replace(rules.RULES["names"], reads=people.People(recognise), seconds=LIMIT)
    monkeypatch.setitem(rules.RULES, "names", mine)
    yield go
    go.set()


def says(text: str) -> Conversation:
    """One message."""
    return Conversation((Message(Role.USER, text),))


def test_a_late_rule_is_unavailable_for_that_reason(slow: threading.Event) -> None:
    """At rest and in a stream; it is not waited for again, and the rules beside it look."""
    begun = time.monotonic()
    assert rules.run(["names", "doses"], says("slow. slow. slow."), 0) == (
        RuleUnavailable("names", "timeout"),
        RuleClear("doses"),
    )
    watch = Watch(["names"], 0)
    for _ in range(20):
        watch.feed("slow. ")
    watch.end()
    assert watch.scores() == (RuleUnavailable("names", "timeout"),)
    assert time.monotonic() - begun < 10 * LIMIT
    assert rules.run(["names"], says("quick."), 0) == (RuleClear("names"),)


def test_a_rule_that_holds_every_thread_is_late_itself(slow: threading.Event) -> None:
    """The number of threads is bounded; when some come free, it looks again."""
    before = threading.active_count()
    for _ in range(timed.THREADS + 2):
        assert rules.run(["names"], says("slow."), 0) == (RuleUnavailable("names", "timeout"),)
    assert threading.active_count() <= before + timed.THREADS
    assert rules.run(["names"], says("quick."), 0) == (RuleUnavailable("names", "timeout"),)
    slow.set()
    for _ in range(50):
        if rules.run(["names"], says("quick."), 0) == (RuleClear("names"),):
            return
    pytest.fail("the threads did not come free")


def test_what_nobody_had_time_for_is_forgotten() -> None:
    """Or it would pile up behind a rule that never comes back."""

    class Text:
        """What was to be read."""

    go, hands, text = threading.Event(), timed.Hands(1), Text()
    gone = weakref.ref(text)
    for work in (lambda: go.wait(20), partial(id, text)):
        with pytest.raises(TimeoutError):
            hands.ask(work, 0.05)
    del text, work
    gc.collect()
    assert gone() is None
    go.set()
    assert hands.ask(lambda: "read", 10) == "read"


def test_the_packaged_rules_read_where_they_are_asked() -> None:
    """No thread is started for them."""
    before = threading.active_count()
    rules.run(sorted(rules.names), says("Take 10 g of paracetamol."), 0)
    assert not rules.apart(rules.names)
    assert threading.active_count() == before


@pytest.mark.parametrize(("on", "wanted"), [({}, "BLOCK"), ({FailCause.TIMEOUT: Action.ESCALATE}, "ESCALATE")])
def test_what_follows_is_the_policy_s_to_say(
    on: dict[FailCause, Action],
    wanted: str,
    slow: threading.Event,
    make: Callable[..., Any],
    policy_with: Callable[..., Policy],
) -> None:
    """BLOCK unless it says otherwise of this cause; the trail has the reason."""
    made = make(policy=policy_with(rules={"names": Action.NOTICE}, details={"names": RuleDetail(on=on)}))
    answer = made.ask("a slow day")
    assert answer.headers["auscult-action"] == wanted
    assert "timeout" in {scan.reason for event in made.events(answer) for scan in event.scans}
    assert made.ask("a quick day").headers["auscult-action"] == "ALLOW"


def test_a_late_rule_breaks_an_answer_off(
    slow: threading.Event, make: Callable[..., Any], policy_with: Callable[..., Policy]
) -> None:
    """What it had not read is not let go."""
    made = make(policy=policy_with(rules={"names": Action.NOTICE}))
    made.engine.pieces = ("Rest. ", "It is slow. ", "Later.")
    answer = made.ask("hello").json()["choices"][0]
    assert answer["finish_reason"] == "content_filter"
    assert "slow" not in answer["message"]["content"]


async def test_others_are_served_meanwhile(
    slow: threading.Event, make: Callable[..., Any], policy_with: Callable[..., Policy]
) -> None:
    """On one event loop: while one request waits for the rule, on its prompt and then on its answer, probes are answered."""
    made = make(policy=policy_with(rules={"names": Action.NOTICE}, requires=()))
    transport = httpx.ASGITransport(app=create_app(made.guard))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        for prompt, pieces in (("slow", ("Rest.",)), ("hello", ("It is slow. ", "Yes."))):
            made.engine.pieces = pieces
            body = {"model": "phantom", "messages": [{"role": "user", "content": prompt}]}
            asked = asyncio.create_task(client.post("/v1/chat/completions", json=body))
            longest, last = 0.0, time.monotonic()
            while not asked.done():
                await client.get("/healthz")
                await asyncio.sleep(0.001)
                longest, last = max(longest, time.monotonic() - last), time.monotonic()
            assert longest < 0.8 * LIMIT
            assert (await asked).headers["auscult-action"] in ("BLOCK", "ALLOW")


def test_a_long_text_has_a_limit_even_for_packaged_rules(
    monkeypatch: pytest.MonkeyPatch, make: Callable[..., Any], policy_with: Callable[..., Policy]
) -> None:
    """It is read on a thread, and as long as a monitor would be waited for."""
    let_go = threading.Event()
    monkeypatch.setattr(hearing.rules, "join", lambda *_: let_go.wait(20))
    made = make(policy=policy_with(requires=()), patience=0.2)
    answer = made.ask("a " * hearing.LONG)
    let_go.set()
    assert answer.headers["auscult-action"] == "BLOCK"
    assert "timeout" in {scan.reason for event in made.events(answer) for scan in event.scans}


def test_a_policy_may_say_what_a_late_rule_means(tmp_path: Path) -> None:
    """By its own cause; other causes of monitors are still refused."""
    path = tmp_path / "policy.yaml"
    written = """
name: x
requires: [{{claim: clinical_misuse@response, action: ESCALATE, allow_measured: true}}]
rules: {{names: {{action: NOTICE, on: {{{cause}: ESCALATE}}}}}}
"""
    path.write_text(written.format(cause="timeout"))
    loaded = policy.load(path, Taxonomy.packaged(), rules.names)
    assert loaded.details["names"].on == {FailCause.TIMEOUT: Action.ESCALATE}
    path.write_text(written.format(cause="nan"))
    with pytest.raises(PolicyError, match="a rule can fail by"):
        policy.load(path, Taxonomy.packaged(), rules.names)
