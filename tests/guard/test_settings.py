"""Settings: from arguments and environment, once, and nothing misspelt is read over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from guard import settings
from guard.errors import InputError
from guard.settings import Settings


def test_nothing_given_means_the_defaults_on_this_machine_only() -> None:
    """Loopback is the default."""
    assert settings.read({}, {}) == Settings()
    assert Settings().host == "127.0.0.1"


def test_an_argument_wins_over_the_environment() -> None:
    """And both win over the default; arguments that were not given count for nothing."""
    read = settings.read({"port": 9000, "policy": None}, {"AUSCULT_PORT": "1", "AUSCULT_POLICY": "p.yaml", "HOME": "/"})
    assert (read.port, read.policy) == (9000, Path("p.yaml"))
    assert settings.read({}, {"AUSCULT_PATIENCE": "2.5", "AUSCULT_KEY_PASSWORD": "x"}).patience == 2.5


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        ({"prot": 1}, {}),
        ({}, {"AUSCULT_PROT": "1"}),
        ({"port": "x"}, {}),
        ({"port": 70_000}, {}),
        ({"patience": 0}, {}),
        ({"batch": 0}, {}),
        ({"patience": "nan"}, {}),
        ({"body": -1}, {}),
    ],
)
def test_what_can_not_be_meant_is_refused(arguments: dict[str, Any], environment: dict[str, str]) -> None:
    """A misspelt variable must not leave a guard as it was."""
    with pytest.raises(InputError):
        settings.read(arguments, environment)


def test_the_upstreams_key_comes_from_the_environment_and_is_not_shown() -> None:
    """Nobody prints settings with a key in them."""
    read = settings.read({"upstream": "http://127.0.0.1:1/v1"}, {"AUSCULT_UPSTREAM_KEY": "sk-secret"})
    assert read.upstream_key == "sk-secret"
    assert "sk-secret" not in repr(read)
