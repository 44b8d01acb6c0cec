"""Hazards in long chats: what length does to each way of reading, in closed form, and what is never scored."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import torch

from certify import by_length, growing
from certify.long_input import interval, share
from certify.planted import LAST, LATER, NOTHING, listen, marked
from certify.report.lengths import LengthSection, Read, Standing
from guard.certificate import Certificate, Proportion
from guard.conversation import Conversation, Fold, Kind, LabelledConversation, Message, Meta, Role
from guard.errors import InputError, ProtocolError
from guard.points import thresholds
from guard.probes.activations import HookPoint
from guard.probes.aggregation import Aggregation
from guard.probes.linear import LinearProbe, Stack
from guard.probes.monitor import Monitor
from guard.probes.reading import Places, Unread, judged_turns
from guard.probes.reading import Read as Found
from guard.probes.suite import Suite
from guard.subjects.causal import CausalSubject
from guard.subjects.load import load
from tests.guard.subjects.conftest import probe

from .bag import Bag
from .made_up import EMERGENCY, certificate_of, losses_of, plan
from .tiny import PARTS, save_model

CHATS, TURN = 20, 20
"""Chats at each length, and words of a turn."""


@dataclass(frozen=True)
class Listener(Bag):
    """One number a word: 1 for `now`, else noise of the word's own; a decision token says whether its message has `now`."""

    context: int = 10**6
    """Words that it reads at most."""

    def read(
        self,
        conversations: Sequence[Conversation],
        hook_points: Sequence[HookPoint],
        *,
        places: Places,
        turns: Sequence[Sequence[int]] | None = None,
        batch_tokens: int = 0,
        anchor: str = "",
    ) -> Iterator[Found]:
        """Yield the words of each judged message, and its decision token."""
        assert places is Places.TEXT
        for number, talk in enumerate(conversations):
            for turn in turns[number] if turns is not None else judged_turns(talk):
                words = talk.messages[turn].content.split()
                if sum(len(message.content.split()) for message in talk.messages[: turn + 1]) > self.context:
                    yield (number, turn), Unread("too_long")
                    continue
                said = [1.0 if word == "now" else random.Random(word).gauss(0, 0.2) for word in words]
                value = torch.tensor([*said, max(said) if "now" in words else 0.0])
                yield (number, turn), dict.fromkeys(hook_points, value[:, None])


def monitor(kind: str = "last") -> Monitor:
    """Reads the one number as it is."""
    one, zero = np.ones(1, np.float32), np.zeros(1, np.float32)
    return Monitor(EMERGENCY, (LinearProbe(HookPoint(0), one, 0.0, zero, one),), Aggregation(kind))  # type: ignore[arg-type]


def talk(chat: int, turns: int, place: str) -> LabelledConversation:
    """A chat of so many turns of twenty words each; a hazard of twenty words in the last turn, or in the one before."""
    generator = random.Random(f"{chat}/{turns}")
    said = [[f"my{generator.randrange(10**6)}" for _ in range(TURN)] for _ in range(turns + (place == LATER))]
    if place != NOTHING:
        said[turns - 1] = ["now"] * TURN
    messages = [Message(Role.USER, " ".join(words)) for words in said]
    parted = [each for one in messages for each in (one, Message(Role.ASSISTANT, "yes"))][:-1]
    onset = {} if place == NOTHING else {str(EMERGENCY): (2 * (turns - 1), 0)}
    meta = Meta(
        fold=Fold.CERTIFY, role=Kind.TRAFFIC, group=f"en/{chat}", onset=onset,
        traits={"length": str(TURN * turns), "planted": place},
    )  # fmt: skip
    return LabelledConversation(
        f"{chat}/{turns}/{place}", Conversation(tuple(parted)), {EMERGENCY: int(place != NOTHING)}, "en", "test", meta
    )


@pytest.fixture(scope="module")
def issued() -> Certificate:
    """A certificate of the short bucket, with the threshold 0.5."""
    made = plan(threshold=0.5)
    return certificate_of(made, losses_of(made))


def written(folder: Path, *turns: int) -> Path:
    """Rows of every length and place."""
    rows = [talk(chat, each, place) for each in turns for chat in range(CHATS) for place in (NOTHING, LAST, LATER)]
    (folder / "planted.jsonl").write_bytes(b"".join(row.line() for row in rows))
    return folder / "planted.jsonl"


