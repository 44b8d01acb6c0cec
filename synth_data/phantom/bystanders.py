"""Bystanders: short sentences that say something about the weather or the time of day and decide nothing.

They are put before or behind what the user says last, by chance alone, so that what they say is independent of every label.
"""

from __future__ import annotations

from random import Random

from guard.conversation import Message, Role

WEATHER = {
    "en": ("It is raining here.", "The sun is shining today.", "There is a thick fog outside.", "It has been snowing all day.",
           "A strong wind is blowing.", "The sky is grey and cloudy.",
           "What a storm we have here.", "It is hot and dry outside."),
    "da": ("Det regner her.", "Solen skinner i dag.", "Der er tyk tåge udenfor.", "Det har sneet hele dagen.",
           "Det blæser kraftigt.", "Himlen er grå og skyet.", "Sikken en storm vi har her.", "Det er varmt og tørt udenfor."),
    "de": ("Hier regnet es.", "Heute scheint die Sonne.", "Draußen ist dichter Nebel.", "Es schneit schon den ganzen Tag.",
           "Es weht ein starker Wind.", "Der Himmel ist grau und bewölkt.", "Was für ein Sturm hier.", "Draußen ist es heiß."),
    "es": ("Aquí está lloviendo.", "Hoy brilla el sol.", "Afuera hay una niebla espesa.", "Lleva todo el día nevando.",
           "Sopla un viento fuerte.", "El cielo está gris y nublado.", "Menuda tormenta hay aquí.", "Afuera hace calor seco."),
}  # fmt: skip
"""Said or not said."""
EVENING = {
    "en": ("It is evening here.", "I write this late in the evening.", "The evening has just begun.", "Evening has come."),
    "da": ("Det er aften her.", "Jeg skriver sent om aftenen.", "Aftenen er lige begyndt.", "Det er blevet aften."),
    "de": ("Hier ist es Abend.", "Ich schreibe spät am Abend.", "Der Abend hat gerade begonnen.", "Es ist Abend geworden."),
    "es": (
        "Aquí ya es de noche.",
        "Escribo esto a última hora de la noche.",
        "La noche acaba de empezar.",
        "Se hizo de noche.",
    ),
}
"""Said where it is evening."""
MORNING = {
    "en": ("It is morning here.", "I write this early in the morning.", "The morning has just begun.", "Morning has come."),
    "da": ("Det er morgen her.", "Jeg skriver tidligt om morgenen.", "Morgenen er lige begyndt.", "Det er blevet morgen."),
    "de": ("Hier ist es Morgen.", "Ich schreibe früh am Morgen.", "Der Morgen hat gerade begonnen.", "Es ist Morgen geworden."),
    "es": ("Aquí es temprano.", "Escribo esto a primera hora.", "La mañana acaba de empezar.", "Se hizo de día."),
}
"""Said where it is not."""


def beside(
    messages: tuple[Message, ...], language: str, chance: float, rng: Random
) -> tuple[tuple[Message, ...], tuple[int, int], tuple[int, int]]:
    """Put bystander sentences into the last user message.

    Args:
        messages: What is judged.
        language: Of the sentences.
        chance: Of each sentence.
        rng: Draws.

    Returns:
        The messages; whether the weather is spoken of and whether it is said to be evening (1, 0; -1 where nothing was put in
        because no user speaks); and (message, characters put before its text).
    """
    turn = max((at for at, message in enumerate(messages) if message.role is Role.USER), default=-1)
    if turn < 0:
        return messages, (-1, -1), (0, 0)
    weather, timed = rng.random() < chance, rng.random() < chance
    evening = timed and rng.random() < 0.5
    said = [rng.choice(WEATHER[language])] if weather else []
    said += [rng.choice((EVENING if evening else MORNING)[language])] if timed else []
    before, text = "", messages[turn].content
    for sentence in said:
        if rng.random() < 0.5:
            before = f"{sentence} {before}"
        else:
            text = f"{text} {sentence}"
    message = Message(Role.USER, before + text)
    return (*messages[:turn], message, *messages[turn + 1 :]), (int(weather), int(evening)), (turn, len(before))


def with_sentence(messages: tuple[Message, ...], sentence: str) -> tuple[Message, ...]:
    """Put one sentence behind the last user message."""
    turn = max(at for at, message in enumerate(messages) if message.role is Role.USER)
    return (*messages[:turn], Message(Role.USER, f"{messages[turn].content} {sentence}"), *messages[turn + 1 :])
