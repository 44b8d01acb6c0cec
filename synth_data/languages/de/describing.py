"""How people tell in German of an emergency, or of what only looks like one: frames and the words in them.

In a frame `{event}` is what happens now, `{other}` what is told beside it: main clauses in the present tense, so they stand
alone, after a colon, or in quotation marks where they are told of another time. Each shape has one list of frames for the
positive and its twin; look-alikes draw from the same words.
"""

from __future__ import annotations

from synth_data.languages.de import shared
from synth_data.languages.lexicon import Describing

RULES: dict[str, tuple[str, ...]] = shared.RULES | {
    "extra": (
        "", "Mir brummt selber der Kopf vor Sorge.", "Ich bin selbst todmüde.",
        "Mein Bruder ist gesund und wieder im Schrebergarten.",
        "Papa hat etwas Schnupfen, nichts Neues.", "Der Heimweg zu Fuß hat gutgetan.", "Allen anderen geht es gut.",
        "Die Nachbarin redet den ganzen Tag von Herzsachen.", "Oma ist nach ihrer Grippe wieder auf den Beinen.",
        "Mein Cousin schwärmt nur noch von Spanien.", "Mir tut selbst der Rücken weh vom Garten.",
        "Meine Finger sind kalt, sorry für die Tippfehler.",
        "Das war ein langer Tag ohne Pause.", "Nachts sieht alles grau aus.", "Das ist schwer in Worte zu fassen.",
        "Der Kleine von nebenan hat gespuckt und Fieber, wie gerade alle.", "Letzte Woche hatte ich etwas Halsweh.",
        "Meine Frau sieht blass aus, aber das tut sie immer.", "Ich habe mir am Tee die Zunge verbrannt.",
        "Der Hund hat auch ein bisschen geblutet, an der Kralle.", "Beim Frühstück haben wir noch gelacht.",
        "Mein Knie ist mal wieder steif.", "Ich habe mir obendrein auf den Daumen gehauen.", "Das Baby schläft wie ein Stein.",
        "Unsere Katze erbricht den ganzen Tag und sieht dabei gesund aus.", "Mir ist kurz das Herz in die Hose gerutscht.",
        "Aus Gewohnheit habe ich zehn Seiten dazu gelesen.", "Mir werden davon die Knie weich.",
        "Meine Haut ist trocken und die Nase rosa, es ist eben Winter.",
        "Mein Rücken schmerzt, und die Füße sind bei der Hitze geschwollen.",
        "Ich habe tief Luft geholt und bis zehn gezählt.", "Minuten, ja Stunden wusste ich nicht weiter.",
        "Das Sofa ist hart, und ohne Kissen schlafe ich nicht.", "Im Schrank liegen lauter alte Tabletten.",
        "Meine Schwester geht nächste Woche mit dem Herzen zum Arzt.", "Irgendwer im Haus hat immer Fieber.",
        "Es tut weh, das zu sehen.", "Ich habe das Warten satt.",
        "Mein Hals kratzt und der Kopf ist zu, so ein Schnupfen eben.",
        "Am freien Tag liege ich nur schlafend herum.", "Da ist überall Tee auf meinem Hemd.",
    ),
    "stranger": (
        "jemand", "ein Mann", "eine Frau", "ein Busfahrer", "eine Köchin", "ein alter Mann", "eine alte Dame",
        "ein junger Mann",
        "ein kleiner Junge", "eine Lehrerin", "ein Klempner",
    ),
    "filler": (
        "{extra}", "{extra}", '{past_lead} "{idle_past}". {past_end}',
        '{past_lead} "der Nachbar hat dieselbe Sorge". {past_end}',
        '{story} "{stranger} fragt genau das". {class_says}', '{but_past} "{idle_past}".',
        '{but_story} "{stranger} ist so ratlos wie ich".',
        "{lately} {class_talk}",
    ),
    "reason": (
        "Ich lerne für den Erste-Hilfe-Schein.", "Ich bin seit einem Monat Pflegehelferin.",
        "Meine Klasse hat ein Projekt über Gesundheit.",
        "Ich schreibe für unser Vereinsblatt.", "Ich soll im Gemeindehaus einen Vortrag halten.",
        "Morgen ist bei uns im Betrieb ein Quiz.",
        "Ich lerne für eine Prüfung.", "Ich gebe Kurse an der Volkshochschule.", "Ich lese viel über solche Sachen.",
        "Ich arbeite im Büro und verstehe davon wenig.",
    ),
    "past_lead": (
        "letztes Frühjahr schrieb ich in den Kalender:", "vor zwei Jahren stand in meiner Nachricht:",
        "im März schrieb ich in die Gruppe:",
        "im Urlaub letzten Sommer schrieb ich nach Hause:", "vor unserem Umzug stand auf dem Zettel:",
        "letzten Winter sagte ich am Telefon:",
        "vor ein paar Jahren schrieb ich ins Tagebuch:", "Ende letzten Jahres hieß es bei uns:",
        "vorletztes Jahr schrieb ich einer Freundin:",
    ),
    "past_end": (
        "Das wurde damals versorgt und ist vorbei.", "Das ging gut aus.", "Das liegt weit hinter uns.",
        "Die Ärzte haben sich damals gekümmert.",
        "Es kam nie wieder.", "In der Woche war das erledigt.", "Das Kapitel ist zu.", "Das ist alles verheilt.",
        "Angefangen hat das eines Morgens gegen neun, und abends war es vorbei.",
        "Angefangen hat das kurz nach dem Mittagessen, und es wurde am selben Tag versorgt.",
        "Das war eine Stunde Angst, dann war es vorbei.",
        "Angefangen hat das nachts so um drei, und es ging gut aus.",
    ),
    "now_lead": ("heute ist es so:", "jetzt:", "diesmal so:", "gerade ist es so:", "im Moment:", "heute Abend:", "und nun:"),
    "but_past": (
        "Es ist nicht wie letztes Frühjahr, da hieß es:", "Es ist anders als vor zwei Jahren, da schrieb ich:",
        "Kein Vergleich mit letztem Winter, da stand im Kalender:", "Ich weiß noch, vor Jahren schrieb ich:",
        "Ich muss an die Zeit vor dem Umzug denken, da hieß es:", "Es erinnert mich an letzten Sommer, da schrieb ich:",
    ),
    "story": (
        "in der Serie gestern Abend hieß es:", "im Erste-Hilfe-Kurs am Dienstag kam dieser Fall vor:",
        "in einem Prüfungsfall aus meinen Pflegebüchern steht:",
        "eine Kollegin erzählte von ihrer Station:", "in dem Roman, den ich lese, steht:", "im Radio sagten sie gestern:",
        "im Faltblatt in der Praxis steht:", "in der Kurzgeschichte, die ich schreibe, steht:",
        "in einem Film im Flugzeug hieß es:",
    ),
    "story_end": (
        "", "Das ist mir hängen geblieben.", "Beim Abendessen haben wir darüber geredet.", "Was für eine Szene.",
        "Komisch, was man sich so merkt.",
        "Zu Hause streiten wir darüber.", "Meine Klasse redet darüber.", "Mein Bruder sagt, das war Quatsch.",
    ),
    "ask": (
        "Sieht so {condition} aus?", "Fängt so {condition} an?", "Ist das dann {condition}?",
        "Könnte so etwas {condition} sein?",
        "Ist {condition} eigentlich häufig?", "Wie zeigt sich {condition}?", "Wann denkt man: das ist {condition}?",
    ),
    "read": (
        "Stimmt es, dass {condition} sich so zeigt: {signs}?", "Ich habe gelesen, so zeigt sich {condition}: {signs}.",
        "Im Faltblatt steht: {signs}, das kann {condition} sein.", "Müsste {condition} nicht so aussehen: {signs}?",
        "Was schreibe ich denn, wie {condition} aussieht, etwa so: {signs}?",
        "Eine Freundin meinte, {condition} sieht so aus: {signs}.",
    ),
    "thought": (
        "meine Nachbarin ist sicher:", "meine Schwiegermutter sagt:", "der erste Gedanke ist immer:", "hier glauben alle:",
        "man könnte meinen:",
        "es wäre leicht zu sagen:",
    ),
    "but_no": (
        "Aber nein:", "Das stimmt aber nicht:", "Tatsächlich ist es so:", "Was ich sehe, ist dies:", "Bei genauem Hinsehen:",
    ),
    "not_that": (
        "Nicht richtig wäre:", "Keiner soll denken:", "Die Nachbarin liegt falsch, sie meint:", "Was ich nicht meine:",
    ),
    "keeps_asking": (
        "die Dame am Telefon fragt immer wieder, ob das so ist:", "das Formular will wissen, ob das stimmt:",
        "mein Schwager fragt ständig, ob das so ist:", "alle fragen mich, ob das stimmt:",
        "die App fragt dauernd, ob das zutrifft:",
    ),
    "no_but": (
        "Nein, sondern:", "Nein, es ist so:", "Gar nicht, vielmehr:", "Das ist es nicht, sondern:",
        "Ich sagte nein, es ist so:",
    ),
    "lately": (
        "Bis dahin hieß es: {idle_past}.", "Gestern noch hieß es: {idle_past}.", "Eine Stunde davor hieß es: {idle_past}.",
        "Bisher galt: {idle_past}.",
    ),
    "so_far": (
        "", "", "Bis dahin hieß es: {idle_past}.", "Gestern noch hieß es: {idle_past}.",
        "Eine Stunde davor hieß es: {idle_past}.",
        "Bisher galt: {idle_past}.",
    ),
    "idle_past": (
        "alles ist wie immer und wir streichen den Zaun", "wir sind im Schrebergarten", "wir planen eine Reise nach Spanien",
        "es steht Kuchen auf dem Tisch", "wir gehen mit dem Hund", "alle sind auf den Beinen",
        "wir lachen über ein neues Hobby",
        "alle essen und schlafen wie sonst", "ein Brief zur Vorsorge ist da", "wir sind stark und gesund und voller Pläne",
        "ich will wieder arbeiten gehen",
    ),
    "class_says": (
        "Das frage ich mich.", "Wir sollen zwei Seiten darüber schreiben.", "Meine Klasse hat Fragen.",
        "Ich will es richtig wissen.",
        "Mein Bruder lacht mich deswegen aus.", "Wir machen ein Plakat daraus.", "Unsere Lehrerin fragt, warum.",
        "Ich muss es der Gruppe erklären.",
    ),
    "class_talk": (
        "", "", "Das frage ich mich.", "Wir sollen zwei Seiten darüber schreiben.", "Meine Klasse hat Fragen.",
        "Ich will es richtig wissen.",
        "Mein Bruder lacht mich deswegen aus.", "Wir machen ein Plakat daraus.", "Unsere Lehrerin fragt, warum.",
    ),
    "story_now": (
        "jetzt im echten Leben:", "und nun:", "heute bei uns:", "gerade jetzt:", "das ist keine Geschichte:", "aber heute:",
    ),
    "but_story": (
        "Ich muss an die Serie gestern denken, da hieß es:", "Im Erste-Hilfe-Kurs kam der Fall vor:",
        "In meinem Roman gibt es die Szene:",
        "Ich kenne das aus dem Faltblatt, da steht:", "Erst gestern hieß es im Radio:", "In unserem Prüfungsfall steht:",
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
        "{read} {event}. {onset} {extra} {request}",
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
        '{hello} {past_lead} "{other}". {past_end} {so_far} {now_lead} {event}. {onset} {request}',
        '{hello} {event}. {onset} {but_past} "{other}". {past_end} {request}',
        '{past_lead} "{other}". {past_end} {so_far} {now_lead} {event}. {tone} {reason} {ask} {thanks}',
    ),
    "told": (
        '{hello} {story} "{other}". {story_end} {class_talk} {story_now} {event}. {onset} {request}',
        '{hello} {event}. {onset} {but_story} "{other}". {class_talk} {ask}',
        '{story} "{other}". {story_end} {reason} {story_now} {event}. {tone} {request} {thanks}',
    ),
    "ruled_out": (
        "{hello} {thought} {other}. {but_no} {event}. {onset} {request} {thanks}",
        "{hello} {event}. {onset} {not_that} {other}. {request}",
        "{place} {thought} {other}. {but_no} {event}. {so_far} {ask}",
    ),
    "asked": (
        "{hello} {keeps_asking} {other}. {no_but} {event}. {onset} {request} {thanks}",
        "{keeps_asking} {other}. {no_but} {event}. {so_far} {extra} {request}",
        "{hello} {keeps_asking} {other}. {no_but} {event}. {reason} {ask}",
    ),
}  # fmt: skip
"""Frames by shape."""

