"""The packaged tables that rules know: facts with their source, and the words by which people name things.

Only what was seen in a named source (status V) makes a rule speak; words may be from general knowledge.
"""

from __future__ import annotations

import csv
import io
from functools import cache
from pathlib import Path

from guard import files, resources

FACTS = ("policies/facts/drugs.csv", "policies/facts/names.csv")
"""Tables that tell which drugs there are and what they are called."""
WORDS = "policies/rules/words.csv"
"""Words for classes, substances, conditions and foods of the table of interactions."""

SEEN = "V"
"""Status of a row that was seen in a named source."""


@cache
def rows(name: str) -> tuple[dict[str, str], ...]:
    """Return the rows of a packaged table.

    Raises:
        InputError: This installation lacks it.
    """
    return tuple(csv.DictReader(io.StringIO(files.read(path(name)).decode())))


def path(name: str) -> Path:
    """Return where a packaged table lies.

    Raises:
        InputError: This installation lacks it.
    """
    return resources.path(name)


def split(cell: str) -> list[str]:
    """Return the parts of a cell that holds a list."""
    return [part.strip() for part in cell.split(";") if part.strip()]
