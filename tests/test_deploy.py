"""The files in deploy/ agree with the code: what they copy exists, what they run parses, what they publish is loopback."""

from __future__ import annotations

import configparser
import itertools
import json
import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

import auscult
from guard import __version__, settings

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
KUBERNETES = {one["kind"]: one for one in yaml.safe_load_all((DEPLOY / "kubernetes" / "guard.yaml").read_text())}
UNIT = (DEPLOY / "auscult.service").read_text()


def _compose() -> Any:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())


def _cmd() -> list[str]:
    words: list[str] = json.loads(re.search(r"^CMD (\[.+\])$", DOCKERFILE, re.MULTILINE)[1])  # type: ignore[index]
    return words


def _container() -> Any:
    return KUBERNETES["Deployment"]["spec"]["template"]["spec"]["containers"][0]


def _exec() -> list[str]:
    line = re.search(r"^ExecStart=\S+/(auscult .+)$", UNIT, re.MULTILINE)
    assert line is not None
    return shlex.split(line[1])


def test_dockerfile_copies_what_the_wheel_needs() -> None:
    """Every copied path exists, and every package of the wheel is copied."""
    copied = {name for line in re.findall(r"^COPY (.+) \S+$", DOCKERFILE, re.MULTILINE) for name in line.split()}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packed = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert all((ROOT / name).exists() for name in copied)
    assert {*packed["only-include"], *packed["force-include"]} <= copied
    extras = re.search(r'"\.\[([a-z,]+)\]"', DOCKERFILE)
    assert extras is not None
    assert set(extras[1].split(",")) <= set(project["project"]["optional-dependencies"])


def test_dockerfile_pins_the_same_torch_as_the_makefile() -> None:
    """One version, in one place after another."""
    pins = {re.search(r"torch==([\d.]+)", (ROOT / name).read_text())[1] for name in ("Makefile", "constraints.txt")}  # type: ignore[index]
    assert re.findall(r"torch==([\d.]+)", DOCKERFILE) == [*pins]


def test_the_image_is_slim_not_root_and_offline() -> None:
    """The last user is a number that is not 0, and no library may fetch anything."""
    assert re.search(r"^FROM python:[\d.]+-slim$", DOCKERFILE, re.MULTILINE)
    assert int(re.findall(r"^USER (\d+)$", DOCKERFILE, re.MULTILINE)[-1]) > 0
    assert "HF_HUB_OFFLINE=1" in DOCKERFILE


COMMANDS = {
    "Dockerfile": _cmd(),
    "compose": _compose()["services"]["migrate"]["command"],
    "kubernetes": _container()["args"],
    "systemd": _exec(),
}


@pytest.mark.parametrize("words", COMMANDS.values(), ids=list(COMMANDS))
def test_what_is_run_parses(words: list[str]) -> None:
    """Command, options and their values are what the command line takes."""
    command: click.Command = auscult.auscult
    rest = words[1:]
    while isinstance(command, click.Group):
        found = command.get_command(click.Context(command), rest[0])
        assert found is not None, rest
        command, rest = found, rest[1:]
    assert words[0] == "auscult"
    command.make_context("it", list(rest))


@pytest.mark.parametrize("words", [COMMANDS["Dockerfile"], COMMANDS["kubernetes"]], ids=["Dockerfile", "kubernetes"])
def test_what_listens_beyond_loopback_has_keys_and_tls(words: list[str]) -> None:
    """Or it would not start."""
    given = dict(itertools.pairwise(words))
    assert given["--host"] == "0.0.0.0"  # noqa: S104
    assert {"--keys", "--tls-cert", "--tls-key"} <= given.keys()
    assert "--unsafe-plain-http" not in words


