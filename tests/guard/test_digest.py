"""Digests: of bytes, files and folders, equal to what the OpenSSF library computes; and keyed ones."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path

import model_signing.hashing
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_signing._signing.signing import Payload

from guard import digest
from guard.errors import InputError

NAMES = st.text("ab-. ", min_size=1, max_size=4).filter(lambda name: name.strip(". ") and not name.endswith((".", " ")))
FOLDERS = st.dictionaries(st.lists(NAMES, min_size=1, max_size=3).map(tuple), st.binary(max_size=20), min_size=1, max_size=6)
KEYS = st.binary(min_size=1, max_size=40)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def library_root(folder: Path) -> str:
    """The subject that `model_signing sign` would sign for a folder."""
    payload = Payload(model_signing.hashing.hash(folder))
    return "sha256:" + payload.statement.pb.subject[0].digest["sha256"]


def fill(folder: Path, files: dict[tuple[str, ...], bytes]) -> None:
    """Write files, leaving out those whose folder's name is already a file."""
    for parts, data in files.items():
        path = folder.joinpath(*parts)
        if not any(parent.is_file() for parent in path.parents) and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)


@settings(max_examples=40, deadline=None)
@given(FOLDERS)
def test_root_is_the_openssf_librarys(files: dict[tuple[str, ...], bytes]) -> None:
    """Whatever the names and folders, the root digest is the one that the model-signing library signs."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fill(folder, files)
        assert digest.root(digest.manifest(folder)) == library_root(folder)


def test_root_orders_files_folder_by_folder(tmp_path: Path) -> None:
    """`a/x` comes before `a-b/x`, as in the library, although a dash sorts before a slash."""
    fill(tmp_path, {("a", "x"): b"1", ("a-b", "x"): b"2", ("a.txt",): b"3"})
    assert digest.root(digest.manifest(tmp_path)) == library_root(tmp_path)


def test_root_covers_no_names_but_the_manifest_does(tmp_path: Path) -> None:
    """A file renamed in place leaves the root alone, which is why manifests are compared."""
    (tmp_path / "model.bin").write_bytes(b"weights")
    before = digest.manifest(tmp_path)
    (tmp_path / "model.bin").rename(tmp_path / "other.bin")
    after = digest.manifest(tmp_path)
    assert digest.root(before) == digest.root(after)
    assert before != after


def test_manifest_lists_every_file_by_posix_path(tmp_path: Path) -> None:
    """Files in folders and hidden files are listed, each with the digest of its bytes."""
    fill(tmp_path, {("b",): b"1", ("sub", ".hidden"): b"2"})
    assert digest.manifest(tmp_path) == {"b": digest.of_bytes(b"1"), "sub/.hidden": digest.of_bytes(b"2")}


@pytest.mark.parametrize("target", ["file", "folder", "nowhere"])
def test_links_are_refused(tmp_path: Path, target: str) -> None:
    """A link to a file, to a folder or to nothing could point elsewhere after the check."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").write_bytes(b"x")
    folder = tmp_path / "model"
    (folder / "sub").mkdir(parents=True)
    goal = {"file": "elsewhere/file", "folder": "elsewhere", "nowhere": "missing"}[target]
    (folder / "sub" / "link").symlink_to(tmp_path / goal)
    with pytest.raises(InputError, match="is a link"):
        digest.manifest(folder)


def test_missing_folder_and_file_are_input_errors(tmp_path: Path) -> None:
    """What is not there is said in one line that names it."""
    for read in (digest.manifest, digest.of_file):
        with pytest.raises(InputError, match="missing"):
            read(tmp_path / "missing")
    with pytest.raises(InputError, match="cannot read"):
        digest.of_file(tmp_path)


@given(st.binary(max_size=200))
def test_digest_is_sha256_and_reads_back(data: bytes) -> None:
    """The written form stands for the raw SHA-256 of the bytes."""
    assert digest.raw(digest.of_bytes(data)) == hashlib.sha256(data).digest()


def test_file_digest_is_the_digest_of_its_bytes(tmp_path: Path) -> None:
    """Reading in pieces changes nothing."""
    data = os.urandom(300_000)
    (tmp_path / "file").write_bytes(data)
    assert digest.of_file(tmp_path / "file") == digest.of_bytes(data)


@pytest.mark.parametrize(
    "written",
    [
        "", "sha256:", "sha256", "ab" * 32, "sha512:" + "ab" * 32, "sha256:" + "ab" * 31, "sha256:" + "ab" * 33,
        "sha256:" + "AB" * 32, "sha256:" + "ab" * 31 + "  ", "sha256:" + "ab" * 32 + "\n", "sha256:" + "xy" * 32,
        " sha256:" + "ab" * 32, "sha256:" + "١" * 64,
    ],
)  # fmt: skip
def test_a_digest_is_written_one_way_only(written: str) -> None:
    """Another algorithm, length, case, space or script is refused, so that equal digests are equal texts."""
    with pytest.raises(InputError, match="not a sha256 digest"):
        digest.raw(written)


@given(
    st.binary(min_size=1, max_size=40), st.binary(min_size=1, max_size=40), st.text(st.characters(exclude_categories=["Cs"]))
)
def test_keyed_digests_differ_by_key(one: bytes, two: bytes, text: str) -> None:
    """One chat text under two tenants' keys can't be recognised as the same; under one key it can."""
    assert digest.keyed(one, text) == digest.keyed(one, text)
    # HMAC pads short keys with zeros, so keys that differ in trailing zeros only are one key.
    if one.rstrip(b"\0") != two.rstrip(b"\0"):
        assert digest.keyed(one, text) != digest.keyed(two, text)
    assert digest.keyed(one, text) != "hmac-sha256:" + hashlib.sha256(text.encode()).hexdigest()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(TEXTS, JSON, max_size=4))
def test_canonical_form_depends_on_meaning_only(value: dict[str, object]) -> None:
    """The order in which keys were put in changes nothing, and the form reads back."""
    backwards = dict(reversed(value.items()))
    assert digest.canonical(backwards) == digest.canonical(value)
    assert json.loads(digest.canonical(value)) == value
