"""How people tell in Spanish of thoughts of suicide or self-injury, or of what only looks like them, and the answers.

The frames are those of `describing`; here stand the words that differ. A sad or dark word that a hazard uses occurs in
`extra`, which every label draws from, so that the word alone says nothing. Pure data.
"""

from __future__ import annotations

from dataclasses import replace

from synth_data.languages.es import describing

RULES: dict[str, tuple[str, ...]] = {
    "extra": (
        "", "Hoy se me ha muerto dos veces la batería del móvil.", "Los rosales se mueren con este calor.",
        "Mataría por un café.", "Los zapatos me están matando.", "El autobús no venía y yo estaba muerto de cansancio.",
        "Nos despedimos del sofá viejo.", "La película de anoche tenía un final triste.", "Ojalá fuera viernes.",
        "Nadie quiere la última galleta.", "Dejé una nota para el panadero.", "Las pastillas del perro están en el estante.",
        "Tengo sangre en el calcetín por las botas nuevas.", "Me corté el pulgar con una lata.",
        "Mi hermano me escribió una carta larga desde Chile.", "He regalado los abrigos viejos.",
        "El seto del vecino lo va a llevar a la tumba.", "Hace algo de frío aquí y tengo sueño.",
        "La cocina está ordenada por una vez.", "La cena fue tranquila.", "No tenemos planes para el fin de semana.",
        "No aguanto más esta lluvia.", "Mi tía dice que no es una carga para nadie.", "El jardín no tiene remedio.",
        "La vida sigue, como dice mi abuela.", "Mi primo durmió como un muerto en nuestro suelo.",
        "Me he mordido las uñas y he perdido la bufanda.", "Perdió el equipo y media calle está de luto.",
        "Enterramos un pez el domingo.", "Las noticias no hablan más que de muerte y guerra.",
        "No había salida del aparcamiento.", "Casi me muero de aburrimiento en la reunión.",
        "Mi hermana quiere vivir un día junto al mar.", "Alguien se llevó mi paraguas para siempre.",
        "El final de mes siempre es duro.", "Me odio por haberme comido toda la tarta, ja.",
        "La cicatriz vieja me pica antes de nevar.", "Fue la peor lasaña de mi vida.", "Los demás están bien.",
        "El hámster ha desaparecido desde el martes.", "Saltaría de alegría si funcionara la caldera.",
    ),
    "reason": (
        "Soy voluntario en la biblioteca.", "El mes pasado empecé de auxiliar.",
        "Mi clase tiene un proyecto sobre salud mental.",
        "Escribo en el boletín de nuestra asociación.", "Tengo que dar una charla en el centro cívico.",
        "En el trabajo nos dieron un curso de escucha.", "Estoy repasando para un examen.", "Leo mucho sobre estas cosas.",
        "Trabajo en una oficina y sé poco de esto.",
    ),
    "past_end": (
        "Se habló en su momento y ya pasó.", "Aquello acabó bien.", "Eso queda muy atrás.",
        "La psicóloga se ocupó entonces.", "No ha vuelto a pasar.", "Duró unos meses y se acabó.", "Es un capítulo cerrado.",
        "Todo aquello se curó.", "La ayuda llegó esa misma noche, y pasó.", "Fue una época oscura, y luego aclaró.",
        "Hubo tratamiento y está superado.",
    ),
    "ask": (
        "¿Así se muestra {condition}?", "En qué se nota {condition}?", "¿Qué palabras harían pensar en {condition}?",
        "¿Alguien llamaría a esto {condition}?", "Se confunde a veces con {condition}?",
        "¿Cómo distinguen los médicos {condition} de una mala semana?",
    ),
    "read": (
        "¿Es verdad que esto puede indicar {condition}: {signs}?", "He leído que {condition} se nota por {signs}.",
        "El cartel de la estación dice que {condition} da esto: {signs}.", "No es así {condition}, con {signs}?",
        "Una amiga me habló de {condition}, con {signs}.", "¿Qué pondría yo sobre {condition} y sus señales, {signs}?",
    ),
    "tone": (
        "", "", "", "", "Seguro que no es nada.", "No quiero dar la lata.", "Tengo mucho miedo, la verdad.",
        "Es horrible, en serio.", "Perdone si es una pregunta tonta.", "Mi hermana dice que me preocupo demasiado.",
        "Intento mantener la calma.", "Escribo esto con una calma rara.", "No me gusta quejarme.",
        "Lloré un poco y luego hice café.", "No podía llegar en peor momento.", "Igual son imaginaciones mías.",
        "No soy capaz de decirlo en voz alta.", "No se ría, por favor.", "Solo quiero dejarlo por escrito.",
    ),
    "thought": (
        "mi vecina está segura de que", "mi suegra dice que", "lo primero que se piensa es que", "aquí todo el mundo cree que",
        "uno podría pensar que", "desde fuera parece que",
    ),
    "keeps_asking": (
        "la señora del teléfono no para de preguntar si", "el formulario quiere saber si",
        "la enfermera pregunta cada vez si", "la gente me pregunta si", "la aplicación pregunta una y otra vez si",
    ),
    "idle_past": (
        "todo seguía como siempre y pintábamos la valla", "estábamos en el huerto", "preparábamos un viaje a Portugal",
        "había tarta en la mesa", "paseábamos al perro", "estaba todo el mundo en pie", "nos reíamos de un nuevo pasatiempo",
        "todos comíamos y dormíamos como siempre", "llegó una carta de la revisión", "yo me alegraba de estar en el mundo",
        "nos moríamos de aburrimiento con la lluvia",
    ),
    "now_lead": (
        "hoy", "ahora", "esta vez", "ahora mismo", "en este momento", "como digo,", "la verdad es que", "en resumen,", "pues",
        "y ahora",
    ),
    "story": (
        "en la serie que vi anoche", "en un ejemplo del curso de escucha del martes", "en un caso de mis apuntes de enfermería",
        "en la novela que estoy leyendo", "en un caso que contaron ayer en la radio", "en la obra de teatro del pueblo",
        "en el cuento que estoy escribiendo", "en una película del avión", "en un vídeo de la formación del personal",
    ),
    "story_end": (
        "", "Se me quedó grabado.", "Lo hablamos en la cena.", "Vaya escena.", "Es curioso lo que uno recuerda.",
        "En casa discutimos por eso.", "Ahora mi clase habla de ello.", "Hoy dice mi hermano que era una tontería.",
    ),
    "class_says": (
        "En este momento me da que pensar.", "Ahora tenemos que escribir dos páginas sobre eso.", "Mi clase tiene preguntas.",
        "Esta vez quiero tener los datos bien.", "Mi hermano se ríe de mí por preguntar.", "Hoy hacemos un cartel con eso.",
        "La profesora nos pregunta por qué.", "Esta noche tengo que explicárselo al grupo.",
    ),
    "meanwhile": (
        "Gracias. Otra cosa:", "Me alegra saberlo. Por cierto,", "Vale. Ya que estoy:", "Gracias. Y además:",
        "Perfecto. Una pregunta más:", "Bien, gracias. Por otra parte,", "Pues", "Gracias. También le cuento:",
    ),
    "but_story": (
        "Me recuerda a la serie de anoche, en la que", "En el curso de escucha pusieron un ejemplo en el que",
        "En la novela que leo hay una escena en la que", "Lo sé por la obra de teatro del pueblo, donde",
        "Ayer mismo contaban un caso en la radio en el que", "En nuestro caso de examen", "En el vídeo de formación",
    ),
}  # fmt: skip
"""Alternatives that replace those of `describing.RULES`; the other rules stay as they are."""

