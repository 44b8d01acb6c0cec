"""Persons in phrases of languages whose phrases are written in the present tense throughout.

In a phrase `<a/b>` is `a` where the speaker tells of itself and `b` where it tells of another; any other word in angle
brackets is a form of the person (`<x>`, `<i>`, and the cases that the language names): the first of them names the person,
the others are pronouns. What lies in the past is told as a quotation, so that no verb needs another tense. Pure.
"""

from __future__ import annotations

import re

from synth_data.languages.person import Person

_MARK = re.compile(r"<([^<>]+)>")


def tell(phrase: str, person: Person, *, past: bool = False) -> str:  # noqa: ARG001 - the signature of every language
    """Put a phrase into a person's mouth; `past` changes nothing here.

    Raises:
        KeyError: A mark that the language does not have; a mistake in a family, found by the tests.
    """
    known = person.known

    def word(mark: re.Match[str]) -> str:
        nonlocal known
        own, slash, other = mark[1].partition("/")
        if slash:
            return own if person.first else other
        said = person.word(mark[1], known=known)
        known = True
        return said

    return _MARK.sub(word, phrase)
