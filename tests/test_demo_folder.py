"""Where a demonstration may write, over an earlier one and over nothing else, and what it counts as leaked."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from auscult_demo import chats
from auscult_demo.run import take
from guard import files
from guard.errors import OutputError
from guard.proxy.guard import Guard
from guard.proxy.texts import NUMBERS, TEXTS, Text


def made(out: Path, *names: str) -> Path:
    """A folder with some files in it."""
    for name in names:
        files.write(out / name, b"x")
    return out


EARLIER = ("trust/demonstration.pem", "dossier/seal.json", "rows/train/rows.jsonl", "ledger.jsonl", "audit.sqlite-wal")


def test_an_earlier_demonstration_is_replaced(tmp_path: Path) -> None:
    """Also one that was broken off after its first file, an empty folder, and none at all."""
    for name, content in (("whole", EARLIER), ("begun", EARLIER[:1]), ("none", ())):
        take(made(tmp_path / name, *content))
        assert not (tmp_path / name).exists()
    (tmp_path / "empty").mkdir()
    take(tmp_path / "empty")


@pytest.mark.parametrize(
    "content", [(*EARLIER, "notes.txt"), ("dossier/seal.json", "ledger.jsonl"), ("trust/certifier.pem",), ("rows/mine.jsonl",)]
)
def test_anything_else_is_left_alone(tmp_path: Path, content: tuple[str, ...]) -> None:
    """Somebody's own dossier, keys or rows are not taken for a demonstration's."""
    out = made(tmp_path / "out", *content)
    with pytest.raises(OutputError, match="no demonstration wrote"):
        take(out)
    assert all((out / name).exists() for name in content)


def test_a_file_is_no_place(tmp_path: Path) -> None:
    """It stays as it is."""
    files.write(tmp_path / "out", b"x")
    with pytest.raises(OutputError, match="is not a folder"):
        take(tmp_path / "out")


def test_a_notice_before_a_refusal_is_no_text_of_the_model() -> None:
    """The guard's own texts, one after the other, count for nothing; a word of the model among them counts."""
    guard = cast(Guard, SimpleNamespace(emergency=None))
    notice, refusal = (TEXTS["en"][name].format(number=NUMBERS["en"]) for name in (Text.EMERGENCY, Text.MISUSE))
    model = chats.Bare("The model says this.", 0)
    assert chats.leaked(f"{notice}\n\n{refusal}", model, guard) == 0
    assert chats.leaked(f"{notice}\n\nThe model says\n\n{refusal}", model, guard) == len("The model says")
