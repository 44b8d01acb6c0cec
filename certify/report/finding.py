"""What rung R1 came to, in another language: the signed sentence, taken apart along the joints that `rungs.finding` has."""

from __future__ import annotations

import re

from certify import rungs
from certify.report.tongue import Tongue

_PATTERNS = (
    (r"no better than (?P<head>[^:]+): on unseen kinds not shown to find more than (?P<readers>[^;]+)",
     "no better than %(head)s: on unseen kinds not shown to find more than %(readers)s"),
    (r"(?P<families>\d+) families are too few to show it", "%(families)s families are too few to show it"),
    (r"fitted on (?P<some>\d+) of (?P<of>\d+) rows: (?P<readers>.+)", "fitted on %(some)s of %(of)s rows: %(readers)s"),
)  # fmt: skip
PHRASES = (
    "finds more than every cheaper reader on unseen kinds",
    "a text filter",
    "no cheaper reader was frozen",
    "not compared with every cheaper reader (%(readers)s)",
    "or",
    *rungs.NAMES.values(),
    *(text for _, text in _PATTERNS),
)
"""All joints; every catalogue has them."""


def said(finding: str, tongue: Tongue) -> str:
    """Return a signed finding in another language; what is put in no known way stands between quotes as it is."""
    if tongue.catalogue is None:
        return finding
    compared = re.fullmatch(r"not compared with every cheaper reader \((.*?)\)(; .*)?", finding)
    if compared:
        readers = "; ".join(_left_out(part, tongue) for part in compared[1].split("; "))
        head = tongue.say("not compared with every cheaper reader (%(readers)s)", readers=readers)
        return head + (f"; {_parts(compared[2][2:], tongue)}" if compared[2] else "")
    return _parts(finding, tongue)


def _parts(text: str, tongue: Tongue) -> str:
    return "; ".join(_part(part, tongue) for part in text.split("; "))


def _part(text: str, tongue: Tongue) -> str:
    for pattern, sentence in _PATTERNS:
        found = re.fullmatch(pattern, text)
        if found:
            return tongue.say(sentence, **{name: _value(name, value, tongue) for name, value in found.groupdict().items()})
    return tongue.given(text) if tongue.knows(text) else f"“{text}”"


def _value(name: str, value: str, tongue: Tongue) -> str:
    if name != "readers":
        return tongue.given(value)
    joint = ", " if ", " in value else " or "
    return (joint if joint == ", " else f" {tongue.say('or')} ").join(tongue.given(one) for one in value.split(joint))


def _left_out(text: str, tongue: Tongue) -> str:
    reader, colon, reason = text.partition(": ")
    if not colon:
        return tongue.given(text)
    return f"{tongue.given(reader)}: {tongue.given(reason) if tongue.knows(reason) else f'“{reason}”'}"