@pytest.fixture(scope="module")
def section(issued: Certificate, tmp_path_factory: pytest.TempPathFactory) -> LengthSection:
    """Chats of 40 and of 1,200 words, read by a decision-token monitor."""
    return by_length.evaluate(written(tmp_path_factory.mktemp("rows"), 2, 60), Listener(), Suite((monitor(),)), issued)


def of(section: LengthSection, reader: str, length: int) -> Read:
    """One way to read at one length."""
    return next(one for one in section.claims[0].reads if (one.reader, one.length) == (reader, length))


def test_a_mean_forgets_a_hazard_as_the_chat_grows_and_single_turns_do_not(section: LengthSection) -> None:
    """A share of 20 / 1,200 words moves the mean by 0.017, which its short threshold hides; a turn's own mean is 1 always."""
    assert share(of(section, "mean of the text", 40).short.last) == 0
    assert share(of(section, "mean of the text", 1_200).short.last) == 1
    assert share(of(section, "mean of the text", 1_200).short.later) == 1
    for reader in ("decision token, every turn", "mean, every turn", "rolling mean of 16, every turn"):
        for length in (40, 1_200):
            lost = of(section, reader, length)
            assert share(lost.short.last) == share(lost.short.later) == share(lost.matched.later) == 0, reader
    assert share(of(section, "decision token, last turn", 40).short.later) == 1


def test_a_maximum_alarms_more_often_on_a_longer_chat(section: LengthSection) -> None:
    """Above the largest of ten chats of 40 words lie 1,200 / (1,200 + 400) of those of 1,200; a threshold of its own holds."""
    long = of(section, "max of the text", 1_200)
    low, high = interval(long.short.alarms)
    assert low > 0.3 and low < 0.75 < high
    assert interval(long.matched.alarms)[0] < 0.05 + 1 / CHATS


def test_what_is_shipped_is_counted_in_its_cells_and_never_outside(section: LengthSection) -> None:
    """Forty words lie in the certified bucket; 1,200 lie beyond it: no score, whatever the monitor would have said."""
    short, long = section.claims[0].shipped
    (held,) = short.cells
    assert held.bucket == "upto1000" and held.standing is Standing.WITHIN
    assert held.lost.alarms == held.lost.last == held.lost.later == Proportion(successes=0, trials=CHATS)
    assert short.uncertified == Proportion(successes=0, trials=3 * CHATS)
    assert long.cells == () and long.uncertified == Proportion(successes=3 * CHATS, trials=3 * CHATS)


def test_the_same_rows_give_the_same_section(issued: Certificate, tmp_path: Path) -> None:
    """Scored again they are equal, digest included."""
    path = written(tmp_path, 2, 3)
    first, second = (by_length.evaluate(path, Listener(), Suite((monitor(),)), issued) for _ in range(2))
    assert first == second


def test_what_can_not_be_read_is_lost_on_both_sides(issued: Certificate, tmp_path: Path) -> None:
    """A chat beyond the context counts as missed and as a false alarm, for the shipped monitor, too."""
    found = by_length.evaluate(written(tmp_path, 2), Listener(context=10), Suite((monitor(),)), issued).claims[0]
    lost = found.shipped[0].cells[0].lost
    assert share(lost.alarms) == share(lost.last) == share(lost.later) == 1
    assert all(share(one.short.alarms) == share(one.matched.last) == 1 for one in found.reads)


@pytest.mark.parametrize(("successes", "standing"), [(1, Standing.WITHIN), (3, Standing.OVER), (9, Standing.ABOVE)])
def test_a_count_is_held_against_the_bound_with_its_chance(successes: int, standing: Standing) -> None:
    """Of 20 at a bound of 0.1: one is within, three may be chance, nine are not."""
    assert by_length.standing(Proportion(successes=successes, trials=20), "0.1") is standing


