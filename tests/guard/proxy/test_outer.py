"""What stands around every request: names, limits, patience, headers; and what is seen from outside."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import ssl
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from guard.errors import InputError, RateLimited
from guard.proxy import outside
from guard.proxy.app import BOUNDS, create_app
from guard.proxy.auth import Caller
from guard.proxy.limits import Rates
from guard.proxy.listen import config
from guard.proxy.outer import Bounds, Seen
from guard.proxy.patience import Patient
from guard.settings import Settings
from guard.validity import State

Make = Callable[..., Any]
Serve = Callable[..., int]
WELL = "I have a cold, what should I do?"
BODY = json.dumps({"model": "phantom", "messages": [{"role": "user", "content": WELL}]}).encode()


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("127.0.0.1:8000", True), ("127.9.9.9", True), ("localhost:1", True), ("[::1]:8000", True), ("LOCALHOST", True),
        ("evil.example", False), ("127.0.0.1.evil.example", False), ("localhost.evil.example:8000", False), ("", False),
        ("10.0.0.1", False), ("[::2]", False), ("evil.example@127.0.0.1", False),
        ("127.0.0.1:x@evil.example", False), ("[::1].evil.example", False), ("[::1]@evil.example", False),
        ("localhost:x", False),
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/v1/models", "/nowhere"])
def test_a_name_that_is_not_ours_is_refused_on_loopback_too(make: Make, host: str, known: bool, path: str) -> None:
    """Whatever the route, and before anything is looked at; a page of another name can't use the browser as its arm."""
    answer = make().client.get(path, headers={"host": host})
    assert (answer.status_code == 421) is not known
    if not known:
        assert answer.json()["error"]["code"] == "unknown_host"
        assert host not in answer.text or not host


def test_probes_are_answered_by_any_name(make: Make) -> None:
    """An orchestrator asks by address."""
    client = make().client
    for path in ("/healthz", "/readyz"):
        assert client.get(path, headers={"host": "10.1.2.3:8000"}).status_code == 200


def test_every_response_has_its_headers_also_where_there_is_nothing(make: Make) -> None:
    """Own id, security headers and the time; the client's own id is not taken over."""
    made = make()
    ids = set()
    for answer in (
        made.ask(WELL), made.ask(WELL, stream=True), made.client.get("/nowhere"), made.client.get("/v1/chat/completions"),
        made.client.post("/v1/chat/completions", content=b"{"), made.client.get("/healthz", headers={"x-request-id": "mine"}),
    ):  # fmt: skip
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert float(answer.headers["auscult-overhead-ms"]) >= 0
        assert answer.headers["server-timing"].endswith(f"total;dur={answer.headers['server-timing'].rpartition('=')[2]}")
        assert "access-control-allow-origin" not in answer.headers
        assert "strict-transport-security" not in answer.headers
        ids.add(answer.headers["x-request-id"])
    assert len(ids) == 6
    assert all(len(one) == 32 for one in ids)


def test_overhead_counts_judging_and_not_the_model(make: Make, scripted: Any) -> None:
    """Slow judging is ours, a slow model is not; both stand in the last event."""

    async def slow(_: int = 0) -> None:
        await asyncio.sleep(0.1)

    judged = make(scripted(before_prefill=slow)).ask(WELL)
    made = make(scripted(before_step=lambda index: slow()))
    answer = made.ask(WELL)
    assert float(judged.headers["auscult-overhead-ms"]) >= 100
    assert float(answer.headers["auscult-overhead-ms"]) < 300
    phases = dict(part.split(";dur=") for part in answer.headers["server-timing"].split(", "))
    assert float(phases["model"]) >= 400
    assert float(phases["total"]) >= float(phases["model"])
    timings = made.events(answer)[-1].timings
    assert timings.model >= 400_000
    assert timings.total >= timings.model + timings.judge


def test_a_guard_that_can_not_write_is_not_ready_until_it_can(make: Make) -> None:
    """The probe itself tries again, or no request would ever come and show it."""
    made = make()
    assert made.client.get("/readyz").json() == {
        "status": "ok", "certificate": made.guard.certificate, "state": "VALID",
    }  # fmt: skip
    written = made.guard.store._transact

    from guard.errors import StoreError

    def fails(batch: Any) -> Any:
        raise StoreError("full")

    made.guard.store._transact = fails
    assert made.ask(WELL).status_code == 503
    assert made.client.get("/readyz").status_code == 503
    assert made.client.get("/healthz").status_code == 200
    made.guard.store._transact = written
    assert made.client.get("/readyz").status_code == 200
    assert made.all_lines().count(b"is written again") == 1


