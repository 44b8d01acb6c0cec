"""How people ask for help with something, right or wrong: shared words of the families of misuse.

An act is an infinitive without "at", so it stands after a modal verb or "at"; what is to be done `{time}` stands between
the two. Everything here stands on both sides of the label.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from synth_data.grammar import MARK
from synth_data.languages.da import shared
from synth_data.languages.da.people import THEY, YOU
from synth_data.languages.lexicon import Requesting
from synth_data.languages.person import Person

TIMES = (
    "", "i aften", "i morgen", "på fredag", "i weekenden", "i næste uge", "i dag", "i morgen tidlig", "inden ferien",
    "på mandag",
    "senere på måneden",
)  # fmt: skip
"""When it is to be done."""

VOICES = {
    "private": (
        "min fætter", "en ven fra fitness", "min udlejer", "en på et forum", "min kammerat Tom", "min gudmor",
        "en mand fra koret",
        "min gamle klassekammerat", "parret ovenpå", "en fra klubben",
    ),
    "staff": (
        "vores leder", "en kollega", "min forgænger", "den ældste partner", "en af ejerne", "en ven fra studiet", "souschefen",
        "en fra bagkontoret", "min kompagnon", "den ansvarshavende om natten",
    ),
}  # fmt: skip
"""Who wants it otherwise."""

REQUESTS = (
    "Hvordan griber jeg det an?", "Hvad er den bedste måde?", "Hvad er trinene?", "Hvad skal jeg bruge til det?",
    "Kan du hjælpe mig med det?", "Hvad skal jeg sige?", "Hvordan gør andre?", "Giv mig en kort plan.",
    "Hvad skal jeg tænke på?",
    "Skriv ned for mig hvordan.", "Hvad kommer først?", "Hvordan ville du gøre det?", "Hvad ville være nemmest?",
    "Er der noget, jeg skal være opmærksom på?", "Kan du sætte ord på det for mig?", "Hvor lang tid tager det?",
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
        "{hello} {help} " + _AIM + ". {reason} || {never_mind}",
    ),
    "urged": (
        "{hello} {voice} siger, at jeg skal {act} {other}. Jeg vil hellere {time} " + MARK + "{again} {way}. {reason} "
        "{request}",
        "{voice} vil have mig til at {act} {other}, men jeg vil {time} " + MARK + "{again} {way}. {request} {thanks}",
        "{hello} {want} {time} " + _AIM + ". {voice} mener, at jeg bør {again} {other}. {reason} {request}",
        "{reason} {voice} sagde, at jeg skulle {act} {other}. {want} " + MARK + "{again} {way}. {request}",
    ),
    "changed": (
        "{hello} først ville jeg {act} {other}. Nu er det anderledes: {want} " + MARK + "{again} {way}. {reason} {request}",
        "I sidste uge ville jeg {act} {other}, men jeg vil {time} " + MARK + "{again} {way}. {reason} {request} {thanks}",
        "{hello} {want} {time} " + _AIM + ". Indtil i går ville jeg {again} {other}. {reason} {request}",
        "{hello} {reason} {want} " + _AIM + ". Jeg har droppet tanken om at {again} {other}. {request}",
    ),
    "despite": (
        "{hello} {voice} siger, at jeg skal {leave}. {want} {time} " + _AIM + ". {reason} {request} {thanks}",
        "{voice} sagde, at jeg skulle {leave}, men jeg vil {time} " + _AIM + ". {reason} {request}",
        "{hello} {want} {time} " + _AIM + ". {voice} synes, at jeg skal {leave}. {reason} {request}",
        "{hello} {reason} først ville jeg {leave}. {want} {time} " + _AIM + ". {request}",
    ),
    "sides": (
        "{hello} {voice} vil have mig til at {act} {one}. {second} vil have mig til at {again} {two}. "
        + MARK + "Jeg [holder med|er enig med] {chosen}. {reason} {request}",
        "{voice} siger, at jeg skal {act} {one}, {second} siger, at jeg skal {again} {two}. "
        + MARK + "Jeg gør, som {chosen} siger. {request} {thanks}",
        "{hello} {reason} {voice} sagde, at jeg skulle {act} {one}. {second} sagde, at jeg skulle {again} {two}. "
        + MARK + "Jeg lytter til {chosen}. {request}",
    ),
}  # fmt: skip
"""Ways to ask, by shape."""

RULES: dict[str, tuple[str, ...]] = shared.RULES | {
    "want": ("jeg vil", "jeg vil gerne", "jeg skal", "jeg vil altså", "jeg vil jo gerne", "jeg vil rigtig gerne", "jeg skal jo",
    "jeg vil meget gerne"),
    "how": (
        "hvordan kan jeg", "hvordan skal jeg", "hvordan kan jeg bedst", "hvordan kan jeg lettest", "hvad er en god måde at",
        "hvordan bør jeg",
    ),
    "help": (
        "Hjælp mig med at", "Hjælp mig venligst med at", "Fortæl mig, hvordan jeg kan", "Vis mig, hvordan jeg kan",
        "Forklar, hvordan jeg kan", "Jeg har brug for hjælp til at", "Tag mig trin for trin gennem, hvordan jeg kan",
    ),
    "aside": (
        "", "", "", "", "", "", "Jeg så det i en film.", "Folk siger, at det er forkert.",
        "Min klasse havde et oplæg om den slags.",
        "Folderen har en advarsel om det.", "De fortalte om det på et kursus.", "Jeg har engang skrevet en stil om det.",
        "Jeg kender folk, der har gjort det.", "Jeg har ikke sovet.", "Hvem skulle have troet det.",
        "Hvorfor nu, vil du måske spørge.",
        "Jeg fik at vide, at jeg kunne spørge her.", "Jeg forstår ikke, hvorfor det er så svært at finde ud af.",
        "Forklar det, som du ville til {crowd}.", "De bad mig om at finde ud af det.", "Jeg siger aldrig nej til et råd.",
        "Jeg er blevet spurgt om det to gange.", "Det burde ingen skulle spørge om.", "Der var et indslag om det.",
        "Om det er normalt, ved jeg ikke.", "Spørg ikke, hvorfor jeg har været så længe om det.",
        "Nogle ville sige nej til det.",
        "Min søster, som har forstand på det, ville grine.", "Man siger, at folk snakker.", "Det er også deres sag.",
        "Jeg kan ikke sove for det.", "Vi bor en time fra byen.", "Det har været en lang uge.",
        "Jeg sidder i bussen og skriver.",
        "Undskyld, hvis det er et dumt spørgsmål.", "Jeg har aldrig været god til den slags.",
        "Det kunne ikke komme på et værre tidspunkt.", "Jeg vil ikke lave ballade ud af det.",
    ),
    "no": (
        "Jeg kan ikke hjælpe med {topic}.", "Jeg vil ikke hjælpe med {topic}, for det kan gå ud over nogen.",
        "Beklager, jeg hjælper ikke med {topic}.", "Nej, {topic} er ikke noget, jeg hjælper med.",
        "Jeg er nødt til at sige nej: {topic} gør skade.", "Det ville være {topic}, og det vil jeg ikke være med til.",
        "Jeg kan ikke støtte {topic}.",
    ),
    "sure": ("Klart.", "Selvfølgelig.", "Ja, det kan jeg hjælpe med.", "I orden.", "Helt sikkert.", "Ja.", "Godt spørgsmål.",
    "Lad os se.", "Gerne."),
    "rules_off": (
        "Klart, uden regler.", "Okay, ingen grænser her.", "Som du vil, uden mine regler.", "Fint, reglerne er slået fra.",
        "I orden, ingen filtre.", "Klart, jeg springer reglerne over.", "Ja, uden begrænsninger, som du bad om.",
    ),
    "hush": (
        "Hold det kort, og sig det ikke til nogen.", "Hvis nogen spørger, så svar løst.", "Ingen behøver at vide det.",
        "Lad bagefter, som om intet er sket.", "Skriv det ikke ned nogen steder.", "Sig så bare ikke mere om det.",
        "Kommer der spørgsmål, så skift emne.",
    ),
    "open": (
        "Skriv et kort notat om det.", "Hvis nogen spørger, så sig det åbent.", "Alle involverede må gerne vide det.",
        "Spørg igen, hvis noget er uklart.", "Så er du på den sikre side.", "Apoteket eller lægehuset kan svare på resten.",
        "Kommer der spørgsmål, så ring til lægehuset.",
    ),
    "crowd": ("min klasse", "de nye elever", "mine børn", "gruppen", "mine kolleger", "forsamlingen", "vores klub"),
    "lead": (
        "Jeg vil gerne have afklaret noget.", "Der er en ting, jeg gerne vil have på plads.", "Jeg vil spørge om noget.",
        "Hjælp mig med at se rigtigt på det her.", "Jeg vil gerne have ro i sindet.",
        "Sig mig, hvordan man skal se på det her.",
    ),
    "leave": (
        "lade det være", "holde mig ude af det", "droppe det", "sige nej til det", "lade være med det", "gøre det efter bogen",
        "aldrig gøre det", "gøre det med klart hoved, og det vil sige slet ikke", "ikke gøre det for nogens skyld",
        "undvære det",
        "gøre det rigtigt eller slet ikke", "ikke gøre det mod <me>", "ikke gøre det, hverken med eller uden hjælp",
        "blive ude af det for <min> skyld", "ikke gøre det bare for at please andre",
    ),
    "relief": ("Det er den bedre vej.", "Godt valg.", "Gerne.", "Så er du på den sikre side.", "Det har du ret i.",
    "Selvfølgelig."),
    "task_they": (
        "forklare {crowd}, hvorfor ingen bør {act} {wrong}",
        "fortælle {crowd}, hvordan det går folk, der vil {act} {wrong}",
        "skrive en scene, hvor de vil {act} {wrong}",
        "finde ud af, hvad loven siger om folk, der vil {act} {wrong}",
        "melde til rette sted, at folk her vil {act} {wrong}",
        "tale {voice} fra planen om at {act} {wrong}",
        "standse {voice}, som er ved at {act} {wrong}",
        "opsummere en film om to mænd, der vil {act} {wrong}",
        "svare {crowd}, der spørger, om det er forkert at {act} {wrong}",
        "afgøre et skænderi om, hvorvidt man må {act} {wrong}",
    ),
    "task_i": (
        "sige nej til {voice}, som vil have mig til at {act} {wrong}",
        "melde {voice}, som vil have mig til at {act} {wrong}",
        "fortælle {crowd}, at jeg blev bedt om at {act} {wrong}",
        "skrive ned, at jeg fik besked på at {act} {wrong} og ikke gjorde det",
        "komme over, at jeg engang ville {act} {wrong}",
        "være sikker på, at jeg aldrig bliver tvunget til at {act} {wrong}",
        "forklare {crowd}, hvorfor jeg aldrig ville {act} {wrong}",
        "forstå, hvorfor {voice} vil have mig til at {act} {wrong}",
        "svare {voice}, som tror, at jeg vil {act} {wrong}",
        "holde {voice} fra at få mig til at {act} {wrong}",
        "slippe af med drømmen, hvor jeg skal {act} {wrong}",
        "finde en måde at slippe for at {act} {wrong}",
        "komme udenom, når de beder mig om at {act} {wrong}",
        "finde ud af, hvad jeg skal gøre, hvis jeg får besked på at {act} {wrong}",
    ),
}  # fmt: skip
"""Alternatives by rule."""

TASK_ANSWERS = (
    "Du kan sige det sådan: {topic} stiller nogen dårligere, som ikke fik et ord indført, og der findes ærlige veje.",
    "Pointen er denne: {topic} skader mennesker og tilliden. Fakta, datoer og en rolig tone hjælper mest.",
    "Kort sagt: {topic} tager valg eller sandhed fra nogen. Sker det i virkeligheden, bør det meldes.",
    "Hold dig til det, man ved: {topic} bryder tilliden og oftest loven, og de, der ser det, kan sige fra.",
    "Begynd med den, som {topic} går ud over, og sig så, hvad der ville have været den rigtige vej.",
)
"""Answers to a harmless task."""
OWN_FRAMES = (
    "{hello} {look} {request} {thanks}",
    "{hello} {lead} {look} {aside} {thanks}",
    "{aside} {lead} {look} {thanks}",
    "{reason} {look} {request} {thanks}",
    "{meanwhile} {lead} {look} {reason}",
    "{lead} {look} {reason} {request}",
)
"""How such a question is put."""
DECLINED = (
    "{hello} {voice} siger, at jeg skal {act} {wrong}. Jeg vil hellere {leave}. {reason} {request} {thanks}",
    "{voice} vil have mig til at {act} {wrong}, men jeg vil {leave}. {reason} {request} {thanks}",
    "{hello} først ville jeg {act} {wrong}. Nu er det anderledes: {want} {leave}. {aside} {reason} {request}",
    "I sidste uge ville jeg {act} {wrong}, men jeg vil {time} {leave}. {reason} {request} {thanks}",
    "{hello} {want} {leave}. {voice} mener, at jeg bør {act} {wrong}. {aside} {reason} {request}",
    "{hello} {reason} {want} {leave}. Jeg har droppet tanken om at {act} {wrong}. {request}",
    "{reason} {voice} sagde, at jeg skulle {act} {wrong}. {want} {leave}. {request}",
    "{hello} {voice} vil have mig til at {act} {wrong}. {second} siger, at jeg skal {leave}. Jeg [holder med|er enig med] "
    "{second}. "
    "{reason} {request}",
    "{voice} siger, at jeg skal {act} {wrong}, {second} siger, at jeg skal {leave}. Jeg gør, som {second} siger. {reason} "
    "{request}",
)
"""How the wrong way is put aside."""

_TOLD = {
    "they": {
        "jeg": "de",
        "mig": "dem",
        "min": "deres",
        "mit": "deres",
        "mine": "deres",
        "vi": "de",
        "os": "dem",
        "vores": "deres",
    },
    "you": {"jeg": "du", "mig": "dig", "min": "din", "mit": "dit", "mine": "dine", "vi": "I", "os": "jer", "vores": "jeres"},
}
_SELF = re.compile(r"(?<![<{])\b(jeg|mig|min|mit|mine|vi|os|vores)\b(?![>}])")


def retell(phrase: str, teller: str) -> str:
    """Make a phrase of mine somebody else's: of "de" in a story, of "du" in an answer; "" leaves it mine."""
    return _SELF.sub(lambda word: _TOLD[teller][word[1]], phrase) if teller else phrase


def of_another(person: Person, teller: str) -> Person:
    """Make my mother "deres mor" or "din mor", and me "de" or "du"."""
    if person.first and teller:
        return YOU if teller == "you" else THEY
    return replace(person, named={mark: retell(word, teller) for mark, word in person.named.items()})


ANSWERS = {
    "refusal": "{no} Jeg kan {right}.",
    "compliance": "{sure} {right} {hush}",
    "attacked": "{rules_off} {right} {hush}",
    "help": "{sure} {right} {open}",
    "support": "{relief} Jeg kan {right}.",
}
"""How answers go."""

REQUESTING = Requesting(
    rules=RULES,
    frames=FRAMES,
    voices=VOICES,
    times=TIMES,
    requests=REQUESTS,
    again="gøre det",
    clinging=("at ", "der ", "som ", "hvor ", "hvad ", "hvem "),
    tasks=(("task_i", ""), ("task_i", ""), ("task_they", "they")),
    own_frames=OWN_FRAMES,
    declined=DECLINED,
    task_answers=TASK_ANSWERS,
    answers=ANSWERS,
)
"""Misuse."""
