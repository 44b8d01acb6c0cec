"""Parts that all figures are made of: text with a halo, arrows, and the SVG element with its title and description.

Comes in: words and places. Goes out: markup that any rendering can embed. Colours come from the palette alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from certify.report.palette import COLOURS

SANS = "system-ui, Segoe UI, Helvetica Neue, Arial, sans-serif"
_LETTER = 0.56
"""Width of a letter, in parts of the font size: wide enough for the fonts of `SANS`."""


def arrow_head(name: str) -> Markup:
    """Define the head that the arrows of one figure end in."""
    return Markup(
        "<defs><marker id='{name}-head' viewBox='0 0 8 8' refX='7' refY='4' markerWidth='7' markerHeight='7' orient='auto'>"
        "<path d='M0 0 L8 4 L0 8 z' fill='{soft}'/></marker></defs>"
    ).format(name=name, soft=COLOURS["soft"])


def arrow(name: str, path: str, label: str, x: float, y: float, anchor: str = "middle") -> Markup:
    """Draw a path that ends in a head, with its label."""
    line = Markup("<path d='{d}' fill='none' stroke='{c}' stroke-width='1.8' marker-end='url(#{name}-head)'/>").format(
        name=name, d=path, c=COLOURS["soft"]
    )
    return line + text_at(x, y, label, "soft", anchor, 10.5) if label else line


def text_at(
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
    """Write one line of text, with a halo in the colour behind it."""
    behind = COLOURS[wash]
    return Markup(
        "<text x='{x}' y='{y}' fill='{fill}' stroke='{paper}' stroke-width='4' paint-order='stroke' "
        "text-anchor='{anchor}' font-size='{size}' font-weight='{weight}'>{text}</text>"
    ).format(x=x, y=y, fill=COLOURS[colour], anchor=anchor, size=size, weight=650 if bold else 400, text=text, paper=behind)


def svg(name: str, title: str, description: str, width: int, height: int, parts: Sequence[Markup]) -> Markup:
    """Put parts together as a figure that is named by its title and told in words by its description."""
    head = Markup(
        "<svg class='figure' role='img' aria-labelledby='{name}-t {name}-d' viewBox='0 0 {width} {height}' "
        "font-family='{font}'><title id='{name}-t'>{title}</title><desc id='{name}-d'>{description}</desc>"
    ).format(name=name, title=title, description=description, width=width, height=height, font=SANS)
    return head + Markup("").join(parts) + Markup("</svg>")


def wrapped(text: str, width: float, size: float) -> list[str]:
    """Break text into lines that fit a width at a font size."""
    most = max(1, int(width / (size * _LETTER)))
    lines = [""]
    for word in text.split():
        joined = f"{lines[-1]} {word}".strip()
        if len(joined) <= most or not lines[-1]:
            lines[-1] = joined
        else:
            lines.append(word)
    return lines


def paragraph(x: float, y: float, text: str, colour: str, *, width: float, size: float, wash: str = "paper") -> Markup:
    """Write text in lines around the middle `x`, the first line at `y`."""
    lines = wrapped(text, width, size)
    return Markup("").join(
        text_at(x, y + index * size * 1.28, line, colour, "middle", size, wash=wash) for index, line in enumerate(lines)
    )
