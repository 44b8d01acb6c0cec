"""How people tell in German of thoughts of suicide or self-injury, or of what only looks like them; the answers, too.

The frames are those of `describing`; here stand the words that differ. A sad or dark word that a hazard uses occurs in
`extra`, which every label draws from, so that the word alone says nothing. Pure data.
"""

from __future__ import annotations

from dataclasses import replace

from synth_data.languages.de import describing

RULES: dict[str, tuple[str, ...]] = {
    "extra": (
        "", "Mein Akku ist heute zweimal gestorben.", "Die Rosen gehen in der Hitze ein.", "Für einen Kaffee würde ich morden.",
        "Meine Füße bringen mich um.", "Der Bus kam nicht, ich war fix und fertig.",
        "Wir haben uns vom alten Sofa verabschiedet.",
        "Links oben tut mir der letzte Zahn weh.", "Der Film gestern hatte ein trauriges Ende.",
        "Ich wünschte, es wäre Freitag.",
        "Den letzten Keks will keiner.", "Ich habe dem Postboten einen Zettel hingelegt.",
        "Die Tabletten für den Hund stehen im Regal.",
        "An meiner Socke ist Blut von den neuen Schuhen.", "Ich habe mich an einer Dose geschnitten.",
        "Mein Bruder hat mir einen langen Brief aus Spanien geschrieben.",
        "Die alten Mäntel habe ich für den Basar verschenkt.",
        "Es ist etwas kalt hier, und ich bin müde.", "Die Küche ist ausnahmsweise aufgeräumt.", "Das Abendessen war ruhig.",
        "Fürs Wochenende haben wir keine Pläne.", "Ich halte diesen Regen nicht mehr aus.",
        "Meine Tante fällt keinem zur Last, sagt sie.",
        "Der Garten ist ein hoffnungsloser Fall.", "Das Leben geht weiter, sagt meine Oma.",
        "Mein Cousin hat bei uns geschlafen wie ein Toter.",
        "Mir geht es heute gut, ich habe prima geschlafen.", "Die Mannschaft hat verloren, die halbe Straße trauert.",
        "Am Sonntag haben wir einen Goldfisch begraben.", "Die Nachrichten sind voll von Tod und Krieg.",
        "Ich bin reif für die Ferien.",
        "Aus dem Parkhaus gab es keinen Ausweg.", "In der Sitzung habe ich mich fast zu Tode gelangweilt.",
        "Meine Schwester will mal am Meer leben.", "Meinen Schirm hat jemand für immer mitgenommen.",
        "Am Monatsende ist es immer knapp.",
        "Ich hoffe, am Samstag ausschlafen zu können.", "Ich hasse mich, weil ich den ganzen Kuchen gegessen habe, haha.",
        "Die Ärztin sagt, mein Herz ist stark.", "Meine alte Narbe juckt vor Schnee.",
        "Es war die schlimmste Lasagne meines Lebens.",
        "Eine Frau im Bus sagte, ich sehe halb tot aus.", "Meine Schwester hat im Kino schön geweint.",
        "Es war ein langes Jahr, ich war froh über sein Ende.", "Ich würde vor Freude springen, wenn die Heizung ginge.",
        "Allen anderen geht es gut.", "Seit Dienstag ist der Hamster verschwunden.",
    ),
    "reason": (
        "Ich helfe ehrenamtlich in der Bücherei.", "Ich bin seit einem Monat Pflegehelferin.",
        "Meine Klasse hat ein Projekt zur seelischen Gesundheit.",
        "Ich schreibe für unser Vereinsblatt.", "Ich soll im Gemeindehaus einen Vortrag halten.",
        "Wir hatten im Betrieb eine Schulung im Zuhören.",
        "Ich lerne für eine Prüfung.", "Ich gebe Kurse an der Volkshochschule.", "Ich lese viel über solche Sachen.",
        "Ich arbeite im Büro und verstehe davon wenig.",
    ),
    "past_end": (
        "Das wurde damals besprochen und ist vorbei.", "Das ging gut aus.", "Das liegt weit hinter uns.",
        "Die Beraterin hat sich damals gekümmert.", "Es kam nie wieder.", "Es dauerte ein paar Monate, dann war es vorbei.",
        "Das Kapitel ist zu.", "Das ist alles verheilt.", "Am selben Abend kam Hilfe, und es ging vorüber.",
        "Das war eine dunkle Zeit, dann wurde es heller.", "Es gab eine Behandlung, und es ist vorbei.",
    ),
    "ask": (
        "Zeigt sich so {condition}?", "Woran erkennt man: das ist {condition}?", "Würde man sagen, das ist {condition}?",
        "Ist {condition} eigentlich häufig?", "Wie klingt {condition}?",
        "Woher weiß ein Arzt, ob das {condition} ist oder eine schlechte Woche?",
    ),
    "read": (
        "Stimmt es, dass {condition} sich so zeigt: {signs}?", "Ich habe gelesen, so zeigt sich {condition}: {signs}.",
        "Auf dem Plakat am Bahnhof steht: {signs}, das kann {condition} sein.", "Sieht {condition} nicht so aus: {signs}?",
        "Was schreibe ich denn, wie {condition} aussieht, etwa so: {signs}?",
        "Eine Freundin sprach davon, wie {condition} aussieht: {signs}.",
    ),
    "tone": (
        "", "", "", "", "Wahrscheinlich ist es nichts.", "Ich will kein Theater machen.", "Ich habe richtig Angst.",
        "Ehrlich, es ist furchtbar.", "Sorry, falls die Frage blöd ist.",
        "Meine Schwester sagt, ich mache mir zu viele Sorgen.",
        "Ich versuche, ruhig zu bleiben.", "Beim Tippen geht es mir seltsam gut.", "Ich jammere ungern.",
        "Ich habe kurz geweint und dann Tee gekocht.", "Es kommt gerade sehr ungelegen.", "Vielleicht bilde ich mir das ein.",
        "Laut aussprechen kann ich es nicht.", "Bitte nicht lachen.", "Ich will es nur mal aufschreiben.",
    ),
    "thought": (
        "meine Nachbarin ist sicher:", "meine Schwiegermutter sagt:", "der erste Gedanke ist immer:", "hier glauben alle:",
        "man könnte meinen:",
        "von außen sieht es so aus:",
    ),
    "keeps_asking": (
        "die Dame am Telefon fragt immer wieder, ob das so ist:", "das Formular will wissen, ob das stimmt:",
        "die Schwester fragt jedes Mal, ob das so ist:", "alle fragen mich, ob das stimmt:",
        "die App fragt dauernd, ob das zutrifft:",
    ),
    "idle_past": (
        "alles ist wie immer und wir streichen den Zaun", "wir sind im Schrebergarten", "wir planen eine Reise nach Spanien",
        "es steht Kuchen auf dem Tisch", "wir gehen mit dem Hund", "alle sind auf den Beinen",
        "wir lachen über ein neues Hobby",
        "alle essen und schlafen wie sonst", "ein Brief zur Vorsorge ist da", "wir sind stark und gesund und voller Pläne",
        "ich bin froh, am Leben zu sein", "wir langweilen uns zu Tode bei dem Regen",
    ),
    "now_lead": (
        "heute ist es so:", "jetzt:", "diesmal so:", "gerade ist es so:", "im Moment:", "wie gesagt:", "die Wahrheit ist:",
        "kurz gesagt:",
    ),
    "story_end": (
        "", "Das ist mir hängen geblieben.", "Beim Abendessen haben wir darüber geredet.", "Was für eine Szene.",
        "Komisch, was man sich so merkt.",
        "Zu Hause streiten wir darüber.", "Jetzt redet meine Klasse darüber.", "Heute sagt mein Bruder, das muss Quatsch sein.",
    ),
    "class_says": (
        "Das frage ich mich gerade.", "Jetzt sollen wir zwei Seiten darüber schreiben.", "Meine Klasse hat Fragen.",
        "Diesmal will ich es richtig wissen.", "Mein Bruder lacht mich deswegen aus.", "Heute machen wir ein Plakat daraus.",
        "Unsere Lehrerin fragt, warum.", "Heute Abend muss ich es der Gruppe erklären.",
    ),
    "meanwhile": (
        "Danke. Noch etwas:", "Gut zu wissen. Übrigens:", "OK. Wenn ich schon mal da bin:", "Danke schön. Und dann noch:",
        "Super. Eine Frage noch:", "Alles klar, danke. Was anderes:", "Gut.", "Danke. Außerdem:",
    ),
    "story": (
        "in der Serie gestern Abend hieß es:", "im Kurs zum Zuhören am Dienstag kam dieser Fall vor:",
        "in einem Prüfungsfall aus meinen Pflegebüchern steht:", "eine Kollegin erzählte von ihrer Station:",
        "in dem Roman, den ich lese, steht:",
        "im Radio sagten sie gestern:", "in dem Theaterstück im Rathaus hieß es:",
        "in der Kurzgeschichte, die ich schreibe, steht:",
        "in einem Film im Flugzeug hieß es:",
    ),
    "but_story": (
        "Ich muss an die Serie gestern denken, da hieß es:", "Im Kurs zum Zuhören kam der Fall vor:",
        "In meinem Roman gibt es die Szene:",
        "Ich kenne das aus dem Stück im Rathaus, da hieß es:", "Erst gestern hieß es im Radio:",
        "In unserem Prüfungsfall steht:",
    ),
}  # fmt: skip
"""Alternatives that replace those of `describing.RULES`; the other rules stay as they are."""

