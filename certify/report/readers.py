"""The figure of external data: how well the monitor and the cheaper readers rank each set. Shapes carry the meaning."""

from __future__ import annotations

from markupsafe import Markup

from certify.report.drawing import svg, text_at
from certify.report.palette import COLOURS
from certify.report.sources import ExternalResult, ExternalSection, NotGiven, OneClassOnly, Reading
from certify.report.tongue import ENGLISH, Tongue

READERS = {
    "monitor": "monitor",
    "text": "words, characters",
    "embedding": "sentence embedding",
    "random_weights": "random weights",
    "form": "length, format",
}
"""Readers in the figure, in a word or two."""
SHAPES = {
    "monitor": "Filled circle",
    "text": "Square",
    "embedding": "Diamond",
    "random_weights": "Cross",
    "form": "Triangle",
}
"""Shapes that they have there."""


def auroc(section: ExternalSection | NotGiven, tongue: Tongue = ENGLISH) -> Markup:
    """Draw how well the monitor and the baselines rank each external set; empty when nothing has both classes."""
    if isinstance(section, NotGiven):
        return Markup("")
    named = [(file.name, result) for file in section.files for result in file.results]
    named += [(tongue.say("all files together"), result) for result in section.pooled]
    rows = [(name, result) for name, result in named if not isinstance(result.monitor.auroc, OneClassOnly)]
    if not rows:
        return Markup("")
    height = 40 + 38 * len(rows) + 30
    parts = [_grid(height, tongue)] + [_row(name, row, 40 + 38 * index) for index, (name, row) in enumerate(rows)]
    text = "; ".join(f"{name}, {row.claim}: " + ", ".join(_ranked(row, tongue)) for name, row in rows)
    shapes = ". ".join(f"{tongue.say(shape)}: {tongue.say(READERS[name])}" for name, shape in SHAPES.items())
    note = tongue.say("AUROC from 0 to 1; %(half)s is chance.", half=tongue.digits("0.5"))
    title = tongue.say("How well each reader ranks external rows")
    return svg("external-auroc", title, f"{note} {shapes}. {text}.", 640, height, parts)


def _ranked(row: ExternalResult, tongue: Tongue) -> list[str]:
    return [f"{tongue.say(READERS[name])} {tongue.digits(f'{area:.3f}')}" for name, area in _areas(row)]


def _areas(row: ExternalResult) -> list[tuple[str, float]]:
    readings = [("monitor", row.monitor), *((one.reader, one.reading) for one in row.others if one.reader in READERS)]
    return [
        (name, reading.auroc)
        for name, reading in readings
        if isinstance(reading, Reading) and not isinstance(reading.auroc, OneClassOnly)
    ]


def _x(value: float) -> float:
    return round(20 + 590 * value, 1)


def _grid(height: int, tongue: Tongue) -> Markup:
    bottom = height - 26
    parts = []
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        x, chance = _x(tick), tick == 0.5
        line = Markup(
            "<line x1='{x}' x2='{x}' y1='30' y2='{bottom}' stroke='{c}' stroke-width='{width}' stroke-dasharray='{dash}'/>"
        ).format(
            x=x,
            bottom=bottom,
            c=COLOURS["soft" if chance else "line"],
            width=1.6 if chance else 1,
            dash="4 3" if chance else "none",
        )
        said = tongue.digits(f"{tick:g}")
        if chance:
            said = tongue.say("%(number)s chance", number=said)
        parts.append(line + text_at(x, bottom + 15, said, "soft", "middle", 10.5))
    return Markup("").join(parts) + _legend(tongue)


def _legend(tongue: Tongue) -> Markup:
    items, x = [], 26.0
    for kind, named in READERS.items():
        label = tongue.say(named)
        items.append(_mark(kind, x, 12) + text_at(x + 11, 16, label, "ink", "start", 11.5))
        x += 26 + 6.6 * len(label)
    return Markup("").join(items)


def _row(name: str, row: ExternalResult, y: int) -> Markup:
    middle = y + 22
    label = text_at(20, y + 9, f"{name} · {row.claim}", "ink", "start", 11.5)
    rule = Markup("<line x1='20' x2='610' y1='{y}' y2='{y}' stroke='{c}' stroke-width='1'/>").format(
        y=middle, c=COLOURS["line"]
    )
    marks = [_mark(kind, _x(area), middle) for kind, area in reversed(_areas(row))]
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
