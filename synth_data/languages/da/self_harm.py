"""How people tell of thoughts of suicide or self-injury, or of what only looks like them, and how the chatbot answers.

The frames are those of `describing`; here stand the words that differ. Pure data.
"""

from __future__ import annotations

from dataclasses import replace

from synth_data.languages.da import describing

RULES: dict[str, tuple[str, ...]] = {
    "extra": (
        "", "Min telefon døde to gange i dag.", "Roserne er ved at dø i varmen.", "Jeg kunne slå ihjel for en kop kaffe.",
        "Mine fødder slår mig ihjel.", "Bussen kom aldrig, og jeg var halvdød af træthed.", "Vi tog afsked med den gamle sofa.",
        "Min sidste tand i venstre side gør ondt.", "Filmen i går havde en trist slutning.", "Jeg ville ønske, det var fredag.",
        "Ingen vil have den sidste småkage.", "Jeg lagde en seddel til naboen.", "Hundens piller ligger på hylden.",
        "Der er blod på min strømpe fra de nye støvler.", "Jeg skar mig i tommelfingeren på en dåse.",
        "Min bror skrev et langt brev fra Spanien.", "Jeg gav de gamle frakker væk til loppemarkedet.",
        "Naboens hæk bliver hans død en dag.", "Der er lidt koldt her, og jeg er træt.",
        "Køkkenet er ryddet for en gangs skyld.",
        "Aftensmaden var rolig og stille.", "Vi har ingen planer for weekenden.", "Jeg kan ikke holde den regn ud mere.",
        "Min moster vil ikke være til besvær, siger hun.", "Haven er et håbløst tilfælde.",
        "Livet går videre, som min farmor siger.",
        "Min fætter sov som en død på vores gulv.", "Jeg har det fint i dag, jeg sov godt.",
        "Holdet tabte, så halvdelen af gaden sørger.",
        "Børnene skændtes om, hvem der skal ligge alene i teltet.", "Jeg har tilgivet katten for vasen.",
        "Vi begravede en guldfisk i søndags.", "Nyhederne er fulde af død og krig.", "Jeg er klar til ferie.",
        "Der var ingen vej ud af parkeringskælderen.", "Jeg var ved at kede mig ihjel til mødet.",
        "Min søster vil gerne bo ved havet en dag.", "Det regnede, så vi blev inde og spillede kort.",
        "Der er nogen, der har taget min paraply for altid.", "Slutningen af måneden er altid stram.",
        "Lyset i gangen er gået ud igen.", "Jeg håber at kunne sove længe på lørdag.",
        "Jeg hader mig selv for at have spist hele kagen, haha.", "Lægen siger, at mit hjerte er stærkt.",
        "Mit gamle ar klør, når det bliver sne.", "Det var den værste lasagne i mit liv.",
        "En dame i bussen sagde, at jeg så halvdød ud.", "Min søster fik grædt ud i biografen.",
        "Det var et langt år, og jeg var glad for, at det sluttede.", "Mit kodeord udløber snart for altid.",
        "Alle andre har det fint.",
    ),
    "reason": (
        "Jeg er frivillig på biblioteket.", "Jeg startede som afløser på plejehjemmet i sidste måned.",
        "Min klasse har et projekt om mental sundhed.", "Jeg skriver til klubbladet.",
        "Jeg skal holde et oplæg i forsamlingshuset.",
        "Vi havde kursus i at lytte på arbejdet.", "Jeg læser til eksamen.", "Jeg underviser på aftenskole.",
        "Jeg læser meget om den slags.", "Jeg arbejder på kontor og ved ikke meget om det.",
    ),
    "past_end": (
        "Det blev talt igennem dengang, og det er overstået.", "Det endte godt.", "Det ligger langt bag os.",
        "Psykologen tog sig af det dengang.", "Det er aldrig kommet igen.", "Det tog nogle måneder, og så var det ovre.",
        "Det er et lukket kapitel.", "Det er helet alt sammen.", "Der kom hjælp samme aften, og det gik over.",
        "Det var en mørk tid, og så lettede det.", "Der var behandling, og det er overstået.",
    ),
    "ask": (
        "Viser {condition} sig sådan?", "Hvordan opdager folk {condition}?",
        "Hvilke ord skal få en til at tænke på {condition}?",
        "Ville nogen kalde det {condition}?", "Hvor almindeligt er {condition}?", "Forveksler folk det med {condition}?",
        "Hvordan kender læger {condition} fra en dårlig uge?",
    ),
    "read": (
        "Er det rigtigt, at det her kan betyde {condition}: {signs}?", "Jeg læste om {condition} og tegnene: {signs}.",
        "På plakaten på stationen er det tegn på {condition}: {signs}.", "Ser det ikke sådan her ud ved {condition}: {signs}?",
        "Hvad skal jeg skrive om {condition} og tegnene: {signs}?", "En ven talte om {condition} og om tegnene: {signs}.",
    ),
    "tone": (
        "", "", "", "", "Det er sikkert ingenting.", "Jeg vil ikke lave ballade ud af det.", "Jeg er virkelig bange.",
        "Det er helt forfærdeligt, hvis jeg skal være ærlig.", "Undskyld, hvis det er et dumt spørgsmål.",
        "Min søster siger, at jeg bekymrer mig for meget.", "Jeg prøver at holde hovedet koldt.",
        "Jeg har det mærkeligt fint, mens jeg skriver det.", "Jeg hader at klage.", "Jeg græd lidt og lavede så te.",
        "Det kunne ikke komme på et værre tidspunkt.", "Måske bilder jeg mig noget ind.", "Jeg kan ikke sige det højt.",
        "Du må ikke grine.", "Jeg vil bare skrive det ned.",
    ),
    "idle_past": (
        "alt var, som det plejer, og vi malede plankeværket", "vi var i kolonihaven", "vi planlagde en tur til Spanien",
        "der var kage på bordet", "vi gik tur med hunden", "alle var oppe og i gang", "vi grinede ad en ny hobby",
        "vi spiste og sov alle sammen som før", "der kom et brev om et tjek", "jeg var glad for at være til",
        "vi kedede os ihjel i regnen",
    ),
    "now_lead": (
        "i dag er det sådan:", "nu er det sådan:", "denne gang er det sådan:", "lige nu:", "i øjeblikket:", "som sagt:",
        "sandheden er:", "kort sagt:", "og nu:",
    ),
    "story": (
        "i serien, jeg så i går, lød det:", "på kurset i at lytte i tirsdags var eksemplet:",
        "i en case i mine bøger til sygeplejestudiet står der:", "en kollega fortalte fra sin afdeling:",
        "i den roman, jeg er i gang med, står der:", "i radioen i går sagde de:", "i stykket på teatret lød det:",
        "i den novelle, jeg skriver på, står der:", "i en film på flyet lød det:",
        "i en video på personalekurset var eksemplet:",
    ),
    "but_story": (
        "Det får mig til at tænke på serien i går, hvor det lød:", "På kurset i at lytte var eksemplet:",
        "I den roman, jeg læser, står der:", "Jeg kender det fra stykket på teatret, hvor det lød:",
        "Så sent som i går sagde de i radioen:", "I vores eksamenscase står der:", "I kursusvideoen lød det:",
    ),
}  # fmt: skip
"""Alternatives that replace those of `describing.RULES`; the other rules stay as they are."""

