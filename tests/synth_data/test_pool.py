"""Drawing in processes: the same bytes however many there are, whatever the machine, and nothing left when it is stopped."""

import multiprocessing
import os
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import synth_data
from guard.conversation import Fold
from guard.errors import InputError, OutputError
from synth_data import draws, generate, labels, pool
from synth_data.labels import EMERGENCY, INJECTION_CONTEXT
from synth_data.pool import Task
from tests.theory.populations import NIGHTLY

ROOT = Path(synth_data.__file__).parent.parent
# Whoever started the tests in the background may have had Ctrl-C ignored, and that is inherited.
COMMAND = (
    "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); from auscult import main; sys.exit(main())"
)
GENERATE = (sys.executable, "-c", COMMAND, "synth", "generate")


def environment(**changes: str) -> dict[str, str]:
    """Return the environment of a command that runs this very code."""
    return os.environ | {"PYTHONPATH": str(ROOT)} | changes


def contents(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every file of a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def task(start: int, stop: int, *, mix: bool = False) -> Task:
    """Return a task of some draws of emergencies."""
    return Task("rows", None if mix else EMERGENCY, "en", draws.BUCKET, Fold.TRAIN, start, stop, b"pool", mix)


def test_two_processes_write_the_same_bytes_as_one(tmp_path: Path) -> None:
    """Files, counts and digests are equal; more than one chunk of each block was drawn."""
    count = pool.CHUNK + 20
    for name, jobs in (("one", 1), ("two", 2)):
        generate.generate(
            tmp_path / name, scenarios=count, folds=(Fold.TRAIN,), claims=(INJECTION_CONTEXT,), traffic=40, jobs=jobs
        )
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_a_draw_alone_is_that_draw_in_a_large_set() -> None:
    """Whatever stands around it, in one task or another."""
    whole = pool.work(task(0, 60)).rows
    assert pool.work(task(0, 25)).rows + pool.work(task(25, 60)).rows == whole
    for index in (0, 17, 59):
        alone = b"".join(row.line() for row in draws.draw(EMERGENCY, "en", draws.BUCKET, index, b"pool", Fold.TRAIN))
        assert alone in whole
        assert pool.work(task(index, index + 1)).rows == alone
    mixed = pool.work(task(0, 60, mix=True)).rows.splitlines(keepends=True)
    assert draws.mixed("en", draws.BUCKET, 17, b"pool", Fold.TRAIN).line() == mixed[17]


def test_tasks_come_back_in_their_order() -> None:
    """One process yields each task with its rows as they are asked for."""
    tasks = [task(start, start + 5) for start in (0, 5, 10)]
    found = list(pool.run(tasks, 1))
    assert [each for each, _ in found] == tasks
    assert [done.count for _, done in found] == [15, 15, 15]
    assert all(done.count == len(done.rows.splitlines()) for _, done in found)
    assert all(name.startswith("missed_emergency/") for _, done in found for name in done.families)


def test_an_error_in_a_process_is_the_error_of_the_command() -> None:
    """What can't be drawn is told as it is in one process."""
    with pytest.raises(InputError, match="no grammar for the language"):
        list(pool.run([replace(task(0, 5), lang="xx")], 2))


@pytest.mark.parametrize("writing", [False, True], ids=["at any moment", "while it writes"])
def test_a_process_that_is_killed_is_said_in_our_words(tmp_path: Path, writing: bool) -> None:
    """As the system does where memory is short; no folder is left. Half of a task's rows in the pipe keep nobody waiting."""
    with subprocess.Popen(
        [*GENERATE, "--out", str(tmp_path / "rows"), "--scenarios", "400000", "--jobs", "2", "--hazard", str(EMERGENCY)],
        env=environment(), start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=tmp_path,
    ) as running:  # fmt: skip
        try:
            assert until(lambda: any(path.stat().st_size for path in tmp_path.glob(".rows.*/*.jsonl"))), "nothing was written"
            workers = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()
            if writing:
                running.send_signal(signal.SIGSTOP)
                assert until(lambda: asleep(int(workers[-1]))), "all its rows fit into the pipe"
            os.kill(int(workers[-1]), signal.SIGKILL)
            running.send_signal(signal.SIGCONT)
            assert b"a process that drew rows was ended" in running.communicate(timeout=60)[1]
            assert list(tmp_path.iterdir()) == []
        finally:
            if not group_is_gone(running.pid):
                os.killpg(running.pid, signal.SIGKILL)


@pytest.mark.parametrize("sent", [b"", b"\0\0", struct.pack("!i", 1_000) + b"half of it"], ids=["nothing", "a part", "a half"])
def test_a_pipe_that_ends_anywhere_is_the_end_of_its_process(sent: bytes) -> None:
    """Where a process dies at its last task its pipe just ends, perhaps in the middle of a message."""
    ours, theirs = multiprocessing.Pipe()
    os.write(theirs.fileno(), sent)
    theirs.close()
    with ours, pytest.raises(OutputError, match="a process that drew rows was ended"):
        pool._received(ours)


def test_rows_do_not_depend_on_hash_seed_time_zone_or_locale(tmp_path: Path) -> None:
    """Two machines that differ in all of these write the same bytes."""
    for name, seed, zone, locale in (("a", "1", "Asia/Tokyo", "C"), ("b", "77", "America/Lima", "C.UTF-8")):
        subprocess.run(
            [*GENERATE, "--out", str(tmp_path / name), "--scenarios", "2", "--fold", "train", "--json"],
            env=environment(PYTHONHASHSEED=seed, TZ=zone, LC_ALL=locale), check=True, capture_output=True, cwd=tmp_path,
        )  # fmt: skip
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    names = set(contents(tmp_path / "a"))
    assert {f"{claim}.train.jsonl" for claim in labels.PROMPT_CLAIMS} < names


def until(condition: Callable[[], bool], seconds: float = 60) -> bool:
    """Wait for something to hold."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def asleep(process: int) -> bool:
    """Say whether a process waits for something, and goes on doing so."""
    for _ in range(20):
        if Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "S":
            return False
        time.sleep(0.05)
    return True


def group_is_gone(group: int) -> bool:
    """Say whether no process of a group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.parametrize("to_all", [True, False] if NIGHTLY else [True], ids=lambda to_all: f"to all: {to_all}")
def test_ctrl_c_leaves_neither_half_a_folder_nor_a_process(tmp_path: Path, to_all: bool) -> None:
    """Stopped while it writes, the command is gone with its processes, and the place of the folder is empty."""
    running = subprocess.Popen(
        [*GENERATE, "--out", str(tmp_path / "rows"), "--scenarios", "400000", "--jobs", "2", "--hazard", str(EMERGENCY)],
        env=environment(), start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=tmp_path,
    )  # fmt: skip
    group = running.pid
    try:
        assert until(lambda: any(path.stat().st_size for path in tmp_path.glob(".rows.*/*.jsonl"))), "nothing was written"
        (os.killpg if to_all else os.kill)(group, signal.SIGINT)
        assert running.wait(60) != 0
        assert until(lambda: group_is_gone(group), 10), "a process is left"
        assert list(tmp_path.iterdir()) == []
    finally:
        if not group_is_gone(group):
            os.killpg(group, signal.SIGKILL)
        running.wait(10)
