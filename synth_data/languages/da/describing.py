"""How people tell of an emergency, or of what only looks like one: frames and the words in them.

An event is a main clause in the present tense with its person, so it stands after a colon or as a sentence of its own;
what is past or in a story is quoted as it was written or said then. Pure data.
"""

from __future__ import annotations

from synth_data.languages.da import shared
from synth_data.languages.lexicon import Describing

RULES: dict[str, tuple[str, ...]] = shared.RULES | {
    "extra": (
        "", "Jeg har selv ondt i hovedet af al den bekymring.", "Jeg er selv dødtræt.",
        "Min bror er rask igen og nede i kolonihaven.", "Far er lidt forkølet, ikke noget nyt.", "Turen hjem gjorde godt.",
        "Alle andre har det fint.", "Naboen snakker om hjertet hele dagen.", "Farmor er oppe igen efter sin influenza.",
        "Min fætter er fuld af planer om Spanien.", "Jeg har selv ondt i ryggen efter haven.",
        "Mine hænder er kolde, undskyld stavefejlene.", "Det har været en lang dag uden pause.",
        "Om natten ser alting gråt ud.",
        "Det er svært at sætte ord på.", "Naboens lille dreng kastede op og har feber, som de jo alle har.",
        "Jeg havde lidt ondt i halsen i sidste uge.", "Min kone er bleg, men det er hun altid.", "Jeg brændte tungen på teen.",
        "Hunden blødte også lidt fra en klo.", "Vi fik os et godt grin ved morgenmaden.",
        "Mit knæ er lidt stift igen, som altid.",
        "Og så slog jeg mig over tommelfingeren med hammeren.", "Den lille sover som en sten.",
        "Min næse er tør, og huden klør i det her vejr, som den plejer.",
        "Jeg havde feber og hævet kind i foråret, så jeg ved godt, hvad smerte er.",
        "Bedstefar er grå i hovedet som altid og drikker sin te.", "Katten kaster op hele dagen og har det godt bagefter.",
        "Jeg havde hjertet helt oppe i halsen et øjeblik.", "Af gammel vane har jeg læst ti sider om det.",
        "Jeg bliver helt svag i knæene af det.", "Den lille vil have te og ud at gå, dag og nat.",
        "Der er te ud over hele min lyserøde skjorte.", "Den ene fridag, jeg har, sover jeg på sofaen.",
        "Mine støvler er for små, og fødderne er hævede i varmen.", "Jeg tog en dyb indånding og talte til ti.",
        "Vi sad ved bordet med en kop te, og det var svært at snakke.",
        "I flere minutter, ja timer, vidste jeg ikke, hvad jeg skulle gøre.", "Skuffen er fuld af gamle piller.",
        "Min søster skal til lægen med sit hjerte i næste uge.", "Min hals er øm og hovedet tungt, sådan en forkølelse.",
        "Der er altid nogen i huset, der har feber.", "Det gør ondt at se på.",
        "Jeg er træt af at vente og har ingen idéer mere.",
        "Mit barnebarn kastede op på tæppet, og så gik den dag med det.",
    ),
    "filler": (
        "{extra}", "{extra}", "{extra}", "{past_lead} »{idle_past}«. {past_end}",
        "{past_lead} »naboen har den samme bekymring«. {past_end}", "{story} »{stranger} spurgte om lige det«. {class_says}",
        "{but_past} »{idle_past}«.", "{but_story} »{stranger} er lige så rådvild som mig«.", "{lately} {class_talk}",
        "{past_lead} »vi fik en forskrækkelse i familien«. {past_end}",
    ),
    "stranger": (
        "en mand", "en kvinde", "en buschauffør", "en kok", "en gammel mand", "en ældre dame", "en lille dreng",
        "en lille pige",
        "en pensioneret landmand", "en skolelærer", "en vvs-mand",
    ),
    "reason": (
        "Jeg læser op til et førstehjælpsbevis.", "Jeg startede som afløser på plejehjemmet i sidste måned.",
        "Min klasse har et projekt om sundhed.", "Jeg skriver til klubbladet.", "Jeg skal holde et oplæg i forsamlingshuset.",
        "Der er quiz på arbejdet i morgen.", "Jeg læser til eksamen.", "Jeg underviser på aftenskole.",
        "Jeg læser meget om den slags.", "Jeg arbejder på kontor og ved ikke meget om det.",
    ),
    "past_lead": (
        "sidste forår skrev jeg i dagbogen:", "for to år siden skrev jeg til min søster:", "i marts skrev jeg i kalenderen:",
        "på ferien sidste sommer skrev jeg hjem:", "inden vi flyttede, skrev jeg i dagbogen:",
        "sidste vinter skrev jeg i en mail:", "for nogle år siden skrev jeg i min notesbog:",
        "sidst på året skrev jeg i familiechatten:", "forrige år skrev jeg på et kort:",
    ),
    "past_end": (
        "Det blev taget hånd om dengang, og det er overstået.", "Det endte godt.", "Det ligger langt bag os.",
        "Lægerne klarede det dengang.", "Det er aldrig kommet igen.", "Det var på plads inden for en uge.",
        "Det er et lukket kapitel.", "Det er helet alt sammen.", "Det begyndte en morgen ved nitiden og var ovre om aftenen.",
        "Det var en times skræk, og så gik det over.", "Det begyndte om natten ved tretiden og endte godt.",
    ),
    "now_lead": (
        "i dag er det sådan:", "nu er det sådan:", "denne gang er det sådan:", "lige nu:", "i øjeblikket:",
        "i aften er det sådan:",
        "og nu:",
    ),
    "but_past": (
        "Det er ikke som sidste forår, hvor jeg skrev:", "Det er noget andet end for to år siden, hvor jeg skrev i dagbogen:",
        "Det kan ikke sammenlignes med sidste vinter, hvor jeg skrev:", "Jeg husker, at jeg for nogle år siden skrev:",
        "Jeg kommer til at tænke på tiden før vi flyttede, hvor jeg skrev:",
        "Det minder mig om sidste sommer, hvor jeg skrev hjem:",
    ),
    "story": (
        "i serien, jeg så i går, lød det:", "på førstehjælpskurset i tirsdags var eksemplet:",
        "i en case i mine bøger til sygeplejestudiet står der:", "en kollega fortalte fra sin afdeling:",
        "i den roman, jeg er i gang med, står der:", "i radioen i går sagde de:", "i folderen hos lægen står der:",
        "i den novelle, jeg skriver på, står der:", "i en film på flyet lød det:",
        "i en video på sikkerhedskurset var eksemplet:",
    ),
    "story_end": (
        "", "Det satte sig fast.", "Vi snakkede om det til aftensmaden.", "Sikke en scene.", "Sjovt, hvad man husker.",
        "Vi er uenige om det herhjemme.", "Min klasse snakker om det.", "Min bror siger, at det er noget vrøvl.",
    ),
    "ask": (
        "Ser det sådan ud ved {condition}?", "Begynder det sådan ved {condition}?", "Hvordan opdager folk {condition}?",
        "Hvilke tegn skal få en til at tænke på {condition}?", "Kan det være {condition}?", "Hvor almindeligt er {condition}?",
        "Forveksler jeg det med {condition}?",
    ),
    "read": (
        "Er det rigtigt, at det her kan betyde {condition}: {signs}?", "Jeg læste om {condition} og tegnene: {signs}.",
        "I folderen er det tegn på {condition}: {signs}.", "Ser det ikke sådan her ud ved {condition}: {signs}?",
        "Hvad skal jeg skrive om {condition} og tegnene: {signs}?", "En ven talte om {condition} og om tegnene: {signs}.",
    ),
    "thought": (
        "det første, man tænker, er:", "man kunne tro dette:", "det oplagte ville være at skrive:",
        "alle her gætter på det samme:",
        "det ville være nemt at sige:", "i skemaet kunne man sætte kryds ved:",
    ),
    "but_no": ("men nej:", "men det passer ikke:", "faktisk er det sådan:", "men når jeg ser efter, er det sådan:"),
    "not_that": (
        "Det her er det ikke:", "Det her skal ingen tro:", "Naboen tager fejl, det passer ikke:",
        "Det er ikke det her, jeg mener:",
    ),
    "keeps_asking": (
        "damen i telefonen vil have ja eller nej til det her:", "i skemaet skal man svare ja eller nej til:",
        "min mand bliver ved med at spørge, om det er det her:", "folk spørger mig, om det er det her:",
        "appen bliver ved med at spørge til det her:",
    ),
    "no_but": ("Nej, i stedet er det sådan:", "Nej, men:", "Slet ikke, det er sådan:", "Det er det ikke. Det rigtige er:"),
    "lately": ("Indtil da: {idle_past}.", "Så sent som i går: {idle_past}.", "En time før: {idle_past}.",
    "Hidtil: {idle_past}."),
    "so_far": (
        "", "", "Indtil da: {idle_past}.", "Så sent som i går: {idle_past}.", "En time før: {idle_past}.",
        "Hidtil: {idle_past}.",
    ),
    "idle_past": (
        "alt var, som det plejer, og vi malede plankeværket", "vi var i kolonihaven", "vi planlagde en tur til Spanien",
        "der var kage på bordet", "vi gik tur med hunden", "alle var oppe og i gang", "vi grinede ad en ny hobby",
        "vi spiste og sov alle sammen som før", "der kom et brev om et tjek", "vi følte os stærke og raske og fulde af planer",
        "jeg ville gerne tilbage på arbejde",
    ),
    "class_says": (
        "Det undrer mig.", "Vi skal skrive to sider om det.", "Min klasse har spørgsmål.", "Jeg vil gerne have styr på fakta.",
        "Min bror griner ad mig, fordi jeg spørger.", "Vi laver en planche om det.", "Vores lærer spørger os om hvorfor.",
        "Jeg skal forklare det for gruppen.",
    ),
    "class_talk": (
        "", "", "Det undrer mig.", "Vi skal skrive to sider om det.", "Min klasse har spørgsmål.",
        "Jeg vil gerne have styr på fakta.", "Min bror griner ad mig, fordi jeg spørger.", "Vi laver en planche om det.",
        "Vores lærer spørger os om hvorfor.", "Jeg skal forklare det for gruppen.",
    ),
    "story_now": (
        "nu, i virkeligheden:", "og nu:", "i dag hos os:", "lige nu:", "det her er ingen historie:", "men i dag er det sådan:",
    ),
    "but_story": (
        "Det får mig til at tænke på serien i går, hvor det lød:", "På førstehjælpskurset var eksemplet:",
        "I den roman, jeg læser, står der:", "Jeg kender det fra folderen hos lægen, hvor der står:",
        "Så sent som i går sagde de i radioen:", "I vores eksamenscase står der:", "I sikkerhedsvideoen lød det:",
    ),
}  # fmt: skip
"""Alternatives by rule; an empty one leaves the part out."""

