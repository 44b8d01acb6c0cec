"""The figure of run time: which state of a certificate leads to which."""

from __future__ import annotations

from markupsafe import Markup

from certify.report.drawing import arrow, arrow_head, paragraph, svg, text_at
from certify.report.palette import COLOURS
from certify.report.tongue import ENGLISH, Tongue

_BOXES = {
    "VALID": (20, 20, "pass"),
    "EXPIRING": (265, 20, "open"),
    "EXPIRED": (510, 20, "fail"),
    "SUSPENDED": (20, 120, "open"),
    "VOID": (510, 120, "fail"),
}
_TEXT = (
    "VALID becomes EXPIRING when 14 days are left, and EXPIRED at the end date. VALID becomes SUSPENDED when the "
    "clock or the revocation list is in doubt. Any state becomes VOID when a digest, canary or signature is wrong or the "
    "certificate was revoked."
)


_VOIDING = "digest, canary, signature or revocation: from any state"


def states(tongue: Tongue = ENGLISH) -> Markup:
    """Draw the states of a certificate at run time."""
    parts = [arrow_head("states")]
    parts += [_box(name, x, y, tone) for name, (x, y, tone) in _BOXES.items()]
    parts += [
        arrow("states", "M170 43 H261", tongue.say("14 days left"), 217, 36),
        arrow("states", "M415 43 H506", tongue.say("end date"), 462, 36),
        arrow("states", "M95 66 V116", tongue.say("clock or list in doubt"), 105, 96, "start"),
        arrow("states", "M170 143 H506", "", 338, 136),
        paragraph(338, 122, tongue.say(_VOIDING), "soft", width=300, size=10.5),
    ]
    return svg("states", tongue.say("States of a certificate at run time"), tongue.say(_TEXT), 680, 186, parts)


def _box(name: str, x: int, y: int, tone: str) -> Markup:
    box = Markup("<rect x='{x}' y='{y}' width='150' height='46' rx='6' fill='{wash}' stroke='{c}' stroke-width='2'/>")
    drawn = box.format(x=x, y=y, wash=COLOURS[f"{tone}-wash"], c=COLOURS[tone])
    return drawn + text_at(x + 75, y + 28, name, tone, "middle", 13, bold=True, wash=f"{tone}-wash")
