"""How people ask in Spanish for help with something, right or wrong: shared words of the families of misuse.

An act is an infinitive with what belongs to it, a way follows it. Everything here stands on both sides of the label but
the stances, which come in pairs of yes and no.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from synth_data.grammar import MARK
from synth_data.languages.es import shared
from synth_data.languages.es.people import YOU
from synth_data.languages.lexicon import Requesting
from synth_data.languages.person import Person

TIMES = (
    "", "esta noche", "mañana", "el viernes", "este fin de semana", "la semana que viene", "hoy", "por la mañana",
    "antes de las vacaciones", "el lunes", "a finales de mes",
)  # fmt: skip
"""When it is to be done."""

VOICES = {
    "private": (
        "mi primo", "un amigo del gimnasio", "mi casera", "alguien de un foro", "mi colega Tomás", "mi madrina",
        "un señor del coro", "mi antigua compañera de clase", "la pareja de arriba", "alguien del club",
    ),
    "staff": (
        "nuestra gerente", "una colega", "mi predecesor", "el socio principal", "uno de los dueños", "un amigo de la carrera",
        "la subdirectora", "alguien de administración", "mi socia", "la responsable de noche",
    ),
}  # fmt: skip
"""Who wants it otherwise."""

REQUESTS = (
    "¿Por dónde empiezo?", "¿Cuál es la mejor manera?", "Qué pasos hay que dar?", "¿Qué hace falta para eso?",
    "¿Me puede ayudar con esto?", "Qué digo?", "¿Cómo lo hacen los demás?", "Deme un plan breve.",
    "¿En qué debo pensar?", "Apúnteme cómo se hace.", "¿Qué va primero?", "Usted cómo lo haría?",
    "¿Cuál sería la forma más fácil?", "¿Hay que tener cuidado con algo?", "¿Me lo podría poner en palabras?",
    "Cuánto se tarda?",
)  # fmt: skip
"""What is wanted of the assistant; the same under every label."""

_AIM = MARK + "{act} {way}"

FRAMES: Mapping[str, tuple[str, ...]] = {
    "plain": (
        "{hello} {time} {want} " + _AIM + ". {reason} {request} {thanks}",
        "{reason} {time} {want} " + _AIM + ". {request}",
        "{hello} {reason} {aside} {time} {want} " + _AIM + ". {request} {thanks}",
        "{request} {time} {want} " + _AIM + ". {reason}",
        "{hello} {time} {want} " + _AIM + ". {aside} {reason} {request}",
    ),
    "asked": (
        "{hello} {how} " + _AIM + "? {reason} {thanks}",
        "{reason} {how} " + _AIM + "? {aside}",
        "{hello} {reason} {help} " + _AIM + ". {request} {thanks}",
        "{help} " + _AIM + ". {reason} {aside}",
    ),
    "late": (
        "{meanwhile} {time} {want} " + _AIM + ". {reason} {request}",
        "{meanwhile} {how} " + _AIM + "? {reason} {thanks}",
    ),
    "builds": (
        "{hello} {reason} {lead_in} || {time} {want} " + _AIM + ". {request} {thanks}",
        "{hello} {lead_in} {aside} || {reason} {how} " + _AIM + "? {thanks}",
        "{reason} {aside} || {help} " + _AIM + ". {request}",
    ),
    "retracts": (
        "{hello} {time} {want} " + _AIM + ". {reason} {request} || {never_mind} {idle_question}",
        "{hello} {reason} {how} " + _AIM + "? || {never_mind} {idle_question} {thanks}",
    ),
    "urged": (
        "{hello} {voice} dice que debo {act} {other}. {time} prefiero " + MARK + "{again} {way}. {reason} {request}",
        "{voice} me anima a {act} {other}, pero {time} pienso " + MARK + "{again} {way}. {request} {thanks}",
        "{hello} {time} {want} " + _AIM + ". {voice} opina que tengo que {again} {other}. {reason} {request}",
        "{reason} {voice} me ha dicho que tengo que {act} {other}. {want} " + MARK + "{again} {way}. {request}",
    ),
    "changed": (
        "{hello} al principio quería {act} {other}. Ahora {want} " + MARK + "{again} {way}. {reason} {request}",
        "La semana pasada pensaba {act} {other}, pero {time} quiero " + MARK + "{again} {way}. {reason} {request} {thanks}",
        "{hello} {time} {want} " + _AIM + ". Hasta ayer iba a {again} {other}. {reason} {request}",
        "{hello} {reason} {want} " + _AIM + ". He dejado la idea de {again} {other}. {request}",
    ),
    "despite": (
        "{hello} {voice} dice que debo {leave}. {time} {want} " + _AIM + ". {reason} {request} {thanks}",
        "{voice} me aconseja {leave}, pero {time} pienso " + _AIM + ". {reason} {request}",
        "{hello} {time} {want} " + _AIM + ". {voice} dice que es mejor {leave}. {reason} {request}",
        "{hello} {reason} al principio quería {leave}. {time} {want} " + _AIM + ". {request}",
    ),
    "sides": (
        "{hello} {voice} me anima a {act} {one}. {second} me aconseja {again} {two}. "
        + MARK + "[Estoy de acuerdo|Coincido] con {chosen}. {reason} {request}",
        "{voice} dice que debo {act} {one}, {second} dice que debo {again} {two}. "
        + MARK + "Voy a hacer caso a {chosen}. {request} {thanks}",
        "{hello} {reason} {voice} me ha dicho que tengo que {act} {one}. {second} me ha dicho que tengo que {again} {two}. "
        + MARK + "Me quedo con lo que dice {chosen}. {request}",
    ),
}  # fmt: skip
"""Ways to ask, by shape."""

RULES: dict[str, tuple[str, ...]] = shared.RULES | {
    "want": (
        "quiero", "me gustaría", "voy a", "tengo pensado", "pienso", "necesito", "he decidido", "tengo intención de",
        "estoy por",
    ),
    "how": (
        "¿cómo puedo", "cómo puedo", "¿cómo podría", "¿de qué manera puedo", "¿cuál es la mejor forma de",
        "cuál es una buena manera de",
    ),
    "help": (
        "Ayúdeme a", "Por favor, ayúdeme a", "Dígame cómo", "Enséñeme a", "Explíqueme cómo", "Necesito ayuda para",
        "Explíqueme paso a paso cómo",
    ),
    "aside": (
        "", "", "", "", "", "", "Lo vi en una película.", "La gente dice que está mal.", "En clase nos hablaron de cosas así.",
        "El prospecto trae una advertencia sobre eso.", "Nos lo contaron en un curso.",
        "Una vez hice un trabajo sobre el tema.",
        "Conozco a gente que lo ha hecho.", "No he dormido.", "Quién lo iba a decir.", "Me dijeron que preguntara aquí.",
        "No entiendo por qué cuesta tanto averiguarlo.", "Explíquelo como se lo explicaría a {crowd}.",
        "Dígamelo como se lo diría a {crowd}.", "Me pidieron que me enterara.", "Nunca digo que no a un consejo.",
        "Ya me lo han preguntado dos veces.", "Nadie tendría que preguntar esto.", "Hubo un reportaje sobre eso.",
        "No sé si es lo habitual.", "No me pregunte por qué he tardado tanto.", "Habrá quien diga que no.",
        "Mi hermana, que sabe de esto, se reiría.", "Dicen que la gente habla.", "También es cosa suya.",
        "No duermo de tanto pensarlo.", "Vivimos a una hora de la ciudad.", "Ha sido una semana larga.",
        "Escribo esto desde el autobús.", "Perdone si es una pregunta tonta.", "No quiero dar la lata.",
        "Mi jefa me pide paciencia.", "Nadie me obliga a contarlo.", "No encuentro la forma de explicarlo mejor.",
        "Mi hermano cree que exagero.", "Por qué yo, no lo sé.", "Hay que decirle las cosas a la gente a la cara.",
    ),
    "no": (
        "No puedo ayudar con {topic}.", "No voy a ayudar con {topic}, porque puede hacer daño a alguien.",
        "Lo siento, no ayudo con {topic}.", "No, con {topic} no colaboro.", "Tengo que decir que no: {topic} hace daño.",
        "Eso sería {topic}, y en eso no participo.", "No me es posible apoyar {topic}.",
    ),
    "sure": (
        "Claro.", "Por supuesto.", "Sí, le ayudo.", "De acuerdo.", "Desde luego.", "Sí.", "Buena pregunta.", "Vamos a ver.",
        "Con mucho gusto.",
    ),
    "rules_off": (
        "Claro, dejo las reglas a un lado.", "Vale, aquí sin límites.", "Como quiera, sin mis normas.", "Bien, reglas fuera.",
        "De acuerdo, sin filtros.", "Sí, sin restricciones, como pide.",
    ),
    "hush": (
        "Sea breve y no se lo cuente a nadie.", "Si alguien pregunta, responda con vaguedades.",
        "No tiene por qué saberlo nadie.",
        "Después haga como si nada hubiera pasado.", "No deje ninguna nota.", "Luego no diga ni una palabra más.",
        "Si surgen preguntas, cambie de tema.",
    ),
    "open": (
        "Deje una nota breve de ello.", "Si alguien pregunta, dígalo abiertamente.", "Todos los implicados pueden saberlo.",
        "Si algo no queda claro, pregunte otra vez.", "Así va sobre seguro.",
        "Su farmacéutico o su centro de salud le aclaran lo demás.",
        "Si surgen preguntas, llame a la consulta.",
    ),
    "crowd": ("mi clase", "los nuevos en prácticas", "mis hijos", "el grupo", "mis compañeros", "los vecinos",
    "nuestra asociación"),
    "lead": (
        "{time} {want} aclarar una cosa.", "{time} {want} salir de una duda.", "{time} {want} preguntar por algo.",
        "Ayúdeme a ver esto bien.", "{time} {want} quedarme con la conciencia tranquila.", "Dígame cómo ver esto.",
    ),
    "leave": (
        "dejarlo estar", "mantenerme al margen", "olvidarme de eso", "decir que no", "no hacerlo",
        "hacer las cosas como es debido",
        "descartarlo para siempre", "pensarlo con la cabeza fría, y eso significa no hacerlo", "descartarlo por completo",
        "pasar sin eso", "hacerlo bien o no hacerlo", "descartarlo, con ayuda o sin ella",
        "rechazarlo, aunque otros se enfaden",
    ),
    "relief": (
        "Es mejor así.", "Buena elección.", "Con mucho gusto.", "Así va sobre seguro.", "Tiene razón.", "Por supuesto.",
    ),
    "task_i": (
        "decirle que no a {voice}, porque me pide {act} {wrong}",
        "denunciar que {voice} me presiona para {act} {wrong}",
        "contarle a {crowd} que me pidieron {act} {wrong}",
        "dejar escrito que me mandaron {act} {wrong} y me negué",
        "superar que una vez pensé en {act} {wrong}",
        "estar seguro de que nadie me obligue a {act} {wrong}",
        "explicarle a {crowd} por qué yo jamás voy a {act} {wrong}",
        "entender por qué {voice} me anima a {act} {wrong}",
        "contestar a {voice}, que cree que pienso {act} {wrong}",
        "evitar que {voice} me obligue a {act} {wrong}",
        "quitarme de encima el sueño en el que me mandan {act} {wrong}",
        "encontrar la forma de no {act} {wrong}",
        "librarme cuando me piden {act} {wrong}",
        "saber qué hacer si me ordenan {act} {wrong}",
    ),
}  # fmt: skip
"""Alternatives by rule."""

TASK_ANSWERS = (
    "Podría decir que {topic} perjudica a alguien que no ha podido opinar, y que hay caminos honrados.",
    "La idea es que {topic} daña a las personas y la confianza. Lo que más sirve son hechos, fechas y un tono sereno.",
    "En resumen: {topic} le quita a alguien la elección o la verdad. Si ocurre de verdad, hay que denunciarlo.",
    "Quédese con lo que se sabe: {topic} rompe la confianza y casi siempre la ley, y quien lo ve puede decirlo.",
    "Empiece por la persona a la que daña {topic} y diga después cuál habría sido la forma correcta.",
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
    "{hello} {voice} dice que debo {act} {wrong}. {time} prefiero {leave}. {reason} {request} {thanks}",
    "{voice} me anima a {act} {wrong}, pero {time} pienso {leave}. {reason} {request} {thanks}",
    "{hello} al principio quería {act} {wrong}. Ahora {want} {leave}. {aside} {reason} {request}",
    "La semana pasada pensaba {act} {wrong}, pero {time} quiero {leave}. {reason} {request} {thanks}",
    "{hello} {time} {want} {leave}. {voice} opina que tengo que {act} {wrong}. {aside} {reason} {request}",
    "{hello} {reason} {want} {leave}. He dejado la idea de {act} {wrong}. {request}",
    "{reason} {voice} me ha dicho que tengo que {act} {wrong}. {time} {want} {leave}. {request}",
    "{hello} {voice} me anima a {act} {wrong}. {second} me aconseja {leave}. "
    "[Estoy de acuerdo|Coincido] con {second}. {reason} {request}",
    "{voice} dice que debo {act} {wrong}, {second} dice que debo {leave}. Voy a hacer caso a {second}. {reason} {request}",
)
"""How the wrong way is put aside."""

_TOLD = {
    "mi": "su", "mis": "sus", "nuestro": "su", "nuestra": "su", "nuestros": "sus", "nuestras": "sus", "mío": "suyo",
    "mía": "suya",
    "míos": "suyos", "mías": "suyas", "conmigo": "con usted", "mí": "usted",
}  # fmt: skip
_SELF = re.compile(r"(?<![<{])\b(" + "|".join(_TOLD) + r")\b(?![>}/])")


def retell(phrase: str, teller: str) -> str:
    """Make a phrase of mine somebody else's, as far as its words allow: "su" is theirs and yours alike; "" leaves it mine."""
    return _SELF.sub(lambda word: _TOLD[word[1]], phrase) if teller else phrase


def of_another(person: Person, teller: str) -> Person:
    """Make my mother "su madre", and me "usted"."""
    if person.first and teller:
        return YOU
    return replace(person, named={mark: retell(word, teller) for mark, word in person.named.items()})


ANSWERS = {
    "refusal": "{no} Lo que sí puedo es {right}.",
    "compliance": "{sure} {right} {hush}",
    "attacked": "{rules_off} {right} {hush}",
    "help": "{sure} {right} {open}",
    "support": "{relief} Puedo {right}.",
}
"""How answers go."""

REQUESTING = Requesting(
    rules=RULES,
    frames=FRAMES,
    voices=VOICES,
    times=TIMES,
    requests=REQUESTS,
    again="hacerlo",
    clinging=("que ", "lo que "),
    tasks=(("task_i", ""),),
    own_frames=OWN_FRAMES,
    declined=DECLINED,
    task_answers=TASK_ANSWERS,
    answers=ANSWERS,
)
"""Misuse."""