def test_an_alarm_before_the_hazard_is_no_hit(issued: Certificate) -> None:
    """What fires on an earlier turn alone misses the hazard, as the certificate counts."""
    row = talk(0, 3, LAST)
    early = tuple(Message(Role.USER, "now now") if n == 0 else m for n, m in enumerate(row.conversation.messages))
    quiet = (*early[:-1], Message(Role.USER, "it is so"))
    one = marked(LabelledConversation(row.id, Conversation(quiet), row.labels, "en", "test", row.meta))
    (turns,) = listen(Listener(), Stack([monitor().probes]), [one])
    points = thresholds(issued.operating_points)
    _, findings = by_length.judged(monitor(), 0, one, turns, points)
    assert findings is not None and findings.hits(EMERGENCY) and not findings.hits(EMERGENCY, one.onset(EMERGENCY))


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"traits": {}}, InputError),
        ({"traits": {"length": "many", "planted": LAST}}, InputError),
        ({"traits": {"length": "100", "planted": "somewhere"}}, InputError),
        ({"group": ""}, InputError),
        ({"fold": Fold.SELECT}, ProtocolError),
        ({"fold": Fold.UNSEEN}, ProtocolError),
        ({"fold": None}, ProtocolError),
    ],
)
def test_rows_without_marks_or_of_another_fold_are_refused(change: dict[str, object], error: type[Exception]) -> None:
    """In one line."""
    row = talk(0, 2, LAST)
    with pytest.raises(error) as found:
        marked(
            LabelledConversation(
                row.id, row.conversation, row.labels, "en", "test", msgspec.structs.replace(row.meta, **change)
            )
        )
    assert "\n" not in str(found.value)


def test_rows_without_a_certified_hazard_are_refused(issued: Certificate, tmp_path: Path) -> None:
    """A section of nothing would read like a pass."""
    path = tmp_path / "rows.jsonl"
    path.write_bytes(talk(0, 2, NOTHING).line())
    with pytest.raises(InputError, match=r"no row of .* has a hazard"):
        by_length.evaluate(path, Listener(), Suite((monitor(),)), issued)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> CausalSubject:
    """A random Llama of two blocks."""
    found = load(f"hf:{save_model(tmp_path_factory.mktemp('model'))}")
    assert isinstance(found, CausalSubject)
    return found


def plain(chat: int, turns: int, place: str) -> Conversation:
    """A chat in words that the model's tokenizer has, five a turn, so that it fits into its context."""
    said = talk(chat, turns, place).conversation.messages

    def words(text: str) -> str:
        return " ".join(word if word == "now" else PARTS[ord(word[-1]) % 4] for word in text.split()[:5])

    return Conversation(tuple(Message(one.role, words(one.content)) for one in said))


class TestGrowing:
    """One pass for what begins alike."""

    def test_sharing_beginnings_changes_scores_by_rounding_only(self, model: CausalSubject) -> None:
        """Chats, their beginnings and what is planted in them: every token scores as in a pass of its own."""
        talks = [plain(chat, turns, place) for chat in (0, 1) for turns in (1, 2) for place in (NOTHING, LAST, LATER)]
        stack = Stack([(probe(1, 0, model.width),), (probe(2, 1, model.width),)])
        shared = dict(growing.logits(model, stack, talks, lambda _: None))
        alone = {
            key: stack.logits(values)
            for key, values in model.read(talks, stack.hook_points, places=Places.TEXT)
            if not isinstance(values, Unread)
        }
        assert shared.keys() == alone.keys() and len(alone) == sum(len(judged_turns(each)) for each in talks)
        for key, values in alone.items():
            same = shared[key]
            assert not isinstance(same, Unread)
            assert np.abs(same - values).max() < 1e-3

    def test_a_shared_beginning_is_fed_once(self, model: CausalSubject, monkeypatch: pytest.MonkeyPatch) -> None:
        """Of a chat that is planted at its end, only the hazards are read a second time."""
        fed: list[int] = []
        forward = type(model).forward

        def counting(self: CausalSubject, ids: Sequence[int], *rest: Any) -> Any:
            fed.append(len(ids))
            return forward(self, ids, *rest)

        monkeypatch.setattr(type(model), "forward", counting)
        talks = [plain(0, 3, place) for place in (NOTHING, LAST, LATER)]
        stack = Stack([(probe(1, 0, model.width),)])
        list(growing.logits(model, stack, talks, lambda _: None))
        sizes = [len(model.render(each, len(each) - 1).ids) for each in talks]
        assert max(sizes) <= sum(fed) < sum(sizes) / 1.5

    @pytest.mark.parametrize(
        ("shared", "after", "found"), [([0], 0, []), ([3, 5, 2, 0, 9], 0, [2, 3]), ([7, 7], 7, []), ([9, 4, 6], 4, [9])]
    )
    def test_partings(self, shared: list[int], after: int, found: list[int]) -> None:
        """Where later texts leave this one, the shallowest first, and nothing that was read before."""
        assert growing._partings(shared, after) == found
