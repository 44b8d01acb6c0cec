"""Spanish words that every conversation shares, whatever its label: greetings, times, moods, places, requests, small talk.

Inverted marks stand in some templates and not in others, as people write in chats. Pure data.
"""

from __future__ import annotations

from synth_data.languages.lexicon import Delivering

RULES: dict[str, tuple[str, ...]] = {
    "hello": (
        "", "", "", "", "", "hola,", "buenas,", "hola, buenas,", "buenas tardes,", "buenos días,", "buenas noches,",
        "perdone la molestia,", "hola otra vez,", "una pregunta:", "no sé si es aquí donde se pregunta, pero", "a ver,",
        "bueno,", "estimado equipo,",
    ),
    "tone": (
        "", "", "", "", "Seguro que no es nada.", "No quiero dar la lata.", "Tengo mucho miedo, la verdad.",
        "Es horrible, en serio.", "Perdone si es una pregunta tonta.", "Mi hermana dice que me preocupo demasiado.",
        "Me da un poco de vergüenza preguntarlo.", "Intento mantener la calma.", "Qué fastidio.", "No me gusta quejarme.",
        "Aquí estamos con los nervios de punta.", "Nunca se me han dado bien estas cosas.", "No podía llegar en peor momento.",
        "Igual son imaginaciones mías.", "No soy de asustarme.",
    ),
    "place": (
        "", "", "", "", "Estamos en un camping.", "Estoy en el trabajo y no hay nadie más.",
        "El centro de salud no abre hasta mañana.", "Vivimos a una hora de la ciudad.",
        "Los niños duermen en el cuarto de al lado.", "Escribo esto desde el autobús.", "No hay nadie más en casa.",
        "Estamos en casa de unos amigos.", "A las cuatro tengo una reunión.", "Tenemos el coche en el taller.",
        "Aquí llueve a cántaros.", "Tengo turno de noche.", "Nos mudamos aquí en mayo.", "La farmacia todavía está abierta.",
    ),
    "thanks": (
        "", "", "", "", "", "gracias.", "muchas gracias.", "mil gracias.", "gracias de antemano.", "un saludo.",
        "agradecería una respuesta.", "gracias por su tiempo.",
    ),
    "meanwhile": (
        "Gracias. Otra cosa:", "Me alegra saberlo. Por cierto,", "Vale. Ya que estoy:", "Gracias. Y además:",
        "Perfecto. Una pregunta más:", "Bien, gracias. Por otra parte,", "De acuerdo. Pero", "Gracias. También le cuento:",
    ),
    "lead_in": (
        "¿Le puedo preguntar una cosa?", "No sé muy bien cómo empezar.", "Tiene un minuto?", "Hay algo que me ronda la cabeza.",
        "Quería su opinión sobre un asunto.", "Primero le cuento cómo están las cosas.", "Es un poco largo de contar.",
        "Necesito hablarlo con alguien.", "Me han dicho que puedo escribir aquí.", "La cosa es así.",
    ),
    "never_mind": (
        "Bah, déjelo, haga como que no he preguntado.", "Olvídelo, llaman a la puerta.",
        "Da igual, lo consulto con la almohada.",
        "Borre eso, era una ocurrencia.", "Bueno, ya se arreglará solo. Dejémoslo.",
        "Perdón, no tenía que haber escrito eso. No conteste.", "Lo retiro, no tiene importancia.",
        "Pensándolo bien, hablemos de otra cosa.",
    ),
    "idle_question": (
        "", "", "¿A qué hora cierra la farmacia?", "Cómo cambio mi dirección en el portal?", "¿Hay aparcamiento en la clínica?",
        "Ponen la vacuna de la gripe los sábados?", "¿Dónde encuentro mi último informe?",
    ),
}  # fmt: skip
"""Alternatives by rule; an empty one leaves the part out."""

TIMES = (
    "hace veinte minutos", "hace más o menos una hora", "justo después de comer", "esta mañana a eso de las nueve",
    "de madrugada, sobre las tres", "hace media hora", "hace un ratito", "esta tarde",
    "justo antes de escribir esto", "hoy a las seis y media", "hace dos horas", "cuando empezaban las noticias",
)  # fmt: skip
"""When it began."""

