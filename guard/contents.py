"""The files of a dossier's folder: read once, then compared by name and digest."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from guard import digest, files
from guard.errors import DigestMismatch, InputError


def read_folder(folder: Path) -> dict[str, bytes]:
    """Read every file of a dossier once.

    Raises:
        InputError: The folder is missing, or holds neither a seal nor a protocol.
        DigestMismatch: It holds a link or something that is not a file.
    """
    if not folder.is_dir():
        raise InputError(f"no dossier at {folder}", "make one with auscult certify")
    if not any((folder / name).exists() for name in ("seal.json", "protocol.json")):
        raise InputError(f"no dossier at {folder}", "name the folder that holds seal.json")
    contents: dict[str, bytes] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise DigestMismatch(f"{path.relative_to(folder)} is neither a file nor a folder")
        if path.is_file():
            contents[path.relative_to(folder).as_posix()] = files.read(path)
        elif not any(path.iterdir()):
            raise DigestMismatch(f"{path.relative_to(folder)} is an empty folder that no dossier has")
    return contents


def file(contents: Mapping[str, bytes], name: str) -> bytes:
    """Return one file.

    Raises:
        DigestMismatch: It is missing.
    """
    if name not in contents:
        raise DigestMismatch(f"{name} is missing from the dossier")
    return contents[name]


def digests(contents: Mapping[str, bytes], prefix: str, leave_out: str = "") -> dict[str, str]:
    """Return the digest of each file below a prefix, by the rest of its name."""
    return {
        name.removeprefix(prefix): digest.of_bytes(data)
        for name, data in contents.items()
        if name.startswith(prefix) and name != leave_out
    }


def same(what: str, expected: Mapping[str, str], found: Mapping[str, str]) -> None:
    """Compare two manifests: names and digests, nothing added or missing.

    Raises:
        DigestMismatch: They differ.
    """
    for name in sorted(expected.keys() - found.keys()):
        raise DigestMismatch(f"{what} lacks {name}")
    for name in sorted(found.keys() - expected.keys()):
        raise DigestMismatch(f"{what} has a file that does not belong to it: {name}")
    for name in sorted(expected):
        if expected[name] != found[name]:
            raise DigestMismatch(f"{what} has an altered file: {name}")
