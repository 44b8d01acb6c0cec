"""Which duties of other people's rules this report can feed, and what it leaves for the site to fill in.

Whether a rule applies, and from when, is for the site to find out: no date of a law stands here.
"""

from __future__ import annotations

ROWS: tuple[tuple[str, str, str], ...] = (
    (
        "EU AI Act (2024/1689)",
        "Art. 9 evidence of residual risk; Art. 12 events of the audit chain; Art. 13 and 15 accuracy with its metric; "
        "Annex IV 2(g) signed and dated test records; Art. 26 and 72 monitoring and suspension.",
        "Provider or deployer; date from which it applies",
    ),
    (
        "MDR and IVDR",
        "Evidence of verification inside the technical file. Never a statement of a device’s class.",
        "Classification; notified body",
    ),
    (
        "FDA, predetermined change control",
        "The signed protocol as a plan with acceptance criteria stated beforehand; the list of changes that void.",
        "Regulatory status; file reference",
    ),
    (
        "ONC HTI-1, source attributes",
        "What was tested, on which data, with which result and limits.",
        "Attributes of the deployed product",
    ),
    ("HIPAA", "No health information: scenarios are synthetic. The audit chain records access and decisions.", "Own controls"),
    (
        "Joint Commission, responsible use of AI",
        "Evidence for monitoring, evaluating and validating. That programme certifies organisations, not tools.",
        "Organisation’s own programme",
    ),
    ("CHAI Applied Model Card", "Metrics, limits, data and validation, for export as a card.", "Risk level; population"),
    (
        "ISO 14971",
        "Hazards with severity and a bound on the share that is not noticed; exposure is not known here.",
        "Exposure; acceptability",
    ),
    ("ISO/IEC 42001 and NIST AI RMF", "Records of testing, and measurements with their uncertainty.", "Management system"),
    (
        "UK DCB0129 and DCB0160",
        "Hazards, the assurance argument with its defeaters, and the changes that make the case stale.",
        "Clinical officer; case reference",
    ),
)
"""Rule, what the report supplies, what the site fills in."""
