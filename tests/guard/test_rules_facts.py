"""Rules by facts: doses, interactions, tools and names, in four languages, the same in a stream as in a whole text."""

from __future__ import annotations

import json
import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard import rules
from guard.conversation import Conversation, Message, Role, ToolCall
from guard.rules import amounts, doses, lexicon, numerals, sentences, tables, tools
from guard.rules.interactions import partners
from guard.rules.passage import Passage
from guard.rules.watch import Watch
from guard.scores import RuleClear, RuleHit

OVER = [
    ("Take 10 g of paracetamol.", "10 g"),
    ("Paracetamol is fine. Take 10 g a day.", "10 g"),
    ("take paracetamol 1 g six times a day", "1 g"),
    ("Take 3 Tylenol tablets of 1000 mg every 4 hours", "1000 mg"),
    ("digoxin 2.5 mg daily", "2.5 mg"),
    ("digoxin 2500 mcg daily", "2500 mcg"),
    ("You can take four thousand five hundred milligrams of ibuprofen", "four thousand five hundred milligrams"),
    ("Tag 8 tabletter paracetamol 500 mg 4 gange dagligt.", "500 mg"),
    ("Du kan tage to tabletter à 1000 mg paracetamol hver fjerde time", "to tabletter à 1000 mg"),
    ("Nehmen Sie Ibuprofen 800 mg alle 4 Stunden", "800 mg"),
    ("Nimm zwölf Tabletten zu 400 mg Ibuprofen", "zwölf Tabletten zu 400 mg"),
    ("tome 3 g de metformina dos veces al día", "3 g"),
    ("tome cuatro mil quinientos mg de ibuprofeno al día", "cuatro mil quinientos mg"),
    ("metotrexato 10 mg cada día", "10 mg"),
    ("methotrexate 10 mg every day", "10 mg"),
    ("paracetamol 90 mg/kg per day", "90 mg"),
    ("My child weighs 12 kg. Give 500 mg ibuprofen once.", "500 mg"),
    ("Mein Kind wiegt 12 kg. Gib 500 mg Ibuprofen.", "500 mg"),
    ("Paracetamol syrup 250 mg/5 ml: he weighs 10 kg, give him 20 ml", "20 ml"),
    ("500 mg of paracetamol and 400 mg ibuprofen and 300 mg sertraline", "300 mg"),
]
WITHIN = [
    "Paracetamol max. 4 g a day.",
    "paracetamol 1 g four times a day",
    "1-2 tablets of paracetamol 500 mg every 4-6 hours",
    "methotrexate 15 mg weekly",
    "70 mg alendronic acid once a week",
    "digoxin 250 mcg daily",
    "take 10 g of sugar with paracetamol",
    "a pack of 100 tablets of paracetamol 500 mg",
    "I have four tablets of losartan 50 mg left",
    "Jeg tog 500 mg paracetamol",
    "paracetamol level 200 mg/l, glucose 140 mg/dl",
    "She weighs 70 kg and takes paracetamol 1 g",
    "I lost 5 kg and take paracetamol 1 g",
    "10 g of it a day",
    "Paracetamol 4.000 mg dagligt er det højeste",
]


def spans(rule: str, text: str) -> list[str]:
    """What a rule finds in a text."""
    return [text[first:last] for first, last in rules.RULES[rule].reads.read(Passage(text)).spans]


@pytest.mark.parametrize(("text", "dose"), OVER)
def test_a_dose_over_its_maximum_is_found(text: str, dose: str) -> None:
    """Whatever the language, the unit, the numeral, and however the number of tablets is said."""
    assert spans("doses", text) == [dose]


@pytest.mark.parametrize("text", WITHIN)
def test_a_dose_within_its_maximum_is_not_found(text: str) -> None:
    """Nor an amount of something else, a laboratory value, a stock of tablets, or a strength."""
    assert spans("doses", text) == []


@pytest.mark.parametrize("drug", sorted(drug for drug, limit in doses.limits().items() if limit.daily))
def test_every_maximum_of_the_table_is_the_border(drug: str) -> None:
    """At its maximum a drug passes; at twice that it is found."""
    most = doses.limits()[drug].daily
    assert most is not None
    assert spans("doses", f"take {drug} {most:g} mg a day") == []
    assert spans("doses", f"take {drug} {2 * most:g} mg a day") == [f"{2 * most:g} mg"]


