"""The policy in force: followed from its file, checked first, swapped between requests, and never for a worse one."""

from __future__ import annotations

import asyncio
import hashlib
import http.client
import http.server
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from guard import policy, rules
from guard.audit import AuditEvent, Phase, decode
from guard.digest import of_bytes
from guard.errors import CheckFailed
from guard.hazards import Taxonomy
from guard.policy import Action, Policy
from guard.proxy import following
from guard.proxy.app import create_app
from guard.proxy.auth import Keys
from guard.proxy.guard import Evidence, Guard
from guard.proxy.reload import InForce, KeysInForce
from guard.store import Store
from guard.validity import State

RULES_ONLY = """
name: {name}
requires: [{{claim: clinical_misuse@response, action: ESCALATE, allow_measured: true}}]
rules: {{identifiers: {action}}}
"""


def write(path: Path, name: str = "first", action: str = "NOTICE") -> Policy:
    """Write a policy and return what it says."""
    path.write_text(RULES_ONLY.format(name=name, action=action))
    return policy.load(path, Taxonomy.packaged(), rules.names)


@pytest.fixture
def kept(tmp_path: Path, make: Callable[..., Any]) -> Iterator[tuple[Path, Guard, InForce, list[str]]]:
    """A policy file, a guard without evidence, its policy in force, and what was reported."""
    path = tmp_path / "policy.yaml"
    made = make(policy=write(path), certified=False)
    said: list[str] = []
    in_force = InForce(path, made.guard, report=said.append)
    yield path, replace(made.guard, in_force=in_force), in_force, said


def standing(store: Store) -> list[AuditEvent]:
    """Events about policies."""
    events = [decode(line)[0] for line in store.lines()]
    return [event for event in events if event.phase is Phase.STANDING]


def test_a_valid_file_is_taken_and_named_in_the_trail(kept: tuple[Path, Guard, InForce, list[str]]) -> None:
    """The next request is served by it; requests under way keep theirs; an event names the new digest."""
    path, guard, in_force, said = kept
    under_way = guard.serving("local", "/v1/chat/completions")
    new = write(path, "second", "BLOCK")
    assert in_force.reload()
    assert guard.serving("local", "/v1/chat/completions").policy == new
    assert under_way.policy.name == "first"
    assert new.digest in said[-1]
    guard.store.close()
    assert [(event.reason, event.bindings.policy) for event in standing(Store(guard_url(path), create=False))] == [
        ("policy reloaded", new.digest)
    ]


def guard_url(path: Path) -> str:
    """URL of the store of the first guard that a test made."""
    return f"sqlite:///{path.parent}/audit0.sqlite"


@pytest.mark.parametrize("text", ["", "name: [", "name: x\nrequires: []", RULES_ONLY.format(name="x", action="SHOUT"), None])
def test_a_bad_file_changes_nothing(kept: tuple[Path, Guard, InForce, list[str]], text: str | None) -> None:
    """Broken, empty, invalid or gone: the last good policy stays, and the reason is reported and recorded."""
    path, guard, in_force, said = kept
    before = in_force()
    if text is None:
        path.unlink()
    else:
        path.write_text(text)
    assert not in_force.reload()
    assert in_force() is before
    assert said[-1].startswith("the policy first stays in force: ")
    guard.store.close()
    (event,) = standing(Store(guard_url(path), create=False))
    assert event.reason.startswith("policy kept: ")
    assert event.bindings.policy == before.digest


