"""The plots of an audit, as SVG text: the gate's figures, how rows are told, and how hard they are to read.

Comes in: figures. Goes out: pictures by file name, each with a title and a description in words. Shapes carry the meaning,
colour repeats it; every number stands in the audit's JSON, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from synth_data import baselines, shortcuts
from synth_data.coverage import Count, Coverage, Spread
from synth_data.shortcuts import Figure, Gate, Outcome, Scope, Split

_INK, _SOFT, _LINE, _GOOD, _BAD, _OPEN, _ACCENT = "#1c2530", "#4a5666", "#d8d3c7", "#14603a", "#961c1c", "#784800", "#0d4f5c"
_FONT = "system-ui, Segoe UI, Helvetica Neue, Arial, sans-serif"
_STEP = 18
_COLOUR = {Outcome.PASS: _GOOD, Outcome.TOO_FEW: _OPEN, Outcome.NO_LIMIT: _SOFT}
_TITLES = {Scope.PAIRS: "inside pairs", Scope.OVERALL: "overall"}
_MOST_VALUES = 12


def all_of(gate: Gate, coverage: Coverage) -> dict[str, tuple[str, str]]:
    """Return title and SVG of every plot, by file name."""
    return {
        "gate.svg": ("AUROC of readers that understand nothing, on families left out", aurocs(gate)),
        "told.svg": ("Rows by how they are told", told(coverage.counts)),
        "readability.svg": ("Spread of readability", readability(coverage.spread)),
    }


def aurocs(gate: Gate) -> str:
    """Draw the gate's figures on families left out: a dot, its interval, and the limits, in a panel for each scope."""
    parts: list[str] = []
    lines: list[str] = []
    y = 52
    panels = {Scope.PAIRS: (210, 300), Scope.OVERALL: (560, 300)}
    for reading in gate.readings:
        parts.append(_text(10, y + 4, f"{reading.claim} {reading.lang}", bold=True))
        y += _STEP
        for kind in baselines.ALL:
            parts.append(_text(16, y + 4, kind.name, colour=_SOFT))
            for figure in reading.figures:
                if figure.baseline == kind.name and figure.left_out is Split.FAMILIES:
                    parts.append(_dot(figure, *panels[figure.scope], y))
                    lines.append(f"{reading.claim} {kind.name} {_TITLES[figure.scope]} {shortcuts.interval(figure.auroc)}")
            y += _STEP
        y += 8
    grid = [_grid(scope, left, width, y) for scope, (left, width) in panels.items()]
    note = "Dot: AUROC; bar: 95 % interval; dashed: limit; dotted: below it a leak is turned round. Cross: does not pass. "
    return _svg("Readers that understand nothing", note + "; ".join(lines), 880, y + 26, grid + parts)


def _grid(scope: Scope, left: int, width: int, bottom: int) -> str:
    parts = [_text(left + width / 2, 16, f"AUROC {_TITLES[scope]}", anchor="middle", bold=True)]
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        x = left + width * tick
        parts.append(_rule(x, 38, bottom, _LINE, "") + _text(x, bottom + 15, f"{tick:g}", anchor="middle", colour=_SOFT))
    limit = shortcuts.LIMITS[scope]
    for value, dash in ((limit, "4 3"), (shortcuts.LEAST, "1 3")):
        x = left + width * value
        parts.append(_rule(x, 34, bottom, _INK, dash) + _text(x, 31, f"{value:.2f}", anchor="middle"))
    return "".join(parts)


def _dot(figure: Figure, left: int, width: int, y: int) -> str:
    colour = _COLOUR.get(figure.outcome, _BAD)
    low, at, high = (round(left + width * value, 1) for value in (figure.auroc.low, figure.auroc.value, figure.auroc.high))
    bar = f"<line x1='{low}' x2='{high}' y1='{y}' y2='{y}' stroke='{colour}' stroke-width='2.5'/>"
    if figure.outcome is Outcome.PASS:
        return bar + f"<circle cx='{at}' cy='{y}' r='4.5' fill='#fff' stroke='{colour}' stroke-width='2'/>"
    return bar + f"<path d='M{at - 4} {y - 4} l8 8 m0 -8 l-8 8' stroke='{colour}' stroke-width='2.5'/>"