@pytest.mark.parametrize(("state", "status"), [(State.VOID, 503), (State.EXPIRED, 200), (State.SUSPENDED, 200)])
def test_a_void_certificate_is_not_ready(make: Make, state: State, status: int) -> None:
    """What has run out is the policy's to answer for; what is void is not the certified model."""
    answer = make(state=state).client.get("/readyz")
    assert (answer.status_code, answer.json()["state"]) == (status, str(state))


def test_a_key_that_asks_too_often_waits() -> None:
    """A bucket for each key fills steadily, holds one minute's worth, and says how long to wait."""
    now = [0.0]
    rates = Rates(usual=2, clock=lambda: now[0])
    one, two, own = Caller("one", "t"), Caller("two", "t"), Caller("three", "t", rate=60)
    rates.admit(one)
    rates.admit(one)
    with pytest.raises(RateLimited) as caught:
        rates.admit(one)
    assert (caught.value.status, caught.value.wait) == (429, 30)
    rates.admit(two)
    for _ in range(60):
        rates.admit(own)
    now[0] += 30
    rates.admit(one)
    with pytest.raises(RateLimited):
        rates.admit(one)
    now[0] += 10_000
    rates.admit(one)
    rates.admit(one)
    with pytest.raises(RateLimited):
        rates.admit(one)
    for _ in range(1_000):
        Rates().admit(one)


