"""Cells: languages told by common words, other languages kept out, buckets that only grow."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.cell import BUCKETS, LANGUAGES, OTHER, bucket, languages, locate
from guard.conversation import Conversation, Message, Role, ToolCall

SENTENCES = {
    "en": [
        "My father has had a tight feeling in his chest since this morning and his left arm is numb.",
        "Could you tell me whether I should take this tablet before or after breakfast?",
        "The patient was seen in clinic today and will be followed up in two weeks.",
        "Please summarise the letter from the cardiologist for me.",
        "She is allergic to penicillin, so what else can they give her for the infection?",
    ],
    "da": [
        "Min far har haft ondt i brystet siden i morges, og hans venstre arm sover.",
        "Skal jeg tage tabletten før eller efter morgenmaden?",
        "Jeg har svært ved at få vejret, og mine læber er blå.",
        "Kan du skrive et brev til min læge om mine nye piller?",
        "Hvad kan jeg gøre mod hovedpine, når jeg ikke tåler ibuprofen?",
    ],
    "de": [
        "Mein Vater hat seit heute Morgen ein Engegefühl in der Brust und sein linker Arm ist taub.",
        "Soll ich die Tablette vor oder nach dem Frühstück nehmen?",
        "Ich bekomme kaum Luft und meine Lippen sind blau.",
        "Können Sie mir den Brief des Kardiologen zusammenfassen?",
        "Was hilft gegen Kopfschmerzen, wenn ich kein Ibuprofen nehmen darf?",
    ],
    "es": [
        "Mi padre tiene una presión en el pecho desde esta mañana y el brazo izquierdo dormido.",
        "¿Debo tomar la pastilla antes o después del desayuno?",
        "No puedo respirar bien y tengo los labios azules.",
        "¿Me puede resumir la carta del cardiólogo, por favor?",
        "¿Qué puedo tomar para el dolor de cabeza si no tolero el ibuprofeno?",
    ],
}

SHORT_ENGLISH = [
    "chest pain", "help", "my chest hurts", "cant breathe", "i can't breathe", "is this an emergency?", "what is sepsis",
    "hi doc, quick question", "pls help my son is choking", "dizzy since this morning", "can i take ibuprofen with alcohol",
    "how much paracetamol is too much", "im 23 weeks pregnant and bleeding", "my baby wont wake up", "she took all her pills",
    "fever 39.5 for 3 days", "throwing up blood", "whats a normal heart rate", "wat shud i do abt this rash",
    "i think im having a stroke", "face drooping on one side", "numb left arm, sweaty, scared", "blood sugar 32 mmol",
    "metformin dose?", "do i need stitches", "nosebleed wont stop", "is it ok to stop my statins", "worst headache of my life",
    "67M, SOB, hx COPD, sats 82", "allergic to peanuts, tongue swelling", "i dont want to live anymore", "he fell off a ladder",
    "any side effects of sertraline?", "test results came back, now what", "um, no. um, no. right.", "ok", "thanks!", "120/80",
    "MY THROAT IS CLOSING UP", "tummy ache after eating shellfish", "need a refill", "can u summarise this note 4 me",
]  # fmt: skip

SHORT_FOREIGN = [
    ("de", "mir ist schlecht"), ("de", "hilfe, ich kriege keine luft"), ("de", "was tun bei fieber"),
    ("de", "mein kind hat fieber"), ("de", "brust tut weh"), ("de", "ist das ein notfall?"), ("de", "ich bin schwanger"),
    ("de", "wie viel paracetamol am tag"), ("de", "blut im urin, was nun"), ("de", "er atmet nicht"),
    ("es", "me duele el pecho"), ("es", "no puedo respirar"), ("es", "mi hijo tiene fiebre"), ("es", "no me encuentro bien"),
    ("es", "ayuda por favor"), ("es", "estoy embarazada y sangro"), ("es", "me siento mal"),
    ("es", "cuanto paracetamol puedo tomar"), ("es", "tengo la lengua hinchada"), ("da", "jeg kan ikke få vejret"),
    ("da", "ondt i brystet"), ("da", "hvad skal jeg gøre"), ("da", "min søn har feber"),
]  # fmt: skip

OTHERS = [
    "Mon père a une douleur dans la poitrine depuis ce matin et son bras gauche est engourdi.",
    "Je n'arrive pas à respirer, que dois-je faire ?",
    "Mio padre ha un dolore al petto da questa mattina e non riesce a respirare.",
    "Posso prendere questa medicina con il mio antibiotico?",
    "O meu pai está com uma dor no peito desde manhã e não consegue respirar.",
    "Quanto paracetamol eu posso tomar em um dia?",
    "Mijn vader heeft sinds vanochtend pijn op de borst en hij kan niet goed ademen.",
    "Wat kan ik doen als het bloeden niet stopt?",
    "Min pappa har haft ont i bröstet sedan i morse och han kan inte andas.",
    "Kan jag ta den här tabletten när jag är gravid?",
    "Faren min har hatt vondt i brystet siden i dag morges, hva skal jeg gjøre nå?",
    "Isälläni on ollut rintakipua aamusta asti, mitä minun pitää tehdä nyt?",
    "Mój ojciec od rana ma ból w klatce piersiowej i nie może oddychać.",
    "Babamın sabahtan beri göğsü ağrıyor ve nefes alamıyor, ne yapmalıyım?",
    "Bố tôi bị đau ngực từ sáng nay và không thở được, tôi phải làm gì?",
    "Ayah saya sakit dada dan tidak bisa bernapas, apa yang harus saya lakukan?",
    "Otec má od rána bolest na hrudi a nemůže dýchat, prosím poraďte.",
    "У моего отца с утра болит грудь.", "أبي يعاني من ألم في صدره", "父は今朝から胸が痛い", "我父亲胸口痛",
    "아버지가 가슴이 아프다고 하세요", "Ο πατέρας μου έχει πόνο στο στήθος.", "לאבא שלי כואב בחזה", "मेरे पिता के सीने में दर्द है",
]  # fmt: skip

WORDS = st.sampled_from([word for texts in SENTENCES.values() for text in texts for word in text.split()])
TEXTS = st.lists(WORDS | st.text(max_size=6), max_size=12).map(" ".join)


@pytest.mark.parametrize(("language", "text"), [(lang, text) for lang, texts in SENTENCES.items() for text in texts])
def test_sentences_are_of_one_language(language: str, text: str) -> None:
    """A whole sentence leaves no doubt."""
    assert languages(text) == (language,)


@pytest.mark.parametrize("text", SHORT_ENGLISH)
def test_short_english_is_never_taken_for_something_else(text: str) -> None:
    """However short, in lower case and with typos, English stays among the candidates."""
    assert "en" in languages(text)


@pytest.mark.parametrize(("language", "text"), SHORT_FOREIGN)
def test_short_german_spanish_danish_is_never_taken_for_english(language: str, text: str) -> None:
    """A few words are enough: the right language comes first, and is never missing."""
    assert languages(text)[0] == language


@pytest.mark.parametrize("text", OTHERS)
def test_other_languages_are_other(text: str) -> None:
    """Neighbours of our languages, distant ones in our letters, and other scripts are not certified."""
    assert languages(text) == (OTHER,)


@pytest.mark.parametrize("text", ["", "120/80", "🙂", "paracetamol", "Angina pectoris", "Dr. Miller"])
def test_what_tells_nothing_may_be_any_of_ours(text: str) -> None:
    """A number, a name or a drug gets the strictest threshold of all."""
    assert languages(text) == LANGUAGES


def test_between_two_languages_both_are_candidates() -> None:
    """A message of two words that two languages share is held against both thresholds."""
    assert set(languages("was in hand")) == {"en", "de"}
    assert set(languages("no respira")) == {"en", "es"}


def test_a_long_text_without_a_common_word_is_other() -> None:
    """Thirty words of no language that we know are not English by default."""
    assert languages("mimi nina maumivu makali kifuani tangu asubuhi leo " * 5) == (OTHER,)


def test_other_letters_in_english_are_forgiven() -> None:
    """A name, a unit or a Greek letter in an English message does not make it foreign."""
    assert languages("Is β-blocker treatment ok with 50 µg of levothyroxine for Ms Kovačević?") == ("en",)


@given(TEXTS)
def test_candidates_are_ours_or_other(text: str) -> None:
    """There is always an answer, without repetition, and `other` stands alone."""
    found = languages(text)
    assert found == (OTHER,) or (found and set(found) <= set(LANGUAGES))
    assert len(set(found)) == len(found)


@given(TEXTS)
def test_the_way_of_writing_letters_changes_nothing(text: str) -> None:
    """Capitals, composed and decomposed accents, and curly apostrophes give the same languages."""
    assert languages(unicodedata.normalize("NFD", text)) == languages(unicodedata.normalize("NFC", text))
    assert languages(text.replace("'", "’")) == languages(text)
    for sentence in SENTENCES["de"] + SENTENCES["es"]:
        assert languages(sentence.upper()) == languages(sentence)


@pytest.mark.parametrize(("characters", "name"), [(0, "upto1000"), (1000, "upto1000"), (1001, "upto8000"), (8000, "upto8000")])
def test_buckets_hold_their_largest_number(characters: int, name: str) -> None:
    """The edges belong to the smaller bucket."""
    assert bucket(characters) == name


def test_longer_than_tested_has_no_bucket() -> None:
    """Nothing is certified beyond the largest bucket."""
    assert bucket(8001) == ""


TURNS = st.lists(
    st.builds(
        Message,
        st.sampled_from(Role),
        st.integers(0, 3000).map("x".__mul__),
        st.integers(0, 900).map(lambda size: (ToolCall(id="1", name="f", arguments="x" * size),)),
    ),
    min_size=1,
    max_size=8,
)


@given(TURNS)
def test_a_bucket_only_grows(turns: list[Message]) -> None:
    """From turn to turn a conversation moves to longer buckets only, and in the end to none."""
    order = [name for name, _ in BUCKETS] + [""]
    conversation = Conversation(tuple(turns))
    places = [order.index(locate(conversation, turn).bucket) for turn in range(len(turns))]
    assert places == sorted(places)


@given(TURNS, TURNS)
def test_what_comes_later_is_not_read(turns: list[Message], more: list[Message]) -> None:
    """The cell at a turn is found from what was said so far."""
    turn = len(turns) - 1
    assert locate(Conversation((*turns, *more)), turn) == locate(Conversation(tuple(turns)), turn)


def test_the_language_is_that_of_user_and_tool_text() -> None:
    """What the assistant or the client's system text says does not move the language."""
    spanish, english = SENTENCES["es"][0], SENTENCES["en"][0]
    messages = (Message(Role.SYSTEM, spanish), Message(Role.USER, english), Message(Role.ASSISTANT, spanish))
    found = locate(Conversation(messages), 2)
    assert found.languages == ("en",)
    assert found.characters == 2 * len(spanish) + len(english)
    assert locate(Conversation((*messages, Message(Role.TOOL, spanish * 9))), 3).languages == ("es",)


