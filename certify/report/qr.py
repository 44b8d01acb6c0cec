"""The certificate's digest as a QR code, drawn as SVG: a phone reads what the page prints beside it."""

from __future__ import annotations

import segno
from markupsafe import Markup

from certify.report.drawing import svg
from certify.report.palette import COLOURS
from certify.report.tongue import ENGLISH, Tongue

_QUIET = 4
"""Empty modules around the code, as the standard asks."""


def code(digest: str, tongue: Tongue = ENGLISH) -> Markup:
    """Draw a digest as a QR code, error correction M."""
    rows = [list(row) for row in segno.make(digest, error="m", micro=False, boost_error=False).matrix]
    side = len(rows) + 2 * _QUIET
    path = "".join(
        f"M{x + _QUIET} {y + _QUIET}h{length}v1h-{length}z" for y, row in enumerate(rows) for x, length in _runs(row)
    )
    parts = [
        Markup("<rect width='{side}' height='{side}' fill='{paper}'/>").format(side=side, paper=COLOURS["paper"]),
        Markup("<path d='{path}' fill='{ink}' shape-rendering='crispEdges'/>").format(path=path, ink=COLOURS["ink"]),
    ]
    title = tongue.say("QR code of the certificate’s digest")
    return svg("qr", title, tongue.say("It holds the text %(digest)s.", digest=digest), side, side, parts)


def _runs(row: list[int]) -> list[tuple[int, int]]:
    """Return start and length of each run of dark modules."""
    found: list[tuple[int, int]] = []
    for x, dark in enumerate(row):
        if dark and found and sum(found[-1]) == x:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        elif dark:
            found.append((x, 1))
    return found
