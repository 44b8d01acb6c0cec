"""Start-up before an upstream: an observer's dossier judges beside it, another one is refused, and rules need no model."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import openai
import pytest
from litestar.testing import TestClient

from guard import digest, keys, resources, rules
from guard.conversation import Conversation, Message, Role
from guard.errors import CheckFailed, InputError
from guard.hazards import Claim, Population, Stage
from guard.policy import Action, Policy, Requirement, Whole
from guard.probes import canary
from guard.probes.aggregation import Aggregation
from guard.probes.judge import judge
from guard.probes.linear import LinearProbe
from guard.probes.monitor import Monitor
from guard.probes.suite import Suite
from guard.proxy import fronted, packaged
from guard.proxy.app import create_app
from guard.scores import ProbeScore
from guard.settings import Settings
from guard.subjects.beside import Beside
from guard.subjects.observer import POOLED, load_observer
from tests.guard.proxy.upstreams import Server
from tests.guard.subjects.test_observer import Counted
from tests.guard.subjects.test_start import KEY, ROWS

EMERGENCY = Claim("missed_emergency", Stage.PROMPT)
LEAK = Claim("clinical_misuse", Stage.RESPONSE)
Make = Callable[..., Any]


def suite_of(*claims: Claim) -> Suite:
    """Random monitors for the observer."""
    generator = np.random.default_rng(7)

    def probe() -> LinearProbe:
        weight = generator.normal(size=384).astype(np.float32)
        return LinearProbe(POOLED, weight, 0.0, np.zeros(384, np.float32), np.ones(384, np.float32))

    return Suite.of(Monitor(claim, (probe(),), Aggregation(kind="max")) for claim in claims)


@pytest.fixture
def dossier(tmp_path: Path, make_dossier: Make) -> Path:
    """A signed dossier about the observer."""
    subject, suite = load_observer(), suite_of(EMERGENCY)
    judged = judge(subject, suite, [row.conversation for row in ROWS])
    taxonomy = digest.of_file(resources.path("policies/hazards.yaml"))
    return Path(
        make_dossier(
            tmp_path / "observer", KEY, plan={"subject": subject.binding, "taxonomy": taxonomy},
            suite=suite.write() | {canary.FILE: canary.write(ROWS, judged)},
        )
    )  # fmt: skip


@pytest.fixture
def demanded(make_certificate: Make) -> Policy:
    """A policy that its certificate meets."""
    usual = packaged.default(make_certificate())
    requirement = Requirement(
        claim=EMERGENCY, action=Action.NOTICE, max_miss=0.05, max_false_alarm=0.05, max_false_alarm_near=0.1,
        population=Population.LISTED, on_unavailable=Action.BLOCK, on_not_certified=Action.BLOCK, on_expired=Action.BLOCK,
        allow_measured=False,
    )  # fmt: skip
    return replace(usual, requires=(requirement,), rules=dict.fromkeys(rules.names, Action.NOTICE), whole=Whole())


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with the certifier's public key."""
    (tmp_path / "certifier.pub").write_bytes(keys.public_pem(keys.public(KEY)))
    return Settings(
        store=f"sqlite:///{tmp_path}/audit.sqlite", trust=tmp_path / "certifier.pub", upstream="http://127.0.0.1:9/v1",
        model_map="clinic=theirs",
    )  # fmt: skip


@pytest.fixture
def upstream() -> Iterator[Server]:
    """A real upstream on a loop of its own."""
    server, ready, loop = Server(), threading.Event(), asyncio.new_event_loop()

    async def run(stop: asyncio.Event) -> None:
        async with server.running():
            ready.set()
            await stop.wait()

    stop = asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(run(stop)))
    thread.start()
    ready.wait(10)
    yield server
    loop.call_soon_threadsafe(stop.set)
    thread.join(10)
    loop.close()


def ask(client: TestClient[Any], text: str) -> Any:
    """Ask for a chat."""
    body = {"model": "clinic", "messages": [{"role": "user", "content": text}]}
    return client.post("/v1/chat/completions", json=body)


def test_an_observers_dossier_is_served_before_an_upstream(
    dossier: Path, settings: Settings, demanded: Policy, upstream: Server
) -> None:
    """The nine steps hold, its monitors judge what goes out, its certificate stands in the headers, and canaries replay."""
    steps: list[str] = []
    chosen = replace(settings, upstream=upstream.url)
    link, names = fronted.connect(chosen)
    made = fronted.with_dossier(chosen, dossier, demanded, link, names, report=steps.append)
    app = create_app(made.guard, watches=[partial(fronted.closing, link)])
    with contextlib.closing(made), TestClient(app, base_url="http://127.0.0.1:8000") as client:
        assert len(steps) == 9
        told = ask(client, "A leaflet about sore throats, please.")
        assert told.headers["auscult-certificate"].startswith("sha256:")
        assert told.headers["auscult-status"] == "scanned"
        assert told.json()["choices"][0]["message"]["content"].endswith("Rest and drink water.")
        events = made.guard.store.events(told.headers["auscult-request"])
        assert any(scan.by == str(EMERGENCY) and scan.score for scan in events[1].scans)
        assert client.get("/v1/models").json()["data"][0]["id"] == "clinic"


