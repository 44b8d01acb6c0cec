"""Which rules there are, and the digest of what decides what each finds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from guard import digest as digests
from guard.digest import Digest
from guard.errors import InputError
from guard.rules import (
    amounts,
    doses,
    identifiers,
    interactions,
    lexicon,
    numerals,
    passage,
    people,
    plain,
    sentences,
    spoken,
    tables,
    timed,
    tools,
    unseen,
)
from guard.rules.passage import Passage, Reading, Reads, Shapes


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule."""

    name: str
    """As policies name it."""
    reads: Reads
    """What finds something in a passage."""
    code: tuple[Path, ...]
    """Files whose bytes give the rule its digest."""
    data: tuple[str, ...] = ()
    """Packaged tables whose bytes do, too."""
    remembers: bool = False
    """Whether it needs to have read everything before a passage."""
    about: str = ""
    """What it finds, for people."""
    seconds: float = timed.SECONDS
    """For one reading; a packaged rule needs no limit."""

    @property
    def packaged(self) -> bool:
        """Whether this is the rule of that name that came with the package, which takes no time to speak of."""
        return _PACKAGED.get(self.name) is self.reads

    def read(self, passage: Passage) -> Reading:
        """Read a passage.

        Raises:
            TimeoutError: It takes too long.
            Exception: Whatever else the rule raises.
        """
        if self.packaged:
            return self.reads.read(passage)
        return timed.HANDS.ask(partial(self.reads.read, passage), self.seconds)

    def digest(self) -> Digest:
        """Return the digest of everything that decides what the rule finds."""
        files = {f"code/{path.name}": path for path in (*self.code, *_READING)} | {
            name: tables.path(name) for name in self.data
        }
        return digests.of_bytes(digests.canonical({name: digests.of_file(path) for name, path in files.items()}))


def _files(*modules: object) -> tuple[Path, ...]:
    return tuple(Path(str(getattr(module, "__file__", ""))) for module in modules)


_READING = (*_files(passage, plain, spoken, unseen), *(Path(__file__).with_name(f"{name}.py") for name in ("judging", "watch")))
"""How any rule is given what it reads: whole messages, pieces of an answer, tool arguments."""
_DRUGS = (*tables.FACTS,)
RULES: dict[str, Rule] = {
    "identifiers": Rule(
        "identifiers", Shapes(identifiers.find, identifiers.settled), _files(identifiers),
        about="social security, NHS and CPR numbers, payment cards, e-mail addresses and telephone numbers",
    ),
    "names": Rule(
        "names", people.People(), _files(people, sentences), about="names of people after a title or an introduction",
    ),
    "doses": Rule(
        "doses", doses.Doses(), _files(doses, amounts, numerals, lexicon, sentences, tables), (*_DRUGS, doses.PER_KG),
        remembers=True, about="a stated dose above the maximum of its label",
    ),
    "interactions": Rule(
        "interactions", interactions.Interactions(), _files(interactions, lexicon, sentences, tables),
        (*_DRUGS, interactions.TABLE, tables.WORDS), remembers=True,
        about="two drugs, or a drug and a condition, that must not go together, both named",
    ),
    **{
        f"tools:{role}": Rule(
            f"tools:{role}", tools.Tools(role), _files(tools, tables), tools.TABLES,
            about=f"a tool call that the role {role} may not make, or with arguments of another shape",
        )
        for role in tools.ROLES
    },
}  # fmt: skip
"""All rules, by name; an installation may put another in the place of one."""
_PACKAGED = {name: rule.reads for name, rule in RULES.items()}

names: frozenset[str] = frozenset(RULES)
"""What a policy may name."""


def apart(chosen: Iterable[str]) -> bool:
    """Tell whether any of some rules may take long, so that nobody else should wait for it."""
    return any(name in RULES and not RULES[name].packaged for name in chosen)


@cache
def digest(chosen: frozenset[str]) -> Digest:
    """Return the digest of a rule set: of its names, and of the code and tables of each rule.

    Raises:
        InputError: A name is unknown.
    """
    unknown = sorted(chosen - names)
    if unknown:
        raise InputError(f"unknown rule {unknown[0][:40]!r}", f"known: {', '.join(sorted(names))}")
    return digests.of_bytes(digests.canonical({name: RULES[name].digest() for name in sorted(chosen)}))
