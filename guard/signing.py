"""The signing key that a command line names: a file, or a key on a PKCS#11 token.

Only who issues, revokes or rotates comes here; verifying and serving need no private key.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from guard import keys, pkcs11
from guard.keys import SigningKey


def open_key(named: str | Path, environment: Mapping[str, str] | None = None) -> SigningKey:
    """Open a signing key: an encrypted file, or what a `pkcs11:` URI names. Secrets come from the environment.

    Raises:
        InputError: It can't be opened.
    """
    values = os.environ if environment is None else environment
    if str(named).startswith(pkcs11.SCHEME):
        return pkcs11.open_token(str(named), values)
    return keys.read_private(Path(named), os.fsencode(values.get("AUSCULT_KEY_PASSWORD", "")))