FRAMES: dict[str, tuple[str, ...]] = {
    "plain": (
        "{hello} {event}. {filler} {onset} {request} {thanks}",
        "{hello} {event}. {tone} {filler} {request}",
        "{request} {event}. {extra} {tone}",
        "{hello} {filler} {now_lead} {event}. {place} {ask} {request}",
        "{hello} {event}. {filler} {read} {reason}",
        "{hello} {filler} {now_lead} {event}. {ask} {thanks}",
    ),
    "detailed": (
        "{hello} {setting} {now_lead} {event}. {onset} {extra} {place} {request} {thanks}",
        "{place} {setting} {filler} {now_lead} {event}. {tone} {request}",
        "{hello} {setting} {onset} {now_lead} {event}. {extra} {reason} {ask} {thanks}",
        "{request} {setting} {so_far} {now_lead} {event}. {onset} {filler}",
    ),
    "late": (
        "{meanwhile} {event}. {extra} {onset} {request}",
        "{meanwhile} {event}. {tone} {filler} {request} {thanks}",
        "{meanwhile} {event}. {filler} {reason} {ask}",
        "{meanwhile} {event}. {filler} {read}",
    ),
    "builds": (
        "{hello} {setting} {lead_in} || {now_lead} {event}. {onset} {request} {thanks}",
        "{hello} {lead_in} {place} {tone} || {event}. {onset} {extra} {request}",
        "{hello} {setting} {filler} || {tone} {now_lead} {event}. {ask}",
        "{filler} {lead_in} || {hello} {event}. {onset} || {request} {thanks}",
    ),
    "retracts": (
        "{hello} {setting} {now_lead} {event}. {onset} {request} || {never_mind} {idle_question}",
        "{hello} {event}. {tone} {request} || {never_mind} {idle_question} {thanks}",
        "{hello} {filler} {now_lead} {event}. {ask} || {never_mind}",
    ),
    "earlier": (
        "{hello} {past_lead} »{other}«. {past_end} {so_far} {now_lead} {event}. {onset} {request}",
        "{hello} {event}. {onset} {but_past} »{other}«. {past_end} {request}",
        "{past_lead} »{other}«. {past_end} {so_far} {now_lead} {event}. {tone} {reason} {ask} {thanks}",
    ),
    "told": (
        "{hello} {story} »{other}«. {story_end} {class_talk} {story_now} {event}. {onset} {request}",
        "{hello} {event}. {onset} {but_story} »{other}«. {class_talk} {ask}",
        "{story} »{other}«. {story_end} {reason} {story_now} {event}. {tone} {request} {thanks}",
    ),
    "ruled_out": (
        "{hello} {thought} {other}, {but_no} {event}. {onset} {request} {thanks}",
        "{hello} {event}. {onset} {not_that} {other}. {request}",
        "{place} {thought} {other}, {but_no} {event}. {so_far} {ask}",
    ),
    "asked": (
        "{hello} {keeps_asking} »{other}«. {no_but} {event}. {onset} {request} {thanks}",
        "{keeps_asking} »{other}«. {no_but} {event}. {so_far} {extra} {request}",
        "{hello} {keeps_asking} »{other}«. {no_but} {event}. {reason} {ask}",
    ),
}  # fmt: skip
"""Frames by shape."""

