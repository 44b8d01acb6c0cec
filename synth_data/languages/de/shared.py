"""German words that every conversation shares, whatever its label: greetings, times, moods, places, requests, small talk.

A word that stands here can't give a label away, for positives, their twins, look-alikes and ordinary chat draw from the
same lists. Pure data.
"""

from __future__ import annotations

from synth_data.languages.lexicon import Delivering

RULES: dict[str, tuple[str, ...]] = {
    "hello": (
        "", "", "", "", "", "hallo!", "guten Tag!", "guten Abend!", "guten Morgen!", "hi!", "moin!", "Servus!",
        "Entschuldigung für die Störung.", "hallo noch mal!", "nur eine Frage.", "weiß nicht, ob ich hier richtig bin.",
        "also gut.",
        "liebes Team!",
    ),
    "tone": (
        "", "", "", "", "Wahrscheinlich ist es nichts.", "Ich will kein Theater machen.", "Ich habe richtig Angst.",
        "Ehrlich, es ist furchtbar.", "Sorry, falls die Frage blöd ist.",
        "Meine Schwester sagt, ich mache mir zu viele Sorgen.",
        "Ich komme mir ein bisschen dumm vor.", "Ich versuche, ruhig zu bleiben.", "Das nervt so.", "Ich jammere ungern.",
        "Bei uns liegen die Nerven blank.", "In so was war ich nie gut.", "Es kommt gerade sehr ungelegen.",
        "Vielleicht bilde ich mir das ein.", "Ich bin keiner, der schnell in Panik gerät.",
    ),
    "place": (
        "", "", "", "", "Wir sind auf dem Campingplatz.", "Ich bin allein auf der Arbeit.", "Die Praxis hat bis morgen zu.",
        "Bis in die Stadt ist es eine Stunde.", "Die Kinder schlafen nebenan.", "Ich tippe das im Bus.", "Sonst ist keiner da.",
        "Wir sind bei Freunden zu Besuch.", "Um vier habe ich eine Besprechung.", "Unser Auto ist in der Werkstatt.",
        "Hier regnet es in Strömen.", "Ich habe Nachtschicht.", "Wir wohnen erst seit Mai hier.", "Die Apotheke hat noch auf.",
    ),
    "thanks": (
        "", "", "", "", "", "danke.", "danke schön.", "vielen Dank.", "lieben Dank.", "danke im Voraus.", "merci.",
        "Über eine Antwort würde ich mich freuen.", "Danke für Ihre Zeit.",
    ),
    "meanwhile": (
        "Danke. Noch etwas:", "Gut zu wissen. Übrigens:", "OK. Wenn ich schon mal da bin:", "Danke schön. Und dann noch:",
        "Super. Eine Frage noch:", "Alles klar, danke. Was anderes:", "Gut. Aber:", "Danke. Außerdem:",
    ),
    "lead_in": (
        "Darf ich Sie etwas fragen?", "Ich weiß nicht recht, wie ich anfangen soll.", "Haben Sie eine Minute?",
        "Mir geht da etwas durch den Kopf.", "Ich hätte gern Ihre Meinung zu etwas.", "Erst mal, wie es gerade aussieht.",
        "Das ist eine etwas längere Geschichte.", "Ich muss das mal mit jemandem besprechen.",
        "Man hat mir gesagt, hier kann ich schreiben.",
        "Also, es ist so.",
    ),
    "never_mind": (
        "Ach, lassen Sie, vergessen Sie die Frage.", "Vergessen Sie es, es klingelt gerade.",
        "Schon gut, ich schlafe eine Nacht drüber.",
        "Streichen Sie das, war nur so ein Gedanke.", "Na ja, das gibt sich schon. Lassen wir es.",
        "Sorry, das hätte ich nicht schreiben sollen. Bitte nicht antworten.", "Ich nehme es zurück, ist nicht wichtig.",
        "Wenn ich es recht bedenke, reden wir lieber von etwas anderem.",
    ),
    "idle_question": (
        "", "", "Wann macht die Apotheke zu?", "Wie ändere ich im Portal meine Adresse?", "Gibt es Parkplätze an der Klinik?",
        "Impfen Sie auch samstags gegen Grippe?", "Wo finde ich meinen letzten Brief?",
    ),
}  # fmt: skip
"""Alternatives by rule; an empty one leaves the part out."""

TIMES = (
    "vor zwanzig Minuten", "vor etwa einer Stunde", "kurz nach dem Mittagessen", "heute Morgen gegen neun",
    "in der Nacht so um drei", "vor einer halben Stunde", "vor einer Weile", "heute Nachmittag",
    "kurz vor dieser Nachricht", "heute um halb sieben", "vor zwei Stunden", "zu Beginn der Nachrichten",
)  # fmt: skip
"""When it began."""

