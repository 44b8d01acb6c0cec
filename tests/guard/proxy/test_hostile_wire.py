"""Requests that no client sends by accident: each gets a clear error in one shape, and the next request its answer."""

from __future__ import annotations

import gzip
import hashlib
import json
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from guard.policy import Action
from guard.proxy.auth import Keys
from tests.guard.proxy.conftest import POLICY
from tests.guard.proxy.hostile import CANARY, Live, ask, chat, head, live, whole

CHUNKED = "Transfer-Encoding: chunked"
DEEP = 100_000


def _called(arguments: str) -> bytes:
    """A chat that brings a tool call along."""
    call = {"id": "x", "type": "function", "function": {"name": "f", "arguments": arguments}}
    return chat(
        messages=[
            {"role": "user", "content": CANARY}, {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "x", "content": CANARY},
        ]
    )  # fmt: skip


def _tool(name: str, **fields: object) -> dict[str, object]:
    return {"type": "function", "function": {"name": name, "parameters": {}} | fields}


NOT_HTTP = {
    "a TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 50 + b"\r\n\r\n",
    "a request of HTTP 0.9": b"GET /v1/models\r\n\r\n",
    "no host": b"GET /v1/models HTTP/1.1\r\n\r\n",
    "two hosts": head("POST", "/v1/chat/completions", "Host: other", "Content-Length: 0"),
    "a header without a colon": head("POST", "/v1/chat/completions", CANARY, "Content-Length: 0"),
    "a space before a colon": head("POST", "/v1/chat/completions", f"X-A : {CANARY}", "Content-Length: 0"),
    "NUL in a header": head("POST", "/v1/chat/completions", f"X-A: {CANARY}\0", "Content-Length: 0"),
    "bytes above 127 in the path": head("GET", f"/v1/{CANARY.replace(' ', '')}\xff"),
    "a header of a megabyte": head("POST", "/v1/chat/completions", "X-A: " + "a" * 1_000_000),
    "two lengths": head("POST", "/v1/chat/completions", "Content-Length: 5", "Content-Length: 3") + b"{}",
    "a negative length": head("POST", "/v1/chat/completions", "Content-Length: -5"),
    "a length in words": head("POST", "/v1/chat/completions", "Content-Length: many"),
    "a length of thirty digits": head("POST", "/v1/chat/completions", "Content-Length: " + "9" * 30),
    "an encoding of the transfer that is none": head("POST", "/v1/chat/completions", "Transfer-Encoding: gzip, chunked"),
    "a chunk's size in words": head("POST", "/v1/chat/completions", CHUNKED) + b"many\r\n",
    "a chunk longer than it says": head("POST", "/v1/chat/completions", CHUNKED) + b"2\r\n{}{}\r\n0\r\n\r\n",
}
REFUSED = {
    "a length and chunks": (
        head("POST", "/v1/chat/completions", "Content-Length: 5", CHUNKED) + b"%x\r\n%b\r\n0\r\n\r\n" % (len(chat()), chat()),
        400,
    ),
    "another name": (whole(chat()).replace(b"Host: 127.0.0.1", b"Host: evil.example"), 421),
    "compressed": (whole(gzip.compress(chat()), "Content-Encoding: gzip"), 415),
    "compressed, it says": (whole(chat(), "Content-Encoding: br"), 415),
    "another type": (whole(chat()).replace(b"application/json", b"text/plain"), 415),
    "five gigabytes": (head("POST", "/v1/chat/completions", "Content-Length: 5000000000"), 413),
    "ten megabytes of arguments": (whole(_called(json.dumps({"a": "x" * 10_000_000}))), 413),
    "TRACE": (head("TRACE"), 405),
    "CONNECT": (head("CONNECT"), 405),
    "a method of its own": (head("FROG"), 405),
    "a whole address of another name": (whole(chat(), target="http://evil.example/v1/chat/completions"), 421),
    "one that only begins as ours": (whole(chat(), target="http://127.0.0.1:x@evil.example/v1/chat/completions"), 421),
    "one whose name is hidden": (whole(chat(), target="http://127.0.0.1%2F@evil.example/v1/chat/completions"), 421),
    "one without a name": (whole(chat(), target="http:///v1/chat/completions"), 421),
    "one of another kind": (whole(chat(), target="ftp://127.0.0.1/v1/chat/completions"), 404),
    "a path that climbs": (head("GET", "/v1/../v1/models"), 404),
    "NUL in the path": (head("GET", "/v1/%00models"), 404),
    "a star": (head("POST", "*", "Content-Length: 0"), 404),
    "no body": (head(), 400),
    "nothing": (whole(b""), 400),
    "a byte order mark": (whole(b"\xef\xbb\xbf" + chat()), 400),
    "UTF-16": (whole(chat().decode().encode("utf-16")), 400),
    "bytes that are no UTF-8": (whole(chat().replace(b"I am", b"I am\xff")), 400),
    "NUL": (whole(chat().replace(b"I am", b"I am\0")), 400),
    "half a surrogate pair": (whole(chat().replace(b"I am", b"\\ud800")), 400),
    "half of one as a key": (whole(chat().replace(b'"model"', b'"\\udfff": 1, "model"')), 400),
    "half of one in arguments": (whole(_called('{"a": "\\ud800"}')), 400),
    "two documents": (whole(chat() * 2), 400),
    "a key twice": (whole(chat().replace(b'"model"', b'"model": "x", "model"')), 400),
    "a key twice, once escaped": (whole(chat().replace(b'"model"', b'"mod\\u0065l": "x", "model"')), 400),
    "a key twice, deep": (whole(chat(tools=[_tool("a", parameters={"x": {"k1": 1, "k2": 1}})]).replace(b"k2", b"k1")), 400),
    "a key twice in arguments": (whole(_called('{"a": 1, "a": 2}')), 400),
    "NaN": (whole(chat().replace(b'"model"', b'"seed": NaN, "model"')), 400),
    "minus infinity": (whole(chat().replace(b'"model"', b'"seed": -Infinity, "model"')), 400),
    "1e999": (whole(chat().replace(b'"model"', b'"temperature": 1e999, "model"')), 400),
    "five thousand digits": (whole(chat().replace(b'"model"', b'"seed": ' + b"1" * 5_000 + b', "model"')), 400),
    "brackets": (whole(b"[" * DEEP), 400),
    "braces": (whole(b'{"a":' * DEEP + b"1" + b"}" * DEEP), 400),
    "brackets in arguments": (whole(_called("[" * DEEP)), 400),
    "a deep schema": (whole(chat(tools=[_tool("a")]).replace(b"{}", b'{"x":' * 3_000 + b"1" + b"}" * 3_000)), 400),
    "ten thousand messages": (whole(chat(messages=[{"role": "user", "content": CANARY}] * 10_000)), 400),
    "a thousand tools": (whole(chat(tools=[_tool(f"t{number}") for number in range(1_000)])), 400),
    "ten thousand stop texts": (whole(chat(stop=["a"] * 10_000)), 400),
    "a stop text of a book": (whole(chat(stop=["a" * 100_000])), 400),
    "no messages": (whole(chat(messages=[])), 400),
    "empty messages": (whole(chat(messages=[{}])), 400),
    "an empty text": (whole(chat(messages=[{"role": "user", "content": ""}])), 400),
    "empty stop texts": (whole(chat(stop=[""])), 400),
    "an empty model": (whole(chat(model="")), 400),
    "another model": (whole(chat(model=CANARY)), 404),
    "a field of its own": (whole(chat(**{CANARY: 1})), 400),
    "a demand that is none": (whole(chat(), f"Auscult-Require: {CANARY}"), 400),
    "a demand in other bytes": (whole(chat(), "Auscult-Require: \xff\xfe"), 400),
}
SERVED = {
    "a chunk at a time": head("POST", "/v1/chat/completions", CHUNKED) + b"%x\r\n%b\r\n0\r\n\r\n" % (len(chat()), chat()),
    "to be told to go on": whole(chat(), "Expect: 100-continue"),
    "an upgrade": whole(chat(), "Connection: Upgrade", "Upgrade: websocket"),
    "five hundred headers": whole(chat(), *(f"X-{number}: a" for number in range(500))),
    "HTTP 1.0": whole(chat()).replace(b"HTTP/1.1", b"HTTP/1.0"),
    "a whole address": whole(chat(), target="HTTP://localhost:8000/v1/chat/completions?a=b"),
    "one that counts for more than the host": whole(chat(), target="http://127.0.0.1/v1/chat/completions").replace(
        b"Host: 127.0.0.1", b"Host: evil.example"
    ),
    "a query": whole(chat(), target="/v1/chat/completions?a=%ff"),
    "odd bytes in headers": whole(chat(), "Authorization: Bearer \xff\xfe", "Auscult-Receipt: \xff", "X-Request-Id: \xff"),
}