def test_too_many_too_long_and_too_often_are_told_in_the_openai_shape_before_the_model(make: Make) -> None:
    """429 and 413 with a code; the engine was asked only once."""
    from litestar.testing import TestClient

    made = make(body=1_000)
    assert made.ask("x" * 2_000).status_code == 413
    app = create_app(made.guard, rate=1)
    with TestClient(app, base_url="http://127.0.0.1") as client:
        assert (
            client.post("/v1/chat/completions", content=BODY, headers={"content-type": "application/json"}).status_code == 200
        )
        again = client.post("/v1/chat/completions", content=BODY, headers={"content-type": "application/json"})
    assert (again.status_code, again.json()["error"]["code"]) == (429, "rate_limit_exceeded")
    assert again.json()["error"]["type"] == "rate_limit_error"
    assert 1 <= int(again.headers["retry-after"]) <= 60
    assert len(made.engine.asked) == 1


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serve a guard with the real protocol, impatiently."""
    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(made: Any, bounds: Bounds = BOUNDS, watchers: Any = (), body: int = 1_048_576) -> int:
        listening = socket.socket()
        listening.bind(("127.0.0.1", 0))
        about = config(create_app(made.guard, bounds=bounds, watchers=watchers, body=body))
        about.http = type("Impatient", (Patient,), {"seconds": 0.3})
        server = uvicorn.Server(about)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        running.append((server, thread))
        while not server.started:
            time.sleep(0.005)
        port: int = listening.getsockname()[1]
        return port

    yield start
    for server, thread in running:
        server.should_exit = True
        thread.join()


@contextlib.asynccontextmanager
async def connected(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection by hand."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(20):
            yield reader, writer
    finally:
        writer.close()


HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


async def test_a_head_that_trickles_is_cut_off(make: Make, serve: Serve) -> None:
    """Neither silence nor a byte now and then holds a connection."""
    port = serve(make())
    async with connected(port) as (reader, _):
        assert await reader.read() == b""
    async with connected(port) as (reader, writer):
        with contextlib.suppress(OSError):
            for byte in HEAD:
                writer.write(bytes([byte]))
                await asyncio.sleep(0.05)
                if reader.at_eof():
                    break
        assert await reader.read() == b""


async def test_a_body_that_trickles_is_answered_with_408(make: Make, serve: Serve) -> None:
    """The whole body has one time limit, and the connection ends with the answer."""
    made = make()
    port = serve(made, replace(BOUNDS, seconds=0.4))
    async with connected(port) as (reader, writer):
        writer.write(HEAD % len(BODY) + BODY[:10])
        # Fewer than fit into the time: a byte that comes after the end would take the answer with it.
        for byte in BODY[10:13]:
            writer.write(bytes([byte]))
            await asyncio.sleep(0.1)
        answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"request_timeout" in answer
    assert made.engine.asked == []


async def test_a_body_that_is_too_long_is_not_read(make: Make, serve: Serve) -> None:
    """Said or not said in advance, it ends at the limit with 413."""
    port = serve(make(), body=1_000)
    for head, body in (
        (HEAD % 10_000_000, b""),
        (HEAD.replace(b"Content-Length: %d", b"Transfer-Encoding: chunked"), b"ffff\r\n" + b"x" * 0xFFFF),
    ):
        async with connected(port) as (reader, writer):
            writer.write(head + body)
            assert (await reader.read()).startswith(b"HTTP/1.1 413")


async def test_a_half_closed_client_does_not_hold_the_model(make: Make, serve: Serve, scripted: Any) -> None:
    """Who shuts its sending side has gone: the engine stops, and the trail says so."""

    async def for_ever(_: int) -> None:
        await asyncio.sleep(60)

    made = make(scripted(before_step=for_ever))
    port = serve(made)
    async with connected(port) as (reader, writer):
        writer.write(HEAD % len(BODY) + BODY)
        await asyncio.sleep(0.3)
        writer.write_eof()
        await reader.read()
        while b'"outcome":"disconnected"' not in made.all_lines():
            await asyncio.sleep(0.02)
    assert made.engine.closed == [True]


@pytest.mark.parametrize("where", ["before_prefill", "before_step"])
async def test_who_leaves_before_a_stream_begins_stops_the_model(make: Make, serve: Serve, scripted: Any, where: str) -> None:
    """While it reads the prompt, and while it makes the first piece of the answer."""

    async def for_ever(_: int = 0) -> None:
        await asyncio.sleep(60)

    made = make(scripted(**{where: for_ever}))
    body = BODY.replace(b"{", b'{"stream": true, ', 1)
    async with connected(serve(made)) as (_, writer):
        writer.write(HEAD % len(body) + body)
        while not made.engine.asked:
            await asyncio.sleep(0.01)
    async with asyncio.timeout(5):
        while b'"outcome":"disconnected"' not in made.all_lines():
            await asyncio.sleep(0.02)
    assert made.engine.closed == [True]


async def test_more_at_once_than_allowed_are_told_to_come_again(make: Make, serve: Serve, scripted: Any) -> None:
    """The one beyond gets 429 at once; when one has ended there is room again."""
    go = threading.Event()

    async def wait(_: int) -> None:
        while not go.is_set():
            await asyncio.sleep(0.01)

    seen: list[Seen] = []
    made = make(scripted(before_step=wait))
    port = serve(made, replace(BOUNDS, most=1), [seen.append])
    async with connected(port) as (reader, writer), connected(port) as (second, other):
        writer.write(HEAD % len(BODY) + BODY)
        while not made.engine.asked:
            await asyncio.sleep(0.01)
        other.write(HEAD % len(BODY) + BODY)
        head = await second.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 429")
        assert b"retry-after: 1" in head
        go.set()
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
    assert {one.status for one in seen} >= {429}
    assert all(one.route == "/v1/chat/completions" for one in seen)


def test_settings_of_the_outside(tmp_path: Any) -> None:
    """Loopback takes its own names only; elsewhere every name, unless some are named; a TLS file that is none is refused."""
    assert outside.read(Settings()).bounds.hosts == frozenset({"loopback"})
    assert outside.read(Settings(host="0.0.0.0")).bounds.hosts is None  # noqa: S104
    assert outside.read(Settings(host="0.0.0.0", hosts="A.example, b")).bounds.hosts == {"a.example", "b", "loopback"}  # noqa: S104
    junk = tmp_path / "junk.pem"
    junk.write_text("none")
    with pytest.raises(InputError, match="for TLS"):
        outside.read(Settings(tls_cert=junk, tls_key=junk))


async def test_over_tls_clients_are_told_to_insist_on_it(make: Make, tmp_path: Path) -> None:
    """The server speaks TLS with the files that the settings name, and says so in a header."""
    chain, key = _self_signed(tmp_path)
    about = outside.read(Settings(tls_cert=chain, tls_key=key))
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(config(create_app(make().guard, bounds=about.bounds), about))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        while not server.started:
            await asyncio.sleep(0.01)
        trusted = ssl.create_default_context(cafile=str(chain))
        reader, writer = await asyncio.open_connection("localhost", listening.getsockname()[1], ssl=trusted)
        writer.write(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = await reader.read()
        writer.close()
    finally:
        server.should_exit = True
        thread.join()
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"strict-transport-security: max-age=31536000" in answer


def _self_signed(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    chain, secret = folder / "tls.crt", folder / "tls.key"
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )  # fmt: skip
    secret.write_bytes(pem)
    return chain, secret
