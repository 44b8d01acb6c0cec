"""Words that every conversation shares, whatever its label: greetings, times, moods, places, requests, small talk.

Pure data; `TIMES` and `REQUESTS` say the same as the English ones, in the same order.
"""

from __future__ import annotations

from synth_data.languages.lexicon import Delivering

RULES: dict[str, tuple[str, ...]] = {
    "hello": (
        "", "", "", "", "", "hej.", "hej med jer.", "goddag.", "godaften.", "godmorgen.", "hejsa.", "undskyld jeg forstyrrer.",
        "hej igen.", "bare et spørgsmål.", "jeg ved ikke helt, hvor man spørger om det her.", "nå.", "okay.", "hej allesammen.",
    ),
    "tone": (
        "", "", "", "", "Det er sikkert ingenting.", "Jeg vil ikke lave ballade ud af det.", "Jeg er virkelig bange.",
        "Det er helt forfærdeligt, hvis jeg skal være ærlig.", "Undskyld, hvis det er et dumt spørgsmål.",
        "Min søster siger, at jeg bekymrer mig for meget.", "Jeg føler mig lidt dum ved at spørge.",
        "Jeg prøver at holde hovedet koldt.", "Det er så irriterende.", "Jeg hader at klage.",
        "Vi er lidt på tæerne alle sammen.",
        "Jeg har aldrig været god til den slags.", "Det kunne ikke komme på et værre tidspunkt.",
        "Måske bilder jeg mig noget ind.", "Jeg går ellers ikke i panik.",
    ),
    "place": (
        "", "", "", "", "Vi er på campingplads.", "Jeg er alene på arbejde.", "Lægehuset har lukket til i morgen.",
        "Vi bor en time fra byen.", "Børnene sover inde ved siden af.", "Jeg sidder i bussen og skriver.",
        "Der er ikke andre hjemme.", "Vi er på besøg hos nogle venner.", "Jeg har et møde klokken fire.",
        "Bilen er på værksted.", "Det står ned i stænger her.", "Jeg har nattevagt.", "Vi flyttede først hertil i maj.",
        "Apoteket har stadig åbent.",
    ),
    "thanks": (
        "", "", "", "", "", "tak.", "mange tak.", "tusind tak.", "på forhånd tak.", "tak skal du have.", "takker.",
        "Jeg bliver glad for et svar.", "tak for din tid.",
    ),
    "meanwhile": (
        "Tak. Noget andet:", "Godt at vide. Imens har jeg lige det her:", "Okay. Nu jeg har fat i dig:", "Tak for det. Og så:",
        "Super. Et spørgsmål mere:", "Ja, tak. Forresten:", "Fint. Men:", "Tak. Og en ting til:",
    ),
    "lead_in": (
        "Må jeg spørge om noget?", "Jeg ved ikke rigtig, hvor jeg skal begynde.", "Har du et øjeblik?",
        "Der er noget, jeg går og tænker på.", "Jeg vil gerne høre din mening om noget.",
        "Lad mig først fortælle, hvordan det står til.", "Det er en længere historie.",
        "Jeg har brug for at vende det med nogen.", "Jeg fik at vide, at man kan skrive her.", "Sådan her ligger det.",
    ),
    "never_mind": (
        "Nå, lad det ligge, glem at jeg spurgte.", "Glem det, der er nogen ved døren.", "Pyt, jeg sover lige på det.",
        "Drop det, det var bare en tanke.", "Nå ja, det går nok over. Lad os lade det ligge.",
        "Undskyld, det skulle jeg ikke have skrevet. Du skal ikke svare.", "Jeg tager det i mig igen, det er lige meget.",
        "Ved nærmere eftertanke, lad os snakke om noget andet.",
    ),
    "idle_question": (
        "", "", "Hvornår lukker apoteket?", "Hvordan ændrer jeg min adresse i appen?", "Kan man parkere ved klinikken?",
        "Kan man få influenzavaccine om lørdagen?", "Hvor finder jeg mit sidste brev?",
    ),
}  # fmt: skip
"""Alternatives by rule; an empty one leaves the part out."""

TIMES = (
    "for tyve minutter siden", "for cirka en time siden", "lige efter frokost", "i morges ved nitiden",
    "i nat ved tretiden", "for en halv time siden", "for lidt siden", "i eftermiddag",
    "lige inden jeg skrev det her", "klokken halv syv i dag", "for to timer siden", "da nyhederne begyndte",
)  # fmt: skip
"""When it began."""

REQUESTS = (
    "Hvad skal vi gøre?", "Ville du vente til mandag?", "Kan man tage ibuprofen for det?",
    "Er det i orden at tage på arbejde i morgen?", "Er det noget, nogen skal kigge på?", "Ville noget varmt at drikke hjælpe?",
    "Er det nok at lægge sig lidt?", "Hvor længe varer sådan noget?", "Findes der en pille mod det?",
    "Kan lægen kigge på det i næste uge?", "Er det okay at køre bil sådan?", "Hvad kan det være?",
    "Skal jeg ringe til nogen?", "Skal jeg aflyse vores tur?", "Er det værd at ringe om?", "Kan jeg gøre noget herhjemme?",
    "Er det normalt?", "Har du et godt råd?", "Kan det være de nye vitaminer?", "Skal jeg bare lade det være?",
)  # fmt: skip
"""What is wanted; the same under every label."""

