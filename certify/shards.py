"""Reading rows to disk, in shards that survive an interruption.

Comes in: rows and a subject. Goes out: `*.safetensors` and `index.parquet`, which says where each row's activations lie and
gives each shard's digest. Rows of about one length share a shard. Started again with the same model, places and rows, the
work goes on where it stopped: finished shards are kept, damaged ones are made again.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from certify.extract import Floats, Progress, Read, read_rows, turns_of
from guard import digest, files
from guard.conversation import LabelledConversation
from guard.errors import InputError
from guard.probes.activations import HookPoint
from guard.probes.reading import Places, Subject

SHARD_BYTES = 256 * 1024**2
"""A shard of activations is at most about so large; of one row alone it may be larger."""

SHARD_ROWS = 1_024
"""Most rows of a shard: what an interruption can cost."""

INDEX = "index.parquet"
"""Name of the index."""

_SCHEMA = pa.schema(
    [
        ("row", pa.string()),
        ("turn", pa.int32()),
        ("shard", pa.string()),
        ("first", pa.int64()),
        ("count", pa.int64()),
        ("unread", pa.string()),
        ("sha256", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class _Entry:
    """Where the activations of one row after one turn lie."""

    row: str
    turn: int
    shard: str
    first: int
    count: int
    unread: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Extraction:
    """What is to be read."""

    subject: Subject
    """The model."""
    rows: tuple[LabelledConversation, ...]
    """Rows with ids of their own."""
    hook_points: tuple[HookPoint, ...]
    """Where in the model."""
    places: Places
    """Which tokens."""
    anchor: str = ""
    """Read after a document that comes without a request."""

    @property
    def key(self) -> str:
        """Digest of everything that the activations follow from."""
        binding = self.subject.binding
        facts = {
            "subject": msgspec.to_builtins(binding),
            "hook_points": [str(point) for point in self.hook_points],
            "places": str(self.places),
            "anchor": self.anchor,
        }
        found = hashlib.sha256(msgspec.json.encode(facts, order="deterministic"))
        for row in self.rows:
            found.update(hashlib.sha256(row.line()).digest())
        return found.hexdigest()

    def batches(self) -> Iterator[tuple[LabelledConversation, ...]]:
        """Yield the rows of each shard, the shortest first."""
        batch: list[LabelledConversation] = []
        filled = 0
        for row in sorted(self.rows, key=lambda row: (_bytes_of_text(row), row.id)):
            size = self._most_tokens(row) * len(self.hook_points) * self.subject.width * 4
            if batch and (len(batch) == SHARD_ROWS or filled + size > SHARD_BYTES):
                yield tuple(batch)
                batch, filled = [], 0
            batch.append(row)
            filled += size
        if batch:
            yield tuple(batch)

    def _most_tokens(self, row: LabelledConversation) -> int:
        # No tokenizer makes more tokens of a text than it has bytes.
        turns = turns_of(row, self.places)
        if self.places is Places.DECISION:
            return len(turns)
        return sum(1 + len(row.conversation.messages[turn].content.encode()) for turn in turns)


def extract_to(folder: Path, what: Extraction, progress: Progress = lambda count: None) -> Path:
    """Read rows into a folder of their own below `folder`, and return it.

    Args:
        folder: Holds one folder for each model, places and rows.
        what: What is to be read.
        progress: Called with the number of turns read, or found finished, since the last call.

    Raises:
        OutputError: The folder can't be written.
        ScoringError: The model does not do what it did when it was loaded.
    """
    own = folder / what.key[:32]
    known = _finished(own)
    for number, rows in enumerate(what.batches()):
        name = f"shard-{number:05d}.safetensors"
        wanted = {(row.id, turn) for row in rows for turn in turns_of(row, what.places)}
        if {(entry.row, entry.turn) for entry in known.get(name, ())} == wanted:
            progress(len(wanted))
            continue
        read = read_rows(what.subject, rows, what.hook_points, what.places, progress, what.anchor)
        known[name] = _write(own, name, read)
        # Written after every shard, with what a work before this one has left, so that nothing finished is ever lost.
        files.write(own / INDEX, _parquet([entry for entries in known.values() for entry in entries]))
    return own


def read_through(cache: Path | None, what: Extraction, progress: Progress = lambda count: None) -> Read:
    """Read rows by way of a folder of shards; with none, straight into memory.

    Raises:
        OutputError: The folder can't be written.
        ScoringError: The model does not do what it did when it was loaded.
    """
    if cache is None:
        return read_rows(what.subject, what.rows, what.hook_points, what.places, progress, what.anchor)
    return load(extract_to(cache, what, progress), what)


def load(folder: Path, what: Extraction) -> Read:
    """Read a finished folder into memory.

    Raises:
        InputError: It is not finished, or a shard is not the one that the index names.
    """
    number = {row.id: index for index, row in enumerate(what.rows)}
    at: dict[tuple[int, int], Floats] = {}
    unread: dict[tuple[int, int], str] = {}
    known = _finished(folder)
    expected = {(row.id, turn) for row in what.rows for turn in turns_of(row, what.places)}
    if expected != {(entry.row, entry.turn) for entries in known.values() for entry in entries}:
        raise InputError(f"{folder} does not hold everything that was to be read", "extract again")
    for name, entries in known.items():
        values = load_tensors(files.read(folder / name)).get("values")
        for entry in entries:
            key = (number[entry.row], entry.turn)
            if entry.unread or values is None:
                unread[key] = entry.unread
            else:
                at[key] = values[entry.first : entry.first + entry.count]
    return Read(what.rows, what.hook_points, at, unread, what.places)


def _write(folder: Path, name: str, read: Read) -> list[_Entry]:
    parts, first = [], 0
    found: list[_Entry] = []
    for (row, turn), values in sorted(read.at.items()):
        found.append(_Entry(read.rows[row].id, turn, name, first, len(values), "", ""))
        parts.append(values)
        first += len(values)
    found += [_Entry(read.rows[row].id, turn, name, 0, 0, why, "") for (row, turn), why in sorted(read.unread.items())]
    data = save_tensors({"values": np.concatenate(parts)} if parts else {})
    files.write(folder / name, data)
    sha256 = hashlib.sha256(data).hexdigest()
    return [_Entry(e.row, e.turn, e.shard, e.first, e.count, e.unread, sha256) for e in found]


def _finished(folder: Path) -> dict[str, list[_Entry]]:
    """Return the entries of the shards that are whole, by name; nothing where there is no readable index."""
    try:
        table = pq.read_table(io.BytesIO((folder / INDEX).read_bytes()), schema=_SCHEMA)
    except (OSError, pa.ArrowException):
        return {}
    found: dict[str, list[_Entry]] = {}
    for line in table.to_pylist():
        found.setdefault(line["shard"], []).append(_Entry(**line))
    return {name: entries for name, entries in found.items() if _is_whole(folder / name, entries[0].sha256)}


def _is_whole(path: Path, sha256: str) -> bool:
    return path.is_file() and str(digest.of_file(path)) == f"sha256:{sha256}"


def _parquet(entries: Sequence[_Entry]) -> bytes:
    columns = {name: [getattr(entry, name) for entry in entries] for name in _SCHEMA.names}
    written = io.BytesIO()
    pq.write_table(pa.table(columns, schema=_SCHEMA), written)
    return written.getvalue()


def _bytes_of_text(row: LabelledConversation) -> int:
    return sum(len(message.content.encode()) for message in row.conversation.messages)