def test_only_maxima_that_were_seen_speak() -> None:
    """A drug whose rows are all from general knowledge has no limit."""
    rows = tables.rows("policies/facts/drugs.csv")
    seen = {row["drug"] for row in rows if row["status"] == "V"}
    assert set(doses.limits()) <= seen
    assert "morphine" not in doses.limits()
    facts = {f"drugs.csv:{row['id']}" for row in rows}
    assert {row["fact"] for row in tables.rows(doses.PER_KG)} <= facts


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("4,000", 4000), ("4.000", 4000), ("0.125", 0.125), ("0,125", 0.125), ("1,5", 1.5), ("2.5", 2.5), ("12.5", 12.5),
        ("1.000.000", 1e6), ("4\u00a0000", 4000), ("five hundred", 500), ("two thousand five hundred", 2500),
        ("fünfhundert", 500), ("zweitausend", 2000), ("fem hundrede", 500), ("to tusind", 2000), ("quinientos", 500),
        ("cuatro mil", 4000), ("mil", 1000), ("halvanden", 1.5), ("medio", 0.5), ("9" * 400, float("inf")),
    ],
)  # fmt: skip
def test_a_number_is_read_as_people_write_it(text: str, number: float) -> None:
    """In digits with any separator, and in words of four languages."""
    assert numerals.value(text) == number


def test_units_come_out_in_milligrams() -> None:
    """Grams, micrograms, IU of vitamin D, millilitres and spoons of a known strength."""
    texts = ("2 g", "250 µg", "4000 IU", "10 ml of 120 mg/5 ml", "2 teaspoons of 100 mg/5 ml", "half a gram")
    assert [amounts.stated(text)[0].mg for text in texts] == pytest.approx([2000, 0.25, 0.1, 240, 200, 500])


PAIRED = [
    ("Can I take sildenafil with nitroglycerin?", "nitroglycerin"),
    ("Ich nehme Warfarin. Darf ich Ibuprofen nehmen?", "Ibuprofen"),
    ("Jeg er gravid. Må jeg tage isotretinoin?", "isotretinoin"),
    ("tomo simvastatina y claritromicina", "claritromicina"),
    ("my 4 year old got codeine", "codeine"),
    ("Ich nehme Ibuprofentabletten und Marcumar, nein, Warfarin", "Warfarin"),
]


@pytest.mark.parametrize(("text", "later"), PAIRED)
def test_a_bad_pair_is_found_where_its_later_half_is_named(text: str, later: str) -> None:
    """Drug and drug, drug and condition, drug and age, by brand or by class."""
    assert spans("interactions", text) == [later]


@pytest.mark.parametrize(
    "text",
    [
        "paracetamol and ibuprofen", "I'm not pregnant and take isotretinoin", "warfarin and warfarin", "sildenafil",
        "my 14 year old got codeine", "Ich bin nicht schwanger und nehme Isotretinoin", "an interaction of two people",
    ],
)  # fmt: skip
def test_a_harmless_pair_is_not_found(text: str) -> None:
    """Nor a condition that is denied, a drug with itself, or one half alone."""
    assert spans("interactions", text) == []


def test_a_pair_is_found_across_messages() -> None:
    """One half may have been named by the user, the other by the assistant, turns later; in a stream, too."""
    talk = Conversation(
        (Message(Role.USER, "I take warfarin"), Message(Role.ASSISTANT, "Noted."), Message(Role.USER, "It hurts"))
    )
    more = Conversation((*talk.messages, Message(Role.ASSISTANT, "Take ibuprofen."), Message(Role.USER, "Thanks")))
    assert rules.run(["interactions"], more, 2) == (RuleClear("interactions"),)
    assert rules.run(["interactions"], more, 4) == (RuleHit("interactions", ((3, 5, 14),)),)
    watch = Watch(["interactions"], 3, talk)
    watch.feed("Take ibu")
    watch.feed("profen.")
    watch.end()
    assert watch.scores() == (RuleHit("interactions", ((3, 5, 14),)),)


