"""The files in deploy/ agree with the code: what they copy exists, what they run parses, what they publish is loopback."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import click
import yaml

import auscult
from guard import settings

ROOT = Path(__file__).parent.parent
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text()


def _compose() -> Any:
    return yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())


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


def test_container_runs_a_command_that_exists() -> None:
    """The options of CMD are options of `auscult guard serve`."""
    words = json.loads(re.search(r"^CMD (\[.+\])$", DOCKERFILE, re.MULTILINE)[1])  # type: ignore[index]
    assert words[:3] == ["auscult", "guard", "serve"]
    group = auscult.auscult.get_command(click.Context(auscult.auscult), "guard")
    assert isinstance(group, click.Group)
    known = {option for parameter in group.commands["serve"].params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known


def test_compose_sets_known_settings_and_publishes_on_loopback() -> None:
    """Each AUSCULT_ variable is a setting; no port is open to the network."""
    guard = _compose()["services"]["guard"]
    environment = dict.fromkeys(guard["environment"], "postgresql+psycopg://a:b@c/d")
    assert settings.read({}, environment).store.startswith("postgresql")
    assert all(port.startswith("127.0.0.1:") for port in guard["ports"])
