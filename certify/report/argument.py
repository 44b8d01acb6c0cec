"""The assurance argument on one page, in Goal Structuring Notation, with what would defeat each goal.

A goal is a box, the strategy a slanted box, the context a rounded one; a diamond under a goal says that it is not developed
here. The same nodes stand as a list under the figure.
"""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from certify.report.drawing import arrow_head, paragraph, svg, text_at, wrapped
from certify.report.palette import COLOURS
from certify.report.tongue import ENGLISH, Tongue


@dataclass(frozen=True, slots=True)
class Goal:
    """One goal below the strategy."""

    name: str
    """G1, G2, ..."""
    short: str
    """What is argued, for the figure."""
    evidence: str
    """What stands behind it."""
    defeaters: tuple[str, ...]
    """Titles of `standing.DEFEATERS` that would defeat it."""
    developed: bool
    """Whether this certificate says anything about it."""


TOP = "The monitors limit undetected hazards to the stated rates, in the stated context"
CONTEXT = "Synthetic scenarios; this model and set-up; the tested languages and lengths"
STRATEGY = "Argue over each hazard, and over each way in which its number could mislead"
GOALS = (
    Goal(
        "G1",
        "The bound on each claim holds",
        "Bounds of this certificate, recomputed from results.parquet; protocol signed before the rows were drawn.",
        ("Synthetic text differs from real text", "Another author", "An adaptive attacker", "Longer conversations"),
        developed=True,
    ),
    Goal(
        "G2",
        "The labels can be trusted",
        "Labels follow by rule from how a scenario was built; who checked them stands on page one.",
        ("A wrong answer key",),
        developed=True,
    ),
    Goal(
        "G3",
        "What is served is what was tested",
        "Digests of model, prompt and suite are compared at every start; canaries are replayed.",
        ("A changed model", "Other languages"),
        developed=True,
    ),
    Goal(
        "G4",
        "It is still true today",
        "An end date, a revocation list, and states that the guard acts on.",
        ("A changed model", "Synthetic text differs from real text"),
        developed=True,
    ),
    Goal(
        "G5",
        "What is missed is caught downstream",
        "Not developed: the site’s own process, which nothing here has looked at.",
        (),
        developed=False,
    ),
)
"""The goals under the strategy, in order."""

_WIDTH, _BOX, _GAP, _SIZE, _LINE = 680, 124, 12, 10.5, 13.5
_TOP_WIDTH, _CONTEXT_WIDTH, _STRATEGY_WIDTH = 290, 172, 330


def figure(tongue: Tongue = ENGLISH) -> Markup:
    """Draw the argument; every row is as high as its longest text needs."""
    middle = _WIDTH / 2
    top, context, strategy = (tongue.say(text) for text in (TOP, CONTEXT, STRATEGY))
    shorts = [tongue.say(goal.short) for goal in GOALS]
    first = max(_height(top, _TOP_WIDTH), _height(context, _CONTEXT_WIDTH))
    second, third = _height(strategy, _STRATEGY_WIDTH - 24), max(_height(short, _BOX) for short in shorts)
    y_strategy = 8 + first + 34
    y_goals = y_strategy + second + 42
    parts = [arrow_head("argument-figure"), _lines(middle, (first, y_strategy, second, y_goals))]
    parts.append(_node((middle - _TOP_WIDTH / 2, 8, _TOP_WIDTH, first), "G0", top, "rect"))
    parts.append(_node((_WIDTH - _CONTEXT_WIDTH - 4, 8, _CONTEXT_WIDTH, first), "C1", context, "round"))
    parts.append(_node((middle - _STRATEGY_WIDTH / 2, y_strategy, _STRATEGY_WIDTH, second), "S1", strategy, "slant"))
    for index, (goal, short) in enumerate(zip(GOALS, shorts, strict=True)):
        x = 6 + index * (_BOX + _GAP)
        parts.append(_node((x, y_goals, _BOX, third), goal.name, short, "rect"))
        if not goal.developed:
            parts.append(_diamond(x + _BOX / 2, y_goals + third, tongue))
    told = "; ".join(f"{goal.name}: {short}" for goal, short in zip(GOALS, shorts, strict=True))
    text = f"G0: {top}. C1: {context}. S1: {strategy}. {told}."
    height = int(y_goals + third + 42)
    return svg("argument-figure", tongue.say("The assurance argument"), text, _WIDTH, height, parts)


def _height(text: str, width: float) -> float:
    return 30 + _LINE * len(wrapped(text, width - 16, _SIZE))


def _lines(middle: float, rows: tuple[float, float, float, float]) -> Markup:
    first, y_strategy, second, y_goals = rows
    draw = Markup("<path d='{d}' fill='none' stroke='{c}' stroke-width='1.6' marker-end='url(#argument-figure-head)'/>")
    below, bus = y_strategy + second, y_goals - 22
    drops = [
        f"M{middle:g} {below:g} V{bus:g} H{6 + i * (_BOX + _GAP) + _BOX / 2:g} V{y_goals - 3:g}" for i in range(len(GOALS))
    ]
    beside = f"M{middle + _TOP_WIDTH / 2:g} {8 + first / 2:g} H{_WIDTH - _CONTEXT_WIDTH - 8:g}"
    ways = [f"M{middle:g} {8 + first:g} V{y_strategy - 3:g}", beside, *drops]
    return Markup("").join(draw.format(d=way, c=COLOURS["soft"]) for way in ways)


def _node(place: tuple[float, float, float, float], name: str, text: str, shape: str) -> Markup:
    """Draw one node with its name and words."""
    x, y, width, height = place
    wash = "info-wash" if shape == "slant" else "wash"
    style = Markup("fill='{f}' stroke='{e}' stroke-width='1.5'").format(f=COLOURS[wash], e=COLOURS["ink"])
    if shape == "slant":
        d = f"M{x + 12:g} {y:g} H{x + width:g} L{x + width - 12:g} {y + height:g} H{x:g} z"
        box = Markup("<path d='{d}' {style}/>").format(d=d, style=style)
    else:
        box = Markup("<rect x='{x}' y='{y}' width='{w}' height='{h}' rx='{r}' {style}/>").format(
            x=f"{x:g}", y=f"{y:g}", w=f"{width:g}", h=f"{height:g}", r=20 if shape == "round" else 2, style=style
        )
    title = text_at(x + width / 2, y + 15, name, "accent", "middle", _SIZE, bold=True, wash=wash)
    return box + title + paragraph(x + width / 2, y + 30, text, "ink", width=width - 16, size=_SIZE, wash=wash)


def _diamond(x: float, y: float, tongue: Tongue) -> Markup:
    """Draw the mark of a goal that is not developed."""
    shape = Markup("<path d='M{x} {y} l8 9 l-8 9 l-8 -9 z' fill='{paper}' stroke='{ink}' stroke-width='1.6'/>").format(
        x=f"{x:g}", y=f"{y:g}", paper=COLOURS["paper"], ink=COLOURS["ink"]
    )
    return shape + text_at(x, y + 32, tongue.say("not developed"), "soft", "middle", 10.5)
