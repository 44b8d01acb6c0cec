"""Label review: blind sheets, what comes back from them, and how far two people agree."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from sklearn.metrics import cohen_kappa_score

from guard.conversation import Conversation, Fold, Kind, LabelledConversation, Message, Role, ToolCall
from guard.errors import InputError
from guard.hazards import Claim, Taxonomy
from synth_data import blind, families, generate, review
from synth_data.blind import Item
from synth_data.review import Answer, Review, Reviewer
from synth_data.review_cli import review_command
from tests.synth_data.corpus import CLAIM, corpus

SIZE = 5


def _rows() -> list[LabelledConversation]:
    return corpus(families=6, draws=4)


@pytest.fixture
def items() -> tuple[Item, ...]:
    """A sample of a made-up set."""
    return blind.sample(_rows(), per_stratum=SIZE)


def _sheet(items: tuple[Item, ...], answers: dict[str, str], **changes: Any) -> bytes:
    """Fill a sheet as a spreadsheet writes it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n", delimiter=changes.get("delimiter", ","))
    writer.writerow(changes.get("heads", ("item", "question", "conversation", "answer", "comment")))
    for item in items:
        writer.writerow((item.id, item.question, item.text, answers.get(item.id, ""), "so, I think"))
    return out.getvalue().encode(changes.get("encoding", "utf-8"))


def _right(items: tuple[Item, ...]) -> dict[str, str]:
    return {item.id: "yes" if item.label else "no" for item in items}


def _review(items: tuple[Item, ...], answers: dict[str, str] | None = None, who: str = "AB") -> Review:
    filled = _sheet(items, _right(items) if answers is None else answers)
    return review.collect(items, filled, reviewer=who, kind=Reviewer.CLINICIAN)


def test_as_many_items_come_from_every_stratum(items: tuple[Item, ...]) -> None:
    """Of each claim, label and role there are as many as were asked for."""
    strata = [(item.claim, item.label, item.role) for item in items]
    assert {stratum: strata.count(stratum) for stratum in strata} == {
        (CLAIM, 1, "positive"): SIZE, (CLAIM, 0, "twin"): SIZE, (CLAIM, 0, "hard_negative"): SIZE
    }  # fmt: skip


def test_a_stratum_with_fewer_rows_gives_all_of_them() -> None:
    """A large size draws every row once."""
    assert len(blind.sample(_rows(), per_stratum=10_000)) == 6 * 4 * 3


def test_rows_of_unseen_families_are_never_drawn() -> None:
    """Nobody looks at their texts, whatever else there is."""
    hidden = corpus(families=3, draws=2, fold=Fold.UNSEEN, prefix="hidden")
    drawn = blind.sample([*_rows(), *hidden], per_stratum=10_000)
    assert not {item.row for item in drawn} & {row.id for row in hidden}
    with pytest.raises(InputError, match="no labelled rows"):
        blind.sample(hidden, per_stratum=3)


def test_the_order_says_nothing_about_the_label() -> None:
    """Over many seeds, a hazard stands first as often as its share, and neighbours are no more alike than by chance."""
    first, alike, couples = 0, 0, 0
    rows = _rows()
    for seed in range(60):
        labels = [item.label for item in blind.sample(rows, per_stratum=SIZE, seed=seed)]
        first += labels[0]
        alike += sum(a == b for a, b in pairwise(labels))
        couples += len(labels) - 1
    assert 10 <= first <= 32  # a third of 60
    chance = (5 / 15 * 4 / 14) + (10 / 15 * 9 / 14)
    assert abs(alike / couples - chance) < 0.06


def test_the_order_of_the_rows_changes_nothing(items: tuple[Item, ...]) -> None:
    """The sample follows from the rows and the seed alone."""
    rows = _rows()
    Random(3).shuffle(rows)
    assert blind.sample(rows, per_stratum=SIZE) == items
    assert blind.sample(rows, per_stratum=SIZE, seed=1) != items


@pytest.mark.parametrize("write", [blind.sheet, blind.page])
def test_sheet_and_page_give_nothing_away(items: tuple[Item, ...], write: Any) -> None:
    """No row id, role, family, fold, rule or label stands in them, and the same is there for each item."""
    text = write(items).decode()
    for row in _rows():
        meta = row.meta
        for secret in (
            row.id,
            meta.draw,
            meta.family,
            meta.group,
            meta.scenario or row.id,
            "hard_negative",
            "twin",
            "positive",
        ):
            assert secret not in text
    assert not any(fold in text for fold in ("train", "select", "certify", "unseen"))
    if write is blind.sheet:
        lines = list(csv.DictReader(io.StringIO(text)))
        assert {tuple(line) for line in lines} == {("item", "question", "conversation", "answer", "comment")}
    else:
        lines = json.loads(text.partition("const items = ")[2].partition(";\n")[0])
        assert {tuple(line) for line in lines} == {("item", "question", "turns")}
    assert [line["item"] for line in lines] == [item.id for item in items]
    assert len({line["question"] for line in lines}) == 1