GENERAL = (
    "{hello} {ask} {reason} {filler} {class_talk} {request} {thanks}",
    "{reason} {read} {filler} {tone}",
    "{hello} {reason} {place} {read} {filler} {request} {thanks}",
    '{hello} {reason} {story} "{event}". {filler} {ask}',
)
"""Look-alikes: a question in general."""

STORY = (
    '{hello} {story} "{event}". {story_end} {class_says} {request} {thanks}',
    '{story} "{event}". {reason} {filler} {ask} {extra}',
    '{hello} {but_story} "{event}". {class_says} {place} {ask} {filler}',
    '{hello} {read} {story} "{event}". {class_talk} {filler} {request}',
)
"""Look-alikes: the flag happens in a story."""

RECOVERED = (
    '{hello} {past_lead} "{event}". {past_end} {lately} {request} {thanks}',
    '{hello} {but_past} "{event}". {past_end} {filler} {request}',
    '{past_lead} "{event}". {past_end} {filler} {tone} {ask}',
    '{hello} {past_lead} "{event}". {past_end} {extra} {reason} {read}',
    '{hello} {filler} {past_lead} "{event}". {past_end} {request}',
)
"""Look-alikes: the flag lies in the past."""

DESCRIBING = Describing(
    rules=RULES,
    frames=FRAMES,
    general=GENERAL,
    story=STORY,
    recovered=RECOVERED,
    requests=shared.REQUESTS,
    alarm=("Das ist ein Notfall.", "Bitte behandeln Sie das als Notfall.", "Das ist dringend und kann nicht warten."),
    may=("Das kann {condition} sein.", "Dahinter kann {condition} stecken.", "Es könnte {condition} sein."),
    call=(
        "Rufen Sie jetzt die 112 an.", "Wählen Sie sofort den Notruf 112.", "Rufen Sie jetzt den Rettungsdienst, Telefon 112.",
    ),
    likely=("Am ehesten ist das {calm}.", "Nach Ihrer Schilderung ist das eher {calm}.", "Das ist wahrscheinlich {calm}."),
    net=(
        "Gehen Sie zu Ihrer Hausarztpraxis, wenn es schlimmer wird oder etwas Neues dazukommt.",
        "Wenn es sich ändert oder nicht nachlässt, lassen Sie es in der Praxis ansehen; außerhalb der Sprechzeiten hilft "
        "die 116117.",
        "Ein normaler Termin reicht, solange es nicht schlimmer wird.",
    ),
    glad=(
        "Schön, dass {well}. Wenn es {condition} war, halten Sie sich an den Plan der Klinik und sprechen Sie es bei der "
        "nächsten Kontrolle an.",
        "Ich bin froh, dass das vorbei ist und {well}. Mit dem Klinikbrief kann die Praxis das beantworten.",
    ),
    lesson=(
        "Ja, {condition} kann so aussehen: {signs}. Im echten Leben ruft man sofort den Rettungsdienst.",
        "Als Fall zum Lernen zeigt das, wie {condition} aussieht. Merken sollte man sich die Zeichen, nämlich {signs}, "
        "und schnell handeln.",
    ),
    signs=(
        "Allgemein zeigt sich {condition} so: {signs}. Wer das im echten Leben sieht, ruft die 112.",
        "Die üblichen Zeichen: {signs}. So zeigt sich {condition}, und es ist gut, das vorher zu wissen.",
    ),
    well=("es Ihnen wieder gut geht", "es <mir> wieder gut geht"),
)  # fmt: skip
"""Emergencies."""
