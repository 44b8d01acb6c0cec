"""The packaged data files, found wherever the wheel is installed.

A checkout has them in `policies/` at its root; the wheel carries the same folder as package data.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml as _yaml

import guard
from guard.errors import InputError

_HERE = Path(guard.__file__).parent


def path(name: str) -> Path:
    """Return the path of a data file, such as `policies/facts/red_flags.csv`.

    Raises:
        InputError: This installation has no such file.
    """
    for root in (_HERE / "data", _HERE.parent):
        candidate = root / name
        if candidate.exists():
            return candidate
    raise InputError(f"this installation lacks {name}", "install Auscult again")


def yaml(name: str) -> Any:
    """Return the decoded content of a packaged YAML file.

    Raises:
        InputError: It is missing or not YAML.
    """
    try:
        return _yaml.safe_load(path(name).read_bytes())
    except _yaml.YAMLError as error:
        raise InputError(f"{name} is not valid YAML", "install Auscult again") from error
