"""The hash chain: what is appended can be followed, and no change to it goes unseen."""

from __future__ import annotations

import hashlib
import resource
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard import chain
from guard.chain import START, Broken, Intact
from guard.errors import DigestMismatch, InputError, OutputError


def lines(count: int) -> list[bytes]:
    """A chain of so many lines."""
    made, head = [], START
    for number in range(count):
        made.append(chain.line(head, b'{"n":%d}' % number))
        head = chain.link(head, b'{"n":%d}' % number)
    return made


def test_the_link_is_the_digest_of_the_line_with_its_newline() -> None:
    """`sed -n 1p FILE | sha256sum` gives what the second line must name."""
    assert chain.line(START, b'{"n":1}') == b'{"n":1,"previous":"none"}\n'
    assert chain.link(START, b'{"n":1}') == "sha256:" + hashlib.sha256(b'{"n":1,"previous":"none"}\n').hexdigest()
    assert chain.line(START, b"{}") == b'{"previous":"none"}\n'


@pytest.mark.parametrize("body", [b"", b"[]", b'{"a":\n1}', b'{"a":1}\n', b'{"a":1'])
def test_only_an_object_on_one_line_is_chained(body: bytes) -> None:
    """Anything else would make a line that can't be followed."""
    with pytest.raises(InputError):
        chain.line(START, body)


def test_an_intact_chain_is_followed_to_its_head() -> None:
    """Count and head come out."""
    made = lines(5)
    head = "sha256:" + hashlib.sha256(made[-1]).hexdigest()
    assert chain.verify(made) == Intact(5, chain.Digest(head))
    assert chain.verify(made, chain.Digest(head)) == Intact(5, chain.Digest(head))
    assert chain.verify([]) == Intact(0, START)


@given(which=st.integers(0, 3), at=st.integers(0, 200), flip=st.integers(1, 255))
def test_any_altered_byte_breaks_the_chain(which: int, at: int, flip: int) -> None:
    """One byte of any line but the last is seen from the next line; of the last, with the head."""
    made = lines(4)
    head = chain.verify(made)
    assert isinstance(head, Intact)
    altered = bytearray(made[which])
    altered[at % len(altered)] ^= flip
    made[which] = bytes(altered)
    report = chain.verify(made, head.head)
    assert isinstance(report, Broken)
    assert report.index in (which, which + 1)


def test_a_line_taken_out_moved_or_put_in_breaks_the_chain() -> None:
    """The first line that does not fit is named."""
    made = lines(4)
    assert chain.verify([made[0], made[2], made[3]]) == Broken(1, "does not name the line before it")
    assert chain.verify([made[0], made[2], made[1], made[3]]) == Broken(1, "does not name the line before it")
    assert chain.verify([made[0], made[0], *made[1:]]) == Broken(1, "does not name the line before it")
    assert chain.verify(made[1:]) == Broken(0, "does not name the line before it")


def test_missing_last_lines_are_seen_only_with_the_head() -> None:
    """A chain can't know its own end."""
    made = lines(3)
    whole = chain.verify(made)
    assert isinstance(whole, Intact)
    assert isinstance(chain.verify(made[:2]), Intact)
    assert chain.verify(made[:2], whole.head).index == 2  # type: ignore[union-attr]


def test_records_come_back_in_order(tmp_path: Path) -> None:
    """What is appended is read, each with the digest of the line before it."""
    path = tmp_path / "folder" / "ledger.jsonl"
    assert chain.read(path) == ()
    assert chain.head(path) == START
    first = chain.append(path, {"at": "now", "attempt": 1})
    second = chain.append(path, {"at": "later", "attempt": 2})
    assert [record["attempt"] for record in chain.read(path)] == [1, 2]
    assert [record["previous"] for record in chain.read(path)] == [START, first]
    assert chain.head(path) == second


def test_a_record_can_not_bring_its_own_link(tmp_path: Path) -> None:
    """`previous` is the chain's."""
    with pytest.raises(InputError):
        chain.append(tmp_path / "l", {"previous": "none"})
    with pytest.raises(InputError):
        chain.append(tmp_path / "l", {"value": object()})


def test_a_cut_off_last_line_is_named(tmp_path: Path) -> None:
    """A write that was cut off is an error that says so, for readers and writers."""
    path = tmp_path / "l"
    chain.append(path, {"n": 1})
    path.write_bytes(path.read_bytes() + b'{"n":2,"prev')
    for act in (lambda: chain.read(path), lambda: chain.append(path, {"n": 3})):
        with pytest.raises(DigestMismatch, match="middle of a line"):
            act()


def test_nothing_is_added_to_a_broken_chain(tmp_path: Path) -> None:
    """A broken file stays as it is."""
    path = tmp_path / "l"
    for number in range(3):
        chain.append(path, {"n": number})
    path.write_bytes(path.read_bytes().replace(b'"n":1', b'"n":9'))
    before = path.read_bytes()
    with pytest.raises(DigestMismatch, match="line 3"):
        chain.append(path, {"n": 3})
    assert path.read_bytes() == before


def _append_some(path: str, writer: int) -> None:
    for number in range(10):
        chain.append(Path(path), {"writer": writer, "n": number})


@pytest.mark.parametrize("processes", [False, True])
def test_concurrent_appends_make_one_chain(tmp_path: Path, processes: bool) -> None:
    """Threads and processes wait for each other; no line is lost."""
    path = tmp_path / "l"
    pool = ProcessPoolExecutor(2, mp_context=get_context("spawn")) if processes else ThreadPoolExecutor(4)
    with pool:
        for future in [pool.submit(_append_some, str(path), writer) for writer in range(4)]:
            future.result()
    assert len(chain.read(path)) == 40


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    """A write that does not fit is undone and reported."""
    path = tmp_path / "l"
    chain.append(path, {"n": 1})
    before = path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 10, hard))
    try:
        with pytest.raises(OutputError):
            chain.append(path, {"n": 2, "long": "x" * 100})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == before
    chain.append(path, {"n": 2})


def test_an_unwritable_place_is_an_error_of_ours(tmp_path: Path) -> None:
    """No foreign exception leaks."""
    with pytest.raises(OutputError):
        chain.append(tmp_path, {"n": 1})
    with pytest.raises(InputError):
        chain.read(tmp_path)
