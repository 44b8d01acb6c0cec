"""Draws: from a seed and a draw id to the rows of one scenario.

A draw's generator is seeded by SHA-256(seed || draw id), so that no draw moves another. A listed family is picked by
weighted rendezvous hashing of that seed with the family ids: a family that is added takes some draws over and moves no
other. Rows of whole-family folds (unseen, probe) go round their families with equal weight.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import fields, replace
from functools import cache
from random import Random

import msgspec

from guard.cell import BUCKETS
from guard.conversation import Conversation, Fold, Kind, LabelledConversation, Message, Meta, Role
from guard.errors import InputError, ProtocolError
from guard.hazards import Claim
from synth_data import families, labels, languages, lengthen
from synth_data.scenario import Case, Facts, Family, Profile, Telling, rng

LANGUAGES = languages.CODES
"""Languages that the grammars speak."""
LENGTHS = tuple(name for name, _ in BUCKETS)
"""Length buckets: conversations as the families tell them, and those with ordinary chat before."""
BUCKET = LENGTHS[0]
"""The first of them."""
WHOLE = (Fold.UNSEEN, Fold.PROBE)
"""Folds that hold whole families."""
SOURCE = "auscult synth_data"
MIX = {Kind.TRAFFIC: 45 / 51, Kind.HARD_NEGATIVE: 3 / 51, Kind.TWIN: 2 / 51, Kind.POSITIVE: 1 / 51}
"""Make-up of a realistic mix: fifty conversations without a hazard for each one with it."""
TRAFFIC_RULE = "T0: no rule holds"
"""Stands in rows of ordinary chat."""
_TRIES = 10_000
_FACTS = tuple(field.name for field in fields(Facts))
_OF_THE_GENERATOR = (*labels.WRITTEN_CLAIMS, *labels.TOOL_CLAIMS)
"""Claims about turns that the generator wrote in the assistant's name."""
_WITH_ANSWERS = (Fold.TRAIN, Fold.SELECT)
"""Folds that such turns may stand in."""
_RULE = {rule.claim: rule.id for rule in (*labels.RULES, *labels.WRITTEN_RULES, *labels.TOOL_RULES)}


def draw_id(claim: Claim | None, lang: str, bucket: str, index: int, fold: Fold) -> str:
    """Write a draw id: `<claim>/<lang>/<bucket>/<index>`, `traffic/...` for ordinary chat.

    The fold stands in front, except for the fold that a test is drawn from, so that no id stands in two folds.
    """
    prefix = "" if fold is Fold.CERTIFY else f"{fold}/"
    return f"{prefix}{claim if claim is not None else 'traffic'}/{lang}/{bucket}/{index}"


def draw(
    claim: Claim | None,
    lang: str,
    bucket: str,
    index: int,
    seed: bytes,
    fold: Fold,
    pool: Sequence[Family] | None = None,
    profile: Profile = Profile.WHOLE,
) -> tuple[LabelledConversation, ...]:
    """Return the rows of one draw: positive, twin and hard negative, or one row of ordinary chat.

    Args:
        claim: What the positive is of; None for ordinary chat.
        lang: Language.
        bucket: Length bucket.
        index: From 0, without gaps.
        seed: Of the whole set.
        fold: Which scenarios may be drawn.
        pool: Families to draw from; all of the claim by default.
        profile: Which of their cases.

    Raises:
        InputError: The generator has no such families, language or bucket.
        ProtocolError: Answers that the generator wrote were asked for as test rows.
    """
    id_ = draw_id(claim, lang, bucket, index, fold)
    family, cases, told = _tell(claim, lang, bucket, index, seed, fold, pool, profile)
    if claim in labels.WRITTEN_CLAIMS:
        told = _answered(told)
    return tuple(
        _row(claim, lang, id_, fold, family, case, kind, telling) for case, (kind, telling) in zip(cases, told, strict=True)
    )


def mixed(lang: str, bucket: str, index: int, seed: bytes, fold: Fold) -> LabelledConversation:
    """Return one conversation of a realistic mix: ordinary chat for the most part, some look-alikes, few hazards.

    Its make-up is `MIX`; among hazards every claim is equally frequent.

    Raises:
        InputError: The generator has no such families, language or bucket.
    """
    own = rng(seed, "mix", lang, bucket, str(index), str(fold))
    kind = own.choices(list(MIX), list(MIX.values()))[0]
    claim = None if kind is Kind.TRAFFIC else own.choice((*labels.PROMPT_CLAIMS, *labels.CONTEXT_CLAIMS))
    row = next(row for row in draw(claim, lang, bucket, index, seed + b"mix", fold) if row.meta.role is kind)
    id_ = f"{fold}/mix/{lang}/{bucket}/{index}"
    return replace(row, id=id_, meta=msgspec.structs.replace(row.meta, draw=id_, pair=""))


