"""Whether a certificate still counts when it is handed on: what `auscult verify` would say of its dates and of revocation.

Comes in: a sealed dossier and who looks at it, as of when. Goes out: the dossier, and one sentence if it does not count then.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from guard import revocation
from guard.cli_verifier import Verifier
from guard.dossier import Dossier, check_time, open_sealed
from guard.errors import NotInForce, Revoked


def opened(folder: Path, verifier: Verifier, *, required: bool = False, in_force: bool = False) -> Dossier:
    """Open a sealed dossier and warn, in one line each on standard error, if it was revoked, is not in force or may be stale.

    Args:
        folder: The dossier.
        verifier: Whom it is opened for, with the lists that count and the moment.
        required: Refuse what was revoked rather than warn.
        in_force: Refuse what is not in force, too.

    Raises:
        VerificationError: The dossier or a list is not what it should be, or a refusal was asked for.
        InputError: There is no dossier.
    """
    found, lists, at = open_sealed(folder, verifier.trust), verifier.lists, verifier.at
    stale = verifier.weigh_lists()
    for refuse, problem in ((required, _revoked(found, lists, at)), (in_force, _not_in_force(found, at))):
        if problem is not None:
            if refuse:
                raise problem
            _warn(folder, problem.problem)
    if stale:
        _warn(folder, stale)
    return found


def _warn(folder: Path, problem: str) -> None:
    click.echo(f"warning: {folder}: {problem}", err=True)


def _revoked(found: Dossier, lists: revocation.Known, at: datetime) -> Revoked | None:
    try:
        lists.require(found.concern, at)
    except Revoked as error:
        return error
    return None


def _not_in_force(found: Dossier, at: datetime) -> NotInForce | None:
    try:
        check_time(found.certificate, at)
    except NotInForce as error:
        return NotInForce(error.problem, "certify the model again")
    return None
