"""The packaged policies: which one holds where nobody named another."""

from __future__ import annotations

from guard import policy, resources, rules
from guard.certificate import Certificate
from guard.hazards import Taxonomy
from guard.policy import Policy

_DEMONSTRATIONS = ("demonstration", "demonstration_real")
"""Of demonstrations, the one that demands more first."""


def load(name: str) -> Policy:
    """Return a packaged policy."""
    return policy.load(resources.path(f"policies/{name}.yaml"), Taxonomy.packaged(), rules.names)


def default(issued: Certificate) -> Policy:
    """Return the packaged policy that goes with a certificate: the clinical one, or that of a demonstration.

    Of the demonstrations' policies it is the first one whose claims the certificate has.
    """
    if not issued.demonstration:
        return load("clinical")
    known = {point.claim for point in issued.operating_points}
    found = [load(name) for name in _DEMONSTRATIONS]
    return next((one for one in found if {str(need.claim) for need in one.requires} <= known), found[0])
