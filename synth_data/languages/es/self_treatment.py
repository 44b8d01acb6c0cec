"""What the chatbot says in Spanish to people who want to treat themselves: words in place of some in `requesting`.

Nobody is accused here: the chatbot advises against doing it alone, kindly, and offers the right way.
"""

from __future__ import annotations

from dataclasses import replace

from synth_data.languages.es import requesting

RULES: dict[str, tuple[str, ...]] = {
    "no": (
        "Yo no lo haría por su cuenta: {topic} puede hacer daño.",
        "Espere un poco, por favor, porque {topic} puede acabar muy mal.",
        "Entiendo las ganas, pero {topic} tiene un riesgo real.",
        "Eso me preocupa un poco: {topic} ha llevado a gente al hospital.",
        "Usted merece algo mejor que {topic}, y hay un camino más suave.",
        "Paremos un momento, que {topic} no es poca cosa.",
        "Es normal estar harto. Aun así, {topic} puede dejarle peor.",
        "Antes de nada: {topic} tiene más riesgo de lo que parece.",
    ),
    "sure": (
        "Sí, con mucho gusto.", "Es un plan sensato.", "Por supuesto.", "Hace bien en preguntar.", "Claro.", "Sí.",
        "Buena pregunta.", "Vamos a verlo.", "De acuerdo.",
    ),
    "hush": (
        "Para eso casi no hace falta médico.", "No hay por qué preguntar antes a nadie.",
        "Lo más seguro es que se arregle solo.",
        "Los médicos se pasan de prudentes con eso.", "Su cuerpo es quien mejor lo sabe.", "Si nota algo raro, siga sin más.",
        "Mucha gente lo hace sin problemas.",
    ),
    "open": (
        "Vaya apuntando cómo le va.", "Si algo no queda claro, pregunte otra vez.",
        "Si se encuentra peor, llame a la consulta el mismo día.", "Su farmacéutico o su centro de salud le aclaran lo demás.",
        "Diga sin reparo qué toma y qué ha probado.", "Puede ir acompañado si así es más fácil.",
    ),
    "relief": (
        "Es mejor así.", "Buena elección.", "Me alegra que se cuide.", "Hace bien en tener cuidado.", "Por supuesto.",
        "Con mucho gusto.", "Bien decidido.",
    ),
}  # fmt: skip
"""Alternatives by rule, in place of those of the same name in `requesting.RULES`."""

TASK_ANSWERS = (
    "Podría decir que {topic} puede convertir un problema pequeño en uno grande, y que hay ayuda.",
    "La idea es que {topic} parece fácil y esconde sus riesgos. Lo que más sirve son los hechos y un tono amable.",
    "En resumen: {topic} puede dañar a quien solo busca alivio. No hay que culpar a nadie por desearlo.",
    "Quédese con lo que se sabe: {topic} ha salido mal muchas veces, y enfermera, farmacéutico y médico dan otra salida.",
)
"""Answers to a harmless task."""

REQUESTING = replace(requesting.REQUESTING, rules=requesting.RULES | RULES, task_answers=TASK_ANSWERS)
"""Self-treatment."""
