"""The languages that conversations are told in, each in a package of its own that offers `LANGUAGE`."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from guard.errors import InputError
from synth_data.languages.lexicon import Language

CODES = ("en", "da", "de", "es")
"""Languages by BCP 47 code; the first is the one that families are written in first."""


@cache
def language(code: str) -> Language:
    """Return a language; it is read when it is first asked for.

    Raises:
        InputError: There is no such language.
    """
    if code not in CODES:
        raise InputError(f"no grammar for the language {code[:20]!r}", f"there is {', '.join(CODES)}")
    found: Language = import_module(f"synth_data.languages.{code}").LANGUAGE
    return found
