"""Plans, rows, judgements and dossiers that are made up by hand: no model is needed to count, to bound or to sign."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec

from certify import issue, results
from certify.dataset import TRIPLE, draw_id
from certify.issue import Tested
from certify.results import UnitLoss
from guard import agreement, dsse, files, protocol
from guard.binding import Canaries, SubjectBinding
from guard.cell import Located
from guard.certificate import Certificate, number
from guard.conversation import Conversation, Fold, Judged, Kind, LabelledConversation, Message, Meta, Role
from guard.digest import Digest, of_bytes, root
from guard.dossier import ISSUER
from guard.hazards import Claim, Population, Stage, Taxonomy
from guard.keys import PrivateKey, public, public_pem
from guard.points import OperatingPoint
from guard.protocol import ORDER_RULE, SEED_RULE, CellPlan, GeneratorBinding, Limits, Protocol, TrafficPlan, order_key
from guard.scores import Judgement, ProbeScore, Score

EMERGENCY = Claim.parse("missed_emergency@prompt")
INJECTION = Claim.parse("prompt_injection@context")
LANG, BUCKET = "en", "upto1000"
PLACE = (LANG, BUCKET)
SUITE = {"suite.json": b"suite", "probes.safetensors": b"probes", "canaries.jsonl": b"canaries"}
"""Stand-ins for the files of a suite: whoever counts and bounds never opens them."""
KEY: PrivateKey = ec.derive_private_key(20261125, ec.SECP256R1())
OTHER_KEY: PrivateKey = ec.derive_private_key(5, ec.SECP256R1())


def _hazard(name: str, stages: list[str]) -> dict[str, Any]:
    miss = {stage: f"does not notice {name} in the {stage}" for stage in stages}
    words = {"title": name.replace("_", " ").capitalize(), "definition": "Made up.", "reason": "made up", "miss": miss}
    return {"id": name, "severity": "S5", "mode": "certify", "stages": stages, **words}


TAXONOMY = Taxonomy.read(
    {
        "version": "1",
        "hazards": [
            _hazard("missed_emergency", ["prompt"]),
            _hazard("clinical_misuse", ["prompt", "response"]),
            _hazard("prompt_injection", ["prompt", "context"]),
        ],
    }
)


def chat(*texts: str) -> Conversation:
    """User turns with answers between them."""
    turns = [Message(Role.ASSISTANT if index % 2 else Role.USER, text) for index, text in enumerate(texts)]
    return Conversation(tuple(turns))


def row(
    draw: str,
    role: Kind,
    labels: Mapping[Claim, int],
    *,
    fold: Fold = Fold.CERTIFY,
    family: str = "first",
    conversation: Conversation | None = None,
    scenario: str = "",
    onset: dict[str, tuple[int, int]] | None = None,
    written: bool = False,
) -> LabelledConversation:
    """One labelled row; its id is its draw and role."""
    meta = Meta(
        scenario=scenario or f"scenario of {draw}",
        draw=draw,
        role=role,
        family=family,
        fold=fold,
        onset=onset or {},
        written=written,
        sources=("facts:1",),
    )
    said = conversation or chat("I have a question about the pain in my arm.")
    return LabelledConversation(f"{draw}#{role}", said, labels, LANG, "made up", meta)


def bound_subject(**changes: object) -> SubjectBinding:
    """What a protocol says of a model."""
    manifest = {"model.safetensors": of_bytes(b"model")}
    binding = SubjectBinding(
        name="hf:tiny",
        manifest={name: str(value) for name, value in manifest.items()},
        root=root(manifest),
        tokenizer=of_bytes(b"tokenizer"),
        chat_template=of_bytes(b"template"),
        system_prompt="none",
        context=256,
        engine="made up",
        dtype="float32",
        device="cpu",
        scoring=1,
        decoding={},
        demonstration=False,
    )
    return msgspec.structs.replace(binding, **changes)


def cell(claim: Claim = EMERGENCY, *, population: Population = Population.LISTED, **changes: Any) -> CellPlan:
    """One claim in one cell: 6 draws, 3 unseen families of 2 draws."""
    limits = Limits(max_miss="0.9", max_false_alarm="0.9", max_false_alarm_near="0.9", population=population)
    plan = CellPlan(
        claim=str(claim), lang=LANG, bucket=BUCKET, draws=6, unseen_families=3, unseen_draws=2, limits=limits,
        delta_miss="0.009", delta_unseen="0.005", delta_false_alarm="0.002", predicted_pass="0.9",  # noqa: S106
    )  # fmt: skip
    return msgspec.structs.replace(plan, **changes)


def plan(*cells: CellPlan, traffic: int = 5, threshold: float = 1.0, eps: float = 0.25, **changes: object) -> Protocol:
    """A protocol over some cells, by default one."""
    kept = cells or (cell(),)
    points = tuple(
        OperatingPoint(claim=one.claim, lang=LANG, bucket=BUCKET, threshold=number(threshold), certified=True, gate="token")
        for one in kept
    )
    chats = TrafficPlan(lang=LANG, bucket=BUCKET, draws=traffic, max_false_alarm="0.9", delta_false_alarm="0.002")
    made = Protocol(
        product="ward assistant",
        not_before="2026-11-25T12:00:00+00:00",
        not_after="2027-02-23T12:00:00+00:00",
        serial=1,
        attempt=1,
        ledger_head="none",
        subject=bound_subject(),
        suite={name: of_bytes(content) for name, content in SUITE.items()},
        canaries=Canaries(file=of_bytes(SUITE["canaries.jsonl"]), count=1, eps=number(eps)),
        taxonomy=of_bytes(b"taxonomy"),
        rules=of_bytes(b"rules"),
        rule_names=("identifiers",),
        dataset=of_bytes(b"dataset"),
        generator=GeneratorBinding(digest=of_bytes(b"generator"), version="1", weights={}),
        eps=number(eps),
        delta="0.04",
        operating_points=points,
        cells=kept,
        traffic=(chats,) if traffic else (),
        unit="draw: one independent draw of a scenario",
        order=ORDER_RULE,
        seed=SEED_RULE,
        analysis=of_bytes(b"analysis"),
        demonstration=False,
    )
    return msgspec.structs.replace(made, **changes)


def planned_rows(made: Protocol) -> tuple[LabelledConversation, ...]:
    """Exactly the rows that a protocol plans; unseen families are called u0, u1, ..."""
    return tuple(_planned_rows(made))


def _planned_rows(made: Protocol) -> Iterator[LabelledConversation]:
    for one in made.cells:
        claim = Claim.parse(one.claim)
        for index in range(one.draws):
            draw = draw_id(claim, *PLACE, index)
            for kind in TRIPLE:
                yield row(draw, kind, {claim: int(kind is Kind.POSITIVE)}, family=f"listed{index % 2}")
        for index in range(one.unseen_families * one.unseen_draws):
            draw = draw_id(claim, *PLACE, index, "unseen/")
            for kind in TRIPLE:
                labels = {claim: int(kind is Kind.POSITIVE)}
                yield row(draw, kind, labels, family=f"u{index % one.unseen_families}", fold=Fold.UNSEEN)
    for chats in made.traffic:
        for index in range(chats.draws):
            none = {Claim.parse(one.claim): 0 for one in made.cells}
            yield row(draw_id(None, *PLACE, index), Kind.TRAFFIC, none, family="small talk")


def judged(*scores: Score, turn: int = 0, stage: Stage = Stage.PROMPT, langs: Sequence[str] = ("en",)) -> Judgement:
    """What was said at one place of a short conversation."""
    return Judgement(Judged(turn, stage), Located(tuple(langs), BUCKET, 40), scores)


def perfect(rows: Sequence[LabelledConversation], claim: Claim = EMERGENCY) -> dict[str, tuple[Judgement, ...]]:
    """Judgements without a mistake: 5 on positives, -5 elsewhere."""
    return {one.id: (judged(ProbeScore(claim, 5.0 if one.label(claim) == 1 else -5.0), stage=claim.stage),) for one in rows}


def payload_of(made: Protocol) -> bytes:
    """The bytes that are signed."""
    return dsse.statement(protocol.PREDICATE, made, agreement.protocol_subjects(made))


def losses_of(made: Protocol, lost: Mapping[str, int] | None = None) -> tuple[UnitLoss, ...]:
    """Losses of a plan: of each estimand the first so many units, in the protocol's order, lost one row each."""
    digest, wanted = of_bytes(payload_of(made)), dict(lost or {})
    found: list[UnitLoss] = []

    def add(estimand: str, claim: str, units: Sequence[str], denominator: int, family: str) -> None:
        for order, unit in enumerate(units):
            lossy = int(order < wanted.get(estimand, 0))
            found.append(UnitLoss(estimand, claim, *PLACE, unit, order, lossy, denominator, family))

    def in_order(claim: Claim | None, count: int) -> list[str]:
        return sorted((draw_id(claim, *PLACE, i) for i in range(count)), key=lambda unit: order_key(digest, unit))

    for one in made.cells:
        draws = in_order(Claim.parse(one.claim), one.draws)
        add("miss", one.claim, draws, 1, "first")
        add("false_alarm_near", one.claim, draws, 2, "first")
        add("miss_unseen", one.claim, [f"{i:016x}" for i in range(one.unseen_families)], one.unseen_draws, "")
    for chats in made.traffic:
        draws = in_order(None, chats.draws)
        for one in made.cells:
            add("false_alarm_traffic", one.claim, draws, 1, "small talk")
        add("false_alarm_whole", "whole", draws, 1, "small talk")
    return tuple(found)