def test_every_claim_that_rows_are_drawn_for_has_a_question() -> None:
    """Each has one of its own, in plain words; for others the taxonomy's words have to do."""
    taxonomy = Taxonomy.packaged()
    questions = {blind.question(claim, taxonomy) for claim in families.CLAIMS}
    assert len(questions) == len(families.CLAIMS)
    assert not any("monitor" in question for question in questions)
    assert "monitor" in blind.question(Claim.parse("fabrication@response"), taxonomy)
    with pytest.raises(InputError, match="does not know"):
        blind.question(Claim.parse("unheard_of@prompt"), taxonomy)


def test_language_and_hazard_narrow_the_sample() -> None:
    """A reviewer reads one language and one hazard."""
    rows = _rows() + [replace(row, id=row.id + "x", lang="da") for row in _rows()]
    assert {item.row[-1] for item in blind.sample(rows, per_stratum=3, lang="da")} == {"x"}
    assert blind.sample(rows, per_stratum=3, hazards=["missed_emergency"])
    assert blind.sample(rows, per_stratum=3, hazards=[str(CLAIM)])
    with pytest.raises(InputError, match="no labelled rows"):
        blind.sample(rows, per_stratum=3, hazards=["self_harm"])


def test_ordinary_chat_is_asked_about_for_each_claim_that_it_is_labelled_for() -> None:
    """A row that belongs to no claim may still hold any of them."""
    row = _rows()[0]
    other = Claim.parse("self_harm@prompt")
    chat = replace(
        row, id="c", labels={CLAIM: 0, other: 0}, meta=msgspec.structs.replace(row.meta, role=Kind.TRAFFIC, draw="traffic/en/1")
    )
    assert {item.claim for item in blind.sample([chat], per_stratum=3)} == {CLAIM, other}


def test_calls_of_a_tool_are_shown() -> None:
    """What the assistant calls is part of what is judged."""
    call = ToolCall(id="1", name="open_note", arguments='{"id": 3}')
    said = (Message(Role.USER, "Hi"), Message(Role.ASSISTANT, "", (call,)), Message(Role.TOOL, "A note.", (), "1"))
    row = replace(_rows()[0], conversation=Conversation(said))
    assert blind.transcript(row) == (
        ("User", "Hi"), ("Assistant", '[calls open_note {"id": 3}]'), ("Document or tool", "A note.")
    )  # fmt: skip


def test_no_text_can_leave_the_script_of_the_page() -> None:
    """A text may hold the end of a script, or the marks of the template."""
    evil = "</script><script>alert(1)</script> <!-- $items $$sample"
    row = replace(_rows()[0], conversation=Conversation((Message(Role.USER, evil),)))
    page = blind.page(blind.sample([row], per_stratum=1)).decode()
    assert page.count("<script>") == page.count("</script>") == 1
    assert json.loads(page.partition("const items = ")[2].partition(";\n")[0])[0]["turns"][0][1] == evil


@pytest.mark.parametrize(
    "changes",
    [{}, {"delimiter": ";"}, {"delimiter": "\t"}, {"encoding": "utf-8-sig"}, {"delimiter": ";", "encoding": "utf-8-sig"},
     {"heads": (" Item", "QUESTION", "Conversation", "Answer ", "Comment")}],
)  # fmt: skip
def test_a_sheet_comes_back_as_spreadsheets_save_it(items: tuple[Item, ...], changes: dict[str, Any]) -> None:
    """Semicolons, tabs, a mark in front, other letters in the heads, empty rows at the end: all the same."""
    filled = _sheet(items, _right(items), **changes) + b"\r\n;;;;\r\n"
    if changes.get("delimiter", ",") != ";":
        filled = filled.removesuffix(b";;;;\r\n")
    done = review.collect(items, filled, reviewer=" AB ", kind=Reviewer.ENGINEER)
    assert (done.reviewer, done.kind, done.blind) == ("AB", Reviewer.ENGINEER, True)
    assert all(one.agrees and one.comment == "so, I think" for one in done.judged)
    strata = {(one.label, one.items, one.unanswered, one.rejected) for one in done.strata[str(CLAIM)]}
    assert strata == {(0, 2 * SIZE, 0, 0), (1, SIZE, 0, 0)}


