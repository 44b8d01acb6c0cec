"""A folder of rows is refused, in one line, when a statistic of it would be wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from certify import dataset
from guard.conversation import Fold, Kind, LabelledConversation
from guard.digest import of_bytes
from guard.errors import AuscultError, InputError, ProtocolError, RowError

from .made_up import EMERGENCY, row

Rows = list[LabelledConversation]


def rows() -> Rows:
    """Two draws of the train fold and one of the select fold."""
    triples: list[tuple[str, Fold]] = [("train/a", Fold.TRAIN), ("train/b", Fold.TRAIN), ("select/a", Fold.SELECT)]
    return [
        row(f"{name}/0", kind, {EMERGENCY: int(kind is Kind.POSITIVE)}, fold=fold)
        for name, fold in triples
        for kind in dataset.TRIPLE
    ]


def written(folder: Path, content: Rows, **changes: object) -> Path:
    """Write rows and their manifest as a generator would."""
    data = b"".join(one.line() for one in content)
    stated: dict[str, object] = {
        "generator": of_bytes(b"generator"),
        "version": "1",
        "weights": {str(EMERGENCY): {"first": 1.0}},
        "unseen": {str(EMERGENCY): 3},
        "files": {"rows.jsonl": of_bytes(data)},
        "counts": {"a field of the generator's own": 1},
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "rows.jsonl").write_bytes(data)
    (folder / "manifest.json").write_text(json.dumps(stated | changes))
    return folder


def test_rows_come_out_as_they_were_written(tmp_path: Path) -> None:
    """A sound folder gives its rows in order, by fold, and the digest of its manifest."""
    data = dataset.load(written(tmp_path, rows()))
    assert [one.line() for one in data.rows] == [one.line() for one in rows()]
    assert len(data.fold(Fold.TRAIN)) == 6
    assert len(data.fold(Fold.TRAIN, Fold.SELECT)) == 9
    assert data.fold(Fold.CERTIFY) == ()
    assert data.digest == of_bytes((tmp_path / "manifest.json").read_bytes())
    assert data.manifest.protocol == ""


def one_line(error: AuscultError) -> bool:
    """Whether an error reads as one line without a traceback."""
    return "\n" not in str(error) and bool(str(error))


class TestFolder:
    """What is wrong with files."""

    def test_no_folder(self, tmp_path: Path) -> None:
        """A folder that is not there is named, with the command that makes one."""
        with pytest.raises(InputError, match=r"no data at .*; make some with auscult synth generate") as caught:
            dataset.load(tmp_path / "none")
        assert one_line(caught.value)

    def test_no_manifest(self, tmp_path: Path) -> None:
        """Rows without a manifest are not a dataset: nobody says where they come from."""
        (written(tmp_path, rows()) / "manifest.json").unlink()
        with pytest.raises(InputError, match=r"cannot read .*manifest\.json") as caught:
            dataset.load(tmp_path)
        assert one_line(caught.value)

    @pytest.mark.parametrize("text", [b"{", b"[]", b'{"generator": 1}', b'{"generator": "\xff"}'])
    def test_a_broken_manifest(self, tmp_path: Path, text: bytes) -> None:
        """Something else under the manifest's name is refused, whatever bytes it is."""
        (written(tmp_path, rows()) / "manifest.json").write_bytes(text)
        with pytest.raises(InputError, match="is not a manifest") as caught:
            dataset.load(tmp_path)
        assert one_line(caught.value)

    def test_an_altered_file(self, tmp_path: Path) -> None:
        """One byte more than the manifest's digest allows, and the file is not the one that it names."""
        with (written(tmp_path, rows()) / "rows.jsonl").open("ab") as stream:
            stream.write(b"\n")
        with pytest.raises(ProtocolError, match=r"rows\.jsonl is not the file that the manifest names"):
            dataset.load(tmp_path)

    def test_a_missing_file(self, tmp_path: Path) -> None:
        """A file that the manifest names has to be there."""
        (written(tmp_path, rows()) / "rows.jsonl").unlink()
        with pytest.raises(InputError, match=r"cannot read .*rows\.jsonl"):
            dataset.load(tmp_path)

    @pytest.mark.parametrize("line", [b"{}\n", b'{"id": "\xff"}\n', b"not json\n"])
    def test_a_broken_line(self, tmp_path: Path, line: bytes) -> None:
        """A line that is no row is named by file and number, even where the manifest vouches for it."""
        data = rows()[0].line() + line
        written(tmp_path, rows(), files={"rows.jsonl": of_bytes(data)})
        (tmp_path / "rows.jsonl").write_bytes(data)
        with pytest.raises(RowError, match=r"rows\.jsonl, line 2: ") as caught:
            dataset.load(tmp_path)
        assert one_line(caught.value)


def twice(content: Rows) -> Rows:
    """Repeat a row."""
    return [*content, content[0]]


def in_two_folds(content: Rows) -> Rows:
    """Put a scenario of the train fold into the select fold, too."""
    moved = content[-1]
    return [*content[:-1], replace(moved, meta=msgspec.structs.replace(moved.meta, scenario=content[0].meta.scenario))]


def without(name: str) -> Callable[[Rows], Rows]:
    """Blank a field of a row's meta."""

    def change(content: Rows) -> Rows:
        empty = None if name in ("role", "fold") else ""
        return [replace(content[0], meta=msgspec.structs.replace(content[0].meta, **{name: empty})), *content[1:]]

    return change


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (twice, "stands twice"),
        (in_two_folds, "is in the folds train and select"),
        *(
            (without(name), "lacks scenario, draw, role, family or fold")
            for name in ("scenario", "draw", "role", "family", "fold")
        ),
    ],
)
def test_rows_that_no_statistic_can_be_made_of(tmp_path: Path, change: Callable[[Rows], Rows], reason: str) -> None:
    """A repeated id, a scenario in two folds, and a row without its unit are refused; the same rows without are not."""
    dataset.load(written(tmp_path / "sound", rows()))
    with pytest.raises(ProtocolError, match=reason) as caught:
        dataset.load(written(tmp_path / "broken", change(rows())))
    assert one_line(caught.value)


def test_a_draw_is_told_by_its_whole_claim() -> None:
    """A draw is about a claim with or without a fold in front, but not where the claim is only the end of another's name."""
    assert dataset.is_about("misuse@prompt/en/upto1000/0", "misuse@prompt")
    assert dataset.is_about("select/misuse@prompt/en/upto1000/0", "misuse@prompt")
    assert not dataset.is_about("clinical_misuse@prompt/en/upto1000/0", "misuse@prompt")
    assert not dataset.is_about("traffic/en/upto1000/0", "misuse@prompt")


def test_draws_are_grouped_by_role() -> None:
    """Each draw gives its positive, twin and hard negative."""
    groups = dataset.by_draw(rows())
    assert list(groups) == ["train/a/0", "train/b/0", "select/a/0"]
    assert all(tuple(group) == dataset.TRIPLE for group in groups.values())
