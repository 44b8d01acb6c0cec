"""A certificate as a CHAI Applied Model Card v0.2 in XML.

The schema (coalition-for-health-ai/mc-schema, v0.2) is a sequence throughout: the order of elements is part of the format. Text
fields may hold Markdown, so every text that others wrote is escaped for it. RegulatoryApproval is left out rather than implied.
What only the developer or the site can say is said to be left to them.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass

from certify import numbers
from certify.export import chai_metrics as metrics
from guard.dossier import Dossier

NAMESPACE = "https://mc.chai.org/v0.2/schema.xsd"
"""Target namespace of the schema."""

_MARKS = re.compile(r"([\\`*_{}\[\]()!|<>~]|^[#+-])")
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NOT_APPROVAL = (
    "Statistical test certificate; not CE marking, not FDA clearance, not Joint Commission approval, and no statement about "
    "the class of a device."
)
_BIBTEX = """@article{waudbysmith2024, author={Waudby-Smith, Ian and Ramdas, Aaditya}, title={Estimating means of \
bounded random variables by betting}, journal={Journal of the Royal Statistical Society Series B}, year={2024}}
@article{hoeffding1963, author={Hoeffding, Wassily}, title={Probability inequalities for sums of bounded random variables}, \
journal={Journal of the American Statistical Association}, year={1963}}"""


@dataclass(frozen=True, slots=True)
class Developer:
    """What a certificate does not say about its issuer."""

    name: str = ""
    """Who developed the monitors."""
    contact: str = ""
    """Whom to ask."""


Tree = tuple[str, "str | list[Tree]"]
"""An element: its name, and its text or its children in order."""


def card(opened: Dossier, developer: Developer | None = None) -> str:
    """Return the model card; the same certificate gives the same text."""
    parts: list[Tree] = [
        *_head(opened, developer or Developer()),
        *_body(opened),
        ("KeyMetrics", metrics.key_metrics(opened, plain)),
        *_tail(opened),
    ]
    root = ET.Element("AppliedModelCard", {"xmlns": NAMESPACE})
    for part in parts:
        _add(root, part)
    ET.indent(root, " ")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def plain(text: str) -> str:
    """Return a text that others wrote so that no Markdown reader sees more in it than its letters, on one line."""
    return _MARKS.sub(r"\\\1", " ".join(text.split()))


def _add(parent: ET.Element, part: Tree) -> None:
    name, content = part
    element = ET.SubElement(parent, name)
    if isinstance(content, str):
        element.text = _NOT_XML.sub("\ufffd", content)
    else:
        for child in content:
            _add(element, child)


def _head(opened: Dossier, developer: Developer) -> list[Tree]:
    issued = opened.certificate
    stage = "Demonstration: not for use" if issued.demonstration else "As the issuer says; the certificate states none"
    claims = [*dict.fromkeys(one.claim for one in numbers.bounds_of(issued)), *numbers.measured_only(issued)]
    return [
        ("BasicInfo", [
            ("ModelName", f"{plain(issued.product)}: monitors of {plain(issued.subject.name)}"),
            ("ModelDeveloper", plain(developer.name) or f"Not stated; the issuer's key is {opened.signer}"),
            ("DeveloperContact", plain(developer.contact) or "Not stated in the certificate"),
        ]),
        ("ReleaseInfo", [
            ("ReleaseStage", stage),
            ("ReleaseDate", issued.not_before),
            ("ReleaseVersion", f"serial {issued.serial}, model root {issued.subject.root}, ends {issued.not_after}"),
            ("GlobalAvailability", "Left to the developer"),
        ]),
        ("ModelSummary", [
            ("Summary", " ".join([metrics.summary(opened), _NOT_APPROVAL])),
            ("Keywords", [("Keyword", name) for name in claims]),
        ]),
    ]  # fmt: skip


def _body(opened: Dossier) -> list[Tree]:
    issued = opened.certificate
    cells = ", ".join(one for one in numbers.standings(issued))
    limits = " ".join(f"({index}) {plain(text)}" for index, text in enumerate(issued.limitations, 1))
    return [
        ("UsesAndDirections", [
            ("IntendedUseAndWorkflow", "Monitors that read what a clinical chat model is asked and given, so that a guard in "
             "front of it can act. They advise the guard; they diagnose nothing."),
            ("PrimaryIntendedUsers", "Operators of a clinical chat model, and those who answer for it."),
            ("HowToUse", "Run the guard with this certificate and a policy; it checks at every start that the certificate "
             "meets the policy, that the model is the tested one and that its canaries come out again."),
            ("TargetedPatientPopulation", f"None was tested: scenarios are synthetic. Tested cells: {cells}."),
            ("CautionedOutOfScopeSettings", "Other languages and longer conversations than the tested cells, kinds of "
             "situation that no family describes, any other model or set-up, and attackers who adapt to the monitors."),
        ]),
        ("Warnings", [
            ("KnownRisksAndLimitations", f"{limits} An attacker who adapts to the monitors is not covered."),
            ("KnownBiasesOrEthicalConsiderations", metrics.worst_cell(opened)),
            ("ClinicalRiskLevel", "Left to the site: a rate of misses is not a risk. Risk needs the severity of the hazard and "
             "how often it occurs at the site."),
        ]),
        ("TrustIngredients", [
            ("AISystemFacts", [
                ("OutcomesAndOutputs", "For each claim a score, and whether it is at or above a signed threshold."),
                ("ModelType", "Linear classifiers on what a model computes of the text; rules for what has a pattern."),
                ("FoundationModels", f"{plain(issued.subject.name)}, root {issued.subject.root}"),
                ("InputDataSource", "Text of the conversation, as the guard forwards it to the model."),
                ("OutputAndInputDataTypes", "Input: text. Output: numbers and the names of claims."),
                ("DevelopmentDataCharacterization", "Labelled synthetic conversations; generator "
                 f"{opened.protocol.generator.digest}, train and select rows {opened.protocol.dataset}."),
                ("BiasMitigationApproaches", "Twins that differ in the hazard alone, hard negatives, whole families left out "
                 "when monitors are chosen; rates by cell are under FairnessEquity."),
                ("OngoingMaintenance", f"The certificate ends on {issued.not_after}. A new model, tokenizer, template, system "
                 "prompt, threshold or way of running it needs a new one."),
                ("Security", "The certificate is a DSSE envelope in a Sigstore bundle, signed with ECDSA P-256 by key "
                 f"{opened.signer}. Its payload has the digest {opened.certificate_digest}."),
                ("Transparency", "Every bound follows from results.parquet of the dossier, which anyone can compute again."),
            ]),
            ("TransparencyInformation", [
                ("FundingSource", "Not stated in the certificate"),
                ("StakeholdersConsulted", f"Answer key: {plain(issued.labels)}."),
            ]),
        ]),
    ]  # fmt: skip


def _tail(opened: Dossier) -> list[Tree]:
    return [
        ("Resources", [
            ("EvaluationReferences", f"certificate.json of the dossier, payload {opened.certificate_digest}; it remains the "
             "authority, and this card is not signed."),
            ("ClinicalTrial", "None."),
            ("PeerReviewedPublications", "None about these monitors; the statistical methods are in the bibliography."),
            ("PatientConsentOrDisclosure", "Left to the site. The certificate is about generated conversations."),
        ]),
        ("Bibliography", _BIBTEX),
    ]  # fmt: skip
