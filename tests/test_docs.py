"""Pages say what is true: every command that they show exists, every link leads somewhere."""

from __future__ import annotations

import dataclasses
import re
import shlex
from pathlib import Path

import click
import pytest

import auscult
from guard import settings

ROOT = Path(__file__).parent.parent
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md"), ROOT / "policies" / "README.md"])
_FENCE = re.compile(r"```(?:sh|console|bash)?\n(.*?)```", re.DOTALL)
_LINK = re.compile(r"\]\(([^)#\s]+)\)")
_CODE = re.compile(r"`(auscult [a-z][^`]*)`")


def _commands(page: Path) -> list[str]:
    text = page.read_text()
    lines = [line for block in _FENCE.findall(text) for line in block.replace("\\\n", " ").splitlines()]
    shown = [line.strip().removeprefix("$ ") for line in lines]
    return [line for line in shown if line.startswith("auscult ")] + _CODE.findall(text)


def _resolve(line: str) -> tuple[click.Command, list[str]]:
    """Walk down to the command that a line names; the rest are its arguments."""
    words = shlex.split(line.partition("#")[0])[1:]
    command: click.Command = auscult.auscult
    context = click.Context(command)
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(context, words[0])
        if found is None:
            break
        command, words = found, words[1:]
    return command, words


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_on_a_page_exists(page: Path) -> None:
    """Each `auscult ...` line names a command and options that the command line has."""
    for line in _commands(page):
        for variant in line.split(" | ") if "|" in line and "<" not in line else [line]:
            command, words = _resolve(variant if variant.startswith("auscult") else "auscult " + variant)
            known = {option for parameter in command.params for option in getattr(parameter, "opts", ())} | {"--help", "-h"}
            for word in words:
                if word.startswith("--"):
                    assert word.split("=")[0] in known, f"{page.name}: {line}: {word}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_on_a_page_leads_somewhere(page: Path) -> None:
    """A relative link names a file of the repository."""
    for target in _LINK.findall(page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_setting_of_a_guard_is_on_its_page() -> None:
    """The page about running a guard names each variable that `settings` reads, and no other."""
    named = set(re.findall(r"`(AUSCULT_[A-Z_]+)`", (ROOT / "docs" / "guard.md").read_text()))
    assert named == {settings.PREFIX + field.name.upper() for field in dataclasses.fields(settings.Settings)}


def test_every_command_has_an_example() -> None:
    """The help of every command shows how it is used."""
    stack: list[tuple[str, click.Command]] = [("auscult", auscult.auscult)]
    lacking = []
    while stack:
        name, command = stack.pop()
        if isinstance(command, click.Group):
            context = click.Context(command)
            for each in command.list_commands(context):
                found = command.get_command(context, each)
                assert found is not None
                stack.append((f"{name} {each}", found))
        elif "Example" not in (command.help or ""):
            lacking.append(name)
    assert not lacking