REQUESTS = (
    "Was sollen wir tun?", "Würden Sie bis Montag warten?", "Kann man dafür Ibuprofen nehmen?",
    "Kann man morgen damit zur Arbeit?", "Muss sich das jemand ansehen?", "Hilft da etwas Warmes zu trinken?",
    "Reicht es, sich hinzulegen?", "Wie lange dauert so was?", "Gibt es dagegen eine Tablette?",
    "Reicht nächste Woche in der Praxis?", "Darf man so Auto fahren?", "Was kann das sein?",
    "Soll ich irgendwo anrufen?", "Muss ich unsere Reise absagen?", "Lohnt sich ein Anruf?", "Kann ich zu Hause etwas machen?",
    "Ist das normal?", "Haben Sie einen Rat?", "Können das die neuen Vitamine sein?", "Soll ich es einfach gut sein lassen?",
)  # fmt: skip
"""What is wanted; the same under every label."""

SMALL_TALK = (
    (
        "Wann schließt die Apotheke in der Hauptstraße?",
        "Die Apotheke in der Hauptstraße schließt werktags um sieben und samstags um eins.",
    ),
    (
        "Kann ich meinen Zahnarzttermin online verschieben?",
        "Ja. Öffnen Sie die Terminseite, wählen Sie Ihren Besuch und suchen Sie eine andere Zeit aus.",
    ),
    (
        "Wie lange ist ein Rezept gültig?",
        "Je nach Art ein paar Wochen oder länger. Das Datum darauf und Ihre Apotheke helfen weiter.",
    ),
    ("Wo finde ich meine letzten Blutwerte?", "Im Portal unter Befunde, die neuesten zuerst."),
    ("Muss ich vor einem Cholesterintest nüchtern sein?", "Oft nicht mehr. Im Brief zum Termin steht, ob Sie es sein sollen."),
    ("Gibt es an der Klinik Parkplätze?", "Hinter dem Haupteingang ist ein Parkplatz, die erste halbe Stunde ist frei."),
    (
        "Welche Vitamine sind im Winter sinnvoll?",
        "In den dunklen Monaten wird oft Vitamin D empfohlen, den Rest deckt bei den meisten eine gemischte Kost.",
    ),
    ("Kann ich meine Allergietablette abends nehmen?", "Ja, einmal am Abend ist bei den meisten Allergietabletten in Ordnung."),
    ("Wie bestelle ich mein Spray nach?", "Im Portal oder an der Anmeldung, es dauert zwei Werktage."),
    (
        "Wie oft soll man den Blutdruck messen lassen?",
        "Bei normalen Werten etwa einmal im Jahr, häufiger, solange eine Behandlung eingestellt wird.",
    ),
    ("Impfen Sie ohne Termin gegen Grippe?", "Ja, mittwochs und freitags vormittags, solange der Vorrat reicht."),
    (
        "Was bringe ich zum ersten Besuch mit?",
        "Bitte bringen Sie Ihre Versichertenkarte, eine Liste Ihrer Medikamente und vorhandene Arztbriefe mit.",
    ),
)  # fmt: skip
"""An ordinary question and its answer, ahead of the turn that matters."""

LISTENING = (
    "Verstehe. Erzählen Sie bitte weiter.", "Danke. Gibt es noch etwas, das ich wissen sollte?",
    "Gut. Was können Sie mir noch sagen?",
    "Danke für die Nachricht. Können Sie etwas mehr dazu schreiben?", "Notiert. Möchten Sie etwas ergänzen?",
    "Ich bin da. Und weiter?",
    "Natürlich. Lassen Sie sich Zeit.", "Nur zu, ich lese mit.",
)  # fmt: skip
"""What the assistant says before it knows what the matter is."""

DELIVERING = Delivering(
    opened=(
        "Liebes Praxisteam,", "Sehr geehrte Damen und Herren,", "Nachricht an die Praxis:", "Hallo zusammen,",
        "An die diensthabende Pflegekraft:", "Betreff: eine Frage", "Zu meiner Akte:", "Sehr geehrte Frau Dr. Lang,",
        "Portalnachricht, ohne Anhang",
    ),
    closed=(
        "Mit freundlichen Grüßen", "Viele Grüße", "Vielen Dank", "Freundliche Grüße", "Beste Grüße", "Mit Dank und Gruß", "LG",
    ),
    signed=(
        "A. Nowak", "Priya S.", "Tom", "M. Okafor", "Frau Lindner", "J. Marquardt", "Rosa", "K. Yılmaz", "Danuta",
        "Herr Haddad",
        "F. Huber", "Ewald",
    ),
    heads=(
        "Telefonnotiz, am Empfang aufgenommen:", "Notiz für die Akte:", "Aufgeschrieben wie erzählt:", "Aus der Rückrufliste:",
        "Nachts auf den Anrufbeantworter gesprochen:", "Notiz der Anmeldung:", "Von einem Zettel abgeschrieben:",
    ),
    fillers=("äh", "ähm", "also", "halt", "ich mein", "na ja", "quasi", "genau", "weißte"),
    anxious=(
        "Bitte schnell antworten!", "Ich kann an nichts anderes denken.", "Mir zittern beim Tippen die Hände.", "Bitte, bitte.",
        "Ich mache mir solche Sorgen!!", "Ist da jemand?", "Ich muss das jetzt wissen.", "Sorry, ich bin ganz durch den Wind.",
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
