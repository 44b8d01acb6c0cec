"""What clinical documents say when nothing is wrong with them, and how each kind of document looks.

The sentences are data (`documents.yaml`); a layout puts sentences into a note, a letter, a web page, a script and so on.
Where a layout has hidden or marginal places (a comment, an alternative text, a footer), ordinary sentences stand there as
well, so that no place gives a label away.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from random import Random

import msgspec

from guard.errors import InputError
from synth_data.families import documents_fhir, read


class Carrier(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A kind of document."""

    name: str
    """Which."""
    tool: str
    """Name of the tool that brings it."""
    summary: str
    """Beginning of a summary."""
    asks: tuple[str, ...]
    """How a user asks for it."""
    facts: tuple[str, ...]
    """Ordinary sentences; the document has some of them in any order."""


@cache
def carriers(lang: str) -> Mapping[str, Carrier]:
    """Return the kinds of document by name, as a language words them.

    Raises:
        InputError: The file is malformed.
    """
    try:
        return {carrier.name: carrier for carrier in msgspec.convert(read.entries("documents", lang), tuple[Carrier, ...])}
    except msgspec.ValidationError as error:
        raise InputError(f"families/{lang}/documents.yaml: {error}") from error


Words = Callable[[str], str]
"""Puts an English heading into the language of the document."""
Layout = Callable[[Sequence[str], Random, Words], str]
"""Lays sentences out, in their order, each of them whole and once."""

_DAYS = ("02/03", "11/03", "19/04", "07/05", "23/05", "14/06", "30/09", "12/11")
_WHO = ("RN", "MD", "PT", "HCA", "SHO", "SW", "OT", "RMN")
_NAMES = ("Okafor", "Lindqvist", "Haddad", "Nowak", "Perera", "Campbell", "Yilmaz", "Osei", "Moreau", "Tanaka")
_TIMES = ("06:15", "07:40", "09:05", "11:30", "13:10", "15:45", "18:20", "22:55")


def lay_out(carrier: str, sentences: Sequence[str], rng: Random, headings: Mapping[str, str]) -> str:
    """Return a document of sentences in the carrier's form; the FHIR ones are R4 JSON."""
    return LAYOUTS[carrier](sentences, rng, lambda heading: headings.get(heading, heading))


def shown(sentence: str, document: str) -> str:
    """Return a sentence as it stands in a document: escaped, where that is JSON."""
    return json.dumps(sentence, ensure_ascii=False)[1:-1] if document[0] in "{[" else sentence


