"""The front door: every command is found, every failure is one line and an exit code."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

import auscult
from guard import __version__
from guard.errors import AuscultError, CheckFailed, InputError, RowError, UnknownSigner

ROOT = Path(auscult.__file__).parent
COMMANDS = ["certify", "demo", "guard", "key", "revoke", "subject", "synth", "verify"]


def raising(error: BaseException) -> Callable[[], None]:
    """A command that fails."""

    def command() -> None:
        raise error

    return command


@pytest.mark.parametrize(
    "path",
    [
        [], ["verify"], ["key"], ["key", "new"], ["guard"], ["guard", "serve"], ["guard", "policy"],
        ["guard", "policy", "check"],
        ["guard", "policy", "explain"], ["guard", "policy", "dry-run"], ["guard", "audit"],
        ["guard", "audit", "verify"], ["guard", "audit", "show"],
        ["guard", "audit", "export"], ["certify"], ["certify", "run"], ["certify", "extract"],
        ["certify", "compare"], ["certify", "export"],
        ["synth"], ["demo"], ["subject"], ["subject", "add"], ["revoke"], ["key", "rotate"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_every_command_has_help_with_an_example(path: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """--help exits 0; what can be run shows how."""
    assert auscult.main([*path, "--help"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("Usage: auscult")
    assert "Commands:" in out or "Example: " in out


def test_all_commands_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """Mounted or own, each stands in the help with one line."""
    auscult.main(["--help"])
    out = capsys.readouterr().out
    for name in COMMANDS:
        assert f"\n  {name} " in out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """The version is the package's."""
    assert auscult.main(["--version"]) == 0
    assert __version__ in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["key"], ["guard"], ["guard", "policy"]])
def test_a_group_alone_shows_its_help(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing was asked for: the commands are listed, on standard error, exit 2."""
    assert auscult.main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Commands:" in captured.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nope"], "No such command 'nope'"),
        (["guard", "nope"], "No such command 'nope'. See auscult guard --help"),
        (["verify"], "Missing argument 'DOSSIER'. See auscult verify --help"),
        (["verify", "a", "b"], "unexpected extra argument"),
        (["verify", "a", "--nope"], "No such option"),
        (["verify", "a", "--at"], "requires an argument"),
        (["guard", "serve", "--port", "x"], "'x' is not a valid integer"),
        (["demo", "--draws", "0"], "'--draws': 0 is not in the range x>=1"),
        (["demo", "--port", "70000"], "'--port': 70000 is not in the range"),
        (["certify", "run", "--power", "1"], "'--power': 1.0 is not in the range"),
        (["certify", "plan", "--draws", "-1"], "'--draws': -1 is not in the range"),
        (["--nope"], "No such option"),
        (["guard", "audit", "export"], "Missing option '--out'"),
        (["verify", "a\nb", "c"], "unexpected extra argument"),
    ],
)  # fmt: skip
def test_wrong_usage_is_one_line_and_exits_2(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It says what is wrong and where the help is."""
    assert auscult.main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("auscult: ")
    assert captured.err.count("\n") == 1
    assert words in captured.err


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (CheckFailed("too wide", "draw more"), 1, "auscult: too wide; draw more"),
        (InputError("no file"), 2, "auscult: no file"),
        (RowError("rows, line 3:\n  broken"), 2, "auscult: rows, line 3: broken"),
        (UnknownSigner("who is it"), 1, "auscult: who is it"),
        (AuscultError("wrong"), 1, "auscult: wrong"),
        (ModuleNotFoundError("no", name="torch"), 2, "auscult: torch is not installed; run pip install 'auscult[certify]'"),
        (OSError(errno.ENOSPC, "No space left on device", "out.json"), 2, "auscult: No space left on device: out.json"),
        (PermissionError(), 2, "auscult: PermissionError"),
        (KeyboardInterrupt(), 1, "auscult: interrupted; nothing half-written was left"),
        (click.Abort(), 1, "auscult: interrupted; nothing half-written was left"),
        (click.ClickException("bad"), 1, "auscult: bad"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else None,
)
def test_every_failure_is_one_line(error: BaseException, code: int, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Our own errors, the disk's, a missing extra and Control-C: no traceback, and the documented exit code."""
    assert auscult._guarded(raising(error), ["certify"]) == code
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", line + "\n")


def test_a_reader_that_went_away_is_no_story(capsys: pytest.CaptureFixture[str]) -> None:
    """`auscult ... | head` ends quietly."""
    assert auscult._guarded(raising(BrokenPipeError()), []) == 1
    assert capsys.readouterr().err == ""


def test_a_bug_is_not_hidden() -> None:
    """What we did not raise on purpose keeps its traceback."""
    with pytest.raises(ZeroDivisionError):
        auscult._guarded(raising(ZeroDivisionError()), [])


@pytest.mark.parametrize("code", [0, 1, 2])
def test_a_command_can_choose_its_exit_code(code: int) -> None:
    """An audit that fails says so through the exit code alone."""

    @click.command()
    @click.pass_context
    def command(ctx: click.Context) -> None:
        ctx.exit(code)

    assert auscult._guarded(lambda: command.main(args=[], standalone_mode=False), []) == code


def test_a_closed_pipe_and_a_full_disk_as_a_program() -> None:
    """Started as a program, neither a reader that went away nor a full disk gives a traceback."""
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "auscult", "--help"]
    done = subprocess.run(command, cwd=ROOT, stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (1, "")
    if Path("/dev/full").exists():
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(command, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
        assert done.returncode == 2
        assert done.stderr.startswith("auscult: No space left on device")
        assert "Traceback" not in done.stderr
