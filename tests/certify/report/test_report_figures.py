"""What the figures and what-if numbers show is what was computed, and it fits."""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import pytest
import segno

from certify.report import argument, beside, drawing, qr, shifts
from certify.report.bound import bound_view
from certify.report.tongue import ENGLISH, danish, every
from certify.sensitivity import contamination, likelihood_ratio
from guard.certificate import Proportion

DIGEST = "sha256:" + "3f" * 32


def view(bound: Any, tongue: Any = ENGLISH) -> Any:
    """Put a bound on misses into words."""
    return bound_view("c/en/upto1000", bound, "English", "misses it", "95 %", "", tongue)


def test_the_qr_code_holds_the_digest() -> None:
    """Module by module the code that the standard gives for that text, with four empty modules around it."""
    drawn = str(qr.code(DIGEST))
    side = int(re.findall(r"viewBox='0 0 (\d+)", drawn)[0])
    dark = set()
    for x, y, length in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\3z", drawn):
        dark |= {(int(x) + step, int(y)) for step in range(int(length))}
    matrix = [list(row) for row in segno.make(DIGEST, error="m", micro=False, boost_error=False).matrix]
    assert side == len(matrix) + 8
    assert dark == {(x + 4, y + 4) for y, row in enumerate(matrix) for x, module in enumerate(row) if module}
    assert DIGEST in drawn and str(qr.code(DIGEST)) == drawn


@pytest.mark.parametrize("upper", [0.0123, 0.0467, 0.3, 0.9991])
def test_what_if_rates_are_never_below_the_formula(bound_with: Any, upper: float) -> None:
    """Rounded up, and by share and by ratio the closed forms."""
    share, ratio = shifts.shifts(view(bound_with("miss", upper, 0.0)))
    for points, formula in ((share.points, contamination), (ratio.points, likelihood_ratio)):
        for far, rate in points:
            x = float(far.removesuffix(" %")) / (100 if far.endswith("%") else 1)
            assert 0 <= float(rate) - formula(upper, x) < 1e-4


def test_breaking_points_are_rounded_down_and_only_there_below_the_limit(bound_with: Any) -> None:
    """At the printed share and ratio the limit still holds; a bound above it, or without one, has none."""
    share, ratio = shifts.shifts(view(bound_with("miss", 0.0312, 0.0, limit="0.05")))
    assert (share.breaks, ratio.breaks) == ("1.9 %", "1.60")
    upper, limit = Fraction("0.0312"), Fraction("0.05")
    assert (1 - Fraction("0.019")) * upper + Fraction("0.019") <= limit < (1 - Fraction("0.020")) * upper + Fraction("0.020")
    assert Fraction("1.60") * upper <= limit < Fraction("1.61") * upper
    for bound in (bound_with("miss", 0.06, 0.0, limit="0.05"), bound_with("miss", 0.06, 0.0)):
        assert [one.breaks for one in shifts.shifts(view(bound))] == ["", ""]
    assert shifts.shifts(view(bound_with("miss", 0.0312, 0.0, limit="0.05"), danish()))[1].breaks == "1,60"


@pytest.mark.parametrize("upper", [0.001, 0.0467, 0.5, 1.0])
def test_curves_stay_inside_their_frame(bound_with: Any, upper: float) -> None:
    """From the bound itself upwards, never falling, and no point outside the picture."""
    for drawn in shifts.curves(view(bound_with("miss", upper, 0.0, limit="0.05")), "c"):
        root = ElementTree.fromstring(str(drawn))  # noqa: S314 - our own text
        width, height = (float(side) for side in root.get("viewBox", "").split()[2:])
        points = [tuple(map(float, point.split(","))) for point in root.find("polyline").get("points").split()]  # type: ignore[union-attr]
        assert all(0 <= x <= width and 0 <= y <= height for x, y in points)
        assert all(after[1] <= before[1] for before, after in pairwise(points))


@pytest.mark.parametrize("tongue", every(), ids=lambda tongue: tongue.code)
def test_the_argument_fits_into_its_boxes(tongue: Any) -> None:
    """Every line of text of every node lies inside a shape, in each language."""
    root = ElementTree.fromstring(str(argument.figure(tongue)))  # noqa: S314 - our own text
    height = float(root.get("viewBox", "").split()[3])
    lowest = max(float(text.get("y", "0")) for text in root.iter("text"))
    boxes = [tuple(float(box.get(name, "0")) for name in ("x", "y", "width", "height")) for box in root.iter("rect")]
    boxes += [_slanted(path.get("d", "")) for path in root.iter("path") if path.get("d", "").count("H") == 2]
    assert len(boxes) == 2 + 1 + len(argument.GOALS) and lowest < height
    undeveloped = tongue.say("not developed")
    for text in root.iter("text"):
        x, y, wide = float(text.get("x", "0")), float(text.get("y", "0")), len(text.text or "") * 10.5 * 0.56
        if text.text != undeveloped:
            held = [b for b in boxes if b[0] <= x - wide / 2 and x + wide / 2 <= b[0] + b[2] and b[1] < y < b[1] + b[3]]
            assert held, text.text


def _slanted(path: str) -> tuple[float, float, float, float]:
    """Return the frame of the strategy's box."""
    left, top, right, _, bottom, _ = (float(number) for number in re.findall(r"-?[\d.]+", path))
    return left - 12, top, right - left + 12, bottom - top


def test_every_goal_is_developed_or_marked_and_its_defeaters_are_listed_ones() -> None:
    """One goal is the site's own, and says so; the others name what would defeat them."""
    from certify.report.standing import DEFEATERS

    assert [goal.name for goal in argument.GOALS if not goal.developed] == ["G5"]
    titles = {title for title, _ in DEFEATERS}
    named = [title for goal in argument.GOALS for title in goal.defeaters]
    assert set(named) == titles, "each defeater has a goal that it would defeat"


def test_lines_are_broken_between_words() -> None:
    """No line is longer than its width allows, but for a single long word."""
    lines = drawing.wrapped("a bb ccc dddd eeeeeeeeeeeeeeeeeee f", 60, 10)
    assert lines == ["a bb ccc", "dddd", "eeeeeeeeeeeeeeeeeee", "f"]


def test_kinds_are_pooled_over_cells_and_the_worst_come_first(full: Any) -> None:
    """Kinds without a miss are left out, at most five are shown, and a trait with one group tells nothing."""
    cells = full.cells[:2]
    worst = beside.worst(cells)
    assert len(worst) == beside.MOST
    assert worst[0].lost == Proportion(successes=12, trials=50)
    rates = [one.lost.successes / one.lost.trials for one in worst]
    assert rates == sorted(rates, reverse=True) and min(rates) > 0
    groups = dict(beside.groups(cells, ENGLISH))
    assert list(groups) == ["about whom", "other"]
    assert [one.name for one in groups["about whom"]] == ["child", "adult"]
    assert beside.worst(full.cells[2:]) == () and beside.groups(full.cells[2:], ENGLISH) == ()


def test_blind_spots_name_their_population(full: Any) -> None:
    """Listed and unseen apart, with bounds rounded up, in the marks of the language."""
    spots = beside.blind_spots(full.cells[:1], danish())
    assert [(spot.unseen, spot.upper) for spot in spots] == [(False, "0,3912"), (True, "0,3912")]
