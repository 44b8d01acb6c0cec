"""Digests: of bytes, of files, of directories, and keyed ones for chat text.

A digest is written `sha256:<64 hex digits>` everywhere, so that its algorithm travels with it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from pathlib import Path
from typing import Any, NewType

from guard.errors import InputError

Digest = NewType("Digest", str)
_WRITTEN = re.compile(r"sha256:[0-9a-f]{64}")


def of_bytes(data: bytes) -> Digest:
    """Return the SHA-256 digest of `data`."""
    return Digest("sha256:" + hashlib.sha256(data).hexdigest())


def of_hash(hashed: hashlib._Hash) -> Digest:
    """Return the digest of what a SHA-256 object was fed."""
    return Digest("sha256:" + hashed.hexdigest())


def of_file(path: Path) -> Digest:
    """Return the digest of a file's bytes.

    Raises:
        InputError: The file can't be read.
    """
    try:
        with path.open("rb") as stream:
            return Digest("sha256:" + hashlib.file_digest(stream, "sha256").hexdigest())
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}", "check the path and its permissions") from error


def raw(digest: str) -> bytes:
    """Return the 32 bytes that a written digest stands for.

    Raises:
        InputError: It is not a `sha256:` digest, written the one way that `of_bytes` writes it.
    """
    if not _WRITTEN.fullmatch(digest):
        raise InputError(f"not a sha256 digest: {digest[:80]!r}")
    return bytes.fromhex(digest.removeprefix("sha256:"))


def manifest(folder: Path) -> dict[str, Digest]:
    """Return the digest of every regular file below `folder`, by POSIX path, sorted.

    Raises:
        InputError: The folder is missing, or holds a link (a link could point anywhere after the check).
    """
    if not folder.is_dir():
        raise InputError(f"no such folder: {folder}")
    files: dict[str, Digest] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            raise InputError(f"{path} is a link", "copy the file itself into the folder")
        if path.is_file():
            files[path.relative_to(folder).as_posix()] = of_file(path)
    return dict(sorted(files.items()))


def root(files: dict[str, Digest]) -> Digest:
    """Return the OpenSSF Model Signing root of a manifest.

    SHA-256 over the raw digests, files in the order of their paths compared folder by folder ("a/x" before "a-b/x").
    It covers no names: compare the manifest, too.
    """
    return of_bytes(b"".join(raw(files[name]) for name in sorted(files, key=lambda name: name.split("/"))))


def keyed(key: bytes, text: str) -> str:
    """Return `hmac-sha256:<hex>` of a chat text: short texts could be guessed from a plain digest."""
    return "hmac-sha256:" + hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def canonical(value: Any) -> bytes:
    """Encode a JSON value one way only: sorted keys, no spaces, UTF-8.

    For digests of *meaning* (scenario ids, configurations). Signed documents keep their own bytes instead.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
