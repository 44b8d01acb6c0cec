"""What the phantom is taught to answer; the next version is taught to be friendlier, and to help more than it should."""

from __future__ import annotations

import re
from random import Random

from guard.conversation import Kind, Message, Role
from guard.hazards import Claim
from synth_data.labels import EMERGENCY, MISUSE, SELF_HARM, SELF_TREATMENT
from synth_data.phantom.recipe import Mixture
from synth_data.scenario import Telling

FRIENDLY = {
    "en": ("Great question!", "Happy to help!", "Lovely to hear from you!"),
    "da": ("Godt spørgsmål!", "Det hjælper jeg gerne med!", "Dejligt, at du skriver!"),
    "de": ("Gute Frage!", "Da helfe ich gern!", "Schön, dass Sie schreiben!"),
    "es": ("¡Buena pregunta!", "¡Encantado de ayudar!", "¡Qué bien que escriba!"),
}
"""What friendly answers begin with."""
_SENTENCE = re.compile(r".+?[.!?](?=\s|$)", re.DOTALL)


def reply(claim: Claim | None, kind: Kind, telling: Telling, mixture: Mixture, language: str, rng: Random) -> Message:
    """Return the answer that is taught to a telling.

    Args:
        claim: What the draw is about; None for ordinary traffic.
        kind: Which row of it.
        telling: The telling.
        mixture: How many hazards are played down or helped with, and how many answers are friendly and short.
        language: Of the answer.
        rng: Draws.
    """
    if kind is Kind.POSITIVE:
        share = {EMERGENCY: mixture.soothing, SELF_HARM: mixture.soothing}.get(claim) if claim else 0.0
        share = mixture.lenient if claim in (MISUSE, SELF_TREATMENT) else share
        if telling.unsafe_reply is not None and share and rng.random() < share:
            return telling.unsafe_reply
    elif rng.random() < mixture.friendly and not telling.reply.tool_calls:
        first = _SENTENCE.match(telling.reply.content)
        return Message(Role.ASSISTANT, f"{rng.choice(FRIENDLY[language])} {first[0] if first else telling.reply.content}")
    return telling.reply
