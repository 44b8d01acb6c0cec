"""Metrics, traces, logs and every other sink: they tell what was done, and nothing of what was said."""

from __future__ import annotations

import io
import json
import logging
import re
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from guard import audit, sealing
from guard.audit import fhir, words
from guard.errors import CheckFailed, InputError
from guard.policy import Audit, Content
from guard.proxy import logs, metrics, tracing
from guard.proxy.app import create_app
from guard.proxy.metrics import Metrics
from guard.proxy.outer import Seen, request_id

Make = Callable[..., Any]
WELL = "I have a cold, what should I do?"
DASHBOARD = Path(__file__).parents[3] / "deploy" / "grafana" / "auscult.json"


def numbers(made: Metrics) -> dict[str, float]:
    """Every sample by name and labels."""
    return {
        f"{sample.name}{sorted(sample.labels.items())}": sample.value
        for family in made.registry.collect()
        for sample in family.samples
    }


@contextmanager
def watched(guard: Any) -> Iterator[tuple[TestClient[Any], Metrics, io.StringIO]]:
    """A client of a guard whose numbers and logs are taken."""
    taken, log = Metrics(), io.StringIO()
    handler = logs.to(log, "info")
    taken.follow(lambda: guard.state, lambda: guard.store.failing)
    guard.store.listen(taken.event)
    try:
        with TestClient(
            create_app(guard, watchers=[taken.seen, logs.seen]), base_url="http://127.0.0.1", raise_server_exceptions=False
        ) as client:
            yield client, taken, log
    finally:
        logs.stop(handler)
        logging.getLogger().setLevel(logging.WARNING)


def ask(client: Any, *messages: Any, **fields: Any) -> Any:
    """Post a chat."""
    listed = [{"role": "user", "content": one} if isinstance(one, str) else one for one in messages]
    return client.post("/v1/chat/completions", json={"model": "phantom", "messages": listed} | fields)


def test_numbers_count_requests_actions_findings_and_what_was_released(make: Make) -> None:
    """From the trail: what is on disk is what is counted."""
    guard = make().guard
    with watched(guard) as (client, taken, _):
        ask(client, WELL)
        ask(client, "poison")
        client.get("/nowhere/at/all")
    guard.store.close()
    found = numbers(taken)
    chat = "('route', '/v1/chat/completions'), ('status', '200')"
    assert found[f"auscult_requests_total[{chat}]"] == 2
    assert found["auscult_requests_total[('route', 'other'), ('status', '404')]"] == 1
    assert found["auscult_findings_total[('by', 'clinical_misuse@prompt'), ('kind', 'fired')]"] == 1
    assert found["auscult_actions_total[('action', 'BLOCK'), ('outcome', 'withheld'), ('status', 'scanned')]"] == 1
    assert found["auscult_released_characters_total[]"] == found["auscult_judged_characters_total[]"] == 21
    assert found["auscult_certificate_state[('state', 'VALID')]"] == 1
    assert found["auscult_certificate_state[('state', 'VOID')]"] == 0
    assert found["auscult_overhead_seconds_count[('route', '/v1/chat/completions')]"] == 2
    assert found["auscult_store_failing[]"] == 0


def test_what_a_shadow_would_have_done_is_counted(make: Make, policy_with: Callable[..., Any]) -> None:
    """By its action, where something was found."""
    guard = make(policy=policy_with(shadow=frozenset({"identifiers"}), requires=())).guard
    with watched(guard) as (client, taken, _):
        assert ask(client, "write to a.b@example.org").headers["auscult-action"] == "ALLOW"
        ask(client, WELL)
    guard.store.close()
    shadows = {name: value for name, value in numbers(taken).items() if name.startswith("auscult_shadow_actions_total")}
    assert shadows == {"auscult_shadow_actions_total[('action', 'BLOCK')]": 1}


