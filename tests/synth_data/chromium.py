"""Chromium, driven over its debugging pipe: real keys, real downloads, real sizes; nothing to install."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--remote-debugging-pipe",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)  # fmt: skip


class Tab:
    """One page in a browser."""

    def __init__(self, to: int, back: int) -> None:
        self._to, self._back, self._count, self._session, self._read = to, back, 0, "", b""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def call(self, method: str, **params: Any) -> Any:
        """Call a method of the DevTools protocol and return its result."""
        self._count += 1
        sent = {"id": self._count, "method": method, "params": params}
        os.write(self._to, json.dumps(sent | ({"sessionId": self._session} if self._session else {})).encode() + b"\0")
        while True:
            while b"\0" not in self._read:
                more = os.read(self._back, 1 << 16)
                assert more, "the browser is gone"
                self._read += more
            line, _, self._read = self._read.partition(b"\0")
            answer = json.loads(line)
            if answer.get("id") == self._count:
                assert "error" not in answer, answer
                return answer["result"]

    def open(self, page: Path) -> None:
        """Open a file and wait until it is there."""
        self.call("Page.navigate", url=page.as_uri())
        wait(lambda: self.value("document.readyState === 'complete' && location.protocol === 'file:'"))

    def value(self, expression: str) -> Any:
        """Return what an expression comes to in the page."""
        return self.call("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def key(self, key: str) -> None:
        """Press and release a key."""
        text = {"text": key} if len(key) == 1 else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key)

    def picture(self, path: Path, width: int, height: int, *, dark: bool) -> None:
        """Take a picture at a size."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.call("Emulation.setEmulatedMedia", features=scheme)
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))


def wait(holds: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


@contextmanager
def tab(program: Path, profile: Path) -> Iterator[Tab]:
    """Run a browser, yield a page of it, and end it."""
    theirs, to = os.pipe()
    back, answers = os.pipe()
    # The browser reads from descriptor 3 and writes to 4; ours move out of their way first.
    high = [fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, 10) for each in (theirs, answers)]
    null = os.open(os.devnull, os.O_WRONLY)
    moves = [(os.POSIX_SPAWN_DUP2, here, there) for here, there in ((null, 1), (null, 2), (high[0], 3), (high[1], 4))]
    command = [str(program), *FLAGS, f"--user-data-dir={profile}"]
    running = os.posix_spawn(program, command, os.environ, file_actions=moves)
    for each in (theirs, answers, null, *high):
        os.close(each)
    try:
        page = Tab(to, back)
        yield page
        page.call("Browser.close")
    finally:
        os.close(to)  # It ends when nobody is left to talk to.
        os.close(back)
        end = time.monotonic() + 15
        while os.waitpid(running, os.WNOHANG)[0] == 0:
            if time.monotonic() > end:
                os.kill(running, signal.SIGKILL)
            time.sleep(0.05)
