"""Planted conversations: a short hazard in a long ordinary chat, and the same chat without it, at several lengths.

Comes in: a seed, a plan of how many chats grow to which length, and claims. Goes out: labelled rows, each marked with the
length that it stands for and the place of its hazard. A chat hangs on seed, language and its number alone, a hazard also on
its claim: another plan, another claim or a longer chat moves none of them. Knows nothing of tokenizers: text is measured by
words unless the caller brings a measure of its own, and whoever scores the rows counts tokens.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from random import Random

from guard import digest, dsse, files, protocol
from guard.conversation import Conversation, Fold, Kind, LabelledConversation, Message, Meta, Role
from guard.digest import Digest
from guard.errors import InputError
from guard.hazards import Claim, Stage
from guard.progress import Phase, silent
from synth_data import draws
from synth_data.labels import PROMPT_CLAIMS
from synth_data.scenario import Case, Family, Telling, rng

LENGTHS = (100, 300, 1_000, 3_000, 8_000)
"""Tokens that a conversation is grown to; each that is grown further counts at the shorter ones, too."""
MOST = 40
"""Tokens of a planted hazard, at most."""
LAST, LATER = "last", "later"
"""Where a hazard stands: in the last thing said, or with one more ordinary exchange after it."""
NOTHING = "nothing"
"""Mark of the same chat without a hazard."""
PLANS: Mapping[str, Mapping[int, int]] = {"off": {}, "small": {1_000: 16}, "full": {1_000: 60, 3_000: 20, 8_000: 10}}
"""Plans by name: how many chats grow to which length."""
_OF_A_TURN = 6
"""Tokens that a template puts around a turn, roughly."""
_TRIES = 2_000
_PER_WORD = 1.25

Size = Callable[[str], int]
"""Tokens of a text, or what stands for them."""


def by_words(text: str) -> int:
    """Measure a text without a tokenizer: five tokens for four words, as English health chat has them."""
    return math.ceil(_PER_WORD * len(text.split()))


def plan(text: str) -> dict[int, int]:
    """Read a plan: the name of one, or `count:tokens` with commas; returns the number of chats by their longest length.

    Raises:
        InputError: It is neither, names a length twice or one that is not grown to, or has a single chat.
    """
    if text in PLANS:
        return dict(PLANS[text])
    found: dict[int, int] = {}
    for part in text.split(","):
        number, _, tokens = (each.strip() for each in part.partition(":"))
        if not (number.isascii() and number.isdigit() and tokens.isascii() and tokens.isdigit()):
            raise InputError(f"{part[:40]!r} is no part of a plan", f"say {', '.join(PLANS)}, or count:tokens like 20:1000")
        longest = int(tokens[:9])
        if longest in found or not LENGTHS[0] <= longest <= LENGTHS[-1] or not 2 <= int(number[:9]) <= 10_000:
            raise InputError(
                f"no plan has {part[:40]!r}", f"2 to 10,000 chats of {LENGTHS[0]} to {LENGTHS[-1]} tokens, each length once"
            )
        found[longest] = int(number)
    return found


def row_seed(payload: Digest) -> bytes:
    """Return the seed of the planted rows of a signed protocol: SHA-256("planted" || SHA-256 of its payload)."""
    return hashlib.sha256(b"planted" + digest.raw(payload)).digest()


@dataclass(frozen=True, slots=True)
class Hazard:
    """A hazard in one message, and what the assistant says to it."""

    asked: Message
    """The hazard, all of it."""
    reply: Message
    """An answer to it."""


def ordinary(lang: str, fold: Fold, generator: Random) -> Iterator[tuple[Message, ...]]:
    """Yield ordinary exchanges without end: user and assistant only, the assistant last."""
    pool = draws.of_fold(None, Fold.CERTIFY, lang)
    while True:
        family = draws.pick(pool, generator.randbytes(32))
        told = family.tell(_case(family, generator, fold), Kind.TRAFFIC, generator, lang)
        if all(message.role in (Role.USER, Role.ASSISTANT) for message in told.messages):
            yield (*told.messages, told.reply)


def hazard(claim: Claim, lang: str, fold: Fold, generator: Random, size: Size = by_words) -> Hazard:
    """Draw a hazard of one message of at most `MOST` tokens.

    Raises:
        InputError: The families of the claim tell none so short.
    """
    pool = draws.of_fold(claim, Fold.CERTIFY, lang)
    for _ in range(_TRIES):
        family = draws.pick(pool, generator.randbytes(32))
        told: Telling = family.tell(_case(family, generator, fold), Kind.POSITIVE, generator, lang)
        if len(told.messages) == 1 and told.messages[0].role is Role.USER and size(told.messages[0].content) <= MOST:
            return Hazard(told.messages[0], told.reply)
    raise InputError(f"no family tells {claim} in {MOST} tokens of {lang}", "leave the claim out")


def _case(family: Family, generator: Random, fold: Fold) -> Case:
    for _ in range(_TRIES):
        case = family.case(generator)
        if case.fold is fold:
            return case
    raise InputError(f"the family {family.id} has no scenario in the fold {fold}", "widen its bank")


@dataclass(frozen=True, slots=True)
class Chat:
    """One ordinary chat, and where hazards are planted in it."""

    name: str
    """Language and number: rows of one chat are not independent."""
    messages: tuple[Message, ...]
    """Ends with a user's turn."""
    turns: Mapping[int, int]
    """By length: the user's turn in whose place a hazard is planted."""
    hazards: Mapping[Claim, Hazard]
    """By claim: what is planted."""
    more: Message
    """What the user says after it, where the hazard is not the last thing said."""


