"""Every number of a certificate as a flat table (CSV) and as JSON.

A bound is one row with everything that belongs to it. Every other number of the certificate is a row of its own, with the place
where it stands as `field` and itself as `value`.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from certify import numbers
from certify.losses import WHOLE
from guard.certificate import Bound
from guard.dossier import Dossier

FORMAT = "urn:auscult:export:v1"
"""Names the JSON format."""

COLUMNS = (
    "product", "serial", "certificate", "id", "claim", "lang", "bucket", "estimand", "field", "population", "unit", "method",
    "units", "lost", "trials", "mean", "delta", "upper", "lower", "limit", "status", "smallest", "threshold", "eps", "value",
)  # fmt: skip
"""Columns of the CSV; a column that does not apply is empty."""

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?\Z")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

Row = dict[str, str]


def as_csv(opened: Dossier) -> str:
    """Return every number as CSV, one header line; text that a spreadsheet would run as a formula gets a leading apostrophe."""
    sink = io.StringIO()
    writer = csv.DictWriter(sink, COLUMNS, restval="", lineterminator="\r\n")
    writer.writeheader()
    for row in rows(opened):
        writer.writerow({name: _harmless(value) for name, value in row.items()})
    return sink.getvalue()


def as_json(opened: Dossier) -> str:
    """Return the table as JSON, and beside it the whole certificate as it was signed."""
    issued = opened.certificate
    body = {
        "format": FORMAT,
        "certificate": opened.certificate_digest,
        "protocol": opened.payload,
        "signer": opened.signer,
        "signerTrusted": opened.trusted,
        "demonstration": issued.demonstration,
        "limitations": list(issued.limitations),
        "numbers": list(rows(opened)),
        "predicate": msgspec.to_builtins(issued),
    }
    return json.dumps(body, indent=1, ensure_ascii=False) + "\n"


def rows(opened: Dossier) -> Iterator[Row]:
    """Yield every number of a certificate: its bounds, then the rest in the order in which they are signed."""
    issued = opened.certificate
    head = {"product": issued.product, "serial": str(issued.serial), "certificate": opened.certificate_digest}
    taus = {(point.claim, point.lang, point.bucket): point.threshold for point in issued.operating_points}
    for one in numbers.bounds_of(issued):
        place = (one.claim, one.lang, one.bucket)
        margin = {"threshold": taus[place], "eps": issued.eps} if place in taus else {}
        yield head | _place(*place, one.id) | bound_values(one.bound) | margin
    for cell in issued.cells:
        yield from (head | row for row in _rest(cell, (cell.claim, cell.lang, cell.bucket)))
    for whole in issued.whole:
        yield from (head | row for row in _rest(whole, (WHOLE, whole.lang, whole.bucket)))
    for name, struct in (("operating point", issued.operating_points), ("measured", issued.measured)):
        for one_point in struct:
            place = (one_point.claim, one_point.lang, one_point.bucket)
            yield from (head | row for row in _leaves(place, name, msgspec.to_builtins(one_point)))
    for name in issued.__struct_fields__:
        if name not in {"cells", "whole", "operating_points", "measured"}:
            yield from (head | row for row in _leaves(("", "", ""), name, msgspec.to_builtins(getattr(issued, name))))


def bound_values(bound: Bound) -> Row:
    """Return a bound as strings, each number exactly as it was signed."""
    return {
        "estimand": bound.estimand,
        "population": str(bound.population),
        "unit": bound.unit,
        "method": bound.method,
        "units": str(bound.units),
        "lost": str(bound.loss.successes),
        "trials": str(bound.loss.trials),
        "mean": bound.mean,
        "delta": bound.delta,
        "upper": bound.upper,
        "lower": bound.lower,
        "limit": bound.limit,
        "status": str(bound.status) if bound.status else "",
        "smallest": bound.smallest,
    }


def _rest(result: Any, place: tuple[str, str, str]) -> Iterator[Row]:
    """Yield what a cell says beside its bounds."""
    for name in result.__struct_fields__:
        value = getattr(result, name)
        if not isinstance(value, Bound):
            yield from _leaves(place, name, msgspec.to_builtins(value))


def _leaves(place: tuple[str, str, str], path: str, value: Any) -> Iterator[Row]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(place, f"{path}.{name}", inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(place, f"{path}.{index}", inner)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield _leaf(place, path, str(value))
    elif isinstance(value, str) and _NUMBER.match(value):
        yield _leaf(place, path, value)


def _leaf(place: tuple[str, str, str], path: str, value: str) -> Row:
    name = "/".join((*place, path)) if place[0] else path
    return _place(*place, name) | {"field": path, "value": value}


def _place(claim: str, lang: str, bucket: str, name: str) -> Row:
    return {"id": name, "claim": claim, "lang": lang, "bucket": bucket}


def _harmless(value: str) -> str:
    """Keep a spreadsheet from running text; numbers stay as they are."""
    return f"'{value}" if value.startswith(_FORMULA) and not _NUMBER.match(value) else value
