"""Whatever is done to a chain of events is found; its end only with a head or a checkpoint that was kept elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard import audit, chain, heads, keys
from guard.audit import AuditEvent, Bindings, Phase
from guard.chain import Broken, Intact
from guard.digest import Digest
from guard.errors import DigestMismatch, InputError, SignatureError, UnknownSigner
from guard.store import Store


def event(request: str, sequence: int = 0, phase: Phase = Phase.BEGUN) -> AuditEvent:
    """A short event."""
    return AuditEvent(
        request=request, sequence=sequence, tenant="t", recorded="2026-01-01T00:00:00.000Z", phase=phase, agent="a",
        source="s", entity="m", bindings=Bindings(policy="p"),
    )  # fmt: skip


def chained(count: int) -> tuple[list[bytes], Digest]:
    """Lines of some events, and their head."""
    lines, head = [], chain.START
    for number in range(count):
        body = audit.encode(event(f"r{number // 3}", number % 3))
        lines.append(chain.line(head, body))
        head = chain.link(head, body)
    return lines, head


@settings(max_examples=150)
@given(st.data())
def test_any_edit_removal_insertion_or_reordering_is_found(data: st.DataObject) -> None:
    """One change anywhere breaks the chain; what was cut off at its end is found with the head."""
    count = data.draw(st.integers(2, 9))
    lines, head = chained(count)
    at = data.draw(st.integers(0, count - 1))
    kind = data.draw(st.sampled_from(["byte", "remove", "swap", "repeat", "insert", "cut"]))
    changed = list(lines)
    if kind == "byte":
        where = data.draw(st.integers(0, len(lines[at]) - 1))
        new = data.draw(st.integers(0, 255).filter(lambda value: value != lines[at][where]))
        changed[at] = lines[at][:where] + bytes([new]) + lines[at][where + 1 :]
    elif kind == "remove":
        del changed[at]
    elif kind == "swap":
        other = data.draw(st.integers(0, count - 1).filter(lambda value: value != at))
        changed[at], changed[other] = changed[other], changed[at]
    elif kind == "repeat":
        changed.insert(at, changed[at])
    elif kind == "insert":
        changed.insert(at, chain.line(chain.START if at == 0 else Digest("none"), audit.encode(event("x"))))
    else:
        changed = changed[: data.draw(st.integers(0, count - 1))]
    assert chain.verify(lines, head) == Intact(count, head)
    assert isinstance(chain.verify(changed, head), Broken)
    # Without the head only the end may go unseen: a cut tail, or an edit of the last line.
    at_end = kind == "cut" or (kind in ("byte", "remove") and at == count - 1)
    assert at_end or isinstance(chain.verify(changed), Broken)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store."""
    return Store(f"sqlite:///{tmp_path}/audit.sqlite")


NOW = datetime(2026, 1, 1, tzinfo=UTC)


async def test_a_checkpoint_finds_a_cut_tail(store: Store, tmp_path: Path) -> None:
    """The chain that is left is intact in itself, and no longer what the checkpoint says."""
    kept = tmp_path / "elsewhere" / "heads.jsonl"
    heads.note(kept, store, NOW)
    await store.append(event("one"), event("two"))
    assert heads.note(kept, store, NOW) == store.head() == (2, store.verify().head)  # type: ignore[union-attr]
    await store.append(event("three"))
    assert heads.against(store, heads.read(kept)) is None
    with store._engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER auscult_no_delete")
        connection.exec_driver_sql("DELETE FROM auscult_events WHERE number >= 1")
    assert isinstance(store.verify(), Intact)
    broken = heads.against(store, heads.read(kept))
    assert broken is not None
    assert (broken.index, "missing" in broken.reason) == (1, True)
    store.close()


async def test_a_checkpoint_finds_a_chain_that_was_made_anew(store: Store, tmp_path: Path) -> None:
    """Whoever writes the whole chain again, consistently, can't write the checkpoint again."""
    kept = tmp_path / "heads.jsonl"
    await store.append(event("one"))
    heads.note(kept, store, NOW)
    store.close()
    other = Store(f"sqlite:///{tmp_path}/other.sqlite")
    await other.append(event("another"))
    broken = heads.against(other, heads.read(kept))
    assert broken is not None
    assert "another" in broken.reason
    other.close()


async def test_a_signed_checkpoint_can_not_be_made_up(store: Store, tmp_path: Path) -> None:
    """Who can write the file may chain a line of their own: it is unsigned, strange, or its signature does not fit."""
    kept, key, other = tmp_path / "heads.jsonl", keys.generate(), keys.generate()
    known = {keys.key_id(keys.public(key)): keys.public(key)}
    heads.note(kept, store, NOW)
    with pytest.raises(UnknownSigner, match="no checkpoint is signed"):
        heads.require_signed(heads.read(kept), known)
    await store.append(event("one"))
    heads.note(kept, store, NOW, key)
    heads.note(kept, store, NOW, key)
    good, genuine = kept.read_bytes(), heads.read(kept)
    assert heads.against(store, genuine) is None
    assert heads.require_signed(genuine, known) == 2
    for signed_by, said in ((None, "signed by nobody"), (other, "not trusted")):
        heads.note(kept, store, NOW, signed_by)
        with pytest.raises(UnknownSigner, match=said):
            heads.require_signed(heads.read(kept), known)
        kept.write_bytes(good)
    moved = {"at": genuine[1].at, "events": 0, "head": chain.START, "key": genuine[1].key, "signature": genuine[1].signature}
    for record in (moved, moved | {"signature": "?"}):
        chain.append(kept, record)
        with pytest.raises(SignatureError):
            heads.require_signed(heads.read(kept), known)
        kept.write_bytes(good)
    store.close()


def test_files_that_are_no_checkpoints_are_refused(tmp_path: Path) -> None:
    """Missing, altered, or of something else."""
    path = tmp_path / "heads.jsonl"
    with pytest.raises(InputError, match="no checkpoints at"):
        heads.read(path)
    chain.append(path, {"something": "else"})
    with pytest.raises(InputError, match="something else"):
        heads.read(path)
    path.write_bytes(path.read_bytes().replace(b"none", b"nine"))
    with pytest.raises(DigestMismatch):
        heads.read(path)


async def test_events_are_told_once_they_are_on_disk_and_a_listener_can_not_break_the_trail(store: Store) -> None:
    """A listener that raises changes nothing for the others, nor for the store."""
    told: list[str] = []

    def broken(_: AuditEvent) -> None:
        raise RuntimeError

    store.listen(broken)
    store.listen(lambda one: told.append(one.request))
    await store.append(event("one"))
    await store.append(event("two"))
    store.close()
    assert told == ["one", "two"]
