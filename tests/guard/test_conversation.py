"""Conversations as rows: what is written is read, what is broken is named, and where a conversation is judged."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.conversation import (
    Conversation,
    Fold,
    Judged,
    Kind,
    LabelledConversation,
    Message,
    Meta,
    Role,
    ToolCall,
)
from guard.errors import InputError, RowError
from guard.hazards import Claim, Stage
from guard.rows import read_message, read_row, read_rows

EMERGENCY = Claim("missed_emergency", Stage.PROMPT)
INJECTION = Claim("prompt_injection", Stage.CONTEXT)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
CALLS = st.lists(st.builds(ToolCall, id=TEXT, name=TEXT, arguments=TEXT), max_size=2).map(tuple)
MESSAGES = st.one_of(
    st.builds(Message, st.sampled_from([Role.SYSTEM, Role.DEVELOPER, Role.USER]), TEXT),
    st.builds(Message, st.just(Role.ASSISTANT), TEXT, CALLS),
    st.builds(Message, st.just(Role.TOOL), TEXT, tool_call_id=TEXT),
)
CLAIMS = st.builds(Claim, st.from_regex(r"[a-z_]{1,8}", fullmatch=True), st.sampled_from(Stage))
METAS = st.builds(
    Meta,
    scenario=TEXT, draw=TEXT, role=st.none() | st.sampled_from(Kind), family=TEXT, fold=st.none() | st.sampled_from(Fold),
    stage=st.none() | st.sampled_from(Stage), onset=st.dictionaries(TEXT, st.tuples(st.integers(0, 9), st.integers(0, 9))),
    facts=st.dictionaries(TEXT, st.booleans() | TEXT, max_size=2), sources=st.lists(TEXT, max_size=2).map(tuple),
    written=st.booleans(),
)  # fmt: skip
ROWS = st.builds(
    LabelledConversation,
    id=TEXT, conversation=st.lists(MESSAGES, min_size=1, max_size=5).map(lambda m: Conversation(tuple(m))),
    labels=st.dictionaries(CLAIMS, st.integers(0, 1), max_size=3), lang=TEXT, source=TEXT, meta=METAS,
)  # fmt: skip


def row(**fields: Any) -> LabelledConversation:
    """Read a row given as fields."""
    return read_row(json.dumps({"id": "r"} | fields).encode())


def chat(*roles: str) -> Conversation:
    """A conversation of turns of some roles: s, d, u, a, t."""
    names = {"s": Role.SYSTEM, "d": Role.DEVELOPER, "u": Role.USER, "a": Role.ASSISTANT, "t": Role.TOOL}
    return Conversation(tuple(Message(names[role], "text") for role in roles))


@given(ROWS)
def test_rows_read_back(one: LabelledConversation) -> None:
    """Any row is written as one line, and read from it as the same row."""
    line = one.line()
    assert line.count(b"\n") == 1
    assert read_row(line) == one


@given(ROWS, CLAIMS)
def test_a_row_for_any_hazard_reads_back_as_benign_for_all(one: LabelledConversation, claim: Claim) -> None:
    """`any` is label 0 for every claim there is, also after writing."""
    benign = LabelledConversation(one.id, one.conversation, {}, one.lang, one.source, one.meta, any_benign=True)
    assert read_row(benign.line()) == benign
    assert benign.label(claim) == 0


@pytest.mark.parametrize(
    ("role", "stage"), [("user", "prompt"), ("system", "context"), ("tool", "context"), ("assistant", "response")]
)
def test_the_shorthand_label_holds_where_the_last_message_speaks(role: str, stage: str) -> None:
    """One label and one hazard stand at the stage of the last message's role."""
    one = row(messages=[{"role": "user", "content": "hi"}, {"role": role, "content": "x"}], label=1, hazard="misuse")
    assert one.labels == {Claim("misuse", Stage(stage)): 1}


def test_the_shorthand_label_can_name_its_stage() -> None:
    """`meta.stage` goes before the role."""
    one = row(text="x", label=0, hazard="misuse", meta={"stage": "answer"})
    assert one.labels == {Claim("misuse", Stage.ANSWER): 0}
    assert one.label(Claim("misuse", Stage.PROMPT)) is None


def test_text_is_a_user_turn() -> None:
    """A row with text is a conversation of one user message."""
    one = row(text="chest pain", labels={str(EMERGENCY): 1})
    assert one.conversation == Conversation((Message(Role.USER, "chest pain"),))


def test_a_null_label_is_not_scored() -> None:
    """Null, and a claim that is absent, say nothing; the other labels stay."""
    one = row(text="x", labels={str(EMERGENCY): None, str(INJECTION): 1})
    assert one.labels == {INJECTION: 1}
    assert one.label(EMERGENCY) is None
    assert row(text="x", label=None, hazard="misuse").labels == {}
    nothing = row(text="x", label=None, hazard="any")
    assert not nothing.any_benign
    assert nothing.label(EMERGENCY) is None


