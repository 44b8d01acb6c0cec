"""How fast activations are read offline: against the bare forward pass, and against other libraries on the same model.

    nice python bench/extraction.py phantom --rows 400 > bench/results/extraction_phantom.json
    nice python bench/extraction.py smollm2 --rows 60 --rounds 6 > bench/results/extraction_smollm2.json

All arms read the same rows of the generator in the same batches, one thread, interleaved; seconds are processor time. `bare`
runs the decoder and reads nothing. Ours goes from conversations to arrays: rendering, batching, taps. It is timed with the
last block tapped, so that nothing is left out of the forward pass, with the block that monitors use, after which the pass
ends, and into shards on disk. Each peer gets an environment of its own below `--environments`, made when it is not there,
with the same torch; that all read the same numbers is checked first. `--no-peers` leaves them out.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import _arms
import _rows
import torch
from safetensors.torch import load_file, save_file

from certify.extract import read_rows
from certify.shards import Extraction, extract_to
from guard.conversation import Fold, LabelledConversation
from guard.probes.activations import HookPoint
from guard.probes.reading import BATCH_TOKENS, POSITIONS, Pass, Places, _batches, judged_turns, plan
from guard.subjects.causal import CausalSubject, _pad
from guard.subjects.load import load
from synth_data.labels import EMERGENCY, MISUSE

PEERS = {"nnsight": "nnsight==0.8.1", "transformer-lens": "transformer-lens==4.3.0"}
SEED = b"bench extraction"


class Peer:
    """Another library in a process of its own, which waits while others are timed."""

    def __init__(self, library: str, environments: Path, arguments: Sequence[str]) -> None:
        python = environment(library, environments)
        script = Path(__file__).parent / "_peer.py"
        self._process = subprocess.Popen(
            [str(python), str(script), library, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.versions: dict[str, str] = json.loads(self._line())

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the peer ended; its own message stands above")
        return line

    def _say(self, text: str) -> str:
        assert self._process.stdin is not None
        self._process.stdin.write(text + "\n")
        self._process.stdin.flush()
        return self._line()

    def __call__(self) -> float:
        """Read all batches and return the seconds that it took."""
        return float(self._say("go"))

    def values(self, file: Path) -> list[torch.Tensor]:
        """Return what it read last, by batch: (rows, width)."""
        self._say(f"save {file}")
        held = load_file(file)
        return [held[f"values{index}"] for index in range(len(held))]

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()


def environment(library: str, environments: Path) -> Path:
    """Return the interpreter of a library's environment, which is made first if it is not there."""
    python = environments / library / "bin" / "python"
    if not (environments / library / "made").exists():
        run = partial(subprocess.run, check=True, stdout=sys.stderr)
        run([sys.executable, "-m", "venv", "--clear", str(environments / library)])
        torch_version = torch.__version__.partition("+")[0]
        run([str(python), "-m", "pip", "install", "--quiet", f"torch=={torch_version}", PEERS[library]])
        (environments / library / "made").touch()
    return python


def batches_of(subject: CausalSubject, rows: Sequence[LabelledConversation]) -> list[list[Pass]]:
    """Return the batches that reading these rows at their decision tokens makes."""
    conversations = [row.conversation for row in rows]
    turns = [judged_turns(conversation) for conversation in conversations]
    passes, _ = plan(subject, conversations, POSITIONS[Places.DECISION], turns)
    return list(_batches(passes, BATCH_TOKENS))


def bare(subject: CausalSubject, batches: Sequence[tuple[torch.Tensor, torch.Tensor]]) -> float:
    """Run the decoder over all batches and read nothing."""
    began = _arms.clock()
    with torch.inference_mode():
        for ids, mask in batches:
            subject.model.base_model(input_ids=ids, attention_mask=mask, use_cache=False)
    return _arms.clock() - began


def ours(subject: CausalSubject, rows: Sequence[LabelledConversation], points: tuple[HookPoint, ...], places: Places) -> float:
    """Read all rows into memory."""
    began = _arms.clock()
    read_rows(subject, rows, points, places)
    return _arms.clock() - began


