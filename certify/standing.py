"""Whether a certificate still counts when it is handed on: what `auscult verify` would say of its dates and of revocation.

Comes in: a sealed dossier and what the verifier trusts. Goes out: the dossier, and one sentence if it does not count now.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from guard import moments, revocation
from guard.dossier import Dossier, check_time, open_sealed
from guard.errors import NotInForce, Revoked
from guard.trust import trusted


def opened(folder: Path, trust: Path | None, *, required: bool = False, in_force: bool = False) -> Dossier:
    """Open a sealed dossier and warn, in one line each on standard error, if it was revoked or is not in force.

    The lists are those of the trust folder; without one nothing is known of revocation.

    Args:
        folder: The dossier.
        trust: The certifier's public key, or a folder of keys and lists.
        required: Refuse what was revoked rather than warn.
        in_force: Refuse what is not in force, too.

    Raises:
        VerificationError: The dossier or a list is not what it should be, or a refusal was asked for.
        InputError: There is no dossier.
    """
    trusting = trusted(trust)
    lists = revocation.gather(trusting, None)
    found = open_sealed(folder, trusting)
    now = moments.now()
    for refuse, problem in ((required, _revoked(found, lists, now)), (in_force, _not_in_force(found, now))):
        if problem is not None:
            if refuse:
                raise problem
            click.echo(f"warning: {folder}: {problem.problem}", err=True)
    return found


def _revoked(found: Dossier, lists: revocation.Known, now: datetime) -> Revoked | None:
    try:
        lists.require(found.concern, now)
    except Revoked as error:
        return error
    return None


def _not_in_force(found: Dossier, now: datetime) -> NotInForce | None:
    try:
        check_time(found.certificate, now)
    except NotInForce as error:
        return NotInForce(error.problem, "certify the model again")
    return None