@pytest.fixture(scope="module")
def on(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """One guard for all of them: each has to leave it well for the next."""
    with live(tmp_path_factory.mktemp("hostile")) as running:
        yield running


@pytest.fixture
def checked(on: Live) -> Iterator[Live]:
    """The guard; afterwards it answers, and its log holds no error, no trace of the code and nothing that was sent."""
    yield on
    assert ask(on.port, whole(chat())).status == 200
    logged = on.logged.getvalue()
    for bad in (CANARY, CANARY.split(maxsplit=1)[0], '"level": "error"', '"where"', "Traceback", '"status": 500'):
        assert bad not in logged


def _is_error(body: bytes) -> dict[str, str]:
    error = json.loads(body)["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["message"] and error["type"] and error["code"]
    for word in CANARY.split():
        assert word.encode() not in body
    return dict(error)


@pytest.mark.parametrize("name", NOT_HTTP)
def test_what_is_no_http_gets_an_error_in_the_shape_of_all_others(checked: Live, name: str) -> None:
    """And the connection ends, because nobody knows where the next request would begin."""
    came = ask(checked.port, NOT_HTTP[name])
    assert (came.status, _is_error(came.body)["code"], came.closed) == (400, "invalid_http", True)
    assert came.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_served_is_refused_and_not_quoted(checked: Live, name: str) -> None:
    """With a status that fits; nothing of it is in the error, and nothing got to the upstream."""
    sent, status = REFUSED[name]
    before = len(checked.upstream.asked)
    came = ask(checked.port, sent)
    assert came.status == status
    _is_error(came.body)
    assert len(checked.upstream.asked) == before


@pytest.mark.parametrize("name", SERVED)
def test_what_is_odd_but_clear_is_served(checked: Live, name: str) -> None:
    """A strict reader does not mean a narrow one."""
    came = ask(checked.port, SERVED[name])
    assert came.status == 200
    assert json.loads(came.body)["choices"][0]["message"]["content"] == "Rest and drink water."


def test_pipelined_requests_are_answered_in_their_order(checked: Live) -> None:
    """Two at once on one connection; what is no HTTP after them ends it with an error."""
    with socket.create_connection(("127.0.0.1", checked.port), timeout=10) as connection:
        connection.sendall(head("GET", "/v1/models") + whole(chat()) + b"nonsense\r\n\r\n")
        came = b"".join(iter(lambda: connection.recv(65536), b""))
    answers = [part for part in came.split(b"HTTP/1.1 ") if part]
    assert [part[:3] for part in answers] == [b"200", b"200", b"400"]
    assert b'"object":"list"' in answers[0]
    assert b'"chat.completion"' in answers[1]
    _is_error(answers[2].partition(b"\r\n\r\n")[2])


def test_what_breaks_after_it_was_refused_only_ends_the_connection(checked: Live) -> None:
    """A second answer to one request would be taken for that to the next."""
    with socket.create_connection(("127.0.0.1", checked.port), timeout=10) as connection:
        connection.sendall(head("POST", "/nowhere", CHUNKED))
        time.sleep(0.1)
        connection.sendall(b"many\r\n")
        came = b"".join(iter(lambda: connection.recv(65536), b""))
    assert came.count(b"HTTP/1.1 ") == 1
    assert came.startswith(b"HTTP/1.1 404")


def test_a_client_that_leaves_in_the_middle_of_its_body_is_no_error_of_ours(checked: Live) -> None:
    """The log says that it has gone."""
    with socket.create_connection(("127.0.0.1", checked.port), timeout=10) as connection:
        connection.sendall(head("POST", "/v1/chat/completions", "Content-Length: 100") + b"{")
    deadline = time.monotonic() + 5
    while '"status": 499' not in checked.logged.getvalue():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/chat/completions", "/v1/chat/completions/", "//v1//chat/completions", "/v1/chat%2fcompletions",
        "http://127.0.0.1/v1/chat/completions", "http://127.0.0.1//v1/chat%2fcompletions/",
    ],
)  # fmt: skip
def test_no_spelling_of_an_address_gets_round_what_holds_for_it(tmp_path: Path, path: str) -> None:
    """A stricter policy for a route holds however its slashes are written, and a key for another route does not open it."""
    weak = replace(POLICY, requires=(), rules={})
    strict = replace(POLICY, requires=(), rules={"identifiers": Action.BLOCK})
    policy = replace(weak, routes={("", "/v1/chat/completions"): strict})
    said = chat(messages=[{"role": "user", "content": "my SSN is 123-45-6789"}])
    with live(tmp_path, policy=policy) as on:
        came = ask(on.port, whole(said, target=path))
        assert (came.status, came.headers["auscult-action"]) == (200, "BLOCK")
        assert on.upstream.asked == []
    key = "c81e728d9d4c2f636f067f89cc14862c"
    file = tmp_path / "keys.json"
    file.write_text(json.dumps([{"id": "a", "sha256": hashlib.sha256(key.encode()).hexdigest(), "routes": ["/v1/models"]}]))
    with live(tmp_path, policy=policy, keys=Keys.read(file)) as on:
        assert ask(on.port, whole(said, f"Authorization: Bearer {key}", target=path)).status == 403
        assert ask(on.port, head("GET", "/v1/models/", f"Authorization: Bearer {key}")).status == 200