def test_the_words_serve_pairs_of_the_table() -> None:
    """Every key of the words belongs to a pair that speaks; and most pairs can be named."""
    named = {key for row in tables.rows(tables.WORDS) for key in tables.split(row["keys"])}
    every = {row[side] for row in tables.rows("policies/facts/interactions.csv") for side in ("a", "b")}
    assert named <= every
    drugs = {row["drug"] for row in tables.rows("policies/facts/drugs.csv")}
    unsaid = set(partners()) - named - drugs
    assert len(unsaid) < 0.15 * len(partners())


def call(name: str, /, **arguments: object) -> ToolCall:
    """A tool call."""
    return ToolCall(id="c", name=name, arguments=json.dumps(arguments))


def test_a_call_that_orders_too_much_is_found() -> None:
    """Drug, dose, unit and frequency stand in arguments of their own."""
    order = {"patient_id": "p", "drug": "paracetamol", "unit": "g", "route": "oral", "frequency": "every 6 hours"}
    for dose, found in ((3, True), (1, False), ("3", True)):
        one = call("prescribe", **order, dose=dose)
        assert bool(rules.RULES["doses"].reads.read(Passage(one.arguments, call=one)).spans) is found


@pytest.mark.parametrize("role", tools.ROLES)
def test_a_role_may_call_what_the_table_allows(role: str) -> None:
    """Allowed tools pass with all their arguments; those that are denied or need an approval do not."""
    shapes = tools.shapes()
    permitted = {row["tool"]: row["permission"] for row in tables.rows(tools.TABLES[1]) if row["role"] == role}
    assert set(permitted) == set(shapes)
    for tool, permission in permitted.items():
        one = call(tool, **dict.fromkeys(shapes[tool].arguments, "x"))
        assert tools.permits(role, one) is (permission == "allowed")


def test_the_roles_are_those_of_the_table() -> None:
    """The list in the code follows the table."""
    assert tuple(dict.fromkeys(row["role"] for row in tables.rows(tools.TABLES[1]))) == tools.ROLES


@pytest.mark.parametrize(
    "arguments",
    [
        "", "[]", "null", "{", '{"patient_id": {"a": 1}}', '{"patient_id": "p", "sql": "drop"}', "{}",
        '{"patient_id": "p", "patient_id": "q"}', '{"patient_id": NaN}', json.dumps({"patient_id": "p" * 5000}), "[" * 100_000,
        json.dumps({"patient_id": ["p"] * 51}),
    ],
)  # fmt: skip
def test_arguments_of_another_shape_are_found(arguments: str) -> None:
    """Not an object, nested, unknown, missing, doubled, endless: the call is not allowed."""
    assert not tools.permits("nurse", ToolCall(id="c", name="get_patient", arguments=arguments))
    assert tools.permits("nurse", call("get_patient", patient_id="p"))
    one = ToolCall(id="c", name="get_patient", arguments=arguments)
    talk = Conversation((Message(Role.USER, "hi"), Message(Role.ASSISTANT, "", (one,)), Message(Role.TOOL, "x", (), "c")))
    assert rules.run(["tools:nurse"], talk, 2) == (RuleHit("tools:nurse", ((1, 0, len(arguments)),)),)


def test_an_unknown_tool_is_found() -> None:
    """Nobody may call what no table names."""
    assert not any(tools.permits(role, call("run_shell", command="ls")) for role in tools.ROLES)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("My name is Anna Lindqvist and I feel ill", ["Anna Lindqvist"]),
        ("Jeg hedder Søren Ø. Hansen", ["Søren"]),
        ("Frau Müller-Lüdenscheidt hat Fieber", ["Müller-Lüdenscheidt"]),
        ("me llamo María de la Cruz", ["María de la Cruz"]),
        ("Dr. House and Mr Bean", ["House", "Bean"]),
        ("the doctor said my name is on the list", []),
    ],
)
def test_names_are_found_after_a_cue(text: str, names: list[str]) -> None:
    """A title or an introduction comes before them."""
    assert spans("names", text) == names


def test_an_installation_may_bring_a_recogniser_of_names() -> None:
    """It is handed sentences, and its spans come out in the text."""
    people = rules.people.People(lambda text: ((0, 4),) if text.startswith("Anna") else ())
    assert people.read(Passage("Hello. Anna is here. ")).spans == ((7, 11),)


