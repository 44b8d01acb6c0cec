"""Make the HTML report: one file, nothing loaded from anywhere, no script needed, the same data give the same bytes."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, TemplateError, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from certify import rungs
from certify.report import (
    argument,
    crosswalk,
    evidence,
    figures,
    length_figure,
    qr,
    readers,
    rounding,
    shifts,
    sources,
    standing,
    states,
    words,
)  # fmt: skip
from certify.report.check import check
from certify.report.model import ReportData
from certify.report.palette import COLOURS
from certify.report.sources import ExternalResult, NotGiven, OneClassOnly, Reading
from certify.report.tongue import ENGLISH, Tongue
from guard.certificate import Proportion, Status
from guard.errors import InputError


def html(data: ReportData) -> bytes:
    """Render the report in the language of its data.

    Raises:
        InputError: The report could not be rendered, or would say what no report may say.
        VerificationError: It would not show every bound of the certificate once, with equal numbers.
    """
    try:
        page = environment().get_template("report.html.j2").render(data=data, t=data.tongue, bundle=_embedded(data.bundle))
    except TemplateError as error:
        raise InputError(f"the report can't be rendered: {error}") from error
    check(page, data.certificate)
    return page.encode()


@cache
def environment() -> Environment:
    """Return what renders the templates; sentences in them are looked up in the language of the report's data."""
    environment = Environment(
        loader=PackageLoader("certify.report", "templates"),
        extensions=["jinja2.ext.i18n"],
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_callables(_sentence, _one_or_many, newstyle=True)  # type: ignore[attr-defined]
    environment.globals.update(
        argument=argument, crosswalk=crosswalk, figures=figures, qr=qr, readers=readers, shifts=shifts, states=states.states,
        lengths=length_figure,
        rounding=rounding, sources=sources, standing=standing, words=words, colours=COLOURS, Status=Status,
        one_class=one_class, missing=missing, readings=readings,
    )  # fmt: skip
    environment.filters.update(
        share=_share, percent=percent, counts=_counts, pvalue=_pvalue, say=_say, count=_count, num=_number, rate=_rate,
        brief=brief, bare=bare, hexadecimal=hexadecimal, css=css, grouped=grouped,
    )  # fmt: skip
    return environment


def _tongue(context: Context) -> Tongue:
    found: Tongue = context["data"].tongue
    return found


@pass_context
def _sentence(context: Context, text: str) -> str:
    return _tongue(context).sentence(text)


@pass_context
def _one_or_many(context: Context, one: str, many: str, number: int) -> str:
    return _tongue(context).sentence(one if number == 1 else many)


@pass_context
def _say(context: Context, text: str, **values: object) -> str:
    return _tongue(context).say(text, **values)


@pass_context
def _count(context: Context, number: int) -> str:
    return _tongue(context).count(number)


@pass_context
def _number(context: Context, text: object) -> str:
    return _tongue(context).digits(str(text))


@pass_context
def _rate(context: Context, value: object, form: str = "%.2f") -> str:
    return _tongue(context).digits(form % float(str(value)))


@pass_context
def _pvalue(context: Context, text: str) -> str:
    return _tongue(context).digits(evidence.p_value(text))


@pass_context
def _share(context: Context, counted: Proportion) -> str:
    return share(counted, _tongue(context))


@pass_context
def _counts(context: Context, counted: Proportion) -> str:
    return counts(counted, _tongue(context))


def _embedded(bundle: str) -> Markup:
    """Let the signed bundle into the page unchanged.

    Base64 inside JSON holds no `<`; text that does could end the element that it stands in, and is refused.
    """
    if "<" in bundle:
        raise InputError("the certificate bundle holds a '<' and can't be embedded unchanged")
    return Markup(bundle)  # noqa: S704 - checked on the line above


def share(counted: Proportion, tongue: Tongue = ENGLISH) -> str:
    """Write a proportion as counts with its percentage: "12 of 60 (20.0 %)"."""
    if counted.trials == 0:
        return tongue.say("none to count")
    return f"{counts(counted, tongue)} ({tongue.digits(f'{100 * counted.successes / counted.trials:.1f}')} %)"


@pass_context
def percent(context: Context, counted: Proportion) -> str:
    """Write a proportion as a whole percentage: "20 %"."""
    if counted.trials == 0:
        return _tongue(context).say("none to count")
    return f"{100 * counted.successes / counted.trials:.0f} %"


def counts(counted: Proportion, tongue: Tongue = ENGLISH) -> str:
    """Write a proportion as counts alone: "12 of 60"."""
    return tongue.say("%(some)s of %(all)s", some=tongue.count(counted.successes), all=tongue.count(counted.trials))


def readings(result: ExternalResult) -> list[tuple[str, Reading | NotGiven]]:
    """Name the cheaper readers of an external set."""
    return [(rungs.NAMES.get(one.reader, one.reader), one.reading) for one in result.others]


def grouped(digest: str) -> str:
    """Write a digest's digits in groups of eight, to be compared by eye."""
    digits = bare(digest)
    return " ".join(digits[at : at + 8] for at in range(0, len(digits), 8))


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
