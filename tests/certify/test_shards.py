"""Reading to disk: what comes back is what was read, an interruption costs one shard, and damage is noticed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from certify import shards
from certify.extract import read_rows
from certify.shards import INDEX, Extraction, extract_to, load, read_through
from guard.binding import SubjectBinding
from guard.conversation import Fold, LabelledConversation
from guard.errors import InputError, ScoringError
from guard.probes.activations import HookPoint
from guard.probes.reading import Places, Unread

from .made_up import bound_subject, chat
from .planted import fold_rows

POINTS = (HookPoint(0), HookPoint(1))


@dataclasses.dataclass
class Echo:
    """A subject whose activations are the lengths of what it reads; it may break down after some rows."""

    breaks_after: int = 10**9
    binding: SubjectBinding = dataclasses.field(default_factory=bound_subject)
    layers: int = 2
    width: int = 3
    count: int = 0

    def read(self, conversations, hook_points, *, places, turns=None, batch_tokens=0, anchor="") -> Iterator[object]:  # type: ignore[no-untyped-def]
        """Yield as many tokens as the judged message has words."""
        for index, conversation in enumerate(conversations):
            for turn in turns[index]:
                self.count += 1
                if self.count > self.breaks_after:
                    raise ScoringError("broken off")
                words = conversation.messages[turn].content.split()
                if not words:
                    yield (index, turn), Unread("empty")
                    continue
                tokens = len(words) if places is not Places.DECISION else 1
                value = torch.full((tokens, 3), float(len(conversation.messages[turn].content) + len(anchor)))
                yield (index, turn), {point: value + point.layer for point in hook_points}


def rows() -> tuple[LabelledConversation, ...]:
    """Forty rows of many lengths, one with two turns, one of them empty."""
    found = fold_rows(Fold.TRAIN, 10)
    said = ["pain " * (1 + number % 7) for number in range(len(found))]
    made = [dataclasses.replace(one, conversation=chat(text)) for one, text in zip(found, said, strict=True)]
    made[3] = dataclasses.replace(made[3], conversation=chat("I have a pain.", "Where?", "Here."))
    made[4] = dataclasses.replace(made[4], conversation=chat(""))
    return tuple(made)


def what(subject: object, places: Places = Places.TEXT, **changes: object) -> Extraction:
    """The same rows at two hook points."""
    given = Extraction(subject, rows(), POINTS, places)  # type: ignore[arg-type]
    return dataclasses.replace(given, **changes)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seven rows a shard."""
    monkeypatch.setattr(shards, "SHARD_ROWS", 7)


@pytest.mark.parametrize("places", [Places.DECISION, Places.TEXT])
def test_what_comes_back_is_what_was_read(tmp_path: Path, places: Places) -> None:
    """Values, reasons and places are the same by way of the disk and without it, and progress counts every turn."""
    seen: list[int] = []
    found = read_through(tmp_path, what(Echo(), places), seen.append)
    straight = read_rows(Echo(), rows(), POINTS, places)  # type: ignore[arg-type]
    assert found.unread == straight.unread == {(4, 0): "empty"}
    assert found.at.keys() == straight.at.keys()
    assert all((found.at[key] == straight.at[key]).all() for key in found.at)
    assert (found.rows, found.hook_points, found.places) == (straight.rows, POINTS, places)
    assert sum(seen) == 41
    assert read_through(None, what(Echo(), places)).at.keys() == found.at.keys()


def test_the_index_names_every_shard_by_digest(tmp_path: Path) -> None:
    """One line a row and turn, with shard, place and digest; rows of one length share a shard."""
    import hashlib

    folder = extract_to(tmp_path, what(Echo()))
    lines = pq.read_table(folder / INDEX).to_pylist()
    assert len(lines) == 41
    names = sorted({line["shard"] for line in lines})
    assert names == [f"shard-{number:05d}.safetensors" for number in range(6)]
    for line in lines:
        assert line["sha256"] == hashlib.sha256((folder / line["shard"]).read_bytes()).hexdigest()
    longest = [max(line["count"] for line in lines if line["shard"] == name) for name in names]
    assert longest == sorted(longest)


def test_an_interrupted_work_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """After a breakdown in the fourth shard the first three are kept; the second run reads only what is missing."""
    with pytest.raises(ScoringError):
        extract_to(tmp_path, what(Echo(breaks_after=25)))
    second = Echo()
    found = read_through(tmp_path, what(second))
    assert second.count == 41 - 21
    straight = read_rows(Echo(), rows(), POINTS, Places.TEXT)  # type: ignore[arg-type]
    assert all((found.at[key] == straight.at[key]).all() for key in straight.at)
    third = Echo()
    extract_to(tmp_path, what(third))
    assert third.count == 0


def test_a_damaged_shard_is_made_again_and_nothing_else(tmp_path: Path) -> None:
    """One flipped byte: that shard alone is read again, and is what it was."""
    folder = extract_to(tmp_path, what(Echo()))
    path = folder / "shard-00002.safetensors"
    good = path.read_bytes()
    path.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    with pytest.raises(InputError, match="extract again"):
        load(folder, what(Echo()))
    again = Echo()
    extract_to(tmp_path, what(again))
    assert again.count == 7
    assert path.read_bytes() == good


def test_a_broken_index_costs_everything_and_harms_nothing(tmp_path: Path) -> None:
    """Without a readable index all is read again."""
    folder = extract_to(tmp_path, what(Echo()))
    (folder / INDEX).write_bytes(b"PAR1 no")
    again = Echo()
    assert extract_to(tmp_path, what(again)) == folder
    assert again.count == 41


@pytest.mark.parametrize(
    "change",
    [
        {"anchor": "Is it?"},
        {"places": Places.DECISION},
        {"hook_points": POINTS[:1]},
        {"rows": rows()[:-1]},
        {"subject": Echo(binding=bound_subject(root="sha256:" + "0" * 64))},
        {"subject": Echo(binding=bound_subject(dtype="bfloat16"))},
    ],
)
def test_other_models_places_and_rows_have_folders_of_their_own(tmp_path: Path, change: dict[str, object]) -> None:
    """Nothing that was read for one thing is ever taken for another."""
    first = extract_to(tmp_path, what(Echo()))
    other = what(**({"subject": Echo()} | change))  # type: ignore[arg-type]
    assert extract_to(tmp_path, other) != first


def test_shards_stay_below_their_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the rows, a shard holds no more bytes than it may, unless one row alone does."""
    monkeypatch.setattr(shards, "SHARD_BYTES", 2_000)
    folder = extract_to(tmp_path, what(Echo()))
    sizes = [np.prod(load_values(path).shape) * 4 for path in sorted(folder.glob("*.safetensors"))]
    assert len(sizes) > 6
    assert max(sizes) <= 2_000


def load_values(path: Path) -> np.ndarray:  # type: ignore[type-arg]
    """The tensor of a shard."""
    from safetensors.numpy import load_file

    found: np.ndarray = load_file(path)["values"]  # type: ignore[type-arg]
    return found
