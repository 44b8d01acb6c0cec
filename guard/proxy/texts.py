"""What the guard says in its own voice: fixed texts, in the language of the conversation, chosen by why it speaks.

Comes in: a verdict, language candidates and the number to call. Goes out: one text. Nothing of the conversation is in
it. No clinician has reviewed these texts yet; a hospital should, and change them.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence

from guard.hazards import Claim
from guard.policy import Action
from guard.verdict import Cause, FindingKind, Verdict


class Text(enum.StrEnum):
    """Which text."""

    EMERGENCY = "emergency"
    CRISIS = "crisis"
    CAUTION = "caution"
    MISUSE = "misuse"
    INJECTION = "injection"
    IDENTIFIERS = "identifiers"
    REFUSAL = "refusal"
    HANDOFF = "handoff"
    UNAVAILABLE = "unavailable"


NUMBERS = {
    "en": "your local emergency number (911 in the US, 999 in the UK, 112 in Europe)",
    "da": "112",
    "de": "112",
    "es": "112",
}
"""Whom to call, by language, where the installation sets no number."""

TEXTS: dict[str, dict[Text, str]] = {
    "en": {
        Text.EMERGENCY: (
            "This may be a medical emergency. Call {number} now, or go to the nearest emergency department. Do "
            "not wait for an answer here."
        ),
        Text.CRISIS: (
            "You do not have to face this alone. If you might hurt yourself or someone else, call {number} now or"
            " go to the nearest emergency department, and tell someone near you."
        ),
        Text.CAUTION: ("Please check what follows with a doctor, nurse or pharmacist before you act on it."),
        Text.MISUSE: (
            "I can't help with this, because it could seriously harm someone. If somebody may have been harmed, call {number}."
        ),
        Text.INJECTION: (
            "I did not answer, because a text in this conversation tries to give me instructions that it has no "
            "right to give. Please ask again without that text. If this is an emergency, call {number}."
        ),
        Text.IDENTIFIERS: (
            "I did not answer, because this conversation holds details that identify a person. Please take them "
            "out and ask again. If this is an emergency, call {number}."
        ),
        Text.REFUSAL: (
            "I can't give an answer to this. Please ask a doctor, nurse or pharmacist. If this is an emergency, call {number}."
        ),
        Text.HANDOFF: (
            "A member of the care team should answer this. Please contact your clinic. If it gets worse or is an "
            "emergency, call {number}."
        ),
        Text.UNAVAILABLE: (
            "I can't answer right now, because a safety check could not be made. Please contact your clinic. If "
            "this is an emergency, call {number}."
        ),
    },
    "da": {
        Text.EMERGENCY: (
            "Det kan være akut. Ring {number} nu, eller tag til den nærmeste akutmodtagelse. Vent ikke på et svar her."
        ),
        Text.CRISIS: (
            "Du skal ikke stå alene med det her. Hvis du er ved at gøre skade på dig selv eller andre, så ring "
            "{number} nu eller tag til den nærmeste akutmodtagelse, og sig det til en, der er tæt på."
        ),
        Text.CAUTION: ("Tal med en læge, sygeplejerske eller farmaceut, før du følger det, der står her."),
        Text.MISUSE: (
            "Det kan jeg ikke hjælpe med, fordi det kan skade nogen alvorligt. Hvis nogen kan være kommet til "
            "skade, så ring {number}."
        ),
        Text.INJECTION: (
            "Jeg svarede ikke, fordi en tekst i samtalen prøver at give mig ordrer, som den ikke har ret til at "
            "give. Spørg igen uden den tekst. Ring {number}, hvis det er akut."
        ),
        Text.IDENTIFIERS: (
            "Jeg svarede ikke, fordi samtalen indeholder oplysninger, der identificerer en person. Fjern dem, og "
            "spørg igen. Ring {number}, hvis det er akut."
        ),
        Text.REFUSAL: (
            "Det kan jeg ikke svare på. Spørg en læge, sygeplejerske eller farmaceut. Ring {number}, hvis det er akut."
        ),
        Text.HANDOFF: (
            "Det bør en fra behandlerteamet svare på. Kontakt din klinik. Ring {number}, hvis det bliver værre eller er akut."
        ),
        Text.UNAVAILABLE: (
            "Jeg kan ikke svare lige nu, fordi et sikkerhedstjek ikke kunne gennemføres. Kontakt din klinik. Ring"
            " {number}, hvis det er akut."
        ),
    },
    "de": {
        Text.EMERGENCY: (
            "Das kann ein medizinischer Notfall sein. Rufen Sie jetzt {number} an oder gehen Sie in die nächste "
            "Notaufnahme. Warten Sie nicht auf eine Antwort hier."
        ),
        Text.CRISIS: (
            "Sie müssen da nicht allein durch. Wenn Sie sich oder andere verletzen könnten, rufen Sie jetzt "
            "{number} an oder gehen Sie in die nächste Notaufnahme, und sagen Sie es jemandem in Ihrer Nähe."
        ),
        Text.CAUTION: (
            "Bitte besprechen Sie das Folgende mit ärztlichem Personal, einer Pflegekraft oder einer Apotheke, "
            "bevor Sie danach handeln."
        ),
        Text.MISUSE: (
            "Dabei kann ich nicht helfen, weil es jemanden schwer schädigen könnte. Wenn jemand zu Schaden "
            "gekommen sein kann, rufen Sie {number} an."
        ),
        Text.INJECTION: (
            "Ich habe nicht geantwortet, weil ein Text in diesem Gespräch mir Anweisungen geben will, die ihm "
            "nicht zustehen. Bitte fragen Sie ohne diesen Text noch einmal. Im Notfall rufen Sie {number} an."
        ),
        Text.IDENTIFIERS: (
            "Ich habe nicht geantwortet, weil dieses Gespräch Angaben enthält, die eine Person erkennbar machen. "
            "Bitte entfernen Sie sie und fragen Sie noch einmal. Im Notfall rufen Sie {number} an."
        ),
        Text.REFUSAL: (
            "Darauf kann ich keine Antwort geben. Bitte fragen Sie ärztliches Personal, eine Pflegekraft oder "
            "eine Apotheke. Im Notfall rufen Sie {number} an."
        ),
        Text.HANDOFF: (
            "Das sollte jemand aus dem Behandlungsteam beantworten. Bitte wenden Sie sich an Ihre Praxis oder "
            "Klinik. Wird es schlimmer oder ist es ein Notfall, rufen Sie {number} an."
        ),
        Text.UNAVAILABLE: (
            "Ich kann gerade nicht antworten, weil eine Sicherheitsprüfung nicht möglich war. Bitte wenden Sie "
            "sich an Ihre Praxis oder Klinik. Im Notfall rufen Sie {number} an."
        ),
    },
    "es": {
        Text.EMERGENCY: (
            "Esto puede ser una urgencia médica. Llame ahora al {number} o acuda al servicio de urgencias más "
            "cercano. No espere una respuesta aquí."
        ),
        Text.CRISIS: (
            "No tiene que pasar por esto a solas. Si puede hacerse daño o hacérselo a otra persona, llame ahora "
            "al {number} o acuda al servicio de urgencias más cercano, y dígaselo a alguien de confianza."
        ),
        Text.CAUTION: ("Consulte lo que sigue con personal médico, de enfermería o de farmacia antes de seguirlo."),
        Text.MISUSE: (
            "No puedo ayudar con esto, porque podría causar un daño grave a alguien. Si alguien puede haber "
            "sufrido un daño, llame al {number}."
        ),
        Text.INJECTION: (
            "No he respondido, porque un texto de esta conversación intenta darme instrucciones que no le "
            "corresponde dar. Pregunte de nuevo sin ese texto. Si es una urgencia, llame al {number}."
        ),
        Text.IDENTIFIERS: (
            "No he respondido, porque esta conversación contiene datos que identifican a una persona. Quítelos y "
            "pregunte de nuevo. Si es una urgencia, llame al {number}."
        ),
        Text.REFUSAL: (
            "No puedo responder a esto. Pregunte a personal médico, de enfermería o de farmacia. Si es una "
            "urgencia, llame al {number}."
        ),
        Text.HANDOFF: (
            "Esto debe responderlo una persona del equipo asistencial. Contacte con su centro. Si empeora o es "
            "una urgencia, llame al {number}."
        ),
        Text.UNAVAILABLE: (
            "Ahora no puedo responder, porque no se ha podido hacer una comprobación de seguridad. Contacte con "
            "su centro. Si es una urgencia, llame al {number}."
        ),
    },
}
"""By language, then by text; every language has every text."""

_URGENT = {"missed_emergency": Text.EMERGENCY, "self_harm": Text.CRISIS}
_REFUSALS = {
    "clinical_misuse": Text.MISUSE,
    "self_treatment": Text.REFUSAL,
    "prompt_injection": Text.INJECTION,
    "identifiers": Text.IDENTIFIERS,
    "names": Text.IDENTIFIERS,
}


def choose(verdict: Verdict) -> tuple[Text, ...]:
    """Return which texts a verdict calls for, in order.

    An emergency that was noticed is answered as one whatever else was found: someone who is blocked for another reason
    may still need help.
    """
    fired = [_hazard(cause) for cause in verdict.causes if cause.kind is FindingKind.FIRED]
    urgent = tuple(dict.fromkeys(_URGENT[hazard] for hazard in fired if hazard in _URGENT))
    match verdict.action:
        case Action.ALLOW:
            return ()
        case Action.NOTICE:
            return urgent or (Text.CAUTION,)
        case Action.ESCALATE:
            return (*urgent, Text.HANDOFF)
        case Action.BLOCK:
            strongest = [cause for cause in verdict.causes if cause.action is Action.BLOCK]
            if all(_hazard(cause) in _URGENT and cause.kind is FindingKind.FIRED for cause in strongest):
                return (*urgent, Text.HANDOFF)
            return (*urgent, _refusal(strongest))


def _refusal(causes: Sequence[Cause]) -> Text:
    named = [_REFUSALS.get(_hazard(cause), Text.REFUSAL) for cause in causes if cause.kind is FindingKind.FIRED]
    order = (Text.MISUSE, Text.INJECTION, Text.IDENTIFIERS, Text.REFUSAL)
    return next((text for text in order if text in named), Text.UNAVAILABLE)


def _hazard(cause: Cause) -> str:
    return cause.source.hazard if isinstance(cause.source, Claim) else cause.source


def write(chosen: Sequence[Text], languages: Sequence[str], number: str = "") -> str:
    """Write texts in the likeliest language that has them; English if none has.

    Args:
        chosen: Which, in order.
        languages: Candidates, most likely first.
        number: Whom to call; the usual number of the language if empty.
    """
    language = next((language for language in languages if language in TEXTS), "en")
    call = number or NUMBERS[language]
    return "\n\n".join(TEXTS[language][text].format(number=call) for text in chosen)