def test_unknown_fields_of_a_row_are_let_through() -> None:
    """External files carry fields of their own, beside and inside meta."""
    one = row(text="x", label=0, hazard="any", licence="MIT", meta={"type": "homonym", "group": "g"})
    assert one.meta == Meta(group="g")


@pytest.mark.parametrize(
    "fields",
    [
        {"text": "x"},
        {"labels": {}},
        {"text": "x", "messages": [{"role": "user", "content": "x"}], "labels": {}},
        {"messages": [], "labels": {}},
        {"text": "x", "label": 1, "hazard": "any"},
        {"text": "x", "label": 2, "hazard": "misuse"},
        {"text": "x", "label": True, "hazard": "misuse"},
        {"text": "x", "label": 1, "hazard": ""},
        {"text": "x", "labels": {"misuse": 1}},
        {"text": "x", "labels": {"misuse@nowhere": 1}},
        {"text": "x", "labels": {"misuse@prompt": -1}},
        {"text": "x", "labels": {"misuse@prompt": 1}, "hazard": "misuse", "label": 0},
        {"text": "x", "labels": {}, "id": 5},
        {"text": "x", "labels": {}, "meta": {"fold": "test"}},
        {"text": 5, "labels": {}},
    ],
)
def test_a_row_that_is_not_in_the_format_is_refused(fields: dict[str, Any]) -> None:
    """No label, two ways of giving one, a label that is not 1, 0 or null, an unknown stage, fold or type."""
    with pytest.raises(RowError):
        row(**fields)


@pytest.mark.parametrize(
    "line",
    [
        b"", b"{", b"[]", b"null", b'{"id":"r","text":"x","label":0,"hazard":"any"} more', b"\xff\xfe",
        b'{"id":"r","text":"\xff","label":0,"hazard":"any"}', b'{"id":"r","text":"\\ud800","label":0,"hazard":"any"}',
        b'{"id":"r","messages":' + b"[" * 100_000 + b"]" * 100_000 + b',"labels":{}}',
    ],
)  # fmt: skip
def test_a_line_that_is_not_json_is_refused(line: bytes) -> None:
    """Cut, nested without end, or not UTF-8: our error, in one line."""
    with pytest.raises(RowError) as caught:
        read_row(line)
    assert "\n" not in str(caught.value)


FUNCTION = {"name": "f", "arguments": "{}"}


@pytest.mark.parametrize(
    "message",
    [
        "hello",
        {"content": "x"},
        {"role": "doctor", "content": "x"},
        {"role": ["user"], "content": "x"},
        {"role": "user"},
        {"role": "user", "content": None},
        {"role": "user", "content": [{"type": "text", "text": "x"}]},
        {"role": "user", "content": "x", "name": "bob"},
        {"role": "user", "content": "x", "tool_calls": [{}]},
        {"role": "user", "content": "x", "tool_call_id": "1"},
        {"role": "tool", "content": "x", "tool_call_id": 1},
        {"role": "assistant", "content": "x", "tool_calls": 5},
        {"role": "assistant", "content": "x", "tool_calls": {"id": "1"}},
        {"role": "assistant", "content": "x", "tool_calls": [{"id": "1", "type": "function"}]},
        {"role": "assistant", "tool_calls": [{"id": "1", "type": "custom", "function": FUNCTION}]},
        {"role": "assistant", "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": {}}}]},
        {
            "role": "assistant",
            "tool_calls": [{"id": "1", "type": "function", "x": 1, "function": {"name": "f", "arguments": ""}}],
        },
    ],
)
def test_a_message_that_nobody_can_judge_is_refused(message: Any) -> None:
    """An unknown role or field, content that is not text, a call of another kind or by another role."""
    with pytest.raises(RowError):
        read_message(message)


def test_an_error_never_carries_what_was_said() -> None:
    """The text of a refused message is in no part of the error."""
    with pytest.raises(RowError) as caught:
        read_message({"role": "sssecret", "content": "sssecret", "tool_calls": ["sssecret"]})
    assert "sssecret" not in str(caught.value)


def test_tool_calls_and_results_are_read() -> None:
    """An assistant's call may come without content, and its result names it."""
    call = {"id": "c1", "type": "function", "function": {"name": "labs", "arguments": '{"id": 7}'}}
    one = row(
        messages=[
            {"role": "user", "content": "labs?"},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "content": "K 6.8", "tool_call_id": "c1"},
        ],
        labels={},
    )
    assert one.conversation.messages[1] == Message(Role.ASSISTANT, "", (ToolCall(id="c1", name="labs", arguments='{"id": 7}'),))
    assert one.conversation.messages[2] == Message(Role.TOOL, "K 6.8", (), "c1")
    assert one.conversation.characters(1) == len("labs?") + len('{"id": 7}')


def test_characters_are_unicode_characters() -> None:
    """An accent or another script counts as a reader counts, not in bytes."""
    one = Conversation((Message(Role.USER, "blåbær"), Message(Role.ASSISTANT, "痛み")))
    assert [one.characters(turn) for turn in (0, 1)] == [6, 8]


