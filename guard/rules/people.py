"""Names of people: by the words that go before a name, or by a recogniser that an installation brings along.

Comes in: text. Goes out: where names stand. No pattern knows all names; "my name is", a title and a capital letter are what
the packaged recogniser goes by, in English, Danish, German and Spanish. It misses every name that comes without such a word.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import re2

from guard.rules import sentences
from guard.rules.passage import Passage, Reading, Spans

Recogniser = Callable[[str], Spans]
"""From a sentence in plain text to the spans of names in it, in time that grows with its length only."""

_QUIET = re2.Options()
_QUIET.log_errors = False
_NAME = r"\p{Lu}[\pL'’-]+(?: (?:(?:de|del|la|von|van|der|den|af|bin) ){0,2}\p{Lu}[\pL'’-]+){0,3}"
_CUED = re2.compile(
    r"\b(?:(?i:my name is|i am called|patient(?:'s)? name:?|jeg hedder|mit navn er|patientens navn er"
    r"|ich heiße|mein name ist|me llamo|mi nombre es|name:|navn:|nombre:)"
    r"|(?:Mr|Mrs|Ms|Miss|Dr|Prof|Hr|Fr|Herr|Frau|Sr|Sra|Don|Doña|Fru|Frk)\b\.?)\s(" + _NAME + ")",
    _QUIET,
)


def by_cue(text: str) -> Spans:
    """Find names after a title or a phrase that introduces one."""
    return tuple((match.start(1), match.end(1)) for match in _CUED.finditer(text))


@dataclass(frozen=True, slots=True)
class People:
    """The rule `names`."""

    recogniser: Recogniser = by_cue
    """What finds names in a sentence."""

    def read(self, passage: Passage) -> Reading:
        """Find names, sentence by sentence."""
        return sentences.read(passage, None, lambda sentence, _: (self.recogniser(sentence), None))