def test_compose_sets_known_settings_and_publishes_on_loopback() -> None:
    """Each AUSCULT_ variable is a setting; no port is open to the network; who serves is not who owns the tables."""
    services = _compose()["services"]
    for name in ("guard", "migrate"):
        environment = dict.fromkeys(services[name]["environment"], "postgresql+psycopg://a:b@c/d")
        assert settings.read({}, environment).store.startswith("postgresql")
    assert all(port.startswith("127.0.0.1:") for one in services.values() for port in one.get("ports", ()))
    users = {re.search(r"//(\w+):", services[name]["environment"]["AUSCULT_STORE"])[1] for name in ("guard", "migrate")}  # type: ignore[index]
    assert users == {"guard", "auscult"}
    assert services["migrate"]["command"][-1] == "guard"
    for volume in [v for one in services.values() for v in one.get("volumes", ()) if v.startswith("./")]:
        assert (DEPLOY / volume.partition(":")[0]).exists()


def test_prometheus_reads_the_port_that_the_guard_serves_numbers_on() -> None:
    """One port in every file."""
    scraped = yaml.safe_load((DEPLOY / "prometheus.yaml").read_text())["scrape_configs"][0]["static_configs"][0]["targets"]
    assert scraped == ["guard:9464"]
    assert _cmd()[_cmd().index("--metrics") + 1].endswith(":9464")
    assert {"containerPort": 9464, "name": "metrics"} in _container()["ports"]


def test_kubernetes_objects_fit_together() -> None:
    """Labels select the pods, probes ask routes that exist, mounts name volumes, and the container can do little."""
    pod = KUBERNETES["Deployment"]["spec"]["template"]
    labels = pod["metadata"]["labels"]
    assert KUBERNETES["Service"]["spec"]["selector"] == labels
    for kind in ("Deployment", "PodDisruptionBudget"):
        assert KUBERNETES[kind]["spec"]["selector"]["matchLabels"] == labels
    assert KUBERNETES["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"] == labels
    assert KUBERNETES["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]["name"] == "auscult"
    container = _container()
    ports = {port["name"] for port in container["ports"]}
    paths = {container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "liveness", "readiness")}
    assert paths == {"/healthz", "/readyz"}
    assert all(container[f"{kind}Probe"]["httpGet"]["port"] in ports for kind in ("startup", "liveness", "readiness"))
    volumes = {volume["name"] for volume in pod["spec"]["volumes"]}
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert mounts.keys() == volumes
    named = [word for word in container["args"] if word.startswith("/")]
    assert all(any(word.startswith(mount) for mount in mounts.values()) for word in named)
    assert settings.read({}, {one["name"]: "sqlite:///x" for one in container["env"]})
    assert container["image"] == f"auscult:{__version__}"
    assert pod["spec"]["securityContext"]["runAsNonRoot"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_the_systemd_unit_is_hardened_and_its_settings_exist() -> None:
    """Directives that take rights away are there, and each variable is a setting."""
    parsed = configparser.RawConfigParser(strict=False)
    parsed.optionxform = str  # type: ignore[assignment,method-assign]
    parsed.read_string(UNIT)
    service = dict(parsed["Service"])
    assert {"DynamicUser", "NoNewPrivileges", "PrivateTmp", "ProtectHome", "PrivateDevices"} <= service.keys()
    assert service["ProtectSystem"] == "strict"
    assert service["CapabilityBoundingSet"] == ""
    environment = dict(word.split("=", 1) for word in service["Environment"].split())
    assert settings.read({}, environment).store == "sqlite:////var/lib/auscult/audit.sqlite"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_knows_every_directive(tmp_path: Path) -> None:
    """`systemd-analyze verify` finds nothing but the program that is not installed here."""
    unit = tmp_path / "auscult.service"
    unit.write_text(UNIT.replace("/opt/auscult/bin/auscult", shutil.which("true") or "/bin/true"))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, check=False)
    assert "Unknown" not in done.stderr, done.stderr
    assert "Failed to parse" not in done.stderr, done.stderr


def test_the_script_for_the_role_quotes_what_it_is_given() -> None:
    """A password with a quote in it stays a password, and the shell reads the script."""
    script = DEPLOY / "postgres" / "role.sh"
    assert ":'password'" in script.read_text()
    subprocess.run(["sh", "-n", script], check=True)