def test_of_a_chat_that_is_too_long_only_the_beginning_is_read() -> None:
    """No cell holds it whatever its language, and a request of many turns must not be read again after each of them."""
    english, spanish = Message(Role.USER, " ".join(SENTENCES["en"] * 9)), Message(Role.USER, " ".join(SENTENCES["es"] * 99))
    assert len(english.content) > 1000
    found = locate(Conversation((english, spanish)), 1)
    assert (found.bucket, found.languages) == ("", ("en",))
    assert found.characters == len(english.content) + len(spanish.content) > 8000


def test_one_foreign_word_does_not_move_a_long_chat() -> None:
    """Earlier turns count, so that a short foreign turn in a long English chat stays English."""
    english = [Message(Role.USER, sentence) for sentence in SENTENCES["en"]]
    assert locate(Conversation((*english, Message(Role.USER, "gracias"))), len(english)).languages == ("en",)


def test_a_place_knows_whether_anyone_asked() -> None:
    """A document that comes first was not asked for; the same document after a request was."""
    document = Message(Role.TOOL, "The scan is clear.")
    alone = Conversation((document, Message(Role.USER, "What does it say?"), document))
    assert [locate(alone, turn).asked for turn in range(3)] == [False, True, True]
    assert not locate(Conversation((Message(Role.SYSTEM, "Be kind."), document)), 1).asked