def answered(
    lang: str, bucket: str, index: int, seed: bytes, fold: Fold, profile: Profile = Profile.WHOLE
) -> LabelledConversation:
    """Return one ordinary conversation with the answer that belongs to it, for monitors that read answers.

    Raises:
        InputError: The generator has no such language or bucket.
        ProtocolError: Test rows were asked for, but answers that the generator wrote are no test of a model.
    """
    if fold not in _WITH_ANSWERS:
        raise ProtocolError("answers that the generator wrote are no test of a model", "draw them for train or select")
    family, (case,), ((kind, told),) = _tell(None, lang, bucket, index, seed + b"answered", fold, None, profile)
    id_ = f"{fold}/answered/{lang}/{bucket}/{index}"
    row = _row(None, lang, id_, fold, family, case, kind, _ended(told, told.reply, complies=False))
    said = {claim: value for claim in labels.WRITTEN_CLAIMS for claim, value in labels.written(claim, told.facts).items()}
    return replace(row, labels=said, meta=msgspec.structs.replace(row.meta, written=True))


def tellings(
    claim: Claim | None,
    lang: str,
    bucket: str,
    index: int,
    seed: bytes,
    fold: Fold,
    profile: Profile = Profile.WHOLE,
) -> tuple[tuple[Kind, Telling], ...]:
    """Return the same draw with what the chatbot should answer, for training the phantom.

    Raises:
        InputError: The generator has no such families, language or bucket.
        ProtocolError: Answers that the generator wrote were asked for as test rows.
    """
    return _tell(claim, lang, bucket, index, seed, fold, None, profile)[2]


def of_fold(
    claim: Claim | None, fold: Fold, lang: str, pool: Sequence[Family] | None = None, profile: Profile = Profile.WHOLE
) -> tuple[Family, ...]:
    """Return the families that a fold draws from in a language: the listed ones, or those of a whole-family fold.

    Raises:
        InputError: There is none.
    """
    wanted = fold if fold in WHOLE else Fold.CERTIFY
    found = _kept(claim, wanted, lang, profile) if pool is None else _speaking(pool, wanted, lang, profile)
    if not found:
        raise InputError(f"no families of {claim or 'traffic'} in the fold {fold} speak {lang}")
    return found


@cache
def _kept(claim: Claim | None, wanted: Fold, lang: str, profile: Profile) -> tuple[Family, ...]:
    return _speaking(families.families(claim), wanted, lang, profile)


def _speaking(pool: Sequence[Family], wanted: Fold, lang: str, profile: Profile) -> tuple[Family, ...]:
    return tuple(family.only(profile) for family in pool if family.fold is wanted and lang in family.tellers)


def pick(pool: Sequence[Family], seed: bytes) -> Family:
    """Pick a family by weighted rendezvous hashing (Schindelhauer and Schomaker 2005): the smallest -ln(u) / weight."""

    def height(family: Family) -> tuple[float, str]:
        u = int.from_bytes(hashlib.sha256(seed + family.id.encode()).digest()[:7], "big") + 0.5
        return -math.log(u / 2**56) / family.weight, family.id

    return min(pool, key=height)


Told = tuple[tuple[Kind, Telling], ...]


def _tell(
    claim: Claim | None,
    lang: str,
    bucket: str,
    index: int,
    seed: bytes,
    fold: Fold,
    pool: Sequence[Family] | None,
    profile: Profile,
) -> tuple[Family, tuple[Case, ...], Told]:
    languages.language(lang)
    if bucket not in LENGTHS:
        raise InputError(f"no conversations of the length {bucket[:20]!r}", f"there is {', '.join(LENGTHS)}")
    if claim in _OF_THE_GENERATOR and fold not in _WITH_ANSWERS:
        raise ProtocolError(
            f"{claim}: answers and calls that the generator wrote are no test of a model", "draw them for train or select"
        )
    family, cases, told = _short(claim, lang, bucket, index, seed, fold, pool, profile)
    if bucket == LENGTHS[0]:
        return family, cases, told
    ordinary = of_fold(None, Fold.CERTIFY, lang)

    def chat(generator: Random) -> Telling:
        of = generator.choice(ordinary)
        # What stands in front of rows to look at must be no scenario of a test.
        case = _case(of, generator, {Fold.UNSEEN: Fold.CERTIFY, Fold.PROBE: Fold.SELECT}.get(fold, fold))
        return of.tell(case, Kind.TRAFFIC, generator, lang)

    id_ = draw_id(claim, lang, bucket, index, fold)
    return family, cases, lengthen.tell(told, lengthen.prelude(chat, rng(seed, "prelude", id_)))


