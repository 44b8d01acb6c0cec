"""Every sentence that a report can say: from the templates, from calls of `say`, and from modules that hold sentences."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from certify import issue, rungs, sealed
from certify.report import (
    argument,
    beside,
    crosswalk,
    evidence,
    finding,
    length_figure,
    model,
    readers,
    standing,
    states,
    words,
)
from certify.report.render import environment
from guard.certificate import Status
from guard.hazards import Taxonomy
from guard.rungs import Verdict

REPORT = Path(inspect.getfile(words)).parent
_UNSAID = {
    words: {"ADVERSARIAL", "STATUS_ORDER", "BUCKETS", "METHODS"},
    standing: {"STATES", "FOLDS"},
    beside: {"MOST"},
    argument: {"GOALS"},
}
"""Constants of these modules that are no sentences, or only in part."""


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str) and not isinstance(value, Status):
        yield value
    elif isinstance(value, dict):
        yield from _texts(tuple(value.values()))
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)


def _constants() -> Iterator[str]:
    modules = (words, standing, crosswalk, finding, evidence, beside, argument, states, readers, length_figure, model)
    private = {states: ("_TEXT", "_VOIDING"), model: ("_HEADLINES",)}
    for module in modules:
        names = [name for name in vars(module) if name.isupper() and not name.startswith("_")]
        for name in (*names, *private.get(module, ())):
            value = getattr(module, name)
            if name not in _UNSAID.get(module, ()) and name != "COLOURS" and isinstance(value, str | tuple | dict):
                yield from _texts(value)
    yield from (text for row in standing.STATES for text in row[1:])
    yield from (row[2] for row in standing.FOLDS)
    for goal in argument.GOALS:
        yield from (goal.short, goal.evidence)


def _calls() -> Iterator[str]:
    """Yield what `say` and the titles of panels are called with, as literal text."""
    for path in sorted(REPORT.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
                if name in {"say", "_panel"}:
                    yield from (text for each in node.args for text in _literals(each))


def _literals(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _literals(node.body)
        yield from _literals(node.orelse)


def _templates() -> Iterator[str]:
    for path in sorted((REPORT / "templates").glob("*.j2")):
        for _, _, found in environment().extract_translations(path.read_text(encoding="utf-8")):  # type: ignore[attr-defined]
            yield from (found,) if isinstance(found, str) else [text for text in found if isinstance(text, str)]


def _given() -> Iterator[str]:
    """Yield what is signed in English and known beforehand: the packaged taxonomy, limitations, and other standing words."""
    for hazard in Taxonomy.packaged().hazards.values():
        yield from (hazard.title, hazard.definition, *hazard.miss.values())
    yield from (*issue.LIMITATIONS, issue.TYPICAL, issue.REVIEWED, *sealed.MEANING.values(), *rungs.NAMES.values())


def said() -> dict[str, None]:
    """Return every sentence of the report's own, in the order of its sources."""
    own = [*_templates(), *_constants(), *_calls(), *map(str, Status), *map(str, Verdict)]
    own += [
        "draw: one independent draw of a scenario",
        "draw",
        "family",
        "hazard",
        "look-alikes",
        "ordinary",
        "none",
        "not reported",
        "not said",
    ]
    given = [text.replace("%", "%%") for text in _given()]
    return dict.fromkeys(text for text in own + given if any(letter.isalpha() for letter in text))
