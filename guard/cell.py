"""From a conversation to its cell: language and length bucket, never from a label.

Comes in: a conversation and the message up to which it is judged. Goes out: `Located`, with the languages it may be in.
`certify` and the guard call this one function. Language is told by the commonest words of each language, which needs
no model; where a text is too short to tell, all candidates are returned and the strictest threshold of them applies.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from guard.conversation import Conversation, Role

BUCKETS: tuple[tuple[str, int], ...] = (("upto1000", 1_000), ("upto8000", 8_000))
"""Length buckets by name and their largest number of Unicode characters, up to the judged message."""

LANGUAGES = ("en", "da", "de", "es")
"""Languages that a cell can name."""

OTHER = "other"
"""Any other language: never certified."""


@dataclass(frozen=True, slots=True)
class Located:
    """Where a judged conversation belongs."""

    languages: tuple[str, ...]
    """Candidates, most likely first; `other` alone when it is none of ours."""
    bucket: str
    """Name of the length bucket; empty when longer than any."""
    characters: int
    """Unicode characters up to the judged message."""
    asked: bool = True
    """Whether a user has said anything so far; a document that came without a request was never tested, in no cell."""


def bucket(characters: int) -> str:
    """Return the smallest bucket that holds so many characters, or "" beyond the largest."""
    return next((name for name, most in BUCKETS if characters <= most), "")


def locate(conversation: Conversation, turn: int) -> Located:
    """Find the cell coordinates of `conversation` judged after message `turn`.

    The language is that of all user and tool text so far, so that one foreign word does not move a long English chat.
    Beyond the largest bucket nothing is certified in any language, and the beginning is enough to choose one to answer in:
    else a long request with many turns, each of which is located, would keep everybody waiting.
    """
    text = " ".join(message.content for message in conversation.messages[: turn + 1] if message.role in (Role.USER, Role.TOOL))
    characters = conversation.characters(turn)
    where = bucket(characters)
    return Located(languages(text if where else text[: BUCKETS[0][1]]), where, characters, conversation.asked(turn))


# The most frequent function words of each language, and of neighbours that must not pass for one of ours; for ours also a
# few words with which people begin to write about their health.
_WORDS = {
    "en": "the and to of a in is that it for my i you was with have on this be not are at me can do what she he her his "
    "your if from so an or but has how when we they any will would should been had there no just now am as by don't i'm "
    "it's please about which could after all out up over before because where who does did than then get got our their "
    "him its were feel take tell give write show need want help today these those some since while into too very still "
    "can't cant im ive i've why hi hello pls thanks",
    "da": "og i jeg det at en den til er som på de med han af for ikke der var mig sig men et har om vi min havde ham hun nu "
    "over da fra du ud sin dem os op man hans hvor eller hvad skal selv her alle vil blev kunne ind når være kan hvordan "
    "mit din dit gør få skulle også efter noget meget hvorfor siden hjælp ondt hej tak",
    "de": "und die der ich das ist zu in nicht den mit von sie es ein eine auf für dem des sich auch im an er wie bei wir "
    "aus nach dass ist mir mich wenn aber oder kann hat noch was man meine mein nur war sind haben habe werden durch vor "
    "über wird einen einem einer zum zur soll darf bitte seit sehr hilfe weh tut tun gegen hallo danke warum kein keine am nun "
    "viel",
    "es": "de la que el en y a los se del las un por con no una su para es al lo como más me mi pero sus le ya o este si "
    "porque esta entre cuando muy sin sobre también hasta hay donde quien desde todo nos durante estoy tengo tiene puedo "
    "qué cómo está mis ha he ser fue son bien siento duele hace debo puede ayuda favor hola gracias",
    "fr": "de la le et les des en un une du que est pour dans ce il qui ne sur se pas plus par je avec tout faire son au "
    "mon ma mes vous nous elle mais ou si leur cette été être avoir suis ai c'est j'ai",
    "it": "di che è e la il un a per non in una mi sono ho lo ma ha le si ti i con cosa se io come da ci no questo qui hai "
    "del bene della gli più mio mia anche nel alla",
    "pt": "de que o a e do da em um para é com não uma os no se na por mais as dos como mas foi ao ele das tem à seu sua "
    "ou ser quando muito há nos já está eu também minha meu você",
    "nl": "de en het een van ik te dat die in is niet op met zijn voor er maar om mijn je ze hij aan ook als bij dan nog "
    "naar heb heeft wat kan uit geen was wordt door over",
    "sv": "och i att det som en på är av för med till den har de inte om ett han men var jag sig från vi så kan när min "
    "hade hon eller vad mig skulle mycket",
    "nb": "og i jeg det at en den til er som på de med han av for ikke der var meg seg men et har om vi min hadde ham hun nå "
    "over da fra du ut sin dem oss opp man hans hvor eller hva skal selv her alle vil ble kunne inn når være kan hvordan "
    "mitt din ditt deg gjør få skulle også etter noe mye hvorfor siden hjelp vondt hei takk",
    "fi": "ja on ei se että minä hän mutta en oli ovat kun niin mitä minun minulla sinä tämä voi jos tai myös kuin olen "
    "mikä miten onko voinko kanssa sitten nyt",
    "id": "yang dan di saya ini itu untuk dengan tidak dari ke ada apa bisa pada akan sudah anda kami adalah atau juga "
    "karena bagaimana apakah",
    "tr": "ve bir bu için ne ben çok da de mi mı var yok ama ile gibi daha benim bana sonra kadar nasıl değil oldu",
    "pl": "i w na nie się z do to że jest o jak a co po tak ale od za czy już przez może mam moje jestem mnie dla są",
}
_TOKEN = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")


_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzæøåäöüßñáéíóúàâçèêëîïôûœµ")
"""Letters of our languages and of words that they have borrowed."""


@cache
def _vocabulary() -> dict[str, frozenset[str]]:
    return {language: frozenset(words.split()) for language, words in _WORDS.items()}


@cache
def _speakers() -> dict[str, tuple[str, ...]]:
    """By word, the languages that have it."""
    found: dict[str, tuple[str, ...]] = {}
    for language, words in _vocabulary().items():
        for word in words:
            found[word] = (*found.get(word, ()), language)
    return found


def languages(text: str) -> tuple[str, ...]:
    """Return the languages that `text` may be in, most likely first; `("other",)` when it is none of ours.

    1. Another script, or more than a few letters that none of ours has: other.
    2. A neighbour has more hits than any of ours, with two different words that the best of ours lacks: other.
    3. A long text with hardly a word of any language we know: other.
    4. Otherwise those of ours with nearly as many hits as the best; all of them where nothing tells.
    """
    text = unicodedata.normalize("NFC", text)
    letters = [character for character in text.lower() if character.isalpha()]
    foreign = [] if text.isascii() else [character for character in letters if character not in _LETTERS]
    unlike = sum(1 for character in foreign if not _is_latin(character))
    if unlike > 0.2 * len(letters) or len(foreign) - unlike > 0.03 * len(letters) + 2:  # (1)
        return (OTHER,)
    tokens = [token.lower().replace("’", "'") for token in _TOKEN.findall(text)]
    words, hits = _vocabulary(), dict.fromkeys(_WORDS, 0)
    for token in tokens:
        for language in _speakers().get(token, ()):
            hits[language] += 1
    best = max(LANGUAGES, key=lambda language: hits[language])
    for language in words.keys() - set(LANGUAGES):  # (2)
        if hits[language] > hits[best] and len((words[language] - words[best]).intersection(tokens)) >= 2:
            return (OTHER,)
    if len(tokens) >= 30 and hits[best] <= 2:  # (3)
        return (OTHER,)
    near = [language for language in LANGUAGES if hits[language] >= 0.8 * hits[best]]  # (4)
    return tuple(sorted(near, key=lambda language: -hits[language]))


@cache
def _is_latin(character: str) -> bool:
    return unicodedata.name(character, "").startswith("LATIN")