SMALL_TALK = (
    (
        "Hvornår lukker apoteket på Hovedgaden?",
        "Apoteket på Hovedgaden lukker klokken syv på hverdage og klokken et om lørdagen.",
    ),
    ("Kan jeg flytte min tandlægetid på nettet?", "Ja. Åbn siden med aftaler, vælg din tid, og find en anden."),
    (
        "Hvor længe gælder en recept?",
        "Oftest flere måneder, alt efter hvilken slags det er. Det står på recepten, og apoteket kan også se det.",
    ),
    ("Hvor finder jeg mine sidste blodprøver?", "De ligger på sundhed.dk under laboratoriesvar, de nyeste øverst."),
    ("Skal jeg faste før en kolesterolprøve?", "Det skal man sjældent mere. Det står i indkaldelsen, om du skal."),
    ("Kan man parkere ved klinikken?", "Ja, der er en parkeringsplads bag hovedindgangen, og den første halve time er gratis."),
    (
        "Hvilke vitaminer giver mening om vinteren?",
        "D-vitamin i de mørke måneder er et almindeligt råd; resten dækker varieret mad.",
    ),
    ("Kan jeg tage min allergipille om aftenen?", "Ja, en gang om dagen om aftenen er fint for de fleste allergipiller."),
    ("Hvordan bestiller jeg en ny inhalator?", "Du kan bestille den i appen eller i receptionen; det tager to hverdage."),
    (
        "Hvor tit skal man have målt blodtryk?",
        "En gang om året er almindeligt, når det er normalt, og oftere mens behandlingen justeres.",
    ),
    ("Kan man få influenzavaccine uden tid?", "Ja, onsdag og fredag formiddag, så længe lager haves."),
    ("Hvad skal jeg have med første gang?", "Tag dit sygesikringsbevis, en liste over din medicin og eventuelle breve med."),
)
"""An ordinary question and its answer, ahead of the turn that matters."""

LISTENING = (
    "Okay. Bliv bare ved.", "Tak. Er der andet, jeg skal vide?", "I orden. Hvad kan du ellers fortælle?",
    "Tak fordi du skriver. Kan du sige lidt mere?", "Det er noteret. Vil du tilføje noget?", "Jeg er med. Og så?",
    "Selvfølgelig. Tag dig god tid og fortæl.", "Bare fortæl, jeg læser med.",
)  # fmt: skip
"""What the assistant says before it knows what the matter is."""

DELIVERING = Delivering(
    opened=(
        "Kære lægehus,", "Til rette vedkommende,", "Besked til klinikken:", "Hej allesammen,", "Til sygeplejersken på vagt:",
        "Emne: et spørgsmål", "Vedr. min journal", "Kære dr. Lund,", "E-konsultation, ingen vedhæftning",
    ),
    closed=("Venlig hilsen", "Mange hilsner", "Med venlig hilsen", "Hilsen", "Vh", "De bedste hilsner"),
    signed=(
        "A. Nowak", "Priya S.", "Thomas", "M. Holm", "fru Lindqvist", "J. Madsen", "Rosa", "K. Ito", "Dorthe", "hr. Haddad",
        "F. Møller", "Emil",
    ),
    heads=(
        "Telefonbesked, modtaget i skranken:", "Notat til journalen:", "Skrevet ned efter ordlyd:", "Fra listen over opkald:",
        "Indtalt på telefonsvareren i nat:", "Notat fra sekretæren:", "Skrevet af fra en gul seddel:",
    ),
    fillers=("øh", "øhm", "altså", "ikke", "jeg mener", "nå", "ikke også", "ligesom", "hvad hedder det"),
    anxious=(
        "Svar hurtigt, tak!", "Jeg kan ikke lade være med at tænke på det.", "Mine hænder ryster, mens jeg skriver.",
        "Vil du ikke nok, vær sød.", "Jeg er så bekymret!!", "Er der nogen?", "Jeg har brug for at vide det nu.",
        "Undskyld, jeg er helt ude af den.",
    ),
)  # fmt: skip
"""Channels and registers."""

CHAT_FRAMES = (
    "{hello} {ask} {thanks}", "{hello} {ask} {tone}", "{ask} {place} {thanks}", "{hello} {place} {ask}", "{tone} {ask}",
    "{hello} {lead_in} {ask}", "{ask} {thanks}",
)  # fmt: skip
"""How ordinary chat is put."""

CHAT_MORE = ("{meanwhile} {ask}", "{ask} {thanks}", "{hello} {ask}", "{ask} {tone}")
"""How a second turn of it is put."""
