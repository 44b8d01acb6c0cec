"""Nothing of one request is ever in the answer, or in the trail, of another, however they interleave."""

from __future__ import annotations

import asyncio
import json
import random
import re
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from guard import audit
from guard.policy import Audit, Content, Gate, GateMode
from guard.proxy.app import create_app
from guard.store import Store
from tests.guard.proxy.conftest import POLICY
from tests.guard.proxy.upstreams import Fake, answer, fronted
from tests.theory.populations import NIGHTLY

COUNT = 100_000 if NIGHTLY else 3_000
AT_ONCE = 40
MARK = re.compile(r"m\d{6}m")


@dataclass
class Echo(Fake):
    """An upstream that says the mark of the request again and again, and lets others go first now and then."""

    generator: random.Random = field(default_factory=lambda: random.Random(7))
    shared: bool = False
    last: str = ""

    async def chat(self, body: bytes) -> AsyncGenerator[bytes, None]:
        """Answer; `shared` is the mistake that the test must be able to see: state of one request used by all."""
        mark = self.last = MARK.findall(json.loads(body)["messages"][-1]["content"])[0]
        for part in answer([f"{mark} "] * 3):
            if self.generator.random() < 0.4:
                await asyncio.sleep(0)
            yield part.replace(mark.encode(), self.last.encode()) if self.shared else part


async def _ask(app: Any, mark: str) -> bytes:
    """One streamed chat, straight into the application."""
    body = json.dumps({"model": "m", "stream": True, "messages": [{"role": "user", "content": f"a cold, {mark}"}]}).encode()
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": "/v1/chat/completions", "raw_path": b"/v1/chat/completions", "root_path": "", "query_string": b"",
        "headers": [(b"host", b"127.0.0.1"), (b"content-type", b"application/json")], "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80), "state": {},
    }  # fmt: skip
    sent: list[bytes] = []
    read, over = False, asyncio.Event()

    async def receive() -> Any:
        nonlocal read
        if read:
            await over.wait()
            return {"type": "http.disconnect"}
        read = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message.get("body", b""))
        if message["type"] == "http.response.body" and not message.get("more_body"):
            over.set()
        await asyncio.sleep(0)

    await app(scope, receive, send)
    return b"".join(sent)


async def crossed(make: Callable[..., Any], mode: GateMode, count: int, *, shared: bool = False) -> int:
    """Return of how many requests the answer held anything but the own mark, three times, or the trail anything but that mark.

    The trail keeps text here, so that it can be looked into.
    """
    policy = replace(POLICY, requires=(), gate=Gate(mode=mode), audit=Audit(content=Content.REDACTED))
    made = fronted(make, Echo(shared=shared), policy=policy, offered=_models)
    app = create_app(made.guard)
    marks = [f"m{number:06}m" for number in range(count)]
    wrong: set[str] = set()
    waiting = iter(marks)

    async def worker() -> None:
        for mark in waiting:
            text = await _ask(app, mark)
            if MARK.findall(text.decode()) != [mark] * 3 or b"[DONE]" not in text:
                wrong.add(mark)

    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
    return len(wrong | _mixed(made.guard.store, marks))


def _mixed(store: Store, marks: Sequence[str]) -> set[str]:
    """Return the marks that stand together with others in the trail of one request, or in none."""
    trails: dict[str, set[str]] = defaultdict(set)
    for line in store.lines():
        event = audit.decode(line)[0]
        trails[event.request] |= set(MARK.findall(event.content))
    alone = {next(iter(found)) for found in trails.values() if len(found) == 1}
    return set(marks) - alone | {mark for found in trails.values() if len(found) > 1 for mark in found}


async def _models() -> tuple[str, ...]:
    return ("m",)


@pytest.mark.parametrize("mode", list(GateMode))
async def test_interleaved_streams_never_cross(make: Callable[..., Any], mode: GateMode, record_property: Any) -> None:
    """None of many does, and what that shows about the rate is printed."""
    count = COUNT // len(GateMode)
    wrong = await crossed(make, mode, count)
    upper = 1.0 - 0.05 ** (1.0 / count)  # Clopper and Pearson's bound where none of `count` did
    assert wrong == 0
    record_property("crossed", f"0 of {count}; at most {upper:.2e} with 95 % confidence")
    print(f"gate {mode}: 0 of {count} answers crossed; at most {upper:.2e} with 95 % confidence")


async def test_the_test_sees_a_crossing(make: Callable[..., Any]) -> None:
    """With one shared variable in the upstream's place, many answers are not the own ones."""
    assert await crossed(make, GateMode.TOKEN, 100, shared=True) > 10