def test_answers_that_take_turns_are_told(make: Make) -> None:
    """By both probes, with the reason, and by a number; of answers that share passes nothing is said."""
    for why, told in (("no plain keys", {"answers": "take turns", "why": "no plain keys"}), ("", {})):
        made, taken = make(alone=why), Metrics()
        for probe in ("/healthz", "/readyz"):
            answer = made.client.get(probe)
            assert answer.status_code == 200
            assert {name: value for name, value in answer.json().items() if name in ("answers", "why")} == told
        taken.follow(lambda: None, lambda: False, alone=bool(made.guard.alone))
        assert numbers(taken)["auscult_answers_alone[]"] == float(bool(why))


def test_numbers_are_served_on_a_port_of_their_own() -> None:
    """Where nobody asks for answers; an address that is none is refused."""
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with metrics.served(Metrics(), f"127.0.0.1:{port}"):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            assert b"auscult_store_failing 0.0" in answer.read()
        with pytest.raises(InputError, match="cannot serve metrics"), metrics.served(Metrics(), f"127.0.0.1:{port}"):
            pass
    for bad in ("nowhere", "127.0.0.1:99999", "127.0.0.1:x"):
        with pytest.raises(InputError, match="cannot serve metrics"), metrics.served(Metrics(), bad):
            pass


def test_the_dashboard_asks_for_numbers_that_exist() -> None:
    """Every name in every query is one that the code makes, with labels that it has."""
    names = {name for family in Metrics().registry.collect() for name in (family.name, *_samples(family))}
    queries = [target["expr"] for panel in json.loads(DASHBOARD.read_text())["panels"] for target in panel.get("targets", ())]
    asked = {name for query in queries for name in re.findall(r"auscult_[a-z_]+", query)}
    assert len(queries) >= 8
    assert asked
    assert asked <= names, asked - names


def _samples(family: Any) -> set[str]:
    ends = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}[family.type]
    return {family.name + end for end in ends}


def test_logs_are_json_with_our_id_and_without_what_exceptions_say() -> None:
    """Of an error only its kind and where in the code; our own errors are words of ours."""
    stream = io.StringIO()
    handler = logs.to(stream, "info")
    request_id.set("abc")
    try:
        for error in (RuntimeError("secret words"), CheckFailed("too wide")):
            try:
                raise error
            except Exception:
                logging.getLogger("auscult.proxy").exception("it broke")
        logging.getLogger("another.library").warning("odd: %s", "secret words")
        logs.seen(Seen(id="i", request="r", route="other", status=200, seconds=0.1, overhead=0.01, spent={}))
    finally:
        request_id.set("")
        logs.stop(handler)
    said = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert "secret" not in stream.getvalue()
    assert [one.get("error") for one in said] == ["RuntimeError", "CheckFailed: too wide", None, None]
    assert said[0]["request_id"] == "abc"
    assert said[0]["where"]
    assert (said[3]["http_request"], said[3]["status"]) == ("i", 200)


CANARY = "canary-patient Jens 123-45-6789"
PARTS = ("canary", "123-45")
KEY = sealing.generate()


@pytest.mark.parametrize("content", list(Content))
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_what_a_patient_says_is_in_no_sink(make: Make, scripted: Any, policy_with: Any, content: Content, stream: bool) -> None:
    """Logs, errors, validation messages, headers, metrics, the database with its journal, and every export."""
    wanted = Audit(content=content, key=sealing.written(KEY) if content is Content.ENCRYPTED else "")
    policy = policy_with(audit=wanted)
    text = "Call Mr. Jens Canary on 123-45-6789" if content is Content.REDACTED else CANARY
    made = make(scripted(pieces=(text, " text")), policy=policy)
    with watched(made.guard) as (client, taken, log):
        answers = [
            ask(client, {"role": "system", "content": text}, text, stream=stream),
            ask(client, text, stream=stream, unknown=CANARY),
            ask(client, {"role": CANARY, "content": CANARY}, stream=stream),
            client.post("/v1/chat/completions", content=CANARY.encode(), headers={"content-type": "application/json"}),
            client.get(f"/v1/{CANARY}", headers={"x-request-id": CANARY, "authorization": f"Bearer {CANARY}"}),
            client.get("/v1/models", headers={"host": CANARY}),
        ]
        broken = make(scripted(before_prefill=lambda: _raise(CANARY)), policy=policy)
        broken.ask(text, stream=stream)
    made.guard.store.close()
    events = [audit.decode(line) for one in (made, broken) for line in one.guard.store.lines()]
    exported = [
        json.dumps(fhir.resource(event, b"", version)) for event, _ in events for version in ("fhir-r4", "fhir-r5")
    ]  # fmt: skip
    told = ["\n".join(words.story([event])) for event, _ in events]
    files = [path.read_bytes().decode("latin-1") for path in _folder(made).iterdir()]
    sinks = [
        log.getvalue(), json.dumps(numbers(taken)), *exported, *told, *files, *(str(answer.headers) for answer in answers),
        *(answer.text for answer in answers[1:]),
    ]  # fmt: skip
    assert len(files) >= 1
    assert any("sha256" in sink for sink in sinks)
    for sink in sinks:
        assert not [part for part in PARTS if part.lower() in sink.lower()], sink[:300]
    kept = {event.content for event, _ in events if event.content}
    assert bool(kept) == (content in (Content.REDACTED, Content.ENCRYPTED))
    if content is Content.REDACTED:
        assert "Call Mr. [names] on [identifiers]" in kept