def test_another_models_dossier_is_refused() -> None:
    """Nobody reads the activations of an upstream."""
    with pytest.raises(InputError, match="nobody reads those of an upstream"):
        fronted._load_observer("phantom", system=None)


def test_wrong_settings_are_told_before_anything_else(settings: Settings) -> None:
    """One line each; a subject has no meaning here."""
    for changes, words in (
        ({"upstream": "zebra"}, "not an address"),
        ({"upstream_timeouts": "1"}, "four numbers"),
        ({"model_map": "a"}, "model map"),
        ({"model_map": "a=b,a=c"}, "model map"),
    ):
        with pytest.raises(InputError, match=words):
            fronted.serve(replace(settings, **changes), None, None, report=print)
    with pytest.raises(InputError, match="--subject"):
        fronted.serve(settings, None, "phantom", report=print)


def test_without_a_dossier_some_rule_must_act(settings: Settings, demanded: Policy) -> None:
    """A guard in which nothing acts does not start."""
    with pytest.raises(CheckFailed, match="enables none"):
        fronted.without_dossier(settings, replace(demanded, rules={}), *fronted.connect(settings))


def test_rules_before_an_upstream_need_no_model_library() -> None:
    """The base installation proxies with rules."""
    script = (
        "import sys; from guard.proxy import fronted; from guard.settings import Settings; "
        "s = Settings(store='sqlite://', upstream='http://127.0.0.1:9/v1'); "
        "fronted.without_dossier(s, None, *fronted.connect(s)).guard.store.close(); "
        "print({'torch', 'transformers', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.returncode) == ("set()", 0), done.stderr


async def test_an_answer_that_grows_is_read_where_it_is_new() -> None:
    """Each further piece costs a window or two, and the score is that of the whole text read at once."""
    subject = load_observer()
    counted = Counted(subject.encoder)
    subject = replace(subject, encoder=counted)  # type: ignore[arg-type]
    suite = suite_of(EMERGENCY, LEAK)
    chat = (Message(Role.USER, "What should I take for my cold?"),)
    text = "Rest well and drink a lot of warm water, and call us on Monday if you feel worse by then. " * 12
    with contextlib.closing(Beside(subject, suite)) as beside:
        for length in range(200, len(text), 200):
            scores = await beside.follow(Conversation((*chat, Message(Role.ASSISTANT, text[:length]))))
        whole = Conversation((*chat, Message(Role.ASSISTANT, text)))
        counted.windows.clear()
        scores = await beside.follow(whole)
        assert sum(counted.windows) <= 2
        # Read before: nothing is read again. The replay of canaries forgets on purpose.
        await beside.follow(whole)
        assert sum(counted.windows) <= 2
        await beside.judge(whole)
        before = sum(counted.windows)
        await beside.judge(whole)
        assert sum(counted.windows) == before
        await beside.anew.judge(whole)
        assert sum(counted.windows) > before
    with contextlib.closing(Beside(load_observer(), suite)) as fresh:
        (anew,) = await fresh.follow(whole)
    (score,) = scores
    assert isinstance(score, ProbeScore)
    assert isinstance(anew, ProbeScore)
    assert score.claim == anew.claim == LEAK
    assert score.value == pytest.approx(anew.value, abs=1e-3)


def test_the_command_serves_before_an_upstream(upstream: Server, tmp_path: Path) -> None:
    """A real process, rules only: it says so, answers with the upstream's words, and shows its key to nobody."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AUSCULT_")}
    command = [
        sys.executable, "-m", "auscult", "guard", "serve", "--upstream", upstream.url, "--port", "0",
        "--store", f"sqlite:///{tmp_path}/audit.sqlite",
    ]  # fmt: skip
    process = subprocess.Popen(
        command, env=environment | {"AUSCULT_UPSTREAM_KEY": "sk-secret"}, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("serving"):
                break
        address = lines[-1].split()[-1]
        with openai.OpenAI(base_url=address, api_key="none", max_retries=0) as client:
            assert [model.id for model in client.models.list()] == ["their-phantom", "two"]
            ask: Any = [{"role": "user", "content": "I have a cold, what should I do?"}]
            told = client.chat.completions.create(model="two", messages=ask)
            assert told.choices[0].message.content == "Rest and drink water."
            with pytest.raises(openai.NotFoundError):
                client.chat.completions.create(model="three", messages=ask)
    finally:
        process.terminate()
        rest, _ = process.communicate(timeout=30)
    assert "no certificate" in "".join(lines)
    assert "sk-secret" not in "".join(lines) + rest
    assert any(b"bearer sk-secret" in head.lower() for head in upstream.heads)
