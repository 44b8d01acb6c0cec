"""Make the HTML report: one file, nothing loaded from anywhere, no script needed, the same data give the same bytes."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, TemplateError
from markupsafe import Markup

from certify import rungs
from certify.report import evidence, figures, rounding, sources, standing, words
from certify.report.check import check_bounds, check_words
from certify.report.model import ReportData
from certify.report.palette import COLOURS
from certify.report.sources import ExternalResult, NotGiven, OneClassOnly, Reading
from guard.certificate import Proportion, Status
from guard.errors import InputError


def html(data: ReportData) -> bytes:
    """Render the report.

    Raises:
        InputError: The report could not be rendered, or would say what no report may say.
        VerificationError: It would not show every bound of the certificate once, with equal numbers.
    """
    try:
        page = _environment().get_template("report.html.j2").render(data=data, bundle=_embedded(data.bundle))
    except TemplateError as error:
        raise InputError(f"the report can't be rendered: {error}") from error
    check_words(page, data.certificate.rung)
    check_bounds(page, data.certificate)
    return page.encode()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("certify.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        words=words,
        rounding=rounding,
        sources=sources,
        standing=standing,
        figures=figures,
        colours=COLOURS,
        Status=Status,
        one_class=one_class,
        missing=missing,
        readings=readings,
    )
    environment.filters.update(
        share=share,
        percent=percent,
        counts=counts,
        pvalue=evidence.p_value,
        brief=brief,
        bare=bare,
        hexadecimal=hexadecimal,
        css=css,
    )
    return environment


def _embedded(bundle: str) -> Markup:
    """Let the signed bundle into the page unchanged.

    Base64 inside JSON holds no `<`; text that does could end the element that it stands in, and is refused.
    """
    if "<" in bundle:
        raise InputError("the certificate bundle holds a '<' and can't be embedded unchanged")
    return Markup(bundle)  # noqa: S704 - checked on the line above


def share(counted: Proportion) -> str:
    """Write a proportion as counts with its percentage: "12 of 60 (20.0 %)"."""
    if counted.trials == 0:
        return "none to count"
    return f"{counted.successes:,} of {counted.trials:,} ({100 * counted.successes / counted.trials:.1f} %)"


def percent(counted: Proportion) -> str:
    """Write a proportion as a whole percentage: "20 %"."""
    return f"{100 * counted.successes / counted.trials:.0f} %" if counted.trials else "none to count"


def counts(counted: Proportion) -> str:
    """Write a proportion as counts alone: "12 of 60"."""
    return f"{counted.successes:,} of {counted.trials:,}"


def readings(result: ExternalResult) -> list[tuple[str, Reading | NotGiven]]:
    """Name the cheaper readers of an external set."""
    return [(rungs.NAMES.get(one.reader, one.reader), one.reading) for one in result.others]


def brief(digest: str) -> str:
    """Shorten a digest for a heading."""
    return f"{digest[:19]}…" if len(digest) > 20 else digest


def one_class(value: object) -> bool:
    """Say whether an AUROC does not exist."""
    return isinstance(value, OneClassOnly)


def missing(value: object) -> bool:
    """Say whether something was not given."""
    return isinstance(value, NotGiven)


def bare(digest: str) -> str:
    """Return a digest's hexadecimal digits, as `sha256sum` prints them."""
    return digest.rpartition(":")[2]


def hexadecimal(digest: str) -> str:
    """Return the first digits of a digest, and nothing but such digits: it stands in a style sheet."""
    return "".join(letter for letter in bare(digest)[:12] if letter in "0123456789abcdef")


def css(text: str) -> str:
    """Return text that can stand between double quotes in a style sheet: letters, digits, spaces and commas."""
    return "".join(letter for letter in text if letter.isalnum() or letter in " ,")