def test_a_policy_that_the_certificate_does_not_meet_changes_nothing(tmp_path: Path, make: Callable[..., Any]) -> None:
    """`check` is asked before, and where nothing can ask it, nothing is taken."""

    def meets(demanded: Policy) -> None:
        if demanded.name == "greedy":
            raise CheckFailed("the certificate does not meet it")

    path = tmp_path / "policy.yaml"
    first = write(path)
    guard = make(policy=first).guard
    evidence = Evidence(of_bytes(b"c"), {}, lambda: State.VALID, meets)
    in_force = InForce(path, replace(guard, evidence=evidence), report=lambda _: None)
    write(path, "greedy")
    assert not in_force.reload()
    write(path, "modest")
    assert in_force.reload()
    blind = InForce(path, replace(guard, evidence=replace(evidence, meets=None)), report=lambda _: None)
    assert not blind.reload()
    assert blind() is first


def test_another_system_prompt_needs_a_start(kept: tuple[Path, Guard, InForce, list[str]]) -> None:
    """The model was loaded with the first one."""
    path, _, in_force, said = kept
    (path.parent / "system.txt").write_text("Be kind.")
    prompt = f"system_prompt: {{file: system.txt, sha256: '{of_bytes(b'Be kind.')}'}}\n"
    path.write_text(RULES_ONLY.format(name="first", action="NOTICE") + prompt)
    assert not in_force.reload()
    assert "system prompt" in said[-1]


async def test_the_watch_follows_the_file_and_outlives_a_broken_one(kept: tuple[Path, Guard, InForce, list[str]]) -> None:
    """A change is seen by itself; a broken file in between ends nothing."""
    path, _, in_force, said = kept
    watching = asyncio.create_task(in_force.watch(every=0.01))
    path.write_text("name: [")
    await until(lambda: len(said) == 1)
    write(path, "second")
    await until(lambda: in_force().name == "second")
    watching.cancel()
    assert [line.split(":")[0] for line in said] == ["the policy first stays in force", "the policy second is in force"]


async def test_a_change_between_the_start_and_the_first_look_is_seen(kept: tuple[Path, Guard, InForce, list[str]]) -> None:
    """The policy was read, then the file was written, then somebody began to look."""
    path, guard, _, said = kept
    write(path, "second", "BLOCK")
    late = InForce(path, guard, report=said.append)
    watching = asyncio.create_task(late.watch(every=0.01))
    await until(lambda: late().name == "second")
    await asyncio.sleep(0.05)
    watching.cancel()
    assert len(said) == 1


async def test_a_file_that_says_what_is_in_force_is_let_be(kept: tuple[Path, Guard, InForce, list[str]]) -> None:
    """The first look by itself reloads nothing."""
    _, _, in_force, said = kept
    watching = asyncio.create_task(in_force.watch(every=0.01))
    await asyncio.sleep(0.1)
    watching.cancel()
    assert said == []


def write_keys(path: Path, *names: str) -> Keys:
    """Write a file of API keys and read it."""
    listed = [{"id": name, "sha256": hashlib.sha256(name.encode()).hexdigest(), "tenant": "ward"} for name in names]
    path.write_text(json.dumps(listed))
    return Keys.read(path)


def test_a_revoked_key_stops_working_while_the_guard_runs(tmp_path: Path, make: Callable[..., Any]) -> None:
    """Another takes its place; a broken, empty or missing file changes nothing; the trail has what became of it."""
    path, said = tmp_path / "keys.json", list[str]()
    keys = write_keys(path, "one")
    made = make()
    known = KeysInForce(path, keys, made.guard, report=said.append)
    made.client.app = create_app(made.guard, keys=known)

    def status(key: str) -> int:
        return int(made.ask("hello", headers={"Authorization": f"Bearer {key}"}).status_code)

    assert [status("one"), status("two")] == [200, 401]
    write_keys(path, "two")
    assert [status("one"), status("two")] == [200, 401]
    assert known.reload()
    assert [status("one"), status("two")] == [401, 200]
    for broken in ("[]", "[{", json.dumps([{"id": "a"}])):
        path.write_text(broken)
        assert not known.reload()
    path.unlink()
    assert not known.reload()
    assert [status("one"), status("two")] == [401, 200]
    assert len(said) == 5
    assert said[0] == "API keys in force: 1"
    assert "one" not in " ".join(said)
    made.guard.store.close()
    reasons = [event.reason for event in standing(Store(f"sqlite:///{tmp_path}/audit0.sqlite", create=False))]
    assert reasons == ["keys reloaded", *["keys kept: InputError"] * 4]


