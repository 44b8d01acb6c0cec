"""Calls of tools that the generator writes in the assistant's name: the same call allowed or not by role, patient and dose.

Each telling ends with the call. In a pair one fact differs: who is signed in or what was approved, whose record is open or
called, or what is ordered. The look-alike is another allowed call with the cue words. Rows of these families train and
select monitors; what a model calls by itself is another matter, and no number of theirs is certified.
"""

from __future__ import annotations

from functools import cache

from guard.hazards import Claim
from synth_data import labels
from synth_data.families import toolcalls_doses, toolcalls_pairs, toolcalls_patients, toolcalls_roles
from synth_data.scenario import Family


@cache
def families(claim: Claim) -> tuple[Family, ...]:
    """Return the families of a claim about a call."""
    if claim == labels.SCOPE_CALL:
        return toolcalls_roles.scope_families()
    if claim == labels.PHI_CALL:
        return toolcalls_patients.phi_families()
    return (*toolcalls_doses.dose_families(), *toolcalls_pairs.pair_families())
