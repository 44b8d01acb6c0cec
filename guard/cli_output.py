"""What commands print: tables for people, JSON for machines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click
import msgspec


def say(as_json: bool, value: Any, text: Callable[[], str]) -> None:
    """Print a value as JSON, or as the text made for people."""
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() if as_json else text())


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay rows out in columns, numbers to the right."""
    widths = [max(len(heads[i]), *(len(row[i]) for row in rows)) if rows else len(heads[i]) for i in range(len(heads))]
    lines = [_line(heads, widths, heads), "  ".join("-" * width for width in widths)]
    return "\n".join(lines + [_line(row, widths, row) for row in rows])


def _line(cells: Sequence[str], widths: Sequence[int], row: Sequence[str]) -> str:
    aligned = [
        cell.rjust(width) if _is_number(row[index]) else cell.ljust(width)
        for index, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "  ".join(aligned).rstrip()


def _is_number(cell: str) -> bool:
    return cell[:1].isdigit() or cell in {"-", "one class"}