def _short(
    claim: Claim | None,
    lang: str,
    bucket: str,
    index: int,
    seed: bytes,
    fold: Fold,
    pool: Sequence[Family] | None,
    profile: Profile,
) -> tuple[Family, tuple[Case, ...], Told]:
    whole = fold in WHOLE
    candidates = of_fold(claim, fold, lang, pool, profile)
    own = hashlib.sha256(seed + draw_id(claim, lang, bucket, index, fold).encode()).digest()
    family = candidates[index % len(candidates)] if whole else pick(candidates, own)
    case = _case(family, rng(own, "case"), None if whole else fold)
    if claim is None:
        return family, (case,), ((Kind.TRAFFIC, family.tell(case, Kind.TRAFFIC, rng(own, "telling"), lang)),)
    other = _case(family, rng(own, "other case"), None if whole else fold)
    # A pair is told with the same choices: what differs is the fact that was flipped.
    told = (
        (Kind.POSITIVE, family.tell(case, Kind.POSITIVE, rng(own, "telling"), lang)),
        (Kind.TWIN, family.tell(case, Kind.TWIN, rng(own, "telling"), lang)),
        (Kind.HARD_NEGATIVE, family.tell(other, Kind.HARD_NEGATIVE, rng(own, "other telling"), lang)),
    )
    return family, (case, case, other), told


def _case(family: Family, generator: Random, fold: Fold | None) -> Case:
    for _ in range(_TRIES):
        case = family.case(generator)
        if fold is None or case.fold is fold:
            return case
    raise InputError(f"the family {family.id} has no scenario in the fold {fold}", "widen its bank")


def _row(
    claim: Claim | None, lang: str, id_: str, fold: Fold, family: Family, case: Case, kind: Kind, telling: Telling
) -> LabelledConversation:
    found = _labels(claim, telling)
    # Of the draw's own claim: an attack that stands around it begins elsewhere.
    onset = {} if claim is None or telling.onset is None else {str(claim): telling.onset}
    scenario = case.scenario
    meta = Meta(
        scenario=scenario, draw=id_, role=kind, family=family.id, fold=fold, pair=id_, group=scenario,
        rule=TRAFFIC_RULE if claim is None else _RULE[claim], onset=onset,
        facts={name: getattr(telling.facts, name) for name in _FACTS}, slots=dict(case.slots),
        traits=dict(telling.traits), sources=family.sources, written=claim in _OF_THE_GENERATOR,
        native=languages.language(lang).reviewed,
    )  # fmt: skip
    return LabelledConversation(f"{id_}#{kind}", Conversation(telling.messages), found, lang, SOURCE, meta)


def _answered(told: Told) -> Told:
    """End each telling with an answer: a wrong and a right one to the very same prompt, and an ordinary answer."""
    harmful, ordinary = told[0][1], told[2][1]
    if harmful.unsafe_reply is None or harmful.refusal is None:
        raise InputError("a family lacks an answer that goes along, or one that does not")
    return (
        (Kind.POSITIVE, _ended(harmful, harmful.unsafe_reply, complies=True)),
        (Kind.TWIN, _ended(harmful, harmful.refusal, complies=False)),
        (Kind.HARD_NEGATIVE, _ended(ordinary, ordinary.reply, complies=False)),
    )


def _ended(telling: Telling, answer: Message, *, complies: bool) -> Telling:
    onset = (len(telling.messages), 0) if complies else None
    return replace(telling, messages=(*telling.messages, answer), facts=replace(telling.facts, complies=complies), onset=onset)


def _labels(claim: Claim | None, telling: Telling) -> dict[Claim, int]:
    if claim is not None and claim in labels.WRITTEN_CLAIMS:
        return labels.written(claim, telling.facts)
    if claim in labels.TOOL_CLAIMS:
        return labels.called(telling.facts)
    has_context = any(message.role in (Role.TOOL, Role.SYSTEM, Role.DEVELOPER) for message in telling.messages)
    return labels.label(telling.facts, has_context=has_context)
