"""A comparison as a page: one file, nothing loaded from anywhere, no script, the same comparison gives the same bytes."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, TemplateError

from certify.compare import words
from certify.compare.comparison import Comparison
from certify.report import rounding
from certify.report.check import check_words
from certify.report.palette import COLOURS
from guard.errors import InputError


def page(found: Comparison) -> bytes:
    """Render a comparison.

    Raises:
        InputError: It could not be rendered, or would say what no page may say.
    """
    try:
        text = _environment().get_template("compare.html.j2").render(found=found)
    except TemplateError as error:
        raise InputError(f"the page can't be rendered: {error}") from error
    check_words(text, "none")
    return text.encode()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("certify.compare", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(words=words, rounding=rounding, colours=COLOURS)
    return environment