@pytest.mark.parametrize(
    ("roles", "places"),
    [
        ("u", [(0, "prompt")]),
        ("a", []),
        ("s", []),
        ("t", [(0, "context")]),
        ("su", [(1, "prompt"), (1, "context")]),
        ("du", [(1, "prompt"), (1, "context")]),
        ("sdu", [(2, "prompt"), (2, "context")]),
        ("suau", [(1, "prompt"), (1, "context"), (3, "prompt")]),
        ("uasu", [(0, "prompt"), (3, "prompt"), (3, "context")]),
        ("us", [(0, "prompt")]),
        ("uat", [(0, "prompt"), (2, "context")]),
        ("uatt", [(0, "prompt"), (2, "context"), (3, "context")]),
        ("st", [(1, "context")]),
        ("stu", [(1, "context"), (2, "prompt")]),
        ("uatau", [(0, "prompt"), (2, "context"), (4, "prompt")]),
        ("usau", [(0, "prompt"), (3, "prompt"), (3, "context")]),
    ],
)
def test_judged_places(roles: str, places: list[tuple[int, str]]) -> None:
    """User turns are read for the prompt, tool turns for context, a client's system text at the next turn after it."""
    assert chat(*roles).judged() == tuple(Judged(turn, Stage(stage)) for turn, stage in places)


@given(st.text("sduat", min_size=1, max_size=12))
def test_judged_places_for_every_order_of_roles(roles: str) -> None:
    """Each user turn is judged once, each tool turn once, all system text before the last of them; in order."""
    places = chat(*roles).judged()
    assert [place.turn for place in places] == sorted(place.turn for place in places)
    assert len(set(places)) == len(places)
    assert [place.turn for place in places if place.stage is Stage.PROMPT] == [i for i, r in enumerate(roles) if r == "u"]
    context = [place.turn for place in places if place.stage is Stage.CONTEXT]
    assert {i for i, r in enumerate(roles) if r == "t"} <= set(context)
    last = max((i for i, r in enumerate(roles) if r in "ut"), default=-1)
    for index, role in enumerate(roles):
        if role in "sd" and index < last:
            reading = min(i for i, r in enumerate(roles) if r in "ut" and i > index)
            assert reading in context


@given(st.text("sduat", min_size=1, max_size=10), st.text("sduat", max_size=4))
def test_what_comes_later_moves_no_place(roles: str, more: str) -> None:
    """Places so far stay when the conversation goes on: a live chat is judged where a recorded one is."""
    earlier = chat(*roles).judged()
    assert chat(*roles, *more).judged()[: len(earlier)] == earlier


LINES = [row(text=f"text {index}", label=index % 2, hazard="misuse").line() for index in range(3)]


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.jsonl.gz"])
def test_files_are_read_plain_or_compressed(tmp_path: Path, name: str) -> None:
    """Both kinds of file give the same rows; empty lines are passed over."""
    data = b"\n".join(LINES) + b"\n \n"
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    assert [one.line() for one in read_rows(tmp_path / name)] == LINES


def test_a_broken_line_is_named_by_file_and_number(tmp_path: Path) -> None:
    """The rows before it come out, then one line says where the file is broken."""
    path = tmp_path / "rows.jsonl"
    path.write_bytes(LINES[0] + b"\n" + b'{"id": "r"}\n' + LINES[1])
    rows = read_rows(path)
    assert next(rows).line() == LINES[0]
    with pytest.raises(RowError, match=r"rows\.jsonl, line 3: a row has either text or messages"):
        next(rows)


def test_a_wrong_claim_in_a_file_says_what_to_write(tmp_path: Path) -> None:
    """The remedy travels with the line number."""
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"id": "r", "text": "x", "labels": {"misuse": 1}}')
    with pytest.raises(RowError, match=r"line 1: not a claim: 'misuse'; write hazard@stage"):
        list(read_rows(path))


WHOLE = gzip.compress(b"".join(LINES) * 50)


@pytest.mark.parametrize("data", [b"no gzip", WHOLE[:-20], WHOLE[:30] + b"\xff" * 9 + WHOLE[39:], b""], ids=len)
def test_a_broken_gzip_file_is_an_input_error(tmp_path: Path, data: bytes) -> None:
    """Another format, a cut end, a changed middle: one line that names the file; an empty file has no rows."""
    path = tmp_path / "rows.jsonl.gz"
    path.write_bytes(data)
    if data:
        with pytest.raises(InputError, match="not a whole gzip file"):
            list(read_rows(path))
    else:
        assert list(read_rows(path)) == []


def test_a_missing_file_is_an_input_error(tmp_path: Path) -> None:
    """It is said when the first row is asked for."""
    with pytest.raises(InputError, match="cannot read"):
        list(read_rows(tmp_path / "missing.jsonl"))