def told(counts: Sequence[Count]) -> str:
    """Draw how many rows have each length, number of turns, and value of each trait."""
    groups: dict[str, dict[str, int]] = {"length": {}, "turns": {}}
    for count in counts:
        _add(groups["length"], {count.bucket: count.rows})
        _add(groups["turns"], count.turns)
        for name, values in count.traits.items():
            _add(groups.setdefault(name, {}), values)
    parts: list[str] = []
    lines: list[str] = []
    y = 16
    for name, values in groups.items():
        parts.append(_text(10, y + 4, name, bold=True))
        y += _STEP
        shown = _most(values, numeric=name == "turns")
        most = max([*shown.values(), 1])
        for value, rows in shown.items():
            width = round(400 * rows / most, 1)
            parts.append(_text(16, y + 4, value[:28], colour=_SOFT))
            parts.append(f"<rect x='190' y='{y - 6}' width='{width}' height='12' fill='{_ACCENT}'/>")
            parts.append(_text(196 + width, y + 4, str(rows)))
            lines.append(f"{name} {value}: {rows}")
            y += _STEP
        y += 8
    return _svg("Rows by how they are told", "; ".join(lines), 660, y, parts)


def _add(total: dict[str, int], values: dict[str, int]) -> None:
    for value, rows in values.items():
        total[value] = total.get(value, 0) + rows


def _most(values: dict[str, int], *, numeric: bool) -> dict[str, int]:
    if numeric:
        return dict(sorted(values.items(), key=lambda item: int(item[0])))
    ranked = sorted(values.items(), key=lambda item: (-item[1], item[0]))
    rest = sum(rows for _, rows in ranked[_MOST_VALUES:])
    return dict(ranked[:_MOST_VALUES]) | ({f"{len(ranked) - _MOST_VALUES} more": rest} if rest else {})


def readability(spread: Sequence[Spread]) -> str:
    """Draw the quantiles of LIX for rows that carry a hazard and for the others."""
    top = 10 * (int(max([0.0, *(each.lix[-1] for each in spread)])) // 10 + 1)
    parts: list[str] = []
    lines: list[str] = []
    y, left, width, claim = 16, 210, 430, ""
    for each in spread:
        name = f"{each.claim} {each.lang}"
        if name != claim:
            y += 8 if claim else 0
            parts.append(_text(10, y + 4, name, bold=True))
            y, claim = y + _STEP, name
        low, early, middle, late, high = (round(left + width * value / top, 1) for value in each.lix)
        colour = _BAD if each.hazard else _ACCENT
        side = "hazard" if each.hazard else "no hazard"
        parts.append(_text(16, y + 4, side, colour=_SOFT))
        parts.append(f"<line x1='{low}' x2='{high}' y1='{y}' y2='{y}' stroke='{colour}' stroke-width='1.5'/>")
        parts.append(f"<rect x='{early}' y='{y - 4}' width='{late - early:.1f}' height='8' fill='{colour}'/>")
        parts.append(f"<line x1='{middle}' x2='{middle}' y1='{y - 7}' y2='{y + 7}' stroke='{_INK}' stroke-width='2.5'/>")
        lines.append(f"{name} {side}: median {each.lix[2]:g}, 5 % {each.lix[0]:g}, 95 % {each.lix[-1]:g}")
        y += _STEP
    grid = [
        _rule(left + width * tick / top, 26, y, _LINE, "")
        + _text(left + width * tick / top, y + 15, str(tick), anchor="middle", colour=_SOFT)
        for tick in range(0, top + 1, 10)
    ]
    parts.append(_text(16, y + 15, "readability index LIX", colour=_SOFT))
    note = "LIX; line: 5 to 95 %; box: 25 to 75 %; mark: median. Below 30 is very easy, above 50 hard. "
    return _svg("Spread of readability", note + "; ".join(lines), 660, y + 26, grid + parts)


def _rule(x: float, top: float, bottom: float, colour: str, dash: str) -> str:
    dashed = f" stroke-dasharray='{dash}'" if dash else ""
    return f"<line x1='{x:.1f}' x2='{x:.1f}' y1='{top}' y2='{bottom}' stroke='{colour}' stroke-width='1.2'{dashed}/>"


def _text(x: float, y: float, text: str, *, anchor: str = "start", colour: str = _INK, bold: bool = False) -> str:
    weight = 650 if bold else 400
    return (
        f"<text x='{x:.1f}' y='{y}' fill='{colour}' text-anchor='{anchor}' font-size='11.5' font-weight='{weight}'>"
        f"{escape(text)}</text>"
    )


def _svg(title: str, description: str, width: int, height: float, parts: Sequence[str]) -> str:
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' role='img' viewBox='0 0 {width} {height}' width='{width}' height='{height}' "
        f"font-family='{_FONT}'><title>{escape(title)}</title><desc>{escape(description)}</desc>"
        f"<rect width='100%' height='100%' fill='#fff'/>{''.join(parts)}</svg>\n"
    )
