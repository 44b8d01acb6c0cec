"""The servers that `proxy.py` and `leak.py` compare: how each is installed and started, and what it takes of the machine."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
PEERS = HERE / "peers"
HOMES = Path.home() / ".cache" / "auscult-bench"
"""One environment for each peer, and one for us."""
KEY = "sk-auscult-bench-0123456789abcdef"
"""Of the peer that wants one."""
BODY = b'{"model":"mock","messages":[{"role":"user","content":"What can I do about a cold?"}]}'
MEMORY = "/dev/shm"  # noqa: S108
"""Files here stand in memory."""


@dataclass(frozen=True, slots=True)
class Arm:
    """One server."""

    name: str
    """As in the results."""
    home: str
    """Its environment."""
    command: Callable[[int, str, Path], Sequence[str]]
    """From its port, its upstream and a folder of its own to what starts it, without the interpreter."""
    guards: bool
    """Whether it reads the text."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """What it needs beside that."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """What its clients send."""
    memory: bool = True
    """Whether its folder is in memory."""


def _guard(policy: str) -> Callable[[int, str, Path], Sequence[str]]:
    def command(port: int, upstream: str, folder: Path) -> Sequence[str]:
        """Start the guard as anyone would."""
        store = f"sqlite:///{folder}/audit.sqlite"
        options = ("--policy", str(PEERS / policy), "--model-map", "mock=mock", "--port", str(port), "--store", store)
        return ("-m", "auscult", "guard", "serve", "--upstream", upstream, *options)

    return command


def _litellm(config: str) -> Callable[[int, str, Path], Sequence[str]]:
    def command(port: int, _upstream: str, _folder: Path) -> Sequence[str]:
        """Start LiteLLM's proxy with one worker."""
        program = str(HOMES / "litellm" / "bin" / "litellm")
        return (program, "--config", str(PEERS / config), "--port", str(port), "--host", "127.0.0.1", "--telemetry", "False")

    return command


def _nemo(config: str) -> Callable[[int, str, Path], Sequence[str]]:
    def command(port: int, upstream: str, folder: Path) -> Sequence[str]:
        """Serve NeMo's application on loopback, for its own command takes every address."""
        made = folder / config
        made.mkdir()
        text = (PEERS / "nemo" / config / "config.yml").read_text()
        (made / "config.yml").write_text(text.replace("${UP}", upstream))
        code = (
            f"import uvicorn; from nemoguardrails.server import api; api.app.rails_config_path = {str(folder)!r}; "
            f"api.set_default_config_id({config!r}); uvicorn.run(api.app, host='127.0.0.1', port={port}, log_level='warning')"
        )
        return ("-c", code)

    return command


def _floor(port: int, _upstream: str, _folder: Path) -> Sequence[str]:
    return ("-m", "uvicorn", "_proxy_floor:app", "--port", str(port), "--no-access-log", "--log-level", "warning")


_NEMO = {"NEMO_GUARDRAILS_NO_USAGE_STATS": "1", "OPENAI_API_KEY": "none"}
_FAST = _NEMO | {"NEMO_GUARDRAILS_IORAILS_ENGINE": "1"}
_LITELLM = {"LITELLM_LOCAL_MODEL_COST_MAP": "True"}
_BEARER = {"Authorization": f"Bearer {KEY}"}
ARMS = (
    Arm("floor", "ours", _floor, guards=False),
    Arm("guard_plain", "ours", _guard("guard_plain.yaml"), guards=False),
    Arm("guard_text", "ours", _guard("guard_text.yaml"), guards=True),
    Arm("guard_text_disk", "ours", _guard("guard_text.yaml"), guards=True, memory=False),
    Arm("litellm", "litellm", _litellm("litellm.yaml"), guards=False, environment=_LITELLM, headers=_BEARER),
    Arm("litellm_text", "litellm", _litellm("litellm_text.yaml"), guards=True, environment=_LITELLM, headers=_BEARER),
    Arm("nemo_iorails", "nemo", _nemo("plain"), guards=False, environment=_FAST),
    Arm("nemo_iorails_text", "nemo", _nemo("text"), guards=True, environment=_FAST),
    Arm("nemo_iorails_held", "nemo", _nemo("held"), guards=True, environment=_FAST),
    Arm("nemo_text", "nemo", _nemo("text"), guards=True, environment=_NEMO),
)
"""All that stand before an upstream."""


def python(home: str) -> Path:
    """Return the interpreter of an environment, which is made if it is not there."""
    folder = HOMES / home
    program = folder / "bin" / "python"
    if not (folder / "installed").exists():
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        # The floor parses HTTP with httptools, as uvicorn does where it finds it.
        ours = (f"{ROOT}[fast]", "httptools", "-c", str(ROOT / "constraints.txt"))
        wanted = ours if home == "ours" else ("-r", str(PEERS / "requirements" / f"{home}.txt"))
        subprocess.run([str(program), "-m", "pip", "install", "-q", *wanted], check=True)
        (folder / "installed").touch()
    return program


