"""Whole files: never a half-written one, never somebody else's error."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from guard import files
from guard.errors import InputError, OutputError


def below(folder: Path) -> list[str]:
    """Everything under a folder, hidden files too."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_write_makes_folders_and_leaves_only_the_file(tmp_path: Path) -> None:
    """The file is there, whole, and no temporary one beside it."""
    files.write(tmp_path / "a" / "b" / "file", b"data")
    assert files.read(tmp_path / "a" / "b" / "file") == b"data"
    assert below(tmp_path) == ["a", "a/b", "a/b/file"]


def test_write_replaces_what_was_there(tmp_path: Path) -> None:
    """An old file is replaced as a whole."""
    files.write(tmp_path / "file", b"a long old text")
    files.write(tmp_path / "file", b"new")
    assert files.read(tmp_path / "file") == b"new"


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_write_gives_the_mode_asked_for(tmp_path: Path, mode: int) -> None:
    """A secret is never readable by others, not even for a moment: the file is made with its mode."""
    before = os.umask(0)
    try:
        files.write(tmp_path / "file", b"data", mode=mode)
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == mode


def test_write_below_a_file_is_an_output_error(tmp_path: Path) -> None:
    """A folder that can't be made is said in one line."""
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(OutputError, match="cannot write") as caught:
        files.write(tmp_path / "file" / "below", b"data")
    assert "\n" not in str(caught.value)
    assert below(tmp_path) == ["file"]


def test_failing_rename_leaves_nothing_behind(tmp_path: Path) -> None:
    """Where a folder stands in the place of the file, it stays as it was and the temporary file goes."""
    (tmp_path / "place" / "inner").mkdir(parents=True)
    with pytest.raises(OutputError, match="cannot write"):
        files.write(tmp_path / "place", b"data")
    assert below(tmp_path) == ["place", "place/inner"]


@pytest.mark.parametrize("name", [".", "/", ".."])
def test_a_folder_is_no_file_name(name: str) -> None:
    """A path without a file name is refused in our words."""
    with pytest.raises(OutputError, match="cannot write"):
        files.write(Path(name), b"data")


def test_what_is_no_file_is_left_as_it_is(tmp_path: Path) -> None:
    """A device or a pipe, also behind a link, is not replaced by a file."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    for name in ("pipe", "link"):
        with pytest.raises(OutputError, match="it is no file"):
            files.write(tmp_path / name, b"data")
    assert (tmp_path / "pipe").is_fifo()
    assert (tmp_path / "link").is_symlink()
    assert below(tmp_path) == ["link", "pipe"]


def test_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    """When the bytes do not fit, the error is ours, the old file is whole and no piece of the new one is left."""
    (tmp_path / "file").write_bytes(b"old")
    # A limit on the size of files stands in for a full disk; it is set in a process of its own.
    script = (
        "import resource, signal, sys\n"
        "from pathlib import Path\n"
        "from guard import files\n"
        "from guard.errors import OutputError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try:\n"
        "    files.write(Path(sys.argv[1]), bytes(5000))\n"
        "except OutputError as error:\n"
        "    print(error)\n"
    )
    command = [sys.executable, "-B", "-c", script, str(tmp_path / "file")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(files.__file__).parent.parent)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("cannot write")
    assert (tmp_path / "file").read_bytes() == b"old"
    assert below(tmp_path) == ["file"]


def test_missing_file_and_folder_are_input_errors(tmp_path: Path) -> None:
    """Reading what is not there, or not a file, is said in one line."""
    for path in (tmp_path / "missing", tmp_path, Path("a\0b")):
        with pytest.raises(InputError, match="cannot read"):
            files.read(path)


def test_new_folder_appears_when_the_block_ends(tmp_path: Path) -> None:
    """While it is filled nobody sees the folder; afterwards it is there with everything."""
    place = tmp_path / "new"
    with files.new_folder(place) as folder:
        files.write(folder / "sub" / "file", b"data")
        assert not place.exists()
    assert below(tmp_path) == ["new", "new/sub", "new/sub/file"]
    assert place.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, OutputError])
def test_new_folder_vanishes_on_an_exception(tmp_path: Path, error: type[BaseException]) -> None:
    """Whatever stops the work, also Control-C, nothing is left and the exception is the same."""
    with pytest.raises(error), files.new_folder(tmp_path / "new") as folder:
        files.write(folder / "file", b"data")
        raise error("stop")
    assert below(tmp_path) == []


def test_new_folder_takes_an_empty_place_only(tmp_path: Path) -> None:
    """An empty folder is taken over; one with content, or a file, is never touched."""
    (tmp_path / "empty").mkdir()
    with files.new_folder(tmp_path / "empty") as folder:
        files.write(folder / "file", b"data")
    for taken in (tmp_path / "empty", tmp_path / "empty" / "file"):
        with pytest.raises(OutputError, match="exists already"), files.new_folder(taken):
            pytest.fail("the block must not run")
    assert below(tmp_path) == ["empty", "empty/file"]


def test_new_folder_below_a_file_is_an_output_error(tmp_path: Path) -> None:
    """A place that can't be made is said before any work."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="cannot write"), files.new_folder(tmp_path / "file" / "new"):
        pytest.fail("the block must not run")


def test_new_folder_filled_by_somebody_else_meanwhile(tmp_path: Path) -> None:
    """If the place was taken while we worked, it is left alone and our folder vanishes."""
    with pytest.raises(OutputError, match="cannot write"), files.new_folder(tmp_path / "new") as folder:
        files.write(folder / "file", b"ours")
        files.write(tmp_path / "new" / "file", b"theirs")
    assert below(tmp_path) == ["new", "new/file"]
    assert (tmp_path / "new" / "file").read_bytes() == b"theirs"
