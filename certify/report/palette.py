"""The colours of the report, and the pairs that must contrast.

Colour never carries meaning alone: every status also has a word and a shape of its own.
"""

from __future__ import annotations

COLOURS: dict[str, str] = {
    "paper": "#ffffff",
    "wash": "#f7f5f0",
    "line": "#d8d3c7",
    "ink": "#1c2530",
    "soft": "#4a5666",
    "accent": "#0d4f5c",
    "pass": "#14603a",
    "pass-wash": "#e7f2ea",
    "open": "#784800",
    "open-wash": "#fbf1dc",
    "fail": "#961c1c",
    "fail-wash": "#fae8e5",
    "info": "#3b4d61",
    "info-wash": "#ebeff4",
}
"""By name; the style sheet and the figures take them from here."""

_BACKGROUNDS = ("paper", "wash", "pass-wash", "open-wash", "fail-wash", "info-wash")

TEXT_PAIRS: tuple[tuple[str, str], ...] = (
    *((text, behind) for text in ("ink", "soft", "accent", "pass", "open", "fail", "info") for behind in _BACKGROUNDS),
    ("paper", "accent"),
)
"""Text colour and the colour behind it: every pair that the page may use."""


def contrast(first: str, second: str) -> float:
    """Return the WCAG 2.2 contrast ratio of two `#rrggbb` colours, between 1 and 21."""
    light, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)