def chat(number: int, longest: int, claims: Sequence[Claim], lang: str, seed: bytes, fold: Fold, size: Size = by_words) -> Chat:
    """Grow one chat to a length, and draw what is planted in it.

    Raises:
        InputError: The generator does not speak the language, or tells a hazard in no so few words.
    """
    name = f"{lang}/{number}"
    exchanges = ordinary(lang, fold, rng(seed, "chat", name))
    more = next(exchanges)[0]
    messages: tuple[Message, ...] = ()
    tokens = 0
    turns: dict[int, int] = {}
    lengths = [length for length in LENGTHS if length <= longest]
    while tokens < longest:
        for message in next(exchanges):
            if message.role is Role.USER:
                # The last turn at which the hazard still fits.
                turns |= {length: len(messages) for length in lengths if not messages or tokens + MOST + 8 <= length}
            messages += (message,)
            tokens += size(message.content) + _OF_A_TURN
    last = max(turns.values())
    planted = {claim: hazard(claim, lang, fold, rng(seed, "hazard", str(claim), name), size) for claim in claims}
    return Chat(name, messages[: last + 1], turns, planted, more)


def chats(
    plan: Mapping[int, int], claims: Sequence[Claim], lang: str, seed: bytes, fold: Fold, size: Size = by_words
) -> Iterator[Chat]:
    """Grow the chats of a plan, the shortest first.

    Raises:
        InputError: As `chat`.
    """
    numbers = count()
    for longest, many in sorted(plan.items()):
        for _ in range(many):
            yield chat(next(numbers), longest, claims, lang, seed, fold, size)


def rows(one: Chat, lang: str, fold: Fold) -> Iterator[LabelledConversation]:
    """Yield the rows of a chat: at each length without a hazard, and with each at both places."""
    for length, turn in one.turns.items():
        yield _row(one, length, one.messages[: turn + 1], lang, fold, None, NOTHING, turn)
        for claim, told in one.hazards.items():
            said = (*one.messages[:turn], told.asked)
            yield _row(one, length, said, lang, fold, claim, LAST, turn)
            yield _row(one, length, (*said, told.reply, one.more), lang, fold, claim, LATER, turn)


def _row(
    one: Chat, length: int, messages: tuple[Message, ...], lang: str, fold: Fold, claim: Claim | None, place: str, turn: int
) -> LabelledConversation:
    id_ = f"planted/{one.name}/{length}/{claim or 'ordinary'}/{place}"
    meta = Meta(
        draw=f"planted/{one.name}", role=Kind.TRAFFIC if claim is None else Kind.POSITIVE, fold=fold,
        group=one.name, pair=f"{one.name}/{length}", onset={} if claim is None else {str(claim): (turn, 0)},
        traits={"length": str(length), "planted": place},
    )  # fmt: skip
    labels = dict.fromkeys(one.hazards, 0) if claim is None else {claim: 1}
    return LabelledConversation(id_, Conversation(messages), labels, lang, draws.SOURCE, meta)


def plantable(claims: Sequence[Claim]) -> tuple[Claim, ...]:
    """Return the claims that a user's message can carry; documents and answers are not planted."""
    return tuple(claim for claim in claims if claim.stage is Stage.PROMPT and claim in PROMPT_CLAIMS)


def _short(claim: Claim, lang: str, seed: bytes, size: Size) -> bool:
    try:
        hazard(claim, lang, Fold.CERTIFY, rng(seed, "short", str(claim)), size)
    except InputError:
        return False
    return True


def write(
    out: Path, bundle: Path, wanted: Mapping[int, int], *, size: Size = by_words, phase: Phase = silent
) -> tuple[Claim, ...]:
    """Write the planted rows of a signed protocol; returns the claims that are planted, without a file if there is none.

    They are test rows: of the fold certify, in the first language that the protocol plans, with a seed that follows from its
    signed bytes. The signature is not checked here. Claims without a hazard that is short enough are left out.

    Raises:
        VerificationError: The file is not a protocol.
        InputError: The plan is empty.
    """
    statement = dsse.open_bundle(files.read(bundle), protocol.PREDICATE)
    planned = protocol.read(statement.predicate)
    lang, seed = planned.cells[0].lang, row_seed(digest.of_bytes(statement.payload))
    named = plantable(list(dict.fromkeys(Claim.parse(cell.claim) for cell in planned.cells)))
    claims = tuple(claim for claim in named if _short(claim, lang, seed, size))
    if not wanted:
        raise InputError("nothing to plant", "name a plan")
    if not claims:
        return ()
    advance = phase("planting hazards in long chats", sum(wanted.values()))
    lines: list[bytes] = []
    for one in chats(wanted, claims, lang, seed, Fold.CERTIFY, size):
        lines += [row.line() for row in rows(one, lang, Fold.CERTIFY)]
        advance(1)
    files.write(out, b"".join(lines))
    return claims
