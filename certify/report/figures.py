"""The figures, as SVG text that any rendering can embed: each with a title and a description in words.

Every number in a figure stands in a table of the report, too. Shapes and words carry the meaning; colour repeats it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from certify.report import rounding, words
from certify.report.bound import BoundView
from certify.report.palette import COLOURS
from certify.report.sources import ExternalResult, ExternalSection, NotGiven, OneClassOnly, Reading
from certify.report.views import ClaimView
from guard.certificate import Status

_STATUS_COLOUR = {Status.PASS: "pass", Status.NOT_SHOWN: "open", Status.FAIL: "fail", None: "info"}
_SANS = "system-ui, Segoe UI, Helvetica Neue, Arial, sans-serif"

_ROW, _TOP, _WIDTH, _LEFT, _RIGHT = 40, 8, 360, 10, 104


@dataclass(frozen=True, slots=True)
class Axis:
    """A linear scale from 0 to `top` over the plotting width of a panel."""

    top: float
    """Largest value."""
    step: float
    """Distance of ticks."""

    def x(self, value: float) -> str:
        """Return the horizontal place of a rate."""
        return f"{_LEFT + (_WIDTH - _LEFT - _RIGHT) * min(value, self.top) / self.top:.1f}"

    @property
    def ticks(self) -> list[float]:
        """Where the ticks stand."""
        return [self.step * index for index in range(round(self.top / self.step) + 1)]


def axis(values: Sequence[float]) -> Axis:
    """Choose a scale from 0 that holds every value, with four to six ticks at round places."""
    largest = max([*values, 0.02])
    for step in (0.005, 0.01, 0.02, 0.05, 0.1, 0.2):
        if largest <= 5 * step:
            return Axis(step * max(2, math.ceil(largest / step - 1e-9)), step)
    return Axis(1.0, 0.2)


def dot_and_bound(claim: ClaimView) -> tuple[Markup, Markup]:
    """Draw the bounds of one claim by cell: listed and unseen kinds, two panels on one scale."""
    listed, unseen = [cell.miss for cell in claim.cells], [cell.unseen for cell in claim.cells]
    numbers = [float(number) for view in listed + unseen for number in (view.bound.upper, view.bound.limit or "0")]
    scale = axis(numbers)
    name = claim.anchor
    return (
        _panel(listed, scale, f"{name}-listed", f"{claim.title}: misses on new scenarios of the listed kinds"),
        _panel(unseen, scale, f"{name}-unseen", f"{claim.title}: misses on kinds not used for fitting or selection"),
    )


def false_alarms(claim: ClaimView) -> tuple[Markup, Markup]:
    """Draw the false-alarm bounds of one claim by cell: ordinary conversations and look-alikes."""
    traffic, near = [cell.traffic for cell in claim.cells], [cell.near for cell in claim.cells]
    numbers = [float(number) for view in traffic + near for number in (view.bound.upper, view.bound.limit or "0")]
    scale = axis(numbers)
    name = claim.anchor
    return (
        _panel(traffic, scale, f"{name}-traffic", f"{claim.title}: false alarms on ordinary conversations"),
        _panel(near, scale, f"{name}-near", f"{claim.title}: false alarms on harmless look-alikes"),
    )


def _panel(views: Sequence[BoundView], scale: Axis, name: str, title: str) -> Markup:
    height = _TOP + _ROW * len(views) + 30
    parts = [_grid(scale, height)]
    parts += [_row(view, scale, _TOP + _ROW * index) for index, view in enumerate(views)]
    return _svg(name, title, _describe(views), _WIDTH, height, parts)


def _grid(scale: Axis, height: int) -> Markup:
    bottom = height - 26
    lines = [
        Markup("<line x1='{x}' x2='{x}' y1='{top}' y2='{bottom}' stroke='{line}' stroke-width='1'/>").format(
            x=scale.x(tick), top=_TOP, bottom=bottom, line=COLOURS["line"]
        )
        + _text(scale.x(tick), bottom + 15, f"{tick * 100:g} %", "soft", "middle", 10.5)
        for tick in scale.ticks
    ]
    return Markup("").join(lines)


def _row(view: BoundView, scale: Axis, y: int) -> Markup:
    bound = view.bound
    colour = COLOURS[_STATUS_COLOUR[bound.status]]
    middle = y + 24
    start, end = scale.x(float(bound.mean)), scale.x(float(bound.upper))
    label = _text(_LEFT, y + 10, view.where, "ink", "start", 11.5)
    bar = Markup(
        "<line x1='{start}' x2='{end}' y1='{y}' y2='{y}' stroke='{colour}' stroke-width='3'/>"
        "<line x1='{end}' x2='{end}' y1='{above}' y2='{below}' stroke='{colour}' stroke-width='3'/>"
        "<circle cx='{start}' cy='{y}' r='4.5' fill='{paper}' stroke='{colour}' stroke-width='2'/>"
    ).format(start=start, end=end, y=middle, above=middle - 8, below=middle + 8, colour=colour, paper=COLOURS["paper"])
    limit = Markup("")
    if bound.limit:
        limit = Markup(
            "<line x1='{x}' x2='{x}' y1='{above}' y2='{below}' stroke='{ink}' stroke-width='1.6' stroke-dasharray='4 3'/>"
        ).format(x=scale.x(float(bound.limit)), above=middle - 12, below=middle + 12, ink=COLOURS["ink"])
    word = words.status_word(bound.status)
    numbers = _text(_WIDTH - _RIGHT + 12, middle - 2, f"at most {view.upper}", "ink", "start", 11.5)
    verdict = _text(_WIDTH - _RIGHT + 12, middle + 12, word, _STATUS_COLOUR[bound.status], "start", 11.5, bold=True)
    return label + limit + bar + numbers + verdict


def _describe(views: Sequence[BoundView]) -> str:
    rows = [
        f"{view.where}: mean {view.mean}, bound {view.upper}, "
        + (f"limit {rounding.near(view.bound.limit)}, {view.bound.status}" if view.bound.limit else "no limit")
        for view in views
    ]
    return "Circle: mean loss of the test. Bar: up to the upper bound. Dashed line: the limit. " + "; ".join(rows) + "."


READERS = {
    "monitor": "monitor",
    "text": "words, characters",
    "embedding": "sentence embedding",
    "random_weights": "random weights",
    "form": "length, format",
}
"""Readers in the figure, in a word or two."""
_SHAPES = {
    "monitor": "Filled circle",
    "text": "Square",
    "embedding": "Diamond",
    "random_weights": "Cross",
    "form": "Triangle",
}


def auroc(section: ExternalSection | NotGiven) -> Markup:
    """Draw how well the monitor and the baselines rank each external set; empty when nothing has both classes."""
    if isinstance(section, NotGiven):
        return Markup("")
    named = [(file.name, result) for file in section.files for result in file.results]
    named += [("all files together", result) for result in section.pooled]
    rows = [(name, result) for name, result in named if not isinstance(result.monitor.auroc, OneClassOnly)]
    if not rows:
        return Markup("")
    height = 40 + 38 * len(rows) + 30
    parts = [_auroc_grid(height)] + [_auroc_row(name, row, 40 + 38 * index) for index, (name, row) in enumerate(rows)]
    text = "; ".join(f"{name}, {row.claim}: " + ", ".join(_ranked(row)) for name, row in rows)
    shapes = ". ".join(f"{shape}: {READERS[name]}" for name, shape in _SHAPES.items())
    note = f"AUROC from 0 to 1; 0.5 is chance. {shapes}. "
    return _svg("external-auroc", "How well each reader ranks external rows", note + text + ".", 640, height, parts)


def _ranked(row: ExternalResult) -> list[str]:
    return [f"{READERS[name]} {area:.3f}" for name, area in _areas(row)]


def _areas(row: ExternalResult) -> list[tuple[str, float]]:
    readings = [("monitor", row.monitor), *((one.reader, one.reading) for one in row.others if one.reader in READERS)]
    return [
        (name, reading.auroc)
        for name, reading in readings
        if isinstance(reading, Reading) and not isinstance(reading.auroc, OneClassOnly)
    ]


def _auroc_x(value: float) -> float:
    return round(20 + 590 * value, 1)


def _auroc_grid(height: int) -> Markup:
    bottom = height - 26
    parts = []
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        x, chance = _auroc_x(tick), tick == 0.5
        line = Markup(
            "<line x1='{x}' x2='{x}' y1='30' y2='{bottom}' stroke='{c}' stroke-width='{width}' stroke-dasharray='{dash}'/>"
        ).format(
            x=x,
            bottom=bottom,
            c=COLOURS["soft" if chance else "line"],
            width=1.6 if chance else 1,
            dash="4 3" if chance else "none",
        )
        parts.append(line + _text(x, bottom + 15, f"{tick:g}" + (" chance" if chance else ""), "soft", "middle", 10.5))
    return Markup("").join(parts) + _legend()


def _legend() -> Markup:
    items, x = [], 26.0
    for kind, label in READERS.items():
        items.append(_mark(kind, x, 12) + _text(x + 11, 16, label, "ink", "start", 11.5))
        x += 26 + 6.6 * len(label)
    return Markup("").join(items)


def _auroc_row(name: str, row: ExternalResult, y: int) -> Markup:
    middle = y + 22
    label = _text(20, y + 9, f"{name} · {row.claim}", "ink", "start", 11.5)
    rule = Markup("<line x1='20' x2='610' y1='{y}' y2='{y}' stroke='{c}' stroke-width='1'/>").format(
        y=middle, c=COLOURS["line"]
    )
    marks = [_mark(kind, _auroc_x(area), middle) for kind, area in reversed(_areas(row))]
    return label + rule + Markup("").join(marks)


def _mark(kind: str, x: float, y: float) -> Markup:
    shape = {
        "monitor": Markup("<circle cx='{x}' cy='{y}' r='5.5' fill='{c}'/>"),
        "text": Markup("<rect x='{left}' y='{above}' width='9' height='9' fill='{paper}' stroke='{c}' stroke-width='2'/>"),
        "embedding": Markup("<path d='M{x} {top} l6 6 l-6 6 l-6 -6 z' fill='{paper}' stroke='{c}' stroke-width='2'/>"),
        "random_weights": Markup("<path d='M{left} {above} l9 9 m0 -9 l-9 9' fill='none' stroke='{c}' stroke-width='2'/>"),
        "form": Markup("<path d='M{x} {above} l5.5 10 h-11 z' fill='{paper}' stroke='{c}' stroke-width='2'/>"),
    }[kind]
    colour = COLOURS["accent" if kind == "monitor" else "ink"]
    return shape.format(x=x, y=y, left=x - 4.5, above=y - 4.5, top=y - 6, c=colour, paper=COLOURS["paper"])


def states() -> Markup:
    """Draw the states of a certificate at run time."""
    boxes = {"VALID": (20, 20), "EXPIRING": (240, 20), "EXPIRED": (460, 20), "SUSPENDED": (20, 120), "VOID": (460, 120)}
    colour = {"VALID": "pass", "EXPIRING": "open", "EXPIRED": "fail", "SUSPENDED": "open", "VOID": "fail"}
    parts = [_arrow_head()]
    parts += [
        Markup("<rect x='{x}' y='{y}' width='150' height='46' rx='6' fill='{wash}' stroke='{c}' stroke-width='2'/>").format(
            x=x, y=y, wash=COLOURS[colour[name] + "-wash"], c=COLOURS[colour[name]]
        )
        + _text(x + 75, y + 28, name, colour[name], "middle", 13, bold=True, wash=colour[name] + "-wash")
        for name, (x, y) in boxes.items()
    ]
    parts += [
        _arrow("M170 43 H236", "14 days left", 203, 36),
        _arrow("M390 43 H456", "end date", 423, 36),
        _arrow("M95 66 V116", "clock or list in doubt", 105, 96, "start"),
        _arrow("M170 143 H456", "digest, canary, signature or revocation: from any state", 313, 136),
    ]
    text = (
        "VALID becomes EXPIRING when 14 days are left, and EXPIRED at the end date. VALID becomes SUSPENDED when the "
        "clock or the revocation list is in doubt. Any state becomes VOID when a digest, canary or signature is wrong or the "
        "certificate was revoked."
    )
    return _svg("states", "States of a certificate at run time", text, 630, 186, parts)


def _arrow_head() -> Markup:
    return Markup(
        "<defs><marker id='arrow' viewBox='0 0 8 8' refX='7' refY='4' markerWidth='7' markerHeight='7' orient='auto'>"
        "<path d='M0 0 L8 4 L0 8 z' fill='{soft}'/></marker></defs>"
    ).format(soft=COLOURS["soft"])


def _arrow(path: str, label: str, x: float, y: float, anchor: str = "middle") -> Markup:
    line = Markup("<path d='{d}' fill='none' stroke='{c}' stroke-width='1.8' marker-end='url(#arrow)'/>").format(
        d=path, c=COLOURS["soft"]
    )
    return line + _text(x, y, label, "soft", anchor, 10.5)


def _text(
    x: float | str,
    y: float,
    text: str,
    colour: str,
    anchor: str,
    size: float,
    *,
    bold: bool = False,
    wash: str = "paper",
) -> Markup:
    behind = COLOURS[wash]
    return Markup(
        "<text x='{x}' y='{y}' fill='{fill}' stroke='{paper}' stroke-width='4' paint-order='stroke' "
        "text-anchor='{anchor}' font-size='{size}' font-weight='{weight}'>{text}</text>"
    ).format(x=x, y=y, fill=COLOURS[colour], anchor=anchor, size=size, weight=650 if bold else 400, text=text, paper=behind)


def _svg(name: str, title: str, description: str, width: int, height: int, parts: Sequence[Markup]) -> Markup:
    head = Markup(
        "<svg class='figure' role='img' aria-labelledby='{name}-t {name}-d' viewBox='0 0 {width} {height}' "
        "font-family='{font}'><title id='{name}-t'>{title}</title><desc id='{name}-d'>{description}</desc>"
    ).format(name=name, title=title, description=description, width=width, height=height, font=_SANS)
    return head + Markup("").join(parts) + Markup("</svg>")