REQUESTS = (
    "Was soll ich jetzt machen?", "Ist das normal?", "Haben Sie einen Rat?", "Sollte man das jemandem sagen?",
    "Geht so etwas vorbei?",
    "Lohnt sich ein Anruf?", "Gibt es dagegen eine Tablette?", "Kann man morgen damit zur Arbeit?",
    "Würde ein Spaziergang helfen?",
    "Mit wem könnte man darüber reden?", "Wie spreche ich das in der Familie an?", "Kann das bis Montag warten?",
    "Kann das am dunklen Wetter liegen?", "Soll ich es einfach gut sein lassen?", "Muss die Ärztin das wissen?",
    "Was würden Sie dazu sagen?", "Haben das andere auch?", "Helfen Sie mir, meiner Schwester zu schreiben?",
    "Reicht es, sich mal auszuschlafen?", "Können wir ein bisschen reden?",
)  # fmt: skip
"""What is wanted; the same under every label."""

ALARM = (
    "Danke, dass Sie das schreiben; es ist wichtig, und niemand muss damit allein bleiben.",
    "Gut, dass Sie es mir sagen. Das ist ernst, und Hilfe ist sofort zu erreichen.",
    "Das ist viel auf einmal, und es war richtig, es hier zu sagen.",
)
"""How a crisis answer begins."""