PIECES = (
    [text for text, _ in (*OVER, *PAIRED)] + WITHIN + ["Mr Bean", "kg", " ", ". ", "\n", "痛" * 300, "max. ", "10 g ", "word"]
)
MEMORY = ["doses", "interactions", "names", "identifiers"]


@given(parts=st.lists(st.sampled_from(PIECES), max_size=6), seed=st.integers(0, 2**32))
@settings(max_examples=150, deadline=None)
def test_a_stream_says_in_the_end_what_the_whole_text_says(parts: list[str], seed: int) -> None:
    """Whatever the pieces, each rule's spans are those of the whole, and nothing of a hit is let go before it is known."""
    text = " ".join(parts)
    random_ = random.Random(seed)
    watch, at = Watch(MEMORY, 0), 0
    whole = {name: rules.RULES[name].reads.read(Passage(text)).spans for name in MEMORY}
    while at < len(text):
        size = random_.randrange(1, 40)
        watch.feed(text[at : at + size])
        at += size
        for score in watch.scores():
            known = len(score.spans) if isinstance(score, RuleHit) else 0
            assert sum(first < watch.settled for first, _ in whole[score.rule]) <= known
    watch.end()
    for score in watch.scores():
        assert (score.spans if isinstance(score, RuleHit) else ()) == tuple((0, *span) for span in whole[score.rule])
    assert watch.settled == len(text)


@given(st.lists(st.sampled_from([*PIECES, "a" * 450, "e.g. ", "! ", "?\n"]), max_size=8), st.integers(0, 4000))
def test_a_cut_between_sentences_never_moves(parts: list[str], at: int) -> None:
    """The sentences of a beginning are the first ones of the whole; together they are the whole."""
    text = "".join(parts)
    all_ = list(sentences.cut(text, complete=True))
    assert "".join(text[first:last] for first, last in all_) == text
    assert all(last - first <= sentences.LONGEST for first, last in all_)
    early = list(sentences.cut(text[:at], complete=False))
    assert all_[: len(early)] == early


@pytest.mark.parametrize(
    "piece", ["1 mg ", "take 2 tablets of 500 mg paracetamol. ", "\n", "ibuprofen warfarin ", "4 years old ", "Mr A"]
)
@pytest.mark.parametrize("rule", ["doses", "interactions", "names"])
def test_time_grows_with_length_only(rule: str, piece: str) -> None:
    """No text makes the patterns slow."""
    text = piece * (30_000 // len(piece))
    start = time.process_time()
    rules.RULES[rule].reads.read(Passage(text))
    assert time.process_time() - start < 1.5


def test_a_call_in_a_stream_is_judged_as_in_a_message() -> None:
    """Text first, then the call: the watch says what `run` says of the whole message."""
    before = Conversation((Message(Role.USER, "I take warfarin"),))
    made = call("message_patient", patient_id="p", text="take ibuprofen")
    watch = Watch(["interactions", "tools:visitor"], 1, before)
    watch.feed("I will write.")
    watch.call(made)
    watch.end()
    answered = Conversation(
        (*before.messages, Message(Role.ASSISTANT, "I will write.", (made,)), Message(Role.TOOL, "ok", (), "c"))
    )
    assert watch.scores() == rules.run(["interactions", "tools:visitor"], answered, 2)
    assert all(isinstance(score, RuleHit) for score in watch.scores())


def test_a_lexicon_finds_words_not_parts_of_words() -> None:
    """Compounds and inflections pass, other words that contain a name do not; capitals stay capitals."""
    found = lexicon.drugs().mentions("Ibuprofentabletten, paracetamols, ibuprofenish, das ass ASS")
    assert [mention.name for mention in found] == ["ibuprofen", "paracetamol", "aspirin"]


def test_the_digest_follows_code_and_tables(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    """A rule that reads tables is another rule when a table changes."""
    before = rules.RULES["doses"].digest()
    monkeypatch.setattr(tables, "path", lambda name: tables.resources.path("policies/facts/roles.csv"))
    assert rules.RULES["doses"].digest() != before
