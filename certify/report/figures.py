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
from certify.report.drawing import svg, text_at
from certify.report.palette import COLOURS
from certify.report.tongue import Tongue
from certify.report.views import ClaimView
from guard.certificate import Status

_STATUS_COLOUR = {Status.PASS: "pass", Status.NOT_SHOWN: "open", Status.FAIL: "fail", None: "info"}

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
        _panel(listed, scale, f"{name}-listed", "%(title)s: misses on new scenarios of the listed kinds", claim),
        _panel(unseen, scale, f"{name}-unseen", "%(title)s: misses on kinds not used for fitting or selection", claim),
    )


def false_alarms(claim: ClaimView) -> tuple[Markup, Markup]:
    """Draw the false-alarm bounds of one claim by cell: ordinary conversations and look-alikes."""
    traffic, near = [cell.traffic for cell in claim.cells], [cell.near for cell in claim.cells]
    numbers = [float(number) for view in traffic + near for number in (view.bound.upper, view.bound.limit or "0")]
    scale = axis(numbers)
    name = claim.anchor
    return (
        _panel(traffic, scale, f"{name}-traffic", "%(title)s: false alarms on ordinary conversations", claim),
        _panel(near, scale, f"{name}-near", "%(title)s: false alarms on harmless look-alikes", claim),
    )


def _panel(views: Sequence[BoundView], scale: Axis, name: str, title: str, claim: ClaimView) -> Markup:
    tongue = views[0].tongue
    height = _TOP + _ROW * len(views) + 30
    parts = [_grid(scale, height, tongue)]
    parts += [_row(view, scale, _TOP + _ROW * index) for index, view in enumerate(views)]
    return svg(name, tongue.say(title, title=claim.title), _describe(views, tongue), _WIDTH, height, parts)


def _grid(scale: Axis, height: int, tongue: Tongue) -> Markup:
    bottom = height - 26
    lines = [
        Markup("<line x1='{x}' x2='{x}' y1='{top}' y2='{bottom}' stroke='{line}' stroke-width='1'/>").format(
            x=scale.x(tick), top=_TOP, bottom=bottom, line=COLOURS["line"]
        )
        + text_at(scale.x(tick), bottom + 15, tongue.digits(f"{tick * 100:g} %"), "soft", "middle", 10.5)
        for tick in scale.ticks
    ]
    return Markup("").join(lines)


def _row(view: BoundView, scale: Axis, y: int) -> Markup:
    bound = view.bound
    colour = COLOURS[_STATUS_COLOUR[bound.status]]
    middle = y + 24
    start, end = scale.x(float(bound.mean)), scale.x(float(bound.upper))
    label = text_at(_LEFT, y + 10, view.where, "ink", "start", 11.5)
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
    word = str(bound.status) if bound.status else view.tongue.say("no limit")
    numbers = text_at(
        _WIDTH - _RIGHT + 12, middle - 2, view.tongue.say("at most %(upper)s", upper=view.upper), "ink", "start", 11.5
    )
    verdict = text_at(_WIDTH - _RIGHT + 12, middle + 12, word, _STATUS_COLOUR[bound.status], "start", 11.5, bold=True)
    return label + limit + bar + numbers + verdict


def _describe(views: Sequence[BoundView], tongue: Tongue) -> str:
    rows = []
    for view in views:
        limit = tongue.say("no limit")
        if view.bound.limit:
            number = tongue.digits(rounding.near(view.bound.limit))
            limit = tongue.say(
                "limit %(number)s, %(status)s", number=number, status=words.status_word(view.bound.status, tongue)
            )
        row = tongue.say("%(where)s: mean %(mean)s, bound %(upper)s", where=view.where, mean=view.mean, upper=view.upper)
        rows.append(f"{row}, {limit}")
    how = tongue.say("Circle: mean loss of the test. Bar: up to the upper bound. Dashed line: the limit.")
    return f"{how} {'; '.join(rows)}."
