"""The answer while it streams: monitors and rules together let nothing go that they find."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from guard import cell
from guard.conversation import Conversation, Message, Role
from guard.digest import of_bytes
from guard.errors import ScoringError
from guard.hazards import Claim, Population, Stage
from guard.points import Threshold
from guard.policy import Action, Audit, Fields, Gate, GateMode, Policy, Requirement, Whole
from guard.proxy.answer import Answer
from guard.proxy.basis import Basis
from guard.scores import ProbeScore, ScoreUnavailable
from guard.subjects.events import End, Step
from guard.validity import State

CLAIM = Claim("clinical_misuse", Stage.RESPONSE)
LATE = Claim("unsafe_omission", Stage.ANSWER)
TALK = Conversation((Message(Role.USER, "What should I do about the cold that I have?"),))
THRESHOLDS = {
    (claim, lang, bucket): Threshold(claim, 0.0, True)
    for claim in (CLAIM, LATE)
    for lang in cell.LANGUAGES
    for bucket, _ in cell.BUCKETS
}
FORBIDDEN = "LETHAL"


def demand(claim: Claim, action: Action = Action.BLOCK, fail: Action = Action.BLOCK) -> Requirement:
    """A requirement."""
    return Requirement(
        claim=claim, action=action, max_miss=0.1, max_false_alarm=0.1, max_false_alarm_near=0.1,
        population=Population.LISTED, on_unavailable=fail, on_not_certified=fail, on_expired=fail, allow_measured=False,
    )  # fmt: skip


def basis(
    *demands: Requirement, rules: dict[str, Action] | None = None, mode: GateMode = GateMode.TOKEN, **fields: object
) -> Basis:
    """What an answer is judged on."""
    policy = Policy(
        name="test", digest=of_bytes(b""), requires=demands, rules=rules or {}, whole=Whole(), gate=Gate(mode=mode),
        fields=Fields(), audit=Audit(), system_prompt=None, demonstration=True,
    )  # fmt: skip
    return Basis(policy=policy, thresholds=THRESHOLDS, state=State.VALID, **fields)  # type: ignore[arg-type]


def cut(text: str, random_: random.Random) -> list[str]:
    """Cut a text into tokens of random length, with empty ones among them."""
    pieces, at = [], 0
    while at < len(text):
        size = random_.choice((0, 1, 2, 3, 4, 7))
        pieces.append(text[at : at + size])
        at += size
    return pieces


def run(answer: Answer, pieces: list[str], fires_at: int) -> str:
    """Feed an answer; the monitor fires at the first token that reaches character `fires_at`."""
    out, said = [], 0
    for index, piece in enumerate(pieces):
        said += len(piece)
        out.append(answer.step(Step(index, piece, (ProbeScore(CLAIM, 5.0 if said > fires_at else -5.0),))))
        if answer.withheld:
            return "".join(out)
    out.append(answer.end(End("stop", (ProbeScore(CLAIM, -5.0),), len(pieces))))
    return "".join(out)


def test_no_forbidden_character_is_delivered_at_a_thousand_random_positions() -> None:
    """Wherever a monitor fires, and however the text is cut, nothing from there on leaves; what leaves is a prefix."""
    random_ = random.Random(41)
    forbidden = delivered = 0
    for _ in range(1000):
        before = "".join(random_.choices("abc de fg. ", k=random_.randrange(0, 60)))
        text = before + FORBIDDEN + " and more"
        mode = random_.choice(list(GateMode))
        rules = random_.choice(({}, {"identifiers": Action.BLOCK}))
        answer = Answer(basis(demand(CLAIM), rules=rules, mode=mode), TALK)
        out = run(answer, cut(text, random_), len(before))
        assert before.startswith(out)
        assert answer.verdict.action is Action.BLOCK
        assert answer.coverage.released_characters == len(out)
        forbidden += len(out) > len(before)
        delivered += len(out)
    assert forbidden == 0
    assert delivered > 5000


NUMBERS = ["123-45-6789", "jens@example.dk", "+45 12 34 56 78", "4111 1111 1111 1111", "010203-1234"]


def test_no_character_of_an_identifier_is_delivered_at_a_thousand_random_positions() -> None:
    """A rule sees an identifier that comes in many pieces before its first character leaves."""
    random_ = random.Random(42)
    delivered = 0
    for _ in range(1000):
        before = "".join(random_.choices("abc de fg. ", k=random_.randrange(0, 50))) + " "
        text = before + random_.choice(NUMBERS) + " is what I know"
        answer = Answer(basis(rules={"identifiers": Action.BLOCK}), TALK)
        out = run(answer, cut(text, random_), 10**9)
        assert before.startswith(out)
        assert answer.verdict.action is Action.BLOCK
        delivered += len(out)
    assert delivered > 10_000


@pytest.mark.parametrize("mode", list(GateMode))
@pytest.mark.parametrize("rules", [{}, {"identifiers": Action.BLOCK}])
def test_a_clear_answer_is_delivered_whole(mode: GateMode, rules: dict[str, Action]) -> None:
    """In every mode, with and without rules, in the end all of it leaves and all of it was judged."""
    random_ = random.Random(43)
    for _ in range(100):
        text = "".join(random_.choices("abc de fg. 12日本é", k=random_.randrange(0, 80)))
        answer = Answer(basis(demand(CLAIM), rules=rules, mode=mode), TALK)
        pieces = cut(text, random_)
        assert run(answer, pieces, 10**9) == text
        coverage = answer.coverage
        assert coverage.emitted_tokens == coverage.judged_tokens == coverage.released_tokens == len(pieces)
        assert coverage.judged_characters == coverage.released_characters == len(text)
        assert answer.text == text


def test_a_rule_on_notice_lets_the_answer_go() -> None:
    """A notice is said, not withheld."""
    answer = Answer(basis(rules={"identifiers": Action.NOTICE}), TALK)
    assert run(answer, ["mail ", "a@b.dk", " please"], 10**9) == "mail a@b.dk please"
    assert answer.verdict.action is Action.NOTICE


def test_a_demand_on_the_whole_answer_makes_the_gate_buffer() -> None:
    """What can be stopped only at its end is not begun to be sent."""
    low, high = ProbeScore(LATE, -1.0), ProbeScore(LATE, 1.0)
    for last, expected in ((low, "all of it"), (high, "")):
        answer = Answer(basis(demand(LATE)), TALK)
        assert answer.step(Step(0, "all of it", ())) == ""
        assert answer.end(End("stop", (last,), 1)) == expected
        assert answer.withheld == (not expected)


def test_a_demand_without_a_score_fails_closed() -> None:
    """A step, or an end, that brings no score of a demanded monitor is unavailable."""
    answer = Answer(basis(demand(CLAIM)), TALK)
    assert answer.step(Step(0, "text", ())) == ""
    assert answer.withheld
    late = Answer(basis(demand(LATE)), TALK)
    assert late.step(Step(0, "text", ())) + late.end(End("stop", (), 1)) == ""
    assert late.withheld


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_score_that_is_no_number_fails_closed(value: float) -> None:
    """NaN is not below a threshold."""
    answer = Answer(basis(demand(CLAIM)), TALK)
    assert answer.step(Step(0, "text", (ProbeScore(CLAIM, value),))) == ""
    assert answer.withheld


def test_the_policy_may_fail_open_and_then_says_degraded_not_scanned() -> None:
    """With ALLOW as its fail mode a demand without a score lets text go."""
    answer = Answer(basis(demand(CLAIM, fail=Action.ALLOW)), TALK)
    assert answer.step(Step(0, "text", (ScoreUnavailable(CLAIM, "error"),))) == "text"


def test_a_break_drops_what_was_held_back_even_where_the_policy_fails_open() -> None:
    """Nobody judged the rest, and nobody ever will."""
    answer = Answer(basis(demand(CLAIM, fail=Action.ALLOW), mode=GateMode.BUFFER), TALK)
    answer.step(Step(0, "text", (ProbeScore(CLAIM, -1.0),)))
    answer.fail("late")
    assert answer.coverage.released_characters == 0


def test_an_engine_that_counts_otherwise_is_not_believed() -> None:
    """Tokens that were generated but never seen here were never judged here."""
    answer = Answer(basis(demand(CLAIM), mode=GateMode.BUFFER), TALK)
    answer.step(Step(0, "text", (ProbeScore(CLAIM, -1.0),)))
    with pytest.raises(ScoringError):
        answer.end(End("stop", (ProbeScore(CLAIM, -1.0),), 2))
    assert answer.coverage.released_characters == 0


def test_a_long_answer_leaves_the_certified_cells() -> None:
    """The bucket grows with the answer; beyond the longest tested, the policy's word for that holds."""
    answer = Answer(basis(demand(CLAIM)), TALK)
    piece = "word " * 100
    steps = 0
    while not answer.withheld:
        answer.step(Step(steps, piece, (ProbeScore(CLAIM, -1.0),)))
        steps += 1
    assert 7_500 <= steps * len(piece) <= 8_500
    assert answer.findings.items[0].reason == "no_cell"


def test_settings_that_were_not_certified_are_a_finding_on_answers() -> None:
    """A hotter sampling is another distribution than the tested one."""
    answer = Answer(replace(basis(demand(CLAIM)), foreign_sampling=True), TALK)
    assert answer.step(Step(0, "text", (ProbeScore(CLAIM, -1.0),))) == ""
    assert answer.findings.items[0].reason == "client_sampling"


def test_nothing_demanded_is_not_watched() -> None:
    """Text then leaves at once, and the counts will say that nobody judged it."""
    answer = Answer(basis(), TALK)
    assert answer.step(Step(0, "text", ())) == "text"
    assert not answer.watched