def _raise(text: str) -> Any:
    raise RuntimeError(text)


def _folder(made: Any) -> Path:
    return Path(made.guard.store._engine.url.database).parent


async def test_sealed_content_of_a_request_opens_with_the_private_half(make: Make, policy_with: Any) -> None:
    """What was asked and what was answered, each at its event; tampering with the sequence keeps it shut."""
    policy = policy_with(audit=Audit(content=Content.ENCRYPTED, key=sealing.written(KEY)))
    made = make(policy=policy)
    events = made.events(made.ask(WELL))
    opened = [
        sealing.unseal(one.content, KEY, request=one.request, sequence=one.sequence) for one in events if one.content
    ]  # fmt: skip
    assert opened == [WELL, "Rest and drink water."]


def test_traces_name_what_was_done_by_the_conventions(make: Make) -> None:
    """One span a request, with the model, tokens and why it ended, and with no text."""
    pytest.importorskip("opentelemetry.sdk")
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    kept = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    made = make()
    made.guard.store.listen(tracing.Traces(provider).event)
    answer = made.ask(WELL + " canary")
    made.ask("poison")
    made.guard.store.close()
    first, second = kept.get_finished_spans()
    assert first.name == "chat phantom"
    assert first.attributes["gen_ai.operation.name"] == "chat"
    assert first.attributes["gen_ai.request.model"] == "phantom"
    assert first.attributes["gen_ai.usage.output_tokens"] == 4
    assert first.attributes["gen_ai.response.finish_reasons"] == ("stop",)
    assert first.attributes["auscult.request"] == answer.headers["auscult-request"]
    assert second.attributes["gen_ai.response.finish_reasons"] == ("content_filter",)
    assert [event.attributes["auscult.findings"] for event in second.events] == [("clinical_misuse@prompt fired",)]
    assert "canary" not in first.to_json() + second.to_json()


def test_traces_say_what_they_need() -> None:
    """An address that is none is refused in one line."""
    with pytest.raises(InputError, match="http or https"), tracing.exported("nowhere"):
        pass


def test_a_policy_names_the_key_exactly_where_content_is_sealed(tmp_path: Path) -> None:
    """No key, a wrong one, or one that is not used: refused when the policy is read."""
    from guard import policy, resources, rules
    from guard.errors import PolicyError
    from guard.hazards import Taxonomy

    text = resources.path("policies/clinical.yaml").read_text()
    path = tmp_path / "policy.yaml"

    def load(wanted: str) -> Any:
        path.write_text(text.replace("audit: {content: none}", f"audit: {wanted}"))
        return policy.load(path, Taxonomy.packaged(), rules.names)

    assert load(f'{{content: encrypted, key: "{sealing.written(KEY)}"}}').audit.content is Content.ENCRYPTED
    assert load("{content: redacted}").audit.content is Content.REDACTED
    for bad in (
        "{content: encrypted}",
        '{content: encrypted, key: "x25519:AA"}',
        f'{{content: none, key: "{sealing.written(KEY)}"}}',
    ):
        with pytest.raises(PolicyError):
            load(bad)