async def test_the_watch_follows_policy_and_keys(tmp_path: Path, kept: tuple[Path, Guard, InForce, list[str]]) -> None:
    """A key that was taken out before the first look is out, too."""
    _, guard, in_force, said = kept
    path = tmp_path / "keys.json"
    keys = write_keys(path, "one", "two")
    write_keys(path, "two")
    known = KeysInForce(path, keys, guard, report=said.append)
    watching = asyncio.create_task(following.watch([in_force.file, known.file], every=0.01))
    await until(lambda: said == ["API keys in force: 1"])
    write_keys(path, "two", "three", "four")
    await until(lambda: len(said) == 2)
    watching.cancel()
    assert known.caller("Bearer four").agent == "four"


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(5):
        while not holds():
            await asyncio.sleep(0.005)


def test_a_client_makes_the_policy_stricter_by_a_header(make: Callable[..., Any], policy_with: Callable[..., Policy]) -> None:
    """A notice becomes a refusal for its request alone, and the trail says what was demanded."""
    made = make(policy=policy_with())
    text = "a crushing pain"
    assert made.ask(text).headers["auscult-action"] == "NOTICE"
    stricter = made.ask(text, headers={"Auscult-Require": "missed_emergency@prompt=BLOCK"})
    assert stricter.headers["auscult-action"] == "BLOCK"
    assert {event.required for event in made.events(stricter)} == {"missed_emergency@prompt=BLOCK"}
    weaker = made.ask("poison", headers={"Auscult-Require": "clinical_misuse@prompt=ALLOW, identifiers=ALLOW"})
    assert weaker.headers["auscult-action"] == "BLOCK"
    refused = made.ask(text, headers={"Auscult-Require": "secret-name=BLOCK"})
    assert refused.status_code == 400
    assert refused.json()["error"]["code"] == "unknown_requirement"
    assert "secret-name" not in refused.text


def test_a_tenant_and_a_route_have_their_own_policy(make: Callable[..., Any], policy_with: Callable[..., Policy]) -> None:
    """The policy of the caller's tenant acts, at the path that was asked."""
    stricter = policy_with(requires=(), rules={"identifiers": Action.BLOCK}, digest=of_bytes(b"route"))
    base = policy_with(requires=(), rules={"identifiers": Action.NOTICE})
    text = "write to a.b@example.org"
    assert make(policy=base).ask(text).headers["auscult-action"] == "NOTICE"
    for own in (replace(base, tenants={"local": stricter}), replace(base, routes={("", "/v1/chat/completions"): stricter})):
        made = make(policy=own)
        answer = made.ask(text)
        assert answer.headers["auscult-action"] == "BLOCK"
        assert {event.bindings.policy for event in made.events(answer)} == {stricter.digest}
    other = replace(base, tenants={"other": stricter}, routes={("", "/v1/other"): stricter})
    assert make(policy=other).ask(text).headers["auscult-action"] == "NOTICE"


def test_a_shadow_is_recorded_but_does_not_act(make: Callable[..., Any], policy_with: Callable[..., Policy]) -> None:
    """What would have been blocked is served, and the trail says so, on the prompt and on the answer."""
    made = make(policy=policy_with(shadow=frozenset({"identifiers"})))
    answer = made.ask("write to a.b@example.org")
    assert answer.headers["auscult-action"] == "ALLOW"
    assert answer.json()["choices"][0]["message"]["content"] == "Rest and drink water."
    assert [event.shadow for event in made.events(answer) if event.phase is Phase.JUDGED] == ["BLOCK", ""]
    ended = made.ask("write to a.b@example.org", headers={"Auscult-Require": "identifiers=NOTICE"})
    assert ended.headers["auscult-action"] == "BLOCK"


