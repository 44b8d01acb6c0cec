"""What a bound would become where conversations differ from those tested: what-if figures, no claims about any site.

Comes in: the upper bound on misses, and its limit. Goes out: rates rounded up, breaking points rounded down, and a small curve
for each of two ways to differ. Nobody can measure without labels how far a site differs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from certify.beside import RATIOS, SHARES
from certify.report import rounding
from certify.report.bound import BoundView
from certify.report.drawing import svg, text_at
from certify.report.palette import COLOURS
from certify.report.tongue import Tongue
from certify.sensitivity import contamination, likelihood_ratio
from guard.certificate import CellResult, Proportion, number


@dataclass(frozen=True, slots=True)
class Shift:
    """One way to differ from what was tested."""

    name: str
    """share | ratio."""
    points: tuple[tuple[str, str], ...]
    """How far, and the worst rate there, rounded up."""
    breaks: str
    """Where the limit is reached, rounded down; "" without a limit, or where the bound is above it already."""


def shifts(view: BoundView) -> tuple[Shift, Shift]:
    """Compute both curves of a bound at the printed points."""
    upper, say = view.bound.upper, view.tongue.digits
    shares = tuple(
        (f"{float(x):.0%}".replace("%", " %"), say(rounding.up(number(contamination(float(upper), float(x)))))) for x in SHARES
    )
    ratios = tuple((say(x), say(rounding.up(number(likelihood_ratio(float(upper), float(x)))))) for x in RATIOS)
    share, ratio = _breaks(upper, view.bound.limit)
    return Shift("share", shares, say(share)), Shift("ratio", ratios, say(ratio))


def _breaks(upper: str, limit: str) -> tuple[str, str]:
    """Return the share and the over-representation at which the bound reaches its limit, in exact decimals."""
    if not limit or not 0 < rounding.decimal(upper) < rounding.decimal(limit):
        return "", ""
    most, bound = rounding.decimal(limit), rounding.decimal(upper)
    return f"{rounding.down(str(100 * (most - bound) / (1 - bound)), 1)} %", rounding.down(str(most / bound), 2)


@dataclass(frozen=True, slots=True)
class Moved:
    """Misses if every activation moved so far against the monitor."""

    radius: str
    """In standard deviations."""
    lost: Proportion
    """Missed draws, of all."""
    upper: str
    """Bound, rounded up."""


def moved(cell: CellResult, tongue: Tongue) -> tuple[Moved, ...]:
    """Put what was counted for moved activations into words; empty where none was planned."""
    found = cell.sensitivity.shifted if cell.sensitivity else ()
    return tuple(Moved(tongue.digits(one.radius), one.misses, tongue.digits(rounding.up(one.upper))) for one in found)


_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 360, 172, 44, 14, 14, 34


def curves(view: BoundView, anchor: str) -> tuple[Markup, Markup]:
    """Draw both curves of a bound, with its limit."""
    upper, tongue = float(view.bound.upper), view.tongue
    limit = float(view.bound.limit) if view.bound.limit else None
    top = min(1.0, max(contamination(upper, 0.2), likelihood_ratio(upper, 5.0), limit or 0.0) * 1.08)
    share = _Curve(0.0, 0.2, top, lambda x: contamination(upper, x), [(x, f"{100 * x:g} %") for x in (0, 0.05, 0.1, 0.15, 0.2)])
    ratio = _Curve(1.0, 5.0, top, lambda x: likelihood_ratio(upper, x), [(x, f"{x:g} ×") for x in (1, 2, 3, 4, 5)])
    titles = (
        tongue.say("Worst miss rate if so large a share is of a kind never tested"),
        tongue.say("Worst miss rate if a kind is so many times as frequent as tested"),
    )
    first, second = (
        _panel(curve, limit, f"{anchor}-shift-{one.name}", title, one, tongue)
        for curve, title, one in zip((share, ratio), titles, shifts(view), strict=True)
    )
    return first, second


@dataclass(frozen=True, slots=True)
class _Curve:
    """A curve on its axes."""

    start: float
    end: float
    top: float
    rate: Callable[[float], float]
    ticks: Sequence[tuple[float, str]]

    def x(self, value: float) -> float:
        """Return the horizontal place of a value."""
        return round(_LEFT + (_WIDTH - _LEFT - _RIGHT) * (value - self.start) / (self.end - self.start), 1)

    def y(self, rate: float) -> float:
        """Return the vertical place of a rate."""
        return round(_TOP + (_HEIGHT - _TOP - _BOTTOM) * (1 - min(rate, self.top) / self.top), 1)


def _panel(curve: _Curve, limit: float | None, name: str, title: str, shift: Shift, tongue: Tongue) -> Markup:
    parts = [_axes(curve, tongue)]
    steps = [curve.start + (curve.end - curve.start) * index / 40 for index in range(41)]
    line = " ".join(f"{curve.x(x)},{curve.y(curve.rate(x))}" for x in steps)
    parts.append(
        Markup("<polyline points='{p}' fill='none' stroke='{c}' stroke-width='2.6'/>").format(p=line, c=COLOURS["accent"])
    )
    if limit is not None:
        y = curve.y(limit)
        dashed = Markup("<line x1='{a}' x2='{b}' y1='{y}' y2='{y}' stroke='{c}' stroke-width='1.6' stroke-dasharray='4 3'/>")
        parts.append(dashed.format(a=_LEFT, b=_WIDTH - _RIGHT, y=y, c=COLOURS["ink"]))
        said = tongue.say("limit %(limit)s", limit=tongue.digits(f"{100 * limit:g} %"))
        above = y - 5 if y > _TOP + 16 else y + 14
        parts.append(text_at(_WIDTH - _RIGHT, above, said, "ink", "end", 10.5))
        parts.append(_crossing(curve, limit, shift))
    worst = "; ".join(f"{far}: {rate}" for far, rate in shift.points)
    return svg(name, title, f"{title}. {worst}.", _WIDTH, _HEIGHT, parts)


def _crossing(curve: _Curve, limit: float, shift: Shift) -> Markup:
    """Mark where the curve reaches its limit, and write how far that is."""
    inside = [
        x for x in (curve.start + (curve.end - curve.start) * step / 2000 for step in range(2001)) if curve.rate(x) >= limit
    ]
    if not shift.breaks or not inside:
        return Markup("")
    x, y = curve.x(inside[0]), curve.y(limit)
    dot = Markup("<circle cx='{x}' cy='{y}' r='4.5' fill='{paper}' stroke='{c}' stroke-width='2'/>").format(
        x=x, y=y, paper=COLOURS["paper"], c=COLOURS["fail"]
    )
    left = x < (_LEFT + _WIDTH) / 2
    return dot + text_at(
        x + (8 if left else -8),
        y + 16,
        shift.breaks + (" ×" if shift.name == "ratio" else ""),
        "fail",
        "start" if left else "end",
        10.5,
        bold=True,
    )


def _axes(curve: _Curve, tongue: Tongue) -> Markup:
    bottom = _HEIGHT - _BOTTOM
    parts = [
        Markup("<path d='M{l} {t} V{b} H{r}' fill='none' stroke='{c}' stroke-width='1'/>").format(
            l=_LEFT, t=_TOP, b=bottom, r=_WIDTH - _RIGHT, c=COLOURS["soft"]
        )
    ]
    parts += [text_at(curve.x(x), bottom + 16, tongue.digits(said), "soft", _anchor(x, curve), 10.5) for x, said in curve.ticks]
    for rate in _round_rates(curve.top):
        y = curve.y(rate)
        parts.append(
            Markup("<line x1='{a}' x2='{b}' y1='{y}' y2='{y}' stroke='{c}' stroke-width='1'/>").format(
                a=_LEFT, b=_WIDTH - _RIGHT, y=y, c=COLOURS["line"]
            )
        )
        parts.append(text_at(_LEFT - 5, y + 4, tongue.digits(f"{100 * rate:g} %"), "soft", "end", 10.5))
    return Markup("").join(parts)


def _anchor(x: float, curve: _Curve) -> str:
    return "end" if x == curve.end else "middle"


def _round_rates(top: float) -> list[float]:
    step = next(step for step in (0.02, 0.05, 0.1, 0.2, 0.25, 0.5) if top / step <= 4.5)
    return [step * index for index in range(1, int(top / step + 1e-9) + 1)]
