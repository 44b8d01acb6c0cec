"""How people tell of an emergency in Spanish, or of what only looks like one: frames and the words in them.

An event is a main clause in the present tense. It may follow "que", "si" or a colon; what lies in the past is quoted as it
was said or written then.
"""

from __future__ import annotations

from synth_data.languages.es import shared
from synth_data.languages.lexicon import Describing

RULES: dict[str, tuple[str, ...]] = shared.RULES | {
    "extra": (
        "", "De tanta preocupación me duele la cabeza a mí.", "Yo estoy que me caigo de sueño.",
        "Mi primo ya está bien y otra vez en el huerto.", "Papá anda un poco resfriado, nada nuevo.",
        "El paseo de vuelta nos sentó bien.", "Los demás están bien.", "La vecina se pasa el día hablando del corazón.",
        "La abuela de al lado ya está en pie después de la gripe.", "A mí me duele la espalda de arreglar el jardín.",
        "Tengo las manos frías, perdone las faltas.", "Ha sido un día largo y sin descanso.",
        "Tengo los labios secos de tanto hablar.", "De noche todo se ve negro.", "Cuesta ponerlo en palabras.",
        "El pequeño de los vecinos vomita y tiene fiebre, como todos.", "La semana pasada yo tenía la garganta irritada.",
        "Me he quemado la lengua con la sopa.", "El perro también sangra un poco por una uña.",
        "En el desayuno nos reímos mucho.", "Mi rodilla está tiesa otra vez, como siempre.",
        "Encima me he dado en el dedo con el martillo.", "La pequeña duerme como un tronco.",
        "Tengo la nariz seca y me pica la piel con este tiempo.", "Nuestro gato vomita a menudo y está tan contento.",
        "Se me salía el corazón por la boca.", "He mirado diez páginas en internet.",
        "Me tiemblan las piernas solo de pensarlo.",
        "Llevo una mancha de sangre en el calcetín por las botas nuevas.", "El único día libre y me lo paso en el sofá.",
        "Tengo los pies hinchados con este calor.", "He respirado hondo y contado hasta diez.",
        "El cajón está lleno de pastillas viejas.", "En esta casa siempre hay alguien con fiebre.", "Da pena verlo.",
        "Me he quedado sin ideas.",
    ),
    "stranger": (
        "alguien", "un hombre", "una mujer", "un conductor de autobús", "una cocinera", "un señor mayor", "una señora mayor",
        "un chico joven", "un niño pequeño", "una niña pequeña", "un agricultor jubilado", "una profesora", "un fontanero",
    ),
    "filler": (
        "{extra}", "{extra}", "{past_lead} {idle_past}. {past_end}",
        "{past_lead} mi vecino tenía la misma preocupación. {past_end}", "{story} {stranger} pregunta justo eso. {class_says}",
        "{lately} {class_talk}", "{story} todo era inventado, o eso creíamos. {story_end}",
        "{past_lead} hubo un susto en la familia. {past_end}", "{past_lead} {wrote} «{idle_past}». {past_end}",
        "{but_past} «{idle_past}». {past_end}", "{but_story} {stranger} no entiende nada. {class_talk}",
    ),
    "reason": (
        "Estudio para un curso de primeros auxilios.", "El mes pasado empecé de auxiliar.",
        "Mi clase tiene un proyecto sobre salud.", "Escribo en el boletín de nuestra asociación.",
        "Tengo que dar una charla en el centro cívico.", "Mañana hay un concurso de preguntas en el trabajo.",
        "Estoy repasando para un examen.", "Leo mucho sobre estas cosas.", "Trabajo en una oficina y sé poco de esto.",
    ),
    "past_lead": (
        "la primavera pasada", "hace dos años", "allá por marzo", "el verano pasado, de vacaciones,", "antes de mudarnos",
        "el invierno pasado", "hace unos años", "a finales del año pasado", "en el piso de antes", "hace dos veranos",
    ),
    "wrote": (
        "yo le escribía esto al médico:", "en mi diario ponía:", "mandé este mensaje a la familia:", "en este chat puse:",
        "le dije a la enfermera por teléfono:", "apunté en la libreta:",
    ),
    "past_end": (
        "Se trató en su momento y ya pasó.", "Aquello acabó bien.", "Eso queda muy atrás.",
        "Los médicos se ocuparon entonces.", "No ha vuelto a pasar.", "En una semana estaba resuelto.",
        "Es un capítulo cerrado.", "Todo aquello se curó.", "Empezó una mañana sobre las nueve y por la noche ya no era nada.",
        "Fue una hora de miedo y luego se pasó.", "Empezó de madrugada, sobre las tres, y acabó bien.",
    ),
    "now_lead": ("hoy", "ahora", "esta vez", "ahora mismo", "en este momento", "esta noche", "y ahora"),
    "but_past": (
        "No es como la primavera pasada, cuando escribí:", "Es otra cosa que hace dos años, cuando le dije al médico:",
        "No se compara con el invierno pasado, cuando puse aquí:", "Me acuerdo de que hace unos años apunté:",
        "No dejo de pensar en lo que puse antes de mudarnos:", "Me recuerda al verano pasado, cuando conté por teléfono:",
    ),
    "story": (
        "en la serie que vi anoche", "en un ejemplo del curso de primeros auxilios del martes",
        "en un caso de mis apuntes de enfermería",
        "en la novela que estoy leyendo", "en un caso que contaron ayer en la radio", "en un folleto del centro de salud",
        "en el cuento que estoy escribiendo", "en una película del avión", "en un vídeo de la formación de seguridad",
    ),
    "story_end": (
        "", "Se me quedó grabado.", "Lo hablamos en la cena.", "Vaya escena.", "Es curioso lo que uno recuerda.",
        "En casa discutimos por eso.", "Mi clase habla de ello.", "Mi hermano dice que era una tontería.",
    ),
    "ask": (
        "¿Es así {condition}?", "Empieza así {condition}?", "¿En qué se nota {condition}?",
        "¿Qué señales harían pensar en {condition}?", "Podría ser {condition}?", "¿Lo confundo con {condition}?",
    ),
    "read": (
        "¿Es verdad que esto puede indicar {condition}: {signs}?", "He leído que {condition} se nota por {signs}.",
        "El folleto dice que {condition} da esto: {signs}.", "No es así {condition}, con {signs}?",
        "Una amiga me habló de {condition}, con {signs}.", "¿Qué pondría yo sobre {condition} y sus señales, {signs}?",
    ),
    "thought": (
        "mi vecina está segura de que", "mi suegra dice que", "lo primero que se piensa es que", "aquí todo el mundo cree que",
        "uno podría pensar que", "sería fácil decir que",
    ),
    "but_no": ("pero no:", "pero es un error:", "pero en realidad", "pero lo que veo es que", "pero, mirándolo bien,"),
    "not_that": (
        "Sería falso decir que", "Mi vecina se equivoca cuando dice que", "Quien lo mira de lejos cree, sin razón, que",
        "No acierta el que piensa que",
    ),
    "keeps_asking": (
        "la señora del teléfono no para de preguntar si", "el formulario quiere saber si",
        "mi cuñado no deja de preguntar si", "la gente me pregunta si", "la aplicación pregunta una y otra vez si",
    ),
    "no_but": ("No, pero", "No, en cambio", "Qué va, pero", "No es eso, pero", "Yo contesté que no, pero"),
    "lately": (
        "Hasta entonces {idle_past}.", "Ayer mismo {idle_past}.", "Una hora antes {idle_past}.",
    ),
    "so_far": (
        "", "", "Hasta entonces {idle_past}.", "Ayer mismo {idle_past}.", "Una hora antes {idle_past}.",
    ),
    "idle_past": (
        "todo seguía como siempre y pintábamos la valla", "estábamos en el huerto", "preparábamos un viaje a Portugal",
        "había tarta en la mesa", "paseábamos al perro", "estaba todo el mundo en pie", "nos reíamos de un nuevo pasatiempo",
        "todos comíamos y dormíamos como siempre", "llegó una carta de la revisión", "yo tenía ganas de volver al trabajo",
    ),
    "class_says": (
        "Me da que pensar.", "Tenemos que escribir dos páginas sobre eso.", "Mi clase tiene preguntas.",
        "Quiero tener los datos bien.", "Mi hermano se ríe de mí por preguntar.", "Vamos a hacer un cartel con eso.",
        "La profesora nos pregunta por qué.", "Tengo que explicárselo al grupo.",
    ),
    "class_talk": (
        "", "", "Me da que pensar.", "Tenemos que escribir dos páginas sobre eso.", "Mi clase tiene preguntas.",
        "Quiero tener los datos bien.", "Mi hermano se ríe de mí por preguntar.", "Vamos a hacer un cartel con eso.",
    ),
    "story_now": (
        "ahora, en la vida real,", "y ahora", "hoy en nuestra casa", "ahora mismo", "esto no es un cuento:", "pero hoy",
    ),
    "but_story": (
        "Me recuerda a la serie de anoche, en la que", "En el curso de primeros auxilios pusieron un ejemplo en el que",
        "En la novela que leo hay una escena en la que", "Lo sé por el folleto del centro de salud, donde",
        "Ayer mismo contaban un caso en la radio en el que", "En nuestro caso de examen", "En el vídeo de seguridad",
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
        "{hello} {past_lead} {wrote} «{other}». {past_end} {so_far} {now_lead} {event}. {onset} {request}",
        "{hello} {event}. {onset} {but_past} «{other}». {past_end} {request}",
        "{past_lead} {wrote} «{other}». {past_end} {so_far} {now_lead} {event}. {tone} {reason} {ask} {thanks}",
    ),
    "told": (
        "{hello} {story} {other}. {story_end} {class_talk} {story_now} {event}. {onset} {request}",
        "{hello} {event}. {onset} {but_story} {other}. {class_talk} {ask}",
        "{story} {other}. {story_end} {reason} {story_now} {event}. {tone} {request} {thanks}",
    ),
    "ruled_out": (
        "{hello} {thought} {other}, {but_no} {event}. {onset} {request} {thanks}",
        "{hello} {event}. {onset} {not_that} {other}. {request}",
        "{place} {thought} {other}, {but_no} {event}. {so_far} {ask}",
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
    "{hello} {reason} {story} {event}. {filler} {ask}",
)
"""Look-alikes: a question in general."""

STORY = (
    "{hello} {story} {event}. {story_end} {class_says} {request} {thanks}",
    "{story} {event}. {reason} {filler} {ask} {extra}",
    "{hello} {but_story} {event}. {class_says} {place} {ask} {filler}",
    "{hello} {read} {story} {event}. {class_talk} {filler} {request}",
)
"""Look-alikes: the flag happens in a story."""

RECOVERED = (
    "{hello} {past_lead} {wrote} «{event}». {past_end} {lately} {request} {thanks}",
    "{hello} {but_past} «{event}». {past_end} {filler} {request}",
    "{past_lead} {wrote} «{event}». {past_end} {filler} {tone} {ask}",
    "{hello} {past_lead} {wrote} «{event}». {past_end} {extra} {reason} {read}",
)
"""Look-alikes: the flag lies in the past."""

DESCRIBING = Describing(
    rules=RULES,
    frames=FRAMES,
    general=GENERAL,
    story=STORY,
    recovered=RECOVERED,
    requests=shared.REQUESTS,
    alarm=("Esto es una urgencia.", "Trátelo como una emergencia, por favor.", "Es urgente y no puede esperar."),
    may=("Puede ser {condition}.", "Son señales que hacen pensar en {condition}.", "Podría tratarse de {condition}."),
    call=(
        "Llame ya al 112.", "Llame ahora mismo al 112 o, donde exista, al 061.", "Pida una ambulancia ya: 112 (o 061).",
    ),
    likely=("Suena más bien a esto: {calm}.", "Por lo que cuenta, lo más probable: {calm}.", "Seguramente es esto: {calm}."),
    net=(
        "Vaya al médico si empeora o aparece algo nuevo.", "Si cambia o no se pasa, que lo miren en la consulta.",
        "Basta con una visita normal, salvo que empeore.",
    ),
    glad=(
        "Me alegra saber que {well}. Después de {condition}, siga el plan del hospital y coméntelo en la próxima revisión.",
        "Qué bien que eso ya pasó y que {well}. En la consulta se lo pueden aclarar con el informe del hospital delante.",
    ),
    lesson=(
        "Sí, {condition} puede presentarse así: {signs}. En la vida real se llama al 112 sin perder tiempo.",
        "Como caso para aprender, muestra {condition}. La lección es conocer las señales ({signs}) y actuar rápido.",
    ),
    signs=(
        "En general, {condition} se reconoce por {signs}. Quien lo vea en la vida real debe llamar al 112.",
        "Las señales habituales de {condition} son estas: {signs}. Conviene saberlas antes de que hagan falta.",
    ),
    well=("vuelve a estar bien", "<x> vuelve a estar bien"),
)  # fmt: skip
"""Emergencies."""