class _Upstream(http.server.BaseHTTPRequestHandler):
    """A model's server that always says the same."""

    def do_POST(self) -> None:
        """Answer a chat as one stream."""
        self.rfile.read(int(self.headers["Content-Length"]))
        chunk: dict[str, Any] = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
        deltas = ({"role": "assistant", "content": "Rest."}, None), ({}, "stop")
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for delta, reason in deltas:
            choice = {"index": 0, "delta": delta, "finish_reason": reason}
            self.wfile.write(b"data: " + json.dumps(chunk | {"choices": [choice]}).encode() + b"\n\n")
        self.wfile.write(b"data: [DONE]\n\n")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def upstream() -> Iterator[str]:
    """Address of a model's server."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Upstream)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    server.shutdown()
    server.server_close()


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="this system has no SIGHUP")
def test_a_running_guard_reloads_on_sighup_and_keeps_the_last_good_policy(tmp_path: Path, upstream: str) -> None:
    """A real process: NOTICE, a broken file, still NOTICE; a good one, BLOCK; and it ends when told to."""
    path, key_file = tmp_path / "policy.yaml", tmp_path / "keys.json"
    write(path)
    write_keys(key_file, "one")
    command = [
        sys.executable, "-m", "auscult", "guard", "serve", "--upstream", upstream, "--model-map", "m=m", "--policy", str(path),
        "--keys", str(key_file), "--port", "0", "--store", f"sqlite:///{tmp_path}/audit.sqlite",
    ]  # fmt: skip
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AUSCULT_")}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=clean | {"PYTHONUNBUFFERED": "1"}
    ) as process:
        lines = Lines(process)
        try:
            address = re.search(r"http://\S+", lines.next("serving")).group()  # type: ignore[union-attr]
            assert action(address) == "NOTICE"
            path.write_text("name: [")
            process.send_signal(signal.SIGHUP)
            lines.next("stays in force")
            assert action(address) == "NOTICE"
            new = write(path, "second", "BLOCK")
            process.send_signal(signal.SIGHUP)
            assert new.digest in lines.next("is in force")
            assert action(address) == "BLOCK"
            write_keys(key_file, "two", "three")
            process.send_signal(signal.SIGHUP)
            lines.next("API keys in force: 2")
            assert action(address) == "none, 401"
            assert action(address, "two") == "BLOCK"
        finally:
            process.terminate()
            process.wait(30)
            lines.end()
        assert process.returncode == 0
    store = Store(f"sqlite:///{tmp_path}/audit.sqlite", create=False)
    assert {"policy reloaded", "keys reloaded"} <= {event.reason for event in standing(store)}
    store.close()


class Lines:
    """What a process prints, line by line, with a time limit."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        """Read on a thread."""
        self.said: list[str] = []
        self._reader = threading.Thread(target=self._read, args=(process,), daemon=True)
        self._reader.start()

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout
        for line in process.stdout:
            self.said.append(line)

    def end(self) -> None:
        """Read what is left, before the pipe may be closed."""
        self._reader.join(30)

    def next(self, words: str) -> str:
        """Return the first line with some words, once it is there."""
        ends = time.monotonic() + 30
        while time.monotonic() < ends:
            found = next((line for line in self.said if words in line), None)
            if found:
                return found
            time.sleep(0.02)
        raise AssertionError(f"no line with {words!r} in {self.said}")


def action(address: str, key: str = "one") -> str:
    """Ask a guard and return what it did, or the status where it does not say."""
    body = {"model": "m", "messages": [{"role": "user", "content": "write to a.b@example.org"}]}
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
    connection = http.client.HTTPConnection(address.split("/")[2], timeout=10)
    connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return str(answer.headers.get("auscult-action", f"none, {answer.status}"))