def installed_mb(home: str) -> float:
    """Return the size of an environment's packages, without pip's own, in MB."""
    packages = next((HOMES / home / "lib").glob("python3*")) / "site-packages"
    own = ("pip", "setuptools", "_distutils_hack", "pkg_resources")
    sizes = [
        one.stat().st_size
        for one in packages.rglob("*")
        if one.is_file() and not one.relative_to(packages).parts[0].startswith(own)
    ]
    return sum(sizes) / 1e6


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@dataclass(slots=True)
class Running:
    """A server that answers."""

    arm: Arm | None
    """None for the upstream itself."""
    port: int
    """Where."""
    process: subprocess.Popen[bytes]
    """Its process."""
    cold_s: float
    """From the start of the process to the first answer, in seconds."""

    @property
    def name(self) -> str:
        """As in the results."""
        return self.arm.name if self.arm else "direct"

    @property
    def headers(self) -> dict[str, str]:
        """What its clients send."""
        return dict(self.arm.headers) if self.arm else {}

    def cpu_s(self) -> float:
        """Return the processor time that it has taken so far, in seconds."""
        # The clock of another process, as Linux names it: it also counts threads that have ended.
        return time.clock_gettime((~self.process.pid << 3) | 2)

    def memory_mb(self) -> float:
        """Return its resident memory, in MB."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@contextlib.contextmanager
def upstream(delay_ms: float = 0.0) -> Iterator[Running]:
    """Run the upstream."""
    port = free_port()
    arguments = ("-m", "uvicorn", "_proxy_upstream:app", "--port", str(port), "--no-access-log", "--log-level", "warning")
    environment = {"BENCH_DELAY_MS": str(delay_ms), "PYTHONPATH": str(HERE)}
    with (
        tempfile.TemporaryDirectory() as folder,
        _process(str(python("ours")), arguments, environment, Path(folder)) as process,
    ):
        yield _ready(None, port, process, {})


@contextlib.contextmanager
def running(arm: Arm, upstream_port: int, tree: Path | None = None) -> Iterator[Running]:
    """Run an arm before an upstream; with `tree` our own code is that of a working tree, not what is installed."""
    port, address = free_port(), f"http://127.0.0.1:{upstream_port}/v1"
    environment = {"BENCH_UPSTREAM": address, "PYTHONPATH": f"{tree or ''}:{HERE}"} | dict(arm.environment)
    program = str(python(arm.home))
    with tempfile.TemporaryDirectory(dir=MEMORY if arm.memory else HOMES) as folder:
        command = arm.command(port, address, Path(folder))
        with _process(program, command, environment, Path(folder)) as process:
            yield _ready(arm, port, process, arm.headers)


@contextlib.contextmanager
def _process(
    program: str, command: Sequence[str], environment: Mapping[str, str], folder: Path
) -> Iterator[subprocess.Popen[bytes]]:
    log = folder / "log"
    with log.open("wb") as written:
        process = subprocess.Popen(
            [program, *command], env=os.environ | dict(environment), cwd=folder, stdout=written, stderr=subprocess.STDOUT
        )  # fmt: skip
    process.log = log  # type: ignore[attr-defined]
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _ready(
    arm: Arm | None, port: int, process: subprocess.Popen[bytes], headers: Mapping[str, str], wait: float = 180.0
) -> Running:
    began = time.monotonic()
    while time.monotonic() - began < wait:
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/v1/chat/completions", BODY, {"Content-Type": "application/json"} | dict(headers)
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
                answer.read()
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            if process.poll() is not None:
                break
            time.sleep(0.05)
        else:
            return Running(arm, port, process, time.monotonic() - began)
    said = process.log.read_text(errors="replace")[-2000:]  # type: ignore[attr-defined]
    raise SystemExit(f"{arm.name if arm else 'the upstream'} does not answer:\n{said}")


def versions(homes: set[str]) -> dict[str, str]:
    """Return the versions of what is compared, and of what carries it."""
    names = ("auscult", "litellm", "nemoguardrails", "litestar", "fastapi", "aiohttp", "uvicorn", "uvloop", "httptools")
    code = f"import importlib.metadata as m; [print(d.name, d.version) for d in m.distributions() if d.name in {names!r}]"
    found = {}
    for home in sorted(homes):
        said = subprocess.run([str(python(home)), "-c", code], capture_output=True, text=True, check=True).stdout
        found |= {f"{home}: {name}": version for name, version in (line.split() for line in said.splitlines())}
    return found


def sync_ms(times: int = 100) -> float:
    """Return how long this machine's disk takes to be sure of 4 KiB, in milliseconds: the median."""
    taken = []
    with tempfile.NamedTemporaryFile(dir=HOMES) as one:
        for _ in range(times):
            one.write(b"x" * 4096)
            one.flush()
            began = time.perf_counter()
            os.fdatasync(one.fileno())
            taken.append(1000 * (time.perf_counter() - began))
    return sorted(taken)[times // 2]