def _parts(sentences: Sequence[str], names: Sequence[str]) -> list[tuple[str, str]]:
    """Divide sentences among named sections, in order; a section may come without."""
    size = -(-len(sentences) // len(names))
    return [(name, " ".join(sentences[at * size : (at + 1) * size])) for at, name in enumerate(names)]


def _sections(sentences: Sequence[str], names: Sequence[str], t: Words) -> str:
    return "\n".join(f"{t(name)} {text}" for name, text in _parts(sentences, names) if text)


def _cut(sentences: Sequence[str], rng: Random) -> tuple[Sequence[str], Sequence[str]]:
    """Cut a list in two, either of which may be empty."""
    at = rng.randint(0, len(sentences))
    return sentences[:at], sentences[at:]


def _note(sentences: Sequence[str], rng: Random, t: Words) -> str:
    head = f"{rng.choice(_DAYS)} {rng.choice(_TIMES)} {rng.choice(_WHO)}"
    match rng.randrange(5):
        case 0:
            return " ".join(sentences)
        case 1:
            return f"{head}\n" + _sections(sentences, ("S:", "O:", "A:", "P:"), t)
        case 2:
            return f"{head}, {t('ward')} {rng.randint(1, 14)}\n" + "\n".join(f"- {each}" for each in sentences)
        case 3:
            old, new = _cut(sentences, rng)
            copied = f"--- {t('copied forward from')} {rng.choice(_DAYS)} ---\n{' '.join(old)}\n--- {t('end of copy')} ---"
            return f"{copied}\n{head} {' '.join(new)}"
        case _:
            return t("PROGRESS NOTE") + "\n" + _sections(sentences, ("Events:", "Exam:", "Meds:", "To do:"), t)


def _letter(sentences: Sequence[str], rng: Random, t: Words) -> str:
    to, by = rng.sample(_NAMES, 2)
    match rng.randrange(4):
        case 0:
            return " ".join(sentences)
        case 1:
            head = f"{t('Dear Dr')} {to},\n{t('re: your patient, born')} {rng.randint(1931, 2004)}"
            return f"{head}\n{' '.join(sentences)}\n{t('Yours sincerely,')} Dr {by}"
        case 2:
            return t("DISCHARGE LETTER") + "\n" + _sections(sentences, ("Reason:", "Course:", "Medicines:", "Follow-up:"), t)
        case _:
            body, foot = _cut(sentences, rng)
            return f"Dr {by}, {t('Clinic for Medicine')}\n\n{' '.join(body)}\n\nDr {by}\n_____\n{' '.join(foot)}"


def _lab(sentences: Sequence[str], rng: Random, t: Words) -> str:
    number = rng.randint(1000, 9999)
    match rng.randrange(4):
        case 0:
            return t("LAB SHEET") + "\n" + "\n".join(sentences)
        case 1:
            return f"{t('Request')} {number}\n" + "\n".join(f"{at}. {each}" for at, each in enumerate(sentences, 1))
        case 2:
            values, remarks = _cut(sentences, rng)
            return f"{t('Sheet')} {number} / serum\n{' '.join(values)}\n{t('Comment:')} {' '.join(remarks)}"
        case _:
            lines = (f"NTE|{at}|L|{each}" for at, each in enumerate(sentences, 1))
            return f"MSH|^~\\&|LAB|A|EHR|B|||ORU^R01|{number}|P|2.5\n" + "\n".join(lines)


def _report(sentences: Sequence[str], rng: Random, t: Words) -> str:
    match rng.randrange(3):
        case 0:
            return " ".join(sentences)
        case 1:
            return _sections(sentences, ("CLINICAL:", "TECHNIQUE:", "FINDINGS:", "IMPRESSION:"), t)
        case _:
            text, later = _cut(sentences, rng)
            return (
                f"{t('REPORT')}, {rng.choice(_DAYS)}\n{' '.join(text)}\n{t('Addendum')} {rng.choice(_TIMES)}: {' '.join(later)}"
            )


_QUESTIONS = (
    "Anything we should know?", "Other remarks", "Your day", "Reason for the visit", "Wishes", "Free text", "About you",
    "Since when?", "Page 2", "Your question", "History", "For the doctor",
)  # fmt: skip


def _form(sentences: Sequence[str], rng: Random, t: Words) -> str:
    if rng.random() < 0.3:
        return " ".join(sentences)
    start = rng.randrange(len(_QUESTIONS))
    mark = rng.choice((": ", "\n> ", " = ", " [x] "))
    labels = (t(_QUESTIONS[(start + at) % len(_QUESTIONS)]) for at in range(len(sentences)))
    return "\n".join(f"{label}{mark}{each}" for label, each in zip(labels, sentences, strict=True))


_TAGS = (
    "<p>{}</p>", "<p>{}</p>", "<li>{}</li>", "<!-- {} -->", '<span style="display:none">{}</span>', "<small>{}</small>",
    '<div hidden aria-hidden="true">{}</div>', '<p style="color:#fff">{}</p>', "<td>{}</td>", "<h3>{}</h3>",
    '<img src="map.png" alt="{}">',
)  # fmt: skip


def _web(sentences: Sequence[str], rng: Random, t: Words) -> str:
    match rng.randrange(3):
        case 0:
            return f"<p>{' '.join(sentences)}</p>"
        case 1:
            return f"## {t('Page')}\n" + "\n".join(f"* {each}" for each in sentences)
        case _:
            return "<body>" + "".join(rng.choice(_TAGS).replace("{}", each) for each in sentences) + "</body>"


def _guideline(sentences: Sequence[str], rng: Random, t: Words) -> str:
    match rng.randrange(4):
        case 0:
            return " ".join(sentences)
        case 1:
            first, second = _cut(sentences, rng)
            scores = rng.randint(70, 99), rng.randint(40, 69)
            return f"{t('Result')} 1 (0.{scores[0]}): {' '.join(first)}\n{t('Result')} 2 (0.{scores[1]}): {' '.join(second)}"
        case 2:
            return "\n".join(f"{rng.randint(1, 9)}.{at} {each}" for at, each in enumerate(sentences, 1))
        case _:
            first, second = _cut(sentences, rng)
            passages = [" ".join(part) for part in (first, second) if part]
            body = [{"source": f"{t('handbook p.')} {rng.randint(3, 90)}", "text": text} for text in passages]
            return json.dumps({"passages": body}, ensure_ascii=False)


def _mail(sentences: Sequence[str], rng: Random, t: Words) -> str:
    subject = t(rng.choice(("news", "Friday", "Re: plan", "Fwd: list", "short question", "this week")))
    head = f"From: {rng.choice(_NAMES).lower()}@clinic.example\nSubject: {subject}\n\n"
    match rng.randrange(3):
        case 0:
            return head + " ".join(sentences)
        case 1:
            new, old = _cut(sentences, rng)
            quoted = "\n".join(f"> {each}" for each in old)
            return f"{head}{' '.join(new)}\n\n{t('On Monday')} Dr {rng.choice(_NAMES)} {t('wrote:')}\n{quoted}"
        case _:
            body, foot = _cut(sentences, rng)
            return f"{head}{' '.join(body)}\n--\n{' '.join(foot)}"


_CODE = (
    ("#", "def visits(day):", "    rows = load(day)", "    return [row for row in rows if row.ward]"),
    ("#", "limit = 40", "for row in table:", "    check(row, limit)"),
    ("//", "const units = read('units');", "units.forEach(check);", "export default units;"),
    ("--", "SELECT ward, day FROM visits", "WHERE day > '2024-01-01'", "ORDER BY ward;"),
    ("#", "server:", "  port: 8443", "  timeout: 30"),
    ("#", "set -e", "cd /srv/night", "./run --all"),
)


def _code(sentences: Sequence[str], rng: Random, _words: Words) -> str:
    mark, *lines = rng.choice(_CODE)
    places = sorted(rng.randint(0, len(lines)) for _ in sentences)
    out: list[str] = []
    for at in range(len(lines) + 1):
        out += (f"{mark} {each}" for place, each in zip(places, sentences, strict=True) if place == at)
        out += lines[at : at + 1]
    return "\n".join(out)


def _error(sentences: Sequence[str], rng: Random, t: Words) -> str:
    code = rng.choice((400, 401, 403, 404, 409, 422, 500, 503, 504))
    match rng.randrange(4):
        case 0:
            return f"{t('Error')} {code}: {' '.join(sentences)}"
        case 1:
            minutes = rng.randint(0, 30)
            return "\n".join(
                f"09:{minutes + at:02d}:{rng.randint(10, 59)} {rng.choice(('INFO', 'WARN', 'ERROR'))} {each}"
                for at, each in enumerate(sentences)
            )
        case 2:
            body = {"error": {"code": code, "message": sentences[0], "details": list(sentences[1:])}}
            return json.dumps(body, ensure_ascii=False)
        case _:
            done, hints = _cut(sentences, rng)
            return json.dumps({"status": code, "result": " ".join(done), "hint": " ".join(hints)}, ensure_ascii=False)


def _calendar(sentences: Sequence[str], rng: Random, _words: Words) -> str:
    match rng.randrange(3):
        case 0:
            return f"{rng.choice(_TIMES)} {' '.join(sentences)}"
        case 1:
            start = f"202406{rng.randint(10, 28)}T{rng.choice(('080000', '101500', '143000'))}"
            text = "\\n".join(sentences[1:])
            return f"BEGIN:VEVENT\nDTSTART:{start}\nSUMMARY:{sentences[0]}\nDESCRIPTION:{text}\nEND:VEVENT"
        case _:
            return "\n".join(f"{rng.choice(_TIMES)} | {each}" for each in sentences)


_SPEAKERS = (("Speaker 1", "Speaker 2"), ("Doctor", "Patient"), ("Nurse", "Visitor"), ("A", "B"), ("desk-agent", "ward-agent"))


def _transcript(sentences: Sequence[str], rng: Random, t: Words) -> str:
    match rng.randrange(3):
        case 0:
            return f"{t('Voicemail')}, {rng.choice(_TIMES)}: {' '.join(sentences)}"
        case 1:
            speakers = rng.choice(_SPEAKERS)
            return "\n".join(f"{t(rng.choice(speakers))}: {each}" for each in sentences)
        case _:
            return "\n".join(f"00:{at * 6 + rng.randint(10, 15)} {each}" for at, each in enumerate(sentences))


def _table(sentences: Sequence[str], rng: Random, t: Words) -> str:
    mark = rng.choice((" | ", "; ", " || "))
    number = rng.randint(100, 900)
    head = mark.join(map(t, ("row", rng.choice(("sum", "level", "days")), "remark")))
    return head + "\n" + "\n".join(mark.join((str(number + at), str(rng.randint(0, 60)), s)) for at, s in enumerate(sentences))


LAYOUTS: Mapping[str, Layout] = {
    "note": _note, "letter": _letter, "lab": _lab, "report": _report, "fhir": documents_fhir.resource, "form": _form,
    "web": _web, "guideline": _guideline, "mail": _mail, "code": _code, "error": _error, "calendar": _calendar,
    "transcript": _transcript, "table": _table,
}  # fmt: skip
"""Layouts by carrier."""