REQUESTS = (
    "¿Qué hacemos?", "Usted esperaría hasta el lunes?", "¿Se puede tomar ibuprofeno para esto?",
    "¿Se puede ir mañana a trabajar?", "¿Hace falta que lo mire alguien?", "Serviría una bebida caliente?",
    "¿Basta con tumbarse?", "Cuánto suele durar esto?", "¿Hay alguna pastilla para esto?",
    "¿Se podría mirar la semana que viene en la consulta?", "Se puede conducir así?", "¿Qué puede ser?",
    "¿Llamo a alguien?", "Hay que anular el viaje?", "¿Merece la pena llamar?", "¿Puedo hacer algo en casa?",
    "Es normal?", "¿Algún consejo?", "¿Podrían ser las vitaminas nuevas?", "¿Lo dejo estar y ya?",
)  # fmt: skip
"""What is wanted; the same under every label."""

SMALL_TALK = (
    (
        "¿A qué hora cierra la farmacia de la calle Mayor?",
        "La farmacia de la calle Mayor cierra a las nueve entre semana y a las dos los sábados.",
    ),
    (
        "Puedo cambiar la cita del dentista por internet?",
        "Sí. Abra la página de citas, elija su visita y escoja otra hora.",
    ),
    (
        "¿Cuánto tiempo vale una receta?",
        "Depende del tipo; la fecha que lleva y su farmacéutico se lo dirán.",
    ),
    ("¿Dónde veo mis últimos análisis?", "Están en el portal, en el apartado de resultados, los más recientes primero."),
    (
        "Hay que ir en ayunas para el colesterol?",
        "Muchas veces ya no. La hoja de la cita lo indica.",
    ),
    ("¿Hay aparcamiento en la clínica?", "Hay uno detrás de la entrada principal, y la primera media hora es gratis."),
    ("¿Puedo tomar la pastilla de la alergia por la noche?", "Sí, con la mayoría basta una al día y puede ser por la noche."),
    ("Cómo pido otro inhalador?", "Puede pedirlo en el portal o en recepción; tarda dos días laborables."),
    ("¿Ponen la vacuna de la gripe sin cita?", "Sí, los miércoles y viernes por la mañana mientras queden dosis."),
    (
        "¿Qué llevo a la primera consulta?",
        "Traiga la tarjeta sanitaria, una lista de sus medicamentos y los informes que tenga.",
    ),
)
"""An ordinary question and its answer, ahead of the turn that matters."""

LISTENING = (
    "Entiendo. Siga, por favor.", "Gracias. ¿Hay algo más que deba saber?", "De acuerdo. ¿Qué más me puede contar?",
    "Gracias por escribir. ¿Podría decirme algo más?", "Anotado. ¿Quiere añadir algo?", "Le sigo. ¿Y luego?",
    "Claro. Tómese su tiempo y cuénteme.", "Adelante, le voy leyendo.",
)  # fmt: skip
"""What the assistant says before it knows what the matter is."""

DELIVERING = Delivering(
    opened=(
        "Estimado equipo de la consulta:", "A quien corresponda:", "Mensaje para el centro de salud:", "Hola a todos:",
        "Para la enfermera de guardia:", "Asunto: una pregunta", "Ref.: mi historial", "Estimada doctora Lobo:",
        "Mensaje del portal, sin adjuntos",
    ),
    closed=("Un saludo,", "Saludos cordiales,", "Gracias,", "Atentamente,", "Un cordial saludo,", "Muchas gracias,"),
    signed=(
        "A. Novoa", "Priya S.", "Tomás", "M. Okafor", "Sra. Lindqvist", "J. Marín", "Rosa", "K. Ito", "Danuta", "Sr. Haddad",
        "F. Moreau", "Iván",
    ),
    heads=(
        "Aviso telefónico, tomado en el mostrador:", "Nota para el historial:", "Apuntado tal como lo dijo:",
        "De la lista de llamadas pendientes:", "Dejado anoche en el contestador:", "Nota de la administrativa:",
        "Copiado de un papel:",
    ),
    fillers=("eh", "esto", "o sea", "pues", "a ver", "bueno", "mmm", "y eso", "vale"),
    anxious=(
        "¡Por favor, conteste rápido!", "No me lo quito de la cabeza.", "Me tiemblan las manos al escribir.",
        "Por favor, por favor.",
        "Estoy fatal de los nervios!!", "¿Hay alguien ahí?", "Necesito saberlo ya.", "Perdón, estoy de los nervios.",
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
