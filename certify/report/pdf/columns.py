"""Share a table's width among its columns the way a browser does: by the longest word and the longest line of each.

Comes in: a table of the page. Goes out: one number per column. Widths are counted in characters, which is all that a
typesetter that is told shares needs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from certify.report.pdf.tree import Element

LINE, DENSE_LINE = 126.0, 150.0
"""Characters of small text that fit on one line of the page, in an ordinary and in a dense table."""
_TIGHT = 0.85
"""Of the room; where more is needed at least, phrases are broken, too."""
LONGEST_WORD = 26
"""A word longer than this is broken."""

_NUMBERS, _PHRASES = frozenset({"n", "cell"}), frozenset({"n", "cell", "nb"})
"""Classes of cells that stay on one line: always, and where there is room."""
_WIDE = 1.13
"""How much wider the letters of a typewriter face are."""
_CAPITAL = 1.45
"""How much wider capitals are."""
_SMALL = 0.92
"""How much smaller the second line of a cell is."""
_GAP, _ICON, _BLANK = 1.8, 3.0, 14.0


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell, at its place in the grid."""

    column: int
    """From 0."""
    span: int
    """Columns that it covers."""
    element: Element
    """The `th` or `td`."""


def grid(table: Element) -> list[list[Cell]]:
    """Place every cell of a table, row by row; cells that reach down push those below them aside."""
    taken: dict[tuple[int, int], bool] = {}
    rows = []
    for index, row in enumerate(one for one in table.walk() if one.tag == "tr"):
        cells, column = [], 0
        for element in row.children:
            if not isinstance(element, Element):
                continue
            while (index, column) in taken:
                column += 1
            span, down = (int(element.attributes.get(name, "1") or "1") for name in ("colspan", "rowspan"))
            taken.update(dict.fromkeys(((index + y, column + x) for y in range(down) for x in range(span)), True))
            cells.append(Cell(column, span, element))
            column += span
        rows.append(cells)
    return rows


def shares(table: Element, *, dense: bool) -> list[float]:
    """Return the share of the width that each column gets."""
    cells = sorted((cell for row in grid(table) for cell in row), key=lambda one: one.span)
    count = max((cell.column + cell.span for cell in cells), default=0)
    room = (DENSE_LINE if dense else LINE) - _GAP * count
    least, most = _columns(cells, count, _PHRASES)
    if sum(least) > _TIGHT * room:
        least, most = _columns(cells, count, _NUMBERS)
    if sum(least) >= room or sum(most) == sum(least):
        return [round(one + _GAP, 2) for one in least]
    part = min(1.0, (room - sum(least)) / (sum(most) - sum(least)))
    fitted = [low + part * (high - low) for low, high in zip(least, most, strict=True)]
    rest = max(0.0, room - sum(fitted))
    return [round(one + _GAP + rest * one / sum(fitted), 2) for one in fitted]


def _columns(cells: Iterable[Cell], count: int, unbroken: frozenset[str]) -> tuple[list[float], list[float]]:
    """Return how narrow each column can be, and how wide it would like to be."""
    least, most = [1.0] * count, [1.0] * count
    for cell in cells:
        places = range(cell.column, cell.column + cell.span)
        for needs, wanted in zip((least, most), _needs(cell.element, unbroken), strict=True):
            lacking = (wanted - sum(needs[place] for place in places)) / cell.span
            for place in places if lacking > 0 else ():
                needs[place] += lacking
    return least, [max(pair) for pair in zip(least, most, strict=True)]


def _needs(element: Element, unbroken: frozenset[str], *, wide: bool = False, whole: bool = False) -> tuple[float, float]:
    """Return the width of the longest word, and of the longest line, of an element."""
    wide = wide or "mono" in element.classes or element.tag == "code"
    whole = whole or (element.tag != "th" and bool(unbroken & set(element.classes)))
    word = line = longest = 0.0
    for child in element.children:
        if isinstance(child, str):
            width = _length(child, wide=wide)
            words = [width] if whole else [_length(one[:LONGEST_WORD], wide=wide) for one in child.split()]
            word, line = max([word, *words]), line + width
        elif child.tag == "svg":
            line += _ICON
        elif "fill" in child.classes:
            word, line = max(word, _BLANK), line + 2 * _BLANK
        elif child.tag == "br":
            longest, line = max(longest, line), 0.0
        else:
            narrow, long = _needs(child, unbroken, wide=wide, whole=whole)
            if "sub" in child.classes:
                word, longest, line = max(word, _SMALL * narrow), max(longest, line, _SMALL * long), 0.0
            else:
                word, line = max(word, narrow), line + long
    return word, max(longest, line)


def _length(text: str, *, wide: bool) -> float:
    """Return how long a text is, in ordinary letters: those of a typewriter face and capitals are wider."""
    return _WIDE * len(text) if wide else sum(_CAPITAL if letter.isupper() else 1.0 for letter in text)