def shards(subject: CausalSubject, rows: Sequence[LabelledConversation], point: HookPoint) -> float:
    """Read all rows to disk."""
    with tempfile.TemporaryDirectory() as folder:
        began = _arms.clock()
        extract_to(Path(folder), Extraction(subject, tuple(rows), (point,), Places.DECISION))
        return _arms.clock() - began


def apart(one: Sequence[torch.Tensor], other: Sequence[torch.Tensor]) -> float:
    """Return the largest difference of two readings, relative to the length of the vector."""
    gaps = [((a - b).norm(dim=-1) / b.norm(dim=-1)).max() for a, b in zip(one, other, strict=True)]
    return float(torch.stack(gaps).max())


def main() -> None:
    """Check that all read the same, time all, and print JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("subject")
    parser.add_argument("--rows", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--environments", type=Path, default=Path.home() / ".cache/auscult-bench")
    options = parser.parse_args()
    subject = load(options.subject, threads=1)
    rows = _rows.mixture((EMERGENCY, MISUSE), 1 + options.rows // 7, Fold.SELECT, SEED)[: options.rows]
    passes = batches_of(subject, rows)
    padded = [_pad([item.ids for item in batch]) for batch in passes]
    batches = [(ids, mask.long()) for ids, mask in padded]
    tokens = sum(len(item.ids) for batch in passes for item in batch)
    last, middle = HookPoint(subject.layers - 1), HookPoint(_rows.middle(subject))
    mine = [
        subject.capture([item.ids for item in batch], [last], [[len(item.ids) - 1] for item in batch])[last].values[:, 0]
        for batch in passes
    ]
    arms: dict[str, Any] = {
        _arms.BARE: partial(bare, subject, batches),
        _arms.AGAIN: partial(bare, subject, batches),
        "ours, last block": partial(ours, subject, rows, (last,), Places.DECISION),
        "ours, every token, last block": partial(ours, subject, rows, (last,), Places.TEXT),
        "ours, monitors' block": partial(ours, subject, rows, (middle,), Places.DECISION),
        "ours, last block, to disk": partial(shards, subject, rows, last),
    }
    same: dict[str, float] = {}
    versions: dict[str, dict[str, str]] = {}
    peers: list[Peer] = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "batches.safetensors"
        held = {f"ids{n}": ids for n, (ids, _) in enumerate(batches)} | {
            f"mask{n}": mask for n, (_, mask) in enumerate(batches)
        }
        held |= {f"last{n}": torch.tensor([len(item.ids) - 1 for item in batch]) for n, batch in enumerate(passes)}
        save_file(held, file)
        arguments = [subject.model.name_or_path, str(file), str(last.layer), "1"]
        try:
            for library in () if options.no_peers else PEERS:
                peer = Peer(library, options.environments, arguments)
                peers.append(peer)
                peer()
                same[library] = apart(peer.values(Path(folder) / "found.safetensors"), mine)
                versions[library], arms[library] = peer.versions, peer
            for arm in arms.values():
                arm()
            found = _arms.interleave(arms, options.rounds)
        finally:
            for peer in peers:
                peer.close()
    result = {
        "subject": subject.binding.name,
        "rows": len(rows),
        "tokens": tokens,
        "batches": len(batches),
        "rounds": options.rounds,
        "activations_apart_from_ours": same,
        "peers": versions,
        "arms": {
            name: row | {"tokens_per_second": round(tokens / row["milliseconds"] * 1e3)} | _share(row)
            for name, row in _arms.added(found).items()
        },
        "machine": _arms.machine(threads=1),
    }
    print(json.dumps(result, indent=1))


def _share(row: dict[str, Any]) -> dict[str, float]:
    """Return the tokens per second in per cent of the bare pass, from the ratio of times within rounds."""
    return {"per_cent_of_bare": round(100 / (1 + row["added_per_cent"] / 100), 1)} if "added_per_cent" in row else {}


if __name__ == "__main__":
    main()
