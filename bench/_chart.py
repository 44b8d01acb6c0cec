"""Lines by length, as SVG text: panels side by side, one line a name, numbers in words for those who can't see them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

INKS = ("#0d4f5c", "#961c1c", "#784800", "#14603a", "#5b3a8c", "#1c2530", "#b0487a", "#4a5666")
_SOFT, _LINE = "#4a5666", "#d8d3c7"
_LEFT, _TOP, _WIDE, _HIGH, _GAP = 52, 58, 300, 230, 46

Panel = tuple[str, Mapping[str, Sequence[tuple[float, float]]]]
"""Title, and per name points (tokens, rate)."""


def chart(title: str, panels: Sequence[Panel]) -> str:
    """Draw rates between 0 and 1 over lengths on a logarithmic axis."""
    names = list(dict.fromkeys(name for _, lines in panels for name in lines))
    height = _TOP + _HIGH + 40 + 18 * math.ceil(len(names) / 2) + 12
    width = _LEFT + len(panels) * (_WIDE + _GAP)
    lengths = sorted({x for _, lines in panels for points in lines.values() for x, _ in points})
    parts = [_text(_LEFT, 24, title, weight="600")]
    for index, (name, lines) in enumerate(panels):
        parts += _panel(_LEFT + index * (_WIDE + _GAP), name, lines, lengths, names)
    for index, name in enumerate(names):
        x, y = _LEFT + (index % 2) * 340, _TOP + _HIGH + 48 + 18 * (index // 2)
        parts.append(f'<path d="M{x} {y - 4}h24" {_stroke(index)}/>' + _text(x + 32, y, name))
    said = "; ".join(
        f"{panel}, {name}: " + ", ".join(f"{y:.2f} at {x:g}" for x, y in points)
        for panel, lines in panels
        for name, points in lines.items()
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {width} {height}" '
        f'font-family="system-ui, Segoe UI, Helvetica Neue, Arial, sans-serif" font-size="12">'
        f"<title>{escape(title)}</title><desc>{escape(said)}</desc>"
        f'<rect width="100%" height="100%" fill="#fff"/>{"".join(parts)}</svg>\n'
    )


def _panel(
    left: float, title: str, lines: Mapping[str, Sequence[tuple[float, float]]], lengths: Sequence[float], names: list[str]
) -> list[str]:
    low, high = math.log(lengths[0]), math.log(max(lengths[-1], lengths[0] * 1.01))

    def place(x: float, y: float) -> str:
        return f"{left + _WIDE * (math.log(x) - low) / (high - low):.1f} {_TOP + _HIGH * (1 - y):.1f}"

    parts = [_text(left, _TOP - 14, title, colour=_SOFT)]
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = _TOP + _HIGH * (1 - tick)
        parts.append(f'<path d="M{left} {y:.1f}h{_WIDE}" stroke="{_LINE}"/>')
        parts.append(_text(left - 6, y + 4, f"{tick:g}", anchor="end", colour=_SOFT))
    for length in lengths:
        x = float(place(length, 0).split()[0])
        parts.append(_text(x, _TOP + _HIGH + 18, f"{length:,.0f}", anchor="middle", colour=_SOFT))
    for name, points in lines.items():
        path = "M" + "L".join(place(x, y) for x, y in points)
        parts.append(f'<path d="{path}" fill="none" {_stroke(names.index(name))}/>')
    return parts


def _stroke(index: int) -> str:
    dash = ("", "6 3", "2 3")[index % 3]
    return f'stroke="{INKS[index % len(INKS)]}" stroke-width="2" stroke-dasharray="{dash}"'


def _text(x: float, y: float, said: str, *, anchor: str = "start", colour: str = "#1c2530", weight: str = "400") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" font-weight="{weight}">{escape(said)}</text>'
