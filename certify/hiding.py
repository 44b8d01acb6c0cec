"""The issuer's secret that hides the names of unseen families: nobody else can match opaque numbers with names.

Of a key in a file it follows from the key, so that whoever has the key can count again. A token gives nothing away: there a
random secret is made once for the key and kept in the user's data directory, which is then worth a copy.
"""

from __future__ import annotations

import hashlib
import secrets
from pathlib import Path

from certify import ledger
from guard import files
from guard.errors import InputError
from guard.keys import FileKey, SigningKey, key_id, signer


def secret(key: SigningKey, folder: Path | None = None) -> bytes:
    """Return the secret of a key, the same each time.

    Args:
        key: The issuer's.
        folder: Where secrets of tokens are kept; by default beside the default ledger.

    Raises:
        InputError: The kept secret is damaged.
        OutputError: It can't be kept.
    """
    one = signer(key)
    if isinstance(one, FileKey):
        value = one.private.private_numbers().private_value.to_bytes(32, "big")
        return hashlib.sha256(b"unseen families" + value).digest()
    name = key_id(one.public).removeprefix("sha256:") + ".secret"
    path = (folder or ledger.default_path().parent / "families") / name
    if not path.exists():
        files.write(path, secrets.token_bytes(32), mode=0o600)
    found = files.read(path)
    if len(found) != 32:
        raise InputError(f"{path} does not hold the secret of a key", "put the copy of it back")
    return found