def beside(made: Protocol) -> Tested:
    """What a test counts beside the losses."""
    prefixes = [f"{one.claim}/{one.lang}/{one.bucket}/" for one in made.cells]
    return Tested(*(dict.fromkeys(prefixes, number) for number in (6, 2, 4, 0)))


def certificate_of(made: Protocol, losses: Sequence[UnitLoss]) -> Certificate:
    """The certificate of some losses."""
    digest = of_bytes(payload_of(made))
    return issue.certificate_of(made, digest, losses, beside(made), TAXONOMY, measured=(), redrawn=True)


def sealed(folder: Path, made: Protocol, losses: Sequence[UnitLoss], certificate: Certificate | None = None) -> Path:
    """Write a sealed dossier of made-up losses."""
    contents = {
        **{f"suite/{name}": content for name, content in SUITE.items()},
        "protocol.json": dsse.sign(payload_of(made), KEY),
        "results.parquet": results.write(losses),
        "certificate.json": issue.sign(certificate or certificate_of(made, losses), KEY),
        ISSUER: public_pem(public(KEY)),
    }
    for name, content in {**contents, "seal.json": issue.seal(contents, KEY)}.items():
        files.write(folder / name, content)
    return folder


def digest_of(made: Protocol) -> Digest:
    """Digest of a protocol's signed bytes."""
    return of_bytes(payload_of(made))