def test_doubt_and_silence_are_counted_and_confirm_nothing(items: tuple[Item, ...]) -> None:
    """An item that is left out stays in the result; "unsure" and the other answer are not agreement."""
    answers = _right(items)
    hazards = [item.id for item in items if item.label]
    answers |= {hazards[0]: "unsure", hazards[1]: "NO", hazards[2]: ""}
    done = _review(items, answers)
    assert len(done.judged) == len(items)
    stratum = next(one for one in done.strata[str(CLAIM)] if one.label)
    assert (stratum.items, stratum.unanswered, stratum.rejected) == (SIZE, 1, 2)


def _without(heads: tuple[str, ...]) -> bytes:
    return (",".join(heads) + "\n" + ",".join("a" for _ in heads) + "\n").encode()


@pytest.mark.parametrize(
    ("filled", "problem"),
    [
        (b"", "lacks the columns"),
        (b"\n\n", "lacks the columns"),
        (_without(("item", "comment")), "lacks the columns"),
        (_without(("answer", "question")), "lacks the columns"),
        (b"item,answer\n", "holds no answers"),
        (b"item,answer\nabc,yes\n", "not one of this sample"),
        (b"item,answer\n,yes\n", "not one of this sample"),
        ("item,answer\nä,yes\n".encode("latin-1"), "not UTF-8"),
        (b'item,answer\n"' + b"a" * 200_000 + b'",yes\n', "no CSV"),
    ],
)
def test_what_is_no_sheet_of_the_sample_is_refused(items: tuple[Item, ...], filled: bytes, problem: str) -> None:
    """Each with what is wrong, and nothing but an error of ours."""
    with pytest.raises(InputError, match=problem):
        review.collect(items, filled, reviewer="AB", kind=Reviewer.CLINICIAN)


def test_a_short_row_is_one_without_an_answer(items: tuple[Item, ...]) -> None:
    """A row that ends early breaks nothing."""
    filled = f"item,comment,answer\n{items[0].id}\n{items[1].id},,no\n".encode()
    done = review.collect(items, filled, reviewer="AB", kind=Reviewer.CLINICIAN)
    assert [one.answer for one in done.judged[:3]] == [None, Answer.NO, None]


def test_an_item_that_stands_twice_and_a_wrong_word_are_refused(items: tuple[Item, ...]) -> None:
    """The message names the row of the sheet."""
    twice = _sheet((*items, items[0]), _right(items))
    with pytest.raises(InputError, match=rf"row {len(items) + 2}: .* twice"):
        review.collect(items, twice, reviewer="AB", kind=Reviewer.CLINICIAN)
    with pytest.raises(InputError, match="row 3: 'maybe' is no answer"):
        _review(items, {items[1].id: "maybe"})


def test_a_sheet_of_another_sample_is_refused(items: tuple[Item, ...]) -> None:
    """Another seed gives other items; other texts under the same row ids do, too."""
    filled = _sheet(items, _right(items))
    altered = [replace(row, conversation=Conversation((Message(Role.USER, "another text"),))) for row in _rows()]
    for rows, seed in ((_rows(), 7), (altered, 0)):
        with pytest.raises(InputError, match="not one of this sample"):
            review.collect(
                blind.sample(rows, per_stratum=SIZE, seed=seed), filled, reviewer="AB", kind=Reviewer.CLINICIAN
            )  # fmt: skip


def test_a_result_reads_back(items: tuple[Item, ...]) -> None:
    """What was written is what is read, byte for byte."""
    done = _review(items)
    assert review.read(done.encode()) == done
    assert review.read(done.encode()).encode() == done.encode()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda value: value["strata"][str(CLAIM)][0].update(rejected=0, items=999), "counts"),
        (lambda value: value["judged"][0].update(answer="no" if value["judged"][0]["label"] else "yes"), "counts"),
        (lambda value: value["judged"].pop(), "counts"),
        (lambda value: value.update(sample="sha256:" + "0" * 64), "sample"),
        (lambda value: value["judged"][0].update(row="another"), "sample"),
        (lambda value: value.update(texts="sha256:" + "0" * 64), "sample"),
        (lambda value: value.update(format="urn:auscult:review:v9"), "format"),
        (lambda value: value.update(signed=True), "not a review"),
        (lambda value: value["judged"][0].update(answer="maybe"), "not a review"),
    ],
)
def test_a_result_that_was_tampered_with_is_refused(items: tuple[Item, ...], change: Any, problem: str) -> None:
    """Counts must be those of the items, and the sample that of the items."""
    value = json.loads(_review(items).encode())
    change(value)
    with pytest.raises(InputError, match=problem):
        review.read(json.dumps(value).encode())