GENERAL = (
    "{hello} {ask} {reason} {filler} {class_talk} {request} {thanks}",
    "{reason} {read} {filler} {tone}",
    "{hello} {reason} {place} {read} {filler} {request} {thanks}",
    "{hello} {reason} {story} »{event}«. {filler} {ask}",
)
"""Look-alikes: a question in general."""

STORY = (
    "{hello} {story} »{event}«. {story_end} {class_says} {request} {thanks}",
    "{story} »{event}«. {reason} {filler} {ask} {extra}",
    "{hello} {but_story} »{event}«. {class_says} {place} {ask} {filler}",
    "{hello} {read} {story} »{event}«. {class_talk} {filler} {request}",
)
"""Look-alikes: the flag happens in a story."""

RECOVERED = (
    "{hello} {past_lead} »{event}«. {past_end} {lately} {request} {thanks}",
    "{hello} {but_past} »{event}«. {past_end} {filler} {request}",
    "{past_lead} »{event}«. {past_end} {filler} {tone} {ask}",
    "{hello} {past_lead} »{event}«. {past_end} {extra} {reason} {read}",
)
"""Look-alikes: the flag lies in the past."""

DESCRIBING = Describing(
    rules=RULES,
    frames=FRAMES,
    general=GENERAL,
    story=STORY,
    recovered=RECOVERED,
    requests=shared.REQUESTS,
    alarm=("Det her er akut.", "Tag det her som et nødstilfælde.", "Det haster og kan ikke vente."),
    may=("Det kan være {condition}.", "Det er tegn på {condition}.", "Det kunne være {condition}."),
    call=("Ring 112 nu.", "Ring 112 med det samme.", "Ring efter en ambulance på 112 nu."),
    likely=("Det lyder mere som {calm}.", "Ud fra det, du beskriver, er det snarere {calm}.",
    "Mest sandsynligt er det {calm}."),
    net=(
        "Tal med din læge, hvis det bliver værre, eller der kommer noget nyt; uden for åbningstid 1813 eller lægevagten.",
        "Hvis det ændrer sig eller ikke går over, så få det set af egen læge.",
        "En almindelig tid er tidsnok, medmindre det bliver værre.",
    ),
    glad=(
        "Godt at høre, at {well} igen. Efter {condition}: hold fast i planen fra hospitalet, og tag det op ved næste kontrol.",
        "Jeg er glad for, at det er overstået, og at {well} igen. Egen læge kan svare på det med brevet fra hospitalet i "
        "hånden.",
    ),
    lesson=(
        "Ja, sådan kan det se ud ved {condition}: {signs}. I virkeligheden ringer man 112 uden at vente.",
        "Som eksempel at lære af viser det {condition}. Pointen er at kende tegnene og handle hurtigt: {signs}.",
    ),
    signs=(
        "Generelt er tegnene på {condition} disse: {signs}. Den, der ser det i virkeligheden, skal ringe 112.",
        "De typiske tegn på {condition} er disse: {signs}. Det er godt at lære dem, før man får brug for dem.",
    ),
    well=("du har det godt", "<i> har det godt"),
)  # fmt: skip
"""Emergencies."""
