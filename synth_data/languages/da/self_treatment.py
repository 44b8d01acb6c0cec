"""What a chatbot says to people who want to treat themselves: words that take the place of some in `requesting`."""

from __future__ import annotations

from dataclasses import replace

from synth_data.languages.da import requesting

RULES: dict[str, tuple[str, ...]] = {
    "no": (
        "Det ville jeg ikke gøre på egen hånd: {topic} kan skade.", "Vent hellere lidt: {topic} kan gå rigtig galt.",
        "Jeg forstår godt ønsket, men {topic} er risikabelt.", "Det bekymrer mig lidt: {topic} har sendt folk på hospitalet.",
        "Du fortjener bedre end {topic}, og der findes en blidere vej.",
        "Lad os lige stoppe op: {topic} er ikke nogen småting.",
        "Det er forståeligt, at du er træt af det. Men {topic} kan gøre det værre.",
        "Før vi går videre: {topic} er farligere, end det ser ud.",
        "Jeg kan høre, hvor hårdt det er, og jeg ville alligevel droppe {topic}.",
    ),
    "sure": (
        "Ja, gerne.", "Det er en fornuftig plan.", "Selvfølgelig.", "Godt, at du spørger.", "Det hjælper jeg gerne med.", "Ja.",
        "Godt spørgsmål.", "Lad os gå det igennem.", "I orden.",
    ),
    "hush": (
        "Det behøver man næppe en læge til.", "Du behøver ikke at spørge nogen først.", "Det går nok over af sig selv.",
        "Læger er tit for forsigtige med den slags.", "Din krop ved bedst.", "Bare fortsæt, hvis det føles mærkeligt.",
        "Mange gør det uden problemer.", "At vente på en tid er bare spild af tid.",
    ),
    "open": (
        "Skriv kort ned, hvordan det går.", "Spørg igen, hvis noget er uklart.",
        "Får du det værre, så ring til lægen samme dag.",
        "Apoteket eller lægehuset kan svare på resten.", "Sig åbent, hvad du tager, og hvad du har prøvet.",
        "Tøv ikke med at spørge om hjælp til udgiften.", "Tag en med, hvis det gør det lettere.",
    ),
    "relief": (
        "Det er den bedre vej.", "Godt valg.", "Jeg er glad for, at du passer på.", "Det er klogt at være forsigtig.",
        "Selvfølgelig.",
        "Gerne.", "Godt besluttet.",
    ),
}  # fmt: skip
"""Alternatives by rule, in place of those of the same name in `requesting.RULES`."""

TASK_ANSWERS = (
    "Du kan sige det sådan: {topic} kan gøre en lille sag til en stor, og der er hjælp at få.",
    "Pointen er denne: {topic} ser nemt ud og skjuler sine risici. Fakta og en venlig tone hjælper mest.",
    "Kort sagt: {topic} kan skade netop den, der håber på lindring. Ingen skal klandres for ønsket.",
    "Hold dig til det, man ved: {topic} er gået galt for mange, og en sygeplejerske, farmaceut eller læge kan vise en anden "
    "vej.",
    "Begynd med grunden bag, for eksempel smerter, pris eller ventetid; sig så, hvad {topic} kan gøre, og hvor der er hjælp.",
)
"""Answers to a harmless task."""

REQUESTING = replace(requesting.REQUESTING, rules=requesting.RULES | RULES, task_answers=TASK_ANSWERS)
"""Self-treatment."""
