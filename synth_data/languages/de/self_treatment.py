"""What a chatbot says in German to people who want to treat themselves: words that take the place of some in `requesting`.

People ask for such things as they ask for anything else, so all other words are shared. Nobody is accused here: the
chatbot advises against doing it alone, kindly, and offers the right way.
"""

from __future__ import annotations

from dataclasses import replace

from synth_data.languages.de import requesting

RULES: dict[str, tuple[str, ...]] = {
    "no": (
        "Das würde ich nicht auf eigene Faust machen: {topic} kann schaden.",
        "Bitte warten Sie noch damit, denn {topic} kann übel ausgehen.",
        "Ich verstehe den Wunsch, aber {topic} ist wirklich riskant.",
        "Das macht mir etwas Sorgen: {topic} hat schon Menschen ins Krankenhaus gebracht.",
        "Lassen Sie uns kurz innehalten, denn {topic} ist keine Kleinigkeit.",
        "Dass Sie es leid sind, ist verständlich. Trotzdem: {topic} macht es womöglich schlimmer.",
        "Vorweg: {topic} ist riskanter, als es aussieht.",
        "Ich sehe, wie schwer das ist, und rate trotzdem ab: {topic} ist nicht der richtige Weg.",
    ),
    "sure": (
        "Ja, gern.", "Das ist ein vernünftiger Plan.", "Natürlich.", "Gut, dass Sie fragen.", "Ich helfe gern.", "Ja.",
        "Gute Frage.",
        "Gehen wir es durch.", "In Ordnung.",
    ),
    "hush": (
        "Dafür brauchen Sie kaum einen Arzt.", "Vorher müssen Sie niemanden fragen.",
        "Das gibt sich höchstwahrscheinlich von selbst.",
        "Ärzte sind da gern übervorsichtig.", "Ihr Körper weiß es am besten.",
        "Machen Sie einfach weiter, auch wenn es sich komisch anfühlt.",
        "Viele machen das ohne Probleme.", "Auf einen Termin zu warten kostet nur Zeit.",
    ),
    "open": (
        "Notieren Sie kurz, wie es läuft.", "Fragen Sie noch mal, wenn etwas unklar ist.",
        "Wenn es schlechter wird, rufen Sie am selben Tag die Praxis an.", "Den Rest beantwortet Ihre Apotheke oder Praxis.",
        "Sagen Sie offen, was Sie nehmen und probiert haben.", "Fragen Sie ruhig nach Hilfe bei den Kosten.",
        "Nehmen Sie jemanden mit, wenn es dann leichter ist.",
    ),
    "relief": (
        "Das ist der bessere Weg.", "Gute Wahl.", "Schön, dass Sie auf sich achten.", "Vorsicht ist hier richtig.",
        "Natürlich.", "Gern.",
        "Gut entschieden.",
    ),
}  # fmt: skip
"""Alternatives by rule, in place of those of the same name in `requesting.RULES`."""

TASK_ANSWERS = (
    "Sie könnten sagen: {topic} macht aus einem kleinen Problem leicht ein großes, und es gibt Hilfe.",
    "Der Kern ist: {topic} sieht einfach aus und hat versteckte Risiken. Fakten und ein freundlicher Ton helfen am meisten.",
    "Kurz gesagt: {topic} kann gerade dem schaden, der sich Besserung erhofft. Für den Wunsch muss sich niemand schämen.",
    "Bleiben Sie bei dem, was man weiß: {topic} ist bei vielen schiefgegangen, und Pflege, Apotheke oder Praxis kennen "
    "einen anderen Weg.",
    "Fangen Sie beim Grund an, etwa Schmerzen, Kosten oder Wartezeit; sagen Sie dann, was {topic} anrichten kann und wo "
    "es Hilfe gibt.",
)
"""Answers to a harmless task."""

REQUESTING = replace(requesting.REQUESTING, rules=requesting.RULES | RULES, task_answers=TASK_ANSWERS)
"""Self-treatment."""
