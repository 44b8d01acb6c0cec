"""The figure and the words of long conversations: losses by length, one mark for each way to read. Shapes carry the meaning."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from markupsafe import Markup

from certify.long_input import READERS, interval, joined, share
from certify.report.drawing import svg, text_at
from certify.report.lengths import AtLength, ByLength, Standing
from certify.report.palette import COLOURS
from certify.report.tongue import ENGLISH, Tongue
from guard.certificate import Proportion

NONE_TESTED = "Nothing was tested at longer lengths: no hazard was planted in long ordinary chats."
SHIPPED = "the monitor as certified"
NAMES = tuple(READERS)
STANDINGS: dict[str, str] = {
    Standing.WITHIN: "no larger a share than the bounds",
    Standing.OVER: "above a bound by no more than chance explains",
    Standing.ABOVE: "above a bound",
}
FIGURED: dict[str, str] = {
    SHIPPED: "Filled circle",
    "decision token, last turn": "Square",
    "decision token, every turn": "Diamond",
    "mean of the text": "Triangle",
    "max of the text": "Cross",
    "rolling mean of 16, every turn": "Open circle",
    "moving average .9, text": "Bar",
}
"""What the figure shows, and by which shape."""
PANELS = (
    "False alarms, threshold of the shortest",
    "Misses, threshold of the shortest",
    "Misses, threshold of each length",
)
"""Its panels; what is shipped keeps its certified thresholds and is in the first two."""

_WIDTH, _LEFT, _WIDE, _GAP, _TOP, _HIGH, _LEGEND = 640, 44, 168, 32, 30, 150, 15

Series = dict[str, list[tuple[int, float]]]
"""By name points: tokens, rate."""


def counted(rate: Proportion, tongue: Tongue = ENGLISH) -> str:
    """Write a count with its interval in whole per cent, rounded outwards: "1 of 20 (0–25 %)"."""
    if not rate.trials:
        return tongue.say("none to count")
    low, high = interval(rate)
    of = tongue.say("%(some)s of %(all)s", some=tongue.count(rate.successes), all=tongue.count(rate.trials))
    return f"{of} ({math.floor(100 * low)}–{math.ceil(100 * high)} %)"


def title(name: str) -> str:
    """Return a way's name for the beginning of a line."""
    return f"{name[:1].upper()}{name[1:]}"


def panels(claim: ByLength) -> tuple[Series, Series, Series]:
    """Return what the panels show; misses are of hazards with one more exchange after them."""
    alarms, misses, matched = _empty(), _empty(), _empty()
    for each in claim.shipped:
        fired, missed = (_pooled(each, alarm=alarm) for alarm in (True, False))
        alarms[SHIPPED] += [(each.length, share(fired))] if fired.trials else []
        misses[SHIPPED] += [(each.length, share(missed))] if missed.trials else []
    for one in claim.reads:
        if one.reader in FIGURED:
            alarms[one.reader].append((one.length, share(one.short.alarms)))
            misses[one.reader].append((one.length, share(one.short.later)))
            matched[one.reader].append((one.length, share(one.matched.later)))
    return alarms, misses, matched


def _empty() -> Series:
    return {name: [] for name in FIGURED}


def _pooled(each: AtLength, *, alarm: bool) -> Proportion:
    total = Proportion(successes=0, trials=0)
    for one in each.cells:
        total = joined(total, one.lost.alarms if alarm else one.lost.later)
    return total


def figure(claim: ByLength, tongue: Tongue = ENGLISH) -> Markup:
    """Draw losses by length, on a logarithmic axis of tokens."""
    lengths = [each.length for each in claim.shipped]
    found = panels(claim)
    height = _TOP + _HIGH + 34 + _LEGEND * math.ceil(len(FIGURED) / 2)
    parts = [_panel(index, series, lengths, tongue) for index, series in enumerate(found)] + [_legend(tongue)]
    name = tongue.say("%(claim)s: losses by tokens of the conversation", claim=claim.claim)
    shapes = ". ".join(f"{tongue.say(shape)}: {tongue.say(way)}" for way, shape in FIGURED.items())
    told = "; ".join(_told(panel, series, tongue) for panel, series in zip(PANELS, found, strict=True))
    return svg(f"length-{claim.claim.replace('@', '-')}", name, f"{shapes}. {told}.", _WIDTH, height, parts)


