"""A small made-up set of rows with matched pairs, into which a test may plant a leak."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from guard.conversation import Conversation, Fold, Kind, LabelledConversation, Message, Meta, Role
from guard.hazards import Claim

CLAIM = Claim.parse("missed_emergency@prompt")
KINDS = (Kind.POSITIVE, Kind.TWIN, Kind.HARD_NEGATIVE)
SHARED = [f"{a}{b}" for a in ("ba", "de", "fi", "go", "lu", "mer") for b in ("ran", "sel", "tik", "von", "wep", "zul")]


def made_up(seed: str) -> str:
    """Return a word of four letters out of twenty thousand, so that it shares its parts with no other."""
    return "".join(chr(0x4E00 + Random(f"{seed}/{place}").randrange(20_000)) for place in range(4))


Plant = Callable[[Kind, int, Random], str]
"""Text that is added to a row of a kind, in the family of a number."""


def nothing(kind: Kind, family: int, rng: Random) -> str:
    """Plant nothing."""
    return ""


def corpus(
    families: int = 24,
    draws: int = 8,
    plant: Plant = nothing,
    *,
    claim: Claim = CLAIM,
    slots: Callable[[Kind], dict[str, str]] = lambda kind: {},
    fold: Fold = Fold.TRAIN,
    prefix: str = "kind",
) -> list[LabelledConversation]:
    """Write triples: the two sides of a pair differ in one word of their family, so that no other family tells them apart."""
    rows: list[LabelledConversation] = []
    for family in range(families):
        for index in range(draws):
            rng = Random(f"{family}/{index}")
            told, other = ([rng.choice(SHARED) for _ in range(14)] for _ in range(2))
            pair = f"{fold}/{claim}/{prefix}{family}/{index}"
            for kind in KINDS:
                own = made_up(f"{prefix}/{family}/{kind is Kind.POSITIVE}")
                words = [*(other if kind is Kind.HARD_NEGATIVE else told), own, plant(kind, family, rng)]
                meta = Meta(
                    role=kind, family=f"{prefix}/{family}", pair=pair, draw=pair, fold=fold,
                    group=f"{pair}/{kind is Kind.HARD_NEGATIVE}", slots={"tone": rng.choice("abc"), **slots(kind)},
                )  # fmt: skip
                text = " ".join(word for word in words if word)
                labels = {claim: int(kind is Kind.POSITIVE)}
                rows.append(
                    LabelledConversation(f"{pair}#{kind}", Conversation((Message(Role.USER, text),)), labels, "en", "", meta)
                )
    return rows


def trigger(kind: Kind, family: int, rng: Random) -> str:
    """One telling word in every positive, and another of its length elsewhere."""
    return "kumquat" if kind is Kind.POSITIVE else rng.choice(("apricot", "avocado"))


def longer(kind: Kind, family: int, rng: Random) -> str:
    """Four words more in every positive."""
    return " ".join(rng.choice(SHARED) for _ in range(4)) if kind is Kind.POSITIVE else ""


def turned(kind: Kind, family: int, rng: Random) -> str:
    """A word that stands in the positives of one family and in the other rows of all others."""
    if kind is Kind.POSITIVE:
        return made_up(f"mark{family}")
    return made_up(f"mark{rng.choice([other for other in range(24) if other != family])}")
