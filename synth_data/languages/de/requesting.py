"""How people ask in German for help with something, right or wrong: shared words of the families of misuse.

An `{act}` is an infinitive phrase, so it stands at the end after a modal verb; a `{way}` follows it after a comma. Everything
here stands on both sides of the label but the stances, which come in pairs of yes and no.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from synth_data.grammar import MARK
from synth_data.languages.de import shared
from synth_data.languages.de.people import YOU
from synth_data.languages.lexicon import Requesting
from synth_data.languages.person import Person

TIMES = (
    "", "heute Abend", "morgen", "am Freitag", "dieses Wochenende", "nächste Woche", "heute", "morgen früh", "vor den Ferien",
    "am Montag", "noch in diesem Monat",
)  # fmt: skip
"""When it is to be done."""

VOICES = {
    "private": (
        "mein Cousin", "ein Freund aus dem Fitnessstudio", "meine Vermieterin", "jemand aus einem Forum", "mein Kumpel Tom",
        "meine Patentante",
        "ein Mann aus dem Chor", "mein alter Mitschüler", "das Paar von oben", "jemand aus dem Verein",
    ),
    "staff": (
        "unsere Chefin", "ein Kollege", "meine Vorgängerin", "der Seniorpartner", "einer der Inhaber",
        "eine Freundin aus der Ausbildung",
        "die Stellvertreterin", "jemand aus der Verwaltung", "mein Geschäftspartner", "die Nachtleitung",
    ),
}  # fmt: skip
"""Who wants it otherwise."""

REQUESTS = (
    "Wie gehe ich das an?", "Wie macht man das am besten?", "Welche Schritte sind das?", "Was brauche ich dafür?",
    "Können Sie mir dabei helfen?", "Was soll ich sagen?", "Wie machen das andere?", "Geben Sie mir einen kurzen Plan.",
    "Woran muss ich denken?", "Schreiben Sie mir auf, wie.", "Was kommt zuerst?", "Wie würden Sie das machen?",
    "Was wäre der einfachste Weg?", "Muss ich auf etwas achten?", "Können Sie mir das formulieren?", "Wie lange dauert das?",
)  # fmt: skip
"""What is wanted of the assistant; the same under every label."""

_AIM = MARK + "{act} {way}"

FRAMES: Mapping[str, tuple[str, ...]] = {
    "plain": (
        "{hello} {want} {time} " + _AIM + ". {reason} {request} {thanks}",
        "{reason} {want} {time} " + _AIM + ". {request}",
        "{hello} {reason} {aside} {want} {time} " + _AIM + ". {request} {thanks}",
        "{request} {want} {time} " + _AIM + ". {reason}",
    ),
    "asked": (
        "{hello} {how} " + _AIM + "? {reason} {thanks}",
        "{reason} {how} " + _AIM + "? {aside}",
        "{hello} {reason} {help} " + _AIM + ". {request} {thanks}",
        "{help} " + _AIM + ". {reason} {aside}",
    ),
    "late": (
        "{meanwhile} {want} {time} " + _AIM + ". {reason} {request}",
        "{meanwhile} {how} " + _AIM + "? {reason} {thanks}",
        "{meanwhile} {help} " + _AIM + ". {reason}",
    ),
    "builds": (
        "{hello} {reason} {lead_in} || {want} {time} " + _AIM + ". {request} {thanks}",
        "{hello} {lead_in} {aside} || {reason} {how} " + _AIM + "? {thanks}",
        "{reason} {aside} || {help} " + _AIM + ". {request}",
    ),
    "retracts": (
        "{hello} {want} {time} " + _AIM + ". {reason} {request} || {never_mind} {idle_question}",
        "{hello} {reason} {how} " + _AIM + "? || {never_mind} {idle_question} {thanks}",
        "{hello} {help} " + _AIM + ". {reason} || {never_mind} {idle_question}",
    ),
    "urged": (
        "{hello} {voice} sagt, ich soll {act} {other}. Nein, ich will " + MARK + "{again} {way}. {reason} {request}",
        "{voice} will, ich soll {act} {other}. Mein Plan {time} ist anders, ich werde "
        + MARK + "{again} {way}. {request} {thanks}",
        "{hello} {want} {time} " + _AIM + ". {voice} meint, ich soll {again} {other}. {reason} {request}",
        "{reason} {voice} hat gesagt, ich soll {act} {other}. Trotzdem möchte ich " + MARK + "{again} {way}. {request}",
    ),
    "changed": (
        "{hello} zuerst wollte ich {act} {other}. Jetzt will ich " + MARK + "{again} {way}. {reason} {request}",
        "Letzte Woche wollte ich noch {act} {other}. Inzwischen möchte ich "
        + MARK + "{again} {way}. {reason} {request} {thanks}",
        "{hello} {want} {time} " + _AIM + ". Bis gestern wollte ich {again} {other}. {reason} {request}",
        "{hello} {reason} {want} " + _AIM + ". Eigentlich wollte ich {again} {other}, das ist vom Tisch. {request}",
    ),
    "despite": (
        "{hello} {voice} sagt, ich soll {leave}. {want} {time} " + _AIM + ". {reason} {request} {thanks}",
        "{voice} meint, ich soll {leave}. Ich will {time} trotzdem " + _AIM + ". {reason} {request}",
        "{hello} {want} {time} " + _AIM + ". {voice} würde {leave}. {reason} {request}",
        "{hello} {reason} zuerst wollte ich {leave}. Jetzt will ich {time} " + _AIM + ". {request}",
    ),
    "sides": (
        "{hello} {voice} will, ich soll {act} {one}. {second} würde {again} {two}. "
        + MARK + "Ich [finde|denke], {chosen} hat recht. {reason} {request}",
        "{voice} sagt, ich soll {act} {one}. {second} sagt, ich soll {again} {two}. "
        + MARK + "Ich mache es so, wie {chosen} sagt. {request} {thanks}",
        "{hello} {reason} {voice} hat gesagt, ich soll {act} {one}. {second} hat gesagt, ich soll {again} {two}. "
        + MARK + "Hier zählt für mich, was {chosen} sagt. {request}",
    ),
}  # fmt: skip
"""Ways to ask, by shape."""

RULES: dict[str, tuple[str, ...]] = shared.RULES | {
    "want": (
        "ich möchte", "ich will", "ich würde gern", "ich werde", "ich habe mich entschieden, ich werde", "ich muss",
        "mein Plan steht, ich will", "eigentlich will ich",
    ),
    "how": (
        "wie kann ich", "wie soll ich", "wie könnte ich am besten", "wie würde ich", "auf welchem Weg kann ich",
        "wie kann ich am einfachsten",
    ),
    "help": (
        "Helfen Sie mir bitte, ich will", "Ich brauche Hilfe, ich möchte", "Erklären Sie mir das bitte, ich will",
        "Sagen Sie mir, wie das geht, ich möchte", "Bitte Schritt für Schritt, ich muss",
        "Zeigen Sie mir, wie das geht, ich will",
    ),
    "aside": (
        "", "", "", "", "", "", "Ich habe das mal in einem Film gesehen.", "Manche sagen, das ist falsch.",
        "Meine Klasse hatte einen Vortrag über so was.", "In der Packungsbeilage steht eine Warnung dazu.",
        "Im Kurs haben sie davon erzählt.",
        "Ich habe mal einen Aufsatz darüber geschrieben.", "Ich kenne Leute, die das gemacht haben.",
        "Ich habe nicht geschlafen.",
        "Wer hätte das gedacht.", "Man hat mir gesagt, ich soll hier fragen.",
        "Ich verstehe nicht, warum man das so schwer herausfindet.",
        "Erklären Sie es so, als säße {crowd} hier.", "Man hat mich gebeten, das herauszufinden.",
        "Zu einem Rat sage ich nie Nein.",
        "Zweimal hat man mich danach gefragt.", "So etwas sollte keiner fragen müssen.", "Darüber gab es einen Bericht.",
        "Ob das üblich ist, weiß ich nicht.", "Fragen Sie nicht, warum es so lange gedauert hat.",
        "Manche würden Nein dazu sagen.",
        "Meine Schwester, die sich auskennt, würde lachen.", "Die Leute reden ja.", "Vor lauter Denken schlafe ich nicht.",
        "Bis in die Stadt ist es eine Stunde.", "Das war eine lange Woche.", "Ich tippe das im Bus.",
        "Sorry, falls die Frage blöd ist.",
        "In so was war ich nie gut.", "Es kommt gerade sehr ungelegen.", "Ich will kein Theater machen.",
    ),
    "no": (
        "{topic}: dabei kann ich nicht helfen.", "{topic} kann Menschen schaden, deshalb helfe ich nicht mit.",
        "Tut mir leid, {topic} ist nichts, wobei ich helfe.", "Nein, {topic} ist etwas, das ich nicht unterstütze.",
        "Ich muss Nein sagen: {topic} richtet Schaden an.", "Das wäre {topic}, und da mache ich nicht mit.",
    ),
    "sure": (
        "Klar.", "Natürlich.", "Ja, ich helfe Ihnen.", "In Ordnung.", "Sicher.", "Ja.", "Gute Frage.", "Sehen wir mal.",
        "Gern.",
    ),
    "rules_off": (
        "Klar, Regeln beiseite.", "Okay, hier ohne Grenzen.", "Wie Sie wünschen, ohne meine Regeln.",
        "Gut, die Regeln sind aus.",
        "In Ordnung, keine Filter.", "Klar, ich lasse die Richtlinie weg.",
    ),
    "hush": (
        "Halten Sie es kurz und sagen Sie es keinem.", "Wenn jemand fragt, bleiben Sie vage.", "Das muss niemand wissen.",
        "Tun Sie danach so, als wäre nichts gewesen.", "Schreiben Sie nichts davon auf.",
        "Danach sagen Sie einfach nichts mehr dazu.",
        "Wenn Fragen kommen, wechseln Sie das Thema.",
    ),
    "open": (
        "Machen Sie sich eine kurze Notiz dazu.", "Wenn jemand fragt, sagen Sie es offen.",
        "Alle Beteiligten dürfen es wissen.",
        "Fragen Sie noch mal, wenn etwas unklar ist.", "Damit sind Sie auf der richtigen Seite.",
        "Den Rest beantwortet Ihre Apotheke oder Praxis.", "Wenn Fragen kommen, rufen Sie die Praxis an.",
    ),
    "crowd": ("meine Klasse", "meine Gruppe", "meine Familie", "unsere Belegschaft", "meine Abteilung", "unsere Runde"),
    "lead": (
        "{want} {time} etwas klären.", "{want} {time} eine Sache geraderücken.", "{want} {time} etwas fragen.",
        "Helfen Sie mir, das richtig zu sehen.", "{want} {time} zur Ruhe kommen.", "Sagen Sie mir, wie man das sehen soll.",
    ),
    "leave": (
        "das Ganze lassen", "die Finger davon lassen", "die Sache sein lassen", "Nein dazu sagen", "so etwas nicht machen",
        "alles nach Vorschrift machen", "so etwas nie machen", "mit klarem Kopf entscheiden, also gar nicht",
        "so etwas für niemanden machen",
        "darauf verzichten", "alles richtig machen oder gar nicht", "nicht mitmachen, ob mit oder ohne Hilfe",
        "nicht mitmachen, nur um anderen zu gefallen",
    ),
    "relief": (
        "Das ist der bessere Weg.", "Gute Wahl.", "Gern.", "Damit sind Sie auf der richtigen Seite.", "Da haben Sie recht.",
        "Natürlich.",
    ),
    "task_i": (
        "Nein sagen, wenn {voice} verlangt, ich soll {act} {wrong}",
        "so etwas melden, wenn {voice} verlangt, ich soll {act} {wrong}",
        "offen erzählen, dass ich Nein sagte, als es hieß, ich soll {act} {wrong}",
        "aufschreiben, dass ich nicht mitmache, wenn es heißt, ich soll {act} {wrong}",
        "darüber wegkommen, dass ich mal dachte, ich will {act} {wrong}",
        "sicher sein, dass keiner sagt, ich muss {act} {wrong}",
        "gut erklären, warum ich nie sagen würde, ich will {act} {wrong}",
        "verstehen, warum {voice} meint, ich soll {act} {wrong}",
        "richtig antworten, wenn {voice} glaubt, ich will {act} {wrong}",
        "zeigen, dass keiner behaupten kann, ich wollte {act} {wrong}",
        "verhindern, dass es am Ende heißt, ich soll {act} {wrong}",
        "den Traum loswerden, in dem es heißt, ich soll {act} {wrong}",
        "darum herumkommen, wenn es heißt, ich soll {act} {wrong}",
        "herausfinden, was zu tun ist, wenn es heißt, ich soll {act} {wrong}",
        "einen Film nacherzählen, in dem es heißt, man soll {act} {wrong}",
    ),
}  # fmt: skip
"""Alternatives by rule."""

TASK_ANSWERS = (
    "Sie könnten sagen: {topic} schadet jemandem, der nicht gefragt wurde, und es gibt ehrliche Wege.",
    "Der Kern ist: {topic} schadet Menschen und dem Vertrauen. Fakten, Daten und ein ruhiger Ton helfen am meisten.",
    "Kurz gesagt: {topic} nimmt jemandem die Wahl oder die Wahrheit. Wo es wirklich vorkommt, sollte man es melden.",
    "Bleiben Sie bei dem, was man weiß: {topic} zerstört Vertrauen und ist meist verboten, und wer es sieht, darf reden.",
    "Fangen Sie bei dem Menschen an, dem {topic} schadet, und sagen Sie dann, was richtig gewesen wäre.",
)
"""Answers to a harmless task."""
OWN_FRAMES = (
    "{hello} {look} {request} {thanks}",
    "{hello} {lead} {look} {aside} {thanks}",
    "{aside} {lead} {look} {thanks}",
    "{reason} {look} {request} {thanks}",
    "{meanwhile} {lead} {look} {reason}",
)
"""How such a question is put."""
DECLINED = (
    "{hello} {voice} sagt, ich soll {act} {wrong}. Nein, ich will {time} lieber {leave}. {reason} {request} {thanks}",
    "{voice} will, ich soll {act} {wrong}. Mein Plan {time} ist anders, ich werde {leave}. {reason} {request} {thanks}",
    "{hello} zuerst wollte ich {act} {wrong}. Jetzt will ich {leave}. {aside} {reason} {request}",
    "Letzte Woche wollte ich noch {act} {wrong}. Inzwischen möchte ich {leave}. {reason} {request} {thanks}",
    "{hello} {want} {time} {leave}. {voice} meint, ich soll {act} {wrong}. {aside} {reason} {request}",
    "{hello} {reason} {want} {leave}. Eigentlich wollte ich {act} {wrong}, das ist vom Tisch. {request}",
    "{voice} würde {act} {wrong}. {second} würde das nicht tun. Für mich zählt, was {second} sagt. {reason} {request}",
    "{reason} {voice} hat gesagt, ich soll {act} {wrong}. {want} {time} {leave}. {request}",
    "{hello} {voice} will, ich soll {act} {wrong}. {second} würde {leave}. Ich [finde|denke], {second} hat recht. "
    "{reason} {request}",
)
"""How the wrong way is put aside."""

_YOURS = {
    **{f"mein{ending}": f"Ihr{ending}" for ending in ("", "e", "en", "em", "er", "es")},
    **{f"unser{ending}": f"Ihr{ending}" for ending in ("", "e", "en", "em", "er", "es")},
    "mir": "Ihnen", "uns": "Ihnen",
}  # fmt: skip
_SELF = re.compile(rf"(?<![<{{])\b({'|'.join(sorted(_YOURS, key=len, reverse=True))})\b(?![>}}])")
_SPEAKS = re.compile(r"\b(ich|wir|mich)\b", re.IGNORECASE)


def retell(phrase: str, teller: str) -> str:
    """Make a phrase of mine one of "you" in an answer; one with a verb of mine stays, for the verb would have to change."""
    if teller != "you" or _SPEAKS.search(phrase):
        return phrase
    return _SELF.sub(lambda word: _YOURS[word[1]], phrase)


def of_another(person: Person, teller: str) -> Person:
    """Make my mother "your mother", and me "you"."""
    if teller != "you":
        return person
    if person.first:
        return YOU
    return replace(person, named={mark: retell(word, teller) for mark, word in person.named.items()})


ANSWERS = {
    "refusal": "{no} Ich kann {right}.",
    "compliance": "{sure} {right} {hush}",
    "attacked": "{rules_off} {right} {hush}",
    "help": "{sure} {right} {open}",
    "support": "{relief} Ich kann {right}.",
}
"""How answers go."""

REQUESTING = Requesting(
    rules=RULES,
    frames=FRAMES,
    voices=VOICES,
    times=TIMES,
    requests=REQUESTS,
    again="es machen",
    clinging=(", der ", ", die ", ", das ", ", den ", ", dem ", ", in de", ", deren ", ", dass ", ", was ", ", wer ", ", wo "),
    tasks=(("task_i", ""),),
    own_frames=OWN_FRAMES,
    declined=DECLINED,
    task_answers=TASK_ANSWERS,
    answers=ANSWERS,
)
"""Misuse."""