def _told(panel: str, series: Mapping[str, Sequence[tuple[int, float]]], tongue: Tongue) -> str:
    lines = [
        f"{tongue.say(way)}: " + ", ".join(f"{tongue.count(length)}: {100 * rate:.0f} %" for length, rate in points)
        for way, points in series.items()
        if points
    ]
    return f"{tongue.say(panel)}: " + "; ".join(lines)


def _panel(index: int, series: Series, lengths: Sequence[int], tongue: Tongue) -> Markup:
    left = _LEFT + index * (_WIDE + _GAP)
    parts = [text_at(left, _TOP - 14, tongue.say(PANELS[index]), "ink", "start", 9.5, bold=True)]
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        line = Markup("<line x1='{a}' x2='{b}' y1='{y}' y2='{y}' stroke='{c}' stroke-width='1'/>")
        parts.append(line.format(a=left, b=left + _WIDE, y=_y(tick), c=COLOURS["line"]))
        if index == 0:
            parts.append(text_at(left - 5, _y(tick) + 4, f"{100 * tick:.0f} %", "soft", "end", 9.5))
    for length in lengths:
        parts.append(text_at(_x(left, length, lengths), _TOP + _HIGH + 18, tongue.count(length), "soft", "middle", 9.5))
    for number, (way, points) in enumerate(series.items()):
        places = [(round(_x(left, length, lengths) + 2 * (number - 3), 1), _y(rate)) for length, rate in points]
        line = Markup("<polyline points='{p}' fill='none' stroke='{c}' stroke-width='1.2'/>")
        parts.append(line.format(p=" ".join(f"{x},{y}" for x, y in places), c=_colour(way)) if places else Markup(""))
        parts += [_mark(way, x, y) for x, y in places]
    return Markup("").join(parts)


def _x(left: float, length: int, lengths: Sequence[int]) -> float:
    low, high = math.log(lengths[0]), math.log(max(lengths[-1], lengths[0] + 1))
    return round(left + 10 + (_WIDE - 20) * (math.log(length) - low) / (high - low), 1)


def _y(rate: float) -> float:
    return round(_TOP + _HIGH * (1 - rate), 1)


def _legend(tongue: Tongue) -> Markup:
    parts = []
    for number, way in enumerate(FIGURED):
        x, y = _LEFT + 8 + 300 * (number % 2), _TOP + _HIGH + 42 + _LEGEND * (number // 2)
        parts.append(_mark(way, x, y - 4) + text_at(x + 12, y, tongue.say(way), "ink", "start", 10.5))
    return Markup("").join(parts)


def _colour(way: str) -> str:
    return COLOURS["accent" if way == SHIPPED else "soft"]


def _mark(way: str, x: float, y: float) -> Markup:
    shape = {
        "Filled circle": Markup("<circle cx='{x}' cy='{y}' r='4.5' fill='{c}'/>"),
        "Square": Markup("<rect x='{l}' y='{a}' width='7' height='7' fill='{paper}' stroke='{c}' stroke-width='1.6'/>"),
        "Diamond": Markup("<path d='M{x} {t} l5 5 l-5 5 l-5 -5 z' fill='{paper}' stroke='{c}' stroke-width='1.6'/>"),
        "Triangle": Markup("<path d='M{x} {t} l4.5 8.5 h-9 z' fill='{paper}' stroke='{c}' stroke-width='1.6'/>"),
        "Cross": Markup("<path d='M{l} {a} l7 7 m0 -7 l-7 7' fill='none' stroke='{c}' stroke-width='1.6'/>"),
        "Open circle": Markup("<circle cx='{x}' cy='{y}' r='4' fill='{paper}' stroke='{c}' stroke-width='1.6'/>"),
        "Bar": Markup("<path d='M{x} {t} v10' fill='none' stroke='{c}' stroke-width='2.4'/>"),
    }[FIGURED[way]]
    return shape.format(
        x=x, y=y, l=round(x - 3.5, 1), a=round(y - 3.5, 1), t=round(y - 5, 1), c=_colour(way), paper=COLOURS["paper"]
    )