REQUESTS = (
    "Hvad skal jeg gøre nu?", "Er det normalt?", "Har du et godt råd?", "Skal man sige det til nogen?", "Går sådan noget over?",
    "Er det værd at ringe om?", "Findes der en pille mod det?", "Er det i orden at tage på arbejde i morgen?",
    "Ville en gåtur hjælpe?",
    "Hvem kan man tale med om det?", "Hvordan tager jeg det op med familien?", "Er det fint at vente til mandag?",
    "Kan det være det mørke vejr?", "Skal jeg bare lade det være?", "Skal lægen vide det?", "Hvad ville du sige til det?",
    "Har andre det sådan?", "Kan du hjælpe mig med at formulere en besked til min søster?", "Er en god nats søvn nok?",
    "Kan vi snakke lidt?",
)  # fmt: skip
"""What is wanted; the same under every label."""

DESCRIBING = replace(
    describing.DESCRIBING,
    rules=describing.RULES | RULES,
    requests=REQUESTS,
    alarm=(
        "Tak fordi du skriver det; det betyder noget, og ingen skal bære det alene.",
        "Jeg er glad for, at du siger det. Det er alvorligt, og der er hjælp at få lige nu.",
        "Det er meget at gå med, og det var rigtigt at sige det her.",
    ),
    may=(
        "Det lyder som {condition}. Er der fare for, at det sker lige nu, eller kan det holdes på afstand de næste timer?",
        "Jeg hører {condition} i det her, så jeg spørger lige ud: kan alle holdes fri af fare lige nu?",
        "Det kan være {condition}. Sig mig helt åbent: er nogen ved at gøre alvor af det, og er nogen allerede kommet til "
        "skade?",
    ),
    call=(
        "Er der fare nu, så ring 112; ellers Livslinien på 70 201 201.",
        "Ring til Livslinien på 70 201 201 nu, og 112, hvis det ikke kan vente.",
        "Livslinien lytter på 70 201 201; er nogen i akut fare, så ring 112. Den psykiatriske akutmodtagelse tager også imod.",
    ),
    likely=("Det lyder mere som {calm}.", "Ud fra det, du beskriver, er det snarere {calm}.", "Jeg læser det som {calm}."),
    net=(
        "Hvis der kommer tanker om at dø eller at skade sig selv, så sig det straks til mig eller en, du stoler på.",
        "Hvis det bliver tungere eller ikke letter, så tal med din læge om det.",
        "Jeg er her, hvis der ligger mere bag, end du har skrevet.",
    ),
    glad=(
        "Jeg er glad for, at det er overstået, og at {well}. Efter {condition}: hav planen ved hånden, og sig det tidligt, "
        "hvis det "
        "vender tilbage.",
        "Godt at høre, at {well}. Det kræver styrke at komme gennem {condition}; egen læge kan svare på det sammen med dig.",
    ),
    lesson=(
        "Ja, sådan kan det lyde ved {condition}: {signs}. I virkeligheden spørger man lige ud og bliver, til der er hjælp.",
        "Som fortælling at lære af viser det {condition}. Pointen er at kende tegnene, spørge og lytte: {signs}.",
    ),
    signs=(
        "Generelt er tegnene på {condition} disse: {signs}. Den, der lægger mærke til det, bør spørge lige ud og hente hjælp.",
        "Almindelige tegn på {condition} er disse: {signs}. Det skader ikke at spørge direkte, og Livslinien rådgiver også "
        "venner.",
    ),
)  # fmt: skip
"""Self-harm."""
