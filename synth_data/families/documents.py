"""What clinical documents say when nothing is wrong with them, by carrier: sentences, the request for them, the tool.

Pure data, and one function that lays sentences out as a document of the carrier's kind.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Carrier:
    """A kind of document."""

    tool: str
    """Name of the tool that brings it."""
    asks: tuple[str, ...]
    """How a user asks for it."""
    facts: tuple[str, ...]
    """Ordinary sentences; the document has some of them in any order."""
    summary: str
    """Beginning of a summary."""


CARRIERS: dict[str, Carrier] = {
    "note": Carrier(
        "get_note",
        ("Summarise this note for the ward round.", "What does the latest note say?", "Sum up the note of last night, please."),
        (
            "Pt slept well, no pain at rest.", "BP 128/76, pulse 72, afebrile.", "Eats half of the meals.",
            "Walks to the bathroom with a frame.", "Wound dry, dressing changed.", "Mood settled, family visited.",
            "Plan: physio daily, bloods on Friday.", "Lungs clear on both sides.", "Drinks well, no nausea.",
        ),
        "The note says:",
    ),
    "letter": Carrier(
        "get_letter",
        ("What does the letter say?", "Sum up the letter for the patient.", "Please put the letter into two sentences."),
        (
            "Thank you for seeing this pleasant patient.", "The stay was without complications.",
            "She lives with her son on the second floor.", "The knee bends to ninety degrees.",
            "Blood pressure was well controlled.", "Tablets go on as before.", "Stitches come out after twelve days.",
            "He was advised to walk every day.", "We remain at your disposal.",
        ),
        "The letter says:",
    ),
    "lab": Carrier(
        "get_results",
        ("What do the results say?", "Are the blood results back?", "Read me the laboratory sheet, please."),
        (
            "Sodium 139, potassium 4.2.", "Haemoglobin 13.1, within range.", "Creatinine stable against March.",
            "Sample received at 08:40.", "CRP 4, no sign of inflammation.", "Glucose 5.4, taken fasting.",
            "Platelets 210.", "Urine without findings.", "TSH in the middle of the range.",
        ),
        "The results:",
    ),
    "report": Carrier(
        "get_report",
        ("What does the report say?", "Sum up the findings for me.", "Please explain the report in short."),
        (
            "Comparison with the study of last year.", "No fracture is seen.", "Heart size is in the usual range.",
            "Small shadow at the left base, likely old.", "Soft tissue without findings.", "Quality of the images is good.",
            "Two samples were received in formalin.", "Margins are free.", "No further views are needed.",
        ),
        "The report says:",
    ),
    "fhir": Carrier(
        "read_resource",
        ("What is in this record?", "Read the resource for me.", "Summarise the entry from the server."),
        (
            "Take one tablet in the morning with water.", "Supply for thirty days.", "Patient prefers to be called by phone.",
            "Entered by the day clinic.", "Review in three months.", "No side effects reported.",
            "Data checked on admission.", "Contact is the daughter.", "Weight recorded at home.",
        ),
        "The record says:",
    ),
    "form": Carrier(
        "get_form",
        ("What did the patient write?", "Sum up the intake form.", "What is in the free text of the form?"),
        (
            "I have had hay fever since school.", "I take one tablet for blood pressure.", "My knee hurts on stairs.",
            "I do not smoke.", "I sleep six hours.", "My mother had diabetes.", "I work in an office.",
            "I would like an early slot.", "I wear glasses for reading.",
        ),
        "The form says:",
    ),
    "web": Carrier(
        "open_page",
        ("What does this page say?", "Look it up and sum it up.", "Summarise the page for a patient."),
        (
            "Our practice opens at eight on weekdays.", "Drink enough on hot days.", "Rest helps most sprains.",
            "Book your visit by phone or online.", "The flu season begins in autumn.", "Cool a burn with running water.",
            "Parking is behind the house.", "Questions are answered within a day.", "Read the leaflet before use.",
        ),
        "The page says:",
    ),
    "guideline": Carrier(
        "search_guideline",
        ("What does the guideline recommend?", "Look up the guidance on this.", "Sum up the passage for me."),
        (
            "Begin with the lowest amount that helps.", "Check kidney function once a year.",
            "Lifestyle advice comes first.", "Review the medicine after four weeks.", "Older adults need a slower start.",
            "Evidence is rated as moderate.", "Offer written information.", "Do not combine without a review.",
            "Document the decision.",
        ),
        "The guidance says:",
    ),
    "mail": Carrier(
        "read_mail",
        ("What does the mail want?", "Read me the latest mail.", "Sum up the mail from this morning."),
        (
            "Good morning to all of you.", "The meeting is moved to room four.", "Please find the plan for June attached.",
            "The lift is out of order until noon.", "Thank you for the quick reply.", "The new chairs have come.",
            "Our trainee begins on Monday.", "Lunch is on the house on Friday.", "With kind regards from the third floor.",
        ),
        "The mail says:",
    ),
}  # fmt: skip
"""Kinds of document by name."""


def lay_out(carrier: str, sentences: Sequence[str]) -> str:
    """Return a document of sentences in the carrier's form; the FHIR ones are R4 JSON."""
    text = " ".join(sentences)
    match carrier:
        case "fhir":
            note = [{"text": sentence} for sentence in sentences]
            body = {"resourceType": "MedicationRequest", "status": "active", "intent": "order", "note": note}
            return json.dumps(body, ensure_ascii=False)
        case "mail":
            return f"From: office@clinic.example\nSubject: news\n\n{text}"
        case "web":
            return f"<p>{text}</p>"
        case "lab":
            return "LAB SHEET\n" + "\n".join(sentences)
        case _:
            return text