def test_kappa_is_that_of_scikit_learn() -> None:
    """On many pairs of reviewers, alike and unlike."""
    rng = Random(5)
    for _ in range(200):
        same = rng.random()
        first = [rng.choice(list(Answer)) for _ in range(rng.randint(2, 40))]
        second = [one if rng.random() < same else rng.choice(list(Answer)) for one in first]
        if len(set(first) | set(second)) > 1:
            expected = cohen_kappa_score([str(one) for one in first], [str(one) for one in second])
            assert review.kappa(list(zip(first, second, strict=True))) == pytest.approx(expected, abs=1e-12)
    assert review.kappa([(Answer.YES, Answer.YES)] * 3) != review.kappa([(Answer.YES, Answer.YES)] * 3)  # undefined: nan


def test_agreement_counts_what_both_answered(items: tuple[Item, ...]) -> None:
    """An item that one of them left out tells nothing of agreement."""
    less = _right(items)
    del less[items[0].id]
    less[items[1].id] = "unsure"
    found = review.agreement(_review(items), _review(items, less, "CD"))
    assert (found.items, found.same, found.both_clinicians) == (len(items) - 1, len(items) - 2, True)
    assert 0 < found.kappa < 1


def test_one_person_is_not_two(items: tuple[Item, ...]) -> None:
    """Spaces and capitals make no second person."""
    with pytest.raises(InputError, match="one reviewer"):
        review.agreement(_review(items), _review(items, who=" ab "))


def test_reviews_of_different_samples_or_without_a_common_answer_are_not_compared(items: tuple[Item, ...]) -> None:
    """There is nothing to compare."""
    other = blind.sample(_rows(), per_stratum=SIZE, seed=4)
    with pytest.raises(InputError, match="different samples"):
        review.agreement(_review(items), _review(other, who="CD"))
    half, rest = ({item.id: "no" for item in part} for part in (items[:7], items[7:]))
    with pytest.raises(InputError, match="no answered item in common"):
        review.agreement(_review(items, half), _review(items, rest, "CD"))


@pytest.mark.parametrize("kind", [Reviewer.ENGINEER, Reviewer.OTHER])
def test_only_two_clinicians_count(items: tuple[Item, ...], kind: Reviewer) -> None:
    """One is not enough, and nor are two others."""
    first, second = _review(items), msgspec.structs.replace(_review(items, who="CD"), kind=kind)
    assert not review.agreement(first, second).both_clinicians
    assert not review.agreement(msgspec.structs.replace(first, kind=kind), second).both_clinicians


def _run(*arguments: str | Path) -> Any:
    return CliRunner().invoke(review_command, [str(argument) for argument in arguments])


def test_the_command_draws_collects_and_compares(tmp_path: Path) -> None:
    """From rows on disk to what two clinicians come to, by the command line alone."""
    rows = tmp_path / "rows"
    generate.generate(rows, scenarios=3, folds=(Fold.TRAIN,), claims=(CLAIM,), jobs=1)
    drawn = (rows, "--per-stratum", "2")
    assert "texts to judge" in _run(*drawn, "--out", tmp_path / "sheet.csv").output
    assert _run(*drawn, "--out", tmp_path / "sheet.html").exit_code == 0
    assert (tmp_path / "sheet.html").read_bytes().startswith(b"<!doctype html>")
    text = (tmp_path / "sheet.csv").read_text()
    lines = list(csv.reader(io.StringIO(text)))
    out = io.StringIO()
    csv.writer(out).writerows([lines[0], *([*line[:3], "no", ""] for line in lines[1:])])
    (tmp_path / "filled.csv").write_text(out.getvalue())
    for who in ("ab", "cd"):
        done = _run(*drawn, "--collect", tmp_path / "filled.csv", "--reviewer", who, "--kind", "clinician",
                    "--out", tmp_path / f"{who}.json")  # fmt: skip
        assert done.exit_code == 0, done.exception
        assert "not confirmed" in done.output
    compared = _run("--compare", tmp_path / "ab.json", tmp_path / "cd.json")
    assert "kappa undefined" in compared.output
    assert "count for the answer key" in compared.output
    assert json.loads(_run("--compare", tmp_path / "ab.json", tmp_path / "cd.json", "--json").output)["kappa"] is None


def test_the_command_asks_for_what_it_needs(tmp_path: Path) -> None:
    """A folder, a place to write, and who filled the sheet."""
    rows = tmp_path / "rows"
    generate.generate(rows, scenarios=2, folds=(Fold.TRAIN,), claims=(CLAIM,), traffic=0, jobs=1)
    assert isinstance(_run(rows).exception, InputError)
    assert isinstance(_run("--out", tmp_path / "x.csv").exception, InputError)
    sheet = tmp_path / "sheet.csv"
    _run(rows, "--out", sheet)
    assert "who filled" in str(_run(rows, "--collect", sheet, "--out", tmp_path / "x.json").exception)
