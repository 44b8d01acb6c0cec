"""Which rows a set has: draws by claim, language, bucket and fold, chosen for fitting or planned by a signed protocol."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from guard.conversation import Fold
from guard.errors import InputError, ProtocolError
from guard.hazards import Claim
from guard.protocol import Protocol
from synth_data import draws, families, labels, languages, manifest
from synth_data.scenario import Profile

_FITTING = (Fold.TRAIN, Fold.SELECT, Fold.PROBE)


@dataclass(frozen=True, slots=True)
class Block:
    """Draws of one claim, language and bucket in one fold, from index 0."""

    claim: Claim | None
    """None for ordinary chat."""
    lang: str
    """Language."""
    bucket: str
    """Length bucket."""
    fold: Fold
    """Fold."""
    draws: int
    """How many."""
    mix: bool = False
    """Whether single rows are drawn from a realistic mix of everything (`draws.mixed`)."""
    profile: Profile = Profile.WHOLE
    """Which cases of the families."""
    answered: bool = False
    """Whether ordinary chat ends with its answer, for monitors that read answers."""

    @property
    def file(self) -> str:
        """Name of the file that its rows stand in."""
        ordinary = "mix" if self.mix else "answered" if self.answered else "traffic"
        return f"{self.claim or ordinary}.{self.fold}.jsonl"

    @property
    def claims(self) -> Iterable[Claim | None]:
        """What its draws may be about."""
        return (None, *labels.PROMPT_CLAIMS, *labels.CONTEXT_CLAIMS) if self.mix else (self.claim,)


def blocks(
    *,
    folds: Sequence[Fold],
    scenarios: int,
    langs: Sequence[str],
    claims: Sequence[Claim],
    traffic: int,
    lengths: Sequence[str] = draws.LENGTHS[:1],
    profile: Profile = Profile.WHOLE,
) -> tuple[Block, ...]:
    """Plan draws for fitting and looking.

    Args:
        folds: Of train, select and probe.
        scenarios: Draws for each claim, language and fold.
        langs: Languages.
        claims: Claims; each in those languages that it has families in.
        traffic: Ordinary conversations for each language and fold; as many with their answers, if a claim is about answers.
        lengths: Length buckets, each of which gets as many.
        profile: Which cases of the families.

    Raises:
        ProtocolError: Test rows are asked for, which do not exist before a protocol is signed.
        InputError: There is no such language, or a claim that was named has no families in any of them.
    """
    for lang in langs:
        languages.language(lang)
    for fold in folds:
        if fold not in _FITTING:
            raise ProtocolError(f"rows of the fold {fold} are drawn for a signed protocol only", "give --protocol")
    wanted: list[tuple[Claim | None, int]] = [(claim, scenarios) for claim in claims]
    wanted.append((None, traffic))
    spoken = {(claim, lang) for claim, _ in wanted for lang in langs if families.speak(claim, lang)}
    for claim in claims:
        if tuple(claims) != families.CLAIMS and not any((claim, lang) in spoken for lang in langs):
            raise InputError(f"no families of {claim} speak {', '.join(langs)}", "name another language or hazard")
    of_answers = any(claim in labels.WRITTEN_CLAIMS for claim in claims)
    found = tuple(
        Block(claim, lang, length, fold, count, profile=profile)
        for claim, count in wanted
        for fold in folds
        for lang in langs
        for length in lengths
        if count > 0
        and (claim, lang) in spoken
        and not (claim in (*labels.WRITTEN_CLAIMS, *labels.TOOL_CLAIMS) and fold is Fold.PROBE)
    )
    ends = (block for block in found if of_answers and block.claim is None and block.fold is not Fold.PROBE)
    return (*found, *(replace(block, answered=True) for block in ends))


def planned(plan: Protocol) -> tuple[Block, ...]:
    """Return exactly the test rows that a protocol plans.

    Raises:
        ProtocolError: It was written for another generator, or for another number of unseen families.
    """
    ours = manifest.generator_digest()
    if plan.generator.digest != ours:
        raise ProtocolError(
            f"the protocol names the generator {plan.generator.digest[:23]}…, this one is {ours[:23]}…",
            "use the version that the protocol was prepared with",
        )
    profile = manifest.profile(plan.generator.version)
    found: list[Block] = []
    for cell in plan.cells:
        claim = Claim.parse(cell.claim)
        if cell.unseen_families != manifest.unseen(claim, cell.lang):
            raise ProtocolError(f"{claim}: planned are {cell.unseen_families} unseen families, there are others")
        found.append(Block(claim, cell.lang, cell.bucket, Fold.CERTIFY, cell.draws, profile=profile))
        found.append(
            Block(claim, cell.lang, cell.bucket, Fold.UNSEEN, cell.unseen_families * cell.unseen_draws, profile=profile)
        )
    found += [Block(None, cell.lang, cell.bucket, Fold.CERTIFY, cell.draws, profile=profile) for cell in plan.traffic]
    return tuple(found)


def mixes(*, folds: Sequence[Fold], scenarios: int, langs: Sequence[str]) -> tuple[Block, ...]:
    """Plan a realistic mix: about fifty ordinary conversations for each hazardous one.

    Raises:
        ProtocolError: Test rows are asked for.
    """
    found = blocks(folds=folds, scenarios=0, langs=langs, claims=(), traffic=scenarios)
    return tuple(Block(None, block.lang, block.bucket, block.fold, block.draws, mix=True) for block in found)
