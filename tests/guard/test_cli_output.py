"""What commands print: columns for people, JSON for machines, bars on a terminal only."""

from __future__ import annotations

import json

import pytest

from guard import progress, resources
from guard.cli_output import say, table
from guard.errors import InputError


def test_a_table_lines_up() -> None:
    """Columns are as wide as their widest cell, numbers stand to the right, and no line has spaces at its end."""
    lines = table(("claim", "draws"), [("a@prompt", "600"), ("long_name@prompt", "9")]).splitlines()
    assert lines == [
        "claim             draws",
        "----------------  -----",
        "a@prompt            600",
        "long_name@prompt      9",
    ]
    assert table(("claim", "draws"), []) == "claim  draws\n-----  -----"


def test_say_prints_json_or_text(capsys: pytest.CaptureFixture[str]) -> None:
    """The text is not even made for machines."""
    say(True, {"valid": True}, lambda: pytest.fail("not asked for"))
    assert json.loads(capsys.readouterr().out) == {"valid": True}
    say(False, {"valid": True}, lambda: "valid")
    assert capsys.readouterr().out == "valid\n"


@pytest.mark.parametrize("enabled", [None, False, True])
def test_short_work_shows_no_bar(capsys: pytest.CaptureFixture[str], enabled: bool | None) -> None:
    """Nothing is printed off a terminal, nor on one within the first two seconds."""
    with progress.shown(enabled=enabled) as phase:
        advance = phase("count", 3)
        for _ in range(3):
            advance(1)
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_packaged_files_are_found() -> None:
    """By the same name in a checkout and in an installation; what is missing is said."""
    assert resources.path("policies/clinical.yaml").is_file()
    assert resources.yaml("policies/clinical.yaml")["name"] == "clinical"
    with pytest.raises(InputError, match="this installation lacks policies/nothing"):
        resources.path("policies/nothing.yaml")