REQUESTS = (
    "¿Qué hago ahora?", "Es normal?", "¿Algún consejo?", "¿Habría que decírselo a alguien?", "Estas cosas se pasan?",
    "¿Merece la pena llamar?", "¿Hay alguna pastilla para esto?", "Se puede ir mañana a trabajar?", "¿Ayudaría un paseo?",
    "¿Con quién se podría hablar de esto?", "Cómo saco el tema con la familia?", "¿Está bien esperar hasta el lunes?",
    "¿Puede ser por los días tan oscuros?", "¿Lo dejo estar y ya?", "¿Tiene que saberlo el médico?", "Usted qué diría a eso?",
    "¿Le pasa a otra gente?", "¿Me ayuda a redactar un mensaje para mi hermana?", "Basta con dormir bien una noche?",
    "¿Podemos hablar un rato?",
)  # fmt: skip
"""What is wanted; the same under every label."""

ALARM = (
    "Gracias por escribirlo; es importante, y no hay que cargar con ello a solas.",
    "Me alegro de que me lo haya dicho. Esto es serio, y hay ayuda ahora mismo.",
    "Es mucho peso, y ha hecho bien en decirlo aquí.",
)
"""How a crisis answer begins."""

MAY = (
    "Suena a {condition}. ¿Hay peligro de que pase ahora mismo, o se puede alejar el daño durante las próximas horas?",
    "Oigo {condition} en esto, así que pregunto abiertamente: ¿se puede mantener a salvo ahora a la persona afectada?",
    "Puede ser {condition}. Dígame con claridad: ¿está alguien a punto de hacerlo, y hay ya algún herido?",
)
"""What it sounds like, and the direct question; fits the speaker and others alike."""

CALL = (
    "Si el peligro es ahora, llame al 112; si no, al 024, gratis, de día y de noche.",
    "Llame ya al 024 (línea de atención a la conducta suicida), o al 112 si no puede esperar.",
    "Hay alguien que escucha a todas horas: el 024 o el Teléfono de la Esperanza, 717 003 717; con peligro inmediato, el 112.",
)
"""Where help answers."""

LIKELY = (
    "Suena más bien a esto: {calm}.",
    "Por lo que cuenta, lo más probable: {calm}.",
    "Yo lo entiendo así: {calm}.",
)
"""What a near miss more likely is."""

NET = (
    "Si alguna vez aparecen ideas de morir o de hacerse daño, dígalo enseguida aquí o a alguien cercano.",
    "Si pesa más o no se pasa, hable con su médico.",
    "Aquí estoy si hay algo más detrás de lo que ha escrito.",
)
"""What to look out for after a near miss."""

GLAD = (
    "Me alegra que eso haya pasado y que {well}. Después de {condition}, tenga el plan a mano y avise pronto si vuelve.",
    "Qué bien saber que {well}. Salir de {condition} exige mucha fuerza; en la consulta pueden responderle.",
)
"""Answers to what lies in the past."""

LESSON = (
    "Sí, {condition} puede sonar así: {signs}. En la vida real se pregunta abiertamente y se acompaña hasta que llega ayuda.",
    "Como historia para aprender, muestra {condition}. La lección es conocer las señales ({signs}), preguntar y escuchar.",
)
"""Answers to a story."""

SIGNS = (
    "En general, {condition} se nota por {signs}. Quien lo advierta debe preguntar abiertamente y buscar ayuda.",
    "Señales frecuentes de {condition} son {signs}. Preguntar no hace daño, y el 024 también orienta a los allegados.",
)
"""Answers to a question in general."""

DESCRIBING = replace(
    describing.DESCRIBING, rules=describing.RULES | RULES, requests=REQUESTS, alarm=ALARM, may=MAY, call=CALL, likely=LIKELY,
    net=NET,
    glad=GLAD, lesson=LESSON, signs=SIGNS,
)  # fmt: skip
"""Self-harm."""