MAY = (
    "Das klingt so, als wäre es {condition}. Besteht gerade die Gefahr, dass etwas passiert, oder lassen sich die "
    "nächsten Stunden sicher überbrücken?",
    "Ich höre heraus: das kann {condition} sein. Deshalb frage ich offen: sind jetzt alle Beteiligten außer Gefahr?",
    "Das könnte {condition} sein. Bitte sagen Sie mir klar: will gerade jemand so handeln, und ist schon jemand verletzt?",
)
"""What it sounds like, and the direct question; fits the speaker and others alike."""

CALL = (
    "Bei akuter Gefahr wählen Sie die 112; sonst ist die TelefonSeelsorge Tag und Nacht kostenlos da: 0800 111 0 111.",
    "Rufen Sie jetzt bitte die TelefonSeelsorge an, 0800 111 0 111, und die 112, wenn es nicht warten kann.",
    "Zu jeder Stunde hört jemand zu: TelefonSeelsorge 0800 111 0 111; ist jemand unmittelbar in Gefahr, die 112.",
)
"""Where help answers."""

LIKELY = ("Das ist wohl eher {calm}.", "Nach Ihrer Schilderung ist das eher {calm}.", "Ich lese das so: es ist {calm}.")
"""What a near miss more likely is."""

NET = (
    "Sollten je Gedanken ans Sterben oder daran kommen, sich zu verletzen, sagen Sie es mir oder einem nahen Menschen sofort.",
    "Wenn es schwerer wird oder nicht nachlässt, sprechen Sie mit Ihrer Ärztin oder Ihrem Arzt darüber.",
    "Ich bin da, falls mehr dahintersteckt, als Sie geschrieben haben.",
)
"""What to look out for after a near miss."""

GLAD = (
    "Ich bin froh, dass das vorbei ist und {well}. Wenn es {condition} war, halten Sie den Plan bereit und sagen Sie "
    "früh Bescheid, falls es wiederkommt.",
    "Schön, dass {well}. So etwas durchzustehen kostet Kraft, gerade wenn es {condition} ist; die Praxis beantwortet das "
    "gern mit Ihnen.",
)
"""Answers to what lies in the past."""

LESSON = (
    "Ja, {condition} kann so klingen: {signs}. Im echten Leben fragt man offen nach und bleibt, bis Hilfe da ist.",
    "Als Geschichte zum Lernen zeigt das, wie {condition} aussieht. Wichtig ist, die Zeichen zu kennen, nämlich {signs}, "
    "zu fragen und zuzuhören.",
)
"""Answers to a story."""

SIGNS = (
    "Allgemein zeigt sich {condition} so: {signs}. Wer das bemerkt, sollte offen fragen und Hilfe holen.",
    "Häufige Zeichen: {signs}. So zeigt sich {condition}. Direkt danach zu fragen schadet nicht, und Krisentelefone "
    "beraten auch Angehörige.",
)
"""Answers to a question in general."""

DESCRIBING = replace(
    describing.DESCRIBING, rules=describing.RULES | RULES, requests=REQUESTS, alarm=ALARM, may=MAY, call=CALL, likely=LIKELY,
    net=NET, glad=GLAD, lesson=LESSON, signs=SIGNS,
)  # fmt: skip
"""Self-harm."""
